"""`qianhai backup` and `qianhai restore`: what comes back is what was there, proven."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from cli.business import csv_file, loan, parties_file
from cli.terminal import Terminal, make_site, rows_on_record
from qianhai.db import Server
from qianhai.registers import Keyring

CHAN: dict[str, object] = {
    "kind": "party", "id": "chan", "type": "person", "jurisdiction": "HK",
    "name": "陈大文", "identifiers": {"hkid": "A1234563"},
}  # fmt: skip


@pytest.fixture
def url(database_url: str) -> str:
    """A fresh database for each test."""
    return database_url


@pytest.fixture
def empty_url(server: Server) -> Iterator[str]:
    """An empty database, not even migrated."""
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as admin:
        admin.execute("create database restored template template0 encoding 'UTF8' locale 'C'")
        yield server.conninfo("restored")
        admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier("restored")))


@pytest.fixture
def saved(qianhai: Terminal, tmp_path: Path) -> Path:
    """A backup of a booked day."""
    day = csv_file(tmp_path / "day.csv", loan("a"), loan("b"), loan("c", is_genuine="false"))
    parties = str(parties_file(tmp_path, CHAN))
    out = str(tmp_path / "out")
    assert qianhai("run", str(day), "--parties", parties, "--out", out).code == 0
    done = qianhai("backup", str(tmp_path / "backup"), "--json")
    assert done.code == 0, done.out + done.err
    return tmp_path / "backup"


def into(qianhai: Terminal, url: str) -> Terminal:
    """The same terminal on another database."""
    return replace(qianhai, site=replace(qianhai.site, database_url=url))


def test_a_restored_database_has_the_same_rows_and_heads(
    qianhai: Terminal, saved: Path, empty_url: str, tmp_path: Path
) -> None:
    manifest = json.loads((saved / "manifest.json").read_text())
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert manifest["heads"] == summary["heads"]
    before = rows_on_record(qianhai.site.database_url)
    restored = into(qianhai, empty_url)
    done = restored("restore", str(saved), "--json")
    assert done.code == 0, done.out + done.err
    assert done.document["heads"] == summary["heads"]
    assert rows_on_record(empty_url) == before
    for room in ("ledger", "journal"):
        proven = restored(room, "verify", "--head", str(tmp_path / "out" / "summary.json"))
        assert proven.code == 0, proven.err
    found = restored("subject", "find", "hkid", "--json", given="A1234563\n")
    assert [row["party"] for row in found.document.rows("found")] == ["chan"]
    # Business goes on where it stopped, in both, and a retry is known again.
    later = csv_file(tmp_path / "later.csv", loan("a"), loan("d"))
    assert restored("run", str(later)).code == 0
    with psycopg.connect(empty_url) as conn:
        assert conn.execute("select count(*) from instructions.instructions").fetchone() == (4,)


def test_an_embedded_database_goes_into_an_empty_folder(
    qianhai: Terminal, saved: Path, files: dict[str, bytes]
) -> None:
    folder = Path(tempfile.mkdtemp(prefix="qianhai-", dir="/tmp"))
    try:
        folder.chmod(0o711)
        site = make_site(None, folder / "data", files)
        embedded = replace(qianhai, site=site)
        done = embedded("restore", str(saved))
        assert done.code == 0, done.out + done.err
        assert "are the backup's" in done.out
        again = embedded("restore", str(saved))
        assert again.code == 4
        assert "not empty" in again.err
        copy = embedded("backup", str(folder / "copy"), "--json")
        assert copy.code == 0, copy.err
        heads = json.loads((saved / "manifest.json").read_text())["heads"]
        assert copy.document["heads"] == heads
    finally:
        shutil.rmtree(folder)


def test_a_backup_holds_no_key_and_nobody_else_may_read_it(qianhai: Terminal, saved: Path) -> None:
    manifest = json.loads((saved / "manifest.json").read_text())
    assert manifest["key_fingerprint"] == Keyring(qianhai.site.master_key()).fingerprint
    assert "not in this backup" in manifest["key"]["en"]
    assert {path.name for path in saved.iterdir()} == {"manifest.json", "database.dump"}
    assert saved.stat().st_mode & 0o077 == 0
    assert (saved / "database.dump").stat().st_mode & 0o077 == 0
    key = qianhai.site.master_key()
    assert all(key not in path.read_bytes() for path in saved.iterdir())


def test_a_changed_dump_is_refused_before_anything_is_written(
    qianhai: Terminal, saved: Path, empty_url: str
) -> None:
    with (saved / "database.dump").open("r+b") as file:
        file.seek(1000)
        file.write(b"changed")
    done = into(qianhai, empty_url)("restore", str(saved))
    assert done.code == 3
    assert "C085" in done.err
    assert count_tables(empty_url) == 0


def test_a_backup_of_other_rows_is_told(qianhai: Terminal, saved: Path, empty_url: str) -> None:
    path = saved / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["rows"]["instructions.instructions"] += 1
    manifest["heads"]["journal"] = manifest["heads"]["journal"][:-4] + "0000"
    path.write_text(json.dumps(manifest))
    done = into(qianhai, empty_url)("restore", str(saved))
    assert done.code == 3
    assert "instructions.instructions has 3 rows and had 4" in done.err
    assert "C088" in done.err


def test_without_its_key_a_backup_is_restored_only_when_that_is_meant(
    qianhai: Terminal, saved: Path, empty_url: str
) -> None:
    other = into(qianhai, empty_url)
    other.site = replace(other.site, master_key=lambda: bytes(31) + b"1")
    refused = other("restore", str(saved))
    assert refused.code == 4
    assert "not at hand" in refused.err
    assert count_tables(empty_url) == 0
    assert other("restore", str(saved), "--without-key").code == 0


def test_a_database_in_use_is_never_restored_over(qianhai: Terminal, saved: Path) -> None:
    before = rows_on_record(qianhai.site.database_url)
    done = qianhai("restore", str(saved))
    assert done.code == 4
    assert "not empty" in done.err
    assert rows_on_record(qianhai.site.database_url) == before


def test_a_backup_is_never_written_over_and_a_folder_without_one_is_told(
    qianhai: Terminal, saved: Path, tmp_path: Path, empty_url: str
) -> None:
    assert qianhai("backup", str(saved)).code == 2
    assert "不会被覆盖" in qianhai("backup", str(saved), language="zh").err
    restored = into(qianhai, empty_url)
    assert restored("restore", str(tmp_path)).code == 2
    path = saved / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps(manifest | {"form": 2}))
    assert "C084" in restored("restore", str(saved)).err
    path.write_text(json.dumps(manifest | {"migrations": [[9999, "later", "0" * 64]]}))
    newer = restored("restore", str(saved))
    assert newer.code == 4
    assert "9999_later" in newer.err
    assert count_tables(empty_url) == 0


def count_tables(url: str) -> int:
    """Count the tables of a database that are not PostgreSQL's own."""
    with psycopg.connect(url) as conn:
        row = conn.execute(
            "select count(*) from pg_tables where schemaname !~ '^pg_|^information_schema'"
        ).fetchone()
        assert row is not None
        return int(row[0])
