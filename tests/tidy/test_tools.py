"""The scripts of tools/ name what they refuse, and refuse nothing else."""

import json
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from psycopg.errors import IntegrityConstraintViolation

import check_coverage
import check_files
import with_database
import write_reference
from qianhai import journal
from qianhai.db import open_database

ROOT: Final = Path(__file__).parents[2]


def _file(run: int, owed: int, idle: list[int], branches: list[list[int]]) -> dict[str, Any]:
    summary = {"covered_lines": run, "num_statements": owed}
    return {"summary": summary, "missing_lines": idle, "missing_branches": branches}


def test_one_idle_line_of_a_proven_room_fails_and_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = {
        "files": {
            "src/qianhai/ledger/writer.py": _file(999, 1000, [17], []),
            "src/qianhai/rules/check.py": _file(9, 9, [], []),
        }
    }
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report), encoding="utf-8")
    assert check_coverage.main([str(path)]) == 1
    said = capsys.readouterr().out
    assert "src/qianhai/ledger/writer.py:17: never run" in said
    assert "rules/check.py" not in said


def test_a_branch_never_taken_counts_as_a_gap() -> None:
    one = _file(3, 3, [], [[4, 6]])
    one["summary"] |= {"covered_branches": 1, "num_branches": 2}
    _, short = check_coverage.judge({"files": {"src/qianhai/kernel/money.py": one}})
    assert short == ["src/qianhai/kernel/money.py:4: never goes on to line 6"]


def test_other_rooms_owe_nine_tenths() -> None:
    files = {"src/qianhai/cli/run.py": _file(90, 100, list(range(1, 11)), [])}
    assert check_coverage.judge({"files": files})[1] == []
    files = {"src/qianhai/cli/run.py": _file(89, 100, list(range(1, 12)), [])}
    assert check_coverage.judge({"files": files})[1] == ["src/qianhai/cli/run.py:1-11: never run"]


def test_a_private_key_and_a_large_file_stay_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key, large, plain = tmp_path / "key.pem", tmp_path / "large.bin", tmp_path / "plain.txt"
    key.write_bytes(b"note\n-----BEGIN " + b"EC PRIVATE KEY-----\n")
    large.write_bytes(b"0" * (check_files.BYTES_MAX + 1))
    plain.write_bytes(b"0" * check_files.BYTES_MAX)
    assert check_files.main([str(key), str(large), str(plain), str(tmp_path / "gone")]) == 1
    said = capsys.readouterr().out
    assert "key.pem:2: a private key" in said
    assert "large.bin: 1000001 bytes" in said
    assert "plain.txt" not in said
    assert check_files.main([str(plain)]) == 0


@pytest.mark.untraced
def test_the_reference_is_the_one_the_pack_gives() -> None:
    written = (ROOT / write_reference.PAGE).read_text(encoding="utf-8")
    assert written == write_reference.reference(ROOT), "run make docs"


def test_the_reference_shows_each_name_in_both_languages(tmp_path: Path) -> None:
    folder = tmp_path / "plan" / "vocabulary"
    folder.mkdir(parents=True)
    text = "# Wheels.\nmill: {zh: 磨|坊, en: mill, args: [a, b]}\n"
    text += "race: {settles: {zh: 渠, en: race}}\n"
    (folder / "wheels.yaml").write_text(text, encoding="utf-8")
    page = write_reference.reference(tmp_path)
    assert "Wheels." in page
    assert "| `mill` | 磨\\|坊 | mill | args: a, b |" in page
    assert "| `race` | 渠 | race |  |" in page


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the server's user can enter when root runs the tests (pytest's is private)."""
    with tempfile.TemporaryDirectory(prefix="qianhai-", dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.slow
def test_a_backup_restored_into_an_empty_folder_is_the_same_database(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("QIANHAI_DATABASE_URL", raising=False)
    entry = journal.Entry("kept", "day", {"rows": 3}, (), "bank-1")
    at = datetime(2023, 6, 30, tzinfo=UTC)
    old = open_database(url=None, data_dir=folder / "old")
    with old, old.transaction() as conn:
        journal.append(conn, [entry], at=at, salts=lambda: bytes(16))
        head = journal.head(conn)
    dump = str(folder / "day.dump")
    monkeypatch.setenv("QIANHAI_DATA_DIR", str(folder / "old"))
    assert with_database.main(["pg_dump", "--format=custom", f"--file={dump}"]) == 0
    monkeypatch.setenv("QIANHAI_DATA_DIR", str(folder / "new"))
    assert with_database.main(["pg_restore", "--dbname=qianhai", "--exit-on-error", dump]) == 0
    with open_database(url=None, data_dir=folder / "new") as database:
        with database.transaction() as conn:
            assert list(journal.verify(conn, head)) == []
        with (
            pytest.raises(IntegrityConstraintViolation),
            database.transaction() as conn,
        ):
            conn.execute("delete from journal.entries")


def test_a_program_is_told_where_a_given_database_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QIANHAI_DATABASE_URL", "postgresql://clerk@10.0.0.1:6543/books")
    monkeypatch.setenv("PGDATABASE", "another")
    told = 'test "$PGHOST:$PGPORT:$PGUSER:$PGDATABASE" = 10.0.0.1:6543:clerk:books'
    assert with_database.main(["sh", "-c", told]) == 0
    assert with_database.main(["sh", "-c", "exit 7"]) == 7


def test_without_a_program_the_usage_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert with_database.main([]) == 2
    assert "pg_dump" in capsys.readouterr().err


def test_no_tool_is_itself_refused() -> None:
    tools = Path(check_files.__file__).parent
    assert [offence for path in tools.glob("*.*") for offence in check_files.offences(path)] == []
