"""Export: transfers, balances and chains as Parquet or CSV, in the memory of some thousand rows.

Holds the columns of each and their writing. Names are resolved and amounts exact decimals of the
asset beside them. What `transfers` and `balances` write, `load` reads again. A file is there whole
or not at all.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from qianhai.db import Connection
from qianhai.ledger import cells, queries
from qianhai.ledger.columns import posted_at_of
from qianhai.ledger.past import KINDS, RESULTS

#: So many numbers of transfers or chains, or rows of accounts, are read at a time.
ROWS_A_TIME: Final = 1 << 16
_MARK: Final = b"\xef\xbb\xbf"
_NEEDS_QUOTES: Final = re.compile('[",\r\n]|^[ \t]|[ \t]$')
#: Makes a text harmless where a spreadsheet would run it; numbers and days need it not.
Harmless: TypeAlias = Callable[[str], str]
_INSTANT: Final = pa.timestamp("us", "UTC")


@dataclass(frozen=True, slots=True)
class Span:
    """Which part is exported: an account's, and numbers after one up to another."""

    account: str | None = None
    since: int = 0
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an export: where its values stand in what was read, and what they are.

    `scale` is the place of the scale of an amount; without one the type says how it is written, of
    a number with `words` these; the instant of a transfer is in its id.
    """

    name: str
    at: int
    type: pa.DataType
    scale: int = -1
    words: tuple[str, ...] = ()
    is_from_id: bool = False


_KINDS: Final = tuple(kind.value for kind in KINDS)
_RESULTS: Final = tuple(result.value for result in RESULTS)
_TEXT: Final = pa.string()
_WHOLE: Final = pa.int64()

TRANSFERS: Final = (
    Column("seq", 0, _WHOLE),
    Column("transfer_id", 1, _TEXT),
    Column("chain_id", 2, _TEXT),
    Column("leg", 3, _WHOLE),
    Column("kind", 4, _TEXT, words=_KINDS),
    Column("debit", 5, _TEXT),
    Column("credit", 6, _TEXT),
    Column("asset", 7, _TEXT),
    Column("amount", 9, cells.DECIMAL, scale=8),
    Column("held", 10, cells.DECIMAL, scale=8),
    Column("cap", 11, cells.DECIMAL, scale=8),
    Column("value_on", 12, pa.date32()),
    Column("posted_at", 13, _INSTANT, is_from_id=True),
    Column("of_id", 14, _TEXT),
    Column("expires_at", 15, _INSTANT),
)
BALANCES: Final = (
    Column("name", 1, _TEXT),
    Column("asset", 2, _TEXT),
    Column("scale", 3, _WHOLE),
    Column("asset_kind", 4, _TEXT),
    Column("kind", 5, _TEXT),
    Column("holder", 6, _TEXT),
    Column("floor", 7, cells.DECIMAL, scale=3),
    Column("ceiling", 8, cells.DECIMAL, scale=3),
    Column("balance", 9, cells.DECIMAL, scale=3),
    Column("pending_in", 10, cells.DECIMAL, scale=3),
    Column("pending_out", 11, cells.DECIMAL, scale=3),
    Column("cap_seen", 12, cells.DECIMAL, scale=3),
    Column("is_closed", 13, pa.bool_()),
)
CHAINS: Final = (
    Column("seq", 0, _WHOLE),
    Column("chain_id", 1, _TEXT),
    Column("kind", 2, _TEXT, words=_KINDS),
    Column("result", 3, _TEXT, words=_RESULTS),
    Column("value_on", 4, pa.date32()),
    Column("posted_at", 5, _INSTANT),
    Column("of_id", 6, _TEXT),
    Column("expires_at", 7, _INSTANT),
    Column("failed_leg", 8, _WHOLE),
    Column("transfer_first", 9, _WHOLE),
    Column("transfer_last", 10, _WHOLE),
)
Rows: TypeAlias = Sequence[tuple[Any, ...]]


def transfers(conn: Connection, institution: str, span: Span) -> Iterator[Rows]:
    """Yield the transfers that moved something, in the order in which they were posted.

    Of holds only those still open show when they expire: of the others it has no meaning any more.
    """
    # Rows are only ever added after the last, so that this is one state however long it takes.
    end = _end(span, queries.last_transfer(conn))
    if span.account is None:
        for first in range(span.since, end, ROWS_A_TIME):
            until = min(first + ROWS_A_TIME, end)
            yield queries.transfer_rows(conn, institution, first, until)
        return
    account = queries.account_number(conn, institution, span.account)
    after = span.since
    while account is not None:
        rows = queries.account_transfer_rows(conn, account, after, end, ROWS_A_TIME)
        yield rows
        if len(rows) < ROWS_A_TIME:
            return
        after = rows[-1][0]


def chains(conn: Connection, institution: str, span: Span) -> Iterator[Rows]:
    """Yield the chains on record, refused ones too; with an account those that moved it."""
    end = _end(span, queries.last_chain(conn))
    account = None
    if span.account is not None:
        account = queries.account_number(conn, institution, span.account)
        end = span.since if account is None else end
    for first in range(span.since, end, ROWS_A_TIME):
        until = min(first + ROWS_A_TIME, end)
        yield queries.chain_rows(conn, institution, account, first, until)


def _end(span: Span, last: int) -> int:
    return last if span.until is None else min(span.until, last)


def all_balances(conn: Connection, institution: str, span: Span) -> Iterator[Rows]:
    """Yield what every account has, in the order in which they were opened, as of one moment."""
    with conn.cursor("balances") as cursor:
        cursor.itersize = ROWS_A_TIME
        cursor.execute(queries.ALL_BALANCES, (institution, span.account, span.account))
        while rows := cursor.fetchmany(ROWS_A_TIME):
            yield rows


#: What can be exported: its columns and what reads its rows.
EXPORTS: Final[Mapping[str, tuple[Sequence[Column], Callable[..., Iterator[Rows]]]]] = {
    "transfers": (TRANSFERS, transfers),
    "balances": (BALANCES, all_balances),
    "chains": (CHAINS, chains),
}


def export_to(
    path: Path, what: str, conn: Connection, institution: str, span: Span, harmless: Harmless
) -> Iterator[int]:
    """Write rows as Parquet where the file's name says so, else as CSV; yield how many at a time.

    `harmless` makes a text of a CSV file safe to open in a spreadsheet; in Parquet a text is what
    it is.
    """
    columns, read = EXPORTS[what]
    with _whole_file(path) as part:
        write = _to_parquet if path.suffix.lower() == ".parquet" else _to_csv
        yield from write(part, columns, read(conn, institution, span), harmless)


@contextmanager
def _whole_file(path: Path) -> Iterator[Path]:
    """Give a path beside the wanted one, and put it there when all is written."""
    part = path.with_name(path.name + ".part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _to_parquet(
    path: Path, columns: Sequence[Column], pages: Iterator[Rows], _harmless: Harmless
) -> Iterator[int]:
    schema = pa.schema([(column.name, column.type) for column in columns])
    with parquet.ParquetWriter(path, schema) as writer:
        for rows in pages:
            arrays = [_array(column, rows) for column in columns]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            yield len(rows)


def _array(column: Column, rows: Rows) -> pa.Array:
    values = [row[column.at] for row in rows]
    if column.scale >= 0:
        return cells.decimals(*_minor(column, rows))
    if column.words:
        return pa.array([column.words[value] for value in values], _TEXT)
    if column.type == _TEXT:
        return pa.array([None if value is None else str(value) for value in values], _TEXT)
    if column.is_from_id:
        values = [posted_at_of(value.bytes) for value in values]
    return pa.array(values, column.type)


def _minor(column: Column, rows: Rows) -> tuple[cells.Numbers, cells.Numbers, cells.Mask]:
    values = [row[column.at] for row in rows]
    return (
        np.array([value or 0 for value in values], np.int64),
        np.array([row[column.scale] for row in rows], np.int64),
        np.array([value is None for value in values], bool),
    )


def _to_csv(
    path: Path, columns: Sequence[Column], pages: Iterator[Rows], harmless: Harmless
) -> Iterator[int]:
    with path.open("wb") as file:
        file.write(_MARK + ",".join(column.name for column in columns).encode() + b"\n")
        for rows in pages:
            if rows:
                file.write(_lines([_written(column, rows, harmless) for column in columns]))
            yield len(rows)


def _lines(columns: list[pa.Array]) -> bytes:
    joined = pc.binary_join_element_wise(*columns, ",", null_handling="replace")
    return "".join(f"{line}\n" for line in joined.to_pylist()).encode()


def _written(column: Column, rows: Rows, harmless: Harmless) -> pa.Array:
    """Return a column as it stands in a CSV file."""
    if column.scale >= 0:
        return cells.texts(*_minor(column, rows))
    array = _array(column, rows)
    if column.type == _INSTANT:
        return pc.strftime(array, "%Y-%m-%dT%H:%M:%SZ", locale="C")
    if column.type != _TEXT:
        return array.cast(_TEXT)
    coded = array.dictionary_encode()
    safe = pa.array([_cell(text, harmless) for text in coded.dictionary.to_pylist()], _TEXT)
    return safe.take(coded.indices)


def _cell(text: str, harmless: Harmless) -> str:
    """Write a text so that a spreadsheet shows it and `load` finds it again.

    One that begins with an apostrophe gets another, because `load` takes the first one off.
    """
    safe = f"'{text}" if text.startswith("'") else harmless(text)
    return '"' + safe.replace('"', '""') + '"' if _NEEDS_QUOTES.search(safe) else safe
