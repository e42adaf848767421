"""What a tree means: the plain definition that every emitter is held to, and what is missing.

Holds three-valued evaluation over exact fractions. Must not be fast at the price of being plain.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final, cast

from qianhai import kernel
from qianhai.rules.model import (
    ABSENT,
    Apply,
    Case,
    Coalesce,
    Const,
    Env,
    IsNull,
    Junction,
    Leaf,
    ListFold,
    Node,
    TypedExpr,
    Value,
    Within,
    divides,
)
from qianhai.rules.types import Integer


def month_added(day: date, months: int) -> date | None:
    """Return the day some months on, or unknown where the calendar (years 1 to 9999) ends.

    >>> month_added(date(2023, 1, 31), 1), month_added(date(2023, 1, 31), 120_000)
    (datetime.date(2023, 2, 28), None)
    """
    try:
        return kernel.add_months(day, months)
    except (ValueError, OverflowError):
        return None


_APPLY: Final[dict[str, Callable[..., object]]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "not": lambda a: not a,
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "negate": lambda a: -a,
    "days_between": kernel.days_between,
    "add_months": lambda day, months: month_added(day, int(months)),
    "age_on": kernel.age_on,
    "greatest": max,
    "least": min,
}


#: Stands for any field of a row until the list is named for it.
_ROW: Final = "[]"


class _Walk:
    """One evaluation: the values of the names, and of the row that is being asked."""

    def __init__(self, env: Env) -> None:
        self.env = env
        self.row: Mapping[str, object] = {}
        #: What was found outside rows by node, once however often a part is shared or asked.
        self._found: dict[int, object] = {}
        self._lacking: dict[int, frozenset[str]] = {}

    def raw(self, leaf: Leaf) -> object:
        """Return what is on record for a leaf: a value, `ABSENT`, or `None` for unknown."""
        match leaf.kind:
            case "fact":
                return self.env.facts.get(leaf.name)
            case "item":
                return self.row.get(leaf.name)
            case "parameter":
                return self.env.parameters.get(leaf.name)
            case "switch":
                return self.env.switches.get(leaf.name)
        return leaf.name in self.env.open_clauses

    def value(self, node: Node) -> object:
        """Return the value of a node, numbers as fractions; `None` for unknown."""
        if self.row:
            return self._value(node)
        if id(node) not in self._found:
            self._found[id(node)] = self._value(node)
        return self._found[id(node)]

    def _value(self, node: Node) -> object:
        match node:
            case Const(value=value):
                return _exact(value)
            case Leaf():
                found = self.raw(node)
                return None if found is ABSENT else _exact(found)
            case Apply(op=op, operands=operands):
                values = [self.value(operand) for operand in operands]
                return None if None in values else _APPLY[op](*values)
            case Junction():
                return self.joined(node)
            case Within():
                return self.within(node)
            case IsNull(operand=leaf):
                found = self.raw(leaf)
                return None if found is None else found is ABSENT
            case Coalesce(operand=leaf, otherwise=otherwise):
                found = self.raw(leaf)
                return self.value(otherwise) if found is ABSENT else _exact(found)
            case Case():
                return self.agreed([self.value(branch) for branch in self.branches(node)])
            case _:
                assert isinstance(node, ListFold), "the tree has no other node"
                return self.fold(node)

    def joined(self, node: Junction) -> object:
        decides = node.op == "or"
        answer: bool | None = not decides
        for operand in node.operands:
            found = self.value(operand)
            if found is decides:
                return decides
            if found is None:
                answer = None
        return answer

    def within(self, node: Within) -> object:
        operand = self.value(node.operand)
        if operand is None:
            return None
        values = [self.value(item) for item in node.items]
        if len(values) == 1 and isinstance(values[0], tuple):
            values = list(values[0])
        return True if operand in values else None if None in values else False

    def branches(self, node: Case) -> list[Node]:
        """Return the branches a case may still take."""
        taken: list[Node] = []
        for guard, branch in zip(node.guards, node.values, strict=True):
            answer = self.value(guard)
            if answer is not False:
                taken.append(branch)
            if answer is True:
                return taken
        return [*taken, node.otherwise]

    def asked(self, node: Case) -> list[Node]:
        """Return the unknown guards a case may still ask, up to one that holds."""
        unknown: list[Node] = []
        for guard in node.guards:
            answer = self.value(guard)
            if answer is True:
                break
            if answer is None:
                unknown.append(guard)
        return unknown

    def agreed(self, values: Sequence[object]) -> object:
        return values[0] if all(value == values[0] for value in values) else None

    def rows(self, node: ListFold) -> Sequence[Mapping[str, object]] | None:
        found = self.raw(node.rows)
        return None if found is ABSENT else cast(Sequence[Mapping[str, object]] | None, found)

    def fold(self, node: ListFold) -> object:
        rows = self.rows(node)
        if rows is None:
            return None
        values: list[object] = []
        outer = self.row
        for self.row in rows:
            values.append(self.value(node.body))
        self.row = outer
        match node.op:
            case "all_of" | "any_of":
                decides = node.op == "any_of"
                return decides if decides in values else None if None in values else not decides
            case _ if None in values:
                return None
            case "count_of":
                return Fraction(values.count(True))
        if not values:
            return self.value(node.empty)
        known = cast(list[Fraction], values)
        match node.op:
            case "sum_of":
                return sum(known, Fraction(0))
            case "min_of":
                return min(known)
        return max(known)

    def lacking(self, node: Node) -> frozenset[str]:
        """Name what is unknown below a node and could still settle it."""
        if self.row:
            return self._lacking_of(node)
        if id(node) not in self._lacking:
            self._lacking[id(node)] = self._lacking_of(node)
        return self._lacking[id(node)]

    def _lacking_of(self, node: Node) -> frozenset[str]:
        if isinstance(node, Leaf):
            return frozenset() if self.raw(node) is not None else frozenset({label_of(node)})
        if isinstance(node, Const) or self.value(node) is not None:
            return frozenset()
        match node:
            case Case():
                return self.lacking_in([*self.asked(node), *self.branches(node)])
            case Coalesce(operand=leaf, otherwise=otherwise):
                return self.lacking(leaf) | self.lacking(otherwise)
            case ListFold():
                return self.lacking_rows(node)
        return self.lacking_in(node.children)

    def lacking_in(self, nodes: Sequence[Node]) -> frozenset[str]:
        return frozenset().union(*(self.lacking(node) for node in nodes))

    def lacking_rows(self, node: ListFold) -> frozenset[str]:
        """Name what the rows lack; an unknown list may turn out empty, or have any row."""
        rows = self.rows(node)
        asked = self.lacking(node.empty) if not rows else frozenset()
        outer = self.row
        for self.row in rows if rows is not None else [{}]:
            asked |= self.lacking(node.body)
        self.row = outer
        if rows is None or _ROW in asked:
            asked = asked - {_ROW} | {label_of(node.rows)}
        return asked


def _exact(value: object) -> object:
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return Fraction(cast(int | Decimal, value)) if is_number else value


def label_of(leaf: Leaf) -> str:
    """Return how a name is called when it is missing."""
    match leaf.kind:
        case "parameter":
            return f"p.{leaf.name}"
        case "switch":
            return f"switch('{leaf.name}')"
        case "item":
            return _ROW
    return leaf.name


def as_decimal(value: Fraction) -> Decimal:
    """Return a fraction that came from decimals as the decimal it is."""
    return kernel.EXACT.divide(Decimal(value.numerator), Decimal(value.denominator))


def value_of(node: Node, env: Env) -> object:
    """Return the value of one node, numbers as fractions; `None` for unknown."""
    return _Walk(env).value(node)


def evaluate(expr: TypedExpr, env: Env) -> Value:
    """Return the value of an expression, or `None` when it is unknown.

    bool, int (whole numbers), Decimal (numbers and money), Fraction (where a rate divides), date
    or str. This is the definition that every emitter is held to; it is plain, not fast.

    Raises:
        decimal.Inexact: a result needs more digits than `kernel.EXACT` has.
    """
    value = _Walk(env).value(expr.root)
    if not isinstance(value, Fraction) or divides(expr.root):
        return cast(Value, value)
    return int(value) if isinstance(expr.type, Integer) else as_decimal(value)


def missing(expr: TypedExpr, env: Env) -> frozenset[str]:
    """Name what is unknown and could still settle the expression; nothing when it is known.

    Fact leaf paths (a list as a whole), `p.name` for a parameter without a value on the date,
    `switch('name')` for a reading that is not chosen. Learning all of them always settles the
    expression, except where `money_in` asks for another currency than the amount has, or a date
    leaves the calendar.
    """
    return missing_by(env)(expr)


def missing_by(env: Env) -> Callable[[TypedExpr], frozenset[str]]:
    """Return `missing` for one set of values: what several expressions share is found once."""
    walk = _Walk(env)
    return lambda expr: walk.lacking(expr.root)
