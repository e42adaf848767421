"""What is exported can be loaded into an empty ledger, and gives the same balances."""

import csv
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from ledger.books import (
    ALICE,
    AT,
    BANK,
    BOB,
    CNY,
    GROUP,
    LOAN,
    NOSTRO,
    QUOTA,
    SOURCE,
    Books,
    chain,
    draw,
    named,
    pay,
)
from ledger.files import load
from qianhai.db import Database
from qianhai.ledger import (
    EXPORTS,
    AccountSpec,
    Balance,
    Kind,
    Leg,
    Span,
    balance_on,
    cells,
    chain_at,
    export_to,
    seq_at,
)
from qianhai.ledger import export as export_module
from qianhai.messages import neutralised

FORMULA = AccountSpec('=1+"1"', CNY, "settlement", "@me")
QUOTED = AccountSpec("'前海, 深圳", CNY, "settlement", "-")
NAMES = (FORMULA, QUOTED)
ODD = AccountSpec("odd", QUOTA, "limit", "party-1", floor=0, ceiling=10**15)


@pytest.fixture
def year(books: Books) -> Books:
    """Business of every kind, some of it refused."""
    hour = timedelta(hours=1)
    for number, each in enumerate(
        [
            chain("pay", pay(10_000), Leg("nostro", "bob", 500)),
            chain("names", pay(7, ALICE, FORMULA), pay(5, FORMULA, QUOTED), opens=NAMES),
            chain("pool", draw(6_000, 5_000, spills=True), Leg("quota source", "limit:group", 0)),
            chain("partly", pay(60, ALICE, BOB), draw(60, 90_00), kind=Kind.HOLD),
            chain("part", kind=Kind.COMMIT, of="partly", amounts=[50, 0]),
            chain("wholly", pay(40, ALICE, BOB), kind=Kind.HOLD, expires=99 * hour),
            chain("whole", kind=Kind.COMMIT, of="wholly"),
            chain("undone", pay(30, ALICE, BOB), kind=Kind.HOLD),
            chain("undo", kind=Kind.VOID, of="undone"),
            chain("wrong", pay(20, ALICE, BOB)),
            chain("right", kind=Kind.REVERSE, of="wrong"),
            chain("back", kind=Kind.REVERSE, of="part"),
            chain("open", pay(9, ALICE, BOB), draw(3, 90_00), kind=Kind.HOLD, expires=999 * hour),
            chain("short", pay(10**9, ALICE, BOB)),
            chain("empty", opens=[ODD]),
        ]
    ):  # fmt: skip
        result = books.one(each, AT + number * hour)
        assert result.is_posted == (each.id != named("short")), result
    return books


def exported(books: Books, path: Path, what: str, span: Span = Span()) -> Path:  # noqa: B008
    with books.database.transaction() as conn:
        list(export_to(path, what, conn, BANK, span, neutralised))
    return path


def stands(database: Database) -> list[tuple[object, ...]]:
    with database.transaction() as conn:
        return conn.execute(
            "select name, asset, kind, holder, floor, ceiling, balance, pending_in, pending_out,"
            " cap_seen from ledger.balances order by name"
        ).fetchall()


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_an_export_loaded_into_an_empty_ledger_gives_the_same_balances(
    year: Books, tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_module, "ROWS_A_TIME", 5)
    transfers = exported(year, tmp_path / f"t.{suffix}", "transfers")
    balances = exported(year, tmp_path / f"b.{suffix}", "balances")
    before = stands(year.database)
    _empty(year.database)
    other = Books(year.database)
    done, refused = load(other, transfers, balances)
    assert refused == []
    assert done.results == {"posted": 14}
    assert stands(year.database) == before
    assert other.flaws() == []
    again = exported(other, tmp_path / f"again.{suffix}", "balances")
    assert again.read_bytes() == balances.read_bytes() or suffix == "parquet"


def _empty(database: Database) -> None:
    """Make the ledger as it was before anything was posted."""
    with database.transaction() as conn:
        conn.execute("set local session_replication_role = replica")
        for table in ("transfers", "chains", "holds", "accounts", "assets", "batches"):
            conn.execute(f"delete from ledger.{table}")  # noqa: S608 - names of this file
        conn.execute(
            "update ledger.heads set number = 0, posted_at = 'epoch', asset_last = 0,"
            " account_last = 0, chain_last = 0, transfer_last = 0, settled = 0,"
            " hash = decode(repeat('00', 32), 'hex'), chains_digest = null,"
            " transfers_digest = null, schema_version = 1"
        )


def test_amounts_are_exact_decimals_with_their_asset(year: Books, tmp_path: Path) -> None:
    path = exported(year, tmp_path / "t.csv", "transfers")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    first = rows[0]
    assert (first["seq"], first["kind"], first["asset"], first["amount"], first["held"]) == (
        "1", "post", "CNY", "100.00", "0.00",
    )  # fmt: skip
    assert (first["posted_at"], first["value_on"]) == ("2023-06-30T01:00:00.000000Z", "2023-06-30")
    table = parquet.read_table(exported(year, tmp_path / "t.parquet", "transfers"))
    assert table.schema.field("amount").type == pa.decimal128(27, 8)
    assert len(table) == len(rows)
    assert [str(x) for x in table["chain_id"].to_pylist()] == [one["chain_id"] for one in rows]


