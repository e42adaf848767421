"""The peers on plain tables: set-based SQL, a function for each transfer, and both of them driven.

They keep a balance above its floor and an id unique, as the ledger does; they know no chain, hold,
cap, proof or record of what was refused (a proof is in `sealed`). Must not know the ledger's own
tables.
"""

import threading
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Final
from uuid import UUID

import numpy as np
from benchmarks.contest.ground import Ground
from benchmarks.contest.loads import ACCOUNTS, AMOUNT_MAX, FLOOR, Ids
from benchmarks.contest.measuring import Series

from qianhai.db import Connection
from qianhai.ledger.wire import Int8s, Uuids, columns_cursor

CALLERS: Final = 64
#: More than a second has room for.
_CALLS_SECOND_MAX: Final = 20_000
#: The database the peers' tables are in.
HOME: Final = "peers"

_TABLES: Final = """
create schema peer;
create table peer.accounts (
  id bigint primary key, balance bigint not null, floor bigint not null,
  constraint accounts_keep_their_floor check (balance >= floor)
) with (fillfactor = 60);
insert into peer.accounts select n, 0, {floor} from generate_series(1, {accounts}) n;
create table peer.set_accounts (like peer.accounts including all) with (fillfactor = 60);
insert into peer.set_accounts select * from peer.accounts;
create table peer.transfers (
  id uuid primary key, debit_account_id bigint not null, credit_account_id bigint not null,
  amount bigint not null check (amount > 0), value_on date not null,
  posted_at timestamptz not null default now(), check (debit_account_id <> credit_account_id)
);
create table peer.set_transfers (like peer.transfers including all);

create function peer.transfer(number uuid, debit bigint, credit bigint, moved bigint, on_day date)
returns text language plpgsql as $$
declare
  is_enough boolean;
begin
  select bool_and(l.id <> debit or l.balance - moved >= l.floor) and count(*) = 2 into is_enough
  from (select a.id, a.balance, a.floor from peer.accounts a where a.id in (debit, credit)
        order by a.id for no key update) l;
  if not is_enough then
    return 'refused';
  end if;
  insert into peer.transfers (id, debit_account_id, credit_account_id, amount, value_on)
  values (number, debit, credit, moved, on_day) on conflict do nothing;
  if not found then
    return 'exists';
  end if;
  update peer.accounts a set balance = a.balance + case a.id when debit then -moved else moved end
  where a.id in (debit, credit);
  return 'posted';
end
$$;
analyze peer.accounts, peer.set_accounts;
"""

_SET_BASED: Final = """
with added as (
  insert into peer.set_transfers (id, debit_account_id, credit_account_id, amount, value_on)
  select * , %s::date from unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::bigint[])
  returning debit_account_id, credit_account_id, amount
), sums as (
  select id, sum(amount)::bigint as moved from (
    select debit_account_id as id, -amount as amount from added
    union all select credit_account_id, amount from added) s group by id
)
update peer.set_accounts a set balance = a.balance + s.moved from sums s where a.id = s.id
"""

#: The functions that are called, by the names their figures have.
_CALLS: Final = {
    "function": b"select peer.transfer(%s, %s, %s, %s, '2025-06-10')",
    "sealed_function": b"select peer.sealed_transfer(%s, %s, %s, %s, '2025-06-10')",
}


def make_tables(ground: Ground) -> None:
    """Make the peers' tables and their function."""
    with ground.connect(HOME) as conn:
        conn.execute(_TABLES.format(floor=FLOOR, accounts=ACCOUNTS).encode())


