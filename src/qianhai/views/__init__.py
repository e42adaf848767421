"""Read models: what a page, the API and `--json` show, one dataclass or document each.

Turns decisions, packs and days into plain documents with both languages. Must not decide, book
or know a door.
"""

from qianhai.views.asking import (
    OUTCOME_WORDS,
    ask_document,
    paper_of,
    plain_facts,
    question_document,
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
    turn_document,
)
from qianhai.views.day import DayTally, written
from qianhai.views.day_columns import lines_of
from qianhai.views.decision import decision_document, other_way, reason_texts
from qianhai.views.desk import (
    accounts_named,
    legs_document,
    preview_document,
    reasons_document,
    sentence,
    waits_texts,
)
from qianhai.views.facility import facility_document, facility_line
from qianhai.views.figures import cells, grouped
from qianhai.views.finding import business, businesses, terms_of
from qianhai.views.flaws import Document, fault_document, flaw_document
from qianhai.views.journal import (
    ENTRY_COLUMNS,
    PAST_COLUMNS,
    entry_line,
    opened_document,
    past_page,
)
from qianhai.views.keying import keying_document
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
from qianhai.views.measure_history import history_document, use_document
from qianhai.views.measure_rule import example_documents, rule_document, values_document
from qianhai.views.navigator import (
    answer_document,
    answers_document,
    business_document,
    sentence_of,
)
from qianhai.views.outcome import (
    OUTCOME_COLUMNS,
    instructed,
    outcome_document,
    outcome_line,
)
from qianhai.views.outcome_files import OUTCOMES_SHEET, Outcomes, outcomes_sheet
from qianhai.views.past import (
    again_document,
    entry_document,
    past_document,
    past_line,
)
from qianhai.views.plan import (
    check_document,
    coverage_document,
    examples_show,
    known_by,
    measure_line,
    reach_document,
    shown_document,
)
from qianhai.views.plan_map import MAP_COLUMNS, STATES, Sought, map_document, map_rows
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
from qianhai.views.retention import (
    Kept,
    due_subjects,
    kept_document,
    kept_of,
    retention_document,
    rules,
)
from qianhai.views.subject import subject_document, subject_page

__all__ = [
    "DIFFERENCE_COLUMNS",
    "ENTRY_COLUMNS",
    "FLIP_COLUMNS",
    "LIMIT_COLUMNS",
    "MAP_COLUMNS",
    "OUTCOMES_SHEET",
    "OUTCOME_COLUMNS",
    "OUTCOME_WORDS",
    "PAST_COLUMNS",
    "RECONCILED_COLUMNS",
    "STATES",
    "DayTally",
    "Document",
    "Kept",
    "Outcomes",
    "Sought",
    "account_document",
    "accounts_named",
    "again_document",
    "answer_document",
    "answers_document",
    "ask_document",
    "balance_document",
    "book_documents",
    "business",
    "business_document",
    "businesses",
    "cause_words",
    "cells",
    "change_document",
    "change_result",
    "check_document",
    "coverage_document",
    "day_documents",
    "decision_document",
    "difference_documents",
    "draw_documents",
    "due_subjects",
    "entry_document",
    "entry_line",
    "example_documents",
    "examples_show",
    "facility_document",
    "facility_line",
    "fault_document",
    "flaw_document",
    "flip_document",
    "flip_line",
    "flow_documents",
    "form_document",
    "grouped",
    "history_document",
    "instructed",
    "is_stale",
    "kept_document",
    "kept_of",
    "keying_document",
    "known_by",
    "left_document",
    "legs_document",
    "limit_rows",
    "limit_use_document",
    "limits_document",
    "lines_of",
    "loaded_document",
    "map_document",
    "map_rows",
    "measure_line",
    "measure_page",
    "opened_document",
    "other_way",
    "outcome_document",
    "outcome_line",
    "outcomes_sheet",
    "packs_document",
    "paper_of",
    "past_document",
    "past_line",
    "past_page",
    "plain_facts",
    "pools_document",
    "preview_document",
    "question_document",
    "reach_document",
    "reason_texts",
    "reasons_document",
    "reconciled_rows",
    "reconciliation_document",
    "record_columns",
    "record_rows",
    "replay_document",
    "replay_page",
    "retention_document",
    "return_columns",
    "return_document",
    "return_rows",
    "rule_document",
    "rules",
    "sentence",
    "sentence_of",
    "shadow_document",
    "shown_document",
    "side_document",
    "statement_line",
    "subject_document",
    "subject_page",
    "terms_of",
    "trial_documents",
    "turn_document",
    "use_document",
    "values_document",
    "version_document",
    "waits_texts",
    "what_if_document",
    "which_document",
    "why_texts",
    "written",
]
