"""What the examples of the pack show of each condition and limit: passed, failed, missing, edge.

A condition nobody has seen fail is not known to work. Holds the count of what is shown; examples
themselves are run by examples.py.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Final

from qianhai.kernel import CURRENCIES, EXACT, Flaw
from qianhai.policy.comparing import Comparison
from qianhai.policy.compiling import Compiled
from qianhai.policy.examples import Case, cases_of, decide_case
from qianhai.policy.limits import fits, limit_data
from qianhai.policy.model import Facility, Verdict
from qianhai.policy.policy import Policy
from qianhai.policy.reading import Document, Path
from qianhai.rules import Env, evaluate

#: What an example may show of a condition or limit.
SIDES: Final[tuple[tuple[str, str, str], ...]] = (
    ("passed", "that it passes", "成立"),
    ("failed", "that it fails", "不成立"),
    ("missing", "without its facts", "缺少其事实"),
    ("edge", "exactly at its boundary", "恰在界限上"),
    ("beyond", "one unit beyond its boundary", "超出界限一个最小单位"),
)
#: A pack is refused for want of these; the last one is only told by `plan coverage`.
_NEEDED: Final = SIDES[:4]


@dataclass(slots=True)
class Edge:
    """How near the examples came to the boundary of one ordered comparison.

    `beyond` is None where no fact in it has a smallest unit, as bare numbers have none.
    """

    met: bool = False
    beyond: bool | None = False


@dataclass(frozen=True, slots=True)
class Distance:
    """How far the two sides of a comparison are apart, what it comes to, and would at equality."""

    gap: Fraction
    is_within: bool
    holds_at_edge: bool


@dataclass(slots=True)
class Shown:
    """What the examples show of one condition or limit; None where there is nothing to show.

    `edges` are its ordered comparisons, in the order of the expression.
    """

    facility: str
    action: str
    name: str
    document: Document = field(repr=False)
    path: Path = field(repr=False)
    passed: bool = False
    failed: bool = False
    missing: bool | None = False
    edges: dict[int, Edge] = field(default_factory=dict)

    @property
    def edge(self) -> bool | None:
        """Tell whether every ordered comparison was met at equality; None where there is none."""
        return all(edge.met for edge in self.edges.values()) if self.edges else None

    @property
    def beyond(self) -> bool | None:
        """Tell whether each was seen one unit behind equality; None where there is no unit."""
        seen = [edge.beyond for edge in self.edges.values() if edge.beyond is not None]
        return all(seen) if seen else None

    @property
    def lacking(self) -> tuple[str, ...]:
        """Return the sides that no example shows."""
        return tuple(side for side, _, _ in SIDES if getattr(self, side) is False)

    def count(self, look: "Look", is_beyond: Callable[[int], bool | None]) -> None:
        """Count one example; `is_beyond` tells of a comparison whether one unit turns it."""
        self.passed |= look.value is True
        self.failed |= look.value is False
        if look.value is None:
            self.missing = True
        for number, distance in enumerate(look.distances):
            if distance is not None:
                edge = self.edges[number]
                edge.met |= distance.gap == 0
                if edge.beyond is False and distance.is_within is not distance.holds_at_edge:
                    edge.beyond = is_beyond(number)


@dataclass(frozen=True, slots=True)
class Look:
    """What one example shows of one condition or limit: its value, and each comparison's sides."""

    value: bool | None
    distances: tuple[Distance | None, ...]


