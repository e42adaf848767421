"""The SQL of a program: safe against any name, exact at its edges, flagged where it cannot be."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from qianhai.rules import (
    ABSENT,
    Bool,
    Env,
    Scope,
    Source,
    SqlProgram,
    Text,
    TypedExpr,
    Widths,
    check,
    evaluate,
    missing,
    to_duckdb,
    to_spark,
)
from rules.engines import Asked, duckdb_engine, plain, spark_engine
from rules.world import checked

Emit = Callable[..., SqlProgram]
#: The id that every program here is asked by.
IT = "x\\'); DROP TABLE facts; -- \" `"


def _program(
    expr: TypedExpr, env: Env | None = None, *, emit: Emit = to_duckdb, widths: Widths | None = None
) -> Asked:
    env = env or Env()
    key, conditions = {IT: expr}, expr.type == Bool()
    program = emit(
        key if conditions else {},
        {} if conditions else key,
        parameters=env.parameters,
        switches=env.switches,
        open_clauses=env.open_clauses,
        widths=widths or Widths(),
    )
    return Asked(program, key)


TEXT = "a\\' or 'b\" \\"


def _evil(emit: Emit) -> Asked:
    scope = Scope(facts={"ok": Bool(), "note": Text()})
    quoted = TEXT.replace("'", "''")
    return _program(check(f"ok and note = '{quoted}'", scope, at=Source("a.yaml")), emit=emit)


def test_no_name_or_text_of_the_pack_becomes_sql() -> None:
    asked = _evil(to_duckdb)
    rows: list[dict[str, object]] = [{"ok": True, "note": TEXT}, {"ok": True, "note": "a"}]
    rows.append({"note": "a"})
    said = asked.said(duckdb_engine(), rows)
    assert [one and one[0][IT] for one in said] == [True, False, False]
    for text in (asked.program.decide("facts"), asked.program.missing("facts")):
        assert "DROP" not in text
        assert " or 'b" not in text


@pytest.mark.slow
def test_spark_reads_no_escape_in_a_text() -> None:
    asked = _evil(to_spark)
    rows = [{"ok": True, "note": TEXT}, {"ok": True, "note": "a"}]
    assert [one and one[0][IT] for one in asked.said(spark_engine(), rows)] == [True, False]


def test_both_engines_have_the_same_columns_and_outputs() -> None:
    expr = checked("in_yuan <= p.cap and any_of(rows, days > 3) and (due is null or due > on)")
    env = Env(parameters={"cap": Decimal(5)})
    duckdb, spark = (_program(expr, env, emit=emit).program for emit in (to_duckdb, to_spark))
    assert [(one.path, one.name, one.absent, one.digits) for one in duckdb.columns] == [
        (one.path, one.name, one.absent, one.digits) for one in spark.columns
    ]
    assert (duckdb.conditions, duckdb.labels, duckdb.masks) == (
        spark.conditions,
        spark.labels,
        spark.masks,
    )
    assert duckdb.decide("facts", ["id"]).startswith("SELECT id, ")


def test_what_is_constant_by_date_is_in_the_text_and_computed_before() -> None:
    expr = checked("switch('scope.amount') = 'net' and is_open('9a') and fee <= p.cap * p.factor")
    env = Env({}, {"cap": Decimal(10), "factor": Decimal("0.5")}, {"scope.amount": "net"}, ("9a",))
    assert "(f0 <= CAST('5" in _program(expr, env).program.decide("facts")
    closed = Env({}, env.parameters, env.switches)
    assert "FALSE AS c0" in _program(expr, closed).program.decide("facts")


@pytest.mark.parametrize("digits", [20, 50])
def test_a_constant_that_no_engine_holds_flags_every_row(digits: int) -> None:
    expr = checked("fee <= p.cap * p.factor * p.factor")
    env = Env(parameters={"cap": Decimal("7" * digits), "factor": Decimal("3" * digits)})
    assert _program(expr, env).said(duckdb_engine(), [{"fee": Decimal(1)}]) == [None]


def test_a_product_is_exact_up_to_its_flag() -> None:
    expr = checked("in_yuan * share * share <= p.cap")
    env = Env(parameters={"cap": Decimal("0.01")})
    asked = _program(expr, env)
    row = {"amount.amount": Decimal("3.001"), "amount.currency": "USD"}
    long = row | {"rate": Decimal("0.12345678"), "share": Decimal("0.12345678")}
    assert asked.said(duckdb_engine(), [long]) == [None]
    usual = row | {"rate": Decimal("7.2"), "share": Decimal("0.5")}
    assert asked.said(duckdb_engine(), [usual]) == [({IT: False}, {IT: frozenset()})]
    tiny = row | {"rate": Decimal("0.5"), "share": Decimal("0.0001")}
    assert asked.said(duckdb_engine(), [tiny]) == [({IT: True}, {IT: frozenset()})]


def test_whole_numbers_pass_64_bits() -> None:
    expr = checked("days * 4294967295 + days * 4294967295 - 5")
    said = _program(expr).said(duckdb_engine(), [{"days": -(2**31)}, {"days": 2**31 - 1}])
    for one, days in zip(said, (-(2**31), 2**31 - 1), strict=True):
        assert one is not None
        assert plain(one[0][IT]) == 2 * days * 4294967295 - 5


def test_a_value_that_does_not_fit_its_column_is_left_to_python() -> None:
    asked = _program(checked("fee > 0"))
    assert asked.said(duckdb_engine(), [{"fee": Decimal("0.1234")}]) == [None]
    wide = _program(checked("fee > 0"), widths=Widths(money=(34, 10)))
    assert wide.said(duckdb_engine(), [{"fee": Decimal("0.1234")}]) != [None]


def test_more_names_than_a_column_has_bits_are_named() -> None:
    names = [f"fact{number}" for number in range(70)]
    scope = Scope(facts=dict.fromkeys(names, Bool()) | {"ok": Bool(optional=True)})
    text = f"({' or '.join(names)}) and (ok is null or ok)"
    expr = check(text, scope, at=Source("a.yaml"))
    rows: list[dict[str, object]] = [{}, dict.fromkeys(names[:65], False) | {"ok": ABSENT}]
    asked = _program(expr)
    assert [len(columns) for columns in asked.program.masks.values()] == [2]
    for row, said in zip(rows, asked.said(duckdb_engine(), rows), strict=True):
        env = Env(row)
        assert said == ({IT: evaluate(expr, env)}, {IT: missing(expr, env)})


def test_a_list_too_long_to_add_up_is_flagged() -> None:
    asked = _program(checked("sum_of(others, share)"))
    row = {"share": Decimal(1)}
    rows: list[dict[str, object]] = [{"others": [row] * count} for count in (9_999, 10_000)]
    exact, flagged = asked.said(duckdb_engine(), rows)
    assert exact is not None
    assert exact[0][IT] == Decimal(9_999)
    assert flagged is None
