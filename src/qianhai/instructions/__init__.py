"""The road: from a sender's instruction to an atomic posting, its decision and its reasons.

    row -> Stager (proven whole) -> Instruction
        -> Road.submit: know, gather, decide, shape, hand in   -> one commit by the ledger's writer
        -> Answer

    Roads: each instruction on the road of the pack active on its day, a candidate in the Shadow
    Replay: decisions on record judged again under a candidate; Changes: proposed to revoked

Knows the pack, the registers and the ledger; is known by views and doors only.
"""

from qianhai.instructions.accounts import book_of, limit_name
from qianhai.instructions.admit import Admission, Admitted
from qianhai.instructions.causes import Cause
from qianhai.instructions.change import Change, Changes, PackText, changes_of
from qianhai.instructions.corrections import Records, Version
from qianhai.instructions.cover import Cover
from qianhai.instructions.editions import Editions, editions_of, standing_pack
from qianhai.instructions.effects import EFFECTS
from qianhai.instructions.gather import PROVIDERS, Gathering, gather
from qianhai.instructions.headroom import Headroom, headroom_of
from qianhai.instructions.model import Answer, Drawn, Instruction, Known, Named
from qianhai.instructions.part import Part
from qianhai.instructions.past import Again, Past, PastDecisions, Search
from qianhai.instructions.past_store import PastLine, read_posted
from qianhai.instructions.record_columns import marked
from qianhai.instructions.replay import Flip, Left, Replay, Sum, Tally, Wanted
from qianhai.instructions.reports import Record
from qianhai.instructions.returns import Difference, Return, Returns, amount_of, days_of
from qianhai.instructions.roads import Bank, Roads
from qianhai.instructions.schedules import SCHEDULE_PARTS
from qianhai.instructions.segment import Answered
from qianhai.instructions.shadow import ShadowReport, ShadowTurns, shadow_report
from qianhai.instructions.stage import Staged, Stager
from qianhai.instructions.store import (
    ChangeRow,
    PackLine,
    ShadowTurn,
    newest_decision,
    read_pack,
    read_packs,
)
from qianhai.instructions.submit import Road
from qianhai.instructions.template import escaped, fill, mark

__all__ = [
    "EFFECTS",
    "PROVIDERS",
    "SCHEDULE_PARTS",
    "Admission",
    "Admitted",
    "Again",
    "Answer",
    "Answered",
    "Bank",
    "Cause",
    "Change",
    "ChangeRow",
    "Changes",
    "Cover",
    "Difference",
    "Drawn",
    "Editions",
    "Flip",
    "Gathering",
    "Headroom",
    "Instruction",
    "Known",
    "Left",
    "Named",
    "PackLine",
    "PackText",
    "Part",
    "Past",
    "PastDecisions",
    "PastLine",
    "Record",
    "Records",
    "Replay",
    "Return",
    "Returns",
    "Road",
    "Roads",
    "Search",
    "ShadowReport",
    "ShadowTurn",
    "ShadowTurns",
    "Staged",
    "Stager",
    "Sum",
    "Tally",
    "Version",
    "Wanted",
    "amount_of",
    "book_of",
    "changes_of",
    "days_of",
    "editions_of",
    "escaped",
    "fill",
    "gather",
    "headroom_of",
    "limit_name",
    "mark",
    "marked",
    "newest_decision",
    "read_pack",
    "read_packs",
    "read_posted",
    "shadow_report",
    "standing_pack",
]
