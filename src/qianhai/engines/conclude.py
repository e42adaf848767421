"""From what an engine answered to what is decided: one decision for each kind of rows.

Rows are of one kind when every test, every limit and everything that is booked came to the same,
and the same is missing. The first row of a kind is decided by `policy.decide`, whose answer is
the answer of all of them; so what a decision means stands in the policy alone, and each kind
proves the engine against it. Limits are figured for every row.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qianhai.engines.desk import KINDS_MAX, Group, Said, said_of
from qianhai.engines.exact import FIGURE, decimals_of, figures_of
from qianhai.engines.facts import facts_at
from qianhai.engines.flaws import FLAWS_MAX, Flaws, too_large
from qianhai.engines.forms import Array, Mask
from qianhai.engines.marks import kinds_lacking, kinds_of, packed
from qianhai.engines.rooms import FIGURES, Answers, Use, rooms_of, use_name
from qianhai.policy import Decision, LimitUse, Policy
from qianhai.rules import WIDE, SqlProgram

#: What decided a row that its columns could not hold, or that an engine's digits could not.
PYTHON: Final = "python"
#: By FALSE, TRUE and UNKNOWN.
_LETTERS: Final = "ftu"

#: The rows of `missing` for some rows of a relation, by their places in it.
Missing = Callable[[Mask], pa.Table]


def answer_schema(policy: Policy, facilities: Iterable[str]) -> pa.Schema:
    """Return the columns of the answers to a file of some facilities."""
    text = pa.string()
    fields = [("row", pa.int64()), ("id", text), ("facility", text), ("action", text)]
    fields += [("on", pa.date32()), ("outcome", text), ("clause", text)]
    fields += [("reasons", pa.list_(text)), ("conditions", text), ("missing", pa.list_(text))]
    for name in _uses(policy, facilities):
        fields += [(f"{name}.asset", text), *((f"{name}.{one}", FIGURE) for one in FIGURES)]
    return pa.schema([*fields, ("engine", text)])


def _uses(policy: Policy, facilities: Iterable[str]) -> list[str]:
    known = policy.pack.facilities
    actions = [one for name in facilities if name in known for one in known[name].actions.values()]
    limits = [limit for action in actions for limit in action.limits]
    return list(dict.fromkeys(use_name(limit, pool) for limit in limits for pool in limit.parts))


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a group, with the program that its relation's columns are of."""

    group: Group
    program: SqlProgram
    relation: pa.Table

    def decide(self, at: int) -> Decision:
        """Decide one row by itself."""
        return self.group.decide(facts_at(self.group, self.program, self.relation, at))


def conclude(
    rows: Rows, table: pa.Table, missing: Missing, engine: str, schema: pa.Schema, flaws: Flaws
) -> pa.Table:
    """Return the answers to a group's rows from what an engine made of its relation.

    `table` holds the program's outputs, row for row. A figure too long for its column is a flaw.
    """
    alone = np.asarray(rows.relation["odd"].is_valid()) | np.asarray(table[WIDE].combine_chunks())
    answers = Answers(rows.group, rows.program, table)
    fits, uses = rooms_of(answers)
    kinds = _Kinds(rows, answers, fits, uses)
    said, wide = kinds.told(~alone, missing)
    alone = alone | wide
    return _answered(rows, (said, alone), uses, engine, schema, flaws)


def conclude_alone(rows: Rows, schema: pa.Schema, flaws: Flaws) -> pa.Table:
    """Return the answers to a group's rows, each decided by itself."""
    count = len(rows.relation)
    alone = np.ones(count, np.bool_)
    none = np.full(count, None, object)
    return _answered(rows, (none, alone), [], PYTHON, schema, flaws)


class _Kinds:
    """The kinds of rows of a group, and what is decided of each."""

    def __init__(
        self, rows: Rows, answers: Answers, fits: Sequence[Mask], uses: Sequence[Use]
    ) -> None:
        compiled = rows.group.compiled
        self._rows = rows
        self._uses = uses
        self._tests = [answers.test(f"test.{name}") for name in compiled.tests]
        marks = [(mask, 2) for mask in (*self._tests, *fits)]
        for guard, key in compiled.postings:
            if guard:
                marks.append((answers.test(guard), 2))
            marks.append((answers.known(key).astype(np.uint8), 1))
        self._words = packed(marks, answers.count)

    def told(self, mask: Mask, missing: Missing) -> tuple[Mask, Mask]:
        """Return what is said of each row of a mask, and which of them are to be decided alone."""
        said = np.full(len(mask), None, object)
        wide = np.zeros(len(mask), np.bool_)
        open_rows: list[Mask] = []
        for key, places in kinds_of(self._words, np.flatnonzero(mask)):
            found = self._first(b"k" + key, int(places[0]))
            if found.missing or found.outcome == "incomplete":
                open_rows.append(places)
            else:
                said[places] = found
        if open_rows:
            places = np.sort(np.concatenate(open_rows))
            lacking = kinds_lacking(self._rows.program, self._words, places, missing(places))
            wide[lacking.wide] = True
            for key, at in lacking.kinds:
                said[at] = self._first(b"m" + key, int(at[0]))
        return said, wide

    def _first(self, key: bytes, at: int) -> Said:
        """Return what is said of a kind; the first row of it is decided, and proves the engine."""
        kinds = self._rows.group.kinds
        if key not in kinds:
            if len(kinds) >= KINDS_MAX:
                kinds.clear()
            decision = self._rows.decide(at)
            kinds[key] = said_of(decision)
            letters = "".join(_LETTERS[one[at]] for one in self._tests)
            assert kinds[key].conditions[1:] == letters, "an engine answers as the rules do"
            self._prove(decision.limits, at)
        return kinds[key]

    def _prove(self, limits: Sequence[LimitUse], at: int) -> None:
        by_name = {use.id: use for use in limits}
        for use in self._uses:
            assert (use.name in by_name) == bool(use.drawn[at]), "an engine draws as the rules do"
            if not use.drawn[at]:
                continue
            for figure, column in use.figures.items():
                text = getattr(by_name[use.name], figure)
                told = None if text is None else int(text.replace(".", ""))
                found = int(column.numbers[at]) if column.known[at] else None
                assert told == found, "an engine counts as the rules do"


