"""Cells of a column made into what the ledger counts in: ids, minor units, days, instants.

Holds conversions of whole columns, exact or not at all. Each returns numbers and which of the rows
hold something else; a null is never wrong and gives the column's empty value. Must not know a file
or say a flaw.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, TypeAlias
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qianhai.kernel import format_minor, parse_date, parse_decimal, to_minor
from qianhai.ledger.batch import Records
from qianhai.ledger.columns import day_number
from qianhai.ledger.model import INT64_MAX, INT64_MIN, SCALE_MAX

Numbers: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]

_UUID: Final = r"^[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$"
#: What each character of a written id is: a digit's value, a dash, or else.
_DASH: Final = 16
_DIGITS: Final = np.full(256, 17, np.uint8)
for _digit, _character in enumerate("0123456789abcdef"):
    _DIGITS[[ord(_character), ord(_character.upper())]] = _digit
_DIGITS[ord("-")] = _DASH
_WRITTEN: Final = np.array([_DASH * (c == "-") for c in str(UUID(int=0))], np.uint8)
_DECIMAL: Final = r"^-?[0-9]{1,24}(\.[0-9]{1,12})?$"
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})"
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_DECIMAL_DIGITS: Final = 38
#: The type of amounts in Parquet: 64-bit minor units of any scale.
DECIMAL: Final = pa.decimal128(27, SCALE_MAX)


def is_null(cells: pa.Array) -> Mask:
    """Tell which rows are empty."""
    mask: Mask = cells.is_null().to_numpy(zero_copy_only=False)
    return mask


def _numpy(cells: pa.Array) -> npt.NDArray[Any]:
    found: npt.NDArray[Any] = cells.to_numpy(zero_copy_only=False)
    return found


def ids(cells: pa.Array) -> tuple[Records, Mask]:
    """Return ids of 16 bytes; null is the nil id, which no chain has, so nil itself is wrong."""
    absent = is_null(cells)
    if pa.types.is_fixed_size_binary(cells.type):
        found = np.frombuffer(b"".join(cells.fill_null(bytes(16)).to_pylist()), "V16")
        return found, ~absent & (found == np.void(bytes(16)))
    quick = _written_ids(cells)
    if quick is not None:
        return quick, quick == np.void(bytes(16))
    is_uuid = _numpy(pc.match_substring_regex(cells, _UUID).fill_null(False))
    written = pc.if_else(pa.array(is_uuid), cells, str(UUID(int=0)))
    hexes = pc.replace_substring(written, "-", "")
    joined = "".join(hexes.to_pylist())
    found = np.frombuffer(bytes.fromhex(joined), "V16")
    return found, ~absent & (found == np.void(bytes(16)))


def _written_ids(cells: pa.Array) -> Records | None:
    """Return ids from texts of which every one is written as an id is, else None."""
    if (
        cells.null_count
        or not len(cells)
        or pc.any(pc.not_equal(pc.binary_length(cells), 36)).as_py()
    ):
        return None
    first = int(np.frombuffer(cells.buffers()[1], np.int32)[cells.offset])
    data = np.frombuffer(cells.buffers()[2], np.uint8)[first : first + 36 * len(cells)]
    digits = _DIGITS[data.reshape(-1, 36)]
    halves = digits[:, _WRITTEN != _DASH]
    if (digits[:, _WRITTEN == _DASH] != _DASH).any() or (halves >= _DASH).any():
        return None
    return np.ascontiguousarray(halves[:, ::2] << 4 | halves[:, 1::2]).view("V16").reshape(-1)


def by_distinct(
    cells: pa.Array, parse: Callable[[Any], int | None], empty: int
) -> tuple[Numbers, Mask]:
    """Return what each distinct value is parsed to; None from `parse` marks its rows as wrong."""
    coded = cells.dictionary_encode() if not pa.types.is_dictionary(cells.type) else cells
    parsed = [parse(value) for value in coded.dictionary.to_pylist()]
    values = np.array([empty, *(empty if one is None else one for one in parsed)], np.int64)
    wrong = np.array([False, *(one is None for one in parsed)])
    at = _numpy(coded.indices.cast(pa.int64()).fill_null(-1)) + 1
    return values[at], wrong[at]


def days(cells: pa.Array) -> tuple[Numbers, Mask]:
    """Return days as the ledger numbers them, from texts YYYY-MM-DD or dates."""

    def parse(value: str | date) -> int | None:
        try:
            return day_number(parse_date(value) if isinstance(value, str) else value)
        except ValueError:
            return None

    return by_distinct(cells, parse, 0)


def instants(cells: pa.Array) -> tuple[Numbers, Mask]:
    """Return microseconds since 1970, from texts with a zone or timestamps; null is never."""
    if pa.types.is_timestamp(cells.type):
        try:
            micros = cells.cast(pa.timestamp("us", cells.type.tz)).cast(pa.int64())
        except pa.ArrowInvalid:  # nanoseconds that are no whole microsecond
            micros = cells.cast(pa.timestamp("us", cells.type.tz), safe=False).cast(pa.int64())
        return _numpy(micros.fill_null(INT64_MAX)), np.zeros(len(cells), bool)

    def parse(text: str) -> int | None:
        if not _INSTANT.fullmatch(text):
            return None
        try:
            return (datetime.fromisoformat(text) - _EPOCH) // _MICROSECOND
        except ValueError:
            return None

    return by_distinct(cells, parse, INT64_MAX)


def minor_units(cells: pa.Array, scales: Numbers, empty: int = 0) -> tuple[Numbers, Mask]:
    """Return amounts in the smallest unit of each row's scale, exactly.

    From plain decimal texts, decimals or whole numbers. What has more decimals than its scale or
    passes 64 bits is wrong; so is the least 64-bit number, which stands for none elsewhere.

    >>> minor_units(pa.array(["12.30", "1", None, "0.001", "1e3"]), np.array([2, 0, 2, 2, 2]))[0]
    array([1230,    1,    0,    0,    0])
    """
    found = np.full(len(cells), empty, np.int64)
    wrong = np.zeros(len(cells), bool)
    given = ~is_null(cells)
    is_text = pa.types.is_string(cells.type)
    if is_text:
        plain = _numpy(pc.match_substring_regex(cells, _DECIMAL).fill_null(False))
        wrong |= given & ~plain
        given &= plain
    for scale in np.unique(scales[given]).tolist():
        rows = np.flatnonzero(given & (scales == scale))
        part = cells.take(pa.array(rows))
        quick = _quickly(part, scale)
        if quick is not None:
            found[rows] = quick
            continue
        for row, value in zip(rows.tolist(), part.to_pylist(), strict=True):
            try:
                decimal = parse_decimal(value) if is_text else Decimal(value)
                found[row] = to_minor(decimal, scale)
            except ValueError:
                wrong[row] = True
    return found, wrong


def _quickly(cells: pa.Array, scale: int) -> Numbers | None:
    """Return amounts of one scale in minor units, or None when one of them does not fit."""
    try:
        exact = cells.cast(pa.decimal128(_DECIMAL_DIGITS, scale))
    except pa.ArrowInvalid:
        return None
    words = np.frombuffer(exact.buffers()[1], np.int64).reshape(-1, 2)[: len(exact)]
    low = words[:, 0]
    does_fit = (words[:, 1] == low >> 63) & (low != INT64_MIN)
    return low if does_fit.all() else None


# The other way.


def decimals(minor: Numbers, scales: Numbers, is_absent: Mask | None = None) -> pa.Array:
    """Return minor units as exact decimals.

    >>> decimals(np.array([1230, 5]), np.array([2, 0])).to_pylist()
    [Decimal('12.30000000'), Decimal('5.00000000')]
    """
    units = pa.nulls(len(minor), DECIMAL)
    for scale in np.unique(scales).tolist():
        words = np.stack([minor, minor >> 63], axis=1)
        written = pa.Array.from_buffers(
            pa.decimal128(_DECIMAL_DIGITS, scale),
            len(minor),
            [None, pa.py_buffer(np.ascontiguousarray(words))],
        )
        is_other = pa.array(scales != scale)
        # What is of another scale is not widened: it need not fit.
        ours = pc.if_else(is_other, pa.scalar(None, written.type), written).cast(DECIMAL)
        units = pc.coalesce(units, ours)
    return units if is_absent is None else pc.if_else(pa.array(is_absent), None, units)


def texts(minor: Numbers, scales: Numbers, is_absent: Mask | None = None) -> pa.Array:
    """Return minor units as plain decimals with all the decimals of their scale.

    >>> texts(np.array([1230, -5, 7]), np.array([2, 2, 0])).to_pylist()
    ['12.30', '-0.05', '7']
    """
    found = pa.nulls(len(minor), pa.string())
    least = minor == INT64_MIN
    digits = pa.array(np.abs(np.where(least, 0, minor))).cast(pa.string())
    sign = pc.if_else(pa.array(minor < 0), "-", "")
    for scale in np.unique(scales).tolist():
        wide = pc.utf8_lpad(digits, scale + 1, "0")
        written = wide
        if scale:
            whole = pc.utf8_slice_codeunits(wide, 0, -scale)
            part = pc.utf8_slice_codeunits(wide, -scale)
            written = pc.binary_join_element_wise(whole, part, ".")
        written = pc.binary_join_element_wise(sign, written, "")
        ours = pc.if_else(pa.array(scales == scale), written, pa.scalar(None, pa.string()))
        found = pc.coalesce(found, ours)
    for row in np.flatnonzero(least).tolist():
        exact = format_minor(INT64_MIN, int(scales[row]))
        found = pc.if_else(pa.array(np.arange(len(minor)) == row), exact, found)
    return found if is_absent is None else pc.if_else(pa.array(is_absent), None, found)
