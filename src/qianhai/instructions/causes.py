"""Causes: why a decision comes out otherwise under another pack.

Compares two judgements of the same facts: which conditions and limits changed, and what they
read that the packs hold otherwise. Pure. A flip may have several causes, each named by itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from qianhai.instructions.rejudge import Judged
from qianhai.kernel import canonical_text
from qianhai.policy import Compiled, Decision, LimitUse, Policy, Standing
from qianhai.rules import TypedExpr

CauseKind = Literal["parameter", "reading", "clause", "condition", "limit", "fact", "rule"]
_WORDS: Mapping[bool | None, str] = {True: "true", False: "false", None: "unknown"}
_GONE = "none"


@dataclass(frozen=True, slots=True, order=True)
class Cause:
    """One thing that is otherwise under the other pack, before and after.

    `parameter`, `reading` (a switch) and `clause` say what the packs hold on the day; `condition`
    and `limit` what came of it; `rule` that an expression or what its failure gives was rewritten;
    `fact` one that is asked for now and is not on record.
    """

    kind: CauseKind
    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Side:
    """One judgement with the pack it was made under."""

    policy: Policy
    judged: Judged

    @property
    def decision(self) -> Decision:
        """Return the decision."""
        return self.judged.decision

    @property
    def standing(self) -> Standing:
        """Return what stood on its day."""
        return self.judged.standing

    def compiled(self, name: str) -> Compiled | None:
        """Return the action, or the overlay a condition's name begins with."""
        overlay, point, _ = name.partition(".")
        return self.policy.overlays.get(overlay) if point else self.judged.compiled

    def test(self, name: str) -> tuple[str, TypedExpr] | None:
        """Return what a condition's failure gives, and its expression; None where it is not."""
        compiled = self.compiled(name)
        found = compiled.tests.get(name.rpartition(".")[2]) if compiled else None
        return (found[0].otherwise.value, found[1]) if found else None

    def figures(self, name: str) -> dict[str, TypedExpr]:
        """Return the expressions of a limit by key, but for how its use is read."""
        compiled = self.judged.compiled
        if compiled is None:
            return {}
        start = f"limit.{name.partition('.')[0]}."
        trees = [*compiled.guards.items(), *compiled.values.items()]
        return {k: t for k, t in trees if k.startswith(start) and not k.endswith(".used")}

    def limit_otherwise(self, name: str) -> str:
        """Return what passing a limit gives."""
        compiled = self.judged.compiled
        limits = compiled.action.limits if compiled else ()
        found = (one.otherwise.value for one in limits if one.id == name.partition(".")[0])
        return next(found, _GONE)


def causes_of(before: Side, after: Side) -> tuple[Cause, ...]:
    """Return everything that changed an answer, sorted; never empty for answers that differ."""
    found = {
        *_by_conditions(before, after),
        *_by_limits(before, after),
        *_by_facts(before.decision, after.decision),
    }
    if not found:
        name = f"{before.decision.facility}.{before.decision.action}"
        found.add(Cause("rule", name, *(_frame(one) for one in (before, after))))
    return tuple(sorted(found))


def _frame(side: Side) -> str:
    """Return what an action gives besides its conditions and limits."""
    action = side.judged.compiled.action if side.judged.compiled else None
    clause, closed = (action.clause, action.closed) if action else (_GONE, _GONE)
    return f"{clause} {closed}: {side.decision.outcome.value}"


def _by_conditions(before: Side, after: Side) -> Iterator[Cause]:
    """Yield the conditions that came to something else, and what they read."""
    was = {one.id: one.value for one in before.decision.conditions}
    now = {one.id: one.value for one in after.decision.conditions}
    for name in {**was, **now}:
        if name.rpartition(".")[2] == "clause_open":
            if not name.count(".") and was.get(name) is not now.get(name):
                yield _clause(before, after, before.decision.clause)
            continue
        # What holds on the one side where the other has no such condition changed nothing.
        first, second = was.get(name, True), now.get(name, True)
        tests = before.test(name), after.test(name)
        if first is not second:
            shown = [_WORDS[w[name]] if name in w else _GONE for w in (was, now)]
            yield Cause("condition", name, *shown)
            trees = [({name: test[1]} if test else {}) for test in tests]
            yield from _by_expressions(before, after, *trees)
        elif first is not True and tests[0] and tests[1] and tests[0][0] != tests[1][0]:
            yield Cause("rule", name, tests[0][0], tests[1][0])


def _by_limits(before: Side, after: Side) -> Iterator[Cause]:
    """Yield the limits whose ceiling or draw moved, and what they read."""
    was = {one.id: one for one in before.decision.limits}
    now = {one.id: one for one in after.decision.limits}
    for name in {**was, **now}:
        first, second = _written(was.get(name)), _written(now.get(name))
        rules = before.limit_otherwise(name), after.limit_otherwise(name)
        if first != second:
            yield Cause("limit", name, first, second)
            yield from _by_expressions(before, after, before.figures(name), after.figures(name))
        elif rules[0] != rules[1]:
            yield Cause("rule", name, *rules)


def _written(use: LimitUse | None) -> str:
    if use is None:
        return _GONE
    return f"{use.asked or '?'} / {use.cap or '?'} {use.asset or '?'}"


def _by_facts(before: Decision, after: Decision) -> Iterator[Cause]:
    """Yield the facts that are asked for now and were not before."""
    asked = {one.fact for one in before.missing}
    for one in after.missing:
        if one.fact not in asked:
            yield Cause("fact", one.fact, _GONE, "missing")


def _by_expressions(
    before: Side, after: Side, was: Mapping[str, TypedExpr], now: Mapping[str, TypedExpr]
) -> Iterator[Cause]:
    """Yield what expressions read and the packs hold otherwise, and those that were rewritten."""
    trees = [*was.values(), *now.values()]
    for name in frozenset().union(*(tree.parameters for tree in trees)):
        first, second = (_value(s.standing.parameters, name) for s in (before, after))
        if first != second:
            yield Cause("parameter", name, first, second)
    for name in frozenset().union(*(tree.switches for tree in trees)):
        first, second = (_value(s.standing.switches, name) for s in (before, after))
        if first != second:
            yield Cause("reading", name, first, second)
    for name in frozenset().union(*(tree.clauses for tree in trees)):
        if (name in before.standing.open_clauses) is not (name in after.standing.open_clauses):
            yield _clause(before, after, name)
    for key in {**was, **now}:
        if key in was and key in now and was[key].root != now[key].root:
            yield Cause("rule", key, was[key].text, now[key].text)


def _clause(before: Side, after: Side, name: str) -> Cause:
    words = ["open" if name in s.standing.open_clauses else "closed" for s in (before, after)]
    return Cause("clause", name, *words)


def _value(values: Mapping[str, object], name: str) -> str:
    return canonical_text(values[name]).strip('"') if name in values else _GONE
