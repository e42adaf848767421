"""XLSX: every sheet of a workbook, row by row, each value as its exact text.

Holds the reading of cells. Must not hold what a field means, nor the package (open_workbook). The
sheets are read as XML and not through a spreadsheet library, because a library hides what must
be seen here: merged cells, hidden rows, formulas without a value and the digits as stored.
"""

import re
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import BinaryIO, Final

from qianhai.kernel import Flaw, Place
from qianhai.messages.flaws import flaw_at, hidden_in
from qianhai.messages.model import Row, Shape
from qianhai.messages.open_workbook import (
    DEPTH_MAX,
    PartVisitor,
    Sheet,
    Workbook,
    open_workbook,
    unescaped,
)
from qianhai.messages.read_csv import header_flaws, text_flaws
from qianhai.messages.walk_xml import READ_FAULTS, Refused, walk

_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_ROW_MAX: Final = 1 << 20
_COLUMN_MAX: Final = 1 << 14
_EXACT_DIGITS: Final = 15
_DAY_SECONDS: Final = 86_400
_KINDS: Final = frozenset(("n", "s", "str", "b", "e", "inlineStr", "d"))


def read_xlsx(file: BinaryIO, name: str, shape: Shape) -> Iterator[Row | Flaw]:
    """Yield the rows and flaws of every sheet of a workbook, in the workbook's order.

    A sheet without a column `kind` gives its name as that field, so that a register can hold
    one kind a sheet.
    """
    place = Place(name)
    opened = open_workbook(file, place, shape)
    if isinstance(opened, list):
        yield from opened
        return
    for sheet in opened.sheets:
        try:
            stream = opened.package.open(sheet.part)
        except (KeyError, RuntimeError, *READ_FAULTS):
            yield flaw_at("M310", place, "missing or unreadable", part=sheet.part)
            continue
        with stream:
            visitor = _SheetVisitor(opened, sheet, name, shape)
            yield from walk(stream, visitor, Place(name, None, sheet.name), shape, DEPTH_MAX)


