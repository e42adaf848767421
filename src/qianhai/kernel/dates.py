"""Days of the zone (Asia/Shanghai) and spans between them.

Holds calendar arithmetic. Must not read a clock: the instant always comes in.
"""

import re
from calendar import monthrange
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

#: Days, quota years and cut-offs are counted here; instants are kept in UTC.
SHANGHAI: Final = ZoneInfo("Asia/Shanghai")

_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def parse_date(text: str) -> date:
    """Read a day written YYYY-MM-DD, and nothing else.

    Raises:
        ValueError: another form, or no such day.

    >>> parse_date("2023-02-23")
    datetime.date(2023, 2, 23)
    """
    if not text.isascii() or not _ISO_DAY.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text)


def business_date(at: datetime) -> date:
    """Return the day in Shanghai at an instant.

    >>> from datetime import UTC
    >>> business_date(datetime(2023, 6, 29, 16, 0, tzinfo=UTC))
    datetime.date(2023, 6, 30)
    """
    return at.astimezone(SHANGHAI).date()


def days_between(first: date, last: date) -> int:
    """Count calendar days from one day to another; negative when they are swapped.

    >>> days_between(date(2023, 1, 1), date(2023, 6, 30))
    180
    """
    return (last - first).days


def add_months(day: date, months: int) -> date:
    """Return the same day some months on, or the month's last day where there is none.

    >>> add_months(date(2023, 1, 31), 1)
    datetime.date(2023, 2, 28)
    """
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def age_on(born: date, on: date) -> int:
    """Return full years of age on a day; one born on 29 February turns on 1 March.

    >>> age_on(date(2004, 2, 29), date(2022, 2, 28))
    17
    """
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
