"""The SQL of what people ask for: balances, statements, chains, the head.

Every statement runs in the caller's transaction and sees what it sees. Must not decide anything.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from psycopg import sql

from qianhai.db import Connection
from qianhai.ledger.book import KnownAccount
from qianhai.ledger.digest import AccountState, BatchRow
from qianhai.ledger.model import AccountSpec, Asset
from qianhai.ledger.store import columns_of

#: Accounts with what they have; `balances` is a table or view of it, with rows of ledger.accounts.
_ACCOUNT: Final = """
    select a.id, a.institution_id, a.asset_id, a.name, s.code, s.scale, s.kind, a.kind, a.holder,
           a.floor, a.ceiling, b.balance, b.pending_in, b.pending_out, b.cap_seen, a.closed_by
    from ledger.accounts a join {balances} b on b.{id} = a.id
    join ledger.assets s on s.id = a.asset_id
"""
_BY_ROW: Final = sql.SQL(_ACCOUNT).format(
    balances=sql.Identifier("ledger", "accounts"), id=sql.Identifier("id")
)
_BY_VIEW: Final = sql.SQL(_ACCOUNT).format(
    balances=sql.Identifier("ledger", "balances"), id=sql.Identifier("account_id")
)
#: The accounts' rows, and whether some transfers are not in them yet.
_UNLESS_BEHIND: Final = sql.SQL(
    "select (select settled < transfer_last from ledger.heads), r.* from ({} {}) r"
)


class _Asked(NamedTuple):
    """What asks for accounts by their rows, and by the view, which counts every transfer."""

    by_row: bytes
    by_view: bytes

    @classmethod
    def where(cls, wanted: sql.SQL) -> "_Asked":
        """Write both once: they are sent for every few rows of a day."""
        return cls(
            _UNLESS_BEHIND.format(_BY_ROW, wanted).as_bytes(), (_BY_VIEW + wanted).as_bytes()
        )


_NAMED: Final = _Asked.where(sql.SQL("where a.institution_id = %s and a.name = any(%s)"))
_HELD: Final = _Asked.where(sql.SQL("where a.institution_id = %s and a.holder = %s order by a.id"))


def read_head(conn: Connection) -> BatchRow:
    """Return where the history ends."""
    query = sql.SQL("select {} from ledger.heads").format(columns_of(BatchRow._fields))
    row = conn.execute(query).fetchone()
    assert row is not None, "the migration writes the head row and a trigger keeps it"
    return BatchRow(*row)


def read_settled(conn: Connection) -> int:
    """Return the transfer up to which every account's row is written back."""
    row = conn.execute("select settled from ledger.heads").fetchone()
    return row[0] if row else 0


def accounts_named(conn: Connection, institution: str, names: Iterable[str]) -> list[KnownAccount]:
    """Return accounts by name; nothing is asked for no name."""
    names = sorted(set(names))
    if not names:
        return []
    return _accounts(conn, _NAMED, (institution, names))


def accounts_held(conn: Connection, institution: str, holder: str) -> list[KnownAccount]:
    """Return a holder's accounts in the order they were opened."""
    return _accounts(conn, _HELD, (institution, holder))


def _accounts(conn: Connection, asked: _Asked, values: tuple[object, ...]) -> list[KnownAccount]:
    """Return accounts as they stand: by their rows unless some transfers are not in them yet."""
    rows = conn.execute(asked.by_row, values).fetchall()
    if rows and rows[0][0]:
        return [_account(row) for row in conn.execute(asked.by_view, values)]
    return [_account(row[1:]) for row in rows]


def _account(row: tuple[Any, ...]) -> KnownAccount:
    number, institution, asset_id, name, code, scale, asset_kind, kind, holder, *rest = row
    spec = AccountSpec(name, Asset(code, scale, asset_kind), kind, holder, *rest[:2])
    return KnownAccount(number, institution, asset_id, spec, AccountState(*rest[2:]))


def account_number(conn: Connection, institution: str, name: str) -> int | None:
    """Return the number of an account."""
    row = conn.execute(
        "select id from ledger.accounts where institution_id = %s and name = %s",
        (institution, name),
    ).fetchone()
    return row[0] if row else None


