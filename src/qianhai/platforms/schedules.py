"""Schedules: on which day which principal and which interest of a loan or a lease falls due.

    Terms -> lines_of -> Line, Line, ...      accrued: interest run by a day

Holds three methods (all principal at the end, equal principal, equal instalments), instalments at
the end or at the start of a period, and a residual value. A pure function of the terms: nothing
is stored, and the same terms give the same lines for ever.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Final

from qianhai.kernel import add_months
from qianhai.platforms.day_counts import DayCount, year_fraction
from qianhai.platforms.portions import apportion, half_up, withheld

#: Longer schedules than these are mistakes: fifty years of months.
NUMBER_MAX: Final = 600
MONTHS_MAX: Final = 600
_YEAR_MONTHS: Final = 12


class Method(StrEnum):
    """How principal comes back."""

    BULLET = "bullet"
    EQUAL_PRINCIPAL = "equal_principal"
    ANNUITY = "annuity"


class Timing(StrEnum):
    """Whether an instalment is due at the end of its period or at the start."""

    ARREARS = "arrears"
    ADVANCE = "advance"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a schedule is computed from, as the contract states it.

    `principal` and `residual` are minor units; `rate` is a yearly fraction; `number` instalments
    lie `months` apart, counted from `first_on`. The residual is what is left to pay after them.
    `tax_rate` is the share of the interest that the payer keeps back for the tax office.

    Raises:
        ValueError: no schedule can be made of these terms; the text says why.
    """

    method: Method
    principal: int
    rate: Fraction
    first_on: date
    months: int
    number: int
    day_count: DayCount
    residual: int = 0
    timing: Timing = Timing.ARREARS
    tax_rate: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        """Refuse terms that make no schedule."""
        if self.principal <= 0:
            raise ValueError("the principal is above zero")
        if not 0 <= self.residual < self.principal:
            raise ValueError("the residual is below the principal, and not below zero")
        if not (0 <= self.rate <= 1 and 0 <= self.tax_rate <= 1):
            raise ValueError("a rate is a fraction from 0 to 1")
        if not (1 <= self.number <= NUMBER_MAX and 1 <= self.months * self.number <= MONTHS_MAX):
            raise ValueError(f"a schedule has 1 to {NUMBER_MAX} lines in {MONTHS_MAX} months")
        if self.method is Method.BULLET and self.residual:
            raise ValueError("a bullet has no residual: all principal is due at the end")
        if self.timing is Timing.ADVANCE and self.method is not Method.ANNUITY:
            raise ValueError("only equal instalments fall due in advance")
        if self.first_on.year + MONTHS_MAX // _YEAR_MONTHS >= date.max.year:
            raise ValueError("the first day is too late for the calendar")


@dataclass(frozen=True, slots=True)
class Line:
    """One instalment: the period whose interest it pays, and what is open before and after it.

    `tax` is the part of the interest the payer keeps back; all amounts are minor units.
    """

    number: int
    starts_on: date
    due_on: date
    opening: int
    principal: int
    interest: int
    tax: int

    @property
    def instalment(self) -> int:
        """Return what is due: principal and interest, tax included."""
        return self.principal + self.interest

    @property
    def payable(self) -> int:
        """Return what the payee gets: what is due without the tax kept back."""
        return self.instalment - self.tax

    @property
    def balance(self) -> int:
        """Return the principal open after it is paid."""
        return self.opening - self.principal


@lru_cache(maxsize=4096)
def lines_of(terms: Terms) -> tuple[Line, ...]:
    """Return the lines of a schedule, by day; their principal adds up to the terms' principal.

    Days are counted from the first one, so that 31 January is followed by 28 February and by
    31 March. A residual is a line of its own after the instalments.

    The examples of the spreadsheet function PMT in its maker's reference, 10,000 at 8 per cent in
    ten months: 1,037.03 at the end of each month, 1,030.16 at its start.

    >>> pay = Terms(Method.ANNUITY, 1_000_000, Fraction(8, 100), date(2023, 1, 1), 1, 10,
    ...             DayCount.WHOLE_MONTHS)
    >>> {line.instalment for line in lines_of(pay)[:-1]}
    {103703}
    >>> from dataclasses import replace
    >>> {line.instalment for line in lines_of(replace(pay, timing=Timing.ADVANCE))[:-1]}
    {103016}

    IFRS 16, illustrative example 13: ten yearly payments of 50,000 in advance at 5 per cent are
    worth 405,391, of which 355,391 are left after the first.

    >>> lease = Terms(Method.ANNUITY, 40_539_108, Fraction(5, 100), date(2023, 1, 1), 12, 10,
    ...               DayCount.WHOLE_MONTHS, timing=Timing.ADVANCE)
    >>> [(line.instalment, line.balance) for line in lines_of(lease)[:2]]
    [(5000000, 35539108), (5000000, 32316063)]
    """
    periods = list(_periods(terms))
    match terms.method:
        case Method.BULLET:
            principals = [*([0] * (terms.number - 1)), terms.principal]
            found = _in_arrears(terms, periods, principals)
        case Method.EQUAL_PRINCIPAL:
            shares = [Fraction(1)] * terms.number
            principals = list(apportion(terms.principal - terms.residual, shares))
            found = _in_arrears(terms, periods, principals)
        case Method.ANNUITY:
            instalment = half_up(_instalment(terms, [fraction for _, _, fraction in periods]))
            if terms.timing is Timing.ADVANCE:
                return tuple(_in_advance(terms, periods, instalment))
            found = _in_arrears(terms, periods, None, instalment)
    return tuple(found)


