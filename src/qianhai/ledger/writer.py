"""The one way in: chains and the records that commit with them, in one transaction.

Holds the order of a batch: lock, read, try, write, record, commit. Balances change in `kernel`,
SQL is in `store`. Must not be called inside a transaction of the caller.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from qianhai.db import Connection, Database, UnknownCommit
from qianhai.kernel import Environment, business_date, derived_id, reach
from qianhai.ledger import kernel, store
from qianhai.ledger.decode import answer, decode
from qianhai.ledger.digest import BatchRow
from qianhai.ledger.encode import encode, micros_of
from qianhai.ledger.model import Chain, ChainResult, Kind, Result


def _record_nothing(_conn: Connection, _result: ChainResult) -> None:
    """Leave no record beside the chain."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A chain, and what writes the rows of other rooms that commit with its result.

    `record` is called in the writer's transaction once the result is known, for a refused chain as
    for a posted one, and with `result.first` False for a repeat; not for `stale`, of which nothing
    may be kept. It must write through the connection only, and leave commit to the writer. Without
    a chain there are only records, and the result it is given is `posted` with no legs.
    """

    chain: Chain | None
    record: Callable[[Connection, ChainResult], None] = _record_nothing


@dataclass(slots=True)
class _Attempt:
    """What a transaction came to before its COMMIT, should nobody know whether it happened."""

    batch: BatchRow | None = None
    results: list[ChainResult] = field(default_factory=list)


class Writer:
    """Posts submissions, batch by batch, under one lock for all threads and processes.

    `salts` gives random bytes for the rows' digests.
    """

    def __init__(self, database: Database, salts: Callable[[int], bytes] = os.urandom) -> None:
        self._database = database
        self._salts = salts

    def submit(
        self, submissions: Sequence[Submission], *, at: datetime, dry_run: bool = False
    ) -> list[ChainResult]:
        """Post a batch of submissions in order, each chain whole or not at all.

        ONE transaction: the chains, then every record, then commit; a dry run is the same ended
        by rollback. All chains of a batch are posted at one instant, `at` or, when the clock was
        stepped back, the instant of the batch before. A business "no" is a result; an exception
        from a record undoes the whole batch.

        Raises:
            Environment: the database failed, and it is certain that nothing was booked.
            UnknownCommit: it failed while committing and again when asked: ask by the chains' ids.
        """
        return self._transact(lambda _conn, _at: submissions, at, dry_run=dry_run)

    def expire(
        self,
        *,
        at: datetime,
        submission: Callable[[Chain], Submission] = Submission,
        most: int = 1000,
    ) -> list[ChainResult]:
        """Void the holds whose time is over, by chains on record; the oldest `most` of them.

        `submission` adds the records another room wants to commit with each void.
        """

        def overdue(conn: Connection, posted_at: datetime) -> list[Submission]:
            return [
                submission(
                    Chain(
                        derived_id("ledger.expire", row.institution_id, str(row.id)),
                        row.institution_id,
                        Kind.VOID,
                        (),
                        business_date(posted_at),
                        of=row.id,
                    )
                )
                for row in store.overdue_holds(conn, posted_at, most)
            ]

        return self._transact(overdue, at, dry_run=False)

    def _transact(
        self,
        choose: Callable[[Connection, datetime], Sequence[Submission]],
        at: datetime,
        *,
        dry_run: bool,
    ) -> list[ChainResult]:
        assert at.tzinfo is not None, "an instant has its zone"
        attempt = _Attempt()
        try:
            with self._database.transaction(rollback=dry_run) as conn:
                head = store.lock_head(conn)
                reach("writer.locked")
                posted_at = max(at.astimezone(UTC), store.in_utc(head.posted_at))
                submissions = choose(conn, posted_at)
                if submissions:
                    self._post(conn, head, submissions, posted_at, attempt)
        except UnknownCommit:
            self._ask(attempt)
        if not dry_run:
            reach("writer.committed")
        return attempt.results

    def _post(
        self,
        conn: Connection,
        head: BatchRow,
        submissions: Sequence[Submission],
        posted_at: datetime,
        attempt: _Attempt,
    ) -> None:
        asked = [submission.chain for submission in submissions]
        chains = [chain for chain in asked if chain is not None]
        sheet = encode(chains, store.load_known(conn, chains))
        kernel.post(sheet.batch, micros_of(posted_at))
        reach("writer.decided")
        entries, batch = decode(sheet, head, posted_at, self._salts)
        results = attempt.results = answer(asked, sheet, entries)
        is_bare = all(submission.record is _record_nothing for submission in submissions)
        if all(one.result is Result.STALE or (is_bare and not one.first) for one in results):
            return
        store.write(conn, entries)
        store.advance(conn, head, batch)
        reach("writer.legs_written")
        for submission, result in zip(submissions, results, strict=True):
            if result.result is not Result.STALE:
                submission.record(conn, result)
        reach("writer.recorded")
        attempt.batch = batch

    def _ask(self, attempt: _Attempt) -> None:
        """Find out whether a transaction that was lost at COMMIT happened.

        The lock is ours only after the lost transaction has ended either way; its batch, salted
        and hashed, can have been written by nobody else.

        Raises:
            Environment: it did not happen.
        """
        if attempt.batch is None:
            return
        with self._database.transaction() as conn:
            store.lock_head(conn)
            found = store.find_batch(conn, attempt.batch.number)
        if found is None or found.hash != attempt.batch.hash:
            raise Environment(
                "The connection to the database was lost before the commit; nothing was booked.",
                "Send the same instructions again.",
                zh="提交之前与数据库的连接已中断，未记任何账。请重新提交相同的指令。",
                is_retry_safe=True,
            )
