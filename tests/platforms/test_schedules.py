"""Schedules against published figures, and what holds for every schedule that can be made."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qianhai.platforms import (
    DayCount,
    Method,
    Terms,
    Timing,
    accrued,
    lines_of,
    year_fraction,
)

START = date(2023, 1, 1)
YEARLY = Terms(Method.ANNUITY, 100_000, Fraction(1, 10), START, 12, 4, DayCount.WHOLE_MONTHS)


@st.composite
def terms(draw: st.DrawFn) -> Terms:
    method = draw(st.sampled_from(Method))
    principal = draw(st.integers(1, 10**13))
    is_bullet = method is Method.BULLET
    advance = st.sampled_from(Timing) if method is Method.ANNUITY else st.just(Timing.ARREARS)
    return Terms(
        method,
        principal,
        Fraction(draw(st.integers(0, 10_000)), 10_000),
        draw(st.dates(date(2000, 1, 1), date(2100, 12, 31))),
        draw(st.integers(1, 12)),
        draw(st.integers(1, 40)),
        draw(st.sampled_from(DayCount)),
        0 if is_bullet else draw(st.integers(0, principal - 1)),
        draw(advance),
        Fraction(draw(st.integers(0, 100)), 100),
    )


@given(terms())
def test_principal_adds_up_and_every_line_follows_the_one_before(of: Terms) -> None:
    lines = lines_of(of)
    assert sum(line.principal for line in lines) == of.principal
    assert lines[0].opening == of.principal
    assert lines[-1].balance == 0
    assert [line.number for line in lines] == list(range(1, len(lines) + 1))
    for before, after in pairwise(lines):
        assert after.opening == before.balance
        assert after.starts_on == before.due_on
    for line in lines:
        assert min(line.principal, line.interest, line.tax) >= 0
        assert line.tax <= line.interest
        assert line.starts_on <= line.due_on


@given(terms())
def test_a_residual_is_paid_last_and_in_full(of: Terms) -> None:
    lines = lines_of(of)
    assert len(lines) == of.number + bool(of.residual)
    if of.residual:
        assert lines[-1].instalment == of.residual


@given(terms())
def test_interest_runs_from_nothing_and_never_falls_within_a_period(of: Terms) -> None:
    for line in lines_of(of)[:3]:
        days = [line.starts_on, line.starts_on + timedelta(1), line.due_on - timedelta(1)]
        inside = sorted(day for day in days if line.starts_on <= day < line.due_on)
        ran = [accrued(of, day) for day in inside]
        assert ran == sorted(ran)
        if inside:
            assert ran[0] == 0


@given(terms())
@example(replace(YEARLY, principal=1_016, rate=Fraction(5_399, 10_000), months=11, number=20))
def test_equal_instalments_are_equal_to_the_cent(of: Terms) -> None:
    """All but the last, where each period is as long as every other, as far as they repay.

    Interest that rounding makes a cent more than the instalment is paid in full, and repays none.
    """
    equal = replace(of, method=Method.ANNUITY, day_count=DayCount.WHOLE_MONTHS, residual=0)
    body = [line for line in lines_of(equal)[:-1] if line.balance and line.principal]
    assert len({line.instalment for line in body}) <= 1


@given(terms())
def test_equal_principal_differs_by_a_cent_at_most(of: Terms) -> None:
    equal = replace(of, method=Method.EQUAL_PRINCIPAL, timing=Timing.ARREARS)
    parts = [line.principal for line in lines_of(equal)[: of.number]]
    assert max(parts) - min(parts) <= 1


@pytest.mark.parametrize(
    ("first", "last", "bond", "euro"),
    [
        ("2006-08-20", "2007-02-20", 180, 180),
        ("2006-08-31", "2007-02-28", 178, 178),
        ("2007-02-28", "2007-08-31", 183, 182),
        ("2007-08-31", "2008-02-29", 179, 179),
        ("2008-02-29", "2008-08-31", 182, 181),
        ("2006-02-14", "2006-02-28", 14, 14),
        ("2006-09-30", "2006-10-31", 30, 30),
        ("2006-10-31", "2006-11-28", 28, 28),
        ("2007-02-26", "2008-02-29", 363, 363),
        ("2008-02-29", "2009-02-28", 359, 359),
        ("2008-02-28", "2008-03-31", 33, 32),
    ],
)
def test_days_of_360_are_those_of_the_isda_examples(
    first: str, last: str, bond: int, euro: int
) -> None:
    """ISDA, 30/360 Day Count Conventions (2008), examples 1 to 3."""
    days = date.fromisoformat(first), date.fromisoformat(last)
    assert year_fraction(*days, DayCount.THIRTY_360) == Fraction(bond, 360)
    assert year_fraction(*days, DayCount.THIRTY_E_360) == Fraction(euro, 360)


@pytest.mark.parametrize(
    ("first", "last", "interest"),
    [
        ("2003-11-01", "2004-05-01", "497.72"),
        ("1999-02-01", "1999-07-01", "410.96"),
        ("1999-07-01", "2000-07-01", "1001.38"),
        ("2002-08-15", "2003-07-15", "915.07"),
        ("2003-07-15", "2004-01-15", "504.00"),
        ("1999-07-30", "2000-01-30", "503.89"),
        ("2000-01-30", "2000-06-30", "415.30"),
    ],
)
def test_actual_days_of_each_year_are_those_of_the_isda_paper(
    first: str, last: str, interest: str
) -> None:
    """ISDA, EMU and Market Conventions: Recent Developments (1998): 10,000 at 10 per cent."""
    days = date.fromisoformat(first), date.fromisoformat(last)
    found = 1000 * year_fraction(*days, DayCount.ACT_ACT_ISDA)
    assert round(found, 2) == Fraction(interest)


def test_an_amortising_loan_is_that_of_the_textbook() -> None:
    """Brealey, Myers and Allen, Principles of Corporate Finance: 1,000 at 10 per cent, 4 years."""
    lines = lines_of(YEARLY)
    assert [line.instalment for line in lines[:-1]] == [31547] * 3
    assert [line.interest for line in lines] == [10000, 7845, 5475, 2868]
    assert [line.balance for line in lines] == [78453, 54751, 28679, 0]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"principal": 0}, "principal"),
        ({"residual": 100_000}, "residual"),
        ({"residual": -1}, "residual"),
        ({"rate": Fraction(-1, 10)}, "rate"),
        ({"rate": Fraction(11, 10)}, "rate"),
        ({"tax_rate": Fraction(2)}, "rate"),
        ({"number": 0}, "lines"),
        ({"months": 0}, "lines"),
        ({"number": 601, "months": 1}, "lines"),
        ({"number": 51}, "months"),
        ({"method": Method.BULLET, "residual": 1}, "bullet"),
        ({"method": Method.BULLET, "timing": Timing.ADVANCE}, "advance"),
        ({"first_on": date(9990, 1, 1)}, "calendar"),
    ],
)
def test_terms_of_no_schedule_are_refused_with_the_reason(
    wrong: dict[str, object], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        replace(YEARLY, **wrong)  # type: ignore[arg-type]


def test_days_go_forward_only() -> None:
    with pytest.raises(ValueError, match="before"):
        year_fraction(date(2023, 1, 2), START, DayCount.ACT_360)
    with pytest.raises(ValueError, match="before"):
        accrued(YEARLY, date(2022, 12, 31))
