"""What programs do with business: decide it, book it once, send it by the file, look it up."""

import csv
import io
import json
import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from qianhai.identity import Role
from qianhai.instructions import set_threshold
from qianhai.views import OUTCOME_COLUMNS
from web.api import DAY, a_loan, ended, kept_program, program, sample_day, sheet_of
from web.served import INSTITUTION, Served

pytestmark = pytest.mark.usefixtures("_one_suffices")


@pytest.fixture(scope="module")
def officer(served: Served) -> Iterator[httpx2.Client]:
    with kept_program(served, Role.BANK_OFFICER) as client:
        yield client


@pytest.fixture(scope="module")
def day(officer: httpx2.Client) -> dict[str, Any]:
    """The sample day, booked."""
    work = sample_day(officer)
    assert work["state"] == "ended", work
    return work


def example(officer: httpx2.Client, path: str) -> dict[str, Any]:
    """Return the example of an operation's body."""
    document = officer.get("/openapi.json").json()
    content = document["paths"][f"/api/v1{path}"]["post"]["requestBody"]["content"]
    found: dict[str, Any] = content["application/json"]["example"]
    return found


def test_a_business_is_judged_and_nothing_is_booked(officer: httpx2.Client) -> None:
    asked = example(officer, "/decide")
    answer = officer.post("/decide", json=asked)
    assert answer.status_code == 200, answer.text
    decision = answer.json()
    assert decision["outcome"] == "permitted"
    assert decision["conditions"]
    assert officer.post("/decide", json={**asked, "facts": {}}).json()["outcome"] == "incomplete"


def test_an_interview_ends_with_nothing_left_to_ask(officer: httpx2.Client) -> None:
    asked, whole = example(officer, "/ask"), example(officer, "/decide")
    begun = officer.post("/ask", json={**asked, "facts": {}}).json()
    assert begun["next"]["left"] >= 1
    assert begun["next"]["why"]["zh"]
    told = officer.post("/ask", json={**asked, "facts": whole["facts"]}).json()
    assert (told["next"], told["decision"]["outcome"]) == (None, "permitted")


def test_what_if_and_which_answer_as_the_command_line_does(officer: httpx2.Client) -> None:
    whole = example(officer, "/decide")
    found = officer.post("/what-if", json=whole).json()
    assert found["what_if"]["is_permitted"] is True
    fits = officer.post("/which", json={"facts": whole["facts"]}).json()
    assert whole["facility"] in {one["facility"] for one in fits["permits"]}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"facility": "no_such"}, "W001"),
        ({"action": "no_such"}, "W001"),
        ({"on": "2026-02-30"}, "W002"),
        ({"switches": {"no": "such"}}, "W001"),
        ({"facts": {"no_such_fact": True}}, "F001"),
        ({"facility": 7}, "W000"),
        ({"more": 1}, "W000"),
    ],
)
def test_a_mistake_is_a_problem_that_says_what_to_do(
    officer: httpx2.Client, change: dict[str, Any], code: str
) -> None:
    answer = officer.post("/decide", json={**example(officer, "/decide"), **change})
    problem = answer.json()
    assert (answer.status_code, problem["code"] in {"bad_input", "bad_request"}) == (422, True)
    assert answer.headers["content-type"] == "application/problem+json"
    assert [flaw["code"] for flaw in problem["flaws"]] == [code]
    assert all(flaw["zh"] and flaw["en"] for flaw in problem["flaws"])


@pytest.mark.parametrize(
    "body",
    [
        b'{"facility": "a", "facility": "b"}',
        b'{"facility": "a", "facts": ' + b'{"a":' * 200 + b"1" + b"}" * 201,
        b'{"facility": "a", "facts": ' + b"[" * 90_000 + b"}",
        b'{"facility": NaN}',
        b'{"facility": "\\ud800"}',
        b'{"facility": "a\\u0000b"}',
        b'{"facility": ' + b"9" * 5000 + b"}",
        b"\xff\xfe",
        b"",
    ],
    ids=["twice", "deep", "deeper", "no number", "half a character", "zero", "long", "bytes", ""],
)
def test_json_that_is_none_is_refused(officer: httpx2.Client, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    answer = officer.post("/decide", content=body, headers=headers)
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] == "bad_request"


