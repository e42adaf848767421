"""The four facilities everybody decides, the facts of their examples, and rows made from them.

Holds facts and the answers that are right. Must not know an engine: each takes the rows in the
form it likes best.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np

from qianhai.kernel import Place
from qianhai.main import read_files
from qianhai.policy import Compiled, Policy, Standing, open_policy, read_facts
from qianhai.rules import BoundProgram, to_python

PLAN: Final = Path(__file__).parents[2] / "plan"
#: What each facility is called in the peers' texts, its action, and the example asked about.
FACILITIES: Final = (
    ("rent", "fx_operating_rent", "pay", "exactly_the_permit_and_the_income"),
    ("place", "nra_placement", "place", ""),
    ("refund", "special_refund", "refund", ""),
    ("release", "three_party_account_release", "release", ""),
)
DAY: Final = date(2023, 6, 30)

Facts = Mapping[str, object]
#: The facts of the four facilities, and an answer for each; None is unknown.
Row = tuple[Facts, ...]
Answers = tuple[bool | None, ...]


@dataclass(frozen=True)
class Facility:
    """One facility: its action, what its conditions read, and its programs of the day."""

    name: str
    compiled: Compiled
    standing: Standing
    facts: Facts
    whole: BoundProgram
    tests: BoundProgram

    @property
    def leaves(self) -> list[str]:
        """Return the facts its conditions read."""
        named = frozenset[str]().union(*(tree.facts for _, tree in self.compiled.tests.values()))
        return sorted(name for name in named if not name.startswith("p."))


def open_facilities() -> tuple[Policy, list[Facility]]:
    """Open the plan and return the four facilities with the facts of one example each."""
    policy = open_policy(read_files(PLAN))
    return policy, [_facility(policy, *named) for named in FACILITIES]


def _facility(policy: Policy, name: str, facility: str, action: str, wanted: str) -> Facility:
    model = policy.pack.facilities[facility]
    compiled, standing = policy.compiled(facility, action), policy.standing(DAY)
    example = next(
        one
        for one in model.examples
        if one.action in ("", action)
        and one.expect.get("outcome") == "permitted"
        and wanted in ("", one.id)
    )
    said: dict[str, object] = {}
    for given in example.given:
        said |= model.given[given]
    facts, flaws = read_facts(model.facts, {**said, **example.facts}.items(), lambda _: Place(name))
    assert not flaws, flaws
    tests = to_python({key: tree for key, (_, tree) in compiled.tests.items()}, {})
    today = (standing.parameters, standing.switches, standing.open_clauses)
    return Facility(
        name, compiled, standing, facts, compiled.program.bind(*today), tests.bind(*today)
    )


def answers_of(facilities: list[Facility], row: Row) -> Answers:
    """Return what is right: each condition three-valued, and one that fails settles it."""
    found: list[bool | None] = []
    for facility, facts in zip(facilities, row, strict=True):
        asked = facility.tests.run(facts)[0].values()
        found.append(False if False in asked else None if None in asked else True)
    return tuple(found)


def example_row(facilities: list[Facility]) -> Row:
    """Return the facts of the examples that the conditions read."""
    return tuple(
        {path: one.facts[path] for path in one.leaves if path in one.facts} for one in facilities
    )


def flat_name(facility: str, path: str) -> str:
    """Return what the peers' texts call a fact of a facility."""
    return f"{facility}_{path.replace('.', '_')}"


def flat(row: Row) -> dict[str, object]:
    """Return a row as the peers take it: one level, decimals as floats, days as numbers."""
    return {
        flat_name(name, path): plain(value)
        for (name, *_), facts in zip(FACILITIES, row, strict=True)
        for path, value in facts.items()
    }


def plain(value: object) -> object:
    """Return a value as JSON has it."""
    if isinstance(value, Decimal):
        return float(value)
    return value.toordinal() if isinstance(value, date) else value


# --- rows at random ---------------------------------------------------------------------------

