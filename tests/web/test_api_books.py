"""What programs prove by the API: the books, an account, the returns, the examples of the pack."""

import csv
import io
from collections.abc import Iterator

import httpx2
import pytest

from qianhai.identity import Role
from web.api import ended, kept_program, program, sample_day
from web.served import Served

pytestmark = pytest.mark.usefixtures("_one_suffices")


@pytest.fixture(scope="module")
def officer(served: Served) -> Iterator[httpx2.Client]:
    with kept_program(served, Role.BANK_OFFICER) as client:
        assert sample_day(client)["state"] == "ended"
        yield client


def _moved_account(officer: httpx2.Client) -> tuple[str, list[dict[str, str]]]:
    """Return an account of a party with its statement."""
    lines = officer.get("/decisions?outcome=permitted&limit=200").json()["items"]
    for line in lines:
        for party in officer.get(f"/decisions/{line['id']}").json()["parties"].values():
            found = officer.get(f"/parties/{party}/accounts").json()
            for one in found.get("items", ()):
                statement = officer.get(f"/accounts/{one['account']}/statement").json()["items"]
                if one["asset_kind"] == "money" and len(statement) > 1:
                    return one["account"], statement
    raise AssertionError("no account of the sample day moved")


def _as_csv(lines: list[dict[str, str]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["reference", "amount", "value_on", "text"])
    for line in lines:
        writer.writerow([line["chain_id"], line["amount"], line["value_on"], line["kind"]])
    return out.getvalue().encode()


def test_each_book_balances_alone(officer: httpx2.Client, served: Served) -> None:
    found = officer.get("/books").json()
    assert (found["is_even"], found["differences"]) == (True, [])
    assert found["lines"]
    assert all(line["debit"] == line["credit"] for line in found["lines"])
    assert officer.get("/trial-balance").json()["is_even"] is True
    assert program(served, Role.PROGRAMME).get("/books").status_code == 403


def test_an_account_is_held_against_a_statement(officer: httpx2.Client) -> None:
    account, statement = _moved_account(officer)
    address, kind = f"/accounts/{account}/reconciliation", {"content-type": "text/csv"}
    work = ended(officer, officer.post(address, content=_as_csv(statement), headers=kind))
    assert work["state"] == "ended", work
    assert (work["result"]["is_complete"], work["result"]["difference"]) == (True, "0.00")
    assert work["outcomes"] == []
    files = {"file": ("statement.csv", _as_csv(statement[1:]))}
    work = ended(officer, officer.post(f"{address}?days=0", files=files))
    assert work["result"]["is_complete"] is False
    assert work["result"]["unmatched"]
    none = "/accounts/no-such/reconciliation"
    work = ended(officer, officer.post(none, content=_as_csv(statement), headers=kind))
    assert (work["state"], work["flaws"][0]["code"]) == ("refused", "L402")
    work = ended(officer, officer.post(address, content=b"reference\nx\n", headers=kind))
    assert work["state"] == "refused"
    assert officer.post(f"{address}?days=400", content=b"x", headers=kind).status_code == 422


def test_every_return_of_a_year_is_proven(officer: httpx2.Client) -> None:
    found = officer.get("/returns?year=2026").json()
    assert found["agrees"] is True
    assert found["items"]
    one = found["items"][0]
    whole = officer.get(f"/returns/{one['report']}?period={one['period']}").json()
    assert one == {name: value for name, value in whole.items() if name != "rows"}
    assert officer.get("/returns?year=1").json() == {"agrees": True, "items": []}
    assert officer.get("/returns?year=0").status_code == 422


def test_what_the_examples_show_is_told(officer: httpx2.Client) -> None:
    found = officer.get("/plan/coverage").json()
    assert found["lacking"] == 0
    assert len(found["shown"]) > 1000
    reach = officer.get("/coverage").json()
    reach.pop("known_by")
    assert found["plan"] == reach
    assert reach["uncovered"] == []
