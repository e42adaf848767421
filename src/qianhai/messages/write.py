"""Writing CSV and JSONL: complete files or none, safe to open in a spreadsheet.

Holds the writing of cells. Must not hold what a field means. Text that a spreadsheet would run
as a formula gets an apostrophe before it; numbers stay numbers.
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path

from qianhai.messages.model import Cell

_STARTS_FORMULA = re.compile(r"\s*[=+\-@\t\r\n＝＋－＠]")
_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


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
