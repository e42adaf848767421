"""`ledger verify`, `journal verify`: whole, against a kept head, and with a row changed."""

import json
from pathlib import Path

import psycopg
import pytest

from cli.business import csv_file, loan, parties_file
from cli.terminal import Terminal

ROOMS = ["ledger", "journal"]


@pytest.fixture
def url(database_url: str) -> str:
    """A fresh database for each test."""
    return database_url


@pytest.fixture
def summary(qianhai: Terminal, tmp_path: Path) -> Path:
    """The summary of a booked day."""
    day = csv_file(tmp_path / "day.csv", loan("a"), loan("b"), loan("c", is_genuine="false"))
    out = tmp_path / "out"
    parties = str(parties_file(tmp_path))
    assert qianhai("run", str(day), "--parties", parties, "--out", str(out)).code == 0
    return out / "summary.json"


def tamper(qianhai: Terminal, statement: str) -> None:
    """Change a row as the database's owner could, past the triggers that forbid it."""
    assert qianhai.site.database_url
    with psycopg.connect(qianhai.site.database_url) as conn:
        conn.execute("set session_replication_role = replica")
        done = conn.execute(statement)
        assert done.rowcount > 0, "a row was there to be changed"


@pytest.mark.parametrize("room", ROOMS)
def test_a_whole_history_is_proven_against_the_head_of_its_day(
    qianhai: Terminal, summary: Path, room: str
) -> None:
    head = json.loads(summary.read_text())["heads"][room]
    for given in ([], ["--head", str(summary)], ["--head", head]):
        done = qianhai(room, "verify", *given, "--json")
        assert done.code == 0, done.out
        assert done.document == {"room": room, "head": head, "differences": 0}
    assert head in qianhai(room, "verify").out
    zh = {"ledger": "账本校验无误", "journal": "日志校验无误"}[room]
    assert zh in qianhai(room, "verify", language="zh").out


@pytest.mark.parametrize("room", ROOMS)
def test_a_later_day_still_holds_the_earlier_head(
    qianhai: Terminal, summary: Path, tmp_path: Path, room: str
) -> None:
    later = csv_file(tmp_path / "later.csv", loan("d"))
    assert qianhai("run", str(later)).code == 0
    assert qianhai(room, "verify", "--head", str(summary)).code == 0


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("given", ["nonsense", "ledger-x-y", "12:xyz"])
def test_a_text_that_is_no_head_is_bad_input(qianhai: Terminal, room: str, given: str) -> None:
    done = qianhai(room, "verify", "--head", given, "--json")
    assert done.code == 2
    (flaw,) = done.document.part("error").rows("flaws")
    assert flaw["value"] == given
    assert flaw["zh"]


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("text", ["{}", "[]", "no json", '{"heads": {}}'])
def test_a_file_that_is_no_summary_is_bad_input(
    qianhai: Terminal, tmp_path: Path, room: str, text: str
) -> None:
    path = tmp_path / "summary.json"
    path.write_text(text)
    done = qianhai(room, "verify", "--head", str(path), "--json")
    assert done.code == 2
    assert "no summary" in str(done.document.part("error").rows("flaws")[0]["en"])


@pytest.mark.parametrize("room", ROOMS)
def test_a_head_of_another_history_is_a_broken_integrity(
    qianhai: Terminal, summary: Path, room: str
) -> None:
    head = json.loads(summary.read_text())["heads"][room]
    other = head[:-4] + ("0000" if head[-4:] != "0000" else "1111")
    done = qianhai(room, "verify", "--head", other, "--json")
    assert done.code == 3
    assert done.document.part("error")["kind"] == "broken_integrity"


@pytest.mark.parametrize(
    ("room", "statement", "named"),
    [
        ("ledger", "update ledger.transfers set amount = amount + 1", "transfers"),
        ("ledger", "update ledger.accounts set balance = 1 where balance > 0", "accounts"),
        ("journal", "update instructions.decisions set outcome = 'permitted'", "decisions"),
        ("journal", "update registers.accounts set opening_minor = 1", "registers"),
        ("journal", "delete from journal.entries where seq = 1", "journal"),
    ],
)  # fmt: skip
def test_a_changed_row_is_named_and_exits_3(
    qianhai: Terminal, summary: Path, room: str, statement: str, named: str
) -> None:
    assert summary.exists()
    tamper(qianhai, statement)
    done = qianhai(room, "verify", "--json")
    assert done.code == 3, done.out
    flaws = done.document.part("error").rows("flaws")
    assert any(named in f"{flaw['file']} {flaw['en']}" for flaw in flaws), flaws
    told = qianhai(room, "verify", language="zh")
    assert told.code == 3
    assert str(flaws[0]["zh"]) in told.err
    assert "未记任何账" not in told.err
