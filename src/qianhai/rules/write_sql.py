"""From a division-free tree to SQL text: parts, the columns they are staged in, what overflows.

Holds the text. Must not run it, and must not put a name of the pack into it: columns are
numbered. A part that is needed twice is a column of an inner SELECT, so that the text stays
short. Where 38 digits might not hold a product or a sum, its operands are held to what fits: an
operand that is larger is unknown and its row is flagged, so no row without a flag is wrong.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final

from qianhai.rules.columns import NUMERIC, Column, sql_type
from qianhai.rules.dialects import Dialect
from qianhai.rules.lower import Given, OneIfUnknown
from qianhai.rules.model import (
    Apply,
    Case,
    Coalesce,
    Const,
    IsNull,
    Junction,
    Leaf,
    ListFold,
    Node,
    Within,
)
from qianhai.rules.types import Bool, Date, Integer, Set, Type
from qianhai.rules.widths import (
    DIGITS_MAX,
    LONG_DIGITS,
    LONG_MAX,
    ROWS_MAX,
    Bound,
    Widths,
    bound_of_column,
    bound_of_literal,
    shares,
    together,
)
from qianhai.rules.write_python import Shape

_COMPARED: Final = {"=", "<>", "<", "<=", ">", ">="}
_MONTHS_MAX = 12 * 9999
#: Digits of a row in a sum, so that all rows together stay within what an engine keeps.
_TERM_MAX = DIGITS_MAX - 5
#: Digits of a literal, so that a sum with it has room: as many as a rule's text may have.
_LITERAL_MAX = DIGITS_MAX - 2


@dataclass(frozen=True, slots=True)
class Row:
    """The list whose rows are asked; `is_void` asks a row of which nothing is known."""

    rows: Leaf
    is_void: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """The text of a part, how many inner SELECTs it needs, and its bound if it is a number."""

    text: str
    layer: int = 0
    bound: Bound | None = None
    is_plain: bool = False


def _is_long(bounds: Sequence[Bound], most: int) -> bool:
    """Tell whether whole numbers are computed in 64 bits."""
    return all(bound.is_whole for bound in bounds) and most <= LONG_MAX


def _numeral(value: int | Decimal) -> Part:
    bound = bound_of_literal(value)
    written = f"{value:f}" if isinstance(value, Decimal) else str(value)
    return Part(f"CAST('{written}' AS {sql_type(bound)})", 0, bound, is_plain=True)


def _known(part: Part) -> Bound:
    assert part.bound is not None, "a number has a bound"
    return part.bound


class Writer:
    """Writes the parts of one SELECT and the inner ones they need."""

    def __init__(self, dialect: Dialect, columns: Mapping[str, Column], widths: Widths) -> None:
        self.dialect = dialect
        self.shape = Shape()
        self.layers: list[list[str]] = []
        self.flags: list[Part] = []
        self._columns = columns
        self._widths = widths
        self._parts: dict[tuple[Row | None, Node], Part] = {}
        self._staged: dict[tuple[Row | None, str], Part] = {}
        self._count = 0

    # --- staging ------------------------------------------------------------------------------

    def staged(self, part: Part, row: Row | None) -> Part:
        """Return a part that may be written twice: a column, or a short text as it is."""
        if part.is_plain:
            return part
        key = (row, part.text)
        if key not in self._staged:
            inside = row is not None and not row.is_void
            text = self.mapped(row, part.text) if inside and row else part.text
            column = self.put(text, part.layer)
            text = self.dialect.index.format(column.text) if inside else column.text
            self._staged[key] = replace(column, text=text, bound=part.bound)
        return self._staged[key]

    def put(self, text: str, layer: int) -> Part:
        """Add a column to an inner SELECT and return it."""
        while len(self.layers) <= layer:
            self.layers.append([])
        name = f"v{self._count}"
        self._count += 1
        self.layers[layer].append(f"{text} AS {name}")
        return Part(name, layer + 1, is_plain=True)

    def mapped(self, row: Row, text: str) -> str:
        """Return the list of what a text is for each row."""
        return self.dialect.mapped.format(self.rows(row.rows).text, text)

    def over(self, parts: Sequence[Part], text: str, bound: Bound | None = None) -> Part:
        """Return a part made of others."""
        return Part(text, max((part.layer for part in parts), default=0), bound)

    def flag(self, wrong: str, part: Part, row: Row | None) -> None:
        """Flag the rows for which a test of a staged part holds."""
        if row is not None and not row.is_void:
            wrong = self.dialect.has_true.format(self.mapped(row, wrong))
        self.flags.append(replace(part, text=f"COALESCE({wrong}, FALSE)"))

    # --- parts --------------------------------------------------------------------------------

    def rows(self, leaf: Leaf) -> Part:
        """Return the column of a list."""
        return Part(self._columns[leaf.name].name, is_plain=True)

    def part(self, node: Node, row: Row | None = None) -> Part:
        """Return the text of a node; what does not ask the row is computed outside of it."""
        if row is not None and "item" not in self.shape.leaves[node]:
            return self.staged(self.part(node), None)
        key = (row, node)
        if key not in self._parts:
            part = self._part(node, row)
            is_shared = self.shape.times[node] > 1
            self._parts[key] = self.staged(part, row) if is_shared else part
        return self._parts[key]

    def _part(self, node: Node, row: Row | None) -> Part:
        match node:
            case Const(value=value):
                return self.literal(node.type, value)
            case Leaf():
                return self.leaf(node, row)
            case Apply():
                return self._apply(node, row)
            case Junction(op=op, operands=operands):
                parts = [self.part(one, row) for one in operands]
                return self.over(parts, f"({f' {op.upper()} '.join(p.text for p in parts)})")
            case Within():
                return self._within(node, row)
            case IsNull(operand=leaf):
                part, absent = self.leaf(leaf, row), self.absent(leaf, row)
                text = f"(CASE WHEN {absent} THEN TRUE WHEN {part.text} IS NOT NULL THEN FALSE END)"
                return self.over([part], text)
            case Coalesce(operand=leaf, otherwise=otherwise):
                return self._coalesce(leaf, otherwise, row)
            case Case():
                return self._case(node, row)
            case ListFold():
                return self._fold(node)
        return self._of_ratio(node, row)

    def literal(self, kind: Type, value: object) -> Part:
        """Return a typed literal; a number that no engine holds is unknown and flags its row."""
        kind = kind.item if isinstance(kind, Set) else kind
        dialect = self.dialect
        if isinstance(value, bool):
            return Part(str(value).upper(), is_plain=True)
        if isinstance(value, int | Decimal):
            part = _numeral(value)
            if _known(part).width <= _LITERAL_MAX:
                return part
            self.flags.append(Part("TRUE"))
            value = None
        if value is None and isinstance(kind, NUMERIC):
            return Part("CAST(NULL AS BIGINT)", 0, bound_of_literal(0), is_plain=True)
        if isinstance(value, date):
            return Part(f"DATE '{value.isoformat()}'", is_plain=True)
        if isinstance(value, str):
            return Part(dialect.quoted(value), is_plain=True)
        plain = {Bool: "BOOLEAN", Date: "DATE"}.get(type(kind), dialect.text)
        return Part(f"CAST(NULL AS {plain})", is_plain=True)

    def leaf(self, leaf: Leaf, row: Row | None) -> Part:
        """Return the column or field of a leaf; a name without a value on the date is unknown."""
        column = self._column(leaf, row)
        if column is None:
            return self.literal(leaf.type, None)
        bound = bound_of_column(leaf.type, self._widths) if isinstance(leaf.type, NUMERIC) else None
        text = column.name if leaf.kind == "fact" else self.dialect.field.format(column.name)
        return Part(text, 0, bound, is_plain=True)

    def absent(self, leaf: Leaf, row: Row | None) -> str:
        """Return the test whether an optional leaf is recorded as absent."""
        column = self._column(leaf, row)
        if column is None or column.absent is None:
            return "FALSE"
        return column.absent if leaf.kind == "fact" else self.dialect.field.format(column.absent)

    def _column(self, leaf: Leaf, row: Row | None) -> Column | None:
        if leaf.kind == "fact":
            return self._columns[leaf.name]
        if leaf.kind != "item" or row is None or row.is_void:
            return None
        fields = self._columns[row.rows.name].fields
        return next(field for field in fields if field.path == leaf.name)

    # --- numbers ------------------------------------------------------------------------------

    def held(self, part: Part, width: int, scale: int, row: Row | None) -> Part:
        """Return a number as a decimal of a width; a larger or longer one flags its row."""
        bound = _known(part)
        fits = bound.digits <= width - scale + bound.scale and bound.scale <= scale
        if fits:
            result = replace(bound, width=width, is_whole=False)
            if bound.width == width and not bound.is_whole:
                return part
            return replace(
                part, text=f"CAST({part.text} AS {sql_type(result)})", bound=result, is_plain=False
            )
        if bound.scale > scale:
            width = min(width, DIGITS_MAX - bound.scale - 1 + scale)
        return self._tested(part, Bound(min(bound.most, 10**width - 1), scale, width), row)

    def _tested(self, part: Part, result: Bound, row: Row | None) -> Part:
        """Return a number where it fits a decimal, and flag the rows where it does not.

        Both sides of each comparison have room for all digits of the other: an engine would
        round one of them before it compares. The least is a literal of its own, for Spark rounds
        a negated decimal to 34 digits.
        """
        column, scale = self.staged(part, row), result.scale
        most = Decimal(f"{10**result.width - 1}E-{scale}")
        text = column.text
        test = f"{text} BETWEEN {_numeral(most.copy_negate()).text} AND {_numeral(most).text}"
        if _known(part).scale > scale:
            rounded = f"CAST({text} AS DECIMAL({result.width + 1}, {scale}))"
            unequal = f"WHEN {text} IS NOT NULL THEN FALSE"
            test = f"(CASE WHEN {test} THEN {rounded} = {text} {unequal} END)"
        self.flag(f"NOT {test}", column, row)
        kept = f"(CASE WHEN {test} THEN CAST({text} AS {sql_type(result)}) END)"
        return self.over([column], kept, result)

    def alike(
        self, parts: Sequence[Part], row: Row | None, *, spare: int = 0
    ) -> tuple[list[Part], Bound]:
        """Bring numbers to where one decimal holds any of them, with digits to spare."""
        whole = together([_known(part) for part in parts])
        if whole.is_whole or whole.width + spare <= DIGITS_MAX:
            return list(parts), whole
        held = []
        for part in parts:
            bound = _known(part)
            width = min(bound.digits, DIGITS_MAX - spare - whole.scale + bound.scale)
            held.append(self.held(part, width, bound.scale, row) if width < bound.width else part)
        return held, together([_known(part) for part in held])

    def _sum(self, op: str, parts: Sequence[Part], row: Row | None) -> Part:
        whole = together([_known(part) for part in parts])
        if whole.is_whole and sum(_known(part).most for part in parts) > LONG_MAX:
            parts = [self._decimal(part) for part in parts]
        parts, whole = self.alike(parts, row, spare=1)
        a, b = (_known(part) for part in parts)
        most = a.most * 10 ** (whole.scale - a.scale) + b.most * 10 ** (whole.scale - b.scale)
        return self._computed(op, parts, Bound(most, whole.scale, whole.width + 1))

    def _product(self, node: Apply, row: Row | None) -> Part:
        parts = [self.part(one, row) for one in node.operands]
        bounds = [_known(part) for part in parts]
        if not _is_long(bounds, bounds[0].most * bounds[1].most):
            parts = [self._decimal(part) for part in parts]
            if sum(_known(part).width for part in parts) >= DIGITS_MAX:
                kinds = [one.type for one in node.operands]
                room = shares(list(zip(kinds, map(_known, parts), strict=True)))
                parts = [self.held(part, *one, row) for part, one in zip(parts, room, strict=True)]
            parts = self._beyond_64_bits(parts)
        a, b = (_known(part) for part in parts)
        bound = Bound(a.most * b.most, a.scale + b.scale, a.width + b.width + 1)
        return self._computed("*", parts, bound)

    def _decimal(self, part: Part) -> Part:
        bound = _known(part)
        return self.held(part, bound.digits, 0, None) if bound.is_whole else part

    def _beyond_64_bits(self, parts: list[Part]) -> list[Part]:
        """Give a factor a width of its own where an engine would stay in 64 bits and fail."""
        widths = [_known(part).width for part in parts]
        if max(widths) > 18 or sum(widths) <= 18:  # noqa: PLR2004 (digits of 64 bits)
            return parts
        at = widths.index(max(widths))
        bound = replace(_known(parts[at]), width=19, is_whole=False)
        text = f"CAST({parts[at].text} AS {sql_type(bound)})"
        parts[at] = replace(parts[at], text=text, bound=bound)
        return parts

    def _computed(self, op: str, parts: Sequence[Part], bound: Bound) -> Part:
        """Return an operator on two numbers; whole ones are computed in 64 bits."""
        texts = [part.text for part in parts]
        if all(_known(part).is_whole for part in parts):
            bound = replace(bound, width=LONG_DIGITS, is_whole=True)
            texts = [f"CAST({text} AS BIGINT)" for text in texts]
        assert bound.is_whole or bound.width <= DIGITS_MAX, "an engine would round"
        return self.over(parts, f"({texts[0]} {op} {texts[1]})", bound)

    # --- operators ----------------------------------------------------------------------------

    def _apply(self, node: Apply, row: Row | None) -> Part:
        if node.op == "*":
            return self._product(node, row)
        parts = [self.part(one, row) for one in node.operands]
        if node.op in _COMPARED:
            return self._compared(node.op, parts, row)
        if node.op in {"+", "-"}:
            return self._sum(node.op, parts, row)
        if node.op == "not":
            return self.over(parts, f"(NOT {parts[0].text})")
        if node.op == "negate":
            # Spark rounds a negated decimal to 34 digits; it subtracts exactly.
            return self._sum("-", [self.literal(Integer(), 0), parts[0]], row)
        if node.op in {"greatest", "least"}:
            return self._extreme(node.op, parts, row)
        return self._of_days(node.op, [self.staged(part, row) for part in parts], row)

    def _compared(self, op: str, parts: Sequence[Part], row: Row | None) -> Part:
        if parts[0].bound is not None:
            parts, _ = self.alike(parts, row)
        return self.over(parts, f"({parts[0].text} {op} {parts[1].text})")

    def _extreme(self, op: str, parts: Sequence[Part], row: Row | None) -> Part:
        """Take the greatest or least, unknown as soon as one is: engines would pass over it."""
        bound = None
        if parts[0].bound is not None:
            parts, bound = self.alike(parts, row)
        parts = [self.staged(part, row) for part in parts]
        unknown = " OR ".join(f"{part.text} IS NULL" for part in parts)
        among = ", ".join(part.text for part in parts)
        return self.over(
            parts, f"(CASE WHEN {unknown} THEN NULL ELSE {op.upper()}({among}) END)", bound
        )

    def _of_days(self, op: str, parts: Sequence[Part], row: Row | None) -> Part:
        a, b = (part.text for part in parts)
        whole = Bound(4 * 10**6, 0, LONG_DIGITS, is_whole=True)
        of = self.dialect.part_of_day.format
        if op == "days_between":
            return self.over(parts, self.dialect.days.format(a, b), whole)
        if op == "age_on":
            years = f"{of('year', b)} - {of('year', a)}"
            born, on = (f"{of('month', x)} * 100 + {of('day', x)}" for x in (a, b))
            return self.over(parts, f"({years} - CASE WHEN {on} < {born} THEN 1 ELSE 0 END)", whole)
        near = f"{b} BETWEEN -{_MONTHS_MAX} AND {_MONTHS_MAX}"
        months = f"(CASE WHEN {near} THEN CAST({b} AS BIGINT) END)"
        steps = self.staged(self.over(parts, months), row)
        month = f"{of('year', a)} * 12 + {of('month', a)} - 1 + {steps.text}"
        inside = f"{month} BETWEEN 12 AND {_MONTHS_MAX + 11}"
        shifted = self.dialect.shifted.format(a, steps.text)
        return self.over([*parts, steps], f"(CASE WHEN {inside} THEN {shifted} END)")

    def _within(self, node: Within, row: Row | None) -> Part:
        parts = [self.part(one, row) for one in node.children]
        if parts[0].bound is not None:
            parts, _ = self.alike(parts, row)
        items = ", ".join(part.text for part in parts[1:])
        return self.over(parts, f"({parts[0].text} IN ({items}))")

    def _coalesce(self, leaf: Leaf, otherwise: Node, row: Row | None) -> Part:
        parts, bound = [self.part(otherwise, row), self.leaf(leaf, row)], None
        if parts[0].bound is not None:
            parts, bound = self.alike(parts, row)
        absent = self.absent(leaf, row)
        text = f"(CASE WHEN {absent} THEN {parts[0].text} ELSE {parts[1].text} END)"
        return self.over(parts, text, bound)

    def _case(self, node: Case, row: Row | None) -> Part:
        """Choose by guards; behind an unknown one only what both sides agree on is known."""
        rest = self.part(node.otherwise, row)
        for guard, value in reversed(list(zip(node.guards, node.values, strict=True))):
            parts, bound = [self.part(value, row), rest], None
            if rest.bound is not None:
                parts, bound = self.alike(parts, row)
            one, other = (self.staged(part, row) for part in parts)
            asked = self.staged(self.part(guard, row), row)
            g, a, b = asked.text, one.text, other.text
            text = f"(CASE WHEN {g} THEN {a} WHEN NOT {g} THEN {b} WHEN {a} = {b} THEN {a} END)"
            rest = self.over([asked, one, other], text, bound)
        return rest

    def _of_ratio(self, node: Node, row: Row | None) -> Part:
        if isinstance(node, Given):
            number, below = self.part(node.numerator, row), self.part(node.denominator, row)
            text = f"(CASE WHEN {below.text} IS NOT NULL THEN {number.text} END)"
            return self.over([number, below], text, number.bound)
        assert isinstance(node, OneIfUnknown), "the tree has no other node"
        one = self.literal(Integer(), 1)
        parts, bound = self.alike([self.part(node.denominator, row), one], row)
        return self.over(parts, f"COALESCE({parts[0].text}, {parts[1].text})", bound)

    # --- lists --------------------------------------------------------------------------------

    def _fold(self, node: ListFold) -> Part:
        row = Row(node.rows)
        body = self.part(node.body, row)
        if node.op == "sum_of" and _known(body).digits > _TERM_MAX:
            body = self.held(body, _TERM_MAX, min(_known(body).scale, _TERM_MAX), row)
        listed = self.put(self.mapped(row, body.text), body.layer)
        text, dialect = listed.text, self.dialect
        if node.op in {"all_of", "any_of"}:
            decides = str(node.op == "any_of").upper()
            settles = (dialect.has_true if node.op == "any_of" else dialect.has_false).format(text)
            settled = "FALSE" if decides == "TRUE" else "TRUE"
            found = (
                f"(CASE WHEN {text} IS NULL THEN NULL WHEN {settles} THEN {decides} "
                f"WHEN {dialect.has_unknown.format(text)} THEN NULL ELSE {settled} END)"
            )
            return self.over([listed], found)
        unknown = f"{text} IS NULL OR {dialect.has_unknown.format(text)}"
        if node.op == "count_of":
            count = f"CAST({dialect.held.format(text)} AS BIGINT)"
            bound = Bound(2**31, 0, LONG_DIGITS, is_whole=True)
            return self.over([listed], f"(CASE WHEN {unknown} THEN NULL ELSE {count} END)", bound)
        return self._folded(node, replace(listed, bound=body.bound), unknown)

    def _folded(self, node: ListFold, listed: Part, unknown: str) -> Part:
        """Add up the rows, or take the least or greatest; no rows have an answer of their own."""
        dialect, text = self.dialect, listed.text
        empty = self.part(node.empty)
        count = dialect.length.format(text)
        extremes: dict[str, Callable[..., str]] = {
            "min_of": dialect.least.format,
            "max_of": dialect.greatest.format,
        }
        if node.op in extremes:
            parts, bound = [replace(listed, text=extremes[node.op](text)), empty], None
            if listed.bound is not None:
                parts, bound = self.alike(parts, None)
        else:
            parts, bound = self._total(listed), None
            unknown += f" OR {count} > {ROWS_MAX}"
            self.flag(f"{count} > {ROWS_MAX}", listed, None)
            bound = _known(parts[0])
            parts.append(empty)
        answer, none = (part.text for part in parts)
        found = f"(CASE WHEN {unknown} THEN NULL WHEN {count} = 0 THEN {none} ELSE {answer} END)"
        return self.over([*parts, empty], found, bound)

    def _total(self, listed: Part) -> list[Part]:
        """Return the sum of a list whose rows are few enough for it."""
        bound = _known(listed)
        most = bound.most * ROWS_MAX
        if bound.is_whole and most <= LONG_MAX:
            total = Bound(most, 0, LONG_DIGITS, is_whole=True)
        else:
            total = Bound(most, bound.scale, max(len(str(most)), bound.scale))
        text = self.dialect.total.format(listed.text, sql_type(total))
        return [replace(listed, text=f"CAST({text} AS {sql_type(total)})", bound=total)]
