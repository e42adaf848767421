"""Rejudge: one decision on record, judged again under a pack, on the facts it saw.

Pure: what the registers and the ledger said then stands in the record. A limit is compared with
the use the ledger met when it decided; money that was not there then is not there now either.
Each decision is judged by itself: what another outcome would have left for later ones is not
played through.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from qianhai.instructions.recall import explained, letters, recall
from qianhai.kernel import STRENGTH, Outcome, Place, Reason, format_minor
from qianhai.policy import (
    Authorisation,
    Compiled,
    ConditionResult,
    Decision,
    Draw,
    Fact,
    Leaf,
    LimitUse,
    Policy,
    Standing,
    Values,
    Verdict,
    fits,
    leaves_of,
    limit_data,
    read_facts,
    uses_of,
)
from qianhai.rules import ceil_minor

#: What a decision without conditions may say that comes before the conditions, not after them.
_BEFORE_CONDITIONS: Final = frozenset({"QH06"})
_POSTED: Final = "posted"
_LIMIT_PASSED: Final = "limit_passed"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A decision as it is on record: what was asked, what was seen, what was answered.

    `facts` are leaf paths to values as they are stored, `answers` one letter a condition,
    `explained` the rest of the decision as it is kept (`recall.explained`).
    """

    id: str
    facility: str
    action: str
    value_on: date
    decided_at: datetime
    pack_hash: str
    facts: Mapping[str, object]
    answers: str
    explained: str
    ledger_result: str
    authorisations: tuple[Authorisation, ...] = ()
    kept: Mapping[str, Any] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Read what was kept, once."""
        object.__setattr__(self, "kept", json.loads(self.explained))

    def is_equal_to(self, decision: Decision) -> bool:
        """Tell whether a decision is word for word the one on record."""
        return (explained(decision), letters(decision)) == (self.explained, self.answers)

    @property
    def outcome(self) -> Outcome:
        """Return what was answered."""
        return Outcome(self.kept["outcome"])


@dataclass(frozen=True, slots=True)
class Judged:
    """What a decision comes to under a pack, and what stood when it was judged.

    `compiled` is None where the conditions were not reached. `is_tried` is False for a business
    that would be permitted now and that the ledger was never asked to book.
    """

    decision: Decision
    compiled: Compiled | None
    standing: Standing
    is_tried: bool = True


@dataclass(frozen=True, slots=True)
class Unjudged:
    """Why a decision cannot be judged under a pack.

    `why` is `facility_gone`, `action_gone`, `fact_changed` or `erased`; `name` says which.
    """

    why: str
    name: str


class Judge:
    """Judges recorded decisions under one pack."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._leaves: dict[tuple[str, str], dict[str, Leaf]] = {}

    def judge(self, recorded: Recorded) -> Judged | Unjudged:
        """Return what a decision comes to under this pack, or why that cannot be said."""
        standing = self.policy.standing(recorded.value_on, authorisations=recorded.authorisations)
        if _ended_before_conditions(recorded):
            return Judged(self._as_it_was(recorded), None, standing)
        model = self.policy.pack.facilities.get(recorded.facility)
        if model is None:
            return Unjudged("facility_gone", recorded.facility)
        if recorded.action not in model.actions:
            return Unjudged("action_gone", f"{recorded.facility}.{recorded.action}")
        compiled = self.policy.compiled(recorded.facility, recorded.action)
        facts = self._facts(compiled, recorded.facts)
        if isinstance(facts, Unjudged):
            return facts
        verdict = self.policy.decide(compiled, facts, standing, ledger_decides=True)
        return self._as_booked(recorded, compiled, verdict, standing)

    def _as_booked(
        self, recorded: Recorded, compiled: Compiled, verdict: Verdict, standing: Standing
    ) -> Judged | Unjudged:
        """Take a verdict the rest of the road: accounts, overlays, limits, money."""
        if verdict.decision.outcome is not Outcome.PERMITTED:
            return Judged(verdict.decision, compiled, standing)
        if not recorded.answers:
            return Judged(self._unfinished(verdict.decision, recorded), compiled, standing)
        for name in recorded.kept["overlays"]:
            overlay = self.policy.overlays.get(name)
            if overlay is None or overlay.measure == compiled.measure:
                continue
            facts = self._facts(overlay, _as_overlay_saw(overlay, recorded.facts))
            if isinstance(facts, Unjudged):
                return facts
            found = self.policy.decide(overlay, facts, standing).decision
            verdict = replace(verdict, decision=_with_overlay(verdict.decision, name, found))
        if verdict.decision.outcome is not Outcome.PERMITTED:
            return Judged(verdict.decision, compiled, standing)
        draws = _draws_met(verdict, recorded)
        decision, has_room = _by_limits(compiled, verdict, draws)
        if decision.outcome is not Outcome.PERMITTED:
            return Judged(decision, compiled, standing)
        if recorded.ledger_result not in {_POSTED, _LIMIT_PASSED}:
            # No rule of the pack changes what an account holds.
            kept = self._as_it_was(recorded)
            taken = replace(decision, limits=_nothing_taken(draws))
            decision = _stopped(taken, kept.outcome, kept.reasons)
            return Judged(decision, compiled, standing)
        is_tried = has_room and recorded.outcome is Outcome.PERMITTED
        return Judged(decision, compiled, standing, is_tried)

    def _as_it_was(self, recorded: Recorded) -> Decision:
        """Return a decision no condition had a part in: it stands under any pack."""
        kept = recall(self.policy, recorded.explained, "")
        pack = self.policy.pack
        return replace(kept, pack_version=pack.version, pack_hash=pack.hash)

    def _unfinished(self, decision: Decision, recorded: Recorded) -> Decision:
        """Return what was answered after the conditions held: an account lacked, or no booking."""
        kept = self._as_it_was(recorded)
        return replace(kept, clause=decision.clause, documents=decision.documents)

    def _facts(self, compiled: Compiled, stored: Mapping[str, object]) -> Values | Unjudged:
        """Read the facts a decision saw as this pack declares them."""
        key = compiled.facility, compiled.name
        leaves = self._leaves.get(key)
        if leaves is None:
            leaves = self._leaves[key] = leaves_of(compiled.facts)
        return read_again(compiled.facts, leaves, stored)


