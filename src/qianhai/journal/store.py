"""The only SQL of the room journal.

It must not decide anything: what is hashed stands in digest, what is wrong in verify.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import sql

from qianhai.db import Connection
from qianhai.journal.model import Entry, Head, Seal

SALT_BYTES: Final = 16
#: Rows fetched at a time when the whole journal is read; memory stays bounded.
_FETCHED_AT_ONCE: Final = 2000


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry with what makes it a link of the chain."""

    seq: int
    entry: Entry
    salt: bytes
    body: str
    content: bytes
    digest: bytes
    chain: bytes


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry as the database holds it; salt and body are None once erased."""

    seq: int
    institution_id: str
    schema_version: int
    kind: str
    subject: str
    at: datetime
    salt: bytes | None
    body: str | None
    content: bytes
    digest: bytes
    chain: bytes


@dataclass(frozen=True, slots=True)
class StoredSeal:
    """A seal as the database holds it."""

    entry_seq: int
    institution_id: str
    schema_version: int
    seal: Seal


@dataclass(frozen=True, slots=True)
class SealedTable:
    """A table whose rows are sealed, as its room declared it.

    `block_columns` are those a block is sealed by, none where no rows come in blocks.
    """

    name: str
    key_columns: tuple[str, ...]
    block_columns: tuple[str, ...] = ()


def read_head(conn: Connection) -> Head:
    """Return the recorded end of the chain."""
    row = conn.execute("select seq, chain from journal.heads").fetchone()
    assert row is not None, "journal.heads has its one row since the first migration"
    return Head(*row)


def lock_head(conn: Connection) -> Head:
    """Return the recorded end of the chain and keep other appenders waiting."""
    row = conn.execute("select seq, chain from journal.heads for update").fetchone()
    assert row is not None, "journal.heads has its one row since the first migration"
    return Head(*row)


def write_entries(conn: Connection, rows: Sequence[EntryRow], at: datetime) -> None:
    """Write entries, their seals and the new head in one statement."""
    seals = [
        (row.seq, row.entry.institution_id, seal.table, seal.row_key, seal.digest)
        for row in rows
        for seal in row.entry.seals
    ]
    conn.execute(
        """
        with entered as (
            insert into journal.entries
                (seq, institution_id, kind, subject, at, salt, body, content, digest, chain)
            select e.seq, e.institution_id, e.kind, e.subject, %(at)s,
                   e.salt, e.body, e.content, e.digest, e.chain
            from unnest(%(seqs)b::bigint[], %(institutions)b::text[], %(kinds)b::text[],
                        %(subjects)b::text[], %(salts)b::bytea[], %(bodies)b::text[],
                        %(contents)b::bytea[], %(digests)b::bytea[], %(chains)b::bytea[])
                as e (seq, institution_id, kind, subject, salt, body, content, digest, chain)
        ), sealed as (
            insert into journal.seals (entry_seq, institution_id, table_name, row_key, digest)
            select * from unnest(%(seal_seqs)b::bigint[], %(seal_institutions)b::text[],
                                 %(seal_tables)b::text[], %(seal_keys)b::text[],
                                 %(seal_digests)b::bytea[])
        )
        update journal.heads set seq = %(seq)s, chain = %(chain)s
        """,
        {
            "at": at,
            "seqs": [row.seq for row in rows],
            "institutions": [row.entry.institution_id for row in rows],
            "kinds": [row.entry.kind for row in rows],
            "subjects": [row.entry.subject for row in rows],
            "salts": [row.salt for row in rows],
            "bodies": [row.body for row in rows],
            "contents": [row.content for row in rows],
            "digests": [row.digest for row in rows],
            "chains": [row.chain for row in rows],
            "seal_seqs": [seal[0] for seal in seals],
            "seal_institutions": [seal[1] for seal in seals],
            "seal_tables": [seal[2] for seal in seals],
            "seal_keys": [seal[3] for seal in seals],
            "seal_digests": [seal[4] for seal in seals],
            "seq": rows[-1].seq,
            "chain": rows[-1].chain,
        },
        binary=True,
    )


def erase_bodies(conn: Connection, seqs: Sequence[int]) -> None:
    """Remove salt and body of entries for ever."""
    conn.execute(
        "update journal.entries set salt = null, body = null where seq = any(%s)", [list(seqs)]
    )


def insert_rows(
    conn: Connection, table: str, columns: Sequence[str], key: Sequence[str], payload: str
) -> Sequence[tuple[str, bytes | None]]:
    """Insert rows given as one JSON array; return key and digest of each, in their order.

    The digest is None when the table is not declared with this key.
    """
    name = sql.Identifier(*table.split("."))
    listed = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL(
        "insert into {name} as r ({listed})"
        " select {listed} from jsonb_populate_recordset(null::{name}, %(payload)s::jsonb)"
        " returning {row_key}, ("
        "   select sha256(convert_to("
        "     (jsonb_strip_nulls(to_jsonb(r)) - s.mutable_columns)::text"
        "     || s.mutable_columns::text, 'UTF8'))"
        "   from journal.sealed_tables as s"
        "   where s.table_name = %(table)s and s.key_columns = %(key)s::text[])"
    ).format(name=name, listed=listed, row_key=_row_key(key))
    return conn.execute(
        statement, {"payload": payload, "table": table, "key": list(key)}
    ).fetchall()


def block_key(block: UUID) -> str:
    """Return the key of a block in its seal.

    >>> block_key(UUID(int=1))
    '{"block":"00000000-0000-0000-0000-000000000001"}'
    """
    return f'{{"block":"{block}"}}'


def insert_block(
    conn: Connection, table: str, columns: Sequence[str], rows: bytes, block: UUID
) -> bytes:
    """Copy rows into a table as one block, and return the digest of what was stored."""
    name = sql.Identifier(*table.split("."))
    listed = sql.SQL(", ").join(map(sql.Identifier, columns))
    command = sql.SQL("copy {} ({}) from stdin (format csv)").format(name, listed)
    with conn.cursor() as cursor, cursor.copy(command) as copy:
        copy.write(rows)
    (declared,) = (one for one in read_sealed_tables(conn) if one.name == table)
    statement = sql.SQL("select {} from {} as r where r.block = %s").format(
        _block_digest(declared), name
    )
    found = conn.execute(statement, (block,)).fetchone()
    assert found, "the rows that were copied are there"
    return bytes(found[0])


def _block_digest(table: SealedTable) -> sql.Composed:
    """Write the digest of a block's rows `r` as SQL."""
    columns = sql.SQL(", ").join(sql.Identifier("r", name) for name in table.block_columns)
    order = sql.SQL(", ").join(
        sql.SQL('{}::text collate "C"').format(sql.Identifier("r", name))
        for name in table.key_columns
    )
    return sql.SQL(
        "sha256(string_agg(sha256(record_send(row({}))), ''::bytea order by {}))"
    ).format(columns, order)


