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

from qianhai.policy.checking import CheckReport, check_pack, outline_of
from qianhai.policy.compiling import Compiled
from qianhai.policy.covering import Shown, coverage, uncovered
from qianhai.policy.deciding import trace
from qianhai.policy.examples import Case, cases_of, check_examples, decide_case, judge_case
from qianhai.policy.facts import Leaf, Values, flatten, leaves_of, read_facts
from qianhai.policy.figures import Figure, judge_figure
from qianhai.policy.in_force import Authorisation, as_status, open_clauses
from qianhai.policy.limits import limit_data, split
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
from qianhai.policy.pack import Pack, bundled, read_pack, unbundled
from qianhai.policy.policy import Policy, examine, open_policy
from qianhai.policy.standing import Standing

__all__ = [
    "Action",
    "Authorisation",
    "Case",
    "CheckReport",
    "Compiled",
    "Condition",
    "ConditionResult",
    "Decision",
    "Draw",
    "Example",
    "Facility",
    "Fact",
    "Figure",
    "Leaf",
    "Limit",
    "LimitUse",
    "Measure",
    "MissingFact",
    "Overlay",
    "Pack",
    "Parameter",
    "Policy",
    "Pool",
    "Shown",
    "Standing",
    "Switch",
    "Term",
    "Values",
    "Verdict",
    "as_status",
    "bundled",
    "cases_of",
    "check_examples",
    "check_pack",
    "coverage",
    "decide_case",
    "examine",
    "flatten",
    "judge_case",
    "judge_figure",
    "leaves_of",
    "limit_data",
    "open_clauses",
    "open_policy",
    "outline_of",
    "read_facts",
    "read_pack",
    "split",
    "trace",
    "unbundled",
    "uncovered",
]
