"""The cells of one register row, read one by one while every mistake is collected.

Holds readers for a text, a word of a list, a day, an instant, an amount, a share. Must not know
the kinds of entries: which columns a kind has is said in check.py. A cell that cannot be read
gives a stand-in, and a flaw that keeps the row from being used.
"""

import re
from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime
from enum import StrEnum
from fractions import Fraction
from typing import Final, TypeVar

from qianhai.kernel import CURRENCIES, Flaw, Money, Place, nearest, parse_date, parse_decimal
from qianhai.registers.identifiers import check as check_identifier
from qianhai.registers.model import EntryRow, Value

_TEXT_MAX = 1_000
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})")
_FRACTION = re.compile(r"\d{1,12}/\d{1,12}")
_RESIDENT_NUMBER = re.compile(r"(?<![0-9A-Za-z])\d{17}[\dXx](?![0-9A-Za-z])")
_ATTRIBUTE_NAME = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*")
_YES_NO: Final = ("true", "false")
_Word = TypeVar("_Word", bound=StrEnum)


def states_resident_number(text: str) -> bool:
    """Say whether a text contains a valid resident identity number.

    Such a number must stand where it is encrypted, and nowhere else.

    >>> states_resident_number("copy of 11010519491231002X seen"), states_resident_number("INV 7")
    (True, False)
    """
    return any(
        isinstance(check_identifier("resident_id", number), str)
        and not isinstance(check_identifier("uscc", number), str)
        for number in _RESIDENT_NUMBER.findall(text)
    )


def parse_instant(text: str) -> datetime:
    """Read an instant written with its offset from UTC, and return it in UTC.

    Raises:
        ValueError: another form, or no such instant.
        OverflowError: an instant outside the calendar.

    >>> parse_instant("2023-06-30T09:00:00+08:00").isoformat()
    '2023-06-30T01:00:00+00:00'
    """
    if not text.isascii() or not _INSTANT.fullmatch(text):
        raise ValueError(text)
    return datetime.fromisoformat(text).astimezone(UTC)


