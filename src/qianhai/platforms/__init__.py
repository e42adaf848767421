"""Arithmetic that many businesses share: day counts, schedules, apportionment, withholding.

Pure and exact: money is whole minor units, rates and fractions of a year are rationals. Must not
know the pack, a party, a record or a clock.

One rule of rounding holds here: every amount that somebody pays is rounded once, from its exact
value, to the nearest minor unit, a half away from zero; what rounding leaves over falls to the
last line, or in an apportionment to the largest remainders. So the parts always add up.
"""

from qianhai.platforms.day_counts import DayCount, year_fraction
from qianhai.platforms.portions import apportion, half_up, withheld
from qianhai.platforms.schedules import Line, Method, Terms, Timing, accrued, lines_of

__all__ = [
    "DayCount",
    "Line",
    "Method",
    "Terms",
    "Timing",
    "accrued",
    "apportion",
    "half_up",
    "lines_of",
    "withheld",
    "year_fraction",
]
