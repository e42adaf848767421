"""One scope for all rule tests, and how a row of it is written in a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final

from qianhai.rules import (
    ABSENT,
    Bool,
    Currency,
    Date,
    Enum,
    Env,
    Integer,
    Line,
    List,
    Money,
    Number,
    Rate,
    RuleError,
    Scope,
    Set,
    Source,
    Table,
    Text,
    Type,
    TypedExpr,
    check,
)

KIND: Final = Enum(("trade", "service", "capital"))
FACTS: Final[dict[str, Type]] = {
    "ok": Bool(),
    "paid": Bool(),
    "signed": Bool(optional=True),
    "days": Integer(),
    "count": Integer(optional=True),
    "share": Number(),
    "weight": Number(optional=True),
    "fee": Money("CNY"),
    "bonus": Money("CNY", optional=True),
    "price": Money("USD"),
    "amount.amount": Money("amount.currency"),
    "amount.currency": Currency(),
    "loan.amount": Money("loan.currency"),
    "loan.currency": Currency(),
    "loan.on": Date(),
    "rate": Rate("CNY", "amount.currency"),
    "quote": Rate("amount.currency", "CNY"),
    "swap": Rate("loan.currency", "amount.currency"),
    "dollar": Rate("CNY", "USD"),
    "yuan": Rate("USD", "CNY"),
    "on": Date(),
    "born": Date(),
    "due": Date(optional=True),
    "note": Text(),
    "party.age": Integer(),
    "party.name": Text(),
    "remark": Text(optional=True),
    "kind": KIND,
    "other_kind": KIND,
    "side": Enum(("in", "out")),
    "rows": List(
        {
            "amount": Money("currency"),
            "currency": Currency(),
            "rate": Rate("CNY", "currency"),
            "quote": Rate("currency", "CNY"),
            "fee": Money("CNY"),
            "days": Integer(),
            "on": Date(),
            "ok": Bool(),
            "kind": KIND,
            "due": Date(optional=True),
        }
    ),
    "history": List({"ok": Bool()}, optional=True),
    "others": List({"share": Number(), "weight": Number(optional=True)}),
}
PARAMETERS: Final[dict[str, Type]] = {
    "cap": Money("CNY"),
    "factor": Number(),
    "days.max": Integer(),
    "start": Date(),
    "barred": Set(KIND),
    "steps": Set(Integer()),
    "spare": Number(optional=True),
}
SWITCHES: Final = {"scope.amount": Enum(("gross", "net"))}
CLAUSES: Final = ("9a", "9b")
_LETS: Final = {
    "in_yuan": "in_currency(amount, 'CNY', rate)",
    "by_quote": "in_currency(amount, 'CNY', quote)",
    "has_due": "due is not null",
    "row_fees": "sum_of(rows, fee)",
}
#: Where a parcel may go: by sea or land from either port, at night only while 9b is open.
TABLE: Final = Table(
    (Text(), Bool()),
    ("yes", "no", "ask"),
    (
        Line((frozenset({"sea", "land"}), frozenset({"false"})), "yes"),
        Line((frozenset({"sea"}), frozenset({"true"})), "yes", "9b", "no"),
        Line((frozenset({"air"}), None), "no"),
    ),
    "ask",
)
#: When a parcel may leave: whatever way it goes, at night only while 9b is open; by day by sea.
HOURS: Final = Table(
    (Text(), Bool()),
    ("yes", "no"),
    (
        Line((None, frozenset({"true"})), "yes", "9b", "no"),
        Line((frozenset({"sea"}), frozenset({"false"})), "yes"),
    ),
    "no",
)
PLAIN: Final = Scope(facts=FACTS, parameters=PARAMETERS, switches=SWITCHES, clauses=CLAUSES)
LETS: Final = {name: check(text, PLAIN, at=Source("world.py")) for name, text in _LETS.items()}
SCOPE: Final = Scope(
    facts=FACTS,
    parameters=PARAMETERS,
    switches=SWITCHES,
    clauses=CLAUSES,
    lets=LETS,
    tables={"ways": TABLE, "hours": HOURS},
)


def checked(text: str, expect: Type | None = None) -> TypedExpr:
    """Check an expression of the world."""
    return check(text, SCOPE, expect=expect, at=Source("world.yaml"))


def refusal(text: str, expect: Type | None = None) -> RuleError | None:
    """Return the error of an expression, or nothing when it passes."""
    try:
        checked(text, expect)
    except RuleError as error:
        return error
    return None


def refused(text: str, expect: Type | None = None) -> RuleError:
    """Return the error of an expression that must not pass."""
    error = refusal(text, expect)
    assert error, f"{text!r} passed"
    return error


def value_of(kind: Type, written: object) -> object:
    """Read a value as a file writes it: `absent`, `unknown`, or the value as text."""
    if isinstance(written, str) and written in {"absent", "unknown"}:
        return ABSENT if written == "absent" else None
    match kind:
        case Bool():
            return {"true": True, "false": False}[str(written)]
        case Integer():
            return int(str(written))
        case Number() | Money() | Rate():
            return Decimal(str(written))
        case Date():
            return date.fromisoformat(str(written))
        case Set(item=item) if isinstance(written, list):
            return tuple(value_of(item, one) for one in written)
        case List(fields=fields) if isinstance(written, list):
            return [_values(row, fields) for row in written]
    return str(written)


def _values(written: Mapping[str, object], kinds: Mapping[str, Type]) -> dict[str, object]:
    return {name: value_of(kinds[name], value) for name, value in written.items()}


@dataclass(frozen=True)
class Row:
    """The values of one evaluation, as the oracle and the program take them."""

    env: Env

    @classmethod
    def written(cls, values: Mapping[str, object]) -> "Row":
        """Read `{fact: value, p.name: value, switch.name: value, open: [clause]}`."""
        facts: dict[str, object] = {}
        parameters: dict[str, object] = {}
        switches: dict[str, str] = {}
        clauses: list[str] = []
        for name, value in values.items():
            if name == "open":
                assert isinstance(value, list)
                clauses = value
            elif name.startswith("p."):
                parameters[name[2:]] = value_of(PARAMETERS[name[2:]], value)
            elif name.startswith("switch."):
                switches[name[7:]] = str(value)
            else:
                facts[name] = value_of(FACTS[name], value)
        return cls(Env(facts, parameters, switches, clauses))


def result_of(written: str, kind: Type) -> object:
    """Read a result as a file writes it; a fraction is written `1/3`."""
    if "/" in written and written != "unknown":
        return Fraction(written)
    return value_of(kind, written)
