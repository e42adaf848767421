"""The only SQL of the room db: a session's settings, databases, the record of migrations.

It must not know the tables of any other room.
"""

from collections.abc import Sequence
from typing import Final

import psycopg
from psycopg import sql

from qianhai.db.forms import JsonbReader, TextListDumper
from qianhai.db.model import Connection, Migration, Sight

#: Serialises concurrent starts; any number will do, as long as nothing else takes it.
_MIGRATION_LOCK: Final = 7_115_264_001

#: What every session must agree on, whichever server it is: digests of rows depend on it.
_SESSION: Final = """
    set timezone to 'UTC'; set datestyle to 'ISO, YMD'; set intervalstyle to 'iso_8601';
    set bytea_output to 'hex'; set extra_float_digits to 1;
    set session characteristics as transaction isolation level read committed, read write
"""


def settle_session(conn: Connection) -> None:
    """Give a new connection the settings that stored digests and dates rely on."""
    conn.execute(_SESSION)
    conn.adapters.register_dumper(list, TextListDumper)
    conn.adapters.register_loader("jsonb", JsonbReader)


def create_database(conn: Connection, name: str) -> None:
    """Create a database of this name unless it is there, in UTF-8 and byte order.

    Byte order ("C") sorts the same on every machine, whatever its locale data are.
    """
    if conn.execute("select 1 from pg_database where datname = %s", [name]).fetchone() is None:
        conn.execute(
            sql.SQL("create database {} template template0 encoding 'UTF8' locale 'C'").format(
                sql.Identifier(name)
            )
        )


def lock_migrations(conn: Connection) -> None:
    """Wait until no other program changes the form of this database, to the end of this one."""
    conn.execute("select pg_advisory_xact_lock(%s)", [_MIGRATION_LOCK])


def is_settled(conn: Connection) -> bool:
    """Tell whether no program changes the form of this database right now."""
    row = conn.execute("select pg_try_advisory_xact_lock_shared(%s)", [_MIGRATION_LOCK]).fetchone()
    return bool(row and row[0])


def read_applied(conn: Connection) -> Sequence[tuple[int, str, str]]:
    """Return number, name and digest of every migration this database has, in order.

    Whether the table is there is read from the catalogue's rows: a look-up by name could answer
    from before another program's commit.
    """
    is_there = conn.execute(
        "select from pg_tables where schemaname = 'public' and tablename = 'schema_migrations'"
    ).fetchone()
    if is_there is None:
        return []
    return conn.execute(
        "select number, name, digest from public.schema_migrations order by number"
    ).fetchall()


def apply_migration(conn: Connection, step: Migration) -> None:
    """Run one migration and remember it with its digest, in the caller's transaction."""
    conn.execute(
        """
        create table if not exists public.schema_migrations (
            number integer primary key,
            name text not null,
            digest text not null,
            applied_at timestamptz not null default now()
        )
        """
    )
    conn.execute(step.sql.encode())
    conn.execute(
        "insert into public.schema_migrations (number, name, digest) values (%s, %s, %s)",
        [step.number, step.name, step.digest],
    )


def export_snapshot(conn: Connection) -> str:
    """Hold still what this transaction sees, and return the name another program sees it by.

    The first statement of its transaction.
    """
    conn.execute("set transaction isolation level repeatable read, read only")
    row = conn.execute("select pg_export_snapshot()").fetchone()
    assert row is not None, "a snapshot has a name"
    name: str = row[0]
    return name


def count_rows(conn: Connection) -> dict[str, int]:
    """Return how many rows every table has; a partitioned one counts once, with its parts."""
    tables = conn.execute(
        "select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where c.relkind in ('r', 'p') and not c.relispartition"
        " and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' order by 1, 2"
    ).fetchall()
    counts = {}
    for schema, name in tables:
        query = sql.SQL("select count(*) from {}").format(sql.Identifier(schema, name))
        row = conn.execute(query).fetchone()
        assert row is not None, "a count is a row"
        counts[f"{schema}.{name}"] = row[0]
    return counts


def close_functions(conn: Connection) -> None:
    """Take from everybody the functions that run as their owner.

    A restore leaves out who may do what, because the roles of another server may not be here; what
    readers may do is granted again when the web starts.
    """
    functions = conn.execute(
        "select p.oid::regprocedure::text from pg_proc p"
        " join pg_namespace n on n.oid = p.pronamespace"
        " where p.prosecdef and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'"
    ).fetchall()
    for (name,) in functions:
        conn.execute(sql.SQL("revoke execute on function {} from public").format(sql.SQL(name)))


#: The role that readings take, one a database: a login of another one is no member of it.
_READERS: Final = "left('qianhai_readers_' || current_database(), 63)"
#: What of a user others may read: nothing that proves who they are.
_USER_COLUMNS: Final = "id, institution_id, name, title, party, created_at, closed_at"


def prepare_readers(conn: Connection) -> str:
    """Make the role of readers, let this login take it, and let it read what has a policy.

    A view has none of its own: it shows what its tables show, or filters by itself. Return the
    role's name; what is there already stays. The caller's transaction ends in a fault of the
    driver where this login may not.
    """
    conn.execute("select pg_advisory_xact_lock(%s)", [_MIGRATION_LOCK])
    found = conn.execute(
        f"select {_READERS}, exists (select from pg_roles where rolname = {_READERS}),"  # noqa: S608
        " current_user".encode()
    ).fetchone()
    assert found is not None, "a select without a table has one row"
    role, is_there, login = found
    readers = sql.Identifier(role)
    if not is_there:
        conn.execute(sql.SQL("create role {} nologin noinherit").format(readers))
    if not _may_take(conn, role):
        conn.execute(sql.SQL("grant {} to {}").format(readers, sql.Identifier(login)))
    for schema in ("sight", "journal", "registers", "ledger", "instructions", "identity"):
        name = sql.Identifier(schema)
        conn.execute(sql.SQL("grant usage on schema {} to {}").format(name, readers))
    for schema, table in _readable(conn):
        columns = sql.SQL(f"({_USER_COLUMNS})" if (schema, table) == ("identity", "users") else "")
        conn.execute(
            sql.SQL("grant select {} on {} to {}").format(
                columns, sql.Identifier(schema, table), readers
            )
        )
    conn.execute(
        sql.SQL(
            "grant execute on function ledger.own_balances(), ledger.own_statement(text) to {}"
        ).format(readers)
    )
    return str(role)


def _may_take(conn: Connection, role: str) -> bool:
    """Tell whether this login may become a role; asked by becoming it, in a savepoint."""
    try:
        with conn.transaction(force_rollback=True):
            conn.execute("select set_config('role', %s, true)", [role])
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def _readable(conn: Connection) -> Sequence[tuple[str, str]]:
    """Return the tables that have a policy for readers, and the views."""
    return conn.execute(
        "select schemaname, tablename from pg_policies where policyname = 'sight'"
        " union all select schemaname, viewname from pg_views"
        " where schemaname in ('journal', 'registers', 'ledger', 'instructions') order by 1, 2"
    ).fetchall()


def settle_sight(conn: Connection, sight: Sight) -> None:
    """Give this transaction to the role of readers, told whose eyes it has; it only reads."""
    conn.execute(
        "select set_config('transaction_read_only', 'on', true),"
        " set_config('qianhai.institution', %s, true), set_config('qianhai.actor', %s, true),"
        " set_config('qianhai.roles', %s, true), set_config('qianhai.party', %s, true),"
        f" set_config('role', {_READERS}, true)".encode(),
        [sight.institution_id, sight.actor, ",".join(sorted(sight.roles)), sight.party or ""],
    )
