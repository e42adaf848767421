"""The embedded server starts, is shared, dies in every way there is, and keeps its data."""

import os
import signal
import subprocess
import threading
from pathlib import Path

import psycopg
import pytest

from db.other_process import (
    end,
    first_line,
    is_gone,
    keep_open,
    note,
    postmaster_pid,
    state_of,
    words,
)
from qianhai.db import Database, UnknownCommit, open_database, start_server, stop_server
from qianhai.kernel import Environment


def test_data_are_kept_over_a_full_stop_and_the_last_one_out_stops_the_server(
    folder: Path,
) -> None:
    with open_database(url=None, data_dir=folder) as database:
        note(database, "one")
        pid = postmaster_pid(folder)
    assert state_of(pid) is None, "neither a server nor a zombie is left"
    assert not (folder / "pg/postmaster.pid").exists()
    with open_database(url=None, data_dir=folder) as database:
        assert words(database) == ["one"]
        assert postmaster_pid(folder) != pid


def test_the_server_is_private_durable_and_off_the_network(folder: Path) -> None:
    with open_database(url=None, data_dir=folder) as database:
        with database.transaction() as conn:
            names = ["data_checksums", "fsync", "synchronous_commit", "TimeZone", "DateStyle"]
            names += ["max_connections", "listen_addresses", "server_encoding"]
            settings = [
                conn.execute("select current_setting(%s)", [name]).fetchone() for name in names
            ]
        values = ["on", "on", "on", "UTC", "ISO, YMD", "120", "", "UTF8"]
        assert settings == [(value,) for value in values]
        assert (folder / "pg").stat().st_mode & 0o777 == 0o700
        access = (folder / "pg/pg_hba.conf").read_text(encoding="utf-8")
        assert access == "local all qianhai peer map=qianhai\n"
        owner = (folder / "pg").stat().st_uid
        assert owner != 0
        assert Path(f"/proc/{postmaster_pid(folder)}").stat().st_uid == owner


def test_a_second_process_joins_and_the_first_out_stops_nothing(folder: Path) -> None:
    with open_database(url=None, data_dir=folder) as database:
        pid = postmaster_pid(folder)
        keeper = keep_open(folder)
        assert first_line(keeper) == "qianhai"
        assert postmaster_pid(folder) == pid
        end(keeper)
        note(database, "still there")
        assert postmaster_pid(folder) == pid
    assert state_of(pid) is None


def test_a_server_started_by_a_process_that_ended_goes_on_for_the_others(folder: Path) -> None:
    keeper = keep_open(folder)
    first_line(keeper)
    pid = postmaster_pid(folder)
    with open_database(url=None, data_dir=folder) as database:
        end(keeper)
        note(database, "one")
        assert postmaster_pid(folder) == pid
    assert is_gone(pid)  # its parent is whoever reaps orphans on this machine


def test_processes_that_start_together_share_one_server(folder: Path) -> None:
    keepers = [keep_open(folder) for _ in range(4)]
    assert [first_line(keeper) for keeper in keepers] == ["qianhai"] * 4
    pid = postmaster_pid(folder)
    for keeper in keepers:
        end(keeper)
    assert is_gone(pid)
    assert (folder / "pg.log").read_text(encoding="utf-8").count("starting PostgreSQL") == 1


