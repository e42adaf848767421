"""decide(): one action, its facts, what stands on the day -> an explained answer. Pure and total.

The strongest certain result is the outcome; when an unknown fact could still give a stronger
one, the outcome is `incomplete` and names only those facts. Unknown never permits and never
refuses, and whatever is answered other than `incomplete` stays the answer however the missing
facts turn out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from qianhai.kernel import EXACT, STRENGTH, Outcome, Reason, format_minor, scale_of
from qianhai.policy.compiling import Compiled
from qianhai.policy.limits import draws_of, fits, uses_of
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
from qianhai.rules import BoundProgram, Env, TypedExpr, missing

#: What a failure of each kind says when its condition names no reason of its own.
REASON_OF: Mapping[Outcome, str] = {
    Outcome.REFUSED: "RR04",
    Outcome.INCOMPLETE: "QH02",
    Outcome.REFERRED: "QH05",
    Outcome.REGISTER_FIRST: "QH03",
    Outcome.ORDINARY: "QH04",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One test of the action: what it came to, what its failure gives, and what would settle it."""

    value: bool | None
    otherwise: Outcome
    reason: Reason
    trees: tuple[TypedExpr, ...] = ()
    asks: tuple[str, ...] = ()
    is_posting: bool = False

    @property
    def strength(self) -> int:
        """Return how strong the result of a failure is; a leg's missing amount only delays."""
        return 0 if self.is_posting else STRENGTH[self.otherwise]


def bind(compiled: Compiled, standing: Standing) -> BoundProgram:
    """Fix what is constant by date in an action's program; callers keep it for the day."""
    return compiled.program.bind(standing.parameters, standing.switches, standing.open_clauses)


def decide(
    pack: Pack,
    compiled: Compiled,
    facts: Mapping[str, object],
    standing: Standing,
    *,
    bound: BoundProgram | None = None,
    ledger_decides: bool = False,
) -> Verdict:
    """Decide one action on its facts.

    With `ledger_decides`, limits are taken to hold as far as their figures are known: the draw
    itself is decided by the ledger under its lock, never on a figure read before (DESIGN 6).
    """
    program = bound or bind(compiled, standing)
    answers, values = program.run(facts)
    env = Env(facts, standing.parameters, standing.switches, standing.open_clauses)
    draws = draws_of(compiled, facts, answers, values)
    findings = [
        *_clause(compiled, standing),
        *(_test(compiled, c, tree, answers) for c, tree in compiled.tests.values()),
        *(
            _limit(compiled, limit, draws, answers, ledger_decides)
            for limit in compiled.action.limits
        ),
        *_postings(compiled, answers, values),
    ]
    outcome, reasons, lacking = _weigh(compiled, findings, env)
    if outcome is Outcome.PERMITTED:
        reasons = (_ground(compiled, standing, answers),)
    decision = Decision(
        facility=compiled.facility,
        action=compiled.name,
        measure=compiled.measure,
        clause=compiled.action.clause,
        on=standing.on,
        outcome=outcome,
        reasons=_ordered(pack, reasons),
        conditions=_results(compiled, standing, answers),
        missing=tuple(MissingFact(fact, document_of(compiled, fact)) for fact in lacking),
        limits=uses_of(draws),
        documents=compiled.action.documents,
        reports=compiled.action.reports if outcome is Outcome.PERMITTED else (),
        alerts=tuple(
            c.id for c, _ in compiled.tests.values() if c.alert and answers[f"test.{c.id}"] is False
        ),
        pack_version=pack.version,
        pack_hash=pack.hash,
    )
    return Verdict(decision, draws, answers, values)


def _clause(compiled: Compiled, standing: Standing) -> Iterable[Finding]:
    action = compiled.action
    if action.closed != "baseline":
        value = action.clause in standing.open_clauses
        data = {"clause": action.clause, "on": standing.on.isoformat()}
        yield Finding(value, Outcome(action.closed), Reason("AG01", action.clause, data))


def _test(
    compiled: Compiled, condition: Condition, tree: TypedExpr, answers: Mapping[str, bool | None]
) -> Finding:
    clause = condition.clause or compiled.action.clause
    code = condition.reason or REASON_OF[condition.otherwise]
    data = {"condition": condition.id, "zh": condition.zh, "en": condition.en}
    asks = condition.asks or tuple(sorted(tree.facts))
    return Finding(
        answers[f"test.{condition.id}"], condition.otherwise, Reason(code, clause, data), (tree,),
        asks,
    )  # fmt: skip


def _limit(
    compiled: Compiled,
    limit: Limit,
    draws: Sequence[Draw],
    answers: Mapping[str, bool | None],
    ledger_decides: bool,
) -> Finding:
    mine = [draw for draw in draws if draw.limit.id == limit.id]
    key = f"limit.{limit.id}"
    trees = tuple(
        tree
        for name, tree in {**compiled.guards, **compiled.values}.items()
        if name.startswith(f"{key}.") and not (ledger_decides and name.endswith(".used"))
    )
    unsure = [answers[name] for name in compiled.guards if name.startswith(f"{key}.")]
    clause = limit.clause or compiled.action.clause
    data = {"limit": limit.id, "zh": limit.zh, "en": limit.en} | limit_data(mine)
    value = (
        None
        if None in unsure and answers[f"{key}.when"] is not False
        else fits(mine, ledger_decides)
    )
    return Finding(value, limit.otherwise, Reason("AM14", clause, data), trees)


