"""Turns the expressions of the pack into typed trees and one program an action.

Every expression of a facility is checked against the facts, parameters, readings and clauses it
may name; all mistakes of the pack come back at once. Decides nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from qianhai.kernel import Flaw, nearest
from qianhai.policy.facts import leaves_of
from qianhai.policy.model import Action, Condition, Fact, FactField, Limit, Parameter
from qianhai.policy.pack import Pack
from qianhai.policy.reading import Document, Path
from qianhai.rules import (
    Bool,
    Currency,
    Date,
    Enum,
    Integer,
    List,
    Money,
    Number,
    Program,
    Rate,
    RuleError,
    Scope,
    Source,
    Text,
    Type,
    TypedExpr,
    check,
    to_python,
)


@dataclass(frozen=True, slots=True)
class Compiled:
    """An action (or an overlay) ready to be decided.

    `tests` are its conditions by id. `guards` are other yes-or-no expressions and `values` the
    rest, by keys such as `limit.quota.own.cap`, `leg.0.amount` or `let.usd`.
    """

    facility: str
    name: str
    measure: int
    action: Action
    facts: Mapping[str, Fact]
    tests: Mapping[str, tuple[Condition, TypedExpr]]
    guards: Mapping[str, TypedExpr]
    values: Mapping[str, TypedExpr]
    program: Program

    @property
    def named_facts(self) -> frozenset[str]:
        """Return every leaf that an expression of the action reads."""
        trees = [tree for _, tree in self.tests.values()]
        trees += [*self.guards.values(), *self.values.values()]
        return frozenset().union(*(tree.facts for tree in trees))


def type_of_field(field: FactField) -> Type:
    """Return the rule type of one field of a list's items."""
    return _simple(field.type, field.values, field.currency)


def _simple(kind: str, values: tuple[str, ...], currency: str, optional: bool = False) -> Type:
    match kind:
        case "boolean":
            return Bool(optional=optional)
        case "integer":
            return Integer(optional=optional)
        case "number":
            return Number(optional=optional)
        case "money":
            return Money(currency, optional=optional)
        case "date":
            return Date(optional=optional)
        case "enum":
            return Enum(values, optional=optional)
        case "currency":
            return Currency(optional=optional)
        case _:
            return Text(optional=optional)


def fact_types(facts: Mapping[str, Fact]) -> dict[str, Type]:
    """Return the rule type of every leaf of the declared facts."""
    types: dict[str, Type] = {}
    for path, leaf in leaves_of(facts).items():
        fact = leaf.fact
        if leaf.type == "list":
            types[path] = List({n: type_of_field(f) for n, f in fact.fields.items()})
        elif leaf.type == "rate":
            types[path] = Rate(fact.of, fact.per, optional=fact.optional)
        else:
            types[path] = _simple(leaf.type, fact.values, leaf.currency, fact.optional)
    return types


def parameter_type(parameter: Parameter) -> Type:
    """Return the rule type of a dated parameter."""
    return _simple(parameter.type, (), parameter.currency)


def scope_of(pack: Pack, facts: Mapping[str, Fact]) -> Scope:
    """Return what the names of a facility's expressions mean."""
    return Scope(
        facts=fact_types(facts),
        parameters={name: parameter_type(p) for name, p in pack.parameters.items()},
        switches={name: Enum(s.values) for name, s in pack.switches.items()},
        clauses=frozenset(c.id for m in pack.measures.values() for c in m.clauses),
    )


class Compiler:
    """Checks the expressions of one pack file and collects their flaws."""

    def __init__(self, document: Document, scope: Scope) -> None:
        self.document = document
        self.scope = scope
        self.lets: dict[str, TypedExpr] = {}
        self.flaws: list[Flaw] = []

    def check(self, text: str, path: Path, expect: Type | None = None) -> TypedExpr | None:
        """Check one expression at its path; None and flaws when it is wrong."""
        line, column = self.document.position(path)
        source = Source(self.document.file, line, column, "\n".join(self.document.lines))
        scope = Scope(
            facts=self.scope.facts, parameters=self.scope.parameters,
            switches=self.scope.switches, clauses=self.scope.clauses, lets=self.lets,
        )  # fmt: skip
        try:
            return check(text, scope, expect=expect, at=source)
        except RuleError as fault:
            self.flaws += [flaw.as_flaw() for flaw in fault.flaws]
            return None

    def check_lets(self, lets: Mapping[str, str], path: Path) -> None:
        """Check named expressions in their order; a later one may use an earlier."""
        for name, text in lets.items():
            tree = self.check(text, (*path, name))
            if tree is not None:
                self.lets[name] = tree

    def unknown(self, code: str, path: Path, what: str, zh: str, name: str, known: Iterable[str]) -> None:  # fmt: skip
        """Note a name that is in no list of the pack, with the nearest one."""
        near = nearest(name, known)
        hint, zh_hint = (f" Nearest name: `{near}`.", f"相近名称：“{near}”。") if near else ("", "")
        self.flaws.append(
            Flaw(
                code,
                self.document.place(path),
                name,
                what,
                f"`{name}` is no {what}.{hint}",
                f"“{name}”不是{zh}。{zh_hint}",
                self.document.excerpt(path),
            )  # fmt: skip
        )


