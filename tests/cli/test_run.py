"""`qianhai run`: a day in four formats, what it leaves, and the same day again."""

import codecs
import csv
import io
import json
from pathlib import Path

import psycopg
import pytest

from cli.business import csv_file, jsonl_file, loan, message, parties_file, xlsx_file
from cli.terminal import Json, Terminal, refused, rows_on_record


@pytest.fixture
def url(database_url: str) -> str:
    """A fresh database for each test."""
    return database_url


@pytest.fixture
def day(tmp_path: Path) -> list[str]:
    """A day in every format: seven loans, of which five are permitted."""
    return [
        str(path)
        for path in (
            csv_file(tmp_path / "day.csv", loan("c-1"), loan("c-2", "800000.00")),
            xlsx_file(tmp_path / "day.xlsx", loan("x-1"), loan("x-2", is_genuine="")),
            jsonl_file(tmp_path / "day.jsonl", loan("j-1", "100.01")),
            message(tmp_path / "day.xml", "09", [loan("m-1")]),
            message(tmp_path / "old.xml", "03", [loan("o-1")]),
        )
    ]


@pytest.fixture
def parties(tmp_path: Path) -> str:
    return str(parties_file(tmp_path))


def test_a_day_in_four_formats_is_one_day(
    qianhai: Terminal, day: list[str], parties: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = qianhai("run", *day, "--parties", parties, "--out", str(out), "--json")
    assert done.code == 0, done.out + done.err
    summary = done.document
    assert summary["instructions"] == 7
    assert summary["repeated"] == 0
    outcomes = summary.part("outcomes")
    assert (outcomes["permitted"], outcomes["refused"], outcomes["incomplete"]) == (5, 1, 1)
    assert summary["permitted"] == {"CNY": "4100.01"}
    assert summary.rows("by_measure") == [
        {
            "measure": 67,
            "facility": "overseas_lending",
            "incomplete": 1,
            "permitted": 5,
            "refused": 1,
        }
    ]
    assert summary.rows("limits") == [
        {"facility": "overseas_lending", "holder": "firm", "id": "lending", "asset": "CNY",
         "cap": "800000.00", "used": "4100.01", "left": "795899.99"}
    ]  # fmt: skip
    assert json.loads((out / "summary.json").read_text()) == summary
    assert {path.name for path in out.iterdir()} == {
        "outcomes.csv",
        "outcomes.jsonl",
        "summary.json",
    }


def test_the_outcome_files_hold_every_answer_in_the_order_of_the_files(
    qianhai: Terminal, day: list[str], parties: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert qianhai("run", *day, "--parties", parties, "--out", str(out)).code == 0
    lines = [Json(json.loads(line)) for line in (out / "outcomes.jsonl").read_text().splitlines()]
    assert not (out / "outcomes.csv").read_bytes().startswith(codecs.BOM_UTF8), "programs read it"
    with (out / "outcomes.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    order = ["c-1", "c-2", "x-1", "x-2", "j-1", "m-1", "o-1"]
    assert [line["id"] for line in lines] == [row["id"] for row in table] == order
    assert [line["outcome"] for line in lines] == [row["outcome"] for row in table]
    first, over, _, lacking, *_ = table
    assert (first["measure"], first["clause"], first["reasons"]) == ("67", "67b", "QH00")
    assert (first["amount"], first["currency"]) == ("1000.00", "CNY")
    assert first["ledger_result"] == "posted"
    assert (first["file"], first["line"], first["repeat"]) == ("day.csv", "2", "false")
    assert over["ledger_result"] == "limit_passed"
    assert over["limits"] == "lending: 800000.00 / 799000.00 CNY"
    assert "799,000.00" in over["reason_en"]
    assert "尚余 799,000.00 CNY" in over["reason_zh"]
    assert (lacking["missing"], lacking["ledger_result"]) == ("is_genuine", "")
    assert set(lines[1].part("other_way")) == {"zh", "en"}
    assert "other_way" not in lines[0]


def assert_nothing_is_new(before: dict[str, int], after: dict[str, int]) -> None:
    """The writer's batches may count that it was asked; nothing else may grow."""
    assert {name for name in after if after[name] != before[name]} <= {"ledger.batches"}


def test_the_same_day_again_books_nothing_twice_and_says_so(
    qianhai: Terminal, day: list[str], parties: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    first = qianhai("run", *day, "--parties", parties, "--json").document
    booked = rows_on_record(qianhai.site.database_url)
    again = qianhai("run", *day, "--parties", parties, "--out", str(out), "--json").document
    assert (again["instructions"], again["repeated"]) == (7, 7)
    assert again["outcomes"] == first["outcomes"]
    assert again["permitted"] == {}
    assert_nothing_is_new(booked, rows_on_record(qianhai.site.database_url))
    with (out / "outcomes.csv").open(encoding="utf-8", newline="") as file:
        assert {row["repeat"] for row in csv.DictReader(file)} == {"true"}
    told = qianhai("run", *day).out
    assert "7 were answered before; nothing was booked again." in told


def test_one_id_twice_with_one_content_is_one_business(qianhai: Terminal, tmp_path: Path) -> None:
    path = csv_file(tmp_path / "day.csv", loan("a"), loan("a"))
    done = qianhai("run", str(path), "--parties", str(parties_file(tmp_path)), "--json")
    assert (done.document["instructions"], done.document["repeated"]) == (2, 1)
    assert done.document["permitted"] == {"CNY": "1000.00"}


def test_a_later_register_holds_from_its_day(qianhai: Terminal, tmp_path: Path) -> None:
    over = csv_file(tmp_path / "over.csv", loan("a", "900000.00"))
    first = qianhai("run", str(over), "--parties", str(parties_file(tmp_path)), "--json")
    assert first.document.part("outcomes")["refused"] == 1
    richer = {"kind": "attribute", "party": "firm", "name": "equity", "since": "2025-01-01",
              "value": {"amount": "2000000.00", "currency": "CNY"}}  # fmt: skip
    same = csv_file(tmp_path / "same.csv", loan("b", "900000.00"))
    done = qianhai("run", str(same), "--parties", str(parties_file(tmp_path, richer)), "--json")
    assert done.document.part("outcomes")["permitted"] == 1


@pytest.mark.parametrize("version", ["03", "09"])
def test_a_message_that_names_no_facility_is_incomplete(
    qianhai: Terminal, tmp_path: Path, version: str
) -> None:
    path = message(tmp_path / "day.xml", version, [loan("m-1", facility="", is_genuine="")])
    out = tmp_path / "out"
    done = qianhai(
        "run", str(path), "--parties", str(parties_file(tmp_path)), "--out", str(out), "--json"
    )
    assert done.code == 0, done.out
    assert done.document.part("outcomes")["incomplete"] == 1
    answer = Json(json.loads((out / "outcomes.jsonl").read_text()))
    assert [one["fact"] for one in answer.rows("missing")] == ["facility"]
    (reason,) = answer.rows("reasons")
    assert reason["en"] == "fact facility is missing; it comes from the sender's instruction"
    assert "<" not in str(reason["zh"])
    assert "no business stated" in qianhai("run", str(path)).out


@pytest.mark.parametrize(("scheme", "number"), [("hk_brn", "12345678"), ("bic", "QXHKHKHH")])
def test_a_message_names_parties_by_their_identifiers(
    qianhai: Terminal, tmp_path: Path, scheme: str, number: str
) -> None:
    known = {"kind": "party", "id": "abroad", "type": "enterprise", "jurisdiction": "HK",
             "name": "某商行", "since": "2021-01-01", "identifiers": {scheme: number}}  # fmt: skip
    path = message(tmp_path / "day.xml", "09", [loan("m-1")])
    path.write_text(path.read_text().replace(">abroad<", f">{number}<"))
    parties = str(parties_file(tmp_path, known))
    done = qianhai("run", str(path), "--parties", parties, "--json")
    assert done.code == 0, done.out
    assert done.document.part("outcomes")["permitted"] == 1
    assert qianhai.site.database_url
    with psycopg.connect(qianhai.site.database_url) as conn:
        (kept,) = conn.execute("select parties from instructions.instructions").fetchone() or ("",)
    assert json.loads(kept)["parties"]["borrower"] == "abroad"


def test_a_later_action_continues_an_earlier_one(qianhai: Terminal, tmp_path: Path) -> None:
    back = {"id": "b-1", "facility": "overseas_lending", "action": "return", "of": "a-1",
            "value_date": "2025-06-30", "returned": "400.00", "interest": "0.00"}  # fmt: skip
    path = jsonl_file(tmp_path / "day.jsonl", loan("a-1"), back)
    done = qianhai("run", str(path), "--parties", str(parties_file(tmp_path)), "--json")
    assert done.document.part("outcomes")["permitted"] == 2, done.out
    (room,) = [
        row
        for row in qianhai("limits", "firm", "--on", "2025-06-30", "--json").document.rows("limits")
        if row["facility"] == "overseas_lending"
    ]
    assert (room["cap"], room["used"], room["left"]) == ("800000.00", "600.00", "799400.00")


def test_the_terminal_shows_the_day_and_who_has_to_act(
    qianhai: Terminal, day: list[str], parties: str, tmp_path: Path
) -> None:
    out = str(tmp_path / "out")
    english = qianhai("run", *day, "--parties", parties, "--out", out).out
    for text in ("Overseas lending by an enterprise", "4,100.01", "795,899.99", "c-2", "day.csv:3",
                 "is_genuine", "7 instructions.", f"The outcomes are in {out}."):  # fmt: skip
        assert text in english, text
    chinese = qianhai("run", *day, "--parties", parties, language="zh").out
    for text in (
        "措施与结果",
        "企业境外放款",
        "待人处理",
        "不予办理",
        "共 7 笔。",
        "其中 7 笔此前已办理",
    ):
        assert text in chinese, text


def test_ten_lines_wait_on_the_terminal_and_the_rest_in_the_files(
    qianhai: Terminal, tmp_path: Path
) -> None:
    refused = [loan(f"r-{number:02d}", is_genuine="false") for number in range(13)]
    path = csv_file(tmp_path / "day.csv", *refused)
    out = str(tmp_path / "out")
    parties = str(parties_file(tmp_path))
    done = qianhai("run", str(path), "--parties", parties, "--out", out)
    assert "r-09" in done.out
    assert "r-10" not in done.out
    assert f"3 more wait; see {out}/outcomes.csv." in done.out
    again = qianhai("run", str(path))
    assert "3 more wait; see the files of --out DIR." in again.out


def test_a_text_of_the_sender_never_becomes_a_formula(qianhai: Terminal, tmp_path: Path) -> None:
    path = jsonl_file(tmp_path / "day.jsonl", loan("=1+1"), loan("-2"))
    out = tmp_path / "out"
    parties = str(parties_file(tmp_path))
    assert qianhai("run", str(path), "--parties", parties, "--out", str(out)).code == 0
    with (out / "outcomes.csv").open(encoding="utf-8", newline="") as file:
        assert [row["id"] for row in csv.DictReader(file)] == ["'=1+1", "-2"]
    first = json.loads((out / "outcomes.jsonl").read_text().splitlines()[0])
    assert first["id"] == "=1+1"


def test_an_id_with_other_content_is_refused_against_the_books(
    qianhai: Terminal, tmp_path: Path
) -> None:
    first = csv_file(tmp_path / "one.csv", loan("a"))
    assert qianhai("run", str(first), "--parties", str(parties_file(tmp_path))).code == 0
    later = csv_file(tmp_path / "two.csv", loan("b"), loan("a", "2.00"))
    (flaw,) = refused(qianhai, str(later))
    assert (flaw["file"], flaw["line"], flaw["value"]) == ("two.csv", 3, "a")


def test_a_person_who_waits_sees_how_far_the_day_is(
    qianhai: Terminal, day: list[str], parties: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Screen()
    monkeypatch.setattr("sys.stderr", screen)
    assert qianhai("run", *day, "--parties", parties).code == 0
    assert "7/7" in screen.getvalue()


def test_of_many_limits_the_terminal_shows_those_with_the_least_left(
    qianhai: Terminal, tmp_path: Path
) -> None:
    names = [f"firm-{number:02d}" for number in range(62)]
    more: list[dict[str, object]] = []
    for name in names:
        more += [
            {"kind": "party", "id": name, "type": "enterprise", "jurisdiction": "CN",
             "area": "original", "name": name},
            {"kind": "attribute", "party": name, "name": "equity",
             "value": {"amount": "1000.00", "currency": "CNY"}},
            {"kind": "account", "number": f"A-{name}", "party": name, "bank": "bank",
             "currency": "CNY", "account_kind": "settlement", "opening_balance": "1000.00"},
        ]  # fmt: skip
    loans = [
        loan(name, "800.00" if name == "firm-61" else f"{700 - at}.00", lender=name)
        for at, name in enumerate(names)
    ]
    day = csv_file(tmp_path / "day.csv", *loans)
    done = qianhai("run", str(day), "--parties", str(parties_file(tmp_path, *more)))
    assert "2 more limits have more left; see summary.json." in done.out
    shown = {name for name in names if name in done.out}
    assert set(names) - shown == {"firm-59", "firm-60"}


def test_several_businesses_are_summed_in_a_last_line(qianhai: Terminal, tmp_path: Path) -> None:
    other = {"id": "p-1", "facility": "pilot_combination", "value_date": "2025-06-30",
             "applicant": "firm"}  # fmt: skip
    day = jsonl_file(tmp_path / "day.jsonl", loan("a"), loan("b", is_genuine="false"), other)
    parties = str(parties_file(tmp_path))
    assert "together" in qianhai("run", str(day), "--parties", parties).out
    assert "合计" in qianhai("run", str(day), language="zh").out
