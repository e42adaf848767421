"""What the names of the pack are to the rules: the kind of each fact, parameter and reading.

Holds the way from a declaration to a rule type. Reads no value.
"""

from collections.abc import Mapping

from qianhai.policy.facts import leaves_of
from qianhai.policy.model import Fact, Parameter
from qianhai.policy.movements import MOVEMENTS
from qianhai.policy.pack import Pack
from qianhai.rules import (
    Bool,
    Currency,
    Date,
    Enum,
    Integer,
    List,
    Money,
    Number,
    Rate,
    Scope,
    Text,
    Type,
)


def _simple(
    kind: str, values: tuple[str, ...] = (), currency: str = "", *, optional: bool = False
) -> Type:
    match kind:
        case "boolean":
            return Bool(optional=optional)
        case "integer":
            return Integer(optional=optional)
        case "number":
            return Number(optional=optional)
        case "money":
            return Money(currency, optional=optional)
        case "date":
            return Date(optional=optional)
        case "enum":
            return Enum(values, optional=optional)
        case "currency":
            return Currency(optional=optional)
        case _:
            return Text(optional=optional)


def fact_types(facts: Mapping[str, Fact]) -> dict[str, Type]:
    """Return the rule type of every leaf of the declared facts."""
    types: dict[str, Type] = {}
    for path, leaf in leaves_of(facts).items():
        fact = leaf.fact
        if leaf.type == "list":
            fields = {n: _simple(f.type, f.values, f.currency) for n, f in fact.fields.items()}
            types[path] = List(fields, optional=fact.optional)
        elif leaf.type == "rate":
            types[path] = Rate(fact.of, fact.per, optional=fact.optional)
        else:
            types[path] = _simple(leaf.type, fact.values, leaf.currency, optional=fact.optional)
    return types


def parameter_type(parameter: Parameter) -> Type:
    """Return the rule type of a dated parameter."""
    return _simple(parameter.type, currency=parameter.currency)


def scope_of(pack: Pack, facts: Mapping[str, Type]) -> Scope:
    """Return what the names of an expression mean, with facts of these types."""
    return Scope(
        facts=facts,
        parameters={name: parameter_type(p) for name, p in pack.parameters.items()},
        switches={name: Enum(s.values) for name, s in pack.switches.items()},
        clauses=frozenset(pack.clauses),
        tables={MOVEMENTS: pack.movements.table} if pack.movements else {},
    )