def limit_data(draws: Sequence[Draw]) -> dict[str, str]:
    """Return the figures of a limit over all its pools, as the reason's data."""
    if not draws or any(draw.cap is None or draw.used is None for draw in draws):
        return {}
    scale, asset = draws[0].scale, draws[0].asset
    cap = sum(max(0, draw.cap or 0) for draw in draws)
    used = sum(draw.used or 0 for draw in draws)
    left = sum(max(0, max(0, draw.cap or 0) - (draw.used or 0)) for draw in draws)
    figures = {"cap": cap, "used": used, "left": left}
    if draws[0].amount is not None:
        figures["asked"] = draws[0].amount
    return {name: format_minor(minor, scale) for name, minor in figures.items()} | {"asset": asset}


def _postings(
    compiled: Compiled, answers: Mapping[str, bool | None], values: Mapping[str, object]
) -> Iterable[Finding]:
    """Yield what the legs need: a permitted business whose amount is not known cannot be booked."""
    nothing = Reason("QH01", compiled.action.clause)
    for key, tree in compiled.values.items():
        if key.split(".")[0] not in {"leg", "opens", "closes", "hold_until"}:
            continue
        guard = compiled.guards.get(key.removesuffix("amount") + "when")
        when = answers[key.removesuffix("amount") + "when"] if guard else True
        if guard and when is None:
            yield Finding(None, Outcome.PERMITTED, nothing, (guard,), is_posting=True)
        elif when and values[key] is None:
            yield Finding(None, Outcome.PERMITTED, nothing, (tree,), is_posting=True)


def _weigh(
    compiled: Compiled, findings: Sequence[Finding], env: Env
) -> tuple[Outcome, tuple[Reason, ...], tuple[str, ...]]:
    """Return the outcome, its reasons, and the facts that could still change it."""
    failed = [finding for finding in findings if finding.value is False]
    certain = max((finding.strength for finding in failed), default=0)
    open_ends = [
        f
        for f in findings
        if f.value is None and (f.strength > certain or (f.is_posting and certain == 0))
    ]
    awaited = [f for f in failed if f.otherwise is Outcome.INCOMPLETE]
    lacking: dict[str, None] = {}
    with_reason: list[Reason] = []
    if certain < STRENGTH[Outcome.REFUSED] and (open_ends or awaited):
        for finding in open_ends:
            for tree in finding.trees:
                lacking |= dict.fromkeys(sorted(missing(tree, env)))
        with_reason = [
            Reason("QH01", compiled.action.clause, {"fact": fact, "document": document_of(compiled, fact)})
            for fact in lacking
        ]  # fmt: skip
        for finding in awaited:
            lacking |= dict.fromkeys(finding.asks)
        with_reason += [finding.reason for finding in awaited]
        return Outcome.INCOMPLETE, tuple(with_reason), tuple(lacking)
    outcome = next((o for o, s in STRENGTH.items() if s == certain), Outcome.PERMITTED)
    strongest = sorted(failed, key=lambda f: -f.strength)
    return outcome, tuple(finding.reason for finding in strongest), ()


def _ground(compiled: Compiled, standing: Standing, answers: Mapping[str, bool | None]) -> Reason:
    """Return what a permission rests on: the first ground that applies, else the clause."""
    for ground in compiled.action.grounds:
        if answers[f"ground.{ground.id}"]:
            return Reason(
                "QH00", ground.clause, {"ground": ground.id, "zh": ground.zh, "en": ground.en}
            )
    clause = compiled.action.clause if compiled.action.clause in standing.open_clauses else ""
    return Reason("QH00", clause, {"zh": compiled.action.zh, "en": compiled.action.en})


def _ordered(pack: Pack, reasons: Sequence[Reason]) -> tuple[Reason, ...]:
    """Order reasons by the vocabulary's precedence, keeping the order of the file among equals."""
    order = {code: at for at, code in enumerate(pack.vocabulary["reasons"])}
    return tuple(sorted(reasons, key=lambda reason: order.get(reason.code, len(order))))


def _results(
    compiled: Compiled, standing: Standing, answers: Mapping[str, bool | None]
) -> tuple[ConditionResult, ...]:
    clause = compiled.action.clause
    opened = ConditionResult("clause_open", clause in standing.open_clauses, clause, "stated")
    return (
        opened,
        *(
            ConditionResult(c.id, answers[f"test.{c.id}"], c.clause or clause, c.basis)
            for c, _ in compiled.tests.values()
        ),
    )


def document_of(compiled: Compiled, leaf: str) -> str:
    """Return the document a leaf comes from: its own, or that of the fact it is part of."""
    fact = compiled.facts.get(leaf) or compiled.facts.get(leaf.rpartition(".")[0])
    return fact.document if fact else ""
