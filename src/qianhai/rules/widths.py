"""How wide a number can get: what bounds each column, and each number computed from columns.

Holds the bounds and where they come from. Must not write SQL: engines keep 38 digits, and who
writes for them asks here what fits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from qianhai.rules.types import Integer, Money, Rate, Type

#: Decimal digits an engine keeps in one number.
DIGITS_MAX: Final = 38
#: The largest number of 64 bits, which whole numbers are computed in as long as they fit.
LONG_MAX: Final = 2**63 - 1
#: Digits of a whole number of 32 and of 64 bits, as engines count them beside decimals.
INT_DIGITS: Final = 10
LONG_DIGITS: Final = 20
#: Rows of a list that a sum is written for; a longer list is decided elsewhere.
ROWS_MAX: Final = 9_999


@dataclass(frozen=True, slots=True)
class Widths:
    """Digits and decimals of the columns that hold numbers; whole numbers are of 32 bits.

    The defaults hold every amount below 10**15 of any currency, and are added and compared in
    64 bits. A value that does not fit its column is not put into it: such a row is decided by
    `to_python`, and its column is left empty.
    """

    money: tuple[int, int] = (18, 3)
    number: tuple[int, int] = (18, 8)
    rate: tuple[int, int] = (18, 8)


@dataclass(frozen=True, slots=True)
class Bound:
    """What is known of a number before any row is seen.

    `most` is the largest size in units of the last decimal, `scale` the decimals, `width` the
    digits of the SQL type that holds it; a whole number of 32 or 64 bits is none of DECIMAL.
    """

    most: int
    scale: int = 0
    width: int = INT_DIGITS
    is_whole: bool = False
    is_fixed: bool = False

    @property
    def digits(self) -> int:
        """Return the digits of the narrowest decimal that holds every value."""
        return max(len(str(self.most)), self.scale, 1)

    @property
    def before(self) -> int:
        """Return the digits before the point of the type that holds it."""
        return self.width - self.scale


def bound_of_literal(value: int | Decimal) -> Bound:
    """Return the bound of one number.

    >>> bound_of_literal(Decimal("-2.50"))
    Bound(most=25, scale=1, width=2, is_whole=False, is_fixed=True)
    """
    if isinstance(value, int) and abs(value) <= LONG_MAX:
        return Bound(abs(value), 0, LONG_DIGITS, is_whole=True, is_fixed=True)
    numerator, denominator = Decimal(value).as_integer_ratio()
    scale = 0
    while 10**scale % denominator:
        scale += 1
    most = abs(numerator) * (10**scale // denominator)
    return Bound(most, scale, max(len(str(most)), scale, 1), is_fixed=True)


def bound_of_column(kind: Type, widths: Widths) -> Bound:
    """Return the bound of a column of a kind."""
    if isinstance(kind, Integer):
        return Bound(2**31, is_whole=True)
    if isinstance(kind, Money):
        width, scale = widths.money
    else:
        width, scale = widths.rate if isinstance(kind, Rate) else widths.number
    return Bound(10**width - 1, scale, width)


def together(bounds: Sequence[Bound]) -> Bound:
    """Return the bound of a number that is any one of several."""
    scale = max(one.scale for one in bounds)
    most = max(one.most * 10 ** (scale - one.scale) for one in bounds)
    before = max(one.before for one in bounds)
    return Bound(most, scale, before + scale, is_whole=all(one.is_whole for one in bounds))


#: Digits before the point that a factor is given when a product has not room for all of both.
_USUAL_MONEY: Final = 15
_USUAL: Final = 6
#: Decimals that two factors may have together, so that enough is left before the point.
_SCALE_MAX: Final = 22


def shares(factors: Sequence[tuple[Type, Bound]]) -> list[tuple[int, int]]:
    """Return the width and scale each of two factors may have for the product to be exact.

    A literal keeps what it has. The longer scale gives way first; then the digits before the
    point are divided in the proportion that amounts and factors usually need.
    """
    bounds = [bound for _, bound in factors]
    scales = [bound.scale for bound in bounds]
    before = [bound.digits - bound.scale for bound in bounds]
    free = [at for at in (0, 1) if not bounds[at].is_fixed] or [0, 1]
    while sum(scales) > _SCALE_MAX and any(scales[at] for at in free):
        scales[max(free, key=lambda at: scales[at])] -= 1
    room = DIGITS_MAX - 1 - sum(scales)
    usual = [_USUAL_MONEY if isinstance(kind, Money) else _USUAL for kind, _ in factors]
    first = free[-1]  # what is left after a literal, or after the other's usual share
    other = 1 - first
    keeps = room * usual[other] // sum(usual) if len(free) > 1 else room
    before[other] = min(before[other], max(keeps, room - before[first]))
    before[first] = min(before[first], room - before[other])
    return [(max(d + s, 1), s) for d, s in zip(before, scales, strict=True)]
