"""What rows are decided by: an action, and what stands on their days, each made ready once.

Days whose parameters, readings and open clauses are equal, as far as the action reads them, are
one group with one program. Holds no row.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from qianhai.policy import Authorisation, Compiled, Decision, Leaf, Policy, Standing, leaves_of
from qianhai.rules import SqlProgram, TypedExpr

#: Kinds of rows that a group remembers; beyond them it begins again.
KINDS_MAX: Final = 200_000

Emit = Callable[..., SqlProgram]
#: How a group is found again elsewhere: facility, action and one of its days.
Name = tuple[str, str, date]


@dataclass(frozen=True, slots=True)
class Said:
    """What a decision says besides its figures."""

    outcome: str
    reasons: tuple[str, ...]
    conditions: str
    missing: tuple[str, ...]


_LETTER: Final = {True: "t", False: "f", None: "u"}


def said_of(decision: Decision) -> Said:
    """Return what a decision says besides its figures."""
    return Said(
        decision.outcome.value,
        tuple(reason.code for reason in decision.reasons),
        "".join(_LETTER[one.value] for one in decision.conditions),
        tuple(one.fact for one in decision.missing),
    )


@dataclass(frozen=True, slots=True)
class Group:
    """An action and what stands on the days of its rows.

    `conditions` and `values` are the expressions its outcome and its limits hang on. `kinds` are
    the kinds of rows met so far and what was decided of each.
    """

    policy: Policy
    compiled: Compiled
    standing: Standing
    conditions: Mapping[str, TypedExpr]
    values: Mapping[str, TypedExpr]
    leaves: Mapping[str, Leaf]
    kinds: dict[bytes, Said] = field(default_factory=dict)
    _programs: dict[Emit, SqlProgram] = field(default_factory=dict)

    @property
    def name(self) -> Name:
        """Return how the group is found again."""
        return self.compiled.facility, self.compiled.name, self.standing.on

    def program(self, emit: Emit) -> SqlProgram:
        """Return the group's program for an engine, written once."""
        if emit not in self._programs:
            standing = self.standing
            self._programs[emit] = emit(
                self.conditions,
                self.values,
                parameters=standing.parameters,
                switches=standing.switches,
                open_clauses=standing.open_clauses,
            )
        return self._programs[emit]

    def decide(self, facts: Mapping[str, object]) -> Decision:
        """Decide one row."""
        return self.policy.decide(self.compiled, facts, self.standing).decision


class Desk:
    """A pack with the instruments and readings of one run, and the groups it has met."""

    def __init__(
        self,
        policy: Policy,
        authorisations: Sequence[Authorisation] = (),
        switches: Mapping[str, str] | None = None,
    ) -> None:
        self.policy = policy
        self.authorisations = tuple(authorisations)
        self.switches = dict(switches or {})
        self._named: dict[Name, Group] = {}
        self._equal: dict[tuple[object, ...], Group] = {}

    def group(self, facility: str, action: str, day: date) -> Group:
        """Return the group of an action on a day; the action may be left empty for the first.

        Raises:
            KeyError: the pack has no such facility or action, or no such reading.
        """
        compiled = self.policy.compiled(facility, action)
        name = (facility, compiled.name, day)
        if name not in self._named:
            standing = self.policy.standing(
                day, switches=self.switches, authorisations=self.authorisations
            )
            fresh = _group(self.policy, compiled, standing)
            self._named[name] = self._equal.setdefault(_signature(fresh), fresh)
        return self._named[name]


def _group(policy: Policy, compiled: Compiled, standing: Standing) -> Group:
    """Return what a group needs of an action: no effect, and nothing only a leg would name."""
    booked = {key for pair in compiled.postings for key in pair}
    conditions = {f"test.{name}": tree for name, (_, tree) in compiled.tests.items()}
    conditions |= {k: tree for k, tree in compiled.guards.items() if _is_needed(k, booked)}
    values = {k: tree for k, tree in compiled.values.items() if _is_needed(k, booked)}
    return Group(policy, compiled, standing, conditions, values, leaves_of(compiled.facts))


def _is_needed(key: str, booked: Iterable[str]) -> bool:
    return key.startswith("limit.") or key in booked


def _signature(group: Group) -> tuple[object, ...]:
    """Return what stands on the group's day, as far as the action reads it."""
    trees = [*group.conditions.values(), *group.values.values()]
    standing, compiled = group.standing, group.compiled
    parameters = sorted(frozenset[str]().union(*(tree.parameters for tree in trees)))
    switches = sorted(frozenset[str]().union(*(tree.switches for tree in trees)))
    clauses = {compiled.action.clause}.union(*(tree.clauses for tree in trees))
    return (
        compiled.facility,
        compiled.name,
        tuple(standing.parameters.get(name) for name in parameters),
        tuple(standing.switches.get(name) for name in switches),
        frozenset(clauses & standing.open_clauses),
    )
