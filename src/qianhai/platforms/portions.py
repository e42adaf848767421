"""Exact values made into whole minor units: the rounding rule, shares, and tax withheld.

Holds the one rule of rounding of this room. Must not know what an amount is for.
"""

from collections.abc import Sequence
from fractions import Fraction


def half_up(value: Fraction) -> int:
    """Round an exact value to the nearest whole unit, a half away from zero.

    >>> half_up(Fraction(5, 2)), half_up(Fraction(-5, 2)), half_up(Fraction(249, 100))
    (3, -3, 2)
    """
    size = (2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)
    return size if value >= 0 else -size


def apportion(total: int, shares: Sequence[Fraction]) -> tuple[int, ...]:
    """Divide whole units by shares so that the parts add up: the largest remainders get one more.

    Of equal remainders the earlier part gets it. A negative total is divided as its size is.

    Raises:
        ValueError: a share is negative, or all are zero.

    The Hare-Niemeyer example of the encyclopaedias, 100,000 votes for ten seats:

    >>> votes = (47_000, 16_000, 15_800, 12_000, 6_100, 3_100)
    >>> apportion(10, [Fraction(one) for one in votes])
    (5, 2, 1, 1, 1, 0)
    >>> apportion(10_000, [Fraction(1)] * 3)
    (3334, 3333, 3333)
    """
    whole = sum(shares, Fraction(0))
    if whole <= 0 or min(shares) < 0:
        raise ValueError("shares are not negative, and one of them is not zero")
    exact = [abs(total) * share / whole for share in shares]
    parts = [part.numerator // part.denominator for part in exact]
    by_remainder = sorted(range(len(parts)), key=lambda at: parts[at] - exact[at])
    for at in by_remainder[: abs(total) - sum(parts)]:
        parts[at] += 1
    return tuple(parts if total >= 0 else [-part for part in parts])


def withheld(gross: int, rate: Fraction) -> int:
    """Return the tax a payer keeps back from a gross amount; the payee gets the rest.

    Interest paid to a resident of Hong Kong under the arrangement on double taxation, article 11:
    seven per cent of the gross amount.

    >>> withheld(1_000_000, Fraction(7, 100))
    70000
    """
    return half_up(gross * rate)
