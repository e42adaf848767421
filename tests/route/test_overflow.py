"""An amount that a conversion lifts beyond what an account can hold is refused, not wrapped."""

from qianhai.kernel import Outcome
from route.desk import Desk


def test_an_amount_no_account_can_hold_is_refused_with_its_reason(desk: Desk) -> None:
    party = {"kind": "party", "jurisdiction": "CN", "area": "original"}
    desk.register(
        {**party, "id": "firm", "type": "enterprise", "name": "某公司"},
        {**party, "id": "abroad", "type": "enterprise", "name": "某子公司", "jurisdiction": "HK"},
        {**party, "id": "bank-1", "type": "bank", "name": "某银行"},
        {
            "kind": "attribute",
            "party": "firm",
            "name": "equity",
            "value.amount": "90000000000000000.00",
            "value.currency": "CNY",
        },
    )
    answer = desk.submit(
        "a1",
        "overseas_lending",
        "lend",
        {"lender": "firm", "borrower": "abroad", "bank": "bank-1"},
        {
            "amount.amount": "90000000000000000.00",
            "amount.currency": "USD",
            "equity_rate": "7.1",
            "is_genuine": "true",
        },
    )
    assert answer.decision.outcome is Outcome.REFUSED
    assert answer.decision.reasons[0].code == "AM12"
