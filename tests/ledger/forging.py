"""What an owner of the database can do to the ledger's rows once every lock on them is gone."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from psycopg import sql

from ledger.books import Books
from qianhai.db import Connection
from qianhai.kernel import Flaw

#: Each table of the ledger and the column that numbers its rows.
TABLES: Final = {
    "assets": "id",
    "accounts": "id",
    "chains": "seq",
    "transfers": "seq",
    "batches": "number",
    "holds": "chain_seq",
    "heads": "number",
}
#: Tables that keep what the ledger's first form wrote.
FIRST_FORM: Final = {"chains_first_form": "seq", "transfers_first_form": "seq"}
_KEYS: Final = TABLES | FIRST_FORM
#: A change of one byte, or as little as the type allows.
CHANGES: Final = {
    "bigint": "coalesce({0}, 6) + 1",
    "integer": "coalesce({0}, 6) + 1",
    "smallint": "{0} + 1",
    "text": "overlay({0} placing chr(ascii({0}) # 1) from 1)",
    # The last byte: a transfer whose id says another month does not stay in its partition.
    "uuid": "(left(coalesce({0}::text, repeat('0', 32)), -2) || '77')::uuid",
    "date": "{0} + 1",
    "timestamp with time zone": "coalesce({0}, '2023-01-01Z') + interval '1 microsecond'",
    "bytea": "set_byte(coalesce({0}, '\\x000000000000'), 5,"
    " get_byte(coalesce({0}, '\\x000000000000'), 5) # 1)",
    "ARRAY": "{0} || 0::bigint",
}


@contextmanager
def forgery(books: Books) -> Iterator[Connection]:
    """A transaction of an owner who removes every lock on the ledger, undone at the end."""
    with books.database.transaction(rollback=True) as conn:
        conn.execute("set transaction isolation level repeatable read")
        conn.execute("set local session_replication_role = replica")
        locks = conn.execute(
            "select conrelid::regclass::text, conname from pg_constraint"
            " join pg_class c on c.oid = conrelid"
            " where connamespace = 'ledger'::regnamespace and contype <> 'n'"
            " and not c.relispartition order by contype = 'f' desc"
        ).fetchall()  # those of partitions go with those of their parent
        for table, lock in locks:
            statement = sql.SQL("alter table {} drop constraint {} cascade").format(
                sql.Identifier(*table.split(".")), sql.Identifier(lock)
            )
            conn.execute(statement)
        conn.execute("drop index ledger.chains_are_continued_once")
        leaves = conn.execute(
            "select indexrelid::regclass::text from pg_index join pg_class c on c.oid = indrelid"
            " where indisunique and c.relispartition and relnamespace = 'ledger'::regnamespace"
        ).fetchall()
        for (name,) in leaves:
            conn.execute(sql.SQL("drop index {}").format(sql.Identifier(*name.split("."))))
        yield conn


def columns(conn: Connection, table: str) -> list[tuple[str, str]]:
    """A table's columns with their types."""
    return [
        (name, kind)
        for name, kind in conn.execute(
            "select column_name, data_type from information_schema.columns"
            " where table_schema = 'ledger' and table_name = %s order by ordinal_position",
            (table,),
        ).fetchall()
        if name != "is_only"
    ]


def numbers(conn: Connection, table: str) -> list[int]:
    """The numbers of a table's rows."""
    query = sql.SQL("select {0} from {1} order by {0}").format(
        sql.Identifier(_KEYS[table]), sql.Identifier("ledger", table)
    )
    return [row[0] for row in conn.execute(query).fetchall()]


def named_rows(flaws: list[Flaw], table: str) -> set[int | None]:
    """The rows of a table that flaws name."""
    return {flaw.place.line for flaw in flaws if flaw.place.file == f"ledger.{table}"}


def change(conn: Connection, table: str, column: str, kind: str, row: int) -> None:
    """Change one byte of a column of a row, or as little as its type allows."""
    statement = sql.SQL("update {} set {} = {} where {} = %s").format(
        sql.Identifier("ledger", table),
        sql.Identifier(column),
        sql.SQL(CHANGES[kind]).format(sql.Identifier(column)),
        sql.Identifier(_KEYS[table]),
    )
    assert conn.execute(statement, (row,)).rowcount == 1
