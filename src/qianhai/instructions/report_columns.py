"""Records of many instructions in columns: what `reports` fills in for one, for a part at once.

Rows whose records differ in nothing but numbers, names and texts that are only copied share one:
it is filled in once, with marks, by the same code as a single record, and then for every row. What
a record hangs on (what is stated at all, a code, an area, who is the same as whom, the kind of an
account) is what rows must share.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qianhai.instructions.block import PARTY
from qianhai.instructions.model import Instruction, Known
from qianhai.instructions.part import Part
from qianhai.instructions.reports import Bound, Reporter
from qianhai.instructions.template import decimals, escaped, fill, in_one, mark
from qianhai.kernel import canonical_text
from qianhai.ledger import Asset, Movement

Numbers = np.ndarray[Any, Any]
Columns = dict[str, Any]
#: A record of each row: its kind, its period, and what is kept of it.
Texts = tuple[str, str, pa.Array]


@dataclass(frozen=True, slots=True)
class _Leg:
    """A leg of every row that a form may count: what moved, and what it is called.

    `kinds` and `holders` are those of the account debited and of the one credited.
    """

    item: str
    amount: Numbers
    assets: Sequence[Asset]
    asset: Numbers
    kinds: tuple[pa.Array, ...]
    holders: tuple[pa.Array, ...]


def part_records(reporter: Reporter, part: Part) -> list[Texts]:
    """Return the records that the rows of a settled part owe."""
    if not part.decision.reports:
        return []
    return _PartRecords(reporter, part).texts()


class _PartRecords:
    """The records of one part while they are made."""

    def __init__(self, reporter: Reporter, part: Part) -> None:
        self._reporter, self._part = reporter, part
        rules = part.judged.business.rules
        self._compiled, self._standing = rules.compiled, rules.standing
        self._bound = reporter.forms(self._compiled)
        self._exact = _exact(self._bound)
        self._rows = pa.array(part.rows)
        self._legs = list(_legs(part))
        self._names = self._parties()
        self._facts = {path: self._column(path) for path in _paths(self._bound)}
        self._areas = part.areas

    def texts(self) -> list[Texts]:
        """Return the records, form by form."""
        count = len(self._part)
        key, first = self._shapes()
        columns: Columns = {"id": escaped(pa.array(self._part.ids()))}
        columns |= {
            f"p{n}": escaped(one.fill_null("")) for n, one in enumerate(self._names.values())
        }
        columns |= {
            f"f{n}": escaped(one.fill_null(""))
            for n, one in enumerate(self._facts.values())
            if pa.types.is_string(one.type)
        }
        found: list[Texts] = []
        for bound in self._bound:
            whole: list[pa.Array] = []
            order: list[Numbers] = []
            period = ""
            for shape, row in enumerate(first.tolist()):
                rows = np.flatnonzero(key == shape)
                record = self._shared(bound, row)
                amounts = {
                    f"a{n}": decimals(leg.amount[rows], leg.assets[leg.asset[row]].scale)
                    for n, leg in enumerate(self._legs)
                }
                at = pa.array(rows)
                own = {name: one.take(at) for name, one in columns.items()} | amounts
                whole.append(fill(canonical_text(record.content), own, len(rows)))
                order.append(rows)
                period = record.period
            back = np.argsort(np.concatenate(order), kind="stable")
            texts = in_one(whole).take(pa.array(back))
            assert len(texts) == count, "a record for each row"
            found.append((bound.form.id, period, texts))
        return found

    def _parties(self) -> dict[str, pa.Array]:
        """Return who is named: parties in their roles, and the holders on each side of a leg."""
        table = self._part.judged.table
        names = {
            column.removeprefix(PARTY): table[column].combine_chunks().take(self._rows)
            for column in table.column_names
            if column.startswith(PARTY)
        }
        for at, leg in enumerate(self._legs):
            names[f"debit {at}"], names[f"credit {at}"] = leg.holders
        return {name: one for name, one in names.items() if pa.types.is_string(one.type)}

    def _column(self, path: str) -> pa.Array:
        table = self._part.judged.table
        if path not in table.column_names:
            return pa.nulls(len(self._part), pa.string())
        found = table[path].combine_chunks().take(self._rows)
        return found.cast(pa.string()) if pa.types.is_null(found.type) else found

    def _shapes(self) -> tuple[Numbers, Numbers]:
        """Return a number for what each row's records hang on, and the first row of each."""
        marks = list(self._who())
        for path, column in self._facts.items():
            is_text = pa.types.is_string(column.type) and path not in self._exact
            marks.append(_coded(pc.is_valid(column) if is_text else column))
        for leg in self._legs:
            marks += [leg.asset, *map(_coded, leg.kinds), leg.amount != 0]
        key = np.zeros(len(self._part), np.int64)
        for codes in marks:
            if codes.min() != codes.max():
                _, key = np.unique(key * (int(codes.max()) + 2) + codes + 1, return_inverse=True)
        _, first = np.unique(key, return_index=True)
        return key, first

    def _who(self) -> Iterator[Numbers]:
        """Yield what a record hangs on of who is named: whether, where, and as whom before."""
        none = pa.array([], pa.string())
        named = pa.concat_arrays([none, *self._names.values()]).dictionary_encode()
        numbers: dict[tuple[bool, str | None], int] = {}
        area = [
            numbers.setdefault((bool(one), self._areas.get(one)), len(numbers))
            for one in named.dictionary.to_pylist()
        ]
        area_of = np.array([*area, -1])  # the last is for nobody
        who = np.asarray(named.indices.fill_null(-1)).reshape(len(self._names), len(self._part))
        for one in who:
            yield area_of[one]
            yield (who == one).argmax(axis=0)

    def _shared(self, bound: Bound, row: int) -> Any:  # noqa: ANN401 - a record with marks
        """Return the record of one row with marks for what is only copied."""
        ids: dict[str, str] = {}
        called: dict[str, str] = {}
        areas: dict[str, str] = {}
        for number, (name, column) in enumerate(self._names.items()):
            party = column[row].as_py()
            if party is None:
                continue
            if party not in ids:
                ids[party] = mark(f"p{number}") if party else ""
                if party in self._areas:
                    areas[ids[party]] = self._areas[party]
            called[name] = ids[party]
        facts: dict[str, object] = {}
        for number, (path, column) in enumerate(self._facts.items()):
            value = column[row].as_py()
            if value is not None:
                is_text = isinstance(value, str) and path not in self._exact
                facts[path] = mark(f"f{number}") if is_text else value
        group = self._part.judged.group
        parties = {name: one for name, one in called.items() if " " not in name}
        instruction = Instruction(
            mark("id"), "", group.facility, group.action, group.value_on, parties
        )
        known = Known(
            instruction, self._compiled, self._standing, None, parties, {}, facts, areas=areas
        )
        moved = [
            (number, leg, at)
            for number, leg in enumerate(self._legs)
            if leg.amount[row] and (at := int(leg.asset[row])) >= 0
        ]
        legs = [
            (
                Movement(
                    leg.assets[at], int(leg.amount[row]), 0,
                    leg.kinds[0][row].as_py(), called[f"debit {number}"],
                    leg.kinds[1][row].as_py(), called[f"credit {number}"],
                ),
                leg.item,
            )
            for number, leg, at in moved
        ]  # fmt: skip
        texts = [mark(f"a{number}") for number, _, _ in moved]
        return self._reporter.fill(bound, known, legs, texts)


