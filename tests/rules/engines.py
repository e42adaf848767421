"""Runs a program on DuckDB and on Spark over rows of facts, and reads back what it says.

Rows go in and come out as Arrow. A row that does not fit the columns is left out of the engine,
as it is on the road: `to_python` decides it.
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any, Final, Protocol, cast

import duckdb
import pyarrow as pa
import pytest

from qianhai.rules import (
    ABSENT,
    WIDE,
    Bool,
    Column,
    Date,
    Integer,
    List,
    SqlProgram,
    TypedExpr,
)

#: What an engine says of one row: None if the row is to be decided in Python.
Said = tuple[dict[str, object], dict[str, frozenset[str]]] | None
_INT_MAX: Final = 2**31


def arrow_type(column: Column) -> pa.DataType:
    """Return the Arrow type of a column."""
    match column.kind:
        case List():
            fields = [pa.field(one.name, arrow_type(one)) for one in column.fields]
            fields += [pa.field(one.absent, pa.bool_()) for one in column.fields if one.absent]
            return pa.list_(pa.struct(fields))
        case Bool():
            return pa.bool_()
        case Integer():
            return pa.int32()
        case Date():
            return pa.date32()
    return pa.decimal128(*column.digits) if column.digits else pa.string()


def fits(column: Column, value: object) -> bool:
    """Tell whether a value can be put into a column without changing it."""
    if value is None or value is ABSENT:
        return True
    if isinstance(value, list):
        return all(fits(one, row.get(one.path)) for row in value for one in column.fields)
    if column.digits:
        width, scale = column.digits
        units = Fraction(cast("Decimal", value)) * Fraction(10**scale)
        return units.denominator == 1 and abs(units) < Fraction(10**width)
    if isinstance(column.kind, Integer):
        assert isinstance(value, int)
        return -_INT_MAX <= value < _INT_MAX
    return True


def _cell(column: Column, value: object) -> object:
    if value is None or value is ABSENT:
        return None
    if isinstance(value, list):
        return [_cells(column.fields, row) for row in value]
    return Decimal(cast("Decimal", value)) if column.digits else value


def _cells(columns: Sequence[Column], facts: Mapping[str, object]) -> dict[str, object]:
    cells = {one.name: _cell(one, facts.get(one.path)) for one in columns}
    return cells | {
        one.absent: facts.get(one.path) is ABSENT for one in columns if one.absent is not None
    }


def table_of(program: SqlProgram, rows: Mapping[int, Mapping[str, object]]) -> pa.Table:
    """Return the relation of a program: a row number `id`, and the columns."""
    fields = [pa.field("id", pa.int64())]
    for one in program.columns:
        fields.append(pa.field(one.name, arrow_type(one)))
        if one.absent:
            fields.append(pa.field(one.absent, pa.bool_()))
    cells = [{"id": at} | _cells(program.columns, facts) for at, facts in rows.items()]
    return pa.Table.from_pylist(cells, schema=pa.schema(fields))


class Engine(Protocol):
    """Whatever runs the two SELECTs of a program."""

    def run(self, program: SqlProgram, table: pa.Table) -> tuple[pa.Table, pa.Table]:
        """Return the rows of `decide` and of `missing`."""


class DuckDB:
    """DuckDB in this process."""

    def __init__(self) -> None:
        self._connection = duckdb.connect()
        self._connection.execute("SET threads = 2")

    def run(self, program: SqlProgram, table: pa.Table) -> tuple[pa.Table, pa.Table]:
        """Return the rows of `decide` and of `missing`."""
        self._connection.register("facts", table)
        decided = self._connection.sql(program.decide("facts", ["id"])).to_arrow_table()
        missing = self._connection.sql(program.missing("facts", ["id"])).to_arrow_table()
        self._connection.unregister("facts")
        return decided, missing


class Spark:
    """One local Spark with two threads, its SQL in ANSI mode."""

    def __init__(self) -> None:
        from pyspark.sql import SparkSession  # noqa: PLC0415 (an extra; loaded where it is used)

        builder: Any = SparkSession.builder
        settings = {
            "spark.master": "local[2]",
            "spark.app.name": "rules",
            "spark.driver.memory": "1g",
            "spark.sql.ansi.enabled": "true",
            "spark.sql.session.timeZone": "UTC",
            "spark.ui.enabled": "false",
        }
        for name, value in settings.items():
            builder = builder.config(name, value)
        self._session = builder.getOrCreate()
        self._session.sparkContext.setLogLevel("ERROR")

    def run(self, program: SqlProgram, table: pa.Table) -> tuple[pa.Table, pa.Table]:
        """Return the rows of `decide` and of `missing`."""
        self._session.createDataFrame(table).createOrReplaceTempView("facts")
        decided = self._session.sql(program.decide("facts", ["id"])).toArrow()
        return decided, self._session.sql(program.missing("facts", ["id"])).toArrow()


@cache
def duckdb_engine() -> DuckDB:
    """Return the one DuckDB of the run."""
    return DuckDB()


@cache
def spark_engine() -> Spark:
    """Return the one Spark of the run; without Java or Spark the test is skipped, but not in CI."""
    is_there = shutil.which("java") is not None or "JAVA_HOME" in os.environ
    if not is_there and not os.environ.get("CI"):
        pytest.skip("Spark needs Java 17, and no java is on the path")
    if not os.environ.get("CI"):
        pytest.importorskip("pyspark", reason="Spark comes with the extra: qianhai[spark]")
    return Spark()


@dataclass(frozen=True)
class Asked:
    """A program and the expressions it was made from."""

    program: SqlProgram
    exprs: Mapping[str, TypedExpr]

    def said(self, engine: Engine, rows: Sequence[Mapping[str, object]]) -> list[Said]:
        """Return what the engine says of each row: every value, and what each lacks."""
        columns = self.program.columns
        held = {
            at: facts
            for at, facts in enumerate(rows)
            if all(fits(one, facts.get(one.path)) for one in columns)
        }
        decided, missing = engine.run(self.program, table_of(self.program, held))
        said: list[Said] = [None] * len(rows)
        lacks = {row["id"]: row for row in missing.to_pylist()}
        assert decided.num_rows == len(lacks) == len(held), "a row in, a row out"
        for row in decided.to_pylist():
            other = lacks[row["id"]]
            if not row[WIDE] and not other[WIDE]:
                lacking = {key: self.program.lacking(key, other) for key in self.exprs}
                said[row["id"]] = ({key: self._value(key, row) for key in self.exprs}, lacking)
        return said

    def _value(self, key: str, row: Mapping[str, Any]) -> object:
        if key in self.program.conditions:
            return row[self.program.conditions[key]]
        above, below = self.program.values[key]
        if below is None or row[above] is None or row[below] is None:
            return row[above] if below is None else None
        return Fraction(row[above]) / Fraction(row[below])


def plain(value: object) -> object:
    """Return a value so that it compares by what it is worth: numbers as fractions."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Fraction(value)
    return value
