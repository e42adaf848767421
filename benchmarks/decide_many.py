"""Rows decided by the million: four facilities, from Parquet to Parquet, each step timed.

    python benchmarks/decide_many.py [--quick | --rows 1000000]

Prints rows a second from end to end, what each step took, and the most memory that was held.
The rows: the permitted example of each facility with amounts of its own in every row; one yes in
400 is a no, and one fact in 1,000 is not known.
"""

import argparse
import resource
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from benchmarks.engines.cases import Facility, open_facilities

from qianhai.engines import Desk, DuckDB, Emit, decide_file
from qianhai.policy import Leaf, Policy, leaves_of
from qianhai.rules import SqlProgram

SEED: Final = 20261126
BATCH: Final = 250_000
_AMOUNT: Final = pa.decimal128(18, 2)
#: How often a yes is a no, and a fact is not known.
_FLIPPED: Final = 1 / 400
_UNKNOWN: Final = 1 / 1000

Run = Callable[[SqlProgram, pa.Table], pa.Table]


def write_rows(facilities: list[Facility], count: int, path: Path) -> None:
    """Write a file of random rows of four facilities, mixed."""
    random = np.random.default_rng(SEED)
    leaves = [leaves_of(one.compiled.facts) for one in facilities]
    kinds = {path: leaf for group in leaves for path, leaf in group.items()}
    writer: Any = None
    for first in range(0, count, BATCH):
        rows = min(BATCH, count - first)
        which = random.integers(0, len(facilities), rows)
        parts = [
            _part(one, kinds, int((which == at).sum()), random) for at, one in enumerate(facilities)
        ]
        table = pa.concat_tables(parts).take(np.argsort(np.argsort(which, kind="stable")))
        ids = pa.array([f"row-{number}" for number in range(first, first + rows)])
        table = table.add_column(0, "id", ids)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    writer.close()


def _part(facility: Facility, kinds: dict[str, Leaf], count: int, random: Any) -> pa.Table:  # noqa: ANN401
    compiled = facility.compiled
    columns: dict[str, Any] = {
        "facility": pa.repeat(compiled.facility, count),
        "action": pa.repeat(compiled.name, count),
        "on": pa.repeat(pa.scalar(facility.standing.on), count),
    }
    own = leaves_of(compiled.facts)
    for path, leaf in kinds.items():
        value = facility.facts.get(path) if path in own else None
        columns[path] = _column(leaf, value, count, random)
    return pa.table(columns)


_KINDS: Final = {
    "boolean": pa.bool_(),
    "integer": pa.int64(),
    "date": pa.date32(),
    "money": _AMOUNT,
    "number": pa.decimal128(18, 8),
    "rate": pa.decimal128(18, 8),
}


def _column(leaf: Leaf, value: object, count: int, random: Any) -> Any:  # noqa: ANN401
    kind = _KINDS.get(leaf.type, pa.string())
    if value is None or isinstance(value, list):
        return pa.nulls(count, kind)
    column = pa.repeat(pa.scalar(value, kind), count)
    if isinstance(value, bool):
        column = pc.xor(column, pa.array(random.random(count) < _FLIPPED))
    elif leaf.type == "money":
        whole = pa.array(random.integers(1, 2 + int(str(value).partition(".")[0]), count))
        column = whole.cast(pa.decimal128(19, 0)).cast(pa.decimal128(38, 2)).cast(_AMOUNT)
    return pc.if_else(pa.array(random.random(count) < _UNKNOWN), pa.scalar(None, kind), column)


@dataclass
class Timed:
    """DuckDB, with the seconds it took."""

    engine: DuckDB
    name: str = "duckdb"
    seconds: float = 0.0

    @property
    def emit(self) -> Emit:
        """Return what writes its programs."""
        return self.engine.emit

    def decide(self, program: SqlProgram, relation: pa.Table) -> pa.Table:
        """Return the program's answers."""
        return self._timed(self.engine.decide, program, relation)

    def missing(self, program: SqlProgram, relation: pa.Table) -> pa.Table:
        """Return the program's masks."""
        return self._timed(self.engine.missing, program, relation)

    def _timed(self, run: Run, program: SqlProgram, relation: pa.Table) -> pa.Table:
        begun = perf_counter()
        found = run(program, relation)
        self.seconds += perf_counter() - begun
        return found


def run_duckdb(policy: Policy, path: Path, count: int) -> None:
    """Decide the file twice, once without writing, and print the steps."""
    seconds: dict[str, float] = {}
    for step, out in (("unwritten", None), ("all", path.with_suffix(".out"))):
        with DuckDB(threads=2) as duckdb:
            engine, begun = Timed(duckdb), perf_counter()
            decide_file(Desk(policy), path, engine, out, lambda _table: None)
            seconds[step], seconds[f"{step} rules"] = perf_counter() - begun, engine.seconds
    python = seconds["unwritten"] - seconds["unwritten rules"]
    written = seconds["all"] - seconds["unwritten"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"duckdb  {count / seconds['all']:>12,.0f} rows/s from Parquet to Parquet")
    print(f"        {python:6.2f} s reading, proving and concluding")
    print(f"        {seconds['unwritten rules']:6.2f} s the rules in DuckDB")
    print(f"        {written:6.2f} s writing; {peak:,} MiB held at most")


def main() -> None:
    """Make the rows, decide them, and say how fast."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--quick", action="store_true", help="100,000 rows")
    given = parser.parse_args()
    count = 100_000 if given.quick else given.rows
    policy, facilities = open_facilities()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        write_rows(facilities, count, path)
        run_duckdb(policy, path, count)


if __name__ == "__main__":
    main()
