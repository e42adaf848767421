"""Chains and what is on record about them, turned into the kernel's columns.

Holds the numbering: which row stands for which account name, asset, chain. Must not decide
anything about a balance (that is `kernel`) and must not know SQL (`store`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias
from uuid import UUID

from qianhai.ledger import kernel
from qianhai.ledger.digest import AccountState, ChainRow, TransferRow, digest_content
from qianhai.ledger.model import SCALE_MAX, AccountSpec, Asset, Chain, Kind, Leg, Result

#: A name or id within its institution.
NameKey: TypeAlias = tuple[str, str]
ChainKey: TypeAlias = tuple[str, UUID]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_KINDS: Final = {kind: code for code, kind in enumerate(Kind)}
_RESULTS: Final = {result.value: code for code, result in enumerate(Result)}


def micros_of(at: datetime) -> int:
    """Return an instant as whole microseconds since 1970, exactly.

    >>> micros_of(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
    1000000
    """
    return (at - _EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """An account on record, as read under the lock."""

    id: int
    institution_id: str
    spec: AccountSpec
    state: AccountState


@dataclass(frozen=True, slots=True)
class KnownChain:
    """A chain on record, whether something continued it, and its transfers if it is an original."""

    row: ChainRow
    is_continued: bool
    transfers: Sequence[TransferRow]


@dataclass(frozen=True, slots=True)
class Known:
    """Everything on record that a batch of chains names."""

    assets: dict[NameKey, tuple[int, Asset]]
    accounts: Sequence[KnownAccount]
    chains: dict[ChainKey, KnownChain]


@dataclass(slots=True)
class Sheet:
    """The columns of one batch with the names their rows stand for.

    `rows` is the kernel row of each chain by its key: those on record first, then the first chain
    of each id that is new. `fresh` are the new ones in order.
    """

    batch: kernel.Batch
    known: Known
    rows: dict[ChainKey, int] = field(default_factory=dict)
    fresh: list[Chain] = field(default_factory=list)
    accounts: dict[NameKey, int] = field(default_factory=dict)
    account_keys: list[NameKey] = field(default_factory=list)
    open_specs: list[AccountSpec] = field(default_factory=list)


def encode(chains: Sequence[Chain], known: Known) -> Sheet:
    """Lay out chains, in their order, and what is on record about them.

    A chain whose id is on record, or came earlier in the batch, is left out: its answer is known
    or will be. A chain continues another only if that one is on record or stands before it.
    """
    encoder = _Encoder(known)
    originals = {(chain.institution_id, chain.of) for chain in chains if chain.of is not None}
    for key, past in known.chains.items():
        if key in originals:
            encoder.add_past(key, past)
    for chain in chains:
        key = (chain.institution_id, chain.id)
        if key not in known.chains and key not in encoder.sheet.rows:
            encoder.add_chain(key, chain)
    return encoder.sheet


def is_same_content(chain: Chain, row: ChainRow) -> bool:
    """Tell whether a chain asks for what was asked under its id before."""
    return digest_content(chain, row.salt) == row.content


class _Encoder:
    """Appends rows to the columns and numbers what they name."""

    def __init__(self, known: Known) -> None:
        self.sheet = Sheet(
            kernel.Batch(
                kernel.Assets([]),
                kernel.Accounts._make([] for _ in kernel.Accounts._fields),
                kernel.Opens._make([] for _ in kernel.Opens._fields),
                kernel.Expects([], []),
                [],
                kernel.Legs._make([] for _ in kernel.Legs._fields),
                kernel.Chains._make([] for _ in kernel.Chains._fields),
            ),
            known,
        )
        self._codes: dict[NameKey, int] = {}
        self._forms: dict[tuple[str, Asset], int] = {}
        self._specs: dict[AccountSpec, int] = {}
        self._account_of_id: dict[int, int] = {}
        for (institution, _), (_, asset) in known.assets.items():
            form = self._form(institution, asset)
            self.sheet.batch.assets.form[self._code(institution, asset.code)] = form
        for account in known.accounts:
            self._add_account(account)

    def _form(self, institution: str, asset: Asset) -> int:
        return self._forms.setdefault((institution, asset), len(self._forms))

    def _code(self, institution: str, code: str) -> int:
        row = self._codes.setdefault((institution, code), len(self._codes))
        if row == len(self.sheet.batch.assets.form):
            self.sheet.batch.assets.form.append(kernel.NONE)
        return row

    def _spec(self, spec: AccountSpec) -> int:
        return self._specs.setdefault(spec, len(self._specs))

    def _account(self, institution: str, name: str) -> int:
        key = (institution, name)
        row = self.sheet.accounts.setdefault(key, len(self.sheet.accounts))
        if row == len(self.sheet.account_keys):
            self.sheet.account_keys.append(key)
            _append(
                self.sheet.batch.accounts,
                kernel.ABSENT,
                kernel.NONE,
                kernel.NONE,
                kernel.INT64_MIN,
                kernel.INT64_MAX,
                0,
                0,
                0,
                kernel.NO_CAP,
            )
        return row

    def _add_account(self, account: KnownAccount) -> None:
        row = self._account(account.institution_id, account.spec.name)
        self._account_of_id[account.id] = row
        columns, spec, state = self.sheet.batch.accounts, account.spec, account.state
        columns.state[row] = kernel.OPEN if state.closed_by is None else kernel.CLOSED
        columns.spec[row] = self._spec(spec)
        columns.asset[row] = self._form(account.institution_id, spec.asset)
        columns.floor[row], columns.ceiling[row] = _bounds(spec)
        columns.balance[row] = state.balance
        columns.pending_in[row] = state.pending_in
        columns.pending_out[row] = state.pending_out
        columns.cap[row] = kernel.NO_CAP if state.cap_seen is None else state.cap_seen

    def add_past(self, key: ChainKey, past: KnownChain) -> None:
        """Add a chain on record that a chain of this batch continues."""
        row, legs = past.row, self.sheet.batch.legs
        first = len(legs.debit)
        for _ in row.asked:
            self._add_leg(kernel.NONE, kernel.NONE, 0)
        for transfer in past.transfers:
            leg = first + transfer.leg
            legs.debit[leg] = self._account_of_id[transfer.debit_account_id]
            legs.credit[leg] = self._account_of_id[transfer.credit_account_id]
            legs.posted[leg], legs.held[leg] = transfer.amount, transfer.held
        self._add_row(
            key,
            kind=_KINDS[Kind(row.kind)],
            expires_at=row.expires_at,
            leg_first=first,
            verdict=_RESULTS[row.result],
            is_continued=int(past.is_continued),
        )

    def add_chain(self, key: ChainKey, chain: Chain) -> None:
        """Add a chain that is to be tried."""
        batch, institution = self.sheet.batch, chain.institution_id
        firsts = (len(batch.opens.account), len(batch.expects.account), len(batch.closes))
        for spec in chain.opens:
            self._add_open(institution, spec)
        for name, balance in chain.expects:
            _append(batch.expects, self._account(institution, name), balance)
        batch.closes.extend(self._account(institution, name) for name in chain.closes)
        leg_first = len(batch.legs.debit)
        for leg in chain.legs:
            self._add_own_leg(institution, leg)
        origin, fits = kernel.NONE, True
        if chain.of is not None:
            origin = self.sheet.rows.get((institution, chain.of), kernel.NONE)
            fits = self._add_continued_legs(chain, origin)
        self._add_row(
            key,
            kind=_KINDS[chain.kind],
            expires_at=chain.expires_at,
            leg_first=leg_first,
            origin=origin,
            has_fitting_amounts=int(fits),
            firsts=firsts,
        )
        self.sheet.fresh.append(chain)

    def _add_open(self, institution: str, spec: AccountSpec) -> None:
        floor, ceiling = _bounds(spec)
        _append(
            self.sheet.batch.opens,
            self._account(institution, spec.name),
            self._spec(spec),
            self._code(institution, spec.asset.code),
            self._form(institution, spec.asset),
            int(0 <= spec.asset.scale <= SCALE_MAX),
            floor,
            ceiling,
            0,
            0,
        )
        self.sheet.open_specs.append(spec)

    def _add_own_leg(self, institution: str, leg: Leg) -> None:
        self._add_leg(
            self._account(institution, leg.debit),
            self._account(institution, leg.credit),
            leg.amount,
            # A cap outside 64 bits refuses, or lets pass, exactly what the nearest one does.
            cap=kernel.NO_CAP
            if leg.cap is None
            else min(max(leg.cap, kernel.NO_CAP + 1), kernel.INT64_MAX),
            spills=int(leg.spills),
        )

    def _add_continued_legs(self, chain: Chain, origin: int) -> bool:
        """Add a leg for each of the original's; tell whether the amounts given are one for each."""
        if origin == kernel.NONE:
            return True
        batch = self.sheet.batch
        first, end = batch.chains.leg_first[origin], batch.chains.leg_end[origin]
        for source in range(first, end):
            debit, credit = batch.legs.debit[source], batch.legs.credit[source]
            if chain.kind is Kind.REVERSE:
                debit, credit = credit, debit
            amount = kernel.ALL
            if source - first < len(chain.amounts):
                given = chain.amounts[source - first]
                amount = given if given >= 0 else kernel.ALL - 1
            self._add_leg(debit, credit, amount, source=source)
        return len(chain.amounts) in (0, end - first)

    def _add_leg(
        self,
        debit: int,
        credit: int,
        amount: int,
        *,
        cap: int = kernel.NO_CAP,
        spills: int = 0,
        source: int = kernel.NONE,
    ) -> None:
        given = (debit, credit, amount, cap, spills, source)
        found = len(kernel.Legs._fields) - len(given)
        _append(self.sheet.batch.legs, *given, *([0] * found))

    def _add_row(
        self,
        key: ChainKey,
        *,
        kind: int,
        expires_at: datetime | None,
        leg_first: int,
        origin: int = kernel.NONE,
        has_fitting_amounts: int = 1,
        firsts: tuple[int, int, int] | None = None,
        verdict: int = kernel.UNDECIDED,
        is_continued: int = 0,
    ) -> None:
        batch = self.sheet.batch
        ends = (len(batch.opens.account), len(batch.expects.account), len(batch.closes))
        starts = ends if firsts is None else firsts
        self.sheet.rows[key] = len(batch.chains.kind)
        _append(
            batch.chains,
            kind,
            origin,
            kernel.INT64_MAX if expires_at is None else micros_of(expires_at),
            has_fitting_amounts,
            leg_first,
            len(batch.legs.debit),
            *(bound for pair in zip(starts, ends, strict=True) for bound in pair),
            verdict,
            is_continued,
            0,
            kernel.NONE,
        )


def _bounds(spec: AccountSpec) -> tuple[int, int]:
    """Return floor and ceiling, with the ends of 64 bits where there is none."""
    return (
        kernel.INT64_MIN if spec.floor is None else spec.floor,
        kernel.INT64_MAX if spec.ceiling is None else spec.ceiling,
    )


def _append(columns: Sequence[list[int]], *values: int) -> None:
    """Append one row to columns that stand side by side."""
    for column, value in zip(columns, values, strict=True):
        column.append(value)
