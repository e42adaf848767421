"""One Python function for one action of a facility, from its checked expressions.

Holds the program and what its code calls. No tree is walked when it runs. Must not decide what
a tree means: `evaluate` does, and a test holds this to it.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, getcontext, setcontext
from fractions import Fraction
from typing import Final, TypeAlias, cast

from qianhai import kernel
from qianhai.rules.evaluate import month_added
from qianhai.rules.lower import Lowering, Ratio
from qianhai.rules.model import ABSENT, TypedExpr, Value
from qianhai.rules.types import Bool, Money, Number
from qianhai.rules.write_python import Dated, Shape, Writer

Results: TypeAlias = tuple[dict[str, bool | None], dict[str, Value]]
_Run: TypeAlias = Callable[[Mapping[str, object]], Results]
_Trace: TypeAlias = Callable[[Mapping[str, object]], tuple[bool | None, ...]]


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


def ratio(numerator: Decimal | None, denominator: Decimal | None) -> Fraction | None:
    """Return an exact value where a rate divides.

    >>> ratio(Decimal(1), Decimal("7.2"))
    Fraction(5, 36)
    """
    if numerator is None or denominator is None:
        return None
    above, below = numerator.as_integer_ratio(), denominator.as_integer_ratio()
    return Fraction(above[0] * below[1], above[1] * below[0])


def decimal(value: int | Decimal | None) -> Decimal | None:
    """Return a number as a decimal, also where its only sources were whole.

    >>> decimal(3)
    Decimal('3')
    """
    return Decimal(value) if isinstance(value, int) else value


def listed(values: Collection[object] | None) -> frozenset[object] | None:
    """Return what a parameter lists, for look-up."""
    return None if values is None else frozenset(values)


class Known(dict[str, object]):
    """Facts, where one that nobody stated is unknown.

    >>> Known({"fee": 1})["rate"] is None
    True
    """

    def __missing__(self, name: str) -> None:
        """Answer for a fact that is not there."""


_GLOBALS: Final[dict[str, object]] = {
    "__builtins__": {},
    "ABSENT": ABSENT,
    "ADD": kernel.EXACT.add,
    "DECIMAL": Decimal,
    "EXACT": kernel.EXACT,
    "INT": int,
    "KNOWN": Known,
    "KeyError": KeyError,
    "MINUS": kernel.EXACT.minus,
    "MULTIPLY": kernel.EXACT.multiply,
    "SUBTRACT": kernel.EXACT.subtract,
    "age_on": kernel.age_on,
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
    """Return each condition's answer and each value, `None` for unknown."""

    trace: _Trace
    """Return each condition's answer, in the order of the conditions. The fast call."""


@dataclass(frozen=True, slots=True)
class Program:
    """The compiled conditions and values of one action of a facility, and their code."""

    code: str
    _bind: Callable[..., tuple[_Run, _Trace]] = field(repr=False)

    def bind(
        self,
        parameters: Mapping[str, object],
        switches: Mapping[str, str],
        open_clauses: Collection[str],
    ) -> BoundProgram:
        """Fix what is constant by date, and compute at once all that depends on nothing else."""
        return BoundProgram(*self._bind(parameters.get, switches.get, frozenset(open_clauses)))

    def run(
        self,
        facts: Mapping[str, object],
        parameters: Mapping[str, object],
        switches: Mapping[str, str],
        open_clauses: Collection[str],
    ) -> Results:
        """Bind and run once."""
        return self.bind(parameters, switches, open_clauses).run(facts)


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _exactly(lines: Sequence[str], *, needed: bool) -> list[str]:
    """Put lines under the context that raises rather than rounds, and give the old one back."""
    if not needed:
        return list(lines)
    return [
        "X = getcontext()",
        "setcontext(EXACT)",
        "try:",
        *_indented(lines),
        "finally:",
        "    setcontext(X)",
    ]


def _function(name: str, writer: Writer, result: str) -> list[str]:
    """Return the lines of a function.

    Facts are read as if all were there, because most are; where one is not, it is asked again.
    """
    body = _exactly([*writer.body, f"return {result}"], needed=writer.has_context)
    lines = ["try:", *_indented(body), "except KeyError:", "    if F.__class__ is KNOWN:"]
    lines += ["        raise", f"return {name}(KNOWN(F))"]
    return [f"def {name}(F):", *_indented(lines)]


def _amounts(
    writer: Writer, values: Mapping[str, TypedExpr], ratios: Mapping[str, Ratio]
) -> list[str]:
    """Return the code of each value; one that several keys share is computed once."""
    shared: dict[str, str] = {}
    for key, (numerator, denominator) in ratios.items():
        text = writer.expression(numerator)
        if denominator is not None:
            text = f"ratio({text}, {writer.expression(denominator)})"
        elif isinstance(values[key].type, Number | Money):
            is_name = text.isidentifier()
            text = (
                f"DECIMAL({text}) if {text}.__class__ is INT else {text}"
                if is_name
                else (f"decimal({text})")
            )
        shared[key] = text
    texts = list(shared.values())
    return [
        f"{key!r}: {writer.kept(text) if texts.count(text) > 1 else text}"
        for key, text in shared.items()
    ]


def to_python(conditions: Mapping[str, TypedExpr], values: Mapping[str, TypedExpr]) -> Program:
    """Compile the conditions and values of one action into one Python function.

    Keys are the caller's ids, any text. Equal subexpressions are computed once; what is constant
    by date is computed when the program is bound.
    """
    assert all(expr.type == Bool() for expr in conditions.values()), "a condition is yes or no"
    lower = Lowering().of
    asked = {key: lower(expr.root)[0] for key, expr in conditions.items()}
    ratios = {key: lower(expr.root) for key, expr in values.items()}
    roots = [*asked.values(), *(part for pair in ratios.values() for part in pair if part)]
    dated = Dated()
    runner, tracer = Writer(Shape.of(roots), dated), Writer(Shape.of(asked.values()), dated)
    answers = [f"{key!r}: {runner.expression(node)}" for key, node in asked.items()]
    amounts = _amounts(runner, values, ratios)
    whole = f"{{{', '.join(answers)}}}, {{{', '.join(amounts)}}}"
    traced = "".join(f"{tracer.expression(node)}, " for node in asked.values())
    lines = [*dated.lines, *_function("run", runner, whole)]
    lines += _function("trace", tracer, f"({traced})")
    needed = runner.has_context or tracer.has_context
    outer = _exactly([*lines, "return run, trace"], needed=needed)
    code = "\n".join(["def bind(P, S, O):", *_indented(outer), ""])
    space = _GLOBALS | dated.constants
    exec(compile(code, "<rules>", "exec"), space)  # noqa: S102 (names of the pack are quoted keys)
    return Program(code, cast("Callable[..., tuple[_Run, _Trace]]", space["bind"]))
