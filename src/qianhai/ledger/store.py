"""The SQL of the writer: what it reads under its lock and what it writes.

Every statement runs in the caller's transaction. What people ask for is in `queries`. Must not
decide anything.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import numpy as np
import numpy.typing as npt
from psycopg import sql

from qianhai.db import Connection
from qianhai.kernel import StaleState, derived_id
from qianhai.ledger import kernel
from qianhai.ledger.batch import Records
from qianhai.ledger.book import Book, KnownAccount, NameKey
from qianhai.ledger.columns import (
    CHAINS,
    COPY_END,
    COPY_HEAD,
    TRANSFERS,
    Detail,
    Field,
    copy_bytes,
    day_of,
    instant_of,
)
from qianhai.ledger.decode import Entries
from qianhai.ledger.digest import AccountRow, AccountState, AssetRow, BatchRow
from qianhai.ledger.encode import ChainKey
from qianhai.ledger.model import AccountSpec, Asset
from qianhai.ledger.past import PastChain, PastLeg
from qianhai.ledger.wire import Int8s, columns_cursor

#: The lock all writers of a ledger take in turn: "qhlg" in ASCII.
_LOCK: Final = 0x71686C67
#: Transfers of one partition: as many numbers as fit in so many bits.
CHUNK_BITS: Final = 20


class Stand(NamedTuple):
    """Where the history ends, and up to which transfer every account's row is written back."""

    head: BatchRow
    settled: int


def columns_of(fields: Iterable[str], table: str = "") -> sql.Composed:
    """Return columns as SQL, of a table where one is named."""
    return sql.SQL(", ").join(sql.Identifier(*filter(None, (table, field))) for field in fields)


_HEAD: Final = sql.SQL("select settled, {} from ledger.heads").format(columns_of(BatchRow._fields))


def lock_head(conn: Connection) -> Stand:
    """Wait for the writers before, then return where the history ends.

    The lock is let go by the end of the transaction, so whoever has it knows that every
    transaction before it has either happened or never will.
    """
    with conn.pipeline():
        conn.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
        cursor = conn.execute(_HEAD)
        settled, *row = cursor.fetchone() or ()
    return Stand(BatchRow(*row), settled)


def find_batch(conn: Connection, number: int) -> BatchRow | None:
    """Return a batch on record."""
    query = sql.SQL("select {} from ledger.batches where number = %s")
    row = conn.execute(query.format(columns_of(BatchRow._fields)), (number,)).fetchone()
    return None if row is None else BatchRow(*row)


# What a batch names.


_CHAIN: Final = sql.SQL("""
    select c.seq, c.institution_id, c.id, c.kind, c.value_on, c.posted_at, c.result,
           c.transfer_first, c.transfer_last, c.of_id, c.expires_at,
           c.closed, c.failed_leg, c.asked, c.amounts, c.available, c.used, c.salt, c.content,
           n.kind, n.id
    from unnest(%s::text[], %s::uuid[]) as w (institution_id, id)
    join ledger.chains c on c.id = w.id and c.institution_id = w.institution_id
    left join ledger.chains n
      on n.institution_id = c.institution_id and n.of_id = c.id and n.result = 0
""")
_FIRST_OF_DETAIL: Final = 11


def load_chains(conn: Connection, keys: Iterable[ChainKey]) -> dict[ChainKey, PastChain]:
    """Read chains by id with their transfers, and whether another chain continued each."""
    wanted = list(keys)
    if not wanted:
        return {}
    rows = conn.execute(_CHAIN, ([key[0] for key in wanted], [key[1] for key in wanted])).fetchall()
    legs = load_legs(conn, [(row[7], row[8]) for row in rows if row[7] is not None])
    found = {}
    for row in rows:
        *numbers, kind, continued_by = row
        detail = Detail(*numbers[_FIRST_OF_DETAIL:])
        past = PastChain(
            *numbers[:_FIRST_OF_DETAIL], detail, legs.get(row[7], []), _continued(row, continued_by)
        )
        assert kind is None or kind >= kernel.COMMIT, "only these continue another chain"
        found[past.key] = past
    return found


def _continued(row: Sequence[Any], by: UUID | None) -> int:
    if by is None:
        return kernel.FREE
    return kernel.SWEPT if by == sweep_id(row[1], row[2]) else kernel.CONTINUED


