"""Opening an XLSX workbook: what it packs, which parts are sheets, its shared texts and formats.

Holds the checks of the package before any sheet is read. Must not hold the reading of cells.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from posixpath import join, normpath
from typing import BinaryIO, Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from qianhai.kernel import Flaw, Place
from qianhai.messages.flaws import flaw_at, hidden_in
from qianhai.messages.model import Row, Shape
from qianhai.messages.walk_xml import READ_FAULTS, Refused, walk

#: Elements inside elements: a sheet needs seven, a styles part with extensions a few more.
DEPTH_MAX: Final = 64
_SMALL_BYTES: Final = 1 << 20
#: Formats kept by number only that show a date, a Chinese Excel's among them (ECMA-376 part 1,
#: 18.8.30).
_DATE_FORMATS: Final = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
#: What a format writes as it stands: quoted, escaped, or in brackets.
_FORMAT_LITERAL = re.compile(r'"[^"]*"|[\\_*].|\[[^\]]*\]')
_FORBIDDEN: Final = (
    ("vbaproject", "macros"),
    ("/externallinks/", "links to other files"),
    ("/embeddings/", "embedded files"),
    ("/activex/", "controls"),
    ("/ctrlprops/", "controls"),
    ("/macrosheets/", "macros"),
    ("/connections.xml", "data connections"),
)
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its name, the part that holds it, and whether a person can see it."""

    name: str
    part: str
    is_hidden: bool


@dataclass(slots=True)
class Workbook:
    """What every sheet needs: the package, the shared texts, which styles are dates."""

    package: ZipFile
    sheets: list[Sheet] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    date_styles: frozenset[int] = frozenset()
    epoch: date = date(1899, 12, 30)


def unescaped(text: str) -> str:
    """Return a text as Excel shows it: `_x000D_` and the like stand for one character.

    >>> unescaped("a_x0041_")
    'aA'
    """
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def is_date_format(code: str) -> bool:
    """Say whether a number format shows a day or a time.

    >>> is_date_format('yyyy"年"m"月"'), is_date_format('[Red]0" days"'), is_date_format("[h]:mm")
    (True, False, True)
    """
    return any(letter in "dmyhs" for letter in _FORMAT_LITERAL.sub("", code).lower())


class PartVisitor:
    """Sees one small part: calls `opened` and `closed` with local names, keeps the open text."""

    def __init__(self) -> None:
        self.found: list[Row | Flaw] = []
        self.path: list[str] = []
        self.pieces: list[str] = []

    def start(self, name: str, attributes: dict[str, str], line: int) -> None:
        """Note that an element begins."""
        local = name.rpartition(" ")[2]
        self.path.append(local)
        self.opened(local, attributes, line)

    def text(self, data: str) -> None:
        """Keep a piece of text."""
        self.pieces.append(data)

    def end(self, line: int) -> None:
        """Note that an element ends."""
        self.closed(self.path.pop(), line)

    def opened(self, name: str, attributes: dict[str, str], line: int) -> None:
        """An element begins; `path` ends with it."""

    def closed(self, name: str, line: int) -> None:
        """An element has ended."""

    def where(self) -> str:
        """Say nothing: a part's name is its place."""
        return ""


