"""What the kernel found, turned into the columns and rows of a batch.

Holds the numbering of what is new (accounts, chains, transfers, the batch) and its sealing. Must
not decide anything and must not know SQL.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from qianhai.ledger import kernel
from qianhai.ledger.batch import Records
from qianhai.ledger.book import NOWHERE, Book
from qianhai.ledger.columns import (
    CHAIN_FORM,
    CHAINS,
    TRANSFER_FORM,
    TRANSFERS,
    Detail,
    instant_number,
    pack,
    row_checks,
    seal_chains,
    seal_transfers,
    transfer_ids,
)
from qianhai.ledger.digest import (
    BATCH_VERSION,
    SALT_BYTES,
    SCHEMA_VERSION,
    AccountRow,
    AccountState,
    AssetRow,
    BatchRow,
    hash_batch,
    seal,
)
from qianhai.ledger.encode import Sheet
from qianhai.ledger.model import AccountSpec, Asset

#: Microseconds from 1970, where the kernel's instants count from, to PostgreSQL's 2000.
_ERA_MICROS: Final = 946_684_800_000_000

#: Returns the digest, under a salt, of what a new chain asked; the chain by its place.
ContentOf = Callable[[int, bytes], bytes]
Numbers = npt.NDArray[np.int64]


@dataclass(slots=True)
class Entries:
    """Everything one batch writes, each in the order of its numbers.

    `details` are those of chains by their place among `chains`; `holds` are places too. `resolved`
    pairs a hold's sequence with that of the chain that resolved it. `touched` are rows of the book,
    some more than once; `closed_by` says which chain closed a row.
    """

    chains: Records
    transfers: Records
    packed_chains: bytes = b""
    packed_transfers: bytes = b""
    assets: list[AssetRow] = field(default_factory=list)
    accounts: list[tuple[AccountRow, AccountState]] = field(default_factory=list)
    details: dict[int, Detail] = field(default_factory=dict)
    holds: Numbers = field(default_factory=lambda: np.zeros(0, np.int64))
    resolved: tuple[Numbers, Numbers] = field(
        default_factory=lambda: (np.zeros(0, np.int64), np.zeros(0, np.int64))
    )
    touched: Numbers = field(default_factory=lambda: np.zeros(0, np.int64))
    closed_by: dict[int, int] = field(default_factory=dict)

    def digests(self) -> Iterator[bytes]:
        """Yield the digests of rows a batch's hash runs over, in their order."""
        for asset in self.assets:
            yield asset.digest
        for account, _ in self.accounts:
            yield account.digest


class _Shape(NamedTuple):
    """Where the new chains of a sheet and their legs come to stand among what is written."""

    is_kept: npt.NDArray[np.bool_]
    is_posted: npt.NDArray[np.bool_]
    seqs: Numbers
    legs: Records
    owners: Numbers
    is_written: npt.NDArray[np.bool_]
    counts: Numbers
    firsts: Numbers


def decode(
    sheet: Sheet,
    book: Book,
    head: BatchRow,
    posted_at: datetime,
    salts: Callable[[int], bytes],
    content_of: ContentOf,
) -> tuple[Entries, BatchRow]:
    """Number and seal everything a batch writes, and the batch itself after the head it follows.

    A stale chain leaves nothing: its id stays free for the retry. The book learns the numbers of
    the accounts the batch opened.
    """
    shape = _shape(sheet, head)
    entries = Entries(
        _chain_rows(sheet, shape, posted_at),
        np.zeros(int(shape.is_written.sum()), TRANSFER_FORM),
    )
    _write_opened(sheet, book, head, salts, shape, entries)
    _fill_transfers(sheet, book, head, posted_at, shape, entries.transfers)
    _write_details(sheet, book, salts, content_of, shape, entries)
    _note_changes(sheet, shape, book, entries)
    entries.chains["row_check"] = row_checks(entries.chains, book.institutions)
    entries.transfers["row_check"] = row_checks(entries.transfers, book.institutions)
    entries.packed_chains = pack(entries.chains, CHAINS, book.institutions)
    entries.packed_transfers = pack(entries.transfers, TRANSFERS, book.institutions)
    row = BatchRow(
        head.number + 1,
        posted_at,
        head.asset_last + len(entries.assets),
        head.account_last + len(entries.accounts),
        head.chain_last + len(entries.chains),
        head.transfer_last + len(entries.transfers),
        BATCH_VERSION,
        seal_chains(
            entries.packed_chains, entries.chains["detail"][sorted(entries.details)].tobytes()
        ),
        seal_transfers(entries.packed_transfers),
        b"",
    )
    return entries, row._replace(hash=hash_batch(head.hash, row, entries.digests()))


