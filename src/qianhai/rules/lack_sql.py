"""What could still settle an expression, as SQL: one bit for each name that may be missing.

Holds the writing of masks; what is missing is defined by `evaluate.missing`. Must not write
the values themselves: they are asked of the writer.
"""

from collections.abc import Sequence

from qianhai.rules.evaluate import label_of
from qianhai.rules.lower import Lowering
from qianhai.rules.model import (
    Case,
    Coalesce,
    Const,
    Junction,
    Leaf,
    ListFold,
    Node,
    Within,
    walk,
)
from qianhai.rules.write_sql import Part, Row, Writer

#: Names whose bits stand in one column of 64 bits.
BITS: int = 62


def labels_of(node: Node) -> frozenset[str]:
    """Return the names a tree could lack."""
    return frozenset(
        label_of(leaf) for leaf in walk(node) if isinstance(leaf, Leaf) and leaf.kind != "item"
    )


class Lacks:
    """Writes the masks of one SELECT; `labels` are at most as many as a column has bits."""

    def __init__(self, writer: Writer, labels: Sequence[str]) -> None:
        self._writer = writer
        self._bits = {label: 1 << at for at, label in enumerate(labels)}
        self._lower = Lowering().of
        self._parts: dict[tuple[Row | None, Node], Part | None] = {}

    def mask(self, node: Node, row: Row | None = None) -> Part | None:
        """Return the mask of a tree, or nothing when it can lack none of the names."""
        key = (row, node)
        if key not in self._parts:
            self._parts[key] = self._mask(node, row)
        return self._parts[key]

    def _mask(self, node: Node, row: Row | None) -> Part | None:
        match node:
            case Const():
                return None
            case Leaf():
                return self._leaf(node, row)
            case Junction(operands=operands):
                return self._guarded(node, self._any(operands, row), row)
            case Coalesce(operand=leaf, otherwise=otherwise):
                return self._guarded(node, self._any((leaf, otherwise), row), row)
            case Within(items=items) if not all(isinstance(one, Const) for one in items):
                return self._guarded(node, self._any(node.children, row), row)
            case Case():
                return self._guarded(node, self._case(node, row), row)
            case ListFold():
                return self._guarded(node, self._fold(node), row)
        # The rest is unknown exactly while an operand is.
        return self._any(node.children, row)

    def _bit(self, label: str, when: str | None = None) -> Part | None:
        bit = self._bits.get(label)
        if bit is None:
            return None
        text = f"CAST({bit} AS BIGINT)"
        if when is None:
            return Part(text, is_plain=True)
        return Part(f"(CASE WHEN {when} THEN {text} ELSE CAST(0 AS BIGINT) END)")

    def _leaf(self, leaf: Leaf, row: Row | None) -> Part | None:
        """A field of a row that is not known asks for its list."""
        label = label_of(leaf)
        if leaf.kind == "item":
            assert row is not None, "a field of a row stands in a list function"
            label = label_of(row.rows)
            if row.is_void:
                return self._bit(label)
        elif leaf.kind != "fact":
            return self._bit(label)
        writer = self._writer
        when = f"{writer.leaf(leaf, row).text} IS NULL"
        absent = writer.absent(leaf, row)
        return self._bit(label, when if absent == "FALSE" else f"{when} AND NOT {absent}")

    def _or(self, parts: Sequence[Part | None]) -> Part | None:
        found = list(dict.fromkeys(part for part in parts if part is not None))
        if len(found) < 2:  # noqa: PLR2004 (one is itself)
            return found[0] if found else None
        return self._writer.over(found, f"({' | '.join(part.text for part in found)})")

    def _any(self, nodes: Sequence[Node], row: Row | None) -> Part | None:
        return self._or([self.mask(node, row) for node in nodes])

    def _unknown(self, node: Node, row: Row | None) -> Part:
        """Return the test whether a value is unknown, each part of it a column."""
        parts: list[Part] = []
        for one in self._lower(node):
            if one is not None:
                self._writer.shape.measure(one)
                parts.append(self._writer.staged(self._writer.part(one, row), row))
        return self._writer.over(parts, " OR ".join(f"{part.text} IS NULL" for part in parts))

    def _guarded(self, node: Node, mask: Part | None, row: Row | None) -> Part | None:
        """Lack nothing while the value is known."""
        if mask is None:
            return None
        unknown = self._unknown(node, row)
        text = f"(CASE WHEN {unknown.text} THEN {mask.text} ELSE CAST(0 AS BIGINT) END)"
        return self._writer.staged(self._writer.over([unknown, mask], text), row)

    def _case(self, node: Case, row: Row | None) -> Part | None:
        """Ask for unknown guards up to one that holds, and for the branches that may be taken."""
        rest = self.mask(node.otherwise, row)
        for guard, value in reversed(list(zip(node.guards, node.values, strict=True))):
            self._unknown(guard, row)
            asked = self._writer.staged(self._writer.part(self._lower(guard)[0], row), row)
            taken = self._unless(f"NOT {asked.text}", self.mask(value, row), asked)
            after = self._unless(asked.text, rest, asked)
            rest = self._or([self.mask(guard, row), taken, after])
        return rest

    def _unless(self, test: str, mask: Part | None, asked: Part) -> Part | None:
        if mask is None:
            return None
        text = f"(CASE WHEN {test} THEN CAST(0 AS BIGINT) ELSE {mask.text} END)"
        return self._writer.over([asked, mask], text)

    def _fold(self, node: ListFold) -> Part | None:
        """Ask for the list as a whole; one that is not there may turn out to have any row."""
        writer, row, void = self._writer, Row(node.rows), Row(node.rows, is_void=True)
        rows = writer.rows(node.rows)
        none = self.mask(node.empty)
        unknown = self._or([self._bit(label_of(node.rows)), none, self.mask(node.body, void)])
        parts: list[Part | None] = []
        if none is not None:
            empty = f"{writer.dialect.length.format(rows.text)} = 0"
            text = f"(CASE WHEN {empty} THEN {none.text} ELSE CAST(0 AS BIGINT) END)"
            parts.append(writer.over([none], text))
        inside = self.mask(node.body, row)
        if inside is not None:
            bits = writer.put(writer.mapped(row, inside.text), inside.layer)
            any_bit = writer.dialect.any_bit.format(bits.text)
            parts.append(writer.over([bits], f"COALESCE({any_bit}, CAST(0 AS BIGINT))"))
        zero = Part("CAST(0 AS BIGINT)", is_plain=True)
        known, absent = self._or(parts) or zero, unknown or zero
        text = f"(CASE WHEN {rows.text} IS NULL THEN {absent.text} ELSE {known.text} END)"
        return writer.over([known, absent], text)
