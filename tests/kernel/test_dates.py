"""Days of the zone, as the calendar and the regulation count them."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qianhai.kernel import SHANGHAI, add_months, age_on, business_date, days_between, parse_date

DAY = st.dates(date(1900, 1, 1), date(2200, 12, 31))
MONTHS = st.integers(-1200, 1200)


@given(DAY)
def test_a_day_is_read_back_from_how_it_is_written(day: date) -> None:
    assert parse_date(day.isoformat()) == day


@pytest.mark.parametrize(
    "text",
    [
        *("", "2023-2-23", "20230223", "2023-02-30", "2023-02-23T00:00", "２０２３-02-23"),
        *("23-02-2023", "2023-02-23 ", "0000-01-01", "2023-W08-4"),
    ],
)
def test_another_form_is_no_day(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the text itself is the message, also when empty
        parse_date(text)


@given(DAY, DAY)
def test_days_between_count_there_and_back(first: date, last: date) -> None:
    assert first + timedelta(days=days_between(first, last)) == last
    assert days_between(last, first) == -days_between(first, last)


@given(DAY, MONTHS)
def test_months_on_is_the_same_day_or_the_months_last(day: date, months: int) -> None:
    later = add_months(day, months)
    distance = (later.year - day.year) * 12 + later.month - day.month
    assert distance == months
    assert later.day == day.day or (
        later.day < day.day and (later + timedelta(days=1)).month != later.month
    )


@given(DAY, MONTHS, MONTHS)
def test_a_later_day_is_never_before_an_earlier_one(day: date, less: int, more: int) -> None:
    assert (add_months(day, less) <= add_months(day, more)) or less > more


@given(DAY, st.integers(0, 100))
def test_one_is_a_year_older_exactly_on_the_birthday(born: date, years: int) -> None:
    month, day = (3, 1) if (born.month, born.day) == (2, 29) else (born.month, born.day)
    birthday = date(born.year + years, born.month, born.day) if _has(born, years) else None
    turns = birthday or date(born.year + years, month, day)
    assert age_on(born, turns) == years
    assert age_on(born, turns - timedelta(days=1)) == years - 1


def _has(born: date, years: int) -> bool:
    try:
        born.replace(year=born.year + years)
    except ValueError:
        return False
    return True


@given(st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)), st.integers(-12, 14))  # noqa: DTZ001 - the zone is put on below
def test_the_business_day_is_shanghais_wherever_the_clock_stands(at: datetime, hours: int) -> None:
    instant = at.replace(tzinfo=UTC)
    elsewhere = instant.astimezone(timezone(timedelta(hours=hours)))
    assert business_date(elsewhere) == business_date(instant) == instant.astimezone(SHANGHAI).date()


def test_the_business_day_begins_at_sixteen_hundred_utc() -> None:
    last = datetime(2023, 6, 30, 15, 59, 59, 999999, tzinfo=UTC)
    assert business_date(last) == date(2023, 6, 30)
    assert business_date(last + timedelta(microseconds=1)) == date(2023, 7, 1)
