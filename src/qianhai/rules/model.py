"""What the room hands around: the scope of names, the source of a text, the typed tree, values.

Holds frozen data. Must not read text, decide types or compute a value.
"""

import enum
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal, TypeAlias

from qianhai.rules.types import Enum, Type


class Absence(enum.Enum):
    """The value of an optional fact that is recorded as not being there."""

    ABSENT = "absent"

    def __repr__(self) -> str:
        """Write the value as it is imported."""
        return "ABSENT"


#: "Has none" as a value. `None`, or no entry at all, means that the fact is not known.
ABSENT: Final = Absence.ABSENT

#: What an expression yields; `None` is unknown. A Fraction comes only from dividing by a rate.
Value: TypeAlias = bool | int | Decimal | Fraction | date | str | None


# --- the typed tree: engine-neutral, every node with its type --------------------------------


class _Kept:
    """What is equal by its parts and keeps its hash: a tree is looked up often, and walked once."""

    __slots__ = ("_hash",)
    __match_args__: tuple[str, ...]
    _hash: int

    def _parts(self) -> tuple[object, ...]:
        return tuple([getattr(self, name) for name in self.__match_args__])

    def __eq__(self, other: object) -> bool:
        """Compare class and parts; most that differ do so by their hash."""
        if self is other:
            return True
        if not isinstance(other, _Kept) or self.__class__ is not other.__class__:
            return NotImplemented
        return hash(self) == hash(other) and self._parts() == other._parts()

    def __hash__(self) -> int:
        """Return the hash of class and parts, found when it is first asked for."""
        try:
            return self._hash
        except AttributeError:
            found = hash((self.__class__, self._parts()))
            object.__setattr__(self, "_hash", found)
            return found


@dataclass(frozen=True, slots=True, eq=False)
class Node(_Kept):
    """One node of the typed tree."""

    type: Type

    @property
    def children(self) -> tuple["Node", ...]:
        """Return the nodes directly below."""
        return ()


@dataclass(frozen=True, slots=True, eq=False)
class Const(Node):
    """A literal, or `None`: unknown whatever is learnt (the other side of `money_in`)."""

    value: bool | int | Decimal | date | str | None


LeafKind: TypeAlias = Literal["fact", "item", "parameter", "switch", "clause"]


@dataclass(frozen=True, slots=True, eq=False)
class Leaf(Node):
    """A name that gets its value from outside; `name` is a dotted path, a code or a clause."""

    kind: LeafKind
    name: str


