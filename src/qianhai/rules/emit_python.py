"""One Python function for one action of a facility, from its checked expressions.

Holds the Python emitter: straight-line code, no tree is walked when it runs. Must not decide
what a tree means: `evaluate` does, and a test holds this to it. Names of the pack are never
part of the code: they stand in it as quoted keys, values live in numbered variables.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, getcontext, setcontext
from fractions import Fraction
from typing import Final, TypeAlias

from qianhai import kernel
from qianhai.rules.evaluate import month_added
from qianhai.rules.lower import Given, OneIfUnknown, lower
from qianhai.rules.model import (
    ABSENT,
    Apply,
    Case,
    Coalesce,
    Const,
    IsNull,
    Junction,
    Leaf,
    ListFold,
    Node,
    TypedExpr,
    Value,
    Within,
    walk,
)
from qianhai.rules.types import Bool, Money, Number, Set

Results: TypeAlias = tuple[dict[str, bool | None], dict[str, Value]]
_Run: TypeAlias = Callable[[Mapping[str, object]], Results]

_TEMPLATES: Final = {
    "=": "{0} == {1}",
    "<>": "{0} != {1}",
    "<": "{0} < {1}",
    "<=": "{0} <= {1}",
    ">": "{0} > {1}",
    ">=": "{0} >= {1}",
    "not": "not {0}",
    "+": "{0} + {1}",
    "-": "{0} - {1}",
    "*": "{0} * {1}",
    "negate": "-{0}",
    "days_between": "({1} - {0}).days",
    "add_months": "month_added({0}, {1})",
    "age_on": "age_on({0}, {1})",
}

#: A part this much deeper than the last one gets a line of its own, for Python's parser.
_STEP = 12


def all_rows(answers: Sequence[bool | None]) -> bool | None:
    """Tell whether all rows hold, when one that fails settles it.

    >>> all_rows([None, False]), all_rows([None, True]), all_rows([])
    (False, None, True)
    """
    return False if False in answers else None if None in answers else True


def any_rows(answers: Sequence[bool | None]) -> bool | None:
    """Tell whether any row holds, when one that does settles it.

    >>> any_rows([None, True]), any_rows([None, False]), any_rows([])
    (True, None, False)
    """
    return True if True in answers else None if None in answers else False


def count_rows(answers: Sequence[bool | None]) -> int | None:
    """Count the rows that hold, once all of them are known.

    >>> count_rows([True, False]), count_rows([True, None])
    (1, None)
    """
    return None if None in answers else answers.count(True)


def agreed(answer: bool | None, value: object, rest: object) -> object:
    """Choose by an answer; behind an unknown one only what both sides agree on is known.

    >>> agreed(None, 1, 1), agreed(None, 1, 2), agreed(True, 1, 2)
    (1, None, 1)
    """
    if answer is None:
        return rest if rest == value else None
    return value if answer else rest


_GLOBALS: Final[dict[str, object]] = {
    "__builtins__": {"frozenset": frozenset, "max": max, "min": min, "sum": sum},
    "ABSENT": ABSENT,
    "Decimal": Decimal,
    "EXACT": kernel.EXACT,
    "Fraction": Fraction,
    "age_on": kernel.age_on,
    "agreed": agreed,
    "all_rows": all_rows,
    "any_rows": any_rows,
    "count_rows": count_rows,
    "date": date,
    "getcontext": getcontext,
    "month_added": month_added,
    "setcontext": setcontext,
}


def _heights(roots: Sequence[Node]) -> tuple[dict[Node, int], dict[Node, int]]:
    """Return how often each part occurs, what is below a repeated one counted once, and heights."""
    counts: dict[Node, int] = {}
    heights: dict[Node, int] = {}

    def visit(node: Node) -> int:
        counts[node] = counts.get(node, 0) + 1
        if node not in heights:
            heights[node] = 1 + max(map(visit, node.children), default=0)
        return heights[node]

    for root in roots:
        visit(root)
    return counts, heights


@dataclass
class _Emitter:
    """Writes the two blocks: what is bound by date, and what runs for each set of facts."""

    counts: dict[Node, int]
    heights: dict[Node, int]
    optional: frozenset[tuple[str, str]]
    bound: list[str] = field(default_factory=list)
    body: list[str] = field(default_factory=list)
    constants: dict[str, object] = field(default_factory=dict)
    names: dict[object, str] = field(default_factory=dict)
    kinds: dict[Node, frozenset[str]] = field(default_factory=dict)
    row: dict[str, str] | None = None

    def fresh(self, prefix: str) -> str:
        """Return a variable that is not used yet."""
        self.constants.setdefault("#", 0)
        self.constants["#"] = number = int(str(self.constants["#"])) + 1
        return f"{prefix}{number}"
