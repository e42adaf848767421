"""The one way in: chains and the records that commit with them, in one transaction.

Holds the order of a batch: read, sweep, try, write, record. Callers meet in `queue`, the lock and
the commit are `session`'s, balances change in `kernel`, SQL is in `store` and `insert`. Must not be
called inside a transaction of the caller.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final, TypeAlias
from uuid import UUID

import numpy as np
import psycopg

from qianhai.db import Connection, Database
from qianhai.kernel import StaleState, business_date, reach
from qianhai.ledger import compiling, store
from qianhai.ledger.answer import answer, answer_legs, content_of
from qianhai.ledger.book import Book
from qianhai.ledger.decode import decode
from qianhai.ledger.digest import digest_content
from qianhai.ledger.encode import ChainKey, encode, key_of, micros_of, unknown_names
from qianhai.ledger.encode_legs import accounts_of, choose, encode_legs, original_ids
from qianhai.ledger.legs import LegColumns, PostedColumns
from qianhai.ledger.model import Chain, ChainResult, Kind, Result
from qianhai.ledger.named import (
    NamedChains,
    PostedChains,
    answer_named,
    content_of_named,
    encode_named,
    unknown_accounts,
)
from qianhai.ledger.past import PastChain
from qianhai.ledger.queue import Line, Ticket
from qianhai.ledger.session import Attempt, Session

#: A batch gathers callers up to so many legs: what one message to the database carries well.
LEGS_MAX: Final = 32_760
#: A batch of so many chains takes their ids for new until the database says otherwise.
_MANY: Final = 32
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


@dataclass(slots=True)
class _Asked:
    """What one caller hands in: its submissions, the instant, and how it wants them tried."""

    submissions: Sequence[Submission]
    at: datetime
    is_dry_run: bool = False
    is_sweep: bool = False
    legs: LegColumns | None = None
    institution_id: str = ""
    named: NamedChains | None = None
    record: Callable[[Connection, PostedChains], NamedChains | None] | None = None


#: What a caller is given: a result for each submission, or what became of its legs.
_Given: TypeAlias = list[ChainResult] | PostedColumns | PostedChains


class Handed:
    """Submissions in the writer's line."""

    def __init__(self, ticket: Ticket[_Asked, _Given]) -> None:
        self._ticket = ticket

    def result(self) -> list[ChainResult]:
        """Wait for the results, one for each submission, as `Writer.submit` does."""
        given = self._ticket.result()
        assert isinstance(given, list), "submissions are given results"
        return given


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
        self._salts = salts
        self._on_expiry = on_expiry
        self._session = Session(database)
        self._is_careful = False
        self._line: Line[_Asked, _Given] = Line(self._serve, LEGS_MAX)

    @property
    def memory_bytes(self) -> int:
        """Return what the accounts kept between batches take, but their names."""
        return self._session.book.bytes

    @property
    def waiting(self) -> int:
        """Return how many callers wait for their commit."""
        return len(self._line)

    def hand_in(self, submissions: Sequence[Submission], *, at: datetime) -> Handed:
        """Take a place in the line for submissions and return at once.

        They are posted by the time `result()` of what is returned comes back, in the order in which
        they were handed in. What nobody waits for stays in the line.
        """
        assert at.tzinfo is not None, "an instant has its zone"
        weight = 0
        for one in submissions:
            weight += len(one.chain.legs) if one.chain is not None else 0
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

    def post_named(
        self,
        chains: NamedChains,
        record: Callable[[Connection, PostedChains], NamedChains | None],
        *,
        at: datetime,
    ) -> PostedChains:
        """Post chains in columns in one transaction with what `record` writes of their results.

        As `submit`, at the speed of columns; accounts are opened where they are not. All ids are
        taken for new. What `record` raises undoes everything. It may return chains that stand on
        these: they are posted next, in the same transaction. The last results are returned.

        Raises:
            StaleState: an id of a chain or of a record is there already; nothing was written.
            Environment: the database failed, and it is certain that nothing was booked.
            UnknownCommit: it failed while committing and again when asked: ask by the chains' ids.
        """
        given = self._line.join(_Asked((), at, named=chains, record=record), 0, is_alone=True)
        posted = given.result()
        assert isinstance(posted, PostedChains), "named chains are given their columns"
        return posted

    def settle(self) -> None:
        """Write back every account and index every partition: for the end of a load."""
        self._session.settle()

    def expire(self, *, at: datetime) -> list[ChainResult]:
        """Void the holds whose time is over, by chains on record; the oldest of them."""
        return self._alone(_Asked((), at, is_sweep=True)).result()

    def _serve(self, batch: Sequence[_Asked]) -> list[_Given]:
        """Post what several callers handed in, or what one wants done alone."""
        if batch[0].legs is not None:
            return [self._serve_legs(batch[0], batch[0].legs)]
        if batch[0].named is not None:
            return [self._serve_named(batch[0], batch[0].named)]
        submissions = [one for asked in batch for one in asked.submissions]
        chains = [one.chain for one in submissions if one.chain is not None]
        results: list[ChainResult] = []

        def post(conn: Connection, attempt: Attempt) -> None:
            swept = self._sweep(conn, attempt)
            if batch[0].is_sweep:
                results[:] = swept
                return
            past = store.load_chains(conn, self._keys_of(chains))
            if self._is_careful and len(past) < len(chains):
                self._is_careful = False
            results[:] = self._post(conn, attempt, submissions, past)

        at, is_dry_run = max(asked.at for asked in batch), batch[0].is_dry_run
        self._unless_known(lambda: self._session.transact(post, at, is_dry_run=is_dry_run))
        if batch[0].is_sweep:
            return [results]
        answers = iter(results)
        return [list(islice(answers, len(asked.submissions))) for asked in batch]

    def _unless_known(self, post: Callable[[], None]) -> None:
        """Run a transaction that takes ids for new, and again with care if one was not.

        Whether an id is on record is left to the index that forbids a second: large batches read
        their ids only once that has refused one, until a batch has few that are known.
        """
        try:
            post()
        except psycopg.errors.UniqueViolation:
            if self._is_careful:
                raise
            self._is_careful = True
            post()

    def _keys_of(self, chains: Sequence[Chain]) -> set[ChainKey]:
        """Return the ids to read: of the chains that are continued, and of all with care."""
        keys = {(one.institution_id, one.of.int) for one in chains if one.of is not None}
        if self._is_careful or len(chains) < _MANY:
            keys.update(map(key_of, chains))
        return keys

    def _serve_legs(self, asked: _Asked, legs: LegColumns) -> PostedColumns:
        """Post one caller's columns."""
        found: list[PostedColumns] = []

        def post(conn: Connection, attempt: Attempt) -> None:
            self._sweep(conn, attempt)
            found[:] = [self._post_legs(conn, attempt, legs, asked.institution_id)]

        self._unless_known(lambda: self._session.transact(post, asked.at))
        return found[0]

    def _post_legs(
        self, conn: Connection, attempt: Attempt, legs: LegColumns, institution: str
    ) -> PostedColumns:
        """Try legs as one batch and write what it did."""
        book, ids = attempt.book, legs.chain_id[legs.starts]
        wanted = {one.int for one in original_ids(legs)}
        if self._is_careful:
            wanted |= {int.from_bytes(one.tobytes(), "big") for one in ids}
        past = store.load_chains(conn, [(institution, one) for one in sorted(wanted)])
        choice = choose(ids, institution, past)
        if self._is_careful and all(first >= 0 for _, first in choice.repeats):
            self._is_careful = False
        store.load_numbered(conn, book, accounts_of(legs))
        _read_accounts_of(conn, book, past.values())
        sheet = encode_legs(legs, choice, institution, book, past)
        compiling.post(sheet.arrays, micros_of(attempt.posted_at))
        reach("writer.decided")
        content = content_of(legs, choice)
        entries, batch = decode(
            sheet, book, attempt.stand.head, attempt.posted_at, self._salts, content
        )
        posted = answer_legs(legs, choice, sheet, entries, past, institution)
        if len(choice.places):
            self._session.write(conn, attempt, entries, batch)
            reach("writer.legs_written")
        return posted

    def _serve_named(self, asked: _Asked, chains: NamedChains) -> PostedChains:
        """Post one caller's named chains, and those its records ask for, and write all records."""
        found: list[PostedChains] = []

        def post(conn: Connection, attempt: Attempt) -> None:
            assert asked.record is not None, "named chains come with their record"
            coming: NamedChains | None = chains
            while coming is not None:
                self._sweep(conn, attempt)
                found[:] = [self._post_named(conn, attempt, coming)]
                coming = asked.record(conn, found[0])
            reach("writer.recorded")

        try:
            self._session.transact(post, asked.at)
        except psycopg.errors.UniqueViolation as fault:
            raise StaleState("an id that was taken for new is on record") from fault
        return found[0]

    def _post_named(self, conn: Connection, attempt: Attempt, chains: NamedChains) -> PostedChains:
        """Try named chains as one batch and write what it did."""
        book = attempt.book
        store.load_named(conn, book, *unknown_accounts(chains, book))
        sheet = encode_named(chains, book)
        compiling.post(sheet.arrays, micros_of(attempt.posted_at))
        reach("writer.decided")
        entries, batch = decode(
            sheet,
            book,
            attempt.stand.head,
            attempt.posted_at,
            self._salts,
            content_of_named(chains),
        )
        posted = answer_named(sheet, entries)
        book.drop_absent()
        if len(entries.chains):
            self._session.write(conn, attempt, entries, batch)
            reach("writer.legs_written")
        return posted

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
        past = store.load_chains(conn, [(institution, hold.int) for institution, hold in overdue])
        return self._post(conn, attempt, voids, past, is_sweep=True)

    def _post(
        self,
        conn: Connection,
        attempt: Attempt,
        submissions: Sequence[Submission],
        past: Mapping[ChainKey, PastChain],
        *,
        is_sweep: bool = False,
    ) -> list[ChainResult]:
        """Try submissions as one batch, write what it did, and have every record written.

        `past` are the chains on record that they name.
        """
        if not submissions:
            return []
        asked = [submission.chain for submission in submissions]
        chains = [chain for chain in asked if chain is not None]
        book, head = attempt.book, attempt.stand.head
        store.load_named(conn, book, *unknown_names(chains, book))
        _read_accounts_of(conn, book, past.values())
        sweeps = frozenset(chain.id for chain in chains) if is_sweep else frozenset[UUID]()
        sheet = encode(chains, book, past, sweeps)
        compiling.post(sheet.arrays, micros_of(attempt.posted_at))
        reach("writer.decided")
        entries, batch = decode(
            sheet,
            book,
            head,
            attempt.posted_at,
            self._salts,
            lambda place, salt: digest_content(sheet.chains[place], salt),
        )
        results = answer(asked, sheet, entries, book, past)
        book.drop_absent()
        is_bare = all(submission.record is _record_nothing for submission in submissions)
        if all(one.result is Result.STALE or (is_bare and not one.first) for one in results):
            return results
        self._session.write(conn, attempt, entries, batch)
        reach("writer.legs_written")
        for submission, result in zip(submissions, results, strict=True):
            if result.result is not Result.STALE:
                submission.record(conn, result)
        reach("writer.recorded")
        return results


def _read_accounts_of(conn: Connection, book: Book, past: Iterable[PastChain]) -> None:
    """Read the accounts of chains on record."""
    ids = {
        number
        for one in past
        for leg in one.legs
        for number in (leg.debit_account_id, leg.credit_account_id)
    }
    if ids:
        store.load_numbered(conn, book, np.array(sorted(ids), np.int64))
