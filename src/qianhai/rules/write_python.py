"""From a division-free tree to lines of Python: what is bound by date, and what runs on facts.

Holds the text of the code. Must not run it, and must not put a name of the pack into it other
than as a quoted key: values live in numbered variables.
"""

from collections import ChainMap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import count
from typing import Final, cast

from qianhai.rules.lower import Given, OneIfUnknown
from qianhai.rules.model import (
    Apply,
    Case,
    Coalesce,
    Const,
    IsNull,
    Junction,
    Leaf,
    ListFold,
    Node,
    Within,
)
from qianhai.rules.types import Bool, Integer, Set

_TEMPLATES: Final = {
    "=": "{0} == {1}",
    "<>": "{0} != {1}",
    "<": "{0} < {1}",
    "<=": "{0} <= {1}",
    ">": "{0} > {1}",
    ">=": "{0} >= {1}",
    "not": "not {0}",
    "+": "{0} + {1}",
    "-": "{0} - {1}",
    "*": "{0} * {1}",
    "negate": "-{0}",
    "days_between": "({1} - {0}).days",
    "add_months": "month_added({0}, {1})",
    "age_on": "age_on({0}, {1})",
}

#: The same on decimals, by the methods of the context that raises rather than rounds.
_EXACTLY: Final = {
    "+": "ADD({0}, {1})",
    "-": "SUBTRACT({0}, {1})",
    "*": "MULTIPLY({0}, {1})",
    "negate": "MINUS({0})",
}
#: So many calls of a method cost less than to set the context and give the old one back.
_CALLS_MAX = 8

#: A fact used so often is still read where it is used.
_READS_MAX = 2

#: How each kind of leaf is read.
_READS: Final = {"fact": "F[{0}]", "parameter": "P({0})", "switch": "S({0})", "clause": "{0} in O"}
#: A part this many levels high gets a line of its own, because Python's parser nests 200 deep.
_STEP = 12


@dataclass(slots=True)
class Shape:
    """What the parts of a program are like: how often each occurs, how high, on what it depends."""

    times: dict[Node, int] = field(default_factory=dict)
    height: dict[Node, int] = field(default_factory=dict)
    leaves: dict[Node, frozenset[str]] = field(default_factory=dict)
    optional: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def of(cls, roots: Iterable[Node]) -> "Shape":
        """Measure every part once; what is below a repeated part counts once."""
        shape = cls()
        for root in roots:
            shape.measure(root)
        return shape

    def measure(self, node: Node) -> None:
        """Measure one part and, the first time, what is below it."""
        self.times[node] = self.times.get(node, 0) + 1
        if node in self.height:
            return
        for child in node.children:
            self.measure(child)
        self.height[node] = 1 + max((self.height[child] for child in node.children), default=0)
        below = frozenset[str]().union(*(self.leaves[child] for child in node.children))
        if isinstance(node, Leaf):
            below = frozenset({node.kind})
        elif isinstance(node, ListFold):
            below = (below - {"item"}) | (self.leaves[node.empty] & {"item"})
        elif isinstance(node, IsNull | Coalesce):
            self.optional.add((node.operand.kind, node.operand.name))
        self.leaves[node] = below

    def is_dated(self, node: Node) -> bool:
        """Tell whether a part is constant by date: it depends on no fact and on no row."""
        return not self.leaves[node] & {"fact", "item"}

    def needs_context(self) -> bool:
        """Tell whether decimals are computed so often that the exact context is worth setting."""
        many = sum(1 for node in self.height if is_decimal_arithmetic(node)) > _CALLS_MAX
        return many or any(
            isinstance(node, ListFold) and node.op == "sum_of" for node in self.height
        )

    def has_own_line(self, node: Node, *, in_rows: bool) -> bool:
        """Tell whether a part is computed once, before the expressions that use it."""
        if isinstance(node, Leaf | Const) or "item" in self.leaves[node]:
            return False
        is_high = self.height[node] % _STEP == 0
        return in_rows or is_high or self.times[node] > 1 or self.is_dated(node)


def _is_literal(node: Node) -> bool:
    return isinstance(node, Const) and node.value is not None


def _is_whole(node: Node) -> bool:
    """Tell whether a number is an int when it is computed, whatever its declared type."""
    match node:
        case Const(value=value):
            return isinstance(value, int)
        case Leaf():
            return isinstance(node.type, Integer)
        case Apply(op="+" | "-" | "*" | "negate" | "greatest" | "least"):
            return all(map(_is_whole, node.operands))
        case Case():
            return all(map(_is_whole, (*node.values, node.otherwise)))
        case Coalesce():
            return _is_whole(node.operand) and _is_whole(node.otherwise)
        case ListFold(op="sum_of" | "min_of" | "max_of"):
            return _is_whole(node.body) and _is_whole(node.empty)
    return isinstance(node, ListFold) or (
        isinstance(node, Apply) and node.op in {"days_between", "age_on"}
    )


