"""An interview over every facility asks only what can change the answer, and ends with it.

Answers are taken from whole sets of facts, drawn at random near the figures that decide.
"""

from itertools import groupby

import pytest

from plan.random_facts import Values, seeded
from plan.the_pack import CASES, POLICY, name_of
from qianhai.kernel import Outcome
from qianhai.policy import (
    Case,
    Matter,
    Policy,
    decide_case,
    leaves_of,
    next_question,
    settlings,
    what_if,
)

pytestmark = pytest.mark.untraced

SETS = 3


def _action(case: Case) -> str:
    return f"{case.compiled.facility} {case.compiled.name}".strip()


ACTIONS = {name: list(cases) for name, cases in groupby(sorted(CASES, key=_action), key=_action)}
every_action = pytest.mark.parametrize("name", ACTIONS)


@pytest.fixture(scope="module")
def policy() -> Policy:
    assert POLICY
    return POLICY


def _sets(policy: Policy, case: Case) -> list[dict[str, object]]:
    """Whole sets of facts: the example's own, and some of its facts drawn anew."""
    values = Values(case, decide_case(policy, case), seeded(name_of(case)))
    leaves = leaves_of(case.compiled.facts).values()
    drawn = [{leaf.path: values.of(leaf) for leaf in leaves} for _ in range(SETS)]
    return [{**drawn[0], **case.facts}, *drawn[1:]]


def _held(matter: Matter, full: dict[str, object]) -> tuple[list[str], Outcome]:
    """Hold an interview and return the facts that were asked, and the outcome it ended with."""
    facts: dict[str, object] = {}
    asked: list[str] = []
    while found := next_question(matter, facts):
        decision, look = matter.decide(facts), matter.look(facts)
        assert (look.outcome, list(look.lacking)) == (
            decision.outcome,
            [one.fact for one in decision.missing],
        )
        assert set(found.question.paths) & set(look.lacking), found.question
        assert found.bearings, found.question
        asked.append(found.question.fact)
        facts |= {path: full[path] for path in found.question.paths}
    assert len(asked) == len(set(asked)) <= len(matter.compiled.facts)
    return asked, matter.decide(facts).outcome


@every_action
def test_an_interview_ends_with_what_decide_answers_on_all_facts(policy: Policy, name: str) -> None:
    for case in ACTIONS[name][::6]:
        matter = Matter(policy, case.compiled, case.standing)
        for full in _sets(policy, case):
            asked, outcome = _held(matter, full)
            assert outcome is matter.decide(full).outcome, (name_of(case), asked)


@every_action
def test_the_facts_that_are_said_to_settle_do(policy: Policy, name: str) -> None:
    case = ACTIONS[name][0]
    matter = Matter(policy, case.compiled, case.standing)
    for one in settlings(matter, {}, looks_max=150):
        assert matter.decide(one.answers).outcome is one.outcome
        assert {matter.leaves[path].name for path in one.answers} == set(one.facts)


@every_action
def test_what_is_said_to_permit_does_and_the_next_figure_does_not(
    policy: Policy, name: str
) -> None:
    for case in ACTIONS[name][::4]:
        matter = Matter(policy, case.compiled, case.standing)
        found = what_if(matter, case.facts)
        outcome = matter.decide(case.facts).outcome
        assert found.is_permitted is (outcome is Outcome.PERMITTED)
        on = case.standing.on
        if not case.example.opens:
            held = [
                days
                for days in found.days
                if (days.first is None or days.first <= on)
                and (days.until is None or on <= days.until)
            ]
            assert bool(held) is found.is_permitted, name_of(case)
        for turn in found.turns:
            for word in turn.permitted:
                facts = {**case.facts, turn.leaf.path: word}
                assert matter.decide(facts).outcome is Outcome.PERMITTED
