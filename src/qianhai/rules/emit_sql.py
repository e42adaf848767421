"""One SELECT for one action of a facility on one date, for an engine that decides whole tables.

Holds the programs for DuckDB and for Spark SQL in ANSI mode. Opens no connection and runs
nothing. Must not decide what a tree means: `evaluate` does, and the fuzz holds every engine to it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from qianhai.rules.columns import Column, column_of
from qianhai.rules.dialects import DUCKDB, SPARK, Dialect
from qianhai.rules.lack_sql import BITS, Lacks, labels_of
from qianhai.rules.lower import Lowering
from qianhai.rules.model import Leaf, Node, TypedExpr, walk
from qianhai.rules.settle import Settler
from qianhai.rules.types import Bool, Type
from qianhai.rules.widths import Widths
from qianhai.rules.write_sql import Part, Writer

#: The column that says of a row that an engine's digits may not have been enough for it.
WIDE: Final = "wide"
DEFAULT: Final = Widths()


@dataclass(frozen=True, slots=True)
class Selected:
    """A SELECT without its relation: what it yields, and the inner SELECTs it rests on."""

    outputs: tuple[str, ...]
    layers: tuple[tuple[str, ...], ...]

    def over(self, relation: str, keep: Sequence[str] = ()) -> str:
        """Return the text over a relation, after the columns of it that are kept."""
        inner = relation
        for layer in self.layers:
            inner = f"(SELECT *, {', '.join(layer)} FROM {inner})"  # noqa: S608 (our own columns)
        return f"SELECT {', '.join([*keep, *self.outputs])} FROM {inner}"  # noqa: S608 (the same)


@dataclass(frozen=True, slots=True)
class SqlProgram:
    """The compiled conditions and values of one action on one date, as SQL.

    A relation given to it has the `columns`: NULL is unknown. It yields a nullable BOOLEAN for
    each condition, one or two exact columns for each value (numerator, and denominator where a
    rate divides; the value is unknown when either is NULL) and `wide`, BOOLEAN and never NULL:
    the row is to be decided by `to_python`, because the engine's digits may not be enough. What
    is said of a row that is not wide is what `evaluate` and `missing` say.
    """

    columns: tuple[Column, ...]
    conditions: Mapping[str, str]
    """The output column of each condition, by the caller's id."""
    values: Mapping[str, tuple[str, str | None]]
    """The output columns of each value: itself or its numerator, and its denominator."""
    labels: tuple[str, ...]
    """What may be missing: leaf paths, `p.name`, `switch('name')`. Label n is bit n % 62."""
    masks: Mapping[str, tuple[str | None, ...]]
    """The BIGINT columns of `missing` by id: label n is in column n // 62; None has no bits."""
    _decide: Selected = field(repr=False)
    _missing: Selected = field(repr=False)

    def decide(self, relation: str, keep: Sequence[str] = ()) -> str:
        """Return the SELECT of answers, values and `wide`, after the relation's kept columns.

        `relation` and `keep` are the caller's own SQL names. The order of rows is the engine's.
        """
        return self._decide.over(relation, keep)

    def missing(self, relation: str, keep: Sequence[str] = ()) -> str:
        """Return the SELECT of masks and `wide`: meant for the rows that are incomplete."""
        return self._missing.over(relation, keep)

    def lacking(self, key: str, row: Mapping[str, object]) -> frozenset[str]:
        """Return the names a row of `missing` marks for a condition or value."""
        found: list[str] = []
        for chunk, column in enumerate(self.masks[key]):
            bits = row[column] if column is not None else 0
            assert isinstance(bits, int), "a mask is a whole number and never NULL"
            names = self.labels[chunk * BITS : (chunk + 1) * BITS]
            found += [name for at, name in enumerate(names) if bits >> at & 1]
        return frozenset(found)


