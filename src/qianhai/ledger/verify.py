"""Proof that the ledger's history is what was written: digests, hash chain and a replay.

Holds the second opinion: it reads every row once, in order, some batches at a time. Must not change
anything; sentences are in `flaws`, sums in `replay`, SQL in `history`.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Generic, TypeVar

import numpy as np

from qianhai.db import Connection
from qianhai.kernel import Flaw
from qianhai.ledger import history, queries
from qianhai.ledger.batch import Records
from qianhai.ledger.columns import (
    CHAINS,
    TRANSFERS,
    pack,
    row_checks,
    seal_chains,
    seal_transfers,
)
from qianhai.ledger.digest import (
    BATCH_VERSION,
    GENESIS,
    AccountRow,
    AccountState,
    AssetRow,
    BatchRow,
    SaltedRow,
    digest_row,
    hash_batch,
)
from qianhai.ledger.first_form import FirstChainRow, FirstTransferRow
from qianhai.ledger.flaws import flaw
from qianhai.ledger.history import Slab
from qianhai.ledger.model import INT64_MAX, Head
from qianhai.ledger.replay import Replay

#: Whole batches are read together until they have so many rows.
_ROWS_AT_ONCE: Final = 60_000

_Streamed = TypeVar("_Streamed", bound=SaltedRow)


def verify(conn: Connection, head: Head | None = None) -> Iterator[Flaw]:
    """Yield every difference between what is stored and what its digests and legs say.

    Reads one moment, so that writers need not wait: the connection must stand at the start of its
    transaction (or be repeatable read). With a head kept from earlier, a history that was cut or
    rewritten before it is found even if every digest and hash was made again. Memory grows with
    the number of accounts (some 140 bytes each) and the largest batch, not with the history.
    """
    history.fix_snapshot(conn)
    check = _Check(conn)
    is_met = head is None or head == Head(0, GENESIS.hash)
    last, batches = GENESIS, list[BatchRow]()
    for row in history.stream_batches(conn):
        if row.number != last.number + 1:
            yield flaw("L102", "batches", row.number, last.number)
        batches.append(row)
        is_met = is_met or head == Head(row.number, row.hash)
        last = row
        first = batches[0]
        rows = row.chain_last + row.transfer_last - first.chain_last - first.transfer_last
        if rows >= _ROWS_AT_ONCE:
            yield from check.run(batches)
            batches.clear()
    yield from check.run(batches)
    yield from check.leftover(last)
    if head is not None and not is_met:
        yield flaw("L110", "batches", head.batch, Head(last.number, last.hash).text(),
                   expected=head.text())  # fmt: skip
    yield from _heads(conn, last)
    yield from check.accounts()
    for number, column in history.misresolved_holds(conn):
        yield flaw("L108", "holds", number, column, column=column)
    for table, number in history.miscarried(conn):
        yield flaw("L112", table, number, number)


def _heads(conn: Connection, last: BatchRow) -> Iterator[Flaw]:
    stored, settled = queries.read_head(conn), queries.read_settled(conn)
    for column, found, expected in zip(BatchRow._fields, stored, last, strict=True):
        if found != expected:
            yield flaw("L109", "heads", stored.number, found, column=column, expected=expected)
    if not 0 <= settled <= last.transfer_last:
        yield flaw("L109", "heads", stored.number, settled, column="settled",
                   expected=f"0 to {last.transfer_last}")  # fmt: skip


class _Table(Generic[_Streamed]):
    """One table of sealed rows read in the order of its numbers, some rows for each batch."""

    def __init__(
        self,
        conn: Connection,
        table: str,
        fields: Sequence[str],
        make: Callable[[tuple[Any, ...]], _Streamed],
    ) -> None:
        self.table = table
        self._rows = map(make, history.stream(conn, table, fields, fields[0]))
        self._next: _Streamed | None = next(self._rows, None)
        self._number = 0

    def take(self, last: int, digests: list[bytes]) -> Iterator[tuple[_Streamed, list[Flaw]]]:
        """Yield the rows up to a number, each with what is wrong with its number and digest."""
        while self._next is not None and self._next[0] <= last:
            row, flaws = self._next, []
            if row[0] != self._number + 1:
                flaws.append(flaw("L102", self.table, row[0], self._number))
            if digest_row(row) != row.digest:
                flaws.append(flaw("L101", self.table, row[0], row.digest.hex()))
            self._number = row[0]
            digests.append(row.digest)
            self._next = next(self._rows, None)
            yield row, flaws

    def leftover(self) -> Iterator[Flaw]:
        """Yield the rows after the last batch."""
        while self._next is not None:
            yield flaw("L103", self.table, self._next[0], self._next[0])
            self._next = next(self._rows, None)


class _Check:
    """All that grows with each batch, checked some batches at a time."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._last = GENESIS
        self._replay = Replay(queries.read_settled(conn))
        self._assets = _Table(conn, "assets", AssetRow._fields, AssetRow._make)
        self._accounts = _Table(conn, "accounts", AccountRow._fields, AccountRow._make)
        self._first_chains = _Table(
            conn, "chains_first_form", FirstChainRow._fields, FirstChainRow._make
        )
        self._first_transfers = _Table(
            conn, "transfers_first_form", FirstTransferRow._fields, FirstTransferRow._make
        )
        self._states = history.stream(conn, "accounts", AccountState._fields, "id")

    def run(self, batches: Sequence[BatchRow]) -> Iterator[Flaw]:
        """Yield what is wrong with the rows of some batches, and with their hashes."""
        if not batches:
            return
        before, end = self._last, batches[-1]
        chains = history.chains(self._conn, before.chain_last, end.chain_last)
        transfers = history.transfers(self._conn, before.transfer_last, end.transfer_last)
        yield from _rows("chains", chains, before.chain_last)
        yield from _rows("transfers", transfers, before.transfer_last)
        for batch in batches:
            digests: list[bytes] = []
            yield from self._opened(batch, digests)
            if batch.schema_version >= BATCH_VERSION:
                yield from self._digests(batch, chains, transfers)
            else:
                for table, last in (
                    (self._first_chains, batch.chain_last),
                    (self._first_transfers, batch.transfer_last),
                ):
                    for _, flaws in table.take(last, digests):
                        yield from flaws
            if hash_batch(self._last.hash, batch, digests) != batch.hash:
                yield flaw("L104", "batches", batch.number, batch.hash.hex())
            self._last = batch
        yield from self._replay.post(chains, transfers)

    def _opened(self, batch: BatchRow, digests: list[bytes]) -> Iterator[Flaw]:
        for _, flaws in self._assets.take(batch.asset_last, digests):
            yield from flaws
        for account, flaws in self._accounts.take(batch.account_last, digests):
            yield from flaws
            self._replay.open(account, AccountState(*next(self._states)))

    def _digests(self, batch: BatchRow, chains: Slab, transfers: Slab) -> Iterator[Flaw]:
        """Yield which table of a batch is not what its digest was made of."""
        for table, slab, seal, after, last, digest in (
            ("chains", chains, _seal_chains, self._last.chain_last, batch.chain_last,
             batch.chains_digest),
            ("transfers", transfers, _seal_transfers, self._last.transfer_last,
             batch.transfer_last, batch.transfers_digest),
        ):  # fmt: skip
            seqs = slab.rows["seq"]
            start, end = np.searchsorted(seqs, [after, last], side="right")
            if seal(slab, start, end) != digest:
                yield flaw("L111", table, after + 1, f"batch {batch.number}", last=last)

    def leftover(self, last: BatchRow) -> Iterator[Flaw]:
        """Yield the rows that belong to no batch."""
        for table in (self._assets, self._accounts, self._first_chains, self._first_transfers):
            yield from table.leftover()
        for name, slab in (
            ("chains", history.chains(self._conn, last.chain_last, INT64_MAX)),
            ("transfers", history.transfers(self._conn, last.transfer_last, INT64_MAX)),
        ):
            for seq in slab.rows["seq"].tolist():
                yield flaw("L103", name, seq, seq)

    def accounts(self) -> Iterator[Flaw]:
        """Yield where accounts are not what their transfers add up to."""
        fields = (*AccountRow._fields, *AccountState._fields)
        for row in history.stream(self._conn, "accounts", fields, "id"):
            account = AccountRow(*row[: len(AccountRow._fields)])
            state = AccountState(*row[len(AccountRow._fields) :])
            yield from self._replay.compare(account, state)


def _seal_chains(slab: Slab, start: int, end: int) -> bytes:
    """Return what the digest of the chains of a batch must be."""
    places = sorted(place for place in slab.details if start <= place < end)
    details = slab.rows["detail"][places].tobytes()
    return seal_chains(pack(slab.rows[start:end], CHAINS, slab.institutions), details)


def _seal_transfers(slab: Slab, start: int, end: int) -> bytes:
    """Return what the digest of the transfers of a batch must be."""
    return seal_transfers(pack(slab.rows[start:end], TRANSFERS, slab.institutions))


def _rows(table: str, slab: Slab, after: int) -> Iterator[Flaw]:
    """Yield gaps in the numbers, and the rows that are not what their checksum says."""
    rows: Records = slab.rows
    before = np.concatenate([[after], rows["seq"][:-1]])
    for place in np.flatnonzero(rows["seq"] != before + 1).tolist():
        yield flaw("L102", table, int(rows["seq"][place]), int(before[place]))
    is_changed = (row_checks(rows, slab.institutions) != rows["row_check"]) & (
        rows["schema_version"] != 1
    )
    for place in np.flatnonzero(is_changed).tolist():
        yield flaw("L101", table, int(rows["seq"][place]), int(rows["row_check"][place]))
