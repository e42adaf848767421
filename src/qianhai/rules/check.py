"""Proving what an expression is: names, kinds, currencies and absence, before anything runs.

Holds the operators and the way from a text to its typed tree. Must not compute a value.
"""

from decimal import Decimal
from typing import cast

from qianhai.rules.fit import NUMERIC, ORDERED, Judge
from qianhai.rules.flaws import Report, Source
from qianhai.rules.functions import call_of, optional_leaf
from qianhai.rules.model import (
    Apply,
    Case,
    Const,
    IsNull,
    Junction,
    Leaf,
    Node,
    Op,
    Scope,
    TypedExpr,
    Within,
)
from qianhai.rules.names import POISON, is_poison, present_if
from qianhai.rules.read import read
from qianhai.rules.syntax import (
    Call,
    Choice,
    Literally,
    Membership,
    Name,
    NullTest,
    Operation,
    Syntax,
)
from qianhai.rules.types import (
    Bool,
    Date,
    Integer,
    List,
    Money,
    Number,
    Rate,
    Set,
    Text,
    Type,
    Unproven,
    present,
)

_HEIGHT_MAX = 60
_SIZE_MAX = 4_000


def _literal(syntax: Literally) -> Const:
    match syntax.value:
        case bool() as truth:
            return Const(Bool(), truth)
        case str() as text if syntax.is_number:
            return Const(Number(), Decimal(text)) if "." in text else Const(Integer(), int(text))
        case str() as text:
            return Const(Text(), text)
        case day:
            return Const(Date(), day)


class _Checker(Judge):
    def node(self, syntax: Syntax) -> Node:
        match syntax:
            case Literally():
                node: Node = _literal(syntax)
            case Name():
                node = self.named(syntax)
            case Call():
                node = call_of(self, syntax)
            case Operation():
                node = self.operation(syntax)
            case Membership():
                node = self.membership(syntax)
            case NullTest():
                leaf = optional_leaf(self, syntax.operand)
                node = IsNull(Bool(), leaf) if leaf else POISON
            case _:
                assert isinstance(syntax, Choice), "the grammar has no other piece"
                node = self.choice(syntax)
        return self.placed(node, syntax)

    def named(self, syntax: Name) -> Node:
        node = self.names.find(syntax.path, syntax)
        if isinstance(node.type, List | Set):
            self.mismatch("P301", node.type, Text(), syntax)
            return POISON
        if isinstance(node, Leaf) and node.type.optional:
            if node not in self.names.present:
                self.report.note("P306", syntax.start, syntax.end, found=syntax.path)
            return Leaf(present(node.type), node.kind, node.name)
        return node

    def operation(self, syntax: Operation) -> Node:
        match syntax.op:
            case "and" | "or":
                return self.junction(syntax)
            case "not":
                return Apply(Bool(), "not", (self.value(syntax.operands[0], Bool()),))
            case "refused":
                for operand in syntax.operands:
                    self.node(operand)
                return POISON
            case "negate":
                inner = self.node(syntax.operands[0])
                return self.summed(syntax, "negate", inner.type, [inner])
        nodes = [self.node(operand) for operand in syntax.operands]
        if syntax.op == "*":
            return self.product(syntax, nodes)
        if syntax.op in {"+", "-"}:
            return self.total(syntax, nodes)
        kind, sides = self.common(nodes, syntax.operands)
        if syntax.op not in {"=", "<>"} and not isinstance(kind, (*ORDERED, Unproven)):
            self.mismatch("P311", kind, kind, syntax)
        return Apply(Bool(), cast(Op, syntax.op), tuple(sides))

    def junction(self, syntax: Operation) -> Node:
        """Judge operands from the left: what one asks about absence, the next may rely on."""
        before = self.names.present
        operands: list[Node] = []
        for part in syntax.operands:
            operands.append(self.value(part, Bool()))
            self.names.present |= present_if(operands[-1], holds=syntax.op == "and")
        self.names.present = before
        return Junction(Bool(), "and" if syntax.op == "and" else "or", tuple(operands))

    def total(self, syntax: Operation, nodes: list[Node]) -> Node:
        if any(isinstance(node.type, Date) for node in nodes):
            words = "days_between or add_months"
            self.report.note("P105", syntax.start, syntax.end, expected=words)
            return POISON
        kind, sides = self.common(nodes, syntax.operands)
        return self.summed(syntax, cast(Op, syntax.op), kind, sides)

    def summed(self, syntax: Operation, op: Op, kind: Type, sides: list[Node]) -> Node:
        if isinstance(kind, (*NUMERIC, Money)):
            return Apply(kind, op, tuple(sides))
        if not isinstance(kind, Unproven):
            self.mismatch("P301", kind, Number(), syntax)
        return POISON

    def product(self, syntax: Operation, nodes: list[Node]) -> Node:
        kinds = [present(node.type) for node in nodes]
        if any(is_poison(node) for node in nodes):
            return POISON
        units = [kind for kind in kinds if not isinstance(kind, NUMERIC)]
        if not units:
            whole = kinds == [Integer(), Integer()]
            return Apply(Integer() if whole else Number(), "*", tuple(nodes))
        if len(units) == 1 and isinstance(units[0], Money):
            return Apply(units[0], "*", tuple(nodes))
        if any(isinstance(unit, Money | Rate) for unit in units):
            self.mismatch("P304", kinds[0], kinds[1], syntax)
        else:
            at = syntax.operands[kinds.index(units[0])]
            self.mismatch("P301", units[0], Number(), at)
        return POISON

    def membership(self, syntax: Membership) -> Node:
        if not syntax.is_listed:
            places = (syntax.operand, *syntax.items)
            _, nodes = self.common([self.node(place) for place in places], places)
            return Within(Bool(), nodes[0], tuple(nodes[1:]))
        (place,) = syntax.items
        assert isinstance(place, Name), "the grammar puts one name after `in`"
        listed = self.names.find(place.path, place)
        if isinstance(listed, Leaf) and isinstance(listed.type, Set):
            return Within(Bool(), self.value(syntax.operand, listed.type.item), (listed,))
        if not is_poison(listed):
            self.mismatch("P301", listed.type, Set(Text()), place)
        self.node(syntax.operand)
        return POISON

    def choice(self, syntax: Choice) -> Node:
        before = self.names.present
        guards: list[Node] = []
        branches: list[Node] = []
        for asked, taken in zip(syntax.guards, syntax.values, strict=True):
            guards.append(self.value(asked, Bool()))
            after = self.names.present | present_if(guards[-1], holds=False)
            self.names.present |= present_if(guards[-1], holds=True)
            branches.append(self.node(taken))
            self.names.present = after
        branches.append(self.node(syntax.otherwise))
        self.names.present = before
        kind, (*values, otherwise) = self.common(branches, (*syntax.values, syntax.otherwise))
        return Case(kind, tuple(guards), tuple(values), otherwise)


