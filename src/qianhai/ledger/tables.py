"""CSV and Parquet read as columns, block by block, in the memory of one block.

Holds splitting a file into rows and columns of the form it must have. Must not hold what a column
means (`cells`) or know the ledger. Every file is taken for hostile: what it holds gives columns and
flaws and nothing else.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as pa_csv
from pyarrow import parquet

from qianhai.kernel import Place, nearest
from qianhai.ledger.file_flaws import Flaws

#: So much of a CSV file is read at a time; the longest line is shorter.
BLOCK_BYTES: Final = 8 << 20
LINE_BYTES_MAX: Final = 1 << 16
#: So many rows of a Parquet file are read at a time.
BLOCK_ROWS: Final = 1 << 16
#: No cell that means anything is longer.
CELL_CHARS_MAX: Final = 1_000
_BUFFER_BYTES: Final = 1 << 20
_MARK: Final = b"\xef\xbb\xbf"
_WIDE_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
# Controls, direction overrides: a person and a program would see two different texts. Line ends and
# tabs are looked at apart.
_HIDDEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\ufffe\uffff]"
    "|\r(?!\n)"
)

_CONTROLS: Final = bytes(range(9)) + b"\x0b\x0c" + bytes(range(14, 32)) + b"\x7f"


@dataclass(frozen=True, slots=True)
class Form:
    """The columns a file must have, those it may have, and those that are known and not read."""

    needed: tuple[str, ...]
    optional: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows: where each stands, and their columns; null is an empty cell.

    Of CSV every column is text, trimmed; of Parquet a column has the type it was stored with. A
    column the file does not have is not among them.
    """

    lines: npt.NDArray[np.int64]
    columns: dict[str, pa.Array]


def read_table(path: Path, form: Form, flaws: Flaws) -> Iterator[Block]:
    """Yield the rows of a CSV or Parquet file in order, and add what is wrong to `flaws`."""
    place = Place(path.name)
    rows = 0
    known = len(flaws.found)
    try:
        with path.open("rb") as file:
            is_parquet = file.read(4) == b"PAR1"
            file.seek(0)
            read = _read_parquet if is_parquet else _read_csv
            for block in read(file, path.name, form, flaws):
                rows += len(block.lines)
                yield block
    except OSError as fault:
        flaws.add("L201", place, fault.strerror or type(fault).__name__)
    if not rows and len(flaws.found) == known:
        flaws.add("L202", place)


def _chosen(header: Sequence[str], place: Place, form: Form, flaws: Flaws) -> list[str] | None:
    """Return the columns to read, or None when the header has flaws."""
    before = len(flaws.found)
    known = (*form.needed, *form.optional)
    seen: set[str] = set()
    for name in header:
        at = Place(place.file, place.line, name[:40])
        if name in seen:
            flaws.add("L212", at, name)
        elif name not in known and name not in form.ignored:
            near = nearest(name, known)
            flaws.add(
                "L213",
                at,
                name,
                known=", ".join(known),
                near=f" Nearest name: {near}." if near else "",
                near_zh=f"相近的列名：{near}。" if near else "",
            )
        seen.add(name)
    for name in form.needed:
        if name not in seen:
            flaws.add("L211", place, ", ".join(header), name=name)
    return None if len(flaws.found) > before else [name for name in header if name in known]


# CSV.


def _read_csv(file: BinaryIO, name: str, form: Form, flaws: Flaws) -> Iterator[Block]:
    header: list[str] = []
    chosen: list[str] | None = []
    line = 1
    for raw in _blocks(file, name, flaws):
        text = _decoded(raw, name, line, flaws)
        if text is None:
            return
        first, body = line, raw
        line += text.count("\n")
        if not header:
            top, _, text = text.partition("\n")
            body, first = raw[raw.index(b"\n") + 1 :], 2
            header = _header(top, Place(name, 1), flaws)
            chosen = _chosen(header, Place(name, 1), form, flaws) if header else None
            if chosen is None:
                return
        if text:
            yield from _block(body, text, first, header, chosen or [], name, flaws)


def _blocks(file: BinaryIO, name: str, flaws: Flaws) -> Iterator[bytes]:
    """Yield the file in blocks of whole lines, each ended, without the mark it may begin with."""
    rest, line = file.read(3).removeprefix(_MARK), 1
    while raw := file.read(BLOCK_BYTES):
        raw, rest = rest + raw, b""
        cut = raw.rfind(b"\n") + 1
        raw, rest = raw[:cut], raw[cut:]
        if len(rest) > LINE_BYTES_MAX:
            flaws.add("L204", Place(name, line + raw.count(b"\n")), limit=LINE_BYTES_MAX)
            return
        if raw:
            yield raw
            line += raw.count(b"\n")
    if rest:
        yield rest + b"\n"


def _decoded(raw: bytes, name: str, line: int, flaws: Flaws) -> str | None:
    """Return a block's text; text that is not UTF-8 ends the file: all after it would be wrong."""
    try:
        if line > 1 or not raw.startswith(_WIDE_MARKS):
            return raw.decode()
        at, found = line, "UTF-16"
    except UnicodeDecodeError as fault:
        at = line + raw.count(b"\n", 0, fault.start)
        begin = raw.rfind(b"\n", 0, fault.start) + 1
        try:
            raw[begin : raw.index(b"\n", fault.start)].decode("gb18030")
            found = "GB18030"
        except UnicodeDecodeError:
            found = "Windows-1252"
    flaws.add("L203", Place(name, at), found)
    return None


def _header(top: str, place: Place, flaws: Flaws) -> list[str]:
    cells = _cells(top.removesuffix("\r"), place, flaws)
    if cells is None:
        return []
    return [cell.strip(" \t") for cell in cells]


