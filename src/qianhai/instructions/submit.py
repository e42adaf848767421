"""The road: instructions known, gathered, decided, shaped and handed in, with one commit.

One instruction and a column of them go the same way and get the same answers. A dry run is the
same road ended by rollback. Nothing outside the database is touched; what has to leave waits in
the outbox.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Final, NamedTuple

import numpy as np

from qianhai.db import Connection, Database
from qianhai.instructions.block import Block, blocks_of
from qianhai.instructions.cut import Horizon
from qianhai.instructions.days import Days
from qianhai.instructions.effects import Filed
from qianhai.instructions.handover import Handover
from qianhai.instructions.model import Answer, Instruction
from qianhai.instructions.prepare import Preparer
from qianhai.instructions.prepare_block import BlockPreparer, Prepared
from qianhai.instructions.preview import Preview
from qianhai.instructions.record import BLOCK_MIN, Recorder
from qianhai.instructions.record_rows import Booked
from qianhai.instructions.run import NOTHING_MOVED, ROWS_MAX, Run, StopShort, booked_of
from qianhai.instructions.segment import Answered, Segment, cut_of, segment_of, standing
from qianhai.instructions.stage import Staged
from qianhai.instructions.topics import topics_of
from qianhai.kernel import StaleState
from qianhai.ledger import Chain, ChainResult, NamedChains, PostedChains, Submission, Writer
from qianhai.policy import Policy
from qianhai.registers import Keyring

_ATTEMPTS_MAX: Final = 20
#: So many instructions share a commit at most, and so many are tried after one had to stop short.
_COLUMN_MAX: Final = 2_000
_COLUMN_MIN: Final = 16
#: As many rows are looked at together at least, where some of them rest on balances.
_REACH_MIN: Final = 256


class _Span(NamedTuple):
    """Where the run of some rows began, where they begin, and where they end at last."""

    begun: int
    first: int
    end: int


@dataclass(frozen=True, slots=True)
class _Column:
    """Instructions that go the road together, as they were prepared at an instant.

    `repeated` are the answers of those that had one; `handovers` are the others, in their order.
    """

    at: datetime
    instructions: Sequence[Instruction]
    repeated: Mapping[str, Answer]
    handovers: Sequence[Handover]


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
        self._blocks = BlockPreparer(policy, self._preparer, institution_id)
        self._losers = Lock()
        self._is_careful = False
        self._size = self._reach = _COLUMN_MAX

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

    def preview(self, instruction: Instruction, *, at: datetime) -> Preview:
        """Go the road dry, and tell all that was seen on it: facts, legs, what the ledger said.

        What is on record already is told as it was answered.

        Raises:
            BadInput: the id was used before with other content.
            StaleState: other writers moved first, again and again. Safe to retry.
        """
        for _ in range(_ATTEMPTS_MAX):
            column = self._column([instruction], at)
            if not column.handovers:
                return Preview(column.repeated[instruction.id], None, None, None)
            told: list[ChainResult | None] = []
            try:
                (answer,) = self._hand_in(column.handovers, at, dry_run=True, told=told)
            except (StaleState, StopShort):
                continue
            one = column.handovers[0]
            return Preview(answer, one.row, one.chain, told[0])
        raise StaleState(f"instruction {instruction.id} met other writers {_ATTEMPTS_MAX} times")

    def submit_many(
        self, instructions: Iterable[Instruction], *, now: Callable[[], datetime]
    ) -> Iterator[Answer]:
        """Decide and post instructions in their order; yield each answer once it is on record.

        The answers are those of `submit` one after another; see `submit_blocks`.
        """
        for answered in self.submit_blocks(instructions, now=now):
            yield from answered

    def submit_blocks(
        self, instructions: Iterable[Instruction], *, now: Callable[[], datetime]
    ) -> Iterator[Answered]:
        """Decide and post instructions in their order; yield the answers of each commit.

        Some thousands share the questions to the register and a commit, which ends before the
        first that stands on what one of them changes. While the answers of one are used the next
        is booked; memory holds one block and these two. `now` tells the instant of each commit.

        Raises:
            BadInput: an id was used before with other content. Those answered so far are booked.
            StaleState: other writers moved first, again and again. Safe to retry.
        """
        source = self._answered(instructions, now)
        with ThreadPoolExecutor(1, "road") as worker:
            coming = worker.submit(next, source, None)
            while (answered := coming.result()) is not None:
                coming = worker.submit(next, source, None)
                yield answered

    def _answered(
        self, instructions: Iterable[Instruction], now: Callable[[], datetime]
    ) -> Iterator[Answered]:
        blocks = (
            instructions.blocks()
            if isinstance(instructions, Staged)
            else blocks_of(self.policy, self.institution_id, instructions)
        )
        for block in blocks:
            prepared = self._prepared(block, now())
            first = 0
            while first < len(block):
                answered = self._go_on(prepared, first, now)
                yield answered
                first = answered.end

    def _prepared(self, block: Block, at: datetime) -> Prepared:
        """Prepare a block by columns, but what is on record already, or judged beside the pack."""
        with self.database.transaction() as conn:
            prepared = self._blocks.prepare(conn, block, at)
            if self.recorder.beside is not None:
                prepared.set_alone(np.arange(len(block)))
            elif self._is_careful:
                self._is_careful = self._set_known_alone(conn, prepared)
        return prepared

    def _set_known_alone(self, conn: Connection, prepared: Prepared) -> bool:
        """Have instructions that are on record go by themselves; tell whether there are any."""
        ids = prepared.block.ids
        known = self.recorder.known(conn, ids)
        places = [at for at, one in enumerate(ids) if one in known]
        prepared.set_alone(np.array(places, np.int64))
        return bool(places)

    def _go_on(self, prepared: Prepared, first: int, now: Callable[[], datetime]) -> Answered:
        """Post the next rows of a block, as many as can share a commit."""
        end = len(prepared.block)
        for _ in range(_ATTEMPTS_MAX):
            at = now()
            with self.database.transaction() as conn:
                segment = self._segment(conn, prepared, _Span(first, first, end), at)
            if segment is None:
                return self._by_themselves(prepared, first, at)
            try:
                return self._post_run(Run(segment, self.institution_id), end, at)
            except StaleState:
                self._is_careful = True
                prepared.forget_ready()
                with self.database.transaction() as conn:
                    self._set_known_alone(conn, prepared)
            except StopShort as stop:
                end = stop.count
                prepared.forget_ready()
                if end == first:
                    return self._by_themselves(prepared, first, at)
        raise StaleState(f"instructions from {prepared.block.ids[first]} on met other writers")

    def _by_themselves(self, prepared: Prepared, first: int, at: datetime) -> Answered:
        """Post the next rows one by one: those that settle holds, or too few for a part."""
        left = min(self._size, len(prepared.block) - first)
        others = np.flatnonzero(~prepared.settles[first : first + left])
        count = max(int(others[0]) if len(others) else left, min(BLOCK_MIN, left))
        instructions = [prepared.instruction(first + at) for at in range(count)]
        answers = self._post(self._column(instructions, at))
        answers = answers or [self.submit(instructions[0], at=at)]
        prepared.forget_ready()
        self._size = min(_COLUMN_MAX, 2 * max(len(answers), _COLUMN_MIN))
        end = first + len(answers)
        return Answered(first, end, (), dict(zip(range(first, end), answers, strict=True)))

    def _segment(
        self, conn: Connection, prepared: Prepared, span: _Span, at: datetime
    ) -> Segment | None:
        """Prepare rows of a span that can be posted together; None where there are none."""
        first, end = span.first, span.end
        settling = np.flatnonzero(prepared.settles[first:end])
        if len(settling):
            end = first + int(settling[0])
        if end == first:
            return None
        most = min(end, first + self._reach) if prepared.late else end
        days = self._blocks.sources.days(conn, at)
        late = self._blocks.prepare_late(conn, prepared, first, most, days)
        instructions = self._to_prepare(prepared, span._replace(end=end))
        end = min(most, prepared.ahead)
        if end == first:
            return None
        stored = self.recorder.stored(conn, list(instructions.values()))
        fresh = {place: one for place, one in instructions.items() if one.id not in stored}
        made = self._preparer.prepare(conn, list(fresh.values()), days) if fresh else []
        repeated = {at_: stored[o.id] for at_, o in instructions.items() if o.id in stored}
        prepared.ready |= dict(zip(fresh, made, strict=True))
        handovers = {at_: one for at_, one in sorted(prepared.ready.items()) if first <= at_ < end}
        filed = [(p, topic) for p, one in handovers.items() for topic in topics_of(one.entries)]
        end = min(end, self._blocks.set_asking_alone(prepared, filed)) if filed else end
        whole = segment_of(prepared, [*prepared.parts, *late], first, end, handovers, repeated)
        segment = whole.until(cut_of(whole, self._blocks.lookups))
        grown = 2 if segment.end == whole.end else 1.25
        self._reach = max(_REACH_MIN, int(grown * (segment.end - first)))
        return segment

    def _to_prepare(self, prepared: Prepared, span: _Span) -> dict[int, Instruction]:
        """Return the rows by themselves that are not ready, as far ahead as it is worth.

        Not those that name a row of the same run: what that comes to is not on record yet.
        """
        begun, first, end = span
        if first < prepared.ahead:
            end = min(end, prepared.ahead)
        alone = first + np.flatnonzero(prepared.alone[first:end])
        if first >= prepared.ahead and len(alone) > self._size:
            end = int(alone[self._size])
        ids, continued = prepared.block.ids, prepared.block.continued
        places = {one: place for place, one in reversed(list(enumerate(ids[begun:end], begun)))}
        found: dict[int, Instruction] = {}
        for place in alone[alone < end].tolist():
            if min(places.get(continued[place], end), places[ids[place]]) < place:
                end = place
                break
            if place not in prepared.ready:
                found[place] = prepared.instruction(place)
        prepared.ahead = end
        return found

    def _keep_ready(self, prepared: Prepared, segment: Segment) -> None:
        """Keep of what was prepared beyond a segment what still stands when it is posted.

        The fewer stand, the fewer are prepared ahead.
        """
        later = {place: one for place, one in prepared.ready.items() if place >= segment.end}
        prepared.ready = standing(segment, self._blocks.lookups, later)
        grown = 2 if 2 * len(prepared.ready) >= len(later) else 0.5
        self._size = min(_COLUMN_MAX, max(int(grown * self._size), _COLUMN_MIN))

    def _post_run(self, run: Run, end: int, at: datetime) -> Answered:
        """Have the ledger post segment after segment, and write what they leave, in one commit."""
        prepared = run.segment.prepared
        found: list[Answered] = []

        def write(conn: Connection, posted: PostedChains) -> NamedChains | None:
            self._note(self.recorder.file(conn, run.settle(posted), at))
            self._keep_ready(prepared, run.segment)
            if len(run) < ROWS_MAX and self.recorder.beside is None:
                span = _Span(run.first, run.segment.end, end)
                segment = self._segment(conn, prepared, span, at)
                if segment is not None:
                    return run.go_on(segment)
            booked, parts = run.booked, run.parts()
            answers = self.recorder.write(conn, booked, at, parts) if booked or parts else []
            found[:] = [run.answered(answers)]
            return None

        self.writer.post_named(run.named, write, at=at)
        return found[0]

    def _note(self, filed: Filed | None) -> None:
        """Forget what was known about those of whom something was put on file."""
        if filed is not None:
            self._blocks.sources.filed(filed.topics, filed.at)

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

    def _column(self, instructions: Sequence[Instruction], at: datetime) -> _Column:
        """Prepare as many of the first instructions as can share the road."""
        horizon = Horizon(self._blocks.lookups)
        shared = instructions[: horizon.distinct(instructions)]
        with self.database.transaction() as conn:
            repeated = self.recorder.stored(conn, shared)
            fresh = [one for one in shared if one.id not in repeated]
            days = Days(conn, self.policy, self.institution_id, at)
            handovers = self._preparer.prepare(conn, fresh, days)
        count = horizon.independent(handovers)
        if count < len(fresh):
            shared = shared[: shared.index(fresh[count])]
        return _Column(at, shared, repeated, handovers[:count])

    def _post(self, column: _Column, *, dry_run: bool = False) -> list[Answer]:
        """Post a column; return the answers of the first ones, as far as they came out as thought.

        No answer where another writer moved first what already the first one rests on.
        """
        shared, handovers = column.instructions, column.handovers
        try:
            answers = self._hand_in(handovers, column.at, dry_run=dry_run)
        except StaleState:
            return []
        except StopShort as stop:
            if stop.count == 0:
                return []
            shared = shared[: shared.index(handovers[stop.count].row.instruction)]
            # As nothing was written, those before may rest on what has changed since as well.
            return self._post(self._column(shared, column.at), dry_run=dry_run)
        known = dict(column.repeated) | {one.instruction.id: one for one in answers}
        return [known[one.id] for one in shared]

    def _hand_in(
        self,
        handovers: Sequence[Handover],
        at: datetime,
        *,
        dry_run: bool,
        told: list[ChainResult | None] | None = None,
    ) -> list[Answer]:
        """Have the ledger post the chains, and write what every answer leaves, in one commit.

        `told` is filled with what the ledger said of each chain.
        """
        if not handovers:
            return []
        results = [] if told is None else told
        results[:] = [NOTHING_MOVED if one.chain is None else None for one in handovers]
        answers: list[Answer] = []
        filed: list[Filed | None] = []

        def keep(place: int) -> Callable[[Connection, ChainResult], None]:
            def record(_conn: Connection, result: ChainResult) -> None:
                results[place] = result

            return record

        def write(conn: Connection, _result: ChainResult) -> None:
            answers[:], filed[:] = self._record(conn, handovers, results, at)

        submissions = [
            Submission(one.chain, keep(place))
            for place, one in enumerate(handovers)
            if one.chain is not None
        ]
        self.writer.submit([*submissions, Submission(None, write)], at=at, dry_run=dry_run)
        if not dry_run:
            self._note(filed[0])
        return answers

    def _record(
        self,
        conn: Connection,
        handovers: Sequence[Handover],
        results: Sequence[ChainResult | None],
        at: datetime,
    ) -> tuple[list[Answer], list[Filed | None]]:
        """Write the rows that commit with the results; a repeat finds its first answer instead."""
        repeated = self.recorder.stored(conn, [one.row.instruction for one in handovers])
        booked: list[Booked] = []
        for place, (one, result) in enumerate(zip(handovers, results, strict=True)):
            if result is None:
                raise StopShort(place)
            if one.row.instruction.id not in repeated:
                booked.append(booked_of(one, result))
        filed = self.recorder.file(conn, [entry for one in booked for entry in one.entries], at)
        answers = iter(self.recorder.write(conn, booked, at) if booked else [])
        found = [repeated.get(one.row.instruction.id) or next(answers) for one in handovers]
        return found, [filed]
