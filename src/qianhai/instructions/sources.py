"""Sources: what providers know of a column, each asked once for each thing it is asked about.

A provider answers a party, a pair of parties or a record; a column of thousands names some
hundreds. What was answered is kept as long as the register stands as it did. Balances are not
kept: business that rests on one goes the road by itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qianhai.db import Connection
from qianhai.instructions.block import PARTY, Group
from qianhai.instructions.days import Day
from qianhai.instructions.gather import PROVIDERS, Gathering, place
from qianhai.instructions.model import Instruction, Known, stored_facts
from qianhai.instructions.reports import asks_areas
from qianhai.kernel import canonical_text
from qianhai.policy import Compiled, Fact, Policy, leaves_of
from qianhai.registers import Account, PartyType

#: What each provider is asked about: the names of its arguments that say it.
ASKED: Final[Mapping[str, tuple[str, ...]]] = {
    "in_zone": ("party",),
    "is_overseas": ("party",),
    "party_kind": ("party",),
    "party_id": ("party",),
    "attribute": ("party",),
    "qualification": ("party",),
    "hk_funded": ("party",),
    "controls": ("parent", "child"),
    "record": ("id",),
    "record_exists": ("id",),
}
#: So many answers are kept; beyond them what is kept begins again.
_KEPT_MAX: Final = 400_000
#: The types of facts that name a record.
_NAMING: Final = frozenset({"text", "enum"})


@dataclass(frozen=True, slots=True)
class Told:
    """What a provider said of one thing: leaves as they are written down, and as part of JSON."""

    leaves: Mapping[str, object]
    text: str


class Sources:
    """The answers of providers and the accounts of parties, kept while the register stands."""

    def __init__(self, policy: Policy, institution_id: str) -> None:
        self._policy, self._institution = policy, institution_id
        self._told: dict[tuple[str, str, date], dict[tuple[str, ...], Told]] = {}
        self._count = 0
        self._held: dict[date, dict[str, tuple[Account, ...]]] = {}
        self._persons: dict[date, dict[str, str]] = {}
        self._areas: dict[date, dict[str, str]] = {}
        self._head: datetime | None = None

    def begin(self, head: datetime) -> None:
        """Forget what was kept if the register was told something since, other than by `filed`."""
        if head != self._head or self._count > _KEPT_MAX:
            self._told.clear()
            self._held.clear()
            self._persons.clear()
            self._areas.clear()
            self._count = 0
            self._head = head

    def filed(self, names: Iterable[str], head: datetime) -> None:
        """Forget what was answered about some of whom the road itself put something on file."""
        gone = set(names)
        for kept in self._told.values():
            for key in [one for one in kept if not gone.isdisjoint(one)]:
                del kept[key]
        for held in self._held.values():
            for name in gone & held.keys():
                del held[name]
        self._head = head

    def held(self, day: date) -> dict[str, tuple[Account, ...]]:
        """Return the accounts of parties on a day, as far as they were asked for."""
        return self._held.setdefault(day, {})

    def subjects(self, day: Day, group: Group, compiled: Compiled) -> pa.Array:
        """Return the natural person each row of a group is about; an empty text for nobody."""
        found = pa.repeat(pa.scalar("", pa.string()), len(group.table))
        roles = self._policy.pack.facilities[compiled.facility].parties
        known = self._persons.setdefault(group.value_on, {})
        for role, model in roles.items():
            if PartyType.PERSON.value not in model.kinds:
                continue
            coded = texts(group.table, role).dictionary_encode()
            names = coded.dictionary.to_pylist()
            fresh = [name for name in names if name not in known]
            parties = day.register.parties(fresh)
            for name in fresh:
                party = parties[name]
                known[name] = name if party and party.type is PartyType.PERSON else ""
            mine = pa.array([known[name] for name in names], pa.string()).take(coded.indices)
            found = pc.if_else(pc.equal(found, ""), mine, found)
        return found

    def areas(self, day: Day, group: Group, compiled: Compiled) -> dict[str, str]:
        """Return where the parties of a group are registered, when a report asks for it."""
        if not asks_areas(self._policy.pack, compiled):
            return {}
        known = self._areas.setdefault(group.value_on, {})
        columns = (name for name in group.table.column_names if name.startswith(PARTY))
        named = {one for name in columns for one in group.table[name].unique().to_pylist() if one}
        for party, found in day.register.parties(sorted(named - known.keys())).items():
            known[party] = found.jurisdiction if found else ""
        return {one: known[one] for one in named if known[one]}

    def gather(
        self, conn: Connection, day: Day, group: Group, compiled: Compiled, wanted: frozenset[str]
    ) -> tuple[pa.Table, pa.Array]:
        """Return a group's table with the wanted facts filled in, and those as parts of JSON."""
        table, declared = group.table, compiled.facts
        standin = _nobody(group, compiled, day)
        asking = Gathering(
            conn, day.register, self._institution, self._policy, day.book, (standin,)
        )
        parts: list[pa.Array] = []
        for name in facts_wanted(compiled, wanted):
            keys, at = _keys(table, declared[name])
            told = self._answers(asking, name, keys)
            for path in leaves_of({name: declared[name]}):
                cells = pa.array([one.leaves.get(path) for one in told])
                column = cells.take(at)
                if path in table.column_names:
                    table = table.drop_columns([path])
                table = table.append_column(path, column)
            parts.append(pa.array([one.text or None for one in told], pa.string()).take(at))
        return table, _joined(parts, len(table))

    def _answers(self, asking: Gathering, name: str, keys: Sequence[tuple[str, ...]]) -> list[Told]:
        """Return what a fact's provider says of each key, asking about those not asked yet."""
        standin = asking.rows[0]
        compiled, fact = standin.compiled, standin.compiled.facts[name]
        kept = self._told.setdefault((compiled.facility, name, standin.standing.on), {})
        fresh = [key for key in keys if key not in kept]
        if fresh:
            rows = [_named(standin, fact, key) for key in fresh]
            raws = PROVIDERS[fact.provider](replace(asking, rows=rows), fact.args)
            leaves = leaves_of({name: fact})
            for key, row, raw in zip(fresh, rows, raws, strict=True):
                place(row.facts, name, fact, leaves, raw)
                told = stored_facts(row.facts)
                kept[key] = Told(told, canonical_text(told)[1:-1])
            self._count += len(fresh)
        return [kept[key] for key in keys]


