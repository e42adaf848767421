"""Parquet in, Parquet out: batch by batch, so that memory is bounded whatever the file's length.

Holds reading and writing. The answers take their place only when all of them are written.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from qianhai.engines.conclude import answer_schema
from qianhai.engines.decide import Engine, decide_batch, prove_columns
from qianhai.engines.desk import Desk
from qianhai.engines.flaws import Flaws, no_file
from qianhai.engines.heads import schema_flaws
from qianhai.kernel import BadInput

#: Rows that are decided together.
BATCH_ROWS: Final = 250_000

#: Is told each batch of answers as it is written.
Tell = Callable[[pa.Table], None]


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Open a Parquet file.

    Raises:
        BadInput: it cannot be read.
    """
    try:
        with pq.ParquetFile(path) as file:
            yield file
    except (OSError, pa.ArrowException) as fault:
        raise BadInput([no_file(path.name, str(fault).splitlines()[0])]) from fault


def row_count(path: Path) -> int:
    """Return how many rows a file has.

    Raises:
        BadInput: it cannot be read.
    """
    with opened(path) as file:
        count: int = file.metadata.num_rows
        return count


def facilities_of(path: Path) -> list[str]:
    """Return the facilities a file names, after its head was found sound.

    Raises:
        BadInput: it cannot be read, or its columns are wrong.
    """
    found: dict[str, None] = {}
    with opened(path) as file:
        flaws = Flaws(path.name)
        flaws.add(schema_flaws(path.name, file.schema_arrow))
        flaws.settle()
        for batch in file.iter_batches(columns=["facility"]):
            names = batch.column(0).cast(pa.string()).unique().to_pylist()
            found |= dict.fromkeys(name for name in names if name is not None)
    return list(found)


def decide_file(
    desk: Desk, path: Path, engine: Engine, out: Path | None, tell: Tell, *, rows: int = BATCH_ROWS
) -> None:
    """Decide a Parquet file to a Parquet file, in its order, or only tell what is answered.

    Raises:
        BadInput: the file cannot be read, or rows of it are wrong; nothing is written then.
    """
    facilities = facilities_of(path)
    flaws = Flaws(path.name)
    schema = answer_schema(desk.policy, facilities)
    with opened(path) as file, _written(out, schema) as write:
        prove_columns(path.name, file.schema_arrow, desk.policy, facilities)
        first = 0
        for batch in file.iter_batches(rows):
            table = pa.Table.from_batches([batch])
            numbers = np.arange(first, first + len(table))
            found = decide_batch(desk, table, engine, numbers, schema, flaws)
            first += table.num_rows
            if flaws.is_full:
                break
            if not flaws.found:
                write(found)
                tell(found)
        flaws.settle()


@contextmanager
def _written(out: Path | None, schema: pa.Schema) -> Iterator[Callable[[pa.Table], None]]:
    """Write tables beside their place, and move them there when all is well."""
    if out is None:
        yield lambda _table: None
        return
    draft = out.with_name(f"{out.name}.part")
    try:
        with pq.ParquetWriter(draft, schema, compression="zstd", compression_level=1) as writer:
            yield writer.write_table
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)
