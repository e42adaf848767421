"""A limit of 1,000.00 yuan, and chains that draw on it, for everyone who races."""

from datetime import UTC, date, datetime
from typing import Final

from qianhai.kernel import derived_id
from qianhai.ledger import AccountSpec, Asset, Chain, Kind, Leg

AT: Final = datetime(2023, 6, 30, 1, 0, tzinfo=UTC)
CNY: Final = Asset("CNY", 2, "currency")
CAP: Final = 100_000
SPECS: Final = (
    AccountSpec("source", CNY, "limit_source", "authority"),
    AccountSpec("limit", CNY, "limit", "party-7", floor=0),
    AccountSpec("left", CNY, "settlement", "party-7"),
    AccountSpec("right", CNY, "settlement", "party-8"),
)


def chain(name: str, *legs: Leg) -> Chain:
    """A posting called by a word."""
    number = derived_id("race", name)
    return Chain(number, "bank-1", Kind.POST, legs, date(2023, 6, 30), opens=SPECS)


def draw(name: str, amount: int) -> Chain:
    """A draw on the limit, and the money with it."""
    return chain(name, Leg("left", "right", amount), Leg("source", "limit", amount, CAP))
