"""Migrations go forward only, once each, and leave the rows that are there as they are."""

import json
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from qianhai.db import Connection, Migration, Server, migrate, migrations
from qianhai.kernel import Environment, canonical_text

STEPS = migrations()
#: Rows for the tables each migration makes: `NNNN.sql`, run right after that migration.
POPULATED = Path(__file__).parent / "populated"

#: Tables whose rows a migration moves aside unchanged and copies into another form: the name they
#: have after it, and the columns by which a row of both forms is one.
MOVED: Mapping[int, Mapping[tuple[str, str], tuple[tuple[str, str], tuple[str, ...]]]] = {
    5: {
        ("ledger", "chains"): (
            ("ledger", "chains_first_form"),
            (
                "seq",
                "institution_id",
                "id",
                "of_id",
                "value_on",
                "posted_at",
                "expires_at",
                "asked",
            ),
        ),
        ("ledger", "transfers"): (
            ("ledger", "transfers_first_form"),
            ("seq", "institution_id", "leg", "debit_account_id", "amount", "held", "cap"),
        ),
    }
}

_numbers = count(1)


@pytest.fixture
def url(server: Server) -> Iterator[str]:
    """An empty database, before any migration."""
    name = f"empty_{next(_numbers)}"
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("create database {} template template0").format(sql.Identifier(name)))
        yield server.conninfo(name)
        admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def conn(url: str) -> Iterator[Connection]:
    """A connection to the empty database."""
    with psycopg.connect(url, autocommit=True) as conn:
        yield conn


ONE = Migration(1, "one", "create table public.one (n integer)")
TWO = Migration(2, "two", "create table public.two (n integer)")


def test_the_migrations_are_numbered_without_a_gap_from_one() -> None:
    assert [step.number for step in STEPS] == list(range(1, len(STEPS) + 1))


def test_each_step_runs_once(conn: Connection) -> None:
    assert migrate(conn, [ONE]) == 1
    assert migrate(conn, [ONE, TWO]) == 1
    assert migrate(conn, [ONE, TWO]) == 0
    rows = conn.execute("select number, name, digest from schema_migrations").fetchall()
    assert rows == [(1, "one", ONE.digest), (2, "two", TWO.digest)]


def test_a_step_that_was_changed_after_it_ran_is_refused(conn: Connection) -> None:
    migrate(conn, [ONE])
    changed = Migration(1, "one", ONE.sql + " ")
    with pytest.raises(Environment, match=r"0001_one was changed.*new migration"):
        migrate(conn, [changed, TWO])
    assert conn.execute("select to_regclass('public.two')").fetchone() == (None,)


def test_a_database_newer_than_the_program_is_refused(conn: Connection) -> None:
    migrate(conn, [ONE, TWO])
    with pytest.raises(Environment, match=r"0002_two.*newer program"):
        migrate(conn, [ONE])


def test_a_step_that_comes_before_one_that_ran_is_refused(conn: Connection) -> None:
    migrate(conn, [ONE, Migration(3, "three", "select 3")])
    with pytest.raises(Environment, match=r"0002_two is new.*above 0003"):
        migrate(conn, [ONE, TWO, Migration(3, "three", "select 3")])


def test_a_step_that_fails_leaves_nothing_of_itself_and_keeps_those_before(
    conn: Connection,
) -> None:
    broken = Migration(2, "two", TWO.sql + "; select 1 / 0")
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(conn, [ONE, broken])
    assert conn.execute("select to_regclass('public.two')").fetchone() == (None,)
    assert migrate(conn, [ONE, TWO]) == 1


def test_programs_that_start_together_apply_each_step_once(url: str) -> None:
    begin = threading.Barrier(8)
    counts: list[int] = []

    def start() -> None:
        with psycopg.connect(url, autocommit=True) as conn:
            begin.wait()
            counts.append(migrate(conn, STEPS))

    programs = [threading.Thread(target=start) for _ in range(8)]
    for program in programs:
        program.start()
    for program in programs:
        program.join()
    assert len(counts) == 8
    assert sum(counts) == len(STEPS)


def test_files_are_read_in_order_and_with_either_line_end(tmp_path: Path) -> None:
    (tmp_path / "0002_two.sql").write_bytes(b"select 2;\r\n")
    (tmp_path / "0001_one.sql").write_bytes(b"select 1;\n")
    assert migrations(tmp_path) == (
        Migration(1, "one", "select 1;\n"),
        Migration(2, "two", "select 2;\n"),
    )


