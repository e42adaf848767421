"""What people ask of the ledger: balances, use of limits, statements, chains, the head.

Holds reads only. They see what the connection's transaction sees; deciding from a balance and then
posting is what `Leg.cap`, floors and `Chain.expects` are for, never a read.
"""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from qianhai.db import Connection
from qianhai.ledger import queries, store
from qianhai.ledger.columns import posted_at_of
from qianhai.ledger.digest import AccountState
from qianhai.ledger.model import (
    Account,
    AccountSpec,
    Asset,
    Balance,
    Head,
    Movement,
    StatementLine,
    StoredChain,
    Transfer,
)
from qianhai.ledger.past import KINDS


def _balance(state: AccountState) -> Balance:
    return Balance(state.balance, state.pending_in, state.pending_out, state.cap_seen)


def balances(conn: Connection, institution: str, names: Collection[str]) -> dict[str, Balance]:
    """Return what each account has; an account never opened is left out."""
    return {
        account.spec.name: _balance(account.state)
        for account in queries.accounts_named(conn, institution, names)
    }


def used(conn: Connection, institution: str, names: Collection[str]) -> dict[str, int]:
    """Return what is used of each limit, pending included; 0 for one never drawn."""
    known = balances(conn, institution, names)
    return {name: known[name].used if name in known else 0 for name in names}


def account_spec(conn: Connection, institution: str, name: str) -> AccountSpec | None:
    """Return what an account was opened with, or None when it never was."""
    found = queries.accounts_named(conn, institution, [name])
    return found[0].spec if found else None


def accounts_of(conn: Connection, institution: str, holder: str) -> list[Account]:
    """Return a holder's accounts, limits among them, in the order they were opened."""
    return [
        Account(
            account.id, account.spec, _balance(account.state), account.state.closed_by is not None
        )
        for account in queries.accounts_held(conn, institution, holder)
    ]


def statement(
    conn: Connection,
    institution: str,
    name: str,
    since_seq: int = 0,
    until_seq: int | None = None,
    most: int | None = None,
) -> list[StatementLine]:
    """Return an account's transfers after one sequence number up to another, oldest first.

    With `most` only so many: the next page begins after the last one's number.
    """
    account = queries.account_number(conn, institution, name)
    if account is None:
        return []
    return [
        StatementLine(
            seq,
            chain,
            KINDS[kind],
            counterpart,
            amount,
            held,
            balance,
            value_on,
            posted_at_of(number.bytes),
            number,
        )
        for seq, chain, kind, counterpart, amount, held, balance, value_on, number in (
            queries.statement_rows(conn, account, since_seq, until_seq, most)
        )
    ]


def balance_as_of(conn: Connection, institution: str, name: str, seq: int) -> Balance:
    """Return what an account had when a transfer, the last one counted, had been posted.

    A debit alone changes what is pending out, a credit alone what is pending in, either the posted
    balance: so the last of each tells everything, however long the account's history is. Caps of
    the past stand on the transfers, not here.
    """
    account = queries.account_number(conn, institution, name)
    if account is None:
        return Balance()
    debit, credit = queries.last_sides(conn, account, seq)
    latest = max(side for side in (debit, credit, (0, 0, 0)) if side is not None)
    return Balance(
        latest[1],
        pending_in=credit[2] if credit else 0,
        pending_out=debit[2] if debit else 0,
    )


def balance_on(conn: Connection, institution: str, name: str, day: date) -> int:
    """Return an account's posted balance by value date: all that counts from a day or before.

    From what it has now, what counts from later days is taken off again, so that only the
    account's own transfers are looked at, by its two indexes, and of these only those are summed
    that have a later value date; pending amounts have none until they are posted.
    """
    account = queries.account_number(conn, institution, name)
    if account is None:
        return 0
    now = balances(conn, institution, [name])[name].balance
    return now - queries.sum_valued_after(conn, account, day)


def chain_at(conn: Connection, at: datetime) -> int:
    """Return the last chain posted at or before an instant, 0 before the first."""
    return queries.last_chain_at(conn, at)


def seq_at(conn: Connection, at: datetime) -> int:
    """Return the last transfer posted at or before an instant, 0 before the first."""
    return queries.last_seq_at(conn, at)


def find_chain(conn: Connection, institution: str, chain_id: UUID) -> StoredChain | None:
    """Return a chain on record, refused ones too, or None when the id was never answered."""
    key = (institution, chain_id.int)
    past = store.load_chains(conn, [key]).get(key)
    if past is None:
        return None
    transfers = (
        queries.chain_transfers(conn, past.transfer_first, past.transfer_last)
        if past.transfer_first is not None and past.transfer_last is not None
        else ()
    )
    return StoredChain(
        past.id,
        past.institution_id,
        KINDS[past.kind],
        past.of_id,
        past.value_on,
        past.expires_at,
        past.posted_at,
        past.answer(),
        tuple(Transfer(*transfer) for transfer in transfers),
        queries.continued_by(conn, institution, chain_id),
    )


def head(conn: Connection) -> Head:
    """Return where the history ends now."""
    row = queries.read_head(conn)
    return Head(row.number, row.hash)


def movements(
    conn: Connection, institution: str, chains: Collection[UUID]
) -> dict[UUID, list[Movement]]:
    """Return what each posted chain moved, leg by leg; one that moved nothing is left out."""
    found: dict[UUID, list[Movement]] = {}
    for chain, code, scale, kind, *rest in queries.movement_rows(conn, institution, [*chains]):
        found.setdefault(chain, []).append(Movement(Asset(code, scale, kind), *rest))
    return found
