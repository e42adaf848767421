"""Which ledger account a name of the pack means: a party's money, a limit, a position.

Holds names only; nothing is opened or posted here. An account of the register is named by its
number, one opened on demand by its kind, party and currency.
"""

from collections.abc import Iterable, Mapping
from itertools import chain

from qianhai.instructions.model import Known, Named
from qianhai.kernel import CURRENCIES, scale_of
from qianhai.ledger import AccountSpec, Asset, Window, account_name, limit_account
from qianhai.policy import Limit, Policy, Pool, Term
from qianhai.registers import Account, Register


def money_asset(currency: str) -> Asset:
    """Return a currency as an asset of the ledger.

    >>> money_asset("CNY")
    Asset(code='CNY', scale=2, kind='money')
    """
    return Asset(currency, scale_of(currency), "money")


def quota_asset(asset: str, scale: int) -> Asset:
    """Return the asset in which the use of a limit is counted, apart from money.

    >>> quota_asset("USD", 2).code
    'quota.USD'
    """
    return Asset(
        f"quota.{asset}" if scale == CURRENCIES.get(asset) else f"quota.{asset}.{scale}",
        scale,
        "quota",
    )


def position_asset(currency: str) -> Asset:
    """Return the asset in which open positions are counted, apart from money.

    >>> position_asset("CNY").code
    'position.CNY'
    """
    return Asset(f"position.{currency}", scale_of(currency), "position")


def limit_of(
    row: Known, limit: str, pool: str, policy: Policy | None = None
) -> tuple[Limit, Pool] | None:
    """Return a limit and one of its pools by name; without a pool's name the first.

    With a `policy` also one that only other actions of the facility draw on.
    """
    facility = policy.pack.facilities.get(row.compiled.facility) if policy else None
    others = facility.actions.values() if facility else ()
    for one in chain(row.compiled.action.limits, *(action.limits for action in others)):
        for part in one.parts:
            if one.id == limit and pool in {part.id, ""}:
                return one, part
    return None


def limit_name(row: Known, limit: str, pool: str, policy: Policy | None = None) -> Named | None:
    """Return the account of a limit's pool on the instruction's day; None while not known."""
    found = limit_of(row, limit, pool, policy)
    if found is None:
        return None
    model, part = found
    holder = row.holder(part.holder)
    asset = model.asset if model.asset in CURRENCIES else str(row.facts.get(model.asset) or "")
    if not holder or not asset:
        return None
    scale = model.scale if model.scale is not None else scale_of(asset)
    # Two limits of one measure may share an account: its name is the pool's own where it has one.
    name = f"{row.compiled.measure}.{model.id}" + (f".{part.id}" if part.id else "")
    account = limit_account(
        name, holder, Window(model.window), row.instruction.value_on, quota_asset(asset, scale).code
    )
    return Named(account, asset, scale, holder, scale == CURRENCIES.get(asset))


def position_name(policy: Policy, row: Known, position: str) -> Named | None:
    """Return the account of a position the instruction opens or closes; None while not known."""
    model = policy.pack.facilities[row.compiled.facility].positions[position]
    key = row.key if model.key == "instruction" else row.holder(model.key)
    currency = model.currency if model.currency in CURRENCIES else row.holder(model.currency)
    if not key or not currency:
        return None
    name = account_name("position", f"{row.compiled.measure}.{position}", key, currency)
    return Named(name, currency, scale_of(currency), key)


class AccountBook:
    """Finds parties' money accounts: those of the register, and those opened on demand."""

    def __init__(
        self,
        policy: Policy,
        register: Register,
        held: dict[str, tuple[Account, ...]] | None = None,
    ) -> None:
        self._kinds = policy.pack.vocabulary["accounts"]
        self._register = register
        self._held = {} if held is None else held

    def find(self, row: Known, name: str, currency: str) -> AccountSpec | None:
        """Return the account `<role>.<kind>` means in a currency; None when there is none.

        `<role>.account` is the account the sender named, else the party's settlement account.
        Two accounts of one kind and currency are told apart only by the number the sender names.
        """
        role, _, kind = name.partition(".")
        party = row.parties.get(role, "")
        if not party or currency not in CURRENCIES:
            return None
        number = row.accounts.get(role)
        of_kind = [
            account
            for account in self._accounts(row, party)
            if account.currency == currency
            and (
                account.kind == kind
                or (kind == "account" and (number or account.kind == "settlement"))
            )
        ]
        mine = [account for account in of_kind if number in {None, account.number}]
        if len(mine) == 1:
            return registered_account(mine[0], floor_of(self._kinds, mine[0].kind))
        if kind in self._kinds and self._kinds[kind].on_demand and not of_kind:
            return self.on_demand(party, kind, currency)
        return None

    def ask(self, rows: Iterable[Known]) -> None:
        """Ask for the accounts of all parties of instructions at once, if it was not done."""
        self.ask_for(party for row in rows for party in row.parties.values())

    def ask_for(self, parties: Iterable[str]) -> None:
        """Ask for the accounts of parties at once, as far as it was not done."""
        fresh = set(parties) - self._held.keys()
        if fresh:
            self._held |= self._register.accounts(sorted(fresh))

    def _accounts(self, row: Known, party: str) -> tuple[Account, ...]:
        """Return a party's accounts; those of all parties of an instruction are asked at once."""
        if party not in self._held:
            self.ask((row,))
        return self._held[party]

    def on_demand(self, party: str, kind: str, currency: str) -> AccountSpec:
        """Return the account of a kind that a party has in a currency as soon as it is used."""
        name = account_name(kind, party, currency)
        return AccountSpec(name, money_asset(currency), kind, party, floor_of(self._kinds, kind))


def registered_account(account: Account, floor: int | None) -> AccountSpec:
    """Return a registered account as the ledger opens it: named by its bank and number."""
    name = account_name("account", account.bank, account.number)
    return AccountSpec(name, money_asset(account.currency), account.kind, account.party, floor)


def floor_of(kinds: Mapping[str, Term], kind: str) -> int | None:
    """Return the least balance of an account kind: zero, unless the pack leaves it open."""
    term = kinds.get(kind)
    return 0 if term is None or term.floor == "0" else None