#: What a fact may be; a day is so many days before the plan's, an amount in cents.
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "amount.currency": ("CNY", "USD", "USD", "EUR"),
    "lease_kind": ("operating", "operating", "operating", "finance"),
    "source": ("own_income", "own_income", "own_income", "purchased"),
    "enterprise.id": ("E1",),
    "permit.holder": ("E1", "E1", "E1", "E2"),
    "holder.kind": ("enterprise", "bank", "fund", "institution", "person"),
    "account_kind": ("nra", "nra", "nra", "settlement"),
    "bank.kind": ("bank", "bank", "bank", "enterprise"),
    "product": ("time_deposit", "large_certificate", "wealth_product"),
    "trade_kind": ("goods", "goods", "goods", "services"),
    "enterprise.class": ("A", "A", "B", "C"),
    "refund.currency": ("CNY", "USD", "HKD"),
    "bank.id": ("B1",),
    "scheme.bank": ("B1", "B1", "B1", "B2"),
}
#: Texts that number somebody.
_NUMBERS: Final = ("enterprise.id", "permit.holder", "bank.id", "scheme.bank")
_CENTS: Final[Mapping[str, tuple[int, int]]] = {
    "amount.amount": (1, 40_000_000),
    "own_fx_income": (1, 80_000_000),
    "available": (1, 80_000_000),
    "certificate.minimum": (20_000_000, 20_000_000),
    "refund.amount": (1, 70_000_000),
    "goods.amount": (30_000_000, 30_000_003),
    "money_value": (30_000_000, 30_000_003),
    "scheme.tolerance": (0, 5),
    "usd_rate": (650, 780),
}
_DAYS: Final[Mapping[str, tuple[int, int]]] = {"refund.on": (0, 40), "original.on": (150, 260)}
#: Facts that are yes in most rows, so that not every row fails, and those that are mostly no.
_MOSTLY: Final = 0.93
_NO: Final = (
    "lessor.is_overseas",
    "receivable.is_assigned_elsewhere",
    "scheme.has_tolerance",
    "is_original_route",
)


def rows(facilities: list[Facility], count: int, seed: int) -> Iterator[Row]:
    """Yield rows with every fact known, about half of whose conditions hold together."""
    draw = random.Random(seed)  # noqa: S311 - the same rows in every run
    for _ in range(count):
        yield tuple({path: _value(draw, path) for path in one.leaves} for one in facilities)


def _value(draw: random.Random, path: str) -> object:
    if path in _WORDS:
        return draw.choice(_WORDS[path])
    if path in _CENTS:
        return Decimal(draw.randint(*_CENTS[path])) / 100
    if path in _DAYS:
        return DAY - timedelta(days=draw.randint(*_DAYS[path]))
    return (draw.random() < _MOSTLY) is not (path in _NO)


def kinds_of(facilities: list[Facility]) -> dict[str, type | tuple[str, ...]]:
    """Return what each flat fact is: a type, or the words it may be."""
    found: dict[str, type | tuple[str, ...]] = {}
    for one in facilities:
        for path in one.leaves:
            name = flat_name(one.name, path)
            words = tuple(dict.fromkeys(_WORDS.get(path, ())))
            if path in _CENTS:
                found[name] = Decimal
            elif path in _DAYS:
                found[name] = date
            else:
                found[name] = str if path in _NUMBERS else words or bool
    return found


def rows_in_columns(
    facilities: list[Facility], count: int, seed: int
) -> dict[str, tuple[type, Any, tuple[str, ...]]]:
    """Return the same as `rows`, drawn by the column: of each fact its kind, its values, its words.

    An amount is in cents, a day in days before the plan's, a word its number among the words.
    """
    draw = np.random.default_rng(seed)
    found: dict[str, tuple[type, Any, tuple[str, ...]]] = {}
    for one in facilities:
        for path in one.leaves:
            name, words = flat_name(one.name, path), _WORDS.get(path, ())
            if words:
                known = tuple(dict.fromkeys(words))
                numbers = np.array([known.index(word) for word in words])
                found[name] = str, numbers[draw.integers(0, len(words), count)], known
            elif path in _CENTS:
                found[name] = Decimal, draw.integers(*_CENTS[path], count, endpoint=True), ()
            elif path in _DAYS:
                found[name] = date, draw.integers(*_DAYS[path], count, endpoint=True), ()
            else:
                found[name] = bool, (draw.random(count) < _MOSTLY) != (path in _NO), ()
    return found
