"""A measure's rule for a reader: each test as the file has it, with its words, facts and papers.

What the list and the picture show is one document. Must not decide anew what `decide` decides.
"""

from collections.abc import Iterable, Mapping

from qianhai.policy import (
    Compiled,
    Facility,
    Fact,
    Pack,
    Parameter,
    Policy,
    Standing,
    cases_in,
    decide_case,
)
from qianhai.views.asking import paper_of
from qianhai.views.decision import reason_texts
from qianhai.views.flaws import Document


def rule_document(policy: Policy, facility: Facility) -> Document:
    """Return a facility's rule, action by action."""
    actions = [policy.compiled(facility.id, name) for name in facility.actions]
    way = facility.other_way
    return {
        "id": facility.id,
        "zh": facility.title.zh,
        "en": facility.title.en,
        "other_way": {"zh": way.zh, "en": way.en} if way else None,
        "parties": [
            {"role": role, "kinds": list(one.kinds), "zh": one.zh, "en": one.en}
            for role, one in facility.parties.items()
        ],
        "actions": [_action(policy, one) for one in actions],
    }


def _action(policy: Policy, compiled: Compiled) -> Document:
    action, pack = compiled.action, policy.pack
    tests = [_test(compiled, name) for name in compiled.tests]
    tests += [_limit(compiled, number) for number in range(len(action.limits))]
    return {
        "name": compiled.name,
        "zh": action.zh,
        "en": action.en,
        "clause": action.clause,
        "of": list(action.of),
        "closed": action.closed,
        "let": [{"name": name, "text": text} for name, text in action.let.items()],
        "tests": tests,
        "facts": [_fact(pack, compiled.facts[name], name) for name in _names(tests)],
    }


def _test(compiled: Compiled, name: str) -> Document:
    condition, tree = compiled.tests[name]
    return {
        "id": name,
        "kind": "condition",
        "text": condition.when,
        "clause": condition.clause or compiled.action.clause,
        "basis": condition.basis,
        "otherwise": condition.otherwise.value,
        "facts": facts_of(compiled, tree.facts),
        "values": sorted(tree.parameters),
        "zh": condition.zh,
        "en": condition.en,
    }


def _limit(compiled: Compiled, number: int) -> Document:
    limit = compiled.action.limits[number]
    prefix = f"limit.{limit.id}."
    trees = [
        tree
        for named in (compiled.guards, compiled.values)
        for key, tree in named.items()
        if key.startswith(prefix)
    ]
    caps = " + ".join(pool.cap for pool in limit.parts)
    return {
        "id": limit.id,
        "kind": "limit",
        "text": f"{limit.amount} <= {caps}",
        "clause": limit.clause or compiled.action.clause,
        "basis": limit.basis,
        "otherwise": limit.otherwise.value,
        "facts": facts_of(compiled, frozenset().union(*(tree.facts for tree in trees))),
        "values": sorted(frozenset().union(*(tree.parameters for tree in trees))),
        "zh": limit.zh,
        "en": limit.en,
    }


def facts_of(compiled: Compiled, leaves: Iterable[str]) -> list[str]:
    """Return the facts that some leaves belong to, in the file's order."""
    wanted = set(leaves)
    return [
        name
        for name in compiled.facts
        if not wanted.isdisjoint({name, f"{name}.amount", f"{name}.currency"})
    ]


def _names(tests: Iterable[Mapping[str, object]]) -> list[str]:
    found: dict[str, None] = {}
    for test in tests:
        named = test["facts"]
        assert isinstance(named, list), "a test names its facts"
        found |= dict.fromkeys(named)
    return list(found)


def _fact(pack: Pack, fact: Fact, name: str) -> Document:
    provider = pack.vocabulary["providers"][fact.provider]
    return {
        "id": name,
        "zh": fact.zh,
        "en": fact.en,
        "type": fact.type,
        "known_by": provider.known_by,
        "paper": paper_of(pack, fact),
    }


def values_document(
    pack: Pack, compiled: Iterable[Compiled], measure: int, standing: Standing
) -> list[Document]:
    """Return every dated value the measure's rules read or that is named for it, as a series."""
    named: set[str] = set()
    for one in compiled:
        trees = [tree for _, tree in one.tests.values()]
        for tree in (*trees, *one.guards.values(), *one.values.values()):
            named |= set(tree.parameters)
    named |= {name for name, one in pack.parameters.items() if measure in one.measures}
    return [_series(pack.parameters[name], standing) for name in sorted(named)]


def _series(parameter: Parameter, standing: Standing) -> Document:
    holds = parameter.on(standing.on)
    return {
        "id": parameter.id,
        "zh": parameter.title.zh,
        "en": parameter.title.en,
        "type": parameter.type,
        "currency": parameter.currency,
        "unit": {"zh": parameter.unit.zh, "en": parameter.unit.en},
        "source": parameter.source,
        "confidence": parameter.confidence,
        "value": holds.value if holds else None,
        "since": holds.first.isoformat() if holds else None,
        "values": [
            {
                "first": one.first.isoformat(),
                "last": one.until.isoformat() if one.until else None,
                "value": None if one.value == "null" else one.value,
                "confidence": one.confidence or parameter.confidence,
                "holds": one is holds,
            }
            for one in parameter.values
        ],
    }


def example_documents(policy: Policy, files: Mapping[str, bytes], facility: str) -> list[Document]:
    """Return a facility's examples, each decided now: what was expected and what it came to."""
    found: list[Document] = []
    for case in cases_in(policy, files, facility):
        decision = decide_case(policy, case).decision
        expected = str(case.example.expect.get("outcome", decision.outcome.value))
        first = decision.reasons[0] if decision.reasons else None
        found.append(
            {
                "facility": facility,
                "id": case.example.id,
                "action": case.compiled.name,
                "on": case.example.on.isoformat(),
                "source": case.example.source,
                "expected": expected,
                "outcome": decision.outcome.value,
                "is_as_expected": expected == decision.outcome.value,
                "clause": first.clause if first else decision.clause,
                **(reason_texts(policy.pack, first) if first else {"zh": "", "en": ""}),
            }
        )
    return found
