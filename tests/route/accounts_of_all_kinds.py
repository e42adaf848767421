"""A bank with an account of every kind for two parties, to move money between them on the road."""

from collections.abc import Iterator, Mapping
from itertools import product

from qianhai.db import Database
from qianhai.instructions import Answer, Instruction, book_of
from qianhai.kernel import Place
from qianhai.ledger import Segregation, balances, segregation
from qianhai.policy import Cell, Policy, read_facts
from route.desk import DAY, Desk, make_desk

BANK = "bank-1"
#: Two holders: one of the zone, one from Hong Kong.
HOLDERS = ("zone-firm", "hk-firm")
CURRENCIES = ("CNY", "USD")
OPENING = "1000000.00"
#: What a licensed pilot bank has on record.
_QUALIFIED = ("free_trade_pilot_bank", "offshore_bank", "integrated_pilot_bank")
_RECORDS = (
    ("free_trade_unit", BANK), ("offshore_segregation", BANK), ("offshore_risk_limits", BANK),
    ("free_trade_rules", "rules-1"),
)  # fmt: skip


def number(holder: str, kind: str, currency: str = "USD") -> str:
    return f"{holder}-{kind}-{currency}"


def rows(policy: Policy) -> Iterator[Mapping[str, str]]:
    party = {"kind": "party", "type": "enterprise"}
    yield {"kind": "party", "id": BANK, "type": "bank", "jurisdiction": "CN", "name": "行"}
    yield {**party, "id": "zone-firm", "jurisdiction": "CN", "area": "original", "name": "企"}
    yield {**party, "id": "hk-firm", "jurisdiction": "HK", "name": "港企"}
    for name in _QUALIFIED:
        yield {"kind": "qualification", "party": BANK, "name": name}
    for holder in HOLDERS:
        yield {"kind": "qualification", "party": holder, "name": "know_client_current"}
    for kind, name in _RECORDS:
        yield {"kind": "record", "record_kind": kind, "id": name}
    assert policy.pack.movements
    for holder, kind, currency in product(HOLDERS, policy.pack.movements.kinds, CURRENCIES):
        yield account(holder, kind, currency)


def account(holder: str, kind: str, currency: str) -> Mapping[str, str]:
    return {
        "kind": "account", "number": number(holder, kind, currency), "party": holder, "bank": BANK,
        "currency": currency, "account_kind": kind, "opening_balance": OPENING,
    }  # fmt: skip


def open_bank(database: Database, policy: Policy) -> Desk:
    """A bank on every pilot list, with an account of every kind for both holders."""
    desk = make_desk(database, policy)
    desk.register(*rows(policy))
    return desk


def ask(
    desk: Desk,
    name: str,
    facility: str,
    action: str,
    parties: Mapping[str, str],
    facts: Mapping[str, str],
    accounts: Mapping[str, str] = {},
    of: str = "",
) -> Answer:
    """Submit one instruction of a bank's client, with the accounts its sender names."""
    declared = desk.road.policy.pack.facilities[facility].facts
    values, flaws = read_facts(declared, facts.items(), Place)
    assert not flaws, flaws
    who = {**parties, "bank": BANK}
    one = Instruction(name, "local", facility, action, DAY, who, accounts, values, of)
    return desk.road.submit(one, at=desk.now())


def move(
    desk: Desk, name: str, facility: str, cell: Cell, amount: str = "100.00", **facts: str
) -> Answer:
    """Move money as a cell of the matrix says; what is kept overseas has no account here."""
    currency = "CNY" if cell.is_rmb else "USD"
    payer, payee = HOLDERS[0], HOLDERS[0] if cell.is_own_name else HOLDERS[1]
    sides = {"payer": (payer, cell.debit), "payee": (payee, cell.credit)}
    outside = {"payer": "from_overseas", "payee": "to_overseas"}
    away = [role for role, (_, kind) in sides.items() if kind == "overseas"]
    accounts = {
        role: number(holder, kind, currency)
        for role, (holder, kind) in sides.items()
        if role not in away
    }
    if cell.is_own_name and cell.debit == cell.credit:
        accounts["payee"] = number(payee, cell.credit, "USD" if cell.is_rmb else "CNY")
    said = {
        "amount.amount": amount,
        "amount.currency": currency,
        "route": outside[away[0]] if away else "between_accounts",
        "business_is_genuine": "true",
        "purpose": "current_account",
        "rules_id": "rules-1",
        **facts,
    }
    declared = desk.road.policy.pack.facilities[facility].facts
    known = {path: text for path, text in said.items() if path.partition(".")[0] in declared}
    parties = {role: holder for role, (holder, _) in sides.items()}
    return ask(desk, name, facility, "move", parties, known, accounts)


def books(desk: Desk) -> Segregation:
    policy = desk.road.policy
    assert policy.pack.movements
    links = {one.link: name for name, one in policy.pack.movements.books.items()}
    with desk.database.transaction() as conn:
        return segregation(conn, "local", lambda kind: book_of(policy, kind), links)


def balance(desk: Desk, name: str) -> int:
    with desk.database.transaction() as conn:
        found = balances(conn, "local", [name])
    return found[name].balance if name in found else 0
