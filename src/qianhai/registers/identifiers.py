"""Identifiers of persons and organisations: their form, and their check digit where one is known.

Holds one row a kind: what it is called, how it is written, which arithmetic its last characters
obey. Must not hold a register: whether a well-formed number was ever issued is on record or not.
A wrong digit is found here, before a payment goes to a stranger.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from qianhai.kernel import nearest
from qianhai.registers.countries import COUNTRIES

_DIGITS = "0123456789"
_DIGITS_LETTERS = _DIGITS + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#: GB 32100 leaves out the letters that are mistaken for digits, and uses 31 characters.
_USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_FOLD = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
#: First two digits of a resident number: provinces, and the residence permits 81, 82 and 83.
_PROVINCES = re.compile(r"1[1-5]|2[123]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[123]")
_PERMITS: Final = {"81": "HK", "82": "MO", "83": "TW"}


@dataclass(frozen=True, slots=True)
class IdentifierFlaw:
    """Why a text is no identifier of the kind it is said to be."""

    kind: str
    value: str
    expected: str
    en: str
    zh: str


def _is_uscc(text: str) -> bool:
    # GB 32100-2015: weights are the powers of 3 modulo 31, the sum with the check is 0 modulo 31.
    return sum(_USCC.index(c) * pow(3, at, 31) for at, c in enumerate(text[:17])) % 31 == (
        -_USCC.index(text[17]) % 31
    )


def _states_a_day(text: str) -> bool:
    try:
        date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    return True


def _is_resident_id(text: str) -> bool:
    # GB 11643 with ISO 7064 MOD 11-2: read as powers of 2, X stands for ten.
    total: int = sum("0123456789X".index(c) * pow(2, 17 - at, 11) for at, c in enumerate(text))
    return total % 11 == 1 and _PROVINCES.match(text) is not None and _states_a_day(text)


def _is_hkid(text: str) -> bool:
    # Letters count from A = 10; a missing first letter counts as a space, 36. A check of ten is A.
    values = [36] * (9 - len(text)) + [_DIGITS_LETTERS.index(c) for c in text]
    return sum(value * (9 - at) for at, value in enumerate(values)) % 11 == 0


def _is_lei(text: str) -> bool:
    # ISO 7064 MOD 97-10 over digits and letters, A = 10 ... Z = 35.
    return int("".join(str(_DIGITS_LETTERS.index(c)) for c in text)) % 97 == 1


def _is_bic(text: str) -> bool:
    return text[4:6] in COUNTRIES or text[4:6] == "XK"


def _is_cnaps(text: str) -> bool:
    # ISO 7064 MOD 11,10, found to hold for the published numbers of twenty-two head offices.
    carry = 10
    for c in text[:-1]:
        carry = ((carry + int(c)) % 10 or 10) * 2 % 11
    return (carry + int(text[-1])) % 10 == 1


def _is_isin(text: str) -> bool:
    # ISO 6166: letters become two digits, every second digit from the right is doubled.
    digits = "".join(str(_DIGITS_LETTERS.index(c)) for c in text)
    doubled = (int(c) * (1 + at % 2) for at, c in enumerate(reversed(digits)))
    return sum(number // 10 + number % 10 for number in doubled) % 10 == 0


def _has_form_only(_text: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class IdentifierKind:
    """How one kind of identifier is named, written and checked."""

    en: str
    zh: str
    form: re.Pattern[str]
    expected_en: str
    expected_zh: str
    holds: Callable[[str], bool]
    is_of_person: bool = False


def _kind(
    names: tuple[str, str],
    form: str,
    expected: tuple[str, str],
    holds: Callable[[str], bool],
    *,
    is_of_person: bool = False,
) -> IdentifierKind:
    return IdentifierKind(*names, re.compile(form), *expected, holds, is_of_person)


#: Every kind there is. No rule is stated for the last digit of a Hong Kong business registration
#: number, because none is published; and a travel permit has no check digit.
KINDS: Final[dict[str, IdentifierKind]] = {
    "uscc": _kind(
        ("unified social credit code", "统一社会信用代码"),
        rf"[{_USCC}]{{2}}\d{{6}}[{_USCC}]{{10}}",
        ("18 characters of GB 32100, the last a check", "GB 32100 规定的18位代码，末位为校验码"),
        _is_uscc,
    ),
    "resident_id": _kind(
        ("resident identity number", "公民身份号码或居住证号码"),
        r"\d{17}[\dX]",
        (
            "18 characters of GB 11643: region, day of birth, sequence, check",
            "GB 11643 规定的18位号码：地区、出生日期、顺序码、校验码",
        ),
        _is_resident_id,
        is_of_person=True,
    ),
    "hkid": _kind(
        ("Hong Kong identity card number", "香港身份证号码"),
        r"[A-Z]{1,2}\d{6}[\dA]",
        (
            "one or two letters, six digits and a check digit 0-9 or A",
            "一至两个字母、六位数字及一位校验码（0至9或A）",
        ),
        _is_hkid,
        is_of_person=True,
    ),
    "travel_permit": _kind(
        ("mainland travel permit of a Hong Kong or Macao resident", "港澳居民来往内地通行证号码"),
        r"[HM]\d{8}(\d{2})?",
        (
            "H or M and eight digits, with or without the two-digit replacement number",
            "字母H或M加八位数字，可再加两位换证次数",
        ),
        _has_form_only,
        is_of_person=True,
    ),
    "hk_brn": _kind(
        ("Hong Kong business registration number", "香港商业登记号码"),
        r"\d{8}",
        ("eight digits", "八位数字"),
        _has_form_only,
    ),
    "lei": _kind(
        ("legal entity identifier", "全球法人识别编码"),
        r"[0-9A-Z]{18}\d{2}",
        (
            "20 characters of ISO 17442, the last two a check",
            "ISO 17442 规定的20位编码，末两位为校验码",
        ),
        _is_lei,
    ),
    "bic": _kind(
        ("business identifier code", "银行识别代码"),
        r"[0-9A-Z]{4}[A-Z]{2}[0-9A-Z]{2}([0-9A-Z]{3})?",
        (
            "8 or 11 characters of ISO 9362 with a country code in places 5 and 6",
            "ISO 9362 规定的8位或11位代码，第5、6位为国家或地区代码",
        ),
        _is_bic,
    ),
    "cnaps": _kind(
        ("CNAPS bank number", "支付系统行号"),
        r"\d{12}",
        ("12 digits, the last a check", "12位数字，末位为校验码"),
        _is_cnaps,
    ),
    "isin": _kind(
        ("international securities identification number", "国际证券识别编码"),
        r"[A-Z]{2}[0-9A-Z]{9}\d",
        (
            "12 characters of ISO 6166, the last a check",
            "ISO 6166 规定的12位编码，末位为校验码",
        ),
        _is_isin,
    ),
}


def check(kind: str, text: str) -> str | IdentifierFlaw:
    """Return the identifier as registers write it, or what is wrong with it.

    Full-width characters, spaces, lower case and a Hong Kong card's brackets are ways to write
    the same number and are folded away; nothing else is guessed.

    >>> check("hkid", "a123456(3)")
    'A1234563'
    >>> check("lei", "5299 00T8 BM49 AURS DO55")
    '529900T8BM49AURSDO55'
    >>> check("cnaps", "102100099997").en
    '`102100099997` has a wrong check digit or part for a CNAPS bank number.'
    """
    rule = KINDS.get(kind)
    if rule is None:
        hint = nearest(kind, KINDS)
        return IdentifierFlaw(
            kind,
            text,
            ", ".join(KINDS),
            f"No identifier is called `{kind}`." + (f" Nearest name: `{hint}`." if hint else ""),
            f"没有名为 `{kind}` 的证件种类。" + (f"最接近的名称：`{hint}`。" if hint else ""),
        )
    written = text.translate(_FOLD).replace(" ", "").upper()
    if kind == "hkid":
        written = re.sub(r"\((.)\)$", r"\1", written)
    if not written.isascii() or not rule.form.fullmatch(written):
        return IdentifierFlaw(
            kind,
            text,
            rule.expected_en,
            f"`{text}` does not have the form of a {rule.en}: {rule.expected_en}.",
            f"`{text}` 不符合{rule.zh}的格式：{rule.expected_zh}。",
        )
    if not rule.holds(written):
        return IdentifierFlaw(
            kind,
            text,
            rule.expected_en,
            f"`{text}` has a wrong check digit or part for a {rule.en}.",
            f"`{text}` 的校验码或组成部分有误，不是有效的{rule.zh}。",
        )
    return written


def permit_region(resident_id: str) -> str | None:
    """Return whose resident holds a residence permit, or None for a citizen's own number.

    Numbers that begin with 81, 82 or 83 belong to residents of Hong Kong, Macao and Taiwan who
    live on the mainland; they are persons, but the number makes no mainland resident of them.

    >>> permit_region("810000199408230021"), permit_region("11010519491231002X")
    ('HK', None)
    """
    return _PERMITS.get(resident_id[:2])
