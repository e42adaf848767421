"""How far the pack reaches: which measures and clauses of the plan its facilities decide.

A clause with an act, or one that is only proposed, is reached when an action is decided under it
and its examples show the act permitted; a proposed one also refused while nothing is recorded.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from qianhai.kernel import Outcome
from qianhai.policy.examples import cases_of, decide_case
from qianhai.policy.model import Action, Clause, Facility
from qianhai.policy.policy import Policy


@dataclass(frozen=True, slots=True)
class Reached:
    """A clause, the actions decided under it, and what examples show of them.

    `closed` is None for a clause that is not proposed: it need not be shown closed.
    """

    clause: Clause
    done_by: tuple[tuple[str, str], ...]
    permitted: bool
    closed: bool | None

    @property
    def is_whole(self) -> bool:
        """Tell whether the clause is decided and shown."""
        return bool(self.done_by) and self.permitted and self.closed is not False


@dataclass(frozen=True, slots=True)
class Reach:
    """The measures that ask for a facility, whether they have one, and every clause to decide."""

    measures: dict[int, bool]
    clauses: tuple[Reached, ...]

    @property
    def lacking(self) -> tuple[str, ...]:
        """Return the numbers of measures without a facility, and the clauses not reached."""
        measures = [str(number) for number, has in self.measures.items() if not has]
        return (*measures, *(one.clause.id for one in self.clauses if not one.is_whole))


def done_by(facilities: Iterable[Facility], clause: str) -> list[tuple[str, str]]:
    """Return the facilities and actions that are decided under a clause, or rest on it."""
    return [
        (facility.id, name)
        for facility in facilities
        for name, action in facility.actions.items()
        if clause in clauses_of(action)
    ]


def clauses_of(action: Action) -> set[str]:
    """Return the clauses an action is decided under: its own, its conditions' and grounds'."""
    named = {condition.clause for condition in action.conditions}
    named |= {ground.clause for ground in action.grounds}
    return {action.clause, *named} - {""}


def reach_of(policy: Policy) -> Reach:
    """Return how far a pack reaches."""
    pack = policy.pack
    facilities = pack.facilities.values()
    permitted, closed = _shown(policy)
    asked = [m for m in pack.measures.values() if any(k.kind == "facility" for k in m.kinds)]
    has = {facility.measure for facility in facilities}
    clauses = []
    for measure in pack.measures.values():
        for clause in measure.clauses:
            is_proposed = clause.status == "proposed"
            if not (is_proposed or (clause.action and measure in asked)):
                continue
            found = done_by(facilities, clause.id)
            shown_closed = clause.id in closed if is_proposed else None
            clauses.append(Reached(clause, tuple(found), clause.id in permitted, shown_closed))
    return Reach({m.id: m.id in has for m in asked}, tuple(clauses))


def _shown(policy: Policy) -> tuple[set[str], set[str]]:
    """Return the clauses under which an example is permitted, and those seen closed."""
    permitted: set[str] = set()
    closed: set[str] = set()
    for case in cases_of(policy):
        if case.flaws or case.compiled.facility not in policy.pack.facilities:
            continue
        under = clauses_of(case.compiled.action)
        outcome = decide_case(policy, case).decision.outcome
        if outcome is Outcome.PERMITTED:
            permitted |= under & case.standing.open_clauses
        else:
            closed |= under - case.standing.open_clauses
    return permitted, closed