class _Emitter:
    """Writes the two SELECTs of one program."""

    def __init__(
        self, dialect: Dialect, exprs: Iterable[TypedExpr], settler: Settler, widths: Widths
    ) -> None:
        leaves: dict[str, Type] = {}
        for leaf in (one for expr in exprs for one in walk(expr.root)):
            # Where an optional leaf is known to be there, its kind is not optional any more.
            if not isinstance(leaf, Leaf) or leaf.kind != "fact":
                continue
            if leaf.type.optional or leaf.name not in leaves:
                leaves[leaf.name] = leaf.type
        self.columns = {
            path: column_of(path, leaves[path], (f"f{number}", f"a{number}"), widths, dialect)
            for number, path in enumerate(sorted(leaves))
        }
        self._settler = settler
        self._dialect = dialect
        self._widths = widths

    def _writer(self) -> Writer:
        return Writer(self._dialect, self.columns, self._widths)

    def settled(self, exprs: Mapping[str, TypedExpr]) -> dict[str, Node]:
        """Return the trees of the date."""
        return {key: self._settler.settle(expr.root) for key, expr in exprs.items()}

    def decide(
        self, conditions: Mapping[str, Node], values: Mapping[str, Node]
    ) -> tuple[Selected, dict[str, str], dict[str, tuple[str, str | None]]]:
        """Return the SELECT of answers and values, and its columns."""
        writer = self._writer()
        lower = Lowering().of
        asked = {key: lower(node)[0] for key, node in conditions.items()}
        ratios = {key: lower(node) for key, node in values.items()}
        for node in (*asked.values(), *(one for pair in ratios.values() for one in pair if one)):
            writer.shape.measure(node)
        outputs: list[str] = []
        answers = {key: f"c{number}" for number, key in enumerate(asked)}
        for key, node in asked.items():
            outputs.append(f"{writer.part(node).text} AS {answers[key]}")
        amounts: dict[str, tuple[str, str | None]] = {}
        for number, (key, (above, below)) in enumerate(ratios.items()):
            amounts[key] = (f"n{number}", None if below is None else f"d{number}")
            for name, one in ((f"n{number}", above), (f"d{number}", below)):
                if one is not None:
                    outputs.append(f"{writer.part(one).text} AS {name}")
        return _selected(writer, outputs), answers, amounts

    def missing(
        self, roots: Mapping[str, Node], labels: Sequence[str]
    ) -> tuple[Selected, dict[str, tuple[str | None, ...]]]:
        """Return the SELECT of masks, and its columns."""
        writer = self._writer()
        for root in roots.values():
            writer.shape.measure(root)
        chunks = [Lacks(writer, labels[at : at + BITS]) for at in range(0, len(labels), BITS)]
        outputs: list[str] = []
        masks: dict[str, tuple[str | None, ...]] = {}
        for number, (key, root) in enumerate(roots.items()):
            names: list[str | None] = []
            for chunk, lacks in enumerate(chunks):
                mask: Part | None = lacks.mask(root)
                names.append(None if mask is None else f"m{number}_{chunk}")
                if mask is not None:
                    outputs.append(f"{mask.text} AS {names[-1]}")
            masks[key] = tuple(names)
        return _selected(writer, outputs), masks


def _selected(writer: Writer, outputs: Sequence[str]) -> Selected:
    flags = list(dict.fromkeys(flag.text for flag in writer.flags))
    wide = " OR ".join(flags) if flags else "FALSE"
    layers = tuple(tuple(layer) for layer in writer.layers)
    return Selected((*outputs, f"({wide}) AS {WIDE}"), layers)


def _program(
    dialect: Dialect,
    conditions: Mapping[str, TypedExpr],
    values: Mapping[str, TypedExpr],
    settler: Settler,
    widths: Widths,
) -> SqlProgram:
    assert all(expr.type == Bool() for expr in conditions.values()), "a condition is yes or no"
    assert not conditions.keys() & values.keys(), "a key is of a condition or of a value"
    emitter = _Emitter(dialect, [*conditions.values(), *values.values()], settler, widths)
    asked, amounts = emitter.settled(conditions), emitter.settled(values)
    roots = asked | amounts
    labels = tuple(sorted(frozenset[str]().union(*map(labels_of, roots.values()))))
    decide, answers, columns = emitter.decide(asked, amounts)
    missing, masks = emitter.missing(roots, labels)
    return SqlProgram(
        tuple(emitter.columns.values()), answers, columns, labels, masks, decide, missing
    )


def to_duckdb(
    conditions: Mapping[str, TypedExpr],
    values: Mapping[str, TypedExpr],
    *,
    parameters: Mapping[str, object],
    switches: Mapping[str, str],
    open_clauses: Collection[str],
    widths: Widths = DEFAULT,
) -> SqlProgram:
    """Compile the conditions and values of one action on one date into SQL of DuckDB.

    Keys are the caller's ids, any text, as in `to_python`; what is constant by date is in the
    text. The numbers of the columns depend on the expressions only, not on the date.
    """
    settler = Settler(parameters, switches, open_clauses)
    return _program(DUCKDB, conditions, values, settler, widths)


def to_spark(
    conditions: Mapping[str, TypedExpr],
    values: Mapping[str, TypedExpr],
    *,
    parameters: Mapping[str, object],
    switches: Mapping[str, str],
    open_clauses: Collection[str],
    widths: Widths = DEFAULT,
) -> SqlProgram:
    """Compile the conditions and values of one action on one date into Spark SQL, ANSI mode.

    The same columns, outputs and marks of `wide` as `to_duckdb` gives.
    """
    settler = Settler(parameters, switches, open_clauses)
    return _program(SPARK, conditions, values, settler, widths)
