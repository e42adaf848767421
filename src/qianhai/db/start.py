"""Start the embedded server or join a running one; the last process out stops it.

Every process that uses a server holds a shared lock on `pg.users`; the kernel drops it even
when the process is killed. Starting and stopping happen under an exclusive lock on `pg.lock`.
A server left behind by a killed process is simply joined by the next one. It must not know SQL
beyond its own database's name.
"""

import fcntl
import logging
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

import psycopg
from psycopg.conninfo import make_conninfo

from qianhai.db import store
from qianhai.db.settle import PORT, ROLE, Site, settle, socket_folder, way_out
from qianhai.db.watch import (
    Postmaster,
    adopt,
    exists,
    is_serving,
    last_words,
    mark,
    read_postmaster,
)
from qianhai.kernel import Environment

_log = logging.getLogger("qianhai.db")

#: The settings of an embedded server, given at every start so that they never drift.
SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": "",
    "port": str(PORT),
    "max_connections": "120",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    # After a crash one call writes out the whole disk, instead of one for each of 2,000 files.
    "recovery_init_sync_method": "syncfs",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "datestyle": "ISO, YMD",
    # Containers give 64 MB of /dev/shm, which parallel queries overrun.
    "max_parallel_workers_per_gather": "0",
    "log_checkpoints": "off",
}

_PAUSE_SECONDS: Final = 0.02
_PROGRESS_SECONDS: Final = 5.0
#: How long the children of a killed server may hold its memory before a person is asked.
_ORPHANS_SECONDS_MAX: Final = 60.0
#: How long a stop may take before it is forced; the next start then recovers.
_STOP_SECONDS_MAX: Final = 60.0
_LOG_BYTES_MAX: Final = 10_000_000


class Server:
    """This process's use of an embedded server."""

    def __init__(self, site: Site, settings: Mapping[str, str], users: TextIO) -> None:
        self._site = site
        self._settings = settings
        self._users = users

    def conninfo(self, database: str = ROLE) -> str:
        """Return how to connect to a database of the server, started again if it has died.

        Raises:
            Environment: it does not start again.
        """
        running = read_postmaster(self._site.cluster)
        if not _answers(running):
            with _locked(self._site.data_dir / "pg.lock"):
                running = _join_or_start(self._site, self._settings)
        assert running is not None, "a server that answers is named in its lock file"
        return _conninfo(running, database)

    def close(self) -> None:
        """End this process's use; the last one out stops the server. Closing twice is fine."""
        if self._users.closed:
            return
        with _locked(self._site.data_dir / "pg.lock"):
            self._users.close()
            if _is_unused(self._site.data_dir):
                _stop(self._site.cluster)


def start_server(data_dir: Path, *, settings: Mapping[str, str] | None = None) -> Server:
    """Start the server of a data folder, or join it when it runs; make the folder if need be.

    Returns when a real connection has been answered. A crash recovery takes as long as it
    takes, as long as the server lives; its progress goes to the log. `settings` change the
    server's settings when this call is the one that starts it.

    Raises:
        Environment: it cannot start; says what to do.
    """
    if not Path("/proc/self").exists():
        raise Environment(
            "The embedded PostgreSQL needs Linux (it watches its server through /proc).",
            "Point QIANHAI_DATABASE_URL to a PostgreSQL.",
            zh="内嵌 PostgreSQL 需要 Linux（通过 /proc 监视数据库）。"
            "请用 QIANHAI_DATABASE_URL 指定一个 PostgreSQL。",
        )
    data_dir = data_dir.absolute()
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with _locked(data_dir / "pg.lock"):
            site = settle(data_dir)
            all_settings = {**SETTINGS, **(settings or {})}
            users = _lock_file(data_dir / "pg.users")
            fcntl.flock(users, fcntl.LOCK_SH)
            try:
                running = _join_or_start(site, all_settings)
                with psycopg.connect(_conninfo(running, "postgres"), autocommit=True) as conn:
                    store.create_database(conn, ROLE)
            except BaseException:
                users.close()
                raise
            return Server(site, all_settings, users)
    except OSError as fault:
        en, zh = way_out(str(fault))
        raise Environment(
            f"The data folder {data_dir} cannot be used: {fault}.",
            en,
            zh=f"数据目录 {data_dir} 无法使用：{fault}。{zh}",
        ) from fault


def stop_server(data_dir: Path) -> bool:
    """Stop the server of a data folder, whoever uses it; return whether one was running."""
    cluster = (data_dir / "pg").resolve()
    if not cluster.is_dir():
        return False
    with _locked(data_dir / "pg.lock"):
        return _stop(cluster)


def _lock_file(path: Path) -> TextIO:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the exclusive lock of a file; say so when another process has it."""
    with _lock_file(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _log.info("waiting for another process that starts or stops the server (%s)", path)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _is_unused(data_dir: Path) -> bool:
    """Tell whether no process holds the users' lock. The caller holds the lock of starts."""
    with _lock_file(data_dir / "pg.users") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _conninfo(running: Postmaster, database: str) -> str:
    """Return how to connect to a server, whatever PGHOSTADDR and its like say."""
    return make_conninfo(
        host=str(running.socket_dir),
        hostaddr="",
        port=running.port,
        user=ROLE,
        dbname=database,
        options="",
        gssencmode="disable",
    )


