"""Bad input: one answer that names everything that is wrong, and nothing on record afterwards."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from openpyxl import load_workbook

from cli.business import COLUMNS, csv_file, jsonl_file, loan, message, parties_file, xlsx_file
from cli.terminal import Terminal, refused
from qianhai.db import Server

Write = Callable[[Path], Path]


@pytest.fixture(scope="module")
def shared_url(server: Server) -> Iterator[str]:
    """One database for the module: every day here is refused, so it stays empty."""
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as admin:
        admin.execute("create database bad_input template template_qianhai")
        yield server.conninfo("bad_input")
        admin.execute("drop database bad_input with (force)")


@pytest.fixture
def url(shared_url: str) -> str:
    return shared_url


def of_csv(**changes: str) -> Write:
    return lambda folder: csv_file(folder / "day.csv", loan("good"), loan("bad", **changes))


def of_text(name: str, text: str | bytes) -> Write:
    def write(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def header_and(*rows: str) -> str:
    return "\n".join([",".join(COLUMNS), *rows]) + "\n"


TWICE = header_and().replace("borrower", "lender")
ROW = "a,overseas_lending,,,2025-06-30,firm,bank,abroad,1.00,CNY,true"
FOREIGN = ROW.replace("abroad", "海外商行")


@pytest.mark.parametrize(
    ("write", "line", "column", "value", "told"),
    [
        (of_csv(lender="frm"), 3, "lender", "frm", "Nearest name: `firm`"),
        (of_csv(borrower="bank"), 3, "borrower", "bank", "enterprise, fund"),
        (of_csv(lender__account="6200009"), 3, "lender.account", "6200009", "leave the cell empty"),
        (of_csv(is_genuin="true"), 3, "is_genuin", "true", "Nearest name: `is_genuine`"),
        (of_csv(amount__amount="1.005"), 3, "amount.amount", "1.005", "2 decimals"),
        (of_csv(amount__amount="1,000.00"), 3, "amount.amount", "1,000.00", "decimal"),
        (of_csv(amount__amount="-1.00"), 3, "amount.amount", "-1.00", "above zero"),
        (of_csv(amount__currency="CNX"), 3, "amount.currency", "CNX", "CNY"),
        (of_csv(value_date="2025-02-30"), 3, "value_date", "2025-02-30", "YYYY-MM-DD"),
        (of_csv(value_date="30/06/2025"), 3, "value_date", "30/06/2025", "YYYY-MM-DD"),
        (of_csv(facility="overseas_lendin"), 3, "facility", "overseas_lendin", "overseas_lending"),
        (of_csv(action="lent"), 3, "action", "lent", "lend"),
        (of_csv(of="nowhere"), 3, "of", "nowhere", "neither in the books"),
        (of_csv(is_genuine="perhaps"), 3, "is_genuine", "perhaps", "true"),
        (of_csv(id="x" * 65), 3, "id", "x" * 65, "64"),
        # What a register or the ledger knows is never taken from the sender.
        (of_csv(lender__in_zone="true"), 3, "lender.in_zone", "true", "the register"),
        (of_csv(lender__equity__amount="1.00"), 3, "lender.equity.amount", "1.00", "the register"),
        (of_csv(outstanding__amount="1.00"), 3, "outstanding.amount", "1.00", "the ledger"),
        (of_text("day.csv", ""), None, None, "", "no rows"),
        (of_text("day.csv", header_and()), None, None, "", "no rows"),
        (of_text("day.csv", header_and("a,某,")), 2, None, "", "cells"),
        (of_text("day.csv", header_and(FOREIGN).encode("gb18030")), 2, None, "", "GB18030"),
        (of_text("day.csv", header_and(ROW).encode("utf-16")), 1, None, "", "UTF-16"),
        (of_text("day.csv", TWICE + ROW), 1, None, "", "twice"),
        (of_text("day.xlsx", header_and(ROW)), None, None, "", ""),
        (of_text("day.pdf", b"%PDF-1.7"), None, None, "", "PDF"),
        (of_text("day.jsonl", '{"id": "a", "amount": {"amount": 1.5}}\n'), 1, None, "", "quotes"),
        (of_text("day.jsonl", '{"id": "a"\n'), 1, None, "", "JSON"),
    ],
)  # fmt: skip
def test_each_mistake_is_named_with_its_place_and_what_to_do(
    qianhai: Terminal,
    tmp_path: Path,
    write: Write,
    line: int | None,
    column: str | None,
    value: str,
    told: str,
) -> None:
    path = write(tmp_path)
    flaws = refused(qianhai, str(path), "--parties", str(parties_file(tmp_path)))
    assert len(flaws) == 1, flaws
    (flaw,) = flaws
    assert flaw["file"] == path.name
    assert told in str(flaw["en"])
    if line is not None:
        assert flaw["line"] == line
    if column is not None:
        assert (flaw["column"], flaw["value"]) == (column, value)


DOCUMENT = (
    '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"><CstmrCdtTrfInitn>'
    "{}</CstmrCdtTrfInitn></Document>"
)
BOMB = (
    '<!DOCTYPE a [<!ENTITY x0 "ha">'
    + "".join(f'<!ENTITY x{n} "&x{n - 1};&x{n - 1};&x{n - 1};">' for n in range(1, 30))
    + "]>"
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd">' + DOCUMENT.format(""), "DOCTYPE"),
        (BOMB + DOCUMENT.format("&x29;"), "DOCTYPE"),
        (DOCUMENT.format("<a>" * 5000 + "</a>" * 5000), ""),
        (DOCUMENT.format("")[:60], "well formed"),
        ("<html><body/></html>", "html"),
    ],
)
def test_a_hostile_or_broken_message_is_refused(
    qianhai: Terminal, tmp_path: Path, text: str, told: str
) -> None:
    path = of_text("day.xml", text)(tmp_path)
    flaws = refused(qianhai, str(path), "--parties", str(parties_file(tmp_path)))
    assert any(told in str(flaw["en"]) for flaw in flaws), flaws


def test_a_message_that_was_cut_off_books_nothing(qianhai: Terminal, tmp_path: Path) -> None:
    whole = message(tmp_path / "day.xml", "09", [loan("m-1"), loan("m-2")]).read_bytes()
    path = of_text("cut.xml", whole[: whole.rindex(b"<CdtTrfTxInf>") + 40])(tmp_path)
    flaws = refused(qianhai, str(path), "--parties", str(parties_file(tmp_path)))
    assert {flaw["file"] for flaw in flaws} == {"cut.xml"}


def test_a_message_whose_sums_are_wrong_books_nothing(qianhai: Terminal, tmp_path: Path) -> None:
    text = message(tmp_path / "day.xml", "09", [loan("m-1"), loan("m-2")]).read_text()
    path = of_text("day.xml", text.replace("<NbOfTxs>2<", "<NbOfTxs>3<"))(tmp_path)
    flaws = refused(qianhai, str(path), "--parties", str(parties_file(tmp_path)))
    assert "2" in str(flaws[0]["en"])


@pytest.mark.parametrize(
    ("cells", "told"), [("A1:B1", "Header cell 2 is empty"), ("A2:A3", "A2:A3")]
)
def test_a_sheet_with_merged_cells_is_refused(
    qianhai: Terminal, tmp_path: Path, cells: str, told: str
) -> None:
    path = xlsx_file(tmp_path / "day.xlsx", loan("a"), loan("b"))
    book = load_workbook(path)
    book.worksheets[0].merge_cells(cells)
    book.save(path)
    flaws = refused(qianhai, str(path), "--parties", str(parties_file(tmp_path)))
    assert any(told in str(flaw["en"]) for flaw in flaws), flaws


def test_an_id_with_other_content_is_refused_in_one_file(qianhai: Terminal, tmp_path: Path) -> None:
    path = csv_file(tmp_path / "day.csv", loan("a"), loan("a", "2.00"))
    (flaw,) = refused(qianhai, str(path), "--parties", str(parties_file(tmp_path)))
    assert (flaw["line"], flaw["value"]) == (3, "a")
    assert "day.csv:2" in str(flaw["en"])


def test_an_id_with_other_content_is_refused_across_files(
    qianhai: Terminal, tmp_path: Path
) -> None:
    one = csv_file(tmp_path / "one.csv", loan("a"))
    two = jsonl_file(tmp_path / "two.jsonl", loan("a", "2.00"))
    (flaw,) = refused(qianhai, str(one), str(two), "--parties", str(parties_file(tmp_path)))
    assert (flaw["file"], flaw["line"]) == ("two.jsonl", 1)
    assert "one.csv:2" in str(flaw["en"])


def test_a_wrong_check_digit_is_refused_with_all_flaws_of_the_business(
    qianhai: Terminal, tmp_path: Path
) -> None:
    wrong: dict[str, object] = {
        "kind": "party", "id": "other", "type": "enterprise", "jurisdiction": "CN",
        "name": "他企业", "identifiers": {"uscc": "91440300708461136A"},
    }  # fmt: skip
    parties = parties_file(tmp_path, wrong)
    day = csv_file(tmp_path / "day.csv", loan("a", "1.005"), loan("b", amount__currency="CNX"))
    rest = jsonl_file(tmp_path / "rest.jsonl", loan("c", value_date="soon"))
    flaws = refused(qianhai, str(day), str(rest), "--parties", str(parties))
    places = {(flaw["file"], flaw["line"], flaw["column"]) for flaw in flaws}
    assert places == {
        ("parties.jsonl", 6, "identifiers.uscc"),
        ("day.csv", 2, "amount.amount"),
        ("day.csv", 3, "amount.currency"),
        ("rest.jsonl", 1, "value_date"),
    }


def test_all_flaws_of_all_files_come_at_once(qianhai: Terminal, tmp_path: Path) -> None:
    files = [
        csv_file(
            tmp_path / "a.csv", loan("a", lender="nobody"), loan("b", "1.005", id_genuine="x")
        ),
        jsonl_file(tmp_path / "b.jsonl", loan("c", is_genuine="maybe", value_date="2025-13-01")),
        tmp_path / "missing.csv",
        tmp_path,
    ]
    flaws = refused(qianhai, *map(str, files), "--parties", str(parties_file(tmp_path)))
    found = sorted((str(flaw["file"]), str(flaw["column"])) for flaw in flaws)
    assert found == sorted(
        [
            ("a.csv", "amount.amount"),
            ("a.csv", "id_genuine"),
            ("a.csv", "lender"),
            ("b.jsonl", "is_genuine"),
            ("b.jsonl", "value_date"),
            ("missing.csv", "None"),
            (tmp_path.name, "None"),
        ]
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_nobody_may_read_is_told(qianhai: Terminal, tmp_path: Path) -> None:
    path = csv_file(tmp_path / "day.csv", loan("a"))
    path.chmod(0)
    (flaw,) = refused(qianhai, str(path), "--parties", str(parties_file(tmp_path)))
    assert "permission" in str(flaw["en"]).lower()


def test_a_file_that_fails_while_it_is_read_is_told(qianhai: Terminal) -> None:
    (flaw,) = refused(qianhai, "/proc/self/mem")
    assert flaw["file"] == "mem"


def test_a_parties_file_that_is_not_there_is_one_flaw(qianhai: Terminal, tmp_path: Path) -> None:
    day = csv_file(tmp_path / "day.csv", loan("a"))
    flaws = refused(qianhai, str(day), "--parties", str(tmp_path / "none.jsonl"))
    assert [flaw["file"] for flaw in flaws] == ["none.jsonl"]


def test_the_terminal_lists_flaws_line_by_line_and_says_that_nothing_was_booked(
    qianhai: Terminal, tmp_path: Path
) -> None:
    day = csv_file(tmp_path / "day.csv", loan("a", "1.005"), loan("b", "x"))
    parties = str(parties_file(tmp_path))
    english = qianhai("run", str(day), "--parties", parties)
    assert (english.code, english.out) == (2, "")
    assert english.err.startswith("day.csv:2: amount.amount: F0")
    assert "2 mistakes; nothing was booked." in english.err
    chinese = qianhai("run", str(day), "--parties", parties, language="zh")
    assert "共 2 处错误，未记任何账。" in chinese.err


def test_a_long_list_of_flaws_is_cut_on_the_terminal_and_whole_in_json(
    qianhai: Terminal, tmp_path: Path
) -> None:
    day = csv_file(tmp_path / "day.csv", *(loan(f"n-{n}", "x") for n in range(250)))
    parties = str(parties_file(tmp_path))
    assert len(refused(qianhai, str(day), "--parties", parties)) == 250
    done = qianhai("run", str(day), "--parties", parties)
    assert "and 50 more; --json shows all." in done.err


def test_a_long_value_is_shown_cut(qianhai: Terminal, tmp_path: Path) -> None:
    day = jsonl_file(tmp_path / "day.jsonl", loan("a", facility="f" * 5000))
    (flaw,) = refused(qianhai, str(day), "--parties", str(parties_file(tmp_path)))
    assert len(str(flaw["value"])) < 300
    assert json.dumps(flaw)
