"""What the kernel found, turned back into rows to store and results to answer.

Holds the numbering of what is new (accounts, chains, transfers, the batch) and its sealing. Must
not decide anything and must not know SQL.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from qianhai.ledger import kernel
from qianhai.ledger.digest import (
    SALT_BYTES,
    SCHEMA_VERSION,
    AccountRow,
    AccountState,
    AssetRow,
    BatchRow,
    ChainRow,
    TransferRow,
    digest_content,
    hash_batch,
    seal,
)
from qianhai.ledger.encode import ChainKey, Sheet, is_same_content
from qianhai.ledger.model import Asset, Chain, ChainResult, Kind, Result

_RESULTS: Final = tuple(Result)


@dataclass(slots=True)
class Entries:
    """Everything one batch writes, each list in the order of its numbers."""

    assets: list[AssetRow] = field(default_factory=list)
    accounts: list[tuple[AccountRow, AccountState]] = field(default_factory=list)
    chains: list[ChainRow] = field(default_factory=list)
    transfers: list[TransferRow] = field(default_factory=list)
    changes: list[tuple[int, AccountState]] = field(default_factory=list)
    holds: list[ChainRow] = field(default_factory=list)
    resolved: list[tuple[int, int]] = field(default_factory=list)

    def digests(self) -> Iterator[bytes]:
        """Yield the digests a batch's hash runs over, in their order."""
        for asset in self.assets:
            yield asset.digest
        for account, _ in self.accounts:
            yield account.digest
        for chain in self.chains:
            yield chain.digest
        for transfer in self.transfers:
            yield transfer.digest


def result_of(row: ChainRow, *, first: bool = True) -> ChainResult:
    """Return the result a chain on record was answered with."""
    return ChainResult(
        Result(row.result),
        row.failed_leg,
        tuple(row.asked),
        tuple(row.amounts),
        tuple(zip(row.available, row.used, strict=True)),
        row.transfer_first,
        row.transfer_last,
        first,
    )


def decode(
    sheet: Sheet, head: BatchRow, posted_at: datetime, salts: Callable[[int], bytes]
) -> tuple[Entries, BatchRow]:
    """Number and seal everything a batch writes, and the batch itself after the head it follows.

    A stale chain leaves nothing: its id stays free for the retry.
    """
    decoder = _Decoder(sheet, head, posted_at, salts)
    for chain in sheet.fresh:
        decoder.write(chain, sheet.rows[chain.institution_id, chain.id])
    decoder.note_changes()
    entries = decoder.entries
    row = BatchRow(
        head.number + 1,
        posted_at,
        head.asset_last + len(entries.assets),
        head.account_last + len(entries.accounts),
        head.chain_last + len(entries.chains),
        head.transfer_last + len(entries.transfers),
        SCHEMA_VERSION,
        b"",
    )
    return entries, row._replace(hash=hash_batch(head.hash, row, entries.digests()))


