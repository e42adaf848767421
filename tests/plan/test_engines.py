"""Every expression of the plan gives the same on every engine, on the facility's own examples."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from zlib import crc32

import pytest

from plan.the_pack import CASES
from qianhai.policy import Case
from qianhai.rules import Bool, Env, SqlProgram, TypedExpr, missing, to_duckdb, to_spark
from rules.engines import Asked, Engine, duckdb_engine, plain, spark_engine

pytestmark = pytest.mark.untraced


def _place(case: Case) -> tuple[str, str]:
    return case.compiled.facility, case.compiled.name


BY_ACTION = {place: list(cases) for place, cases in groupby(sorted(CASES, key=_place), key=_place)}


def _by_date(cases: list[Case]) -> Iterator[list[Case]]:
    """Yield the examples of one action that stand on one date: they share a program."""
    dates = {id(case.standing): case.standing for case in cases}
    for key in dates:
        yield [case for case in cases if id(case.standing) == key]


def _expressions(case: Case) -> dict[str, TypedExpr]:
    tests = {f"test.{key}": expr for key, (_, expr) in case.compiled.tests.items()}
    return {**tests, **case.compiled.guards, **case.compiled.values}


def _check(cases: list[Case], emit: Callable[..., SqlProgram], engine: Engine) -> int:
    """Compare answers, values and what is missing with Python's; return how many rows fitted."""
    exprs = _expressions(cases[0])
    standing = cases[0].standing
    dated = (standing.parameters, standing.switches, standing.open_clauses)
    conditions = {key: expr for key, expr in exprs.items() if expr.type == Bool()}
    program = emit(
        conditions,
        {key: expr for key, expr in exprs.items() if key not in conditions},
        parameters=standing.parameters,
        switches=standing.switches,
        open_clauses=standing.open_clauses,
    )
    # Each example, and the same with every second fact unknown, by turns.
    rows: list[Mapping[str, object]] = [case.facts for case in cases]
    rows += [dict(list(case.facts.items())[at::2]) for case in cases for at in (0, 1)]
    told = 0
    bound = cases[0].compiled.program.bind(*dated)
    for facts, said in zip(rows, Asked(program, exprs).said(engine, rows), strict=True):
        if said is None:
            continue
        answers, values = bound.run(facts)
        wanted = {key: plain(value) for key, value in (answers | values).items()}
        assert {key: plain(value) for key, value in said[0].items()} == wanted
        assert said[1] == {key: missing(expr, Env(facts, *dated)) for key, expr in exprs.items()}
        told += 1
    return told


@pytest.mark.parametrize("place", BY_ACTION, ids=" ".join)
def test_duckdb_decides_the_examples_as_python_does(place: tuple[str, str]) -> None:
    engine = duckdb_engine()
    told = sum(_check(cases, to_duckdb, engine) for cases in _by_date(BY_ACTION[place]))
    assert told >= 0.9 * 3 * len(BY_ACTION[place])


def _check_on_spark(places: Iterable[tuple[str, str]]) -> None:
    engine = spark_engine()
    for place in places:
        # One date an action: DuckDB is asked on all of them, and texts differ by literals only.
        most = max(_by_date(BY_ACTION[place]), key=len)
        assert _check(most, to_spark, engine) >= 0.9 * 3 * len(most)


@pytest.mark.slow
def test_spark_decides_the_examples_of_some_actions_as_python_does() -> None:
    """Spark plans a program for a second: every fourth action here, all of them in a soak."""
    some = [place for place in BY_ACTION if crc32(" ".join(place).encode()) % 4 == 0]
    assert len(some) > 10
    _check_on_spark(some)


@pytest.mark.soak
def test_spark_decides_all_examples_as_python_does() -> None:
    _check_on_spark(BY_ACTION)
