"""What would have to be otherwise for a business to be permitted: its amount, its day, one fact.

Every answer is found by deciding, never by turning a formula round: the figure that is told was
permitted, and the next one was not. Changes no fact and books nothing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final

from qianhai.kernel import CURRENCIES, Outcome
from qianhai.policy.asking import Matter
from qianhai.policy.deciding import Finding
from qianhai.policy.facts import Leaf
from qianhai.policy.in_force import Authorisation

_MINOR_MAX: Final = 2**63 - 1
_DAY: Final = timedelta(days=1)
_WORDS: Final = frozenset({"boolean", "enum"})


@dataclass(frozen=True, slots=True)
class Span:
    """From where to where a figure or a day of a fact permits, the other facts as they are.

    `lowest` and `highest` are inclusive, in minor units of `currency` or as proleptic ordinals of
    days. `is_bounded` is False where nothing above was refused, up to what the ledger can hold or
    the last day tried, `is_founded` where nothing below was. `is_steady` says that all that was
    tried in between is permitted too.
    """

    leaf: Leaf
    currency: str
    lowest: int
    highest: int
    is_bounded: bool
    is_founded: bool
    is_steady: bool


@dataclass(frozen=True, slots=True)
class Days:
    """The days on which a business is permitted on its facts, both inclusive; None is no end."""

    first: date | None
    until: date | None


@dataclass(frozen=True, slots=True)
class Turn:
    """A fact whose change alone permits the business, and the words that do."""

    leaf: Leaf
    found: object
    permitted: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What alone would permit a business; `sole` is the one test that stands in its way."""

    is_permitted: bool
    amounts: tuple[Span, ...]
    days: tuple[Days, ...]
    dates: tuple[Span, ...]
    turns: tuple[Turn, ...]
    sole: Finding | None


def what_if(
    matter: Matter,
    facts: Mapping[str, object],
    authorisations: Sequence[Authorisation] = (),
) -> WhatIf:
    """Return what would permit a business: each figure, day and word on its own."""
    gaps = matter.gaps(facts)
    waits = [one for one in gaps.opens if one.lacking]
    sole = gaps.failed[0] if len(gaps.failed) == 1 and not waits else None
    leaves = [leaf for path, leaf in matter.leaves.items() if path in _read(matter)]
    spans = [_amounts(matter, facts, leaf) for leaf in leaves if _is_stated(leaf)]
    dates = [_dates(matter, facts, leaf) for leaf in leaves if leaf.type == "date"]
    return WhatIf(
        gaps.outcome is Outcome.PERMITTED and not gaps.opens,
        tuple(span for span in spans if span),
        tuple(_days(matter, facts, authorisations)),
        tuple(span for span in dates if span),
        tuple(_turns(matter, facts, leaves)),
        sole,
    )


def _read(matter: Matter) -> frozenset[str]:
    """Return every leaf that a condition or a limit reads."""
    compiled = matter.compiled
    trees = [tree for _, tree in compiled.tests.values()]
    for named in (compiled.guards, compiled.values):
        trees += [tree for key, tree in named.items() if key.startswith("limit.")]
    return frozenset().union(*(tree.facts for tree in trees))


def _is_stated(leaf: Leaf) -> bool:
    """Tell an amount that the sender may choose from one that is on record."""
    return leaf.type == "money" and leaf.fact.provider == "sender"


def _permits(matter: Matter, facts: Mapping[str, object]) -> bool:
    return matter.look(facts).outcome is Outcome.PERMITTED


def _amounts(matter: Matter, facts: Mapping[str, object], leaf: Leaf) -> Span | None:
    """Return the amounts of a fact that are permitted; None where none is, or no currency known.

    Tried are the amounts it is compared with, those beside them, and 1, 2 and 5 of every power of
    ten.
    """
    currency = str(facts.get(leaf.currency, leaf.currency))
    scale = CURRENCIES.get(currency)
    if scale is None:
        return None

    def permits(minor: int) -> bool:
        return _permits(matter, {**facts, leaf.path: Decimal(minor).scaleb(-scale)})

    points = {0, _MINOR_MAX, *(lead * 10**power for power in range(19) for lead in (1, 2, 5))}
    for one in (*matter.answers.classes(leaf, facts), facts.get(leaf.path)):
        if isinstance(one, Decimal):
            points.add(int(one.scaleb(scale)))
    if leaf.fact.iso == "instructed_amount":
        points.discard(0)
    return _span(leaf, currency, sorted(points), permits)


