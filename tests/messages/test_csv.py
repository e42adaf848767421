"""CSV files: cells, headers, quotes, encodings."""

from pathlib import Path

import pytest

from messages.reading import codes_of, fields_of, flaws_of, found_in
from qianhai.messages import Shape


@pytest.fixture
def day(tmp_path: Path) -> Path:
    return tmp_path / "day.csv"


def test_cells_are_trimmed_and_empty_ones_are_unknown(day: Path) -> None:
    day.write_bytes("\ufeffid, amount.amount ,名称\r\n1, 5.00 ,　前海　\r\n2,,x\r\n".encode())
    assert fields_of(day) == [
        {"id": "1", "amount.amount": "5.00", "名称": "前海"},
        {"id": "2", "名称": "x"},
    ]


def test_a_row_names_the_line_where_it_begins(day: Path) -> None:
    day.write_text('id,note\n1,"two\nlines"\n\n,\n2,b\n')
    rows, flaws = found_in(day)
    assert not flaws
    assert [(row.place.line, row.fields.get("note")) for row in rows] == [
        (2, "two\nlines"),
        (6, "b"),
    ]


def test_quotes_hold_commas_and_quotes(day: Path) -> None:
    day.write_text('id,note\n1,"a, ""b"""\n2, "" \n3,"x" ,\n'.replace('"x" ,', '"x" '))
    assert fields_of(day) == [{"id": "1", "note": 'a, "b"'}, {"id": "2"}, {"id": "3", "note": "x"}]


def test_a_formula_is_text_like_any_other(day: Path) -> None:
    day.write_text("id,note\n1,=1+1\n2,@SUM(A1)\n")
    assert [row["note"] for row in fields_of(day)] == ["=1+1", "@SUM(A1)"]


def test_every_wrong_row_is_named_and_the_right_ones_are_still_read(day: Path) -> None:
    day.write_text('id,note\n1\n2,b\n3,c,d\n4,e"f\n5,"g"h\n6,i\n')
    assert flaws_of(day) == [
        ("M204", 2, None),
        ("M204", 4, None),
        ("M205", 5, "#2"),
        ("M205", 6, "#2"),
    ]
    assert [row.fields["id"] for row in found_in(day)[0]] == ["2", "6"]


def test_a_quote_never_closed_is_named_where_it_opens(day: Path) -> None:
    day.write_text('id,note\n1,a\n2,"b\n3,c\n4,d\n')
    assert flaws_of(day) == [("M206", 3, "#2")]


def test_a_quoted_cell_that_never_ends_stops_at_the_limit(day: Path) -> None:
    day.write_text('id,note\n1,"\n' + "a\n" * 1000)
    assert flaws_of(day, Shape(line_bytes_max=500)) == [("M206", 2, None)]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("id,,note", [("M201", 1, "#2")]),
        ("id,note,id", [("M202", 1, "#3")]),
        ('id,"two\nlines"', [("M203", 1, "#2")]),
        ("id," + "x" * 201, [("M203", 1, "#2")]),
        ("id;note", [("M207", 1, None)]),
        ("id\tnote", [("M207", 1, None)]),
        ("id,no\u202ete", [("M108", 1, "#2")]),
        (",id,id", [("M201", 1, "#1"), ("M202", 1, "#3")]),
        ('i"d,note', [("M205", 1, "#1")]),
        (",".join(f"c{n}" for n in range(513)), [("M110", 1, None)]),
    ],
)
def test_a_header_is_names_each_once(
    day: Path, header: str, expected: list[tuple[str, int, str | None]]
) -> None:
    day.write_text(header + "\n1,a\n", encoding="utf-8")
    assert flaws_of(day) == expected


@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("gb18030", "GB18030"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("utf-32", "UTF-32"),
    ],
)
def test_another_encoding_is_named_once_and_nothing_is_guessed(
    day: Path, encoding: str, named: str
) -> None:
    day.write_text("id,name\n1,前海\n2,深圳\n", encoding=encoding)
    rows, flaws = found_in(day)
    assert [flaw.code for flaw in flaws] == ["M104"]
    assert named in flaws[0].en
    assert "UTF-8" in flaws[0].zh
    assert not [row for row in rows if not "".join(row.fields.values()).isascii()]


def test_western_text_that_is_not_utf_8_is_named(day: Path) -> None:
    day.write_bytes(b"id,name\n1,Caf\xe9,\n")
    assert "Windows-1252" in found_in(day)[1][0].en


def test_text_cut_off_inside_a_character_is_named(day: Path) -> None:
    day.write_bytes("id,name\n1,前海".encode()[:-1])
    assert "UTF-8, cut off" in found_in(day)[1][0].en


def test_nul_bytes_and_hidden_characters_are_named_with_their_column(day: Path) -> None:
    day.write_bytes("id,name\n1,a\0b\n2,\u202efdp\n3,\u200bx\n".encode())
    assert flaws_of(day) == [("M108", 2, "name"), ("M108", 3, "name"), ("M108", 4, "name")]


def test_a_cell_too_long_is_named_with_its_column(day: Path) -> None:
    day.write_text("id,note\n1," + "x" * 32_767 + "\n2," + "x" * 32_768 + "\n")
    assert flaws_of(day) == [("M109", 3, "note")]


def test_a_line_too_long_is_passed_over_without_being_held(day: Path) -> None:
    day.write_text("id,note\n1," + "x" * 5000 + "\n2,b\n")
    rows, flaws = found_in(day, Shape(line_bytes_max=100))
    assert [flaw.code for flaw in flaws] == ["M111"]
    assert [row.fields["id"] for row in rows] == ["2"]


@pytest.mark.parametrize("text", ["", "\n\n", "id,note\n", "id,note\n,\n", "\ufeff"])
def test_a_file_without_a_row_says_so(day: Path, text: str) -> None:
    day.write_text(text, encoding="utf-8")
    assert codes_of(day) == ["M102"]
