"""Insert rows of another room together with their seals.

It must not know the tables: each room declares its own in `journal.sealed_tables`.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from qianhai.db import Connection
from qianhai.journal import store
from qianhai.journal.model import Seal
from qianhai.kernel import canonical_text


def insert_sealed(
    conn: Connection, table: str, rows: Sequence[Mapping[str, object]], key: Sequence[str]
) -> list[Seal]:
    """Insert rows into a table in one statement and return a seal for each, in their order.

    PostgreSQL computes the digests over the rows as they were stored (defaults included), less
    the columns declared mutable (which are in the digest by name) and less nulls, so that a
    nullable column added later does not change them. All rows give the same columns; a column
    left out takes its default. Values: text, int, bool, None, Decimal, date, datetime, UUID,
    bytes, lists for arrays, mappings or lists for jsonb. `key` is the table's declared key. Put
    the seals into an Entry and append it in the same transaction: a row without a seal is
    reported by `verify`.
    """
    if not rows:
        return []
    columns = tuple(rows[0])
    assert all(row.keys() == rows[0].keys() for row in rows), "rows give the same columns"
    payload = canonical_text(
        [{name: _written(value) for name, value in row.items()} for row in rows]
    )
    sealed = store.insert_rows(conn, table, columns, tuple(key), payload)
    seals = [Seal(table, row_key, digest) for row_key, digest in sealed if digest is not None]
    assert len(seals) == len(rows), (
        f"{table} with the key {tuple(key)} is not declared in journal.sealed_tables"
    )
    return seals


def insert_block(
    conn: Connection, table: str, columns: Sequence[str], rows: bytes, block: UUID
) -> list[Seal]:
    """Insert rows, at least one, into a table as one block, and return the one seal they share.

    For rows by the thousand: as `insert_sealed`, with the declared `block_columns` in the seal, and
    `verify` names a changed block rather than the row in it. `rows` are CSV as PostgreSQL reads
    it, without a header; among their `columns` is `block`.
    """
    digest = store.insert_block(conn, table, columns, rows, block)
    return [Seal(table, store.block_key(block), digest)]


def _written(value: object) -> object:
    r"""Write bytes the way PostgreSQL reads them; everything else has its canonical form.

    >>> _written([b"\x01", "one"])
    ['\\x01', 'one']
    """
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    if isinstance(value, list | tuple):
        return [_written(one) for one in value]
    return value
