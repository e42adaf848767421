"""Read models: what a page, the API and `--json` show, one dataclass or document each.

Turns decisions, packs and days into plain documents with both languages. Must not decide, book
or know a door.
"""

from qianhai.views.day import (
    OUTCOME_COLUMNS,
    DayTally,
    instructed,
    outcome_document,
    outcome_line,
    written,
)
from qianhai.views.decision import decision_document, other_way, reason_texts
from qianhai.views.facility import facility_document, facility_line
from qianhai.views.figures import grouped
from qianhai.views.flaws import Document, fault_document, flaw_document
from qianhai.views.ledger import (
    RECONCILED_COLUMNS,
    balance_document,
    loaded_document,
    reconciled_rows,
    reconciliation_document,
    side_document,
    statement_line,
    trial_documents,
)
from qianhai.views.limits import limits_document
from qianhai.views.plan import check_document, measure_document, measure_line

__all__ = [
    "OUTCOME_COLUMNS",
    "RECONCILED_COLUMNS",
    "DayTally",
    "Document",
    "balance_document",
    "check_document",
    "decision_document",
    "facility_document",
    "facility_line",
    "fault_document",
    "flaw_document",
    "grouped",
    "instructed",
    "limits_document",
    "loaded_document",
    "measure_document",
    "measure_line",
    "other_way",
    "outcome_document",
    "outcome_line",
    "reason_texts",
    "reconciled_rows",
    "reconciliation_document",
    "side_document",
    "statement_line",
    "trial_documents",
    "written",
]
