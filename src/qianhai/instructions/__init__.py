"""The road: from a sender's instruction to an atomic posting, its decision and its reasons.

    row -> Stager (proven whole) -> Instruction
        -> Road.submit: know, gather, decide, shape, hand in   -> one commit by the ledger's writer
        -> Answer

    FourEyes: what is above a threshold waits for a second person, the rest goes the road

    Roads: each instruction on the road of the pack active on its day, a candidate in the Shadow
    Replay: decisions on record judged again under a candidate; Changes: proposed to revoked

Knows the pack, the registers and the ledger; is known by views and doors only.
"""

from qianhai.instructions.accounts import book_of, limit_name
from qianhai.instructions.admit import Admission, Admitted
from qianhai.instructions.answers import answers_of
from qianhai.instructions.approval_store import (
    RunLine,
    RunRow,
    StepRow,
    ThresholdRow,
    count_open,
    read_run,
    read_run_lines,
    read_runs,
    read_standing,
)
from qianhai.instructions.approvals import Approval, Approvals
from qianhai.instructions.books import reconciled, segregated_books
from qianhai.instructions.causes import Cause
from qianhai.instructions.change import Change, Changes, PackText, changes_of, proven_why
from qianhai.instructions.corrections import Records, Version
from qianhai.instructions.cover import Cover
from qianhai.instructions.days import authorisations_of, every_authorisation
from qianhai.instructions.editions import Editions, editions_of, standing_pack
from qianhai.instructions.effects import EFFECTS
from qianhai.instructions.four_eyes import Decided, FourEyes, Sorted, Submitted
from qianhai.instructions.gather import PROVIDERS, Gathering, gather
from qianhai.instructions.headroom import Headroom, headroom_of
from qianhai.instructions.interpret import declared_facts
from qianhai.instructions.model import Answer, Drawn, Instruction, Known, Named
from qianhai.instructions.part import Part
from qianhai.instructions.past import Again, Past, PastDecisions, Search, claim_key
from qianhai.instructions.past_store import PastLine, read_posted
from qianhai.instructions.preview import Preview, answer_mark
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
    Used,
    newest_decision,
    read_pack,
    read_packs,
    read_used,
)
from qianhai.instructions.subjects import business_of, last_business
from qianhai.instructions.submit import Road
from qianhai.instructions.template import escaped, fill, mark
from qianhai.instructions.thresholds import Thresholds, Waits, set_threshold, thresholds_of

__all__ = [
    "EFFECTS",
    "PROVIDERS",
    "SCHEDULE_PARTS",
    "Admission",
    "Admitted",
    "Again",
    "Answer",
    "Answered",
    "Approval",
    "Approvals",
    "Bank",
    "Cause",
    "Change",
    "ChangeRow",
    "Changes",
    "Cover",
    "Decided",
    "Difference",
    "Drawn",
    "Editions",
    "Flip",
    "FourEyes",
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
    "Preview",
    "Record",
    "Records",
    "Replay",
    "Return",
    "Returns",
    "Road",
    "Roads",
    "RunLine",
    "RunRow",
    "Search",
    "ShadowReport",
    "ShadowTurn",
    "ShadowTurns",
    "Sorted",
    "Staged",
    "Stager",
    "StepRow",
    "Submitted",
    "Sum",
    "Tally",
    "ThresholdRow",
    "Thresholds",
    "Used",
    "Version",
    "Waits",
    "Wanted",
    "amount_of",
    "answer_mark",
    "answers_of",
    "authorisations_of",
    "book_of",
    "business_of",
    "changes_of",
    "claim_key",
    "count_open",
    "days_of",
    "declared_facts",
    "editions_of",
    "escaped",
    "every_authorisation",
    "fill",
    "gather",
    "headroom_of",
    "last_business",
    "limit_name",
    "mark",
    "marked",
    "newest_decision",
    "proven_why",
    "read_pack",
    "read_packs",
    "read_posted",
    "read_run",
    "read_run_lines",
    "read_runs",
    "read_standing",
    "read_used",
    "reconciled",
    "segregated_books",
    "set_threshold",
    "shadow_report",
    "standing_pack",
    "thresholds_of",
]
