"""What is appended stands in one gapless chain and is never changed."""

import threading

import psycopg
import pytest

from journal.sample import AT, permit, record, salts
from qianhai.db import Database
from qianhai.journal import Entry, Head, append, head, insert_sealed, verify
from qianhai.kernel import BadInput


def _plain(number: int) -> Entry:
    return Entry("sample.noted", f"case-{number}", {"金额": "1.50"}, (), "bank-1")


def test_an_empty_journal_is_whole_and_its_head_is_zero(database: Database) -> None:
    with database.transaction() as conn:
        assert head(conn) == Head(0, bytes(32))
        assert list(verify(conn, Head(0, bytes(32)))) == []


def test_appending_nothing_leaves_the_head(room: Database) -> None:
    with room.transaction() as conn:
        assert append(conn, [], at=AT, salts=salts) == head(conn)


def test_entries_number_on_and_the_head_moves(room: Database) -> None:
    with room.transaction() as conn:
        before = head(conn)
        after = append(conn, [_plain(1), _plain(2)], at=AT, salts=salts)
        assert (before.seq, after.seq) == (3, 5)
        assert after == head(conn)
        assert [flaw for known in (before, after) for flaw in verify(conn, known)] == []


def test_the_same_acts_give_the_same_head_on_every_machine(database: Database) -> None:
    """The definition of the digests is a promise: heads printed years ago must still verify."""
    with database.transaction() as conn:
        written = append(conn, [_plain(1), _plain(2)], at=AT, salts=salts)
    assert written.text() == ("2:5e1e914f3bb644556bd27625f42540a0041f709800ff0492dc6031f999e22ed4")


def test_a_dry_run_leaves_no_entry_and_no_gap(room: Database) -> None:
    with room.transaction(rollback=True) as conn:
        append(conn, [_plain(1)], at=AT, salts=salts)
    with room.transaction() as conn:
        assert append(conn, [_plain(2)], at=AT, salts=salts).seq == 4
        assert list(verify(conn)) == []


def test_eight_concurrent_appenders_keep_one_gapless_chain(room: Database) -> None:
    begin = threading.Barrier(8)
    failures: list[BaseException] = []

    def append_often(worker: int) -> None:
        begin.wait()
        try:
            for turn in range(10):
                with room.transaction() as conn:
                    number = 100 + worker * 20 + turn * 2
                    record(conn, range(number, number + 2))
        except BaseException as fault:  # noqa: BLE001 (shown below)
            failures.append(fault)

    workers = [threading.Thread(target=append_often, args=[number]) for number in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []
    with room.transaction() as conn:
        assert head(conn).seq == 3 + 8 * 10 * 2
        assert list(verify(conn, head(conn))) == []


def test_sealed_rows_are_stored_as_they_were_given(room: Database) -> None:
    with room.transaction() as conn:
        row = conn.execute(
            "select holder, amount, rate::text, granted_at, is_open, marks, papers, salt, seen"
            " from sample.permits where id = 'permit-2'"
        ).fetchone()
    given = permit(2)
    names = ["holder", "amount", "rate", "granted_at", "is_open", "marks", "papers", "salt"]
    assert row == (*(given[name] for name in names), 0)


def test_seals_come_in_the_order_of_the_rows(room: Database) -> None:
    with room.transaction() as conn:
        rows = [permit(number) for number in (9, 7, 8)]
        seals = insert_sealed(conn, "sample.permits", rows, ["id", "part"])
        assert [seal.row_key for seal in seals] == [f'["permit-{n}", 1]' for n in (9, 7, 8)]
        assert insert_sealed(conn, "sample.permits", [], ["id", "part"]) == []


@pytest.mark.parametrize("key", [["id"], ["part", "id"]])
def test_a_table_is_sealed_only_under_its_declared_key(room: Database, key: list[str]) -> None:
    with room.transaction(rollback=True) as conn, pytest.raises(AssertionError, match="declared"):
        insert_sealed(conn, "sample.permits", [permit(4)], key)


def test_a_mutable_column_and_a_later_nullable_column_do_not_break_a_seal(room: Database) -> None:
    with room.transaction() as conn:
        conn.execute("update sample.permits set seen = 7")
        conn.execute("alter table sample.permits add column remark text")
        record(conn, range(4, 6))
        assert list(verify(conn)) == []


def test_a_session_with_other_settings_finds_the_journal_whole(
    room: Database, database_url: str
) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute("set timezone to 'Asia/Shanghai'")
        conn.execute("set bytea_output to 'escape'")
        conn.execute("set datestyle to 'SQL, DMY'")
        assert list(verify(conn)) == []
    with room.transaction() as conn:
        assert head(conn).seq == 3


@pytest.mark.parametrize(
    "change",
    [
        "update journal.entries set body = '{}' where seq = 1",
        "update journal.entries set body = null, salt = null, kind = 'x' where seq = 1",
        "update journal.entries set at = now()",
        "delete from journal.entries",
        "truncate journal.entries cascade",
        "update journal.seals set row_key = 'x'",
        "delete from journal.seals",
        "truncate journal.seals",
        "delete from sample.permits",
        "truncate sample.permits",
    ],
)
def test_the_tables_refuse_to_be_changed(room: Database, change: str) -> None:
    with (
        pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="append-only"),
        room.transaction() as conn,
    ):
        conn.execute(change.encode())
    with room.transaction() as conn:
        assert list(verify(conn)) == []


@pytest.mark.parametrize("text", ["", "17", "x:" + "0" * 64, "1:" + "0" * 63, "01:" + "0" * 64])
def test_a_head_of_another_form_is_refused_in_both_languages(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        Head.parse(text)
    assert text in refused.value.flaws[0].en
    assert text in refused.value.flaws[0].zh


def test_a_head_is_read_as_it_was_written(room: Database) -> None:
    with room.transaction() as conn:
        assert Head.parse(f" {head(conn).text()}\n") == head(conn)
