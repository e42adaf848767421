"""The only SQL of the ledger: what the writer reads under its lock and what it writes.

Every statement runs in the caller's transaction. What people ask for is in `read`'s half of this
room and comes from the queries at the end. Must not decide anything.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from psycopg import sql

from qianhai.db import Connection
from qianhai.kernel import StaleState
from qianhai.ledger.decode import Entries
from qianhai.ledger.digest import (
    AccountRow,
    AccountState,
    AssetRow,
    BatchRow,
    ChainRow,
    TransferRow,
)
from qianhai.ledger.encode import ChainKey, Known, KnownAccount, KnownChain, NameKey
from qianhai.ledger.model import AccountSpec, Asset, Chain

#: The lock all writers of a ledger take in turn: "qhlg" in ASCII.
_LOCK: Final = 0x71686C67
#: Rows fetched at once by a streaming read.
_FETCHED: Final = 2000

_ACCOUNT: Final = sql.SQL("""
    select a.id, a.institution_id, a.name, s.code, s.scale, s.kind, a.kind, a.holder, a.floor,
           a.ceiling, a.balance, a.pending_in, a.pending_out, a.cap_seen, a.closed_by
    from ledger.accounts a join ledger.assets s on s.id = a.asset_id
""")


#: Where a ledger's history begins; the migration writes it as the head.
GENESIS: Final = BatchRow(0, datetime(1970, 1, 1, tzinfo=UTC), 0, 0, 0, 0, 1, bytes(32))


def _columns(fields: Iterable[str], table: str = "") -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(*filter(None, (table, field))) for field in fields)


def lock_head(conn: Connection) -> BatchRow:
    """Wait for the writers before, then return where the history ends.

    The lock is let go by the end of the transaction, so whoever has it knows that every
    transaction before it has either happened or never will.
    """
    conn.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
    return read_head(conn)


def read_head(conn: Connection) -> BatchRow:
    """Return where the history ends."""
    query = sql.SQL("select {} from ledger.heads").format(_columns(BatchRow._fields))
    row = conn.execute(query).fetchone()
    assert row is not None, "the migration writes the head row and a trigger keeps it"
    return BatchRow(*row)


def find_batch(conn: Connection, number: int) -> BatchRow | None:
    """Return a batch on record."""
    query = sql.SQL("select {} from ledger.batches where number = %s")
    row = conn.execute(query.format(_columns(BatchRow._fields)), (number,)).fetchone()
    return None if row is None else BatchRow(*row)


def load_known(conn: Connection, chains: Sequence[Chain]) -> Known:
    """Read everything on record that chains name: their ids, originals, accounts and assets."""
    originals = {(chain.institution_id, chain.of) for chain in chains if chain.of is not None}
    keys = originals | {(chain.institution_id, chain.id) for chain in chains}
    found = load_chains(conn, keys, originals)
    names: set[NameKey] = set()
    codes: set[NameKey] = set()
    for chain in chains:
        institution = chain.institution_id
        for leg in chain.legs:
            names.add((institution, leg.debit))
            names.add((institution, leg.credit))
        names.update((institution, name) for name, _ in chain.expects)
        names.update((institution, name) for name in chain.closes)
        names.update((institution, spec.name) for spec in chain.opens)
        codes.update((institution, spec.asset.code) for spec in chain.opens)
    ids = {
        account
        for past in found.values()
        for transfer in past.transfers
        for account in (transfer.debit_account_id, transfer.credit_account_id)
    }
    return Known(_load_assets(conn, codes), _load_accounts(conn, names, ids), found)


def load_chains(
    conn: Connection, keys: Iterable[ChainKey], originals: Iterable[ChainKey]
) -> dict[ChainKey, KnownChain]:
    """Read chains by id; of the originals also the transfers and whether one continued them."""
    wanted, found = sorted(keys), {}
    query = sql.SQL("""
        select exists (
            select from ledger.chains n where n.institution_id = c.institution_id
            and n.of_id = c.id and n.result = 'posted'), {}
        from ledger.chains c
        join unnest(%s::text[], %s::uuid[]) as w (institution_id, id)
          on c.institution_id = w.institution_id and c.id = w.id
    """).format(_columns(ChainRow._fields, "c"))
    rows = conn.execute(query, ([key[0] for key in wanted], [key[1] for key in wanted])).fetchall()
    by_key = {(row.institution_id, row.id): (row, is_on) for is_on, row in map(_with_flag, rows)}
    seqs = [by_key[key][0].seq for key in originals if key in by_key]
    transfers = _transfers_of(conn, seqs)
    for key, (row, is_continued) in by_key.items():
        found[key] = KnownChain(row, is_continued, transfers.get(row.seq, []))
    return found


def _with_flag(row: tuple[Any, ...]) -> tuple[bool, ChainRow]:
    return row[0], ChainRow(*row[1:])


def _transfers_of(conn: Connection, seqs: list[int]) -> dict[int, list[TransferRow]]:
    found: dict[int, list[TransferRow]] = {}
    if seqs:
        query = sql.SQL("""
            select {} from ledger.chains c
            join ledger.transfers t on t.seq between c.transfer_first and c.transfer_last
            where c.seq = any(%s) order by t.seq
        """).format(_columns(TransferRow._fields, "t"))
        for row in conn.execute(query, (sorted(seqs),)):
            transfer = TransferRow(*row)
            found.setdefault(transfer.chain_seq, []).append(transfer)
    return found


def _load_assets(conn: Connection, keys: set[NameKey]) -> dict[NameKey, tuple[int, Asset]]:
    if not keys:
        return {}
    rows = conn.execute(
        """
        select s.institution_id, s.code, s.id, s.scale, s.kind from ledger.assets s
        join unnest(%s::text[], %s::text[]) as w (institution_id, code)
          on s.institution_id = w.institution_id and s.code = w.code
        """,
        _two_columns(keys),
    )
    return {
        (institution, code): (number, Asset(code, scale, kind))
        for institution, code, number, scale, kind in rows
    }


def _load_accounts(conn: Connection, names: set[NameKey], ids: set[int]) -> list[KnownAccount]:
    query = sql.SQL("""
        {} where a.id = any(
            select n.id from ledger.accounts n
            join unnest(%s::text[], %s::text[]) as w (institution_id, name)
              on n.institution_id = w.institution_id and n.name = w.name
            union select unnest(%s::bigint[]))
        order by a.id
    """).format(_ACCOUNT)
    return [_account(row) for row in conn.execute(query, (*_two_columns(names), sorted(ids)))]


def _two_columns(keys: Iterable[NameKey]) -> tuple[list[str], list[str]]:
    wanted = sorted(keys)
    return [first for first, _ in wanted], [second for _, second in wanted]


def _account(row: tuple[Any, ...]) -> KnownAccount:
    number, institution, name, code, scale, asset_kind, kind, holder, floor, ceiling = row[:10]
    spec = AccountSpec(name, Asset(code, scale, asset_kind), kind, holder, floor, ceiling)
    return KnownAccount(number, institution, spec, AccountState(*row[10:]))


def write(conn: Connection, entries: Entries) -> None:
    """Write everything a batch did but the batch itself, which `advance` adds."""
    _copy(conn, "assets", AssetRow._fields, entries.assets)
    fields = (*AccountRow._fields, *AccountState._fields)
    _copy(conn, "accounts", fields, [(*row, *state) for row, state in entries.accounts])
    _copy(conn, "chains", ChainRow._fields, entries.chains)
    _copy(conn, "transfers", TransferRow._fields, entries.transfers)
    if entries.changes:
        numbers = [number for number, _ in entries.changes]
        states = zip(*(state for _, state in entries.changes), strict=True)
        conn.execute(
            """
            update ledger.accounts a
            set balance = c.balance, pending_in = c.pending_in, pending_out = c.pending_out,
                cap_seen = c.cap_seen, closed_by = c.closed_by
            from unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
                        %s::bigint[])
              as c (id, balance, pending_in, pending_out, cap_seen, closed_by)
            where a.id = c.id
            """,
            (numbers, *map(list, states)),
        )
    _write_holds(conn, entries)


def _write_holds(conn: Connection, entries: Entries) -> None:
    _copy(
        conn,
        "holds",
        ("chain_seq", "institution_id", "expires_at"),
        [(row.seq, row.institution_id, row.expires_at) for row in entries.holds],
    )
    if entries.resolved:
        conn.execute(
            """
            update ledger.holds h set resolved_by = r.resolved_by
            from unnest(%s::bigint[], %s::bigint[]) as r (chain_seq, resolved_by)
            where h.chain_seq = r.chain_seq
            """,
            ([hold for hold, _ in entries.resolved], [by for _, by in entries.resolved]),
        )


def _copy(
    conn: Connection, table: str, fields: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    if not rows:
        return
    command = sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier("ledger", table), _columns(fields)
    )
    with conn.cursor() as cursor, cursor.copy(command) as copy:
        for row in rows:
            copy.write_row(row)


def advance(conn: Connection, head: BatchRow, batch: BatchRow) -> None:
    """Add a batch after the head it was made for, and set the head to it.

    Raises:
        StaleState: the head is another one by now, in spite of the lock.
    """
    _copy(conn, "batches", BatchRow._fields, [batch])
    query = sql.SQL(
        "update ledger.heads set ({}) = row({}) where number = %s and hash = %s"
    ).format(_columns(BatchRow._fields), sql.SQL(", ").join([sql.Placeholder()] * len(batch)))
    if conn.execute(query, (*batch, head.number, head.hash)).rowcount != 1:
        raise StaleState(f"the ledger's head is no longer batch {head.number}")


def overdue_holds(conn: Connection, at: datetime, most: int) -> list[ChainRow]:
    """Return the open holds whose time is over at an instant, the oldest first."""
    query = sql.SQL("""
        select {} from ledger.holds h join ledger.chains c on c.seq = h.chain_seq
        where h.resolved_by is null and h.expires_at <= %s
        order by h.expires_at, h.chain_seq limit %s
    """).format(_columns(ChainRow._fields, "c"))
    return [ChainRow(*row) for row in conn.execute(query, (at, most))]


# What people ask for.


def accounts_named(conn: Connection, institution: str, names: Iterable[str]) -> list[KnownAccount]:
    """Return accounts by name."""
    query = sql.SQL("{} where a.institution_id = %s and a.name = any(%s)").format(_ACCOUNT)
    return [_account(row) for row in conn.execute(query, (institution, sorted(set(names))))]


def accounts_held(conn: Connection, institution: str, holder: str) -> list[KnownAccount]:
    """Return a holder's accounts in the order they were opened."""
    query = sql.SQL("{} where a.institution_id = %s and a.holder = %s order by a.id")
    return [_account(row) for row in conn.execute(query.format(_ACCOUNT), (institution, holder))]


