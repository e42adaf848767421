"""The SQL of keys and of what is computed with them: which one is in force, what rests under it.

Must not encrypt, and must not know a key.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.rows import dict_row

from qianhai.db import Connection

_BATCH_ROWS: Final = 2_000
_FIRST: Final = UUID(int=0)


def key_in_force(conn: Connection, institution_id: str) -> str | None:
    """Return the fingerprint of the master key in force; None where none was noted yet."""
    row = conn.execute(
        "select fingerprint from registers.master_keys where institution_id = %s", [institution_id]
    ).fetchone()
    return row[0] if row else None


def put_key_in_force(
    conn: Connection, institution_id: str, fingerprint: str, by: str, at: datetime
) -> None:
    """Note which master key is in force from now on."""
    conn.execute(
        "insert into registers.master_keys (institution_id, fingerprint, taken_at, taken_by)"
        " values (%s, %s, %s, %s) on conflict (institution_id) do update set"
        " fingerprint = excluded.fingerprint, taken_at = excluded.taken_at,"
        " taken_by = excluded.taken_by",
        [institution_id, fingerprint, at, by],
    )


def some_key(conn: Connection, institution_id: str) -> tuple[UUID, bytes] | None:
    """Return any key of a person as it is wrapped, to try a master key on."""
    row = conn.execute(
        "select id, wrapped from registers.subject_keys"
        " where institution_id = %s and wrapped is not null limit 1",
        [institution_id],
    ).fetchone()
    return (row[0], row[1]) if row else None


def wrapped_keys(conn: Connection, institution_id: str) -> Iterator[list[tuple[UUID, bytes]]]:
    """Yield the wrapped keys of all who were not erased, some thousands at a time."""
    last = _FIRST
    while True:
        rows = conn.execute(
            "select id, wrapped from registers.subject_keys where institution_id = %s"
            " and wrapped is not null and id > %s order by id limit %s",
            [institution_id, last, _BATCH_ROWS],
        ).fetchall()
        if not rows:
            return
        last = rows[-1][0]
        yield [(row[0], row[1]) for row in rows]


def put_wrapped(conn: Connection, wrapped: Mapping[UUID, bytes]) -> None:
    """Put newly wrapped keys in the place of those that rest there."""
    conn.execute(
        "update registers.subject_keys k set wrapped = new.wrapped"
        " from unnest(%s::uuid[], %s::bytea[]) as new (id, wrapped) where k.id = new.id",
        [list(wrapped), list(wrapped.values())],
    )


def indexed_parties(conn: Connection, institution_id: str) -> Iterator[list[dict[str, Any]]]:
    """Yield every row of a party that is found by an identifier, some thousands at a time."""
    last = _FIRST
    while True:
        with conn.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(
                "select id, party, type, key_id, personal, identifiers from registers.parties"
                " where institution_id = %s and blind_index <> '{}' and id > %s"
                " order by id limit %s",
                [institution_id, last, _BATCH_ROWS],
            ).fetchall()
        if not rows:
            return
        last = rows[-1]["id"]
        yield rows


def put_indexes(conn: Connection, indexes: Mapping[UUID, Sequence[bytes]]) -> None:
    """Put new indexes of identifiers in the place of those that rest there."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "update registers.parties set blind_index = %s::bytea[] where id = %s",
            [(list(blinds), row_id) for row_id, blinds in indexes.items()],
        )
