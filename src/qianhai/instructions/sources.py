"""Sources: what providers know of a column, each asked once for each thing it is asked about.

A provider answers a party, a pair of parties or a record; a column of thousands names some
hundreds. What was answered is kept as long as the register stands as it did; how an account stands
is asked each time.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qianhai.db import Connection
from qianhai.instructions.block import ACCOUNT, PARTY, Group
from qianhai.instructions.days import Day, Days
from qianhai.instructions.gather import PROVIDERS, Gathering, Raw, place
from qianhai.instructions.model import Instruction, Known, stored_facts
from qianhai.instructions.reports import asks_areas
from qianhai.instructions.topics import ACCOUNTS, LOOKS_UNDER, Heading, Topic
from qianhai.kernel import CURRENCIES, canonical_text
from qianhai.policy import Compiled, Fact, Policy, leaves_of
from qianhai.registers import PartyType

#: What each provider is asked about: the names of its arguments that say it.
ASKED: Final[Mapping[str, tuple[str, ...]]] = {
    "in_zone": ("party",),
    "is_overseas": ("party",),
    "jurisdiction": ("party",),
    "party_kind": ("party",),
    "party_id": ("party",),
    "attribute": ("party",),
    "qualification": ("party",),
    "hk_funded": ("party",),
    "controls": ("parent", "child"),
    "record": ("id",),
    "record_exists": ("id",),
}
#: Providers that read balances: what they say is true until somebody moves the account.
READING: Final = frozenset({"used", "balance"})
#: So many answers are kept; beyond them what is kept begins again.
_KEPT_MAX: Final = 200_000
#: The types of facts that a provider may be asked about.
_NAMING: Final = frozenset({"text", "enum", "currency"})
Numbers = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """What a provider said of one thing: leaves as they are written down, and as part of JSON.

    `read` is the account whose balance that rests on, and the balance.
    """

    leaves: Mapping[str, object]
    text: str
    read: tuple[str, int] | None


@dataclass(frozen=True, slots=True)
class Read:
    """The balances a fact rests on: of each thing it was asked about, and what each row asked."""

    balances: Sequence[tuple[str, int] | None]
    at: Numbers


@dataclass(frozen=True, slots=True)
class Gathered:
    """The facts of a group: all of them, those of providers as JSON, the balances they rest on."""

    table: pa.Table
    provided: pa.Array
    reads: Sequence[Read]


#: Rows that name what a fact is asked about, by what that is.
_Rows = dict[tuple[tuple[str, str], ...], dict[tuple[str, ...], Known]]


class Sources:
    """The answers of providers and the accounts of parties, kept while the register stands."""

    def __init__(self, policy: Policy, institution_id: str) -> None:
        self._policy, self._institution = policy, institution_id
        self._told: dict[tuple[str, str, date], dict[tuple[str, ...], Told]] = {}
        self._under: dict[Heading, list[dict[tuple[str, ...], Told]]] = {}
        self._count = 0
        self._days: dict[date, Day] = {}
        self._persons: dict[date, dict[str, str]] = {}
        self._areas: dict[date, dict[str, str]] = {}
        self._head: datetime | None = None

    def _begin(self, head: datetime) -> None:
        """Forget what was kept if the register was told something since, other than by `filed`."""
        if head != self._head or self._count > _KEPT_MAX:
            self._told.clear()
            self._under.clear()
            self._days.clear()
            self._persons.clear()
            self._areas.clear()
            self._count = 0
            self._head = head

    def filed(self, topics: Iterable[Topic], head: datetime) -> None:
        """Forget what was answered of what the road itself put on file."""
        gone: dict[Heading, set[str]] = {}
        for heading, about in topics:
            gone.setdefault(heading, set()).add(about)
        for heading, names in gone.items():
            for kept in self._under.get(heading, ()):
                is_plain = len(next(iter(kept), ("",))) == 1
                for key in [(name,) for name in names] if is_plain else list(kept):
                    if not names.isdisjoint(key):
                        kept.pop(key, None)
            for day in self._days.values():
                if heading == ACCOUNTS:
                    day.book.forget(names)
                else:
                    day.register.forget(heading[0], names)
        self._head = head

    def days(self, conn: Connection, at: datetime) -> Days:
        """Return the days of value as they stand now; what was read of them is kept."""
        days = Days(conn, self._policy, self._institution, at, self._days)
        self._begin(days.head)
        return days

    def forget_days(self) -> None:
        """Begin the days anew: what was read of them would grow with every block."""
        self._days.clear()

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
    ) -> Gathered:
        """Return a group's table with the wanted facts filled in."""
        table, declared = group.table, compiled.facts
        nothing = Instruction("", "", group.facility, group.action, group.value_on, {})
        nobody = Known(nothing, compiled, day.standing, None, {}, {})
        asking = Gathering(conn, day.register, self._institution, self._policy, day.book, (nobody,))
        parts: list[pa.Array] = []
        reads: list[Read] = []
        rows: _Rows = {}
        for name in facts_wanted(compiled, wanted):
            keys, at = _keys(table, asked_about(compiled, name))
            told = self._answers(asking, name, keys, rows)
            for path in leaves_of({name: declared[name]}):
                column = pa.array([one.leaves.get(path) for one in told]).take(at)
                if path in table.column_names:
                    table = table.drop_columns([path])
                table = table.append_column(path, column)
            parts.append(pa.array([one.text or None for one in told], pa.string()).take(at))
            if declared[name].provider in READING:
                reads.append(Read([one.read for one in told], np.asarray(at)))
        return Gathered(table, _joined(parts, len(table)), reads)

    def _kept(self, facility: str, name: str, fact: Fact, day: date) -> dict[tuple[str, ...], Told]:
        """Return what was answered to a fact on a day, to be kept unless it is a balance."""
        if fact.provider in READING:
            return {}
        key = facility, name, day
        if key not in self._told:
            self._told[key] = {}
            for heading in LOOKS_UNDER[fact.provider](fact.args):
                self._under.setdefault(heading, []).append(self._told[key])
        return self._told[key]

    def _answers(
        self, asking: Gathering, name: str, keys: Sequence[tuple[str, ...]], known: _Rows
    ) -> list[Told]:
        """Return what a fact's provider says of each key, asking about those not asked yet.

        `known` are the rows that facts asked before were asked for: many ask about the same.
        """
        nobody = asking.rows[0]
        compiled, fact = nobody.compiled, nobody.compiled.facts[name]
        kept = self._kept(compiled.facility, name, fact, nobody.standing.on)
        fresh = [key for key in keys if key not in kept]
        if fresh:
            roles = self._policy.pack.facilities[compiled.facility].parties
            asked = asked_about(compiled, name)
            made = {} if fact.provider in READING else known.setdefault(asked, {})
            for key in fresh:
                if key not in made:
                    made[key] = _named(nobody, asked, key, roles)
            rows = [made[key] for key in fresh]
            raws = PROVIDERS[fact.provider](replace(asking, rows=rows), fact.args)
            kept |= zip(fresh, _told(name, fact, rows, raws), strict=True)
            self._count += len(fresh) if fact.provider not in READING else 0
        return [kept[key] for key in keys]


