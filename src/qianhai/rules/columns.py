"""The columns a rule reads when it runs on an engine: one for each leaf, numbered and typed.

Holds what a caller must put into a relation. Must not write what is computed from it.
"""

from dataclasses import dataclass
from typing import Final

from qianhai.rules.dialects import Dialect
from qianhai.rules.types import Bool, Date, Integer, List, Money, Number, Rate, Type
from qianhai.rules.widths import LONG_DIGITS, Bound, Widths, bound_of_column

NUMERIC: Final = (Integer, Number, Money, Rate)


@dataclass(frozen=True, slots=True)
class Column:
    """A column a program reads: a leaf by its path, its numbered name and its SQL type.

    `kind` is the leaf's kind, `digits` the precision and scale of a DECIMAL. An optional leaf
    has a companion column, BOOLEAN and never NULL, that is true where it is recorded as absent.
    A list has its fields inside a row, numbered too.
    """

    path: str
    name: str
    type: str
    kind: Type
    absent: str | None = None
    digits: tuple[int, int] | None = None
    fields: tuple["Column", ...] = ()


def column_of(
    path: str, kind: Type, names: tuple[str, str], widths: Widths, dialect: Dialect
) -> Column:
    """Return the column of a leaf; `names` are its own and its companion's."""
    name, absent = names[0], names[1] if kind.optional else None
    if isinstance(kind, List):
        fields = tuple(
            column_of(field, inner, (f"x{number}", f"y{number}"), widths, dialect)
            for number, (field, inner) in enumerate(sorted(kind.fields.items()))
        )
        pairs = [(f.name, f.type) for f in fields]
        pairs += [(f.absent, "BOOLEAN") for f in fields if f.absent]
        inside = ", ".join(dialect.struct_field.format(*pair) for pair in pairs)
        listed = dialect.list_of.format(dialect.row_of.format(inside))
        return Column(path, name, listed, kind, absent, fields=fields)
    if isinstance(kind, NUMERIC):
        bound = bound_of_column(kind, widths)
        digits = None if bound.is_whole else (bound.width, bound.scale)
        return Column(path, name, sql_type(bound), kind, absent, digits)
    plain = {Bool: "BOOLEAN", Date: "DATE"}.get(type(kind), dialect.text)
    return Column(path, name, plain, kind, absent)


def sql_type(bound: Bound) -> str:
    """Return the SQL type of a number: INT and BIGINT for whole ones as long as they fit."""
    if bound.is_whole:
        return "BIGINT" if bound.width == LONG_DIGITS else "INT"
    return f"DECIMAL({bound.width}, {bound.scale})"
