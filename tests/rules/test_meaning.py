"""What holds for every expression, shown on random ones; the seed is in the test's name."""

from collections.abc import Iterator
from decimal import Inexact

import pytest

from qianhai.rules import Bool, Env, RuleError, TypedExpr, Value, evaluate, missing, to_python
from rules.making import Maker
from rules.world import checked

SEEDS = range(12)
EXPRESSIONS = 30
ROWS = 12


def _expressions(maker: Maker) -> Iterator[TypedExpr]:
    made = 0
    while made < EXPRESSIONS:
        text = maker.expression()
        try:
            expr = checked(text)
        except RuleError as error:
            # Only what is said of size and of division inside a list may refuse a made one.
            assert {flaw.code for flaw in error.flaws} <= {"P110", "P310"}, error  # noqa: PT017
            continue
        made += 1
        yield expr


def _run(expr: TypedExpr, env: Env) -> Value:
    is_condition = expr.type == Bool()
    program = to_python({"it": expr} if is_condition else {}, {} if is_condition else {"it": expr})
    bound = program.bind(env.parameters, env.switches, env.open_clauses)
    return bound.run(env.facts)[0 if is_condition else 1]["it"]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_program_says_what_the_definition_says(seed: int) -> None:
    maker = Maker(seed)
    known = 0
    for expr in _expressions(maker):
        for _ in range(ROWS):
            env = maker.row(maker.random.choice([0.0, 0.1, 0.5]))
            try:
                found = _run(expr, env)
            except Inexact:
                continue
            wanted = evaluate(expr, env)
            assert (found, type(found)) == (wanted, type(wanted)), (expr.text, env)
            known += wanted is not None
    assert known > EXPRESSIONS


@pytest.mark.parametrize("seed", SEEDS)
def test_learning_more_never_changes_what_is_known(seed: int) -> None:
    maker = Maker(1000 + seed)
    for expr in _expressions(maker):
        for _ in range(ROWS):
            env = maker.row(0.4)
            before = evaluate(expr, env)
            after = evaluate(expr, maker.completed(env, lambda _: maker.random.random() < 0.7))
            assert before is None or before == after, (expr.text, env)


def _leaves_the_calendar(expr: TypedExpr, env: Env) -> bool:
    """Tell whether a date passed the year 9999, where nothing can be learnt any more."""
    return "add_months" in expr.text and not missing(expr, env)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_missing_settles_it_and_nothing_else_does(seed: int) -> None:
    maker = Maker(2000 + seed)
    unknown = 0
    for expr in _expressions(maker):
        for _ in range(ROWS):
            env = maker.row(0.4)
            asked = missing(expr, env)
            if evaluate(expr, env) is not None:
                assert not asked
                continue
            without = maker.completed(env, lambda name, asked=asked: name not in asked)  # type: ignore[misc]
            assert evaluate(expr, without) is None, (expr.text, env)
            answered = maker.completed(env, asked.__contains__)
            settled = evaluate(expr, answered) is not None
            assert settled or _leaves_the_calendar(expr, answered), (expr.text, env)
            unknown += 1
    assert unknown > EXPRESSIONS


def test_many_expressions_in_one_program_do_not_disturb_each_other() -> None:
    maker = Maker(7)
    exprs = {f"c{number}": expr for number, expr in enumerate(_expressions(maker))}
    conditions = {name: expr for name, expr in exprs.items() if expr.type == Bool()}
    values = {name: expr for name, expr in exprs.items() if name not in conditions}
    program = to_python(conditions, values)
    for _ in range(60):
        env = maker.row(0.2)
        try:
            answers, amounts = program.run(
                env.facts, env.parameters, env.switches, env.open_clauses
            )
        except Inexact:
            continue
        assert answers == {name: evaluate(expr, env) for name, expr in conditions.items()}
        assert amounts == {name: evaluate(expr, env) for name, expr in values.items()}
