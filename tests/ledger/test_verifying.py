"""Whatever is changed behind the ledger's back is found and named."""

from datetime import timedelta
from itertools import product

import psycopg
import pytest
from psycopg import sql

from ledger.books import ALICE, BOB, GROUP, Books, chain, draw, pay
from ledger.forging import TABLES, change, columns, forgery, named_rows, numbers
from qianhai.ledger import Head, Kind, Leg, verify
from qianhai.ledger.digest import BatchRow


@pytest.fixture
def busy(books: Books) -> Books:
    """Every kind of row: batches, assets, accounts, chains that failed, holds open and not."""
    books.post(chain("a", pay(100), draw(100, 500)), chain("bad", pay(101, ALICE, BOB)))
    books.one(chain("h", pay(60, ALICE, BOB), kind=Kind.HOLD, expires=timedelta(hours=1)))
    books.one(chain("h2", pay(6, ALICE, BOB), kind=Kind.HOLD))
    books.one(chain("c", kind=Kind.COMMIT, of="h", amounts=[50]))
    books.one(chain("r", draw(7, 9, GROUP), closes=["vault"]))
    books.one(chain("rr", kind=Kind.REVERSE, of="r"))
    assert books.flaws() == []
    return books


@pytest.mark.parametrize("table", TABLES)
def test_one_changed_byte_in_any_column_is_found_and_named(busy: Books, table: str) -> None:
    with busy.database.transaction() as conn:
        every = columns(conn, table)
        rows = numbers(conn, table)
    assert rows
    chosen = sorted({rows[0], rows[1 % len(rows)], rows[len(rows) // 2]})  # chain 2 was refused
    for (column, kind), row in product(every, chosen):
        with forgery(busy) as conn:
            change(conn, table, column, kind, row)
            found = named_rows(list(verify(conn)), table)
        assert found & {row, row + 1}, f"{column} of {table} {row} was changed"
    assert busy.flaws() == []


@pytest.mark.parametrize("table", [table for table in TABLES if table != "heads"])
def test_a_row_that_is_missing_is_found(busy: Books, table: str) -> None:
    with busy.database.transaction() as conn:
        rows = numbers(conn, table)
    for row in rows:
        with forgery(busy) as conn:
            statement = sql.SQL("delete from {} where {} = %s").format(
                sql.Identifier("ledger", table), sql.Identifier(TABLES[table])
            )
            conn.execute(statement, (row,))
            assert list(verify(conn)), f"row {row} of {table} is gone"


@pytest.mark.parametrize("table", [table for table in TABLES if table != "heads"])
def test_a_row_that_was_added_is_found(busy: Books, table: str) -> None:
    with forgery(busy) as conn:
        last = numbers(conn, table)[-1]
        others = [name for name, _ in columns(conn, table) if name != TABLES[table]]
        statement = sql.SQL(
            "insert into {table} ({key}, {others})"
            " select {key} + 1, {others} from {table} where {key} = %s"
        ).format(
            table=sql.Identifier("ledger", table),
            key=sql.Identifier(TABLES[table]),
            others=sql.SQL(", ").join(map(sql.Identifier, others)),
        )
        conn.execute(statement, (last,))
        assert last + 1 in named_rows(list(verify(conn)), table)


def test_amounts_forged_with_their_digests_are_found_by_the_replay(busy: Books) -> None:
    with forgery(busy) as conn:
        conn.execute("update ledger.transfers set amount = amount + 1 where seq = 1")
        codes = {flaw.code for flaw in verify(conn)}
    assert codes >= {"L101", "L105"}


def test_a_bound_that_was_passed_is_found_by_the_replay(busy: Books) -> None:
    for forged, column in (
        ("update ledger.transfers set cap = 99 where seq = 2", "cap"),
        ("update ledger.accounts set ceiling = 99 where name = 'alice'", "ceiling"),
        ("update ledger.accounts set floor = -99 where name = 'nostro'", "floor"),
    ):
        with forgery(busy) as conn:
            conn.execute(forged)
            passed = {flaw.place.column for flaw in verify(conn) if flaw.code == "L106"}
        assert passed == {column}


def test_every_flaw_speaks_english_and_chinese(busy: Books) -> None:
    with forgery(busy) as conn:
        conn.execute("delete from ledger.transfers where seq = 2")
        conn.execute("update ledger.accounts set balance = balance + 1, floor = 0")
        conn.execute("update ledger.transfers set debit_account_id = 99 where seq = 3")
        conn.execute("update ledger.holds set resolved_by = 1")
        conn.execute(
            "insert into ledger.assets select id + 9, institution_id, code, scale, kind,"
            " registered_by, schema_version, salt, digest from ledger.assets where id = 1"
        )
        conn.execute("update ledger.heads set number = number + 1")
        conn.execute("update ledger.batches set posted_at = posted_at + interval '1 hour'")
        conn.execute("update ledger.chains set schema_version = 1 where seq = 5")
        flaws = list(verify(conn, Head(3, bytes(32))))
    assert {flaw.code for flaw in flaws} == {f"L{number}" for number in range(101, 113)}
    for flaw in flaws:
        assert flaw.en.endswith("outside this program.")
        assert flaw.zh.endswith("。")
        assert "{" not in flaw.en + flaw.zh + flaw.expected


def test_a_cut_history_passes_alone_and_fails_against_the_head_that_was_kept(books: Books) -> None:
    books.one(chain("a", pay(100)))
    first = books.head()
    books.one(chain("b", pay(50)))
    kept = books.head()
    with books.database.transaction() as conn:
        conn.execute("set local session_replication_role = replica")
        conn.execute("delete from ledger.transfers where seq = 2")
        conn.execute("delete from ledger.chains where seq = 2")
        conn.execute("delete from ledger.batches where number = 2")
        conn.execute("delete from ledger.heads")
        names = sql.SQL(", ").join(map(sql.Identifier, BatchRow._fields))
        conn.execute(
            sql.SQL(
                "insert into ledger.heads ({0}, settled) select {0}, transfer_last"
                " from ledger.batches"
            ).format(names)
        )
        conn.execute(
            "update ledger.accounts set balance = sign(balance) * 100, last_seq = sign(last_seq)"
        )
    assert books.flaws() == []
    assert books.flaws(first) == []
    assert [flaw.code for flaw in books.flaws(kept)] == ["L110"]


def test_a_rewritten_history_fails_against_the_head_that_was_kept(books: Books) -> None:
    books.one(chain("a", pay(100)))
    kept = Head.parse(books.head().text())
    books.one(chain("b", pay(1)))
    assert books.flaws(kept) == []
    with books.database.transaction() as conn:
        conn.execute("set local session_replication_role = replica")
        conn.execute("delete from ledger.heads")
        conn.execute(
            "insert into ledger.heads values"
            " (0, '1970-01-01Z', 0, 0, 0, 0, 1, decode(repeat('00', 32), 'hex'))"
        )
        for table in ("transfers", "chains", "batches", "accounts", "assets"):
            conn.execute(sql.SQL("delete from {}").format(sql.Identifier("ledger", table)))
    books.one(chain("a", pay(99)))
    books.one(chain("b", pay(2)))
    assert books.flaws() == []
    assert [flaw.code for flaw in books.flaws(kept)] == ["L110"]


def test_a_head_from_before_anything_was_posted_still_holds(books: Books) -> None:
    kept = books.head()
    books.one(chain("a", pay(100)))
    assert books.flaws(kept) == []
    assert [flaw.code for flaw in books.flaws(Head(0, bytes([1] * 32)))] == ["L110"]


@pytest.mark.parametrize(
    "statement",
    [
        "update ledger.transfers set amount = 1",
        "delete from ledger.transfers",
        "truncate ledger.transfers",
        "update ledger.transfers_2023_06 set amount = 1",
        "delete from ledger.transfers_2023_06",
        "truncate ledger.transfers_2023_06",
        "update ledger.transfers_2023_06_0 set amount = 1",
        "delete from ledger.transfers_2023_06_0",
        "truncate ledger.transfers_2023_06_0",
        "insert into ledger.transfers_first_form default values",
        "update ledger.transfers_first_form set amount = 1",
        "delete from ledger.transfers_first_form",
        "truncate ledger.transfers_first_form",
        "insert into ledger.chains_first_form default values",
        "update ledger.chains_first_form set result = 'posted'",
        "delete from ledger.chains_first_form",
        "truncate ledger.chains_first_form",
        "update ledger.chains set result = 0",
        "delete from ledger.chains",
        "truncate ledger.chains",
        "update ledger.batches set number = 9",
        "delete from ledger.batches",
        "truncate ledger.batches",
        "update ledger.accounts set floor = null",
        "delete from ledger.accounts",
        "truncate ledger.accounts",
        "update ledger.assets set scale = 3",
        "delete from ledger.assets",
        "truncate ledger.assets cascade",
        "update ledger.holds set expires_at = null",
        "update ledger.holds set chain_id = gen_random_uuid()",
        "delete from ledger.holds",
        "truncate ledger.holds",
        "delete from ledger.heads",
        "truncate ledger.heads",
    ],
)
def test_the_database_refuses_what_would_change_history(busy: Books, statement: str) -> None:
    with (
        pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="is refused"),
        busy.database.transaction() as conn,
    ):
        conn.execute(statement.encode())


def test_a_leg_that_moved_nothing_may_be_reversed_after_its_account_was_closed(
    books: Books,
) -> None:
    books.one(chain("p", Leg("nostro", "bob", 5, 0, spills=True), pay(1)))
    books.one(chain("c", closes=["bob"]))
    assert books.one(chain("r", kind=Kind.REVERSE, of="p")).is_posted
    assert books.flaws() == []


def test_verify_reads_one_moment_while_writers_go_on(busy: Books) -> None:
    with busy.database.transaction() as conn:
        found = verify(conn)
        flaws = [next(found, None)]
        busy.one(chain("later", pay(1)))
        flaws += list(found)
    assert flaws == [None]
    assert busy.flaws() == []
