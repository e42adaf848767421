"""Reading any file: its kind by content, its limits, its words."""

from pathlib import Path

import pytest

from messages.reading import codes_of, fields_of, flaws_of, found_in
from qianhai.messages import TEXTS, Shape, write_xlsx

_PAIN = (Path(__file__).parent / "good/plain_09.xml").read_bytes()
_DOCS = Path(__file__).parents[2] / "docs/files.md"


def test_content_decides_where_the_name_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "day.dat"
    path.write_text("id\n1\n")
    assert fields_of(path) == [{"id": "1"}]
    path.write_text('\n {"id":"1"}\n')
    assert fields_of(path) == [{"id": "1"}]
    path.write_bytes(_PAIN)
    assert fields_of(path)[0]["id"] == "I-1"
    write_xlsx(path, ["id"], [{"id": "1"}])
    assert fields_of(path) == [{"kind": "rows", "id": "1"}]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.csv", b'{"id":"1"}', "M105"),
        ("a.csv", b"PK\x03\x04", "M105"),
        ("a.xml", b'{"id":"1"}', "M105"),
        ("a.jsonl", _PAIN, "M105"),
        ("a.xlsx", _PAIN, "M105"),
        ("a.xlsm", b"PK\x03\x04", "M112"),
        ("a.xls", b"anything", "M112"),
        ("a.json", b"[]", "M112"),
        ("a", b"%PDF-1.7", "M112"),
        ("a.csv", b"\x1f\x8b\x08", "M112"),
        ("a.xml", _PAIN.decode().encode("utf-16"), "M527"),
        ("a.xml", _PAIN.decode().encode("utf-16-be"), "M527"),
        ("a.xml", b"plain words", "M502"),
        ("a.xml", b"", "M502"),
        ("a.csv", b"", "M102"),
        ("a.xlsx", b"", "M302"),
    ],
)
def test_a_file_of_another_kind_is_told_so(
    name: str, content: bytes, code: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert codes_of(path) == [code]


def test_a_file_that_cannot_be_opened_is_a_flaw(tmp_path: Path) -> None:
    assert codes_of(tmp_path / "missing.csv") == ["M101"]
    assert codes_of(tmp_path) == ["M101"]


def test_size_rows_and_flaws_have_limits(tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    path.write_text("id\n" + "1\n" * 5)
    assert codes_of(path, Shape(file_bytes_max=12)) == ["M103"]
    rows, flaws = found_in(path, Shape(rows_max=4))
    assert (len(rows), [flaw.code for flaw in flaws]) == (4, ["M106"])
    assert len(found_in(path, Shape(rows_max=5))[0]) == 5
    path.write_text("id\n" + "\n" * 50)
    assert codes_of(path, Shape(rows_max=3)) == ["M106"]
    path.write_text("id,n\n" + "1\n" * 9)
    assert codes_of(path, Shape(flaws_max=3)) == ["M204"] * 3 + ["M107"]


def test_rows_and_flaws_stand_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    path.write_text("id,n\n1,a\n2\n3,b\n")
    assert flaws_of(path) == [("M204", 3, None)]
    assert [row.place.line for row in found_in(path)[0]] == [2, 4]


def test_every_code_has_words_in_both_languages_and_stands_in_the_guide() -> None:
    guide = _DOCS.read_text(encoding="utf-8")
    for code, words in TEXTS.items():
        assert words.en.endswith("."), code
        assert words.zh.endswith("。"), code
        assert all(words), code
        assert f"| {code} |" in guide, f"docs/files.md lacks {code}"
    assert guide.count("\n| M") == len(TEXTS)
