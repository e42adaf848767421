"""What a name or an expression is: the kinds of value a rule may speak of.

Holds the kinds and their names for people. Must hold no text, tree or value of a rule.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final


@dataclass(frozen=True, slots=True)
class Type:
    """A kind of value; `optional` says that absence is a recorded value of it.

    "Has none" is an answer and not an unknown, so only an optional leaf may be asked whether
    it is null, and it must be asked before it is used.
    """

    optional: bool = field(default=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Bool(Type):
    """True or false."""


@dataclass(frozen=True, slots=True)
class Integer(Type):
    """A whole number: a count, days, months, years."""


@dataclass(frozen=True, slots=True)
class Number(Type):
    """An exact decimal without a unit: a ratio or a factor."""


@dataclass(frozen=True, slots=True)
class Money(Type):
    """An amount in major units of one currency.

    `currency` is a code in capitals (`CNY`) or the dotted path of the currency leaf the amount
    is stated in (`refund.currency`). Two amounts of one path share a currency whatever it turns
    out to be; amounts of two paths do not, even when both turn out to be CNY.
    """

    currency: str


@dataclass(frozen=True, slots=True)
class Rate(Type):
    """Units of currency `of` for one unit of currency `per`; each a code or a path. Above 0."""

    of: str
    per: str


@dataclass(frozen=True, slots=True)
class Date(Type):
    """A calendar day."""


@dataclass(frozen=True, slots=True)
class Text(Type):
    """A text that is compared for equality only."""


@dataclass(frozen=True, slots=True)
class Currency(Type):
    """A currency code of the kernel's table."""


@dataclass(frozen=True, slots=True)
class Enum(Type):
    """One of a closed list of words; their order is kept for people and means nothing."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Set(Type):
    """Several values of one kind: what a parameter lists, as in `use not in p.barred_uses`."""

    item: Type


@dataclass(frozen=True, slots=True)
class List(Type):
    """Rows of one shape, by the dotted path of each leaf inside a row.

    A money field whose currency path is a field of the same row is stated row by row.
    """

    fields: Mapping[str, Type] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Unproven(Type):
    """The kind of a piece that has a mistake: it goes with everything and is never run."""


def is_code(currency: str) -> bool:
    """Tell a currency code from the path of a currency leaf.

    >>> is_code("CNY"), is_code("refund.currency")
    (True, False)
    """
    return currency.isupper()


def present(kind: Type) -> Type:
    """Return the kind of a value that is known not to be absent.

    >>> present(Date(optional=True))
    Date(optional=False)
    """
    return replace(kind, optional=False) if kind.optional else kind


_PLAIN: Final[dict[type[Type], tuple[str, str]]] = {
    Bool: ("a yes-or-no value", "是否值"),
    Integer: ("a whole number", "整数"),
    Number: ("a number", "数值"),
    Date: ("a date", "日期"),
    Text: ("a text", "文本"),
    Currency: ("a currency", "币种"),
    List: ("a list of rows", "列表"),
}


def _names(kind: Type) -> tuple[str, str]:
    match kind:
        case Money(currency=currency):
            known = f"in {currency}" if is_code(currency) else f"in the currency of `{currency}`"
            return f"money {known}", f"以 {currency} 计的金额"
        case Rate(of=of, per=per):
            return f"a rate of {of} for one {per}", f"汇率（每一 {per} 合若干 {of}）"
        case Enum(values=values):
            return f"one of {', '.join(values)}", f"枚举值（{'、'.join(values)}）"
        case Set(item=item):
            en, zh = _names(item)
            return f"a list of values, each {en}", f"取值清单（{zh}）"
    return _PLAIN[type(kind)]


def english(kind: Type) -> str:
    """Name a kind in English, for a message.

    >>> english(Money("CNY"))
    'money in CNY'
    """
    return _names(kind)[0]


def chinese(kind: Type) -> str:
    """Name a kind in Chinese, for a message.

    >>> chinese(Money("CNY"))
    '以 CNY 计的金额'
    """
    return _names(kind)[1]
