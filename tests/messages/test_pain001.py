"""pain.001: rows of good messages, the words of every flaw, the room's own writing."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from messages.reading import codes_of, fields_of, found_in
from qianhai.kernel import BadInput
from qianhai.messages import TEXTS, VERSIONS, Shape, write_pain001

_HERE = Path(__file__).parent
_GOOD = sorted((_HERE / "good").glob("*.xml"))
_BAD = sorted((_HERE / "bad").glob("*.xml"))
_AT = datetime(2023, 6, 30, 1, tzinfo=UTC)
_ROW = {
    "id": "A-1",
    "value_date": "2023-06-30",
    "iso.instructed_amount.amount": "10.00",
    "iso.instructed_amount.currency": "CNY",
    "iso.debtor.name": "Ocean",
    "iso.debtor.account": "622200000001",
    "iso.debtor_agent.bic": "QHBKCNBS",
}


def write(path: Path, rows: list[dict[str, str]], version: str = "pain.001.001.09") -> None:
    write_pain001(
        path, rows, version=version, message_id="QH-1", created_at=_AT, initiator="Qianhai Bank"
    )


@pytest.mark.parametrize("path", _GOOD, ids=lambda path: path.stem)
def test_a_good_message_gives_its_rows(path: Path) -> None:
    rows, flaws = found_in(path)
    assert not flaws
    expected = path.with_suffix(".jsonl").read_text(encoding="utf-8").splitlines()
    found = [{"line": row.place.line, "fields": dict(row.fields)} for row in rows]
    assert found == [json.loads(line) for line in expected]


@pytest.mark.parametrize("path", _BAD, ids=lambda path: path.stem)
def test_a_bad_message_says_what_is_wrong_in_both_languages(path: Path) -> None:
    words = "".join(f"{flaw}\n    {flaw.zh}\n" for flaw in found_in(path)[1])
    assert words == path.with_suffix(".expected").read_text(encoding="utf-8")


def test_every_check_of_the_message_has_a_bad_example() -> None:
    seen = {code for path in _BAD for code in codes_of(path)}
    assert {code for code in TEXTS if code.startswith("M5")} - seen == {"M525"}


def test_a_transaction_says_its_own_kind_before_its_batch_does() -> None:
    first, second, third = fields_of(_HERE / "good/whole_09.xml")
    assert (first["facility"], first["action"]) == ("lend_overseas", "draw")
    assert second["facility"] == "repay_overseas"
    assert "action" not in second, "LclInstrm/Cd of the transaction stands instead of the batch's"
    assert "facility" not in third


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_written_reads_back_and_is_written_the_same(version: str, tmp_path: Path) -> None:
    golden = _HERE / "good" / f"written_{version[-2:]}.xml"
    again = tmp_path / "again.xml"
    write(again, fields_of(golden), version)
    assert again.read_bytes() == golden.read_bytes()
    assert fields_of(again) == fields_of(golden)


@pytest.mark.parametrize("name", ["whole_03", "whole_09"])
def test_a_foreign_message_settles_after_one_writing(name: str, tmp_path: Path) -> None:
    version = f"pain.001.001.{name[-2:]}"
    first, second = tmp_path / "first.xml", tmp_path / "second.xml"
    write(first, fields_of(_HERE / "good" / f"{name}.xml"), version)
    write(second, fields_of(first), version)
    assert second.read_bytes() == first.read_bytes()


def test_rows_of_one_debtor_and_day_share_a_batch(tmp_path: Path) -> None:
    path = tmp_path / "day.xml"
    later = _ROW | {"id": "A-3", "value_date": "2023-07-03"}
    write(path, [_ROW, _ROW | {"id": "A-2"}, later])
    text = path.read_text(encoding="utf-8")
    assert text.count("<PmtInf>") == 2
    assert "<NbOfTxs>3</NbOfTxs><CtrlSum>30.00</CtrlSum>" in text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"iso.creditor.lei": "529900HARB0000000056"}, "iso.creditor.lei"),
        ({"iso.uetr": "9b8a3c1e-5f20-4d7b-8a11-0c2d3e4f5a6b"}, "iso.uetr"),
        ({"iso.no_such_field": "x"}, "iso.no_such_field"),
        ({"Not A Name": "x"}, "Not A Name"),
        ({"iso.debtor.account": "9" * 35}, "iso.debtor.account"),
        ({"iso.instructed_amount.amount": "1,5"}, "iso.instructed_amount.amount"),
        ({"iso.instructed_amount.currency": "ECNY"}, "iso.instructed_amount.currency"),
    ],
)
def test_a_field_without_a_place_is_refused_not_dropped(
    change: dict[str, str], field: str, tmp_path: Path
) -> None:
    with pytest.raises(BadInput) as refused:
        write(tmp_path / "day.xml", [_ROW, _ROW | {"id": "A-2"} | change], "pain.001.001.03")
    assert [(flaw.code, flaw.place.line, flaw.place.column) for flaw in refused.value.flaws] == [
        ("M525", 2, field)
    ]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"iso.instructed_amount.amount": "1.005"}, "M521"),
        ({"iso.debtor_agent.bic": "QHBKCNBS", "iso.remittance": "x" * 141}, "M512"),
        ({"contract": "x" * 140}, "M512"),
        ({"id": "NOTPROVIDED"}, "M519"),
        ({"iso.debtor.name": "a\u202eb"}, "M108"),
    ],
)
def test_a_message_that_would_be_refused_is_never_given_out(
    change: dict[str, str], code: str, tmp_path: Path
) -> None:
    path = tmp_path / "day.xml"
    path.write_text("what stood there")
    with pytest.raises(BadInput) as refused:
        write(path, [_ROW | change], "pain.001.001.03")
    assert code in [flaw.code for flaw in refused.value.flaws]
    assert path.read_text() == "what stood there"
    with pytest.raises(BadInput):
        write(path, [{name: text for name, text in _ROW.items() if "amount" not in name}])


def test_one_file_may_carry_several_messages(tmp_path: Path) -> None:
    body = (_HERE / "good/plain_09.xml").read_text(encoding="utf-8").split("\n", 1)[1]
    both = tmp_path / "both.xml"
    other = body.replace(">I-1<", ">I-2<").replace("001.09", "001.03")
    other = other.replace("<Dt>", "").replace("</Dt>", "").replace("BICFI", "BIC")
    both.write_text(f"<Batch>{body}{other}</Batch>", encoding="utf-8")
    assert [row["id"] for row in fields_of(both)] == ["I-1", "I-2"]
    both.write_text(f"<Batch>{body}{body}</Batch>", encoding="utf-8")
    assert codes_of(both) == ["M518"]


def test_tags_texts_and_facts_have_limits(tmp_path: Path) -> None:
    good = (_HERE / "good/plain_09.xml").read_text(encoding="utf-8")
    path = tmp_path / "big.xml"
    for big in ("<!--" + "x" * 400_000 + "-->", f'<Nm a="{"x" * 400_000}">', "x" * 400_000):
        path.write_text(good.replace("<Cdtr>", "<Cdtr>" + big), encoding="utf-8")
        assert "M515" in codes_of(path, Shape(line_bytes_max=100_000))
    whole = (_HERE / "good/whole_09.xml").read_text(encoding="utf-8")
    path.write_text(whole.replace(">true</Fact>", f">{'x' * 50}</Fact>"), encoding="utf-8")
    assert codes_of(path, Shape(cell_chars_max=49)) == ["M109"]
    assert codes_of(path, Shape(columns_max=1)) == ["M110"]
    path.write_text(whole.replace(">true</Fact>", ">a\u202eb</Fact>"), encoding="utf-8")
    assert codes_of(path) == ["M108"]


def test_many_small_comments_are_nothing_to_refuse(tmp_path: Path) -> None:
    good = (_HERE / "good/plain_09.xml").read_text(encoding="utf-8")
    path = tmp_path / "comments.xml"
    path.write_text(good.replace("<Cdtr>", "<!-- c --><?p i?>" * 30_000 + "<Cdtr>"))
    assert len(fields_of(path)) == 1
