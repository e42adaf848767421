"""A sub-branch on the real plan: closed until the standard is there, recognised, and removed."""

from datetime import date, timedelta

import pytest

from qianhai.kernel import Outcome
from qianhai.policy import Decision
from route.desk import DAY, Desk

PARTY = {"kind": "party", "jurisdiction": "CN", "area": "original", "name": "某"}
TERMS = {
    "amount": "10000.00",
    "method": "bullet",
    "rate": "0.036",
    "first_on": DAY.isoformat(),
    "months": "3",
    "number": "4",
    "day_count": "act_360",
    "standard_id": "sz",
    "capital_id": "c1",
    "figures_id": "f1",
}
#: What measure 91 waits for, as it would be recorded.
INSTRUMENT = {
    "kind": "authorisation",
    "clause": "91a",
    "status": "in_force",
    "instrument": "notice",
    "number": "SZ-1",
    "issued_by": "regulator",
    "through": "109",
}


def on_file(kind: str, number: str, **told: str) -> dict[str, str]:
    row = {"kind": "record", "record_kind": kind, "id": number}
    return row | {f"attributes.{name.replace('__', '.')}": text for name, text in told.items()}


@pytest.fixture(autouse=True)
def _registered(desk: Desk) -> None:
    money = {"technology__currency": "CNY", "loans__currency": "CNY", "bad__currency": "CNY"}
    desk.register(
        *({**PARTY, "id": one, "type": "bank"} for one in ("bank-1", "branch")),
        {**PARTY, "id": "firm", "type": "enterprise"},
        {"kind": "qualification", "party": "bank-1", "name": "commercial_bank"},
        {"kind": "qualification", "party": "firm", "name": "sci_tech_enterprise"},
        on_file("branch_standard", "sz", share="0.5", staff="5", tolerance="0.05"),
        on_file("branch_figures", "f1", branch="branch", staff="5", **money)
        | {"attributes.technology.amount": "50000.00", "attributes.loans.amount": "100000.00"}
        | {"attributes.bad.amount": "2500.00"},
        on_file("branch_capital", "c1", branch="branch")
        | {"attributes.amount.amount": "10000.00", "attributes.amount.currency": "CNY"},
        {"kind": "account", "number": "1", "party": "firm", "bank": "bank-1", "currency": "CNY"}
        | {"account_kind": "settlement", "opening_balance": "0.00"},
    )


def recognise(desk: Desk, number: str) -> Decision:
    who, facts = {"bank": "bank-1", "branch": "branch"}, {"standard_id": "sz", "figures_id": "f1"}
    return desk.submit(number, "sci_tech_branch_recognition", "recognise", who, facts).decision


def lend(desk: Desk, number: str, on: date = DAY) -> Decision:
    who = {"bank": "bank-1", "branch": "branch", "borrower": "firm"}
    return desk.submit(number, "sci_tech_loan", "lend", who, TERMS, on=on).decision


def test_recognition_opens_by_an_instrument_and_ends_by_removal(desk: Desk) -> None:
    closed = recognise(desk, "r1")
    assert (closed.outcome, closed.reasons[0].code) == (Outcome.REFUSED, "AG01")
    assert lend(desk, "l0").outcome is Outcome.ORDINARY
    desk.register(INSTRUMENT)
    assert recognise(desk, "r2").outcome is Outcome.PERMITTED
    assert recognise(desk, "r3").outcome is Outcome.REFUSED  # it is on the register
    assert lend(desk, "l1").outcome is Outcome.PERMITTED
    assert lend(desk, "l2").outcome is Outcome.ORDINARY  # its funds are used up
    tomorrow = DAY + timedelta(1)
    removal = {"branch.resigns": "true"}
    removed = desk.submit(
        "x1", "sci_tech_branch_recognition", "remove", {}, removal, of="r2", on=tomorrow
    )
    assert removed.decision.outcome is Outcome.PERMITTED, removed.decision.reasons
    later = lend(desk, "l3", tomorrow)
    assert later.outcome is Outcome.ORDINARY
    assert "recognised" in {one.id for one in later.conditions if one.value is False}
