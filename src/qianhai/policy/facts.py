"""Facts as leaves: what a facility asks for, and how a sender's text becomes a value.

A fact `refund` of type money declares two leaves, `refund.amount` and `refund.currency`. Values
are bool, int, Decimal, date, str or a list of such mappings; a leaf that is left out is unknown.
All flaws of an input are found at once.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from qianhai.kernel import CURRENCIES, Flaw, Place, nearest, parse_date, parse_decimal
from qianhai.policy.model import Fact, FactField
from qianhai.rules import ABSENT

Values = dict[str, object]
_TEXT_MAX = 500


@dataclass(frozen=True, slots=True)
class Leaf:
    """One typed leaf of a fact; for money, where its currency is stated."""

    path: str
    fact: Fact
    type: str
    currency: str = ""


def leaves_of(facts: Mapping[str, Fact]) -> dict[str, Leaf]:
    """Return every leaf of the declared facts, by its dotted path."""
    found: dict[str, Leaf] = {}
    for name, fact in facts.items():
        if fact.type == "money" and not fact.currency:
            found[f"{name}.amount"] = Leaf(f"{name}.amount", fact, "money", f"{name}.currency")
            found[f"{name}.currency"] = Leaf(f"{name}.currency", fact, "currency")
        else:
            found[name] = Leaf(name, fact, fact.type, fact.currency)
    return found


def flatten(tree: object, prefix: str = "") -> Iterable[tuple[str, object]]:
    """Yield the leaves of nested mappings by dotted path; lists stay whole.

    >>> list(flatten({"refund": {"amount": "1.00", "on": "2023-06-30"}}))
    [('refund.amount', '1.00'), ('refund.on', '2023-06-30')]
    """
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from flatten(value, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix, tree


def read_facts(
    declared: Mapping[str, Fact], given: Iterable[tuple[str, object]], place: Callable[[str], Place]
) -> tuple[Values, list[Flaw]]:
    """Read given leaves against their declarations.

    `place` tells where a leaf stands in the input. Returns the values, and every flaw: unknown
    fact, wrong form, more decimals than the currency has.
    """
    leaves = leaves_of(declared)
    values: Values = {}
    flaws: list[Flaw] = []
    for path, raw in given:
        leaf = leaves.get(path)
        if leaf is None:
            flaws.append(_unknown(path, raw, leaves, place(path)))
        elif raw is None:
            if leaf.fact.optional:
                values[path] = ABSENT
        else:
            value = _read(leaf, raw, place(path), flaws)
            if value is not None:
                values[path] = value
    for path, value in values.items():
        leaf = leaves[path]
        if leaf.type == "money" and isinstance(value, Decimal):
            flaws += _decimals(leaf, value, values, place(path))
    return values, flaws


def _unknown(path: str, raw: object, leaves: Mapping[str, Leaf], at: Place) -> Flaw:
    near = nearest(path, leaves)
    hint = f" Nearest name: `{near}`." if near else ""
    zh_hint = f"相近名称：“{near}”。" if near else ""
    return Flaw("F001", at, str(raw), "a fact of this facility", f"unknown fact `{path}`.{hint}",
                f"该业务没有事实“{path}”。{zh_hint}")  # fmt: skip


def _read(leaf: Leaf, raw: object, at: Place, flaws: list[Flaw]) -> object:
    """Read one leaf's text; None and a flaw when it has another form."""
    if leaf.type == "list":
        return _read_list(leaf, raw, at, flaws)
    if isinstance(raw, bool):
        raw = "true" if raw else "false"
    if isinstance(raw, int):
        raw = str(raw)
    if not isinstance(raw, str):
        shown = str(raw)
        flaws.append(Flaw("F002", at, shown, "text", f"`{leaf.path}` is {shown}; write it as a text in quotes so that it stays exact.",
                          f"“{leaf.path}”的值 {shown} 请写成带引号的文本，以保持精确。"))  # fmt: skip
        return None
    try:
        return _scalar(leaf.type, leaf.fact.values, raw, is_sent=leaf.fact.provider == "sender", is_instructed=leaf.fact.iso == "instructed_amount")  # fmt: skip
    except _WrongForm as fault:
        flaws.append(Flaw("F003", at, raw[:80], fault.en, f"`{leaf.path}` is `{raw[:80]}`; expected {fault.en}.",
                          f"“{leaf.path}”的值为“{raw[:80]}”，应为{fault.zh}。"))  # fmt: skip
        return None


class _WrongForm(Exception):  # noqa: N818 - a form, not an error
    """A text is not of the form its type asks for."""

    def __init__(self, en: str, zh: str) -> None:
        self.en, self.zh = en, zh
        super().__init__(en)


