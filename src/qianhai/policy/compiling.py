"""Turns the expressions of the pack into typed trees and one program an action.

Every expression of a facility is checked against the facts, parameters, readings and clauses it
may name; all mistakes of the pack come back at once. Decides nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from qianhai.kernel import CURRENCIES, Flaw
from qianhai.policy.comparing import Comparison, comparisons_of
from qianhai.policy.facts import Leaf, leaves_of
from qianhai.policy.kinds import fact_types, scope_of
from qianhai.policy.model import Action, Condition, Facility, Fact, Limit
from qianhai.policy.pack import Pack, Source
from qianhai.policy.reading import Path
from qianhai.rules import (
    Bool,
    Currency,
    Date,
    Program,
    RuleError,
    Type,
    TypedExpr,
    check,
    chinese,
    english,
    to_python,
)
from qianhai.rules import Money as MoneyType
from qianhai.rules import Source as Text

#: What a name that leads nowhere is told as, by the kind of entry that may still hold it.
_UNKNOWN: Final = {"parameter": "P201", "switch": "P202", "measure": "P203"}


@dataclass(frozen=True)
class Compiled:
    """An action (or an overlay) ready to be decided; its program is made when first asked for.

    `tests` are its conditions by id. `guards` are other yes-or-no expressions and `values` the
    rest, by keys such as `limit.quota.own.cap`, `leg.0.amount` or `let.usd`. `postings` pair
    what must be known before the action is booked with the guard it stands behind, if any;
    `whole_effects` name the effects whose arguments are among it.
    """

    facility: str
    name: str
    measure: int
    action: Action
    facts: Mapping[str, Fact]
    tests: Mapping[str, tuple[Condition, TypedExpr]]
    guards: Mapping[str, TypedExpr]
    values: Mapping[str, TypedExpr]
    whole_effects: frozenset[str] = frozenset()
    postings: tuple[tuple[str, str], ...] = field(init=False)

    def __post_init__(self) -> None:
        """Pair what is posted, or filed by an effect that needs all it is given, with its guard."""
        legs = (f"leg.{number}" for number in range(len(self.action.legs)))
        moves = [f"opens.{name}" for name in self.action.opens]
        moves += [f"closes.{name}" for name in self.action.closes]
        moves += ["hold_until"] if self.action.hold_until else []
        filed = [
            (f"effect.{number}.when", f"effect.{number}.{name}")
            for number, effect in enumerate(self.action.effects)
            if effect.name in self.whole_effects
            for name in effect.args
            if f"effect.{number}.{name}" in self.values
        ]
        posted = [(f"{leg}.when", f"{leg}.amount") for leg in legs]
        object.__setattr__(self, "postings", (*posted, *(("", key) for key in moves), *filed))

    @cached_property
    def program(self) -> Program:
        """Return the program that answers every condition and value at once."""
        tests = {f"test.{name}": tree for name, (_, tree) in self.tests.items()}
        return to_python({**tests, **self.guards}, self.values)

    @cached_property
    def leaves(self) -> Mapping[str, Leaf]:
        """Return every leaf of its facts, by its dotted path."""
        return leaves_of(self.facts)

    @cached_property
    def comparisons(self) -> Mapping[str, tuple[Comparison, ...]]:
        """Return the ordered comparisons of each condition, by its id."""
        return {name: comparisons_of(tree) for name, (_, tree) in self.tests.items()}

    @cached_property
    def facts_beside_used(self) -> frozenset[str]:
        """Return every leaf that is read by more than a limit's own comparison with its use."""
        values = (tree for key, tree in self.values.items() if not key.endswith(".used"))
        trees = [*(tree for _, tree in self.tests.values()), *self.guards.values(), *values]
        return frozenset().union(*(tree.facts for tree in trees))

    @cached_property
    def named_facts(self) -> frozenset[str]:
        """Return every leaf that an expression of the action reads."""
        trees = [tree for _, tree in self.tests.values()]
        trees += [*self.guards.values(), *self.values.values()]
        return frozenset().union(*(tree.facts for tree in trees))


@dataclass(frozen=True, slots=True)
class Expression:
    """A text of the pack to be checked: its key, its place, and what it must be."""

    key: str
    text: str
    path: Path
    expect: Type | None = None
    is_money: bool = False


