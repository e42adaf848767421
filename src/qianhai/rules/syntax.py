"""The words of a rule and what they are put together to, before names and kinds are known.

Holds tokens and syntax nodes with their places. Must not know a scope or a type.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, TypeAlias

from qianhai.rules.flaws import Report

KEYWORDS: Final = frozenset(
    {"and", "or", "not", "in", "between", "is", "null", "case", "when", "then", "else", "end"}
    | {"true", "false"}
)

_EQUAL = ("=, <> or in", "=、<> 或 in")
_DAY = ("a date fact", "日期事实")
_KIND = ("values of the right kind", "类型正确的值")
_TIMES = ("multiplication", "乘法")
_FOLD = ("a list function", "列表函数")
_PATH = ("a dotted path", "带点的路径")
_BARE = ("the name without quotes", "不带引号的名称")

#: Words of SQL that are refused wherever they stand alone, with what to write instead.
REFUSED_WORDS: Final = {
    "as": ("a `let` to name a part", "用 let 给部分命名"),
    "cast": _KIND,
    "collate": _EQUAL,
    "current_date": _DAY,
    "current_time": _DAY,
    "current_timestamp": _DAY,
    "distinct": ("= or <>", "= 或 <>"),
    "div": _TIMES,
    "escape": _EQUAL,
    "exists": ("any_of(list, condition)", "any_of(list, condition)"),
    "ilike": _EQUAL,
    "interval": ("add_months or days_between", "add_months 或 days_between"),
    "isnull": ("`is null`", "is null"),
    "like": _EQUAL,
    "notnull": ("`is not null`", "is not null"),
    "regexp": _EQUAL,
    "rlike": _EQUAL,
    "select": _FOLD,
    "similar": _EQUAL,
    "symmetric": ("`between` with the lower bound first", "下限在前的 between"),
    "union": ("`or`", "or"),
    "xor": ("<>", "<>"),
}

#: Signs of SQL that are refused, with what to write instead.
REFUSED_SIGNS: Final = {
    "!=": ("<>", "<>"),
    "==": ("=", "="),
    "<=>": ("=", "="),
    "/": ("multiplication, or in_currency for a rate", "乘法；汇率用 in_currency"),
    "//": _TIMES,
    "**": _TIMES,
    "%": ("a fact that states the remainder", "给出余数的事实"),
    "||": ("one text fact", "一个文本事实"),
    "::": _KIND,
    "->": _PATH,
    "->>": _PATH,
    ";": ("one expression", "一个表达式"),
    "[": _FOLD,
    '"': _BARE,
    "`": _BARE,
}

Kind: TypeAlias = Literal["name", "keyword", "number", "text", "sign", "broken", "end"]

_TOKEN = re.compile(
    r"""
    (?P<blank>\s+)
    |(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z)|\#[^\n]*)
    |(?P<text>'(?:[^']|'')*')
    |(?P<unclosed>'.*)
    |(?P<number>\.?[0-9]\w*(?:\.\w*)*)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)
    |(?P<refused><=>|->>|!=|==|//|\*\*|\|\||::|->|[/%;\["`])
    |(?P<sign><=|>=|<>|[=<>()+*,-])
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_NUMBER = re.compile(r"[0-9]{1,24}(?:\.[0-9]{1,12})?")


@dataclass(frozen=True, slots=True)
class Token:
    """A word and its place; `text` is the value of a quoted one, without its marks."""

    kind: Kind
    text: str
    start: int
    end: int


def _refuse(instead: tuple[str, str], start: int, end: int, report: Report) -> None:
    report.note("P105", start, end, expected=instead[0], expected_zh=instead[1])


def _number(word: str, start: int, end: int, report: Report) -> Token:
    if _NUMBER.fullmatch(word):
        return Token("number", word, start, end)
    report.note("P106", start, end)
    return Token("broken", word, start, end)


def _name(word: str, start: int, end: int, report: Report) -> Token:
    folded = word.lower()
    if folded in REFUSED_WORDS:
        _refuse(REFUSED_WORDS[folded], start, end, report)
    if folded in KEYWORDS:
        return Token("keyword", folded, start, end)
    return Token("name", word, start, end)


def tokens_of(text: str, report: Report) -> list[Token]:
    """Cut a text into words, noting all that is outside the profile.

    Every character is either blank or part of a word or a mistake: nothing is dropped unseen.
    """
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        word, (start, end) = match.group(), match.span()
        match match.lastgroup:
            case "comment":
                report.note("P104", start, end)
            case "other":
                report.note("P101", start, end)
            case "unclosed":
                report.note("P107", start, start + 1)
                found.append(Token("broken", word, start, end))
            case "text":
                found.append(Token("text", word[1:-1].replace("''", "'"), start, end))
            case "number":
                found.append(_number(word, start, end, report))
            case "name":
                found.append(_name(word, start, end, report))
            case "sign" | "refused":
                if word in REFUSED_SIGNS:
                    _refuse(REFUSED_SIGNS[word], start, end, report)
                found.append(Token("sign", word, start, end))
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
