"""Take a database away whole, and bring it back into an empty one, by PostgreSQL's own programs.

What is counted and read beside the dump is read in the very snapshot the dump is made of, also
while others write. It must not know what the tables mean.
"""

import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import psycopg
from psycopg.pq import Conninfo

from qianhai.db import store
from qianhai.db.connect import Database
from qianhai.db.locate import choose_program
from qianhai.db.migrate import migrations
from qianhai.db.model import Connection
from qianhai.kernel import Environment

Seen = TypeVar("Seen")


@dataclass(frozen=True, slots=True)
class Dumped(Generic[Seen]):
    """What a dump holds: the server's version, the steps of its form, the rows of each table."""

    server_version: int
    migrations: tuple[tuple[int, str, str], ...]
    rows: dict[str, int]
    seen: Seen


def dump(database: Database, file: Path, look: Callable[[Connection], Seen]) -> Dumped[Seen]:
    """Write the whole database into a file, and return what it holds.

    `look` reads what else is to be known of it, in the same snapshot.

    Raises:
        Environment: there is no program for it, or it could not write the file.
    """
    with database.transaction() as conn:
        snapshot = store.export_snapshot(conn)
        version = conn.info.server_version
        found = Dumped(version, tuple(store.read_applied(conn)), store.count_rows(conn), look(conn))
        program = choose_program("pg_dump", version // 10_000)
        options = ["--format=custom", f"--snapshot={snapshot}", f"--file={file}"]
        _run(program, options, database.url)
    return found


def restore(conninfo: str, file: Path, applied: Sequence[tuple[int, str, str]]) -> dict[str, int]:
    """Fill an empty database from a dump, all of it or nothing; return the rows of each table.

    `applied` are the steps of the dump's form: this program must know each of them.

    Raises:
        Environment: the database is not empty, newer than this program, or refuses the dump.
    """
    _refuse_newer(applied)
    with psycopg.connect(conninfo, autocommit=True) as conn:
        store.settle_session(conn)
        if store.count_rows(conn):
            raise Environment(
                "The database to restore into is not empty.",
                "Name an empty data folder with QIANHAI_DATA_DIR, or an empty database.",
                zh="恢复的目标数据库不是空的。请用 QIANHAI_DATA_DIR 指定空目录，或指定空数据库。",
            )
        program = choose_program("pg_restore", conn.info.server_version // 10_000)
        name = conn.info.dbname
        options = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
        _run(program, [*options, f"--dbname={name}", str(file)], conninfo)
        with conn.transaction():
            store.close_functions(conn)
        return store.count_rows(conn)


def count_rows(conn: Connection) -> dict[str, int]:
    """Return how many rows every table has."""
    return store.count_rows(conn)


def _refuse_newer(applied: Sequence[tuple[int, str, str]]) -> None:
    known = {(step.number, step.digest) for step in migrations()}
    for number, name, digest in applied:
        if (number, digest) not in known:
            raise Environment(
                f"The backup has migration {number:04d}_{name}, which this program does not know.",
                "Restore it with the program that made it, or a newer one.",
                zh=f"备份中的迁移 {number:04d}_{name} 不为本程序所知。"
                "请使用制作该备份的程序或更新的程序恢复。",
            )


def _run(program: Path, options: Sequence[str], conninfo: str) -> None:
    """Run a program on a database; where it is goes by the environment, never by arguments."""
    surroundings = {"PATH": os.defpath, "LC_ALL": "C"}
    done = subprocess.run(  # noqa: S603 (a program found by locate, no shell)
        [program, *options],
        env=surroundings | settings_of(conninfo),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip().replace("\n", " ") or f"exit code {done.returncode}"
        raise Environment(
            f"{program.name} did not end well: {said}",
            "Mend what it names and give the command again; a restore that failed left nothing.",
            zh=f"{program.name} 未正常结束：{said} 请排除后重新运行；失败的恢复不会留下任何内容。",
        )


def settings_of(conninfo: str) -> dict[str, str]:
    """Say a connection string in the variables PostgreSQL's programs read.

    >>> settings_of("host=/tmp/pg dbname=qianhai")
    {'PGDATABASE': 'qianhai', 'PGHOST': '/tmp/pg'}
    """
    parsed = Conninfo.parse(conninfo.encode())
    return {
        option.envvar.decode(): option.val.decode()
        for option in sorted(parsed, key=lambda option: option.keyword)
        if option.envvar and option.val
    }
