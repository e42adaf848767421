"""The answer of a table's cell, as a tree of tests: what `cell('table', ...)` stands for.

Holds the way from the lines of a table to nodes that every engine knows already, so that a table
needs no node of its own. Must not know what a table is about.
"""

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import Literal

from qianhai.rules.model import Apply, Case, Const, Junction, Leaf, Node, Table, Within
from qianhai.rules.types import Bool, Text

#: What lines of one answer are put together by: the clause, open or not, and the first words.
_Head = tuple[str, bool, frozenset[str] | None]


def cell_of(table: Table, arguments: Sequence[Node]) -> Node:
    """Return the answer for arguments: the first of the answers one of whose lines holds."""
    lines = _Lines()
    guards: defaultdict[str, defaultdict[_Head, list[Node]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for line in table.lines:
        pairs = zip(arguments[1:], line.words[1:], strict=True)
        rest = [lines.test(argument, words) for argument, words in pairs if words is not None]
        for answer, is_open in ((line.answer, True), (line.closed, False)):
            if answer:
                head = line.clause, is_open, line.words[0]
                guards[answer][head].append(lines.joined("and", tuple(rest)))
    asked = [answer for answer in guards if answer != table.otherwise]
    return Case(
        table.kind,
        tuple(
            lines.joined(
                "or",
                tuple(
                    lines.headed(head, rests, arguments[0]) for head, rests in guards[one].items()
                ),
            )
            for one in asked
        ),
        tuple(Const(table.kind, answer) for answer in asked),
        Const(table.kind, table.otherwise),
    )


class _Lines:
    """The tests of one cell; those that are equal are one node, so that each is asked once."""

    def __init__(self) -> None:
        self.test = cache(_test)
        self.joined = cache(_joined)

    def headed(self, head: _Head, rests: Sequence[Node], argument: Node) -> Node:
        """Return lines that share a clause and their first words as one test."""
        clause, is_open, words = head
        tests: list[Node] = []
        if clause:
            leaf = Leaf(Bool(), "clause", clause)
            tests.append(leaf if is_open else Apply(Bool(), "not", (leaf,)))
        if words is not None:
            tests.append(self.test(argument, words))
        return self.joined("and", (*tests, self.joined("or", tuple(rests))))


def _joined(op: Literal["and", "or"], nodes: tuple[Node, ...]) -> Node:
    if not nodes:
        return Const(Bool(), op == "and")
    return nodes[0] if len(nodes) == 1 else Junction(Bool(), op, nodes)


def _test(argument: Node, words: frozenset[str]) -> Node:
    """Return the test that an argument is one of some words."""
    if argument.type == Bool():
        return argument if "true" in words else Apply(Bool(), "not", (argument,))
    return Within(Bool(), argument, tuple(Const(Text(), word) for word in sorted(words)))