def _told(name: str, fact: Fact, rows: Sequence[Known], raws: Sequence[Raw]) -> Iterator[Told]:
    """Yield what a provider said of some rows; what is no number is written down once."""
    leaves = leaves_of({name: fact})
    plain: dict[Raw, Told] = {}
    for row, raw in zip(rows, raws, strict=True):
        read = next(iter(row.read.items()), None)
        is_plain = read is None and (raw is None or isinstance(raw, bool | str))
        told = plain.get(raw) if is_plain else None
        if told is None:
            facts = dict(row.facts)
            place(facts, name, fact, leaves, raw)
            said = stored_facts({p: v for p, v in facts.items() if p in leaves})
            told = Told(said, canonical_text(said)[1:-1], read)
        if is_plain:
            plain[raw] = told
        yield told


def facts_wanted(compiled: Compiled, wanted: frozenset[str]) -> list[str]:
    """Return the facts that others than the sender are asked for, in the order of the file."""
    declared, leaves = compiled.facts, leaves_of(compiled.facts)
    named = {leaf.name for path, leaf in leaves.items() if path in wanted}
    named |= {declared[n].args["id"] for n in named if "id" in declared[n].args} & set(declared)
    beside = {leaves[path].name for path in compiled.facts_beside_used if path in leaves}
    found = [
        name
        for name, fact in declared.items()
        if name in named
        and fact.provider != "sender"
        and not (fact.provider == "used" and name not in beside)
    ]
    return sorted(found, key=lambda name: declared[name].provider in READING)


