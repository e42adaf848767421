"""Rounding, once, where an exact value becomes minor units.

Holds the two directions. Must not decide which one is meant: a draw rounds up, headroom down.
"""

from decimal import Decimal
from fractions import Fraction


def ceil_minor(value: int | Decimal | Fraction, scale: int) -> int:
    """Return the least number of minor units that is not below a value in major units.

    >>> ceil_minor(Fraction(10, 3), 2)
    334
    """
    above, below = value.as_integer_ratio()
    units: int = -above * 10**scale // below
    return -units


def floor_minor(value: int | Decimal | Fraction, scale: int) -> int:
    """Return the greatest number of minor units that is not above a value in major units.

    >>> floor_minor(Fraction(10, 3), 2), floor_minor(Decimal("-0.001"), 2)
    (333, -1)
    """
    above, below = value.as_integer_ratio()
    units: int = above * 10**scale // below
    return units
