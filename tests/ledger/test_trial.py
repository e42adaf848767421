"""The trial balance adds up, also while accounts are not yet written back, and tells when not."""

from pathlib import Path

import numpy as np
import pytest

from ledger.books import AT, BANK, EVERYONE, LOAN, Books, chain, draw, named, pay
from qianhai.ledger import Kind, LegColumns, trial_balance, uneven


@pytest.fixture
def tail(books: Books) -> Books:
    """A ledger with transfers that no account's row includes yet, with caps and a hold."""
    books.post(chain("a", pay(500)), chain("d", draw(70, 900)), chain("h", pay(20), kind=Kind.HOLD))
    with books.database.transaction() as conn:
        ids = dict(conn.execute("select name, id from ledger.accounts").fetchall())
    many = 3_000
    capped = np.full(many, np.iinfo(np.int64).min)
    capped[-1] = 1_000
    credits_ = np.full(many, ids["bob"])
    debits = np.full(many, ids["nostro"])
    credits_[-1], debits[-1] = ids["limit:loan"], ids["quota source"]
    legs = LegColumns.of(
        chain_id=np.frombuffer(
            b"".join(named(f"tail {n}").bytes for n in range(many)), "V16"
        ),
        debit_account_id=debits, credit_account_id=credits_, amount=1, value_on=8400, cap=capped,
    )  # fmt: skip
    assert books.writer.post(legs, institution_id=BANK, at=AT).counts() == {"posted": many}
    with books.database.transaction() as conn:
        settled = conn.execute("select settled < transfer_last from ledger.heads").fetchone()
    assert settled == (True,)
    return books


def test_both_sides_of_each_asset_are_the_same(tail: Books) -> None:
    with tail.database.transaction() as conn:
        lines = trial_balance(conn, BANK)
    figures = [
        (one.asset, one.kind, one.accounts, one.debit, one.credit, one.balance, one.pending_in,
         one.pending_out)
        for one in lines
    ]  # fmt: skip
    assert figures == [
        ("CNY", None, 3, 3499, 3499, 0, 20, 20),
        ("HKD", None, 1, 0, 0, 0, 0, 0),
        ("quota.CNY", None, 3, 71, 71, 0, 0, 0),
    ]
    assert uneven(lines) == []


def test_kinds_of_accounts_come_before_their_asset(tail: Books) -> None:
    with tail.database.transaction() as conn:
        lines = trial_balance(conn, BANK, by_kind=True)
    assert [(one.asset, one.kind) for one in lines] == [
        ("CNY", "nostro"), ("CNY", "settlement"), ("CNY", None),
        ("HKD", "settlement"), ("HKD", None),
        ("quota.CNY", "limit"), ("quota.CNY", "limit_source"), ("quota.CNY", None),
    ]  # fmt: skip
    assert lines[0].balance == -3499
    assert uneven(lines) == []


def test_all_balances_at_once_are_those_of_each(tail: Books) -> None:
    query = (
        "select name, balance, pending_in, pending_out, cap_seen, closed_by from ledger.{}"
        " order by account_id"
    )
    with tail.database.transaction() as conn:
        each = conn.execute(query.format("balances").encode()).fetchall()
        all_ = conn.execute(query.format("all_balances").encode()).fetchall()
        use = conn.execute(
            'select used, cap_seen, "left", is_over_cap from ledger.limit_use where name = %s',
            (LOAN.name,),
        ).fetchone()
    assert all_ == each
    assert len(all_) == len(EVERYONE)
    assert use == (71, 1_000, 929, False)


def test_books_that_do_not_add_up_are_told(tail: Books) -> None:
    with tail.database.transaction() as conn:
        conn.execute("update ledger.accounts set balance = balance + 7 where name = 'bob'")
        conn.execute("update ledger.accounts set pending_in = 3 where name = 'vault'")
        flaws = uneven(trial_balance(conn, BANK, by_kind=True))
    assert [(one.code, one.place.column, one.value) for one in flaws] == [
        ("L301", "CNY", "0.07"),
        ("L301", "HKD", "0.03"),
    ]
    assert all(one.zh.endswith("。") for one in flaws)


def test_views_speak_in_words(tail: Books, tmp_path: Path) -> None:
    assert tmp_path
    tail.one(chain("poor", pay(10**9, EVERYONE[1], EVERYONE[2])))
    with tail.database.transaction() as conn:
        holds = conn.execute(
            "select chain_id, debit, credit, asset, held, age_days > 1000, is_expired"
            " from ledger.open_holds"
        ).fetchall()
        said = conn.execute(
            "select kind, result, debit, credit, amount, failed_leg from ledger.postings"
            " where chain_id in (%s, %s) order by chain_seq",
            (named("a"), named("poor")),
        ).fetchall()
    assert holds == [(named("h"), "nostro", "alice", "CNY", 20, True, None)]
    assert said == [
        ("post", "posted", "nostro", "alice", 500, None),
        ("post", "floor_passed", None, None, None, 0),
    ]
