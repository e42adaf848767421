"""Facts as leaves: what a facility asks for, and how a sender's text becomes a value.

A fact `refund` of type money declares two leaves, `refund.amount` and `refund.currency`. Values
are bool, int, Decimal, date, str or a list of such mappings; a leaf that is left out is unknown.
All flaws of an input are found at once.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from qianhai.kernel import CURRENCIES, Flaw, Place, nearest, parse_date, parse_decimal, to_minor
from qianhai.policy.model import Fact
from qianhai.rules import ABSENT

Values = dict[str, object]
_TEXT_MAX = 500
_SHOWN_MAX = 80
#: What a sender states, and what is drawn on a limit, is never below zero; net assets may be.
_NEVER_NEGATIVE = frozenset({"sender", "used"})


@dataclass(frozen=True, slots=True)
class Leaf:
    """One typed leaf of the fact of a name; for money, where its currency is stated."""

    path: str
    name: str
    fact: Fact
    type: str
    currency: str = ""
    values: tuple[str, ...] = ()


def has_parts(fact: Fact) -> bool:
    """Tell whether a fact is an amount and a currency, each a leaf of its own."""
    return fact.type == "money" and not fact.currency


def leaves_of(facts: Mapping[str, Fact]) -> dict[str, Leaf]:
    """Return every leaf of the declared facts, by its dotted path."""
    found: dict[str, Leaf] = {}
    for name, fact in facts.items():
        if has_parts(fact):
            found[f"{name}.amount"] = Leaf(
                f"{name}.amount", name, fact, "money", f"{name}.currency"
            )
            found[f"{name}.currency"] = Leaf(f"{name}.currency", name, fact, "currency")
        else:
            found[name] = Leaf(name, name, fact, fact.type, fact.currency, fact.values)
    return found


def flatten(tree: object, prefix: str = "") -> Iterable[tuple[str, object]]:
    """Yield the leaves of nested mappings by dotted path; lists stay whole.

    >>> list(flatten({"fee": {"amount": "1.00", "on": "2023-06-30"}}))
    [('fee.amount', '1.00'), ('fee.on', '2023-06-30')]
    """
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from flatten(value, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix, tree


class _WrongFormError(Exception):
    """A value is not of the form its type asks for."""

    def __init__(self, code: str, en: str, zh: str) -> None:
        self.code, self.en, self.zh = code, en, zh
        super().__init__(en)


def read_facts(
    declared: Mapping[str, Fact],
    given: Iterable[tuple[str, object]],
    place: Callable[[str], Place],
    *,
    leaves: Mapping[str, Leaf] | None = None,
) -> tuple[Values, list[Flaw]]:
    """Read given leaves against their declarations.

    Who reads many rows passes the `leaves` of the declarations. `place` tells where a leaf
    stands in the input. Returns the values, and every flaw: unknown fact, wrong form, more
    decimals than the currency has, more than the ledger can hold.
    """
    leaves = leaves or leaves_of(declared)
    reading = _Reading(place)
    for path, raw in given:
        leaf = leaves.get(path)
        if leaf is None:
            reading.unknown(path, raw, leaves, path)
        elif raw is not None:
            reading.read(leaf, raw)
        elif leaf.fact.optional:
            reading.values[path] = ABSENT
    for path, value in reading.values.items():
        currency = leaves[path].currency
        if leaves[path].type == "money" and isinstance(value, Decimal):
            stated = reading.values.get(currency, currency)
            reading.check_amount(path, value, str(stated), path)
    return reading.values, reading.flaws


def read_leaf(leaf: Leaf, raw: object) -> object:
    """Return the value of one leaf by itself, as `read_facts` does; None where it has a flaw."""
    if leaf.type == "list":
        return None
    try:
        value = _scalar_of(leaf, _text_of(raw))
        if leaf.type == "money" and leaf.currency in CURRENCIES and isinstance(value, Decimal):
            to_minor(value, CURRENCIES[leaf.currency])
    except (_WrongFormError, ValueError):
        return None
    return value


class _Reading:
    """The values read so far, and every flaw."""

    def __init__(self, place: Callable[[str], Place]) -> None:
        self.values: Values = {}
        self.flaws: list[Flaw] = []
        self._place = place

    def _note(self, code: str, at: str, value: object, expected: str, en: str, zh: str) -> None:
        self.flaws.append(Flaw(code, self._place(at), str(value)[:_SHOWN_MAX], expected, en, zh))

    def unknown(self, path: str, raw: object, known: Iterable[str], at: str) -> None:
        """Note a fact that nobody declared, with the nearest name."""
        near = nearest(path, known)
        hint, zh_hint = (f" Nearest name: `{near}`.", f"相近名称：“{near}”。") if near else ("", "")
        en, zh = f"unknown fact `{path}`.{hint}", f"该业务没有事实“{path}”。{zh_hint}"
        self._note("F001", at, raw, "a fact of this facility", en, zh)

    def read(self, leaf: Leaf, raw: object) -> None:
        """Read a leaf; it stays unknown where it has a flaw."""
        if leaf.type != "list":
            value = self._scalar(leaf, leaf.path, raw, leaf.path)
            if value is not None:
                self.values[leaf.path] = value
        elif isinstance(raw, list) and all(isinstance(item, Mapping) for item in raw):
            self.values[leaf.path] = [self._item(leaf, at, item) for at, item in enumerate(raw)]
        else:
            fields = leaf.fact.fields
            en = f"`{leaf.path}` is a list of items with {', '.join(fields)}."
            zh = f"“{leaf.path}”应为条目列表，字段为 {'、'.join(fields)}。"
            self._note("F004", leaf.path, raw, "a list of items", en, zh)

    def _item(self, leaf: Leaf, number: int, item: Mapping[str, object]) -> Values:
        """Read one item of a list; what is left out or null in it is unknown."""
        read: Values = {}
        fields = leaf.fact.fields
        for name, raw in item.items():
            path, field = f"{leaf.path}.{number}.{name}", fields.get(name)
            if field is None:
                known = [f"{leaf.path}.{number}.{one}" for one in fields]
                self.unknown(path, raw, known, leaf.path)
            elif raw is not None:
                part = Leaf(path, leaf.name, leaf.fact, field.type, field.currency, field.values)
                value = self._scalar(part, path, raw, leaf.path)
                if value is not None:
                    read[name] = value
        for name, value in read.items():
            if fields[name].type == "money" and isinstance(value, Decimal):
                stated = read.get(fields[name].currency, fields[name].currency)
                self.check_amount(f"{leaf.path}.{number}.{name}", value, str(stated), leaf.path)
        return read

    def _scalar(self, leaf: Leaf, path: str, raw: object, at: str) -> object:
        try:
            return _scalar_of(leaf, _text_of(raw))
        except _WrongFormError as fault:
            shown = str(raw)[:_SHOWN_MAX]
            en = f"`{path}` is `{shown}`; expected {fault.en}."
            zh = f"“{path}”的值为“{shown}”，应为{fault.zh}。"
            self._note(fault.code, at, raw, fault.en, en, zh)
            return None

    def check_amount(self, path: str, value: Decimal, currency: str, at: str) -> None:
        """Note an amount its currency or the ledger cannot hold, where the currency is known."""
        scale = CURRENCIES.get(currency)
        if scale is None:
            return
        try:
            to_minor(value, scale)
        except ValueError:
            en = (
                f"`{path}` is {value} {currency}; {currency} has {scale} decimals, and an amount "
                "at most 19 digits."
            )
            zh = (
                f"“{path}”为 {value} {currency}；{currency} 有 {scale} 位小数，金额至多 19 位数字。"
            )
            self._note("F005", at, value, f"at most {scale} decimals", en, zh)


def _text_of(raw: object) -> str:
    """Return a scalar of JSON as the text it stands for; a number with a point is not exact."""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, int | str):
        return str(raw)
    raise _WrongFormError(
        "F002", "a text in quotes, so that it stays exact", "带引号的文本，以保持精确"
    )


def _wrong(en: str, zh: str) -> _WrongFormError:
    return _WrongFormError("F003", en, zh)


def _boolean(_leaf: Leaf, text: str) -> bool:
    if text in {"true", "false"}:
        return text == "true"
    raise _wrong("true or false", "true 或 false")


def _integer(_leaf: Leaf, text: str) -> int:
    try:
        return to_minor(parse_decimal(text), 0)
    except ValueError:
        raise _wrong("a whole number", "整数") from None


def _date(_leaf: Leaf, text: str) -> date:
    try:
        return parse_date(text)
    except ValueError:
        raise _wrong("a day as YYYY-MM-DD", "形如 YYYY-MM-DD 的日期") from None


def _currency(_leaf: Leaf, text: str) -> str:
    if text in CURRENCIES:
        return text
    near = nearest(text, CURRENCIES) or "CNY"
    raise _wrong(f"a currency code such as {near}", f"币种代码，如 {near}")


def _enum(leaf: Leaf, text: str) -> str:
    if text in leaf.values:
        return text
    raise _wrong(f"one of {', '.join(leaf.values)}", f"{'、'.join(leaf.values)}之一")


def _words(_leaf: Leaf, text: str) -> str:
    if 0 < len(text) <= _TEXT_MAX and text.isprintable():
        return text
    en = f"a text of 1 to {_TEXT_MAX} printable characters"
    raise _wrong(en, f"1 至 {_TEXT_MAX} 个可见字符")


def _number(leaf: Leaf, text: str) -> Decimal:
    try:
        value = parse_decimal(text)
    except ValueError:
        raise _wrong("a plain decimal such as 1234.56", "普通小数，如 1234.56") from None
    if leaf.type == "rate" and value <= 0:
        raise _wrong("a rate above zero", "大于零的汇率")
    if leaf.fact.iso == "instructed_amount" and value <= 0:
        raise _wrong("an amount above zero", "大于零的金额")
    if leaf.type == "money" and leaf.fact.provider in _NEVER_NEGATIVE and value < 0:
        raise _wrong("an amount of zero or more", "不小于零的金额")
    return value


_FORMS: Final[Mapping[str, Callable[[Leaf, str], object]]] = {
    "boolean": _boolean,
    "integer": _integer,
    "number": _number,
    "money": _number,
    "rate": _number,
    "date": _date,
    "text": _words,
    "enum": _enum,
    "currency": _currency,
}


def _scalar_of(leaf: Leaf, text: str) -> object:
    """Return the value a leaf's text stands for; raises the form that was expected."""
    return _FORMS[leaf.type](leaf, text)
