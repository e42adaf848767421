"""`qianhai ledger`: load, export, reconcile, balances: by documents and by sentences."""

from pathlib import Path

import psycopg
import pytest

from cli.terminal import NOWHERE, Json, Terminal
from qianhai.kernel import derived_id

ACCOUNTS = (
    "name,asset,scale,asset_kind,kind,holder,floor\n"
    "till,CNY,2,currency,nostro,bank,\nshop,CNY,2,currency,settlement,firm,0\n"
)
HEAD = "chain_id,debit,credit,amount,value_on\n"


def line(name: str, amount: str, day: str = "2025-06-30", way: str = "till,shop") -> str:
    return f"{derived_id('chain', 'local', name)},{way},{amount},{day}\n"


@pytest.fixture
def url(database_url: str) -> str:
    return database_url


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "accounts.csv").write_text(ACCOUNTS)
    (tmp_path / "day.csv").write_text(
        HEAD
        + line("a", "100.00", "2025-06-28")
        + line("b", "20.00")
        + line("c", "0.50", way="shop,till")
        + line("d", "9999.00", way="shop,till")
    )
    return tmp_path


@pytest.fixture
def loaded(qianhai: Terminal, folder: Path) -> Terminal:
    done = qianhai("ledger", "load", str(folder / "day.csv"), "--accounts",
                   str(folder / "accounts.csv"), "--json")  # fmt: skip
    assert done.code == 0, done.out
    assert done.document["results"] == {"floor_passed": 1, "posted": 3}
    return qianhai


def error(done_document: Json) -> tuple[object, list[object]]:
    found = done_document.part("error")
    return found["exit_code"], [flaw["code"] for flaw in found.rows("flaws")]


def test_a_file_is_loaded_and_what_was_refused_is_listed(qianhai: Terminal, folder: Path) -> None:
    refused = folder / "refused.csv"
    argv = ("ledger", "load", str(folder / "day.csv"), "--accounts", str(folder / "accounts.csv"),
            "--refused", str(refused))  # fmt: skip
    first = qianhai(*argv)
    assert (first.code, first.err) == (0, "")
    assert "floor_passed" in first.out
    assert "2 accounts opened; 0 chains were answered before" in first.out
    assert refused.read_text(encoding="utf-8-sig").splitlines() == [
        "chain_id,result,failed_leg",
        f"{derived_id('chain', 'local', 'd')},floor_passed,0",
    ]
    again = qianhai(*argv, language="zh")
    assert "新开账户 0 个；4 条交易链此前已作答" in again.out


def test_each_book_balances_alone_or_is_told(qianhai: Terminal, folder: Path) -> None:
    """`ledger books`: even after business inside a book, told when money went past the links."""
    (folder / "books.csv").write_text(
        ACCOUNTS + "far,CNY,2,currency,offshore_nostro,bank,\nisle,CNY,2,currency,osa,firm,0\n"
    )
    rows = [line("a", "9.00", way="till,shop"), line("b", "5.00", way="far,isle")]
    (folder / "even.csv").write_text(HEAD + "".join(rows))
    accounts = ("--accounts", str(folder / "books.csv"))
    assert qianhai("ledger", "load", str(folder / "even.csv"), *accounts).code == 0
    even = qianhai("ledger", "books", "--json")
    assert (even.code, even.document["is_even"]) == (0, True)
    lines = [(one["book"], one["balance"]) for one in even.document.rows("lines")]
    assert lines == [("offshore", "0.00"), ("onshore", "0.00")]
    (folder / "past.csv").write_text(HEAD + line("c", "0.01", way="isle,shop"))
    assert qianhai("ledger", "load", str(folder / "past.csv"), *accounts).code == 0
    told = error(qianhai("ledger", "books", "--json").document)
    assert told == (3, ["L302", "L302", "L303"])
    assert "离岸账册" in qianhai("ledger", "books", language="zh").out


