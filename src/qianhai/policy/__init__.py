"""The pack: the plan as data, checked, compiled, in force on a day, and decided.

    policy = open_policy(files)                       # the pack's bytes; raises with every flaw
    compiled = policy.compiled(facility, action)
    facts, flaws = read_facts(compiled.facts, flatten(document), place)
    verdict = policy.decide(compiled, facts, policy.standing(day))
    report = check_pack(files, official_text)         # examples, coverage, the published text

The way of a pack: bytes -> reading (places) -> pack (models) -> crossing, framing (names) ->
compiling (trees, programs) -> Policy. The way of a decision: facts -> program -> limits ->
deciding -> Verdict. Pure: is handed bytes, knows no file, database, network or clock.
"""

from qianhai.policy.asking import (
    Asked,
    Bearing,
    Matter,
    Question,
    bearing_of,
    next_question,
)
from qianhai.policy.checking import CheckReport, check_pack, outline_of
from qianhai.policy.compiling import Compiled
from qianhai.policy.completing import Words
from qianhai.policy.covering import SIDES, Shown, coverage, uncovered
from qianhai.policy.deciding import trace
from qianhai.policy.differing import PackDifference, pack_differences
from qianhai.policy.examples import (
    Case,
    cases_in,
    cases_of,
    check_examples,
    decide_case,
    judge_case,
)
from qianhai.policy.facts import Leaf, Values, flatten, leaves_of, read_facts, read_leaf
from qianhai.policy.figures import Figure, judge_figure
from qianhai.policy.fitting import Fit, fits_of
from qianhai.policy.in_force import OPEN, Authorisation, as_status, open_clauses, statuses_on
from qianhai.policy.limits import fits, limit_data, split, uses_of
from qianhai.policy.model import (
    Action,
    Condition,
    ConditionResult,
    Decision,
    Draw,
    Example,
    Facility,
    Fact,
    Limit,
    LimitUse,
    Measure,
    MissingFact,
    Overlay,
    Parameter,
    Pool,
    Switch,
    Term,
    Verdict,
)
from qianhai.policy.movements import ANY_ACCOUNT, Cell, Movements
from qianhai.policy.pack import Pack, bundled, read_pack, unbundled
from qianhai.policy.policy import Policy, Survey, examine, open_policy, survey
from qianhai.policy.proposing import Proposal, proposals
from qianhai.policy.reaching import Reach, Reached, done_by, reach_of
from qianhai.policy.reading import read_document
from qianhai.policy.reporting import (
    FIXED,
    OF_A_LINE,
    CodeTable,
    ReportFact,
    ReportField,
    ReportForm,
    period_of,
)
from qianhai.policy.schemas import FILES as SCHEMA_FILES
from qianhai.policy.schemas import schemas
from qianhai.policy.settling import Settling, settlings
from qianhai.policy.standing import Standing
from qianhai.policy.varying import Days, Span, Turn, WhatIf, what_if

__all__ = [
    "ANY_ACCOUNT",
    "FIXED",
    "OF_A_LINE",
    "OPEN",
    "SCHEMA_FILES",
    "SIDES",
    "Action",
    "Asked",
    "Authorisation",
    "Bearing",
    "Case",
    "Cell",
    "CheckReport",
    "CodeTable",
    "Compiled",
    "Condition",
    "ConditionResult",
    "Days",
    "Decision",
    "Draw",
    "Example",
    "Facility",
    "Fact",
    "Figure",
    "Fit",
    "Leaf",
    "Limit",
    "LimitUse",
    "Matter",
    "Measure",
    "MissingFact",
    "Movements",
    "Overlay",
    "Pack",
    "PackDifference",
    "Parameter",
    "Policy",
    "Pool",
    "Proposal",
    "Question",
    "Reach",
    "Reached",
    "ReportFact",
    "ReportField",
    "ReportForm",
    "Settling",
    "Shown",
    "Span",
    "Standing",
    "Survey",
    "Switch",
    "Term",
    "Turn",
    "Values",
    "Verdict",
    "WhatIf",
    "Words",
    "as_status",
    "bearing_of",
    "bundled",
    "cases_in",
    "cases_of",
    "check_examples",
    "check_pack",
    "coverage",
    "decide_case",
    "done_by",
    "examine",
    "fits",
    "fits_of",
    "flatten",
    "judge_case",
    "judge_figure",
    "leaves_of",
    "limit_data",
    "next_question",
    "open_clauses",
    "open_policy",
    "outline_of",
    "pack_differences",
    "period_of",
    "proposals",
    "reach_of",
    "read_document",
    "read_facts",
    "read_leaf",
    "read_pack",
    "schemas",
    "settlings",
    "split",
    "statuses_on",
    "survey",
    "trace",
    "unbundled",
    "uncovered",
    "uses_of",
    "what_if",
]