class Cells:
    """One row under reading: its cells by dotted name, and the flaws found so far."""

    def __init__(self, row: EntryRow) -> None:
        self.place = row.place
        self.fields = row.fields
        self.flaws: list[Flaw] = []

    def at(self, column: str) -> Place:
        """Return the place of one cell."""
        return Place(self.place.file, self.place.line, column)

    def object_to(self, code: str, column: str, expected: str, en: str, zh: str) -> None:
        """Record a flaw of one cell."""
        value = self.fields.get(column, "")
        self.flaws.append(Flaw(code, self.at(column), value, expected, en, zh))

    def text(self, column: str, *, is_required: bool = True) -> str:
        """Read a text of readable length without control characters."""
        found = self.fields.get(column, "").strip()
        if not found and is_required:
            self.object_to(
                "R103",
                column,
                "a value",
                f"`{column}` is missing. Fill it in.",
                f"缺少 `{column}`，请补填。",
            )
        elif len(found) > _TEXT_MAX or not found.isprintable():
            self.object_to(
                "R104",
                column,
                f"at most {_TEXT_MAX} printable characters",
                f"`{column}` is longer than {_TEXT_MAX} characters or holds control characters."
                " Shorten it or take them out.",
                f"`{column}` 超过 {_TEXT_MAX} 个字符或含有控制字符，请缩短或删除。",
            )
        return found

    def word(self, column: str, known: Collection[str], *, is_required: bool = True) -> str:
        """Read one word of a closed list; the empty text where none is needed and none is there."""
        found = self.text(column, is_required=is_required)
        if found and found not in known:
            hint = nearest(found, known)
            shown = ", ".join(sorted(known)) if len(known) <= len(CURRENCIES) else "ISO 3166-1"
            self.object_to(
                "R104",
                column,
                shown,
                f"`{column}` is `{found}`, which is none of: {shown}."
                + (f" Nearest: `{hint}`." if hint else ""),
                f"`{column}` 的值 `{found}` 不在可选范围内：{shown}。"
                + (f"最接近：`{hint}`。" if hint else ""),
            )
        return found

    def member(self, column: str, words: type[_Word], *, is_required: bool = True) -> _Word | None:
        """Read one member of an enumeration."""
        known = [word.value for word in words]
        found = self.word(column, known, is_required=is_required)
        return words(found) if found in known else None

    def is_true(self, column: str) -> bool:
        """Read true or false; false when the cell is empty."""
        return self.word(column, _YES_NO, is_required=False) == "true"

    def day(self, column: str, *, is_required: bool = True) -> date | None:
        """Read a day; None, or a flaw, when the cell is empty."""
        found = self.text(column, is_required=is_required)
        if not found:
            return None
        try:
            return parse_date(found)
        except ValueError:
            self.object_to(
                "R106",
                column,
                "YYYY-MM-DD",
                f"`{column}` is `{found}`, which is no day. Write it as 2023-06-30.",
                f"`{column}` 的值 `{found}` 不是有效日期，请写成 2023-06-30 的形式。",
            )
            return None

    def instant(self, column: str, *, is_required: bool = True) -> datetime | None:
        """Read an instant with its offset from UTC."""
        found = self.text(column, is_required=is_required)
        if not found:
            return None
        try:
            return parse_instant(found)
        except (ValueError, OverflowError):
            self.object_to(
                "R106",
                column,
                "YYYY-MM-DDTHH:MM:SS+08:00",
                f"`{column}` is `{found}`, which is no instant with an offset."
                " Write it as 2023-06-30T09:00:00+08:00.",
                f"`{column}` 的值 `{found}` 不是带时区的时刻，请写成 2023-06-30T09:00:00+08:00。",
            )
            return None

    def money(self, amount: str, currency: str, column: str) -> Money | None:
        """Read an amount in a currency that was read before; `column` is where it stands."""
        try:
            return Money.parse(amount, currency)
        except KeyError:
            hint = nearest(currency, CURRENCIES)
            self.object_to(
                "R111",
                column,
                "an ISO 4217 code, or ECNY",
                f"The currency `{currency}` is not known."
                + (f" Nearest: `{hint}`." if hint else ""),
                f"不认识币种 `{currency}`。" + (f"最接近：`{hint}`。" if hint else ""),
            )
        except ValueError:
            self.object_to(
                "R112",
                column,
                f"digits with at most {CURRENCIES[currency]} decimals",
                f"`{amount}` is no amount in {currency}: write digits, a point and at most"
                f" {CURRENCIES[currency]} decimals, without thousands marks.",
                f"`{amount}` 不是有效的{currency}金额：只写数字和小数点，"
                f"小数不超过 {CURRENCIES[currency]} 位，不写千分位。",
            )
        return None

    def share(self, column: str) -> Fraction:
        """Read a share of the whole: a decimal from 0 to 1, or an exact fraction such as 1/3."""
        found = self.text(column)
        try:
            is_fraction = found.isascii() and _FRACTION.fullmatch(found)
            share = Fraction(found) if is_fraction else Fraction(parse_decimal(found or "-"))
        except (ValueError, ZeroDivisionError):
            share = Fraction(-1)
        if found and not 0 < share <= 1:
            self.object_to(
                "R113",
                column,
                "more than 0, at most 1",
                f"`{column}` is `{found}`, which is no share of the whole."
                " Write 25 % as 0.25, and a third as 1/3.",
                f"`{column}` 的值 `{found}` 不是有效的持股比例，"
                "25% 请写成 0.25，三分之一写成 1/3。",
            )
        return share

    def under(self, prefix: str) -> dict[str, str]:
        """Return the cells whose dotted name begins with a prefix, by the rest of their name."""
        start = f"{prefix}."
        return {
            name.removeprefix(start): text
            for name, text in self.fields.items()
            if name.startswith(start)
        }

    def values(self, prefix: str) -> dict[str, Value]:
        """Read the open attributes under a prefix; what a name promises is checked.

        `x.amount` with `x.currency` is one amount `x`; a name ending in `_on` is a day, one
        beginning with `is_` or `has_` is true or false.
        """
        found: dict[str, Value] = {}
        for name in self.under(prefix):
            column = f"{prefix}.{name}"
            if not name.isascii() or not _ATTRIBUTE_NAME.fullmatch(name):
                self._object_to_name(column)
                continue
            stem, _, last = name.rpartition(".")
            if last in {"amount", "currency"} and stem:
                other = "currency" if last == "amount" else "amount"
                partner = self.fields.get(f"{prefix}.{stem}.{other}")
                if partner is None:
                    self._object_to_half_amount(column, f"{prefix}.{stem}.{other}")
                elif last == "amount" and (
                    money := self.money(self.fields[column], partner, column)
                ):
                    found[stem] = money
            elif (last or name).endswith("_on"):
                self.day(column)
                found[name] = self.fields[column].strip()
            elif (last or name).startswith(("is_", "has_")):
                found[name] = self.word(column, _YES_NO)
            else:
                found[name] = self.text(column)
        return found

    def _object_to_name(self, column: str) -> None:
        self.object_to(
            "R102",
            column,
            "small letters, digits and _, parts joined by points",
            f"`{column}` is no name of an attribute. Use small letters, digits and underscores,"
            " with points between parts.",
            f"`{column}` 不是有效的属性名，只能使用小写字母、数字和下划线，各段以点号连接。",
        )

    def _object_to_half_amount(self, column: str, missing: str) -> None:
        self.object_to(
            "R112",
            column,
            f"`{missing}` beside it",
            f"`{column}` stands without `{missing}`. An amount needs both.",
            f"只有 `{column}` 而没有 `{missing}`，金额与币种须同时填写。",
        )

    def object_to_unknown_columns(self, known: Iterable[str], open_prefixes: Iterable[str]) -> None:
        """Record a flaw for every cell whose column this kind of entry does not have."""
        columns = sorted(known)
        prefixes = tuple(f"{prefix}." for prefix in open_prefixes)
        for column in self.fields:
            if column not in columns and not column.startswith(prefixes or ("\0",)):
                hint = nearest(column, columns)
                self.object_to(
                    "R102",
                    column,
                    ", ".join(columns),
                    f"There is no column `{column}` here."
                    + (f" Nearest name: `{hint}`." if hint else ""),
                    f"此类登记没有 `{column}` 列。" + (f"最接近的列名：`{hint}`。" if hint else ""),
                )
