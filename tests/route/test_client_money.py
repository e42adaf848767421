"""Client money equals its reserve after every batch; both legs of the bridge settle or neither."""

import random
from collections.abc import Mapping

import pytest

from qianhai.instructions import Answer, Instruction
from qianhai.kernel import Outcome
from route.desk import Desk
from route.umbrella import balance

CLIENTS = ("client-1", "client-2", "client-3")
BASE = {"institution": "payco", "bank": "bank-1"}
SETTLING = {**BASE, "merchant": "shop"}
TRADING = {"payer": "payco", "taker": "shop", "issuer": "bank-1"}


def party(name: str, kind: str, place: str = "CN", **more: str) -> Mapping[str, str]:
    area = {"area": "original"} if place == "CN" else {}
    return {
        "kind": "party",
        "id": name,
        "type": kind,
        "jurisdiction": place,
        "name": name,
        **area,
        **more,
    }


def on_list(name: str, *lists: str) -> list[Mapping[str, str]]:
    return [{"kind": "qualification", "party": name, "name": one} for one in lists]


def account(number: str, holder: str, currency: str, kind: str = "settlement") -> Mapping[str, str]:
    return {
        "kind": "account",
        "number": number,
        "party": holder,
        "bank": "bank-1",
        "currency": currency,
        "account_kind": kind,
        "opening_balance": "1000.00",
    }


@pytest.fixture(autouse=True)
def _town(desk: Desk) -> None:
    desk.register(
        party("bank-1", "bank"),
        party("payco", "enterprise"),
        party("shop", "enterprise", "HK"),
        *(party(one, "enterprise") for one in CLIENTS),
        *on_list("payco", "payment_licence", "cross_border_payment", "bridge_participant"),
        *on_list("shop", "identity_verified", "bridge_participant"),
        *on_list("bank-1", "bridge_issuer"),
        *(row for one in CLIENTS for row in on_list(one, "identity_verified")),
        {
            "kind": "record",
            "record_kind": "cooperation_agreement",
            "id": "agreement-1",
            "attributes.institution": "payco",
            "attributes.bank": "bank-1",
        },
        {
            "kind": "record",
            "record_kind": "bridge_trade",
            "id": "trade-1",
            "attributes.payer": "payco",
            "attributes.taker": "shop",
            "attributes.given.amount": "90.00",
            "attributes.given.currency": "CNY",
            "attributes.taken.amount": "100.00",
            "attributes.taken.currency": "HKD",
        },
        *(account(f"620{at}", one, "CNY") for at, one in enumerate(CLIENTS)),
        account("6301", "payco", "CNY"),
        account("6302", "shop", "HKD"),
    )


def instruction(desk: Desk, number: int, dice: random.Random) -> Instruction:
    """Draw one instruction: a client's, or a batch that settles some of what is in transit."""
    action = dice.choice(("top_up", "pay", "pay", "withdraw", "credit", "settle", "settle"))
    amount = f"{dice.randint(1, 20000) / 100:.2f}"
    facts: dict[str, object] = {"amount.amount": amount, "amount.currency": "CNY"}
    if action in {"top_up", "settle"}:
        facts["agreement_id"] = "agreement-1"
    if action == "settle":
        facts["direction"] = dice.choice(("out", "out", "in"))
        facts["orders"] = [{"order": "1", "purpose": "goods", "amount": amount}]
        facility = "payment_institution_settlement"
        return desk.instruction(f"i{number}", facility, "settle_rmb", SETTLING, facts)
    roles = {**BASE, "client": dice.choice(CLIENTS)}
    if action == "pay":
        roles["merchant"], facts["purpose"] = "shop", "goods"
    return desk.instruction(f"i{number}", "payment_institution_payment", action, roles, facts)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_reserve_equals_what_is_owed_to_clients_after_every_batch(
    desk: Desk, seed: int
) -> None:
    dice, seen = random.Random(seed), set[str]()  # noqa: S311 - a day to try, nothing to guess
    for batch in range(6):
        asked = [instruction(desk, batch * 40 + at, dice) for at in range(40)]
        answers = list(desk.road.submit_many(iter(asked), now=desk.now))
        seen |= {f"{one.instruction.action} {one.decision.reasons[0].code}" for one in answers}
        owed = sum(balance(desk, f"payment_balance:{one}:CNY") for one in CLIENTS)
        owed += balance(desk, "payment_in_transit:payco:CNY")
        owed += balance(desk, "payment_received:payco:CNY")
        assert balance(desk, "client_reserve:payco:CNY") == owed
        assert balance(desk, "client_money_owed:payco:CNY") == -owed
    assert {"pay QH00", "pay AM04", "settle_rmb QH00", "settle_rmb AM04", "withdraw AM04"} <= seen