class _Relations(PartVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.targets: dict[str, tuple[str, str]] = {}
        self.external = ""

    def opened(self, name: str, attributes: dict[str, str], line: int) -> None:
        del line
        if name == "Relationship":
            kind = attributes.get("Type", "").rpartition("/")[2]
            if attributes.get("TargetMode") == "External":
                self.external = attributes.get("Target", "")
            self.targets[attributes.get("Id", "")] = (kind, attributes.get("Target", ""))


class _Sheets(PartVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.sheets: list[tuple[str, str, bool]] = []
        self.is_1904 = False

    def opened(self, name: str, attributes: dict[str, str], line: int) -> None:
        del line
        if name == "workbookPr":
            self.is_1904 = attributes.get("date1904") in {"1", "true"}
        if name == "sheet" and self.path[-2:-1] == ["sheets"]:
            ids = [text for key, text in attributes.items() if key.endswith(" id")]
            hidden = attributes.get("state", "visible") != "visible"
            self.sheets.append((attributes.get("name", ""), ids[0] if ids else "", hidden))


class _Texts(PartVisitor):
    def __init__(self, place: Place, limit: int) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._place, self._limit = place, limit

    def opened(self, name: str, attributes: dict[str, str], line: int) -> None:
        del attributes, line
        if name == "si":
            self._kept: list[str] = []
        self.pieces.clear()

    def closed(self, name: str, line: int) -> None:
        del line
        if name == "t" and "rPh" not in self.path:
            self._kept.append("".join(self.pieces))
        elif name == "si":
            self.texts.append(unescaped("".join(self._kept)))
            if len(self.texts) > self._limit:
                raise Refused(
                    _limit_flaw(self._place, "number of shared texts", len(self.texts), self._limit)
                )


class _Styles(PartVisitor):
    def __init__(self) -> None:
        super().__init__()
        self._codes: dict[int, str] = {}
        self._formats: list[int] = []

    def opened(self, name: str, attributes: dict[str, str], line: int) -> None:
        del line
        number = attributes.get("numFmtId", "0")
        key = int(number) if number.isascii() and number.isdigit() else 0
        if name == "numFmt":
            self._codes[key] = attributes.get("formatCode", "")
        if name == "xf" and self.path[-2:-1] == ["cellXfs"]:
            self._formats.append(key)

    def date_styles(self) -> frozenset[int]:
        """Return the style numbers that show a number as a day."""
        return frozenset(
            style
            for style, key in enumerate(self._formats)
            if key in _DATE_FORMATS or is_date_format(self._codes.get(key, ""))
        )


def open_workbook(file: BinaryIO, place: Place, shape: Shape) -> Workbook | list[Flaw]:
    """Open a workbook and read what its sheets share, or say all that stands against it."""
    try:
        package = ZipFile(file)
        flaws = list(_package_flaws(package, place, shape))
    except READ_FAULTS as fault:
        return [flaw_at("M302", place, str(fault) or type(fault).__name__)]
    return flaws or _shared(package, place, shape)


def _package_flaws(package: ZipFile, place: Place, shape: Shape) -> Iterator[Flaw]:
    """Yield what a package says of itself that is reason not to unpack it."""
    entries = package.infolist()
    if len(entries) > shape.zip_entries_max:
        yield _limit_flaw(place, "number of parts", len(entries), shape.zip_entries_max)
    size = sum(entry.file_size for entry in entries)
    if size > shape.zip_bytes_max:
        yield _limit_flaw(place, "unpacked size", size, shape.zip_bytes_max)
    seen: set[str] = set()
    told: set[str] = set()
    for entry in entries:
        name = "/" + entry.filename.lower()
        if _is_bomb(entry, shape):
            yield _limit_flaw(place, "packing ratio", entry.filename, shape.zip_ratio_max)
        if entry.flag_bits & 1:
            yield flaw_at("M301", place)
            return
        if name in seen or entry.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
            yield flaw_at("M302", place, entry.filename)
        seen.add(name)
        for part, shown in _FORBIDDEN:
            if part in name and shown not in told:
                told.add(shown)
                yield flaw_at("M304", place, shown)


def _limit_flaw(place: Place, what: str, value: object, limit: int) -> Flaw:
    return flaw_at("M303", place, value, what=what, limit=limit)


def _is_bomb(entry: ZipInfo, shape: Shape) -> bool:
    packed = max(entry.compress_size, 1)
    return entry.file_size > _SMALL_BYTES and entry.file_size > shape.zip_ratio_max * packed


def visit(
    package: ZipFile, part: str, visitor: PartVisitor, place: Place, shape: Shape
) -> list[Flaw]:
    """Walk one part to its end and return its flaws; a part that is not there is one."""
    at = Place(place.file, None, part)
    try:
        stream = package.open(part)
    except (KeyError, RuntimeError, *READ_FAULTS):
        return [flaw_at("M310", at, "missing or unreadable", part=part)]
    with stream:
        return [
            flaw for flaw in walk(stream, visitor, at, shape, DEPTH_MAX) if isinstance(flaw, Flaw)
        ]


def _shared(package: ZipFile, place: Place, shape: Shape) -> Workbook | list[Flaw]:
    """Read the parts the sheets share; the first part that fails ends it."""
    root, relations, sheets = _Relations(), _Relations(), _Sheets()
    if flaws := visit(package, "_rels/.rels", root, place, shape):
        return flaws
    mains = [target for kind, target in root.targets.values() if kind == "officeDocument"]
    if len(mains) != 1:
        return [flaw_at("M310", place, f"{len(mains)} main parts", part="_rels/.rels")]
    main = mains[0].removeprefix("/")
    folder, _, leaf = main.rpartition("/")
    links = join(folder, "_rels", leaf + ".rels")
    flaws = visit(package, main, sheets, place, shape)
    flaws = flaws or visit(package, links, relations, place, shape)
    if flaws:
        return flaws
    if relations.external:
        return [flaw_at("M304", place, "links to other files")]
    targets = {
        link: (kind, _resolved(folder, target))
        for link, (kind, target) in relations.targets.items()
    }
    workbook = Workbook(package, epoch=date(1904, 1, 1) if sheets.is_1904 else date(1899, 12, 30))
    flaws = _read_texts_and_styles(workbook, targets, place, shape)
    return flaws or _sheet_flaws(workbook, sheets, targets, place) or workbook


def _read_texts_and_styles(
    workbook: Workbook, targets: Mapping[str, tuple[str, str]], place: Place, shape: Shape
) -> list[Flaw]:
    """Read the shared texts and which styles are dates into the workbook."""
    flaws: list[Flaw] = []
    for kind, part in targets.values():
        if kind == "sharedStrings":
            texts = _Texts(place, 4 * shape.rows_max)
            flaws += visit(workbook.package, part, texts, place, shape)
            workbook.texts = texts.texts
        elif kind == "styles":
            styles = _Styles()
            flaws += visit(workbook.package, part, styles, place, shape)
            workbook.date_styles = styles.date_styles()
    return flaws


def _sheet_flaws(
    workbook: Workbook, sheets: _Sheets, targets: Mapping[str, tuple[str, str]], place: Place
) -> list[Flaw]:
    """Add the sheets to the workbook, each with a part of its own."""
    flaws: list[Flaw] = []
    parts: set[str] = set()
    for name, link, is_hidden in sheets.sheets:
        kind, part = targets.get(link, ("", ""))
        if hidden := hidden_in(name):
            flaws.append(flaw_at("M108", Place(place.file, None, "workbook"), hidden))
        elif not kind or part in parts:
            flaws.append(flaw_at("M310", place, f"sheet {name}", part="workbook"))
        elif kind == "worksheet":
            parts.add(part)
            workbook.sheets.append(Sheet(name, part, is_hidden))
    return flaws


def _resolved(folder: str, target: str) -> str:
    """Return a part's name in the package from the folder that names it.

    >>> _resolved("xl", "worksheets/sheet1.xml"), _resolved("xl", "/xl/styles.xml")
    ('xl/worksheets/sheet1.xml', 'xl/styles.xml')
    """
    return target[1:] if target.startswith("/") else normpath(join(folder, target))
