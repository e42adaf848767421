"""The ledger once more, as one small dict model that is easy to believe.

It knows nothing of columns, numbers or SQL: it copies everything, tries the chain on the copy, and
keeps the copy if all of it fits.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from qianhai.kernel import business_date, derived_id
from qianhai.ledger import AccountSpec, Chain, Kind, Result

LARGEST = 2**63 - 1


class Refused(Exception):
    """A chain cannot be; carries the result."""


@dataclass
class Entry:
    """A chain the model remembers: what it asked, what became of it, what it moved."""

    chain: Chain
    result: Result
    amounts: tuple[int, ...] = ()
    moves: list[tuple[str, str, int]] = field(default_factory=list)
    is_continued: bool = False
    is_swept: bool = False


@dataclass
class LedgerModel:
    """Accounts by name as [balance, pending in, pending out], and chains by id."""

    specs: dict[str, AccountSpec] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    accounts: dict[str, list[int]] = field(default_factory=dict)
    entries: dict[UUID, Entry] = field(default_factory=dict)

    def post(self, chain: Chain, at: datetime) -> tuple[Result, tuple[int, ...], bool]:
        """Answer a chain: result, amounts and whether it is the first answer."""
        known = self.entries.get(chain.id)
        if known is not None:
            if self._content(known, known.chain) != self._content(known, chain):
                return Result.ID_CONFLICT, (), True
            return known.result, known.amounts, False
        accounts = {name: list(account) for name, account in self.accounts.items()}
        before = dict(self.specs), set(self.closed), accounts
        entry = Entry(chain, Result.POSTED)
        try:
            self._try(entry, at)
        except Refused as refused:
            self.specs, self.closed, self.accounts = before
            entry = Entry(chain, refused.args[0])
        if entry.result is not Result.STALE:
            self.entries[chain.id] = entry
        return entry.result, entry.amounts, True

    def sweep(self, institution: str, at: datetime) -> list[Chain]:
        """Void every hold whose time is over; return the voids."""
        voids = [
            Chain(
                sweep_id(institution, entry.chain.id),
                institution,
                Kind.VOID,
                (),
                business_date(at),
                of=entry.chain.id,
            )
            for entry in self.entries.values()
            if entry.chain.kind is Kind.HOLD
            and entry.result is Result.POSTED
            and not entry.is_continued
            and entry.chain.expires_at is not None
            and entry.chain.expires_at <= at
        ]
        for void in voids:
            assert self.post(void, at) == (Result.POSTED, (0,) * len(self._moves_of(void)), True)
            assert void.of is not None
            self.entries[void.of].is_swept = True
        return voids

    def _moves_of(self, chain: Chain) -> list[tuple[str, str, int]]:
        return [] if chain.of is None else self.entries[chain.of].moves

    def _content(self, known: Entry, chain: Chain) -> object:
        """What a chain asks, as it is compared with one known under its id.

        Of one that was refused exactly that; of one that was posted what it came to: a commit that
        gives no amounts posts all that was held, and no cap is looked at beyond 64 bits.
        """
        legs, amounts = chain.legs, chain.amounts
        if known.result is Result.POSTED:
            legs = tuple(replace(leg, cap=_clamped(leg.cap)) for leg in legs)
            if chain.kind is Kind.COMMIT and not amounts:
                amounts = tuple(held for _, _, held in self._moves_of(known.chain))
        return chain.kind, chain.of, legs, chain.value_on, chain.expires_at, chain.closes, amounts

    def _try(self, entry: Entry, at: datetime) -> None:
        chain = entry.chain
        for name, balance in chain.expects:
            _need(self.accounts.get(name, [0])[0] == balance, Result.STALE)
        original = self._original(chain, at)
        for spec in chain.opens:
            _need(self.specs.setdefault(spec.name, spec) == spec, Result.ACCOUNT_DIFFERS)
            self.accounts.setdefault(spec.name, [0, 0, 0])
        if original is not None:
            self._continue(entry, original)
            original.is_continued = True
        else:
            self._move_own(entry)
        for name in chain.closes:
            _need(not any(self.accounts[name]), Result.ACCOUNT_NOT_EMPTY)
        self.closed |= set(chain.closes)

    def _original(self, chain: Chain, at: datetime) -> Entry | None:
        if chain.of is None:
            return None
        found = self.entries.get(chain.of)
        is_posted = found is not None and found.result is Result.POSTED
        kinds: tuple[Kind, ...] = (Kind.HOLD,)
        none, done = Result.HOLD_NOT_FOUND, Result.HOLD_RESOLVED
        if chain.kind is Kind.REVERSE:
            kinds = (Kind.POST, Kind.COMMIT)
            none, done = Result.ORIGINAL_NOT_FOUND, Result.ORIGINAL_REVERSED
        if found is None or not is_posted or found.chain.kind not in kinds:
            raise Refused(none)
        _need(not (found.is_swept and chain.kind is Kind.COMMIT), Result.HOLD_EXPIRED)
        _need(not found.is_continued, done)
        expires = found.chain.expires_at
        if chain.kind is Kind.COMMIT:
            _need(expires is None or expires > at, Result.HOLD_EXPIRED)
            _need(len(chain.amounts) in (0, len(found.moves)), Result.HOLD_EXCEEDED)
        return found

    def _continue(self, entry: Entry, original: Entry) -> None:
        chain = entry.chain
        held = [amount for _, _, amount in original.moves]
        if chain.kind is Kind.REVERSE:
            real = [each for each in original.moves if each[2]]
            self._check({name for debit, credit, _ in real for name in (debit, credit)})
            for debit, credit, amount in original.moves:
                if amount:
                    self._move(credit, debit, amount, None)
                entry.moves.append((credit, debit, amount))
            entry.amounts = tuple(held)
            return
        amounts = chain.amounts or tuple(held)
        if chain.kind is Kind.VOID:
            amounts = (0,) * len(held)
        _need(all(a <= h for a, h in zip(amounts, held, strict=True)), Result.HOLD_EXCEEDED)
        _need(min(amounts) >= 0, Result.AMOUNT_NOT_POSITIVE)
        for (debit, credit, was), amount in zip(original.moves, amounts, strict=True):
            self._shift(debit, -amount, 0, -was)
            self._shift(credit, amount, -was, 0)
            entry.moves.append((debit, credit, amount))
        entry.amounts = amounts

    def _check(self, names: set[str]) -> None:
        _need(names <= set(self.specs), Result.ACCOUNT_UNKNOWN)
        _need(not names & self.closed, Result.ACCOUNT_CLOSED)

    def _move_own(self, entry: Entry) -> None:
        chain, legs = entry.chain, entry.chain.legs
        named = {name for leg in legs for name in (leg.debit, leg.credit)}
        self._check(named | set(chain.closes) | {spec.name for spec in chain.opens})
        for leg in legs:
            same = self.specs[leg.debit].asset == self.specs[leg.credit].asset
            _need(same, Result.ASSET_MISMATCH)
        _need(all(leg.debit != leg.credit for leg in legs), Result.SAME_ACCOUNT)
        for before, leg in zip((None, *legs), legs, strict=False):
            least = 0 if before is not None and before.spills else 1
            _need(leg.amount >= least, Result.AMOUNT_NOT_POSITIVE)
        spilled, taken = 0, []
        for leg in legs:
            amount = leg.amount + spilled
            _need(amount <= LARGEST, Result.OVERFLOW)
            take = amount
            if leg.spills and leg.cap is not None:
                balance, pending_in, _ = self.accounts[leg.credit]
                cap = max(-LARGEST, min(leg.cap, LARGEST))
                take = max(0, min(amount, cap - balance - pending_in))
            spilled = amount - take
            if take:
                self._move(leg.debit, leg.credit, take, leg.cap, is_hold=chain.kind is Kind.HOLD)
            entry.moves.append((leg.debit, leg.credit, take))
            taken.append(take)
        entry.amounts = tuple(taken)

    def _move(
        self, debit: str, credit: str, amount: int, cap: int | None, *, is_hold: bool = False
    ) -> None:
        if is_hold:
            self._shift(debit, 0, 0, amount)
            self._shift(credit, 0, amount, 0)
        else:
            self._shift(debit, -amount, 0, 0)
            self._shift(credit, amount, 0, 0)
        balance, pending_in, _ = self.accounts[credit]
        used = balance + pending_in
        balance, _, pending_out = self.accounts[debit]
        available = balance - pending_out
        _need(used <= LARGEST and available >= -LARGEST - 1, Result.OVERFLOW)
        _need(pending_in <= LARGEST and pending_out <= LARGEST, Result.OVERFLOW)
        _need(cap is None or used <= cap, Result.LIMIT_PASSED)
        ceiling, floor = self.specs[credit].ceiling, self.specs[debit].floor
        _need(ceiling is None or used <= ceiling, Result.CEILING_PASSED)
        _need(floor is None or available >= floor, Result.FLOOR_PASSED)

    def _shift(self, name: str, balance: int, pending_in: int, pending_out: int) -> None:
        account = self.accounts[name]
        account[0] += balance
        account[1] += pending_in
        account[2] += pending_out


def sweep_id(institution: str, hold: UUID) -> UUID:
    """The id of the void of a hold whose time is over."""
    return derived_id("ledger.expire", institution, str(hold))


def _need(is_so: bool, otherwise: Result) -> None:
    if not is_so:
        raise Refused(otherwise)


def _clamped(cap: int | None) -> int | None:
    return None if cap is None else max(-LARGEST, min(cap, LARGEST))
