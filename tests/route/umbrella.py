"""Who takes part in the invented business, and what its senders write."""

from collections.abc import Mapping

from qianhai import ledger
from qianhai.instructions import Answer, Instruction
from route.desk import Desk

FACILITY = "umbrella_storage"
WHO = {"keeper": "firm", "parent": "group", "bank": "bank-1"}
FACTS = {"fee.amount": "30.00", "fee.currency": "CNY", "is_dry": "true"}
MONEY = "account:bank-1:6200001"


def shed(party: str, amount: str) -> dict[str, str]:
    return {
        "kind": "attribute",
        "party": party,
        "name": "shed",
        "value.amount": amount,
        "value.currency": "CNY",
    }


def account(number: str, opening: str = "100.00", kind: str = "settlement") -> dict[str, str]:
    return {
        "kind": "account",
        "number": number,
        "party": "firm",
        "bank": "bank-1",
        "currency": "CNY",
        "account_kind": kind,
        "opening_balance": opening,
    }


def everyone(own: str = "20.00", parent: str = "25.00") -> list[Mapping[str, str]]:
    """Two enterprises with their sheds, a bank, and an account with a hundred yuan."""
    party = {"kind": "party", "jurisdiction": "CN", "area": "original"}
    return [
        {**party, "id": "firm", "type": "enterprise", "name": "某公司"},
        {**party, "id": "group", "type": "enterprise", "name": "某集团"},
        {**party, "id": "bank-1", "type": "bank", "name": "某银行"},
        shed("firm", own),
        shed("group", parent),
        account("6200001"),
    ]


def keep(desk: Desk, number: str, amount: str = "30.00", **facts: str) -> Answer:
    return desk.submit(number, FACILITY, "keep", WHO, {**FACTS, "fee.amount": amount, **facts})


def keeping(desk: Desk, number: str, amount: str = "30.00", **facts: str) -> Instruction:
    said = {**FACTS, "fee.amount": amount, **facts}
    return desk.instruction(number, FACILITY, "keep", WHO, said)


def giving_back(desk: Desk, number: str, amount: str, of: str) -> Instruction:
    return desk.instruction(number, FACILITY, "give_back", {}, {"back": amount}, of=of)


def give_back(desk: Desk, number: str, amount: str, of: str) -> Answer:
    return desk.submit(number, FACILITY, "give_back", {}, {"back": amount}, of=of)


def balance(desk: Desk, name: str) -> int:
    with desk.database.transaction() as conn:
        found = ledger.balances(conn, "local", [name])
    return found[name].balance if name in found else 0
