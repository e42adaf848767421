"""The one way in: chains and the records that commit with them, in one transaction.

Holds the order of a batch: lock, read, sweep, try, write, record, commit. Balances change in
`kernel`, SQL is in `store`, callers meet in `queue`. Must not be called inside a transaction of the
caller.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeAlias
from uuid import UUID

import numpy as np
import psycopg

from qianhai.db import Connection, Database, UnknownCommit
from qianhai.kernel import Environment, business_date, reach
from qianhai.ledger import compiling, store
from qianhai.ledger.answer import answer, answer_legs, content_of
from qianhai.ledger.book import Book
from qianhai.ledger.decode import Entries, decode
from qianhai.ledger.digest import BatchRow, digest_content
from qianhai.ledger.encode import encode, micros_of, names_of
from qianhai.ledger.encode_legs import accounts_of, choose, encode_legs, original_ids
from qianhai.ledger.legs import LegColumns, PostedColumns
from qianhai.ledger.model import Chain, ChainResult, Kind, Result
from qianhai.ledger.past import PastChain
from qianhai.ledger.queue import Line, Ticket

#: A batch gathers callers up to so many legs: what one message to the database carries well.
LEGS_MAX: Final = 32_760
#: After so many transfers in columns their accounts are written back.
TAIL_MAX: Final = 1 << 18
#: Batches of fewer legs write their accounts back at once: reads need not add anything.
TAIL_LEGS_MIN: Final = 2_000
#: After so many transfers of other processes it is quicker to read accounts again as they are named.
_FOREIGN_MAX: Final = 200_000
#: So many holds are swept at the start of a batch; the next ones by the next batch.
SWEPT_MAX: Final = 1_000


def _record_nothing(_conn: Connection, _result: ChainResult) -> None:
    """Leave no record beside the chain."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A chain, and what writes the rows of other rooms that commit with its result.

    `record` is called in the writer's transaction once the result is known, for a refused chain as
    for a posted one, and with `result.first` False for a repeat; not for `stale`, of which nothing
    may be kept. It must write through the connection only, leave commit to the writer, and be ready
    to be called again: a batch of several callers that fails is tried again one by one. Without a
    chain there are only records, and the result it is given is `posted` with no legs.
    """

    chain: Chain | None
    record: Callable[[Connection, ChainResult], None] = _record_nothing


def _void_alone(void: Chain, _at: datetime) -> Submission:
    """Add nothing to the void of a hold whose time is over."""
    return Submission(void)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What one caller hands in: its submissions, the instant, and how it wants them tried."""

    submissions: Sequence[Submission]
    at: datetime
    is_dry_run: bool = False
    is_sweep: bool = False
    legs: LegColumns | None = None
    institution_id: str = ""


#: What a caller is given: a result for each submission, or what became of its legs.
_Given: TypeAlias = list[ChainResult] | PostedColumns


class Handed:
    """Submissions in the writer's line."""

    def __init__(self, ticket: Ticket[_Asked, _Given]) -> None:
        self._ticket = ticket

    def result(self) -> list[ChainResult]:
        """Wait for the results, one for each submission, as `Writer.submit` does."""
        given = self._ticket.result()
        assert isinstance(given, list), "submissions are given results"
        return given


@dataclass(slots=True)
class Attempt:
    """What a transaction came to before its COMMIT, should nobody know whether it happened."""

    stand: store.Stand
    posted_at: datetime
    book: Book
    batch: BatchRow | None = None


