"""CSV: one header, one row a line, commas, quotes around what holds a comma.

Holds splitting lines into cells and cells into named fields. Must not hold what a field means.
A formula-looking cell is text like any other here; it is made harmless when it is written.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from qianhai.kernel import Flaw, Place
from qianhai.messages.encoding import lines_of
from qianhai.messages.flaws import flaw_at, hidden_in
from qianhai.messages.model import Row, Shape

_NAME_CHARS_MAX = 200


@dataclass(slots=True)
class _Open:
    """A row whose quote is still open at the end of a line."""

    line: int
    cells: list[str] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    size: int = 0
    is_quoted: bool = False
    lone: str = ""


def read_csv(file: BinaryIO, name: str, shape: Shape) -> Iterator[Row | Flaw]:
    """Yield the rows and flaws of a CSV file in order."""
    header: tuple[str, ...] = ()
    for found in _records(file, name, shape):
        if isinstance(found, Flaw):
            yield found
            if not header:
                return
            continue
        line, cells = found
        if not header:
            flaws = header_flaws(cells, Place(name, line), shape)
            yield from flaws
            if flaws:
                return
            header = tuple(cells)
            continue
        yield from _row(header, cells, Place(name, line), shape)


def header_flaws(cells: Sequence[str], place: Place, shape: Shape) -> list[Flaw]:
    """Return what is wrong with a header: no name, a name twice, a name that is none."""
    flaws = []
    if len(cells) > shape.columns_max:
        return [flaw_at("M110", place, len(cells), limit=shape.columns_max)]
    if len(cells) == 1:
        for mark, shown in ((";", ";"), ("\t", "TAB"), ("|", "|")):
            if mark in cells[0]:
                return [flaw_at("M207", place, shown)]
    first: dict[str, int] = {}
    for number, text in enumerate(cells, 1):
        at = Place(place.file, place.line, f"#{number}")
        if not text:
            flaws.append(flaw_at("M201", at, number=number))
        elif hidden := hidden_in(text):
            flaws.append(flaw_at("M108", at, hidden))
        elif len(text) > _NAME_CHARS_MAX or len(text.splitlines()) > 1:
            flaws.append(flaw_at("M203", at, text, number=number))
        elif text in first:
            flaws.append(flaw_at("M202", at, text, number=number, first=first[text]))
        first.setdefault(text, number)
    return flaws


def _row(
    header: tuple[str, ...], cells: list[str], place: Place, shape: Shape
) -> Iterator[Row | Flaw]:
    """Yield the row of a line's cells, or its flaws; nothing for a line of empty cells."""
    if len(cells) != len(header):
        if any(cells):
            yield flaw_at("M204", place, len(cells), limit=len(header))
        return
    fields = {name: text for name, text in zip(header, cells, strict=True) if text}
    flaws = [flaw for name, text in fields.items() for flaw in text_flaws(text, place, name, shape)]
    if flaws:
        yield from flaws
    elif fields:
        yield Row(place, fields)


def text_flaws(text: str, place: Place, column: str, shape: Shape) -> list[Flaw]:
    """Return what is wrong with one cell's text, whatever the cell means."""
    hidden = hidden_in(text)
    if len(text) <= shape.cell_chars_max and not hidden:
        return []
    at = Place(place.file, place.line, column)
    long = flaw_at("M109", at, len(text), limit=shape.cell_chars_max)
    flaws = [long] if len(text) > shape.cell_chars_max else []
    return [*flaws, flaw_at("M108", at, hidden)] if hidden else flaws


def _records(file: BinaryIO, name: str, shape: Shape) -> Iterator[tuple[int, list[str]] | Flaw]:
    """Yield the cells of each record with the line where it begins, or a flaw in its stead."""
    record: _Open | None = None
    for found in lines_of(file, name, shape):
        if isinstance(found, Flaw):
            yield found
            continue
        line, text = found
        if record is None:
            if '"' not in text:
                if text.strip():
                    yield line, [cell.strip() for cell in text.split(",")]
                continue
            record = _Open(line)
        elif (record.size + len(text)) > shape.line_bytes_max:
            yield flaw_at("M206", Place(name, record.line))
            return
        _split(record, text)
        if record.lone:
            at = Place(name, record.line, f"#{len(record.cells) + 1}")
            yield flaw_at("M205", at, record.lone)
            record = None
        elif not record.is_quoted:
            yield record.line, record.cells
            record = None
    if record is not None:
        yield flaw_at("M206", Place(name, record.line, f"#{len(record.cells) + 1}"))


def _split(record: _Open, text: str) -> None:
    """Add a line's cells to its record, until the line ends or a quote stands alone.

    Each character is looked at once, however many lines a quoted cell runs over, so that a
    file of open quotes cannot hold the reader.
    """
    record.size += len(text) + 1
    if record.is_quoted:
        record.pieces.append("\n")
    at = 0
    while at >= 0:
        at = _quoted(record, text, at) if record.is_quoted else _plain(record, text, at)


def _plain(record: _Open, text: str, at: int) -> int:
    """Take the cell that begins at a position; return where the next begins, -1 at the end."""
    end = text.find(",", at)
    cell = text[at:] if end < 0 else text[at:end]
    blanks = len(cell) - len(cell.lstrip(" \t"))
    if cell[blanks : blanks + 1] == '"':
        record.is_quoted, record.pieces = True, []
        return at + blanks + 1
    if '"' in cell:
        record.lone = cell
        return -1
    record.cells.append(cell.strip())
    return end + 1 if end >= 0 else -1


def _quoted(record: _Open, text: str, at: int) -> int:
    """Take what a quoted cell has on this line; return where to go on, -1 at the line's end."""
    closing = text.find('"', at)
    if closing < 0:
        record.pieces.append(text[at:])
        return -1
    record.pieces.append(text[at:closing])
    if text[closing + 1 : closing + 2] == '"':
        record.pieces.append('"')
        return closing + 2
    record.is_quoted = False
    end = text.find(",", closing)
    rest = text[closing + 1 :] if end < 0 else text[closing + 1 : end]
    if rest.strip():
        record.lone = "".join(record.pieces)[-40:] + '"' + rest[:40]
        return -1
    record.cells.append("".join(record.pieces).strip())
    return end + 1 if end >= 0 else -1
