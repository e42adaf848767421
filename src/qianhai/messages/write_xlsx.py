"""Writing XLSX: one sheet of values, the same bytes for the same rows.

Holds the parts of a workbook and the writing of cells. Must not hold what a field means. Written
as XML, because a spreadsheet library would put the time of writing into the file and round or cut
what Excel does not keep.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from html import escape
from itertools import chain
from pathlib import Path
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from qianhai.kernel import BadInput, Place
from qianhai.messages.flaws import flaw_at, hidden_in
from qianhai.messages.model import Cell
from qianhai.messages.read_xlsx import column_letters
from qianhai.messages.write import cell_text, neutralised, whole_file

_EXACT_DIGITS: Final = 15
_CELL_CHARS_MAX: Final = 32_767
_ROW_MAX: Final = 1 << 20
#: Excel's days before this one are off by one: it counts a 29 February 1900.
_FIRST_DAY: Final = date(1900, 3, 1)
_EPOCH: Final = date(1899, 12, 30)
_LOOKS_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_OFFICE: Final = "http://schemas.openxmlformats.org"
_TYPES: Final = f"{_OFFICE}/package/2006/content-types"
_LINKS: Final = f"{_OFFICE}/package/2006/relationships"
_LINK_KINDS: Final = f"{_OFFICE}/officeDocument/2006/relationships"
_MAIN: Final = f"{_OFFICE}/spreadsheetml/2006/main"
_KIND: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
#: Every part but the sheet and the workbook, which names the sheet.
_PARTS: Final = {
    "[Content_Types].xml": f'<Types xmlns="{_TYPES}">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_KIND}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_LINKS}"><Relationship Id="rId1" '
    f'Type="{_LINK_KINDS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_LINKS}">'
    f'<Relationship Id="rId1" Type="{_LINK_KINDS}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_LINK_KINDS}/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/></numFmts>'
    '<fonts count="1"><font/></fonts><fills count="2"><fill><patternFill patternType="none"/>'
    '</fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/>'
    '</borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf xfId="0"/>'
    '<xf numFmtId="164" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="49" xfId="0" applyNumberFormat="1"/></cellXfs><cellStyles count="1">'
    '<cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
}
_DATE_STYLE: Final = 1
_TEXT_STYLE: Final = 2


def write_xlsx(
    path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Cell]], *, sheet: str = "rows"
) -> None:
    """Write rows as one sheet of an XLSX workbook, texts as texts and numbers as numbers.

    Raises:
        BadInput: a text cannot stand in a cell (too long, or a hidden character), or there are
            more rows than a sheet has; nothing is written, because Excel would cut it silently.
    """
    workbook = (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_LINK_KINDS}"><sheets>'
        f'<sheet name="{escape(sheet)}" sheetId="1" r:id="rId1"/></sheets></workbook>'
    )
    letters = [column_letters(number) for number in range(1, len(columns) + 1)]
    with whole_file(path) as part, ZipFile(part, "w") as package:
        for name, text in (*_PARTS.items(), ("xl/workbook.xml", workbook)):
            package.writestr(_entry(name), _HEAD + text)
        with package.open(_entry("xl/worksheets/sheet1.xml"), "w", force_zip64=True) as page:
            page.write(f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
            header: dict[str, Cell] = {name: name for name in columns}
            for line, row in enumerate(chain([header], rows), 1):
                page.write(_row(path.name, line, letters, columns, row).encode())
            page.write(b"</sheetData></worksheet>")


def _entry(name: str) -> ZipInfo:
    """Return a part's entry with a fixed time, so that equal rows give equal bytes."""
    entry = ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.compress_type = ZIP_DEFLATED
    return entry


def _row(
    file: str, line: int, letters: Sequence[str], columns: Sequence[str], row: Mapping[str, Cell]
) -> str:
    if line > _ROW_MAX:
        raise BadInput([flaw_at("M106", Place(file, line), limit=_ROW_MAX)])
    cells = [
        _cell(f"{letter}{line}", value, Place(file, line, name))
        for letter, name in zip(letters, columns, strict=True)
        if (value := row.get(name)) is not None
    ]
    return f'<row r="{line}">{"".join(cells)}</row>'


def _cell(reference: str, value: Cell, place: Place) -> str:
    """Write one cell; what Excel would not keep as it is, is written as text."""
    if isinstance(value, bool):
        return f'<c r="{reference}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | Decimal):
        digits = Decimal(value).normalize().as_tuple().digits
        if len(digits) <= _EXACT_DIGITS:
            return f'<c r="{reference}"><v>{cell_text(value)}</v></c>'
    elif isinstance(value, date) and not isinstance(value, datetime) and value >= _FIRST_DAY:
        days = (value - _EPOCH).days
        return f'<c r="{reference}" s="{_DATE_STYLE}"><v>{days}</v></c>'
    text = neutralised(cell_text(value))
    if len(text) > _CELL_CHARS_MAX:
        raise BadInput([flaw_at("M109", place, len(text), limit=_CELL_CHARS_MAX)])
    if hidden := hidden_in(text):
        raise BadInput([flaw_at("M108", place, hidden)])
    kept = escape(_LOOKS_ESCAPED.sub("_x005F_", text)).replace("\r", "_x000D_")
    return (
        f'<c r="{reference}" s="{_TEXT_STYLE}" t="inlineStr">'
        f'<is><t xml:space="preserve">{kept}</t></is></c>'
    )