def is_decimal_arithmetic(node: Node) -> bool:
    """Tell whether a part computes with decimals."""
    return (
        isinstance(node, Apply) and node.op in _EXACTLY and not all(map(_is_whole, node.operands))
    )


@dataclass(slots=True)
class Dated:
    """What the functions of one program share: lines on what is constant by date, and names."""

    lines: list[str] = field(default_factory=list)
    variables: dict[object, str] = field(default_factory=dict)
    constants: dict[str, object] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=count)

    def fresh(self, prefix: str) -> str:
        """Return a variable no function of the program has."""
        return f"{prefix}{next(self.numbers)}"


class Writer:
    """Writes the lines of one function.

    In its code `F[...]` is a fact. One that is seldom used is read where it is used, so that a
    fact behind a test that does not hold is never asked for.
    """

    def __init__(self, shape: Shape, dated: Dated) -> None:
        self.shape = shape
        self.has_context = shape.needs_context()
        self.body: list[str] = []
        self._dated = dated
        self._fresh = dated.fresh
        self._variables: ChainMap[object, str] = ChainMap({}, dated.variables)
        self._rows: dict[tuple[str, str], tuple[str, str]] | None = None

    def _place(self, *, is_dated: bool) -> tuple[list[str], dict[object, str]]:
        """Return where a line goes and its variable is kept: for the date, or for the facts."""
        if is_dated:
            return self._dated.lines, self._dated.variables
        return self.body, cast("dict[object, str]", self._variables.maps[0])

    def kept(self, text: str) -> str:
        """Return the variable that keeps what a text computes, on a line of its own."""
        if text not in self._variables:
            self._variables[text] = self._fresh("a")
            self.body.append(f"{self._variables[text]} = {text}")
        return self._variables[text]

    # --- leaves --------------------------------------------------------------------------------

    def _leaf(self, leaf: Leaf, *, raw: bool = False) -> str:
        """Return the variable of a leaf; `raw` is the one that may be ABSENT."""
        key = (leaf.kind, leaf.name)
        if leaf.kind == "item":
            assert self._rows is not None, "a field of a row stands in a list function"
            if key not in self._rows:
                self._rows[key] = (self._fresh("r"), self._fresh("i"))
            return self._rows[key][0 if raw else 1]
        if key not in self._variables:
            if self._is_read_in_place(leaf, key):
                return f"F[{leaf.name!r}]"
            self._load(leaf, key)
        return self._variables[("raw", *key) if raw else key]

    def _is_read_in_place(self, leaf: Leaf, key: tuple[str, str]) -> bool:
        is_plain = leaf.kind == "fact" and key not in self.shape.optional
        return is_plain and self.shape.times[leaf] <= _READS_MAX and self._rows is None

    def _load(self, leaf: Leaf, key: tuple[str, str]) -> None:
        lines, variables = self._place(is_dated=leaf.kind != "fact")
        name = self._fresh(leaf.kind[0])
        read = _READS[leaf.kind].format(repr(leaf.name))
        if isinstance(leaf.type, Set):
            read = f"listed({read})"
        if key in self.shape.optional:
            raw = variables["raw", *key] = self._fresh("r")
            lines.append(f"{raw} = {read}")
            read = f"None if {raw} is ABSENT else {raw}"
        lines.append(f"{name} = {read}")
        variables[key] = name

    def _const(self, value: bool | int | Decimal | date | str | None) -> str:
        if value is None or isinstance(value, bool | int | str):
            return repr(value)
        if (value, type(value)) not in self._variables:
            name = self._dated.variables[value, type(value)] = self._fresh("k")
            self._dated.constants[name] = value
        return self._variables[value, type(value)]

    # --- parts ---------------------------------------------------------------------------------

    def is_nullable(self, node: Node) -> bool:
        """Tell whether a part may be unknown."""
        match node:
            case Const(value=value):
                return value is None
            case Leaf(kind=kind):
                return kind != "clause"
            case OneIfUnknown():
                return False
            case Apply(op="add_months") | ListFold():
                return True
        return any(self.is_nullable(child) for child in node.children)

    def expression(self, node: Node) -> str:
        """Return the code of a part: a variable, a literal, or an expression in parentheses."""
        if node in self._variables:
            return self._variables[node]
        if not self.shape.has_own_line(node, in_rows=self._rows is not None):
            return self._expression(node)
        text = self._expression(node)
        lines, variables = self._place(is_dated=self.shape.is_dated(node))
        name = variables[node] = self._fresh("v")
        lines.append(f"{name} = {text}")
        return name

    def _expression(self, node: Node) -> str:
        match node:
            case Const():
                return self._const(node.value)
            case Leaf():
                return self._leaf(node)
            case Apply():
                return self._apply(node)
            case Junction():
                return self._junction(node)
            case Within():
                return self._within(node)
            case IsNull() | Coalesce():
                return self._of_absence(node)
            case Case():
                return self._case(node)
            case ListFold():
                return self._fold(node)
        return self._of_ratio(node)

    def _of_absence(self, node: IsNull | Coalesce) -> str:
        raw = self._leaf(node.operand, raw=True)
        if isinstance(node, IsNull):
            return f"(None if {raw} is None else {raw} is ABSENT)"
        return f"({self.expression(node.otherwise)} if {raw} is ABSENT else {raw})"

    def _of_ratio(self, node: Node) -> str:
        if isinstance(node, Given):
            guard, (_, text) = self._guarded([node.denominator, node.numerator])
            return f"({guard}{text})"
        assert isinstance(node, OneIfUnknown), "the tree has no other node"
        guard, (text,) = self._guarded([node.denominator])
        return f"({guard.replace('None', '1', 1)}{text})"

    def _guarded(self, nodes: Sequence[Node]) -> tuple[str, list[str]]:
        """Return `None if ... else `, where something may be unknown, and a text for each part."""
        guards: list[str] = []
        texts: list[str] = []
        for node in nodes:
            text = self.expression(node)
            if self.is_nullable(node):
                if text.isidentifier():
                    guards.append(f"{text} is None")
                else:
                    name = self._fresh("t")
                    guards.append(f"({name} := {text}) is None")
                    text = name
            texts.append(text)
        asked = " or ".join(dict.fromkeys(guards))
        return (f"None if {asked} else " if guards else ""), texts

    def _apply(self, node: Apply) -> str:
        guard, texts = self._guarded(node.operands)
        if node.op in {"greatest", "least"}:
            function = "max" if node.op == "greatest" else "min"
            return f"({guard}{function}({', '.join(texts)}))"
        is_called = not self.has_context and is_decimal_arithmetic(node)
        template = (_EXACTLY if is_called else _TEMPLATES)[node.op]
        return f"({guard}{template.format(*texts)})"

    def _junction(self, node: Junction) -> str:
        decides = node.op == "or"
        asked: list[str] = []
        unknown: list[str] = []
        for operand in node.operands:
            text = self.expression(operand)
            if not self.is_nullable(operand):
                asked.append(text if decides else f"not {text}")
                continue
            name = text
            if not text.isidentifier():
                name = self._fresh("t")
                text = f"({name} := {text})"
            asked.append(f"{text} is {decides}")
            unknown.append(f"{name} is None")
        rest = f"None if {' or '.join(unknown)} else {not decides}" if unknown else str(not decides)
        return f"({decides} if {' or '.join(asked)} else {rest})"

    def _within(self, node: Within) -> str:
        if all(map(_is_literal, node.items)):
            guard, (text,) = self._guarded([node.operand])
            values = ", ".join(self.expression(item) for item in node.items)
            return f"({guard}{text} in ({values},))"
        if isinstance(node.items[0].type, Set):
            guard, (text, listed) = self._guarded(node.children)
            return f"({guard}{text} in {listed})"
        known = tuple(item for item in node.items if _is_literal(item))
        parts: list[Node] = [Within(node.type, node.operand, known)] if known else []
        parts += [
            Apply(Bool(), "=", (node.operand, item)) for item in node.items if item not in known
        ]
        for part in parts:
            self.shape.measure(part)
        return self._junction(Junction(node.type, "or", tuple(parts)))

    def _case(self, node: Case) -> str:
        text = self.expression(node.otherwise)
        for guard, value in reversed(list(zip(node.guards, node.values, strict=True))):
            asked, chosen = self.expression(guard), self.expression(value)
            if not self.is_nullable(guard):
                text = f"({chosen} if {asked} else {text})"
            elif self.shape.height[value] > 1 and not chosen.isidentifier():
                answer, one, other = (self._fresh("t") for _ in range(3))
                # `one is one` holds: it stands there so that the value is computed, if asked for
                text = (
                    f"({one} if ({one} := {chosen} if ({answer} := {asked}) is not False else None)"
                    f" is {one} and {answer} is True else {other} if ({other} := {text}) is None "
                    f"or {answer} is False or {other} == {one} else None)"
                )
            else:
                answer, rest = self._fresh("t"), text
                if not text.isidentifier():
                    rest = self._fresh("t")
                    text = f"({rest} := {text})"
                text = (
                    f"({chosen} if ({answer} := {asked}) is True else {rest} if "
                    f"{text} is None or {answer} is False or {rest} == {chosen} else None)"
                )
        return text

    def _fold(self, node: ListFold) -> str:
        rows = self._leaf(node.rows)
        empty = self.expression(node.empty)
        outer, self._rows = self._rows, {}
        asked = self.expression(node.body)
        row = self._fresh("w")
        loads = f"for {row} in {rows}"
        for (_, name), (raw, known) in self._rows.items():
            read = f"{row}.get({name!r})"
            if ("item", name) in self.shape.optional:
                loads += f" for {raw} in ({read},)"
                read = f"None if {raw} is ABSENT else {raw}"
            loads += f" for {known} in ({read},)"
        self._rows = outer
        rest = f", {empty}" if node.op in {"sum_of", "min_of", "max_of"} else ""
        return f"(None if {rows} is None else {node.op}([{asked} {loads}]{rest}))"
