"""What the ledger speaks of: assets, accounts, legs, chains, results.

Holds frozen values and what can be said of one value alone. Must not hold a balance that changes
(that is `kernel`), SQL (`store`) or a rule of any facility.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

#: Amounts are whole minor units in 64 bits, here and in the database.
INT64_MAX: Final = 2**63 - 1
INT64_MIN: Final = -(2**63)
#: An asset has at most so many decimals, so that a 64-bit amount still holds 92 billion units.
SCALE_MAX: Final = 8


class Kind(StrEnum):
    """What a chain does with its legs."""

    POST = "post"
    """Moves balances at once."""
    HOLD = "hold"
    """Sets amounts aside: pending in and out, used of every limit, until committed or voided."""
    COMMIT = "commit"
    """Posts a hold's whole chain, or less of each leg; what is not posted is released."""
    VOID = "void"
    """Releases a hold's whole chain; nothing is posted."""
    REVERSE = "reverse"
    """Posts the opposite of a posted or committed chain, once and whole."""


class Result(StrEnum):
    """What became of a chain: a closed list, in order of precedence.

    Ids, expectations and what the chain continues come first, then everything about accounts and
    legs that can be said before any of them moves (the first member that applies to any leg), then
    the legs in their order: the first leg that does not fit gives the result. Whatever it is but
    `posted`, nothing has moved.
    """

    POSTED = "posted"
    """All legs are in the books."""
    ID_CONFLICT = "id_conflict"
    """The institution used this id before for other content."""
    STALE = "stale"
    """An account has another balance than expected. Not recorded: read again and send again."""
    HOLD_NOT_FOUND = "hold_not_found"
    """There is no hold of that id: never sent, or refused, or not a hold."""
    HOLD_RESOLVED = "hold_resolved"
    """The hold was committed or voided before."""
    HOLD_EXPIRED = "hold_expired"
    """The hold's time is over: it can only be voided."""
    HOLD_EXCEEDED = "hold_exceeded"
    """A leg would post more than it holds, or the amounts are not one for each leg."""
    ORIGINAL_NOT_FOUND = "original_not_found"
    """There is no posted or committed chain of that id to reverse."""
    ORIGINAL_REVERSED = "original_reversed"
    """The chain was reversed before."""
    ASSET_SCALE = "asset_scale"
    """An asset has fewer than 0 or more than 8 decimals."""
    ASSET_DIFFERS = "asset_differs"
    """The asset is on record with another scale or kind."""
    ACCOUNT_DIFFERS = "account_differs"
    """The account is on record with another asset, kind, holder, floor or ceiling."""
    ACCOUNT_UNKNOWN = "account_unknown"
    """An account is not open and the chain does not open it."""
    ACCOUNT_CLOSED = "account_closed"
    """An account was closed."""
    ASSET_MISMATCH = "asset_mismatch"
    """A leg's two accounts hold different assets."""
    SAME_ACCOUNT = "same_account"
    """A leg debits and credits one account."""
    AMOUNT_NOT_POSITIVE = "amount_not_positive"
    """A leg, or a whole pool, moves nothing or less than nothing."""
    OVERFLOW = "overflow"
    """A balance would pass 64 bits."""
    LIMIT_PASSED = "limit_passed"
    """A draw would pass the cap its leg carries."""
    CEILING_PASSED = "ceiling_passed"
    """A credit would pass the account's ceiling."""
    FLOOR_PASSED = "floor_passed"
    """A debit would fall below the account's floor: not enough is available."""
    ACCOUNT_NOT_EMPTY = "account_not_empty"
    """An account to be closed still has a balance or something pending."""


@dataclass(frozen=True, slots=True)
class Asset:
    """Something scarce that is counted: a currency, a quota, a security, a receipt.

    Raises nothing for a wrong scale: the chain that brings it is answered `asset_scale`.
    """

    code: str
    scale: int
    kind: str


@dataclass(frozen=True, slots=True)
class AccountSpec:
    """An account as the chain that first uses it opens it, at zero.

    A chain names the accounts it may have to open; one that is open already must be on record with
    exactly this content. `floor` and `ceiling` bound what is available and what is used, pending
    amounts included; None is unbounded.

    Raises:
        ValueError: no name, or an account at zero would already break its floor or ceiling.
    """

    name: str
    asset: Asset
    kind: str
    holder: str
    floor: int | None = None
    ceiling: int | None = None

    def __post_init__(self) -> None:
        """Refuse an account that could not be opened."""
        if not self.name:
            raise ValueError("an account needs a name")
        if not INT64_MIN <= (self.floor or 0) <= 0 <= (self.ceiling or 0) <= INT64_MAX:
            raise ValueError(f"{self.name}: floor <= 0 <= ceiling is needed to open at zero")


