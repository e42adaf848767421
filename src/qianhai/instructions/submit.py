"""The road: instructions known, gathered, decided, shaped and handed in, with one commit.

One instruction and a column of them go the same way and get the same answers. A dry run is the
same road ended by rollback. Nothing outside the database is touched; what has to leave waits in
the outbox.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from threading import Lock
from typing import Final

from qianhai.db import Connection, Database
from qianhai.instructions.conclude import conclude
from qianhai.instructions.cut import Horizon
from qianhai.instructions.model import Answer, Instruction
from qianhai.instructions.prepare import Handover, Preparer
from qianhai.instructions.record import Booked, Recorder
from qianhai.kernel import BadInput, Outcome, StaleState
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


@dataclass(frozen=True, slots=True)
class _Column:
    """Instructions that go the road together, as they were prepared at an instant.

    `repeated` are the answers of those that had one; `handovers` are the others, in their order.
    `horizon` is where whoever follows them begins.
    """

    at: datetime
    instructions: Sequence[Instruction]
    repeated: Mapping[str, Answer]
    handovers: Sequence[Handover]
    horizon: Horizon


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
        answers = self._attempt(instruction, at, dry_run=dry_run)
        if answers:
            return answers[0]
        # Those who lost go one after another, so that nobody loses for ever.
        with self._losers:
            for _ in range(_ATTEMPTS_MAX):
                answers = self._attempt(instruction, at, dry_run=dry_run)
                if answers:
                    return answers[0]
        raise StaleState(f"instruction {instruction.id} met other writers {_ATTEMPTS_MAX} times")

    def submit_many(
        self, instructions: Iterable[Instruction], *, now: Callable[[], datetime]
    ) -> Iterator[Answer]:
        """Decide and post instructions in their order; yield each answer once it is on record.

        The answers are those of `submit` one after another. Up to some thousands share the
        questions to the register and a commit, which end before the first that stands on what
        one of them changes. While one such column is written the next is prepared; memory holds
        these two. `now` tells the instant of each.

        Raises:
            BadInput: an id was used before with other content. Those answered so far are booked.
            StaleState: other writers moved first, again and again. Safe to retry.
        """
        source = iter(instructions)
        waiting = list(islice(source, _COLUMN_MAX))
        column, size = self._column(waiting, now()), _COLUMN_MAX
        with ThreadPoolExecutor(1, "road-writer") as writer:
            while waiting:
                posting = writer.submit(self._post, column)
                asked = len(column.instructions)
                waiting += islice(source, max(0, asked + size - len(waiting)))
                ahead = self._ahead(waiting[asked : asked + size], now(), column)
                answers = posting.result() or [self.submit(waiting[0], at=now())]
                del waiting[: len(answers)]
                waiting += islice(source, max(0, size - len(waiting)))
                is_whole = len(answers) == asked
                size = min(2 * size, _COLUMN_MAX) if is_whole else _COLUMN_MIN
                yield from answers
                column = (
                    ahead if ahead is not None and is_whole else self._column(waiting[:size], now())
                )

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
        self, instruction: Instruction, at: datetime, *, dry_run: bool = False
    ) -> list[Answer]:
        """Go the road once with one instruction; no answer where another writer moved first."""
        return self._post(self._column([instruction], at), dry_run=dry_run)

    def _ahead(
        self, instructions: Sequence[Instruction], at: datetime, before: _Column
    ) -> _Column | None:
        """Prepare those that follow a column on its way, as far as they rest on nothing of it.

        None where already the first does, or has a fault that is told when its turn comes.
        """
        try:
            column = self._column(instructions, at, before.horizon)
        except (BadInput, StaleState):
            return None
        return column if column.instructions else None

    def _column(
        self, instructions: Sequence[Instruction], at: datetime, before: Horizon | None = None
    ) -> _Column:
        """Prepare as many of the first instructions as can share the road."""
        horizon = Horizon(before)
        shared = instructions[: horizon.distinct(instructions)]
        if not shared:
            return _Column(at, shared, {}, (), horizon)
        with self.database.transaction() as conn:
            repeated = self.recorder.stored(conn, shared)
            fresh = [one for one in shared if one.id not in repeated]
            handovers = self._preparer.prepare(conn, fresh, at)
        count = horizon.independent(handovers)
        if count < len(fresh):
            shared = shared[: shared.index(fresh[count])]
        return _Column(at, shared, repeated, handovers[:count], horizon)

    def _post(self, column: _Column, *, dry_run: bool = False) -> list[Answer]:
        """Post a column; return the answers of the first ones, as far as they came out as thought.

        No answer where another writer moved first what already the first one rests on.
        """
        shared, handovers = column.instructions, column.handovers
        try:
            answers = self._hand_in(handovers, column.at, dry_run=dry_run)
        except StaleState:
            return []
        except _StopShort as stop:
            if stop.count == 0:
                return []
            shared = shared[: shared.index(handovers[stop.count].row.instruction)]
            # As nothing was written, those before may rest on what has changed since as well.
            return self._post(self._column(shared, column.at), dry_run=dry_run)
        known = dict(column.repeated) | {one.instruction.id: one for one in answers}
        return [known[one.id] for one in shared]

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
    return Booked(one.row, verdict, result, one.drawn, one.entries, one.chain, one.owners)