def load_legs(conn: Connection, ranges: Sequence[tuple[int, int]]) -> dict[int, list[PastLeg]]:
    """Read the transfers of ranges of numbers, by the first number of each."""
    found: dict[int, list[PastLeg]] = {}
    if ranges:
        query = sql.SQL("""
            select r.first, {} from unnest(%s::bigint[], %s::bigint[]) as r (first, last)
            join ledger.transfers t on t.seq between r.first and r.last order by t.seq
        """).format(columns_of(PastLeg._fields, "t"))
        firsts, lasts = zip(*ranges, strict=True)
        for first, *leg in conn.execute(query, (list(firsts), list(lasts))):
            found.setdefault(first, []).append(PastLeg(*leg))
    return found


_ACCOUNT: Final = sql.SQL("""
    select a.id, a.institution_id, a.asset_id, a.name, s.code, s.scale, s.kind, a.kind, a.holder,
           a.floor, a.ceiling, a.balance, a.pending_in, a.pending_out, a.cap_seen, a.closed_by,
           a.last_seq
    from unnest(%s::text[], %s::text[]) as w (institution_id, name)
    join ledger.accounts a on a.institution_id = w.institution_id and a.name = w.name
    join ledger.assets s on s.id = a.asset_id
""")


def load_named(
    conn: Connection, book: Book, names: Iterable[NameKey], codes: Iterable[NameKey]
) -> None:
    """Read into the book the accounts and assets that have these names and codes."""
    unknown = sorted(book.unknown_codes(codes))
    if unknown:
        rows = conn.execute(
            """
            select s.id, s.institution_id, s.code, s.scale, s.kind
            from unnest(%s::text[], %s::text[]) as w (institution_id, code)
            join ledger.assets s on s.institution_id = w.institution_id and s.code = w.code
            """,
            _two_columns(unknown),
        )
        for number, institution, code, scale, kind in rows:
            book.add_asset(number, institution, Asset(code, scale, kind))
    missing = sorted(book.unknown_names(names))
    if missing:
        for row in conn.execute(_ACCOUNT, _two_columns(missing)):
            number, institution, asset_id, name, code, scale, asset_kind, *rest = row
            asset = Asset(code, scale, asset_kind)
            if book.lacks_asset(asset_id):
                book.add_asset(asset_id, institution, asset)
            spec = AccountSpec(name, asset, *rest[:4])
            book.add_account(
                KnownAccount(number, institution, asset_id, spec, AccountState(*rest[4:]))
            )


def load_numbered(conn: Connection, book: Book, ids: npt.NDArray[np.int64]) -> None:
    """Read into the book the accounts that have these numbers."""
    unknown = book.unknown_ids(ids)
    if not len(unknown):
        return
    with columns_cursor(conn) as cursor:
        found = cursor.execute(
            """
            select array_agg(id), array_agg(institution_id), array_agg(asset_id),
                   array_agg(coalesce(floor, %s)), array_agg(coalesce(ceiling, %s)),
                   array_agg(balance), array_agg(pending_in), array_agg(pending_out),
                   array_agg(coalesce(cap_seen, %s)), array_agg((closed_by is not null)::int::bigint),
                   array_agg(last_seq)
            from ledger.accounts where id = any(%s)
            """,
            (kernel.INT64_MIN, kernel.INT64_MAX, kernel.NO_CAP, Int8s(unknown)),
        ).fetchone()
    if found is None or found[0] is None:
        return
    numbers, owners, assets, *columns, is_closed, last_seqs = found
    _load_assets(conn, book, assets)
    names = ("floor", "ceiling", "balance", "pending_in", "pending_out", "cap")
    state = np.where(is_closed == 0, kernel.OPEN, kernel.CLOSED)
    book.add_rows(
        numbers,
        owners,
        last_seqs,
        {"asset": assets, "state": state, **dict(zip(names, columns, strict=True))},
    )


def _load_assets(conn: Connection, book: Book, ids: npt.NDArray[np.int64]) -> None:
    lacking = [number for number in np.unique(ids).tolist() if book.lacks_asset(number)]
    if lacking:
        for number, institution, code, scale, kind in conn.execute(
            "select id, institution_id, code, scale, kind from ledger.assets where id = any(%s)",
            (lacking,),
        ):
            book.add_asset(number, institution, Asset(code, scale, kind))


