"""How a value is written in an example of the pack, and when two writings are the same.

Holds texts of values only; numbers are compared exactly, never by their digits.
"""

from datetime import date
from decimal import Decimal
from fractions import Fraction

from qianhai.kernel import EXACT


def word_of(value: bool | None) -> str:
    """Write a three-valued answer.

    >>> word_of(None)
    'unknown'
    """
    return {True: "true", False: "false", None: "unknown"}[value]


def text_of(value: object) -> str:
    """Write a value as examples write it; an exact fraction that is no decimal as a ratio.

    >>> text_of(Fraction(5, 4)), text_of(Fraction(1, 3)), text_of(None)
    ('1.25', '1/3', 'unknown')
    """
    if value is None or isinstance(value, bool):
        return word_of(value)
    if isinstance(value, Fraction):
        try:
            value = EXACT.divide(Decimal(value.numerator), Decimal(value.denominator))
        except ArithmeticError:
            return str(value)
    if isinstance(value, Decimal):
        return format(value.normalize(EXACT), "f")
    return value.isoformat() if isinstance(value, date) else str(value)


def is_same(value: str, expected: str) -> bool:
    """Tell whether two texts are the same word or the same number.

    >>> is_same("5000000", "5000000.00"), is_same("unknown", "0")
    (True, False)
    """
    if value == expected:
        return True
    try:
        return Fraction(value) == Fraction(expected)
    except (ValueError, ZeroDivisionError):
        return False