def test_a_file_with_flaws_is_told_in_both_languages(qianhai: Terminal, folder: Path) -> None:
    bad = folder / "bad.csv"
    bad.write_text(HEAD + line("a", "1e3"))
    argv = ("ledger", "load", str(bad), "--accounts", str(folder / "accounts.csv"))
    assert error(qianhai(*argv, "--json").document) == (2, ["L222"])
    zh = qianhai(*argv, language="zh")
    assert (zh.code, zh.out) == (2, "")
    assert "bad.csv:2: amount: L222" in zh.err
    assert "未记任何账" in zh.err


def test_balances_of_now_of_then_and_by_value_date(loaded: Terminal) -> None:
    now = loaded("ledger", "balance", "shop", "--json").document
    assert (now["balance"], now["available"], now["asset"]) == ("119.50", "119.50", "CNY")
    valued = loaded("ledger", "balance", "shop", "--value-date", "2025-06-28", "--json").document
    assert (valued["balance"], "available" in valued) == ("100.00", False)
    for at, wanted in [
        ("2025-06-29", "0.00"),
        ("2025-06-30", "119.50"),
        ("2025-06-30T11:00:00+08:00", "0.00"),
        ("2025-06-30T12:30:00+08:00", "119.50"),
    ]:
        then = loaded("ledger", "balance", "shop", "--at", at, "--json").document
        assert then["balance"] == wanted, at
    assert "119.50" in loaded("ledger", "balance", "shop").out


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (("balance", "nobody"), "C043"),
        (("statement", "nobody"), "C043"),
        (("export", "transfers", "--out", "x.csv", "--account", "nobody"), "C043"),
        (("export", "balances", "--out", "x.csv", "--since", "2025-06-30"), "C040"),
        (("export", "balances", "--out", "x.csv", "--until", "2025-06-30"), "C040"),
        (("balance", "shop", "--at", "yesterday"), "C041"),
        (("balance", "shop", "--at", "2025-06-30T12:00"), "C041"),
        (("balance", "shop", "--value-date", "30.6.2025"), "C041"),
        (("statement", "shop", "--since", "9999-99-99"), "C041"),
        (("balance", "shop", "--at", "2025-06-30", "--value-date", "2025-06-30"), "C042"),
        (("export", "everything", "--out", "x.csv"), "C007"),
        (("reconcile", "shop", "none.csv"), "M101"),
    ],
)
def test_what_a_command_cannot_be_given(loaded: Terminal, argv: tuple[str, ...], code: str) -> None:
    done = loaded("ledger", *argv, "--json")
    assert error(done.document) == (2, [code])


def test_a_statement_has_pages(loaded: Terminal, folder: Path) -> None:
    more = folder / "more.csv"
    more.write_text(HEAD + "".join(line(f"m{n}", "0.01") for n in range(120)))
    assert loaded("ledger", "load", str(more)).code == 0
    first = loaded("ledger", "statement", "shop", "--json").document
    assert (len(first.rows("lines")), first["has_more"]) == (100, True)
    assert first.rows("lines")[2]["amount"] == "-0.50"
    second = loaded("ledger", "statement", "shop", "--page", "2", "--json").document
    assert (len(second.rows("lines")), second["has_more"]) == (23, False)
    assert second.rows("lines")[-1]["balance"] == "120.70"
    shown = loaded("ledger", "statement", "shop")
    assert "next page: --page 2" in shown.out
    none = loaded("ledger", "statement", "shop", "--until", "2025-06-29", language="zh")
    assert "没有明细" in none.out
    day = loaded("ledger", "statement", "till", "--since", "2025-06-30", "--until", "2025-06-30")
    assert "shop" in day.out


def test_the_trial_balance_adds_up_or_fails(loaded: Terminal, url: str) -> None:
    even = loaded("ledger", "trial-balance", "--by-kind", "--json").document
    assert even["is_even"] is True
    assert [row["kind"] for row in even.rows("lines")] == ["nostro", "settlement", None]
    assert "119.50" in loaded("ledger", "trial-balance").out
    with psycopg.connect(url) as conn:
        conn.execute("update ledger.accounts set balance = balance + 1 where name = 'till'")
    odd = loaded("ledger", "trial-balance", language="zh")
    assert odd.code == 3
    assert "L301" in odd.err
    assert error(loaded("ledger", "trial-balance", "--json").document) == (3, ["L301"])


