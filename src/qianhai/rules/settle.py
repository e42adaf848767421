"""Fixing what is constant by date in a tree: parameters, readings and clauses become literals.

Holds the rewriting, neutral to engines. What is still unknown on the date stays a leaf, so that
it can be named as missing. Must not change what a tree means or what it lacks.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from decimal import DecimalException
from fractions import Fraction
from typing import cast

from qianhai.rules.evaluate import as_decimal, value_of
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
    Within,
)
from qianhai.rules.types import Bool, Integer, Set


def _literal(node: Node, value: object) -> Node:
    """Return a value as a literal of the node's kind; the node itself if no decimal holds it."""
    if isinstance(value, Fraction):
        try:
            value = int(value) if isinstance(node.type, Integer) else as_decimal(value)
        except DecimalException:
            return node
    return Const(node.type, cast("bool | int | str | None", value))


def _given(node: Node) -> bool:
    return isinstance(node, Const) and node.value is not None


class Settler:
    """Settles the trees of one date; equal parts are settled once."""

    def __init__(
        self,
        parameters: Mapping[str, object],
        switches: Mapping[str, str],
        open_clauses: Collection[str],
    ) -> None:
        self._env = Env({}, parameters, switches, open_clauses)
        self._found: dict[Node, Node] = {}

    def settle(self, node: Node) -> Node:
        """Return the tree of the date."""
        found = self._found.get(node)
        if found is None:
            found = self._found[node] = self._settle(node)
        return found

    def _all(self, nodes: tuple[Node, ...]) -> tuple[Node, ...]:
        return tuple(self.settle(node) for node in nodes)

    def _settle(self, node: Node) -> Node:
        match node:
            case Leaf():
                return self._leaf(node)
            case Apply(operands=operands):
                return self._apply(replace(node, operands=self._all(operands)))
            case Junction():
                return self._junction(node)
            case Within():
                return self._within(node)
            case IsNull(operand=leaf):
                raw = self._raw(leaf)
                return node if raw is None else Const(Bool(), raw is ABSENT)
            case Coalesce(operand=leaf, otherwise=otherwise):
                raw = self._raw(leaf)
                if raw is None:
                    return replace(node, otherwise=self.settle(otherwise))
                return self.settle(otherwise) if raw is ABSENT else self.settle(leaf)
            case Case():
                return self._case(node)
            case ListFold(body=body, empty=empty):
                return replace(node, body=self.settle(body), empty=self.settle(empty))
        return node

    def _raw(self, leaf: Leaf) -> object:
        """Return what is on record for a name of the date; `None` for unknown and for facts."""
        match leaf.kind:
            case "parameter":
                return self._env.parameters.get(leaf.name)
            case "switch":
                return self._env.switches.get(leaf.name)
            case "clause":
                return leaf.name in self._env.open_clauses
        return None

    def _leaf(self, leaf: Leaf) -> Node:
        raw = self._raw(leaf)
        if raw is None or isinstance(leaf.type, Set):
            return leaf
        return _literal(leaf, None if raw is ABSENT else value_of(leaf, self._env))

    def _apply(self, node: Apply) -> Node:
        """Compute an operator on literals; a division stays, to be cleared at a comparison."""
        if node.op == "/" or not all(isinstance(one, Const) for one in node.operands):
            return node
        return _literal(node, value_of(node, self._env))

    def _junction(self, node: Junction) -> Node:
        """Leave out operands that settle nothing; one that decides is the answer."""
        decides = node.op == "or"
        left: list[Node] = []
        for operand in self._all(node.operands):
            if not _given(operand):
                left.append(operand)
            elif cast("Const", operand).value is decides:
                return Const(node.type, decides)
        if len(left) < 2:  # noqa: PLR2004 (one operand is itself)
            return left[0] if left else Const(node.type, not decides)
        return replace(node, operands=tuple(left))

    def _within(self, node: Within) -> Node:
        """Put in the values a parameter lists; nothing is in an empty list, if it is known."""
        operand, items = self.settle(node.operand), self._all(node.items)
        first = items[0]
        if isinstance(first, Leaf) and isinstance(first.type, Set):
            raw = self._raw(first)
            if raw is None:
                return replace(node, operand=operand, items=items)
            items = tuple(Const(first.type.item, one) for one in cast("Collection[str]", raw))
            if not items:
                return self._apply(Apply(node.type, "<>", (operand, operand)))
        settled = replace(node, operand=operand, items=items)
        if all(isinstance(one, Const) for one in settled.children):
            return _literal(node, value_of(settled, self._env))
        return settled

    def _case(self, node: Case) -> Node:
        """Leave out branches that are never taken."""
        guards: list[Node] = []
        values: list[Node] = []
        otherwise = node.otherwise
        for guard, value in zip(node.guards, node.values, strict=True):
            asked = self.settle(guard)
            if not _given(asked):
                guards.append(asked)
                values.append(self.settle(value))
            elif cast("Const", asked).value:
                otherwise = value
                break
        last = self.settle(otherwise)
        return Case(node.type, tuple(guards), tuple(values), last) if guards else last