def compile_action(
    pack: Pack, document: Document, facility: str, name: str
) -> tuple[Compiled | None, list[Flaw]]:
    """Compile one action of a facility; None and every flaw when something is wrong."""
    model = pack.facilities[facility]
    action = model.actions[name]
    at: Path = ("actions", name)
    worker = Compiler(document, scope_of(pack, model.facts))
    worker.check_lets(action.let, (*at, "let"))
    tests: dict[str, tuple[Condition, TypedExpr]] = {}
    for number, condition in enumerate(action.conditions):
        tree = worker.check(condition.when, (*at, "conditions", number, "when"), Bool())
        if tree is not None:
            tests[condition.id] = (condition, tree)
    guards: dict[str, TypedExpr] = {}
    values: dict[str, TypedExpr] = {}
    for key, text, path, expect in _expressions(action, at):
        tree = worker.check(text, path, expect)
        if tree is not None:
            (guards if isinstance(tree.type, Bool) else values)[key] = tree
    for key, tree in worker.lets.items():
        (guards if isinstance(tree.type, Bool) else values)[f"let.{key}"] = tree
    if worker.flaws:
        return None, worker.flaws
    program = to_python({f"test.{k}": tree for k, (_, tree) in tests.items()} | guards, values)
    return Compiled(facility, name, model.measure, action, model.facts, tests, guards, values, program), []  # fmt: skip


def compile_overlay(
    pack: Pack, document: Document, name: str
) -> tuple[Compiled | None, list[Flaw]]:
    """Compile the standing conditions of an overlay as an action of their own."""
    overlay = pack.overlays[name]
    worker = Compiler(document, scope_of(pack, overlay.facts))
    tests: dict[str, tuple[Condition, TypedExpr]] = {}
    for number, condition in enumerate(overlay.conditions):
        tree = worker.check(condition.when, ("conditions", number, "when"), Bool())
        if tree is not None:
            tests[condition.id] = (condition, tree)
    guards: dict[str, TypedExpr] = {}
    if overlay.credit_kind:
        tree = worker.check(overlay.credit_kind.when, ("credit_kind", "when"), Bool())
        if tree is not None:
            guards["credit_kind"] = tree
    if worker.flaws:
        return None, worker.flaws
    clauses = pack.measures[overlay.measure].clauses
    action = Action(
        clause=clauses[0].id, closed="baseline", zh=overlay.title.zh, en=overlay.title.en
    )
    program = to_python({f"test.{k}": tree for k, (_, tree) in tests.items()} | guards, {})
    return Compiled(name, "", overlay.measure, action, overlay.facts, tests, guards, {}, program), []  # fmt: skip


def no_facility() -> Compiled:
    """Return the action of an instruction that does not say what business it is."""
    action = Action(clause="", zh="未说明业务", en="no business stated")
    return Compiled("", "", 0, action, {}, {}, {}, {}, to_python({}, {}))


Expression = tuple[str, str, Path, Type | None]


def _expressions(action: Action, at: Path) -> Iterable[Expression]:
    """Yield the expressions of an action that are not conditions: key, text, path, type."""
    for number, ground in enumerate(action.grounds):
        yield f"ground.{ground.id}", ground.when, (*at, "grounds", number, "when"), Bool()
    for number, limit in enumerate(action.limits):
        yield from _limit_expressions(limit, (*at, "limits", number))
    for number, leg in enumerate(action.legs):
        path = (*at, "legs", number)
        yield f"leg.{number}.amount", leg.amount, (*path, "amount"), None
        yield f"leg.{number}.when", leg.when, (*path, "when"), Bool()
    for word, stated in (("opens", action.opens), ("closes", action.closes)):
        for name, text in stated.items():
            yield f"{word}.{name}", text, (*at, word, name), None
    if action.hold_until:
        yield "hold_until", action.hold_until, (*at, "hold_until"), Date()
    for number, effect in enumerate(action.effects):
        path = (*at, "effects", number)
        yield f"effect.{number}.when", effect.when, (*path, "when"), Bool()
        for name, text in effect.args.items():
            yield f"effect.{number}.{name}", text, (*path, "with", name), None


def _limit_expressions(limit: Limit, path: Path) -> Iterable[Expression]:
    asset = Money(limit.asset)
    key = f"limit.{limit.id}"
    yield f"{key}.when", limit.when, (*path, "when"), Bool()
    yield f"{key}.amount", limit.amount, (*path, "amount"), asset
    for number, pool in enumerate(limit.parts):
        where = (*path, "pools", number) if limit.pools else path
        yield f"{key}.{pool.id}.when", pool.when, (*where, "when"), Bool()
        yield f"{key}.{pool.id}.cap", pool.cap, (*where, "cap"), asset
        yield f"{key}.{pool.id}.used", pool.used, (*where, "used"), asset