def asked_about(compiled: Compiled, name: str) -> tuple[tuple[str, str], ...]:
    """Return what a fact is asked about: roles and facts, and roles whose account is named."""
    fact = compiled.facts[name]
    found = [(PARTY, fact.args[arg]) for arg in ASKED.get(fact.provider, ())]
    if fact.provider == "used":
        for limit in compiled.action.limits:
            if limit.id == fact.args["limit"]:
                pool = fact.args.get("pool", "")
                part = next(one for one in limit.parts if pool in {one.id, ""})
                found += [(PARTY, part.holder), (PARTY, limit.asset)]
    if fact.provider == "balance":
        role = fact.args["account"].partition(".")[0]
        found += [(PARTY, role), (ACCOUNT, role)]
        found += [
            (PARTY, one.currency)
            for one in compiled.facts.values()
            if one.provider == "balance" and one.args["account"] == fact.args["account"]
        ]
    if fact.type == "money" and fact.currency:
        found.append((PARTY, fact.currency))
    return tuple(dict.fromkeys(one for one in found if one[1] not in CURRENCIES))


def is_askable(compiled: Compiled, wanted: frozenset[str]) -> bool:
    """Tell whether all an action wants to know is asked about parties, accounts and texts."""
    for name in facts_wanted(compiled, wanted):
        if compiled.facts[name].provider not in {*ASKED, *READING}:
            return False
        leaves = leaves_of(compiled.facts)
        asked = {leaves[one].type for _, one in asked_about(compiled, name) if one in leaves}
        if not asked <= _NAMING:
            return False
    return True


def rests_on_balances(compiled: Compiled, wanted: frozenset[str]) -> bool:
    """Tell whether an action wants to know how an account stands."""
    names = facts_wanted(compiled, wanted)
    return any(compiled.facts[name].provider in READING for name in names)


def _keys(
    table: pa.Table, asked: Sequence[tuple[str, str]]
) -> tuple[list[tuple[str, ...]], pa.Array]:
    """Return what a fact is asked about, each once, and which of them each row asks about."""
    columns = [
        texts(table, name) if before == PARTY else texts(table, f"{before}{name}", "")
        for before, name in asked
    ]
    if not columns:
        return [()], pa.array(np.zeros(len(table), np.int64))
    return distinct(columns)


def distinct(columns: Sequence[pa.Array]) -> tuple[list[tuple[str, ...]], pa.Array]:
    """Return the different rows of some columns of texts, and which of them each row is."""
    coded = [column.dictionary_encode() for column in columns]
    names = [one.dictionary.to_pylist() for one in coded]
    at: Any = np.asarray(coded[0].indices).astype(np.int64)
    if len(columns) == 1:
        return [(name,) for name in names[0]], pa.array(at)
    for one, known in zip(coded[1:], names[1:], strict=True):
        at = at * len(known) + np.asarray(one.indices)
    found, at = np.unique(at, return_inverse=True)
    places = np.stack(np.unravel_index(found, [len(known) for known in names]), 1).tolist()
    rows = (zip(names, row, strict=True) for row in places)
    return [tuple(known[one] for known, one in row) for row in rows], pa.array(at)


def texts(table: pa.Table, name: str, before: str = PARTY) -> pa.Array:
    """Return the party in a role, or the text of a fact; an empty text where there is none."""
    for column in (f"{before}{name}", name):
        if column in table.column_names:
            found = table[column].combine_chunks()
            if pa.types.is_null(found.type):
                break
            return found.cast(pa.string()).fill_null("")
    return pa.repeat(pa.scalar("", pa.string()), len(table))


def _named(
    row: Known, asked: Sequence[tuple[str, str]], key: tuple[str, ...], roles: Container[str]
) -> Known:
    """Return a row that names what a fact is asked about, and no more."""
    said = [(before, name, one) for (before, name), one in zip(asked, key, strict=True) if one]
    return replace(
        row,
        parties={name: one for before, name, one in said if before == PARTY and name in roles},
        accounts={name: one for before, name, one in said if before == ACCOUNT},
        facts={name: one for before, name, one in said if before == PARTY and name not in roles},
        read={},
    )


def _joined(parts: Sequence[pa.Array], count: int) -> pa.Array:
    """Return the parts of each row as one JSON object."""
    if not parts:
        return pa.repeat(pa.scalar("{}", pa.string()), count)
    body = pc.binary_join_element_wise(*parts, ",", null_handling="skip")
    return pc.binary_join_element_wise("{", body, "}", "")