def test_a_text_that_a_spreadsheet_would_run_is_harmless(year: Books, tmp_path: Path) -> None:
    path = exported(year, tmp_path / "b.csv", "balances")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    assert rows['\'=1+"1"']["holder"] == "'@me"
    assert "''前海, 深圳" in rows
    assert not any(
        cell.startswith(("=", "+", "@", "\t")) for row in rows.values() for cell in row.values()
    )


def test_an_account_and_a_span_are_exported_alone(
    year: Books, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_module, "ROWS_A_TIME", 2)
    with year.database.transaction() as conn:
        everything = conn.execute(
            "select seq from ledger.statements where account = 'bob' order by seq"
        ).fetchall()
        since = seq_at(conn, AT + timedelta(hours=3, minutes=30))
        chain_since, chain_until = chain_at(conn, AT), chain_at(conn, AT + timedelta(hours=2))
    path = tmp_path / "t.parquet"
    whole = parquet.read_table(exported(year, path, "transfers", Span("bob")))
    assert [(seq,) for seq in whole["seq"].to_pylist()] == everything
    later = parquet.read_table(exported(year, path, "transfers", Span("bob", since, since + 3)))
    assert later["seq"].to_pylist() == [seq for (seq,) in everything if since < seq <= since + 3]
    chains = parquet.read_table(
        exported(year, path, "chains", Span(None, chain_since, chain_until))
    )
    assert chains["chain_id"].to_pylist() == [str(named("names")), str(named("pool"))]
    of_group = parquet.read_table(exported(year, path, "chains", Span("limit:group")))
    assert of_group["chain_id"].to_pylist() == [str(named("pool"))]
    for what in EXPORTS:
        nobody = exported(year, path, what, Span("nobody"))
        assert len(parquet.read_table(nobody)) == 0
    one = parquet.read_table(exported(year, path, "balances", Span("bob")))
    assert one["name"].to_pylist() == ["bob"]


def test_chains_are_exported_with_what_became_of_them(year: Books, tmp_path: Path) -> None:
    table = parquet.read_table(exported(year, tmp_path / "c.parquet", "chains")).to_pylist()
    rows = {row["chain_id"]: row for row in table}
    short = rows[str(named("short"))]
    assert (short["result"], short["failed_leg"], short["transfer_first"]) == (
        "floor_passed", 0, None,
    )  # fmt: skip
    assert rows[str(named("whole"))]["of_id"] == str(named("wholly"))
    assert exported(year, tmp_path / "c.csv", "chains").read_text().count("\n") == 16


def test_a_failure_leaves_the_file_that_was_there(year: Books, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("kept")

    def fail(_text: str) -> str:
        raise RuntimeError

    with year.database.transaction() as conn, pytest.raises(RuntimeError):
        list(export_to(path, "balances", conn, BANK, Span(), fail))
    assert path.read_text() == "kept"
    assert list(tmp_path.iterdir()) == [path]


def test_the_least_number_and_whole_units_are_written_exactly() -> None:
    minor, scales = np.array([-(2**63), 7]), np.array([2, 0])
    assert cells.texts(minor, scales).to_pylist() == ["-92233720368547758.08", "7"]


def test_an_account_there_is_none_of_gives_a_file_without_rows(year: Books, tmp_path: Path) -> None:
    path = exported(year, tmp_path / "n.csv", "transfers", Span("bob", 0, 0))
    assert path.read_text().count("\n") == 1


def test_an_empty_ledger_gives_a_file_without_rows(books: Books, tmp_path: Path) -> None:
    for what in EXPORTS:
        text = exported(books, tmp_path / "e.csv", what).read_text(encoding="utf-8-sig")
        assert text.count("\n") == 1


def test_a_balance_by_value_date(books: Books, tmp_path: Path) -> None:
    books.one(chain("open"))
    rows = [("a", "2023-06-01", "1.00"), ("b", "2023-08-01", "4.00"), ("c", "2023-06-15", "2.00")]
    path = tmp_path / "v.csv"
    path.write_text(
        "chain_id,debit,credit,amount,value_on\n"
        + "".join(f"{named(name)},nostro,bob,{amount},{day}\n" for name, day, amount in rows)
    )
    load(books, path)
    with books.database.transaction() as conn:
        found = [
            balance_on(conn, BANK, name, day)
            for name, day in [
                ("bob", date(2023, 5, 31)),
                ("bob", date(2023, 6, 1)),
                ("bob", date(2023, 6, 15)),
                ("nostro", date(2023, 7, 31)),
                ("bob", date(2023, 8, 1)),
                ("nobody", date(2023, 8, 1)),
            ]
        ]
    assert found == [0, 100, 300, -300, 700, 0]


def test_limits_and_groups_stand_as_the_pool_left_them(year: Books) -> None:
    assert year.balance(LOAN).balance == 5_000
    assert year.balance(GROUP) == Balance(1_000)
    assert year.balance(SOURCE).balance == -6_000
    assert year.balance(NOSTRO).balance == -10_500
