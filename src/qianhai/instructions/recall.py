"""Recall: a decision as it is kept, and read back whole under the pack that made it.

Of the conditions one character each is kept: t, f or u, in the order of the pack's file, first
the action's, then those of each overlay that was judged. Their names and clauses are in the pack,
which is kept too: the readable trace of a million decisions would only wear the disk.
"""

import json
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import date
from typing import Any, Final

from qianhai.kernel import Outcome, Reason, canonical_text
from qianhai.policy import (
    Compiled,
    ConditionResult,
    Decision,
    LimitUse,
    MissingFact,
    Policy,
    trace,
)

_LETTER: Final = {True: "t", False: "f", None: "u"}
_OF_A_LIMIT: Final = tuple(one.name for one in fields(LimitUse))
#: What is kept of a decision as it is; its conditions are letters.
_KEPT: Final = tuple(one.name for one in fields(Decision) if one.name != "conditions")
_VALUE: Final = {letter: value for value, letter in _LETTER.items()}


def letters(decision: Decision) -> str:
    """Return a decision's conditions as they are kept."""
    return "".join(_LETTER[one.value] for one in decision.conditions)


def explained(decision: Decision) -> str:
    """Return the rest of a decision as it is kept: canonical JSON, with the overlays judged."""
    kept: dict[str, object] = {name: getattr(decision, name) for name in _KEPT}
    kept["reasons"] = [
        {"code": one.code, "clause": one.clause, "data": dict(one.data)} for one in decision.reasons
    ]
    kept["missing"] = [{"fact": one.fact, "document": one.document} for one in decision.missing]
    kept["limits"] = [{name: getattr(one, name) for name in _OF_A_LIMIT} for one in decision.limits]
    kept["overlays"] = list(dict.fromkeys(_overlays_of(decision)))
    return canonical_text(kept)


def _overlays_of(decision: Decision) -> Iterator[str]:
    """Yield the overlay each condition belongs to; the action's own have none."""
    for one in decision.conditions:
        overlay, point, _ = one.id.partition(".")
        if point:
            yield overlay


def recall(policy: Policy, kept_text: str, kept_letters: str) -> Decision:
    """Return a decision as it was answered, named by the pack that made it."""
    kept: dict[str, Any] = json.loads(kept_text)
    overlays = kept.pop("overlays")
    return Decision(
        facility=kept["facility"],
        action=kept["action"],
        measure=kept["measure"],
        clause=kept["clause"],
        on=date.fromisoformat(kept["on"]),
        outcome=Outcome(kept["outcome"]),
        reasons=tuple(Reason(r["code"], r["clause"], r["data"]) for r in kept["reasons"]),
        conditions=_conditions(policy, kept, overlays, kept_letters),
        missing=tuple(MissingFact(**one) for one in kept["missing"]),
        limits=tuple(LimitUse(**one) for one in kept["limits"]),
        documents=tuple(kept["documents"]),
        reports=tuple(kept["reports"]),
        alerts=tuple(kept["alerts"]),
        pack_version=kept["pack_version"],
        pack_hash=kept["pack_hash"],
    )


def _conditions(
    policy: Policy, kept: dict[str, Any], overlays: list[str], kept_letters: str
) -> tuple[ConditionResult, ...]:
    if not kept_letters:
        return ()
    values = [_VALUE[letter] for letter in kept_letters]
    found: list[ConditionResult] = []
    judged: list[tuple[str, Compiled]] = [("", policy.compiled(kept["facility"], kept["action"]))]
    judged += [(f"{name}.", policy.overlays[name]) for name in overlays]
    for prefix, compiled in judged:
        count = len(compiled.tests) + 1
        mine, values = values[:count], values[count:]
        found += [replace(one, id=f"{prefix}{one.id}") for one in trace(compiled, mine)]
    return tuple(found)
