"""Chains in columns whose accounts are named, and opened where they are not.

What callers hand in who know names and what an account would be opened as, not its number; and
what they get back, leg by leg. Must not decide anything about a balance (that is `kernel`) and
must not know SQL (`store`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import numpy as np
import numpy.typing as npt

from qianhai.ledger import batch as forms
from qianhai.ledger import kernel
from qianhai.ledger.batch import Arrays, Records
from qianhai.ledger.book import Book, NameKey, bounds
from qianhai.ledger.columns import day_of
from qianhai.ledger.decode import ContentOf, Entries
from qianhai.ledger.digest import digest_content
from qianhai.ledger.encode import Sheet
from qianhai.ledger.model import SCALE_MAX, AccountSpec, Chain, ChainResult, Kind, Leg
from qianhai.ledger.past import RESULTS

Numbers = npt.NDArray[np.int64]
_KINDS: Final = (Kind.POST, Kind.HOLD)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class NamedChains:
    """Chains that post or hold, in their order, and their legs, chain after chain.

    Of each chain: `ids` (16 bytes), `kind` (0 posts, 1 holds), `value_on` in days since 2000,
    `expires_at` in microseconds since 1970 or the greatest number, and `counts`, its legs. Of each
    leg: the places of its accounts in `names`, amount, cap (the least number for none), spills.
    `specs` say what each account is opened as where it is not; None has to be open already.
    `expects` pairs the number of a chain and the place of an account with the balance it relies on;
    `begins` and `closes` pair it with accounts it opens without a leg, and those it closes.
    """

    institution_id: str
    ids: Records
    kind: npt.NDArray[np.int8]
    value_on: npt.NDArray[np.int32]
    expires_at: Numbers
    counts: Numbers
    debit: Numbers
    credit: Numbers
    amount: Numbers
    cap: Numbers
    spills: npt.NDArray[np.int8]
    names: Sequence[str]
    specs: Sequence[AccountSpec | None]
    expects: Records
    begins: Records
    closes: Records

    def __len__(self) -> int:
        """Return how many chains there are."""
        return len(self.ids)

    def chain(self, place: int) -> Chain:
        """Return one of them as a chain, without the ground it stands on."""
        first = int(self.counts[:place].sum())
        expires = int(self.expires_at[place])
        legs = tuple(
            Leg(
                self.names[self.debit[row]],
                self.names[self.credit[row]],
                int(self.amount[row]),
                None if self.cap[row] == kernel.NO_CAP else int(self.cap[row]),
                bool(self.spills[row]),
            )
            for row in range(first, first + int(self.counts[place]))
        )
        return Chain(
            UUID(bytes=self.ids[place].tobytes()),
            self.institution_id,
            _KINDS[self.kind[place]],
            legs,
            day_of(self.value_on[place]),
            expires_at=None
            if expires == kernel.INT64_MAX
            else _EPOCH + timedelta(microseconds=expires),
            opens=tuple(spec for at in _of(self.begins, place) if (spec := self.specs[at])),
            closes=tuple(self.names[at] for at in _of(self.closes, place)),
        )


def _of(pairs: Records, place: int) -> list[int]:
    """Return the accounts that some pairs name with a chain."""
    accounts: list[int] = pairs["account"][pairs["chain"] == place].tolist()
    return accounts


#: The form of `expects`, and that of `begins` and `closes`.
EXPECTED: Final = np.dtype([("chain", np.int64), ("account", np.int64), ("balance", np.int64)])
NAMED: Final = np.dtype([("chain", np.int64), ("account", np.int64)])


@dataclass(frozen=True, slots=True)
class PostedChains:
    """What became of named chains: of each its result, failed leg (or -1) and last transfer (or 0).

    Of each leg what was asked of it, what it moved or set aside, and what its credited account
    had before. `first` is the first leg of each chain, `tried` how many were looked at.
    """

    result: Numbers
    failed_leg: Numbers
    seq_last: Numbers
    first: Numbers
    tried: Numbers
    asked: Numbers
    taken: Numbers
    available: Numbers
    used: Numbers

    @property
    def is_posted(self) -> npt.NDArray[np.bool_]:
        """Tell which chains are in the books."""
        return np.equal(self.result, kernel.POSTED)

    @property
    def is_stale(self) -> npt.NDArray[np.bool_]:
        """Tell which chains rely on a balance that is another by now."""
        return np.equal(self.result, kernel.STALE)

    def one(self, place: int) -> ChainResult:
        """Return what became of one chain."""
        result = RESULTS[self.result[place]]
        failed, seq = int(self.failed_leg[place]), int(self.seq_last[place])
        legs = slice(int(self.first[place]), int(self.first[place] + self.tried[place]))
        before = zip(self.available[legs].tolist(), self.used[legs].tolist(), strict=True)
        return ChainResult(
            result,
            None if failed == kernel.NONE else failed,
            tuple(self.asked[legs].tolist()),
            tuple(self.taken[legs].tolist()),
            tuple(before),
            None,
            seq or None,
        )


def unknown_accounts(chains: NamedChains, book: Book) -> tuple[set[NameKey], set[NameKey]]:
    """Return the account names and the asset codes that the book must read."""
    institution, known = chains.institution_id, book.named(chains.institution_id)
    fresh = [
        (name, spec)
        for name, spec in zip(chains.names, chains.specs, strict=True)
        if name not in known
    ]
    return (
        {(institution, name) for name, _ in fresh},
        {(institution, code) for code in {spec.asset.code for _, spec in fresh if spec}},
    )


def encode_named(chains: NamedChains, book: Book) -> Sheet:
    """Lay out chains as the kernel's rows; the book has read what they name."""
    institution = chains.institution_id
    rows = np.array([book.row(institution, name) for name in chains.names], np.int64)
    legs = np.zeros(len(chains.amount), forms.LEG)
    legs["debit"], legs["credit"] = rows[chains.debit], rows[chains.credit]
    legs["amount"], legs["cap"], legs["spills"] = chains.amount, chains.cap, chains.spills
    legs["source"] = kernel.NONE
    made = np.zeros(len(chains), forms.CHAIN)
    made["kind"], made["expires"] = chains.kind, chains.expires_at
    made["origin"] = made["failed_leg"] = kernel.NONE
    made["has_fitting_amounts"] = 1
    made["verdict"] = kernel.UNDECIDED
    made["leg_end"] = np.cumsum(chains.counts)
    made["leg_first"] = made["leg_end"] - chains.counts
    opens, specs = _opens(chains, rows, book, made)
    expects = np.zeros(len(chains.expects), forms.EXPECT)
    expects["account"] = rows[chains.expects["account"]]
    expects["balance"] = chains.expects["balance"]
    _range(made, "expect", chains.expects["chain"])
    _range(made, "close", chains.closes["chain"])
    closes = rows[chains.closes["account"]]
    arrays = Arrays(book.assets, book.accounts, opens, expects, closes, legs, made)
    return Sheet(
        arrays,
        (),
        chains.ids,
        np.full(len(chains), book.institution(institution), np.int32),
        chains.value_on,
        np.zeros(len(chains), "V16"),
        specs=specs,
    )