def coverage(
    policy: Policy,
    cases: Iterable[Case] | None = None,
    *,
    owners: Collection[str] | None = None,
) -> tuple[Shown, ...]:
    """Return what the examples show of every condition and limit of facilities and overlays.

    All are counted, or some. Who has their cases at hand passes them.
    """
    shown: dict[tuple[int, str], Shown] = {}
    for compiled, document, at in _compiled(policy):
        if owners is not None and compiled.facility not in owners:
            continue
        names = (compiled.facility, compiled.name)
        for number, (condition, tree) in enumerate(compiled.tests.values()):
            path = (*at, "conditions", number)
            one = Shown(*names, condition.id, document, path, missing=False if tree.facts else None)
            one.edges = {at: Edge() for at, _ in enumerate(compiled.comparisons[condition.id])}
            shown[id(compiled), f"test.{condition.id}"] = one
        for number, limit in enumerate(compiled.action.limits):
            path = (*at, "limits", number)
            one = Shown(*names, limit.id, document, path, edges={0: Edge()})
            shown[id(compiled), f"limit.{limit.id}"] = one
    for case in cases_of(policy, owners) if cases is None else cases:
        if not case.flaws:
            for key, look in looks_of(case, decide_case(policy, case)).items():
                turned = partial(is_turned, policy, case, key, look)
                shown[id(case.compiled), key].count(look, turned)
    return tuple(shown.values())


def _compiled(policy: Policy) -> Iterator[tuple[Compiled, Document, Path]]:
    """Yield every action and overlay, with where its conditions stand."""
    sources = policy.pack.sources
    for facility in policy.pack.facilities.values():
        for name in facility.actions:
            document = sources[f"facility:{facility.id}"].document
            yield policy.compiled(facility.id, name), document, ("actions", name)
    for name, overlay in policy.pack.overlays.items():
        yield policy.overlays[overlay.id], sources[f"overlay:{name}"].document, ()


def looks_of(case: Case, verdict: Verdict) -> dict[str, Look]:
    """Return what one example shows of each condition (`test.ID`) and limit (`limit.ID`)."""
    compiled, standing = case.compiled, case.standing
    env = Env(case.facts, standing.parameters, standing.switches, standing.open_clauses)
    looks: dict[str, Look] = {}
    for key, compared in compiled.comparisons.items():
        distances = tuple(_distance(one, env) for one in compared)
        looks[f"test.{key}"] = Look(verdict.guards[f"test.{key}"], distances)
    for limit in compiled.action.limits:
        draws = [draw for draw in verdict.draws if draw.limit.id == limit.id]
        value = fits(limit, draws, verdict.guards, verdict.values, ledger_decides=False)
        figures, distance = limit_data(draws), None
        if value is not None and {"asked", "left"} <= figures.keys():
            gap = Fraction(figures["asked"]) - Fraction(figures["left"])
            distance = Distance(gap, is_within=value, holds_at_edge=True)
        looks[f"limit.{limit.id}"] = Look(value, (distance,))
    return looks


def _distance(compared: Comparison, env: Env) -> Distance | None:
    """Return how far the sides of a comparison are apart; None where one is unknown."""
    first, second = (evaluate(side, env) for side in compared.sides)
    if first is None or second is None:
        return None
    gap = _number(first) - _number(second)
    within = evaluate(compared.whole, env) is True
    return Distance(gap, is_within=within, holds_at_edge=compared.holds_at_edge)


def is_turned(policy: Policy, case: Case, key: str, look: Look, number: int) -> bool | None:
    """Tell whether one unit of one fact turns a comparison; None where no fact has a unit."""
    here = look.distances[number]
    units = [(leaf, unit_of(case, leaf)) for leaf in facts_of(case.compiled, key, number)]
    if not any(unit for _, unit in units):
        return None
    for leaf, unit in units:
        value = case.facts.get(leaf)
        for step in (unit, -unit) if unit and value is not None else ():
            moved = replace(case, facts={**case.facts, leaf: moved_by(value, step)})
            there = looks_of(moved, decide_case(policy, moved))[key].distances[number]
            if here and there and there.is_within is not here.is_within:
                return True
    return False


def facts_of(compiled: Compiled, key: str, number: int | None = None) -> list[str]:
    """Return the leaves that a condition or limit, or one of its comparisons, reads."""
    kind, _, name = key.partition(".")
    if kind == "test":
        whole = compiled.tests[name][1]
        return sorted((whole if number is None else compiled.comparisons[name][number].whole).facts)
    trees = {**compiled.guards, **compiled.values}
    return sorted({leaf for k, t in trees.items() if k.startswith(f"{key}.") for leaf in t.facts})