def _answered(
    rows: Rows,
    told: tuple[Mask, Mask],
    uses: Sequence[Use],
    engine: str,
    schema: pa.Schema,
    flaws: Flaws,
) -> pa.Table:
    """Lay out the answers; rows that are decided alone bring their own figures."""
    said, alone = told
    decisions: dict[int, Decision] = {}
    for at in np.flatnonzero(alone):
        decisions[int(at)] = decision = rows.decide(int(at))
        said[at] = said_of(decision)
    distinct: dict[int, Said] = {id(one): one for one in said}
    number = {key: at for at, key in enumerate(distinct)}
    at_said = pa.array([number[id(one)] for one in said], pa.int32())
    each, compiled, count = list(distinct.values()), rows.group.compiled, len(said)
    text = pa.string()
    columns = {
        "row": rows.relation["row"],
        "id": rows.relation["id"],
        "facility": _same(compiled.facility, count),
        "action": _same(compiled.name, count),
        "on": rows.relation["day"],
        "outcome": pa.array([one.outcome for one in each], text).take(at_said),
        "clause": _same(compiled.action.clause, count),
        "reasons": pa.array([one.reasons for one in each], pa.list_(text)).take(at_said),
        "conditions": pa.array([one.conditions for one in each], text).take(at_said),
        "missing": pa.array([one.missing for one in each], pa.list_(text)).take(at_said),
        "engine": pc.if_else(pa.array(alone), PYTHON, engine),
    }
    columns |= _figures(uses, decisions, rows.relation, flaws)
    none = {field.name: pa.nulls(count, field.type) for field in schema}
    return pa.table([(none | columns)[name] for name in schema.names], schema=schema)


def _same(word: str, count: int) -> Array:
    return pa.repeat(pa.scalar(word, pa.string()), count)


def _figures(
    uses: Sequence[Use], decisions: Mapping[int, Decision], relation: pa.Table, flaws: Flaws
) -> dict[str, Array]:
    """Return the columns of the limits, those of rows decided alone put in their places."""
    count = len(relation)
    places = relation["row"]
    alone = np.zeros(count, np.bool_)
    alone[list(decisions)] = True
    by_name: dict[str, dict[int, LimitUse]] = {}
    for at, decision in decisions.items():
        for one in decision.limits:
            by_name.setdefault(one.id, {})[at] = one
    columns: dict[str, Array] = {}
    for use in uses:
        kept = pa.array(use.drawn & ~alone)
        columns[f"{use.name}.asset"] = pc.if_else(kept, use.assets, pa.scalar(None, pa.string()))
        for figure, column in use.figures.items():
            name = f"{use.name}.{figure}"
            columns[name], large = figures_of(column.where(~alone), use.scales)
            for at in np.flatnonzero(large)[:FLAWS_MAX]:
                row, shown = places[int(at)].as_py(), str(column.numbers[at])
                flaws.add([too_large(flaws, row, name, shown)])
    for pool, own in by_name.items():
        for figure in ("asset", *FIGURES):
            name, kind = f"{pool}.{figure}", pa.string() if figure == "asset" else FIGURE
            texts = {at: getattr(one, figure) for at, one in own.items()}
            base = columns.get(name, pa.nulls(count, kind))
            columns[name] = _put(base, texts, name, places, flaws)
    return columns


def _put(
    base: Array,
    texts: Mapping[int, str | None],
    name: str,
    places: Array,
    flaws: Flaws,
) -> Array:
    """Return a column with the texts of some rows put into it."""
    mask = np.zeros(len(base), np.bool_)
    kept: list[str | None] = []
    for at in sorted(texts):
        text = texts[at]
        if base.type == FIGURE and text is not None and len(text.partition(".")[0]) > _DIGITS:
            flaws.add([too_large(flaws, places[at].as_py(), name, text)])
            text = None
        mask[at] = True
        kept.append(text)
    values = pa.array(kept, base.type) if base.type != FIGURE else decimals_of(kept)
    return pc.replace_with_mask(base, pa.array(mask), values)


_DIGITS: Final = 30