def accrued(terms: Terms, day: date) -> int:
    """Return the interest that has run by a day and is not yet due, rounded once.

    Raises:
        ValueError: the day is before the first one.

    >>> terms = Terms(Method.BULLET, 100_000_000, Fraction(36, 1000), date(2023, 1, 1), 3, 4,
    ...               DayCount.ACT_360)
    >>> accrued(terms, date(2023, 4, 11)), accrued(terms, date(2023, 4, 1))
    (100000, 0)
    """
    since, balance = _open_on(terms, day)
    return half_up(balance * terms.rate * year_fraction(since, day, terms.day_count))


def _open_on(terms: Terms, day: date) -> tuple[date, int]:
    """Return since when interest runs on a day, and on what: all that is due by then is paid.

    Raises:
        ValueError: the day is before the first one.

    >>> terms = Terms(Method.EQUAL_PRINCIPAL, 1000, Fraction(0), date(2023, 1, 31), 1, 2,
    ...               DayCount.ACT_360)
    >>> _open_on(terms, date(2023, 2, 27)), _open_on(terms, date(2023, 2, 28))
    ((datetime.date(2023, 1, 31), 1000), (datetime.date(2023, 2, 28), 500))
    """
    if day < terms.first_on:
        raise ValueError(f"{day} is before {terms.first_on}")
    since, balance = terms.first_on, terms.principal
    for line in lines_of(terms):
        if line.due_on <= day:
            since, balance = line.due_on, line.balance
    return since, balance


_Period = tuple[date, date, Fraction]


def _periods(terms: Terms) -> Iterator[_Period]:
    """Yield the first and the last day of each period, and its part of a year."""
    days = [add_months(terms.first_on, at * terms.months) for at in range(terms.number + 1)]
    for first, last in pairwise(days):
        if terms.day_count is DayCount.WHOLE_MONTHS:
            yield first, last, Fraction(terms.months, _YEAR_MONTHS)
        else:
            yield first, last, year_fraction(first, last, terms.day_count)


def _instalment(terms: Terms, fractions: Sequence[Fraction]) -> Fraction:
    """Return the exact equal instalment that leaves the residual after the last period."""
    grown, paid = Fraction(terms.principal), Fraction(0)
    for fraction in fractions:
        growth = 1 + terms.rate * fraction
        grown *= growth
        paid = (paid + 1) * growth if terms.timing is Timing.ADVANCE else paid * growth + 1
    return (grown - terms.residual) / paid


def _in_arrears(
    terms: Terms,
    periods: Sequence[_Period],
    principals: Sequence[int] | None,
    instalment: int = 0,
) -> Iterator[Line]:
    """Yield instalments at the end of their periods: of given principal, or all equal."""
    opening = terms.principal
    for at, (first, last, fraction) in enumerate(periods):
        interest = half_up(opening * terms.rate * fraction)
        if principals is not None:
            principal = principals[at]
        elif at == len(periods) - 1:
            principal = opening - terms.residual
        else:
            principal = min(max(instalment - interest, 0), opening - terms.residual)
        yield _line(terms, at + 1, (first, last), opening, principal, interest)
        opening -= principal
    if terms.residual:
        end = periods[-1][1]
        yield _line(terms, len(periods) + 1, (end, end), opening, opening, 0)


def _in_advance(terms: Terms, periods: Sequence[_Period], instalment: int) -> Iterator[Line]:
    """Yield instalments at the start of their periods, and the residual at the end of the last.

    The residual is paid as agreed, so the last instalment leaves just what grows to it.
    """
    growth = 1 + terms.rate * periods[-1][2]
    at_last = half_up(terms.residual / growth)
    opening, since, ran = terms.principal, terms.first_on, Fraction(0)
    for at, (first, _, fraction) in enumerate(periods):
        interest = half_up(opening * terms.rate * ran)
        principal = min(max(instalment - interest, 0), opening - at_last)
        if at == len(periods) - 1:
            principal = opening - at_last
        yield _line(terms, at + 1, (since, first), opening, principal, interest)
        opening, since, ran = opening - principal, first, fraction
    if terms.residual:
        last = periods[-1][1]
        interest = terms.residual - opening
        yield _line(terms, len(periods) + 1, (since, last), opening, opening, interest)


def _line(
    terms: Terms,
    number: int,
    days: tuple[date, date],
    opening: int,
    principal: int,
    interest: int,
) -> Line:
    tax = withheld(interest, terms.tax_rate)
    return Line(number, *days, opening, principal, interest, tax)
