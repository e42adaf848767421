"""Many accounts, long histories, and names as short as they come change nothing."""

import sys
from datetime import timedelta

import numpy as np
import pytest

from ledger.books import ALICE, AT, BANK, CNY, NOSTRO, ON, Books, chain, pay
from ledger.forging import forgery
from qianhai.ledger import (
    AccountSpec,
    Balance,
    Leg,
    Result,
    balance_as_of,
    statement,
    verify,
)
from qianhai.ledger import batch as forms
from qianhai.ledger.book import NOWHERE, Book, KnownAccount
from qianhai.ledger.compiling import is_compilable, post, warm
from qianhai.ledger.digest import AccountState

#: More accounts than the arrays of the writer and of verify begin with.
MANY = [AccountSpec(f"account {number}", CNY, "settlement", "party-1") for number in range(2500)]


def test_a_ledger_of_thousands_of_accounts_is_booked_read_and_proven(books: Books) -> None:
    legs = [Leg(NOSTRO.name, spec.name, place + 1) for place, spec in enumerate(MANY)]
    assert books.one(chain("a", *legs, opens=[NOSTRO, *MANY])).is_posted
    other = Books(books.database)
    assert other.one(chain("b", *legs, opens=[])).is_posted
    assert books.one(chain("c", legs[-1], opens=[])).is_posted
    assert books.balance(MANY[7]) == Balance(16)
    assert books.balance(MANY[-1]) == Balance(3 * len(MANY))
    assert books.flaws() == []


def test_a_history_longer_than_what_is_read_at_once_is_proven_to_both_ends(books: Books) -> None:
    books.one(chain("open"))
    first = books.post(*(chain(f"{number}", pay(1), opens=[]) for number in range(30_000)))
    assert all(each.is_posted for each in first)
    assert books.one(chain("last", pay(1), opens=[])).is_posted
    assert books.flaws(books.head()) == []
    for seq in (3, 30_001):
        with forgery(books) as conn:
            conn.execute("update ledger.transfers set amount = 2 where seq = %s", (seq,))
            found = [flaw.place.line for flaw in verify(conn) if flaw.code == "L101"]
        assert found == [seq]


def test_an_institution_without_a_name_keeps_its_books_apart_too(books: Books) -> None:
    assert books.one(chain("a", pay(5), institution="")).is_posted
    assert books.one(chain("a", pay(7))).is_posted
    assert books.balance(ALICE, "") == Balance(5)
    assert not books.one(chain("a", pay(5), institution="")).first
    assert books.flaws() == []


def test_transfers_without_their_chains_are_named_each(books: Books) -> None:
    books.post(chain("a", pay(5)), chain("b", pay(6)))
    for forged in (
        "delete from ledger.chains",
        "update ledger.transfers set chain_id = gen_random_uuid()",
    ):
        with forgery(books) as conn:
            conn.execute(forged.encode())
            found = [flaw.place.line for flaw in verify(conn) if flaw.code == "L107"]
        assert found == [1, 2]


def test_a_name_that_is_not_open_may_come_many_times_in_a_batch(books: Books) -> None:
    nobody = AccountSpec("nobody", CNY, "settlement", "party-9")
    results = books.post(
        chain("a", Leg("nostro", "nobody", 1), Leg("nobody", "nostro", 1)),
        chain("b", pay(1, credit=nobody), expects=[("nobody", 0)]),
        chain("c", pay(1, credit=nobody), opens=[NOSTRO, nobody]),
        chain("d", pay(1, credit=nobody)),
    )
    assert [each.result for each in results] == [
        Result.ACCOUNT_UNKNOWN,
        Result.ACCOUNT_UNKNOWN,
        Result.POSTED,
        Result.POSTED,
    ]
    assert books.balance(nobody) == Balance(2)
    assert books.flaws() == []


def test_an_account_never_opened_has_no_statement_and_no_past(books: Books) -> None:
    books.one(chain("a", pay(5)))
    with books.database.transaction() as conn:
        assert statement(conn, BANK, "nobody") == []
        assert balance_as_of(conn, BANK, "nobody", 9) == Balance()


def test_the_writer_finds_an_account_in_its_book_by_name_and_by_number() -> None:
    book = Book()
    book.add_asset(1, BANK, CNY)
    empty = book.bytes
    for number in (5, 4000):
        spec = AccountSpec(f"account {number}", CNY, "settlement", "party-1", floor=0)
        state = AccountState(number, 0, 0, None, None)
        book.add_account(KnownAccount(number, BANK, 1, spec, state))
    row = book.row(BANK, "account 4000")
    assert book.rows(np.array([4000, 5, 6, -1, 10**9])).tolist() == [
        row,
        book.row(BANK, "account 5"),
        *[NOWHERE] * 3,
    ]
    assert book.accounts["balance"][row] == 4000
    assert book.row(BANK, "nobody") not in (row, NOWHERE)
    assert book.bytes > empty
    book.forget(np.array([4000]))
    assert book.rows(np.array([4000])).tolist() == [NOWHERE]


def test_a_kernel_that_is_warm_has_tried_nothing() -> None:
    warm()
    for is_compiled in (True, False, None):
        post(forms.empty_arrays(), 0, is_compiled=is_compiled)


def test_who_has_no_numba_has_nothing_to_warm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numba", None)
    assert not is_compilable()
    warm()


def test_a_month_ends_at_midnight_in_shanghai_and_each_has_its_partition(books: Books) -> None:
    midnight = AT.replace(hour=16, minute=0)  # of the first of July, in Shanghai
    books.one(chain("a", pay(1)), midnight - timedelta(microseconds=1))
    books.one(chain("b", pay(1)), midnight)
    with books.database.transaction() as conn:
        found = conn.execute(
            "select tableoid::regclass::text, ledger.posted_at(id), value_on"
            " from ledger.transfers order by seq"
        ).fetchall()
    assert found == [
        ("ledger.transfers_2023_06_0", midnight - timedelta(microseconds=1), ON),
        ("ledger.transfers_2023_07_0", midnight, ON),
    ]
    assert books.flaws() == []