Op: TypeAlias = Literal[
    "=", "<>", "<", "<=", ">", ">=", "not", "+", "-", "*", "/", "negate",
    "days_between", "add_months", "age_on", "greatest", "least",
]  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Apply(Node):
    """An operator that is unknown as soon as one operand is. `/` has a rate above 0 below."""

    op: Op
    operands: tuple[Node, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        """Return the operands."""
        return self.operands


@dataclass(frozen=True, slots=True, eq=False)
class Junction(Node):
    """`and` or `or`: one deciding operand settles it, whatever the others are."""

    op: Literal["and", "or"]
    operands: tuple[Node, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        """Return the operands."""
        return self.operands


@dataclass(frozen=True, slots=True, eq=False)
class Within(Node):
    """`in`: equal to one of some values, or to one a parameter lists (a single Set leaf)."""

    operand: Node
    items: tuple[Node, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        """Return the operand and the values."""
        return (self.operand, *self.items)


@dataclass(frozen=True, slots=True, eq=False)
class IsNull(Node):
    """Whether an optional leaf is recorded as absent."""

    operand: Leaf

    @property
    def children(self) -> tuple[Node, ...]:
        """Return the leaf."""
        return (self.operand,)


@dataclass(frozen=True, slots=True, eq=False)
class Coalesce(Node):
    """An optional leaf, or another value where the leaf is recorded as absent."""

    operand: Leaf
    otherwise: Node

    @property
    def children(self) -> tuple[Node, ...]:
        """Return the leaf and the other value."""
        return (self.operand, self.otherwise)


@dataclass(frozen=True, slots=True, eq=False)
class Case(Node):
    """The first branch whose guard holds; behind an unknown guard all that may come must agree."""

    guards: tuple[Node, ...]
    values: tuple[Node, ...]
    otherwise: Node

    @property
    def children(self) -> tuple[Node, ...]:
        """Return guards, values and the last branch."""
        return (*self.guards, *self.values, self.otherwise)


ListOp: TypeAlias = Literal["sum_of", "count_of", "all_of", "any_of", "min_of", "max_of"]


@dataclass(frozen=True, slots=True, eq=False)
class ListFold(Node):
    """A list function: `body` for each row, folded; `empty` is the answer for no rows."""

    op: ListOp
    rows: Leaf
    body: Node
    empty: Node

    @property
    def children(self) -> tuple[Node, ...]:
        """Return the list, what is asked of each row, and the answer for no rows."""
        return (self.rows, self.body, self.empty)


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and everything below it, parents first."""
    yield node
    for child in node.children:
        yield from walk(child)


def divides(node: Node) -> bool:
    """Tell whether a rate divides in the value of a node, so that it is a Fraction.

    A division that ends in a comparison, or decides a guard, does not reach the value.
    """
    match node:
        case Case(values=values, otherwise=otherwise):
            return any(map(divides, (*values, otherwise)))
        case Apply(op="+" | "-" | "*" | "negate" | "greatest" | "least", operands=operands):
            return any(map(divides, operands))
        case Coalesce(otherwise=otherwise):
            return divides(otherwise)
    return isinstance(node, Apply) and node.op == "/"


@dataclass(frozen=True, slots=True)
class TypedExpr:
    """A checked expression: its text, its tree and the names it needs.

    `facts` are leaf paths (a list is one leaf), `parameters` are without the `p.`.
    """

    text: str
    root: Node
    facts: frozenset[str] = field(init=False, compare=False)
    parameters: frozenset[str] = field(init=False, compare=False)
    switches: frozenset[str] = field(init=False, compare=False)
    clauses: frozenset[str] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Collect the names once."""
        leaves = [node for node in walk(self.root) if isinstance(node, Leaf)]
        for attribute, kind in (
            ("facts", "fact"),
            ("parameters", "parameter"),
            ("switches", "switch"),
            ("clauses", "clause"),
        ):
            names = frozenset(leaf.name for leaf in leaves if leaf.kind == kind)
            object.__setattr__(self, attribute, names)

    @property
    def type(self) -> Type:
        """Return what the expression is."""
        return self.root.type


# --- what comes from the caller ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """Cells of a table with one answer: for each argument the words it may be, None for any.

    A yes-or-no argument has the words `true` and `false`. Under a `clause` that is not open the
    answer is `closed`.
    """

    words: tuple[frozenset[str] | None, ...]
    answer: str
    clause: str = ""
    closed: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of answers: lines no two of which hold for the same arguments.

    `axes` are the kinds of its arguments, texts or yes-or-no values; `answers` all there may be.
    What no line speaks of is answered `otherwise`.
    """

    axes: tuple[Type, ...]
    answers: tuple[str, ...]
    lines: tuple[Line, ...]
    otherwise: str

    @property
    def kind(self) -> Enum:
        """Return what a cell is: one of the answers."""
        return Enum(self.answers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What the names of an expression mean.

    `facts` are leaves by dotted path; a path with leaves `.amount` and `.currency` below it may
    be used as the amount. Parameters are named without the `p.`. `lets` are expressions that
    were checked before. `tables` are those whose cells may be asked. A fact may not start with
    `p.`.
    """

    facts: Mapping[str, Type] = field(default_factory=dict)
    parameters: Mapping[str, Type] = field(default_factory=dict)
    switches: Mapping[str, Enum] = field(default_factory=dict)
    clauses: Collection[str] = ()
    lets: Mapping[str, TypedExpr] = field(default_factory=dict)
    tables: Mapping[str, Table] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Env:
    """The values of the names for one evaluation.

    Facts by leaf path: bool, int, Decimal (money in major units), date, str, `ABSENT`, or a
    sequence of mappings by field for a list. `None` or no entry is unknown, for facts,
    parameters and switches alike. A clause is open or it is not.
    """

    facts: Mapping[str, object] = field(default_factory=dict)
    parameters: Mapping[str, object] = field(default_factory=dict)
    switches: Mapping[str, str] = field(default_factory=dict)
    open_clauses: Collection[str] = ()
