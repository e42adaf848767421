"""Whoever changes what is recorded, with every right on the database, is found and named."""

import dataclasses

import pytest
from psycopg import sql

from journal.sample import AT, permit, record, salts
from qianhai.db import Connection, Database
from qianhai.journal import Entry, Head, append, erase, head, insert_sealed, verify
from qianhai.journal.digest import content_digest, entry_digest, next_chain
from qianhai.journal.store import read_entries, read_seals
from qianhai.kernel import canonical_text

#: Columns of the tables under watch, with another value of the column's type.
_OTHER = {
    "text": "%s || '!'",
    "bigint": "%s + 100",
    "integer": "%s + 1",
    "smallint": "%s + 1",
    "numeric": "%s + 0.0000001",
    "boolean": "not %s",
    "date": "%s + 1",
    "timestamp with time zone": "%s + interval '1 microsecond'",
    "bytea": "set_byte(%s, 0, get_byte(%s, 0) # 1)",
    "text[]": "array_append(%s, 'x')",
    "jsonb": "%s - 'amount'",
}
_WATCHED = {
    "journal.entries": "seq = 2",
    "journal.seals": "entry_seq = 2",
    "journal.heads": "true",
    "sample.permits": "id = 'permit-2'",
}
#: What may change: the key of the only head, and a column declared mutable.
_FREE = {("journal.heads", "is_only"), ("sample.permits", "seen")}


def _columns(conn: Connection, table: str) -> list[tuple[str, str]]:
    return conn.execute(
        "select attname, format_type(atttypid, null) from pg_attribute"
        " where attrelid = %s::regclass and attnum > 0 and not attisdropped",
        [table],
    ).fetchall()


def _become_cheat(conn: Connection) -> None:
    """Switch off triggers and foreign keys, as the owner of a database can."""
    conn.execute("set local session_replication_role to 'replica'")


def test_one_change_in_any_column_is_found_and_named(room: Database) -> None:
    tried = 0
    for table, row in _WATCHED.items():
        with room.transaction() as conn:
            columns = _columns(conn, table)
        for column, kind in columns:
            if (table, column) in _FREE:
                continue
            with room.transaction(rollback=True) as conn:
                _become_cheat(conn)
                name = sql.Identifier(column).as_string(conn)
                other = _OTHER[kind].replace("%s", name)
                statement = f"update {table} set {name} = {other} where {row}"  # noqa: S608
                changed = conn.execute(statement.encode())
                assert changed.rowcount == 1, (table, column)
                flaws = list(verify(conn))
                assert flaws, f"{table}.{column} was changed and nothing was found"
                places = {str(flaw.place) for flaw in flaws}
                assert any(
                    place.startswith((table, "journal.entries:2", "journal.entries:3"))
                    for place in places
                ), (table, column, places)
                assert all(flaw.en and flaw.zh for flaw in flaws)
                tried += 1
    assert tried >= 11 + 6 + 2 + 12


def test_only_the_changed_entry_is_named(room: Database) -> None:
    with room.transaction(rollback=True) as conn:
        _become_cheat(conn)
        conn.execute("update journal.entries set body = '{\"number\":20}' where seq = 2")
        assert [(flaw.code, str(flaw.place)) for flaw in verify(conn)] == [
            ("J102", "journal.entries:2")
        ]


def test_a_changed_row_a_missing_row_and_an_added_row_are_named_by_key(room: Database) -> None:
    with room.transaction(rollback=True) as conn:
        _become_cheat(conn)
        conn.execute("update sample.permits set amount = amount + 1 where id = 'permit-1'")
        conn.execute("delete from sample.permits where id = 'permit-2'")
        insert_sealed(conn, "sample.permits", [permit(4)], ["id", "part"])
        assert [(flaw.code, str(flaw.place)) for flaw in verify(conn)] == [
            ("J201", 'sample.permits: ["permit-1", 1]'),
            ("J202", 'sample.permits: ["permit-2", 1]'),
            ("J203", 'sample.permits: ["permit-4", 1]'),
        ]


def test_a_removed_entry_is_a_gap_and_its_seals_are_orphans(room: Database) -> None:
    with room.transaction(rollback=True) as conn:
        _become_cheat(conn)
        conn.execute("delete from journal.entries where seq = 2")
        assert [flaw.code for flaw in verify(conn)] == ["J109", "J101", "J104"]


def test_a_removed_seal_breaks_its_entry(room: Database) -> None:
    with room.transaction(rollback=True) as conn:
        _become_cheat(conn)
        conn.execute("delete from journal.seals where entry_seq = 3")
        assert [(flaw.code, flaw.place.line) for flaw in verify(conn)] == [
            ("J103", 3),
            ("J203", None),
        ]


def test_a_table_that_is_no_longer_declared_or_gone_is_named(room: Database) -> None:
    with room.transaction(rollback=True) as conn:
        conn.execute("delete from journal.sealed_tables")
        assert [flaw.code for flaw in verify(conn)] == ["J108"]
    with room.transaction(rollback=True) as conn:
        conn.execute("drop table sample.permits")
        assert [flaw.code for flaw in verify(conn)] == ["J108"]


