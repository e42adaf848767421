"""Green loans on the real plan: a margin that moves with targets, a pledge that is called."""

from collections.abc import Mapping
from datetime import date

import pytest

from qianhai import journal, ledger
from qianhai.kernel import Outcome
from qianhai.policy import Decision
from qianhai.registers import Register
from route.desk import DAY, Desk

PARTY = {"kind": "party", "jurisdiction": "CN", "area": "original", "type": "enterprise"}
WHO = {"bank": "bank-1", "borrower": "plant", "payee": "builder", "certifier": "verifier"}
RIGHT = {
    "kind": "record",
    "record_kind": "emission_right",
    "id": "cea",
    "attributes.owner": "plant",
}
FIRST_DUE = date(2025, 7, 30)
#: The reference of the spreadsheet function PMT: 10,000 at 8 per cent in ten months.
TERMS = {
    "project_id": "wind",
    "right_id": "cea",
    "amount": "10000.00",
    "method": "annuity",
    "rate": "0.08",
    "first_on": DAY.isoformat(),
    "months": "1",
    "number": "10",
    "day_count": "whole_months",
}


def on_file(kind: str, number: str, **told: str) -> dict[str, str]:
    row = {"kind": "record", "record_kind": kind, "id": number}
    return row | {f"attributes.{name}": text for name, text in told.items()}


def worth(amount: str, since: str = "2020-01-01") -> dict[str, str]:
    value = {"attributes.value.amount": amount, "attributes.value.currency": "CNY"}
    return RIGHT | value | {"since": since}


def account(party: str, number: str, opening: str) -> dict[str, str]:
    row = {"kind": "account", "number": number, "party": party, "bank": "bank-1"}
    return row | {"currency": "CNY", "account_kind": "settlement", "opening_balance": opening}


@pytest.fixture(autouse=True)
def _registered(desk: Desk) -> None:
    desk.register(
        *({**PARTY, "id": one, "name": one} for one in ("plant", "builder", "verifier")),
        {**PARTY, "id": "bank-1", "type": "bank", "name": "某银行"},
        {**PARTY, "id": "academy", "type": "institution", "name": "研究院"},
        {"kind": "ownership", "owner": "academy", "owned": "verifier", "share": "1"},
        {"kind": "qualification", "party": "bank-1", "name": "lending_licence"},
        {"kind": "qualification", "party": "verifier", "name": "green_verifier"},
        on_file("green_product", "slb", product="sustainability_linked", base="0.08", step="0.01"),
        on_file("green_product", "pledge", product="emission_pledge", advance_rate="0.8"),
        on_file("green_project", "wind"),
        on_file("project_contract", "k1", project="wind"),
        on_file("indicator_report", "r1", verifier="verifier", borrower="plant")
        | {"attributes.met": "0", "attributes.missed": "2"},
        worth("12500.00"),
        account("plant", "1", "20000.00"),
        account("builder", "2", "0.00"),
    )


def lend(desk: Desk, as_id: str, product: str) -> Decision:
    facts = {**TERMS, "product_id": product}
    return desk.submit(as_id, "green_loan", "lend", WHO, facts).decision


def later(
    desk: Desk, number: str, action: str, facts: Mapping[str, str], on: date = FIRST_DUE
) -> Decision:
    return desk.submit(number, "green_loan", action, {}, facts, of="g1", on=on).decision


def test_the_margin_moves_with_verified_targets_and_the_next_instalment_with_it(
    desk: Desk,
) -> None:
    assert lend(desk, "g1", "slb").outcome is Outcome.PERMITTED
    facts = {"line": "1", "report_id": "r1"}
    early = later(desk, "m0", "reset_margin", facts)
    assert early.outcome is Outcome.REFUSED  # before the first instalment is paid
    paid = later(desk, "p1", "pay", {"line": "1", "paid": "1037.03"})
    assert paid.outcome is Outcome.PERMITTED, paid.reasons
    assert later(desk, "m1", "reset_margin", facts).outcome is Outcome.PERMITTED
    again = later(desk, "m2", "reset_margin", facts)
    assert again.outcome is Outcome.REFUSED  # a report moves it once
    # Two targets missed: 9,029.64 at 10 per cent in nine months, 1,045.56 each.
    august = date(2025, 8, 30)
    assert later(desk, "p2", "pay", {"line": "1", "paid": "1037.03"}, august).outcome is (
        Outcome.REFUSED
    )
    assert later(desk, "p3", "pay", {"line": "1", "paid": "1045.56"}, august).outcome is (
        Outcome.PERMITTED
    )


def test_a_fall_of_the_pledge_is_called_to_the_cent_and_put_up(desk: Desk) -> None:
    assert lend(desk, "g1", "pledge").outcome is Outcome.PERMITTED
    double = lend(desk, "g2", "pledge")
    assert (double.outcome, double.reasons[0].code) == (Outcome.REFUSED, "AM14")
    covered = later(desk, "c0", "call_margin", {"called": "0.01"})
    assert covered.outcome is Outcome.REFUSED
    desk.register(worth("11111.12", FIRST_DUE.isoformat()))  # covers 8,888.896
    assert later(desk, "c1", "call_margin", {"called": "1111.10"}).outcome is Outcome.REFUSED
    assert later(desk, "c2", "call_margin", {"called": "1111.11"}).outcome is Outcome.PERMITTED
    assert later(desk, "c3", "call_margin", {"called": "1111.11"}).outcome is Outcome.REFUSED
    assert later(desk, "u1", "put_up", {"put_up": "1111.11"}).outcome is Outcome.PERMITTED
    back = later(desk, "b1", "return_margin", {"returned": "0.01"})
    assert back.outcome is Outcome.REFUSED
    spent = later(desk, "s1", "spend", {"contract_id": "k1", "spent": "9000.00"})
    assert spent.outcome is Outcome.PERMITTED, spent.reasons
    whole = later(desk, "e1", "repay_early", {"paid": "10066.67"})
    assert whole.outcome is Outcome.REFUSED  # the first instalment is due this day
    assert later(desk, "p1", "pay", {"line": "1", "paid": "1037.03"}).outcome is Outcome.PERMITTED
    assert later(desk, "e2", "repay_early", {"paid": "9029.64"}).outcome is Outcome.PERMITTED
    back = later(desk, "b2", "return_margin", {"returned": "1111.11"})
    assert back.outcome is Outcome.PERMITTED
    assert later(desk, "l1", "lift_pledge", {}).outcome is Outcome.PERMITTED
    with desk.database.transaction() as conn:
        register = Register(conn, "local", FIRST_DUE, desk.now())
        assert register.records("right_pledge", ["cea"])["cea"] is None
        money = ledger.balances(conn, "local", ["account:bank-1:1", "account:bank-1:2"])
        assert {name: one.balance for name, one in money.items()} == {
            "account:bank-1:1": 2_000_000 - 103_703 - 902_964,
            "account:bank-1:2": 900_000,
        }
    with desk.database.transaction() as conn:
        assert list(ledger.verify(conn)) == []
        assert list(journal.verify(conn)) == []
    assert lend(desk, "g3", "pledge").outcome is Outcome.PERMITTED  # the right is free again