def _two_columns(keys: Sequence[NameKey]) -> tuple[list[str], list[str]]:
    return [first for first, _ in keys], [second for _, second in keys]


# What another process has done since.


def changed_accounts(conn: Connection, since: BatchRow) -> npt.NDArray[np.int64]:
    """Return the accounts that transfers and chains after a batch touched."""
    with columns_cursor(conn) as cursor:
        found = cursor.execute(
            """
            select coalesce(array_agg(distinct id), '{}') from (
              select debit_account_id as id from ledger.transfers where seq > %(transfer)s
              union all
              select credit_account_id from ledger.transfers where seq > %(transfer)s
              union all
              select id from ledger.accounts where closed_by > %(chain)s
            ) every
            """,
            {"transfer": since.transfer_last, "chain": since.chain_last},
        ).fetchone()
    assert found is not None, "an aggregate has one row"
    changed: npt.NDArray[np.int64] = found[0]
    return changed


def settle_tail(conn: Connection) -> None:
    """Write back into every account the transfers after those its row includes."""
    conn.execute(
        """
        with tail as (
          select * from ledger.transfers where seq > (select settled from ledger.heads)
        ), sides as (
          select debit_account_id as id, seq, -amount as balance, 0::bigint as pending_in,
                 held as pending_out, null::bigint as cap from tail
          union all
          select credit_account_id, seq, amount, held, 0,
                 case when amount + held > 0 then cap end from tail
        ), sums as (
          select a.id, sum(s.balance)::bigint as balance, sum(s.pending_in)::bigint as pending_in,
                 sum(s.pending_out)::bigint as pending_out, max(s.seq) as seq,
                 (array_agg(s.cap order by s.seq desc) filter (where s.cap is not null))[1] as cap
          from sides s join ledger.accounts a on a.id = s.id and s.seq > a.last_seq group by a.id
        )
        update ledger.accounts a
        set balance = a.balance + s.balance, pending_in = a.pending_in + s.pending_in,
            pending_out = a.pending_out + s.pending_out, cap_seen = coalesce(s.cap, a.cap_seen),
            last_seq = s.seq
        from sums s where s.id = a.id
        """
    )
    conn.execute("update ledger.heads set settled = transfer_last")


# What a batch writes.


def write(conn: Connection, entries: Entries, institutions: Sequence[str]) -> None:
    """Write the rows of a batch but its transfers, and those `advance` adds."""
    _copy_rows(conn, "assets", AssetRow._fields, entries.assets)
    fields = (*AccountRow._fields, *AccountState._fields)
    _copy_rows(conn, "accounts", fields, [(*row, *state) for row, state in entries.accounts])
    plain = entries.chains
    if entries.details:
        is_plain = np.ones(len(plain), bool)
        is_plain[list(entries.details)] = False
        plain = plain[is_plain]
        _copy_details(conn, entries, institutions)
    copy_records(conn, "chains", plain, _CHAIN_COLUMNS, institutions)
    _write_holds(conn, entries, institutions)


def copy_records(
    conn: Connection,
    table: str,
    rows: Records,
    fields: Mapping[str, Field],
    institutions: Sequence[str],
) -> None:
    """Send records by binary COPY; `fields` are those of the table's columns, by their names."""
    if not len(rows):
        return
    command = sql.SQL("copy {} ({}) from stdin (format binary)").format(
        sql.Identifier("ledger", table), columns_of(fields)
    )
    with conn.cursor() as cursor, cursor.copy(command) as copy:
        copy.write(COPY_HEAD + copy_bytes(rows, tuple(fields.values()), institutions) + COPY_END)


def _copy_details(conn: Connection, entries: Entries, institutions: Sequence[str]) -> None:
    fields = [field for field in CHAINS if field.name != "institution"]
    rows = []
    for place, detail in entries.details.items():
        chain = entries.chains[place]
        numbers = [
            None if field.is_set and not chain[field.is_set] else _value(field, chain[field.name])
            for field in fields
        ]
        kept = [getattr(detail, name) for name in Detail.__slots__]
        rows.append((institutions[chain["institution"]], *numbers, *kept))
    names = ["institution_id", *(field.name for field in fields), *Detail.__slots__]
    _copy_rows(conn, "chains", names, rows)