def statement_rows(
    conn: Connection, institution: str, name: str, since_seq: int, until_seq: int | None
) -> list[tuple[Any, ...]]:
    """Return an account's transfers with chain and counterpart, signed as the account sees them."""
    return conn.execute(
        """
        with account as (
          select id from ledger.accounts where institution_id = %(institution)s and name = %(name)s
        ), sides as (
          select t.seq, t.chain_seq, t.credit_account_id as counterpart_id, -t.amount as amount,
                 -t.held as held, t.debit_balance as balance
          from ledger.transfers t join account a on t.debit_account_id = a.id
          where t.seq > %(since)s and t.seq <= %(until)s
          union all
          select t.seq, t.chain_seq, t.debit_account_id, t.amount, t.held, t.credit_balance
          from ledger.transfers t join account a on t.credit_account_id = a.id
          where t.seq > %(since)s and t.seq <= %(until)s
        )
        select s.seq, c.id, c.kind, o.name, s.amount, s.held, s.balance, c.value_on, c.posted_at
        from sides s join ledger.chains c on c.seq = s.chain_seq
        join ledger.accounts o on o.id = s.counterpart_id
        order by s.seq
        """,
        {
            "institution": institution,
            "name": name,
            "since": since_seq,
            "until": 2**63 - 1 if until_seq is None else until_seq,
        },
    ).fetchall()


