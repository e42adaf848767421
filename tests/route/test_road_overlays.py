"""Standing conditions on an account kind follow the account, whatever business debits it."""

import json

import pytest

from qianhai.instructions import Answer
from qianhai.kernel import Outcome
from route.desk import Desk
from route.resale import offer, open_shop
from route.umbrella import balance

DEPOSIT = "account:bank-1:7200002"
TAGGED = "time_deposit:firm:CNY"


@pytest.fixture(autouse=True)
def _shop(desk: Desk) -> None:
    open_shop(desk)


def pay_from_deposit(desk: Desk, number: str, **given: str) -> Answer:
    return offer(desk, number, accounts={"buyer": "7200002"}, given=given)


def test_an_account_of_another_kind_is_not_asked(desk: Desk) -> None:
    answer = offer(desk, "n1", without=("is_wet",))
    assert answer.decision.outcome is Outcome.PERMITTED, answer.decision
    assert not [c for c in answer.decision.conditions if c.id.startswith("dry_tag")]


def test_the_tag_travels_to_the_credited_side(desk: Desk) -> None:
    answer = pay_from_deposit(desk, "n1", dry_days="3")
    assert answer.decision.outcome is Outcome.PERMITTED, answer.decision
    shown = {c.id: c.value for c in answer.decision.conditions if c.id.startswith("dry_tag.")}
    assert shown == {"dry_tag.clause_open": True, "dry_tag.dry": True, "dry_tag.dried": True}
    assert balance(desk, DEPOSIT) == 7000
    assert balance(desk, TAGGED) == 3000
    assert balance(desk, "account:bank-1:6200001") == 10000


def test_what_carries_the_tag_is_asked_again_when_it_pays(desk: Desk) -> None:
    pay_from_deposit(desk, "n1", dry_days="3")
    turned = {"seller": "group", "buyer": "firm", "bank": "bank-1"}
    amount = {"price.amount": "10.00"}
    wet = offer(desk, "n2", "spend", parties=turned, accounts={}, given=amount | {"is_wet": "true"})
    assert wet.decision.outcome is Outcome.REFUSED
    assert wet.decision.alerts == ("dry",)
    dry = offer(desk, "n3", "spend", parties=turned, accounts={}, given=amount | {"dry_days": "1"})
    assert dry.decision.outcome is Outcome.PERMITTED, dry.decision
    assert balance(desk, TAGGED) == 2000


def test_a_tag_that_does_not_travel_leaves_the_credit_where_it_was(desk: Desk) -> None:
    desk.register({"kind": "qualification", "party": "group", "name": "dry_list"})
    answer = pay_from_deposit(desk, "n1", is_wet="true")
    assert answer.decision.outcome is Outcome.PERMITTED, answer.decision
    assert balance(desk, TAGGED) == 0
    assert balance(desk, "account:bank-1:6200001") == 13000


def test_an_overlay_refuses_with_its_own_reason_and_posts_nothing(desk: Desk) -> None:
    answer = pay_from_deposit(desk, "n1", is_wet="true", dry_days="1")
    decision = answer.decision
    assert decision.outcome is Outcome.REFUSED
    assert [(r.code, r.data["condition"]) for r in decision.reasons] == [("RR04", "dry")]
    assert decision.alerts == ("dry",)
    assert decision.reports == ()
    assert balance(desk, DEPOSIT) == 10000
    with desk.database.transaction() as conn:
        rows = conn.execute("select kind, name from instructions.outbox").fetchall()
    assert rows == [("alert", "dry")]


def test_an_overlay_that_lacks_a_fact_names_it_with_its_document(desk: Desk) -> None:
    answer = pay_from_deposit(desk, "n1")
    assert answer.decision.outcome is Outcome.INCOMPLETE
    missing = [(one.fact, one.document) for one in answer.decision.missing]
    assert missing == [("dry_days", "freight_invoice")]
    assert balance(desk, DEPOSIT) == 10000


def test_a_decision_keeps_the_facts_its_overlays_saw(desk: Desk) -> None:
    desk.register({"kind": "qualification", "party": "firm", "name": "umbrella_list"})
    pay_from_deposit(desk, "n1", dry_days="3")
    with desk.database.transaction() as conn:
        ((sent, seen),) = conn.execute(
            "select i.facts, d.facts from instructions.instructions i, instructions.decisions d"
        ).fetchall()
    kept = json.loads(sent) | json.loads(seen)
    assert kept["dry_days"] == "3"
    # The business has a list of its own under this name, so that the overlay's stands beside it.
    assert kept["is_listed"] is True
    assert kept["dry_tag.is_listed"] is False