@dataclass(frozen=True, slots=True)
class Leg:
    """One debit and one credit of the same amount, in minor units of the accounts' asset.

    With `cap` the leg is a draw: the credited account holds what is used of a limit, and used
    (pending included) plus amount may not pass the cap, which is then kept on the account. A
    release debits the limit account and carries no cap. With `spills` what does not fit under the
    cap flows into the next leg: pools in their order, the last of which does not spill and takes
    all that is left. Only the legs of a pool after its first may have amount 0.

    Raises:
        ValueError: the amount is no 64-bit integer, or a leg spills without a cap.
    """

    debit: str
    credit: str
    amount: int
    cap: int | None = None
    spills: bool = False

    def __post_init__(self) -> None:
        """Refuse a leg that cannot be written down."""
        if not INT64_MIN <= self.amount <= INT64_MAX:
            raise ValueError(f"amount {self.amount} is no 64-bit integer")
        if self.spills and self.cap is None:
            raise ValueError("a leg that spills needs the cap it spills over")


@dataclass(frozen=True, slots=True)
class Chain:
    """Legs that all happen or none, under an id the institution gives once.

    `of` names the hold a commit or void resolves, or the chain a reverse undoes; these take their
    legs from there. `amounts` of a commit say how much of each leg of the hold is posted (one for
    each leg as the hold was asked, 0 allowed); empty means all of it. `expects` are pairs of
    account name and posted balance (an account not open has 0): if one differs the answer is
    `stale`. `opens` are opened where they are not, `closes` are closed after the legs. `expects`
    and `opens` say on what ground the chain stands and are not its content: a retry may bring
    others under the same id.

    Raises:
        ValueError: fields that do not belong together, each said in a sentence.
    """

    id: UUID
    institution_id: str
    kind: Kind
    legs: tuple[Leg, ...]
    value_on: date
    of: UUID | None = None
    expires_at: datetime | None = None
    expects: tuple[tuple[str, int], ...] = ()
    opens: tuple[AccountSpec, ...] = ()
    closes: tuple[str, ...] = ()
    amounts: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a chain whose fields contradict its kind: that is a mistake of the program."""
        is_own = self.kind in (Kind.POST, Kind.HOLD)
        if is_own != (self.of is None):
            raise ValueError("commit, void and reverse name the chain they continue, others none")
        if is_own != bool(self.legs or self.opens or self.closes):
            raise ValueError("post and hold bring legs; commit, void and reverse take the chain's")
        if self.kind is Kind.HOLD and (not self.legs or self.closes):
            raise ValueError("a hold brings legs and closes no account")
        if self.legs and self.legs[-1].spills:
            raise ValueError("the last leg has no next leg to spill into")
        if self.expires_at is not None and (
            self.kind is not Kind.HOLD or self.expires_at.tzinfo is None
        ):
            raise ValueError("only a hold expires, at an instant with its zone")
        if self.amounts and self.kind is not Kind.COMMIT:
            raise ValueError("only a commit posts other amounts than the chain it continues")
        if any(not INT64_MIN <= amount <= INT64_MAX for amount in self.amounts):
            raise ValueError("an amount is no 64-bit integer")


@dataclass(frozen=True, slots=True)
class Draw:
    """What one capped leg did to its limit, for the decision that shows it.

    `used` is what was used before, pending included; `left` what the cap leaves afterwards, never
    below zero: a cap that fell under its use leaves nothing.
    """

    account: str
    cap: int
    used: int
    asked: int
    taken: int

    @property
    def left(self) -> int:
        """Return what can still be drawn.

        >>> Draw("limit:loan:party-7:lifetime:CNY", 500, 300, 250, 0).left
        200
        """
        return max(0, self.cap - self.used - self.taken)


@dataclass(frozen=True, slots=True)
class ChainResult:
    """What became of one chain, the same whenever it is asked again.

    Tuples have one entry for each leg that was tried: all of them when posted, up to and including
    `failed_leg` when a limit, floor, ceiling or overflow refused, none when nothing was tried.
    `asked` includes what spilled over from the leg before; `amounts` are as posted (or held);
    `before` is what the debited account had available and what the credited account had used.
    `seq_first` and `seq_last` are the transfers written, None without any. `first` is False when
    this id had been answered before.
    """

    result: Result
    failed_leg: int | None = None
    asked: tuple[int, ...] = ()
    amounts: tuple[int, ...] = ()
    before: tuple[tuple[int, int], ...] = ()
    seq_first: int | None = None
    seq_last: int | None = None
    first: bool = True

    @property
    def is_posted(self) -> bool:
        """Tell whether all of the chain is in the books."""
        return self.result is Result.POSTED

    def draws(self, chain: Chain) -> tuple[Draw, ...]:
        """Return what each capped leg that was tried did to its limit, in the order of the legs."""
        return tuple(
            Draw(leg.credit, leg.cap, used, asked, taken)
            for leg, asked, taken, (_, used) in zip(
                chain.legs, self.asked, self.amounts, self.before, strict=False
            )
            if leg.cap is not None
        )


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account has: posted, and pending in and out, in minor units of its asset."""

    balance: int = 0
    pending_in: int = 0
    pending_out: int = 0
    cap_seen: int | None = None

    @property
    def used(self) -> int:
        """Return what counts against a cap or ceiling: all that is in or may still come in.

        >>> Balance(100, pending_in=20).used
        120
        """
        return self.balance + self.pending_in

    @property
    def available(self) -> int:
        """Return what may be debited down to a floor of zero: all that nothing else has set aside.

        >>> Balance(100, pending_out=20).available
        80
        """
        return self.balance - self.pending_out

    @property
    def is_over_cap(self) -> bool:
        """Tell whether the cap last seen has fallen below what is used."""
        return self.cap_seen is not None and self.used > self.cap_seen


