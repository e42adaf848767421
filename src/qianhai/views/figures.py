"""Figures as people read them: thousands apart, and what is not known said to be so.

Holds the writing of figures for tables and sentences. Documents for programs keep figures plain.
"""

from decimal import Decimal, InvalidOperation


def grouped(figure: str | None) -> str:
    """Return a figure with its thousands apart, because a clerk misreads ten digits in a row.

    What is not known is a question mark; a text that is no number stays as it is.

    >>> grouped("1234567.80"), grouped("-1000"), grouped(None), grouped("n/a")
    ('1,234,567.80', '-1,000', '?', 'n/a')
    """
    if not figure:
        return "?"
    try:
        return format(Decimal(figure), ",f")
    except InvalidOperation:
        return figure