def _shape(sheet: Sheet, head: BatchRow) -> _Shape:
    fresh = sheet.fresh
    is_kept = fresh["verdict"] != kernel.STALE
    is_posted = fresh["verdict"] == kernel.POSTED
    first_leg = int(fresh["leg_first"][0]) if len(fresh) else len(sheet.arrays.legs)
    legs = sheet.arrays.legs[first_leg:]
    owners = np.repeat(np.arange(len(fresh)), fresh["leg_end"] - fresh["leg_first"])
    is_written = is_posted[owners] & (legs["debit"] != NOWHERE)
    counts = np.bincount(owners[is_written], minlength=len(fresh))
    return _Shape(
        is_kept,
        is_posted,
        head.chain_last + np.cumsum(is_kept),
        legs,
        owners,
        is_written,
        counts,
        head.transfer_last + np.cumsum(counts) - counts + 1,
    )


def _chain_rows(sheet: Sheet, shape: _Shape, posted_at: datetime) -> Records:
    fresh, kept = sheet.fresh, shape.is_kept
    rows = np.zeros(int(kept.sum()), CHAIN_FORM)
    rows["seq"] = shape.seqs[kept]
    rows["institution"] = sheet.institution[kept]
    rows["id"] = sheet.ids[kept]
    rows["kind"] = fresh["kind"][kept]
    rows["value_on"] = sheet.value_on[kept]
    rows["posted_at"] = instant_number(posted_at)
    rows["result"] = fresh["verdict"][kept]
    rows["has_transfers"] = shape.counts[kept] > 0
    rows["transfer_first"] = np.where(rows["has_transfers"], shape.firsts[kept], 0)
    rows["transfer_last"] = np.where(
        rows["has_transfers"], (shape.firsts + shape.counts - 1)[kept], 0
    )
    rows["has_origin"] = fresh["kind"][kept] >= kernel.COMMIT
    rows["of_id"] = sheet.of[kept]
    rows["is_expiring"] = fresh["expires"][kept] != kernel.INT64_MAX
    rows["expires_at"] = np.where(rows["is_expiring"], fresh["expires"][kept] - _ERA_MICROS, 0)
    rows["schema_version"] = BATCH_VERSION
    return rows


def _fill_transfers(
    sheet: Sheet, book: Book, head: BatchRow, posted_at: datetime, shape: _Shape, rows: Records
) -> None:
    legs, owners = shape.legs[shape.is_written], shape.owners[shape.is_written]
    fresh = sheet.fresh
    first_leg = int(fresh["leg_first"][0]) if len(fresh) else len(sheet.arrays.legs)
    rows["seq"] = head.transfer_last + 1 + np.arange(len(rows))
    rows["id"] = transfer_ids(posted_at, rows["seq"])
    rows["institution"] = sheet.institution[owners]
    rows["chain_id"] = sheet.ids[owners]
    rows["leg"] = np.flatnonzero(shape.is_written) + first_leg - fresh["leg_first"][owners]
    rows["kind"] = fresh["kind"][owners]
    rows["value_on"] = sheet.value_on[owners]
    rows["debit_account_id"] = book.ids[legs["debit"]]
    rows["credit_account_id"] = book.ids[legs["credit"]]
    amount, held = legs["posted"], legs["held"]
    rows["amount"], rows["held"] = amount, held
    rows["has_cap"] = legs["cap"] != kernel.NO_CAP
    rows["cap"] = np.where(rows["has_cap"], legs["cap"], 0)
    rows["is_spilling"] = legs["spills"]
    taken = np.where(rows["kind"] == kernel.HOLD, held, amount)
    rows["spilled"] = np.where(rows["is_spilling"], legs["asked"] - taken, 0)
    rows["debit_balance"] = legs["debit_balance"] - amount
    rows["debit_pending"] = legs["debit_pending"] + held
    rows["credit_balance"] = legs["credit_balance"] + amount
    rows["credit_pending"] = legs["credit_pending"] + held
    rows["schema_version"] = BATCH_VERSION


def _write_opened(
    sheet: Sheet,
    book: Book,
    head: BatchRow,
    salts: Callable[[int], bytes],
    shape: _Shape,
    entries: Entries,
) -> None:
    """Number the assets and accounts that posted chains opened, in the order of their rows."""
    opens, fresh = sheet.arrays.opens, sheet.fresh
    opened_at = np.flatnonzero(opens["has_opened"])
    owners = np.searchsorted(fresh["open_end"], opened_at, side="right")
    registers = opens["has_registered"][opened_at]
    for at, place, has_registered in zip(
        opened_at.tolist(), owners.tolist(), registers.tolist(), strict=True
    ):
        institution, seq = book.institutions[sheet.institution[place]], int(shape.seqs[place])
        spec = sheet.specs[at]
        if has_registered:
            asset = _asset_row(head, salts, institution, spec.asset, seq, len(entries.assets))
            entries.assets.append(asset)
            book.add_asset(asset.id, institution, spec.asset)
        number = head.account_last + len(entries.accounts) + 1
        asset_id = book.asset_ids[book.form(institution, spec.asset)]
        opened = _account_row(salts, number, institution, spec, asset_id, seq)
        book.keep_opened(institution, spec.name, number)
        entries.accounts.append((opened, AccountState(0, 0, 0, None, None, 0)))


