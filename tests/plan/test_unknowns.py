"""Unknown never permits and never refuses, in every facility of the plan.

Each draw is seeded by the name of its example, so that a failure is found again.
"""

from collections.abc import Mapping
from itertools import groupby

import pytest

from plan.random_facts import Values, seeded
from plan.the_pack import CASES, POLICY, name_of
from qianhai.kernel import Outcome
from qianhai.policy import Case, Decision, Policy, decide_case, leaves_of
from qianhai.rules import Env, evaluate

pytestmark = pytest.mark.untraced

SUBSETS, COMPLETIONS = 5, 200


def _action(case: Case) -> str:
    return f"{case.compiled.facility} {case.compiled.name}".strip()


ACTIONS = {name: list(cases) for name, cases in groupby(sorted(CASES, key=_action), key=_action)}
every_action = pytest.mark.parametrize("name", ACTIONS)


@pytest.fixture(scope="module")
def policy() -> Policy:
    assert POLICY
    return POLICY


def _decided(policy: Policy, case: Case, facts: Mapping[str, object]) -> Decision:
    return policy.decide(case.compiled, facts, case.standing).decision


@every_action
def test_an_answer_stays_whatever_the_missing_facts_turn_out_to_be(
    policy: Policy, name: str
) -> None:
    for case in ACTIONS[name]:
        random = seeded(name_of(case))
        values = Values(case, decide_case(policy, case), random)
        leaves = leaves_of(case.compiled.facts)
        named = sorted(case.compiled.named_facts)
        for _ in range(SUBSETS):
            share = random.random() ** 2
            removed = [leaf for leaf in named if random.random() < share]
            kept = {leaf: value for leaf, value in case.facts.items() if leaf not in removed}
            removed = [leaf for leaf in named if leaf not in kept]
            answer = _decided(policy, case, kept)
            if answer.outcome is Outcome.INCOMPLETE:
                continue
            for _ in range(COMPLETIONS if removed else 0):
                more = {leaf: values.of(leaves[leaf]) for leaf in removed}
                found = _decided(policy, case, {**kept, **more})
                assert found.outcome is answer.outcome, (name_of(case), removed, more)


@every_action
def test_what_is_missing_is_enough_to_be_asked_for(policy: Policy, name: str) -> None:
    """Whoever brings all the facts that are named is asked for others at most a few times."""
    for case in ACTIONS[name]:
        random = seeded(name_of(case))
        values = Values(case, decide_case(policy, case), random)
        leaves = leaves_of(case.compiled.facts)
        facts: dict[str, object] = {}
        for _ in range(len(leaves) + 1):
            decision = _decided(policy, case, facts)
            lacking = [one.fact for one in decision.missing if one.fact not in facts]
            if decision.outcome is not Outcome.INCOMPLETE or not lacking:
                break
            facts |= {leaf: values.of(leaves[leaf]) for leaf in lacking if leaf in leaves}
            if not leaves.keys() & set(lacking):
                break
        else:
            pytest.fail(f"{name_of(case)}: asked again and again: {decision.missing}")


@every_action
def test_no_permission_stands_without_the_facts_of_a_stated_condition(
    policy: Policy, name: str
) -> None:
    permitted = [
        case
        for case in ACTIONS[name]
        if decide_case(policy, case).decision.outcome is Outcome.PERMITTED
    ]
    compiled = ACTIONS[name][0].compiled
    for condition, tree in compiled.tests.values():
        if condition.basis != "stated" or not tree.facts:
            continue
        turned = []
        for case in permitted:
            kept = {leaf: value for leaf, value in case.facts.items() if leaf not in tree.facts}
            standing = case.standing
            env = Env(kept, standing.parameters, standing.switches, standing.open_clauses)
            outcome = _decided(policy, case, kept).outcome
            assert outcome is not Outcome.PERMITTED or evaluate(tree, env), name_of(case)
            turned.append(outcome is Outcome.INCOMPLETE)
        assert any(turned), f"{name}: no permitted example rests on `{condition.id}`"


@every_action
def test_asking_for_more_never_permits_what_a_limit_refused(policy: Policy, name: str) -> None:
    for case in ACTIONS[name]:
        before = decide_case(policy, case).decision
        if "AM14" not in {reason.code for reason in before.reasons}:
            continue
        for leaf in leaves_of(case.compiled.facts).values():
            asked = case.facts.get(leaf.path)
            if leaf.type != "money" or leaf.fact.iso != "instructed_amount" or asked is None:
                continue
            for factor in (2, 3, 10, 1_000):
                more = {**case.facts, leaf.path: asked * factor}  # type: ignore[operator]
                assert _decided(policy, case, more).outcome is not Outcome.PERMITTED, name_of(case)
