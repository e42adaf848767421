"""Roads: every instruction goes the road of the pack that decides its day.

Looks once at what is activated, before a column is booked: a file that is being booked keeps the
packs it began with. Without an activation there is one road, that of the pack at hand.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby

from qianhai.db import Connection, Database
from qianhai.instructions import store
from qianhai.instructions.cover import Cover
from qianhai.instructions.editions import editions_of
from qianhai.instructions.flaws import not_of_the_day
from qianhai.instructions.model import Answer, Instruction, stored_facts
from qianhai.instructions.preview import Preview
from qianhai.instructions.segment import Answered
from qianhai.instructions.shadow import Shadow
from qianhai.instructions.submit import Road
from qianhai.kernel import BadInput, Flaw, Place
from qianhai.policy import (
    Policy,
    Values,
    bundled,
    leaves_of,
    open_policy,
    read_facts,
    unbundled,
)
from qianhai.registers import Keyring


@dataclass(frozen=True, slots=True)
class Bank:
    """What every road of one institution stands on."""

    database: Database
    institution_id: str
    keyring: Keyring
    salts: Callable[[int], bytes]

    @property
    def cover(self) -> Cover:
        """Return what hides and shows a person's texts."""
        return Cover(self.institution_id, self.keyring, self.salts)

    def road(self, policy: Policy, files: bytes) -> Road:
        """Return the road of one pack."""
        return Road(
            self.database,
            policy,
            institution_id=self.institution_id,
            keyring=self.keyring,
            salts=self.salts,
            pack_files=files,
        )


class Roads:
    """The roads of one institution, chosen by the value date of each instruction."""

    def __init__(self, bank: Bank, policy: Policy, files: bytes) -> None:
        self._bank = bank
        self.home = bank.road(policy, files)
        self.writer = self.home.writer
        #: What was answered since this process began, by outcome and whether it was booked.
        self.outcomes: Counter[tuple[str, bool]] = Counter()
        self._by_pack = {"": self.home, policy.pack.hash: self.home}
        with bank.database.transaction() as conn:
            self._editions = editions_of(conn, bank.institution_id)
            for _, pack in self._editions.active:
                self._open(conn, pack)
            self._shadow = self._beside(conn)
        for road in self._by_pack.values():
            road.recorder.beside = self._shadow

    def policy_on(self, day: date) -> Policy:
        """Return the pack that decides a value date."""
        return self._on(day).policy

    def submit(self, instruction: Instruction, *, at: datetime, dry_run: bool = False) -> Answer:
        """Decide one instruction on its road; see `Road.submit`."""
        road = self._on(instruction.value_on)
        answer = road.submit(self._for(road, instruction), at=at, dry_run=dry_run)
        self.outcomes[answer.decision.outcome.value, not dry_run] += 1
        return answer

    def preview(self, instruction: Instruction, *, at: datetime) -> Preview:
        """Decide one instruction dry on its road, and tell what was seen; see `Road.preview`."""
        road = self._on(instruction.value_on)
        return road.preview(self._for(road, instruction), at=at)

    def submit_blocks(
        self, instructions: Iterable[Instruction], *, now: Callable[[], datetime]
    ) -> Iterator[Answered]:
        """Decide instructions in their order, each on its road; see `Road.submit_blocks`."""
        for answered in self._blocks(instructions, now):
            for part in answered.parts:
                self.outcomes[part.decision.outcome.value, True] += len(part)
            for answer in answered.single.values():
                self.outcomes[answer.decision.outcome.value, True] += 1
            yield answered

    def _blocks(
        self, instructions: Iterable[Instruction], now: Callable[[], datetime]
    ) -> Iterator[Answered]:
        if len(set(self._by_pack.values())) == 1:
            yield from self.home.submit_blocks(instructions, now=now)
            return
        for road, column in groupby(instructions, key=lambda one: self._on(one.value_on)):
            yield from road.submit_blocks((self._for(road, one) for one in column), now=now)

    def expire_holds(self, *, at: datetime) -> int:
        """Void the holds whose time is over; see `Road.expire_holds`."""
        return self.home.expire_holds(at=at)

    def flaws_of(self, instructions: Iterable[Instruction]) -> Iterator[Flaw]:
        """Yield each instruction its day's pack cannot decide, because it has no such business.

        With one pack there is nothing to look at: what was staged was read under it.
        """
        if len(set(self._by_pack.values())) == 1:
            return
        for one in instructions:
            road = self._on(one.value_on)
            pack = road.policy.pack
            facility = pack.facilities.get(one.facility)
            is_there = facility is not None and (not one.action or one.action in facility.actions)
            if not one.facility:
                continue
            if is_there:
                yield from _read_by(road.policy, one)[1]
            else:
                yield not_of_the_day(one.place, one.facility, one.value_on, pack.version)

    def _on(self, day: date) -> Road:
        return self._by_pack[self._editions.pack_on(day)]

    def _for(self, road: Road, instruction: Instruction) -> Instruction:
        """Return an instruction with its facts as the pack of its road reads them."""
        if road is self.home or not instruction.facility:
            return instruction
        facts, flaws = _read_by(road.policy, instruction)
        if flaws:
            raise BadInput(flaws)
        return replace(instruction, facts={**instruction.facts, **facts})

    def _open(self, conn: Connection, pack: str) -> None:
        if pack not in self._by_pack:
            files = unbundled(store.read_pack(conn, self._bank.institution_id, pack))
            self._by_pack[pack] = self._bank.road(open_policy(files, is_brief=True), bundled(files))

    def _beside(self, conn: Connection) -> Shadow | None:
        turn, bank = self._editions.shadow, self._bank
        if turn is None:
            return None
        files = unbundled(store.read_pack(conn, bank.institution_id, turn.pack_hash))
        policy = open_policy(files, is_brief=True)
        return Shadow(policy, turn.number, bank.institution_id, bank.cover, bank.salts)


def _read_by(policy: Policy, instruction: Instruction) -> tuple[Values, list[Flaw]]:
    """Read what a sender stated as a pack declares it; what it does not ask for is left out."""
    declared = policy.pack.facilities[instruction.facility].facts
    leaves = leaves_of(declared)
    stated = stored_facts(instruction.facts).items()
    given = [(path, value) for path, value in stated if path in leaves]
    file, line = instruction.place.file, instruction.place.line
    return read_facts(declared, given, lambda leaf: Place(file, line, leaf), leaves=leaves)