def test_a_file_of_business_is_booked_and_told_line_by_line(
    officer: httpx2.Client, day: dict[str, Any]
) -> None:
    assert day["result"]["instructions"] + day["result"]["waiting"] > 100
    assert day["result"]["instructions"] > 50
    text = officer.get(day["outcomes"][0].removeprefix("/api/v1")).text
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == list(OUTCOME_COLUMNS)
    assert len(rows) - 1 == day["result"]["instructions"]
    answer = officer.get(day["outcomes"][1].removeprefix("/api/v1"))
    assert answer.headers["content-type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["id"] for line in lines] == [row[0] for row in rows[1:]]


def test_the_outcomes_of_a_file_are_a_workbook_too(
    officer: httpx2.Client, day: dict[str, Any]
) -> None:
    text, _, book = (address.removeprefix("/api/v1") for address in day["outcomes"])
    rows = list(csv.reader(io.StringIO(officer.get(text).text)))
    for _again in range(2):
        sheet = sheet_of(officer.get(book))
        assert [row[0] for row in sheet] == [row[0] for row in rows]
    place = OUTCOME_COLUMNS.index("amount")
    amounts = [(row[place], row_[place]) for row, row_ in zip(sheet, rows, strict=True)][1:]
    assert all(isinstance(cell, int | float) for cell, said in amounts if said)
    assert [float(said) for _, said in amounts if said] == [cell for cell, said in amounts if said]
    assert officer.get(book.replace("xlsx", "pdf")).status_code == 422


def test_the_same_file_again_books_nothing_twice(
    officer: httpx2.Client, day: dict[str, Any]
) -> None:
    again = sample_day(officer)
    assert again["result"]["repeated"] == again["result"]["instructions"]
    assert again["result"]["heads"]["ledger"] == day["result"]["heads"]["ledger"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("day.jsonl", "application/x-ndjson"),
        ("day.xml", "application/xml"),
        (
            "day.xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
    ],
)
@pytest.mark.usefixtures("day")
def test_a_file_may_be_the_body_itself(officer: httpx2.Client, name: str, kind: str) -> None:
    content = (DAY / name).read_bytes()
    work = ended(officer, officer.post("/batches", content=content, headers={"content-type": kind}))
    assert work["state"] == "ended", work
    assert work["result"]["instructions"] > 0


def test_a_file_with_flaws_books_nothing_and_names_them(
    officer: httpx2.Client, day: dict[str, Any]
) -> None:
    assert day["state"] == "ended"
    text = b"id,facility,value_date\nX-1,no_such,2026-01-01\nX-2,,nonsense\n"
    work = ended(
        officer, officer.post("/batches", content=text, headers={"content-type": "text/csv"})
    )
    assert work["state"] == "refused"
    assert {flaw["line"] for flaw in work["flaws"]} == {2, 3}
    assert work["outcomes"] == []
    assert officer.get(f"/works/{work['id']}/outcomes").status_code == 404
    assert officer.get("/decisions/X-1").status_code == 404


@pytest.mark.usefixtures("day")
def test_an_instruction_sent_again_is_answered_again_and_booked_once(
    officer: httpx2.Client,
) -> None:
    row = a_loan()
    row = {**row, "id": "API-1"}
    first = officer.post("/instructions", json=row, headers={"Idempotency-Key": "key-1"})
    assert first.status_code == 200, first.text
    again = officer.post("/instructions", json=row, headers={"Idempotency-Key": "key-1"})
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    other = officer.post(
        "/instructions", json={**row, "id": "API-2"}, headers={"Idempotency-Key": "key-1"}
    )
    assert (other.status_code, other.json()["code"]) == (409, "used_before")
    changed = officer.post("/instructions", json={**row, "value_date": "2026-03-01"})
    assert (changed.status_code, changed.json()["flaws"][0]["code"]) == (409, "I011")
    assert officer.get("/decisions/API-2").status_code == 404


@pytest.mark.usefixtures("day")
def test_a_key_alone_names_an_instruction_and_one_without_a_name_is_refused(
    officer: httpx2.Client,
) -> None:
    row = {name: value for name, value in a_loan().items() if name != "id"}
    answer = officer.post("/instructions", json=row, headers={"Idempotency-Key": "only-key"})
    assert answer.json()["id"] == "only-key"
    assert officer.post("/instructions", json=row).json()["flaws"][0]["code"] == "W010"


@pytest.mark.usefixtures("day")
def test_a_dry_run_leaves_nothing(officer: httpx2.Client) -> None:
    row = {**a_loan(), "id": "DRY-1"}
    headers = {"Idempotency-Key": "dry-key"}
    dry = officer.post("/instructions?dry_run=true", json=row, headers=headers)
    assert dry.status_code == 200, dry.text
    assert officer.get("/decisions/DRY-1").status_code == 404
    real = officer.post("/instructions", json={**row, "id": "DRY-2"}, headers=headers)
    assert real.status_code == 200


@pytest.mark.usefixtures("day")
def test_many_that_send_one_instruction_at_once_get_one_answer(served: Served) -> None:
    row = {**a_loan(), "id": "RACE-1"}
    answers: list[httpx2.Response] = []

    def send() -> None:
        client = program(served, Role.BANK_OFFICER)
        answers.append(client.post("/instructions", json=row))

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1


@pytest.mark.usefixtures("day")
def test_what_is_above_a_threshold_waits_for_a_second_person(
    served: Served, officer: httpx2.Client
) -> None:
    row = {**a_loan(), "id": "FOUR-1"}
    with served.house.database.transaction() as conn:
        at, salts = served.clock.at, served.house.site.salts
        asked = {"currency": "CNY", "amount": Decimal(1), "first_day": at.date()}
        set_threshold(conn, INSTITUTION, asked, by="admin", at=at, salts=salts)
    assert "waits" in officer.post("/instructions?dry_run=true", json=row).json()
    sent = officer.post("/instructions", json=row)
    assert sent.status_code == 202, sent.text
    assert sent.json()["waits"]["en"].startswith("CNY")
    assert officer.post("/instructions", json=row).status_code == 202
    assert officer.get("/decisions/FOUR-1").status_code == 404
    content = json.dumps({**row, "id": "FOUR-2"}).encode()
    headers = {"content-type": "application/x-ndjson"}
    work = ended(officer, officer.post("/batches", content=content, headers=headers))
    assert (work["result"]["waiting"], work["result"]["instructions"]) == (1, 0)
    with served.house.database.transaction() as conn:
        house = served.house
        waiting = house.eyes.approvals.get(conn, "FOUR-1")
    preview = house.eyes.look(waiting, at=at)
    house.eyes.approve("FOUR-1", preview.mark, by="approver", at=at)
    booked = officer.post("/instructions", json=row)
    assert booked.status_code == 200
    assert booked.json()["id"] == "FOUR-1"
    asked["amount"] = Decimal(10**12)
    with served.house.database.transaction() as conn:
        set_threshold(conn, INSTITUTION, asked, by="admin", at=at, salts=salts)


def test_decisions_come_in_pages_that_leave_none_out(
    officer: httpx2.Client, day: dict[str, Any]
) -> None:
    seen: list[str] = []
    address: str | None = "/decisions?limit=50"
    while address:
        page = officer.get(address).json()
        seen += [one["id"] for one in page["items"]]
        address = f"/decisions?limit=50&cursor={page['next']}" if page["next"] else None
    assert len(seen) == len(set(seen)) >= day["result"]["instructions"]
    refused = officer.get("/decisions?outcome=refused&limit=200").json()["items"]
    assert refused
    assert {one["outcome"] for one in refused} == {"refused"}
    assert officer.get("/decisions?cursor=nonsense").json()["flaws"][0]["code"] == "W003"


@pytest.mark.usefixtures("day")
def test_a_decision_is_shown_whole_and_judged_again_as_of_its_day(
    officer: httpx2.Client,
) -> None:
    for outcome in ("permitted", "refused", "incomplete"):
        lines = officer.get(f"/decisions?outcome={outcome}&limit=200").json()["items"]
        line = next(one for one in lines if one["facility"])
        shown = officer.get(f"/decisions/{line['id']}").json()
        assert shown["outcome"] == outcome
        assert shown["reasons"]
        replayed = officer.get(f"/decisions/{line['id']}/replay").json()
        assert replayed["is_equal"] is True, replayed
        assert replayed["again"] == replayed["recorded"]


@pytest.mark.usefixtures("day")
def test_a_party_sees_its_own_alone(served: Served, officer: httpx2.Client) -> None:
    lines = officer.get("/decisions?limit=200").json()["items"]
    shown = [officer.get(f"/decisions/{one['id']}").json() for one in lines[::8]]
    persons = {name for one in shown if one["facility"] for name in one["parties"].values()}
    found = {}
    for name in sorted(persons):
        client = program(served, Role.PARTY, party=name)
        own = client.get("/decisions?limit=200").json()["items"]
        if own:
            found[name] = {one["id"] for one in own}
        if len(found) == 2:
            break
    (first, mine), (_, others) = found.items()
    client = program(served, Role.PARTY, party=first)
    assert not mine & others
    assert client.get(f"/decisions/{min(mine)}").status_code == 200
    assert client.get(f"/decisions/{min(others)}").status_code == 404
    assert client.get(f"/parties/{first}/limits").status_code == 200
    assert client.get("/parties/qianhai_bay_bank/limits").status_code == 404