def statement_rows(
    conn: Connection, account: int, since_seq: int, until_seq: int | None, most: int | None
) -> list[tuple[Any, ...]]:
    """Return an account's transfers with their counterpart, signed as the account sees them."""
    return conn.execute(
        """
        select s.seq, s.chain_id, s.kind, o.name, s.amount, s.held, s.balance, s.value_on, s.id
        from (
          (select seq, chain_id, kind, credit_account_id as counterpart_id, -amount as amount,
                  -held as held, debit_balance as balance, value_on, id
           from ledger.transfers
           where debit_account_id = %(account)s and seq > %(since)s and seq <= %(until)s
             and (amount <> 0 or held <> 0)
           order by seq limit %(most)s)
          union all
          (select seq, chain_id, kind, debit_account_id, amount, held, credit_balance, value_on, id
           from ledger.transfers
           where credit_account_id = %(account)s and seq > %(since)s and seq <= %(until)s
             and (amount <> 0 or held <> 0)
           order by seq limit %(most)s)
          order by seq limit %(most)s
        ) s join ledger.accounts o on o.id = s.counterpart_id
        order by s.seq
        """,
        {
            "account": account,
            "since": since_seq,
            "until": 2**63 - 1 if until_seq is None else until_seq,
            "most": most,
        },
    ).fetchall()


def last_sides(
    conn: Connection, account: int, seq: int
) -> tuple[tuple[int, int, int] | None, tuple[int, int, int] | None]:
    """Return an account's last debit and last credit up to a transfer: seq, balance, pending."""
    sides = []
    for side in ("debit", "credit"):
        query = sql.SQL("""
            select seq, {balance}, {pending} from ledger.transfers
            where {account} = %s and seq <= %s order by seq desc limit 1
        """).format(
            balance=sql.Identifier(f"{side}_balance"),
            pending=sql.Identifier(f"{side}_pending"),
            account=sql.Identifier(f"{side}_account_id"),
        )
        row = conn.execute(query, (account, seq)).fetchone()
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


def chain_transfers(conn: Connection, first: int, last: int) -> list[tuple[Any, ...]]:
    """Return transfers that moved something, with the names of their accounts."""
    return conn.execute(
        """
        select t.seq, t.leg, d.name, c.name, t.amount, t.held, t.cap from ledger.transfers t
        join ledger.accounts d on d.id = t.debit_account_id
        join ledger.accounts c on c.id = t.credit_account_id
        where t.seq between %s and %s and (t.amount <> 0 or t.held <> 0) order by t.seq
        """,
        (first, last),
    ).fetchall()


def continued_by(conn: Connection, institution: str, chain_id: UUID) -> UUID | None:
    """Return the chain that continued one, if any did."""
    row = conn.execute(
        "select id from ledger.chains where institution_id = %s and of_id = %s and result = 0",
        (institution, chain_id),
    ).fetchone()
    return row[0] if row else None


# All accounts, transfers and chains, a part at a time.


ALL_BALANCES: Final = """
    select account_id, name, asset, scale, asset_kind, kind, holder, floor, ceiling, balance,
           pending_in, pending_out, cap_seen, closed_by is not null
    from ledger.all_balances
    where institution_id = %s and (%s::text is null or name = %s) order by account_id
"""


def last_transfer(conn: Connection) -> int:
    """Return the number of the last transfer."""
    return read_head(conn).transfer_last


def last_chain(conn: Connection) -> int:
    """Return the number of the last chain."""
    return read_head(conn).chain_last


def last_chain_at(conn: Connection, at: datetime) -> int:
    """Return the last chain of the batches posted at or before an instant."""
    row = conn.execute(
        "select chain_last from ledger.batches where posted_at <= %s"
        " order by posted_at desc, number desc limit 1",
        (at,),
    ).fetchone()
    return row[0] if row else 0


#: Every transfer of some numbers, or those an account's two indexes find first.
_FROM_ALL: Final = sql.SQL("""
    (select * from ledger.transfers where {moves} and institution_id = %(institution)s) t
""")
_FROM_ACCOUNT: Final = sql.SQL("""
    ((select * from ledger.transfers where debit_account_id = %(account)s and {moves}
      order by seq limit %(most)s)
     union all
     (select * from ledger.transfers where credit_account_id = %(account)s and {moves}
      order by seq limit %(most)s)
     order by seq limit %(most)s) t
""")
_MOVES: Final = sql.SQL("seq > %(after)s and seq <= %(until)s and (amount <> 0 or held <> 0)")
_TRANSFERS: Final = sql.SQL("""
    select t.seq, t.id, t.chain_id, t.leg, t.kind, d.name, k.name, s.code, s.scale, t.amount,
           t.held, t.cap, t.value_on, t.id, c.of_id,
           case when c.is_open then c.expires_at end
    from {source}
    join ledger.accounts d on d.id = t.debit_account_id
    join ledger.accounts k on k.id = t.credit_account_id
    join ledger.assets s on s.id = d.asset_id
    left join lateral (
      select c.of_id, c.expires_at, exists (
          select from ledger.holds h where h.chain_seq = c.seq and h.resolved_by is null
        ) as is_open
      from ledger.chains c
      where c.id = t.chain_id and c.institution_id = t.institution_id
    ) c on t.kind <> 0
    order by t.seq
""")


