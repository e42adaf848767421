"""Read models: what a page, the API and `--json` show, one dataclass or document each.

Turns decisions, packs and days into plain documents with both languages. Must not decide, book
or know a door.
"""

from qianhai.views.day import OUTCOME_COLUMNS, DayTally, outcome_document, outcome_line
from qianhai.views.decision import decision_document, reason_texts
from qianhai.views.facility import facility_document, facility_line
from qianhai.views.flaws import Document, fault_document, flaw_document
from qianhai.views.limits import limits_document
from qianhai.views.plan import check_document, measure_document, measure_line

__all__ = [
    "OUTCOME_COLUMNS",
    "DayTally",
    "Document",
    "check_document",
    "decision_document",
    "facility_document",
    "facility_line",
    "fault_document",
    "flaw_document",
    "limits_document",
    "measure_document",
    "measure_line",
    "outcome_document",
    "outcome_line",
    "reason_texts",
]
