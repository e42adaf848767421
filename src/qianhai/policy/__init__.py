"""The pack: the plan as data, checked, compiled, in force on a day, and decided.

    policy = open_policy(files)                       # the pack's bytes; raises with every flaw
    compiled = policy.compiled("special_refund")
    facts, flaws = read_facts(compiled.facts, flatten(document), place)
    verdict = policy.decide(compiled, facts, policy.standing(day))

Pure: is handed bytes, knows no file, database, network or clock.
"""

from qianhai.policy.compiling import Compiled
from qianhai.policy.facts import Leaf, Values, flatten, leaves_of, read_facts
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
    Pool,
    Term,
    Verdict,
)
from qianhai.policy.pack import Pack, read_pack
from qianhai.policy.policy import Policy, examine, open_policy
from qianhai.policy.standing import Standing

__all__ = [
    "Action",
    "Authorisation",
    "Compiled",
    "Condition",
    "ConditionResult",
    "Decision",
    "Draw",
    "Example",
    "Facility",
    "Fact",
    "Leaf",
    "Limit",
    "LimitUse",
    "Measure",
    "MissingFact",
    "Overlay",
    "Pack",
    "Policy",
    "Pool",
    "Standing",
    "Term",
    "Values",
    "Verdict",
    "as_status",
    "examine",
    "flatten",
    "leaves_of",
    "limit_data",
    "open_clauses",
    "open_policy",
    "read_facts",
    "read_pack",
    "split",
]
