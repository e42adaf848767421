"""The road: from a sender's instruction to an atomic posting, its decision and its reasons.

    row -> Stager (proven whole) -> Instruction
        -> Road.submit: know, gather, decide, shape, hand in   -> one commit by the ledger's writer
        -> Answer

Knows the pack, the registers and the ledger; is known by views and doors only.
"""

from qianhai.instructions.accounts import limit_name
from qianhai.instructions.admit import Admission
from qianhai.instructions.effects import EFFECTS
from qianhai.instructions.gather import PROVIDERS, Gathering, gather
from qianhai.instructions.headroom import Headroom, headroom_of
from qianhai.instructions.model import Answer, Drawn, Instruction, Known, Named
from qianhai.instructions.stage import Staged, Stager
from qianhai.instructions.submit import Road

__all__ = [
    "EFFECTS",
    "PROVIDERS",
    "Admission",
    "Answer",
    "Drawn",
    "Gathering",
    "Headroom",
    "Instruction",
    "Known",
    "Named",
    "Road",
    "Staged",
    "Stager",
    "gather",
    "headroom_of",
    "limit_name",
]
