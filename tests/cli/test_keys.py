"""`qianhai keys`: a new master key in the place of the old, whole or not at all."""

import base64
import os
import secrets
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from cli.business import csv_file, loan, parties_file
from cli.terminal import Terminal
from qianhai import webhooks
from qianhai.db import Database
from qianhai.identity import Gate, Role, Vault, accounts, second_factor
from qianhai.identity.totp import matching_step
from qianhai.main import read_key
from qianhai.webhooks import Reach

OLD = bytes(32)
HKID = "A1234563"
CHAN: dict[str, object] = {
    "kind": "party", "id": "chan", "type": "person", "jurisdiction": "HK",
    "name": "陈大文", "identifiers": {"hkid": HKID}, "evidence": "card seen",
}  # fmt: skip
AT = datetime(2025, 6, 30, tzinfo=UTC)


@pytest.fixture
def url(database_url: str) -> str:
    """A fresh database for each test."""
    return database_url


@pytest.fixture
def qianhai(qianhai: Terminal, tmp_path: Path) -> Terminal:
    """A terminal whose master key lies in a file of its own, with a person on record."""
    key = tmp_path / "old.key"
    key.write_bytes(OLD)
    key.chmod(0o600)
    qianhai.site = replace(
        qianhai.site, key_file=key, master_key=lambda: read_key(key), read_key=read_key
    )
    done = qianhai("register", "load", str(parties_file(tmp_path, CHAN)))
    assert done.code == 0, done.err
    return qianhai


def with_key(qianhai: Terminal, path: Path) -> Terminal:
    """The same terminal, started with another key."""
    site = replace(qianhai.site, key_file=path, master_key=lambda: read_key(path))
    return replace(qianhai, site=site)


def found(qianhai: Terminal, number: str = "A123456(3)", kind: str = "hkid") -> list[object]:
    """Look a number up by its keyed hash."""
    done = qianhai("subject", "find", kind, "--json", given=f"{number}\n")
    assert done.code == 0, done.out + done.err
    return [row["party"] for row in done.document.rows("found")]


def test_a_rotation_leaves_everything_as_it_was_under_the_new_key_alone(
    qianhai: Terminal, tmp_path: Path, database: Database
) -> None:
    gate = Gate("local", secrets.token_bytes, Vault(OLD))
    with database.transaction() as conn:
        owner = accounts.create(
            conn, gate, name="ho", title="Ho", roles=[Role.AUDITOR], party=None, by="t", at=AT
        )
        second_factor.enrol(conn, gate, owner, "qianhai")
        _, hook = webhooks.subscribe(
            conn, gate.vault, Reach(is_private_allowed=True), institution_id="local", owner="ho",
            url="http://127.0.0.1:9/told", events=webhooks.EVENTS, at=AT, salts=secrets.token_bytes,
        )  # fmt: skip
    new = tmp_path / "new.key"
    made = qianhai("keys", "make", str(new), "--json")
    assert made.code == 0
    assert new.stat().st_mode & 0o777 == 0o600
    done = qianhai("keys", "rotate", "--to", str(new), "--json")
    assert done.code == 0, done.out + done.err
    document = done.document
    assert (document["keys"], document["rows"], document["second_factors"]) == (1, 3, 1)
    assert document["webhooks"] == 1
    assert document["to"] == made.document["fingerprint"]

    with_new = with_key(qianhai, new)
    assert found(with_new) == ["chan"]
    assert found(with_new, "91440300708461136T", "uscc") == ["firm"]
    out = tmp_path / "copy"
    copied = with_new("subject", "export", "chan", "--purpose", "asked", "--out", str(out))
    assert copied.code == 0, copied.err
    assert HKID in (out / "data.json").read_text()
    assert with_new("journal", "verify").code == 0
    with database.transaction() as conn:
        row = conn.execute("select totp_secret, id from identity.users").fetchone()
        assert row is not None
        assert Vault(OLD).open(row[0], row[1].bytes) is None
        secret = Vault(new.read_bytes()).open(row[0], row[1].bytes)
        assert secret is not None
        assert matching_step(secret, "000000", AT, None) is None
        row = conn.execute("select secret, id from webhooks.subscriptions").fetchone()
        assert row is not None
        assert Vault(OLD).open(row[0], row[1].bytes) is None
        signs_with = Vault(new.read_bytes()).open(row[0], row[1].bytes)
        assert signs_with == base64.b64decode(hook.removeprefix("whsec_"))
        kinds = conn.execute("select kind from journal.entries order by seq").fetchall()
    assert ("registers.rekeyed",) in kinds

    again = with_new("keys", "rotate", "--to", str(new), "--json")
    assert (again.code, again.document["is_new"], again.document["keys"]) == (0, False, 0)


