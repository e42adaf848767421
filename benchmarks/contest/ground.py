"""The ground of a contest: one embedded server of its own, durable, with the databases on it.

Holds how it is started and which settings are really in force. Must not know a contestant.
"""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final

import psycopg
from psycopg import sql

from qianhai.db import Connection, Database, Server, open_database, start_server

#: Three teams of 64 connections, and the ledgers' own.
_SETTINGS: Final = {"max_connections": "300"}
_SHOWN: Final = (
    "server_version",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "wal_sync_method",
    "wal_level",
    "shared_buffers",
    "max_wal_size",
    "commit_delay",
    "max_connections",
)
#: As the embedded server's own database is made.
_CREATE: Final = sql.SQL("create database {} template template0 encoding 'UTF8' locale 'C'")
_PROBES: Final = 200


@dataclass(frozen=True)
class Ground:
    """A running server in a folder that is thrown away."""

    server: Server
    folder: Path

    @contextmanager
    def database(self, name: str, seconds_max: int = 0) -> Iterator[Database]:
        """Open a migrated database, made if it is not there; a statement may take so long."""
        url = self.server.conninfo(name)
        with self.connect("postgres") as admin:
            known = admin.execute("select 1 from pg_database where datname = %s", (name,))
            if not known.fetchone():
                admin.execute(_CREATE.format(sql.Identifier(name)))
                admin.execute(
                    sql.SQL("alter database {} set statement_timeout to {}").format(
                        sql.Identifier(name), sql.Literal(seconds_max * 1_000)
                    )
                )
        with open_database(url=url, data_dir=self.folder) as database:
            yield database

    def drop(self, name: str) -> None:
        """Give back what a database takes of the disk."""
        with self.connect("postgres") as admin:
            admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))

    def connect(self, name: str) -> Connection:
        """Open a plain connection, as a peer has it: each statement commits."""
        return psycopg.connect(self.server.conninfo(name), autocommit=True)

    def settings(self) -> str:
        """Return the settings in force, as the server shows them."""
        with self.connect("postgres") as conn:
            shown = []
            for name in _SHOWN:
                row = conn.execute(sql.SQL("show {}").format(sql.Identifier(name))).fetchone()
                assert row, "a setting has a value"
                shown.append(f"{name}={row[0]}")
        return ", ".join(shown)

    def commit_millis(self) -> tuple[float, float, float]:
        """Return what one durable commit of one row costs here: p10, p50 and p90."""
        spent = []
        with self.connect("postgres") as conn:
            conn.execute("create table probe (n bigint)")
            for number in range(_PROBES):
                since = perf_counter()
                conn.execute("insert into probe values (%s)", (number,), prepare=True)
                spent.append(perf_counter() - since)
        spent.sort()
        return spent[_PROBES // 10] * 1000, spent[_PROBES // 2] * 1000, spent[-_PROBES // 10] * 1000


@contextmanager
def open_ground() -> Iterator[Ground]:
    """Start a server in a folder of its own; stop and remove it at the end.

    The folder's path is short, as a socket's must be, and open to the user the server runs as.
    """
    folder = Path(tempfile.mkdtemp(prefix="qianhai-", dir="/tmp"))
    folder.chmod(0o711)
    try:
        server = start_server(folder, settings=_SETTINGS)
        try:
            yield Ground(server, folder)
        finally:
            _drop(folder)
            server.close()
    finally:
        shutil.rmtree(folder)


def _drop(folder: Path) -> None:
    """Have the server end at once, without writing down what is thrown away."""
    pid = int((folder / "pg" / "postmaster.pid").read_text(encoding="ascii").split()[0])
    os.kill(pid, signal.SIGQUIT)


def memory_bytes() -> int:
    """Return what this process holds in memory now."""
    return _told("VmRSS")


def memory_bytes_most() -> int:
    """Return the most that this process ever held in memory."""
    return _told("VmHWM")


def _told(what: str) -> int:
    with Path("/proc/self/status").open(encoding="ascii") as status:
        for line in status:
            if line.startswith(f"{what}:"):
                return int(line.split()[1]) * 1024
    raise AssertionError(f"the kernel tells {what} of every process")
