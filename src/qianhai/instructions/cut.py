"""Cut: how far a column of instructions may be decided on what is on record before its first.

One after another, each sees what those before it have done. Decided together they see none of
it, so a column ends before the first that would: that names the same business, stands on a
balance an earlier one moves, or on what an earlier one puts on file. Limits need no cut: the
ledger decides them one after another, in order.
"""

from collections.abc import Sequence

from qianhai.instructions.handover import Handover
from qianhai.instructions.model import Instruction
from qianhai.instructions.topics import Filings, Lookups, topics_of
from qianhai.ledger import Kind


class Horizon:
    """What a column does: what rests on it must wait."""

    def __init__(self, lookups: Lookups) -> None:
        self._moved: set[str] = set()
        self._filings = Filings(lookups)
        self._count = 0
        self._settles = False

    def distinct(self, instructions: Sequence[Instruction]) -> int:
        """Return how many from the first on share no id, and continue none, with those before."""
        ids: set[str] = set()
        for count, one in enumerate(instructions):
            named = (one.id, one.continues)
            if not ids.isdisjoint(named):
                return count
            ids.add(one.id)
        return len(instructions)

    def independent(self, handovers: Sequence[Handover]) -> int:
        """Return how many from the first on stand on nothing that one before them changes."""
        count = 0
        for one in handovers:
            if not self.lets_pass(one):
                break
            self._add(one)
            count += 1
        return count

    def lets_pass(self, one: Handover) -> bool:
        """Tell whether an answer stands on nothing that the column changes."""
        stands = one.stands_on
        if stands and (self._settles or not self._moved.isdisjoint(stands)):
            return False
        return not self._filings.meet(one, self._count)

    def _add(self, one: Handover) -> None:
        self._filings.add(topics_of(one.entries), self._count)
        self._count += 1
        if one.chain is not None:
            legs = one.chain.legs
            self._moved.update(name for leg in legs for name in (leg.debit, leg.credit))
            # What is settled moves the accounts of what was held, not known here.
            self._settles = self._settles or one.chain.kind in (Kind.COMMIT, Kind.VOID)