def _block(
    raw: bytes,
    text: str,
    first: int,
    header: list[str],
    chosen: list[str],
    name: str,
    flaws: Flaws,
) -> Iterator[Block]:
    """Yield the rows of a block, by Arrow where every line is plain, else line by line."""
    block = None
    if '"' not in text and not _is_hiding(raw, text):
        block = _plain(raw, first, text.count("\n"), header, chosen)
    if block is None:
        block = _line_by_line(text, first, header, chosen, name, flaws)
    if not len(block.lines):
        return
    columns = {column: _tidy(cells, text) for column, cells in block.columns.items()}
    yield Block(block.lines, columns)


def _is_hiding(raw: bytes, text: str) -> bool:
    """Tell whether a text holds what a person could not see; quickly, where it is ASCII."""
    if len(raw) != len(text):
        return _HIDDEN.search(text) is not None
    shown = len(raw.translate(None, _CONTROLS))
    return shown != len(raw) or raw.count(b"\r") != raw.count(b"\r\n")


def _tidy(cells: pa.Array, text: str) -> pa.Array:
    """Return cells without blanks around them and the mark of a text, and null for empty ones."""
    if " " in text or "\t" in text:
        cells = pc.utf8_trim(cells, characters=" \t")
    if "'" in text:
        cells = pc.replace_substring_regex(cells, "^'", "")
    return pc.if_else(pc.equal(cells, ""), pa.scalar(None, pa.string()), cells)


def _plain(
    raw: bytes, first: int, lines: int, header: list[str], chosen: list[str]
) -> Block | None:
    """Return the rows of lines without quotes, or None if some are not as the header says."""
    try:
        table = pa_csv.read_csv(
            pa.BufferReader(raw),
            pa_csv.ReadOptions(use_threads=False, column_names=header, block_size=max(len(raw), 1)),
            pa_csv.ParseOptions(quote_char=False),
            pa_csv.ConvertOptions(
                check_utf8=False,
                include_columns=chosen,
                column_types=dict.fromkeys(chosen, pa.string()),
            ),
        )
    except pa.ArrowInvalid:
        return None
    if table.num_rows != lines:
        return None
    columns = {column: table.column(column).combine_chunks() for column in chosen}
    return Block(np.arange(first, first + lines), columns)


def _line_by_line(
    text: str, first: int, header: list[str], chosen: list[str], name: str, flaws: Flaws
) -> Block:
    places = [header.index(column) for column in chosen]
    lines, rows = [], []
    for line, written in enumerate(text.removesuffix("\n").split("\n"), first):
        plain = written.removesuffix("\r")
        if not plain.strip():
            continue
        place = Place(name, line)
        cells = _cells(plain, place, flaws)
        if cells is None:
            continue
        if len(cells) != len(header):
            flaws.add("L207", place, len(cells), limit=len(header))
            continue
        lines.append(line)
        rows.append([cells[at] for at in places])
    columns = {
        column: pa.array([row[at] for row in rows], pa.string()) for at, column in enumerate(chosen)
    }
    return Block(np.array(lines, np.int64), columns)


def _cells(line: str, place: Place, flaws: Flaws) -> list[str] | None:
    """Return the cells of one line, or None when it has none that can be told."""
    if len(line) > LINE_BYTES_MAX:
        flaws.add("L204", place, limit=LINE_BYTES_MAX)
        return None
    if hidden := _HIDDEN.search(line + "\n"):
        flaws.add("L205", place, repr(hidden.group())[1:-1])
        return None
    try:
        return next(csv.reader([line], strict=True), [])
    except csv.Error:
        flaws.add("L206", place, line[:80])
        return None


# Parquet.


def _read_parquet(file: BinaryIO, name: str, form: Form, flaws: Flaws) -> Iterator[Block]:
    place = Place(name)
    try:
        # Texts stay dictionaries, so that a file of one long text cannot fill the memory.
        opened = parquet.ParquetFile(file, buffer_size=_BUFFER_BYTES, pre_buffer=False)
        texts = [
            field.name
            for field in opened.schema_arrow
            if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)
        ]
        header = opened.schema_arrow.names
        chosen = _chosen(header, place, form, flaws)
        if chosen is None:
            return
        file.seek(0)
        opened = parquet.ParquetFile(
            file, buffer_size=_BUFFER_BYTES, pre_buffer=False, read_dictionary=texts
        )
        row = 1
        for batch in opened.iter_batches(BLOCK_ROWS, columns=chosen, use_threads=False):
            lines = np.arange(row, row + len(batch))
            row += len(batch)
            columns = {
                column: _text(batch.column(column), lines, Place(name, None, column), flaws)
                for column in chosen
            }
            if len(lines) and all(cells is not None for cells in columns.values()):
                yield Block(lines, columns)
    except (pa.ArrowException, OSError) as fault:
        if isinstance(fault, OSError) and fault.errno:
            raise
        flaws.add("L208", place, str(fault).strip().partition("\n")[0])


def _text(
    cells: pa.Array, lines: npt.NDArray[np.int64], place: Place, flaws: Flaws
) -> pa.Array | None:
    """Return a column with its texts as such; None when one is longer than any can be."""
    if not pa.types.is_dictionary(cells.type):
        return cells
    sizes = pc.utf8_length(cells.dictionary)
    longest = pc.max(sizes).as_py() or 0
    if longest <= CELL_CHARS_MAX:
        return cells.cast(pa.string())
    long = pc.index(sizes, pa.scalar(longest, sizes.type)).as_py()
    at = pc.index(cells.indices, pa.scalar(long, cells.indices.type)).as_py()
    where = Place(place.file, int(lines[at]), place.column)
    flaws.add("L223", where, longest, name=place.column, limit=CELL_CHARS_MAX)
    return None
