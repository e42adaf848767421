"""The road: instructions known, gathered, decided, shaped and handed in, with one commit.

One instruction and a column of them go the same way and get the same answers. A dry run is the
same road ended by rollback. Nothing outside the database is touched; what has to leave waits in
the outbox.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from threading import Lock
from typing import Final

from qianhai.db import Connection, Database
from qianhai.instructions.conclude import conclude
from qianhai.instructions.cut import distinct, independent
from qianhai.instructions.model import Answer, Instruction
from qianhai.instructions.prepare import Handover, Preparer
from qianhai.instructions.record import Booked, Recorder
from qianhai.kernel import Outcome, StaleState
from qianhai.ledger import Chain, ChainResult, Result, Submission, Writer
from qianhai.policy import Policy
from qianhai.registers import Keyring

_ATTEMPTS_MAX: Final = 20
#: So many instructions share a commit at most, and so many are tried after one had to stop short.
_COLUMN_MAX: Final = 2_000
_COLUMN_MIN: Final = 16
#: What an instruction that moves nothing is told by the ledger.
_NOTHING_MOVED: Final = ChainResult(Result.POSTED)


class _StopShort(Exception):
    """So many of a column may be booked; the next one stands on what came out otherwise.

    It is no fault, and never leaves this module.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        super().__init__(count)


class Road:
    """The way an instruction of one institution takes from its sender to the books."""

    def __init__(
        self,
        database: Database,
        policy: Policy,
        *,
        institution_id: str,
        keyring: Keyring,
        salts: Callable[[int], bytes],
        pack_files: bytes,
    ) -> None:
        self.database = database
        self.policy = policy
        self.institution_id = institution_id
        self.recorder = Recorder(policy, institution_id, keyring, salts, pack_files)
        self.writer = Writer(database, salts, self._expired)
        self._preparer = Preparer(policy, self.recorder, institution_id)
        self._losers = Lock()

    def submit(self, instruction: Instruction, *, at: datetime, dry_run: bool = False) -> Answer:
        """Decide one instruction and, if permitted, post it: all of it or nothing.

        Sent again with the same id and content, the first answer is returned unchanged, because
        senders retry when an answer is lost. What a limit refuses leaves its refused decision.

        Raises:
            BadInput: the id was used before with other content.
            StaleState: other writers moved first, again and again. Safe to retry.
        """
        answers = self._attempt([instruction], at, dry_run=dry_run)
        if answers:
            return answers[0]
        # Those who lost go one after another, so that nobody loses for ever.
        with self._losers:
            for _ in range(_ATTEMPTS_MAX):
                answers = self._attempt([instruction], at, dry_run=dry_run)
                if answers:
                    return answers[0]
        raise StaleState(f"instruction {instruction.id} met other writers {_ATTEMPTS_MAX} times")

    def submit_many(
        self, instructions: Iterable[Instruction], *, now: Callable[[], datetime]
    ) -> Iterator[Answer]:
        """Decide and post instructions in their order; yield each answer once it is on record.

        The answers are those of `submit` one after another. Up to some thousands share the
        questions to the register and a commit, which end before the first that stands on what
        one of them changes; memory holds one such column. `now` tells the instant of each.

        Raises:
            BadInput: an id was used before with other content. Those answered so far are booked.
            StaleState: other writers moved first, again and again. Safe to retry.
        """
        source = iter(instructions)
        size = _COLUMN_MAX
        waiting: list[Instruction] = list(islice(source, size))
        while waiting:
            at = now()
            column = waiting[:size]
            answers = self._attempt(column, at) or [self.submit(column[0], at=at)]
            yield from answers
            is_whole = len(answers) == len(column)
            size = min(2 * size, _COLUMN_MAX) if is_whole else max(len(answers) * 2, _COLUMN_MIN)
            waiting = waiting[len(answers) :]
            waiting += islice(source, max(0, size - len(waiting)))

    def expire_holds(self, *, at: datetime) -> int:
        """Void the holds whose time is over, each with its entry in the journal; return how many.

        Every batch of the ledger begins with the same; this is for a day without business.
        """
        return len(self.writer.expire(at=at))

    def _expired(self, void: Chain, at: datetime) -> Submission:
        """Add to the void of a hold whose time is over what the journal keeps of it."""

        def record(conn: Connection, _result: ChainResult) -> None:
            self.recorder.expired(conn, void, at)

        return Submission(void, record)

    def _attempt(
        self, instructions: Sequence[Instruction], at: datetime, *, dry_run: bool = False
    ) -> list[Answer]:
        """Go the road once; return the answers of the first ones that could share it.

        None where another writer moved first what the decision of the first rests on.
        """
        column = instructions[: distinct(instructions)]
        try:
            while column:
                with self.database.transaction() as conn:
                    repeated = self.recorder.stored(conn, column)
                    fresh = [one for one in column if one.id not in repeated]
                    handovers = self._preparer.prepare(conn, fresh, at)
                handovers = handovers[: independent(handovers)]
                if len(handovers) < len(fresh):
                    column = column[: column.index(fresh[len(handovers)])]
                try:
                    answers = self._hand_in(handovers, at, dry_run=dry_run)
                except _StopShort as stop:
                    column = column[: column.index(fresh[stop.count])]
                    continue
                known = repeated | {one.instruction.id: one for one in answers}
                return [known[one.id] for one in column]
        except StaleState:
            return []
        return []

    def _hand_in(
        self, handovers: Sequence[Handover], at: datetime, *, dry_run: bool
    ) -> list[Answer]:
        """Have the ledger post the chains, and write what every answer leaves, in one commit."""
        if not handovers:
            return []
        results = [_NOTHING_MOVED if one.chain is None else None for one in handovers]
        answers: list[Answer] = []

        def keep(place: int) -> Callable[[Connection, ChainResult], None]:
            def record(_conn: Connection, result: ChainResult) -> None:
                results[place] = result

            return record

        def write(conn: Connection, _result: ChainResult) -> None:
            answers[:] = self._record(conn, handovers, results, at)

        submissions = [
            Submission(one.chain, keep(place))
            for place, one in enumerate(handovers)
            if one.chain is not None
        ]
        self.writer.submit([*submissions, Submission(None, write)], at=at, dry_run=dry_run)
        return answers

    def _record(
        self,
        conn: Connection,
        handovers: Sequence[Handover],
        results: Sequence[ChainResult | None],
        at: datetime,
    ) -> list[Answer]:
        """Write the rows that commit with the results; a repeat finds its first answer instead."""
        repeated = self.recorder.stored(conn, [one.row.instruction for one in handovers])
        booked: list[Booked] = []
        for place, (one, result) in enumerate(zip(handovers, results, strict=True)):
            if result is None:
                raise _StopShort(place)
            if one.row.instruction.id not in repeated:
                booked.append(_booked(one, result))
        answers = iter(self.recorder.write(conn, booked, at) if booked else [])
        return [repeated.get(one.row.instruction.id) or next(answers) for one in handovers]


def _booked(one: Handover, result: ChainResult) -> Booked:
    """Return what an instruction ends with, now that the ledger's result is known."""
    verdict = conclude(one.row, one.verdict, one.chain, one.owners, result)
    if not result.is_posted or verdict.decision.outcome is not Outcome.PERMITTED:
        return Booked(one.row, verdict, result)
    return Booked(one.row, verdict, result, one.drawn, one.entries)
