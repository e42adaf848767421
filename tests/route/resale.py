"""Who takes part in the reselling of umbrellas, and what its senders write."""

from collections.abc import Mapping

from qianhai.instructions import Answer
from qianhai.kernel import Place
from qianhai.policy import read_facts
from route.desk import Desk
from route.umbrella import account, everyone

FACILITY = "umbrella_resale"
WHO = {"seller": "firm", "buyer": "group", "bank": "bank-1"}
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


def offer(  # noqa: PLR0913 - as many words as an instruction has
    desk: Desk,
    number: str,
    action: str = "sell",
    *,
    of: str = "",
    parties: Mapping[str, str] = WHO,
    accounts: Mapping[str, str] | None = None,
    without: tuple[str, ...] = (),
    **given: object,
) -> Answer:
    """Submit one action; a fact's dots are written as two underscores."""
    said = dict(FACTS) | {name.replace("__", "."): value for name, value in given.items()}
    kept = [(name, value) for name, value in said.items() if name not in without]
    declared = dict(desk.road.policy.pack.facilities[FACILITY].facts)
    for overlay in desk.road.policy.pack.overlays.values():
        declared = dict(overlay.facts) | declared
    facts, flaws = read_facts(declared, kept, Place)
    assert not flaws, flaws
    bare = desk.instruction(number, FACILITY, action, parties, {}, of=of)
    instruction = type(bare)(
        bare.id,
        bare.institution_id,
        bare.facility,
        bare.action,
        bare.value_on,
        bare.parties,
        accounts if accounts is not None else {"buyer": "7200001"},
        facts,
        bare.continues,
    )
    return desk.road.submit(instruction, at=desk.now())
