"""Chains happen whole or not at all, once, in order, with the records that commit with them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
import pytest

from ledger.books import ALICE, AT, BANK, BOB, NOSTRO, VAULT, Books, chain, draw, pay
from qianhai.db import Connection
from qianhai.kernel import StaleState
from qianhai.ledger import ChainResult, Kind, Leg, Result, Submission, find_chain, head, insert
from qianhai.ledger.book import Book
from qianhai.ledger.columns import CHAIN_FORM, TRANSFER_FORM
from qianhai.ledger.decode import Entries
from qianhai.ledger.digest import GENESIS


def test_a_chain_moves_all_its_legs_and_says_what_stood_before(books: Books) -> None:
    result = books.one(chain("a", pay(1000), pay(400, ALICE, BOB)))
    assert result.result is Result.POSTED
    assert result.amounts == (1000, 400)
    assert result.before == ((0, 0), (1000, 0))
    assert (result.seq_first, result.seq_last) == (1, 2)
    assert [books.balance(each).balance for each in (NOSTRO, ALICE, BOB)] == [-1000, 600, 400]
    assert books.flaws() == []


def test_a_chain_that_fails_at_its_last_leg_moves_nothing(books: Books) -> None:
    result = books.one(chain("a", pay(1000), pay(1001, ALICE, BOB)))
    assert (result.result, result.failed_leg) == (Result.FLOOR_PASSED, 1)
    assert result.asked == (1000, 1001)
    assert result.amounts == (0, 0)
    assert result.before == ((0, 0), (1000, 0))
    assert books.balance(NOSTRO).balance == 0
    assert books.flaws() == []


def test_one_chain_may_touch_an_account_more_than_once(books: Books) -> None:
    books.one(chain("a", pay(100), pay(60, ALICE, BOB), pay(40, ALICE, BOB), pay(5)))
    assert (books.balance(ALICE).balance, books.balance(BOB).balance) == (5, 100)


def test_a_failed_chain_leaves_the_rest_of_its_batch_unharmed(books: Books) -> None:
    results = books.post(
        chain("a", pay(100)), chain("b", pay(101, ALICE, BOB)), chain("c", pay(100, ALICE, BOB))
    )
    assert [each.result for each in results] == [
        Result.POSTED,
        Result.FLOOR_PASSED,
        Result.POSTED,
    ]
    assert books.balance(BOB).balance == 100


def test_the_same_id_and_content_answers_the_first_result(books: Books) -> None:
    first = books.one(chain("a", pay(100), draw(100, 500)))
    again = books.one(chain("a", pay(100), draw(100, 500)), AT + timedelta(days=1))
    assert not again.first
    assert again == ChainResult(
        first.result, None, first.asked, first.amounts, first.before, 1, 2, first=False
    )
    assert books.balance(ALICE).balance == 100


def test_the_same_id_with_other_content_is_a_conflict(books: Books) -> None:
    books.one(chain("a", pay(100)))
    assert books.one(chain("a", pay(101))).result is Result.ID_CONFLICT
    assert books.balance(ALICE).balance == 100


def test_what_a_chain_opens_and_expects_is_not_its_content(books: Books) -> None:
    books.one(chain("a", pay(100)))
    again = books.one(chain("a", pay(100), opens=[], expects=[("alice", 7)]))
    assert (again.result, again.first) == (Result.POSTED, False)


def test_a_failed_id_stays_failed(books: Books) -> None:
    books.one(chain("a", pay(100, ALICE, BOB)))
    books.one(chain("b", pay(100)))
    again = books.one(chain("a", pay(100, ALICE, BOB)))
    assert (again.result, again.first) == (Result.FLOOR_PASSED, False)
    assert books.balance(BOB).balance == 0


def test_an_id_twice_in_one_batch_is_a_repeat_or_a_conflict(books: Books) -> None:
    results = books.post(chain("a", pay(100)), chain("a", pay(100)), chain("a", pay(99)))
    assert [(each.result, each.first) for each in results] == [
        (Result.POSTED, True),
        (Result.POSTED, False),
        (Result.ID_CONFLICT, True),
    ]
    assert books.balance(ALICE).balance == 100


def test_two_institutions_use_one_id_and_one_name_apart(books: Books) -> None:
    results = books.post(chain("a", pay(100)), chain("a", pay(70), institution="bank-2"))
    assert [each.first for each in results] == [True, True]
    assert books.balance(ALICE).balance == 100
    assert books.balance(ALICE, "bank-2").balance == 70
    assert books.flaws() == []


def test_a_chain_that_expected_another_balance_is_stale_and_leaves_nothing(books: Books) -> None:
    books.one(chain("a", pay(100)))
    before = books.head()
    assert books.one(chain("b", pay(1), expects=[("alice", 99)])).result is Result.STALE
    assert books.head() == before
    assert books.one(chain("b", pay(1), expects=[("alice", 100)])).result is Result.POSTED


def test_an_account_not_open_is_expected_to_have_nothing(books: Books) -> None:
    assert books.one(chain("a", pay(1), expects=[("nobody", 0)])).result is Result.POSTED
    assert books.one(chain("b", pay(1), expects=[("nobody", 1)])).result is Result.STALE


def test_after_a_stale_chain_the_same_id_in_its_batch_is_stale_too(books: Books) -> None:
    results = books.post(chain("a", pay(1), expects=[("alice", 9)]), chain("a", pay(1)), chain("b"))
    assert [each.result for each in results] == [Result.STALE, Result.STALE, Result.POSTED]


def test_records_commit_with_their_results_in_order_and_not_for_stale(books: Books) -> None:
    seen: list[tuple[str, Result, bool]] = []

    def submission(name: str, leg: Leg, expected: int | None = None) -> Submission:
        def record(conn: Connection, result: ChainResult) -> None:
            conn.execute("insert into notes values (%s)", (name,))
            seen.append((name, result.result, result.first))

        expects = [] if expected is None else [("bob", expected)]
        return Submission(chain(name, leg, expects=expects), record)

    with books.database.transaction() as conn:
        conn.execute("create table notes (name text)")
    books.writer.submit(
        [
            submission("a", pay(100)),
            submission("b", pay(101, ALICE, BOB)),
            submission("c", pay(1), expected=5),
            submission("a", pay(100)),
        ],
        at=AT,
    )
    assert seen == [
        ("a", Result.POSTED, True),
        ("b", Result.FLOOR_PASSED, True),
        ("a", Result.POSTED, False),
    ]
    with books.database.transaction() as conn:
        assert conn.execute("select name from notes").fetchall() == [("a",), ("b",), ("a",)]


def test_a_submission_without_a_chain_only_records(books: Books) -> None:
    results: list[ChainResult] = []
    only = Submission(None, lambda _, result: results.append(result))
    assert books.writer.submit([only], at=AT) == results == [ChainResult(Result.POSTED)]


def test_a_record_that_raises_undoes_the_whole_batch(books: Books) -> None:
    def refuse(_conn: Connection, _result: ChainResult) -> None:
        raise LookupError("no such table")

    with pytest.raises(LookupError):
        books.writer.submit(
            [Submission(chain("a", pay(1))), Submission(chain("b", pay(1)), refuse)], at=AT
        )
    assert books.head().batch == 0


def test_a_dry_run_answers_the_same_and_leaves_nothing(books: Books) -> None:
    dry = books.writer.submit([Submission(chain("a", pay(100)))], at=AT, dry_run=True)
    assert books.head().batch == 0
    assert dry == books.post(chain("a", pay(100)))


def test_nothing_submitted_writes_nothing(books: Books) -> None:
    assert books.writer.submit([], at=AT) == []
    assert books.head().batch == 0


def test_the_clock_stepped_back_never_takes_the_ledger_back(books: Books) -> None:
    books.one(chain("a", pay(1)), AT)
    books.one(chain("b", pay(1)), AT - timedelta(hours=1))
    with books.database.transaction() as conn:
        stored = find_chain(conn, BANK, chain("b").id)
    assert stored is not None
    assert stored.posted_at == AT


def test_the_head_moves_with_every_batch(books: Books) -> None:
    start = books.head()
    books.one(chain("a", pay(1)))
    books.one(chain("b", pay(1)))
    with books.database.transaction() as conn:
        assert head(conn).batch == start.batch + 2


def test_accounts_and_assets_of_a_failed_chain_are_not_opened(books: Books) -> None:
    results = books.post(
        chain("a", pay(1, ALICE, BOB)),
        chain("b", pay(1), opens=[]),
        chain("c", pay(1), opens=[NOSTRO, ALICE]),
        chain("d", pay(1), opens=[]),
    )
    assert [each.result for each in results] == [
        Result.FLOOR_PASSED,
        Result.ACCOUNT_UNKNOWN,
        Result.POSTED,
        Result.POSTED,
    ]
    with books.database.transaction() as conn:
        names = conn.execute("select name from ledger.accounts order by id").fetchall()
    assert names == [("nostro",), ("alice",)]
    assert books.flaws() == []


def test_a_chain_may_only_open_accounts(books: Books) -> None:
    assert books.one(chain("a", opens=[VAULT])).result is Result.POSTED
    assert books.one(chain("b", opens=[VAULT, NOSTRO])).result is Result.POSTED
    assert books.flaws() == []


def test_a_closed_account_takes_nothing_and_does_not_open_again(books: Books) -> None:
    books.one(chain("a", pay(5)))
    not_empty = books.one(chain("b", pay(1, ALICE, BOB), closes=["alice"]))
    assert not_empty.result is Result.ACCOUNT_NOT_EMPTY
    closed = books.one(chain("c", pay(5, ALICE, BOB), closes=["alice"]))
    assert closed.result is Result.POSTED
    assert books.one(chain("d", pay(5), opens=[])).result is Result.ACCOUNT_CLOSED
    assert books.one(chain("e", pay(5))).result is Result.ACCOUNT_CLOSED
    assert books.flaws() == []


def test_only_an_open_account_without_anything_pending_is_closed(books: Books) -> None:
    books.one(chain("in", pay(5), kind=Kind.HOLD))
    results = books.post(
        chain("a", closes=["nobody"]),
        chain("b", closes=["alice"]),
        chain("c", closes=["nostro"]),
        chain("d", closes=["bob"]),
        chain("e", opens=[], closes=["bob", "nobody"]),
        chain("f", opens=[], closes=["bob"]),
        chain("g", opens=[], closes=["nobody", "no one"]),
    )
    assert [each.result for each in results] == [
        Result.ACCOUNT_UNKNOWN,
        Result.ACCOUNT_NOT_EMPTY,
        Result.ACCOUNT_NOT_EMPTY,
        Result.POSTED,
        Result.ACCOUNT_UNKNOWN,
        Result.ACCOUNT_CLOSED,
        Result.ACCOUNT_UNKNOWN,
    ]
    assert [each.failed_leg for each in results] == [None] * 7
    assert books.flaws() == []


def test_a_batch_made_for_another_head_is_stale(books: Books) -> None:
    books.one(chain("a", pay(1)))
    nothing = Entries(np.zeros(0, CHAIN_FORM), np.zeros(0, TRANSFER_FORM))
    second = GENESIS._replace(number=2, chains_digest=bytes(32), transfers_digest=bytes(32))
    change = insert.Change(
        nothing, Book(), GENESIS, second, (("transfers", 0),), np.zeros(0, np.int64), 0
    )
    with pytest.raises(StaleState, match="batch 0"), books.database.transaction() as conn:
        insert.write(conn, change)
    assert books.flaws() == []


def test_an_instant_without_its_zone_is_a_bug(books: Books) -> None:
    with pytest.raises(AssertionError):
        books.post(chain("a", pay(1)), at=datetime(2023, 1, 1, tzinfo=UTC).replace(tzinfo=None))


def test_ids_are_found_again(books: Books) -> None:
    books.one(chain("a", pay(100), draw(100, 500)))
    with books.database.transaction() as conn:
        stored = find_chain(conn, BANK, chain("a").id)
        assert find_chain(conn, BANK, UUID(int=1)) is None
    assert stored is not None
    assert stored.result.is_posted
    assert [(each.debit, each.credit, each.amount, each.cap) for each in stored.transfers] == [
        ("nostro", "alice", 100, None),
        ("quota source", "limit:loan", 100, 500),
    ]