def unit_of(case: Case, leaf: str) -> Fraction | None:
    """Return the smallest step of a fact in an example: a minor unit, a day, one; else None."""
    found = case.compiled.leaves[leaf]
    if found.type == "money":
        code = str(case.facts.get(found.currency, found.currency))
        return Fraction(1, 10 ** CURRENCIES[code]) if code in CURRENCIES else None
    return Fraction(1) if found.type in {"date", "integer"} else None


def moved_by(value: object, step: Fraction) -> object:
    """Return a number or day some steps on; None where the calendar ends, or decimals do not.

    >>> moved_by(Decimal("1.00"), Fraction(1, 100)), moved_by(date(2030, 1, 31), Fraction(1))
    (Decimal('1.01'), datetime.date(2030, 2, 1))
    >>> moved_by(date(9999, 12, 31), Fraction(1)), moved_by(Decimal(1), Fraction(1, 3))
    (None, None)
    """
    try:
        if isinstance(value, date):
            return value + timedelta(days=int(step))
        if isinstance(value, int):
            return value + int(step)
        assert isinstance(value, Decimal), "what moves is a number or a day"
        return EXACT.add(value, EXACT.divide(Decimal(step.numerator), Decimal(step.denominator)))
    except ArithmeticError:
        return None


def _number(value: object) -> Fraction:
    if isinstance(value, date):
        return Fraction(value.toordinal())
    assert isinstance(value, int | Decimal | Fraction), "what has an order is a number or a day"
    return Fraction(value)


def uncovered(policy: Policy) -> list[Flaw]:
    """Return a flaw for each condition and limit of which the examples do not show every side."""
    return not_shown(coverage(policy))


def not_shown(shown: Iterable[Shown]) -> list[Flaw]:
    """Return the flaws of conditions and limits, as counted."""
    flaws: list[Flaw] = []
    for one in shown:
        lacking = [(en, zh) for side, en, zh in _NEEDED if side in one.lacking]
        if lacking:
            en = (
                f"`{one.name}` of {one.facility} has no example {', '.join(e for e, _ in lacking)}."
            )
            zh = f"{one.facility} 的“{one.name}”缺少示例：{'、'.join(z for _, z in lacking)}。"
            expected = "an example for each side"
            flaws.append(one.document.flaw("P422", one.path, one.name, expected, en, zh))
    return flaws


def idle_facts(policy: Policy) -> Iterator[Flaw]:
    """Yield a flaw for each fact that nothing reads: a sender would be asked for it in vain."""
    for facility in policy.pack.facilities.values():
        document = policy.pack.sources[f"facility:{facility.id}"].document
        read = _named(facility)
        for name in facility.actions:
            read |= policy.compiled(facility.id, name).named_facts
        for name in facility.facts:
            if not read & {name, f"{name}.amount", f"{name}.currency"}:
                en = f"no expression reads the fact `{name}`; use it or take it out."
                zh = f"没有表达式使用事实“{name}”；请使用或删去。"
                at, used = ("facts", name), "a fact that is read"
                yield document.flaw("P423", at, name, used, en, zh, key=True)


def _named(facility: Facility) -> set[str]:
    """Return every name by which a facility reads a fact outside its expressions."""
    named = {position.key for position in facility.positions.values()}
    named |= {position.currency for position in facility.positions.values()}
    for fact in facility.facts.values():
        named |= {fact.currency, fact.of, fact.per, *fact.args.values()}
        named |= {field.currency for field in fact.fields.values()}
    for action in facility.actions.values():
        named |= {leaf for condition in action.conditions for leaf in condition.asks}
        for limit in action.limits:
            named |= {limit.asset, *(pool.holder for pool in limit.parts)}
    return named
