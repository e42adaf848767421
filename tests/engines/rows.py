"""Random rows over every action of the pack, as a table, and what the policy says of each alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pyarrow as pa

from plan.random_facts import Values
from qianhai.kernel import Place
from qianhai.policy import (
    Case,
    Decision,
    Leaf,
    Policy,
    cases_of,
    decide_case,
    leaves_of,
    read_facts,
)
from qianhai.rules import ABSENT

_LARGE = [Decimal(10**15), Decimal("9007199254740993.01"), Decimal("92233720368547758.07")]
_FINE = [Decimal("0.00000001"), Decimal("0.123456789012"), Decimal("123456789012345678.5")]


@dataclass(frozen=True)
class Row:
    """One instruction: its head, and its facts as texts of `read_facts`; None is absent."""

    facility: str
    action: str | None
    on: date
    facts: Mapping[str, object]


def _text(value: object) -> object:
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{value:f}"
        case date():
            return value.isoformat()
        case list():
            return [{name: _text(one) for name, one in row.items()} for row in value]
    return None if value is ABSENT else str(value)


def _fits(lists: dict[str, object], leaves: Mapping[str, Leaf]) -> bool:
    """Tell whether facts can share a table: a column holds lists of one form, or none at all."""
    forms = {path: _form(leaf) for path, leaf in leaves.items()}
    return all(lists.setdefault(path, form) == form for path, form in forms.items())


def _form(leaf: Leaf) -> object:
    fields = leaf.fact.fields.items()
    return [(name, one.type) for name, one in fields] if leaf.type == "list" else None


class Draw:
    """Draws rows near the examples of the pack, with unknowns and now and then extreme figures."""

    def __init__(self, policy: Policy, random: Random) -> None:
        self._random = random
        self._policy = policy
        lists: dict[str, object] = {}
        self._cases = [
            (case, self._values(case))
            for case in cases_of(policy)
            if case.compiled.name and _fits(lists, leaves_of(case.compiled.facts))
        ]

    def _values(self, case: Case) -> Values:
        return Values(case, decide_case(self._policy, case), self._random)

    def rows(self, count: int, facilities: Sequence[str] = ()) -> list[Row]:
        """Draw rows of some facilities, or of all."""
        cases = [
            one for one in self._cases if not facilities or one[0].compiled.facility in facilities
        ]
        return [self._row(*self._random.choice(cases)) for _ in range(count)]

    def _row(self, case: Case, values: Values) -> Row:
        random, leaves = self._random, leaves_of(case.compiled.facts)
        facts: dict[str, object] = {path: _text(one) for path, one in case.facts.items()}
        changed = random.random() ** 3
        for path, leaf in leaves.items():
            if random.random() < changed:
                facts[path] = _text(values.of(leaf))
            if random.random() < changed * 0.4:
                facts.pop(path, None)
            if random.random() < 0.01 and leaf.type in {"money", "number", "rate"}:
                facts[path] = _text(random.choice([*_LARGE, *_FINE]))
        on = case.standing.on + timedelta(days=random.choice([0, 0, 0, 1, 400, -3000]))
        action: str | None = case.compiled.name
        if random.random() < 0.5 and case.compiled is self._policy.compiled(case.compiled.facility):
            action = None
        return Row(case.compiled.facility, action, on, self._legal(leaves, facts))

    def _legal(self, leaves: Mapping[str, Leaf], facts: dict[str, object]) -> Mapping[str, object]:
        while True:
            _, flaws = read_facts({}, facts.items(), lambda path: Place("", 1, path), leaves=leaves)
            if not flaws:
                return facts
            for flaw in flaws:
                facts.pop(str(flaw.place.column), None)


def decided(policy: Policy, row: Row) -> Decision:
    """What the policy says of one row by itself."""
    compiled = policy.compiled(row.facility, row.action or "")
    facts, flaws = read_facts(compiled.facts, row.facts.items(), lambda path: Place("", 1, path))
    assert not flaws, flaws
    return policy.decide(compiled, facts, policy.standing(row.on)).decision


def table_of(policy: Policy, rows: Sequence[Row], *, typed: bool) -> pa.Table:
    """Return rows as a table: columns of their own types, or all texts."""
    kinds: dict[str, set[str]] = {}
    leaves: dict[str, Leaf] = {}
    for facility in sorted({row.facility for row in rows}):
        for path, leaf in leaves_of(policy.pack.facilities[facility].facts).items():
            kinds.setdefault(path, set()).add(leaf.type)
            leaves[path] = leaf
    columns: dict[str, Any] = {
        "id": pa.array([f"i{number}" for number in range(len(rows))]),
        "facility": pa.array([row.facility for row in rows]),
        "action": pa.array([row.action for row in rows], pa.string()),
        "on": pa.array([row.on if typed else row.on.isoformat() for row in rows]),
    }
    for path, leaf in leaves.items():
        kind = _kind(leaf) if typed and len(kinds[path]) == 1 else pa.string()
        if leaf.type == "list":
            kind = pa.list_(pa.struct([(name, pa.string()) for name in leaf.fact.fields]))
        columns[path] = pa.array([_cell(kind, row.facts.get(path)) for row in rows], kind)
        absent = [path in row.facts and row.facts[path] is None for row in rows]
        if any(absent):
            columns[f"{path}.absent"] = pa.array(absent)
    return pa.table(columns)


def _kind(leaf: Leaf) -> pa.DataType:
    kinds = {"boolean": pa.bool_(), "integer": pa.int64(), "date": pa.date32()}
    numbers = dict.fromkeys(("number", "money", "rate"), pa.decimal128(36, 12))
    return (kinds | numbers).get(leaf.type, pa.string())


def _cell(kind: pa.DataType, text: object) -> object:
    if not isinstance(text, str) or pa.types.is_string(kind):
        return text
    if pa.types.is_boolean(kind):
        return text == "true"
    if pa.types.is_date(kind):
        return date.fromisoformat(text)
    return Decimal(text) if pa.types.is_decimal(kind) else int(text)


def differences(policy: Policy, rows: Sequence[Row], table: pa.Table) -> Iterator[str]:
    """Yield every answer of a table that is not what the policy says of the row."""
    assert table.num_rows == len(rows)
    for number, (row, found) in enumerate(zip(rows, table.to_pylist(), strict=True)):
        decision = decided(policy, row)
        told = {
            "row": number,
            "id": f"i{number}",
            "facility": decision.facility,
            "action": decision.action,
            "on": row.on,
            "outcome": decision.outcome.value,
            "clause": decision.clause,
            "reasons": [reason.code for reason in decision.reasons],
            "conditions": "".join(
                {True: "t", False: "f", None: "u"}[c.value] for c in decision.conditions
            ),
            "missing": [one.fact for one in decision.missing],
        }
        uses = {use.id: use for use in decision.limits}
        pools = [
            name.removesuffix(".asset") for name in table.column_names if name.endswith(".asset")
        ]
        for pool in pools:
            for figure in ("asset", "cap", "used", "asked", "left"):
                text = getattr(uses[pool], figure) if pool in uses else None
                is_figure = figure != "asset" and text is not None
                told[f"{pool}.{figure}"] = Decimal(str(text)) if is_figure else text
        told["engine"] = found["engine"]
        assert uses.keys() <= set(pools)
        if told != found:
            wrong = {name: (told[name], found[name]) for name in found if told[name] != found[name]}
            yield f"{row}: told and found: {wrong}"