class Compiler:
    """Checks the expressions of one entry of the pack and collects their flaws."""

    def __init__(self, pack: Pack, source: Source, facts: Mapping[str, Fact]) -> None:
        self.source = source
        self.flaws: list[Flaw] = []
        self.lets: dict[str, TypedExpr] = {}
        self._failed: set[str] = set()
        self._later: set[str] = set()
        self._unread = {_UNKNOWN[kind] for kind in pack.partial & _UNKNOWN.keys()}
        self._scope = scope_of(pack, fact_types(facts))
        self._document = "\n".join(source.document.lines)

    def check(self, text: str, path: Path, expect: Type | None = None) -> TypedExpr | None:
        """Check one expression at its path; None and flaws when it is wrong."""
        line, column = self.source.document.position(path)
        at = Text(self.source.document.file, line, column, self._document)
        try:
            return check(text, replace(self._scope, lets=self.lets), expect=expect, at=at)
        except RuleError as fault:
            told = (flaw for flaw in fault.flaws if flaw.code not in self._unread)
            found = [flaw.as_flaw() for flaw in told if flaw.found not in self._failed]
            self.flaws += [_too_early(one) if one.value in self._later else one for one in found]
            return None

    def check_lets(self, lets: Mapping[str, str], path: Path) -> None:
        """Check named expressions in their order; a later one may use an earlier.

        Who uses a name that could not be checked is not told that it is unknown.
        """
        self._later = set(lets)
        for name, text in lets.items():
            tree = self.check(text, (*path, name))
            self._later.discard(name)
            if tree is None:
                self._failed.add(name)
            else:
                self.lets[name] = tree

    def check_all(self, expressions: Iterable[Expression]) -> dict[str, TypedExpr]:
        """Check expressions by key; those that are wrong are left out."""
        trees: dict[str, TypedExpr] = {}
        for one in expressions:
            tree = self.check(one.text, one.path, one.expect)
            if tree is not None and one.is_money and not isinstance(tree.type, MoneyType):
                en = f"`{one.text}` is {english(tree.type)}; a leg moves money."
                zh = f"“{one.text}”为{chinese(tree.type)}，记账分录的金额应为金额。"
                self.flaws.append(
                    self.source.document.flaw("P402", one.path, one.text, "an amount", en, zh)
                )
            if tree is not None:
                trees[one.key] = tree
        return trees


def _too_early(flaw: Flaw) -> Flaw:
    """Return the flaw of a named part that uses itself, or one that comes after it."""
    en = f"`{flaw.value}` is not known yet here; a let uses only those that stand before it."
    zh = f"此处尚无“{flaw.value}”；let 只能使用排在它前面的 let。"
    return replace(flaw, expected="a fact, or a let that stands before", en=en, zh=zh)


def _compiled(
    worker: Compiler,
    names: tuple[str, str, int],
    action: Action,
    facts: Mapping[str, Fact],
    trees: Mapping[str, TypedExpr],
    whole_effects: frozenset[str] = frozenset(),
) -> Compiled | None:
    """Return the action with its program; None where an expression is wrong."""
    if worker.flaws:
        return None
    tests = {c.id: (c, trees[f"test.{c.id}"]) for c in action.conditions}
    others = {key: tree for key, tree in trees.items() if not key.startswith("test.")}
    guards = {key: tree for key, tree in others.items() if isinstance(tree.type, Bool)}
    values = {key: tree for key, tree in others.items() if key not in guards}
    facility, name, measure = names
    return Compiled(facility, name, measure, action, facts, tests, guards, values, whole_effects)


def compile_action(pack: Pack, facility: str, name: str) -> tuple[Compiled | None, list[Flaw]]:
    """Compile one action of a facility; None and every flaw when something is wrong."""
    model = pack.facilities[facility]
    action = model.actions[name]
    worker = Compiler(pack, pack.sources[f"facility:{facility}"], model.facts)
    at: Path = ("actions", name)
    worker.check_lets(action.let, (*at, "let"))
    trees = worker.check_all(_expressions(model, action, at))
    trees |= {f"let.{key}": tree for key, tree in worker.lets.items()}
    names = (facility, name, model.measure)
    terms = pack.vocabulary["effects"].items()
    whole = frozenset(effect for effect, term in terms if term.is_whole)
    return _compiled(worker, names, action, model.facts, trees, whole), worker.flaws


