"""Overlays: standing conditions on an account kind, judged whenever such an account pays."""

from collections.abc import Mapping
from dataclasses import replace

from qianhai.instructions.gather import Gathering, gather
from qianhai.instructions.model import Known
from qianhai.instructions.shape import Shaped
from qianhai.kernel import STRENGTH
from qianhai.policy import Compiled, ConditionResult, Verdict, leaves_of


def judge_overlays(at: Gathering, row: Known, verdict: Verdict, shaped: Shaped) -> Verdict:
    """Judge every overlay on the accounts that pay; the strongest answer stands.

    A tag whose condition says so travels: the credited account becomes one of the tagged kind.
    """
    for name, compiled in at.policy.overlays.items():
        kind = at.policy.pack.overlays[name].on_debit.kind
        paying = [account for account in shaped.debited if account.kind == kind]
        if not paying or row.compiled.measure == compiled.measure:
            continue
        verdict = _judge(at, row, verdict, compiled, is_own_money=_is_own_money(shaped, kind))
        _carry_tag(at, shaped, name, verdict)
    return verdict


def _is_own_money(shaped: Shaped, kind: str) -> bool:
    """Tell whether all that accounts of a kind pay goes to accounts of the same holder."""
    pairs = [(shaped.opens.get(leg.debit), shaped.opens.get(leg.credit)) for leg in shaped.legs]
    return all(
        credited is not None and credited.holder == paid.holder
        for paid, credited in pairs
        if paid is not None and paid.kind == kind
    )


def _judge(
    at: Gathering, row: Known, verdict: Verdict, compiled: Compiled, *, is_own_money: bool
) -> Verdict:
    facts = dict(row.facts)
    under = replace_compiled(row, compiled, facts)
    under.is_own_money = is_own_money
    gather(replace(at, rows=(under,)), compiled.named_facts)
    _keep_facts(row, compiled, facts)
    found = at.policy.decide(compiled, under.facts, row.standing)
    mine = found.decision
    results = tuple(
        ConditionResult(f"{compiled.facility}.{one.id}", one.value, one.clause, one.basis)
        for one in mine.conditions
    )
    decision = replace(verdict.decision, conditions=verdict.decision.conditions + results)
    if STRENGTH[mine.outcome] > STRENGTH[decision.outcome]:
        decision = replace(
            decision,
            outcome=mine.outcome,
            reasons=mine.reasons,
            missing=mine.missing,
            reports=(),
            alerts=mine.alerts,
        )
    return replace(verdict, decision=decision, guards={**verdict.guards, **found.guards})


def _keep_facts(row: Known, compiled: Compiled, facts: Mapping[str, object]) -> None:
    """Keep what an overlay saw with the decision, under its own name where the business has one."""
    own = leaves_of(row.compiled.facts)
    for name, value in facts.items():
        if name not in own:
            row.facts[name] = value
        elif row.facts.get(name) != value:
            row.facts[f"{compiled.facility}.{name}"] = value


def replace_compiled(row: Known, compiled: Compiled, facts: dict[str, object]) -> Known:
    """Return the same instruction under an overlay's conditions."""
    return Known(
        row.instruction,
        compiled,
        row.standing,
        row.root,
        row.parties,
        row.accounts,
        facts,
        read=row.read,
    )


def _carry_tag(at: Gathering, shaped: Shaped, name: str, verdict: Verdict) -> None:
    """Credit the tagged kind of account where the overlay's tag travels on."""
    tag = at.policy.pack.overlays[name].credit_kind
    if tag is None or not verdict.guards.get("credit_kind"):
        return
    for at_leg, leg in enumerate(shaped.legs):
        paid, credited = shaped.opens.get(leg.debit), shaped.opens.get(leg.credit)
        if paid and credited and paid.kind == at.policy.pack.overlays[name].on_debit.kind:
            tagged = at.book.on_demand(credited.holder, tag.kind, credited.asset.code)
            shaped.opens[tagged.name] = tagged
            shaped.legs[at_leg] = replace(leg, credit=tagged.name)
