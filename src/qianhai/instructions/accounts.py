"""Which ledger account a name of the pack means: a party's money, a limit, a position.

Holds names only; nothing is opened or posted here. An account of the register is named by its
number, one opened on demand by its kind, party and currency.
"""

from collections.abc import Iterable, Mapping
from itertools import chain

from qianhai.instructions.model import Known, Named
from qianhai.kernel import CURRENCIES, scale_of
from qianhai.ledger import AccountSpec, Asset, Window, account_name, limit_account
from qianhai.policy import ANY_ACCOUNT, Limit, Policy, Pool, Term
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


#: A kind the pack does not speak of: of the first book, in one currency, reached by its number.
_NO_TERM = Term(zh="-", en="-", floor="0")


class AccountBook:
    """Finds parties' money accounts: those of the register, and those opened on demand."""

    def __init__(
        self,
        policy: Policy,
        register: Register,
    ) -> None:
        self._kinds = policy.pack.vocabulary["accounts"]
        self._movements = policy.pack.movements
        self._register = register
        self._held: dict[str, tuple[Account, ...]] = {}

    def find(self, row: Known, name: str, currency: str) -> AccountSpec | None:
        """Return the account `<role>.<kind>` means in a currency; None when there is none.

        `<role>.account` is the account the sender named, else the party's settlement account; one
        of a guarded kind, or of a book that balances alone, is reached only where the leg names its
        kind, or says `<role>.any` under the matrix. Two accounts of one kind and currency are told
        apart only by the number the sender names.
        """
        role, _, kind = name.partition(".")
        party = row.parties.get(role, "")
        if not party or currency not in CURRENCIES:
            return None
        number = row.accounts.get(role)
        of_kind = [
            account
            for account in self._accounts(row, party)
            if (account.currency == currency or self._term(account.kind).is_multi_currency)
            and self._is_meant(account.kind, kind, number)
        ]
        mine = [account for account in of_kind if number in {None, account.number}]
        if len(mine) == 1:
            return registered_account(mine[0], self._term(mine[0].kind), currency)
        if kind in self._kinds and self._kinds[kind].on_demand and not of_kind:
            return self.on_demand(party, kind, currency)
        return None

    def _is_meant(self, kind: str, named: str, number: str | None) -> bool:
        """Tell whether a leg that names a kind, or the account of a sender, may mean one."""
        if named == ANY_ACCOUNT:
            return number is not None
        if named != "account":
            return kind == named
        term = self._term(kind)
        return kind == "settlement" or bool(number and not (term.is_guarded or term.book))

    def _term(self, kind: str) -> Term:
        return self._kinds.get(kind, _NO_TERM)

    def named(self, row: Known, role: str) -> Account | None:
        """Return the account on the register that the sender named for a role."""
        number, party = row.accounts.get(role), row.parties.get(role, "")
        found = self._accounts(row, party) if number and party else ()
        return next((account for account in found if account.number == number), None)

    def opened(self, named: Mapping[str, str], currency: str) -> AccountSpec:
        """Return the ledger account of a number an effect names, with its bank, kind and party."""
        kind = named["kind"]
        name = _number_name(named["bank"], named["number"], currency, self._term(kind))
        floor = floor_of(self._kinds, kind)
        return AccountSpec(name, money_asset(currency), kind, named["party"], floor)

    def links(self, debit: AccountSpec, credit: AccountSpec) -> tuple[AccountSpec, ...]:
        """Return what money passes between two books: the link of each; nothing inside one."""
        if self._movements is None:
            return ()
        first = self._movements.first_book
        paid, paying = (self._term(one.kind).book or first for one in (credit, debit))
        if paid == paying:
            return ()
        books, currency = self._movements.books, debit.asset.code
        pairs = ((paying, paid), (paid, paying))
        return tuple(self.on_demand(other, books[book].link, currency) for book, other in pairs)

    def books_apart(self) -> list[frozenset[str]]:
        """Return the kinds of account of each book but the first."""
        if self._movements is None:
            return []
        first = self._movements.first_book
        return [
            frozenset(kind for kind, term in self._kinds.items() if term.book == book)
            for book in self._movements.books
            if book != first
        ]

    def ask(self, rows: Iterable[Known]) -> None:
        """Ask for the accounts of all parties of instructions at once, if it was not done."""
        self.ask_for(party for row in rows for party in row.parties.values())

    def ask_for(self, parties: Iterable[str]) -> None:
        """Ask for the accounts of parties at once, as far as it was not done."""
        fresh = {one for one in parties if one not in self._held}
        if fresh:
            self._held |= self._register.accounts(sorted(fresh))

    def forget(self, parties: Iterable[str]) -> None:
        """Ask again for the accounts of parties, when they are asked for."""
        for party in parties:
            self._held.pop(party, None)

    def _accounts(self, row: Known, party: str) -> tuple[Account, ...]:
        """Return a party's accounts; those of all parties of an instruction are asked at once."""
        if party not in self._held:
            self.ask((row,))
        return self._held[party]

    def on_demand(self, party: str, kind: str, currency: str) -> AccountSpec:
        """Return the account of a kind that a party has in a currency as soon as it is used."""
        name = account_name(kind, party, currency)
        return AccountSpec(name, money_asset(currency), kind, party, floor_of(self._kinds, kind))


def registered_account(account: Account, term: Term | None, currency: str = "") -> AccountSpec:
    """Return a registered account as the ledger opens it: named by its bank and number.

    One of many currencies has a balance for each, named by the currency too.
    """
    currency = currency or account.currency
    floor = 0 if term is None or term.floor == "0" else None
    name = _number_name(account.bank, account.number, currency, term)
    return AccountSpec(name, money_asset(currency), account.kind, account.party, floor)


def opening_account(asset: Asset, term: Term | None) -> AccountSpec:
    """Return what opening balances are set against, in the book of the account's kind.

    >>> opening_account(money_asset("CNY"), None).kind
    'opening'
    """
    book = (term.book,) if term and term.book else ()
    name, kind = account_name("opening", asset.code, *book), account_name("opening", *book)
    return AccountSpec(name, asset, kind, "")


def book_of(policy: Policy, kind: str) -> str:
    """Return the book accounts of a kind stand in; of a pack without books, no name."""
    if policy.pack.movements is None:
        return ""
    known, book = policy.pack.movements.books, kind.removeprefix("opening:")
    term = policy.pack.vocabulary["accounts"].get(kind)
    if term and term.book:
        book = term.book
    return book if book in known else policy.pack.movements.first_book


def _number_name(bank: str, number: str, currency: str, term: Term | None) -> str:
    parts = (currency,) if term and term.is_multi_currency else ()
    return account_name("account", bank, number, *parts)


def floor_of(kinds: Mapping[str, Term], kind: str) -> int | None:
    """Return the least balance of an account kind: zero, unless the pack leaves it open."""
    term = kinds.get(kind)
    return 0 if term is None or term.floor == "0" else None