class _Decoder:
    """Walks the chains in order and writes down what each did."""

    def __init__(
        self, sheet: Sheet, head: BatchRow, posted_at: datetime, salts: Callable[[int], bytes]
    ) -> None:
        self.entries = Entries()
        self._sheet, self._head, self._posted_at, self._salts = sheet, head, posted_at, salts
        self._asset_ids = {key: known[0] for key, known in sheet.known.assets.items()}
        self._account_ids = {
            sheet.accounts[account.institution_id, account.spec.name]: account.id
            for account in sheet.known.accounts
        }
        self._closed_by: dict[int, int] = {}
        self._chain_seqs = {
            sheet.rows[key]: past.row.seq
            for key, past in sheet.known.chains.items()
            if key in sheet.rows
        }
        self._opened: list[tuple[int, AccountRow]] = []

    def write(self, chain: Chain, row: int) -> None:
        """Write down one chain: what it opened, its transfers, its result."""
        chains = self._sheet.batch.chains
        verdict = chains.verdict[row]
        if verdict == kernel.STALE:
            return
        seq = self._head.chain_last + len(self.entries.chains) + 1
        self._chain_seqs[row] = seq
        if verdict == kernel.POSTED:
            self._write_opened(chain, row, seq)
        first = self._head.transfer_last + len(self.entries.transfers) + 1
        if verdict == kernel.POSTED:
            self._write_transfers(chain, row, seq)
        last = self._head.transfer_last + len(self.entries.transfers)
        written = self._seal_chain(chain, row, seq, (first, last) if last >= first else None)
        self.entries.chains.append(written)
        if verdict == kernel.POSTED and chain.kind is Kind.HOLD:
            self.entries.holds.append(written)
        if verdict == kernel.POSTED and chain.kind in (Kind.COMMIT, Kind.VOID):
            self.entries.resolved.append((self._chain_seqs[chains.origin[row]], seq))

    def _seal_chain(
        self, chain: Chain, row: int, seq: int, transfers: tuple[int, int] | None
    ) -> ChainRow:
        batch = self._sheet.batch
        first = batch.chains.leg_first[row]
        tried = range(first, first + batch.chains.tried[row])
        legs, failed = batch.legs, batch.chains.failed_leg[row]
        closed = []
        if batch.chains.verdict[row] == kernel.POSTED:
            for at in range(batch.chains.close_first[row], batch.chains.close_end[row]):
                self._closed_by[batch.closes[at]] = seq
                closed.append(self._account_ids[batch.closes[at]])
        salt = self._salts(SALT_BYTES)
        return seal(
            ChainRow,
            salt,
            seq,
            chain.institution_id,
            chain.id,
            chain.kind.value,
            chain.of,
            chain.value_on,
            chain.expires_at,
            self._posted_at,
            _RESULTS[batch.chains.verdict[row]].value,
            None if failed == kernel.NONE else failed,
            [legs.asked[leg] for leg in tried],
            [legs.posted[leg] or max(legs.held[leg], 0) for leg in tried],
            [legs.debit_balance[leg] - legs.debit_pending[leg] for leg in tried],
            [legs.credit_balance[leg] + legs.credit_pending[leg] for leg in tried],
            closed,
            transfers and transfers[0],
            transfers and transfers[1],
            digest_content(chain, salt),
            SCHEMA_VERSION,
        )

    def _write_opened(self, chain: Chain, row: int, seq: int) -> None:
        batch, institution = self._sheet.batch, chain.institution_id
        for at in range(batch.chains.open_first[row], batch.chains.open_end[row]):
            spec = self._sheet.open_specs[at]
            if batch.opens.has_registered[at]:
                self._write_asset(institution, spec.asset, seq)
            if not batch.opens.has_opened[at]:
                continue
            number = self._head.account_last + len(self._opened) + 1
            opened = seal(
                AccountRow,
                self._salts(SALT_BYTES),
                number,
                institution,
                spec.name,
                self._asset_ids[institution, spec.asset.code],
                spec.kind,
                spec.holder,
                spec.floor,
                spec.ceiling,
                seq,
                SCHEMA_VERSION,
            )
            self._account_ids[batch.opens.account[at]] = number
            self._opened.append((batch.opens.account[at], opened))

    def _write_asset(self, institution: str, asset: Asset, seq: int) -> None:
        number = self._head.asset_last + len(self.entries.assets) + 1
        self._asset_ids[institution, asset.code] = number
        self.entries.assets.append(
            seal(
                AssetRow,
                self._salts(SALT_BYTES),
                number,
                institution,
                asset.code,
                asset.scale,
                asset.kind,
                seq,
                SCHEMA_VERSION,
            )
        )

    def _write_transfers(self, chain: Chain, row: int, seq: int) -> None:
        batch = self._sheet.batch
        legs = batch.legs
        first = batch.chains.leg_first[row]
        for leg in range(first, batch.chains.leg_end[row]):
            amount, held = legs.posted[leg], legs.held[leg]
            if not amount and not held:
                continue
            self.entries.transfers.append(
                seal(
                    TransferRow,
                    self._salts(SALT_BYTES),
                    self._head.transfer_last + len(self.entries.transfers) + 1,
                    chain.institution_id,
                    seq,
                    leg - first,
                    self._account_ids[legs.debit[leg]],
                    self._account_ids[legs.credit[leg]],
                    amount,
                    held,
                    None if legs.cap[leg] == kernel.NO_CAP else legs.cap[leg],
                    legs.debit_balance[leg] - amount,
                    legs.debit_pending[leg] + held,
                    legs.credit_balance[leg] + amount,
                    legs.credit_pending[leg] + held,
                    SCHEMA_VERSION,
                )
            )

    def note_changes(self) -> None:
        """Note how every account stands that was opened or changed."""
        for row, opened in self._opened:
            self.entries.accounts.append((opened, self._state(row, None)))
        for account in self._sheet.known.accounts:
            row = self._sheet.accounts[account.institution_id, account.spec.name]
            state = self._state(row, account.state.closed_by)
            if state != account.state:
                self.entries.changes.append((account.id, state))

    def _state(self, row: int, closed_by: int | None) -> AccountState:
        columns = self._sheet.batch.accounts
        cap = columns.cap[row]
        return AccountState(
            columns.balance[row],
            columns.pending_in[row],
            columns.pending_out[row],
            None if cap == kernel.NO_CAP else cap,
            self._closed_by.get(row, closed_by),
        )


def answer(chains: Sequence[Chain | None], sheet: Sheet, entries: Entries) -> list[ChainResult]:
    """Return each chain's result, in the order they were handed in.

    Of chains with one id the first decides: equal content is answered the same, other content is
    a conflict; while the first is stale all of them are, because nothing of them is kept.
    """
    past = {key: known.row for key, known in sheet.known.chains.items()}
    written = {(row.institution_id, row.id): row for row in entries.chains}
    answered: set[ChainKey] = set()
    results = []
    for chain in chains:
        if chain is None:
            results.append(ChainResult(Result.POSTED))
            continue
        key = (chain.institution_id, chain.id)
        row = past.get(key) or written.get(key)
        if row is None:
            results.append(ChainResult(Result.STALE))
        elif key not in past and key not in answered:
            results.append(result_of(row))
        elif is_same_content(chain, row):
            results.append(result_of(row, first=False))
        else:
            results.append(ChainResult(Result.ID_CONFLICT))
        answered.add(key)
    return results
