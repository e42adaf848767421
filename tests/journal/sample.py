"""One sealed table of an invented room, and something to record in it."""

from datetime import UTC, datetime

from qianhai.db import Connection
from qianhai.journal import Entry, Head, append, insert_sealed

AT = datetime(2023, 6, 30, 9, 0, tzinfo=UTC)

ROOM = """
    create schema sample;
    create table sample.permits (
        id text not null, part integer not null, institution_id text not null,
        schema_version smallint not null default 1,
        holder text, amount bigint, rate numeric, granted_on date, granted_at timestamptz,
        is_open boolean, marks text[], papers jsonb, salt bytea not null, seen integer default 0,
        primary key (id, part)
    );
    insert into journal.sealed_tables (table_name, key_columns, mutable_columns)
    values ('sample.permits', '{id,part}', '{seen}');
    create trigger permits_are_append_only before delete or truncate on sample.permits
        for each statement execute function journal.refuse_change();
"""


def permit(number: int) -> dict[str, object]:
    """A row of the sealed table, with a value of every kind a room stores."""
    return {
        "id": f"permit-{number}",
        "part": 1,
        "institution_id": "bank-1",
        "holder": '前海 O\'Neil \\ "quoted"',
        "amount": 9_007_199_254_740_993 + number,
        "rate": "0.0365000",
        "granted_on": AT.date(),
        "granted_at": AT,
        "is_open": True,
        "marks": ["a,b", "c"],
        "papers": {"contract": ["c-1", None], "amount": "1.50"},
        "salt": number.to_bytes(16, "big"),
    }


def salts() -> bytes:
    """Sixteen bytes that need not be random in a test."""
    return bytes(range(16))


def record(conn: Connection, numbers: range) -> Head:
    """Insert sealed rows and one entry for each."""
    rows = [permit(number) for number in numbers]
    seals = insert_sealed(conn, "sample.permits", rows, ["id", "part"])
    entries = [
        Entry("sample.granted", f"permit-{number}", {"number": number}, (seal,), "bank-1")
        for number, seal in zip(numbers, seals, strict=True)
    ]
    return append(conn, entries, at=AT, salts=salts)
