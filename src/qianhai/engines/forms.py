"""One column of a file as the values of a leaf, and the cells that only `read_facts` can judge.

A cell is read here when it is surely what the leaf's declaration asks for; every other cell is
a suspect, and its row is read by `policy.read_facts`, which alone says what is wrong. So nothing
here can take what is refused there.
"""

from datetime import date
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qianhai.kernel import CURRENCIES, Place
from qianhai.policy import Leaf, read_facts, read_leaf

#: How the values of each type of fact are held.
HELD: Final = {
    "boolean": pa.bool_(),
    "integer": pa.int64(),
    "number": pa.decimal128(36, 12),
    "money": pa.decimal128(36, 12),
    "rate": pa.decimal128(36, 12),
    "date": pa.date32(),
    "text": pa.string(),
    "enum": pa.string(),
    "currency": pa.string(),
}
_NUMBERS: Final = frozenset({"number", "money", "rate"})
_PLAIN: Final = r"^-?[0-9]{1,24}(\.[0-9]{1,12})?$"
#: Amounts below this are of at most 64 bits in every currency.
_AMOUNT_MAX: Final = Decimal(10**15)
_WHOLE_MAX: Final = 10**18

Array = Any
Mask = np.ndarray[Any, Any]


def is_readable(kind: pa.DataType) -> bool:
    """Tell whether a fact may be read from a column of a type: it is exact."""
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        inner = kind.value_type
        return pa.types.is_struct(inner) and all(
            is_readable(inner.field(at).type) for at in range(inner.num_fields)
        )
    if pa.types.is_dictionary(kind):
        return is_text(kind.value_type)
    return is_text(kind) or any(test(kind) for test in _EXACT)


_EXACT: Final = (
    pa.types.is_null,
    pa.types.is_boolean,
    pa.types.is_integer,
    pa.types.is_decimal128,
    pa.types.is_date32,
)