def _dates(matter: Matter, facts: Mapping[str, object], leaf: Leaf) -> Span | None:
    """Return the days of a fact that are permitted; None where none of those tried is."""

    def permits(ordinal: int) -> bool:
        return _permits(matter, {**facts, leaf.path: date.fromordinal(ordinal)})

    classes = (*matter.answers.classes(leaf, facts), facts.get(leaf.path))
    points = sorted({one.toordinal() for one in classes if isinstance(one, date)})
    return _span(leaf, "", points, permits)


def _span(
    leaf: Leaf, currency: str, points: Sequence[int], permits: Callable[[int], bool]
) -> Span | None:
    """Return from where to where a number permits, its ends found to the last unit.

    Between two neighbours that are answered differently the turn is found by halving.
    """
    tried = [(point, permits(point)) for point in points]
    held = [point for point, answer in tried if answer]
    if not held:
        return None
    below = max((point for point in points if point < held[0]), default=None)
    above = min((point for point in points if point > held[-1]), default=None)
    lowest = held[0] if below is None else _turn(held[0], below, permits)
    highest = held[-1] if above is None else _turn(held[-1], above, permits)
    inside = [answer for point, answer in tried if lowest <= point <= highest]
    ends = above is not None, below is not None
    return Span(leaf, currency, lowest, highest, *ends, all(inside))


def _turn(held: int, refused: int, permits: Callable[[int], bool]) -> int:
    """Return the last number that permits, from one that does towards one that does not."""
    while abs(held - refused) > 1:
        middle = (held + refused) // 2
        if permits(middle):
            held = middle
        else:
            refused = middle
    return held


def _days(
    matter: Matter, facts: Mapping[str, object], authorisations: Sequence[Authorisation]
) -> Iterator[Days]:
    """Yield the spans of days on which the facts are permitted.

    Only what stands can change from one day to the next: values of the regulation, clauses,
    instruments. Between two such changes every day is as the first.
    """
    changes = sorted(_changes(matter, authorisations))
    starts = [changes[0] - _DAY, *changes]
    held: Days | None = None
    for start, end in pairwise([*starts, None]):
        assert start is not None, "only the end is open"
        if _permits(_on(matter, start, authorisations), facts):
            first = held.first if held else (start if start != starts[0] else None)
            held = Days(first, end - _DAY if end else None)
        elif held:
            yield held
            held = None
    if held:
        yield held


def _on(matter: Matter, day: date, authorisations: Sequence[Authorisation]) -> Matter:
    """Return the same business on another day, read the same way."""
    policy, switches = matter.policy, matter.standing.switches
    standing = policy.standing(day, switches=switches, authorisations=authorisations)
    return Matter(policy, matter.compiled, standing)


def _changes(matter: Matter, authorisations: Sequence[Authorisation]) -> set[date]:
    """Return every day on which something begins or has ended."""
    pack = matter.policy.pack
    found = {pack.plan.effective_from}
    named = {name for _, tree in matter.compiled.tests.values() for name in tree.parameters} | {
        name
        for trees in (matter.compiled.guards, matter.compiled.values)
        for tree in trees.values()
        for name in tree.parameters
    }
    spans = [(value.first, value.until) for name in named for value in pack.parameters[name].values]
    spans += [(one.first, one.until) for one in authorisations]
    for first, until in spans:
        found |= {first} if until is None else {first, until + _DAY}
    return found


def _turns(matter: Matter, facts: Mapping[str, object], leaves: Sequence[Leaf]) -> Iterator[Turn]:
    """Yield the facts of which another word alone permits the business."""
    if _permits(matter, facts):
        return
    for leaf in leaves:
        found = facts.get(leaf.path)
        if found is None or leaf.type not in _WORDS:
            continue
        words = [
            word
            for word in matter.answers.classes(leaf, facts)
            if word != found and _permits(matter, {**facts, leaf.path: word})
        ]
        if words:
            yield Turn(leaf, found, tuple(words))