def test_closing_twice_and_threads_that_open_and_close_do_no_harm(folder: Path) -> None:
    failures: list[BaseException] = []

    def open_and_close() -> None:
        try:
            for _ in range(3):
                server = start_server(folder)
                psycopg.connect(server.conninfo()).close()
                server.close()
                server.close()
        except BaseException as fault:  # noqa: BLE001 (shown below)
            failures.append(fault)

    threads = [threading.Thread(target=open_and_close) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert not (folder / "pg/postmaster.pid").exists()


def _insert_and_kill(database: Database, pid: int) -> None:
    """Kill the server inside a transaction."""
    with database.transaction() as conn:
        conn.execute("insert into public.words values ('half')")
        os.kill(pid, signal.SIGKILL)
        while True:
            conn.execute("select 1")


def _insert_and_lose_the_connection(database: Database) -> None:
    """End a transaction in order, when its connection has just gone."""
    with database.transaction() as conn:
        conn.execute("insert into public.words values ('unknown')")
        with database.transaction() as other:
            other.execute("select pg_terminate_backend(%s, 5000)", [conn.info.backend_pid])


def test_a_killed_server_is_started_again_by_the_next_transaction(folder: Path) -> None:
    with open_database(url=None, data_dir=folder) as database:
        note(database, "committed")
        pid = postmaster_pid(folder)
        with pytest.raises(Environment) as broken:
            _insert_and_kill(database, pid)
        assert broken.value.is_retry_safe
        assert not isinstance(broken.value, UnknownCommit)
        assert words(database) == ["committed"]
        assert postmaster_pid(folder) != pid
        assert state_of(pid) is None, "our own child is reaped"


def test_a_commit_whose_answer_is_lost_is_unknown_and_not_failed(folder: Path) -> None:
    with open_database(url=None, data_dir=folder) as database:
        note(database, "before")
        with pytest.raises(UnknownCommit) as unknown:
            _insert_and_lose_the_connection(database)
        assert unknown.value.is_retry_safe
        assert words(database) == ["before"]


def test_a_killed_owner_leaves_a_server_that_the_next_one_joins_and_stops(folder: Path) -> None:
    keeper = keep_open(folder)
    first_line(keeper)
    pid = postmaster_pid(folder)
    keeper.kill()
    keeper.communicate()
    with open_database(url=None, data_dir=folder) as database:
        note(database, "joined")
        assert postmaster_pid(folder) == pid
    assert is_gone(pid)


def test_a_killed_owner_and_a_killed_server_leave_a_lock_file_nobody_minds(folder: Path) -> None:
    keeper = keep_open(folder)
    first_line(keeper)
    pid = postmaster_pid(folder)
    keeper.kill()
    os.kill(pid, signal.SIGKILL)
    keeper.communicate()
    assert (folder / "pg/postmaster.pid").exists()
    with open_database(url=None, data_dir=folder) as database:
        note(database, "recovered")
        assert words(database) == ["recovered"]


def test_while_a_child_of_a_killed_server_may_still_write_no_other_is_started(
    folder: Path,
) -> None:
    server = start_server(folder)
    pid = postmaster_pid(folder)
    child = psycopg.connect(server.conninfo())
    child_pid = child.info.backend_pid
    answers: list[str] = []
    waiting = threading.Thread(target=lambda: answers.append(server.conninfo()))
    os.kill(child_pid, signal.SIGSTOP)  # it cannot notice that its server is gone
    try:
        os.kill(pid, signal.SIGKILL)
        while state_of(pid) != "Z":
            assert state_of(pid) is not None
        waiting.start()
        while "shared memory block" not in (folder / "pg.log").read_text(encoding="utf-8"):
            assert answers == []
    finally:
        os.kill(child_pid, signal.SIGCONT)
        child.close()
    waiting.join()
    psycopg.connect(answers[0]).close()
    server.close()


def test_a_database_that_is_refused_leaves_no_server_behind(folder: Path) -> None:
    with open_database(url=None, data_dir=folder) as database, database.transaction() as conn:
        conn.execute("insert into public.schema_migrations values (9999, 'later', 'x')")
    with pytest.raises(Environment, match="newer program"):
        open_database(url=None, data_dir=folder)
    assert not (folder / "pg/postmaster.pid").exists()


def test_a_zombie_server_is_not_taken_for_a_living_one(folder: Path) -> None:
    keeper = keep_open(folder)
    first_line(keeper)
    pid = postmaster_pid(folder)
    os.kill(pid, signal.SIGKILL)
    while state_of(pid) != "Z":  # its parent, the keeper, does not reap it
        assert state_of(pid) is not None
    with open_database(url=None, data_dir=folder) as database:
        note(database, "recovered")
        assert postmaster_pid(folder) != pid
        end(keeper)
        assert words(database) == ["recovered"]


def test_a_pid_that_another_program_got_is_neither_trusted_nor_harmed(folder: Path) -> None:
    with open_database(url=None, data_dir=folder) as database:
        note(database, "one")
        os.kill(postmaster_pid(folder), signal.SIGKILL)
    owner = (folder / "pg").stat().st_uid
    other = subprocess.Popen(["sleep", "600"], user=owner if os.geteuid() == 0 else None)
    lock = folder / "pg/postmaster.pid"
    lines = lock.read_text(encoding="utf-8").splitlines(keepends=True)
    lock.write_text("".join([f"{other.pid}\n", *lines[1:]]), encoding="utf-8")
    assert not stop_server(folder), "another program is not stopped"
    with open_database(url=None, data_dir=folder) as database:
        assert words(database) == ["one"]
    assert other.poll() is None
    other.kill()
    other.wait()


def test_a_server_can_be_stopped_from_outside_and_comes_back(folder: Path) -> None:
    assert not stop_server(folder)
    with open_database(url=None, data_dir=folder) as database:
        note(database, "one")
        pid = postmaster_pid(folder)
        assert stop_server(folder)
        assert state_of(pid) is None
        assert not stop_server(folder)
        assert words(database) == ["one"]


def test_the_callers_own_postgresql_variables_do_not_lead_astray(folder: Path) -> None:
    keeper = keep_open(
        folder,
        env={
            "PGHOSTADDR": "127.0.0.1",
            "PGPORT": "1",
            "PGUSER": "x",
            "PGDATABASE": "y",
            "PGOPTIONS": "-c nothing=1",
            "PGDATA": "/nowhere",
            "LC_ALL": "C",
        },
    )
    assert first_line(keeper) == "qianhai"
    end(keeper)


def test_a_growing_log_is_set_aside(folder: Path) -> None:
    (folder / "pg.log").write_bytes(b"x" * 11_000_000)
    open_database(url=None, data_dir=folder).close()
    assert (folder / "pg.log.1").stat().st_size == 11_000_000
    assert (folder / "pg.log").stat().st_size < 100_000
