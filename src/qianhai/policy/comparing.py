"""The ordered comparisons of an expression, each with its sides: where a figure decides.

Holds what is found once of a tree and asked of it with every example. Computes no value.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from qianhai.rules import Node, TypedExpr

_HOLDS_AT_EDGE: Final = {"<": False, "<=": True, ">": False, ">=": True}
_ROWS: Final = "_of"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One ordered comparison, its two sides, and what it comes to where they are equal."""

    whole: TypedExpr
    sides: tuple[TypedExpr, TypedExpr]
    holds_at_edge: bool


def comparisons_of(tree: TypedExpr) -> tuple[Comparison, ...]:
    """Return each ordered comparison of a tree; what is asked of rows is left out."""
    return tuple(
        Comparison(TypedExpr("", node), (TypedExpr("", one), TypedExpr("", other)), is_held)
        for node, is_held in _ordered(tree.root)
        for one, other in [node.children]
    )


def _ordered(node: Node) -> Iterator[tuple[Node, bool]]:
    op = getattr(node, "op", "")
    if op in _HOLDS_AT_EDGE:
        yield node, _HOLDS_AT_EDGE[op]
    elif not op.endswith(_ROWS):
        for child in node.children:
            yield from _ordered(child)
