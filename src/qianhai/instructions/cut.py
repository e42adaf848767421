"""Cut: how far a column of instructions may be decided on what is on record before its first.

One after another, each sees what those before it have done. Decided together they see none of
it, so a column ends before the first that would: that names the same business, stands on a
balance an earlier one moves, or on what an earlier one puts on file. Limits need no cut: the
ledger decides them one after another, in order.
"""

from collections.abc import Iterable, Sequence

from qianhai.instructions.model import Instruction
from qianhai.instructions.prepare import Handover
from qianhai.ledger import Kind


def distinct(instructions: Sequence[Instruction]) -> int:
    """Return how many from the first on share no id, and continue none of their own column."""
    ids: set[str] = set()
    for count, one in enumerate(instructions):
        if one.id in ids or one.continues in ids:
            return count
        ids.add(one.id)
    return len(instructions)


def independent(handovers: Sequence[Handover]) -> int:
    """Return how many from the first on stand on nothing that one before them changes."""
    moved: set[str] = set()
    filed: set[str] = set()
    settles = False
    for count, one in enumerate(handovers):
        stands_on = _stands_on(one)
        if stands_on and (settles or not moved.isdisjoint(stands_on)):
            return count
        written = set(_filed(one))
        if filed and (not filed.isdisjoint(written) or not filed.isdisjoint(_named(one))):
            return count
        filed |= written
        if one.chain is not None:
            moved.update(name for leg in one.chain.legs for name in (leg.debit, leg.credit))
            # What is settled moves the accounts of what was held, which are not known here.
            settles = settles or one.chain.kind in (Kind.COMMIT, Kind.VOID)
    return len(handovers)


def _stands_on(one: Handover) -> set[str]:
    """Return the accounts whose balances an answer rests on."""
    expected = () if one.chain is None else one.chain.expects
    return {*one.row.read, *(name for name, _ in expected)}


def _filed(one: Handover) -> Iterable[str]:
    """Return whom or what the effects of an answer are on file about."""
    for entry in one.entries:
        yield entry.fields.get("id") or entry.fields.get("party") or ""


def _named(one: Handover) -> set[str]:
    """Return every name by which an instruction could be about something on file."""
    row = one.row
    named = {*row.parties.values(), *row.accounts.values(), row.key}
    return named | {value for value in row.facts.values() if isinstance(value, str)}
