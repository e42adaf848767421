"""Proposes the examples that a pack lacks: one fact of an example that stands there, moved.

Holds the search and the text of an example. What a proposal expects is what the pack answers
today; whether that is right, the author holds against the text of the regulation.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final

from qianhai.kernel import EXACT, Outcome
from qianhai.policy.covering import Look, Shown, facts_of, is_turned, looks_of, moved_by, unit_of
from qianhai.policy.examples import Case, case_of, cases_of, decide_case
from qianhai.policy.facts import flatten
from qianhai.policy.model import Example
from qianhai.policy.policy import Policy
from qianhai.policy.texts import text_of

#: So many examples are tried as a beginning, those that are permitted first.
_BASES_MAX: Final = 12
_STEPS_MAX: Final = 8
#: How an example of each side is called.
_NAMES: Final[Mapping[str, str]] = {
    "passed": "holds",
    "failed": "fails",
    "missing": "unknown",
    "edge": "at_boundary",
    "beyond": "beyond_boundary",
}
_BARE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
#: Words that another reader of YAML would take for something else.
_TAKEN: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off"})
#: A leaf and the text it is given; None takes it away.
_Move = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class Proposal:
    """An example that would show one side of a condition or limit; `text` is ready to be pasted."""

    side: str
    example: Example
    text: str


def proposals(policy: Policy, shown: Shown) -> tuple[Proposal, ...]:
    """Return an example for each side that none shows yet, where moving one fact shows it."""
    if not shown.lacking:
        return ()
    search = _Search(policy, shown)
    found = ((side, search.first(side)) for side in shown.lacking)
    return tuple(Proposal(side, one, text_of_example(one)) for side, one in found if one)


class _Search:
    """Looks for one side of one condition or limit among the neighbours of the examples."""

    def __init__(self, policy: Policy, shown: Shown) -> None:
        self._policy, self._shown = policy, shown
        self._key = f"{'limit' if 'limits' in shown.path else 'test'}.{shown.name}"
        own = [
            case
            for case in cases_of(policy, {shown.facility})
            if (case.compiled.facility, case.compiled.name) == (shown.facility, shown.action)
            and not case.flaws
        ]
        self._bases = sorted(own, key=self._is_not_permitted)[:_BASES_MAX]

    def _is_not_permitted(self, case: Case) -> bool:
        return decide_case(self._policy, case).decision.outcome is not Outcome.PERMITTED

    def first(self, side: str) -> Example | None:
        """Return the first example that shows a side; None where no single move shows it."""
        for base in self._bases:
            for move in self._moves(base, side):
                case = self._moved(base, side, move)
                if not case.flaws and self._shows(case, side):
                    return self._answered(case)
        return None

    def _look(self, case: Case) -> Look:
        return looks_of(case, decide_case(self._policy, case))[self._key]

    def _shows(self, case: Case, side: str) -> bool:
        """Tell whether a case shows a side that is not shown yet."""
        look = self._look(case)
        wanted = {"passed": True, "failed": False, "missing": None}
        if side in wanted:
            return look.value is wanted[side]
        for number, distance in enumerate(look.distances):
            edge = self._shown.edges[number]
            if (
                distance is None
                or getattr(edge, "met" if side == "edge" else "beyond") is not False
            ):
                continue
            if side == "edge" and distance.gap == 0:
                return True
            is_behind = distance.is_within is not distance.holds_at_edge
            turned = side == "beyond" and is_behind
            if turned and is_turned(self._policy, case, self._key, look, number):
                return True
        return False

    def _moves(self, base: Case, side: str) -> Iterator[_Move]:
        """Yield what may be changed of an example, one fact at a time."""
        for leaf in facts_of(base.compiled, self._key):
            if side == "missing":
                yield leaf, None
            elif side in {"passed", "failed"}:
                yield from ((leaf, word) for word in self._words(base, leaf))
        if side != "missing":
            for number in self._shown.edges:
                for leaf in facts_of(base.compiled, self._key, number):
                    yield from self._at_edge(base, leaf, number)

    def _words(self, base: Case, leaf: str) -> Iterator[str]:
        """Yield other values of a fact that is chosen and not counted."""
        declared = base.compiled.leaves[leaf]
        if declared.type == "boolean":
            yield from ("true", "false")
        yield from declared.values
        if declared.type == "text":
            others = (base.facts.get(one) for one in facts_of(base.compiled, self._key))
            yield from (one for one in others if isinstance(one, str))
            yield "another"
        if declared.type == "currency":
            yield from ("CNY", "USD")
        if declared.fact.optional:
            yield "null"

    def _at_edge(self, base: Case, leaf: str, number: int) -> Iterator[_Move]:
        """Yield a counted fact at the boundary of a comparison, and one unit to either side."""
        unit = unit_of(base, leaf)
        at = self._root(base, leaf, number, unit)
        if at is None:
            return
        steps = (Fraction(0), unit, -unit) if unit else (Fraction(0),)
        for moved in (moved_by(at, step) for step in steps):
            if moved is not None:
                yield leaf, _written(moved, unit)

    def _root(self, base: Case, leaf: str, number: int, unit: Fraction | None) -> object:
        """Return the value of a fact at which both sides of a comparison are equal, if it has one.

        Both sides are straight lines in every fact, or broken ones: a few secants find it. They
        look one step back, for a day without end is the last of the calendar.
        """
        at = base.facts.get(leaf)
        if not isinstance(at, int | Decimal | date) or isinstance(at, bool):
            return None
        step = unit or Fraction(1)
        for _ in range(_STEPS_MAX):
            here = self._gap(base, leaf, number, at)
            if here is None or here == 0:
                return at if here == 0 else None
            there = self._gap(base, leaf, number, moved_by(at, -step))
            if there is None or there == here:
                return None
            way = here * step / (there - here)
            at = moved_by(at, Fraction(round(way / unit)) * unit if unit else way)
        return None

    def _gap(self, base: Case, leaf: str, number: int, value: object) -> Fraction | None:
        distance = self._look(replace(base, facts={**base.facts, leaf: value})).distances[number]
        return distance.gap if distance else None

    def _moved(self, base: Case, side: str, move: _Move) -> Case:
        """Return the example with one fact changed, read as any other."""
        leaf, text = move
        names = {leaf, leaf.removesuffix(".amount"), leaf.removesuffix(".currency")}
        kept = tuple(name for name in base.example.without if name not in names)
        facts = {name: raw for name, raw in flatten(base.example.facts) if name != leaf}
        changed = base.example.model_copy(
            update={
                "id": self._name(side),
                "source": "",
                "facts": facts if text is None else {**facts, leaf: text},
                "without": (*kept, leaf) if text is None else kept,
            }
        )
        pack, name = self._policy.pack, self._shown.facility
        owner = pack.facilities[name] if self._shown.action else pack.overlays[name]
        return case_of(self._policy, owner, base.document, base.path, changed, base.compiled)

    def _name(self, side: str) -> str:
        """Return an id that no example of the file has."""
        name = f"{self._shown.name}_{_NAMES[side]}"
        taken = {
            case.example.id
            for case in cases_of(self._policy, {self._shown.facility})
            if case.document == self._shown.document
        }
        return next(
            one for one in (name, *(f"{name}_{n}" for n in range(2, 1000))) if one not in taken
        )

    def _answered(self, case: Case) -> Example:
        """Return the example with what the pack answers today."""
        decision = decide_case(self._policy, case).decision
        expect: dict[str, object] = {"outcome": decision.outcome.value}
        if decision.outcome is Outcome.INCOMPLETE:
            expect["missing"] = [one.fact for one in decision.missing]
        elif decision.outcome is not Outcome.PERMITTED:
            expect["reasons"] = [reason.code for reason in decision.reasons]
        return case.example.model_copy(update={"expect": expect})


def _written(value: object, unit: Fraction | None) -> str:
    """Write a value as an example does; an amount with the decimals of its currency."""
    if isinstance(value, Decimal) and unit:
        return str(value.quantize(Decimal(unit.numerator) / unit.denominator, context=EXACT))
    return text_of(value)


def text_of_example(example: Example) -> str:
    """Write an example as it stands in a file of the pack."""
    parts = [f"id: {example.id}"]
    parts += [f"action: {example.action}"] if example.action else []
    parts.append(f"on: {example.on.isoformat()}")
    for name in ("given", "facts", "without", "switches", "opens"):
        value = getattr(example, name)
        parts += [f"{name}: {_flow(value)}"] if value else []
    return f"  - {{{', '.join(parts)},\n     expect: {_flow(example.expect)}}}"


def _flow(value: object) -> str:
    """Write a value in the flow style of YAML; texts in quotes unless they are plain words.

    >>> _flow({"use": "ship", "amount.amount": "1.00", "without": ["is_new"]})
    '{use: ship, amount.amount: "1.00", without: [is_new]}'
    """
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {_flow(one)}' for key, one in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_flow, value))}]"
    text = str(value)
    if _BARE.fullmatch(text) and text.lower() not in _TAKEN:
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