def _range(chains: Records, name: str, owners: Numbers) -> None:
    """Say which of some rows, in the order of their chains, are each chain's."""
    counts = np.bincount(owners, minlength=len(chains))
    chains[f"{name}_end"] = np.cumsum(counts)
    chains[f"{name}_first"] = chains[f"{name}_end"] - counts


def _opens(
    chains: NamedChains, rows: Numbers, book: Book, made: Records
) -> tuple[Records, list[AccountSpec]]:
    """Return what each chain opens: of its accounts those that are not open just as they are."""
    institution = chains.institution_id
    named = [kernel.NONE if spec is None else book.spec(spec) for spec in chains.specs]
    specs = np.array(named, np.int64)
    stands = book.accounts[rows]
    needs = (stands["state"] != kernel.OPEN) | (stands["spec"] != specs)
    needs &= specs != kernel.NONE
    by_leg = np.repeat(np.arange(len(chains)), chains.counts)
    pairs = np.concatenate(
        [
            owners[needs[side]] * len(rows) + side[needs[side]]
            for owners, side in (
                (by_leg, chains.debit),
                (by_leg, chains.credit),
                (chains.begins["chain"], chains.begins["account"]),
            )
        ]
    )
    owner, account = np.divmod(np.unique(pairs), max(len(rows), 1))
    _range(made, "open", owner)
    entries = np.zeros(len(rows), forms.OPEN)
    for at in np.unique(account).tolist():
        spec = chains.specs[at]
        assert spec is not None, "only what has one is opened"
        entries[at] = (
            rows[at],
            specs[at],
            book.code(institution, spec.asset.code),
            book.form(institution, spec.asset),
            int(0 <= spec.asset.scale <= SCALE_MAX),
            *bounds(spec),
            0,
            0,
        )
    return entries[account], [spec for at in account.tolist() if (spec := chains.specs[at])]


def content_of_named(chains: NamedChains) -> ContentOf:
    """Return what gives the salted digest of a chain's content, by its place."""

    def content(place: int, salt: bytes) -> bytes:
        return digest_content(chains.chain(place), salt)

    return content


def answer_named(sheet: Sheet, entries: Entries) -> PostedChains:
    """Return what became of each chain of a sheet of named chains."""
    rows, legs = sheet.fresh, sheet.arrays.legs
    seqs = np.zeros(len(rows), np.int64)
    seqs[rows["verdict"] != kernel.STALE] = entries.chains["transfer_last"]
    return PostedChains(
        rows["verdict"].copy(),
        rows["failed_leg"].copy(),
        seqs,
        rows["leg_first"].copy(),
        rows["tried"].copy(),
        legs["asked"].copy(),
        np.where(legs["posted"] != 0, legs["posted"], np.maximum(legs["held"], 0)),
        legs["debit_balance"] - legs["debit_pending"],
        legs["credit_balance"] + legs["credit_pending"],
    )
