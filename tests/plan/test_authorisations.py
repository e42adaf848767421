"""A clause refuses until an instrument opens it, decides while it holds, and refuses after it."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from plan.the_pack import CASES, POLICY, name_of
from qianhai.kernel import Outcome
from qianhai.policy import Authorisation, Case, Decision, Standing

pytestmark = pytest.mark.untraced

DAY = timedelta(days=1)


def of_actions() -> Iterator[Case]:
    """Every example of every action that its clause opens: those of the baseline need none."""
    for case in CASES:
        is_overlay = case.compiled.name == ""
        if not is_overlay and case.compiled.action.closed != "baseline" and not case.flaws:
            yield case


def standing(case: Case, on: date) -> Standing:
    """What stands on a day for a clause that is only proposed, and open on the example's day.

    An instrument may also take a status back: so every clause is tried, whatever the plan says.
    """
    assert POLICY
    clause, first = case.compiled.action.clause, case.standing.on
    others = [one for one in case.standing.open_clauses if one != clause]
    given = [Authorisation(one, "in_force", date(2000, 1, 1), None, "x") for one in others]
    given.append(Authorisation(clause, "proposed", date(2000, 1, 1), None, "a"))
    given.append(Authorisation(clause, "in_force", first, first, "b"))
    return POLICY.standing(on, switches=case.example.switches, authorisations=given)


def decided(case: Case, on: date) -> Decision:
    assert POLICY
    return POLICY.decide(case.compiled, case.facts, standing(case, on)).decision


@pytest.mark.parametrize("case", list(of_actions()), ids=name_of)
def test_a_clause_decides_only_while_an_instrument_opens_it(case: Case) -> None:
    assert POLICY
    on, clause = case.standing.on, case.compiled.action.clause
    for closed in (on - DAY, on + DAY):
        decision = decided(case, closed)
        assert decision.outcome is not Outcome.PERMITTED
        if case.compiled.action.closed == "refused":
            assert decision.outcome is Outcome.REFUSED
        if decision.outcome is not Outcome.INCOMPLETE:
            assert ("AG01", clause) in {(one.code, one.clause) for one in decision.reasons}
        opened = {one.id: one.value for one in decision.conditions}
        assert opened["clause_open"] is False
    between = decided(case, on)
    assert "AG01" not in {one.code for one in between.reasons}
    if clause in case.standing.open_clauses:
        as_stated = POLICY.decide(case.compiled, case.facts, case.standing).decision
        assert between == as_stated


def test_every_clause_that_waits_and_has_an_action_is_among_them() -> None:
    assert POLICY
    waits = {clause for clause, status in POLICY.pack.clauses.items() if status == "proposed"}
    acted = {
        action.clause
        for facility in POLICY.pack.facilities.values()
        for action in facility.actions.values()
        if action.closed != "baseline"
    }
    assert acted & waits <= {case.compiled.action.clause for case in of_actions()}
    assert {case.compiled.action.clause for case in of_actions()} == acted
