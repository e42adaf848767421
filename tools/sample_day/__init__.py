"""The sample day: a believable business day of a bank of the zone, and what each line must give.

    Cast (who is on record) + Day (what is asked, and what the asker knows must come back)
      -> examples/day/*, examples/expected.csv

Holds business: one module a group of facilities, one function a facility. The expected answer
stands beside each case and is never computed by the system that will be tested with it.
"""