class SetBased:
    """One statement a batch: insert from columns, accounts from grouped sums, one commit."""

    def __init__(self, ground: Ground, size: int, batches: int) -> None:
        self._conn = ground.connect(HOME)
        self._dice = np.random.default_rng(11)
        self._ids = Ids(self._dice, 11)
        self._size, self._batches = size, batches
        self.series = Series(f"set_based_sql_{size}", "legs/s")

    def trial(self) -> None:
        """Post so many batches."""
        spent = []
        for _ in range(self._batches):
            ids = self._ids.rising(self._size)
            debits = self._dice.integers(0, ACCOUNTS, self._size)
            credits_ = (debits + self._dice.integers(1, ACCOUNTS, self._size)) % ACCOUNTS
            amounts = self._dice.integers(1, AMOUNT_MAX, self._size)
            since = perf_counter()
            with columns_cursor(self._conn) as cursor:
                cursor.execute(
                    _SET_BASED,
                    (
                        "2025-06-10",
                        Uuids(ids),
                        Int8s(debits + 1),
                        Int8s(credits_ + 1),
                        Int8s(amounts),
                    ),
                )
            spent.append(perf_counter() - since)
        self.series.add(self._size * self._batches, spent)

    def close(self) -> None:
        """Let go of the connection."""
        self._conn.close()


class FunctionCalls:
    """A per-transfer function, called by threads that each wait for their commit."""

    def __init__(
        self, ground: Ground, callers: int, seconds: float, function: str = "function"
    ) -> None:
        self._conns = [ground.connect(HOME) for _ in range(callers)]
        self._seconds, self._call = seconds, _CALLS[function]
        self._dice = np.random.default_rng(100 + callers)
        self._ids = Ids(self._dice, 100 + callers)
        self.series = Series(f"{function}_{callers}_python_callers", "chains/s")

    def trial(self) -> None:
        """Call for so long; what is asked is made before."""
        rows = 1 + int(_CALLS_SECOND_MAX * self._seconds / len(self._conns))
        asked = [self._asked(rows) for _ in self._conns]
        count, spent, elapsed = drive(
            [self._caller(*each) for each in zip(self._conns, asked, strict=True)], self._seconds
        )
        self.series.add(count, spent, elapsed)

    def _asked(self, rows: int) -> list[tuple[UUID, int, int, int]]:
        ids = self._ids.rising(rows)
        debits = self._dice.integers(0, ACCOUNTS, rows)
        credits_ = (debits + self._dice.integers(1, ACCOUNTS, rows)) % ACCOUNTS
        amounts = self._dice.integers(1, AMOUNT_MAX, rows)
        return [
            (UUID(bytes=each.tobytes()), debit + 1, credit + 1, amount)
            for each, debit, credit, amount in zip(
                ids, debits.tolist(), credits_.tolist(), amounts.tolist(), strict=True
            )
        ]

    def _caller(
        self, conn: Connection, asked: Sequence[tuple[UUID, int, int, int]]
    ) -> Callable[[float, list[float]], None]:
        def call(until: float, spent: list[float]) -> None:
            with conn.cursor(binary=True) as cursor:
                for params in asked:
                    since = perf_counter()
                    if since > until:
                        return
                    row = cursor.execute(self._call, params, prepare=True).fetchone()
                    assert row == ("posted",), row
                    spent.append(perf_counter() - since)

        return call

    def close(self) -> None:
        """Let go of the connections."""
        for conn in self._conns:
            conn.close()


def drive(
    callers: Sequence[Callable[[float, list[float]], None]], seconds: float
) -> tuple[int, list[float], float]:
    """Let callers run at once until a deadline; return acts, seconds of each, and of all.

    A caller gets the deadline and a list, into which it writes what each of its acts took.
    """
    spent: list[list[float]] = [[] for _ in callers]
    faults: list[BaseException] = []
    gate = threading.Barrier(len(callers) + 1)
    until = [0.0]

    def run(caller: Callable[[float, list[float]], None], mine: list[float]) -> None:
        gate.wait()
        try:
            caller(until[0], mine)
        except BaseException as fault:  # noqa: BLE001 - raised below, where it is seen
            faults.append(fault)

    threads = [
        threading.Thread(target=run, args=each, daemon=True)
        for each in zip(callers, spent, strict=True)
    ]
    for thread in threads:
        thread.start()
    since = perf_counter()
    until[0] = since + seconds
    gate.wait()
    for thread in threads:
        thread.join()
    elapsed = perf_counter() - since
    if faults:
        raise faults[0]
    every = [one for mine in spent for one in mine]
    return len(every), every, elapsed