def test_no_other_business_pays_out_of_the_reserve(desk: Desk) -> None:
    desk.register(
        account("6309", "payco", "CNY", "client_reserve"),
        *on_list("payco", "know_client_current", "know_business_current", "due_diligence_current"),
        *on_list("payco", "quality_enterprise"),
        *on_list("bank-1", "pilot_54"),
    )
    facts = {
        "trade_kind": "goods",
        "direction": "payment",
        "amount.amount": "10.00",
        "amount.currency": "CNY",
        "has_statement": "true",
    }
    roles = {"enterprise": "payco", "bank": "bank-1", "counterparty": "shop"}

    def paid_from(number: str) -> Answer:
        plain = desk.instruction(
            f"t{number}", "trade_settlement_on_instruction", "settle", roles, facts
        )
        return desk.road.submit(
            Instruction(
                plain.id,
                plain.institution_id,
                plain.facility,
                plain.action,
                plain.value_on,
                plain.parties,
                {"enterprise": number},
                plain.facts,
            ),
            at=desk.now(),
        )

    assert paid_from("6301").decision.outcome is Outcome.PERMITTED
    assert balance(desk, "account:bank-1:6301") == 99000
    assert paid_from("6309").decision.outcome is not Outcome.PERMITTED
    assert balance(desk, "account:bank-1:6309") == 100000


def put_on_the_bridge(desk: Desk, holder: str, amount: str, currency: str) -> Outcome:
    money = {"amount.amount": amount, "amount.currency": currency}
    roles = {"payer": holder, "issuer": "bank-1"}
    answer = desk.submit(f"issue-{holder}", "bridge_transaction", "issue", roles, money)
    return answer.decision.outcome


def on_the_bridge(desk: Desk) -> tuple[int, int, int, int]:
    return (
        balance(desk, "bridge_balance:payco:CNY"),
        balance(desk, "bridge_balance:payco:HKD"),
        balance(desk, "bridge_balance:shop:CNY"),
        balance(desk, "bridge_balance:shop:HKD"),
    )


def trade(desk: Desk, number: str, action: str = "trade", **more: str) -> Answer:
    facts = {"trade_id": "trade-1", **more}
    return desk.submit(number, "bridge_transaction", action, TRADING, facts)


def test_a_trade_moves_both_legs_or_neither(desk: Desk) -> None:
    assert put_on_the_bridge(desk, "payco", "90.00", "CNY") is Outcome.PERMITTED
    assert put_on_the_bridge(desk, "shop", "99.99", "HKD") is Outcome.PERMITTED
    assert trade(desk, "b1").decision.reasons[0].code == "AM04"
    assert on_the_bridge(desk) == (9000, 0, 0, 9999)


def test_a_locked_trade_goes_back_whole_or_settles_whole_and_once(desk: Desk) -> None:
    put_on_the_bridge(desk, "payco", "90.00", "CNY")
    put_on_the_bridge(desk, "shop", "100.00", "HKD")
    assert trade(desk, "b1", "lock", settle_by="2025-07-02").decision.outcome is Outcome.PERMITTED
    assert trade(desk, "b2").decision.reasons[0].code == "AM14"
    back = desk.submit("b3", "bridge_transaction", "give_back", {}, {}, of="b1")
    assert back.decision.outcome is Outcome.PERMITTED
    assert on_the_bridge(desk) == (9000, 0, 0, 10000)
    assert trade(desk, "b4", "lock", settle_by="2025-07-02").decision.outcome is Outcome.PERMITTED
    done = desk.submit("b5", "bridge_transaction", "settle", {}, {}, of="b4")
    assert done.decision.outcome is Outcome.PERMITTED
    assert on_the_bridge(desk) == (0, 10000, 9000, 0)
    assert trade(desk, "b6").decision.reasons[0].code == "AM14"
