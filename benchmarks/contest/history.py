"""Reading the past of an account in a long history: the balance at a point, a page of a statement.

The history is loaded through the writer, over some months or within one; then points are asked at
random, of an account that a quarter of all transfers credit and of ones that few touch.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from time import perf_counter, sleep
from typing import Final

import numpy as np
from benchmarks.contest.ground import Ground
from benchmarks.contest.loads import (
    AT,
    INSTITUTION,
    Loads,
    account_name,
    open_accounts,
)
from benchmarks.contest.measuring import Row, Series

from qianhai.db import Database
from qianhai.ledger import LEGS_MAX, LegColumns, Writer, balance_as_of, statement

#: The most that 95 of 100 readings may take, in milliseconds.
P95_MILLIS_MAX: Final = 50.0
_PAGE: Final = 100
_CREDITED_HOT: Final = 0.25
_DEBITED_HOT: Final = 0.001
_HOT: Final = account_name(0)
#: A load tells of its progress so many times.
_TOLD: Final = 20
_INDEXING_SECONDS_MAX: Final = 120.0
_CLOSED: Final = """
with leaves as (
  select c.relname from pg_class c join pg_inherits i on i.inhrelid = c.oid
  where c.relkind = 'r' and c.relname like 'transfers\\_%' order by c.oid desc offset 1
)
select count(*), count(*) filter (where not exists (
  select 1 from pg_indexes x where x.schemaname = 'ledger' and x.tablename = leaves.relname
  and x.indexdef like '%(debit_account_id, seq)%')) from leaves
"""


def measure(
    ground: Ground, transfers: int, months: int, points: int, say: Callable[[str], None]
) -> list[Row]:
    """Load a history and ask it; return a row for each kind of question."""
    name = f"history_{months}_months"
    with ground.database(name) as database:
        writer = Writer(database)
        open_accounts(writer)
        since = perf_counter()
        _load(writer, Loads(database, months), transfers, months, say)
        loaded = perf_counter() - since
        writer.settle()
        spent = perf_counter() - since
        say(f"{name}: posted in {loaded:.0f} s, settled and indexed in {spent - loaded:.0f} s more")
        rows = [Row(f"load_{name}", transfers / spent, "legs/s")]
        since = perf_counter()
        closed, lacking = _wait_for_indexes(database)
        waited = perf_counter() - since
        say(f"{name}: {closed} closed partitions, {lacking} not indexed after {waited:.0f} s more")
        rows += _ask(database, name, transfers, points)
        say(f"{name}: each of {len(rows) - 1} questions asked {points} times")
    ground.drop(name)
    return rows


def _load(
    writer: Writer, loads: Loads, transfers: int, months: int, say: Callable[[str], None]
) -> None:
    """Post in batches of the greatest size; the clock runs evenly through the months."""
    span = timedelta(days=30.4 * months - 15) if months > 1 else timedelta(days=15)
    done, since = 0, perf_counter()
    while done < transfers:
        rows = min(LEGS_MAX, transfers - done)
        posted = writer.post(
            _legs(loads, rows), institution_id=INSTITUTION, at=_instant(span, done / transfers)
        )
        assert posted.is_posted.all(), posted.counts()
        if done * _TOLD // transfers != (done + rows) * _TOLD // transfers:
            rate = (done + rows) / (perf_counter() - since)
            say(f"  {done + rows:,} of {transfers:,} transfers, {rate:,.0f} a second")
        done += rows


def _instant(span: timedelta, share: float) -> datetime:
    return AT + timedelta(days=1) + span * share


def _legs(loads: Loads, rows: int) -> LegColumns:
    debits, credits_ = loads.pairs(rows)
    chance = loads.dice.random(rows)
    hot = loads.money[0]
    credits_[(chance < _CREDITED_HOT) & (debits != hot)] = hot
    debits[(chance > 1 - _DEBITED_HOT) & (credits_ != hot)] = hot
    return LegColumns.of(
        chain_id=loads.ids.rising(rows),
        debit_account_id=debits,
        credit_account_id=credits_,
        amount=loads.dice.integers(1, 1_000, rows),
        value_on=9_000,
    )


def _wait_for_indexes(database: Database) -> tuple[int, int]:
    """Wait until the ledger has indexed its closed partitions; return how many, and how many not.

    The newest is written to and has none. Statistics are gathered as the server does by itself
    within minutes.
    """
    until = perf_counter() + _INDEXING_SECONDS_MAX
    while True:
        with database.transaction() as conn:
            closed, lacking = conn.execute(_CLOSED).fetchone() or (0, 0)
        if not lacking or perf_counter() > until:
            break
        sleep(0.2)
    with database.transaction() as conn:
        conn.execute("analyze ledger.transfers")
    return closed, lacking


def _ask(database: Database, name: str, transfers: int, points: int) -> list[Row]:
    """Ask all questions in turn at random points."""
    dice = np.random.default_rng(14)
    found = {
        f"{question}_{whose}_{name}": Series("", "ms")
        for whose in ("hot", "cold")
        for question in ("balance_as_of", "statement_100")
    }
    for _ in range(points):
        seq = int(dice.integers(1, transfers))
        cold = account_name(int(dice.integers(1, 10_000)))
        for whose, account in (("hot", _HOT), ("cold", cold)):
            since = perf_counter()
            with database.transaction() as conn:
                balance_as_of(conn, INSTITUTION, account, seq)
            found[f"balance_as_of_{whose}_{name}"].seconds.append(perf_counter() - since)
            since = perf_counter()
            with database.transaction() as conn:
                statement(conn, INSTITUTION, account, since_seq=seq, most=_PAGE)
            found[f"statement_100_{whose}_{name}"].seconds.append(perf_counter() - since)
    return [
        Row(
            f"{question}_p95",
            series.millis(0.95) or 0.0,
            "ms",
            series.millis(0.5),
            series.millis(0.99),
            target=P95_MILLIS_MAX,
            is_most=True,
        )
        for question, series in found.items()
    ]
