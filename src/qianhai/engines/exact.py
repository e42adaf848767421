"""Exact whole numbers in columns: Arrow decimals in, minor units out, rounded once.

A column is of 64-bit integers where all of it fits and of Python integers where not, so nothing
is ever cut. Holds arithmetic. Must not know a limit or an engine.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pyarrow as pa

#: Digits and decimals of every figure that is answered.
FIGURE: Final = pa.decimal128(38, 8)
_SCALE: Final = 8
_LONG_MAX: Final = 2**63 - 1
_MOST: Final = 10**38
_LOW: Final = np.int64(0xFFFFFFFF)


@dataclass(frozen=True, slots=True)
class Whole:
    """Whole numbers and which of them are known; the others are 0."""

    numbers: np.ndarray[Any, Any]
    known: np.ndarray[Any, Any]

    @property
    def most(self) -> int:
        """Return the largest size."""
        if not len(self.numbers):
            return 0
        return max(int(self.numbers.max()), -int(self.numbers.min()))

    def as_objects(self) -> np.ndarray[Any, Any]:
        """Return the numbers as Python integers."""
        return self.numbers.astype(object)

    def where(self, mask: np.ndarray[Any, Any]) -> "Whole":
        """Return the numbers of some rows; the others are not known."""
        known = self.known & mask
        return Whole(np.where(known, self.numbers, 0), known)


def nothing(count: int) -> Whole:
    """Return a column of which nothing is known."""
    return Whole(np.zeros(count, np.int64), np.zeros(count, np.bool_))


def merged(first: Whole, second: Whole, mask: np.ndarray[Any, Any]) -> Whole:
    """Return the first column where the mask holds, else the second."""
    known = np.where(mask, first.known, second.known)
    return Whole(np.where(mask, first.numbers, second.numbers), known)


def together(columns: Sequence[Whole]) -> list[np.ndarray[Any, Any]]:
    """Return columns that may be added to each other, and compared, without a carry lost."""
    if sum(column.most for column in columns) <= _LONG_MAX:
        return [column.numbers for column in columns]
    return [column.as_objects() for column in columns]


def whole_of(array: Any) -> tuple[Whole, int]:  # noqa: ANN401 (Arrow has no types)
    """Return an Arrow column of numbers as whole units, and how many decimals they have."""
    known = ~np.asarray(array.is_null())
    if not pa.types.is_decimal(array.type):
        numbers = np.asarray(array.cast(pa.int64()).fill_null(0))
        return Whole(numbers, known), 0
    if array.type.bit_width != FIGURE.bit_width:
        array = array.cast(pa.decimal128(array.type.precision, array.type.scale))
    raw = np.frombuffer(array.buffers()[1], np.int64)
    pairs = raw[2 * array.offset : 2 * (array.offset + len(array))].reshape(-1, 2)
    low = np.where(known, pairs[:, 0], 0)
    high = np.where(known, pairs[:, 1], 0)
    if bool(np.all(high == low >> 63)):
        return Whole(low, known), array.type.scale
    large = high.astype(object) * 2**64 + low.view(np.uint64).astype(object)
    return Whole(large, known), array.type.scale


@dataclass(frozen=True, slots=True)
class Ratio:
    """A column of exact values: whole units over whole units, each with its decimals."""

    above: Whole
    above_scale: int
    below: Whole | None = None
    below_scale: int = 0

    @property
    def known(self) -> np.ndarray[Any, Any]:
        """Tell which values are known: both parts are."""
        return self.above.known if self.below is None else self.above.known & self.below.known

    def minor(self, scales: np.ndarray[Any, Any], *, up: bool) -> Whole:
        """Return minor units at each row's scale, rounded up or down; a scale of -1 is unknown."""
        known = self.known & (scales >= 0)
        found = nothing(len(scales))
        for scale in np.unique(scales[known]):
            mask = known & (scales == scale)
            found = merged(self._at(int(scale), mask, up=up), found, mask)
        return Whole(found.numbers, known)

    def _at(self, scale: int, mask: np.ndarray[Any, Any], *, up: bool) -> Whole:
        shift = self.below_scale + scale - self.above_scale
        times, over = 10 ** max(shift, 0), 10 ** max(-shift, 0)
        below = self.below.where(mask) if self.below else None
        is_long = self.above.most * times <= _LONG_MAX
        is_long &= (below.most if below else 1) * over <= _LONG_MAX
        above = self.above.numbers if is_long else self.above.as_objects()
        under = 1 if below is None else below.numbers if is_long else below.as_objects()
        under = np.where(mask, under, 1) * over
        numbers = -(-(above * times) // under) if up else above * times // under
        return Whole(np.where(mask, numbers, 0), mask)


def figures_of(minor: Whole, scales: np.ndarray[Any, Any]) -> tuple[Any, np.ndarray[Any, Any]]:
    """Return minor units as an Arrow column of decimals, and which had no room in it."""
    factors = np.power(np.int64(10), _SCALE - np.clip(scales, 0, _SCALE))
    if minor.numbers.dtype == object:
        values = minor.numbers * factors.astype(object)
        large = np.asarray([abs(value) >= _MOST for value in values], np.bool_)
        data = b"".join(
            (0 if is_large else int(value)).to_bytes(16, "little", signed=True)
            for value, is_large in zip(values, large, strict=True)
        )
    else:
        large, data = np.zeros(len(scales), np.bool_), _product(minor.numbers, factors)
    valid = pa.array(minor.known & ~large)
    buffers = [valid.buffers()[1], pa.py_buffer(data)]
    return pa.Array.from_buffers(FIGURE, len(scales), buffers), large & minor.known


def _product(numbers: np.ndarray[Any, Any], factors: np.ndarray[Any, Any]) -> Any:  # noqa: ANN401
    """Return 128-bit products of 64-bit numbers and factors of at most 27 bits."""
    low = (numbers & _LOW) * factors
    high = (numbers >> 32) * factors
    below = low.view(np.uint64) + ((high & _LOW).view(np.uint64) << np.uint64(32))
    above = (high >> 32) + (below < low.view(np.uint64))
    return np.stack([below.view(np.int64), above], axis=1).tobytes()


def decimals_of(texts: Sequence[str | None]) -> Any:  # noqa: ANN401 (Arrow has no types)
    """Return decimals as texts as a column of figures.

    Raises:
        ArrowInvalid: one has more than 30 digits before the point.
    """
    return pa.array([None if one is None else Decimal(one) for one in texts], FIGURE)
