"""Money as whole minor units with its currency beside it; decimals only at the edges.

Holds the currency table and exact conversions. Must not hold rates or rounding policy: a rate
is a fact, and who rounds which way is said where a limit or a leg is shaped.
"""

import decimal
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

#: ISO 4217 minor units of the currencies this system books, and e-CNY as its own asset.
CURRENCIES: Final[dict[str, int]] = {
    "AED": 2, "AUD": 2, "BRL": 2, "CAD": 2, "CHF": 2, "CNY": 2, "CZK": 2, "DKK": 2, "ECNY": 2,
    "EUR": 2, "GBP": 2, "HKD": 2, "HUF": 2, "IDR": 2, "ILS": 2, "INR": 2, "JPY": 0, "KRW": 0,
    "KWD": 3, "MOP": 2, "MXN": 2, "MYR": 2, "NOK": 2, "NZD": 2, "PHP": 2, "PLN": 2, "RON": 2,
    "RUB": 2, "SAR": 2, "SEK": 2, "SGD": 2, "THB": 2, "TRY": 2, "TWD": 2, "USD": 2, "VND": 0,
    "ZAR": 2,
}  # fmt: skip

#: Arithmetic that raises rather than rounds: enough digits for any product of two amounts.
EXACT: Final = decimal.Context(
    prec=120,
    traps=[decimal.Inexact, decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)

_DECIMAL = re.compile(r"-?\d{1,24}(\.\d{1,12})?")
_MINOR_MAX = 2**63 - 1


def scale_of(currency: str) -> int:
    """Return the number of decimals of a currency.

    Raises:
        KeyError: the currency is not in the table.

    >>> scale_of("CNY"), scale_of("JPY")
    (2, 0)
    """
    return CURRENCIES[currency]


def parse_decimal(text: str) -> Decimal:
    """Read a plain decimal: digits, one point, an optional minus; nothing else.

    No exponent, thousands mark, currency sign or full-width digit, because two readers of such a
    text may disagree on the amount.

    Raises:
        ValueError: the text is not a plain decimal of at most 24 + 12 digits.

    >>> parse_decimal("5000000.26")
    Decimal('5000000.26')
    """
    if not text.isascii() or not _DECIMAL.fullmatch(text):
        raise ValueError(text)
    return Decimal(text)


def to_minor(amount: Decimal, scale: int) -> int:
    """Return the amount in minor units, exactly.

    Raises:
        ValueError: the amount has more decimals than the scale, or passes 64 bits.

    >>> to_minor(Decimal("12.30"), 2)
    1230
    """
    scaled = EXACT.scaleb(amount, scale)
    minor = int(scaled)
    if minor != scaled or abs(minor) > _MINOR_MAX:
        raise ValueError(str(amount))
    return minor


def format_minor(minor: int, scale: int) -> str:
    """Write minor units as a plain decimal with all its decimals.

    >>> format_minor(-591549, 2)
    '-5915.49'
    """
    sign, digits = ("-" if minor < 0 else ""), str(abs(minor)).rjust(scale + 1, "0")
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}" if scale else f"{sign}{digits}"


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount: minor units and the currency they are in."""

    minor: int
    currency: str

    @classmethod
    def parse(cls, amount: str, currency: str) -> "Money":
        """Read an amount as a sender writes it.

        Raises:
            KeyError: the currency is unknown.
            ValueError: the amount is no plain decimal of that currency's scale.

        >>> Money.parse("0.01", "CNY")
        Money(minor=1, currency='CNY')
        """
        return cls(to_minor(parse_decimal(amount), scale_of(currency)), currency)

    def __str__(self) -> str:
        """Write currency and amount.

        >>> str(Money(500000026, "CNY"))
        'CNY 5000000.26'
        """
        return f"{self.currency} {format_minor(self.minor, scale_of(self.currency))}"