def last_sides(
    conn: Connection, institution: str, name: str, seq: int
) -> tuple[tuple[int, int, int] | None, tuple[int, int, int] | None]:
    """Return an account's last debit and last credit up to a transfer: seq, balance, pending."""
    sides = []
    for side in ("debit", "credit"):
        query = sql.SQL("""
            select t.seq, {balance}, {pending} from ledger.transfers t
            where {account} = (
              select id from ledger.accounts where institution_id = %s and name = %s)
            and t.seq <= %s order by t.seq desc limit 1
        """).format(
            balance=sql.Identifier("t", f"{side}_balance"),
            pending=sql.Identifier("t", f"{side}_pending"),
            account=sql.Identifier("t", f"{side}_account_id"),
        )
        row = conn.execute(query, (institution, name, seq)).fetchone()
        sides.append(row and (row[0], row[1], row[2]))
    return sides[0] or None, sides[1] or None


def last_seq_at(conn: Connection, at: datetime) -> int:
    """Return the last transfer of the batches posted at or before an instant."""
    row = conn.execute(
        "select transfer_last from ledger.batches where posted_at <= %s"
        " order by posted_at desc, number desc limit 1",
        (at,),
    ).fetchone()
    return row[0] if row else 0


def chain_details(
    conn: Connection, chain: ChainRow
) -> tuple[list[tuple[Any, ...]], tuple[Any, ...] | None]:
    """Return a chain's transfers with the names of their accounts, and the id that continued it."""
    transfers = conn.execute(
        """
        select t.seq, t.leg, d.name, c.name, t.amount, t.held, t.cap from ledger.transfers t
        join ledger.accounts d on d.id = t.debit_account_id
        join ledger.accounts c on c.id = t.credit_account_id
        where t.seq between %s and %s order by t.seq
        """,
        (chain.transfer_first, chain.transfer_last),
    ).fetchall()
    continued = conn.execute(
        "select id from ledger.chains where institution_id = %s and of_id = %s"
        " and result = 'posted'",
        (chain.institution_id, chain.id),
    ).fetchone()
    return transfers, continued


