"""decide(): one action, its facts, what stands on the day -> an explained answer. Pure and total.

The strongest certain result is the outcome; when an unknown fact could still give a stronger
one, the outcome is `incomplete` and names only those facts. Unknown never permits and never
refuses, and whatever is answered other than `incomplete` stays the answer however the missing
facts turn out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from qianhai.kernel import STRENGTH, Outcome, Reason
from qianhai.policy.binding import Bound, bind
from qianhai.policy.compiling import Compiled
from qianhai.policy.facts import has_parts
from qianhai.policy.limits import Answers, Figures, draws_of, fits, limit_data, uses_of
from qianhai.policy.model import (
    Condition,
    ConditionResult,
    Decision,
    Draw,
    Limit,
    MissingFact,
    Verdict,
)
from qianhai.policy.pack import Pack
from qianhai.policy.standing import Standing
from qianhai.rules import Env, TypedExpr, missing_by

#: What a failure of each kind says when its condition names no reason of its own.
REASON_OF: Final[Mapping[Outcome, str]] = {
    Outcome.REFUSED: "RR04",
    Outcome.INCOMPLETE: "QH02",
    Outcome.REFERRED: "QH05",
    Outcome.REGISTER_FIRST: "QH03",
    Outcome.ORDINARY: "QH04",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A test of the action that does not hold, or may not.

    `otherwise` is what its failure gives; `trees` would settle it, `asks` would prove it. A
    finding that gives `permitted` cannot change the answer: its fact only delays a booking.
    """

    value: bool | None
    otherwise: Outcome
    reason: Reason
    trees: tuple[TypedExpr, ...] = ()
    asks: tuple[str, ...] = ()


def decide(
    pack: Pack,
    compiled: Compiled,
    facts: Mapping[str, object],
    standing: Standing,
    *,
    bound: Bound | None = None,
    ledger_decides: bool = False,
) -> Verdict:
    """Decide one action on its facts.

    With `ledger_decides`, limits are taken to hold as far as their figures are known: the draw
    itself is decided by the ledger under its lock, never on a figure read before (DESIGN 6).
    """
    bound = bound or bind(compiled, standing)
    answers, values = bound.run(facts)
    draws = draws_of(compiled, answers, values)
    asked = [answers[key] for key in bound.asked]
    is_held = all(asked)
    reasons: tuple[Reason, ...] = ()
    lacking: tuple[str, ...] = ()
    if (
        not bound.is_closed
        and is_held
        and _is_free(compiled, answers, values, draws, ledger_decides=ledger_decides)
    ):
        outcome = Outcome.PERMITTED
    else:
        findings = findings_of(
            compiled, standing, answers, values, draws, ledger_decides=ledger_decides
        )
        env = Env(facts, standing.parameters, standing.switches, standing.open_clauses)
        outcome, reasons, lacking = _weigh(compiled, findings, env)
    if outcome is Outcome.PERMITTED:
        reasons = (_ground(bound, answers),)
    decision = Decision(
        facility=compiled.facility,
        action=compiled.name,
        measure=compiled.measure,
        clause=compiled.action.clause,
        on=standing.on,
        outcome=outcome,
        reasons=_ordered(pack, reasons),
        conditions=bound.held if is_held else _results(bound, asked),
        missing=tuple([MissingFact(fact, document_of(compiled, fact)) for fact in lacking]),
        limits=uses_of(draws),
        documents=compiled.action.documents,
        reports=compiled.action.reports if outcome is Outcome.PERMITTED else (),
        alerts=() if is_held else _alerts(compiled, answers),
        pack_version=pack.version,
        pack_hash=pack.hash,
    )
    return Verdict(decision, draws, answers, values)


def _is_free(
    compiled: Compiled,
    answers: Answers,
    values: Figures,
    draws: Sequence[Draw],
    *,
    ledger_decides: bool,
) -> bool:
    """Tell whether every limit fits and all that is booked is known: nothing else to find."""
    for limit in compiled.action.limits:
        mine = [draw for draw in draws if draw.limit is limit]
        if not fits(limit, mine, answers, values, ledger_decides=ledger_decides):
            return False
    return all(
        values[key] is not None if not guard or answers[guard] else answers[guard] is False
        for guard, key in compiled.postings
    )


def _results(bound: Bound, asked: Sequence[bool | None]) -> tuple[ConditionResult, ...]:
    told = [results[answer] for results, answer in zip(bound.results, asked, strict=True)]
    return (bound.clause, *told)


def _alerts(compiled: Compiled, answers: Answers) -> tuple[str, ...]:
    return tuple(
        c.id for c, _ in compiled.tests.values() if c.alert and answers[f"test.{c.id}"] is False
    )


def findings_of(
    compiled: Compiled,
    standing: Standing,
    answers: Answers,
    values: Figures,
    draws: Sequence[Draw],
    *,
    ledger_decides: bool = False,
) -> list[Finding]:
    """Return every test of an action that does not hold, or may not."""
    return [
        *_clause(compiled, standing),
        *_conditions(compiled, answers),
        *_limits(compiled, draws, answers, values, ledger_decides=ledger_decides),
        *_postings(compiled, answers, values),
    ]


def _clause(compiled: Compiled, standing: Standing) -> Iterator[Finding]:
    action = compiled.action
    if action.closed != "baseline" and action.clause not in standing.open_clauses:
        data = {"clause": action.clause, "on": standing.on.isoformat()}
        yield Finding(False, Outcome(action.closed), Reason("AG01", action.clause, data))


def _conditions(compiled: Compiled, answers: Answers) -> Iterator[Finding]:
    for condition, tree in compiled.tests.values():
        value = answers[f"test.{condition.id}"]
        if not value:
            asks = condition.asks or tuple(sorted(tree.facts))
            reason = _reason_of(compiled, condition)
            yield Finding(value, condition.otherwise, reason, (tree,), asks)


