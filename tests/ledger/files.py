"""Files of transfers and accounts for tests, and ledgers to load them into."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from ledger.books import AT, BANK, BOB, EVERYONE, NOSTRO, ON, Books, chain, named
from qianhai.kernel import BadInput, Flaw
from qianhai.ledger import Load, Loaded, Refused

COLUMNS = ("chain_id", "debit", "credit", "amount", "value_on")
ACCOUNTS = ("name", "asset", "scale", "asset_kind", "kind", "holder", "floor", "ceiling")

_numbers = count(1)


def opened(books: Books) -> Books:
    """Everyone's account, open and empty."""
    assert books.one(chain("open", opens=EVERYONE)).is_posted
    return books


def row(name: str, /, **changes: str) -> dict[str, str]:
    """A transfer of 1.00 from nostro to bob, in the chain called by a word."""
    given = {
        "chain_id": str(named(name)),
        "debit": NOSTRO.name,
        "credit": BOB.name,
        "amount": "1.00",
        "value_on": ON.isoformat(),
    }
    return given | changes


def account(name: str, /, **changes: str) -> dict[str, str]:
    """An account in CNY."""
    given = {
        "name": name, "asset": "CNY", "scale": "2", "asset_kind": "currency", "kind": "settlement",
        "holder": "party-1",
    }  # fmt: skip
    return given | changes


def columns_of(rows: Sequence[Mapping[str, Any]], least: Sequence[str]) -> list[str]:
    """The columns that rows have, those every file has first."""
    return list(dict.fromkeys([*least, *(name for one in rows for name in one)]))


def csv_of(folder: Path, *rows: Mapping[str, str], least: Sequence[str] = COLUMNS) -> Path:
    """Rows as a plain CSV file."""
    names = columns_of(rows, least)
    lines = [",".join(names), *(",".join(one.get(name, "") for name in names) for one in rows)]
    return text_of(folder, "\n".join(lines) + "\n")


def text_of(folder: Path, text: str | bytes) -> Path:
    """A file that holds just this."""
    path = folder / f"file-{next(_numbers)}.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def parquet_of(folder: Path, columns: Mapping[str, Any]) -> Path:
    """Columns as a Parquet file."""
    path = folder / f"file-{next(_numbers)}.parquet"
    parquet.write_table(pa.table(dict(columns)), path)
    return path


def load(books: Books, path: Path, accounts: Path | None = None) -> tuple[Loaded, list[Refused]]:
    """Load a file, checked and posted."""
    work = Load(books.database, books.writer, BANK, path, now=lambda: AT, accounts=accounts)
    work.check()
    return work.done, list(work.post())


def flaws_of(books: Books, path: Path, accounts: Path | None = None) -> list[Flaw]:
    """What the check of a file finds; it must find something, and book nothing."""
    before = books.head()
    try:
        load(books, path, accounts)
    except BadInput as fault:
        assert books.head() == before
        for flaw in fault.flaws:
            assert flaw.en.endswith(".")
            assert flaw.zh.endswith("。")
        return list(fault.flaws)
    raise AssertionError("the file has no flaw")


def told(flaws: Iterable[Flaw]) -> list[tuple[str, int | None, str | None, str]]:
    """Code, line, column and value of each flaw."""
    return [(one.code, one.place.line, one.place.column, one.value) for one in flaws]
