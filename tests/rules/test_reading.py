"""Every rule that is read is SQL, and is read as SQL reads it."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final

import pytest
import sqlglot
import yaml
from sqlglot import exp

from qianhai.rules import Source
from qianhai.rules.flaws import Report
from qianhai.rules.read import read
from qianhai.rules.syntax import (
    Call,
    Choice,
    Literally,
    Membership,
    Name,
    NullTest,
    Operation,
    Syntax,
)
from rules.making import Maker
from rules.world import refusal

GOOD: Final = [
    rule["rule"]
    for path in sorted((Path(__file__).parent / "good").glob("*.yaml"))
    for rule in yaml.safe_load(path.read_text(encoding="utf-8"))
]
_OPS: Final[dict[type[exp.Expression], str]] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
    exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Neg: "negate", exp.Not: "not",
    exp.And: "and", exp.Or: "or", exp.Greatest: "greatest", exp.Least: "least",
    exp.Coalesce: "coalesce", exp.AddMonths: "add_months",
}  # fmt: skip


def _list(*parts: object) -> str:
    return f"({' '.join(map(str, parts))})"


def ours(syntax: Syntax) -> str:
    """Write our reading of a rule as one form."""
    match syntax:
        case Name(path=path):
            return path
        case Literally(value=value):
            return repr(str(value).lower() if isinstance(value, bool) else str(value))
        case Operation(op="and" | "or" as op, operands=operands):
            first, *others = map(ours, operands)
            for other in others:
                first = _list(op, first, other)
            return first
        case Operation(op=op, operands=operands):
            return _list(op, *map(ours, operands))
        case Membership(operand=operand, items=items, is_listed=listed):
            return _list("listed" if listed else "in", ours(operand), *map(ours, items))
        case NullTest(operand=operand):
            return _list("null", ours(operand))
        case Choice(guards=guards, values=values, otherwise=otherwise):
            pairs = [ours(part) for pair in zip(guards, values, strict=True) for part in pair]
            return _list("case", *pairs, ours(otherwise))
        case Call(name=name, arguments=arguments):
            return _list(name, *map(ours, arguments))
    raise AssertionError(syntax)


def theirs(node: exp.Expression) -> str:
    """Write another reader's tree of the same text in that form."""
    match node:
        case exp.Paren() | exp.Cast():
            return theirs(node.this)
        case exp.Column():
            return ".".join(part.name for part in node.parts)
        case exp.Literal() | exp.Boolean():
            return repr(str(node.this).lower() if isinstance(node, exp.Boolean) else node.this)
        case exp.Between():
            low, high = (theirs(node.args[side]) for side in ("low", "high"))
            return f"(and (>= {theirs(node.this)} {low}) (<= {theirs(node.this)} {high}))"
        case exp.Case():
            pairs = [(theirs(one.this), theirs(one.args["true"])) for one in node.args["ifs"]]
            return _list(
                "case", *(part for pair in pairs for part in pair), theirs(node.args["default"])
            )
        case exp.Anonymous():
            return _list(node.this, *map(theirs, node.expressions))
    below = [part for part in node.iter_expressions() if isinstance(part, exp.Expression)]
    if isinstance(node, exp.In):
        return _list("listed" if node.args.get("field") else "in", *map(theirs, below))
    if isinstance(node, exp.Is):
        return _list("null", theirs(node.this))
    return _list(_OPS[type(node)], *map(theirs, below))


def _agree(text: str) -> bool:
    report = Report(text, Source("a.yaml"))
    syntax = read(text, report)
    if syntax is None or report:
        return False
    tree = sqlglot.parse_one(text)
    assert isinstance(tree, exp.Expression)
    assert ours(syntax) == theirs(tree), text
    return True


def _is_sql(text: str) -> bool:
    """Tell whether a rule keeps off `on`, a word of SQL's own that other readers trip over."""
    return "(on" not in text and " on" not in text and not text.startswith("on")


@pytest.mark.parametrize("text", [text for text in GOOD if _is_sql(text)])
def test_a_good_rule_is_sql_and_read_alike(text: str) -> None:
    assert _agree(text)


@pytest.mark.parametrize("seed", range(4))
def test_made_rules_are_read_alike(seed: int) -> None:
    maker = Maker(seed)
    texts = [maker.expression().replace("(on", "(born").replace(" on", " born") for _ in range(40)]
    assert sum(_agree(text) for text in texts if text != "on") > len(texts) / 2


@pytest.mark.parametrize("seed", range(4))
def test_operators_without_parentheses_bind_as_in_sql(seed: int) -> None:
    random = Random(seed)  # noqa: S311 (no secret is made)
    words: list[Callable[[], str]] = [
        lambda: random.choice([" and ", " or ", " and not "]),
        lambda: random.choice([" = ", " <> ", " < ", " >= "]),
        lambda: random.choice([" + ", " - ", " * ", " * - "]),
        lambda: random.choice([" in (a, 1) and ", " is not null or ", " between b and c and "]),
        lambda: random.choice([" not in p.x or not ", " not between - a and b * 2 or "]),
    ]
    agreed = 0
    for _ in range(300):
        parts = [random.choice(["", "not ", "- ", "not - "])]
        for _ in range(random.randint(1, 6)):
            parts += [random.choice("abc"), random.choice(words)()]
        agreed += _agree("".join([*parts, "d"]))
    assert agreed > 30


@pytest.mark.parametrize("seed", range(4))
def test_no_text_brings_the_reader_down(seed: int) -> None:
    random = Random(seed)  # noqa: S311 (no secret is made)
    pieces = [*"()+-*/%=<>,.;:'\"`[]{}|&^~#@!?\\\n\t\0", *"１（，“前"]
    pieces += f"{_WORDS} DATE '2023-02-23' 'a' 0 1.5 -- /* p. sum_of( coalesce( money_in(".split(
        " "
    )
    for _ in range(600):
        text = " ".join(random.choices(pieces, k=random.randint(0, 14)))
        if error := refusal(text):
            assert all(flaw.render("zh") and flaw.render() for flaw in error.flaws)


_WORDS: Final = (
    "and or not in is null between case when then else end ok rows fee due on p.cap amount kind "
    "in_currency( is_open('9a') switch('"
)


LONG: Final = {
    "(" * 4000: "P110",
    "f(" * 1900: "P110",
    "case when " * 400: "P110",
    "not " * 1000: "P110",
    "- " * 1999 + "1": "P110",
    "1" + "+1" * 1990: "P110",
    "ok = " * 790 + "ok": "P112",
    "a" * 9999: "P110",
    "((((" + "1 + " * 115 + "1" + "))))": "P110",
    "ok and " * 560 + "ok": None,
}


@pytest.mark.parametrize(("text", "code"), LONG.items())
def test_a_text_without_end_is_refused_and_never_overflows(text: str, code: str | None) -> None:
    error = refusal(text)
    assert (error and error.flaws[0].code) == code
