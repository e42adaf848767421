"""The answer of a table's cell, as a tree of tests: what `cell('table', ...)` stands for.

Holds the way from the lines of a table to nodes that every engine knows already, so that a table
needs no node of its own. Must not know what a table is about.
"""

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from qianhai.rules.model import Apply, Case, Const, Junction, Leaf, Node, Table, Within
from qianhai.rules.types import Bool, Text

#: What lines of one answer are put together by: the clause, open or not, and the first words.
_Head = tuple[str, bool, frozenset[str] | None]


def cell_of(table: Table, arguments: Sequence[Node]) -> Node:
    """Return the answer for arguments: the first of the answers one of whose lines holds."""
    guards: defaultdict[str, defaultdict[_Head, list[Node]]] = defaultdict(
        lambda: defaultdict(list)
    )
    test = lru_cache(maxsize=None)(lambda at, words: _test(arguments[at], words))
    for line in table.lines:
        rest = [test(at, words) for at, words in enumerate(line.words) if at and words is not None]
        for answer, is_open in ((line.answer, True), (line.closed, False)):
            if answer:
                head = line.clause, is_open, line.words[0]
                guards[answer][head].append(_joined("and", rest))
    asked = [answer for answer in guards if answer != table.otherwise]
    return Case(
        table.kind,
        tuple(
            _joined(
                "or", [_headed(head, rests, arguments[0]) for head, rests in guards[one].items()]
            )
            for one in asked
        ),
        tuple(Const(table.kind, answer) for answer in asked),
        Const(table.kind, table.otherwise),
    )


def _headed(head: _Head, rests: Sequence[Node], argument: Node) -> Node:
    """Return lines that share a clause and their first words as one test."""
    clause, is_open, words = head
    tests: list[Node] = []
    if clause:
        leaf = Leaf(Bool(), "clause", clause)
        tests.append(leaf if is_open else Apply(Bool(), "not", (leaf,)))
    if words is not None:
        tests.append(_test(argument, words))
    return _joined("and", [*tests, _joined("or", rests)])


def _joined(op: Literal["and", "or"], nodes: Sequence[Node]) -> Node:
    if not nodes:
        return Const(Bool(), op == "and")
    return nodes[0] if len(nodes) == 1 else Junction(Bool(), op, tuple(nodes))


def _test(argument: Node, words: frozenset[str]) -> Node:
    """Return the test that an argument is one of some words."""
    if argument.type == Bool():
        return argument if "true" in words else Apply(Bool(), "not", (argument,))
    return Within(Bool(), argument, tuple(Const(Text(), word) for word in sorted(words)))
