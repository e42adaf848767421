"""What an instruction that was prepared hands to the ledger. Values only."""

from dataclasses import dataclass
from functools import cached_property

from qianhai.instructions.model import Drawn, Known
from qianhai.ledger import Chain
from qianhai.policy import Verdict
from qianhai.registers import Entry


@dataclass(frozen=True)
class Handover:
    """What is handed to the ledger: the verdict, its chain, and what each leg is for.

    `entries` are what its effects put on file once it is booked.
    """

    row: Known
    verdict: Verdict
    chain: Chain | None
    owners: tuple[str, ...] = ()
    drawn: tuple[Drawn, ...] = ()
    entries: tuple[Entry, ...] = ()

    @cached_property
    def stands_on(self) -> frozenset[str]:
        """Return the accounts whose balances it rests on."""
        expected = () if self.chain is None else self.chain.expects
        return frozenset([*self.row.read, *(name for name, _ in expected)])

    @cached_property
    def named(self) -> frozenset[str]:
        """Return every name by which it could be about something on file."""
        row = self.row
        said = [value for value in row.facts.values() if isinstance(value, str)]
        return frozenset([*row.parties.values(), *row.accounts.values(), row.key, *said])
