"""Day counts: the part of a year from one day to another, as an exact fraction.

Holds the conventions of the 2006 ISDA Definitions, section 4.16, and whole months. Must not
adjust a day to business days: which calendar holds is agreed in a contract.
"""

from calendar import isleap
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Final

_MONTH_DAYS: Final = 30
_MONTHS: Final = 12


class DayCount(StrEnum):
    """How the days of an interest period are counted, and over how many the yearly rate is."""

    ACT_360 = "act_360"
    ACT_365F = "act_365f"
    ACT_ACT_ISDA = "act_act_isda"
    THIRTY_360 = "thirty_360"
    THIRTY_E_360 = "thirty_e_360"
    WHOLE_MONTHS = "whole_months"


def year_fraction(first: date, last: date, count: DayCount) -> Fraction:
    """Return the part of a year from `first`, inclusive, to `last`, exclusive.

    `whole_months` is for periods of whole months, each so many twelfths whatever its days; from a
    day to a day, as here, it counts what is not a whole period, and does so as 30E/360.

    Raises:
        ValueError: `last` is before `first`.

    ISDA, EMU and Market Conventions: Recent Developments (1998): 497.72 on 10,000 at 10 per cent.

    >>> first, last = date(2003, 11, 1), date(2004, 5, 1)
    >>> year_fraction(first, last, DayCount.ACT_ACT_ISDA) == Fraction(61, 365) + Fraction(121, 366)
    True
    >>> round(1000 * year_fraction(first, last, DayCount.ACT_ACT_ISDA), 2)
    Fraction(12443, 25)
    >>> year_fraction(first, last, DayCount.ACT_360), year_fraction(first, last, DayCount.ACT_365F)
    (Fraction(91, 180), Fraction(182, 365))

    ISDA, 30/360 Day Count Conventions (2008), its second example, in days of 360:

    >>> first, last = date(2006, 2, 28), date(2006, 8, 31)
    >>> 360 * year_fraction(first, last, DayCount.THIRTY_360)
    Fraction(183, 1)
    >>> 360 * year_fraction(first, last, DayCount.THIRTY_E_360)
    Fraction(182, 1)
    """
    if last < first:
        raise ValueError(f"{last} is before {first}")
    match count:
        case DayCount.ACT_360:
            return Fraction((last - first).days, 360)
        case DayCount.ACT_365F:
            return Fraction((last - first).days, 365)
        case DayCount.ACT_ACT_ISDA:
            return _of_each_year(first, last)
        case DayCount.THIRTY_360:
            from_day = min(first.day, _MONTH_DAYS)
            to_day = min(last.day, _MONTH_DAYS) if from_day == _MONTH_DAYS else last.day
        case DayCount.THIRTY_E_360 | DayCount.WHOLE_MONTHS:
            from_day, to_day = min(first.day, _MONTH_DAYS), min(last.day, _MONTH_DAYS)
    months = (last.year - first.year) * _MONTHS + last.month - first.month
    return Fraction(months * _MONTH_DAYS + to_day - from_day, _MONTHS * _MONTH_DAYS)


def _of_each_year(first: date, last: date) -> Fraction:
    """Return the days in each calendar year over the days of that year, added up.

    The 1998 paper's year from 1 July 1999, which is more than one: 1,001.38 on 10,000.

    >>> round(1000 * _of_each_year(date(1999, 7, 1), date(2000, 7, 1)), 2)
    Fraction(50069, 50)
    """
    whole = Fraction(0)
    for year in range(first.year, last.year + 1):
        begin = max(first, date(year, 1, 1))
        days = (last - begin).days if year == last.year else (date(year, 12, 31) - begin).days + 1
        whole += Fraction(days, 366 if isleap(year) else 365)
    return whole
