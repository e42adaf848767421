"""Whatever a file for the ledger holds, it gives flaws that say what to do, and books nothing."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from ledger.books import ALICE, Books, named
from ledger.files import (
    ACCOUNTS,
    account,
    csv_of,
    flaws_of,
    load,
    opened,
    parquet_of,
    row,
    text_of,
    told,
)
from qianhai.kernel import Place
from qianhai.ledger import cells, leg_rows, tables
from qianhai.ledger.file_flaws import TEXTS, Flaws, shown
from qianhai.ledger.leg_rows import TRANSFER_FORM
from qianhai.ledger.tables import read_table

HEAD = "chain_id,debit,credit,amount,value_on\n"
GOOD = f"{named('g')},nostro,bob,1.00,2023-06-30\n"


@pytest.fixture
def ledger(books: Books) -> Books:
    return opened(books)


def codes(books: Books, path: Path, accounts: Path | None = None) -> list[str]:
    return [flaw.code for flaw in flaws_of(books, path, accounts)]


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (b"", "L202", None),
        (HEAD.encode(), "L202", None),
        (b"\n\n", "L202", None),
        ((HEAD + GOOD).encode("utf-16"), "L203", 1),
        ((HEAD + GOOD).encode() + "前海,1\n".encode("gb18030"), "L203", 3),
        ((HEAD + GOOD).encode() + b"\x81\xff,1\n", "L203", 3),
        ((HEAD + GOOD).encode() + b"x" * 70_000, "L204", 3),
        ((HEAD + GOOD).encode() + b'"' + b"x" * 70_000 + b'"\n', "L204", 3),
        ((HEAD + GOOD.replace("bob", "b\0b")).encode(), "L205", 2),
        ((HEAD + GOOD.replace("bob", "b\rb")).encode(), "L205", 2),
        ((HEAD + GOOD.replace("bob", "b\u202eb")).encode(), "L205", 2),
        ((HEAD.replace("debit", "de\0bit") + GOOD).encode(), "L205", 1),
        ((HEAD + GOOD.replace("bob", '"bob')).encode(), "L206", 2),
        ((HEAD + GOOD.replace("bob", '"b"ob')).encode(), "L206", 2),
        ((HEAD + GOOD.replace("bob", '"bob\nby"')).encode(), "L206", 2),
        ((HEAD + GOOD.replace("bob", "bob,by")).encode(), "L207", 2),
        ((HEAD + "1,2\n").encode(), "L207", 2),
        ((HEAD.replace(",", ";") + GOOD).encode(), "L213", 1),
        ((HEAD.replace("debit", "credit") + GOOD).encode(), "L212", 1),
        ((HEAD.replace("debit", "debti") + GOOD).encode(), "L213", 1),
        (("a,b,c\n" + GOOD).encode(), "L213", 1),
        (b"PAR1 and no more", "L208", None),
    ],
)
def test_a_file_that_is_none(
    ledger: Books, tmp_path: Path, content: bytes, code: str, line: int | None
) -> None:
    flaws = flaws_of(ledger, text_of(tmp_path, content))
    assert (code, line) in [(flaw.code, flaw.place.line) for flaw in flaws]


def test_a_missing_file(ledger: Books, tmp_path: Path) -> None:
    assert codes(ledger, tmp_path / "none.csv") == ["L201"]
    assert codes(ledger, tmp_path) == ["L201"]


def test_a_column_with_a_near_name_is_pointed_to(ledger: Books, tmp_path: Path) -> None:
    second, first = flaws_of(ledger, text_of(tmp_path, HEAD.replace("debit", "debti") + GOOD))
    assert (first.code, second.code) == ("L211", "L213")
    assert "Nearest name: debit." in second.en
    assert "相近的列名：debit" in second.zh


@pytest.mark.parametrize(
    ("column", "text", "code"),
    [
        ("chain_id", "", "L220"),
        ("chain_id", "42", "L221"),
        ("chain_id", "00000000-0000-0000-0000-000000000000", "L221"),
        ("chain_id", "0189099978007000-8000-0000-000000000000", "L221"),
        ("chain_id", "g1890999-7800-7000-8000-000000000000", "L221"),
        ("debit", "", "L220"),
        ("debit", "nobody", "L224"),
        ("credit", "=1+1", "L224"),
        ("amount", "", "L220"),
        ("amount", "=1+1", "L222"),
        ("amount", "1e3", "L222"),
        ("amount", "0.001", "L222"),
        ("amount", "NaN", "L222"),
        ("amount", "１", "L222"),
        ("amount", "9" * 400, "L222"),
        ("amount", "92233720368547758.08", "L222"),
        ("amount", "-92233720368547758.08", "L222"),
        ("value_on", "", "L220"),
        ("value_on", "2023-02-30", "L221"),
        ("value_on", "30.06.2023", "L221"),
        ("kind", "gift", "L221"),
        ("spills", "perhaps", "L221"),
        ("spills", "true", "L236"),
        ("cap", "much", "L222"),
        ("held", "1.005", "L222"),
        ("of_id", "42", "L221"),
        ("of_id", str(named("x")), "L234"),
        ("expires_at", "2023-07-01", "L221"),
        ("expires_at", "2023-07-01T25:00:00Z", "L221"),
        ("expires_at", "2023-07-01T00:00:00+00:00", "L235"),
        ("asset", "HKD", "L225"),
    ],
)
def test_a_cell_that_says_nothing(
    ledger: Books, tmp_path: Path, column: str, text: str, code: str
) -> None:
    (flaw,) = flaws_of(ledger, csv_of(tmp_path, row("g"), row("a", **{column: text})))
    assert (flaw.code, flaw.place.line, flaw.place.column) == (code, 3, column)
    assert flaw.value == shown(text)


def test_cells_that_are_good_as_they_are(ledger: Books, tmp_path: Path) -> None:
    path = text_of(
        tmp_path,
        "\ufeffchain_id , debit,credit,amount,value_on,asset,kind,expires_at\r\n"
        f'{str(named("a")).upper()}, nostro ,"bob",1.000,2023-06-30,CNY,,\r\n'
        "\r\n"
        f"{named('b')},nostro,bob,92233720368547000.07,2023-06-30,,post,\r\n"
        f"{named('c')},nostro,alice,0.50,2023-06-30,,hold,2023-07-01 08:00:00.5+08:00\r\n"
        f"{named('d')},nostro,alice,0.50,2023-06-30,,hold,2023-07-01T08:00+0800",
    )
    done, refused = load(ledger, path)
    assert (done.results, refused) == ({"posted": 4}, [])
    assert ledger.balance(ALICE).pending_in == 100


def test_blank_lines_do_not_count_but_keep_their_numbers(ledger: Books, tmp_path: Path) -> None:
    path = text_of(tmp_path, HEAD + "\n" + GOOD + "\r\n \n" + GOOD.replace("bob", "x"))
    assert told(flaws_of(ledger, path)) == [("L224", 6, "credit", "x")]
    path = text_of(tmp_path, HEAD + "\n" + GOOD + "\n")
    assert load(ledger, path)[0].results == {"posted": 1}
    assert codes(ledger, parquet_of(tmp_path, dict.fromkeys(TRANSFER_FORM.needed, ()))) == ["L202"]


def test_an_unknown_name_is_told_once(
    ledger: Books, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "BLOCK_BYTES", 100)
    path = csv_of(tmp_path, *(row(str(n), debit="x") for n in range(5)))
    assert codes(ledger, path) == ["L224"]


def test_all_flaws_of_a_file_are_told_at_once_in_order(ledger: Books, tmp_path: Path) -> None:
    path = csv_of(
        tmp_path,
        row("a", debit="x", amount="?"),
        row("b", amount="?", value_on="?"),
        row("c", debit="x", credit="y"),
        row("d", kind="commit"),
        row("e", kind="void", of_id=str(named("a")), expires_at="2023-07-01T00:00:00Z"),
    )
    assert told(flaws_of(ledger, path)) == [
        ("L224", 2, "debit", "x"),
        ("L221", 3, "value_on", "?"),
        ("L222", 3, "amount", "?"),
        ("L224", 4, "credit", "y"),
        ("L220", 5, "of_id", ""),
        ("L237", 5, "amount", "1.00"),
        ("L235", 6, "expires_at", "2023-07-01T00:00:00+00:00"),
    ]


def test_rows_of_a_chain_say_the_same(ledger: Books, tmp_path: Path) -> None:
    path = csv_of(
        tmp_path,
        row("a"),
        row("a", value_on="2023-07-01"),
        row("a", kind="hold"),
        row("b", kind="hold", expires_at="2023-07-01T00:00:00Z"),
        row("b", kind="hold"),
        row("c", kind="void", of_id=str(named("a"))),
        row("c", kind="void", of_id=str(named("b"))),
        row("d", cap="5", spills="true"),
        row("d", cap="", spills="true"),
        row("e"),
    )
    found = told(flaws_of(ledger, path))
    assert found == [
        ("L231", 3, "value_on", "2023-07-01"),
        ("L231", 4, "kind", "hold"),
        ("L231", 6, "expires_at", ""),
        ("L231", 8, "of_id", str(named("b"))),
        ("L236", 10, "spills", "true"),
    ]


def test_a_chain_in_two_places_is_told_with_both(ledger: Books, tmp_path: Path) -> None:
    path = csv_of(tmp_path, row("a"), row("b"), row("a"), row("c"), row("a"))
    flaws = flaws_of(ledger, path)
    assert told(flaws) == [
        ("L232", 4, "chain_id", str(named("a"))),
        ("L232", 6, "chain_id", str(named("a"))),
    ]
    assert "began at line 2" in flaws[0].en


def test_a_chain_too_long_to_book_is_told_once(
    ledger: Books, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qianhai.ledger.load.CHAIN_ROWS_MAX", 3)
    path = csv_of(tmp_path, row("a"), *[row("b")] * 12, *[row("c")] * 3, row("d"))
    for size in (150, 400, 1 << 20):
        monkeypatch.setattr(tables, "BLOCK_BYTES", size)
        found = told(flaws_of(ledger, path))
        assert [(one[0], one[3]) for one in found] == [("L233", str(named("b")))]


def test_a_thousand_flaws_end_the_reading(ledger: Books, tmp_path: Path) -> None:
    path = csv_of(tmp_path, *(row(str(n), amount="?") for n in range(1_200)))
    found = codes(ledger, path)
    assert len(found) == 1_001
    assert found[-1] == "L209"


@pytest.mark.parametrize(
    ("changes", "code", "column"),
    [
        ({"name": ""}, "L220", "name"),
        ({"asset": ""}, "L220", "asset"),
        ({"name": "x" * 1_001}, "L223", "name"),
        ({"scale": ""}, "L221", "scale"),
        ({"scale": "9"}, "L221", "scale"),
        ({"scale": "²"}, "L221", "scale"),
        ({"scale": "-1"}, "L221", "scale"),
        ({"floor": "0.001"}, "L222", "floor"),
        ({"ceiling": "=1"}, "L222", "ceiling"),
        ({"floor": "1"}, "L244", None),
        ({"ceiling": "-1"}, "L244", None),
        ({"scale": "3"}, "L243", "asset"),
        ({"asset_kind": "quota"}, "L243", "asset"),
        ({"name": "bob"}, "L242", "name"),
        ({"name": "twice"}, "L241", "name"),
    ],
)
def test_an_account_that_cannot_be_opened(
    ledger: Books, tmp_path: Path, changes: dict[str, str], code: str, column: str | None
) -> None:
    accounts = csv_of(tmp_path, account("twice"), account("a", **changes), least=ACCOUNTS)
    flaws = flaws_of(ledger, csv_of(tmp_path, row("a")), accounts)
    assert [(one.code, one.place.line, one.place.column) for one in flaws] == [(code, 3, column)]


def test_an_account_named_many_times_shows_the_first_lines(ledger: Books, tmp_path: Path) -> None:
    accounts = csv_of(tmp_path, *[account("twice")] * 7, least=ACCOUNTS)
    (flaw,) = flaws_of(ledger, csv_of(tmp_path, row("a")), accounts)
    assert "lines 2, 3, 4, 5, 6…" in flaw.en


def test_an_account_that_is_as_it_was_opened_may_stand_in_the_file(
    ledger: Books, tmp_path: Path
) -> None:
    accounts = parquet_of(
        tmp_path,
        {
            "name": ["bob", "new"], "asset": ["CNY"] * 2, "scale": [2, 2],
            "asset_kind": ["currency"] * 2, "kind": ["settlement"] * 2, "holder": ["party-2"] * 2,
            "floor": pa.array([Decimal(0), None], pa.decimal128(27, 8)), "ceiling": [None, 5],
        },
    )  # fmt: skip
    done, _ = load(ledger, csv_of(tmp_path, row("a")), accounts)
    assert done.accounts_opened == 1


def test_texts_and_numbers_of_the_wrong_type_in_a_file_of_accounts(
    ledger: Books, tmp_path: Path
) -> None:
    accounts = parquet_of(
        tmp_path,
        {
            "name": ["a\0b", "b", "c"], "asset": ["CNY"] * 3, "scale": [2] * 3,
            "asset_kind": ["currency"] * 3, "kind": [1, 2, 3], "holder": ["x"] * 3,
            "floor": [None, -0.5, None],
        },
    )  # fmt: skip
    found = told(flaws_of(ledger, csv_of(tmp_path, row("a")), accounts))
    assert [(code, line, column) for code, line, column, _ in found] == [
        ("L221", 1, "name"), ("L221", 1, "kind"),
        ("L221", 2, "kind"), ("L222", 2, "floor"),
        ("L221", 3, "kind"),
    ]  # fmt: skip


GOOD_COLUMNS = {
    "chain_id": pa.array([named("a").bytes], pa.binary(16)),
    "debit": ["nostro"], "credit": ["bob"], "amount": ["1.00"], "value_on": ["2023-06-30"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("amount", pa.array([1.5])),
        ("amount", pa.array([1], pa.uint64())),
        ("value_on", pa.array([datetime(2023, 6, 30)])),  # noqa: DTZ001 - without a zone
        ("expires_at", pa.array([datetime(2023, 6, 30)])),  # noqa: DTZ001
        ("chain_id", pa.array([b"x" * 16], pa.binary())),
        ("debit", pa.array([b"nostro"])),
        ("spills", pa.array([1])),
        ("kind", pa.array([["post"]])),
    ],
)
def test_a_parquet_column_of_another_type(
    ledger: Books, tmp_path: Path, column: str, values: pa.Array
) -> None:
    path = parquet_of(tmp_path, {**GOOD_COLUMNS, column: values})
    assert [(one[0], one[2]) for one in told(flaws_of(ledger, path))] == [("L214", column)]


def test_a_parquet_amount_that_is_not_exact(ledger: Books, tmp_path: Path) -> None:
    amounts = pa.array([Decimal("1.005")], pa.decimal128(9, 3))
    path = parquet_of(tmp_path, {**GOOD_COLUMNS, "amount": amounts, "of_id": pa.nulls(1)})
    assert told(flaws_of(ledger, path)) == [("L222", 1, "amount", "1.005")]


def test_a_parquet_instant_finer_than_a_microsecond_is_cut(ledger: Books, tmp_path: Path) -> None:
    nanos = pa.array([1_688_200_000_000_000_001], pa.timestamp("ns", "UTC"))
    path = parquet_of(tmp_path, {**GOOD_COLUMNS, "kind": ["hold"], "expires_at": nanos})
    done, _ = load(ledger, path)
    assert done.results == {"posted": 1}


def test_a_parquet_text_of_a_million_characters_is_not_spread(
    ledger: Books, tmp_path: Path
) -> None:
    many = 3_000
    path = parquet_of(
        tmp_path,
        {
            **{name: [values[0]] * many for name, values in GOOD_COLUMNS.items()
               if name != "chain_id"},
            "chain_id": pa.array([named("a").bytes] * many, pa.binary(16)),
            "credit": ["bob"] * 7 + ["x" * 1_000_000] * (many - 7),
        },
    )  # fmt: skip
    assert told(flaws_of(ledger, path)) == [("L223", 8, "credit", "1000000")]


def test_a_parquet_file_with_other_columns_or_a_damaged_page(ledger: Books, tmp_path: Path) -> None:
    assert codes(ledger, parquet_of(tmp_path, {"x": [1]})).count("L211") == 5
    path = parquet_of(tmp_path, GOOD_COLUMNS)
    whole = path.read_bytes()
    path.write_bytes(whole[:20] + bytes(40) + whole[60:])
    assert codes(ledger, path) == ["L208"]
    path.write_bytes(whole[:-30])
    assert codes(ledger, path) == ["L208"]


def test_a_disk_that_fails_while_a_parquet_file_is_read_is_told_as_such(
    ledger: Books, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_given: object, **_named: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(parquet, "ParquetFile", fail)
    assert codes(ledger, parquet_of(tmp_path, GOOD_COLUMNS)) == ["L201"]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_no_content_is_more_than_rows_and_flaws(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "any.csv"
    for head in (b"", HEAD.encode(), b"PAR1"):
        path.write_bytes(head + content)
        flaws = Flaws(most=1_000)
        for block in read_table(path, TRANSFER_FORM, flaws):
            assert set(map(len, block.columns.values())) == {len(block.lines)}
            cells.ids(block.columns["chain_id"])
            cells.days(block.columns["value_on"])
            cells.minor_units(block.columns["amount"], np.full(len(block.lines), 2))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.text("ab'\" \t=é", max_size=4), min_size=5, max_size=5), max_size=6))
def test_plain_lines_are_read_as_the_careful_reader_reads_them(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    """A quote somewhere in the block sends all its lines to the careful reader."""
    folder = tmp_path_factory.mktemp("two")
    plain = [[cell.replace('"', "") for cell in one] for one in rows]
    body = "".join(",".join(one) + "\n" for one in plain)
    found = []
    for last in ("z,z,z,z,z\n", '"z",z,z,z,z\n'):
        flaws = Flaws()
        path = folder / "one.csv"
        path.write_text(HEAD + body + last)
        blocks = list(read_table(path, TRANSFER_FORM, flaws))
        found.append(
            [
                (block.lines.tolist(), {name: c.to_pylist() for name, c in block.columns.items()})
                for block in blocks
            ]
        )
        assert flaws.found == []
    assert found[0] == found[1]


def test_each_code_is_listed_in_the_guide() -> None:
    guide = (Path(__file__).parents[2] / "docs/ledger.md").read_text(encoding="utf-8")
    for code, words in TEXTS.items():
        assert f"| {code} |" in guide, f"docs/ledger.md lacks {code}"
        assert words.en.rstrip("}")
        assert words.zh


def test_a_row_is_written_as_its_file_would() -> None:
    rows = np.zeros(1, leg_rows.ROW)
    assert leg_rows._written("of_id", rows[0]) == ""
    assert leg_rows._written("kind", rows[0]) == "post"
    assert leg_rows._written("spills", rows[0]) == "false"
    assert leg_rows._written("amount", rows[0]) == ""


def test_a_flaw_shows_no_more_than_a_person_reads() -> None:
    flaws = Flaws()
    flaws.add("L224", Place("a.csv", 1, "debit"), "x" * 500)
    assert len(flaws.found[0].value) == 201