def _legs(part: Part) -> Iterator[_Leg]:
    """Yield the legs of a part as records tell them."""
    if not part.legs:
        return
    sides = [side for leg in part.legs for side in (leg.debit, leg.credit)]
    used = np.unique(np.concatenate(sides))
    specs = [part.specs[at] for at in used.tolist()]
    assets = list(dict.fromkeys(spec.asset for spec in specs))
    number = {asset: at for at, asset in enumerate(assets)}
    of_spec = np.array([number[spec.asset] for spec in specs], np.int64)
    kinds = pa.array([spec.kind for spec in specs], pa.string())
    holders = pa.array([spec.holder for spec in specs], pa.string())
    items = iter(_items(part))
    for leg in part.legs:
        what, _, name = leg.owner.partition(".")
        debit, credit = (np.searchsorted(used, side) for side in (leg.debit, leg.credit))
        yield _Leg(
            next(items) if what == "account" else name,
            leg.amount,
            assets,
            of_spec[debit],
            tuple(kinds.take(pa.array(side)) for side in (debit, credit)),
            tuple(holders.take(pa.array(side)) for side in (debit, credit)),
        )


def _items(part: Part) -> Iterator[str]:
    """Yield what the pack calls the amount of each leg that moves money."""
    verdict, compiled = part.verdict, part.judged.business.compiled
    for at, leg in enumerate(compiled.action.legs):
        if verdict.guards[f"leg.{at}.when"] and verdict.values[f"leg.{at}.amount"]:
            yield leg.amount


def _paths(bound: Sequence[Bound]) -> list[str]:
    """Return the facts that forms read."""
    paths: dict[str, None] = {}
    for one in bound:
        for field in one.form.every.values():
            if field.source in {"fact", "code"}:
                paths |= dict.fromkeys(field.of)
                paths |= dict.fromkeys(name for names in field.items.values() for name in names)
    return list(paths)


def _exact(bound: Sequence[Bound]) -> set[str]:
    """Return the facts whose value decides more than its own field: codes, and what others ask."""
    found: set[str] = set()
    for one in bound:
        fields = one.form.every
        asked = {name for field in fields.values() for name in field.only}
        for name, field in fields.items():
            if field.source == "code" or field.table or name in asked:
                found |= {*field.of, *(n for names in field.items.values() for n in names)}
    return found


def _coded(column: pa.Array) -> Numbers:
    """Return a number for each value of a column; -1 where there is none."""
    return np.asarray(column.dictionary_encode().indices.fill_null(-1))