def test_the_old_key_neither_reads_nor_writes_after_a_rotation(
    qianhai: Terminal, tmp_path: Path
) -> None:
    new = tmp_path / "new.key"
    assert qianhai("keys", "make", str(new)).code == 0
    assert qianhai("keys", "rotate", "--to", str(new)).code == 0
    assert found(qianhai) == []
    li = {**CHAN, "id": "li", "identifiers": {"hkid": "Z683365(A)"}}
    path = parties_file(tmp_path, CHAN, li)
    done = qianhai("register", "load", str(path))
    assert done.code == 4
    assert "not the one in force" in done.err
    out = tmp_path / "copy"
    export = qianhai(
        "subject", "export", "chan", "--purpose", "p", "--out", str(out), language="zh"
    )
    assert export.code == 4
    assert "主密钥" in export.err
    assert not out.exists()
    shown = qianhai("keys", "show", "--json")
    assert shown.code == 4
    assert shown.document["at_hand"] != shown.document["in_force"]
    with_new = with_key(qianhai, new)
    assert with_new("register", "load", str(path)).code == 0
    assert with_new("keys", "show").code == 0


def test_a_rotation_killed_in_the_middle_changed_nothing_and_is_done_again(
    qianhai: Terminal, tmp_path: Path, database_url: str
) -> None:
    new = tmp_path / "new.key"
    assert qianhai("keys", "make", str(new)).code == 0
    environ = {
        **os.environ,
        "QIANHAI_DATABASE_URL": database_url,
        "QIANHAI_KEY_FILE": str(tmp_path / "old.key"),
        "QIANHAI_NEW_KEY_FILE": str(new),
    }
    with psycopg.connect(database_url) as holder:
        # The last thing a rotation writes is the journal: it has done all else when it waits here.
        holder.execute("select from journal.heads for update")
        rotating = subprocess.Popen(
            [sys.executable, "-m", "qianhai.main", "keys", "rotate"], env=environ
        )
        with psycopg.connect(database_url, autocommit=True) as watch:
            waiting = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and pid <> %s"
            deadline = time.monotonic() + 60
            while watch.execute(waiting, [watch.info.backend_pid]).fetchone() is None:
                assert rotating.poll() is None, "the rotation waits for the journal"
                assert time.monotonic() < deadline
                time.sleep(0.05)
            rotating.send_signal(signal.SIGKILL)
            assert rotating.wait() == -signal.SIGKILL
    assert found(qianhai) == ["chan"]
    assert qianhai("keys", "show").code == 0
    done = qianhai("keys", "rotate", "--to", str(new), "--json")
    assert (done.code, done.document["keys"]) == (0, 1), done.err
    assert found(with_key(qianhai, new)) == ["chan"]
    assert with_key(qianhai, new)("journal", "verify").code == 0


def test_the_key_of_the_data_folder_is_replaced_and_the_former_kept(
    qianhai: Terminal, tmp_path: Path
) -> None:
    qianhai.site = replace(qianhai.site, is_own_key_file=True)
    new, own = tmp_path / "new.key", tmp_path / "old.key"
    assert qianhai("keys", "make", str(new)).code == 0
    done = qianhai("keys", "rotate", "--to", str(new), "--json")
    assert done.code == 0, done.err
    assert own.read_bytes() == new.read_bytes()
    former = Path(str(done.document["former_key"]))
    assert former.read_bytes() == OLD
    assert found(qianhai) == ["chan"]


def test_an_erased_person_stays_erased_through_a_rotation(
    qianhai: Terminal, tmp_path: Path
) -> None:
    assert qianhai("subject", "erase", "chan", "--reason", "asked").code == 0
    new = tmp_path / "new.key"
    assert qianhai("keys", "make", str(new)).code == 0
    done = qianhai("keys", "rotate", "--to", str(new), "--json")
    assert (done.code, done.document["keys"]) == (0, 0)
    assert found(with_key(qianhai, new)) == []


def test_a_rotation_says_what_it_needs(qianhai: Terminal, tmp_path: Path) -> None:
    assert qianhai("keys", "rotate").code == 2
    short = tmp_path / "short.key"
    short.write_bytes(b"short")
    short.chmod(0o600)
    assert qianhai("keys", "rotate", "--to", str(short)).code == 4
    short.chmod(0o644)
    assert "chmod 600" in qianhai("keys", "rotate", "--to", str(short)).err
    assert qianhai("keys", "make", str(short)).code == 2
    stranger = tmp_path / "stranger.key"
    assert qianhai("keys", "make", str(stranger)).code == 0
    new = tmp_path / "new.key"
    assert qianhai("keys", "make", str(new)).code == 0
    wrong = with_key(qianhai, stranger)("keys", "rotate", "--to", str(new))
    assert wrong.code == 4
    assert "not the one in force" in wrong.err


def test_business_of_a_person_goes_on_after_a_rotation(qianhai: Terminal, tmp_path: Path) -> None:
    day = csv_file(tmp_path / "day.csv", loan("a"))
    assert qianhai("run", str(day)).code == 0
    new = tmp_path / "new.key"
    assert qianhai("keys", "make", str(new)).code == 0
    assert qianhai("keys", "rotate", "--to", str(new)).code == 0
    later = csv_file(tmp_path / "later.csv", loan("b"))
    assert with_key(qianhai, new)("run", str(later)).code == 0
