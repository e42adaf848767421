"""Facts, each from the one provider that knows it.

A provider answers a whole column: it is given every instruction being gathered and asks the
register or the ledger once. What nobody has on record stays unknown. Providers are named in
`plan/vocabulary/providers.yaml`, and a test holds both lists equal.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from qianhai import ledger
from qianhai.db import Connection
from qianhai.instructions.accounts import AccountBook, limit_name, position_name
from qianhai.instructions.model import Known
from qianhai.instructions.schedules import part_of
from qianhai.kernel import Money, format_minor, scale_of
from qianhai.policy import Compiled, Fact, Leaf, Policy, Values, read_leaf
from qianhai.registers import Register

#: What a provider says of one instruction: a value, or None for unknown.
Raw = bool | str | Decimal | Money | None


@dataclass(frozen=True, slots=True)
class Gathering:
    """A column of instructions of one institution and day, and where their facts are."""

    conn: Connection
    register: Register
    institution_id: str
    policy: Policy
    book: AccountBook
    rows: Sequence[Known]

    def column(self, role: str) -> list[str]:
        """Return the party of every instruction in a role; an empty text where there is none."""
        return [row.parties.get(role, "") for row in self.rows]


Provider = Callable[[Gathering, Mapping[str, str]], list[Raw]]


def _in_zone(at: Gathering, args: Mapping[str, str]) -> list[Raw]:
    ids = at.column(args["party"])
    found = at.register.in_zone(ids)
    return [found.get(one) for one in ids]


def _is_overseas(at: Gathering, args: Mapping[str, str]) -> list[Raw]:
    ids = at.column(args["party"])
    found = at.register.is_overseas(ids)
    return [found.get(one) for one in ids]


def _party_kind(at: Gathering, args: Mapping[str, str]) -> list[Raw]:
    ids = at.column(args["party"])
    found = at.register.parties(ids)
    return [party.type.value if (party := found.get(one)) else None for one in ids]


def _jurisdiction(at: Gathering, args: Mapping[str, str]) -> list[Raw]:
    ids = at.column(args["party"])
    found = at.register.parties(ids)
    return [party.jurisdiction if (party := found.get(one)) else None for one in ids]


def _party_id(at: Gathering, args: Mapping[str, str]) -> list[Raw]:
    return [one or None for one in at.column(args["party"])]


def _attribute(at: Gathering, args: Mapping[str, str]) -> list[Raw]:
    ids = at.column(args["party"])
    found = at.register.attributes(ids, args["name"])
    return [found.get(one) for one in ids]


def _qualification(at: Gathering, args: Mapping[str, str]) -> list[Raw]:
    ids = at.column(args["party"])
    found = at.register.qualifications(ids, args["name"])
    return [found.get(one) if one else None for one in ids]


def _hk_funded(at: Gathering, args: Mapping[str, str]) -> list[Raw]:
    """Tell who is Hong Kong-funded: wholly or not at all by its owners, else as determined.

    No threshold of the share is established, so between none and all a recorded determination
    decides, and without one the fact is unknown.
    """
    ids = at.column(args["party"])
    ranges = at.register.hk_share_range(ids)
    determined = at.register.qualifications(ids, "hk_funded")
    answers: list[Raw] = []
    for one in ids:
        share = ranges.get(one)
        if determined.get(one) or (share and share.low == 1):
            answers.append(True)
        elif share and share.high == Fraction(0):
            answers.append(False)
        else:
            answers.append(None)
    return answers


def _controls(at: Gathering, args: Mapping[str, str]) -> list[Raw]:
    pairs = list(zip(at.column(args["parent"]), at.column(args["child"]), strict=True))
    found = at.register.controls([pair for pair in pairs if all(pair)])
    return [found.get(pair) for pair in pairs]


def _record(at: Gathering, args: Mapping[str, str]) -> list[Raw]:
    ids = [row.holder(args["id"]) or "" for row in at.rows]
    found = at.register.records(args["kind"], ids)
    return [
        record.attributes.get(args["name"]) if (record := found.get(one)) else None for one in ids
    ]


def _record_exists(at: Gathering, args: Mapping[str, str]) -> list[Raw]:
    ids = [row.holder(args["id"]) or "" for row in at.rows]
    found = at.register.records(args["kind"], ids)
    return [found.get(one) is not None if one else None for one in ids]


def _scheduled(at: Gathering, args: Mapping[str, str]) -> list[Raw]:
    """Answer what the schedule of the business that a later action continues says."""
    ids = [row.key for row in at.rows]
    found = at.register.records(args["kind"], ids)
    return [part_of(row, found[one], args) for row, one in zip(at.rows, ids, strict=True)]


def _account(at: Gathering, args: Mapping[str, str]) -> list[Raw]:
    """Say one thing of the account the sender named for a party, as the register has it."""
    at.book.ask(at.rows)
    found = [at.book.named(row, args["party"]) for row in at.rows]
    return [getattr(one, args["name"]) if one else None for one in found]


def _account_exists(at: Gathering, args: Mapping[str, str]) -> list[Raw]:
    numbers = [row.holder(args["number"]) or "" for row in at.rows]
    found = at.register.account_by_number([one for one in numbers if one])
    return [found.get(one) is not None if one else None for one in numbers]


def _used(at: Gathering, args: Mapping[str, str]) -> list[Raw]:
    pool = args.get("pool", "")
    names = [limit_name(row, args["limit"], pool, at.policy) for row in at.rows]
    found = ledger.balances(at.conn, at.institution_id, [one.account for one in names if one])
    answers: list[Raw] = []
    for row, one in zip(at.rows, names, strict=True):
        if one is None:
            answers.append(None)
            continue
        used = _noted(row, one.account, found).used
        is_money = one.is_money
        answers.append(
            Money(used, one.asset) if is_money else Decimal(format_minor(used, one.scale))
        )
    return answers


def _same_holder(at: Gathering, _args: Mapping[str, str]) -> list[Raw]:
    return [row.is_own_money for row in at.rows]


def _position(at: Gathering, args: Mapping[str, str]) -> list[Raw]:
    names = [position_name(at.policy, row, args["position"]) for row in at.rows]
    found = ledger.balances(at.conn, at.institution_id, [one.account for one in names if one])
    return [
        Money(_noted(row, one.account, found).available, one.asset) if one else None
        for row, one in zip(at.rows, names, strict=True)
    ]


def _balance(at: Gathering, args: Mapping[str, str]) -> list[Raw]:
    at.book.ask(at.rows)
    currencies = [_currency_of(row, args["account"]) for row in at.rows]
    accounts = [
        at.book.find(row, args["account"], currency) if currency else None
        for row, currency in zip(at.rows, currencies, strict=True)
    ]
    names = {account.name for account in accounts if account}
    found = ledger.balances(at.conn, at.institution_id, sorted(names)) if names else {}
    return [
        Money(_noted(row, account.name, found).available, account.asset.code) if account else None
        for row, account in zip(at.rows, accounts, strict=True)
    ]


def _noted(row: Known, account: str, found: Mapping[str, ledger.Balance]) -> ledger.Balance:
    """Return a balance, and note that the decision rests on it.

    It is read before the writer's lock: were it not expected unchanged, two instructions could
    both decide on one balance and both move it.
    """
    balance = found.get(account, ledger.Balance())
    row.read[account] = balance.balance
    return balance


def _currency_of(row: Known, account: str) -> str:
    """Return the currency a balance is asked in: that of the fact that asks for the account."""
    for fact in row.compiled.facts.values():
        if fact.provider == "balance" and fact.args.get("account") == account:
            return fact.currency if fact.currency.isupper() else row.holder(fact.currency) or ""
    return ""


#: Who knows what. Those after `used` read the ledger, and need the holders found before.
PROVIDERS: Final[Mapping[str, Provider]] = {
    "in_zone": _in_zone,
    "is_overseas": _is_overseas,
    "party_kind": _party_kind,
    "jurisdiction": _jurisdiction,
    "party_id": _party_id,
    "attribute": _attribute,
    "qualification": _qualification,
    "hk_funded": _hk_funded,
    "controls": _controls,
    "record": _record,
    "record_exists": _record_exists,
    "scheduled": _scheduled,
    "account": _account,
    "account_exists": _account_exists,
    "same_holder": _same_holder,
    "used": _used,
    "position": _position,
    "balance": _balance,
}
_FROM_LEDGER: Final = ("used", "position", "balance")
#: Arguments that name another fact, which is found before.
_NAMING: Final = ("id", "line", "number")


def gather(at: Gathering, wanted: frozenset[str], *, with_used: bool = False) -> None:
    """Fill in the wanted facts of every row, asking each provider once for each fact.

    What is drawn on a limit is left to the ledger, which decides it, unless something else than
    the limit's own comparison asks for it, or all is wanted `with_used`.
    """
    if not at.rows:
        return
    asked = at.rows[0].compiled.facts_beside_used
    declared = at.rows[0].compiled.facts
    leaves = at.rows[0].compiled.leaves
    named = {leaf.name for path, leaf in leaves.items() if path in wanted}
    beside = {leaf.name for path, leaf in leaves.items() if path in asked}
    asked_of = [declared[name].args for name in named]
    paths = {args[word] for args in asked_of for word in _NAMING if word in args}
    paths |= _of_limits(at, {args["limit"] for args in asked_of if "limit" in args})
    named |= {leaves[path].name for path in paths if path in leaves}
    for ledger_turn in (False, True):
        for name in declared:
            provider = declared[name].provider
            if name not in named or provider == "sender":
                continue
            if (provider in _FROM_LEDGER) != ledger_turn or (
                provider == "used" and not (with_used or name in beside)
            ):
                continue
            column = PROVIDERS[provider](at, declared[name].args)
            mine = {path: leaf for path, leaf in leaves.items() if leaf.name == name}
            for row, raw in zip(at.rows, column, strict=True):
                place(row.facts, name, declared[name], mine, raw)


def papers_named(compiled: Compiled) -> frozenset[str]:
    """Return the facts by whose text an action asks for papers; all, where it lets one end."""
    if any(effect.name == "end_record" for effect in compiled.action.effects):
        return frozenset(compiled.facts)
    return frozenset(fact.args["id"] for fact in compiled.facts.values() if "id" in fact.args)


def _of_limits(at: Gathering, limits: set[str]) -> set[str]:
    """Return what names the account of limits: their holders and assets, whoever draws on them."""
    facility = at.policy.pack.facilities.get(at.rows[0].compiled.facility)
    if not limits or facility is None:
        return set()
    drawn = [one for action in facility.actions.values() for one in action.limits]
    named = [(one.asset, *(part.holder for part in one.parts)) for one in drawn if one.id in limits]
    return {name for names in named for name in names}


def place(facts: Values, name: str, fact: Fact, leaves: Mapping[str, Leaf], raw: Raw) -> None:
    """Write a provider's answer under the leaves of its fact."""
    if raw is None:
        return
    if isinstance(raw, bool) and fact.type == "boolean":
        facts[name] = raw
        return
    if isinstance(raw, Money):
        amount = Decimal(format_minor(raw.minor, scale_of(raw.currency)))
        if fact.type == "money" and not fact.currency:
            facts[f"{name}.amount"], facts[f"{name}.currency"] = amount, raw.currency
        elif raw.currency in {fact.currency, facts.get(fact.currency)}:
            facts[name] = amount
        return
    text = raw if isinstance(raw, bool | str) else format(raw, "f")
    value = read_leaf(leaves[name], text) if name in leaves else None
    if value is not None:
        facts[name] = value