def test_an_empty_ledger_has_no_trial_balance(qianhai: Terminal) -> None:
    done = qianhai("ledger", "trial-balance")
    assert (done.code, done.out) == (0, "the ledger has no accounts yet\n")


def test_an_export_is_loaded_again(loaded: Terminal, folder: Path) -> None:
    out = folder / "out.parquet"
    done = loaded("ledger", "export", "transfers", "--out", str(out), "--json").document
    assert done["rows"] == 3
    again = loaded("ledger", "load", str(out), "--json").document
    assert (again["repeated"], again["results"]) == (3, {"posted": 3})
    some = loaded("ledger", "export", "chains", "--out", str(folder / "c.csv"), "--account", "shop",
                  "--since", "2025-06-30", "--until", "2025-06-30")  # fmt: skip
    assert some.out == f"3 rows written to {folder / 'c.csv'}\n"
    zh = loaded("ledger", "export", "balances", "--out", str(folder / "b.csv"), language="zh")
    assert "已写出 2 行" in zh.out


def test_a_folder_that_is_not_there_is_the_machines_fault(loaded: Terminal, folder: Path) -> None:
    out = str(folder / "none" / "out.csv")
    assert loaded("ledger", "export", "balances", "--out", out).code == 4
    refused = loaded("ledger", "load", str(folder / "day.csv"), "--refused", out, "--json")
    assert refused.document.part("error")["exit_code"] == 4


STATEMENT = (
    "reference,amount,value_on,text\n"
    "a,100.00,2025-06-28,first\n"
    ",20.00,2025-06-29,=second\n"
    ",-0.50,2025-06-30,third\n"
)


def test_an_account_is_reconciled(loaded: Terminal, folder: Path) -> None:
    path, out = folder / "s.csv", folder / "out.csv"
    path.write_text(STATEMENT)
    done = loaded("ledger", "reconcile", "shop", str(path), "--out", str(out), "--json")
    found = done.document
    assert done.code == 0, done.out
    assert (found["is_complete"], found["difference"]) == (True, "0.00")
    assert [one["rule"] for one in found.rows("matches")] == ["reference", "exact", "near"]
    rows = out.read_text(encoding="utf-8-sig").splitlines()
    assert len(rows) == 7
    assert any("'" not in row and "second" in row for row in rows) is False
    told = loaded("ledger", "reconcile", "shop", str(path))
    assert "3 matches; 0 lines unmatched; difference 0.00 CNY" in told.out


def test_a_statement_with_lines_left_ends_with_3(loaded: Terminal, folder: Path) -> None:
    path = folder / "s.csv"
    extra = "".join(f",7.0{n % 10},2025-06-30,x{n}\n" for n in range(60))
    path.write_text(STATEMENT.replace("a,100.00", "a,100.01") + extra)
    done = loaded("ledger", "reconcile", "shop", str(path), "--days", "0", "--json")
    assert done.code == 3
    whys = {one["why"] for one in done.document.rows("unmatched")}
    assert {"amount_differs", "missing", "date_differs"} <= whys
    shown = loaded("ledger", "reconcile", "shop", str(path), "--days", "0", language="zh")
    assert shown.code == 3
    assert "编号相同，金额相差 0.01" in shown.out
    assert "另有" in shown.out
    few = folder / "few.csv"
    few.write_text("amount,value_on\n20.00,2025-06-30\n")
    assert "Unmatched" in loaded("ledger", "reconcile", "shop", str(few)).out


def test_without_a_database_each_command_says_so(qianhai: Terminal, folder: Path) -> None:
    from dataclasses import replace  # noqa: PLC0415 - only here

    qianhai.site = replace(qianhai.site, database_url=NOWHERE)
    done = qianhai("ledger", "trial-balance", "--json")
    assert done.document.part("error")["exit_code"] == 4
    assert folder