def transfer_rows(
    conn: Connection, institution: str, after: int, until: int
) -> list[tuple[Any, ...]]:
    """Return the transfers of some numbers that moved something."""
    query = _TRANSFERS.format(source=_FROM_ALL.format(moves=_MOVES))
    given = {"institution": institution, "after": after, "until": until}
    return conn.execute(query, given).fetchall()


def account_transfer_rows(
    conn: Connection, account: int, after: int, until: int, most: int
) -> list[tuple[Any, ...]]:
    """Return the first transfers of some numbers that moved something of an account."""
    query = _TRANSFERS.format(source=_FROM_ACCOUNT.format(moves=_MOVES))
    given = {"account": account, "after": after, "until": until, "most": most}
    return conn.execute(query, given).fetchall()


def chain_rows(
    conn: Connection, institution: str, account: int | None, after: int, until: int
) -> list[tuple[Any, ...]]:
    """Return the chains of some numbers, those that touch one account or all."""
    return conn.execute(
        """
        select c.seq, c.id, c.kind, c.result, c.value_on, c.posted_at, c.of_id, c.expires_at,
               c.failed_leg, c.transfer_first, c.transfer_last
        from ledger.chains c
        where c.seq > %(after)s and c.seq <= %(until)s and c.institution_id = %(institution)s
          and (%(account)s::bigint is null or exists (
            select from ledger.transfers t
            where t.seq between c.transfer_first and c.transfer_last
              and %(account)s in (t.debit_account_id, t.credit_account_id)))
        order by c.seq
        """,
        {"institution": institution, "account": account, "after": after, "until": until},
    ).fetchall()


def amounts_valued(
    conn: Connection, account: int, first: date, last: date
) -> list[tuple[Any, ...]]:
    """Return what moved an account's posted balance with a value date from one day to another."""
    return conn.execute(
        """
        select s.seq, s.id, s.chain_id, s.amount, s.value_on, o.name
        from (
          select seq, id, chain_id, -amount as amount, value_on, credit_account_id as other
          from ledger.transfers
          where debit_account_id = %(account)s and amount <> 0
            and value_on between %(first)s and %(last)s
          union all
          select seq, id, chain_id, amount, value_on, debit_account_id
          from ledger.transfers
          where credit_account_id = %(account)s and amount <> 0
            and value_on between %(first)s and %(last)s
        ) s join ledger.accounts o on o.id = s.other
        order by s.seq
        """,
        {"account": account, "first": first, "last": last},
    ).fetchall()


def sum_valued_after(conn: Connection, account: int, day: date) -> int:
    """Return what transfers with a value date after a day did to an account's posted balance."""
    row = conn.execute(
        """
        select (coalesce((select sum(amount) from ledger.transfers
                          where credit_account_id = %(account)s and value_on > %(day)s), 0)
              - coalesce((select sum(amount) from ledger.transfers
                          where debit_account_id = %(account)s and value_on > %(day)s), 0))::bigint
        """,
        {"account": account, "day": day},
    ).fetchone()
    assert row is not None, "a sum is one row"
    total: int = row[0]
    return total


def movement_rows(
    conn: Connection, institution: str, chains: Sequence[UUID]
) -> list[tuple[Any, ...]]:
    """Return what posted chains moved, in the order of the transfers, with both accounts."""
    return conn.execute(
        """
        select c.id, s.code, s.scale, s.kind, t.amount, t.held, d.kind, d.holder, k.kind, k.holder
        from ledger.chains c
        cross join lateral (
          select * from ledger.transfers
          where seq between c.transfer_first and c.transfer_last offset 0) t
        join ledger.accounts d on d.id = t.debit_account_id
        join ledger.accounts k on k.id = t.credit_account_id
        join ledger.assets s on s.id = d.asset_id
        where c.institution_id = %s and c.id = any(%s) and c.result = 0
          and (t.amount <> 0 or t.held <> 0)
        order by t.seq
        """,
        (institution, list(chains)),
    ).fetchall()