def read_broken_blocks(
    conn: Connection, table: SealedTable
) -> Iterator[tuple[str, int | None, bool, bool]]:
    """Yield the blocks that differ from their seals: key, entry, is there, is sealed."""
    if not table.block_columns:
        return
    statement = sql.SQL(
        "select row_key, s.entry_seq, b.digest is not null, s.digest is not null from ("
        """   select '{{"block":"' || r.block || '"}}' as row_key, {digest} as digest"""
        "   from {name} as r where r.block is not null group by r.block) as b"
        " full join (select row_key, digest, entry_seq from journal.seals"
        "   where table_name = {table} and {is_block}) as s using (row_key)"
        " where b.digest is distinct from s.digest order by row_key"
    ).format(
        digest=_block_digest(table),
        name=sql.Identifier(*table.name.split(".")),
        table=sql.Literal(table.name),
        is_block=sql.SQL(_IS_BLOCK),
    )
    yield from _streamed(conn, "journal_broken_blocks", statement)


#: A seal that is of a block and not of a row.
_IS_BLOCK: Final = "starts_with(row_key, '{')"


def _row_key(columns: Sequence[str]) -> sql.Composed:
    """Write the key of the row `r` as SQL: a JSON array of its key columns, as text."""
    listed = sql.SQL(", ").join(sql.Identifier("r", name) for name in columns)
    return sql.SQL("jsonb_build_array({})::text").format(listed)


def read_entries(conn: Connection) -> Iterator[StoredEntry]:
    """Yield every entry in the order of the chain, a portion in memory at a time."""
    for row in _streamed(
        conn,
        "journal_entries",
        "select seq, institution_id, schema_version, kind, subject, at, salt, body,"
        " content, digest, chain from journal.entries order by seq",
    ):
        yield StoredEntry(*row)


def read_entry_page(
    conn: Connection, institution: str, wanted: Mapping[str, object], most: int
) -> list[tuple[Any, ...]]:
    """Return entries of one institution: downwards from `before`, or upwards from `after`."""
    way = "asc" if wanted["after"] is not None else "desc"
    return conn.execute(
        f"""
        select seq, kind, subject, at, body, chain from journal.entries
        where institution_id = %(institution)s
          and (%(before)s::bigint is null or seq < %(before)s)
          and (%(after)s::bigint is null or seq > %(after)s)
          and (%(kind)s::text is null or kind = %(kind)s)
          and (%(subject)s::text is null or subject = %(subject)s)
          and (%(actor)s::text is null
               or %(actor)s in (body::jsonb ->> 'by', body::jsonb ->> 'actor'))
          and (%(since)s::timestamptz is null or at >= %(since)s)
          and (%(until)s::timestamptz is null or at < %(until)s)
        order by seq {way} limit %(most)s
        """.encode(),  # noqa: S608 - one of two words of our own
        {"institution": institution, "most": most, **wanted},
    ).fetchall()


