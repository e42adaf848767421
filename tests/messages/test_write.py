"""Writing CSV, XLSX and JSONL: what is written reads back, and is safe to open."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from messages.reading import fields_of, found_in
from qianhai.kernel import BadInput
from qianhai.messages import Cell, write_csv, write_jsonl, write_xlsx

_COLUMNS = ["id", "name", "amount", "count", "on", "at", "ok", "note"]
_ROWS: list[dict[str, Cell]] = [
    {
        "id": "1", "name": '前海, "A"\nB', "amount": Decimal("12.30"), "count": 7,
        "on": date(2023, 6, 30), "at": datetime(2023, 6, 30, 1, 2, 3, tzinfo=UTC), "ok": True,
    },
    {"id": "2", "note": None, "amount": Decimal("-1E+3"), "on": date(1900, 1, 1)},
]  # fmt: skip
_TEXTS = [
    {
        "id": "1", "name": '前海, "A"\nB', "amount": "12.30", "count": "7", "on": "2023-06-30",
        "at": "2023-06-30T01:02:03+00:00", "ok": "true",
    },
    {"id": "2", "amount": "-1000", "on": "1900-01-01"},
]  # fmt: skip


def test_csv_and_jsonl_read_back_as_written(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", _COLUMNS, _ROWS)
    write_jsonl(tmp_path / "a.jsonl", _ROWS)
    assert fields_of(tmp_path / "a.csv") == _TEXTS
    assert fields_of(tmp_path / "a.jsonl") == _TEXTS


def test_xlsx_reads_back_as_written_and_numbers_are_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    write_xlsx(path, _COLUMNS, _ROWS, sheet="day")
    expected = [{"kind": "day"} | texts for texts in _TEXTS]
    expected[0]["amount"] = "12.3"
    assert fields_of(path) == expected
    page = load_workbook(path)["day"]
    assert (page["C2"].value, page["D2"].value, page["G2"].value) == (12.3, 7, True)


def test_digits_that_excel_would_lose_are_written_as_text(tmp_path: Path) -> None:
    rows: list[dict[str, Cell]] = [
        {"a": 123456789012345, "b": 1234567890123456, "c": Decimal("99999999999999.99")}
    ]
    write_xlsx(tmp_path / "a.xlsx", ["a", "b", "c"], rows)
    page = load_workbook(tmp_path / "a.xlsx")["rows"]
    assert page["A2"].value == 123456789012345
    assert page["B2"].value == "1234567890123456"
    assert page["C2"].value == "99999999999999.99"


@pytest.mark.parametrize(
    "text", ["=1+1", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1+1", "＠x", "-x"]
)
def test_no_text_runs_as_a_formula(text: str, tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", ["n", text], [{"n": text, text: "x"}])
    head, line = (tmp_path / "a.csv").read_bytes().decode("utf-8-sig").splitlines()[0:2]
    assert "'" + text[0] in head.replace("\r", "\r") or text.startswith("\r")
    assert line.lstrip('"').startswith("'") or text.startswith("\r")
    write_xlsx(tmp_path / "a.xlsx", ["n"], [{"n": text}])
    cell = load_workbook(tmp_path / "a.xlsx")["rows"]["A2"]
    assert cell.data_type == "s"
    assert str(cell.value).startswith("'")


@pytest.mark.parametrize("text", ["-5.00", "+5", "5", "", "前海", "a=b"])
def test_other_texts_are_left_as_they_are(text: str, tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", ["id", "n"], [{"id": "1", "n": text}])
    assert fields_of(tmp_path / "a.csv")[0].get("n", "") == text


def test_text_that_excel_would_decode_is_kept(tmp_path: Path) -> None:
    write_xlsx(tmp_path / "a.xlsx", ["n"], [{"n": "a_x0041_b"}])
    assert fields_of(tmp_path / "a.xlsx") == [{"kind": "rows", "n": "a_x0041_b"}]


@pytest.mark.parametrize(("text", "code"), [("x" * 32_768, "M109"), ("a\x01b", "M108")])
def test_what_a_cell_cannot_hold_is_refused_not_cut(text: str, code: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refused:
        write_xlsx(tmp_path / "a.xlsx", ["n"], [{"n": "fine"}, {"n": text}])
    flaw = refused.value.flaws[0]
    assert (flaw.code, flaw.place.line, flaw.place.column) == (code, 3, "n")
    assert not list(tmp_path.iterdir())


def test_a_writing_that_fails_leaves_what_stood_there(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("before")

    def rows() -> list[dict[str, Cell]]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_csv(path, ["n"], (row for _ in [0] for row in rows()))
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


_PRINTED = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=20
).map(str.strip)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(_COLUMNS), _PRINTED), max_size=6))
def test_any_text_reads_back_from_every_format(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Cell]]
) -> None:
    folder = tmp_path_factory.mktemp("formats")
    expected = [{name: text for name, text in row.items() if text} for row in rows]
    write_jsonl(folder / "a.jsonl", rows)
    assert [dict(row.fields) for row in found_in(folder / "a.jsonl")[0]] == [
        *filter(None, expected)
    ]
    write_csv(folder / "a.csv", _COLUMNS, rows)
    write_xlsx(folder / "a.xlsx", _COLUMNS, rows)
    csv_rows = [dict(row.fields) for row in found_in(folder / "a.csv")[0]]
    xlsx_rows = [dict(row.fields) for row in found_in(folder / "a.xlsx")[0]]
    assert xlsx_rows == [{"kind": "rows"} | row for row in csv_rows]
    assert [{name: text.removeprefix("'") for name, text in row.items()} for row in csv_rows] == [
        {name: str(text).removeprefix("'") for name, text in row.items()} for row in expected if row
    ]
