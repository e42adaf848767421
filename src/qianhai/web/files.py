"""The rows of a page as a file: CSV or XLSX, as the address asks, safe to open in a spreadsheet.

Must not hold what a column means.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from starlette.responses import Response

from qianhai.messages import Cell, neutralised, write_xlsx
from qianhai.web import faults
from qianhai.web.visitor import Visitor

_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: Spreadsheets take a file for UTF-8 by this mark.
_MARK: Final = "\ufeff"


def rows_file(
    visitor: Visitor, name: str, columns: Sequence[str], rows: Iterable[Mapping[str, Cell]]
) -> Response | None:
    """Return rows as the file that `?format=` asks for, or None where a page is asked for.

    Raises:
        Turned: it asks for another kind of file.
    """
    kind = visitor.request.query_params.get("format")
    if kind is None:
        return None
    if kind == "csv":
        content, media = _csv(columns, rows), "text/csv; charset=utf-8"
    elif kind == "xlsx":
        content, media = _xlsx(columns, rows), _XLSX
    else:
        raise faults.not_found()
    disposition = f'attachment; filename="{name}-{visitor.on.isoformat()}.{kind}"'
    return Response(content, media_type=media, headers={"Content-Disposition": disposition})


def _csv(columns: Sequence[str], rows: Iterable[Mapping[str, Cell]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_text(row.get(name)) for name in columns])
    return (_MARK + out.getvalue()).encode()


def _text(value: Cell) -> str:
    """Write a cell; a text that a spreadsheet would run gets an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return neutralised(str(value))


def _xlsx(columns: Sequence[str], rows: Iterable[Mapping[str, Cell]]) -> bytes:
    with TemporaryDirectory(prefix="qianhai-") as folder:
        path = Path(folder) / "rows.xlsx"
        write_xlsx(path, columns, rows)
        return path.read_bytes()
