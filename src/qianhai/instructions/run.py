"""Runs: segments of a block, one after another, that share a commit.

Each segment is prepared on what those before it left in the same transaction, and posted as a
batch of its own; what all of them leave is written once, by columns, at the end. So a row that
rests on an earlier one costs a question to the register, not a commit. Writes nothing itself.
"""

from collections.abc import Sequence
from itertools import chain
from operator import itemgetter
from typing import Final

import numpy as np

from qianhai.instructions.conclude import conclude
from qianhai.instructions.handover import Handover
from qianhai.instructions.model import Answer
from qianhai.instructions.part import Part, joined
from qianhai.instructions.record_rows import Booked
from qianhai.instructions.segment import Answered, Chains, Segment
from qianhai.kernel import Outcome
from qianhai.ledger import ChainResult, NamedChains, PostedChains, Result
from qianhai.registers import Entry

#: A run that has so many rows takes no further segment: others wait for the writer's lock.
ROWS_MAX: Final = 1_024
#: What an instruction that moves nothing is told by the ledger.
NOTHING_MOVED: Final = ChainResult(Result.POSTED)


class StopShort(Exception):
    """So many of a column may be booked; the next one stands on what came out otherwise.

    It is no fault, and never leaves the road.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        super().__init__(count)


class Run:
    """What the segments of one commit came to so far, and the one that is being posted."""

    def __init__(self, segment: Segment, institution_id: str) -> None:
        self.first = segment.first
        self._institution = institution_id
        self._booked: dict[int, Booked] = {}
        self._parts: list[Part] = []
        self._repeated: dict[int, Answer] = {}
        self.named = self.go_on(segment)

    def __len__(self) -> int:
        """Return how many rows there are, those of the present segment included."""
        return self.segment.end - self.first

    def go_on(self, segment: Segment) -> NamedChains:
        """Take the next segment; return its chains."""
        self.segment = segment
        self._chains = Chains(segment, self._institution)
        self._repeated |= segment.repeated
        return self._chains.named

    def settle(self, posted: PostedChains) -> list[Entry]:
        """Note what the ledger said to a segment; return what its effects put on file, in order."""
        chains, segment = self._chains, self.segment
        stale = np.flatnonzero(posted.is_stale)
        if len(stale):
            raise StopShort(int(chains.places[stale[0]]))
        handed = dict(segment.handovers)
        filing: list[tuple[int, Sequence[Entry]]] = []
        for part in segment.parts:
            kept, others = chains.settled(part, posted)
            handed |= {int(part.places[row]): part.handover(row) for row in others.tolist()}
            if len(kept):
                filing += zip(kept.places.tolist(), kept.entries(), strict=True)
                self._parts.append(kept)
        numbers = {place: number for number, place in enumerate(chains.places.tolist())}
        for place, one in handed.items():
            result = NOTHING_MOVED if one.chain is None else posted.one(numbers[place])
            self._booked[place] = booked = booked_of(one, result)
            filing.append((place, booked.entries))
        return list(chain.from_iterable(each for _, each in sorted(filing, key=itemgetter(0))))

    @property
    def booked(self) -> list[Booked]:
        """Return what became of those that went by themselves."""
        return list(self._booked.values())

    def parts(self) -> list[Part]:
        """Return the parts, each whole again."""
        self._parts = joined(self._parts)
        return self._parts

    def answered(self, answers: Sequence[Answer]) -> Answered:
        """Return the answers of the run; given are those of `booked`."""
        single = dict(zip(self._booked, answers, strict=True)) | self._repeated
        return Answered(self.first, self.segment.end, self._parts, single)


def booked_of(one: Handover, result: ChainResult) -> Booked:
    """Return what an instruction ends with, now that the ledger's result is known."""
    verdict = conclude(one.row, one.verdict, one.chain, one.owners, result)
    if not result.is_posted or verdict.decision.outcome is not Outcome.PERMITTED:
        return Booked(one.row, verdict, result)
    return Booked(one.row, verdict, result, one.drawn, one.entries, one.chain, one.owners)
