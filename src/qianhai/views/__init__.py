"""Read models: what a page, the API and `--json` show, one dataclass or document each.

Turns decisions, packs and days into plain documents with both languages. Must not decide, book
or know a door.
"""

from qianhai.views.asking import (
    OUTCOME_WORDS,
    ask_document,
    paper_of,
    what_if_document,
    which_document,
    why_texts,
)
from qianhai.views.change import (
    DIFFERENCE_COLUMNS,
    change_document,
    difference_documents,
    is_stale,
    packs_document,
    shadow_document,
)
from qianhai.views.day import DayTally, written
from qianhai.views.day_columns import csv_lines, json_lines
from qianhai.views.decision import decision_document, other_way, reason_texts
from qianhai.views.facility import facility_document, facility_line
from qianhai.views.figures import cells, grouped
from qianhai.views.flaws import Document, fault_document, flaw_document
from qianhai.views.journal import (
    ENTRY_COLUMNS,
    PAST_COLUMNS,
    entry_document,
    entry_line,
    past_document,
    past_line_document,
)
from qianhai.views.ledger import (
    RECONCILED_COLUMNS,
    account_document,
    balance_document,
    book_documents,
    day_documents,
    flow_documents,
    loaded_document,
    reconciled_rows,
    reconciliation_document,
    side_document,
    statement_line,
    trial_documents,
)
from qianhai.views.limits import (
    LIMIT_COLUMNS,
    draw_documents,
    limit_rows,
    limit_use_document,
    limits_document,
    pools_document,
)
from qianhai.views.measure import measure_page
from qianhai.views.outcome import (
    OUTCOME_COLUMNS,
    instructed,
    outcome_document,
    outcome_line,
)
from qianhai.views.plan import (
    check_document,
    known_by,
    measure_line,
    reach_document,
    shown_document,
)
from qianhai.views.replay import (
    FLIP_COLUMNS,
    cause_words,
    change_result,
    flip_document,
    flip_line,
    left_document,
    replay_document,
)
from qianhai.views.replay_page import replay_page
from qianhai.views.report import (
    form_document,
    record_columns,
    record_rows,
    return_columns,
    return_document,
    return_rows,
    version_document,
)

__all__ = [
    "DIFFERENCE_COLUMNS",
    "ENTRY_COLUMNS",
    "FLIP_COLUMNS",
    "LIMIT_COLUMNS",
    "OUTCOME_COLUMNS",
    "OUTCOME_WORDS",
    "PAST_COLUMNS",
    "RECONCILED_COLUMNS",
    "DayTally",
    "Document",
    "account_document",
    "ask_document",
    "balance_document",
    "book_documents",
    "cause_words",
    "cells",
    "change_document",
    "change_result",
    "check_document",
    "csv_lines",
    "day_documents",
    "decision_document",
    "difference_documents",
    "draw_documents",
    "entry_document",
    "entry_line",
    "facility_document",
    "facility_line",
    "fault_document",
    "flaw_document",
    "flip_document",
    "flip_line",
    "flow_documents",
    "form_document",
    "grouped",
    "instructed",
    "is_stale",
    "json_lines",
    "known_by",
    "left_document",
    "limit_rows",
    "limit_use_document",
    "limits_document",
    "loaded_document",
    "measure_line",
    "measure_page",
    "other_way",
    "outcome_document",
    "outcome_line",
    "packs_document",
    "paper_of",
    "past_document",
    "past_line_document",
    "pools_document",
    "reach_document",
    "reason_texts",
    "reconciled_rows",
    "reconciliation_document",
    "record_columns",
    "record_rows",
    "replay_document",
    "replay_page",
    "return_columns",
    "return_document",
    "return_rows",
    "shadow_document",
    "shown_document",
    "side_document",
    "statement_line",
    "trial_documents",
    "version_document",
    "what_if_document",
    "which_document",
    "why_texts",
    "written",
]
