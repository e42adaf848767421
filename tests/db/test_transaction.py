"""A transaction commits whole or not at all, and every fault has its own kind."""

import threading
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from db.other_process import note, words
from qianhai.db import Connection, Database, Server, open_database
from qianhai.kernel import BrokenIntegrity, Environment, StaleState


def test_a_transaction_commits_at_its_end_and_is_undone_by_a_fault(database: Database) -> None:
    note(database, "one")
    with pytest.raises(ZeroDivisionError):
        _insert_and_fail(database)
    assert words(database) == ["one"]


def _insert_and_fail(database: Database) -> None:
    with database.transaction() as conn:
        conn.execute("insert into public.words values ('two')")
        raise ZeroDivisionError


def test_a_dry_run_walks_the_same_road_and_leaves_nothing(database: Database) -> None:
    note(database, "one")
    with database.transaction(rollback=True) as conn:
        with conn.transaction():
            conn.execute("insert into public.words values ('two')")
        assert conn.execute("select count(*) from public.words").fetchone() == (2,)
    assert words(database) == ["one"]


def test_a_transaction_inside_is_a_savepoint_even_as_the_first_statement(
    database: Database,
) -> None:
    note(database, "one")
    with pytest.raises(ZeroDivisionError):
        _insert_in_a_savepoint_and_fail(database)
    assert words(database) == ["one"]


def _insert_in_a_savepoint_and_fail(database: Database) -> None:
    with database.transaction() as conn:
        with conn.transaction():
            conn.execute("insert into public.words values ('two')")
        raise ZeroDivisionError


def _commit_inside(database: Database) -> None:
    with database.transaction() as conn:
        conn.commit()


def test_the_road_has_one_commit_and_nobody_commits_inside(database: Database) -> None:
    with pytest.raises(psycopg.ProgrammingError, match="commit"):
        _commit_inside(database)


def _swallow_a_fault(database: Database) -> None:
    with database.transaction() as conn:
        conn.execute("insert into public.words values ('lost')")
        try:
            conn.execute("select 1 / 0")
        except psycopg.errors.DivisionByZero:
            return


def test_a_swallowed_failure_is_not_taken_for_a_commit(database: Database) -> None:
    note(database, "one")
    with pytest.raises(AssertionError, match="swallowed"):
        _swallow_a_fault(database)
    assert words(database) == ["one"]


def test_a_bug_in_a_statement_stays_a_bug(database: Database) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero), database.transaction() as conn:
        conn.execute("select 1 / 0")


def _increase_after_another(database: Database) -> None:
    with database.transaction() as conn:
        conn.execute("set transaction isolation level repeatable read")
        conn.execute("select * from public.counters")
        with database.transaction() as other:
            other.execute("update public.counters set n = n + 1")
        conn.execute("update public.counters set n = n + 1")


def test_a_serialisation_failure_is_stale_state(database: Database) -> None:
    with database.transaction() as conn:
        conn.execute("create table public.counters as select 0 as n")
    with pytest.raises(StaleState) as stale:
        _increase_after_another(database)
    assert stale.value.is_retry_safe


def test_of_two_writers_in_a_deadlock_one_is_stale_and_one_commits(database: Database) -> None:
    with database.transaction() as conn:
        conn.execute("create table public.counters (id integer, n integer)")
        conn.execute("insert into public.counters values (1, 0), (2, 0)")
    both_hold_one = threading.Barrier(2)
    outcomes: list[str] = []

    def update(first: int, second: int) -> None:
        try:
            with database.transaction() as conn:
                conn.execute("update public.counters set n = n + 1 where id = %s", [first])
                both_hold_one.wait()
                conn.execute("update public.counters set n = n + 1 where id = %s", [second])
        except StaleState:
            outcomes.append("stale")
        else:
            outcomes.append("committed")

    writers = [threading.Thread(target=update, args=ids) for ids in ((1, 2), (2, 1))]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(outcomes) == ["committed", "stale"]


def test_sixty_four_threads_write_at_once_and_nothing_is_lost(database: Database) -> None:
    note(database, "first")
    begin = threading.Barrier(64)

    def write(number: int) -> None:
        begin.wait()
        for turn in range(3):
            note_word = f"{number:02d}-{turn}"
            with database.transaction() as conn:
                conn.execute("insert into public.words values (%s)", [note_word])

    writers = [threading.Thread(target=write, args=[number]) for number in range(64)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(words(database)) == 1 + 64 * 3


def _settings(conn: Connection) -> tuple[object, ...]:
    names = ("TimeZone", "DateStyle", "bytea_output", "IntervalStyle", "transaction_isolation")
    rows = [conn.execute("select current_setting(%s)", [name]).fetchone() for name in names]
    return tuple(row[0] for row in rows if row)


def test_every_session_has_our_settings_whatever_the_server_says(
    database_url: str, server_dir: Path
) -> None:
    with psycopg.connect(database_url, autocommit=True) as admin:
        name = sql.Identifier(admin.info.dbname)
        for setting, value in (
            ("timezone", "Asia/Shanghai"),
            ("datestyle", "SQL, DMY"),
            ("bytea_output", "escape"),
            ("default_transaction_isolation", "serializable"),
        ):
            statement = sql.SQL("alter database {} set {} to {}")
            admin.execute(statement.format(name, sql.Identifier(setting), sql.Literal(value)))
    with (
        open_database(url=database_url, data_dir=server_dir) as database,
        database.transaction() as conn,
    ):
        assert _settings(conn) == ("UTC", "ISO, YMD", "hex", "iso_8601", "read committed")


def test_a_given_url_wins_and_no_folder_is_made(database_url: str, tmp_path: Path) -> None:
    with open_database(url=database_url, data_dir=tmp_path / "data") as database:
        note(database, "one")
        assert database.url == database_url
    assert not (tmp_path / "data").exists()


def test_a_database_that_cannot_be_reached_is_an_environment_fault(tmp_path: Path) -> None:
    url = f"postgresql://somebody:secret@/x?host={tmp_path}"
    with pytest.raises(Environment, match="QIANHAI_DATABASE_URL") as fault:
        open_database(url=url, data_dir=tmp_path)
    assert "secret" not in str(fault.value)
    assert fault.value.is_retry_safe


def test_a_database_in_another_encoding_is_refused(server: Server, tmp_path: Path) -> None:
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as admin:
        admin.execute("create database latin template template0 encoding 'LATIN1'")
    with pytest.raises(Environment, match="LATIN1"):
        open_database(url=server.conninfo("latin"), data_dir=tmp_path)


def test_a_damaged_page_is_broken_integrity(folder: Path) -> None:
    with open_database(url=None, data_dir=folder) as database:
        note(database, "one")
        with database.transaction() as conn:
            row = conn.execute("select pg_relation_filepath('public.words')").fetchone()
    assert row is not None
    page = folder / "pg" / row[0]
    with page.open("r+b") as file:
        file.seek(8000)
        file.write(b"\xff")
    with (
        open_database(url=None, data_dir=folder) as database,
        pytest.raises(BrokenIntegrity) as broken,
    ):
        words(database)
    assert broken.value.flaws[0].code == "D001"


def test_a_lost_connection_is_replaced_before_the_next_transaction(database: Database) -> None:
    with database.transaction() as conn:
        pid = conn.info.backend_pid
    with psycopg.connect(database.url, autocommit=True) as admin:
        admin.execute("select pg_terminate_backend(%s, 5000)", [pid])
    note(database, "one")
    assert words(database) == ["one"]
