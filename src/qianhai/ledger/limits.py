"""The names of limit accounts: which account a draw on a day falls on.

Holds the windows and the one way to name an account. Must not hold a cap: that is decided by the
pack and travels on the leg.
"""

from datetime import date
from enum import StrEnum


class Window(StrEnum):
    """How long what was drawn counts."""

    OUTSTANDING = "outstanding"
    """Until it is released: a loan repaid gives its room back."""
    DAY = "day"
    """On the value date only."""
    YEAR = "year"
    """In the calendar year of the value date."""
    LIFETIME = "lifetime"
    """For ever."""


def account_name(*parts: str) -> str:
    """Return an account's name from what it is about; no two lists of parts share a name.

    >>> account_name("account", "bank:1", "620")
    'account:bank%3A1:620'
    """
    name = ":".join(parts)
    if "%" not in name and name.count(":") == len(parts) - 1:
        return name
    return ":".join(part.replace("%", "%25").replace(":", "%3A") for part in parts)


def limit_account(limit: str, holder: str, window: Window, on: date, asset: str) -> str:
    """Return the name of the account that holds what is used of a limit.

    The period is the value date's, so that a late posting finds its own day or year. A group that
    shares a limit is one holder. Colons inside a part are escaped: no two limits share a name.

    >>> limit_account("loan", "party-7", Window.YEAR, date(2023, 6, 30), "quota.USD")
    'limit:loan:party-7:year:2023:quota.USD'
    >>> limit_account("loan", "group:1", Window.OUTSTANDING, date(2023, 6, 30), "CNY")
    'limit:loan:group%3A1:outstanding:CNY'
    """
    period = {Window.DAY: [on.isoformat()], Window.YEAR: [f"{on.year:04}"]}.get(window, [])
    return account_name("limit", limit, holder, window.value, *period, asset)
