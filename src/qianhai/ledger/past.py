"""A chain on record: what it was answered, and whether a chain sent again asks the same.

Holds what can be said from a chain and its transfers alone. Must not know SQL (`store`).
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, NamedTuple, TypeAlias
from uuid import UUID

from qianhai.kernel import canonical_bytes
from qianhai.ledger import kernel
from qianhai.ledger.columns import Detail
from qianhai.ledger.digest import digest_content
from qianhai.ledger.model import Chain, ChainResult, Kind, Result

KINDS: Final = tuple(Kind)
RESULTS: Final = tuple(Result)
KIND_NUMBERS: Final = {kind: number for number, kind in enumerate(KINDS)}

#: Looks up the number of an account by its name; None while it is not open.
NumberOf: TypeAlias = Callable[[str], int | None]


class PastLeg(NamedTuple):
    """One transfer; balances and pendings are those after it, `spilled` None if it could not."""

    leg: int
    debit_account_id: int
    credit_account_id: int
    amount: int
    held: int
    cap: int | None
    spilled: int | None
    debit_balance: int
    debit_pending: int
    credit_balance: int
    credit_pending: int


class WantedLeg(NamedTuple):
    """One leg as it was asked, by account numbers."""

    debit: int | None
    credit: int | None
    amount: int
    cap: int | None
    spills: bool


class Wanted(NamedTuple):
    """What a chain asks for, by account numbers: equal exactly when the content is.

    A commit's amounts are those of its legs, given or not.
    """

    kind: int
    of: UUID | None
    value_on: date
    expires_at: datetime | None
    legs: tuple[WantedLeg, ...]
    closes: tuple[int | None, ...]
    amounts: tuple[int, ...]

    def digest(self, salt: bytes) -> bytes:
        """Return the salted digest that a refused chain keeps of what came in columns."""
        return hashlib.sha256(salt + canonical_bytes(list(self))).digest()


def nearest_cap(cap: int) -> int:
    """Return the cap in 64 bits nearest to a given one: no account holds more anyway."""
    return min(max(cap, kernel.NO_CAP + 1), kernel.INT64_MAX)


@dataclass(slots=True)
class PastChain:
    """A chain as it stands on record. `continued` says how another chain went on from it."""

    seq: int
    institution_id: str
    id: UUID
    kind: int
    value_on: date
    posted_at: datetime
    result: int
    transfer_first: int | None
    transfer_last: int | None
    of_id: UUID | None
    expires_at: datetime | None
    detail: Detail = field(default_factory=Detail)
    legs: Sequence[PastLeg] = ()
    continued: int = kernel.FREE

    @property
    def key(self) -> tuple[str, int]:
        """Return the id its institution gave it, as a number."""
        return self.institution_id, self.id.int

    @property
    def leg_count(self) -> int:
        """Return how many legs were asked and posted: of some that had no room there is no row."""
        if self.result != kernel.POSTED:
            return 0
        return len(self.legs) if self.detail.asked is None else len(self.detail.asked)

    def answer(self, *, first: bool = True) -> ChainResult:
        """Return what the chain was answered, the same whenever it is asked again."""
        detail = self.detail
        if detail.asked is not None:
            asked, amounts = tuple(detail.asked), tuple(detail.amounts or ())
            before = tuple(zip(detail.available or (), detail.used or (), strict=True))
        else:
            taken = [_taken(leg, self.kind) for leg in self.legs]
            asked = tuple(
                take + (leg.spilled or 0) for take, leg in zip(taken, self.legs, strict=True)
            )
            amounts = tuple(taken)
            before = tuple(_before(leg) for leg in self.legs)
        return ChainResult(
            RESULTS[self.result],
            detail.failed_leg,
            asked,
            amounts,
            before,
            self.transfer_first,
            self.transfer_last,
            first,
        )

    def is_asked_by(self, chain: Chain, number_of: NumberOf) -> bool:
        """Tell whether a chain sent again has the content of this one."""
        if self.detail.content is not None and self.detail.salt is not None:
            return digest_content(chain, self.detail.salt) == self.detail.content
        return wanted_of(chain, self._released(), number_of) == self.wanted()

    def is_wanted(self, wanted: Wanted) -> bool:
        """Tell whether what came in columns again has the content of this one."""
        if self.detail.content is not None and self.detail.salt is not None:
            return wanted.digest(self.detail.salt) == self.detail.content
        return wanted == self.wanted()

    def wanted(self) -> Wanted:
        """Return what this chain, which was posted, asked for."""
        is_own = self.kind in (kernel.POST, kernel.HOLD)
        legs, spilled = [], 0
        for leg in self.legs if is_own else ():
            asked = _taken(leg, self.kind) + (leg.spilled or 0)
            legs.append(
                WantedLeg(
                    leg.debit_account_id,
                    leg.credit_account_id,
                    asked - spilled,
                    leg.cap,
                    leg.spilled is not None,
                )
            )
            spilled = leg.spilled or 0
        is_commit = self.kind == kernel.COMMIT
        return Wanted(
            self.kind,
            self.of_id,
            self.value_on,
            self.expires_at,
            tuple(legs),
            tuple(self.detail.closed or ()),
            self.answer().amounts if is_commit else (),
        )

    def _released(self) -> tuple[int, ...]:
        by_leg = {leg.leg: -leg.held for leg in self.legs}
        return tuple(by_leg.get(number, 0) for number in range(self.leg_count))


def wanted_of(chain: Chain, released: tuple[int, ...], number_of: NumberOf) -> Wanted:
    """Return what a chain asks for; a commit that gives no amounts asks for all that was held."""
    amounts = chain.amounts
    if chain.kind is Kind.COMMIT and not amounts:
        amounts = released
    return Wanted(
        KIND_NUMBERS[chain.kind],
        chain.of,
        chain.value_on,
        chain.expires_at,
        tuple(
            WantedLeg(
                number_of(leg.debit),
                number_of(leg.credit),
                leg.amount,
                None if leg.cap is None else nearest_cap(leg.cap),
                leg.spills,
            )
            for leg in chain.legs
        ),
        tuple(number_of(name) for name in chain.closes),
        amounts,
    )


def _taken(leg: PastLeg, kind: int) -> int:
    return leg.held if kind == kernel.HOLD else leg.amount


def _before(leg: PastLeg) -> tuple[int, int]:
    """Return what the debited account had available and the credited one used, before the leg."""
    return (
        leg.debit_balance + leg.amount - leg.debit_pending + leg.held,
        leg.credit_balance - leg.amount + leg.credit_pending - leg.held,
    )
