"""Chains, and what is on record about them, laid out as the kernel's rows.

Holds the numbering: which row stands for which account, asset, chain. Must not decide anything
about a balance (that is `kernel`) and must not know SQL (`store`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias
from uuid import UUID

import numpy as np
import numpy.typing as npt

from qianhai.ledger import batch as forms
from qianhai.ledger import kernel
from qianhai.ledger.batch import Arrays, Records
from qianhai.ledger.book import NOWHERE, Book, NameKey, bounds
from qianhai.ledger.columns import day_number
from qianhai.ledger.model import SCALE_MAX, AccountSpec, Chain, Kind, Leg
from qianhai.ledger.past import KIND_NUMBERS, PastChain, nearest_cap

#: A chain's id within its institution, as a number: found in a tenth of the time a UUID takes.
ChainKey: TypeAlias = tuple[str, int]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NO_BYTES: Final = bytes(16)


def key_of(chain: Chain) -> ChainKey:
    """Return the id an institution gave a chain."""
    return chain.institution_id, chain.id.int


def micros_of(at: datetime) -> int:
    """Return an instant as whole microseconds since 1970, exactly.

    >>> micros_of(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
    1000000
    """
    return (at - _EPOCH) // timedelta(microseconds=1)


@dataclass(slots=True)
class Sheet:
    """The rows of one batch: chains on record that others continue, then the new ones in order.

    `past` are the former, so many rows from the first; of the new ones there are columns of ids,
    institutions (numbers of the book), value dates, the ids they continue (zeros for none). `rows`
    finds a row by its key where chains came one by one, `specs` what each open row opens.
    """

    arrays: Arrays
    past: Sequence[PastChain]
    ids: Records
    institution: npt.NDArray[np.int32]
    value_on: npt.NDArray[np.int32]
    of: Records
    chains: Sequence[Chain] = ()
    rows: Mapping[ChainKey, int] = field(default_factory=dict)
    specs: Sequence[AccountSpec] = ()

    @property
    def first(self) -> int:
        """Return the row of the first new chain."""
        return len(self.past)

    @property
    def fresh(self) -> Records:
        """Return the rows of the new chains."""
        return self.arrays.chains[self.first :]


def unknown_names(chains: Sequence[Chain], book: Book) -> tuple[set[NameKey], set[NameKey]]:
    """Return the account names and the asset codes that chains name and the book must read."""
    names: set[NameKey] = set()
    codes: set[NameKey] = set()
    for chain in chains:
        institution = chain.institution_id
        known = book.named(institution)
        for leg in chain.legs:
            if leg.debit not in known:
                names.add((institution, leg.debit))
            if leg.credit not in known:
                names.add((institution, leg.credit))
        if not (chain.expects or chain.closes or chain.opens):
            continue
        names.update((institution, name) for name, _ in chain.expects if name not in known)
        names.update((institution, name) for name in chain.closes if name not in known)
        for spec in chain.opens:
            if spec.name not in known:
                names.add((institution, spec.name))
            codes.add((institution, spec.asset.code))
    return names, codes


def encode(
    chains: Sequence[Chain],
    book: Book,
    past: Mapping[ChainKey, PastChain],
    sweeps: frozenset[UUID] = frozenset(),
) -> Sheet:
    """Lay out chains, in their order, and what is on record about them.

    A chain whose id is on record, or came earlier in the batch, is left out: its answer is known
    or will be. A chain continues another only if that one is on record or stands before it.
    `sweeps` are the ids of voids of holds whose time is over.
    """
    encoder = Encoder(book, sweeps)
    originals = {(chain.institution_id, chain.of.int) for chain in chains if chain.of is not None}
    continued = [one for key, one in past.items() if key in originals]
    for one in continued:
        encoder.add_past(one)
    fresh = []
    for chain in chains:
        key = key_of(chain)
        if key not in past and key not in encoder.rows:
            encoder.add_chain(key, chain)
            fresh.append(chain)
    return encoder.sheet(continued, fresh)


#: A leg that continues none, of which nothing is found yet.
_NOT_FOUND: Final = (kernel.NONE, 0, 0, 0, 0, 0, 0, 0, 0)


class Encoder:
    """Appends rows, as tuples in the order of their forms, and numbers what they name."""

    def __init__(self, book: Book, sweeps: frozenset[UUID]) -> None:
        self.rows: dict[ChainKey, int] = {}
        self._book, self._sweeps = book, sweeps
        self._opens: list[tuple[int, ...]] = []
        self._specs: list[AccountSpec] = []
        self._expects: list[tuple[int, ...]] = []
        self._closes: list[int] = []
        self._legs: list[tuple[int, ...]] = []
        self._chains: list[tuple[int, ...]] = []

    def sheet(self, past: Sequence[PastChain], fresh: Sequence[Chain]) -> Sheet:
        """Return the rows as arrays."""
        book = self._book
        arrays = Arrays(
            book.assets,
            book.accounts,
            np.array(self._opens, forms.OPEN),
            np.array(self._expects, forms.EXPECT),
            np.array(self._closes, np.int64),
            np.array(self._legs, forms.LEG),
            np.array(self._chains, forms.CHAIN),
        )
        days: dict[Any, int] = {}
        for chain in fresh:
            if chain.value_on not in days:
                days[chain.value_on] = day_number(chain.value_on)
        return Sheet(
            arrays,
            past,
            id_column([chain.id.bytes for chain in fresh]),
            np.array([book.institution(chain.institution_id) for chain in fresh], np.int32),
            np.array([days[chain.value_on] for chain in fresh], np.int32),
            id_column([_NO_BYTES if chain.of is None else chain.of.bytes for chain in fresh]),
            fresh,
            self.rows,
            self._specs,
        )

    def add_past(self, past: PastChain) -> None:
        """Add a chain on record that a chain of this batch continues."""
        first = len(self._legs)
        by_leg = {leg.leg: leg for leg in past.legs}
        for number in range(past.leg_count):
            leg = by_leg.get(number)
            if leg is None:  # the first form kept no leg that moved nothing
                self._add_leg(NOWHERE, NOWHERE, 0)
                continue
            ids = np.array([leg.debit_account_id, leg.credit_account_id])
            debit, credit = self._book.rows(ids).tolist()
            self._add_leg(debit, credit, 0, found=(0, leg.amount, leg.held))
        self._add_row(
            past.key,
            past.kind,
            past.expires_at,
            first,
            verdict=past.result,
            continued=past.continued,
        )

    def add_chain(self, key: ChainKey, chain: Chain) -> None:
        """Add a chain that is to be tried."""
        institution = chain.institution_id
        firsts = (len(self._opens), len(self._expects), len(self._closes))
        for spec in chain.opens:
            self._add_open(institution, spec)
        for name, balance in chain.expects:
            self._expects.append((self._row(institution, name), balance))
        self._closes.extend(self._row(institution, name) for name in chain.closes)
        leg_first = len(self._legs)
        self._add_own_legs(institution, chain.legs)
        origin, fits = kernel.NONE, True
        if chain.of is not None:
            origin = self.rows.get((institution, chain.of.int), kernel.NONE)
            fits = self._add_continued_legs(chain, origin)
        self._add_row(
            key,
            KIND_NUMBERS[chain.kind],
            chain.expires_at,
            leg_first,
            origin=origin,
            has_fitting_amounts=int(fits),
            firsts=firsts,
            is_sweep=int(chain.id in self._sweeps),
        )

    def _row(self, institution: str, name: str) -> int:
        """Return the row of an account; one that is not open gets a row for now."""
        row = self._book.named(institution).get(name)
        return self._book.row(institution, name) if row is None else row

    def _add_open(self, institution: str, spec: AccountSpec) -> None:
        book = self._book
        self._opens.append(
            (
                self._row(institution, spec.name),
                book.spec(spec),
                book.code(institution, spec.asset.code),
                book.form(institution, spec.asset),
                int(0 <= spec.asset.scale <= SCALE_MAX),
                *bounds(spec),
                0,
                0,
            )
        )
        self._specs.append(spec)

    def _add_own_legs(self, institution: str, legs: Sequence[Leg]) -> None:
        known, row_of = self._book.named(institution), self._book.row
        for leg in legs:
            debit, credit = known.get(leg.debit), known.get(leg.credit)
            if debit is None:
                debit = row_of(institution, leg.debit)
            if credit is None:
                credit = row_of(institution, leg.credit)
            cap = kernel.NO_CAP if leg.cap is None else nearest_cap(leg.cap)
            self._legs.append((debit, credit, leg.amount, cap, leg.spills, *_NOT_FOUND))

    def _add_continued_legs(self, chain: Chain, origin: int) -> bool:
        """Add a leg for each of the original's; tell whether the amounts given are one for each."""
        if origin == kernel.NONE:
            return True
        first, end = self._chains[origin][_LEG_FIRST], self._chains[origin][_LEG_END]
        for source in range(first, end):
            debit, credit = self._legs[source][:2]
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
        source: int = kernel.NONE,
        found: tuple[int, int, int] = (0, 0, 0),
    ) -> None:
        """Add a leg on record, or one that continues such a leg: these carry no cap."""
        self._legs.append((debit, credit, amount, kernel.NO_CAP, 0, source, *found, 0, 0, 0, 0, 0))

    def _add_row(
        self,
        key: ChainKey,
        kind: int,
        expires_at: datetime | None,
        leg_first: int,
        *,
        origin: int = kernel.NONE,
        has_fitting_amounts: int = 1,
        firsts: tuple[int, int, int] | None = None,
        is_sweep: int = 0,
        verdict: int = kernel.UNDECIDED,
        continued: int = kernel.FREE,
    ) -> None:
        ends = (len(self._opens), len(self._expects), len(self._closes))
        starts = ends if firsts is None else firsts
        self.rows[key] = len(self._chains)
        self._chains.append(
            (
                kind,
                origin,
                kernel.INT64_MAX if expires_at is None else micros_of(expires_at),
                has_fitting_amounts,
                leg_first,
                len(self._legs),
                starts[0],
                ends[0],
                starts[1],
                ends[1],
                starts[2],
                ends[2],
                is_sweep,
                verdict,
                continued,
                0,
                kernel.NONE,
            )
        )


_LEG_FIRST: Final = (forms.CHAIN.names or ()).index("leg_first")
_LEG_END: Final = (forms.CHAIN.names or ()).index("leg_end")


def id_column(ids: Sequence[bytes]) -> Records:
    """Return ids of 16 bytes each as a column."""
    return np.frombuffer(b"".join(ids), "V16")
