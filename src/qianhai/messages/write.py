"""Writing CSV, XLSX and JSONL: complete files or none, safe to open in a spreadsheet.

Holds the writing of cells. Must not hold what a field means. Text that a spreadsheet would run
as a formula gets an apostrophe before it; numbers stay numbers.
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from openpyxl import Workbook
from openpyxl.cell import Cell as OpenCell
from openpyxl.cell import WriteOnlyCell
from openpyxl.utils.exceptions import IllegalCharacterError

from qianhai.kernel import BadInput, Place
from qianhai.messages.flaws import flaw_at, hidden_in
from qianhai.messages.model import Cell

_STARTS_FORMULA = re.compile(r"\s*[=+\-@\t\r\n＝＋－＠]")
_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_LOOKS_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_EXACT_DIGITS: Final = 15
_SHEET_CHARS_MAX: Final = 32_767
#: Excel's days before this one are off by one: it counts a 29 February 1900.
_FIRST_SHEET_DAY: Final = date(1900, 3, 1)


def neutralised(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula.

    >>> neutralised("=cmd|'/c calc'!A1"), neutralised("-5.00"), neutralised("前海")
    ("'=cmd|'/c calc'!A1", '-5.00', '前海')
    """
    if _STARTS_FORMULA.match(text) and not _PLAIN_NUMBER.fullmatch(text):
        return "'" + text
    return text


def cell_text(value: Cell) -> str:
    """Write a value as the readers expect it: plain decimals, ISO days, true and false.

    >>> cell_text(Decimal("1E+2")), cell_text(True), cell_text(date(2023, 6, 30)), cell_text(None)
    ('100', 'true', '2023-06-30', '')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else str(value)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a path beside the wanted one and put it there when all is written.

    A reader never sees half a file, and a failure leaves what stood there before.
    """
    part = path.with_name(path.name + ".part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Cell]]) -> None:
    """Write rows as CSV in UTF-8, marked as such so that Excel shows Chinese rightly."""
    with whole_file(path) as part, part.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([neutralised(name) for name in columns])
        for row in rows:
            writer.writerow([neutralised(cell_text(row.get(name))) for name in columns])


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Cell]]) -> None:
    """Write rows as JSONL with dotted field names; decimals as texts, so that they stay exact."""
    with whole_file(path) as part, part.open("w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            given = {
                name: value if isinstance(value, int | str) else cell_text(value)
                for name, value in row.items()
                if value is not None
            }
            file.write(json.dumps(given, ensure_ascii=False, separators=(",", ":")) + "\n")


def write_xlsx(
    path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Cell]], *, sheet: str = "rows"
) -> None:
    """Write rows as one sheet of an XLSX workbook.

    Raises:
        BadInput: a text cannot stand in a cell (too long, or a control character); nothing is
            written, because Excel would cut or lose it silently.
    """
    workbook = Workbook(write_only=True)
    page = workbook.create_sheet(sheet)

    def cell(value: Cell, line: int, name: str) -> OpenCell:
        held, kind = _held(value)
        place = Place(path.name, line, name)
        if isinstance(held, str) and len(held) > _SHEET_CHARS_MAX:
            raise BadInput([flaw_at("M109", place, len(held), limit=_SHEET_CHARS_MAX)])
        try:
            made = WriteOnlyCell(page)
            made.value = held
        except IllegalCharacterError:
            raise BadInput([flaw_at("M108", place, hidden_in(str(held)))]) from None
        if kind:
            made.data_type = kind
        return made

    page.append([cell(name, 1, name) for name in columns])
    for line, row in enumerate(rows, 2):
        page.append([cell(row.get(name), line, name) for name in columns])
    with whole_file(path) as part:
        workbook.save(part)


def _held(value: Cell) -> tuple[Cell, str]:
    """Return what a cell holds and its type; what Excel would not keep as it is, is text."""
    if isinstance(value, str):
        return _LOOKS_ESCAPED.sub("_x005F_", neutralised(value)), "s"
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        digits = Decimal(value).normalize().as_tuple().digits
        return (cell_text(value), "s") if len(digits) > _EXACT_DIGITS else (value, "n")
    if isinstance(value, date) and (isinstance(value, datetime) or value < _FIRST_SHEET_DAY):
        return cell_text(value), "s"
    return value, ""
