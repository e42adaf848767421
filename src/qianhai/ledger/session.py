"""One transaction of the writer: the lock, a book that is true, and what became of the commit.

Holds what is kept between batches. What is tried in a transaction is the business of `writer`, SQL
of `store` and `insert`.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Thread
from typing import Final

import numpy as np
import numpy.typing as npt

from qianhai.db import Connection, Database, UnknownCommit
from qianhai.kernel import Environment, business_date, reach
from qianhai.ledger import insert, store
from qianhai.ledger.book import Book
from qianhai.ledger.decode import Entries
from qianhai.ledger.digest import BatchRow

_log = logging.getLogger("qianhai.ledger")

#: A batch of fewer transfers writes its accounts back at once; from here on they wait.
_TAIL_MIN: Final = 32
#: From so many on a batch is part of a load: a partition it opens is indexed once it is closed.
_BULK_MIN: Final = 2_000
#: After so many transfers accounts are written back: those of many callers, and those of a load.
_TAIL_MAX: Final = 1 << 14
_BULK_TAIL_MAX: Final = 1 << 18
#: A small batch writes back as many sides of earlier transfers: it is hardly slower for them.
_SPARE: Final = 512
#: After so many transfers of other processes accounts are read again as they are named.
_FOREIGN_MAX: Final = 200_000


@dataclass(slots=True)
class Attempt:
    """A transaction under way: where it stands, its instant, and its last batch."""

    stand: store.Stand
    posted_at: datetime
    book: Book
    batch: BatchRow | None = None


class Session:
    """What a writer keeps between batches: its book, and the partition it writes to."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.book = Book()
        self._partition: tuple[int, int, str] | None = None
        self._has_closed = False

    def transact(
        self,
        act: Callable[[Connection, Attempt], None],
        at: datetime,
        *,
        is_dry_run: bool = False,
    ) -> None:
        """Run an act under the lock on a book that is true, and commit what it wrote.

        Raises:
            Environment: the database failed, and it is certain that nothing was booked.
            UnknownCommit: it failed while committing and again when asked.
        """
        assert at.tzinfo is not None, "an instant has its zone"
        book = Book() if is_dry_run else self.book
        attempt: Attempt | None = None
        try:
            with self.database.transaction(rollback=is_dry_run) as conn:
                stand = _synchronize(conn, book, store.lock_head(conn))
                reach("writer.locked")
                posted_at = max(at.astimezone(UTC), store.in_utc(stand.head.posted_at))
                attempt = Attempt(stand, posted_at, book)
                act(conn, attempt)
        except UnknownCommit:
            self.forget()
            assert attempt is not None, "a commit comes after the act"
            self._ask(attempt)
        except BaseException:
            self.forget()
            raise
        else:
            if attempt.batch is not None:
                book.head = attempt.stand.head
        if is_dry_run:
            self._partition = None  # it may have been made in what was rolled back
        else:
            reach("writer.committed")
            self._index_closed()

    def forget(self) -> None:
        """Read everything again next time: what the book says did not happen, or may not have."""
        self.book.clear()
        self._partition = None

    def write(
        self,
        conn: Connection,
        attempt: Attempt,
        entries: Entries,
        batch: BatchRow,
    ) -> None:
        """Write a batch and set the head to it, and the accounts whose turn has come."""
        book, (head, settled) = attempt.book, attempt.stand
        rows, settled = _due(book, settled, entries, batch)
        partitions = self._partitions(conn, attempt.posted_at, entries)
        insert.write(conn, insert.Change(entries, book, head, batch, partitions, rows, settled))
        attempt.stand, attempt.batch = store.Stand(batch, settled), batch
        if entries.chains["is_expiring"][entries.holds].any():
            book.is_expiry_known = False

    def _partitions(
        self, conn: Connection, at: datetime, entries: Entries
    ) -> Sequence[tuple[str, int]]:
        """Return the tables that the transfers of a batch go to, and where each begins."""
        count = len(entries.transfers)
        if not count:
            return [("", 0)]
        seq = int(entries.transfers["seq"][0])
        month = business_date(at).replace(day=1).toordinal()
        found, first = [], 0
        while first < count:
            chunk = (seq + first) >> store.CHUNK_BITS
            if self._partition is None or self._partition[:2] != (month, chunk):
                is_indexed = count < _BULK_MIN
                table = insert.open_partition(conn, at, seq + first, is_indexed=is_indexed)
                self._has_closed = self._partition is not None
                self._partition = (month, chunk, table)
            found.append((self._partition[2], first))
            first = ((chunk + 1) << store.CHUNK_BITS) - seq
        return found

    def settle(self) -> None:
        """Write back every account that was not yet, and index all partitions.

        For the end of a load: no read has to add anything then, and statements are fast.
        """
        with self.database.transaction() as conn:
            stand = store.lock_head(conn)
            if stand.settled < stand.head.transfer_last:
                self.forget()
                store.settle_tail(conn)
        self._index_all_but("")

    def _index_closed(self) -> None:
        """Have the partitions that take no more transfers indexed, beside whatever goes on."""
        if self._has_closed and self._partition is not None:
            self._has_closed = False
            current = self._partition[2]
            Thread(target=self._keep, args=(current,), name="ledger-keeper", daemon=True).start()

    def _keep(self, current: str) -> None:
        try:
            self._index_all_but(current)
        except Exception as fault:  # noqa: BLE001 - nobody waits for it; the next one tries again
            _log.warning("a partition is still without its index of accounts: %s", fault)

    def _index_all_but(self, current: str) -> None:
        with self.database.transaction() as conn:
            leaves = store.partitions_without_index(conn)
        for leaf in leaves:
            if leaf != current:
                with self.database.transaction() as conn:
                    store.index_partition(conn, leaf)

    def _ask(self, attempt: Attempt) -> None:
        """Find out whether a transaction that was lost at COMMIT happened.

        The lock is ours only after the lost transaction has ended either way; its batch, salted
        and hashed, can have been written by nobody else.

        Raises:
            Environment: it did not happen.
        """
        if attempt.batch is None:
            return
        with self.database.transaction() as conn:
            store.lock_head(conn)
            found = store.find_batch(conn, attempt.batch.number)
        if found is None or found.hash != attempt.batch.hash:
            raise Environment(
                "The connection to the database was lost before the commit; nothing was booked.",
                "Send the same instructions again.",
                zh="提交之前与数据库的连接已中断，未记任何账。请重新提交相同的指令。",
                is_retry_safe=True,
            )


