"""A block prepared: what columns can hold is known, gathered, decided and shaped by columns.

The rest (continued business, what rests on balances or on what an earlier row puts on file, what a
column cannot hold) is marked to go by itself. Reads only; nothing is posted here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qianhai.db import Connection
from qianhai.instructions.block import PARTY, Block, Group
from qianhai.instructions.columns import Legs, Specs, legs_of
from qianhai.instructions.days import Day, Days
from qianhai.instructions.effects import PLAIN
from qianhai.instructions.gather import papers_named
from qianhai.instructions.handover import Handover
from qianhai.instructions.kinds import Judge, Judged
from qianhai.instructions.model import Instruction
from qianhai.instructions.part import Part, part_of
from qianhai.instructions.prepare import Preparer
from qianhai.instructions.sources import Sources, is_askable, rests_on_balances
from qianhai.instructions.topics import Heading, Lookups, Topic, topics_of
from qianhai.policy import Compiled, Policy
from qianhai.rules import Number

Numbers = np.ndarray[Any, Any]
#: Fewer rows of an action and day than this are done sooner one by one.
ROWS_MIN: Final = 128
#: The same of rows that rest on balances: they are prepared again after what moved these.
LATE_MIN: Final = 64


@dataclass(slots=True)
class Prepared:
    """A block on its way: its parts, which rows go by themselves, the accounts the parts name.

    `filed` tells what rows of parts put on file: the place of the row and the topic, in order.
    `late` are groups that rest on balances: they are prepared when their turn comes. `ready` are
    rows that go by themselves and were prepared already, as long as nothing they rest on changes;
    `ahead` is up to where they were. `settles` tells which rows settle a hold: what they move is
    not known here.
    """

    block: Block
    parts: list[Part]
    alone: Numbers
    specs: Specs
    filed: list[tuple[int, Topic]]
    known_at: datetime
    late: list[tuple[Group, Compiled]] = field(default_factory=list)
    ready: dict[int, Handover] = field(default_factory=dict)
    ahead: int = 0
    settles: Numbers = field(init=False)

    def __post_init__(self) -> None:
        """Begin with rows that settle nothing."""
        self.settles = np.zeros(len(self.block), np.bool_)

    def set_alone(self, places: Numbers) -> None:
        """Have rows go by themselves."""
        if not len(places):
            return
        self.alone[places] = True
        self.parts = [
            kept for part in self.parts if len(kept := part.take(~self.alone[part.places]))
        ]

    def forget_ready(self) -> None:
        """Prepare again what was prepared ahead: it may stand on what did not happen."""
        self.ready.clear()
        self.ahead = 0

    def instruction(self, at: int) -> Instruction:
        """Return one instruction by itself."""
        return self.block.instruction(at)


class BlockPreparer:
    """Prepares blocks of one institution under one pack."""

    def __init__(self, policy: Policy, preparer: Preparer, institution_id: str) -> None:
        self._policy, self._preparer, self._institution = policy, preparer, institution_id
        self.lookups = Lookups(policy)
        self.sources = Sources(policy, institution_id)
        self._judge = Judge(policy)
        self._fits: dict[tuple[str, str], bool] = {}

    def prepare(self, conn: Connection, block: Block, at: datetime) -> Prepared:
        """Prepare a block on what is on record now."""
        self.sources.forget_days()
        days = self.sources.days(conn, at)
        _read_ahead(self._policy, days, block)
        prepared = Prepared(block, [], np.ones(len(block), np.bool_), Specs(), [], days.known_at)
        may_share = _shareable(block)
        for group in block.groups:
            prepared.settles[group.places] = self._settles(group)
            own = _some(group, may_share[group.places])
            if len(own.places) < ROWS_MIN or not group.facility:
                continue
            compiled = self._policy.compiled(group.facility, group.action)
            if not self._fits_columns(compiled):
                continue
            if rests_on_balances(compiled, self._preparer.wanted_by(compiled)):
                if len(own.places) >= LATE_MIN:
                    prepared.late.append((own, compiled))
                    prepared.alone[own.places] = False
            else:
                found = self._group(conn, days[group.value_on], own, compiled, prepared)
                prepared.parts += found
        self._file(prepared, prepared.parts)
        return prepared

    def prepare_late(
        self, conn: Connection, prepared: Prepared, first: int, end: int, days: Days
    ) -> list[Part]:
        """Prepare the rows between two places that rest on balances, as they stand now."""
        prepared.known_at = days.known_at
        found: list[Part] = []
        for group, compiled in prepared.late:
            is_due = (group.places >= first) & (group.places < end)
            is_due &= ~prepared.alone[group.places]
            if not is_due.any():
                continue
            own = _some(group, is_due)
            if len(own.places) < LATE_MIN:
                prepared.alone[own.places] = True
            else:
                found += self._group(conn, days[group.value_on], own, compiled, prepared)
        self._file(prepared, found)
        return [kept for part in found if len(kept := part.take(~prepared.alone[part.places]))]

    def _group(
        self, conn: Connection, day: Day, group: Group, compiled: Compiled, prepared: Prepared
    ) -> Iterator[Part]:
        """Yield the parts of a group; what columns cannot hold of it goes by itself."""
        wanted = self._preparer.wanted_by(compiled)
        gathered = self.sources.gather(conn, day, group, compiled, wanted)
        judged = self._judge.judge(compiled, day.standing, group, gathered)
        subjects = self.sources.subjects(day, group, compiled)
        areas = self.sources.areas(day, group, compiled)
        prepared.alone[group.places] = True
        for legs in self._shaped(day, judged, prepared):
            kept = ~legs.alone
            places = group.places[legs.rows]
            part = part_of(prepared.block, legs, subjects, areas, prepared.known_at, places).take(
                kept
            )
            if len(part):
                prepared.alone[part.places] = False
                yield part

    def _shaped(self, day: Day, judged: Judged, prepared: Prepared) -> Iterator[Legs]:
        ids, places = prepared.block.ids, judged.group.places
        for verdict, rows in judged.kinds:
            names = [ids[at] for at in places[rows].tolist()]
            yield legs_of(self._policy, day.book, judged, verdict, rows, names, prepared.specs)

    def _file(self, prepared: Prepared, parts: Sequence[Part]) -> None:
        """Note what parts put on file; rows that ask for any of it later go by themselves."""
        fresh = sorted(
            (at, topic)
            for part in parts
            for at, entries in zip(part.places.tolist(), part.entries(), strict=True)
            for topic in topics_of(entries)
        )
        if fresh:
            prepared.filed = sorted([*prepared.filed, *fresh])
            self.set_asking_alone(prepared, fresh)

    def set_asking_alone(self, prepared: Prepared, fresh: Sequence[tuple[int, Topic]]) -> int:
        """Have rows of columns go by themselves that ask for what rows before them put on file.

        Their group was gathered before that was there. Returns the place of the first.
        """
        first = len(prepared.block)
        headings = {heading for _, (heading, _) in fresh}
        judged = {id(part.judged): part.judged for part in prepared.parts}.values()
        groups = [(one.table, one.group, one.business.compiled) for one in judged]
        groups += [(group.table, group, compiled) for group, compiled in prepared.late]
        for table, group, compiled in groups:
            looked = self.lookups.of(compiled)
            meant = headings if looked is None else headings & looked
            places = _asking(table, group, meant, fresh)
            places = places[~prepared.alone[places]]
            if len(places):
                prepared.set_alone(places)
                first = min(first, int(places.min()))
        return first

    def _settles(self, group: Group) -> bool:
        facility = self._policy.pack.facilities.get(group.facility)
        action = facility.actions.get(group.action) if facility else None
        return bool(action and action.settles)

    def _fits_columns(self, compiled: Compiled) -> bool:
        key = compiled.facility, compiled.name
        if key not in self._fits:
            action = compiled.action
            numbers = (f"effect.{at}.{n}" for at, e in enumerate(action.effects) for n in e.args)
            types = [compiled.values[one].type for one in numbers if one in compiled.values]
            self._fits[key] = (
                not (action.of or action.closes or action.release)
                and not (action.settles or action.hold_until)
                and not any(isinstance(one, Number) for one in types)
                and all(one.name in PLAIN for one in action.effects)
                and is_askable(compiled, self._preparer.wanted_by(compiled))
            )
        return self._fits[key]


def _read_ahead(policy: Policy, days: Days, block: Block) -> None:
    """Ask the register once a day for all that a block names: parties, accounts and papers."""
    by_day: dict[date, list[Group]] = {}
    for group in block.groups:
        by_day.setdefault(group.value_on, []).append(group)
    for on, groups in by_day.items():
        parties: set[str] = set()
        papers = {block.ids[at] for group in groups for at in group.places.tolist()}
        for group in groups:
            compiled = policy.compiled(group.facility, group.action) if group.facility else None
            asked = papers_named(compiled) if compiled else frozenset()
            for name in group.table.column_names:
                if name.startswith(PARTY) or name in asked:
                    named = filter(None, group.table[name].unique().to_pylist())
                    (papers if name in asked else parties).update(named)
        days[on].register.read_ahead(parties, parties | papers)
        days[on].book.ask_for(parties)


def _shareable(block: Block) -> Numbers:
    """Tell which rows continue nothing and have an id of their own."""
    continues = np.asarray(pc.equal(block.texts("continues"), ""))
    _, at, counts = np.unique(np.array(block.ids, object), return_inverse=True, return_counts=True)
    shareable: Numbers = continues & (counts[at] == 1)
    return shareable


def _some(group: Group, mask: Numbers) -> Group:
    if mask.all():
        return group
    return replace(group, places=group.places[mask], table=group.table.filter(pa.array(mask)))


def _asking(
    table: pa.Table,
    group: Group,
    headings: set[Heading],
    filed: Sequence[tuple[int, Topic]],
) -> Numbers:
    """Return the places of the rows of a group that name what was filed before them."""
    places: dict[str, int] = {}
    for at, (heading, about) in filed:
        if heading in headings:
            places.setdefault(about, at)
    if not places or group.places[-1] < min(places.values()):
        return np.zeros(0, np.int64)
    names = pa.array(list(places), pa.string())
    first = np.array([*places.values(), np.iinfo(np.int64).max])
    rests = np.zeros(len(table), np.bool_)
    for column in table.columns:
        if pa.types.is_string(column.type):
            found = pc.index_in(column.combine_chunks(), names).fill_null(len(names))
            rests |= first[np.asarray(found)] < group.places
    asking: Numbers = group.places[rests]
    return asking