def _value(field: Field, value: Any) -> object:
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
    command = sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier("ledger", table), columns_of(fields)
    )
    with conn.cursor() as cursor, cursor.copy(command) as copy:
        for row in rows:
            copy.write_row(row)


_BY_NAME: Final = {field.name: field for field in CHAINS}
#: The columns of each table that takes records, with the field each comes from.
_CHAIN_COLUMNS: Final = {
    "institution_id" if name == "institution" else name: field for name, field in _BY_NAME.items()
}
_HOLD_COLUMNS: Final = {
    "chain_seq": _BY_NAME["seq"],
    "institution_id": _BY_NAME["institution"],
    "chain_id": _BY_NAME["id"],
    "expires_at": _BY_NAME["expires_at"],
}
TRANSFER_COLUMNS: Final = {
    "institution_id" if field.name == "institution" else field.name: field for field in TRANSFERS
}


def _write_holds(conn: Connection, entries: Entries, institutions: Sequence[str]) -> None:
    holds = entries.chains[entries.holds]
    copy_records(conn, "holds", holds, _HOLD_COLUMNS, institutions)
    resolved, by = entries.resolved
    if len(resolved):
        with columns_cursor(conn) as cursor:
            cursor.execute(
                """
                update ledger.holds h set resolved_by = r.resolved_by
                from unnest(%s::bigint[], %s::bigint[]) as r (chain_seq, resolved_by)
                where h.chain_seq = r.chain_seq
                """,
                (Int8s(resolved), Int8s(by)),
            )


def write_back(
    conn: Connection, book: Book, rows: npt.NDArray[np.int64], closed: Mapping[int, int]
) -> None:
    """Write how accounts of the book stand, `rows` of it, into their rows."""
    if not len(rows):
        return
    accounts = book.accounts[rows]
    closed_by = np.zeros(len(rows), np.int64)
    for row, chain in closed.items():
        closed_by[rows == row] = chain
    with columns_cursor(conn) as cursor:
        cursor.execute(
            """
            update ledger.accounts a
            set balance = c.balance, pending_in = c.pending_in, pending_out = c.pending_out,
                cap_seen = nullif(c.cap, %s), last_seq = c.last_seq,
                closed_by = coalesce(nullif(c.closed_by, 0), a.closed_by)
            from unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
                        %s::bigint[], %s::bigint[])
              as c (id, balance, pending_in, pending_out, cap, closed_by, last_seq)
            where a.id = c.id
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


def advance(conn: Connection, head: BatchRow, batch: BatchRow, settled: int) -> None:
    """Add a batch after the head it was made for, and set the head to it.

    Raises:
        StaleState: the head is another one by now, in spite of the lock.
    """
    row = conn.execute(_ADVANCE, (*batch, *batch, settled, head.number, head.hash))
    if row.rowcount != 1:
        raise StaleState(f"the ledger's head is no longer batch {head.number}")


_PLACES: Final = sql.SQL(", ").join([sql.Placeholder()] * len(BatchRow._fields))
_ADVANCE: Final = sql.SQL("""
    with added as (insert into ledger.batches ({columns}) values ({places}))
    update ledger.heads set ({columns}, settled) = row({places}, %s)
    where number = %s and hash = %s
""").format(columns=columns_of(BatchRow._fields), places=_PLACES)


# Holds whose time is over.


def sweep_id(institution: str, hold: UUID) -> UUID:
    """Return the id of the void that the sweep of expired holds gives a hold."""
    return derived_id("ledger.expire", institution, str(hold))


def overdue_holds(conn: Connection, at: datetime, most: int) -> list[tuple[str, UUID]]:
    """Return institution and id of the open holds whose time is over, the oldest first."""
    return conn.execute(
        """
        select institution_id, chain_id from ledger.holds
        where resolved_by is null and expires_at <= %s order by expires_at, chain_seq limit %s
        """,
        (at, most),
    ).fetchall()  # type: ignore[return-value]


def next_expiry(conn: Connection) -> datetime | None:
    """Return when the next open hold expires."""
    row = conn.execute(
        "select expires_at from ledger.holds where resolved_by is null and expires_at is not null"
        " order by expires_at limit 1"
    ).fetchone()
    return row[0] if row else None


def in_utc(at: datetime) -> datetime:
    """Return an instant with the zone its digest is made in."""
    return at.astimezone(UTC)
