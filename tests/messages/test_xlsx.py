"""XLSX workbooks: exact values, what a person cannot see, hostile packages."""

import struct
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from messages.reading import codes_of, fields_of, flaws_of, found_in, repacked
from qianhai.messages import Shape

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_SHEET = "xl/worksheets/sheet1.xml"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return tmp_path / "day.xlsx"


def written(path: Path, *rows: list[Any], title: str = "parties") -> Path:
    """Write one sheet with the program most senders' workbooks come from."""
    workbook = Workbook()
    page = workbook.active
    assert page is not None
    page.title = title
    for row in rows:
        page.append(row)
    workbook.save(path)
    return path


def sheet(rows: str, before: str = "", after: str = "") -> bytes:
    """Return a sheet's part with the given rows."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="{_MAIN}">{before}'
        f"<sheetData>{rows}</sheetData>{after}</worksheet>"
    ).encode()


def with_cells(path: Path, cells: str, before: str = "", after: str = "") -> Path:
    """Write a workbook whose second row holds the given cells under the headers a, b."""
    head = '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c>'
    head += '<c r="B1" t="inlineStr"><is><t>b</t></is></c></row>'
    rows = f'{head}<row r="2">{cells}</row>'
    made = written(path.with_name("plain.xlsx"), ["x"])
    return repacked(made, {_SHEET: sheet(rows, before, after)}, path)


def test_values_come_out_as_what_was_typed(book: Path) -> None:
    row = ["前海", 5, 0.1, 1200000.5, True, date(2023, 6, 30), datetime(2023, 6, 30, 9, 30), -0.25]  # noqa: DTZ001
    written(book, ["name", "n", "d", "amount", "ok", "on", "at", "less"], row)
    assert fields_of(book) == [
        {
            "kind": "parties", "name": "前海", "n": "5", "d": "0.1", "amount": "1200000.5",
            "ok": "true", "on": "2023-06-30", "at": "2023-06-30T09:30:00", "less": "-0.25",
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("0.10000000000000001", "0.1"),
        ("1E-3", "0.001"),
        ("1.5E+15", "1500000000000000"),
        ("-0", "0"),
        ("123456789012345", "123456789012345"),
        ("4.0", "4"),
    ],
)
def test_a_number_is_the_shortest_decimal_that_was_stored(
    book: Path, stored: str, text: str
) -> None:
    assert fields_of(with_cells(book, f'<c r="A2"><v>{stored}</v></c>')) == [
        {"kind": "parties", "a": text}
    ]


@pytest.mark.parametrize(
    "stored", ["0.30000000000000004", "440301199001011234", "1E999", "nan", "1,5", "0x10", "１"]
)
def test_a_number_that_lost_digits_is_a_flaw(book: Path, stored: str) -> None:
    assert flaws_of(with_cells(book, f'<c r="A2"><v>{stored}</v></c>')) == [
        ("M308", 2, "parties!A2")
    ]


def test_cells_of_every_type_are_read(book: Path) -> None:
    cells = '<c r="A2" t="str"><f>B2</f><v> x </v></c><c t="d"><v>2023-06-30T00:00:00</v></c>'
    assert fields_of(with_cells(book, cells)) == [{"kind": "parties", "a": "x", "b": "2023-06-30"}]
    cells = '<c r="A2" t="inlineStr"><is><r><t>one</t></r><r><t> two_x0041_</t></r>'
    cells += '<rPh sb="0" eb="1"><t>reading</t></rPh></is></c><c r="B2" t="b"><v>0</v></c>'
    assert fields_of(with_cells(book, cells)) == [
        {"kind": "parties", "a": "one twoA", "b": "false"}
    ]


def test_each_sheet_is_a_kind_unless_a_column_says_so(book: Path) -> None:
    workbook = Workbook()
    parties = workbook.active
    assert parties is not None
    parties.title = "party"
    parties.append(["id", "name"])
    parties.append(["1", "A"])
    lists = workbook.create_sheet("list")
    lists.append([None, None])
    lists.append(["id", "kind"])
    lists.append(["2", "entry"])
    lists.append(["3", None])
    workbook.create_sheet("empty")
    workbook.save(book)
    assert fields_of(book) == [
        {"kind": "party", "id": "1", "name": "A"},
        {"id": "2", "kind": "entry"},
        {"id": "3"},
    ]
    assert [(r.place.line, r.place.column) for r in found_in(book)[0]][1] == (3, "list")


def test_dates_follow_the_workbook_and_chinese_formats(book: Path) -> None:
    with_cells(book, '<c r="A2" s="1"><v>45107</v></c><c r="B2" s="2"><v>45107.5</v></c>')
    styles = (
        f'<styleSheet xmlns="{_MAIN}"><numFmts><numFmt numFmtId="170" formatCode="yyyy-mm-dd"/>'
    )
    styles += '</numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="31"/><xf numFmtId="170"/>'
    styles += "</cellXfs></styleSheet>"
    dated = repacked(book, {"xl/styles.xml": styles.encode()}, book.with_name("dated.xlsx"))
    assert fields_of(dated) == [{"kind": "parties", "a": "2023-06-30", "b": "2023-06-30T12:00:00"}]
    with zipfile.ZipFile(dated) as package:
        main = package.read("xl/workbook.xml").replace(b"<sheets>", b"<workbookPr/><sheets>")
    main = main.replace(b"<workbookPr/>", b'<workbookPr date1904="1"/>')
    newer = repacked(dated, {"xl/workbook.xml": main}, book.with_name("newer.xlsx"))
    assert fields_of(newer)[0]["a"] == "2027-07-01"


@pytest.mark.parametrize("serial", ["60", "0.5", "-1", "2958466", "x"])
def test_a_date_that_is_no_day_is_a_flaw(book: Path, serial: str) -> None:
    written(book, ["a"], [date(2023, 6, 30)])
    rows = '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row>'
    rows += f'<row r="2"><c r="A2" s="1"><v>{serial}</v></c></row>'
    changed = repacked(book, {_SHEET: sheet(rows)}, book.with_name("serial.xlsx"))
    assert flaws_of(changed) == [("M309", 2, "parties!A2")]


def test_what_a_person_cannot_see_is_not_booked(book: Path) -> None:
    merged = '<mergeCells><mergeCell ref="A2:B2"/></mergeCells>'
    assert flaws_of(with_cells(book, "<c><v>1</v></c>", after=merged)) == [
        ("M305", None, "parties!A2:B2")
    ]
    hidden = '<cols><col min="2" max="2" hidden="1"/></cols>'
    assert flaws_of(with_cells(book, "<c><v>1</v></c>", before=hidden)) == [("M312", 1, "parties")]
    workbook = Workbook()
    page = workbook.active
    assert page is not None
    page.append(["id"])
    page.append(["1"])
    page.append(["2"])
    page.row_dimensions[2].hidden = True
    workbook.create_sheet("veiled").append(["id"])
    workbook["veiled"].sheet_state = "veryHidden"
    workbook.save(book)
    assert codes_of(book) == ["M312", "M312"]


def test_formulas_need_a_value_and_errors_are_none(book: Path) -> None:
    cells = '<c r="A2"><f>1+1</f></c><c r="B2" t="e"><v>#REF!</v></c>'
    assert flaws_of(with_cells(book, cells)) == [
        ("M306", 2, "parties!A2"),
        ("M307", 2, "parties!B2"),
    ]
    assert fields_of(with_cells(book, "<c><f>1+1</f><v>2</v></c>")) == [
        {"kind": "parties", "a": "2"}
    ]


def test_headers_and_texts_are_held_to_the_rules_of_csv(book: Path) -> None:
    assert codes_of(written(book, ["id", None, "id"], ["1"])) == ["M201", "M202"]
    assert flaws_of(written(book, ["id"], ["1", "stray"])) == [("M311", 2, "parties!B2")]
    assert flaws_of(written(book, ["id"], ["a\u202eb"])) == [("M108", 2, "parties!A2")]
    assert flaws_of(written(book, ["id"], ["x" * 40]), Shape(cell_chars_max=39)) == [
        ("M109", 2, "parties!A2")
    ]
    assert codes_of(written(book, ["a", "b", "c"], ["1"]), Shape(columns_max=2)) == ["M110"]
    assert codes_of(written(book, ["a", "b"], [1, 2, 3]), Shape(columns_max=2)) == ["M110"]
    assert codes_of(written(book, ["id"], title="a\u202eb")) == ["M108"]
    assert codes_of(written(book, ["id"])) == ["M102"]
    assert codes_of(written(book)) == ["M102"]


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="2"/><row r="1"/>',
        '<row r="0"/>',
        '<row r="1048577"/>',
        '<row r="x"/>',
        '<row r="1"><c r="B1"/><c r="A1"/></row>',
        '<row r="1"><c r="A2"/></row>',
        '<row r="1"><c r="1A"/></row>',
        '<row r="1"><c r="XFE1"/></row>',
        '<row r="1"><c r="A1" t="z"/></row>',
        '<row r="1"><c r="A1" t="s"><v>99</v></c></row>',
        '<row r="1"><c r="A1" t="s"><v>-1</v></c></row>',
        '<c r="A1"><v>1</v></c>',
    ],
)
def test_a_sheet_that_contradicts_itself_is_refused(book: Path, rows: str) -> None:
    made = written(book.with_name("plain.xlsx"), ["x"])
    assert codes_of(repacked(made, {_SHEET: sheet(rows)}, book)) == ["M310"]


def test_a_column_range_that_is_none_is_refused(book: Path) -> None:
    columns = '<cols><col min="x" max="2" hidden="1"/></cols>'
    assert codes_of(with_cells(book, "", before=columns)) == ["M310"]


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ("xl/vbaProject.bin", "M304"),
        ("xl/externalLinks/externalLink1.xml", "M304"),
        ("xl/embeddings/oleObject1.bin", "M304"),
        ("xl/activeX/activeX1.xml", "M304"),
        ("xl/connections.xml", "M304"),
    ],
)
def test_a_workbook_carries_values_only(book: Path, part: str, code: str) -> None:
    made = written(book.with_name("plain.xlsx"), ["id"], ["1"])
    assert codes_of(repacked(made, {part: b"x"}, book)) == [code]


def test_a_link_to_another_file_is_refused(book: Path) -> None:
    made = written(book.with_name("plain.xlsx"), ["id"], ["1"])
    with zipfile.ZipFile(made) as package:
        links = package.read("xl/_rels/workbook.xml.rels")
    outward = b'<Relationship Id="x" Type="a/b" Target="file:///x" TargetMode="External"/></Relat'
    changed = {"xl/_rels/workbook.xml.rels": links.replace(b"</Relat", outward)}
    assert codes_of(repacked(made, changed, book)) == ["M304"]


@pytest.mark.parametrize(
    ("part", "content", "code"),
    [
        ("_rels/.rels", None, "M310"),
        ("_rels/.rels", b"<Relationships/>", "M310"),
        ("xl/workbook.xml", None, "M310"),
        ("xl/workbook.xml", b"<workbook>", "M502"),
        ("xl/_rels/workbook.xml.rels", None, "M310"),
        ("xl/_rels/workbook.xml.rels", b"<Relationships/>", "M310"),
        (_SHEET, None, "M310"),
        (_SHEET, b"<worksheet", "M502"),
        (_SHEET, b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet/>', "M501"),
        (_SHEET, b"<a>" * 100, "M515"),
        ("xl/styles.xml", None, "M310"),
    ],
)
def test_a_damaged_part_is_named(book: Path, part: str, content: bytes | None, code: str) -> None:
    made = written(book.with_name("plain.xlsx"), ["id"], ["1"])
    assert codes_of(repacked(made, {part: content}, book)) == [code]


def shared(path: Path, texts: str, cells: str) -> Path:
    """Write a workbook whose texts are shared, as Excel itself does."""
    made = written(path.with_name("plain.xlsx"), ["x"])
    with zipfile.ZipFile(made) as package:
        links = package.read("xl/_rels/workbook.xml.rels")
    link = b'<Relationship Id="t" Type="a/sharedStrings" Target="sharedStrings.xml"/></Relat'
    parts = {
        "xl/_rels/workbook.xml.rels": links.replace(b"</Relat", link),
        "xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}">{texts}</sst>'.encode(),
        _SHEET: sheet(cells),
    }
    return repacked(made, parts, path)


def test_shared_texts_are_read_as_a_person_sees_them(book: Path) -> None:
    texts = "<si><t>id</t></si><si><r><t>前</t></r><r><t>海</t></r><rPh><t>qian</t></rPh></si>"
    texts += '<si><t xml:space="preserve"> _x0031_ </t></si><si/>'
    cells = '<row><c t="s"><v>0</v></c></row><row><c t="s"><v>1</v></c></row>'
    cells += '<row><c t="s"><v>2</v></c></row><row><c t="s"><v>3</v></c></row>'
    assert [row["id"] for row in fields_of(shared(book, texts, cells))] == ["前海", "1"]


def test_shared_texts_are_bounded_and_must_be_whole(book: Path) -> None:
    cells = '<row><c t="s"><v>0</v></c></row><row><c t="s"><v>4</v></c></row>'
    many = shared(book, "<si><t>id</t></si>" * 5, cells)
    assert codes_of(many, Shape(rows_max=1)) == ["M303"]
    assert [row["id"] for row in fields_of(many)] == ["id"]
    assert codes_of(shared(book, "<si><t>id</t>", cells)) == ["M502"]


def test_two_sheets_of_one_part_are_refused(book: Path) -> None:
    made = written(book.with_name("plain.xlsx"), ["id"], ["1"])
    with zipfile.ZipFile(made) as package:
        main = package.read("xl/workbook.xml")
    start = main.index(b"<sheet ")
    twice = main[: main.index(b"/>", start) + 2] + main[start:]
    assert codes_of(repacked(made, {"xl/workbook.xml": twice}, book)) == ["M310"]


def test_bombs_are_refused_before_they_are_unpacked(book: Path) -> None:
    made = written(book.with_name("plain.xlsx"), ["id"], ["1"])
    bomb = repacked(made, {"xl/media/a.bin": bytes(3 << 20)}, book)
    assert codes_of(bomb) == ["M303"]
    assert codes_of(made, Shape(zip_entries_max=3)) == ["M303"]
    assert codes_of(made, Shape(zip_bytes_max=1000)) == ["M303"]


def test_a_workbook_that_lies_about_its_size_is_damaged(book: Path) -> None:
    made = written(book, ["id"], ["1"])
    data = bytearray(made.read_bytes())
    with zipfile.ZipFile(made) as package:
        size = package.getinfo(_SHEET).file_size
    where = data.rindex(_SHEET.encode()) - 46 + 24
    assert struct.unpack_from("<I", data, where)[0] == size
    struct.pack_into("<I", data, where, size - 10)
    made.write_bytes(data)
    assert codes_of(made) == ["M302"]


def test_encrypted_old_and_doubled_packages_are_refused(book: Path, tmp_path: Path) -> None:
    book.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    assert codes_of(book) == ["M301"]
    written(book, ["id"], ["1"])
    data = bytearray(book.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    book.write_bytes(data)
    assert codes_of(book) == ["M301"]
    with zipfile.ZipFile(tmp_path / "twice.xlsx", "w") as package:
        package.writestr("a", "1")
        package.writestr("A", "2")
    assert codes_of(tmp_path / "twice.xlsx") == ["M302"]
    with zipfile.ZipFile(tmp_path / "lzma.xlsx", "w", zipfile.ZIP_LZMA) as package:
        package.writestr("a", "1")
    assert codes_of(tmp_path / "lzma.xlsx") == ["M302"]
    book.write_text("id\n1\n")
    assert codes_of(book) == ["M302"]
