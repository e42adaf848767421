"""Reads the answer to one question from its form, whatever kind of fact it asks for.

Must not judge an answer: that is the pack's reader, the same as of files.
"""

from typing import Final

from qianhai.kernel import BadInput, Flaw, Place
from qianhai.policy import Leaf
from qianhai.web.visitor import Visitor

#: The rows of a list that a form shows at first, and how many it adds.
ROWS: Final = 3
_ROWS_MAX: Final = 50


def answer_of(visitor: Visitor, leaves: tuple[Leaf, ...]) -> dict[str, object]:
    """Return an answer by its leaves.

    Raises:
        BadInput: nothing was answered.
    """
    fact = leaves[0].fact
    if fact.optional and visitor.field("none"):
        return {leaf.path: None for leaf in leaves}
    if leaves[0].type == "list":
        return {leaves[0].path: rows_of(visitor, leaves[0])}
    said: dict[str, object] = {}
    flaws = []
    for leaf in leaves:
        text = visitor.field(leaf.path)
        said[leaf.path] = text.replace(",", "") if leaf.type in {"money", "number"} else text
        if not text:
            flaws.append(_nothing(leaf))
    if flaws:
        raise BadInput(flaws)
    return said


def rows_of(visitor: Visitor, leaf: Leaf) -> list[dict[str, str]]:
    """Return the rows of a list; a row in which nothing stands is none."""
    rows = []
    for number in range(row_count(visitor)):
        texts = {name: visitor.field(f"{leaf.path}.{number}.{name}") for name in leaf.fact.fields}
        if row := {name: text for name, text in texts.items() if text}:
            rows.append(row)
    return rows


def row_count(visitor: Visitor) -> int:
    """Return how many rows of a list a form has."""
    text = visitor.field("rows")
    return min(int(text), _ROWS_MAX) if text.isascii() and text.isdigit() else ROWS


def _nothing(leaf: Leaf) -> Flaw:
    return Flaw(
        "W202",
        Place("form", column=leaf.path),
        "",
        "an answer",
        "Answer this question, or say that you do not know.",
        "请回答此问题，或选择“不知道”。",
    )
