"""The expression language of the plan: SQL as notation, a closed profile, three-valued.

`check` turns a text into a typed tree or refuses it with all its mistakes; `evaluate` is the
plain definition of what a tree means and `missing` names what could still settle it;
`to_python` compiles the conditions and values of one action, `to_duckdb` and `to_spark` the same
for whole tables. A value is `None` when unknown,
an optional fact is `ABSENT` when it is recorded as not being there. Exact throughout: where a
rate divides, the value is a Fraction, rounded once by `ceil_minor` or `floor_minor`.

The grammar and why it is closed: docs/adr/0003-sql-profile.md. Pure: no file, clock, database.
"""

from qianhai.rules.check import check
from qianhai.rules.columns import Column
from qianhai.rules.emit_python import BoundProgram, Program, to_python
from qianhai.rules.emit_sql import WIDE, SqlProgram, to_duckdb, to_spark
from qianhai.rules.evaluate import evaluate, missing, missing_by
from qianhai.rules.flaws import RuleError, RuleFlaw, Source
from qianhai.rules.model import (
    ABSENT,
    Const,
    Env,
    Leaf,
    Line,
    Node,
    Scope,
    Table,
    TypedExpr,
    Value,
    Within,
    walk,
)
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
from qianhai.rules.widths import Widths

__all__ = [
    "ABSENT",
    "WIDE",
    "Bool",
    "BoundProgram",
    "Column",
    "Const",
    "Currency",
    "Date",
    "Enum",
    "Env",
    "Integer",
    "Leaf",
    "Line",
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
    "SqlProgram",
    "Table",
    "Text",
    "Type",
    "TypedExpr",
    "Value",
    "Widths",
    "Within",
    "ceil_minor",
    "check",
    "chinese",
    "english",
    "evaluate",
    "floor_minor",
    "missing",
    "missing_by",
    "to_duckdb",
    "to_python",
    "to_spark",
    "walk",
]
