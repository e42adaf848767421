"""A million rows decided together: our SQL in DuckDB with its trace, OpenFisca's arrays without.

Holds the columns and the two runs. Both start from the same Arrow columns; OpenFisca is also
asked with its own arrays made before, which is the most that can be said for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa
from benchmarks.engines.cases import DAY, Facility, flat_name, kinds_of, rows_in_columns
from benchmarks.engines.open_fisca import FORMULAS, Country

from qianhai.rules import SqlProgram, to_duckdb

THREADS: Final = 2
_EPOCH: Final = date(1970, 1, 1).toordinal()


def columns_of(facilities: list[Facility], count: int, seed: int) -> dict[str, pa.Array]:
    """Return a column of every flat fact: decimals, days, words by dictionary, yes or no."""
    made = rows_in_columns(facilities, count, seed)
    return {name: _arrow(kind, values, words) for name, (kind, values, words) in made.items()}


def _arrow(kind: type, values: Any, words: tuple[str, ...]) -> pa.Array:  # noqa: ANN401
    if kind is str:
        return pa.DictionaryArray.from_arrays(values.astype(np.int8), list(words))
    if kind is date:
        days = (DAY.toordinal() - _EPOCH - values).astype(np.int32)
        return pa.array(days).cast(pa.date32())
    if kind is bool:
        return pa.array(values)
    units = np.zeros((len(values), 2), dtype=np.int64)  # 128 bits, the lower half first
    units[:, 0] = values
    return pa.Array.from_buffers(pa.decimal128(18, 2), len(values), [None, pa.py_buffer(units)])


@dataclass(frozen=True)
class Table:
    """One facility in DuckDB: its program of the day over a view of its columns."""

    name: str
    program: SqlProgram

    @property
    def text(self) -> str:
        """Return the SELECT of every condition's answer, and of whether all hold."""
        asked = self.program.conditions.values()
        inner = self.program.decide(self.name)
        return f"SELECT *, ({' AND '.join(asked)}) AS holds FROM ({inner})"  # noqa: S608


class Traced:
    """Our run: one SELECT a facility, each condition of each row told, into Arrow."""

    def __init__(self, facilities: list[Facility], columns: Mapping[str, pa.Array]) -> None:
        self._engine = duckdb.connect()
        self._engine.execute(f"SET threads = {THREADS}")
        self._tables = [self._table(one, columns) for one in facilities]

    def _table(self, one: Facility, columns: Mapping[str, pa.Array]) -> Table:
        standing = one.standing
        program = to_duckdb(
            {key: tree for key, (_, tree) in one.compiled.tests.items()},
            {},
            parameters=standing.parameters,
            switches=standing.switches,
            open_clauses=standing.open_clauses,
        )
        asked = {column.name: column for column in program.columns}
        table = {name: columns[flat_name(one.name, c.path)] for name, c in asked.items()}
        for name, column in asked.items():
            if column.digits:
                table[name] = table[name].cast(pa.decimal128(*column.digits))
        self._engine.register(one.name, pa.table(table))
        return Table(one.name, program)

    def decide(self) -> list[pa.Table]:
        """Decide every row; the answers of all conditions and of the facility stand in Arrow."""
        found = [self._engine.sql(table.text).to_arrow_table() for table in self._tables]
        assert not any(table["wide"].to_numpy().any() for table in found), "a row needs more digits"
        return found

    def answers(self) -> list[Any]:
        """Return the answer of each facility for every row."""
        return [table["holds"].to_numpy() for table in self.decide()]


class Untraced:
    """OpenFisca's run: four answers of each row in float32, and nothing about why."""

    def __init__(self, facilities: list[Facility], columns: Mapping[str, pa.Array]) -> None:
        self.country = Country(kinds_of(facilities))
        self.columns = columns
        self.count = len(next(iter(columns.values())))
        self.ready = self.laid()

    def laid(self) -> Any:  # noqa: ANN401
        """Return a simulation whose arrays are made from the columns."""
        inputs = {name: self._input(name, column) for name, column in self.columns.items()}
        return self.country.simulation(inputs, self.count)

    def _input(self, name: str, column: pa.Array) -> Any:  # noqa: ANN401
        if pa.types.is_dictionary(column.type):
            return self.country.words(name, column.indices.to_numpy(), column.dictionary.tolist())
        if pa.types.is_decimal(column.type):
            return column.cast(pa.float32()).to_numpy()
        if pa.types.is_date(column.type):
            return column.cast(pa.int32()).to_numpy()
        return column.to_numpy(zero_copy_only=False)

    def decide(self) -> list[Any]:
        """Decide every row from arrays made before."""
        return self.country.decide(self.ready)

    def decide_columns(self) -> list[Any]:
        """Decide every row from the columns both are given."""
        return self.country.decide(self.laid())


def differing(traced: Traced, untraced: Untraced) -> dict[str, int]:
    """Return on how many rows float32 gives another answer, by facility."""
    pairs = zip(FORMULAS, traced.answers(), untraced.decide(), strict=True)
    return {name: int((ours != theirs).sum()) for name, ours, theirs in pairs}
