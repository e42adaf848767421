"""Bulk load: a file of transfers is proven whole, then booked once, whatever happens on the way."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from ledger.books import ALICE, AT, BANK, BOB, LOAN, NOSTRO, ON, SOURCE, VAULT, Books, named
from ledger.files import ACCOUNTS, account, csv_of, flaws_of, load, opened, parquet_of, row, text_of
from qianhai.db import Database
from qianhai.kernel import BadInput, Environment
from qianhai.ledger import (
    Balance,
    ChainResult,
    LegColumns,
    Load,
    PostedColumns,
    Result,
    Submission,
    tables,
)
from qianhai.ledger import load as load_module


@pytest.fixture
def ledger(books: Books) -> Books:
    return opened(books)


def test_rows_of_one_chain_are_booked_together(ledger: Books, tmp_path: Path) -> None:
    path = csv_of(
        tmp_path,
        row("a", amount="10.50"),
        row("b", amount="0.01", credit=ALICE.name),
        row("b", amount="2", credit=BOB.name),
    )
    done, refused = load(ledger, path)
    assert (done.rows, done.chains, done.repeated, dict(done.results)) == (3, 2, 0, {"posted": 2})
    assert refused == []
    assert ledger.balance(BOB).balance == 1250
    assert ledger.balance(ALICE).balance == 1
    assert ledger.balance(NOSTRO).balance == -1251
    assert ledger.flaws() == []


def test_the_same_file_again_books_nothing_twice(ledger: Books, tmp_path: Path) -> None:
    path = csv_of(tmp_path, row("a"), row("b"))
    load(ledger, path)
    head = ledger.head()
    done, refused = load(ledger, path)
    assert (done.chains, done.repeated, dict(done.results)) == (2, 2, {"posted": 2})
    assert refused == []
    assert ledger.head() == head
    assert ledger.balance(BOB).balance == 200


def test_what_the_ledger_refuses_is_told_and_the_rest_is_booked(
    ledger: Books, tmp_path: Path
) -> None:
    path = csv_of(
        tmp_path,
        row("a"),
        row("poor", amount="1"),
        row("poor", amount="9", debit=ALICE.name),
        row("other asset", credit=VAULT.name),
        row("nothing", amount="0.00"),
        row("less", amount="-1"),
    )
    done, refused = load(ledger, path)
    assert done.results == {
        "posted": 1, "floor_passed": 1, "asset_mismatch": 1, "amount_not_positive": 2,
    }  # fmt: skip
    assert refused[0] == (named("poor"), Result.FLOOR_PASSED, 1)
    assert [one.chain_id for one in refused[1:]] == [
        named(name) for name in ("other asset", "nothing", "less")
    ]
    assert ledger.balance(BOB).balance == 100


def test_limits_holds_and_what_continues_them_come_in_columns(
    ledger: Books, tmp_path: Path
) -> None:
    later = (AT + timedelta(days=1)).isoformat()
    draw = {"debit": SOURCE.name, "credit": LOAN.name}
    path = csv_of(
        tmp_path,
        row("draw", **draw, amount="60", cap="50.00", spills="true"),
        row("draw", **draw | {"credit": "limit:group"}, amount="0"),
        row("hold", kind="hold", amount="5", expires_at=later),
        row("hold", kind="hold", amount="7", credit=ALICE.name, expires_at=later),
        row("open hold", kind="hold", amount="3"),
        row("commit", kind="commit", of_id=str(named("hold")), debit="", credit="", amount=""),
        row("reverse", kind="reverse", of_id=str(named("commit")), amount="77"),
        row("void", kind="void", of_id=str(named("open hold"))),
    )
    done, refused = load(ledger, path)
    assert (done.results, refused) == ({"posted": 6}, [])
    assert ledger.balance(LOAN).balance == 5000
    assert ledger.balance(BOB) == Balance()
    assert ledger.flaws() == []


def test_a_commit_of_less_than_was_held_is_a_void_and_a_post(ledger: Books, tmp_path: Path) -> None:
    path = csv_of(
        tmp_path,
        row("hold", kind="hold", amount="5"),
        row("hold", kind="hold", amount="4", credit=ALICE.name),
        row("commit", kind="commit", of_id=str(named("hold")), amount="2", held="-5.00"),
        row("commit", kind="commit", of_id=str(named("hold")), amount="0", held="-4",
            credit=ALICE.name),
        row("whole", kind="hold", amount="1"),
        row("all", kind="commit", of_id=str(named("whole")), amount="", held="-1"),
        row("nothing", kind="hold", amount="0", held="6"),
        row("none", kind="commit", of_id=str(named("nothing")), amount="0", held="-6"),
    )  # fmt: skip
    done, refused = load(ledger, path)
    assert (done.results, refused) == ({"posted": 7}, [])
    assert ledger.balance(BOB) == Balance(300)
    assert ledger.balance(ALICE) == Balance()
    again, _ = load(ledger, path)
    assert again.repeated == again.chains == 7


def test_a_parquet_file_may_hold_real_types(ledger: Books, tmp_path: Path) -> None:
    ids = pa.array([named("a").bytes, named("h").bytes, named("c").bytes], pa.binary(16))
    of = pa.array([None, None, named("h").bytes], pa.binary(16))
    later = AT + timedelta(days=1)
    path = parquet_of(
        tmp_path,
        {
            "chain_id": ids,
            "debit": ["nostro"] * 3,
            "credit": pa.array(["bob"] * 3, pa.large_string()),
            "amount": pa.array([Decimal("1.50"), Decimal("2.00"), None], pa.decimal128(12, 2)),
            "value_on": pa.array([ON] * 3),
            "kind": ["post", "hold", "commit"],
            "of_id": of,
            "expires_at": pa.array([None, later, None], pa.timestamp("ns", "UTC")),
            "spills": pa.array([False, None, None]),
            "cap": pa.array([100, None, None]),
            "held": pa.nulls(3),
        },
    )
    done, refused = load(ledger, path)
    assert (done.results, refused) == ({"posted": 3}, [])
    assert ledger.balance(BOB) == Balance(350, cap_seen=10000)


def test_accounts_of_a_file_are_opened_first_and_only_once(books: Books, tmp_path: Path) -> None:
    accounts = csv_of(
        tmp_path,
        account("till", floor="-100.00"),
        account("shop", ceiling="50"),
        account("未用"),
        least=ACCOUNTS,
    )
    path = csv_of(tmp_path, row("a", debit="till", credit="shop", amount="40.00"))
    done, _ = load(books, path, accounts)
    assert (done.accounts_opened, dict(done.results)) == (3, {"posted": 1})
    again, _ = load(books, path, accounts)
    assert (again.accounts_opened, again.repeated) == (0, 1)
    more = csv_of(tmp_path, row("b", debit="till", credit="shop", amount="10.01"))
    _, refused = load(books, more, accounts)
    assert [one.result for one in refused] == [Result.CEILING_PASSED]


def test_more_accounts_than_one_chain_opens(books: Books, tmp_path: Path) -> None:
    accounts = csv_of(tmp_path, *(account(f"a{n}") for n in range(1001)), least=ACCOUNTS)
    done, _ = load(books, csv_of(tmp_path, row("a", debit="a0", credit="a1000")), accounts)
    assert (done.accounts_opened, dict(done.results)) == (1001, {"posted": 1})


def test_a_load_that_was_cut_off_is_finished_by_the_same_load(
    ledger: Books, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "BLOCK_BYTES", 200)
    path = csv_of(tmp_path, *(row(str(n)) for n in range(20)))
    work = Load(ledger.database, ledger.writer, BANK, path, now=lambda: AT)
    work.check()
    post, calls = ledger.writer.post, []

    def fail(legs: LegColumns, *, institution_id: str, at: datetime) -> PostedColumns:
        calls.append(1)
        if len(calls) > 3:
            raise Environment("The cord was pulled.", "Plug it in.", zh="断线。")
        return post(legs, institution_id=institution_id, at=at)

    monkeypatch.setattr(ledger.writer, "post", fail)
    with pytest.raises(Environment):
        list(work.post())
    assert 0 < work.done.chains < 20
    monkeypatch.undo()
    done, refused = load(ledger, path)
    assert (done.chains, done.repeated, refused) == (20, work.done.chains, [])
    assert ledger.balance(BOB).balance == 2000


def test_blocks_end_anywhere_and_chains_stay_whole(
    ledger: Books, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [row(str(n // 3), amount=f"0.0{n % 3 + 1}") for n in range(60)]
    path = csv_of(tmp_path, *rows)
    for size in (90, 333, 1000):
        monkeypatch.setattr(tables, "BLOCK_BYTES", size)
        done, refused = load(ledger, path)
        assert (done.rows, done.chains, refused) == (60, 20, [])
    assert ledger.balance(BOB).balance == 20 * 6


def test_a_file_that_changes_between_check_and_booking_is_refused(
    ledger: Books, tmp_path: Path
) -> None:
    path = csv_of(tmp_path, row("a"))
    work = Load(ledger.database, ledger.writer, BANK, path, now=lambda: AT)
    work.check()
    path.write_text(path.read_text() + path.read_text().splitlines()[1] + "0\n")
    with pytest.raises(BadInput, match="L210"):
        list(work.post())
    path.unlink()
    with pytest.raises(BadInput, match="L210"):
        list(work.post())
    assert ledger.balance(BOB).balance == 0


def test_what_is_found_only_while_booking_says_that_the_file_was_changed(
    ledger: Books, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = csv_of(tmp_path, row("a"))
    work = Load(ledger.database, ledger.writer, BANK, path, now=lambda: AT)
    work.check()
    monkeypatch.setattr(load_module, "_print_of", lambda _path: work._print)
    path.write_text(path.read_text().replace("1.00", "1,00"))
    with pytest.raises(BadInput, match="L210") as told:
        list(work.post())
    assert told.value.flaws[0].place.line == 2


def test_an_account_that_another_program_opens_otherwise_meanwhile(
    books: Books, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = csv_of(tmp_path, account("till"), account("shop"), least=ACCOUNTS)
    path = csv_of(tmp_path, row("a", debit="till", credit="shop"))
    submit = books.writer.submit

    def overtaken(submissions: list[Submission], *, at: datetime) -> list[ChainResult]:
        monkeypatch.undo()
        other = csv_of(tmp_path, account("till", kind="nostro"), account("s"), least=ACCOUNTS)
        load(books, csv_of(tmp_path, row("b", debit="till", credit="s")), other)
        return submit(submissions, at=at)

    monkeypatch.setattr(books.writer, "submit", overtaken)
    with pytest.raises(BadInput, match="account_differs"):
        load(books, path, accounts)


def test_many_names_are_forgotten_and_asked_for_again(
    ledger: Books, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qianhai.ledger.names.NAMES_MAX", 1)
    monkeypatch.setattr(tables, "BLOCK_BYTES", 100)
    done, _ = load(ledger, csv_of(tmp_path, *(row(str(n)) for n in range(5))))
    assert done.results == {"posted": 5}


def test_the_day_and_the_instant_are_kept(ledger: Books, tmp_path: Path) -> None:
    path = csv_of(tmp_path, row("a", value_on="2023-01-31"))
    load(ledger, path)
    with ledger.database.transaction() as conn:
        found = conn.execute("select value_on, posted_at from ledger.chains where id = %s",
                             (named("a"),)).fetchone()  # fmt: skip
    assert found == (date(2023, 1, 31), AT.astimezone(UTC))


def test_a_check_leaves_no_table_behind(database: Database, tmp_path: Path) -> None:
    books = Books(database)
    accounts = csv_of(tmp_path, account("till"), least=ACCOUNTS)
    assert flaws_of(books, csv_of(tmp_path, row("a", debit="till")), accounts)
    load(books, csv_of(tmp_path, row("a", debit="till", credit="till")), accounts)
    with database.transaction() as conn:
        assert conn.execute("select to_regclass('pg_temp.planned_accounts')").fetchone() == (None,)


def test_a_name_that_a_spreadsheet_would_run_is_written_with_an_apostrophe(
    books: Books, tmp_path: Path
) -> None:
    accounts = text_of(
        tmp_path,
        "name,asset,scale,asset_kind,kind,holder\n"
        "'=1+1,CNY,2,currency,settlement,me\n''quoted,CNY,2,currency,settlement,me\n",
    )
    path = text_of(
        tmp_path,
        f"chain_id,debit,credit,amount,value_on\n{named('a')},'=1+1,''quoted,1.00,2023-06-30\n",
    )
    done, _ = load(books, path, accounts)
    assert done.results == {"posted": 1}
    with books.database.transaction() as conn:
        names = conn.execute("select name from ledger.accounts order by id").fetchall()
    assert names == [("=1+1",), ("'quoted",)]


def test_an_account_may_have_no_holder(books: Books, tmp_path: Path) -> None:
    accounts = text_of(
        tmp_path,
        "name,asset,scale,asset_kind,kind,holder\n"
        "contra,CNY,2,currency,contra,\nhers,CNY,2,currency,settlement,her\n",
    )
    path = text_of(
        tmp_path, f"chain_id,debit,credit,amount,value_on\n{named('a')},contra,hers,1,2023-06-30\n"
    )
    done, _ = load(books, path, accounts)
    assert done.results == {"posted": 1}
    with books.database.transaction() as conn:
        holders = conn.execute("select holder from ledger.accounts order by id").fetchall()
    assert holders == [("",), ("her",)]
