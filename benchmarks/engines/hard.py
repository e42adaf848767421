"""Rows on which engines differ: a fact that is not known, and cents that floats do not have.

Holds what is right, and the table of who says what. An error is no answer, so it is not a wrong
one; nor is it one that anybody could act on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from benchmarks.contest.measuring import Row
from benchmarks.engines import cases
from benchmarks.engines.cases import Facility, Facts
from benchmarks.engines.peers import Peer


@dataclass(frozen=True)
class Hard:
    """A row on which engines differ: what is asked, of which facility, and what is right."""

    name: str
    facility: str
    changes: Facts
    right: bool | None


_MORE: Final = {"amount.amount": Decimal("5000000.26"), "available": Decimal("5000000.25")}
_TOLERATED: Final = {
    "scheme.has_tolerance": True,
    "goods.amount": Decimal("5000000.26"),
    "money_value": Decimal("5000000.22"),
    "scheme.tolerance": Decimal("0.04"),
}
#: A change to None leaves the fact out.
HARD: Final = (
    Hard("own income not known", "rent", {"own_fx_income": None}, None),
    Hard("lessor's country not known", "rent", {"lessor.is_overseas": None}, None),
    Hard("other assignment not known", "release", {"receivable.is_assigned_elsewhere": None}, None),
    Hard(
        "income not known, but finance lease",
        "rent",
        {"own_fx_income": None, "lease_kind": "finance"},
        False,
    ),
    Hard("5,000,000.26 where 5,000,000.25 is left", "place", _MORE, False),
    Hard("5,000,000.26 for 5,000,000.22, 0.04 tolerated", "release", _TOLERATED, True),
)


def hard_row(facilities: list[Facility], hard: Hard) -> cases.Row:
    """Return the examples' facts with what makes the row hard."""
    found: list[Facts] = []
    for one in facilities:
        changed = {**one.facts, **hard.changes} if one.name == hard.facility else one.facts
        kept = {path: changed[path] for path in one.leaves if changed.get(path) is not None}
        found.append(kept)
    return tuple(found)


def one_of_each(peers: Sequence[Peer]) -> list[Peer]:
    """Return one way to ask each engine: its other ways answer the same."""
    return list({peer.package: peer for peer in reversed(peers)}.values())[::-1]


def show(facilities: list[Facility], peers: Sequence[Peer]) -> list[Row]:
    """Print what each engine answers to the hard rows; return how many are wrong, by row."""
    asked = one_of_each(peers)
    said = {None: "unknown", True: "yes", False: "no"}
    found: list[Row] = []
    print("\nRows that are hard: what is right, what ours says, and who says what")
    for hard in HARD:
        row, at = hard_row(facilities, hard), [one.name for one in facilities].index(hard.facility)
        ours = cases.answers_of(facilities, row)[at]
        assert ours is hard.right, f"{hard.name}: ours says {ours}"
        print(f"  {hard.name} ({hard.facility}): right is {said[hard.right]}, ours says that")
        wrong = 0
        for peer in asked:
            answer = peer.answers(cases.flat(row))[at]
            if isinstance(answer, bool):
                is_wrong = answer is not hard.right
                wrong += is_wrong
                print(f"      {peer.title:44} {said[answer]:8}{'WRONG' if is_wrong else ''}")
            else:
                print(f"      {peer.title:44} error   no answer")
        found.append(Row(f"wrong: {hard.name}", wrong, "engines"))
    return found