def _scalar(kind: str, values: tuple[str, ...], raw: str, *, is_sent: bool = False, is_instructed: bool = False) -> object:  # fmt: skip
    """Read a scalar of a type from its text."""
    match kind:
        case "boolean":
            if raw in {"true", "false"}:
                return raw == "true"
            raise _WrongForm("true or false", "true 或 false")
        case "integer":
            if raw.isascii() and raw.removeprefix("-").isdigit() and len(raw) <= 18:  # noqa: PLR2004
                return int(raw)
            raise _WrongForm("a whole number", "整数")
        case "date":
            try:
                return parse_date(raw)
            except ValueError:
                raise _WrongForm("a day as YYYY-MM-DD", "形如 YYYY-MM-DD 的日期") from None
        case "currency":
            if raw in CURRENCIES:
                return raw
            near = nearest(raw, CURRENCIES)
            raise _WrongForm(f"a currency code such as {near or 'CNY'}", f"币种代码，如 {near or 'CNY'}")  # fmt: skip
        case "enum":
            if raw in values:
                return raw
            raise _WrongForm(f"one of {', '.join(values)}", f"{'、'.join(values)}之一")
        case "text":
            if 0 < len(raw) <= _TEXT_MAX and raw.isprintable():
                return raw
            raise _WrongForm(f"a text of 1 to {_TEXT_MAX} printable characters", f"1 至 {_TEXT_MAX} 个可见字符")  # fmt: skip
        case _:
            return _decimal(kind, raw, is_sent=is_sent, is_instructed=is_instructed)


def _decimal(kind: str, raw: str, *, is_sent: bool, is_instructed: bool) -> Decimal:
    try:
        value = parse_decimal(raw)
    except ValueError:
        raise _WrongForm("a plain decimal such as 1234.56", "普通小数，如 1234.56") from None
    if kind == "rate" and value <= 0:
        raise _WrongForm("a rate above zero", "大于零的汇率")
    if is_instructed and value <= 0:
        raise _WrongForm("an amount above zero", "大于零的金额")
    if kind == "money" and is_sent and value < 0:
        raise _WrongForm("an amount of zero or more", "不小于零的金额")
    return value


def _read_list(leaf: Leaf, raw: object, at: Place, flaws: list[Flaw]) -> object:
    if not isinstance(raw, list) or not all(isinstance(item, Mapping) for item in raw):
        flaws.append(Flaw("F004", at, str(raw)[:80], "a list of items", f"`{leaf.path}` is a list of items with {', '.join(leaf.fact.fields)}.",
                          f"“{leaf.path}”应为条目列表，字段为 {'、'.join(leaf.fact.fields)}。"))  # fmt: skip
        return None
    return [_read_item(leaf, item, number, at, flaws) for number, item in enumerate(raw)]


def _read_item(leaf: Leaf, item: Mapping[str, object], number: int, at: Place, flaws: list[Flaw]) -> Values:  # fmt: skip
    read: Values = {}
    for name, raw in item.items():
        declared: FactField | None = leaf.fact.fields.get(name)
        path = f"{leaf.path}.{number}.{name}"
        if declared is None:
            flaws.append(_unknown(path, raw, {f"{leaf.path}.{number}.{k}": leaf for k in leaf.fact.fields}, at))  # fmt: skip
            continue
        text = ("true" if raw else "false") if isinstance(raw, bool) else str(raw)
        try:
            read[name] = _scalar(declared.type, declared.values, text, is_sent=leaf.fact.provider == "sender")  # fmt: skip
        except _WrongForm as fault:
            flaws.append(Flaw("F003", at, text[:80], fault.en, f"`{path}` is `{text[:80]}`; expected {fault.en}.",
                              f"“{path}”的值为“{text[:80]}”，应为{fault.zh}。"))  # fmt: skip
    return read


def _decimals(leaf: Leaf, value: Decimal, values: Values, at: Place) -> list[Flaw]:
    """Return a flaw when an amount has more decimals than its currency, where that is known."""
    currency = leaf.currency if leaf.currency in CURRENCIES else values.get(leaf.currency)
    if not isinstance(currency, str) or currency not in CURRENCIES:
        return []
    scale = CURRENCIES[currency]
    if value == value.quantize(Decimal(1).scaleb(-scale)):
        return []
    return [Flaw("F005", at, str(value), f"at most {scale} decimals", f"`{leaf.path}` is {value} {currency}; {currency} has {scale} decimals.",
                 f"“{leaf.path}”为 {value} {currency}，{currency} 最多 {scale} 位小数。")]  # fmt: skip
