"""A database that somebody else runs: another major version, its own settings, a plain role."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psycopg
import pytest

from qianhai.db.become import choose_runner
from qianhai.db.locate import choose_installation

EXAMPLES: Final = Path(__file__).parents[2] / "examples"
#: What a database of the house might be set to, none of it as the embedded one.
OTHER_HABITS: Final = {
    "datestyle": "German",
    "timezone": "Asia/Shanghai",
    "intervalstyle": "postgres_verbose",
    "bytea_output": "escape",
    "extra_float_digits": "0",
    "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on",
}


def _other_programs() -> Path | None:
    """Return the system's PostgreSQL of another major version than the embedded one."""
    embedded = choose_installation(choose_runner(None), None).major
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    majors = {int(path.parent.name): path for path in found}
    return next((majors[it] for it in sorted(majors) if it >= 15 and it != embedded), None)


@pytest.fixture
def given_url(folder: Path) -> Iterator[str]:
    """The URL of an empty database on such a server, for a role that owns it and no more."""
    programs = _other_programs()
    if programs is None:
        pytest.skip("no PostgreSQL of another major version in /usr/lib/postgresql")
    runner = choose_runner(None)
    home = folder / "given"
    runner.make_folder(home)
    (home / "password").write_text("one", encoding="ascii")
    runner.give(home)

    def run(program: str, *words: str) -> None:
        subprocess.run(
            [programs / program, "--pgdata", "pg", *words],
            cwd=home,
            check=True,
            stdout=subprocess.DEVNULL,
            **runner.identity(),
        )

    run(
        "initdb",
        *("--username=owner", "--pwfile=password", "--auth=scram-sha-256"),
        *("--encoding=UTF8", "--locale=C.UTF-8"),
    )
    settings = {"listen_addresses": "", "unix_socket_directories": str(home), **OTHER_HABITS}
    options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
    run("pg_ctl", "--wait", "--log=log", f"--options={options}", "start")
    try:
        with psycopg.connect(f"postgresql://owner:one@/postgres?host={home}") as conn:
            conn.autocommit = True
            conn.execute("set default_transaction_read_only to off")
            conn.execute("create role bank login password 'two'")
            conn.execute("create database given owner bank")
        yield f"postgresql://bank:two@/given?host={home}"
    finally:
        run("pg_ctl", "--mode=immediate", "stop")


def _qianhai(data_dir: Path, url: str, *argv: str) -> str:
    """Run a command as an operator does, on the given database; return what it printed."""
    settings = {"QIANHAI_DATABASE_URL": url, "QIANHAI_DATA_DIR": str(data_dir)}
    done = subprocess.run(
        [sys.executable, "-m", "qianhai.main", *argv],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_day_on_another_major_version_is_decided_booked_and_proven_alike(
    given_url: str, folder: Path
) -> None:
    out = folder / "out"
    register = ("--parties", str(EXAMPLES / "day/parties.jsonl"))
    for is_repeat in (False, True):
        told = _qianhai(
            *(folder, given_url),
            *("run", str(EXAMPLES / "day/day.csv"), *register, "--out", str(out), "--json"),
        )
        day = json.loads(told)
        assert day["repeated"] == (day["instructions"] if is_repeat else 0)
        for room in ("ledger", "journal"):
            _qianhai(folder, given_url, room, "verify", "--head", str(out / "summary.json"))
    with (EXAMPLES / "expected.csv").open(encoding="utf-8", newline="") as file:
        meant = {line["id"]: line["outcome"] for line in csv.DictReader(file)}
    with (out / "outcomes.csv").open(encoding="utf-8-sig", newline="") as file:
        became = {line["id"]: line["outcome"] for line in csv.DictReader(file)}
    assert became
    assert became == {id_: meant[id_] for id_ in became}
    assert not (folder / "pg").exists(), "no server of our own was started"
