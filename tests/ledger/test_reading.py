"""Statements, balances of the past, accounts of a holder, and the head as a word."""

from datetime import timedelta

import pytest

from ledger.books import ALICE, AT, BANK, BOB, LOAN, NOSTRO, ON, SOURCE, Books, chain, draw, pay
from qianhai.ledger import (
    Balance,
    Head,
    Kind,
    accounts_of,
    balance_as_of,
    balances,
    seq_at,
    statement,
    value_days,
)


@pytest.fixture
def week(books: Books) -> Books:
    """Some days of business: transfers 1 to 6."""
    hours = [timedelta(hours=hour) for hour in range(6)]
    for hour, each in zip(
        hours,
        [
            chain("a", pay(100)),
            chain("h", pay(60, ALICE, BOB), draw(60, 90), kind=Kind.HOLD),
            chain("b", pay(5)),
            chain("c", kind=Kind.COMMIT, of="h", amounts=[50, 60]),
        ],
        strict=False,
    ):
        assert books.one(each, AT + hour).is_posted
    return books


def test_a_statement_lists_what_one_account_saw(week: Books) -> None:
    with week.database.transaction() as conn:
        lines = statement(conn, BANK, "alice")
        later = statement(conn, BANK, "alice", since_seq=2, until_seq=4)
    assert [
        (each.seq, each.kind, each.counterpart, each.amount, each.held, each.balance)
        for each in lines
    ] == [
        (1, Kind.POST, "nostro", 100, 0, 100),
        (2, Kind.HOLD, "bob", 0, -60, 100),
        (4, Kind.POST, "nostro", 5, 0, 105),
        (5, Kind.COMMIT, "bob", -50, 60, 55),
    ]
    assert [each.seq for each in later] == [4]
    assert (lines[0].posted_at, lines[0].value_on) == (AT, ON)


def test_a_balance_of_the_past_is_what_it_was(week: Books) -> None:
    with week.database.transaction() as conn:
        past = [balance_as_of(conn, BANK, "alice", seq) for seq in range(7)]
        limit = [balance_as_of(conn, BANK, "limit:loan", seq).used for seq in (2, 3, 6)]
        assert balance_as_of(conn, BANK, "nobody", 6) == Balance()
        now = balances(conn, BANK, ["alice"])["alice"]
    assert past[0] == Balance()
    assert past[1] == Balance(100)
    assert past[2] == past[3] == Balance(100, pending_out=60)
    assert past[4] == Balance(105, pending_out=60)
    assert past[5] == past[6] == now == Balance(55)
    assert limit == [0, 60, 60]


def test_an_instant_finds_the_last_transfer_posted_by_then(week: Books) -> None:
    with week.database.transaction() as conn:
        found = [seq_at(conn, AT + timedelta(minutes=minutes)) for minutes in (-1, 0, 59, 60, 999)]
    assert found == [0, 1, 1, 3, 6]


def test_a_holder_sees_accounts_and_limits(week: Books) -> None:
    with week.database.transaction() as conn:
        found = accounts_of(conn, BANK, "party-1")
        assert accounts_of(conn, "bank-2", "party-1") == []
    assert [each.spec.name for each in found] == ["alice", "vault", "limit:loan"]
    assert found[0].spec == ALICE
    assert found[2].balance == Balance(60, cap_seen=90)
    assert not found[0].is_closed


def test_an_account_never_opened_has_no_days(week: Books) -> None:
    with week.database.transaction() as conn:
        assert value_days(conn, BANK, "nobody") == []
        assert [line.on for line in value_days(conn, BANK, ALICE.name)] == [ON]


def test_balances_leave_out_what_was_never_opened(week: Books) -> None:
    with week.database.transaction() as conn:
        found = balances(conn, BANK, [NOSTRO.name, SOURCE.name, LOAN.name, "nobody"])
    assert {name: each.balance for name, each in found.items()} == {
        "nostro": -105,
        "quota source": -60,
        "limit:loan": 60,
    }


@pytest.mark.parametrize(
    "text",
    ["", "ledger-1", "journal-1-" + "00" * 32, "ledger-01-" + "00" * 32, "ledger-1-00"],
)
def test_a_text_that_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Head.parse(text)
