"""Register entries as tests write them, and the keys and salts they are loaded with."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, date, datetime
from itertools import count

from qianhai.db import Connection
from qianhai.kernel import Flaw, Place
from qianhai.registers import (
    Checked,
    Checker,
    Entry,
    EntryRow,
    Keyring,
    LoadSummary,
    Register,
    load,
)

BANK = "bank-1"
KEYRING = Keyring(bytes(range(32)))
ON = date(2023, 6, 30)
_numbers = count(1)


def salt() -> bytes:
    """Sixteen bytes never given before."""
    return next(_numbers).to_bytes(16, "big")


def noon(day: int, month: int = 6, year: int = 2023) -> datetime:
    """An instant at which something is loaded or asked."""
    return datetime(year, month, day, 12, tzinfo=UTC)


def entries(*rows: dict[str, str]) -> list[Entry]:
    """Rows of an invented file, one a line."""
    return [Entry(Place("register.jsonl", line=at), row) for at, row in enumerate(rows, start=1)]


def checked(
    rows: Sequence[EntryRow | Flaw],
    known_parties: Callable[[Collection[str]], Collection[str]] | None = None,
) -> list[Checked]:
    """Check rows as one input, in two portions."""
    checker = Checker(known_parties)
    half = len(rows) // 2
    found = [*checker.add(rows[:half]), *checker.add(rows[half:])]
    checker.end()
    return found


def party(id_: str, **fields: str) -> dict[str, str]:
    """An enterprise of the mainland, unless something else is said."""
    row = {"kind": "party", "id": id_, "type": "enterprise", "jurisdiction": "CN"}
    return row | {"name": f"{id_} Ltd", "since": "2020-01-01"} | _dotted(fields)


def entry(kind: str, **fields: str) -> dict[str, str]:
    """An entry of any kind, true since 2020 unless something else is said."""
    return {"kind": kind, "since": "2020-01-01"} | _dotted(fields)


def _dotted(fields: dict[str, str]) -> dict[str, str]:
    return {name.replace("__", "."): text for name, text in fields.items()}


def load_rows(
    conn: Connection,
    rows: Iterable[dict[str, str]],
    at: datetime,
    *,
    institution_id: str = BANK,
    keyring: Keyring = KEYRING,
    salts: Callable[[], bytes] = salt,
) -> LoadSummary:
    """Check and load rows at an instant."""
    return load(
        conn,
        entries(*rows),
        institution_id=institution_id,
        at=at,
        salts=salts,
        by="officer-1",
        keyring=keyring,
    )


def register(conn: Connection, known_at: datetime, on: date = ON) -> Register:
    """The bank's register on a day, as known at an instant."""
    return Register(conn, BANK, on, known_at)
