"""The expression language of the plan: SQL as notation, a closed profile, three-valued.

`check` turns a text into a typed tree or refuses it with all its mistakes; `evaluate` is the
plain definition of what a tree means and `missing` names what could still settle it;
`to_python` compiles the conditions and values of one action. A value is `None` when unknown,
an optional fact is `ABSENT` when it is recorded as not being there. Exact throughout: where a
rate divides, the value is a Fraction, rounded once by `ceil_minor` or `floor_minor`.

The grammar and why it is closed: docs/adr/0003-sql-profile.md. Pure: no file, clock, database.
"""

from qianhai.rules.check import check
from qianhai.rules.emit_python import BoundProgram, Program, to_python
from qianhai.rules.evaluate import evaluate, missing
from qianhai.rules.flaws import RuleError, RuleFlaw, Source
from qianhai.rules.model import ABSENT, Env, Node, Scope, TypedExpr, Value
from qianhai.rules.round import ceil_minor, floor_minor
from qianhai.rules.types import (
    Bool,
    Currency,
    Date,
    Enum,
    Integer,
    List,
    Money,
    Number,
    Rate,
    Set,
    Text,
    Type,
    chinese,
    english,
)

__all__ = [
    "ABSENT",
    "Bool",
    "BoundProgram",
    "Currency",
    "Date",
    "Enum",
    "Env",
    "Integer",
    "List",
    "Money",
    "Node",
    "Number",
    "Program",
    "Rate",
    "RuleError",
    "RuleFlaw",
    "Scope",
    "Set",
    "Source",
    "Text",
    "Type",
    "TypedExpr",
    "Value",
    "ceil_minor",
    "check",
    "chinese",
    "english",
    "evaluate",
    "floor_minor",
    "missing",
    "to_python",
]
