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
from typing import Final

import numpy as np

from qianhai.db import Connection, Database
from qianhai.instructions.block import Block, blocks_of
from qianhai.instructions.conclude import conclude
from qianhai.instructions.cut import Horizon
from qianhai.instructions.effects import Filed
from qianhai.instructions.handover import Handover
from qianhai.instructions.model import Answer, Instruction
from qianhai.instructions.part import Part
from qianhai.instructions.prepare import Preparer
from qianhai.instructions.prepare_block import BlockPreparer, Prepared
from qianhai.instructions.preview import Preview
from qianhai.instructions.record import BLOCK_MIN, Booked, Recorder
from qianhai.instructions.segment import Answered, Chains, Segment, cut_of, segment_of, standing
from qianhai.instructions.stage import Staged
from qianhai.kernel import Outcome, StaleState
from qianhai.ledger import Chain, ChainResult, PostedChains, Result, Submission, Writer
from qianhai.policy import Policy
from qianhai.registers import Keyring

_ATTEMPTS_MAX: Final = 20
#: So many instructions share a commit at most, and so many are tried after one had to stop short.
_COLUMN_MAX: Final = 2_000
_COLUMN_MIN: Final = 16
#: As many rows are looked at together at least, where some of them rest on balances.
_REACH_MIN: Final = 256
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
            except (StaleState, _StopShort):
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
            segment = self._segment(prepared, first, end, at)
            if segment is None:
                return self._by_themselves(prepared, first, at)
            try:
                answered = self._post_segment(segment, at)
            except StaleState:
                self._is_careful = True
                prepared.ready.clear()
                with self.database.transaction() as conn:
                    self._set_known_alone(conn, prepared)
            except _StopShort as stop:
                end = stop.count
                prepared.ready.clear()
                if end == first:
                    return self._by_themselves(prepared, first, at)
            else:
                self._keep_ready(prepared, segment)
                return answered
        raise StaleState(f"instructions from {prepared.block.ids[first]} on met other writers")

    def _by_themselves(self, prepared: Prepared, first: int, at: datetime) -> Answered:
        """Post the next rows one by one: those that settle holds, or too few for a part."""
        left = min(self._size, len(prepared.block) - first)
        others = np.flatnonzero(~prepared.settles[first : first + left])
        count = max(int(others[0]) if len(others) else left, min(BLOCK_MIN, left))
        instructions = [prepared.instruction(first + at) for at in range(count)]
        answers = self._post(self._column(instructions, at))
        answers = answers or [self.submit(instructions[0], at=at)]
        prepared.ready.clear()
        self._size = min(_COLUMN_MAX, 2 * max(len(answers), _COLUMN_MIN))
        end = first + len(answers)
        return Answered(first, end, (), dict(zip(range(first, end), answers, strict=True)))

    def _segment(self, prepared: Prepared, first: int, end: int, at: datetime) -> Segment | None:
        """Prepare rows from a place on that can share a commit; None where that is too few."""
        settling = np.flatnonzero(prepared.settles[first:end])
        if len(settling):
            end = first + int(settling[0])
        if end == first:
            return None
        if prepared.late:
            end = min(end, first + self._reach)
        with self.database.transaction() as conn:
            late = self._blocks.prepare_late(conn, prepared, first, end, at)
            alone = first + np.flatnonzero(prepared.alone[first:end])
            if len(alone) > self._size:
                end = int(alone[self._size])
            ids, continued = prepared.block.ids, prepared.block.continued
            places = {one: place for place, one in reversed(list(enumerate(ids[first:end], first)))}
            instructions: dict[int, Instruction] = {}
            for place in alone[alone < end].tolist():
                if min(places.get(continued[place], end), places[ids[place]]) < place:
                    end = place
                    break
                if place not in prepared.ready:
                    instructions[place] = prepared.instruction(place)
            stored = self.recorder.stored(conn, list(instructions.values()))
            fresh = {place: one for place, one in instructions.items() if one.id not in stored}
            made = self._preparer.prepare(conn, list(fresh.values()), at) if fresh else []
        repeated = {at_: stored[o.id] for at_, o in instructions.items() if o.id in stored}
        prepared.ready |= dict(zip(fresh, made, strict=True))
        handovers = {at_: one for at_, one in sorted(prepared.ready.items()) if first <= at_ < end}
        whole = segment_of(prepared, [*prepared.parts, *late], first, end, handovers, repeated)
        segment = whole.until(cut_of(whole, self._blocks.lookups))
        grown = 2 if segment.end == whole.end else 1.25
        self._reach = max(_REACH_MIN, int(grown * (segment.end - first)))
        is_enough = segment.end - first >= (BLOCK_MIN if segment.parts else 1)
        return segment if is_enough else None

    def _keep_ready(self, prepared: Prepared, segment: Segment) -> None:
        """Keep of what was prepared beyond a segment what still stands when it is posted.

        The fewer stand, the fewer are prepared ahead.
        """
        later = {place: one for place, one in prepared.ready.items() if place >= segment.end}
        prepared.ready = standing(segment, self._blocks.lookups, later)
        count = len(segment.handovers) + len(prepared.ready)
        self._size = min(_COLUMN_MAX, 2 * max(count, _COLUMN_MIN))

    def _post_segment(self, segment: Segment, at: datetime) -> Answered:
        """Have the ledger post a segment, and write what every answer leaves, in one commit."""
        if not (segment.parts or segment.handovers):
            return Answered(segment.first, segment.end, (), segment.repeated)
        chains = Chains(segment, self.institution_id)
        found: list[Answered] = []
        filed: list[Filed | None] = []

        def write(conn: Connection, posted: PostedChains) -> None:
            stale = np.flatnonzero(posted.is_stale)
            if len(stale):
                raise _StopShort(int(chains.places[stale[0]]))
            handed = dict(segment.handovers)
            parts: list[Part] = []
            for part in segment.parts:
                kept, others = chains.settled(part, posted)
                handed |= {int(part.places[row]): part.handover(row) for row in others.tolist()}
                parts += [kept] if len(kept) else []
            numbers = {place: number for number, place in enumerate(chains.places.tolist())}
            booked = [
                _booked(one, _NOTHING_MOVED if one.chain is None else posted.one(numbers[place]))
                for place, one in handed.items()
            ]
            answers, told = self.recorder.write(conn, booked, at, parts, list(handed))
            single = dict(zip(handed, answers, strict=True)) | dict(segment.repeated)
            found[:] = [Answered(segment.first, segment.end, parts, single)]
            filed[:] = [told]

        self.writer.post_named(chains.named, write, at=at)
        self._note(filed[0])
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
            handovers = self._preparer.prepare(conn, fresh, at)
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
        except _StopShort as stop:
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
        results[:] = [_NOTHING_MOVED if one.chain is None else None for one in handovers]
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
                raise _StopShort(place)
            if one.row.instruction.id not in repeated:
                booked.append(_booked(one, result))
        written, filed = self.recorder.write(conn, booked, at) if booked else ([], None)
        answers = iter(written)
        found = [repeated.get(one.row.instruction.id) or next(answers) for one in handovers]
        return found, [filed]


def _booked(one: Handover, result: ChainResult) -> Booked:
    """Return what an instruction ends with, now that the ledger's result is known."""
    verdict = conclude(one.row, one.verdict, one.chain, one.owners, result)
    if not result.is_posted or verdict.decision.outcome is not Outcome.PERMITTED:
        return Booked(one.row, verdict, result)
    return Booked(one.row, verdict, result, one.drawn, one.entries, one.chain, one.owners)
