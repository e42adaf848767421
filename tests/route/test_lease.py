"""A ship under a finance lease on the real plan: bought, leased, paid rent by rent, ended."""

from collections.abc import Mapping
from datetime import date

import pytest

from qianhai import journal, ledger
from qianhai.kernel import Outcome
from qianhai.policy import Decision
from qianhai.registers import Register
from route.desk import DAY, Desk

PARTY = {"kind": "party", "jurisdiction": "CN", "area": "outside"}
LESSOR = {**PARTY, "id": "lessor", "type": "enterprise", "name": "租赁公司"}
OWNER = {"kind": "record", "record_kind": "title_entry", "id": "ship-1", "attributes.thing": "ship"}
WHO = {"lessor": "lessor", "supplier": "yard", "lessee": "carrier", "tax_office": "office"}
#: IFRS 16, illustrative example 13: ten yearly rents of 50,000 in advance at 5 per cent.
TERMS = {
    "thing_id": "ship-1",
    "price.amount": "405391.08",
    "price.currency": "CNY",
    "residual": "0.00",
    "rate": "0.05",
    "first_on": DAY.isoformat(),
    "months": "12",
    "number": "10",
    "timing": "advance",
    "day_count": "whole_months",
    "tax_id": "none",
}


def account(party: str, number: str, opening: str) -> dict[str, str]:
    row = {"kind": "account", "number": number, "party": party, "bank": "bank-1"}
    return row | {"currency": "CNY", "account_kind": "settlement", "opening_balance": opening}


@pytest.fixture(autouse=True)
def _registered(desk: Desk) -> None:
    desk.register(
        {**LESSOR, "area": "original"},
        *({**PARTY, "id": one, "type": "enterprise", "name": one} for one in ("yard", "carrier")),
        {**PARTY, "id": "office", "type": "institution", "name": "税务局"},
        {**PARTY, "id": "bank-1", "type": "bank", "name": "某银行"},
        {"kind": "attribute", "party": "lessor", "name": "home", "value": "shenzhen"},
        {"kind": "attribute", "party": "lessor", "name": "net_assets"}
        | {"value.amount": "1000000.00", "value.currency": "CNY"},
        {"kind": "qualification", "party": "lessor", "name": "finance_leasing_company"},
        OWNER
        | {"attributes.owner": "yard", "attributes.value.amount": "405391.08"}
        | {"attributes.value.currency": "CNY"},
        {"kind": "record", "record_kind": "lease_tax", "id": "none", "attributes.rate": "0"},
        account("lessor", "1", "1000000.00"),
        account("carrier", "2", "1000000.00"),
        account("yard", "3", "0.00"),
        account("office", "4", "0.00"),
    )


def lease(desk: Desk, as_id: str = "l1", **facts: str) -> Decision:
    return desk.submit(as_id, "finance_lease", "lease", WHO, {**TERMS, **facts}).decision


def later(
    desk: Desk, number: str, action: str, facts: Mapping[str, str], on: date = DAY
) -> Decision:
    return desk.submit(number, "finance_lease", action, {}, facts, of="l1", on=on).decision


def rent(desk: Desk, line: int, paid: str, on: date) -> Decision:
    return later(desk, f"r{line}-{paid}", "pay_rent", {"line": str(line), "paid": paid}, on)


def money(desk: Desk) -> list[str]:
    """Balances of lessor, carrier and yard, in minor units."""
    names = [f"account:bank-1:{number}" for number in "123"]
    with desk.database.transaction() as conn:
        found = ledger.balances(conn, "local", names)
    return [f"{found[name].balance / 100:.2f}" for name in names]


def owner(desk: Desk, on: date) -> object:
    with desk.database.transaction() as conn:
        record = Register(conn, "local", on, desk.now()).records("title_entry", ["ship-1"])
    found = record["ship-1"]
    return found and found.attributes["owner"]


def test_rents_in_advance_are_those_of_the_standard_and_the_title_passes_at_the_end(
    desk: Desk,
) -> None:
    assert lease(desk).outcome is Outcome.PERMITTED
    assert money(desk) == ["594608.92", "1000000.00", "405391.08"]
    assert owner(desk, DAY) == "lessor"
    for line in range(1, 10):
        paid = rent(desk, line, "50000.00", date(2024 + line, 6, 30))
        assert paid.outcome is Outcome.PERMITTED, (line, paid.reasons)
    end = date(2034, 6, 30)
    early = later(desk, "t0", "transfer_title", {}, end)
    assert early.outcome is Outcome.REFUSED
    # The last rent takes what rounding left over in ten years: a cent.
    assert rent(desk, 10, "50000.00", end).outcome is Outcome.REFUSED
    assert rent(desk, 10, "49999.99", end).outcome is Outcome.PERMITTED
    assert later(desk, "t1", "transfer_title", {}, end).outcome is Outcome.PERMITTED
    assert owner(desk, end) == "carrier"
    assert money(desk) == ["1094608.91", "500000.01", "405391.08"]


def test_a_thing_is_under_one_lease_at_a_time(desk: Desk) -> None:
    lease(desk)
    again = lease(desk, "l2")
    assert again.outcome is Outcome.REFUSED
    assert {one.code for one in again.reasons} == {"RR04"}  # the yard is no longer its owner
    desk.register(
        OWNER
        | {"since": "2025-06-30", "attributes.owner": "yard"}
        | {"attributes.value.amount": "405391.08", "attributes.value.currency": "CNY"}
    )
    third = lease(desk, "l3")  # whatever the title register says
    assert (third.outcome, third.reasons[0].code) == (Outcome.REFUSED, "AM14")
    assert third.reasons[0].data["limit"] == "title"


def test_an_early_end_in_arrears_with_a_residual_pays_to_the_cent(desk: Desk) -> None:
    terms = {"timing": "arrears", "residual": "100000.00", "months": "3", "number": "8"}
    assert lease(desk, **terms, day_count="act_360").outcome is Outcome.PERMITTED
    assert rent(desk, 1, "41651.08", date(2025, 9, 30)).outcome is Outcome.PERMITTED
    end = date(2025, 11, 14)
    facts = {"ended.fee": "500.00"}
    wrong = later(desk, "e0", "end_early", {**facts, "paid": "371725.76"}, end)
    assert wrong.outcome is Outcome.REFUSED
    ended = later(desk, "e1", "end_early", {**facts, "paid": "371725.75"}, end)
    assert ended.outcome is Outcome.PERMITTED, ended.reasons
    assert owner(desk, end) == "carrier"
    assert rent(desk, 2, "41651.08", date(2025, 12, 30)).outcome is Outcome.REFUSED


def test_books_and_journal_prove_the_lease(desk: Desk) -> None:
    lease(desk)
    rent(desk, 1, "50000.00", DAY)
    with desk.database.transaction() as conn:
        assert list(ledger.verify(conn)) == []
        assert list(journal.verify(conn)) == []