def _synchronize(conn: Connection, book: Book, stand: store.Stand) -> store.Stand:
    """Make the book true: let go of what other processes have changed since it was."""
    known = book.head
    if known is not None and (known.number, known.hash) == (stand.head.number, stand.head.hash):
        if not book.is_full:
            return stand
        book.clear()
    if stand.settled < stand.head.transfer_last:
        store.settle_tail(conn)
        stand = stand._replace(settled=stand.head.transfer_last)
    foreign = stand.head.transfer_last - (known.transfer_last if known else 0)
    if known is None or not 0 <= foreign <= _FOREIGN_MAX:
        book.clear()
    else:
        book.forget(store.changed_accounts(conn, known))
        book.accounts["is_changed"] = 0
        book.tail.clear()
        book.is_expiry_known = False
    book.head = stand.head
    return stand


def _due(
    book: Book, settled: int, entries: Entries, batch: BatchRow
) -> tuple[npt.NDArray[np.int64], int]:
    """Return the rows of the book to write back with a batch, and how far all are then.

    A small batch writes back its own accounts and some that earlier ones left; a large one leaves
    its own until there are enough, and a load for longer.
    """
    count, tail = len(entries.transfers), batch.transfer_last - settled
    is_changed = book.accounts["is_changed"]
    if count >= _TAIL_MIN and not entries.closed_by:
        if tail < (_BULK_TAIL_MAX if count >= _BULK_MIN else _TAIL_MAX):
            book.tail.append(entries.touched)
            return np.zeros(0, np.int64), settled
        book.tail.clear()
        return np.flatnonzero(is_changed), batch.transfer_last
    rows, spare = [entries.touched], _SPARE
    while book.tail and spare > 0:
        left = book.tail.pop()
        rows.append(left[:spare])
        if len(left) > spare:
            book.tail.append(left[spare:])
        spare -= len(left)
    due = np.unique(np.concatenate(rows))
    return due[is_changed[due] == 1], settled if book.tail else batch.transfer_last
