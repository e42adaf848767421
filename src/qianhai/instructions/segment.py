"""Segments: the rows of a block from one place to another that share a commit.

Parts and instructions by themselves, in the order of the input, as chains in columns for the
ledger. A segment ends before the first row that rests on what an earlier one of it changes.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np

from qianhai.instructions.columns import NO_CAP
from qianhai.instructions.handover import Handover
from qianhai.instructions.model import Answer
from qianhai.instructions.part import Part
from qianhai.instructions.prepare_block import Prepared
from qianhai.instructions.topics import Filings, Lookups, topics_of
from qianhai.kernel import Outcome, derived_ids
from qianhai.ledger import (
    EXPECTED,
    INT64_MAX,
    NAMED,
    AccountSpec,
    Kind,
    NamedChains,
    PostedChains,
    day_number,
    micros_of,
)

Numbers = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Segment:
    """Rows from one place of a block up to another: parts, and others by their places.

    `repeated` are the answers of those that had one.
    """

    prepared: Prepared
    first: int
    end: int
    parts: Sequence[Part]
    handovers: Mapping[int, Handover]
    repeated: Mapping[int, Answer]

    def until(self, end: int) -> "Segment":
        """Return its first rows, up to a place."""
        if end == self.end:
            return self
        return segment_of(self.prepared, self.parts, self.first, end, self.handovers, self.repeated)


@dataclass(frozen=True, slots=True)
class Answered:
    """What was answered to a segment: settled parts, and single answers by their places."""

    first: int
    end: int
    parts: Sequence[Part]
    single: Mapping[int, Answer]

    def __len__(self) -> int:
        """Return how many answers there are."""
        return self.end - self.first

    def __iter__(self) -> Iterator[Answer]:
        """Yield the answers in the order of the input, one by one."""
        where = {
            place: (part, row)
            for part in self.parts
            for row, place in enumerate(part.places.tolist())
        }
        for place in range(self.first, self.end):
            if place in self.single:
                yield self.single[place]
            else:
                part, row = where[place]
                yield part.answer(row)

    def those(self, outcomes: frozenset[Outcome]) -> Iterator[Answer]:
        """Yield the answers of some outcomes in the order of the input."""
        parts = [part for part in self.parts if part.decision.outcome in outcomes]
        places = [(at, part, row) for part in parts for row, at in enumerate(part.places.tolist())]
        rows = {at: (part, row) for at, part, row in places}
        single = (at for at, one in self.single.items() if one.decision.outcome in outcomes)
        for place in sorted([*rows, *single]):
            if place in self.single:
                yield self.single[place]
            else:
                part, row = rows[place]
                yield part.answer(row)


def segment_of(
    prepared: Prepared,
    parts: Sequence[Part],
    first: int,
    end: int,
    handovers: Mapping[int, Handover],
    repeated: Mapping[int, Answer],
) -> Segment:
    """Return the rows of a block from one place up to another."""
    near = (part for part in parts if part.places[0] < end and part.places[-1] >= first)
    return Segment(
        prepared,
        first,
        end,
        [some for part in near if len(some := part.between(first, end))],
        {place: one for place, one in handovers.items() if place < end},
        {place: one for place, one in repeated.items() if place < end},
    )


def cut_of(segment: Segment, lookups: Lookups) -> int:
    """Return where a segment has to end: before what rests on an earlier row of it."""
    done = Done(segment, lookups)
    for place in sorted(segment.handovers):
        one = segment.handovers[place]
        if done.meets(one, place):
            return min(place, done.first_resting())
        done.add(one, place)
    return min(segment.end, done.first_resting())


class Done:
    """What the rows of a segment change, and where first: so far what its parts do."""

    def __init__(self, segment: Segment, lookups: Lookups) -> None:
        self._segment = segment
        self._moved = _Moved(segment)
        self._filings = Filings(lookups)
        filed = segment.prepared.filed
        for place, topic in filed[bisect_left(filed, (segment.first,)) :]:
            if place >= segment.end:
                break
            self._filings.add([topic], place)

    def add(self, one: Handover, place: int) -> None:
        """Add what an instruction by itself changes."""
        self._moved.add(one, place)
        self._filings.add(topics_of(one.entries), place)

    def meets(self, one: Handover, place: int) -> bool:
        """Tell whether an answer rests on what a row before its place changes."""
        if any(self._moved.before(name, place) for name in one.stands_on):
            return True
        return self._filings.meet(one, place)

    def first_resting(self) -> int:
        """Return the first place of a part whose row rests on what an earlier row moves."""
        return self._moved.first_resting(self._segment.parts)


def standing(
    segment: Segment, lookups: Lookups, later: Mapping[int, Handover]
) -> dict[int, Handover]:
    """Return those of later answers that still stand when a segment is posted."""
    done = Done(segment, lookups)
    for place, one in segment.handovers.items():
        done.add(one, place)
    return {place: one for place, one in later.items() if not done.meets(one, place)}


class _Moved:
    """Where each account is first moved in a segment."""

    def __init__(self, segment: Segment) -> None:
        self._specs, self._end = segment.prepared.specs, segment.end
        legs = [(leg, part.places) for part in segment.parts for leg in part.legs]
        sides = [side for leg, _ in legs for side in (leg.debit, leg.credit)]
        places = [at for _, at in legs for _ in range(2)]
        self._first = np.full(len(self._specs), segment.end)
        if sides:
            np.minimum.at(self._first, np.concatenate(sides), np.concatenate(places))
        self._single: dict[str, int] = {}

    def before(self, name: str, place: int) -> bool:
        """Tell whether an account is moved before a place."""
        at = self._specs.find(name)
        return (at is not None and int(self._first[at]) < place) or name in self._single

    def add(self, one: Handover, place: int) -> None:
        """Note what an instruction moves."""
        for leg in one.chain.legs if one.chain else ():
            for name in (leg.debit, leg.credit):
                self._single.setdefault(name, place)
                at = self._specs.find(name)
                if at is not None:
                    self._first[at] = min(self._first[at], place)

    def first_resting(self, parts: Sequence[Part]) -> int:
        """Return the first place of a part whose row rests on an account moved before it."""
        resting = [
            part.places[(read.account >= 0) & (self._first[read.account] < part.places)]
            for part in parts
            for read in part.reads
        ]
        return min((int(one.min()) for one in resting if len(one)), default=self._end)


class Chains:
    """The chains of a segment in columns, and whose row each is."""

    def __init__(self, segment: Segment, institution_id: str) -> None:
        self._names: list[str] = []
        self._specs: list[AccountSpec | None] = []
        self._at: dict[str, int] = {}
        self._rows: list[tuple[Numbers, ...]] = []
        self._of_specs = np.full(len(segment.prepared.specs), -1)
        heads: list[tuple[int, bytes, int, int, int]] = []
        expects: list[tuple[int, int, int]] = []
        self._begins: list[tuple[int, int]] = []
        self._closes: list[tuple[int, int]] = []
        for part in segment.parts:
            if part.legs:
                self._part(part)
                day = day_number(part.judged.group.value_on)
                ids = derived_ids(["chain", institution_id], part.ids())
                places = part.places.tolist()
                for read in part.reads:
                    held = np.flatnonzero(read.account >= 0)
                    on = self._of_specs[read.account[held]]
                    rows = zip(part.places[held], on, read.balance[held], strict=True)
                    expects += [(int(at), int(name), int(most)) for at, name, most in rows]
                heads += [(at, one, 0, day, INT64_MAX) for at, one in zip(places, ids, strict=True)]
        for place, one in segment.handovers.items():
            chain = one.chain
            if chain is None:
                continue
            until = INT64_MAX if chain.expires_at is None else micros_of(chain.expires_at)
            assert chain.kind in (Kind.POST, Kind.HOLD), "what settles a hold goes by itself"
            kind = int(chain.kind is Kind.HOLD)
            heads.append((place, chain.id.bytes, kind, day_number(chain.value_on), until))
            self._single(place, one)
            expects += [(place, self._place(name, None), held) for name, held in chain.expects]
        heads.sort()
        self.places = np.array([head[0] for head in heads], np.int64)
        self.named = self._columns(heads, expects, institution_id)

    def _place(self, name: str, spec: AccountSpec | None) -> int:
        at = self._at.setdefault(name, len(self._names))
        if at == len(self._names):
            self._names.append(name)
            self._specs.append(spec)
        elif self._specs[at] is None:
            self._specs[at] = spec
        else:
            assert spec in {None, self._specs[at]}, "rows that open one account share no segment"
        return at

    def _part(self, part: Part) -> None:
        sides = [side for leg in part.legs for side in (leg.debit, leg.credit)]
        read = [one.account[one.account >= 0] for one in part.reads]
        used = np.unique(np.concatenate([*sides, *read]))
        for at in used[self._of_specs[used] < 0].tolist():
            self._of_specs[at] = self._place(part.specs.named[at], part.specs.opened(at))
        for number, leg in enumerate(part.legs):
            self._rows.append(
                (
                    part.places,
                    np.full(len(part), number),
                    self._of_specs[leg.debit],
                    self._of_specs[leg.credit],
                    leg.amount,
                    leg.cap,
                    np.full(len(part), int(leg.spills)),
                )
            )

    def _single(self, place: int, one: Handover) -> None:
        assert one.chain is not None, "only what moves has a chain"
        used = {name for leg in one.chain.legs for name in (leg.debit, leg.credit)}
        for spec in one.chain.opens:
            at = self._place(spec.name, spec)
            if spec.name not in used:
                self._begins.append((place, at))
        self._closes += [(place, self._place(name, None)) for name in one.chain.closes]
        for number, leg in enumerate(one.chain.legs):
            debit, credit = self._place(leg.debit, None), self._place(leg.credit, None)
            cap = NO_CAP if leg.cap is None else min(leg.cap, INT64_MAX)
            row = (place, number, debit, credit, leg.amount, cap, int(leg.spills))
            self._rows.append(tuple(np.array([cell], np.int64) for cell in row))

    def _columns(
        self,
        heads: Sequence[tuple[int, bytes, int, int, int]],
        expects: Sequence[tuple[int, int, int]],
        institution_id: str,
    ) -> NamedChains:
        empty = [np.zeros(0, np.int64)] * 7
        columns = [np.concatenate(one) for one in zip(*self._rows, strict=True)] or empty
        order = np.lexsort((columns[1], columns[0]))
        place, _, debit, credit, amount, cap, spills = (column[order] for column in columns)
        counts = np.searchsorted(place, self.places, "right") - np.searchsorted(place, self.places)
        said = np.array(sorted(expects), np.int64).reshape(-1, 3)
        expected = np.zeros(len(said), EXPECTED)
        expected["chain"] = np.searchsorted(self.places, said[:, 0])
        expected["account"], expected["balance"] = said[:, 1], said[:, 2]
        return NamedChains(
            institution_id,
            np.frombuffer(b"".join(head[1] for head in heads), "V16"),
            np.array([head[2] for head in heads], np.int8),
            np.array([head[3] for head in heads], np.int32),
            np.array([head[4] for head in heads], np.int64),
            counts,
            debit,
            credit,
            amount,
            cap,
            spills.astype(np.int8),
            self._names,
            self._specs,
            expected,
            self._pairs(self._begins),
            self._pairs(self._closes),
        )

    def _pairs(self, found: Sequence[tuple[int, int]]) -> Numbers:
        """Return accounts with the numbers of their chains, chain after chain."""
        said = np.array(sorted(found, key=itemgetter(0)), np.int64).reshape(-1, 2)
        pairs = np.zeros(len(said), NAMED)
        pairs["chain"] = np.searchsorted(self.places, said[:, 0])
        pairs["account"] = said[:, 1]
        return pairs

    def rows(self, part: Part) -> Numbers:
        """Return the numbers of the chains of a part that has legs."""
        return np.searchsorted(self.places, part.places)

    def settled(self, part: Part, posted: PostedChains) -> tuple[Part, Numbers]:
        """Return a part with what the ledger posted of it, and the rows it did not post."""
        if not part.legs:
            return part, np.zeros(0, np.int64)
        at = self.rows(part)
        is_posted = posted.is_posted[at]
        kept = part.take(is_posted)
        at = at[is_posted]
        return kept.settled(posted.first[at], posted, posted.seq_last[at]), np.flatnonzero(
            ~is_posted
        )
