"""The desk: one instruction keyed in, files taken in whole, their flaws, their outcomes."""

import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import httpx2
import pytest

from qianhai.identity import Role
from qianhai.instructions import set_threshold
from qianhai.messages import Row, read
from web.business import DAY, english, later, lines, run_of, send
from web.served import INSTITUTION, Served, post

LOAN = "/desk/new/overseas_lending/lend"


@pytest.fixture
def officer(served: Served) -> httpx2.Client:
    client = english(served, served.person(Role.BANK_OFFICER))
    later(served)
    send(client, parties=True)
    later(served)
    return client


def _keyed(number: str) -> dict[str, str | list[str]]:
    """Return a line of the sample day as the fields of the form."""
    row = json.loads(lines("M67-020", suffix=number))
    return {name: text for name, text in row.items() if name not in {"facility", "action"}}


def _transfers(served: Served) -> int:
    with served.house.database.transaction() as conn:
        row = conn.execute("select count(*) from ledger.transfers").fetchone()
    assert row is not None
    return int(row[0])


def _csv(client: httpx2.Client, address: str) -> list[dict[str, str]]:
    text = client.get(address).content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def _set(served: Served, amount: Decimal | None) -> None:
    later(served)
    at, salts = served.clock.at, served.house.site.salts
    asked = {"currency": "CNY", "amount": amount, "first_day": at.date()}
    with served.house.database.transaction() as conn:
        set_threshold(conn, INSTITUTION, asked, by="admin", at=at, salts=salts)


def test_what_is_keyed_in_is_looked_at_and_leaves_nothing(
    served: Served, officer: httpx2.Client
) -> None:
    form = officer.get(LOAN).text
    assert 'name="value_date"' in form
    assert "net_assets" not in form, "what the register knows is not asked"
    before = _transfers(served)
    answer = post(officer, LOAN, _keyed("-k") | {"step": "look"}, at=LOAN)
    assert answer.status_code == 200, answer.text
    for part in ("Permitted:", "Legs it would post", "Limits before and after", "the register"):
        assert part in answer.text, part
    assert _transfers(served) == before
    kept = post(officer, LOAN, _keyed("-k") | {"step": "change"}, at=LOAN)
    assert 'value="M67-020-k"' in kept.text


def test_what_is_wrong_is_said_at_its_field(officer: httpx2.Client) -> None:
    wrong = _keyed("-w") | {"step": "look", "value_date": "yesterday", "id": ""}
    answer = post(officer, LOAN, wrong, at=LOAN)
    assert answer.status_code == 422
    for part in ('href="#value_date"', 'href="#id"', "I001", "I002", 'value="yesterday"'):
        assert part in answer.text, part
    stranger = _keyed("-w") | {"step": "look", "lender": "nobody-here"}
    answer = post(officer, LOAN, stranger, at=LOAN)
    assert "I006" in answer.text
    assert 'href="#lender"' in answer.text


def test_an_incomplete_one_shows_the_way(officer: httpx2.Client) -> None:
    sparse = {name: _keyed("-i")[name] for name in ("id", "value_date", "lender")}
    answer = post(officer, LOAN, sparse | {"step": "look"}, at=LOAN)
    assert answer.status_code == 200, answer.text
    assert "Incomplete" in answer.text
    assert "What is missing" in answer.text
    assert "Where it comes from" in answer.text


def test_every_flaw_of_a_file_stands_on_one_page(served: Served, officer: httpx2.Client) -> None:
    before = _transfers(served)
    text = "id,facility,value_date\n" + "".join(
        f"X-{number},no_such_business,2026-13-01\n" for number in range(30)
    )
    shown = send(officer, text, "wrong.csv")
    address = "/desk/flaws/" + shown.text.partition("/desk/flaws/")[2].partition('"')[0]
    page = officer.get(address).text
    assert "wrong.csv:31" in page
    assert "no_such_business" in page
    rows = _csv(officer, f"{address}?format=csv")
    assert len(rows) == 60
    assert _transfers(served) == before
    other = english(served, served.user(Role.BANK_OFFICER))
    assert other.get(address).status_code == 404


def test_the_same_file_books_nothing_twice_and_its_outcomes_can_be_taken_away(
    served: Served, officer: httpx2.Client, tmp_path: Path
) -> None:
    _set(served, Decimal("1000000000.00"))
    later(served)
    text = lines("M67-020", "M67-030", "M67-018", suffix="-s")
    first = run_of(send(officer, text))
    booked = _transfers(served)
    later(served)
    second = run_of(send(officer, text))
    assert first != second
    assert _transfers(served) == booked
    assert officer.get(second).text.count("known before") >= 3
    rows = _csv(officer, f"{first}?format=csv")
    assert [row["id"] for row in rows] == ["M67-018-s", "M67-020-s", "M67-030-s"]
    assert {row["state"] for row in rows} == {"answered"}
    assert {row["outcome"] for row in rows} == {"permitted"}
    told = [json.loads(one) for one in officer.get(f"{first}?format=jsonl").text.splitlines()]
    assert [one["outcome"] for one in told] == ["permitted"] * 3
    book = tmp_path / "outcomes.xlsx"
    book.write_bytes(officer.get(f"{first}?format=xlsx").content)
    assert len([one for one in read(book) if isinstance(one, Row)]) == 3
    listed = officer.get("/desk/runs").text
    assert first in listed
    assert second in listed
    _set(served, None)


def test_every_form_of_file_is_taken(served: Served, officer: httpx2.Client) -> None:
    for name in ("day.csv", "day.xml"):
        later(served)
        shown = send(officer, (DAY / name).read_text(encoding="utf-8"), name)
        assert "waits" in officer.get(run_of(shown)).text, name


def test_a_file_without_a_name_or_none_at_all_is_told(officer: httpx2.Client) -> None:
    answer = post(officer, "/desk/files", {}, at="/desk")
    assert answer.status_code == 422
    assert "W061" in answer.text


def test_a_party_is_found_by_id_or_open_name_and_a_person_by_id_alone(
    officer: httpx2.Client,
) -> None:
    register = [json.loads(one) for one in (DAY / "parties.jsonl").read_text().splitlines()]
    person = next(one for one in register if one.get("type") == "person")
    firm = next(one for one in register if one.get("type") == "enterprise" and one.get("name"))
    asked = {"q": firm["name"][:4], "on": "2026-03-02"}
    assert firm["id"] in officer.get("/desk/parties", params=asked).text
    asked = {"q": person["name"][:4], "on": "2026-03-02"}
    assert person["id"] not in officer.get("/desk/parties", params=asked).text
    asked = {"lender": firm["id"][:5], "of": "lender", "kinds": "enterprise"}
    assert firm["id"] in officer.get("/desk/parties/options", params=asked).text
