"""Faults and flaws: what went wrong, where, and what to do.

    QianhaiError            exit code of the command
      BadInput              2   all flaws of the input at once; nothing was done
      BrokenIntegrity       3   a check of stored data or of the pack failed
      Environment           4   the machine or the database is at fault
      StaleState            4   another writer moved first; safe to retry (the road does)

A business "no" is never raised: it is an outcome with reasons.
"""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


class QianhaiError(Exception):
    """The root of every fault this system raises on purpose."""

    exit_code = 4
    is_retry_safe = False


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where in an input something stands: file, and line, column or path inside it.

    >>> str(Place("day.csv", line=3, column="amount"))
    'day.csv:3: amount'
    """

    file: str
    line: int | None = None
    column: str | None = None

    def __str__(self) -> str:
        """Write the place as file:line: column."""
        line = "" if self.line is None else f":{self.line}"
        return f"{self.file}{line}" + ("" if self.column is None else f": {self.column}")


@dataclass(frozen=True, slots=True)
class Flaw:
    """One mistake of an input: place, value found, what was expected, what to do.

    `code` is stable; `zh` and `en` are full sentences for a person. `value` is shown as found,
    cut to a readable length by whoever prints it. `excerpt` is the line it stands on with a caret
    under it; `length` is how many characters of that line it covers, 0 where that is not known.
    """

    code: str
    place: Place
    value: str
    expected: str
    en: str
    zh: str
    excerpt: str = field(default="", compare=False)
    length: int = field(default=0, compare=False)

    def __str__(self) -> str:
        """Write the flaw for a terminal, in English with its place first."""
        tail = f"\n{self.excerpt}" if self.excerpt else ""
        return f"{self.place}: {self.code} {self.en}{tail}"


class BadInput(QianhaiError):
    """An input cannot be used. Carries every flaw found; nothing was booked."""

    exit_code = 2

    def __init__(self, flaws: Sequence[Flaw]) -> None:
        assert flaws, "bad input names at least one flaw"
        self.flaws = tuple(flaws)
        super().__init__("\n".join(str(flaw) for flaw in self.flaws))


class BrokenIntegrity(QianhaiError):
    """Stored data, or the pack, is not what it should be. Carries every difference found."""

    exit_code = 3

    def __init__(self, flaws: Sequence[Flaw]) -> None:
        assert flaws, "a broken integrity names at least one difference"
        self.flaws = tuple(flaws)
        super().__init__("\n".join(str(flaw) for flaw in self.flaws))


class Environment(QianhaiError):
    """The machine, the disk or the database is at fault; the input is not.

    In English in two parts, what happened and what to do; `zh` says both in Chinese.
    """

    exit_code = 4

    def __init__(
        self, message: str, what_to_do: str, *, zh: str, is_retry_safe: bool = False
    ) -> None:
        self.what_to_do = what_to_do
        self.zh = zh
        self.is_retry_safe = is_retry_safe
        super().__init__(f"{message} {what_to_do}")


class StaleState(QianhaiError):
    """Another writer moved an account first. The road gathers again and retries."""

    is_retry_safe = True


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word closest to one that is not known, or an empty string.

    >>> nearest("amonut", ["amount", "currency"])
    'amount'
    """
    found = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.5)
    return found[0] if found else ""