def is_text(kind: pa.DataType) -> bool:
    """Tell whether a type is text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def mask_of(array: Array) -> Mask:
    """Return a column of yes and no as numpy; what is not known is no."""
    return np.asarray(pc.fill_null(array, False))


def fitted(array: Array, width: int, scale: int) -> tuple[Array, Mask]:
    """Return a decimal column at another width, and which cells do not fit it as they are."""
    found = array.type
    fits = None
    if found.precision - found.scale > width - scale:
        most = pa.scalar(Decimal(10 ** (width - scale)))
        fits = pc.less(pc.abs(array), most)
    if found.scale > scale:
        cut = pc.round(array, scale, "towards_zero")
        same = pc.equal(cut, array)
        fits = same if fits is None else pc.and_(fits, same)
    unfit = np.zeros(len(array), np.bool_)
    if fits is not None:
        unfit = ~np.asarray(pc.fill_null(fits, True))
        if unfit.any():
            array = pc.if_else(pa.array(unfit), pa.scalar(None, found), array)
    return array.cast(pa.decimal128(width, scale)), unfit


def held(leaf: Leaf, array: Array) -> tuple[Array, Mask]:
    """Return the values of a scalar leaf, and which cells are suspects; those are left unknown."""
    kind, want = array.type, HELD[leaf.type]
    if is_text(kind) or pa.types.is_dictionary(kind):
        read = _numbers if leaf.type in _NUMBERS else _distinct
        values, suspects = read(leaf, array)
    elif pa.types.is_null(kind):
        return pa.nulls(len(array), want), np.zeros(len(array), np.bool_)
    else:
        values, suspects = _typed(leaf, array)
    if leaf.type in _NUMBERS:
        suspects = suspects | _wrong_sign(leaf, values)
    return _without(values, suspects), suspects


def _without(values: Array, mask: Mask) -> Array:
    return (
        pc.if_else(pa.array(mask), pa.scalar(None, values.type), values) if mask.any() else values
    )


def _typed(leaf: Leaf, array: Array) -> tuple[Array, Mask]:
    kind, want = array.type, HELD[leaf.type]
    none = np.zeros(len(array), np.bool_)
    if pa.types.is_integer(kind) and pa.types.is_integer(want) and kind != pa.uint64():
        values = array.cast(want)
        outside = pc.or_(pc.less(values, -_WHOLE_MAX), pc.greater(values, _WHOLE_MAX))
        return values, mask_of(outside)
    if pa.types.is_integer(kind) and leaf.type in _NUMBERS and kind != pa.uint64():
        return array.cast(pa.decimal128(38, 12)).cast(want), none
    if pa.types.is_decimal(kind) and leaf.type in _NUMBERS:
        return fitted(array, want.precision, want.scale)
    if pa.types.is_decimal(kind) and leaf.type == "integer":
        whole, unfit = fitted(array, 18, 0)
        return whole.cast(want), unfit
    if pa.types.is_boolean(kind) and leaf.type == "boolean":
        return array, none
    if pa.types.is_date32(kind) and leaf.type == "date":
        first, last = pa.scalar(date.min), pa.scalar(date.max)
        outside = pc.or_(pc.less(array, first), pc.greater(array, last))
        return array, mask_of(outside)
    return pa.nulls(len(array), want), np.asarray(array.is_valid())


def _numbers(_leaf: Leaf, array: Array) -> tuple[Array, Mask]:
    """Read texts of plain decimals."""
    texts = array.dictionary_decode() if pa.types.is_dictionary(array.type) else array
    plain = pc.match_substring_regex(texts, _PLAIN)
    suspects = mask_of(pc.invert(plain))
    return _without(texts, suspects).cast(pa.decimal128(36, 12)), suspects


def _distinct(leaf: Leaf, array: Array) -> tuple[Array, Mask]:
    """Read each distinct text once."""
    coded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    read = [read_leaf(leaf, text) for text in coded.dictionary.to_pylist()]
    values = pa.array(read, HELD[leaf.type]).take(coded.indices)
    return values, np.asarray(values.is_null()) & np.asarray(coded.is_valid())


def _nowhere(column: str) -> Place:
    return Place("", None, column)


def _wrong_sign(leaf: Leaf, values: Array) -> Mask:
    """Return the numbers whose sign the declaration refuses: asked of it, not known here."""
    leaves, zero = {leaf.path: leaf}, pa.scalar(Decimal(0), pa.decimal128(36, 12))
    wrong = np.zeros(len(values), np.bool_)
    for text, compare in (("-1", pc.less), ("0", pc.equal)):
        _, flaws = read_facts({}, [(leaf.path, text)], _nowhere, leaves=leaves)
        if flaws:
            wrong |= mask_of(compare(values, zero))
    return wrong


def overfine(values: Array, currencies: Array | str) -> Mask:
    """Return the amounts that their currency may not hold, where it is known."""
    large = mask_of(pc.greater_equal(pc.abs(values), pa.scalar(_AMOUNT_MAX)))
    if isinstance(currencies, str):
        scales = np.full(len(values), CURRENCIES.get(currencies, -1))
    else:
        codes = currencies.dictionary_encode()
        known = [CURRENCIES.get(code, -1) for code in codes.dictionary.to_pylist()]
        indices = np.asarray(codes.indices.fill_null(len(known)))
        scales = np.asarray([*known, -1])[indices]
    wrong = large & (scales >= 0)
    for scale in set(scales.tolist()) - {-1}:
        cut = pc.round(values, scale, "towards_zero")
        wrong |= mask_of(pc.not_equal(cut, values)) & (scales == scale)
    return wrong


def raw_of(value: object) -> object:
    """Return a cell as `read_facts` takes it: texts for what is not a plain scalar of JSON."""
    match value:
        case Decimal():
            text = f"{value:f}"
            return text.rstrip("0").rstrip(".") if "." in text else text
        case date():
            return value.isoformat()
        case list():
            return [
                {name: raw_of(one) for name, one in row.items()} if isinstance(row, dict) else row
                for row in value
            ]
    return value
