"""The repertoire: what may be played, read from the examples of the pack.

An example that is permitted on the first use of its limits is a sound business; the others are
its mistakes. A later action is played with the facts it adds to the business it continues.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from qianhai.kernel import CURRENCIES, Outcome
from qianhai.policy import Compiled, Facility, Leaf, Policy, Standing, Values, cases_of, leaves_of

#: Providers whose answers business itself makes; before it there is nothing.
_LEDGER: Final = frozenset({"used", "position", "scheduled"})
#: An example may count in tens; the largest amount of a business has this many digits at least.
_DIGITS: Final = 6
#: Providers whose answers are of one business, not of the client.
_OF_BUSINESS: Final = _LEDGER | {"sender", "record", "record_exists", "balance", "same_holder"}


@dataclass(frozen=True, slots=True)
class Play:
    """An example as a business of its facility: what it is decided on, and what that came to."""

    facility: Facility
    compiled: Compiled
    leaves: Mapping[str, Leaf]
    facts: Values
    on: date
    outcome: Outcome

    @property
    def is_sound(self) -> bool:
        """Tell whether it is permitted."""
        return self.outcome is Outcome.PERMITTED

    @property
    def magnitude(self) -> int:
        """Return by how many tens its amounts are too small for the life of a bank."""
        amounts = [v for p, v in self.facts.items() if self.leaves[p].type == "money"]
        largest = max((v for v in amounts if isinstance(v, Decimal)), default=Decimal(0))
        return max(0, _DIGITS - (largest.adjusted() + 1)) if largest else 0

    @property
    def said(self) -> dict[str, object]:
        """Return the facts its sender states."""
        return {
            path: value
            for path, value in self.facts.items()
            if self.leaves[path].fact.provider == "sender"
        }

    @property
    def on_record(self) -> dict[str, object]:
        """Return the facts of parties that the register knows."""
        return {
            path: value
            for path, value in self.facts.items()
            if self.leaves[path].fact.provider not in _OF_BUSINESS
        }


@dataclass(frozen=True, slots=True)
class Repertoire:
    """The plays of one facility: first actions, and what continues each of them."""

    facility: Facility
    firsts: tuple[Play, ...]
    later: Mapping[str, tuple[Play, ...]]

    @property
    def is_retail(self) -> bool:
        """Tell whether persons do this business."""
        return any("person" in role.kinds for role in self.facility.parties.values())


def repertoires(policy: Policy, day: date) -> list[Repertoire]:
    """Return the repertoire of every facility that has a business to begin with."""
    plays: dict[str, list[Play]] = {}
    for case in cases_of(policy):
        facility = policy.pack.facilities.get(case.compiled.facility)
        if facility is None or case.compiled.name not in facility.actions:
            continue
        if case.example.opens or case.example.switches or case.flaws:
            continue
        leaves = leaves_of(facility.facts)
        facts = unused(leaves, case.facts)
        moved = shifted(leaves, facts, day - case.example.on)
        found = policy.decide(case.compiled, moved, policy.standing(day)).decision.outcome
        play = Play(facility, case.compiled, leaves, facts, case.example.on, found)
        plays.setdefault(facility.id, []).append(play)
    made = []
    for name, mine in plays.items():
        facility = policy.pack.facilities[name]
        firsts = tuple(one for one in mine if not one.compiled.action.of)
        later = {
            action: tuple(one for one in mine if action in one.compiled.action.of and one.is_sound)
            for action in facility.actions
        }
        if firsts:
            made.append(Repertoire(facility, firsts, later))
    return made


def unused(leaves: Mapping[str, Leaf], facts: Values) -> Values:
    """Return facts as they stand before anything is drawn."""
    return {
        path: Decimal(0)
        if leaves[path].fact.provider == "used" and isinstance(value, Decimal)
        else value
        for path, value in facts.items()
        if path in leaves
    }


def shifted(leaves: Mapping[str, Leaf], facts: Values, by: timedelta) -> Values:
    """Return facts with their days as far from another day as they were from their own."""
    return {
        path: value + by if isinstance(value, date) and leaves[path].type == "date" else value
        for path, value in facts.items()
    }


def scaled(
    leaves: Mapping[str, Leaf], facts: Values, by: Decimal, only: Iterable[str] | None = None
) -> Values:
    """Return facts with amounts multiplied, each to its minor unit; none becomes nil."""
    chosen = facts if only is None else set(only)
    return {
        path: _times(value, by, str(facts.get(leaves[path].currency, leaves[path].currency)))
        if path in chosen and leaves[path].type == "money" and isinstance(value, Decimal)
        else value
        for path, value in facts.items()
    }


def _times(amount: Decimal, by: Decimal, currency: str) -> Decimal:
    unit = Decimal(1).scaleb(-CURRENCIES.get(currency, 2))
    found = (amount * by).quantize(unit, ROUND_HALF_UP)
    return max(found, unit) if amount > 0 else found


def keeps(policy: Policy, play: Play, facts: Values, standing: Standing) -> bool:
    """Tell whether a play still comes to what it did, on other facts and another day."""
    found = policy.decide(play.compiled, facts, standing, ledger_decides=True)
    return found.decision.outcome is play.outcome