def _answers(running: Postmaster | None) -> bool:
    """Tell whether a server takes a real connection; one that still recovers does not yet.

    Raises:
        Environment: it answers, but refuses us for good.
    """
    if running is None:
        return False
    try:
        psycopg.connect(_conninfo(running, "postgres"), connect_timeout=10).close()
    except psycopg.OperationalError as fault:
        said = str(fault)
        if "connection slots" in said or "too many clients" in said:
            return True
        if "FATAL" in said and "the database system is" not in said:  # starting up, shutting down
            raise Environment(
                f"The PostgreSQL of {running.socket_dir} refuses the connection: {said.strip()}",
                "Choose another data folder, or point QIANHAI_DATABASE_URL to a PostgreSQL.",
                zh=f"{running.socket_dir} 的 PostgreSQL 拒绝连接：{said.strip()}\n"
                "请另选数据目录，或用 QIANHAI_DATABASE_URL 指定一个 PostgreSQL。",
            ) from fault
        return False
    return True


def _join_or_start(site: Site, settings: Mapping[str, str]) -> Postmaster:
    """Return a server that answers, joined if one lives. The caller holds the lock of starts."""
    started_at = time.monotonic()
    said_from = _log_size(site)
    while True:
        running = read_postmaster(site.cluster)
        if _answers(running):
            assert running is not None, "a server that answers is named in its lock file"
            return running
        if running is not None and is_serving(site.cluster, running.pid):
            _wait(site, running.pid)  # it recovers, or another process stops it
            continue
        said_from = _log_size(site)
        pid = _launch(site, settings, running)
        _wait(site, pid)
        if is_serving(site.cluster, pid):
            continue
        said = last_words(site.log, said_from)
        is_held = "shared memory block" in said or "lock file" in said
        if not is_held or time.monotonic() - started_at > _ORPHANS_SECONDS_MAX:
            en, zh = way_out(said)
            raise Environment(
                f"PostgreSQL did not start: {said}", en, zh=f"PostgreSQL 未能启动：{said}\n{zh}"
            )
        _log.info("processes of the former server still hold its memory; trying again")
        time.sleep(_PAUSE_SECONDS * 10)


def _log_size(site: Site) -> int:
    return site.log.stat().st_size if site.log.exists() else 0


def _launch(site: Site, settings: Mapping[str, str], former: Postmaster | None) -> int:
    """Start the server's process and return its pid; whether it comes up is seen later.

    When the pid in a stale lock file was given to another program, PostgreSQL would take that
    program for a living server. Naming the pid as our own ancestor tells it otherwise, and
    keeps its check that no child of the former server still writes.
    """
    if _log_size(site) > _LOG_BYTES_MAX:
        site.log.replace(site.log.with_suffix(".log.1"))
    environment = {"PATH": os.defpath, "LC_ALL": "C"}
    if former is not None and exists(former.pid):
        environment["PG_GRANDPARENT_PID"] = str(former.pid)
    command = [str(site.programs.bin / "postgres"), "-D", site.runner.path_of(site.cluster)]
    sockets = socket_folder(site)
    for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
        (sockets / name).unlink(missing_ok=True)  # left by a killed server; nobody else is here
    command += ["-k", "." if sockets == site.cluster else str(sockets), "-c", mark(site.cluster)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    with site.log.open("ab") as log:
        site.log.chmod(0o600)
        child = subprocess.Popen(  # noqa: S603 (a program found by locate, no shell)
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=site.cluster,
            env=environment,
            start_new_session=True,
            **site.runner.identity(),
        )
    adopt(child)
    return child.pid


def _wait(site: Site, pid: int) -> None:
    """Wait until a server answers or its process ends, however long that takes."""
    since = time.monotonic()
    said_at = since
    while is_serving(site.cluster, pid) and not _answers(read_postmaster(site.cluster)):
        now = time.monotonic()
        if now - said_at > _PROGRESS_SECONDS:
            said_at = now
            line = last_words(site.log).rpartition("\n")[2]
            _log.info("the server is not ready after %.0f s: %s", now - since, line)
        time.sleep(_PAUSE_SECONDS)


def _stop(cluster: Path) -> bool:
    """Stop a server in order, by force when it takes too long. The caller holds the lock."""
    running = read_postmaster(cluster)
    if running is None or not is_serving(cluster, running.pid):
        return False
    os.kill(running.pid, signal.SIGINT)
    forced_at = time.monotonic() + _STOP_SECONDS_MAX
    while is_serving(cluster, running.pid):
        if time.monotonic() > forced_at:
            _log.info("the server did not stop within %.0f s; it is forced", _STOP_SECONDS_MAX)
            os.kill(running.pid, signal.SIGQUIT)
            forced_at += _STOP_SECONDS_MAX
        time.sleep(_PAUSE_SECONDS)
    return True
