"""The datatypes of pain.001: what a text must look like to be a day, a sum, a BIC.

Holds checks of single texts, after ISO 20022 and XML Schema part 2. Must not hold structure
(grammar.py). Check digits of an IBAN or LEI are not tested: that an account or an entity exists
is a register's answer, and the message is well formed without it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

#: Whether a text is of the datatype.
Check = Callable[[str], bool]

_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_ZONE = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?"
_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})" + _ZONE)
_DATE_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]+)?" + _ZONE
)


@dataclass(frozen=True, slots=True)
class Datatype:
    """One kind of text: its check, and what it should be in English and Chinese."""

    is_valid: Check
    expected: str
    expected_zh: str
    is_collapsed: bool = False


def decimal_of(text: str, digits_max: int = 18, fraction_max: int = 17) -> Decimal | None:
    """Return a decimal of XML Schema, or None if the text is none or has too many digits.

    Zeros that change nothing are not counted, as the standard has it.

    >>> decimal_of("0010.50", 18, 5), decimal_of("1.123456", 18, 5), decimal_of("1e3")
    (Decimal('10.50'), None, None)
    """
    if not _DECIMAL.fullmatch(text):
        return None
    whole, _, fraction = text.lstrip("+-").partition(".")
    whole, fraction = whole.lstrip("0"), fraction.rstrip("0")
    if len(fraction) > fraction_max or len(whole) + len(fraction) > digits_max:
        return None
    return Decimal(text)


def is_day(text: str) -> bool:
    """Say whether a text is a day of XML Schema, with or without a zone.

    >>> is_day("2023-06-30+08:00"), is_day("2023-02-30")
    (True, False)
    """
    return _is_calendar(_DATE, text, date.fromisoformat)


def is_instant(text: str) -> bool:
    """Say whether a text is a day and time of XML Schema, with or without a zone.

    >>> is_instant("2023-06-30T09:00:00.5Z"), is_instant("2023-06-30 09:00")
    (True, False)
    """
    return _is_calendar(_DATE_TIME, text, datetime.fromisoformat)


def _is_calendar(pattern: re.Pattern[str], text: str, parse: Callable[[str], object]) -> bool:
    found = pattern.fullmatch(text)
    if not found:
        return False
    try:
        parse(found[1])
    except ValueError:
        return False
    return True


def _pattern(pattern: str) -> Check:
    compiled = re.compile(pattern)
    return lambda text: compiled.fullmatch(text) is not None


def _length(limit: int) -> Check:
    return lambda text: 0 < len(text) <= limit


def _decimal(digits_max: int, fraction_max: int, *, is_signed: bool = True) -> Check:
    def check(text: str) -> bool:
        found = decimal_of(text, digits_max, fraction_max)
        return found is not None and (is_signed or found >= 0)

    return check


_BIC = "[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?"
_BIC_03 = "[A-Z]{6}[A-Z2-9][A-NP-Z0-9]([A-Z0-9]{3})?"
_UETR = "[a-f0-9]{8}-[a-f0-9]{4}-4[a-f0-9]{3}-[89ab][a-f0-9]{3}-[a-f0-9]{12}"

#: Every datatype the notation names, texts of a length apart.
DATATYPES: Final[dict[str, Datatype]] = {
    "Date": Datatype(is_day, "a day, YYYY-MM-DD", "日期 YYYY-MM-DD", is_collapsed=True),
    "DateTime": Datatype(
        is_instant, "a day and time, YYYY-MM-DDThh:mm:ss", "日期时间 YYYY-MM-DDThh:mm:ss",
        is_collapsed=True,
    ),
    "Boolean": Datatype(
        frozenset(("true", "false", "1", "0")).__contains__, "true or false", "true 或 false",
        is_collapsed=True,
    ),
    "Amount": Datatype(
        _decimal(18, 5, is_signed=False), "an amount of at most 18 digits, 5 of them decimals",
        "最多 18 位数字、5 位小数的金额", is_collapsed=True,
    ),
    "Sum": Datatype(
        _decimal(18, 17), "a sum of at most 18 digits", "最多 18 位数字的合计", is_collapsed=True
    ),
    "Rate": Datatype(
        _decimal(11, 10), "a rate of at most 11 digits, 10 of them decimals",
        "最多 11 位数字、10 位小数的比率", is_collapsed=True,
    ),
    "Number": Datatype(
        _decimal(18, 0), "a whole number of at most 18 digits", "最多 18 位的整数",
        is_collapsed=True,
    ),
    "Count": Datatype(_pattern("[0-9]{1,15}"), "1 to 15 digits", "1 至 15 位数字"),
    "Alphanumeric4": Datatype(_pattern("[a-zA-Z0-9]{4}"), "4 letters or digits", "4 位字母或数字"),
    "Currency": Datatype(_pattern("[A-Z]{3}"), "a currency code such as CNY", "货币代码，如 CNY"),
    "Country": Datatype(_pattern("[A-Z]{2}"), "a country code such as HK", "国家或地区代码，如 HK"),
    "Bic": Datatype(_pattern(_BIC), "a BIC of 8 or 11 characters", "8 或 11 位 BIC"),
    "Bic03": Datatype(_pattern(_BIC_03), "a BIC of 8 or 11 characters", "8 或 11 位 BIC"),
    "Lei": Datatype(_pattern("[A-Z0-9]{18}[0-9]{2}"), "an LEI of 20 characters", "20 位 LEI"),
    "Iban": Datatype(_pattern("[A-Z]{2}[0-9]{2}[a-zA-Z0-9]{1,30}"), "an IBAN", "IBAN"),
    "Uetr": Datatype(_pattern(_UETR), "a UUIDv4 in small letters", "小写 UUIDv4"),
    "Phone": Datatype(
        _pattern(r"\+[0-9]{1,3}-[0-9()+\-]{1,30}"), "a number such as +86-75512345678",
        "电话号码，如 +86-75512345678",
    ),
}  # fmt: skip


def datatype(name: str) -> Datatype:
    """Return a datatype by its name; `Text35` is a text of 1 to 35 characters.

    >>> datatype("Text4").is_valid("SALA"), datatype("Text4").is_valid("")
    (True, False)
    """
    if name.startswith("Text"):
        limit = int(name.removeprefix("Text"))
        return Datatype(_length(limit), f"1 to {limit} characters", f"1 至 {limit} 个字符")
    return DATATYPES[name]


def code_list(codes: tuple[str, ...]) -> Datatype:
    """Return the datatype of a closed list of codes.

    >>> code_list(("TRF", "CHK")).expected
    'one of TRF, CHK'
    """
    listed = ", ".join(codes)
    return Datatype(frozenset(codes).__contains__, f"one of {listed}", f"{listed} 之一")