def test_an_entry_cut_off_at_the_end_is_found_against_the_recorded_head(room: Database) -> None:
    with room.transaction(rollback=True) as conn:
        _become_cheat(conn)
        conn.execute("delete from journal.seals where entry_seq = 3")
        conn.execute("delete from journal.entries where seq = 3")
        conn.execute("delete from sample.permits where id = 'permit-3'")
        assert [flaw.code for flaw in verify(conn)] == ["J106"]


def test_a_history_cut_with_care_passes_alone_but_not_against_a_kept_head(room: Database) -> None:
    with room.transaction(rollback=True) as conn:
        kept = head(conn)
        _become_cheat(conn)
        conn.execute("delete from journal.seals where entry_seq = 3")
        conn.execute("delete from journal.entries where seq = 3")
        conn.execute("delete from sample.permits where id = 'permit-3'")
        conn.execute(
            "update journal.heads set seq = 2, chain ="
            " (select chain from journal.entries where seq = 2)"
        )
        assert list(verify(conn)) == []
        assert [(flaw.code, flaw.place.line) for flaw in verify(conn, kept)] == [("J107", 3)]


def _rewrite(conn: Connection, seq: int, body: str) -> None:
    """Change one body and compute every digest after it anew, as a clever cheat would."""
    seals = {one.entry_seq: one for one in read_seals(conn)}
    chain = bytes(32)
    for entry in list(read_entries(conn)):
        text = body if entry.seq == seq else entry.body
        assert text is not None
        assert entry.salt is not None
        content = content_digest(entry.salt, text)
        digest = entry_digest(
            **{
                name: value
                for name, value in dataclasses.asdict(entry).items()
                if name not in {"salt", "body", "digest", "chain", "content"}
            },
            content=content,
            seals=[("bank-1", 1, seals[entry.seq].seal)],
        )
        chain = next_chain(chain, digest)
        conn.execute(
            "update journal.entries set body = %s, content = %s, digest = %s, chain = %s"
            " where seq = %s",
            [text, content, digest, chain, entry.seq],
        )
    conn.execute("update journal.heads set chain = %s", [chain])


def test_a_history_rewritten_and_chained_anew_fails_against_a_kept_head(room: Database) -> None:
    with room.transaction() as conn:
        early = head(conn)
        record(conn, range(4, 6))
    with room.transaction(rollback=True) as conn:
        _become_cheat(conn)
        _rewrite(conn, 2, canonical_text({"number": 20}))
        assert list(verify(conn)) == []
        assert [flaw.code for flaw in verify(conn, early)] == ["J107"]


@pytest.mark.parametrize("wrong", [Head(3, bytes(32)), Head(9, bytes(32)), Head(0, b"x" * 32)])
def test_a_head_that_was_never_there_fails(room: Database, wrong: Head) -> None:
    with room.transaction() as conn:
        assert [flaw.code for flaw in verify(conn, wrong)] == ["J107"]


def test_erasing_leaves_the_chain_whole_and_nothing_to_guess(room: Database) -> None:
    with room.transaction() as conn:
        kept = head(conn)
        erase(
            conn, entries=[2], institution_id="bank-1", reason="Article 47 PIPL", at=AT, salts=salts
        )
    with room.transaction() as conn:
        assert conn.execute(
            "select seq from journal.entries where body is null and salt is null"
        ).fetchall() == [(2,)]
        assert list(verify(conn, kept)) == []
        assert list(verify(conn, head(conn))) == []


def test_an_erasure_that_no_entry_records_is_found(room: Database) -> None:
    with room.transaction(rollback=True) as conn:
        conn.execute("update journal.entries set salt = null, body = null where seq = 2")
        assert [(flaw.code, flaw.place.line) for flaw in verify(conn)] == [("J105", 2)]


def test_other_fields_of_an_erased_entry_are_still_watched(room: Database) -> None:
    with room.transaction() as conn:
        erase(conn, entries=[2], institution_id="bank-1", reason="asked", at=AT, salts=salts)
    with room.transaction(rollback=True) as conn:
        _become_cheat(conn)
        conn.execute("update journal.entries set subject = 'permit-9' where seq = 2")
        assert [(flaw.code, flaw.place.line) for flaw in verify(conn)] == [("J103", 2)]


def test_a_row_erased_on_record_is_accepted_and_its_neighbours_are_not(room: Database) -> None:
    with room.transaction(rollback=True) as conn:
        _become_cheat(conn)
        conn.execute("update sample.permits set holder = null, salt = '' where part = 1")
        gone = [("sample.permits", '["permit-2", 1]')]
        erase(conn, rows=gone, institution_id="bank-1", reason="asked", at=AT, salts=salts)
        assert [flaw.place.column for flaw in verify(conn)] == [
            '["permit-1", 1]',
            '["permit-3", 1]',
        ]


def test_a_body_is_found_by_no_one_without_its_salt(room: Database) -> None:
    """Two equal bodies leave different digests, so an erased one cannot be looked up."""
    with room.transaction() as conn:
        entry = Entry("sample.noted", "case-1", {"yes": True}, (), "bank-1")
        random = iter([b"a" * 16, b"b" * 16])
        append(conn, [entry, entry], at=AT, salts=lambda: next(random))
        contents = conn.execute("select content from journal.entries where seq > 3").fetchall()
    assert contents[0] != contents[1]
