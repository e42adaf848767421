"""Records and returns from the terminal, on the sample day: every kind, to the cent."""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cli.terminal import Terminal
from qianhai.messages import Row, read
from qianhai.policy import Policy

DAY = Path(__file__).parents[2] / "examples" / "day"
FILES = [str(DAY / f"day.{kind}") for kind in ("csv", "jsonl", "xlsx", "xml")]
FILES.append(str(DAY / "legacy.xml"))
PERIODS = {"month": "2025-06", "quarter": "2025-Q2", "year": "2025"}
BOP = "bop_declaration"


@pytest.fixture
def url(database_url: str) -> str:
    return database_url


def told(qianhai: Terminal, *argv: str, code: int = 0) -> Any:  # noqa: ANN401 - any document
    done = qianhai("report", *argv, "--json")
    assert done.code == code, done.out + done.err
    return json.loads(done.out)


def csv_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def sheet_rows(path: Path) -> list[dict[str, str]]:
    return [dict(row.fields) for row in read(path) if isinstance(row, Row)]


def same(first: list[dict[str, str]], second: list[dict[str, str]]) -> bool:
    """Tell whether two files have the same rows; a sheet leaves out cells without a text."""

    def plain(rows: list[dict[str, str]]) -> Iterator[dict[str, object]]:
        for row in rows:
            given = {name: text for name, text in row.items() if text and name != "kind"}
            yield {n: Decimal(t) if n in {"amount", "held"} else t for n, t in given.items()}

    return list(plain(first)) == list(plain(second))


@pytest.mark.slow
def test_every_report_of_the_sample_day_is_filled_in_returned_and_proven(
    qianhai: Terminal, opened: Policy, tmp_path: Path
) -> None:
    parties = ["--parties", str(DAY / "parties.jsonl"), "--out", str(tmp_path / "out")]
    assert qianhai("run", *FILES, *parties).code == 0
    counted = Counter[str]()
    for name, form in opened.pack.forms.items():
        period = PERIODS[form.returns.period]
        files = [tmp_path / f"{name}.{kind}" for kind in ("csv", "xlsx")]
        for file in files:
            told(qianhai, "export", name, "--period", period, "--out", str(file))
        records = csv_rows(files[0])
        assert same(records, sheet_rows(files[1])), name
        counted[name] = len({row["instruction"] for row in records})

        for file in files:
            made = told(qianhai, "return", name, "--period", period, "--out", str(file))
        rows = csv_rows(files[0])
        assert same(rows, sheet_rows(files[1])), name
        assert (made["records"], made["agrees"]) == (counted[name], True), name
        ledger, sums = Counter[str](), Counter[str]()
        for one in made["proof"]:
            ledger[one["currency"]] += Decimal(one["ledger"])  # type: ignore[assignment]
        for row in rows if form.counts != "none" else ():
            sums[row["currency"]] += Decimal(row["amount"])  # type: ignore[assignment]
        assert +sums == +ledger, name
    assert set(counted) == set(opened.pack.forms)
    assert all(counted.values()), counted

    everything = told(qianhai, "verify")
    assert all(one["agrees"] for one in everything)
    assert qianhai("journal", "verify").code == 0
    corrected_and_returned(qianhai)


def test_a_period_without_business_has_an_empty_return(qianhai: Terminal, tmp_path: Path) -> None:
    made = told(qianhai, "return", BOP, "--period", "2025-06", "--out", str(tmp_path / "r.csv"))
    assert (made["rows"], made["agrees"]) == ([], True)
    assert csv_rows(tmp_path / "r.csv") == []
    done = qianhai(
        "report", "export", BOP, "--period", "2025-06", "--out", str(tmp_path / "r.xlsx")
    )
    assert done.out.startswith("0 records are in ")
    assert told(qianhai, "verify") == []


def corrected_and_returned(qianhai: Terminal) -> None:
    """What a correction changes, and what a wrong one does to the return."""
    stated = ("--set", "code=622011", "--why", "the client said so")
    version = told(qianhai, "correct", "M10-001", BOP, *stated)
    assert (version["version"], version["by"], version["unproven"]) == (2, "test", ["lines.1.code"])
    shown = told(qianhai, "show", "M10-001")
    mine = [one for one in shown if one["report"] == BOP]
    assert [one["version"] for one in mine] == [1, 2]
    text = qianhai("report", "show", "M10-001", language="zh").out
    assert "代码表未能证实：lines.1.code" in text
    assert "the client said so" in text

    told(qianhai, "correct", "M54-001", BOP, "--set", "amount=185519.88", "--why", "typed wrong")
    made = told(qianhai, "return", BOP, "--period", "2025-06", code=3)
    (found,) = made["differences"]
    assert (found["instruction"], found["reported"], found["ledger"]) == (
        "M54-001",
        "185519.88",
        "185519.87",
    )
    assert made["differing"] == 1
    printed = qianhai("report", "return", BOP, "--period", "2025-06")
    assert printed.code == 3
    assert "1 corrected" not in printed.out, "two were"
    assert "2 corrected" in printed.out
    assert "record and ledger differ" in printed.out
    agreed = qianhai("report", "return", "nra_return", "--period", "2025-06", language="zh")
    assert "均与账本一致" in agreed.out
    assert qianhai("report", "verify", "--year", "2025").code == 3
    assert qianhai("report", "verify", "--year", "2024").code == 0


def test_the_reports_of_the_pack_are_listed_in_both_languages(
    qianhai: Terminal, opened: Policy
) -> None:
    listed = told(qianhai, "list")
    assert {one["report"] for one in listed} == set(opened.pack.vocabulary["reports"])
    assert "国家外汇管理局" in qianhai("report", "list", language="zh").out
    assert "State Administration" in qianhai("report", "list").out


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (("correct", "a1", BOP, "--set", "code", "--why", "x"), "C060"),
        (("correct", "a1", BOP, "--set", "code=1", "--set", "code=2", "--why", "x"), "C060"),
        (("return", "bop_declaratoin", "--period", "2025-06"), "C061"),
        (("return", BOP, "--period", "2025-6"), "C062"),
        (("return", BOP, "--period", "2025-Q2"), "C062"),
        (("return", BOP, "--period", "2025-13"), "C062"),
        (("return", BOP, "--period", "0000-00"), "C062"),
        (("return", BOP, "--period", "9999-12"), "C062"),
        (("export", BOP, "--period", "2025-06", "--out", "x.pdf"), "C063"),
        (("verify", "--year", "0"), "C007"),
        (("show", "nobody"), "C064"),
        (("correct", "nobody", BOP, "--set", "code=121010", "--why", "x"), "I031"),
    ],
)
def test_a_command_that_cannot_be_followed_says_why(
    qianhai: Terminal, argv: tuple[str, ...], code: str
) -> None:
    flaws = told(qianhai, *argv, code=2)["error"]["flaws"]
    assert [flaw["code"] for flaw in flaws] == [code]
    assert all(flaw["zh"] and flaw["en"] for flaw in flaws)