def compile_overlay(pack: Pack, name: str) -> tuple[Compiled | None, list[Flaw]]:
    """Compile the standing conditions of an overlay as an action of their own.

    It stands whether its clause is open or not: what is tagged stays tagged.
    """
    overlay = pack.overlays[name]
    worker = Compiler(pack, pack.sources[f"overlay:{name}"], overlay.facts)
    expressions = list(_tests(overlay.conditions, ()))
    if overlay.credit_kind:
        path: Path = ("credit_kind", "when")
        expressions.append(Expression("credit_kind", overlay.credit_kind.when, path, Bool()))
    trees = worker.check_all(expressions)
    clauses = pack.measures[overlay.measure].clauses if overlay.measure in pack.measures else ()
    action = Action(
        clause=overlay.clause or next((clause.id for clause in clauses), ""),
        closed="baseline",
        conditions=overlay.conditions,
        zh=overlay.title.zh,
        en=overlay.title.en,
    )
    return _compiled(
        worker, (name, "", overlay.measure), action, overlay.facts, trees
    ), worker.flaws


def no_facility() -> Compiled:
    """Return the action of an instruction that does not say what business it is."""
    action = Action(clause="", zh="未说明业务", en="no business stated")
    return Compiled("", "", 0, action, {}, {}, {}, {})


def _tests(conditions: Iterable[Condition], at: Path) -> Iterator[Expression]:
    for number, condition in enumerate(conditions):
        path = (*at, "conditions", number, "when")
        yield Expression(f"test.{condition.id}", condition.when, path, Bool())


def _expressions(facility: Facility, action: Action, at: Path) -> Iterator[Expression]:
    """Yield every expression of an action besides its named ones."""
    yield from _tests(action.conditions, at)
    for number, ground in enumerate(action.grounds):
        path = (*at, "grounds", number, "when")
        yield Expression(f"ground.{ground.id}", ground.when, path, Bool())
    for number, limit in enumerate(action.limits):
        yield from _limit_expressions(limit, (*at, "limits", number))
    for number, leg in enumerate(action.legs):
        path, key = (*at, "legs", number), f"leg.{number}"
        yield Expression(f"{key}.amount", leg.amount, (*path, "amount"), is_money=True)
        yield Expression(f"{key}.when", leg.when, (*path, "when"), Bool())
    for word, stated in (("opens", action.opens), ("closes", action.closes)):
        for name, text in stated.items():
            position = facility.positions.get(name)
            expect = MoneyType(position.currency) if position else None
            yield Expression(f"{word}.{name}", text, (*at, word, name), expect)
    if action.hold_until:
        yield Expression("hold_until", action.hold_until, (*at, "hold_until"), Date())
    for number, effect in enumerate(action.effects):
        path, key = (*at, "effects", number), f"effect.{number}"
        yield Expression(f"{key}.when", effect.when, (*path, "when"), Bool())
        for name, text in effect.args.items():
            yield Expression(f"{key}.{name}", text, (*path, "with", name))


def _limit_expressions(limit: Limit, path: Path) -> Iterator[Expression]:
    asset, key = MoneyType(limit.asset), f"limit.{limit.id}"
    stated = f"'{limit.asset}'" if limit.asset in CURRENCIES else limit.asset
    yield Expression(f"{key}.asset", stated, (*path, "asset"), Currency())
    yield Expression(f"{key}.when", limit.when, (*path, "when"), Bool())
    yield Expression(f"{key}.amount", limit.amount, (*path, "amount"), asset)
    for number, pool in enumerate(limit.parts):
        where = (*path, "pools", number) if limit.pools else path
        if not (pool.cap and pool.used):
            continue  # told as missing, see crossing
        yield Expression(f"{key}.{pool.id}.when", pool.when, (*where, "when"), Bool())
        yield Expression(f"{key}.{pool.id}.cap", pool.cap, (*where, "cap"), asset)
        yield Expression(f"{key}.{pool.id}.used", pool.used, (*where, "used"), asset)
