"""The SQL of the writer: what it reads under its lock.

Every statement runs in the caller's transaction. What a batch writes is in `insert`, what people
ask for in `queries`. Must not decide anything.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import numpy as np
import numpy.typing as npt
from psycopg import sql

from qianhai.db import Connection
from qianhai.kernel import derived_id
from qianhai.ledger import kernel
from qianhai.ledger.book import Book, KnownAccount, NameKey
from qianhai.ledger.columns import (
    Detail,
)
from qianhai.ledger.digest import AccountState, BatchRow
from qianhai.ledger.encode import ChainKey
from qianhai.ledger.model import AccountSpec, Asset
from qianhai.ledger.past import PastChain, PastLeg
from qianhai.ledger.wire import Int8s, Uuids, columns_cursor

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


_LOCK_HEAD: Final = (
    sql.SQL("select settled, {} from ledger.lock_head(%s)")
    .format(columns_of(BatchRow._fields))
    .as_bytes()
)


def lock_head(conn: Connection) -> Stand:
    """Wait for the writers before, then return where the history ends.

    The lock is let go by the end of the transaction, so whoever has it knows that every
    transaction before it has either happened or never will.
    """
    settled, *row = conn.execute(_LOCK_HEAD, (_LOCK,)).fetchone() or ()
    return Stand(BatchRow(*row), settled)


def find_batch(conn: Connection, number: int) -> BatchRow | None:
    """Return a batch on record."""
    query = sql.SQL("select {} from ledger.batches where number = %s")
    row = conn.execute(query.format(columns_of(BatchRow._fields)), (number,)).fetchone()
    return None if row is None else BatchRow(*row)


# What a batch names.


_CHAIN: Final = b"""
    select c.seq, c.institution_id, c.id, c.kind, c.value_on, c.posted_at, c.result,
           c.transfer_first, c.transfer_last, c.of_id, c.expires_at,
           c.closed, c.failed_leg, c.asked, c.amounts, c.available, c.used, c.salt, c.content,
           n.id
    from unnest(%s::uuid[]) as w (id)
    cross join lateral (
      select * from ledger.chains where id = w.id and institution_id = %s offset 0) c
    left join lateral (
      select id from ledger.chains
      where institution_id = c.institution_id and of_id = c.id and result = 0 offset 0) n on true
"""
_FIRST_OF_DETAIL: Final = 11


def load_chains(conn: Connection, keys: Iterable[ChainKey]) -> dict[ChainKey, PastChain]:
    """Read chains by id with their transfers, and whether another chain continued each."""
    wanted: dict[str, list[bytes]] = {}
    for institution, number in keys:
        wanted.setdefault(institution, []).append(number.to_bytes(16, "big"))
    rows: list[tuple[Any, ...]] = []
    for institution, ids in wanted.items():
        rows += conn.execute(_CHAIN, (Uuids.of(ids), institution)).fetchall()
    legs = load_legs(conn, [(row[7], row[8]) for row in rows if row[7] is not None])
    found = {}
    for row in rows:
        past = PastChain(*row[:_FIRST_OF_DETAIL])
        past.detail = Detail(*row[_FIRST_OF_DETAIL:-1])
        past.legs = legs.get(row[7], [])
        past.continued = _continued(row, row[-1])
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
            cross join lateral (
              select * from ledger.transfers where seq between r.first and r.last offset 0) t
            order by t.seq
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
    cross join lateral (
      select * from ledger.accounts
      where institution_id = w.institution_id and name = w.name offset 0) a
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
    missing = sorted(names)
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
                   array_agg(coalesce(cap_seen, %s)),
                   array_agg((closed_by is not null)::int::bigint), array_agg(last_seq)
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
    conn.execute("set local enable_seqscan = on")
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
          select a.id, sum(s.balance) as balance, sum(s.pending_in) as pending_in,
                 sum(s.pending_out) as pending_out, max(s.seq) as seq,
                 (array_agg(s.cap order by s.seq desc) filter (where s.cap is not null))[1] as cap
          from sides s join ledger.accounts a on a.id = s.id and s.seq > a.last_seq group by a.id
        )
        update ledger.accounts a
        set balance = (a.balance + s.balance)::bigint,
            pending_in = (a.pending_in + s.pending_in)::bigint,
            pending_out = (a.pending_out + s.pending_out)::bigint,
            cap_seen = coalesce(s.cap, a.cap_seen), last_seq = s.seq
        from sums s where s.id = a.id
        """
    )
    conn.execute("update ledger.heads set settled = transfer_last")
    conn.execute("set local enable_seqscan = off")


def partitions_without_index(conn: Connection) -> list[str]:
    """Return the partitions of transfers that have no index of their accounts."""
    rows = conn.execute(
        """
        select l.relname from pg_inherits i
        join pg_class m on m.oid = i.inhparent and m.relkind = 'p'
        join pg_class l on l.oid = i.inhrelid and l.relkind = 'r'
        where m.relnamespace = 'ledger'::regnamespace
          and to_regclass('ledger.' || l.relname || '_by_credit') is null
        order by l.oid
        """
    )
    return [row[0] for row in rows]


def index_partition(conn: Connection, leaf: str) -> None:
    """Give a partition the indexes that find an account's transfers."""
    conn.execute("select ledger.index_partition(%s)", (leaf,))


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
    ).fetchall()


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
