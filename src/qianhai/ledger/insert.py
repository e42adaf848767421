"""The SQL of what a batch writes: by binary COPY when it is large, in one round trip when small.

Every statement runs in the writer's transaction. Must not decide anything.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt
from psycopg import Cursor, sql

from qianhai.db import Connection
from qianhai.kernel import StaleState
from qianhai.ledger import kernel
from qianhai.ledger.batch import Records
from qianhai.ledger.book import Book
from qianhai.ledger.columns import (
    CHAINS,
    COPY_END,
    COPY_HEAD,
    TRANSFERS,
    Detail,
    Field,
    day_of,
    instant_of,
    pack,
)
from qianhai.ledger.decode import Entries
from qianhai.ledger.digest import AccountRow, AccountState, AssetRow, BatchRow
from qianhai.ledger.store import columns_of
from qianhai.ledger.wire import Int8s, Uuids

#: Fewer chains and transfers than this go as parameters: a COPY takes two round trips more.
_COPIED_MIN: Final = 600

#: The columns of each table that takes records, with the field each comes from.
_CHAINS: Final = {
    "institution_id" if field.name == "institution" else field.name: field for field in CHAINS
}
_TRANSFERS: Final = {
    "institution_id" if field.name == "institution" else field.name: field for field in TRANSFERS
}
_HOLDS: Final = {
    "chain_seq": _CHAINS["seq"],
    "institution_id": _CHAINS["institution_id"],
    "chain_id": _CHAINS["id"],
    "expires_at": _CHAINS["expires_at"],
}
_SHAPES: Final = {"chains": _CHAINS, "holds": _HOLDS}


@dataclass(slots=True)
class Change:
    """All that one batch changes: its rows, after which head it comes, which accounts it leaves.

    `partitions` are the tables its transfers go to, each with the place of its first transfer.
    `rows` are those of the book to write back, and `settled` how far all are once they are.
    """

    entries: Entries
    book: Book
    head: BatchRow
    batch: BatchRow
    partitions: Sequence[tuple[str, int]]
    rows: npt.NDArray[np.int64]
    settled: int


def write(conn: Connection, change: Change) -> None:
    """Write a batch after the head it was made for, and set the head to it.

    Raises:
        StaleState: the head is another one by now, in spite of the lock.
    """
    entries = change.entries
    _copy_rows(conn, "assets", AssetRow._fields, entries.assets)
    fields = (*AccountRow._fields, *AccountState._fields)
    _copy_rows(conn, "accounts", fields, [(*row, *state) for row, state in entries.accounts])
    _copy_details(conn, entries, change.book.institutions)
    records = list(_records(change))
    if sum(len(rows) for _, rows, _ in records) < _COPIED_MIN:
        with conn.pipeline():
            moved = _send(conn, change, records)
            _leave(conn, change)
    else:
        for table, rows, packed in records:
            _copy(conn, table, packed or pack_rows(table, rows, change.book.institutions))
        _leave(conn, change)
        moved = _send(conn, change, ())
    if moved.rowcount != 1:
        raise StaleState(f"the ledger's head is no longer batch {change.head.number}")


def _leave(conn: Connection, change: Change) -> None:
    """Write what a batch changes of rows that are there."""
    _resolve_holds(conn, change.entries)
    _write_back(conn, change.book, change.rows, change.entries.closed_by)


def _send(
    conn: Connection, change: Change, records: Sequence[tuple[str, Records, bytes]]
) -> Cursor[tuple[Any, ...]]:
    """Send records as one parameter a column, and move the head, all in one statement."""
    tables = tuple(table for table, rows, _ in records if len(rows))
    given: list[object] = []
    for table, rows, _ in records:
        if len(rows):
            given.append(list(change.book.institutions))
            given += [_column(rows[name]) for name in _parameters(table)]
    batch, head = change.batch, change.head
    given += [*batch, *batch, change.settled, head.number, head.hash]
    return conn.execute(_command(tables), given)


def _column(values: Records) -> Uuids | Int8s:
    return Uuids(values) if values.dtype.kind == "V" else Int8s(values.astype(np.int64))


def _records(change: Change) -> Iterator[tuple[str, Records, bytes]]:
    """Yield each table that takes records, those it takes, and their bytes where they are known."""
    entries = change.entries
    if not entries.details:
        yield "chains", entries.chains, entries.packed_chains
    else:
        is_plain = np.ones(len(entries.chains), bool)
        is_plain[list(entries.details)] = False
        yield "chains", entries.chains[is_plain], b""
    if len(change.partitions) == 1:
        yield change.partitions[0][0], entries.transfers, entries.packed_transfers
    else:
        ends = [first for _, first in change.partitions[1:]] + [len(entries.transfers)]
        for (table, first), end in zip(change.partitions, ends, strict=True):
            yield table, entries.transfers[first:end], b""
    yield "holds", entries.chains[entries.holds], b""


def pack_rows(table: str, rows: Records, institutions: Sequence[str]) -> bytes:
    """Return the rows of a table in binary COPY form."""
    return pack(rows, tuple(_SHAPES.get(table, _TRANSFERS).values()), institutions)


def _copy(conn: Connection, table: str, packed: bytes) -> None:
    if packed:
        with conn.cursor() as cursor, cursor.copy(copy_command(table)) as copy:
            copy.write(COPY_HEAD)
            copy.write(packed)
            copy.write(COPY_END)


@lru_cache
def copy_command(table: str) -> bytes:
    """Return the COPY that takes packed rows of a table."""
    command = sql.SQL("copy {} ({}) from stdin (format binary)")
    columns = columns_of(_SHAPES.get(table, _TRANSFERS))
    return command.format(sql.Identifier("ledger", table), columns).as_bytes()


def _parameters(table: str) -> list[str]:
    fields = _SHAPES.get(table, _TRANSFERS).values()
    flags = dict.fromkeys(field.is_set for field in fields if field.is_set)
    return [*(field.name for field in fields), *flags]


#: How a number becomes the value of a column, by the name of its field or by its form.
_VALUES: Final = {
    "institution": "institutions.names[r.institution + 1]",
    "value_on": "date '2000-01-01' + r.value_on::integer",
    "posted_at": "timestamptz '2000-01-01Z' + r.posted_at * interval '1 microsecond'",
    "expires_at": "timestamptz '2000-01-01Z' + r.expires_at * interval '1 microsecond'",
    "i2": "{}::smallint",
    "i4": "{}::integer",
}


@lru_cache
def _command(tables: tuple[str, ...]) -> bytes:
    """Return the statement that inserts into tables, adds the batch and moves the head to it."""
    places = sql.SQL(", ").join([sql.Placeholder()] * len(BatchRow._fields))
    columns = columns_of(BatchRow._fields)
    parts = [_inserting(table) for table in tables]
    parts.append(sql.SQL("insert into ledger.batches ({}) values ({})").format(columns, places))
    named = [
        sql.SQL("{} as ({})").format(sql.Identifier(f"part_{number}"), part)
        for number, part in enumerate(parts)
    ]
    moving = sql.SQL("""
        with {} update ledger.heads set ({}, settled) = row({}, %s) where number = %s and hash = %s
    """)
    return moving.format(sql.SQL(", ").join(named), columns, places).as_bytes()


def _inserting(table: str) -> sql.Composed:
    values = []
    for field in _SHAPES.get(table, _TRANSFERS).values():
        name = sql.Identifier("r", field.name)
        form = _VALUES.get(field.name) or _VALUES.get(field.form, "{}")
        value = sql.SQL(form).format(name)
        if field.is_set:
            flag = sql.Identifier("r", field.is_set)
            value = sql.SQL("case when {} <> 0 then {} end").format(flag, value)
        values.append(value)
    shape = _SHAPES.get(table, _TRANSFERS)
    names = _parameters(table)
    is_id = {field.name: field.form == "V16" for field in shape.values()}
    return sql.SQL("""
        insert into {} ({})
        select {} from (select %s::text[] as names) institutions, unnest({}) as r ({})
    """).format(
        sql.Identifier("ledger", table),
        columns_of(shape),
        sql.SQL(", ").join(values),
        sql.SQL(", ").join(
            sql.SQL("%s::uuid[]") if is_id.get(name) else sql.SQL("%s::bigint[]") for name in names
        ),
        columns_of(names),
    )


def _copy_details(conn: Connection, entries: Entries, institutions: Sequence[str]) -> None:
    """Send the chains that keep more than numbers."""
    rows = []
    for place, detail in entries.details.items():
        chain = entries.chains[place]
        numbers = [
            None
            if field.is_set and not chain[field.is_set]
            else _value(field, chain[field.name], institutions)
            for field in CHAINS
        ]
        rows.append((*numbers, *(getattr(detail, name) for name in Detail.__slots__)))
    _copy_rows(conn, "chains", (*_CHAINS, *Detail.__slots__), rows)


def _value(field: Field, value: Any, institutions: Sequence[str]) -> object:  # noqa: ANN401
    if field.name == "institution":
        return institutions[value]
    if field.form == "V16":
        return UUID(bytes=value.tobytes())
    return _FROM_NUMBER[field.name](value) if field.name in _FROM_NUMBER else int(value)


_FROM_NUMBER: Final[Mapping[str, Any]] = {
    "value_on": day_of,
    "posted_at": instant_of,
    "expires_at": instant_of,
}


def _copy_rows(
    conn: Connection, table: str, fields: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    if not rows:
        return
    with conn.cursor() as cursor, cursor.copy(_copy_texts(table, tuple(fields))) as copy:
        for row in rows:
            copy.write_row(row)


@lru_cache
def _copy_texts(table: str, fields: tuple[str, ...]) -> bytes:
    command = sql.SQL("copy {} ({}) from stdin")
    return command.format(sql.Identifier("ledger", table), columns_of(fields)).as_bytes()


def _resolve_holds(conn: Connection, entries: Entries) -> None:
    resolved, by = entries.resolved
    if len(resolved):
        conn.execute(
            """
            update ledger.holds h set resolved_by = r.resolved_by
            from unnest(%s::bigint[], %s::bigint[]) as r (chain_seq, resolved_by)
            cross join lateral (
              select ctid from ledger.holds where chain_seq = r.chain_seq offset 0) p
            where h.ctid = p.ctid
            """,
            (Int8s(resolved), Int8s(by)),
        )


def _write_back(
    conn: Connection, book: Book, rows: npt.NDArray[np.int64], closed: Mapping[int, int]
) -> None:
    """Write how accounts of the book stand into their rows, each found by its index."""
    if not len(rows):
        return
    accounts = book.accounts[rows]
    closed_by = np.zeros(len(rows), np.int64)
    for row, chain in closed.items():
        closed_by[rows == row] = chain
    conn.execute(
        """
        update ledger.accounts a
        set balance = c.balance, pending_in = c.pending_in, pending_out = c.pending_out,
            cap_seen = nullif(c.cap, %s), last_seq = c.last_seq,
            closed_by = coalesce(nullif(c.closed_by, 0), a.closed_by)
        from unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
                    %s::bigint[], %s::bigint[])
          as c (id, balance, pending_in, pending_out, cap, closed_by, last_seq)
        cross join lateral (select ctid from ledger.accounts where id = c.id offset 0) p
        where a.ctid = p.ctid
        """,
        (
            kernel.NO_CAP,
            Int8s(book.ids[rows]),
            Int8s(accounts["balance"]),
            Int8s(accounts["pending_in"]),
            Int8s(accounts["pending_out"]),
            Int8s(accounts["cap"]),
            Int8s(closed_by),
            Int8s(book.last_seqs[rows]),
        ),
    )
    book.accounts["is_changed"][rows] = 0


def open_partition(conn: Connection, at: datetime, seq: int, *, is_indexed: bool) -> str:
    """Return the table that holds a transfer posted at an instant, made if it is not there."""
    row = conn.execute("select ledger.open_partition(%s, %s, %s)", (at, seq, is_indexed)).fetchone()
    assert row is not None, "a function returns"
    return str(row[0])