def _extent(root: Node) -> tuple[int, int]:
    """Return height and size of a tree; a shared part is measured once and counted each time."""
    seen: dict[int, tuple[int, int]] = {}

    def measure(node: Node) -> tuple[int, int]:
        if id(node) not in seen:
            below = [measure(child) for child in node.children]
            height = 1 + max((high for high, _ in below), default=0)
            seen[id(node)] = (height, 1 + sum(size for _, size in below))
        return seen[id(node)]

    return measure(root)


def check(text: str, scope: Scope, *, expect: Type | None = None, at: Source) -> TypedExpr:
    """Read an expression and prove what it is, or refuse it with all its mistakes.

    With `expect`, the result must be of that kind (`Money("CNY")`; a whole number passes as a
    number; a literal 0 as money). The result is never optional: absence is asked for inside.
    A let that carries the name of a fact hides it, so the caller keeps the two apart.

    Raises:
        RuleError: the text is outside the profile, a name is unknown, or the kinds do not fit.

    >>> scope = Scope(facts={"age": Integer()})
    >>> check("age >= 18", scope, at=Source("day.yaml")).facts
    frozenset({'age'})
    """
    report = Report(text, at)
    syntax = read(text, report)
    root: Node = POISON
    if syntax is not None:
        checker = _Checker(scope, report)
        root = checker.node(syntax)
        if expect is not None:
            root = checker.require(root, expect, syntax)
        height, size = _extent(root)
        if height > _HEIGHT_MAX or size > _SIZE_MAX:
            report.note("P110", syntax.start, syntax.end, found=f"{height} / {size}")
    if report:
        raise report.refuse()
    return TypedExpr(text, root)