def _reason_of(compiled: Compiled, condition: Condition) -> Reason:
    code = condition.reason or REASON_OF[condition.otherwise]
    data = {"condition": condition.id, "zh": condition.zh, "en": condition.en}
    return Reason(code, condition.clause or compiled.action.clause, data)


def _limits(
    compiled: Compiled,
    draws: Sequence[Draw],
    answers: Answers,
    values: Figures,
    *,
    ledger_decides: bool,
) -> Iterator[Finding]:
    for limit in compiled.action.limits:
        mine = [draw for draw in draws if draw.limit.id == limit.id]
        value = fits(limit, mine, answers, values, ledger_decides=ledger_decides)
        if not value:
            data = {"limit": limit.id, "zh": limit.zh, "en": limit.en} | limit_data(mine)
            reason = Reason("AM14", limit.clause or compiled.action.clause, data)
            trees = _figures_of(compiled, limit, is_used_needed=not ledger_decides)
            asks = tuple(sorted(frozenset().union(*(tree.facts for tree in trees))))
            yield Finding(value, limit.otherwise, reason, trees, asks)


def _figures_of(compiled: Compiled, limit: Limit, *, is_used_needed: bool) -> tuple[TypedExpr, ...]:
    """Return what a limit is decided on; what the ledger knows better is left out."""
    return tuple(
        tree
        for named in (compiled.guards, compiled.values)
        for name, tree in named.items()
        if name.startswith(f"limit.{limit.id}.") and (is_used_needed or not name.endswith(".used"))
    )


def _postings(compiled: Compiled, answers: Answers, values: Figures) -> Iterator[Finding]:
    """Yield what the legs need: a permitted business whose amount is not known cannot be booked."""
    action = compiled.action
    booking = Reason(
        "QH02", action.clause, {"condition": "booking", "zh": action.zh, "en": action.en}
    )
    for guard, key in compiled.postings:
        when = answers[guard] if guard else True
        if when is None:
            yield Finding(None, Outcome.PERMITTED, booking, (compiled.guards[guard],))
        if when is not False and values[key] is None:
            yield Finding(None, Outcome.PERMITTED, booking, (compiled.values[key],))


def _weigh(
    compiled: Compiled, findings: Sequence[Finding], env: Env
) -> tuple[Outcome, tuple[Reason, ...], tuple[str, ...]]:
    """Return the outcome, its reasons, and the facts that could still change it."""
    outcome, failed, open_ends = compare(findings)
    if outcome is not Outcome.INCOMPLETE:
        return outcome, tuple(finding.reason for finding in failed), ()
    missing, lacking = missing_by(env), dict[str, None]()
    reasons: list[Reason] = []
    for finding in open_ends:
        names = [name for tree in finding.trees for name in sorted(missing(tree))]
        lacking |= dict.fromkeys(names)
        if not names:
            data = {"condition": finding.reason.data.get("limit", ""), **finding.reason.data}
            reasons.append(Reason("QH02", finding.reason.clause, data))
    reasons += [
        Reason(
            "QH01", compiled.action.clause, {"fact": name, "document": document_of(compiled, name)}
        )
        for name in lacking
    ]
    for finding in failed:
        if finding.otherwise is Outcome.INCOMPLETE:
            lacking |= dict.fromkeys(finding.asks)
            reasons.append(finding.reason)
    return Outcome.INCOMPLETE, tuple(reasons), tuple(lacking)


def compare(findings: Sequence[Finding]) -> tuple[Outcome, list[Finding], list[Finding]]:
    """Return the outcome, what failed, strongest first, and what is open and could change it."""
    failed = [finding for finding in findings if finding.value is False]
    failed.sort(key=lambda finding: -STRENGTH[finding.otherwise])
    outcome = failed[0].otherwise if failed else Outcome.PERMITTED
    open_ends = [
        finding
        for finding in findings
        if finding.value is None
        and (
            STRENGTH[finding.otherwise] > STRENGTH[outcome]
            or outcome is finding.otherwise is Outcome.PERMITTED
        )
    ]
    return (Outcome.INCOMPLETE if open_ends else outcome), failed, open_ends


def _ground(bound: Bound, answers: Answers) -> Reason:
    """Return what a permission rests on: the first ground that applies, else the clause."""
    for key, reason in bound.grounds:
        if answers[key]:
            return reason
    return bound.ground


def _ordered(pack: Pack, reasons: Sequence[Reason]) -> tuple[Reason, ...]:
    """Order reasons by the vocabulary's precedence, keeping the order of the file among equals."""
    if len(reasons) <= 1:
        return tuple(reasons)
    order = {code: at for at, code in enumerate(pack.vocabulary["reasons"])}
    return tuple(sorted(reasons, key=lambda reason: order.get(reason.code, len(order))))


def trace(compiled: Compiled, values: Sequence[bool | None]) -> tuple[ConditionResult, ...]:
    """Name what an action's conditions came to: first whether its clause is open, then each."""
    clause = compiled.action.clause
    named = [("clause_open", clause, "stated")]
    named += [(c.id, c.clause or clause, c.basis) for c, _ in compiled.tests.values()]
    return tuple(
        ConditionResult(name, value, stated, basis)
        for (name, stated, basis), value in zip(named, values, strict=True)
    )


def document_of(compiled: Compiled, name: str) -> str:
    """Return the document a leaf comes from; a parameter or a reading comes from none."""
    fact = compiled.facts.get(name)
    if fact and not has_parts(fact):
        return fact.document
    whole, _, part = name.rpartition(".")
    fact = compiled.facts.get(whole)
    return fact.document if fact and has_parts(fact) and part in {"amount", "currency"} else ""
