"""Four eyes: what is above a threshold waits for another person, and is booked once."""

from datetime import timedelta

import httpx2
import psycopg
import pytest

from qianhai import journal
from qianhai.identity import Role
from qianhai.instructions import answers_of
from web.business import english, later, lines, run_of, send
from web.served import INSTITUTION, Served, form_token, post

APPROVE, REJECT, WITHDRAW = "/approvals/approve", "/approvals/reject", "/approvals/withdraw"


@pytest.fixture
def officer(served: Served) -> httpx2.Client:
    client = english(served, served.person(Role.BANK_OFFICER))
    later(served)
    send(client, parties=True)
    later(served)
    return client


@pytest.fixture
def approver(served: Served) -> httpx2.Client:
    return english(served, served.person(Role.APPROVER))


def _waits(client: httpx2.Client, text: str) -> None:
    run = client.get(run_of(send(client, text))).text
    assert "waits" in run, run


def _seen(client: httpx2.Client, number: str) -> str:
    text = client.get(f"/approvals/of?id={number}").text
    return text.partition('name="seen" value="')[2].partition('"')[0]


def _decide(client: httpx2.Client, address: str, **form: str) -> httpx2.Response:
    return post(client, address, form, at="/account")


def _booked(served: Served, number: str) -> bool:
    house = served.house
    with house.database.transaction() as conn:
        recorder = house.roads.home.recorder
        found, _ = answers_of(conn, recorder, house.policy, INSTITUTION, [number])
    return number in found


def _transfers(served: Served) -> int:
    with served.house.database.transaction() as conn:
        row = conn.execute("select count(*) from ledger.transfers").fetchone()
    assert row is not None
    return int(row[0])


def test_without_a_threshold_everything_waits_and_is_booked_once(
    served: Served, officer: httpx2.Client, approver: httpx2.Client
) -> None:
    number = "M67-001-a"
    _waits(officer, lines("M67-001", suffix="-a"))
    assert not _booked(served, number)
    shown = approver.get(f"/approvals/of?id={number}").text
    assert "Permitted" in shown
    assert "No threshold for CNY is on record" in shown
    assert "Legs it would post" in shown
    assert "96,000,000.00" in shown
    before = _transfers(served)
    form = {"id": number, "seen": _seen(approver, number)}
    later(served)
    assert _decide(approver, APPROVE, **form).status_code == 303
    assert _booked(served, number)
    after = _transfers(served)
    assert after > before
    assert _decide(approver, APPROVE, **form).status_code == 303
    assert _transfers(served) == after
    with served.house.database.transaction() as conn:
        kinds = [
            row[0]
            for row in conn.execute(
                "select kind from journal.entries where subject = %s order by seq", (number,)
            )
        ]
        assert kinds == ["approval.submitted", "approval.approved", "decision"]
        assert list(journal.verify(conn)) == []


def test_nobody_decides_on_what_they_sent_whatever_their_roles(served: Served) -> None:
    both = served.user(Role.BANK_OFFICER, Role.APPROVER)
    client = english(served, both)
    send(client, parties=True)
    later(served)
    number = "M67-003-b"
    _waits(client, lines("M67-003", suffix="-b"))
    shown = client.get(f"/approvals/of?id={number}").text
    assert "another person decides" in shown
    assert 'name="seen"' not in shown
    other = english(served, served.person(Role.APPROVER))
    answer = _decide(client, APPROVE, id=number, seen=_seen(other, number))
    assert answer.status_code == 422
    assert "I042" in answer.text
    assert not _booked(served, number)
    answer = _decide(client, REJECT, id=number, why="no")
    assert "I042" in answer.text
    with (
        pytest.raises(psycopg.errors.CheckViolation),
        served.house.database.transaction() as conn,
    ):
        conn.execute(
            "insert into instructions.approvals select institution_id, instruction_id, 2,"
            " 'approved', at, upper(actor), facility, subject, content_hash, '', '', '', '', '',"
            " salt"
            " from instructions.approvals where instruction_id = %s",
            (number,),
        )
    assert _decide(client, WITHDRAW, id=number).status_code == 303
    assert "I043" in _decide(other, APPROVE, id=number, seen="x").text


