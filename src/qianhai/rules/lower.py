"""Taking division out of a tree: a number becomes a numerator over rates, cleared at comparisons.

No engine divides decimals exactly, so none is asked to. Holds the rewriting, neutral to engines;
must not emit for any. A number is a pair: numerator, and a denominator above 0 or none. Pairs
meet by cross-multiplication, and a comparison of two pairs is a comparison of two products.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import TypeAlias

from qianhai.rules.model import (
    Apply,
    Case,
    Coalesce,
    IsNull,
    Junction,
    ListFold,
    Node,
    Within,
)
from qianhai.rules.types import Bool, Number


@dataclass(frozen=True, slots=True, eq=False)
class Given(Node):
    """A numerator that is unknown while its own denominator is."""

    numerator: Node
    denominator: Node

    @property
    def children(self) -> tuple[Node, ...]:
        """Return numerator and denominator."""
        return (self.numerator, self.denominator)


@dataclass(frozen=True, slots=True, eq=False)
class OneIfUnknown(Node):
    """A denominator, or 1 while it is unknown: a branch that is not taken needs no rate."""

    denominator: Node

    @property
    def children(self) -> tuple[Node, ...]:
        """Return the denominator."""
        return (self.denominator,)


#: A division-free numerator and denominator.
Ratio: TypeAlias = tuple[Node, Node | None]


def _times(first: Node, *factors: Node | None) -> Node:
    return reduce(
        lambda product, factor: (
            product if factor is None else Apply(product.type, "*", (product, factor))
        ),
        factors,
        first,
    )


def _product(factors: Sequence[Node]) -> Node | None:
    return _times(factors[0], *factors[1:]) if factors else None


def _over_one(ratios: Sequence[Ratio]) -> tuple[list[Node], Node | None]:
    """Bring ratios over one denominator; each numerator takes the denominators it lacks."""
    below = list(dict.fromkeys(den for _, den in ratios if den is not None))
    return [_times(num, *(d for d in below if d != den)) for num, den in ratios], _product(below)


def _choose_over_one(ratios: Sequence[Ratio]) -> tuple[list[Node], Node | None]:
    """Bring branches over one denominator without asking for the rate of one that is not taken."""
    below = list(dict.fromkeys(den for _, den in ratios if den is not None))
    ones = {den: OneIfUnknown(Number(), den) for den in below}
    nums = [
        _times(
            num if den is None else Given(num.type, num, den),
            *(ones[d] for d in below if d != den),
        )
        for num, den in ratios
    ]
    return nums, _product(list(ones.values()))


class Lowering:
    """Takes division out of the trees of one program; equal parts are lowered once and shared."""

    def __init__(self) -> None:
        self._found: dict[Node, Ratio] = {}

    def of(self, node: Node) -> Ratio:
        """Return a node without division: its numerator and, where a rate divides, what below."""
        found = self._found.get(node)
        if found is None:
            found = self._found[node] = self._lower(node)
        return found

    def _plain(self, nodes: Sequence[Node]) -> tuple[Node, ...]:
        """Return nodes that are no numbers, and so have no denominator."""
        return tuple(self.of(node)[0] for node in nodes)

    def _lower(self, node: Node) -> Ratio:
        match node:
            case Apply():
                return self._apply(node)
            case Junction(operands=operands):
                return replace(node, operands=self._plain(operands)), None
            case Within():
                return self._within(node), None
            case Coalesce(operand=leaf, otherwise=otherwise):
                other = self.of(otherwise)
                if other[1] is None:
                    return replace(node, otherwise=other[0]), None
                (absent, there), den = _choose_over_one([other, (leaf, None)])
                return Case(node.type, (IsNull(Bool(), leaf),), (absent,), there), den
            case Case(guards=guards, values=values, otherwise=otherwise):
                ratios = [self.of(one) for one in (*values, otherwise)]
                (*taken, last), den = _choose_over_one(ratios)
                return Case(node.type, self._plain(guards), tuple(taken), last), den
            case ListFold(body=body, empty=empty):
                return replace(node, body=self.of(body)[0], empty=self.of(empty)[0]), None
        return node, None

    def _apply(self, node: Apply) -> Ratio:
        ratios = [self.of(operand) for operand in node.operands]
        match node.op:
            case "*":
                (a, below_a), (b, below_b) = ratios
                below = [den for den in (below_a, below_b) if den is not None]
                return replace(node, operands=(a, b)), _product(below)
            case "/":
                (a, below_a), (rate, _) = ratios
                return a, rate if below_a is None else _times(below_a, rate)
            case "=" | "<>" | "<" | "<=" | ">" | ">=":
                (a, below_a), (b, below_b) = ratios
                return replace(node, operands=(_times(a, below_b), _times(b, below_a))), None
        nums, den = _over_one(ratios)
        return replace(node, operands=tuple(nums)), den

    def _within(self, node: Within) -> Node:
        ratios = [self.of(part) for part in node.children]
        if all(den is None for _, den in ratios):
            operand, *items = (num for num, _ in ratios)
            return replace(node, operand=operand, items=tuple(items))
        equal = [Apply(Bool(), "=", (node.operand, item)) for item in node.items]
        return Junction(Bool(), "or", self._plain(equal))
