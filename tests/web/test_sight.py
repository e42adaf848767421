"""A reading shows what its eyes may see, and no more, though its query asks for everything."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from qianhai.db import Database, Server, Sight, migrate, migrations, open_database
from qianhai.identity import Role
from qianhai.kernel import Environment, uuid7
from qianhai.web.business import load_day
from qianhai.web.works import Work
from web.served import INSTITUTION, Clock, open_house

POPULATED = Path(__file__).parents[1] / "db" / "populated"
ROOMS = ("identity", "instructions", "journal", "ledger", "registers")
BANK = {"bank_officer", "approver", "auditor", "supervisor"}
AUTHORS = {"approver", "programme", "policy_author", "auditor", "supervisor"}
EVERYBODY = {*BANK, "unit_reviewer", "programme", "policy_author", "party"}
#: Who sees rows of their institution in which table; a party sees its own alone, tested apart.
SEEN = {
    "identity.users": {"administrator", "auditor"},
    "identity.grants": {"administrator", "auditor"},
    "instructions.approvals": BANK,
    "instructions.decisions": BANK | {"policy_author"},
    "instructions.instructions": BANK | {"policy_author"},
    "instructions.outbox": {"bank_officer", "auditor", "supervisor"},
    "instructions.pack_changes": AUTHORS,
    "instructions.packs": EVERYBODY,
    "instructions.reports": BANK,
    "instructions.run_lines": BANK,
    "instructions.runs": BANK,
    "instructions.shadow_decisions": AUTHORS - {"programme"},
    "instructions.shadow_turns": AUTHORS,
    "instructions.thresholds": BANK | {"administrator"},
    "journal.entries": {"auditor", "supervisor"},
    "journal.seals": {"auditor", "supervisor"},
    "ledger.accounts": BANK,
    "ledger.assets": BANK,
    "ledger.chains": BANK,
    "ledger.chains_first_form": {"auditor", "supervisor"},
    "ledger.holds": BANK,
    "ledger.transfers": BANK,
    "ledger.transfers_first_form": {"auditor", "supervisor"},
    "registers.accesses": {"auditor", "supervisor"},
    "registers.accounts": BANK,
    "registers.attributes": BANK,
    "registers.authorisations": EVERYBODY,
    "registers.consents": BANK,
    "registers.heads": BANK,
    "registers.holdings": BANK,
    "registers.parties": BANK,
    "registers.qualifications": BANK,
    "registers.records": BANK,
}
#: Of these nothing is read by anybody but the rooms themselves.
HIDDEN = {
    "identity.invitations",
    "identity.oidc_attempts",
    "identity.recovery_codes",
    "identity.sessions",
    "identity.tokens",
    "instructions.idempotency_keys",
    "registers.master_keys",
    "registers.subject_keys",
}


def _of(table: str) -> sql.Identifier:
    return sql.Identifier(*table.split("."))


def _tables(conn: psycopg.Connection[tuple[object, ...]]) -> list[str]:
    """Every table of the rooms that has institution_id, but for partitions."""
    rows = conn.execute(
        "select n.nspname || '.' || c.relname from pg_class c join pg_namespace n"
        " on n.oid = c.relnamespace where n.nspname = any(%s) and c.relkind in ('r', 'p')"
        " and not c.relispartition and exists (select from pg_attribute a where a.attrelid = c.oid"
        " and a.attname = 'institution_id') order by 1",
        [list(ROOMS)],
    )
    return [str(name) for (name,) in rows]


@pytest.fixture(scope="module")
def two_banks(server: Server, server_dir: Path) -> Iterator[Database]:
    """A database in which each table has rows of two institutions, its constraints taken off."""
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as admin:
        admin.execute("create database two_banks template template0 encoding 'UTF8'")
    url = server.conninfo("two_banks")
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("set timezone to 'UTC'")
        steps = migrations()
        for number, step in enumerate(steps, 1):
            migrate(conn, steps[:number])
            sample = (POPULATED / f"{step.number:04d}.sql").read_text(encoding="utf-8")
            with conn.transaction():
                conn.execute(sample.encode())
        conn.execute("set session_replication_role = replica")
        _take_constraints_off(conn)
        for table in _tables(conn):
            copied = sql.SQL(
                "with mine as (update {t} set institution_id = 'bank-a' returning *)"
                " insert into {t} select (jsonb_populate_record(null::{t},"
                ' to_jsonb(mine) || \'{{"institution_id": "bank-z"}}\')).* from mine limit 1'
            )
            assert conn.execute(copied.format(t=_of(table))).rowcount == 1, f"no row in {table}"
    with open_database(url=url, data_dir=server_dir) as database:
        database.prepare_readers()
        yield database


def _take_constraints_off(conn: psycopg.Connection[tuple[object, ...]]) -> None:
    kept = conn.execute(
        "select conrelid::regclass::text, conname from pg_constraint c join pg_namespace n"
        " on n.oid = c.connamespace where n.nspname = any(%s) and contype in ('p', 'u', 'f', 'c')"
        " and conparentid = 0 and coninhcount = 0 order by contype = 'p'",
        [list(ROOMS)],
    ).fetchall()
    for table, name in kept:
        conn.execute(f'alter table {table} drop constraint if exists "{name}" cascade'.encode())
    for (name,) in conn.execute(
        "select format('%%I.%%I', schemaname, indexname) from pg_indexes"
        " where schemaname = any(%s) and indexdef like 'CREATE UNIQUE%%'",
        [list(ROOMS)],
    ).fetchall():
        conn.execute(f"drop index if exists {name}".encode())


def _institutions(database: Database, table: str, sight: Sight) -> set[str]:
    """Whose rows a query without any condition shows."""
    query = sql.SQL("select distinct institution_id from {}").format(_of(table))
    try:
        with database.reading(sight) as conn:
            return {str(found) for (found,) in conn.execute(query)}
    except psycopg.errors.InsufficientPrivilege:
        return set()


def test_every_table_of_an_institution_is_in_the_matrix(two_banks: Database) -> None:
    with two_banks.transaction() as conn:
        assert set(_tables(conn)) == SEEN.keys() | HIDDEN


@pytest.mark.parametrize("role", [None, *Role], ids=str)
def test_a_role_sees_its_own_institution_in_its_own_tables(
    two_banks: Database, role: Role | None
) -> None:
    roles = frozenset({role.value}) if role else frozenset[str]()
    sight = Sight("bank-a", "somebody", roles, "nobody" if role is Role.PARTY else None)
    for table in [*SEEN, *HIDDEN]:
        found = _institutions(two_banks, table, sight)
        mine = {"bank-a", "bank-z"} if role is Role.SUPERVISOR else {"bank-a"}
        owed = mine if role in SEEN.get(table, set()) else set()
        assert found == owed, f"{table} as {role}"


def test_a_reading_writes_nothing_and_forgets_its_eyes(two_banks: Database) -> None:
    sight = Sight("bank-a", "somebody", frozenset({"auditor"}))
    with pytest.raises(psycopg.Error), two_banks.reading(sight) as conn:
        conn.execute("update identity.users set title = 'x'")
    with pytest.raises(psycopg.Error), two_banks.reading(sight) as conn:
        conn.execute("select password_hash from identity.users")
    with two_banks.transaction() as conn:
        row = conn.execute("select current_setting('qianhai.institution', true), current_user")
        assert row.fetchone() == ("", "qianhai")


def test_partitions_and_keys_are_behind_no_side_door(two_banks: Database) -> None:
    with two_banks.transaction() as conn:
        open_ = conn.execute(
            "select c.oid::regclass::text from pg_class c join pg_namespace n"
            " on n.oid = c.relnamespace where n.nspname = any(%s) and c.relkind in ('r', 'p')"
            " and has_any_column_privilege('qianhai_readers_' || current_database(), c.oid,"
            " 'select') and not c.relrowsecurity",
            [list(ROOMS)],
        ).fetchall()
    assert open_ == []


def test_a_party_sees_its_own_business_and_nobody_elses(database: Database) -> None:
    clock = Clock()
    house = open_house(database, clock)
    work = Work(uuid7(clock.at, bytes(10)), "day", "test", clock.at)
    load_day(house, work)
    with database.transaction() as conn:
        rows = conn.execute(
            "select parties::jsonb ->> 'subject', count(*) from instructions.instructions"
            " group by 1"
        ).fetchall()
        subjects = {str(name): count for name, count in rows if name}
        holders = dict(
            conn.execute("select holder, count(*) from ledger.accounts group by 1").fetchall()
        )
    assert len(subjects) > 3
    for party, count in itertools.islice(subjects.items(), 8):
        sight = Sight(INSTITUTION, "p", frozenset({"party"}), party)
        with database.reading(sight) as conn:
            seen = conn.execute(
                "select parties::jsonb ->> 'subject', count(*) from instructions.instructions"
                " group by 1"
            ).fetchall()
            decided = conn.execute("select count(*) from instructions.decisions").fetchone()
            named = conn.execute("select distinct party from registers.parties").fetchall()
            held = conn.execute("select holder, count(*) from ledger.own_balances() group by 1")
            assert held.fetchall() == ([(party, holders[party])] if party in holders else [])
            lines = conn.execute(
                "select b.holder, s.account = b.name from ledger.own_balances() b,"
                " ledger.own_statement(b.name) s"
            ).fetchall()
            assert set(lines) <= {(party, True)}
            hidden = conn.execute("select count(*) from ledger.transfers").fetchone()
        assert seen == [(party, count)]
        assert decided == (count,)
        assert named == [(party,)]
        assert hidden == (0,)
    stranger = Sight("bank-b", "p", frozenset({"party"}), next(iter(subjects)))
    with database.reading(stranger) as conn:
        for table in ("instructions.instructions", "registers.parties", "ledger.holds"):
            query = sql.SQL("select count(*) from {}").format(_of(table))
            assert conn.execute(query).fetchone() == (0,)
        assert conn.execute("select from ledger.own_balances()").fetchall() == []


def test_a_login_that_may_not_make_the_role_is_told_how(server: Server, server_dir: Path) -> None:
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as admin:
        admin.execute("create role plain login")
        admin.execute("create database plain owner plain template template0 encoding 'UTF8'")
    url = server.conninfo("plain") + " options='-c role=plain'"
    with open_database(url=url, data_dir=server_dir) as database:
        with pytest.raises(Environment, match="create role qianhai_readers_NAME"):
            database.prepare_readers()
        with psycopg.connect(server.conninfo("postgres"), autocommit=True) as admin:
            admin.execute("create role qianhai_readers_plain nologin")
            admin.execute("grant qianhai_readers_plain to plain")
        database.prepare_readers()
        with database.reading(Sight("a", "x", frozenset({"auditor"}))) as conn:
            assert conn.execute("select count(*) from journal.entries").fetchone() == (0,)