@dataclass(frozen=True, slots=True)
class Account:
    """An account on record, as opened and as it stands."""

    id: int
    spec: AccountSpec
    balance: Balance
    is_closed: bool


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One transfer as one account sees it: credits are positive, debits negative.

    `amount` moved the posted balance, `held` what is pending; `balance` is posted, after it. It
    counts from `value_on` and was posted at `posted_at`; `id` names it for ever.
    """

    seq: int
    chain_id: UUID
    kind: Kind
    counterpart: str
    amount: int
    held: int
    balance: int
    value_on: date
    posted_at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class Transfer:
    """One leg as it was written: `amount` moved balances, `held` what is pending (signed)."""

    seq: int
    leg: int
    debit: str
    credit: str
    amount: int
    held: int
    cap: int | None


@dataclass(frozen=True, slots=True)
class Movement:
    """What one leg moved, and the kind and holder of the accounts on both its sides.

    `amount` moved the posted balances, `held` what is pending (signed), in minor units.
    """

    asset: Asset
    amount: int
    held: int
    debit_kind: str
    debit_holder: str
    credit_kind: str
    credit_holder: str


@dataclass(frozen=True, slots=True)
class StoredChain:
    """A chain as it is on record, with its transfers and what continued it."""

    id: UUID
    institution_id: str
    kind: Kind
    of: UUID | None
    value_on: date
    expires_at: datetime | None
    posted_at: datetime
    result: ChainResult
    transfers: tuple[Transfer, ...] = field(default=())
    continued_by: UUID | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """Where the ledger's history ends: the last batch and the hash over all before it.

    Printed in a day's summary; whoever keeps one can prove later that nothing before it changed.
    """

    batch: int
    hash: bytes

    def text(self) -> str:
        """Write the head as one word.

        >>> Head(3, bytes(32)).text()[:16]
        'ledger-3-0000000'
        """
        return f"ledger-{self.batch}-{self.hash.hex()}"

    @classmethod
    def parse(cls, text: str) -> "Head":
        """Read a head from a summary.

        Raises:
            ValueError: the text is no head of a ledger.

        >>> Head.parse(Head(3, bytes(32)).text()) == Head(3, bytes(32))
        True
        """
        room, batch, digits = text.strip().split("-")
        head = cls(int(batch), bytes.fromhex(digits))
        if room != "ledger" or head.text() != text.strip() or len(head.hash) != 32:  # noqa: PLR2004
            raise ValueError(text)
        return head