# What verify reads: everything, in order, a few rows in memory at a time.


def fix_snapshot(conn: Connection) -> None:
    """Have all reads of this transaction see one moment, so that writers need not wait for them.

    Must be the first thing a transaction does, unless it is `repeatable read` already.
    """
    row = conn.execute("show transaction_isolation").fetchone()
    if row is None or row[0] not in ("repeatable read", "serializable"):
        conn.execute("set transaction isolation level repeatable read")


def stream(
    conn: Connection, table: str, fields: Sequence[str], order: str
) -> Iterator[tuple[Any, ...]]:
    """Yield the columns of all rows of a table in order."""
    query = sql.SQL("select {} from {} order by {}").format(
        _columns(fields), sql.Identifier("ledger", table), sql.Identifier(order)
    )
    with conn.cursor(name=f"ledger_{table}") as cursor:
        cursor.itersize = _FETCHED
        yield from cursor.execute(query)


def misresolved_holds(conn: Connection) -> list[tuple[int, str]]:
    """Return holds whose row is not what the chains say, with what is wrong in one word."""
    return conn.execute(
        """
        with expected as (
          select c.seq as chain_seq, c.institution_id, c.expires_at, n.seq as resolved_by
          from ledger.chains c left join ledger.chains n
            on n.institution_id = c.institution_id and n.of_id = c.id and n.result = 'posted'
          where c.kind = 'hold' and c.result = 'posted'
        )
        select coalesce(h.chain_seq, e.chain_seq),
          case when h.chain_seq is null then 'missing' when e.chain_seq is null then 'added'
               when h.institution_id <> e.institution_id then 'institution_id'
               when h.expires_at is distinct from e.expires_at then 'expires_at'
               when h.schema_version <> 1 then 'schema_version'
               else 'resolved_by' end
        from ledger.holds h full join expected e on e.chain_seq = h.chain_seq
        where (h.institution_id, h.expires_at, h.resolved_by, h.schema_version)
          is distinct from (e.institution_id, e.expires_at, e.resolved_by, 1::smallint)
        order by 1
        """
    ).fetchall()


def in_utc(at: datetime) -> datetime:
    """Return an instant with the zone its digest is made in."""
    return at.astimezone(UTC)