def read_entry(conn: Connection, institution: str, seq: int) -> StoredEntry | None:
    """Return one entry of an institution."""
    row = conn.execute(
        "select seq, institution_id, schema_version, kind, subject, at, salt, body, content,"
        " digest, chain from journal.entries where institution_id = %s and seq = %s",
        (institution, seq),
    ).fetchone()
    return StoredEntry(*row) if row else None


def read_seals_of(conn: Connection, seq: int) -> list[StoredSeal]:
    """Return the seals of one entry in the order in which it hashed them."""
    rows = conn.execute(
        "select entry_seq, institution_id, schema_version, table_name, row_key, digest"
        " from journal.seals where entry_seq = %s"
        ' order by table_name collate "C", row_key collate "C"',
        (seq,),
    )
    return [
        StoredSeal(number, owner, version, Seal(*rest)) for number, owner, version, *rest in rows
    ]


def read_kinds(conn: Connection, institution: str) -> list[str]:
    """Return the kinds of entries there are."""
    rows = conn.execute(
        "select distinct kind from journal.entries where institution_id = %s order by kind",
        (institution,),
    )
    return [row[0] for row in rows]


def read_seals(conn: Connection) -> Iterator[StoredSeal]:
    """Yield every seal in the order in which its entry hashed it."""
    for seq, institution, version, *seal in _streamed(
        conn,
        "journal_seals",
        "select entry_seq, institution_id, schema_version, table_name, row_key, digest"
        ' from journal.seals order by entry_seq, table_name collate "C", row_key collate "C"',
    ):
        yield StoredSeal(seq, institution, version, Seal(*seal))


#: A declared table can be checked when it and the columns that are named are there.
_CAN_BE_CHECKED: Final = """
    to_regclass(table_name) is not null and not exists (
        select from unnest(key_columns || coalesce(block_columns, '{}')) as k (name)
        where not exists (
            select from pg_attribute as a where a.attrelid = to_regclass(table_name)
            and a.attname = k.name and a.attnum > 0 and not a.attisdropped))
"""


def read_sealed_tables(conn: Connection) -> Sequence[SealedTable]:
    """Return the tables that are declared as sealed and can be checked."""
    query = sql.SQL(
        "select table_name, key_columns, coalesce(block_columns, '{{}}')"
        " from journal.sealed_tables where {} order by table_name"
    ).format(sql.SQL(_CAN_BE_CHECKED))
    rows = conn.execute(query).fetchall()
    return [SealedTable(name, tuple(key), tuple(block)) for name, key, block in rows]


def read_undeclared(conn: Connection) -> Sequence[tuple[str, int]]:
    """Return the tables that have seals but no usable declaration, or are gone, with how many."""
    query = sql.SQL(
        "select table_name, count(*) from journal.seals where table_name not in"
        " (select table_name from journal.sealed_tables where {})"
        " group by table_name order by table_name"
    ).format(sql.SQL(_CAN_BE_CHECKED))
    return conn.execute(query).fetchall()


def read_broken_rows(
    conn: Connection, table: SealedTable
) -> Iterator[tuple[str, int | None, bool, bool]]:
    """Yield the rows that differ from their seals: key, entry, is there, is sealed."""
    statement = sql.SQL(
        "select row_key, s.entry_seq, r.digest is not null, s.digest is not null from ("
        "   select {row_key} as row_key, sha256(convert_to("
        "     (jsonb_strip_nulls(to_jsonb(r)) - t.mutable_columns)::text"
        "     || t.mutable_columns::text, 'UTF8')) as digest"
        "   from {name} as r, journal.sealed_tables as t where t.table_name = {table}{alone}) as r"
        " full join (select row_key, digest, entry_seq from journal.seals"
        "   where table_name = {table} and not {is_block}) as s using (row_key)"
        " where r.digest is distinct from s.digest order by row_key"
    ).format(
        row_key=_row_key(table.key_columns),
        table=sql.Literal(table.name),
        name=sql.Identifier(*table.name.split(".")),
        alone=sql.SQL(" and r.block is null" if table.block_columns else ""),
        is_block=sql.SQL(_IS_BLOCK),
    )
    yield from _streamed(conn, "journal_broken_rows", statement)


def settle_digests(conn: Connection) -> None:
    """Give this transaction the settings under which rows were sealed, whoever opened it."""
    conn.execute(
        "set local timezone to 'UTC'; set local datestyle to 'ISO, YMD';"
        " set local intervalstyle to 'iso_8601'; set local bytea_output to 'hex';"
        " set local extra_float_digits to 1"
    )


def _streamed(
    conn: Connection, name: str, statement: str | sql.Composed
) -> Iterator[tuple[Any, ...]]:
    """Yield rows of a query through a cursor that the server keeps."""
    with conn.cursor(name, binary=True) as cursor:
        cursor.itersize = _FETCHED_AT_ONCE
        cursor.execute(statement if isinstance(statement, sql.Composed) else statement.encode())
        yield from cursor
