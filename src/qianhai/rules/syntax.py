"""The words of a rule and what they are put together to, before names and kinds are known.

Holds tokens and syntax nodes with their places. Must not know a scope or a type.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, TypeAlias

from qianhai.rules.flaws import Report

KEYWORDS: Final = frozenset(
    "and or not in between is null case when then else end true false".split()
)

#: Words of SQL that are refused wherever they stand alone, with what to write instead.
REFUSED_WORDS: Final = {
    "as": "a `let` to name a part",
    "cast": "values of the right kind",
    "collate": "= on texts as they are",
    "current_date": "a date fact",
    "current_time": "a date fact",
    "current_timestamp": "a date fact",
    "distinct": "= or <>",
    "div": "multiplication by a parameter",
    "escape": "=, <> or in",
    "exists": "any_of(list, condition)",
    "ilike": "=, <> or in",
    "interval": "add_months or days_between",
    "isnull": "`is null`",
    "like": "=, <> or in",
    "notnull": "`is not null`",
    "regexp": "=, <> or in",
    "rlike": "=, <> or in",
    "select": "a list function",
    "similar": "=, <> or in",
    "symmetric": "`between` with the lower bound first",
    "union": "`or`",
    "xor": "<>",
}

#: Signs of SQL that are refused, with what to write instead.
REFUSED_SIGNS: Final = {
    "!=": "<>",
    "==": "=",
    "<=>": "=",
    "/": "multiplication, or in_currency for a rate",
    "//": "multiplication",
    "**": "multiplication",
    "%": "a fact that states the remainder",
    "||": "one text fact",
    "::": "values of the right kind",
    "->": "a dotted path",
    "->>": "a dotted path",
    ";": "one expression",
    "[": "a list function",
    '"': "the name without quotes",
    "`": "the name without quotes",
}

Kind: TypeAlias = Literal["name", "keyword", "number", "text", "sign", "end"]

_TOKEN = re.compile(
    r"""(?P<blank>\s+)
    |(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z)|\#[^\n]*)
    |(?P<text>'(?:[^']|'')*')
    |(?P<number>\.?[0-9][0-9A-Za-z_]*(?:\.[0-9A-Za-z_]*)*)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)
    |(?P<refused><=>|->>|!=|==|//|\*\*|\|\||::|->|[/%;\["`])
    |(?P<sign><=|>=|<>|[=<>()+*,-])
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_NUMBER = re.compile(r"[0-9]{1,24}(?:\.[0-9]{1,12})?")


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the text and where it stands; `text` is the value of a quoted text."""

    kind: Kind
    text: str
    start: int
    end: int


def tokens_of(text: str, report: Report) -> list[Token]:
    """Cut a text into words, noting all that is outside the profile.

    Every character is either blank or part of a word or a mistake: nothing is dropped unseen.
    """
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind, word, (start, end) = match.lastgroup, match.group(), match.span()
        if kind == "comment":
            report.note("P104", start, end)
        elif kind == "text":
            found.append(Token("text", word[1:-1].replace("''", "'"), start, end))
        elif kind == "number":
            if not _NUMBER.fullmatch(word):
                report.note("P106", start, end)
                word = "1"
            found.append(Token("number", word, start, end))
        elif kind == "name":
            folded = word.lower()
            if folded in REFUSED_WORDS:
                report.note("P105", start, end, expected=REFUSED_WORDS[folded])
            keyword = folded in KEYWORDS
            found.append(Token(*(("keyword", folded) if keyword else ("name", word)), start, end))
        elif kind == "refused":
            report.note("P105", start, end, expected=REFUSED_SIGNS[word])
            found.append(Token("sign", word, start, end))
        elif kind == "sign":
            found.append(Token("sign", word, start, end))
        elif kind == "other":
            report.note("P107" if word == "'" else "P101", start, end)
    found.append(Token("end", "", len(text), len(text)))
    return found


# --- syntax nodes: what stands where, and nothing about what it means -------------------------


@dataclass(frozen=True, slots=True)
class Syntax:
    """A piece of the text from one position to another."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Name(Syntax):
    """A dotted path: a fact, a parameter, a named part, a field of a row."""

    path: str


@dataclass(frozen=True, slots=True)
class Literally(Syntax):
    """A number, a text, a day, true or false."""

    value: str | bool | date
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Operation(Syntax):
    """An operator between, or before, its operands; `and` and `or` take as many as there are."""

    op: str
    operands: tuple[Syntax, ...]


@dataclass(frozen=True, slots=True)
class Membership(Syntax):
    """`in (...)`, or `in p.name` with the one name a parameter that lists values."""

    operand: Syntax
    items: tuple[Syntax, ...]
    is_listed: bool


@dataclass(frozen=True, slots=True)
class NullTest(Syntax):
    """`is null`."""

    operand: Syntax


@dataclass(frozen=True, slots=True)
class Choice(Syntax):
    """`case when ... then ... else ... end`."""

    guards: tuple[Syntax, ...]
    values: tuple[Syntax, ...]
    otherwise: Syntax


@dataclass(frozen=True, slots=True)
class Call(Syntax):
    """A named function with its arguments."""

    name: str
    arguments: tuple[Syntax, ...]
