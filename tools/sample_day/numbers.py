"""Identifiers that nobody holds: a stem of our choice, completed by the check its kind asks for.

Must not know a check's arithmetic: the register does, and what it accepts is taken.
"""

from itertools import product
from typing import Final

from qianhai.registers import check

_DIGITS: Final = "0123456789"
#: Which characters a check can be, and how many there are, where it is not one digit.
_TAILS: Final = {
    "uscc": ("0123456789ABCDEFGHJKLMNPQRTUWXY", 1),
    "resident_id": ("0123456789X", 1),
    "hkid": ("0123456789A", 1),
    "lei": (_DIGITS, 2),
}


def completed(kind: str, stem: str) -> str:
    """Return a stem with the check characters that make it a number of its kind.

    Raises:
        ValueError: no check makes a number of this stem.

    >>> completed("hkid", "A123456"), completed("cnaps", "10210009999")
    ('A1234563', '102100099996')
    """
    alphabet, width = _TAILS.get(kind, (_DIGITS, 1))
    for tail in product(alphabet, repeat=width):
        found = check(kind, stem + "".join(tail))
        if isinstance(found, str):
            return found
    raise ValueError(f"no check character makes a {kind} of {stem}")


def enterprise_code(serial: int, region: str = "440305") -> str:
    """Return a unified social credit code of an enterprise; the region is Nanshan of Shenzhen.

    >>> enterprise_code(1)
    '91440305MAQH00001D'
    """
    return completed("uscc", f"91{region}MAQH{serial:05d}")


def entity_identifier(serial: int) -> str:
    """Return a legal entity identifier under a prefix no issuer uses.

    >>> entity_identifier(7)
    '0000QH00000000000786'
    """
    return completed("lei", f"0000QH{serial:012d}")


def resident_number(born_on: str, serial: int, region: str = "440305") -> str:
    """Return a resident number; regions 810000, 820000 and 830000 make it a residence permit.

    >>> resident_number("19900815", 12, "810000")
    '810000199008150129'
    """
    return completed("resident_id", f"{region}{born_on}{serial:03d}")


def card_number(serial: int) -> str:
    """Return a Hong Kong identity card number.

    >>> card_number(21)
    'Y9000214'
    """
    return completed("hkid", f"Y{900000 + serial:06d}")


def clearing_number(bank: int, branch: int) -> str:
    """Return a payment system number of a Shenzhen branch; banks from 990 up do not exist.

    >>> clearing_number(991, 1)
    '991584000016'
    """
    return completed("cnaps", f"{bank:03d}5840{branch:04d}")
