"""What a writer keeps between batches never changes what it answers."""

import logging

import psycopg
import pytest

from ledger.books import ALICE, AT, BOB, Books, chain, pay
from qianhai.db import Connection, Database
from qianhai.ledger import ChainResult, Result, Submission, book, session


def test_a_ledger_with_nothing_left_to_write_back_is_settled(books: Books) -> None:
    books.one(chain("a", pay(5)))
    books.writer.settle()
    assert books.balance(ALICE).balance == 5
    assert books.flaws() == []


def test_a_full_book_is_begun_again(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "ACCOUNTS_MAX", 3)
    for number in range(3):
        assert books.one(chain(str(number), pay(5), pay(1, ALICE, BOB))).is_posted
    assert (books.balance(ALICE).balance, books.balance(BOB).balance) == (12, 3)
    assert books.writer.memory_bytes > 0


def test_a_keeper_that_fails_says_so_and_stops_nobody(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    keeper = session.Session(database)
    database.close()
    with caplog.at_level(logging.WARNING, "qianhai.ledger"):
        keeper._keep("transfers_2023_06_1")
    assert "still without its index of accounts" in caplog.text


def test_a_records_own_duplicate_is_raised_to_its_caller(books: Books) -> None:
    def record(conn: Connection, _result: ChainResult) -> None:
        conn.execute("create table if not exists marks (id integer primary key)")
        conn.execute("insert into marks values (1), (1)")

    many = [Submission(chain(str(number), pay(1))) for number in range(40)]
    books.writer.submit(many, at=AT)
    again = books.writer.submit(many, at=AT)
    assert not any(result.first for result in again)
    for name in ("0", "new"):
        submission = Submission(chain(name, pay(1)), record)
        with pytest.raises(psycopg.errors.UniqueViolation):
            books.writer.submit([submission], at=AT)
    assert books.balance(ALICE).balance == 40
    assert books.one(chain("new", pay(1))).is_posted
    assert books.flaws() == []


def test_each_caller_of_a_shared_batch_is_given_its_own_results(books: Books) -> None:
    chains = [chain(name, pay(amount)) for name, amount in (("a", 1), ("b", 0), ("c", 3))]
    asked = [Submission(each) for each in chains]
    handed = [
        books.writer.hand_in(each, at=AT) for each in (asked[:2], [], asked[2:], [Submission(None)])
    ]
    results = [[result.result for result in each.result()] for each in handed]
    assert results == [
        [Result.POSTED, Result.AMOUNT_NOT_POSITIVE],
        [],
        [Result.POSTED],
        [Result.POSTED],
    ]
    assert books.head().batch == 1
