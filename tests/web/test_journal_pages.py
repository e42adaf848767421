"""The journal is found, proven and read again; a person's facts only by who says what for."""

import re
import time

from qianhai import journal
from qianhai.identity import Role
from web.served import Served, post


def _numbers(booked: Served, *, is_personal: bool) -> list[str]:
    with booked.house.database.transaction() as conn:
        rows = conn.execute(
            "select id from instructions.instructions"
            " where ((parties::jsonb ->> 'subject') <> '') = %s and facility <> '' order by id",
            (is_personal,),
        ).fetchall()
    return [row[0] for row in rows]


def test_decisions_are_found_a_page_at_a_time(booked: Served) -> None:
    client = booked.signed_in(booked.person(Role.AUDITOR))
    with booked.house.database.transaction() as conn:
        row = conn.execute("select count(*) from instructions.decisions").fetchone()
    assert row
    seen: list[str] = []
    address = "/journal?lang=en"
    while address:
        text = client.get(address).text
        seen += re.findall(r'<th scope="row"><a href="/journal/decisions/([^"]+)"', text)
        found = re.search(r'rel="next" href="([^"]+)"', text)
        address = found[1].replace("&amp;", "&") if found else ""
    assert len(seen) == len(set(seen)) == row[0]
    refused = client.get("/journal?outcome=refused&format=csv").text
    assert refused.count(",refused,") == refused.count("\r\n") - 1
    assert "No decision fits" in client.get("/journal?party=nobody&lang=en").text
    assert client.get("/journal?after=nowhere").status_code == 404


def test_a_decision_is_judged_again_word_for_word(booked: Served) -> None:
    client = booked.signed_in(booked.person(Role.AUDITOR))
    for number in _numbers(booked, is_personal=False)[:5]:
        text = client.get(f"/journal/decisions/{number}?lang=en").text
        assert "Judged again: the same, word for word" in text
    assert client.get("/journal/decisions/none").status_code == 404


def test_a_persons_facts_are_masked_until_somebody_says_what_for(booked: Served) -> None:
    user = booked.user(Role.AUDITOR)
    client = booked.signed_in(user)
    number = _numbers(booked, is_personal=True)[0]
    address = f"/journal/decisions/{number}"
    masked = client.get(f"{address}?lang=en").text
    assert "Facts it saw" not in masked
    refused = post(client, address, {"purpose": " "}, at=address)
    assert refused.status_code == 422
    assert "W211" in refused.text
    with booked.house.database.transaction() as conn:
        before = conn.execute(
            "select count(*) from registers.accesses where read_by = %s", (user.name,)
        ).fetchone()
    assert before == (0,)
    shown = post(client, address, {"purpose": "a complaint"}, at=address).text
    assert "Facts it saw" in shown
    assert "word for word" in shown
    with booked.house.database.transaction() as conn:
        said = conn.execute(
            "select purpose from registers.accesses where read_by = %s", (user.name,)
        ).fetchall()
    assert said == [(f"decision {number}: a complaint",)]
    entries = client.get(f"/journal/entries?actor={user.name}&kind=registers.revealed").text
    assert entries.count("registers.revealed") >= 2


def test_an_entry_shows_what_it_seals(booked: Served) -> None:
    client = booked.signed_in(booked.person(Role.AUDITOR))
    with booked.house.database.transaction() as conn:
        row = conn.execute(
            "select seq, subject from journal.entries where kind in ('decision', 'decisions')"
        ).fetchone()
    assert row
    text = client.get(f"/journal/entries/{row[0]}?lang=en").text
    assert "instructions.decisions" in text
    assert "Its digest is what its content and its seals give" in text
    assert "/journal/decisions/" in text
    assert client.get("/journal/entries/999999999").status_code == 404
    assert client.get("/journal/entries/x").status_code == 404
    assert client.get("/journal/entries?since=2030-01-01&lang=en").text.count("No entry fits") == 1


def test_the_chain_is_verified_against_a_noted_head(booked: Served) -> None:
    client = booked.signed_in(booked.person(Role.AUDITOR))
    with booked.house.database.transaction() as conn:
        noted = journal.head(conn).text()
    wrong = post(client, "/journal/verify", {"journal": "7:no"}, at="/journal/verify")
    assert wrong.status_code == 422
    assert "J001" in wrong.text
    assert "No history" not in wrong.text
    for head, said in ((noted, "Whole: everything"), (noted[:-8] + "00000000", "J107")):
        begun = post(client, "/journal/verify", {"journal": head}, at="/journal/verify")
        address = begun.headers["location"]
        for _ in range(240):
            text = client.get(f"{address}?lang=en").text
            if "progress" not in text.partition("<main")[2]:
                break
            time.sleep(0.25)
        assert said in text