def column_number(letters: str) -> int:
    """Return the number of a column from its letters, counted from one.

    >>> column_number("A"), column_number("AB")
    (1, 28)
    """
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def number_text(stored: str) -> str | None:
    """Return the shortest decimal of a number as a workbook stores it; None if it is inexact.

    A workbook stores binary fractions, and Excel keeps 15 digits of what was typed: the shortest
    text of the fraction is what was typed, unless it needs more digits than that.

    >>> number_text("0.10000000000000001"), number_text("1E3"), number_text("12345678901234567")
    ('0.1', '1000', None)
    """
    if not _NUMBER.fullmatch(stored):
        return None
    typed = Decimal(repr(float(stored)))
    if not typed.is_finite() or len(typed.normalize().as_tuple().digits) > _EXACT_DIGITS:
        return None
    text = format(typed, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


class _SheetVisitor(PartVisitor):
    """Sees one sheet: turns each row of cells into a Row once the header is known."""

    def __init__(self, workbook: Workbook, sheet: Sheet, file: str, shape: Shape) -> None:
        super().__init__()
        self._book, self._sheet, self._file, self._shape = workbook, sheet, file, shape
        self._header: dict[int, str] = {}
        self._is_refused = False
        self._hidden_columns: list[tuple[int, int]] = []
        self._row = self._column = 0
        self._is_row_hidden = False
        self._cells: dict[int, str] = {}
        self._flaws: list[Flaw] = []
        self._type, self._style, self._value, self._formula = "n", "", "", False

    def _at(self) -> Place:
        reference = f"{self._sheet.name}!{column_letters(self._column)}{self._row}"
        return Place(self._file, self._row, reference)

    def _damaged(self, value: str) -> Refused:
        place = Place(self._file, self._row or None, self._sheet.name)
        return Refused(flaw_at("M310", place, value, part=self._sheet.part))

    def opened(self, name: str, attributes: dict[str, str], line: int) -> None:
        """Note a row, a cell, or a merged range."""
        del line
        if name == "row":
            self._open_row(attributes)
        elif name == "c":
            self._open_cell(attributes)
        elif name == "f":
            self._formula = True
        elif name == "mergeCell":
            shown = f"{self._sheet.name}!{attributes.get('ref', '')}"
            self.found.append(flaw_at("M305", Place(self._file, None, shown), shown))
        elif name == "col" and attributes.get("hidden") in {"1", "true"}:
            first, last = attributes.get("min", ""), attributes.get("max", "")
            if not (first.isascii() and first.isdigit() and last.isascii() and last.isdigit()):
                raise self._damaged("col")
            self._hidden_columns.append((int(first[:6]), int(last[:6])))
        self.pieces.clear()

    def _open_row(self, attributes: dict[str, str]) -> None:
        number = attributes.get("r", str(self._row + 1))
        known = number.isascii() and number.isdigit() and len(number) <= 7  # noqa: PLR2004
        if not known or not self._row < int(number) <= _ROW_MAX:
            raise self._damaged(f"row {number}")
        self._row, self._column = int(number), 0
        self._is_row_hidden = attributes.get("hidden") in {"1", "true"}
        self._cells, self._flaws = {}, []

    def _open_cell(self, attributes: dict[str, str]) -> None:
        if "r" in attributes:
            found = _REFERENCE.fullmatch(attributes["r"])
            column = column_number(found[1]) if found else 0
            if not found or int(found[2]) != self._row:
                raise self._damaged(f"cell {attributes['r']}")
        else:
            column = self._column + 1
        if not self._row or not self._column < column <= _COLUMN_MAX:
            raise self._damaged(f"cell {attributes.get('r', column)}")
        self._column = column
        self._type, self._style = attributes.get("t", "n"), attributes.get("s", "")
        self._value, self._formula = "", False
        if self._type not in _KINDS:
            raise self._damaged(f"cell type {self._type}")

    def closed(self, name: str, line: int) -> None:
        """Take a value, finish a cell or finish a row."""
        del line
        if name == "v":
            self._value = "".join(self.pieces)
        elif name == "t" and "is" in self.path and "rPh" not in self.path:
            self._value += "".join(self.pieces)
        elif name == "c":
            self._close_cell()
        elif name == "row":
            self._close_row()
        self.pieces.clear()

    def _close_cell(self) -> None:
        found = self._cell_text()
        if isinstance(found, Flaw):
            self._flaws.append(found)
        elif found:
            self._cells[self._column] = found
            if len(found) > self._shape.cell_chars_max or hidden_in(found):
                at = self._at()
                self._flaws += text_flaws(found, at, at.column or "", self._shape)

    def _cell_text(self) -> str | Flaw:
        """Return a cell's exact text, empty for an empty cell, or what is wrong with it."""
        raw, kind = self._value, self._type
        if self._formula and not raw:
            return flaw_at("M306", self._at(), self._at().column)
        if kind in {"str", "inlineStr"}:
            return unescaped(raw).strip()
        raw = raw.strip()
        if not raw:
            return ""
        if kind == "s":
            if not (raw.isascii() and raw.isdigit()) or int(raw[:9]) >= len(self._book.texts):
                raise self._damaged(f"shared text {raw}")
            return self._book.texts[int(raw[:9])].strip()
        if kind == "b":
            return "true" if raw == "1" else "false"
        if kind == "e":
            return flaw_at("M307", self._at(), raw)
        if kind == "d":
            return raw.removesuffix("T00:00:00")
        number = number_text(raw)
        is_style = self._style.isascii() and self._style.isdigit() and len(self._style) < 6  # noqa: PLR2004
        if is_style and int(self._style) in self._book.date_styles:
            return self._day(raw)
        return flaw_at("M308", self._at(), raw) if number is None else number

    def _day(self, raw: str) -> str | Flaw:
        """Return the day, or day and time, that a date cell shows.

        Days before 1 March 1900 are refused: Excel counts a 29 February 1900 that never was.
        """
        first = 1 if self._book.epoch.year == 1904 else 61  # noqa: PLR2004
        serial = Decimal(raw) if _NUMBER.fullmatch(raw) else Decimal(-1)
        if not first <= serial < 2_958_466:  # noqa: PLR2004
            return flaw_at("M309", self._at(), raw)
        seconds = int((serial * _DAY_SECONDS).to_integral_value())
        at = datetime.combine(self._book.epoch, time()) + timedelta(seconds=seconds)
        return at.date().isoformat() if not seconds % _DAY_SECONDS else at.isoformat()

    def _close_row(self) -> None:
        """Give the row, or its flaws; the first row with values is the header.

        Under a refused header no row means anything; the merged ranges that may be the cause
        stand after the rows and are still told.
        """
        if self._is_refused or (not self._cells and not self._flaws):
            return
        place = Place(self._file, self._row, self._sheet.name)
        if self._sheet.is_hidden:
            raise Refused(flaw_at("M312", place, self._sheet.name, what="sheet"))
        if self._is_row_hidden:
            self._flaws.append(
                flaw_at("M312", place, f"{self._sheet.name}!{self._row}", what="row")
            )
        if not self._header:
            self._take_header(place)
            return
        if len(self._cells) > self._shape.columns_max:
            raise Refused(flaw_at("M110", place, len(self._cells), limit=self._shape.columns_max))
        has_kind = "kind" in self._header.values()
        fields = {} if has_kind else {"kind": self._sheet.name}
        for column, text in self._cells.items():
            if column in self._header:
                fields[self._header[column]] = text
            else:
                at = Place(
                    self._file, self._row, f"{self._sheet.name}!{column_letters(column)}{self._row}"
                )
                self._flaws.append(flaw_at("M311", at, text))
        self.found.extend(self._flaws or [Row(place, fields)])

    def _take_header(self, place: Place) -> None:
        width = max(self._cells, default=0)
        if width > self._shape.columns_max:
            raise Refused(flaw_at("M110", place, width, limit=self._shape.columns_max))
        names = [self._cells.get(column, "") for column in range(1, width + 1)]
        flaws = [*self._flaws, *header_flaws(names, place, self._shape)]
        for column in range(1, width + 1):
            if any(first <= column <= last for first, last in self._hidden_columns):
                shown = f"{self._sheet.name}!{column_letters(column)}"
                flaws.append(flaw_at("M312", place, shown, what="column"))
        self._header = dict(enumerate(names, 1))
        self.found.extend(flaws)
        self._is_refused = bool(flaws)


def column_letters(number: int) -> str:
    """Return a column's letters from its number.

    >>> column_letters(28)
    'AB'
    """
    letters = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
