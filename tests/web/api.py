"""A program with a token, for tests of the documents; and business of the sample day."""

import io
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import httpx2
from openpyxl import load_workbook

from qianhai.identity import Role
from qianhai.instructions import set_threshold
from qianhai.kernel import CURRENCIES, business_date
from qianhai.web.site import House
from web.served import ROOT, Served

DAY: Final = ROOT / "examples" / "day"


def program(served: Served, *roles: Role, party: str | None = None) -> httpx2.Client:
    """Return a client that comes with a token of these roles."""
    user = served.user(*roles, party=party) if party else served.person(*roles)
    client = served.client(Authorization=f"Bearer {served.token(user)}")
    client.base_url = f"{served.address}/api/v1"
    return client


@contextmanager
def kept_program(served: Served, *roles: Role) -> Iterator[httpx2.Client]:
    """Keep a program's client open for all tests of a file."""
    client = program(served, *roles)
    served.clients.remove(client)
    with client:
        yield client


@contextmanager
def one_suffices(house: House, clock: Callable[[], datetime]) -> Iterator[None]:
    """Let one person book whatever states an amount, as long as this lasts."""
    set_thresholds(house, clock(), Decimal(10**12))
    yield
    set_thresholds(house, clock(), None)


def set_thresholds(house: House, at: datetime, amount: Decimal | None) -> None:
    """Set up to which amount one person books alone, in every currency; None: nothing."""
    with house.database.transaction() as conn:
        for currency in CURRENCIES:
            asked = {"currency": currency, "amount": amount, "first_day": business_date(at)}
            set_threshold(
                conn, house.site.institution_id, asked, by="admin", at=at, salts=house.site.salts
            )


def ended(client: httpx2.Client, answer: httpx2.Response) -> dict[str, Any]:
    """Return a work once it ended."""
    assert answer.status_code == 202, answer.text
    address = answer.headers["location"].removeprefix("/api/v1")
    for _ in range(600):
        found: dict[str, Any] = client.get(address).json()
        if found["ended_at"]:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{address} does not end: {found}")


def sample_day(client: httpx2.Client) -> dict[str, Any]:
    """Load the sample's parties and a file of business."""
    with (DAY / "day.csv").open("rb") as file, (DAY / "parties.jsonl").open("rb") as parties:
        files = {"file": ("day.csv", file), "parties": ("parties.jsonl", parties)}
        return ended(client, client.post("/batches", files=files))


def sheet_of(answer: httpx2.Response) -> list[tuple[object, ...]]:
    """Return the rows of a workbook that was downloaded; no cell of it is a formula."""
    assert answer.status_code == 200, answer.text
    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    rows = list(sheet.iter_rows())
    assert "f" not in {cell.data_type for row in rows for cell in row}
    return [tuple(cell.value for cell in row) for row in rows]


def sample_rows() -> Iterator[dict[str, str]]:
    """Yield the lines of the sample's JSONL."""
    for line in (DAY / "day.jsonl").read_text(encoding="utf-8").splitlines():
        if line.strip():
            yield json.loads(line)


def a_loan() -> dict[str, str]:
    """Return a line of the sample that states its amount and currency."""
    return next(row for row in sample_rows() if row["id"] == "M67-001")


def csv_of(rows: list[Mapping[str, str]]) -> bytes:
    """Write rows as a file of CSV."""
    out = io.StringIO()
    columns = list(dict.fromkeys(name for row in rows for name in row))
    out.write(",".join(columns) + "\n")
    for row in rows:
        out.write(",".join(row.get(name, "") for name in columns) + "\n")
    return out.getvalue().encode()


def path_of(name: str) -> Path:
    """Return a file of the sample day."""
    return DAY / name
