"""Accounts, legs and chains the ledger's tests speak of, and short ways to post them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from qianhai.db import Database
from qianhai.kernel import Flaw, derived_id
from qianhai.ledger import (
    AccountSpec,
    Asset,
    Balance,
    Chain,
    ChainResult,
    Head,
    Kind,
    Leg,
    Submission,
    Writer,
    balances,
    head,
    verify,
)

BANK = "bank-1"
AT = datetime(2023, 6, 30, 1, 0, tzinfo=UTC)
ON = date(2023, 6, 30)
CNY = Asset("CNY", 2, "currency")
HKD = Asset("HKD", 2, "currency")
QUOTA = Asset("quota.CNY", 2, "quota")

NOSTRO = AccountSpec("nostro", CNY, "nostro", "bank-1")
ALICE = AccountSpec("alice", CNY, "settlement", "party-1", floor=0)
BOB = AccountSpec("bob", CNY, "settlement", "party-2", floor=0)
VAULT = AccountSpec("vault", HKD, "settlement", "party-1")
SOURCE = AccountSpec("quota source", QUOTA, "limit_source", "authority")
LOAN = AccountSpec("limit:loan", QUOTA, "limit", "party-1", floor=0)
GROUP = AccountSpec("limit:group", QUOTA, "limit", "group-1", floor=0)
EVERYONE = (NOSTRO, ALICE, BOB, VAULT, SOURCE, LOAN, GROUP)


def named(name: str) -> UUID:
    """The id of a chain the tests call by a word."""
    return derived_id("test", name)


def chain(
    name: str,
    *legs: Leg,
    kind: Kind = Kind.POST,
    opens: Iterable[AccountSpec] | None = None,
    institution: str = BANK,
    of: str | None = None,
    expires: timedelta | None = None,
    expects: Iterable[tuple[str, int]] = (),
    closes: Sequence[str] = (),
    amounts: Sequence[int] = (),
) -> Chain:
    """A chain called by a word; post and hold open everyone unless told otherwise."""
    is_own = kind in (Kind.POST, Kind.HOLD)
    return Chain(
        named(name),
        institution,
        kind,
        legs,
        ON,
        of=None if of is None else named(of),
        expires_at=None if expires is None else AT + expires,
        expects=tuple(expects),
        opens=tuple(EVERYONE if opens is None and is_own else opens or ()),
        closes=tuple(closes),
        amounts=tuple(amounts),
    )


def pay(amount: int, debit: AccountSpec = NOSTRO, credit: AccountSpec = ALICE) -> Leg:
    """Money from one account to another."""
    return Leg(debit.name, credit.name, amount)


def draw(amount: int, cap: int, limit: AccountSpec = LOAN, *, spills: bool = False) -> Leg:
    """A draw on a limit."""
    return Leg(SOURCE.name, limit.name, amount, cap, spills)


def release(amount: int, limit: AccountSpec = LOAN) -> Leg:
    """A release of a limit."""
    return Leg(limit.name, SOURCE.name, amount)


class Books:
    """A database's ledger with its writer, asked in single words."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.writer = Writer(database)

    def post(self, *chains: Chain, at: datetime = AT) -> list[ChainResult]:
        """Post chains as one batch."""
        return self.writer.submit([Submission(each) for each in chains], at=at)

    def one(self, posted: Chain, at: datetime = AT) -> ChainResult:
        """Post one chain."""
        return self.post(posted, at=at)[0]

    def balance(self, account: AccountSpec, institution: str = BANK) -> Balance:
        """What an account has; nothing if it was never opened."""
        with self.database.transaction() as conn:
            return balances(conn, institution, [account.name]).get(account.name, Balance())

    def flaws(self, kept: Head | None = None) -> list[Flaw]:
        """Everything verify finds."""
        with self.database.transaction() as conn:
            return list(verify(conn, kept))

    def head(self) -> Head:
        """Where the history ends."""
        with self.database.transaction() as conn:
            return head(conn)
