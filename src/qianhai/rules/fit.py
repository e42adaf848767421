"""Whether a piece of a rule is of the kind that is needed, and making literals so.

Holds the rules of kinds. Must not know the grammar or what a function means.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from qianhai import kernel
from qianhai.rules.flaws import Report
from qianhai.rules.model import Apply, Case, Coalesce, Const, Node, Scope
from qianhai.rules.names import POISON, Names, is_poison
from qianhai.rules.syntax import Syntax
from qianhai.rules.types import (
    Currency,
    Date,
    Enum,
    Integer,
    Money,
    Number,
    Rate,
    Text,
    Type,
    Unproven,
    chinese,
    english,
    present,
)

#: Kinds with an order that is the same on every engine.
ORDERED = (Integer, Number, Money, Date, Rate)
NUMERIC = (Integer, Number)


def fits(node: Node, want: Type) -> bool:
    """Tell whether a piece can stand where a kind is needed.

    Beyond equal kinds: a whole number is a number, a literal 0 is any money, a literal text is a
    currency or a word of an enumeration (whether it is one of its words is said by `cast`).
    """
    have = present(node.type)
    if is_poison(node) or have == present(want) or isinstance(want, Unproven):
        return True
    match node:
        case Const(value=str()) if have == Text():
            return isinstance(want, Enum | Currency)
        case Const(value=0, type=Integer()) if isinstance(want, Money):
            return True
        case Case(values=values, otherwise=otherwise):
            return all(fits(branch, want) for branch in (*values, otherwise))
        case Coalesce(operand=operand, otherwise=otherwise):
            return fits(operand, want) and fits(otherwise, want)
        case Apply(op="greatest" | "least", operands=operands):
            return all(fits(operand, want) for operand in operands)
    return isinstance(have, Integer) and isinstance(want, Number)


class Judge(ABC):
    """Decides kinds, and remembers where each piece of the text stands."""

    def __init__(self, scope: Scope, report: Report) -> None:
        self.report = report
        self.names = Names(scope, report)
        self._places: dict[int, tuple[Node, Syntax]] = {}

    @abstractmethod
    def node(self, syntax: Syntax) -> Node:
        """Return the typed tree of a piece of the text."""

    def placed(self, node: Node, syntax: Syntax) -> Node:
        """Remember where a piece stands."""
        self._places[id(node)] = (node, syntax)
        return node

    def mismatch(self, code: str, found: Type, expected: Type, at: Syntax) -> None:
        """Say that two kinds do not go together."""
        self.report.note(
            code,
            at.start,
            at.end,
            found=english(found),
            expected=english(expected),
            found_zh=chinese(found),
            expected_zh=chinese(expected),
        )

    def cast(self, node: Node, want: Type, at: Syntax) -> Node:
        """Return a piece that fits as one of the kind, noting words that are none of its words."""
        if is_poison(node) or isinstance(want, Unproven) or present(node.type) == present(want):
            return node
        match node:
            case Const(value=value):
                return self._literal(node, value, want, at)
            case Case(values=values, otherwise=otherwise):
                branches = tuple(self.cast(value, want, at) for value in values)
                return replace(
                    node, type=want, values=branches, otherwise=self.cast(otherwise, want, at)
                )
            case Coalesce(otherwise=otherwise):
                return replace(node, type=want, otherwise=self.cast(otherwise, want, at))
            case Apply(op="greatest" | "least", operands=operands):
                return replace(
                    node, type=want, operands=tuple(self.cast(one, want, at) for one in operands)
                )
        return node

    def _literal(self, node: Const, value: object, want: Type, at: Syntax) -> Node:
        place = self._places.get(id(node), (node, at))[1]
        if isinstance(want, Enum) and value not in want.values:
            words = ", ".join(want.values)
            self.names.unknown("P206", str(value), want.values, place, expected=words)
            return POISON
        if isinstance(want, Currency) and value not in kernel.CURRENCIES:
            self.names.unknown("P207", str(value), kernel.CURRENCIES, place)
            return POISON
        if isinstance(value, int):
            return Const(want, Decimal(value))
        return replace(node, type=want)

    def require(self, node: Node, want: Type, at: Syntax) -> Node:
        """Return a piece as one of the kind, or a poison after saying that it is of another."""
        if fits(node, want):
            return self.cast(node, want, at)
        both_money = isinstance(node.type, Money) and isinstance(want, Money)
        self.mismatch("P302" if both_money else "P301", node.type, want, at)
        return POISON

    def value(self, syntax: Syntax, want: Type) -> Node:
        """Return the typed tree of a piece that must be of a kind."""
        return self.require(self.node(syntax), want, syntax)

    def common(self, nodes: Sequence[Node], places: Sequence[Syntax]) -> tuple[Type, list[Node]]:
        """Return the one kind of some pieces and the pieces as such; a poison's kind if none."""
        kinds = dict.fromkeys(present(node.type) for node in nodes if not is_poison(node))
        for kind in kinds:
            if all(fits(node, kind) for node in nodes):
                return kind, [
                    self.cast(node, kind, at) for node, at in zip(nodes, places, strict=True)
                ]
        if kinds:
            first, *others = kinds
            want = next((kind for kind in kinds if not isinstance(kind, Text)), first)
            other = next(kind for kind in (*others, first) if kind != want)
            at = next(
                at
                for node, at in zip(nodes, places, strict=True)
                if not is_poison(node) and not fits(node, want)
            )
            both_money = isinstance(other, Money) and isinstance(want, Money)
            self.mismatch(
                "P302" if both_money else "P301", self._kind_at(nodes, places, at), want, at
            )
        return POISON.type, list(nodes)

    def _kind_at(self, nodes: Sequence[Node], places: Sequence[Syntax], at: Syntax) -> Type:
        return next(node.type for node, one in zip(nodes, places, strict=True) if one is at)
