"""What a path means here: a field of the row, a parameter, a named part or a fact.

Holds look-up and what is known not to be absent. Must not know operators or functions.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from qianhai import kernel
from qianhai.rules.flaws import Report
from qianhai.rules.model import Apply, Const, IsNull, Junction, Leaf, LeafKind, Node, Scope
from qianhai.rules.syntax import Syntax
from qianhai.rules.types import Currency, List, Money, Rate, Type, Unproven, is_code

#: What stands for a piece that has a mistake already: it fits everywhere and is never run.
POISON = Const(Unproven(), None)

_ROW = "[]."


def is_poison(node: Node) -> bool:
    """Tell whether a piece has a mistake already, so that it is not reported twice."""
    return isinstance(node.type, Unproven)


def of_rows(symbol: str) -> bool:
    """Tell whether a currency is stated row by row.

    >>> of_rows("refunds[].currency")
    True
    """
    return _ROW in symbol


@dataclass(frozen=True, slots=True)
class Row:
    """The list whose rows are being asked."""

    path: str
    fields: Mapping[str, Type]

    def stated(self, kind: Type) -> Type:
        """Return the kind of a field with its currency named for this list."""

        def named(symbol: str) -> str:
            return f"{self.path}{_ROW}{symbol}" if symbol in self.fields else symbol

        match kind:
            case Money(currency=currency):
                return replace(kind, currency=named(currency))
            case Rate(of=of, per=per):
                return replace(kind, of=named(of), per=named(per))
        return kind


def _leaf_of(path: str, leaves: Mapping[str, Type]) -> str | None:
    if path in leaves:
        return path
    amount = f"{path}.amount"
    return amount if amount in leaves and f"{path}.currency" in leaves else None


class Names:
    """The names of one expression, and which optional ones are known to be there."""

    def __init__(self, scope: Scope, report: Report) -> None:
        self.scope = scope
        self.report = report
        self.row: Row | None = None
        self.present: frozenset[Leaf] = frozenset()

    def find(self, path: str, at: Syntax) -> Node:
        """Return what a path names, or a poison after saying what is wrong with it."""
        if self.row and (field := _leaf_of(path, self.row.fields)):
            return Leaf(self.row.stated(self.row.fields[field]), "item", field)
        head, _, rest = path.partition(".")
        if head == "p":
            if leaf := _leaf_of(rest, self.scope.parameters):
                return Leaf(self.scope.parameters[leaf], "parameter", leaf)
            self.unknown("P201", path, (f"p.{name}" for name in self.scope.parameters), at)
        elif path in self.scope.lets:
            return self.scope.lets[path].root
        elif leaf := _leaf_of(path, self.scope.facts):
            return Leaf(self.scope.facts[leaf], "fact", leaf)
        elif inside := sorted(fact for fact in self.scope.facts if fact.startswith(f"{path}.")):
            self.report.note("P208", at.start, at.end, found=path, expected=", ".join(inside))
        else:
            fields = self.row.fields if self.row else ()
            self.unknown("P204", path, [*self.scope.facts, *self.scope.lets, *fields], at)
        return POISON

    def unknown(
        self, code: str, found: str, known: Iterable[str], at: Syntax, **words: str
    ) -> None:
        """Say that a name is not known, with the nearest that is."""
        nearest = kernel.nearest(found, known)
        self.report.note(code, at.start, at.end, found=found, nearest=nearest, **words)

    def currency(self, symbol: str, at: Syntax) -> Node:
        """Return the node that holds the currency of an amount: a code, or the leaf it names."""
        if is_code(symbol):
            return Const(Currency(), symbol)
        kind: LeafKind = "fact"
        name, leaves = symbol, self.scope.facts
        if of_rows(symbol) and self.row:
            kind, name, leaves = "item", symbol.partition(_ROW)[2], self.row.fields
        elif symbol.startswith("p."):
            kind, name, leaves = "parameter", symbol[2:], self.scope.parameters
        if leaves.get(name) == Currency():
            return Leaf(Currency(), kind, name)
        self.unknown("P204", symbol, leaves, at)
        return POISON

    def symbol(self, leaf: Leaf) -> str:
        """Return how a currency leaf is written in the kind of an amount."""
        if leaf.kind == "item" and self.row:
            return f"{self.row.path}{_ROW}{leaf.name}"
        return f"p.{leaf.name}" if leaf.kind == "parameter" else leaf.name

    def rows(self, path: str) -> Leaf | None:
        """Return the list of a path, if it is one."""
        kind = self.scope.facts.get(path)
        return Leaf(kind, "fact", path) if isinstance(kind, List) else None


def present_if(node: Node, *, holds: bool) -> frozenset[Leaf]:
    """Return the optional leaves that cannot be absent when a condition holds, or when it fails.

    >>> from qianhai.rules.types import Bool, Date
    >>> due = Leaf(Date(optional=True), "fact", "due_on")
    >>> present_if(IsNull(Bool(), due), holds=False) == {due}
    True
    """
    match node:
        case IsNull(operand=leaf):
            return frozenset() if holds else frozenset({leaf})
        case Apply(op="not", operands=(inner,)):
            return present_if(inner, holds=not holds)
        case Junction(op=op, operands=operands):
            parts = [present_if(operand, holds=holds) for operand in operands]
            every = holds == (op == "and")
            return frozenset.union(*parts) if every else frozenset.intersection(*parts)
    return frozenset()
