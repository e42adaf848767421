"""A history of overseas loans on the real road, and what a moved ratio must make of each of them.

The expectation is worked out here with whole numbers, from what was asked and the order it came
in: nothing of the replay is used.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from qianhai.db import Database
from qianhai.instructions import Instruction
from qianhai.policy import Policy, open_policy
from route.desk import NOON, Desk, make_desk, plan_files
from tracing import untraced

FILE = "parameters/overseas_lending.yaml"
#: Units of yuan for a hundred units of the currency lent.
RATES = {"CNY": 100, "USD": 710}
#: In hundredths of equity: as the plan has them on the day, and as the candidate moves them.
LIVE = {"zone": 80, "national": 50}
MOVED = {"zone": 70, "national": 60}
_EQUITY = 1_000_000_00


def moved_files() -> dict[str, bytes]:
    """The plan with both ratios moved: less for the zone, more elsewhere."""
    files = plan_files()
    for since, was, now in (("2023-02-23", "0.8", "0.7"), ("2021-01-05", "0.5", "0.6")):
        old, new = (f'from: {since}, value: "{value}"'.encode() for value in (was, now))
        assert old in files[FILE]
        files[FILE] = files[FILE].replace(old, new, 1)  # the ratios stand first in their file
    return files


@untraced()
def moved() -> Policy:
    return open_policy(moved_files())


@dataclass
class Expected:
    """What must flip: each id with its direction, and the sums in minor units by currency."""

    flips: dict[str, tuple[str, str]] = field(default_factory=dict)
    sums: dict[str, int] = field(default_factory=dict)
    outcomes: dict[str, str] = field(default_factory=dict)


@dataclass
class Lenders:
    """Enterprises that lend, half of them in the zone, with room for some loans each."""

    count: int
    seed: int
    used: dict[int, int] = field(default_factory=dict)

    def area(self, lender: int) -> str:
        return "zone" if lender % 2 else "national"

    def rows(self) -> Iterator[Mapping[str, str]]:
        party = {"kind": "party", "type": "enterprise"}
        yield {"kind": "party", "id": "bank-1", "type": "bank", "jurisdiction": "CN", "name": "行"}
        yield {**party, "id": "abroad", "jurisdiction": "HK", "name": "港企"}
        for number in range(self.count):
            area = "original" if self.area(number) == "zone" else "outside"
            name = f"lender-{number}"
            yield {**party, "id": name, "jurisdiction": "CN", "area": area, "name": name}
            yield {
                "kind": "attribute",
                "party": name,
                "name": "equity",
                "value.amount": f"{_EQUITY // 100}.00",
                "value.currency": "CNY",
            }
            for currency in RATES:
                yield {
                    "kind": "account",
                    "number": f"{currency}{number}",
                    "party": name,
                    "bank": "bank-1",
                    "currency": currency,
                    "account_kind": "settlement",
                    "opening_balance": "900000000.00",
                }

    def loans(self, desk: Desk, count: int, expected: Expected) -> Iterator[Instruction]:
        """Yield loans of all lenders in turns, and note what must become of each."""
        dice = random.Random(self.seed)  # noqa: S311 - a history to try, nothing to guess
        for at in range(count):
            lender = dice.randrange(self.count)
            currency = "USD" if dice.random() < 0.1 else "CNY"
            minor = dice.randrange(1, 12_000_00)
            is_genuine = dice.random() > 0.05
            number = f"loan-{at:06}"
            self._expect(expected, number, lender, currency, minor, is_genuine=is_genuine)
            facts = {
                "amount.amount": f"{minor // 100}.{minor % 100:02}",
                "amount.currency": currency,
                "is_genuine": "true" if is_genuine else "false",
            }
            if currency != "CNY":
                facts["equity_rate"] = "7.10"
            who = {"lender": f"lender-{lender}", "bank": "bank-1", "borrower": "abroad"}
            yield desk.instruction(number, "overseas_lending", "lend", who, facts)

    def _expect(
        self,
        expected: Expected,
        number: str,
        lender: int,
        currency: str,
        minor: int,
        *,
        is_genuine: bool,
    ) -> None:
        asked = -(-minor * RATES[currency] // 100)  # a draw rounds up
        used = self.used.get(lender, 0)
        fits = {
            name: used + asked
            <= _EQUITY * max(ratios["national"], ratios[self.area(lender)]) // 100
            for name, ratios in (("live", LIVE), ("moved", MOVED))
        }
        words = {True: "permitted", False: "refused"}
        before, after = (words[is_genuine and fits[name]] for name in ("live", "moved"))
        expected.outcomes[number] = before
        if before == "permitted":
            self.used[lender] = used + asked
        if before != after:
            expected.flips[number] = before, after
            expected.sums[currency] = expected.sums.get(currency, 0) + minor


def booked(
    database: Database, policy: Policy, count: int, lenders: int, seed: int
) -> tuple[Desk, Expected]:
    """Book a history on the real road; every answer is the one that was worked out."""
    desk = make_desk(database, policy)
    cast, expected = Lenders(lenders, seed), Expected()
    desk.register(*cast.rows())
    clock = Clock()
    for answer in desk.road.submit_many(cast.loans(desk, count, expected), now=clock):
        assert answer.decision.outcome.value == expected.outcomes[answer.instruction.id]
    return desk, expected


@dataclass
class Clock:
    """A second on at every look, from the afternoon on."""

    looks: int = 0

    def __call__(self) -> datetime:
        self.looks += 1
        return NOON + timedelta(hours=2, seconds=self.looks)
