"""Who takes part in the reselling of umbrellas, and what its senders write."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from qianhai.instructions import Answer, Instruction
from qianhai.instructions.interpret import declared_facts
from qianhai.kernel import Place
from qianhai.policy import read_facts
from route.desk import DAY, Desk
from route.umbrella import account, everyone

FACILITY = "umbrella_resale"
WHO = {"seller": "firm", "buyer": "group", "bank": "bank-1"}
BUYERS = {"buyer": "7200001"}
FACTS: Mapping[str, object] = {
    "price.amount": "30.00",
    "price.currency": "CNY",
    "ended_on": None,
    "parts": [{"name": "handle", "price": "1.00"}],
    "is_gift": "false",
    "is_wet": "false",
    "receipt": "r-1",
}


def amount_of(party: str, name: str, amount: str) -> dict[str, str]:
    value = {"value.amount": amount, "value.currency": "CNY"}
    return {"kind": "attribute", "party": party, "name": name, **value}


def open_shop(desk: Desk, *more: Mapping[str, str]) -> None:
    """A seller with an account and stock, a buyer with a settlement account and a deposit."""
    mine = {"party": "group", "bank": "bank-1"}
    desk.register(
        *everyone(),
        amount_of("firm", "stock", "100.00"),
        account("7200001") | mine,
        account("7200002", kind="time_deposit") | mine,
        *more,
    )


def offer(
    desk: Desk,
    number: str,
    action: str = "sell",
    given: Mapping[str, object] = {},
    **otherwise: Any,  # noqa: ANN401 - what `offering` takes
) -> Answer:
    """Submit one action; what may be otherwise than usual, `offering` says."""
    instruction = offering(desk, number, action, given, **otherwise)
    return desk.road.submit(instruction, at=desk.now())


def offering(
    desk: Desk,
    number: str,
    action: str = "sell",
    given: Mapping[str, object] = {},
    *,
    without: tuple[str, ...] = (),
    of: str = "",
    parties: Mapping[str, str] = WHO,
    accounts: Mapping[str, str] = BUYERS,
    on: date = DAY,
) -> Instruction:
    """Say one action, with other facts than usual or without some."""
    said = {name: value for name, value in {**FACTS, **given}.items() if name not in without}
    facts, flaws = read_facts(declared_facts(desk.road.policy, FACILITY), said.items(), Place)
    assert not flaws, flaws
    return Instruction(number, "local", FACILITY, action, on, parties, accounts, facts, of)
