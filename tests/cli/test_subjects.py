"""`qianhai subject`, `qianhai retention`: a person's data at rest, shown, taken away, erased."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from cli.business import csv_file, loan, parties_file
from cli.terminal import Json, Terminal
from qianhai.views import rules

NUMBER = "11010519491231002X"
NAME = "陈大文"
HIDDEN = [NUMBER, NAME, "Chan Tai Man", "card seen by Ho"]
CHAN: dict[str, object] = {
    "kind": "party", "id": "chan", "type": "person", "jurisdiction": "CN", "name": NAME,
    "name_en": "Chan Tai Man", "identifiers": {"resident_id": NUMBER},
    "evidence": "card seen by Ho",
}  # fmt: skip


@pytest.fixture
def url(database_url: str) -> str:
    """A fresh database for each test."""
    return database_url


def ended(until: str, closed: str | None = None) -> list[dict[str, object]]:
    """A person whose time ended, with an account that ended or did not."""
    account: dict[str, object] = {
        "kind": "account", "number": "6200009", "party": "chan", "bank": "bank",
        "currency": "CNY", "account_kind": "settlement", "since": "2010-01-01",
    }  # fmt: skip
    if closed:
        account["until"] = closed
    return [{**CHAN, "since": "2010-01-01", "until": until}, account]


def loaded(qianhai: Terminal, tmp_path: Path, *rows: dict[str, object]) -> None:
    done = qianhai("register", "load", str(parties_file(tmp_path, *rows)))
    assert done.code == 0, done.err


def at_rest(url: str) -> Iterator[tuple[str, str]]:
    """Everything in every table of every room, as text, and as what text in bytes would be."""
    with psycopg.connect(url) as conn:
        tables = conn.execute(
            "select schemaname, tablename from pg_tables where schemaname not like 'pg_%'"
            " and schemaname <> 'information_schema'"
        ).fetchall()
        assert len(tables) > 20
        for schema, name in tables:
            query = sql.SQL("select t::text from {} t").format(sql.Identifier(schema, name))
            for (text,) in conn.execute(query):
                yield f"{schema}.{name}", text


def test_a_planted_number_rests_nowhere_in_the_clear(qianhai: Terminal, tmp_path: Path) -> None:
    data = tmp_path / "kept"
    data.mkdir()
    loaded(qianhai, tmp_path, CHAN)
    day = csv_file(tmp_path / "day.csv", loan("a"), loan("b", is_genuine="false"))
    assert qianhai("run", str(day), "--out", str(data / "out")).code == 0
    assert qianhai("subject", "find", "resident_id", given=f"{NUMBER}\n").code == 0
    assert qianhai("backup", str(data / "backup")).code == 0
    assert qianhai.site.database_url
    rows = list(at_rest(qianhai.site.database_url))
    assert any(table == "registers.parties" and "chan" in text for table, text in rows)
    planted = [(text, text.encode().hex()) for text in HIDDEN]
    for table, text in rows:
        for clear, in_bytes in planted:
            assert clear not in text, table
            assert in_bytes not in text, table
    files = [path for path in data.rglob("*") if path.is_file()]
    assert len(files) >= 5
    for path in files:
        content = path.read_bytes()
        assert all(text.encode() not in content for text in HIDDEN), path


def test_a_number_is_found_by_its_hash_and_shown_masked(qianhai: Terminal, tmp_path: Path) -> None:
    loaded(qianhai, tmp_path, CHAN)
    done = qianhai("subject", "find", "resident_id", given=f" {NUMBER.lower()} \n")
    assert done.out == "chan  resident_id ····002X\n"
    assert NUMBER not in done.out + done.err
    none = qianhai("subject", "find", "resident_id", given="110105194912310038\n")
    assert none.code in {0, 2}
    assert NUMBER not in none.out
    wrong = qianhai("subject", "find", "resident_id", "--json", given="110105194912310020\n")
    assert wrong.code == 2
    assert "110105194912310020" not in wrong.out


def test_an_export_has_all_that_is_on_record_and_leaves_a_record(
    qianhai: Terminal, tmp_path: Path
) -> None:
    loaded(qianhai, tmp_path, *ended("2030-01-01"))
    out = tmp_path / "copy"
    done = qianhai("subject", "export", "chan", "--purpose", "she asked", "--out", str(out))
    assert done.code == 0, done.err
    document = Json(json.loads((out / "data.json").read_text()))
    (party,) = document.rows("parties")
    assert (party["name"], party.part("identifiers")["resident_id"]) == (NAME, NUMBER)
    assert party["evidence"] == "card seen by Ho"
    assert [row["number"] for row in document.rows("accounts")] == ["6200009"]
    assert [row["id"] for row in document.rows("retention")] == ["identity"]
    page = (out / "data.html").read_text()
    assert NAME in page
    assert "<script" not in page
    assert all(path.stat().st_mode & 0o077 == 0 for path in [out, *out.iterdir()])
    second = qianhai("subject", "export", "chan", "--purpose", "again", "--out", f"{out}2")
    assert second.code == 0
    seen = Json(json.loads((tmp_path / "copy2" / "data.json").read_text())).rows("accesses")
    assert [(row["read_by"], row["purpose"]) for row in seen] == [("test", "she asked")]


def test_an_export_of_nobody_or_without_a_purpose_writes_nothing(
    qianhai: Terminal, tmp_path: Path
) -> None:
    loaded(qianhai, tmp_path, CHAN)
    out = tmp_path / "copy"
    assert qianhai("subject", "export", "nobody", "--purpose", "p", "--out", str(out)).code == 2
    assert qianhai("subject", "export", "chan", "--purpose", " ", "--out", str(out)).code == 2
    assert not out.exists()
    out.mkdir()
    assert qianhai("subject", "export", "chan", "--purpose", "p", "--out", str(out)).code == 2


@pytest.mark.parametrize(
    ("until", "closed", "years", "said"),
    [
        ("2024-01-31", None, [], "no end is known yet"),
        ("2024-01-31", "2024-01-31", [], "until 2034-01-31"),
        ("2024-01-31", "2024-01-31", ["--years", "identity=20"], "until 2044-01-31"),
    ],
)
def test_what_the_law_has_us_keep_is_not_erased(
    qianhai: Terminal, tmp_path: Path, until: str, closed: str | None, years: list[str], said: str
) -> None:
    loaded(qianhai, tmp_path, *ended(until, closed))
    done = qianhai("subject", "erase", "chan", "--reason", "asked", *years)
    assert done.code == 2
    assert said in done.err
    assert ("反洗钱法" in done.err) != bool(years)
    assert qianhai("subject", "find", "resident_id", given=f"{NUMBER}\n").out.startswith("chan")
    assert qianhai("retention", "--json", *years).document["due"] == []


def test_what_nothing_binds_is_due_and_erased_and_the_chains_still_hold(
    qianhai: Terminal, tmp_path: Path
) -> None:
    loaded(qianhai, tmp_path, *ended("2015-06-29", "2015-06-29"))
    due = qianhai("retention", "--json").document.rows("due")
    assert [(row["subject"], row["last_on"]) for row in due] == [("chan", "2015-06-29")]
    assert qianhai("retention", "--on", "2025-06-28", "--json").document["due"] == []
    done = qianhai("subject", "erase", "chan", "--reason", "its time is over", "--json")
    assert done.document == {"subject": "chan", "is_erased": True}
    assert qianhai("subject", "find", "resident_id", given=f"{NUMBER}\n").out.startswith("no party")
    out = tmp_path / "copy"
    assert qianhai("subject", "export", "chan", "--purpose", "p", "--out", str(out)).code == 0
    (party,) = Json(json.loads((out / "data.json").read_text())).rows("parties")
    assert (party["is_erased"], party["name"]) == (True, None)
    assert qianhai("journal", "verify").code == 0
    assert qianhai("retention", "--json").document["due"] == []
    again = qianhai("subject", "erase", "chan", "--reason", "r", language="zh")
    assert (again.code, "没有可销毁的密钥" in again.err) == (2, True)


def test_a_time_whose_source_is_unsure_is_never_used_unless_given(qianhai: Terminal) -> None:
    listed = {str(r["id"]): r for r in qianhai("retention", "--json").document.rows("rules")}
    assert {name for name, one in listed.items() if one["must_be_given"]} == {"consents", "backups"}
    assert listed["identity"]["months"] == 120
    assert all(one["source"] for one in listed.values())
    given = qianhai("retention", "--years", "backups=2", "--json").document.rows("rules")
    assert [one["months"] for one in given if one["id"] == "backups"] == [24]
    assert qianhai("retention", "--years", "nothing=2").code == 2
    assert qianhai("retention", "--years", "backups=x").code == 2
    assert "须指定" in qianhai("retention", language="zh").out


def test_a_rule_speaks_only_of_days_its_values_reach() -> None:
    (identity,) = [rule for rule in rules() if rule.id == "identity"]
    assert identity.on(date(2006, 12, 31), {}) is None
    spans = [identity.on(date(2024, 12, 31), {}), identity.on(date(2025, 1, 1), {})]
    assert [span and span.months for span in spans] == [60, 120]
    (books,) = [rule for rule in rules() if rule.id == "books"]
    assert books.on(date(2010, 1, 1), {}) is None