def test_a_rejection_says_why_and_ends_it(
    served: Served, officer: httpx2.Client, approver: httpx2.Client
) -> None:
    number = "M67-006-c"
    text = lines("M67-006", suffix="-c")
    _waits(officer, text)
    assert "I044" in _decide(approver, REJECT, id=number, why=" ").text
    assert _decide(approver, REJECT, id=number, why="wrong borrower").status_code == 303
    assert "wrong borrower" in officer.get(f"/approvals/of?id={number}").text
    assert number in officer.get("/approvals/ended").text
    assert number not in officer.get("/approvals").text
    answer = _decide(approver, APPROVE, id=number, seen="x")
    assert answer.status_code == 422
    assert "I043" in answer.text
    send(officer, text)
    assert not _booked(served, number)


def test_an_answer_that_changed_is_told_before_anything_is_booked(
    served: Served, officer: httpx2.Client, approver: httpx2.Client
) -> None:
    # 46 million is all that is left of the limit; two such loans wait, and one takes it all.
    _waits(officer, lines("M67-015", suffix="-d"))
    _waits(officer, lines("M67-015", suffix="-e"))
    first, second = ("M67-015-d", "M67-015-e")
    marks = {number: _seen(approver, number) for number in (first, second)}
    later(served)
    assert _decide(approver, APPROVE, id=first, seen=marks[first]).status_code == 303
    later(served)
    answer = _decide(approver, APPROVE, id=second, seen=marks[second])
    assert answer.status_code == 409
    assert "The answer has changed" in answer.text
    assert not _booked(served, second)
    later(served)
    again = answer.text.partition('name="seen" value="')[2].partition('"')[0]
    assert _decide(approver, APPROVE, id=second, seen=again).status_code == 303
    shown = officer.get(f"/desk/answers?id={second}").text
    assert "AM14" in shown


def test_a_threshold_lets_one_person_book_what_is_below_it_from_its_day_on(
    served: Served, officer: httpx2.Client
) -> None:
    admin = english(served, served.person(Role.ADMINISTRATOR))
    address = "/administration/thresholds"
    today = served.clock.at.date()
    form = {"currency": "CNY", "amount": "450000.00", "first_day": today.isoformat()}
    wrong = form | {"first_day": (today - timedelta(days=1)).isoformat()}
    assert "I048" in post(admin, address, wrong, at=address).text
    assert "I047" in post(admin, address, form | {"amount": "1.001"}, at=address).text
    assert "W062" in post(admin, address, form | {"amount": "lots"}, at=address).text
    assert post(officer, address, form, at="/desk").status_code == 403
    assert post(admin, address, form, at=address).status_code == 303
    later(served)
    run = officer.get(run_of(send(officer, lines("M67-020", "M67-018", suffix="-f")))).text
    assert _booked(served, "M67-020-f")
    assert not _booked(served, "M67-018-f")
    assert "waits for a second person" in run
    shown = officer.get("/approvals/of?id=M67-018-f").text
    assert "CNY 10,000,000.00 is above the CNY 450,000.00" in shown
    off = form | {"amount": ""}
    assert post(admin, address, off, at=address).status_code == 303
    later(served)
    _waits(officer, lines("M67-030", suffix="-g"))
    assert not _booked(served, "M67-030-g")


def test_a_stranger_to_the_form_approves_nothing(approver: httpx2.Client) -> None:
    assert approver.post(APPROVE, data={"id": "x", "seen": "y"}).status_code == 403
    token = form_token(approver, "/account")
    assert approver.post(APPROVE, data={"form_token": token, "id": "x"}).status_code == 404