def _asset_row(
    head: BatchRow,
    salts: Callable[[int], bytes],
    institution: str,
    asset: Asset,
    seq: int,
    before: int,
) -> AssetRow:
    return seal(
        AssetRow,
        salts(SALT_BYTES),
        head.asset_last + before + 1,
        institution,
        asset.code,
        asset.scale,
        asset.kind,
        seq,
        SCHEMA_VERSION,
    )


def _account_row(
    salts: Callable[[int], bytes],
    number: int,
    institution: str,
    spec: AccountSpec,
    asset_id: int,
    seq: int,
) -> AccountRow:
    return seal(
        AccountRow,
        salts(SALT_BYTES),
        number,
        institution,
        spec.name,
        asset_id,
        spec.kind,
        spec.holder,
        spec.floor,
        spec.ceiling,
        seq,
        SCHEMA_VERSION,
    )


def _write_details(
    sheet: Sheet,
    book: Book,
    salts: Callable[[int], bytes],
    content_of: ContentOf,
    shape: _Shape,
    entries: Entries,
) -> None:
    """Write down what refused chains keep, and which accounts posted ones closed."""
    fresh = sheet.fresh
    is_closing = shape.is_posted & (fresh["close_end"] > fresh["close_first"])
    places = np.cumsum(shape.is_kept) - 1
    is_gapped = shape.is_posted & (shape.counts < fresh["leg_end"] - fresh["leg_first"])
    is_told = is_closing | is_gapped | (shape.is_kept & ~shape.is_posted)
    for place in np.flatnonzero(is_told).tolist():
        row = fresh[place]
        if is_gapped[place]:
            detail = _gapped(sheet, row)
        elif shape.is_posted[place]:
            closes = sheet.arrays.closes[row["close_first"] : row["close_end"]]
            entries.closed_by.update(dict.fromkeys(closes.tolist(), int(shape.seqs[place])))
            detail = Detail(closed=book.ids[closes].tolist())
        else:
            detail = _refused(sheet, row, salts(SALT_BYTES), place, content_of)
        entries.details[int(places[place])] = detail
        entries.chains["detail"][places[place]] = np.void(detail.digest())


def _gapped(sheet: Sheet, row: np.void) -> Detail:
    """Return what a chain keeps that continued one of the first form, which lacks some legs."""
    legs = sheet.arrays.legs[row["leg_first"] : row["leg_end"]]
    return Detail(
        asked=legs["asked"].tolist(),
        amounts=legs["posted"].tolist(),
        available=(legs["debit_balance"] - legs["debit_pending"]).tolist(),
        used=(legs["credit_balance"] + legs["credit_pending"]).tolist(),
    )


def _refused(sheet: Sheet, row: np.void, salt: bytes, place: int, content_of: ContentOf) -> Detail:
    legs = sheet.arrays.legs[row["leg_first"] : row["leg_first"] + row["tried"]]
    failed = int(row["failed_leg"])
    return Detail(
        failed_leg=None if failed == kernel.NONE else failed,
        asked=legs["asked"].tolist(),
        amounts=[0] * len(legs),
        available=(legs["debit_balance"] - legs["debit_pending"]).tolist(),
        used=(legs["credit_balance"] + legs["credit_pending"]).tolist(),
        salt=salt,
        content=content_of(place, salt),
    )


def _note_changes(sheet: Sheet, shape: _Shape, book: Book, entries: Entries) -> None:
    """Note the holds that begin and end, and how every account stands that was touched."""
    fresh, seqs = sheet.fresh, shape.seqs
    is_hold = shape.is_posted & (fresh["kind"] == kernel.HOLD)
    entries.holds = np.flatnonzero(is_hold[shape.is_kept])
    resolves = np.flatnonzero(
        shape.is_posted & ((fresh["kind"] == kernel.COMMIT) | (fresh["kind"] == kernel.VOID))
    )
    all_seqs = np.concatenate([np.array([one.seq for one in sheet.past], np.int64), seqs])
    entries.resolved = (all_seqs[fresh["origin"][resolves]], seqs[resolves])
    legs = shape.legs[shape.is_written]
    sides = np.stack([legs["debit"], legs["credit"]], axis=1).ravel()
    book.last_seqs[sides] = np.repeat(entries.transfers["seq"], 2)  # the last of each stays
    entries.touched = np.append(sides, np.array(list(entries.closed_by), np.int64))
    book.accounts["is_changed"][sides] = 1  # also where nothing moved: the last transfer did change
    opened = np.array([account.id for account, _ in entries.accounts], np.int64)
    rows = book.rows(opened)
    entries.accounts = [
        (account, state_of(book, row, entries.closed_by.get(row)))
        for (account, _), row in zip(entries.accounts, rows.tolist(), strict=True)
    ]
    book.accounts["is_changed"][rows] = 0


def state_of(book: Book, row: int, closed_by: int | None) -> AccountState:
    """Return how an account of the book stands."""
    account = book.accounts[row]
    cap = int(account["cap"])
    return AccountState(
        int(account["balance"]),
        int(account["pending_in"]),
        int(account["pending_out"]),
        None if cap == kernel.NO_CAP else cap,
        closed_by,
        int(book.last_seqs[row]),
    )