def facts_wanted(compiled: Compiled, wanted: frozenset[str]) -> list[str]:
    """Return the facts that others than the sender are asked for, in the order of the file."""
    declared, leaves = compiled.facts, leaves_of(compiled.facts)
    named = {leaf.name for path, leaf in leaves.items() if path in wanted}
    named |= {declared[n].args["id"] for n in named if "id" in declared[n].args} & set(declared)
    beside = {leaves[path].name for path in compiled.facts_beside_used if path in leaves}
    return [
        name
        for name, fact in declared.items()
        if name in named
        and fact.provider != "sender"
        and not (fact.provider == "used" and name not in beside)
    ]


def is_askable(compiled: Compiled, wanted: frozenset[str]) -> bool:
    """Tell whether all an action wants to know is asked about parties and records."""
    for name in facts_wanted(compiled, wanted):
        fact = compiled.facts[name]
        if fact.provider not in ASKED:
            return False
        if fact.type == "money" and fact.currency and not fact.currency.isupper():
            return False  # what it is worth hangs on another fact of the row
        named = fact.args.get("id", "")
        if named in compiled.facts and compiled.facts[named].type not in _NAMING:
            return False
    return True


def _keys(table: pa.Table, fact: Fact) -> tuple[list[tuple[str, ...]], pa.Array]:
    """Return what a fact is asked about, each once, and which of them each row asks about."""
    columns = [texts(table, fact.args[arg]).dictionary_encode() for arg in ASKED[fact.provider]]
    names = [column.dictionary.to_pylist() for column in columns]
    at: Any = np.asarray(columns[0].indices)
    if len(columns) == 1:
        return [(name,) for name in names[0]], pa.array(at)
    parent, child = names
    at = at.astype(np.int64) * len(child) + np.asarray(columns[1].indices)
    pairs, at = np.unique(at, return_inverse=True)
    found = (divmod(pair, len(child)) for pair in pairs.tolist())
    return [(parent[one], child[other]) for one, other in found], pa.array(at)


def texts(table: pa.Table, name: str, before: str = PARTY) -> pa.Array:
    """Return the party in a role, or the text of a fact; an empty text where there is none."""
    for column in (f"{before}{name}", name):
        if column in table.column_names:
            found = table[column].combine_chunks()
            if pa.types.is_null(found.type):
                break
            return found.cast(pa.string()).fill_null("")
    return pa.repeat(pa.scalar("", pa.string()), len(table))


def _nobody(group: Group, compiled: Compiled, day: Day) -> Known:
    """Return a row of a group that names nobody."""
    nothing = Instruction("", "", group.facility, group.action, group.value_on, {})
    return Known(nothing, compiled, day.standing, None, {}, {})


def _named(row: Known, fact: Fact, key: tuple[str, ...]) -> Known:
    """Return a row that names what a fact is asked about, and no more."""
    named = {fact.args[arg]: one for arg, one in zip(ASKED[fact.provider], key, strict=True) if one}
    return replace(row, parties=named, facts={}, read={})


def _joined(parts: Sequence[pa.Array], count: int) -> pa.Array:
    """Return the parts of each row as one JSON object."""
    if not parts:
        return pa.repeat(pa.scalar("{}", pa.string()), count)
    body = pc.binary_join_element_wise(*parts, ",", null_handling="skip")
    return pc.binary_join_element_wise("{", body, "}", "")