class Writer:
    """Posts submissions, batch by batch, under one lock for all threads and processes.

    Its callers share a batch: what comes in while one commits is the next. `salts` gives random
    bytes for digests, `on_expiry` adds what another room records with the void of a hold whose
    time is over; such holds are voided before the batch that finds them.
    """

    def __init__(
        self,
        database: Database,
        salts: Callable[[int], bytes] = os.urandom,
        on_expiry: Callable[[Chain, datetime], Submission] = _void_alone,
    ) -> None:
        self.database = database
        self.salts = salts
        self._on_expiry = on_expiry
        self._book = Book()
        self._partition: tuple[int, int, str] | None = None
        self._is_careful = False
        self._line: Line[_Asked, _Given] = Line(self._serve, LEGS_MAX)

    def hand_in(self, submissions: Sequence[Submission], *, at: datetime) -> Handed:
        """Take a place in the line for submissions and return at once.

        They are posted by the time `result()` of what is returned comes back, in the order in which
        they were handed in. What nobody waits for stays in the line.
        """
        assert at.tzinfo is not None, "an instant has its zone"
        weight = sum(len(one.chain.legs) for one in submissions if one.chain is not None)
        return Handed(self._line.join(_Asked(submissions, at), weight))

    def submit(
        self, submissions: Sequence[Submission], *, at: datetime, dry_run: bool = False
    ) -> list[ChainResult]:
        """Post submissions in order, each chain whole or not at all, and wait for the results.

        ONE transaction: the chains, then every record, then commit, shared with whoever else waits;
        a dry run is the same ended by rollback, alone. All chains of a batch are posted at one
        instant, the latest `at` of its callers or, when the clock was stepped back, the instant of
        the batch before. A business "no" is a result; an exception from a record undoes all that
        was submitted with it, and nothing else.

        Raises:
            Environment: the database failed, and it is certain that nothing was booked.
            UnknownCommit: it failed while committing and again when asked: ask by the chains' ids.
        """
        if dry_run:
            return self._alone(_Asked(submissions, at, is_dry_run=True)).result()
        return self.hand_in(submissions, at=at).result()

    def _alone(self, asked: _Asked) -> Handed:
        return Handed(self._line.join(asked, 0, is_alone=True))

    def post(self, legs: LegColumns, *, institution_id: str, at: datetime) -> PostedColumns:
        """Post the chains of an institution that come in columns, each whole or not at all.

        As `submit` without records, at the speed of the machine: so many legs a transaction, at a
        chain's end. Balances are read by the view or `balances` at once, and written back to their
        rows in turn; `settle` writes back the rest.

        Raises:
            Environment: the database failed; what is in the transactions before is booked, and
                the same legs sent again book the rest.
        """
        starts = np.append(legs.starts, len(legs))
        posted = PostedColumns.empty(len(starts) - 1)
        first = 0
        while first < len(starts) - 1:
            end = int(np.searchsorted(starts, starts[first] + LEGS_MAX, side="right")) - 1
            end = max(end, first + 1)
            rows = legs.rows(int(starts[first]), int(starts[end]))
            ticket = self._line.join(
                _Asked((), at, legs=rows, institution_id=institution_id), 0, is_alone=True
            )
            given = ticket.result()
            assert isinstance(given, PostedColumns), "legs are given columns"
            posted.put(first, given)
            first = end
        return posted

    def settle(self) -> None:
        """Write back every account that was not yet, so that no read has to add anything."""
        with self.database.transaction() as conn:
            stand = store.lock_head(conn)
            if stand.settled < stand.head.transfer_last:
                self._forget()
                store.settle_tail(conn)

    def expire(self, *, at: datetime) -> list[ChainResult]:
        """Void the holds whose time is over, by chains on record; the oldest of them."""
        return self._line.join(_Asked((), at, is_sweep=True), 0, is_alone=True).result()

    def _serve(self, batch: Sequence[_Asked]) -> list[_Given]:
        """Post what several callers handed in, or what one wants done alone."""
        if batch[0].legs is not None:
            return [self._serve_legs(batch[0], batch[0].legs)]
        submissions = [one for asked in batch for one in asked.submissions]
        results: list[ChainResult] = []

        def post(conn: Connection, attempt: Attempt) -> None:
            swept = self._sweep(conn, attempt)
            results[:] = swept if batch[0].is_sweep else self._post(conn, attempt, submissions)

        self._transact(post, max(asked.at for asked in batch), is_dry_run=batch[0].is_dry_run)
        if batch[0].is_sweep:
            return [results]
        given: list[_Given] = []
        first = 0
        for asked in batch:
            given.append(results[first : first + len(asked.submissions)])
            first += len(asked.submissions)
        return given

    def _serve_legs(self, asked: _Asked, legs: LegColumns) -> PostedColumns:
        """Post one caller's columns.

        Whether an id is on record is left to the index that forbids a second: it is read only once
        that has refused a batch, until a batch has no such id.
        """
        found: list[PostedColumns] = []

        def post(conn: Connection, attempt: Attempt) -> None:
            self._sweep(conn, attempt)
            found[:] = [self._post_legs(conn, attempt, legs, asked.institution_id)]

        try:
            self._transact(post, asked.at)
        except psycopg.errors.UniqueViolation:
            if self._is_careful:
                raise
            self._is_careful = True
            self._transact(post, asked.at)
        return found[0]

    def _post_legs(
        self, conn: Connection, attempt: Attempt, legs: LegColumns, institution: str
    ) -> PostedColumns:
        """Try legs as one batch and write what it did."""
        book, ids = attempt.book, legs.chain_id[legs.starts]
        wanted = {UUID(bytes=one.tobytes()) for one in ids} if self._is_careful else set[UUID]()
        past = store.load_chains(
            conn, [(institution, one) for one in sorted(wanted | original_ids(legs))]
        )
        choice = choose(ids, institution, past)
        if self._is_careful and all(first >= 0 for _, first in choice.repeats):
            self._is_careful = False
        store.load_numbered(conn, book, accounts_of(legs))
        self._read_accounts_of(conn, book, past.values())
        sheet = encode_legs(legs, choice, institution, book, past)
        compiling.post(sheet.arrays, micros_of(attempt.posted_at))
        reach("writer.decided")
        content = content_of(legs, choice)
        entries, batch = decode(
            sheet, book, attempt.stand.head, attempt.posted_at, self.salts, content
        )
        posted = answer_legs(legs, choice, sheet, entries, past, institution)
        if len(choice.places):
            self._write(conn, attempt, entries, batch, is_tail=len(legs) >= TAIL_LEGS_MIN)
            reach("writer.legs_written")
        return posted

    def _transact(
        self,
        act: Callable[[Connection, Attempt], None],
        at: datetime,
        *,
        is_dry_run: bool = False,
    ) -> None:
        """Run an act under the lock on a book that is true, and commit what it wrote."""
        assert at.tzinfo is not None, "an instant has its zone"
        book = Book() if is_dry_run else self._book
        attempt: Attempt | None = None
        try:
            with self.database.transaction(rollback=is_dry_run) as conn:
                stand = self._synchronize(conn, book, store.lock_head(conn))
                reach("writer.locked")
                posted_at = max(at.astimezone(UTC), store.in_utc(stand.head.posted_at))
                attempt = Attempt(stand, posted_at, book)
                act(conn, attempt)
        except UnknownCommit:
            self._forget()
            assert attempt is not None, "a commit comes after the act"
            self._ask(attempt)
        except BaseException:
            self._forget()
            raise
        else:
            if attempt.batch is not None:
                book.head, book.settled = attempt.stand
        if is_dry_run:
            self._partition = None  # it may have been made in what was rolled back
        else:
            reach("writer.committed")

    def _forget(self) -> None:
        """Read everything again next time: what the book says did not happen, or may not have."""
        self._book.clear()
        self._partition = None

    def _synchronize(self, conn: Connection, book: Book, stand: store.Stand) -> store.Stand:
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
            book.is_expiry_known = False
        book.head, book.settled = stand
        return stand

    def _sweep(self, conn: Connection, attempt: Attempt) -> list[ChainResult]:
        """Void the holds whose time is over, with what another room records of each."""
        book = attempt.book
        if not book.is_expiry_known:
            book.next_expiry = store.next_expiry(conn)
            book.is_expiry_known = True
        if book.next_expiry is None or book.next_expiry > attempt.posted_at:
            return []
        overdue = store.overdue_holds(conn, attempt.posted_at, SWEPT_MAX)
        book.is_expiry_known = False
        voids = [
            self._on_expiry(
                Chain(
                    store.sweep_id(institution, hold),
                    institution,
                    Kind.VOID,
                    (),
                    business_date(attempt.posted_at),
                    of=hold,
                ),
                attempt.posted_at,
            )
            for institution, hold in overdue
        ]
        return self._post(conn, attempt, voids, is_sweep=True)

    def _post(
        self,
        conn: Connection,
        attempt: Attempt,
        submissions: Sequence[Submission],
        *,
        is_sweep: bool = False,
    ) -> list[ChainResult]:
        """Try submissions as one batch, write what it did, and have every record written."""
        if not submissions:
            return []
        asked = [submission.chain for submission in submissions]
        chains = [chain for chain in asked if chain is not None]
        book, head = attempt.book, attempt.stand.head
        past = self._know(conn, book, chains)
        sweeps = frozenset(chain.id for chain in chains) if is_sweep else frozenset[UUID]()
        sheet = encode(chains, book, past, sweeps)
        compiling.post(sheet.arrays, micros_of(attempt.posted_at))
        reach("writer.decided")
        entries, batch = decode(
            sheet,
            book,
            head,
            attempt.posted_at,
            self.salts,
            lambda place, salt: digest_content(sheet.chains[place], salt),
        )
        results = answer(asked, sheet, entries, book, past)
        book.drop_absent()
        is_bare = all(submission.record is _record_nothing for submission in submissions)
        if all(one.result is Result.STALE or (is_bare and not one.first) for one in results):
            return results
        self._write(conn, attempt, entries, batch, is_tail=False)
        reach("writer.legs_written")
        for submission, result in zip(submissions, results, strict=True):
            if result.result is not Result.STALE:
                submission.record(conn, result)
        reach("writer.recorded")
        return results

    def _know(
        self, conn: Connection, book: Book, chains: Sequence[Chain]
    ) -> dict[tuple[str, UUID], PastChain]:
        """Read what chains name: their ids, the chains they continue, accounts and assets."""
        keys = dict.fromkeys((chain.institution_id, chain.id) for chain in chains)
        keys |= dict.fromkeys(
            (chain.institution_id, chain.of) for chain in chains if chain.of is not None
        )
        past = store.load_chains(conn, keys)
        names, codes = names_of(chains)
        store.load_named(conn, book, names, codes)
        self._read_accounts_of(conn, book, past.values())
        return past

    def _read_accounts_of(self, conn: Connection, book: Book, past: Iterable[PastChain]) -> None:
        """Read the accounts of chains on record."""
        ids = {
            number
            for one in past
            for leg in one.legs
            for number in (leg.debit_account_id, leg.credit_account_id)
        }
        if ids:
            store.load_numbered(conn, book, np.array(sorted(ids), np.int64))

    def _write(
        self,
        conn: Connection,
        attempt: Attempt,
        entries: Entries,
        batch: BatchRow,
        *,
        is_tail: bool,
    ) -> None:
        """Write a batch and set the head to it; with `is_tail` accounts are written back later."""
        book, (head, settled) = attempt.book, attempt.stand
        self._write_transfers(conn, attempt, entries)
        store.write(conn, entries, book.institutions)
        if not is_tail:
            store.write_back(conn, book, entries.changed, entries.closed_by)
            settled = batch.transfer_last if settled == head.transfer_last else settled
        elif batch.transfer_last - settled >= TAIL_MAX:
            changed = np.flatnonzero(book.accounts["is_changed"])
            store.write_back(conn, book, changed, {})
            settled = batch.transfer_last
        store.advance(conn, head, batch, settled)
        attempt.stand, attempt.batch = store.Stand(batch, settled), batch
        holds = entries.chains[entries.holds]
        if holds["is_expiring"].any():
            book.is_expiry_known = False

    def _write_transfers(self, conn: Connection, attempt: Attempt, entries: Entries) -> None:
        """Send transfers to the partitions of their month, so many numbers to each."""
        rows, at = entries.transfers, attempt.posted_at
        month = business_date(at).replace(day=1).toordinal()
        while len(rows):
            first = int(rows["seq"][0])
            chunk = first >> store.CHUNK_BITS
            if self._partition is None or self._partition[:2] != (month, chunk):
                is_indexed = len(entries.transfers) < TAIL_LEGS_MIN
                table = store.open_partition(conn, at, first, is_indexed=is_indexed)
                self._partition = (month, chunk, table)
            count = min(len(rows), ((chunk + 1) << store.CHUNK_BITS) - first)
            store.copy_records(
                conn,
                self._partition[2],
                rows[:count],
                store.TRANSFER_COLUMNS,
                attempt.book.institutions,
            )
            rows = rows[count:]

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
