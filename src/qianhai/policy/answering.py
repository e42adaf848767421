"""Which answers a fact may get, one for each class of values that an action tells apart.

A yes-or-no fact has two, a listed word as many as there are words; a figure or a day has those
at, just below and just above everything it is compared with. Holds no order of questions and
decides nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain, combinations, islice, product
from typing import Final

from qianhai import rules
from qianhai.kernel import CURRENCIES, add_months
from qianhai.policy.compiling import Compiled
from qianhai.policy.facts import Leaf
from qianhai.policy.standing import Standing
from qianhai.rules import ABSENT

_ORDERS: Final = frozenset({"=", "<>", "<", "<=", ">", ">="})
_WORDS: Final = ("A", "B")
_MONEY: Final = ("CNY", "USD")
_LARGE: Final = Decimal(10**12)
_SPAN: Final = timedelta(days=3660)
_DAY: Final = timedelta(days=1)
_MONTHS_MAX: Final = 1200
_DAYS_MAX: Final = 40_000
_KINDS_MAX: Final = 5


@dataclass(slots=True)
class Near:
    """What a leaf is compared with: values of the text and of the day, and other leaves."""

    values: set[object] = field(default_factory=set)
    leaves: set[str] = field(default_factory=set)


def neighbours(compiled: Compiled, standing: Standing) -> dict[str, Near]:
    """Return by leaf, and by field of a row, what the action's expressions compare it with."""
    found: dict[str, Near] = {}
    for node in _comparisons(compiled):
        values: set[object] = set()
        leaves: set[str] = set()
        for part in rules.walk(node):
            if isinstance(part, rules.Const):
                values.add(part.value)
            elif isinstance(part, rules.Leaf) and part.kind == "parameter":
                values.add(standing.parameters.get(part.name))
            elif isinstance(part, rules.Leaf) and part.kind in {"fact", "item"}:
                leaves.add(part.name)
        for leaf in leaves:
            near = found.setdefault(leaf, Near())
            near.values |= values - {None}
            near.leaves |= leaves - {leaf}
    return found


def _comparisons(compiled: Compiled) -> Iterator[rules.Node]:
    """Yield every comparison of an action; a limit compares all its figures with each other."""
    trees = [*compiled.guards.values(), *(tree for _, tree in compiled.tests.values())]
    for key, tree in compiled.values.items():
        trees.append(tree)
        if key.startswith("limit."):
            yield tree.root
    for tree in trees:
        for node in rules.walk(tree.root):
            if isinstance(node, rules.Within) or getattr(node, "op", "") in _ORDERS:
                yield node


class Answers:
    """The classes of answers of an action on a day, beside the facts that are known."""

    def __init__(self, compiled: Compiled, standing: Standing) -> None:
        self._near = neighbours(compiled, standing)
        self._on = standing.on

    def of(self, leaves: Sequence[Leaf], facts: Mapping[str, object]) -> list[dict[str, object]]:
        """Return the answers to a question: the classes of its leaves, each with each."""
        paths = [leaf.path for leaf in leaves]
        choices = [self.classes(leaf, facts) for leaf in leaves]
        return [dict(zip(paths, values, strict=True)) for values in product(*choices)]

    def classes(self, leaf: Leaf, facts: Mapping[str, object]) -> list[object]:
        """Return one value of a leaf for each class; an optional one may also be absent."""
        found = self._rows(leaf) if leaf.type == "list" else self._scalars(leaf, facts)
        return [*found, ABSENT] if leaf.fact.optional else found

    def _scalars(self, leaf: Leaf, facts: Mapping[str, object]) -> list[object]:
        near = self._near.get(leaf.path, Near())
        beside = near.values | {
            facts[name] for name in near.leaves if not isinstance(facts.get(name), list | None)
        }
        match leaf.type:
            case "boolean":
                return [True, False]
            case "enum":
                return list(leaf.values)
            case "currency":
                return _sorted({*_MONEY, *(one for one in beside if one in CURRENCIES)})
            case "text":
                return _sorted({*_WORDS, *(one for one in beside if isinstance(one, str))})
            case "date":
                return list(_days(beside, self._on))
        code = str(facts.get(leaf.currency, leaf.currency))
        return list(_figures(leaf, beside, CURRENCIES.get(code, 0)))

    def _rows(self, leaf: Leaf) -> list[object]:
        """Return every choice of a few kinds of rows: none, one of a kind, some of each."""
        choices = []
        for name, row in leaf.fact.fields.items():
            part = Leaf(name, leaf.name, leaf.fact, row.type, row.currency, row.values)
            choices.append([(name, value) for value in self._scalars(part, {})])
        kinds = [dict(row) for row in islice(product(*choices), _KINDS_MAX)]
        chosen = chain.from_iterable(combinations(kinds, count) for count in range(len(kinds) + 1))
        return [list(rows) for rows in chosen]


def _sorted(words: Iterable[object]) -> list[object]:
    return sorted(words, key=str)


def _figures(leaf: Leaf, beside: Iterable[object], scale: int) -> Iterator[object]:
    """Yield figures at and about those a leaf is compared with, the smallest and a large one."""
    unit = Decimal(1).scaleb(-scale) if leaf.type == "money" else Decimal("0.01")
    unit = Decimal(1) if leaf.type == "integer" else unit
    found: set[Decimal] = {Decimal(0), unit, Decimal(1), _LARGE}
    for one in beside:
        if isinstance(one, int | Decimal):
            at = Decimal(one).quantize(unit) if abs(Decimal(one)) < _LARGE else _LARGE
            found |= {at - unit, at, at + unit}
    least = unit if leaf.type == "rate" or leaf.fact.iso == "instructed_amount" else Decimal(0)
    for figure in sorted(found):
        if figure >= least:
            yield int(figure) if leaf.type == "integer" else figure


def _days(beside: Iterable[object], on: date) -> Iterator[object]:
    """Yield days at and about those a leaf is compared with, and the terms that are counted."""
    values = list(beside)
    starts = {on, *(one for one in values if isinstance(one, date))}
    terms = [int(one) for one in values if isinstance(one, int | Decimal) and 1 < one < _DAYS_MAX]
    found = {on - _SPAN, on + _SPAN}
    for start in starts:
        for days in {0, *terms, *(-days for days in terms)}:
            found |= {start + timedelta(days=days + step) for step in (-1, 0, 1)}
        for months in (count for term in terms if term < _MONTHS_MAX for count in (term, -term)):
            at = add_months(start, months)
            found |= {at - _DAY, at, at + _DAY}
    return iter(sorted(found))
