"""What is asked on the sample day, each case with the answer it must get.

A case is written by a method that is named for its answer: `lending.refused("AM14", ...)`. Holds
the cases in their order. Must not know a file format, nor ask the system anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sample_day.cast import Cast

#: The value date of the day; a few cases fall on other days, where the law was another.
DAY: Final = "2025-06-30"
#: The files of the day, in the order in which they are read.
FILES: Final = ("day.csv", "day.jsonl", "day.xlsx", "day.xml", "legacy.xml")

Fields = Mapping[str, str | None]


def money(fact: str, amount: str, currency: str = "CNY") -> dict[str, str | None]:
    """Return the columns of a fact that is an amount.

    >>> money("refund", "0.01", "USD")
    {'refund.amount': '0.01', 'refund.currency': 'USD'}
    """
    return {f"{fact}.amount": amount, f"{fact}.currency": currency}


def amount(number: str, currency: str = "CNY") -> dict[str, str | None]:
    """Return the columns of the amount an instruction is about.

    >>> amount("1.00")
    {'amount.amount': '1.00', 'amount.currency': 'CNY'}
    """
    return money("amount", number, currency)


@dataclass(frozen=True, slots=True)
class Case:
    """One instruction and what it must be answered: outcome and the first reason's code."""

    id: str
    file: str
    fields: Mapping[str, str]
    outcome: str
    reason: str
    note: str


@dataclass(slots=True)
class Day:
    """The day while it is written."""

    cast: Cast = field(default_factory=Cast)
    cases: list[Case] = field(default_factory=list)

    def of(self, file: str) -> list[Case]:
        """Return the cases of one file, in their order."""
        return [case for case in self.cases if case.file == file]


@dataclass(slots=True)
class Desk:
    """Where the business of one facility is written: its file, and what most cases share."""

    day: Day
    facility: str
    prefix: str
    file: str
    usual: Fields

    def permitted(self, note: str, *given: Fields, on: str = DAY, **fields: str | None) -> str:
        """Write a case that is permitted, and return its id for what continues it."""
        return self._write("permitted", "QH00", note, given, on, fields)

    def refused(
        self, reason: str, note: str, *given: Fields, on: str = DAY, **fields: str | None
    ) -> str:
        """Write a case that is refused for a reason."""
        return self._write("refused", reason, note, given, on, fields)

    def ordinary(
        self, note: str, *given: Fields, on: str = DAY, reason: str = "QH04", **fields: str | None
    ) -> str:
        """Write a case that goes by the ordinary papers."""
        return self._write("ordinary", reason, note, given, on, fields)

    def register_first(self, note: str, *given: Fields, on: str = DAY, **fields: str | None) -> str:
        """Write a case that needs prior registration."""
        return self._write("register_first", "QH03", note, given, on, fields)

    def referred(self, note: str, *given: Fields, on: str = DAY, **fields: str | None) -> str:
        """Write a case a person must decide."""
        return self._write("referred", "QH05", note, given, on, fields)

    def incomplete(
        self, note: str, *given: Fields, on: str = DAY, reason: str = "QH01", **fields: str | None
    ) -> str:
        """Write a case that waits for a fact or for evidence."""
        return self._write("incomplete", reason, note, given, on, fields)

    def _write(
        self,
        outcome: str,
        reason: str,
        note: str,
        given: tuple[Fields, ...],
        on: str,
        fields: Fields,
    ) -> str:
        """Write one case; a field given as None takes away what is usual.

        What continues an earlier case takes over its parties and facts, so nothing is usual there.
        `file` among the fields puts the case into another file of the day.

        Raises:
            KeyError: there is no such file.
        """
        serial = sum(case.id.startswith(f"{self.prefix}-") for case in self.day.cases) + 1
        number = f"{self.prefix}-{serial:03d}"
        merged: dict[str, str | None] = {"id": number, "facility": self.facility, "value_date": on}
        continues = any("of" in part for part in (*given, fields))
        for part in ({} if continues else self.usual, *given, fields):
            merged |= part
        written = {name: text for name, text in merged.items() if text}
        file = written.pop("file", self.file)
        if file not in FILES:
            raise KeyError(file)
        self.day.cases.append(Case(number, file, written, outcome, reason, note))
        return number
