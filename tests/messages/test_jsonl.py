"""JSONL files: flattening, exact numbers, hostile objects."""

from pathlib import Path

import pytest

from messages.reading import codes_of, fields_of, flaws_of, found_in
from qianhai.messages import Shape


@pytest.fixture
def day(tmp_path: Path) -> Path:
    return tmp_path / "day.jsonl"


def test_objects_become_dotted_fields(day: Path) -> None:
    day.write_text(
        '{"id":"1","amount":{"amount":"1.00","currency":"CNY"},"ok":true,"no":false,"gone":null}\n'
        '\n{"id":2,"funds":[{"size":3},{"size":"4"}],"none":[],"deep.er":" x ","empty":""}\n',
    )
    assert fields_of(day) == [
        {"id": "1", "amount.amount": "1.00", "amount.currency": "CNY", "ok": "true", "no": "false"},
        {"id": "2", "funds.0.size": "3", "funds.1.size": "4", "none": "[]", "deep.er": "x"},
    ]


def test_whole_numbers_keep_every_digit(day: Path) -> None:
    digits = "9" * 5000
    day.write_text(f'{{"id":1,"card":123456789012345678,"long":{digits},"less":-0}}\n')
    assert fields_of(day) == [
        {"id": "1", "card": "123456789012345678", "long": digits, "less": "-0"}
    ]


@pytest.mark.parametrize(
    ("line", "code", "column"),
    [
        ('{"id":"1","a":{"b":0.1}}', "M405", "a.b"),
        ('{"id":"1","a":1e3}', "M405", "a"),
        ('{"id":"1","a":NaN}', "M406", "a"),
        ('{"id":"1","a":-Infinity}', "M406", "a"),
        ('{"id":"1","id":"2"}', "M403", "id"),
        ('{"a.b":"1","a":{"b":"2"}}', "M403", "a.b"),
        ('{"a":[1]}', "M404", "a"),
        ('{"a":[[{"b":1}]]}', "M404", "a"),
        ('{"a":[null]}', "M404", "a"),
        ('{"":"1"}', "M408", ""),
        ('{"a\\u0000":"1"}', "M408", ""),
        ('{"a":{"b\\nc":"1"}}', "M408", "a"),
        ('{"a":"\\ud800"}', "M108", "a"),
        ('{"a":"x\\u0000"}', "M108", "a"),
        ("[]", "M402", None),
        ('"text"', "M402", None),
        ("null", "M402", None),
        ('{"a":"1"', "M401", None),
        ('{"a":"1"} {"a":"2"}', "M401", None),
        ("{'a':1}", "M401", None),
        ('{"a":"tab\there"}', "M401", None),
        ('{"a":' * 2000 + "1" + "}" * 2000, "M407", None),
        ('{"a":' + "[" * 200_000, "M407", None),
    ],
)
def test_a_wrong_line_is_named_with_its_path(
    day: Path, line: str, code: str, column: str | None
) -> None:
    day.write_text('{"id":"0"}\n' + line + "\n")
    rows, flaws = found_in(day)
    assert len(rows) == 1
    assert (flaws[0].code, flaws[0].place.line) == (code, 2)
    if code != "M407":
        assert [flaw.place.column for flaw in flaws] == [column]


def test_all_flaws_of_a_line_are_told_at_once(day: Path) -> None:
    day.write_text('{"a":0.1,"b":[1],"c":NaN}\n')
    assert flaws_of(day) == [("M405", 1, "a"), ("M404", 1, "b"), ("M406", 1, "c")]


def test_depth_and_width_have_limits(day: Path) -> None:
    day.write_text('{"a":{"b":{"c":"1"}}}\n')
    assert flaws_of(day, Shape(depth_max=3)) == [("M407", 1, "a.b.c")]
    day.write_text('{"a":"1","b":"2","c":"3"}\n')
    assert codes_of(day, Shape(columns_max=2)) == ["M110"]
    day.write_text('{"' + "n" * 201 + '":"1"}\n')
    assert codes_of(day) == ["M408"]
    day.write_text('{"a":"' + "n" * 40_000 + '"}\n')
    assert codes_of(day) == ["M109"]


@pytest.mark.parametrize("text", ["", "{}\n", '{"a":null}\n', '{"a":{}}\n', '{"a":""}\n'])
def test_a_file_without_a_value_says_so(day: Path, text: str) -> None:
    day.write_text(text)
    assert codes_of(day) == ["M102"]


def test_another_encoding_is_one_flaw(day: Path) -> None:
    day.write_bytes(b'{"a":"1"}\n' + '{"a":"前海"}\n{"a":"深圳"}\n'.encode("gb18030"))
    assert flaws_of(day) == [("M104", 2, None)]
