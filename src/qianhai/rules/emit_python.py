"""One Python function for one action of a facility, from its checked expressions.

Holds the program and what its code calls. No tree is walked when it runs. Must not decide what
a tree means: `evaluate` does, and a test holds this to it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, getcontext, setcontext
from fractions import Fraction
from typing import Final, TypeAlias, cast

from qianhai import kernel
from qianhai.rules.evaluate import month_added
from qianhai.rules.lower import lower
from qianhai.rules.model import ABSENT, TypedExpr, Value
from qianhai.rules.types import Bool, Money, Number
from qianhai.rules.write_python import Shape, Writer

Results: TypeAlias = tuple[dict[str, bool | None], dict[str, Value]]
_Run: TypeAlias = Callable[[Mapping[str, object]], Results]


def all_of(answers: Sequence[bool | None]) -> bool | None:
    """Tell whether all rows hold, when one that fails settles it.

    >>> all_of([None, False]), all_of([None, True]), all_of([])
    (False, None, True)
    """
    return False if False in answers else None if None in answers else True


def any_of(answers: Sequence[bool | None]) -> bool | None:
    """Tell whether any row holds, when one that does settles it.

    >>> any_of([None, True]), any_of([None, False]), any_of([])
    (True, None, False)
    """
    return True if True in answers else None if None in answers else False


def count_of(answers: Sequence[bool | None]) -> int | None:
    """Count the rows that hold, once all of them are known.

    >>> count_of([True, False]), count_of([True, None])
    (1, None)
    """
    return None if None in answers else answers.count(True)


def _known(fold: Callable[[Sequence[object]], object]) -> Callable[..., object]:
    """Make a fold unknown when a row is, and give it its answer for no rows."""

    def folded(values: Sequence[object], empty: object) -> object:
        return None if None in values else fold(values) if values else empty

    return folded


def agreed(answer: bool | None, value: object, rest: object) -> object:
    """Choose by an answer; behind an unknown one only what both sides agree on is known.

    >>> agreed(None, 1, 1), agreed(None, 1, 2), agreed(True, 1, 2)
    (1, None, 1)
    """
    if answer is None:
        return rest if rest == value else None
    return value if answer else rest


def ratio(numerator: Decimal | None, denominator: Decimal | None) -> Fraction | None:
    """Return an exact value where a rate divides.

    >>> ratio(Decimal(1), Decimal("7.2"))
    Fraction(5, 36)
    """
    if numerator is None or denominator is None:
        return None
    return Fraction(numerator) / Fraction(denominator)


def decimal(value: int | Decimal | None) -> Decimal | None:
    """Return a number as a decimal, also where its only sources were whole.

    >>> decimal(3)
    Decimal('3')
    """
    return Decimal(value) if isinstance(value, int) else value


def listed(values: Collection[object] | None) -> frozenset[object] | None:
    """Return what a parameter lists, for look-up."""
    return None if values is None else frozenset(values)


_GLOBALS: Final[dict[str, object]] = {
    "__builtins__": {},
    "ABSENT": ABSENT,
    "EXACT": kernel.EXACT,
    "age_on": kernel.age_on,
    "agreed": agreed,
    "all_of": all_of,
    "any_of": any_of,
    "count_of": count_of,
    "decimal": decimal,
    "getcontext": getcontext,
    "listed": listed,
    "max": max,
    "max_of": _known(max),  # type: ignore[arg-type]
    "min": min,
    "min_of": _known(min),  # type: ignore[arg-type]
    "month_added": month_added,
    "ratio": ratio,
    "setcontext": setcontext,
    "sum_of": _known(sum),  # type: ignore[arg-type]
}


@dataclass(frozen=True, slots=True)
class BoundProgram:
    """A program with the parameters, readings and clauses of one date."""

    run: _Run
    """Return each condition's answer and each value, `None` for unknown. The fast call."""


@dataclass(frozen=True, slots=True)
class Program:
    """The compiled conditions and values of one action of a facility, and their code."""

    code: str
    _bind: Callable[..., _Run] = field(repr=False)

    def bind(
        self,
        parameters: Mapping[str, object],
        switches: Mapping[str, str],
        open_clauses: Collection[str],
    ) -> BoundProgram:
        """Fix what is constant by date, and compute at once all that depends on nothing else."""
        return BoundProgram(self._bind(parameters.get, switches.get, frozenset(open_clauses)))

    def run(
        self,
        facts: Mapping[str, object],
        parameters: Mapping[str, object],
        switches: Mapping[str, str],
        open_clauses: Collection[str],
    ) -> Results:
        """Bind and run once."""
        return self.bind(parameters, switches, open_clauses).run(facts)


def _exactly(lines: Sequence[str], *, needed: bool) -> list[str]:
    """Put lines under the context that raises rather than rounds, and give the old one back."""
    if not needed:
        return list(lines)
    inside = [f"    {line}" for line in lines]
    return [
        "X = getcontext()",
        "setcontext(EXACT)",
        "try:",
        *inside,
        "finally:",
        "    setcontext(X)",
    ]


def to_python(conditions: Mapping[str, TypedExpr], values: Mapping[str, TypedExpr]) -> Program:
    """Compile the conditions and values of one action into one Python function.

    Keys are the caller's ids, any text. Equal subexpressions are computed once; what is constant
    by date is computed when the program is bound.
    """
    assert all(expr.type == Bool() for expr in conditions.values()), "a condition is yes or no"
    asked = {key: lower(expr.root)[0] for key, expr in conditions.items()}
    ratios = {key: lower(expr.root) for key, expr in values.items()}
    roots = [*asked.values(), *(part for pair in ratios.values() for part in pair if part)]
    writer = Writer(Shape.of(roots))
    answers = [f"{key!r}: {writer.expression(node)}" for key, node in asked.items()]
    amounts: list[str] = []
    for key, (numerator, denominator) in ratios.items():
        text = writer.expression(numerator)
        if denominator is not None:
            text = f"ratio({text}, {writer.expression(denominator)})"
        elif isinstance(values[key].type, Number | Money):
            text = f"decimal({text})"
        amounts.append(f"{key!r}: {text}")
    needed = writer.has_arithmetic()
    result = f"return {{{', '.join(answers)}}}, {{{', '.join(amounts)}}}"
    inner = ["F = facts.get", *_exactly([*writer.body, result], needed=needed)]
    run = ["def run(facts):", *(f"    {line}" for line in inner), "return run"]
    outer = _exactly([*writer.bound, *run], needed=needed)
    code = "\n".join(["def bind(P, S, O):", *(f"    {line}" for line in outer), ""])
    space = _GLOBALS | writer.constants
    exec(compile(code, "<rules>", "exec"), space)  # noqa: S102 (names of the pack are quoted keys)
    return Program(code, cast("Callable[..., _Run]", space["bind"]))
