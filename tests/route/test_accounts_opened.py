"""Accounts are opened and closed by business: on the register and in the ledger, or not at all."""

import pytest

from qianhai.db import Database
from qianhai.instructions import Answer
from qianhai.kernel import Outcome, derived_id
from qianhai.ledger import AccountSpec, Asset, Chain, Kind, Submission
from qianhai.policy import Policy
from route.accounts_of_all_kinds import BANK, ask, balance, books, number, open_bank
from route.desk import DAY, Desk

NUMBER = "FTE-900"
OPENING = {"rules_id": "rules-1", "account_kind": "fte", "number": NUMBER, "currency": "CNY"}
NAME = f"account:{BANK}:{NUMBER}"


@pytest.fixture
def bank(database: Database, policy: Policy) -> Desk:
    return open_bank(database, policy)


def open_account(desk: Desk, name: str, **facts: str) -> Answer:
    said = OPENING | facts
    return ask(desk, name, "free_trade_account", "open", {"holder": "zone-firm"}, said)


def pay_in(desk: Desk, name: str, amount: str, currency: str = "CNY") -> Answer:
    facts = {
        "amount.amount": amount, "amount.currency": currency, "route": "from_overseas",
        "rules_id": "rules-1",
    }  # fmt: skip
    parties = {"payer": "hk-firm", "payee": "zone-firm"}
    return ask(desk, name, "free_trade_movement", "move", parties, facts, {"payee": NUMBER})


def close(desk: Desk, name: str, of: str = "open") -> Answer:
    facts = {"closing_is_signed": "true"}
    return ask(desk, name, "free_trade_account", "close", {}, facts, of=of)


def empty(desk: Desk, name: str, amount: str, currency: str) -> Answer:
    facts = {
        "amount.amount": amount, "amount.currency": currency, "route": "to_overseas",
        "rules_id": "rules-1",
    }  # fmt: skip
    parties = {"payer": "zone-firm", "payee": "hk-firm"}
    return ask(desk, name, "free_trade_movement", "move", parties, facts, {"payer": NUMBER})


def test_an_account_that_was_opened_is_used_at_once_in_every_currency(bank: Desk) -> None:
    assert open_account(bank, "open").decision.outcome is Outcome.PERMITTED
    for name, currency in (("in", "CNY"), ("in2", "USD")):
        answer = pay_in(bank, name, "80.00", currency)
        assert answer.decision.outcome is Outcome.PERMITTED, answer.decision
    assert (balance(bank, f"{NAME}:CNY"), balance(bank, f"{NAME}:USD")) == (8000, 8000)
    assert books(bank).flaws == ()


def test_a_number_is_opened_once(bank: Desk) -> None:
    taken = open_account(bank, "open", number=number("hk-firm", "osa"))
    assert taken.decision.outcome is Outcome.REFUSED
    assert [c.id for c in taken.decision.conditions if c.value is False] == ["number_free"]
    first = ask(bank, "one", "free_trade_account", "open", {"holder": "zone-firm"}, OPENING)
    again = open_account(bank, "two")
    assert [one.decision.outcome for one in (first, again)] == [Outcome.PERMITTED, Outcome.REFUSED]


def test_what_the_opening_needs_is_asked_for(bank: Desk) -> None:
    facts = {name: text for name, text in OPENING.items() if name != "currency"}
    answer = ask(bank, "open", "free_trade_account", "open", {"holder": "zone-firm"}, facts)
    assert answer.decision.outcome is Outcome.INCOMPLETE
    assert [one.fact for one in answer.decision.missing] == ["currency"]


def test_the_ledger_holds_a_number_to_its_first_holder(bank: Desk) -> None:
    """What two banks' clerks do at once: the number is in the books before the register has it."""
    cny = Asset("CNY", 2, "money")
    theirs = AccountSpec(f"{NAME}:CNY", cny, "fte", "hk-firm", 0)
    chain = Chain(derived_id("chain", "local", "x"), "local", Kind.POST, (), DAY, opens=(theirs,))
    (result,) = bank.road.writer.submit([Submission(chain)], at=bank.now())
    assert result.is_posted
    late = open_account(bank, "open")
    assert [one.code for one in late.decision.reasons] == ["AC01"]
    with bank.database.transaction() as conn:
        found = conn.execute("select 1 from registers.accounts where number = %s", (NUMBER,))
        assert found.fetchone() is None


def test_an_account_with_money_in_any_currency_is_not_closed(bank: Desk) -> None:
    open_account(bank, "open")
    pay_in(bank, "in", "80.00", "USD")
    refused = close(bank, "close")
    assert refused.decision.outcome is Outcome.REFUSED
    assert [one.code for one in refused.decision.reasons] == ["QH07"]
    empty(bank, "out", "80.00", "USD")
    closed = close(bank, "close2")
    assert closed.decision.outcome is Outcome.PERMITTED, closed.decision
    assert closed.ledger_result == "posted"
    late = pay_in(bank, "late", "1.00")
    assert [one.code for one in late.decision.reasons] == ["AC04"]


def test_a_closed_account_is_on_the_register_until_its_last_day(bank: Desk) -> None:
    open_account(bank, "open")
    close(bank, "close")
    with bank.database.transaction() as conn:
        rows = conn.execute(
            "select since, until from registers.accounts where number = %s order by known_since",
            (NUMBER,),
        ).fetchall()
    assert rows == [(DAY, None), (DAY, DAY)]
