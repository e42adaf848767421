"""What an instruction that was prepared hands to the ledger. Values only."""

from dataclasses import dataclass

from qianhai.instructions.model import Drawn, Known
from qianhai.ledger import Chain
from qianhai.policy import Verdict
from qianhai.registers import Entry


@dataclass(frozen=True, slots=True)
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
