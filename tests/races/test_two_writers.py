"""Two writers of one ledger serve in turn, and each decides on what the other has posted."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from ledger.books import (
    ALICE,
    AT,
    BANK,
    BOB,
    LOAN,
    NOSTRO,
    Books,
    chain,
    draw,
    named,
    pay,
    release,
)
from qianhai.db import Database
from qianhai.ledger import (
    AccountSpec,
    Balance,
    Chain,
    Kind,
    Leg,
    Result,
    accounts_of,
    balances,
    find_chain,
    verify,
)
from qianhai.ledger.legs import LegColumns
from races.limit_race import CAP

TESTS = Path(__file__).parents[1]


class Two:
    """Two writers on one database; `a` and `b` know nothing of each other."""

    def __init__(self, database: Database) -> None:
        self.a, self.b = Books(database), Books(database)

    def result(self, books: Books, posted: Chain) -> Result:
        return books.one(posted).result


@pytest.fixture
def two(database: Database) -> Two:
    return Two(database)


def test_two_processes_started_at_once_both_serve_and_no_draw_is_lost(
    database: Database, database_url: str
) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, str(TESTS / "races" / "draw_in_turn.py"), database_url, name, "60"],
            env={**os.environ, "PYTHONPATH": str(TESTS)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "other")
    ]
    for writer in writers:
        assert writer.stdout
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin
        writer.stdin.write("go\n")
        writer.stdin.flush()
    said = [writer.communicate()[0] for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0]
    draws = sorted(
        (int(seq), int(used), int(taken))
        for text in said
        for _, seq, used, taken in map(str.split, text.splitlines())
    )
    assert {taken for _, _, taken in draws} == {7}
    running = 0
    for _, used, taken in draws:  # in the order in which they were booked
        assert used == running, "a writer decided on a balance that was not the ledger's"
        running += taken
    with database.transaction() as conn:
        found = balances(conn, "bank-1", ["limit", "right"])
    assert found["limit"].used == found["right"].balance == running <= CAP
    with database.transaction() as conn:
        assert list(verify(conn)) == []


def test_what_one_posts_is_seen_by_the_next_cap_of_the_other(two: Two) -> None:
    assert two.result(two.a, chain("1", draw(60, 100))) is Result.POSTED
    refused = two.b.one(chain("2", draw(50, 100)))
    assert (refused.result, refused.before[0][1]) == (Result.LIMIT_PASSED, 60)
    assert two.result(two.b, chain("3", draw(40, 100))) is Result.POSTED
    refused = two.a.one(chain("4", draw(1, 100)))
    assert (refused.result, refused.before[0][1]) == (Result.LIMIT_PASSED, 100)
    assert two.result(two.a, chain("5", release(30))) is Result.POSTED
    assert two.result(two.b, chain("6", draw(30, 100))) is Result.POSTED
    assert two.a.balance(LOAN) == Balance(100, cap_seen=100)
    assert two.a.flaws() == []


def test_what_one_posts_is_seen_by_the_next_floor_of_the_other(two: Two) -> None:
    spent = 0
    for turn in range(6):
        first, second = (two.a, two.b) if turn % 2 else (two.b, two.a)
        assert two.result(first, chain(f"in {turn}", pay(10))) is Result.POSTED
        assert two.result(second, chain(f"out {turn}", pay(10, ALICE, BOB))) is Result.POSTED
        spent += 10
        refused = first.one(chain(f"more {turn}", pay(1, ALICE, BOB)))
        assert (refused.result, refused.before) == (Result.FLOOR_PASSED, ((0, spent),))
    assert two.a.flaws() == []


def test_accounts_that_one_opens_or_closes_are_so_for_the_other(two: Two) -> None:
    late = AccountSpec("late", ALICE.asset, "settlement", "party-9")
    assert two.result(two.b, chain("0", pay(1))) is Result.POSTED
    unknown = chain("1", Leg("nostro", "late", 5))
    assert two.result(two.b, unknown) is Result.ACCOUNT_UNKNOWN
    assert two.result(two.a, chain("2", opens=[late])) is Result.POSTED
    assert two.result(two.b, chain("3", Leg("nostro", "late", 5), opens=[])) is Result.POSTED
    assert two.result(two.a, chain("4", Leg("late", "nostro", 5), closes=["late"])) is Result.POSTED
    assert two.result(two.b, chain("5", Leg("nostro", "late", 5))) is Result.ACCOUNT_CLOSED
    gold = replace(late, name="gold", asset=replace(ALICE.asset, code="XAU", scale=3))
    other = replace(gold, asset=replace(gold.asset, scale=4))
    assert two.result(two.a, chain("6", opens=[gold])) is Result.POSTED
    assert two.result(two.b, chain("7", opens=[other])) is Result.ASSET_DIFFERS
    assert two.result(two.b, chain("8", opens=[replace(gold, floor=-1)])) is Result.ACCOUNT_DIFFERS
    assert two.a.flaws() == []


def test_a_hold_of_one_is_resolved_once_by_either(two: Two) -> None:
    for number, (first, second) in enumerate([(two.a, two.b), (two.b, two.a)]):
        hold = chain(f"h{number}", pay(5), draw(5, 100), kind=Kind.HOLD, expires=timedelta(1))
        assert two.result(first, hold) is Result.POSTED
        commit = chain(f"c{number}", kind=Kind.COMMIT, of=f"h{number}")
        assert two.result(second, commit) is Result.POSTED
        late = chain(f"v{number}", kind=Kind.VOID, of=f"h{number}")
        assert two.result(first, late) is Result.HOLD_RESOLVED
        again = first.one(commit)
        assert (again.result, again.first) == (Result.POSTED, False)
    assert two.a.balance(ALICE) == Balance(10)
    assert two.a.flaws() == []


def test_a_hold_that_expires_soon_is_swept_by_the_writer_that_did_not_set_it(two: Two) -> None:
    assert two.result(two.b, chain("0", pay(1))) is Result.POSTED
    hold = chain("h", pay(5), kind=Kind.HOLD, expires=timedelta(minutes=5))
    assert two.result(two.a, hold) is Result.POSTED
    late = AT + timedelta(minutes=5)
    assert two.b.one(chain("1", pay(1)), at=late).is_posted
    assert two.b.balance(ALICE) == Balance(2)
    assert two.a.one(chain("c", kind=Kind.COMMIT, of="h"), at=late).result is Result.HOLD_EXPIRED
    assert two.a.flaws() == []


def _columns(database: Database, names: Sequence[str], count: int, word: str) -> LegColumns:
    """One yuan cent from the first to the second account, so often, each a chain of its own."""
    with database.transaction() as conn:
        known = {
            account.spec.name: account.id
            for holder in ("bank-1", "party-1", "party-2")
            for account in accounts_of(conn, BANK, holder)
        }
    ids = b"".join(named(f"{word} {number}").bytes for number in range(count))
    return LegColumns.of(
        chain_id=np.frombuffer(ids, "V16"),
        debit_account_id=np.full(count, known[names[0]]),
        credit_account_id=np.full(count, known[names[1]]),
        amount=np.ones(count, np.int64),
        value_on=8400,
    )


def test_columns_of_one_are_seen_by_the_other_before_they_are_written_back(
    database: Database, two: Two
) -> None:
    assert two.result(two.a, chain("open", pay(1))) is Result.POSTED
    assert two.result(two.b, chain("known", pay(1))) is Result.POSTED
    legs = _columns(database, ("nostro", "alice"), 2_500, "column")
    for number, (first, second) in enumerate([(two.a, two.b), (two.b, two.a)]):
        legs = _columns(database, ("nostro", "alice"), 2_500, f"column {number}")
        posted = first.writer.post(legs, institution_id=BANK, at=AT)
        assert (posted.result == 0).all()
        stands = 2 + 2_500
        assert second.balance(ALICE) == Balance(stands)
        refused = second.one(chain(f"over {number}", pay(stands + 1, ALICE, BOB)))
        assert (refused.result, refused.before[0][0]) == (Result.FLOOR_PASSED, stands)
        spent = chain(f"out {number}", pay(2_500, ALICE, BOB))
        assert two.result(second, spent) is Result.POSTED
        assert first.one(chain(f"out again {number}", pay(3, ALICE, BOB))).before[0][0] == 2
    assert two.a.balance(NOSTRO) == Balance(-5_002)
    assert two.a.flaws() == []


def test_a_clock_stepped_back_posts_at_the_instant_of_the_batch_before(two: Two) -> None:
    late = AT + timedelta(hours=1)
    short = chain("h", pay(5), kind=Kind.HOLD, expires=timedelta(minutes=90))
    assert two.a.one(short, at=late).is_posted
    over = AT + timedelta(minutes=90)
    assert two.a.one(chain("1", pay(1)), at=over).is_posted
    for books, name in ((two.a, "2"), (two.b, "3")):
        assert books.one(chain(name, pay(1)), at=AT).is_posted
        with books.database.transaction() as conn:
            stored = find_chain(conn, BANK, named(name))
        assert stored is not None
        assert stored.posted_at == over
    # The hold's time was over at the head's instant, whatever the clock says now.
    assert two.b.one(chain("c", kind=Kind.COMMIT, of="h"), at=AT).result is Result.HOLD_EXPIRED
    assert two.a.flaws() == []
