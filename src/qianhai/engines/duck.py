"""DuckDB: a program over a table in this process.

Holds the connection. Knows no fact and no decision.
"""

from types import TracebackType
from typing import Final, Self

import duckdb
import pyarrow as pa

from qianhai.rules import SqlProgram, to_duckdb

NAME: Final = "duckdb"


class DuckDB:
    """One connection, with as many threads as it is given."""

    name = NAME
    emit = staticmethod(to_duckdb)

    def __init__(self, threads: int = 2) -> None:
        self._connection = duckdb.connect()
        self._connection.execute("SET threads = $1", [threads])
        self._connection.execute("SET preserve_insertion_order = true")

    def __enter__(self) -> Self:
        """Return the engine."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self._connection.close()

    def decide(self, program: SqlProgram, relation: pa.Table) -> pa.Table:
        """Return the program's answers, row for row."""
        return self._run(program.decide("relation", ["row"]), relation)

    def missing(self, program: SqlProgram, relation: pa.Table) -> pa.Table:
        """Return the program's masks of what is missing, row for row."""
        return self._run(program.missing("relation", ["row"]), relation)

    def _run(self, text: str, relation: pa.Table) -> pa.Table:
        self._connection.register("relation", relation)
        try:
            found = self._connection.sql(text).to_arrow_table()
        finally:
            self._connection.unregister("relation")
        assert found["row"].equals(relation["row"]), "DuckDB keeps the order of rows"
        return found
