"""The SQL of what people ask for: balances, statements, chains, the head.

Every statement runs in the caller's transaction and sees what it sees. Must not decide anything.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import sql

from qianhai.db import Connection
from qianhai.ledger.book import KnownAccount
from qianhai.ledger.digest import AccountState, BatchRow
from qianhai.ledger.model import AccountSpec, Asset
from qianhai.ledger.store import columns_of

_ACCOUNT: Final = sql.SQL("""
    select b.account_id, b.institution_id, a.asset_id, b.name, b.asset, b.scale, s.kind, b.kind,
           b.holder, b.floor, b.ceiling, b.balance, b.pending_in, b.pending_out, b.cap_seen,
           b.closed_by
    from ledger.balances b
    join ledger.accounts a on a.id = b.account_id join ledger.assets s on s.id = a.asset_id
""")


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
    """Return accounts by name."""
    query = sql.SQL("{} where b.institution_id = %s and b.name = any(%s)").format(_ACCOUNT)
    return [_account(row) for row in conn.execute(query, (institution, sorted(set(names))))]


def accounts_held(conn: Connection, institution: str, holder: str) -> list[KnownAccount]:
    """Return a holder's accounts in the order they were opened."""
    query = sql.SQL("{} where b.institution_id = %s and b.holder = %s order by b.account_id")
    return [_account(row) for row in conn.execute(query.format(_ACCOUNT), (institution, holder))]


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
    return row and row[0]


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
