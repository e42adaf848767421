"""Proof that the ledger's history is what was written: digests, hash chain and a replay.

Holds the second opinion: it reads every row once, in order, batch by batch. Must not change
anything; sentences are in `flaws`, sums in `replay`.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from qianhai.db import Connection
from qianhai.kernel import Flaw
from qianhai.ledger import store
from qianhai.ledger.digest import (
    AccountRow,
    AccountState,
    AssetRow,
    BatchRow,
    ChainRow,
    TransferRow,
    digest_row,
    hash_batch,
)
from qianhai.ledger.flaws import flaw
from qianhai.ledger.model import Head
from qianhai.ledger.replay import Replay

_Streamed = TypeVar("_Streamed", AssetRow, AccountRow, ChainRow, TransferRow)


def verify(conn: Connection, head: Head | None = None) -> Iterator[Flaw]:
    """Yield every difference between what is stored and what its digests and legs say.

    Reads one moment, so that writers need not wait: the connection must stand at the start of its
    transaction (or be repeatable read). With a head kept from earlier, a history that was cut or
    rewritten before it is found even if every digest and hash was made again. Memory grows with
    the number of accounts (some 400 bytes each) and the largest batch, not with the history.
    """
    store.fix_snapshot(conn)
    last = store.GENESIS
    tables = _Tables(conn)
    is_met = head is None or head == Head(0, last.hash)
    for fields in store.stream(conn, "batches", BatchRow._fields, "number"):
        row = BatchRow(*fields)
        if row.number != last.number + 1:
            yield flaw("L102", "batches", row.number, last.number)
        digests: list[bytes] = []
        yield from tables.check(row, digests)
        if hash_batch(last.hash, row, digests) != row.hash:
            yield flaw("L104", "batches", row.number, row.hash.hex())
        is_met = is_met or head == Head(row.number, row.hash)
        last = row
    yield from tables.leftover()
    if head is not None and not is_met:
        yield flaw("L110", "batches", head.batch, Head(last.number, last.hash).text(),
                   expected=head.text())  # fmt: skip
    stored = store.read_head(conn)
    for column, found, expected in zip(BatchRow._fields, stored, last, strict=True):
        if found != expected:
            yield flaw("L109", "heads", stored.number, found, column=column, expected=expected)
    columns = (*AccountRow._fields, *AccountState._fields)
    for fields in store.stream(conn, "accounts", columns, "id"):
        account = AccountRow(*fields[: len(AccountRow._fields)])
        state = AccountState(*fields[len(AccountRow._fields) :])
        yield from tables.replay.compare(account, state)
    for number, column in store.misresolved_holds(conn):
        yield flaw("L108", "holds", number, column, column=column)


class _Table(Generic[_Streamed]):
    """One table read in the order of its numbers, some rows for each batch."""

    def __init__(
        self,
        conn: Connection,
        table: str,
        fields: Sequence[str],
        make: Callable[[tuple[Any, ...]], _Streamed],
    ) -> None:
        self.table = table
        self._rows: Iterator[_Streamed] = map(make, store.stream(conn, table, fields, fields[0]))
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


class _Tables:
    """The four tables that grow with each batch, and the totals they add up to."""

    def __init__(self, conn: Connection) -> None:
        self.replay = Replay()
        self._assets = _Table(conn, "assets", AssetRow._fields, AssetRow._make)
        self._accounts = _Table(conn, "accounts", AccountRow._fields, AccountRow._make)
        self._chains = _Table(conn, "chains", ChainRow._fields, ChainRow._make)
        self._transfers = _Table(conn, "transfers", TransferRow._fields, TransferRow._make)

    def check(self, batch: BatchRow, digests: list[bytes]) -> Iterator[Flaw]:
        """Yield what is wrong with the rows of one batch, and gather their digests in order."""
        for _, flaws in self._assets.take(batch.asset_last, digests):
            yield from flaws
        for account, flaws in self._accounts.take(batch.account_last, digests):
            yield from flaws
            self.replay.open(account)
        chains = {}
        for chain, flaws in self._chains.take(batch.chain_last, digests):
            yield from flaws
            chains[chain.seq] = chain
        self.replay.begin(chains)
        for transfer, flaws in self._transfers.take(batch.transfer_last, digests):
            yield from flaws
            yield from self.replay.post(transfer)
        self.replay.close()

    def leftover(self) -> Iterator[Flaw]:
        """Yield the rows that belong to no batch."""
        for table in (self._assets, self._accounts, self._chains, self._transfers):
            yield from table.leftover()