def read_again(
    declared: Mapping[str, Fact], leaves: Mapping[str, Leaf], stored: Mapping[str, object]
) -> Values | Unjudged:
    """Read stored facts against declarations; a leaf that is not declared is left out."""
    given = [(path, value) for path, value in stored.items() if path in leaves]
    values, flaws = read_facts(declared, given, Place, leaves=leaves)
    return Unjudged("fact_changed", flaws[0].place.file) if flaws else values


def _ended_before_conditions(recorded: Recorded) -> bool:
    """Tell whether a decision came about before any condition was asked."""
    if recorded.answers:
        return False
    codes = {reason["code"] for reason in recorded.kept["reasons"]}
    return not recorded.facility or bool(codes & _BEFORE_CONDITIONS)


def _as_overlay_saw(overlay: Compiled, stored: Mapping[str, object]) -> dict[str, object]:
    """Return the facts an overlay saw: its own where it kept them apart, else the business's."""
    start = f"{overlay.facility}."
    apart = {
        path.removeprefix(start): value for path, value in stored.items() if path.startswith(start)
    }
    return {**stored, **apart}


def _with_overlay(decision: Decision, name: str, found: Decision) -> Decision:
    """Add what an overlay came to; the stronger answer stands."""
    results = tuple(
        ConditionResult(f"{name}.{one.id}", one.value, one.clause, one.basis)
        for one in found.conditions
    )
    decision = replace(decision, conditions=decision.conditions + results)
    if STRENGTH[found.outcome] <= STRENGTH[decision.outcome]:
        return decision
    return replace(
        decision,
        outcome=found.outcome,
        reasons=found.reasons,
        missing=found.missing,
        reports=(),
        alerts=found.alerts,
    )


def _draws_met(verdict: Verdict, recorded: Recorded) -> tuple[Draw, ...]:
    """Return what each pool is asked for, with the use the ledger met in it."""
    met = {use["id"]: LimitUse(**use) for use in recorded.kept["limits"]}
    return tuple(_as_met(draw, met) for draw in verdict.draws)


def _nothing_taken(draws: Sequence[Draw]) -> tuple[LimitUse, ...]:
    """Return how pools stand when the ledger refuses: of those it tried, only the last asks."""
    uses = list(uses_of(draws))
    for at, (draw, following) in enumerate(pairwise(draws)):
        if draw.limit.id == following.limit.id and draw.used is not None:
            uses[at] = replace(uses[at], asked=format_minor(0, draw.scale))
    return tuple(uses)


def _by_limits(
    compiled: Compiled, verdict: Verdict, draws: Sequence[Draw]
) -> tuple[Decision, bool]:
    """Compare each limit with the use the ledger met; also tell whether all of it is known."""
    decision = replace(verdict.decision, limits=uses_of(draws))
    has_room = True
    for limit in compiled.action.limits:
        mine = [draw for draw in draws if draw.limit.id == limit.id]
        room = fits(limit, mine, verdict.guards, verdict.values, ledger_decides=False)
        if room is False:
            data = {"limit": limit.id, "zh": limit.zh, "en": limit.en} | limit_data(mine)
            reason = Reason("AM14", limit.clause or compiled.action.clause, data)
            decision = replace(decision, limits=_nothing_taken(draws))
            return _stopped(decision, limit.otherwise, (reason,)), True
        has_room = has_room and room is True
    return decision, has_room


def _as_met(draw: Draw, met: Mapping[str, LimitUse]) -> Draw:
    use = met.get(f"{draw.limit.id}.{draw.pool.id}" if draw.pool.id else draw.limit.id)
    if use is None or use.used is None or use.asset != draw.asset:
        return draw
    return replace(draw, used=ceil_minor(Decimal(use.used), draw.scale))


def _stopped(decision: Decision, outcome: Outcome, reasons: Sequence[Reason]) -> Decision:
    return replace(decision, outcome=outcome, reasons=tuple(reasons), reports=())
