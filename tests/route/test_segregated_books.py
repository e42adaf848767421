"""Money crosses the books of offshore and free trade accounts by the allowed line alone."""

from datetime import date

import pytest

from qianhai.db import Database
from qianhai.kernel import Outcome, derived_id
from qianhai.ledger import AccountSpec, Asset, Chain, Kind, Leg, Submission
from qianhai.policy import Cell, Policy
from route.accounts_of_all_kinds import BANK, ask, balance, books, move, number, open_bank
from route.desk import DAY, Desk

FREE_TRADE, OFFSHORE = "free_trade_movement", "offshore_movement"


@pytest.fixture
def bank(database: Database, policy: Policy) -> Desk:
    return open_bank(database, policy)


def test_a_payment_between_two_books_passes_the_link_of_each(bank: Desk) -> None:
    answer = move(bank, "m1", FREE_TRADE, Cell("fte", "settlement", True, True), "250.00")
    assert answer.decision.outcome is Outcome.PERMITTED, answer.decision
    mine = f"account:{BANK}:{number('zone-firm', 'fte', 'CNY')}:CNY"
    theirs = f"account:{BANK}:{number('zone-firm', 'settlement', 'CNY')}"
    assert (balance(bank, mine), balance(bank, theirs)) == (99_975_000, 100_025_000)
    assert balance(bank, "link_ft:onshore:CNY") == 25_000
    assert balance(bank, "link_onshore:ft:CNY") == -25_000
    assert books(bank).flaws == ()


def test_every_permitted_movement_of_the_two_books_is_booked_and_each_balances_alone(
    bank: Desk, policy: Policy
) -> None:
    movements = policy.pack.movements
    assert movements
    booked = 0
    for at, (cell, row) in enumerate(sorted(movements.cells.items())):
        sides = {cell.debit, cell.credit}
        facility = FREE_TRADE if sides & {"fte", "ftn", "fti"} else OFFSHORE
        said = movements.rows[row]
        is_open = said.clause not in {"72b", "74d"}
        if said.word not in {"permit", "cross_border", "own_purposes"} or not is_open:
            continue
        if not sides & {"fte", "ftn", "fti", "osa"}:
            continue
        answer = move(bank, f"m{at}", facility, cell, "1.01")
        assert answer.decision.outcome is Outcome.PERMITTED, (cell, answer.decision.reasons)
        assert answer.ledger_result == "posted", (cell, answer.ledger_result)
        booked += 1
    assert booked > 90
    found = books(bank)
    assert found.flaws == ()
    assert {(line.book, line.asset) for line in found.lines} >= {
        (book, asset) for book in ("onshore", "ft", "offshore") for asset in ("CNY", "USD")
    } - {("offshore", "CNY")}
    assert all(line.debit > 0 for line in found.lines if line.book != "client")


def test_a_business_that_names_no_kind_does_not_reach_an_offshore_account(bank: Desk) -> None:
    facts = {
        "amount.amount": "10.00",
        "amount.currency": "USD",
        "is_genuine": "true",
        "equity_rate": "7.10",
    }
    bank.register(
        {"kind": "attribute", "party": "zone-firm", "name": "equity", "value.amount": "1000.00",
         "value.currency": "CNY"},
    )  # fmt: skip
    parties = {"lender": "zone-firm", "borrower": "hk-firm"}
    accounts = {"lender": number("zone-firm", "osa")}
    answer = ask(bank, "l1", "overseas_lending", "lend", parties, facts, accounts)
    assert answer.decision.outcome is Outcome.INCOMPLETE, answer.decision
    assert [one.fact for one in answer.decision.missing] == ["lender.account"]


def test_what_moves_past_the_links_is_found(bank: Desk) -> None:
    move(bank, "m1", OFFSHORE, Cell("osa", "settlement", True, False), "250.00")
    assert books(bank).flaws == ()
    usd = Asset("USD", 2, "money")
    osa = AccountSpec(
        f"account:{BANK}:{number('zone-firm', 'osa')}:USD", usd, "osa", "zone-firm", 0
    )
    plain = AccountSpec(
        f"account:{BANK}:{number('zone-firm', 'settlement')}", usd, "settlement", "zone-firm", 0
    )
    leg = Leg(osa.name, plain.name, 1)
    chain = Chain(
        derived_id("chain", "local", "x"), "local", Kind.POST, (leg,), DAY, opens=(osa, plain)
    )
    (result,) = bank.road.writer.submit([Submission(chain)], at=bank.now())
    assert result.is_posted
    found = books(bank)
    assert [(flaw.code, flaw.value) for flaw in found.flaws] == [
        ("L302", "-0.01"), ("L302", "0.01"), ("L303", "0.01"),
    ]  # fmt: skip


def test_links_that_do_not_agree_are_found(bank: Desk) -> None:
    usd = Asset("USD", 2, "money")
    link = AccountSpec("link_ft:offshore:USD", usd, "link_ft", "offshore")
    nostro = AccountSpec("ft_nostro:bank-1:USD", usd, "ft_nostro", "bank-1")
    leg = Leg(nostro.name, link.name, 700)
    chain = Chain(
        derived_id("chain", "local", "y"),
        "local",
        Kind.POST,
        (leg,),
        date(2025, 6, 30),
        opens=(link, nostro),
    )
    bank.road.writer.submit([Submission(chain)], at=bank.now())
    assert [(flaw.code, flaw.value) for flaw in books(bank).flaws] == [("L304", "7.00")]