@pytest.mark.parametrize("name", ["one.sql", "0001_too.sql"])
def test_a_file_with_a_wrong_name_or_a_number_twice_is_a_bug(tmp_path: Path, name: str) -> None:
    (tmp_path / "0001_one.sql").touch()
    (tmp_path / name).touch()
    with pytest.raises(AssertionError, match=name):
        migrations(tmp_path)


def _tables(conn: Connection) -> list[tuple[str, str]]:
    """Return schema and name of every table of the rooms."""
    return conn.execute(
        "select schemaname, tablename from pg_tables where schemaname not in"
        " ('pg_catalog', 'information_schema', 'public') order by 1, 2"
    ).fetchall()


def _rows(conn: Connection) -> dict[tuple[str, str], list[dict[str, object]]]:
    """Return every row of every table, as JSON."""
    found = {}
    for table in _tables(conn):
        statement = sql.SQL("select to_jsonb(r)::text from {} as r").format(sql.Identifier(*table))
        found[table] = [json.loads(text) for (text,) in conn.execute(statement)]
    return found


def _build(conn: Connection, until: int) -> None:
    """Migrate step by step and populate the tables of each."""
    for step in STEPS:
        if step.number > until:
            break
        before = set(_tables(conn))
        migrate(conn, [one for one in STEPS if one.number <= step.number])
        sample = POPULATED / f"{step.number:04d}.sql"
        assert sample.is_file(), (
            f"migration {step.number:04d}_{step.name} has no rows to upgrade: add "
            f"tests/db/populated/{sample.name} that inserts at least one row into every table "
            "it makes"
        )
        with conn.transaction():
            conn.execute(sample.read_text(encoding="utf-8").encode())
        rows = _rows(conn)
        for table in sorted(set(rows) - before):
            assert rows[table], (
                f"tests/db/populated/{sample.name} inserts no row into {'.'.join(table)}; "
                "give every table of the migration at least one row"
            )


def _counted(rows: Sequence[Mapping[str, object]], names: Iterable[str]) -> Counter[str]:
    """Return how often each row is there, looked at in some columns."""
    kept = list(names)
    return Counter(canonical_text({name: row[name] for name in kept}) for row in rows)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step.number:04d}_{step.name}")
def test_a_populated_database_is_upgraded_and_its_rows_stay(
    conn: Connection, step: Migration
) -> None:
    _build(conn, step.number - 1)
    before = _rows(conn)
    migrate(conn, [one for one in STEPS if one.number <= step.number])
    after = _rows(conn)
    moved = MOVED.get(step.number, {})
    for table, (aside, names) in moved.items():
        copies, originals = (_counted(rows, names) for rows in (after[table], before[table]))
        assert copies == originals, f"{'.'.join(table)} has a copy of each row it had"
        assert set(before) & {aside} == set(), f"{'.'.join(aside)} is a new name"
    for name, rows in before.items():
        table = moved[name][0] if name in moved else name
        lost = _counted(rows, rows[0]) - _counted(after[table], rows[0]) if rows else None
        assert not lost, f"{step.number:04d}_{step.name} changed {'.'.join(name)}: {lost}"
        is_declaration = table == ("journal", "sealed_tables")  # each room adds its own
        assert is_declaration or len(after[table]) == len(rows), table


def test_every_migration_has_rows_to_upgrade(conn: Connection) -> None:
    _build(conn, STEPS[-1].number)


def test_every_row_of_business_names_its_institution_and_schema_version(conn: Connection) -> None:
    """Heads, declarations and batches belong to the database: they serve all institutions."""
    migrate(conn, STEPS)
    lacking = conn.execute(
        "select t.schemaname || '.' || t.tablename, c.name from pg_tables as t"
        " cross join (values ('institution_id'), ('schema_version')) as c (name)"
        " where t.schemaname not in ('pg_catalog', 'information_schema', 'public')"
        " and not exists (select from information_schema.columns as i where i.column_name = c.name"
        "   and i.is_nullable = 'NO' and i.table_schema = t.schemaname"
        "   and i.table_name = t.tablename) order by 1, 2"
    ).fetchall()
    exempt = {"journal.heads", "journal.sealed_tables", "ledger.batches", "ledger.heads"}
    assert [one for one in lacking if one[0] not in exempt] == []
