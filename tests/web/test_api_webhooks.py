"""Programs are told: signed, at least once, later when they fail, and never inside our network."""

import base64
import csv
import hmac
import io
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

import httpx2
import psycopg
import pytest
from psycopg import sql

from qianhai import webhooks
from qianhai.db import Server, open_database
from qianhai.identity import Role
from qianhai.web import Settings
from qianhai.web.telling import Teller
from qianhai.webhooks import ATTEMPTS_MAX, Reach, Unreachable, signature
from web.api import a_loan, one_suffices, program, sample_day, sample_rows
from web.served import Clock, Served, open_house, serving


@dataclass
class Receiver:
    """A server of somebody else's that is told, and answers what a test wants."""

    address: str = ""
    status: int = 204
    told: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def events(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.told]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Told(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            found.told.append((headers, body))
            self.send_response(found.status)
            self.send_header("location", "http://127.0.0.1:9/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        do_POST = answer  # noqa: N815 - the name that http.server calls

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Told)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    found.address = f"http://127.0.0.1:{server.server_port}/hook"
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def alone(server: Server, server_dir: object) -> Iterator[Served]:
    """A server that may tell inside this machine, and tells when a test says so."""
    name = sql.Identifier("told")
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("create database {} template template_qianhai").format(name))
    clock = Clock()
    settings = Settings(is_webhook_private=True, webhook_seconds=3600)
    database = open_database(url=server.conninfo("told"), data_dir=server_dir)  # type: ignore[arg-type]
    house = open_house(database, clock, settings)
    with serving(house, clock) as found, one_suffices(house, lambda: clock.at):
        client = program(found, Role.BANK_OFFICER)
        assert sample_day(client)["state"] == "ended"
        yield found
        while found.clients:
            found.clients.pop().close()


@pytest.fixture
def officer(alone: Served) -> httpx2.Client:
    return program(alone, Role.BANK_OFFICER)


@pytest.fixture
def subscription(officer: httpx2.Client, receiver: Receiver) -> Iterator[dict[str, str]]:
    wanted = {"url": receiver.address, "events": ["decision.made", "work.ended"]}
    answer = officer.post("/webhooks", json=wanted)
    assert answer.status_code == 201, answer.text
    made: dict[str, str] = answer.json()
    yield made
    assert officer.delete(f"/webhooks/{made['id']}").status_code == 204


def submit(officer: httpx2.Client, number: str) -> None:
    answer = officer.post("/instructions", json={**a_loan(), "id": number})
    assert answer.status_code == 200, answer.text


def deliveries_of(officer: httpx2.Client, event: str, query: str = "") -> list[dict[str, Any]]:
    items = officer.get(f"/deliveries?{query}").json()["items"]
    return [one for one in items if one["event_id"] == event]


def test_a_decision_is_told_once_and_signed(
    alone: Served, officer: httpx2.Client, receiver: Receiver, subscription: dict[str, str]
) -> None:
    teller = Teller(alone.house)
    teller.tell()
    assert receiver.told == []  # what was before is not told
    submit(officer, "TOLD-1")
    assert teller.tell() == 1
    assert teller.tell() == 0
    ((headers, body),) = receiver.told
    event = json.loads(body)
    assert event["type"] == "decision.made"
    assert [one["id"] for one in event["data"]["decisions"]] == ["TOLD-1"]
    secret = base64.b64decode(subscription["secret"].removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mac = base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()
    assert headers["webhook-signature"] == f"v1,{mac}"
    assert int(headers["webhook-timestamp"]) == int(alone.clock.at.timestamp())
    listed = officer.get("/webhooks").json()["items"]
    assert "secret" not in listed[0]


def test_a_day_of_business_and_its_end_are_told(
    alone: Served, officer: httpx2.Client, receiver: Receiver, subscription: dict[str, str]
) -> None:
    assert subscription["id"]
    teller = Teller(alone.house)
    teller.tell()
    rows = [{**row, "id": f"MANY-{row['id']}"} for row in sample_rows() if not row.get("of")]
    lines = "\n".join(json.dumps(row) for row in rows).encode()
    kind = {"content-type": "application/x-ndjson"}
    work = officer.post("/batches", content=lines, headers=kind).json()
    while (ended := officer.get(f"/works/{work['id']}").json())["ended_at"] is None:
        pass
    outcomes = officer.get(ended["outcomes"][0].removeprefix("/api/v1")).text
    booked = [row["id"] for row in csv.DictReader(io.StringIO(outcomes))]
    assert len(rows) > len(booked) > 10  # what states no amount waits for a second person
    teller.tell()
    told = [json.loads(body) for _, body in receiver.told]
    ids = [
        one["id"]
        for event in told
        if event["type"] == "decision.made"
        for one in event["data"]["decisions"]
    ]
    assert sorted(ids) == sorted(booked)
    ends = [event["data"] for event in told if event["type"] == "work.ended"]
    assert [(one["work"], one["state"]) for one in ends] == [(work["id"], "ended")]


def test_a_receiver_that_fails_is_told_again_later_and_then_no_more(
    alone: Served, officer: httpx2.Client, receiver: Receiver, subscription: dict[str, str]
) -> None:
    assert subscription["id"]
    teller = Teller(alone.house)
    teller.tell()
    receiver.status = 500
    submit(officer, "LATER-1")
    assert teller.tell() == 1
    assert teller.tell() == 0  # not before its time
    waits = []
    for _ in range(ATTEMPTS_MAX - 1):
        (waiting,) = deliveries_of(officer, receiver.events[0])
        assert (waiting["state"], waiting["status"]) == ("waiting", 500)
        waits.append(waiting["next_at"])
        alone.clock.advance(timedelta(hours=13))
        assert teller.tell() == 1
    assert len(set(receiver.events)) == 1
    assert len(receiver.events) == ATTEMPTS_MAX
    (dead,) = deliveries_of(officer, receiver.events[0], "is_dead=true")
    assert (dead["state"], dead["attempts"]) == ("dead", ATTEMPTS_MAX)
    assert teller.tell() == 0
    receiver.status = 200
    assert officer.post(f"/deliveries/{dead['id']}/again").status_code == 202
    assert teller.tell() == 1
    assert deliveries_of(officer, receiver.events[0])[0]["state"] == "delivered"
    assert officer.post(f"/deliveries/{dead['id']}/again").status_code == 404


def test_a_sender_that_dies_gives_its_deliveries_back(
    alone: Served, officer: httpx2.Client, receiver: Receiver, subscription: dict[str, str]
) -> None:
    assert subscription["id"]
    house = alone.house
    teller = Teller(house)
    teller.tell()
    submit(officer, "DIED-1")
    teller._gather()
    with house.database.transaction() as conn:
        taken = webhooks.due(conn, house.vault, house.site.institution_id, alone.clock.at)
    assert len(taken) == 1  # and is never sent
    assert teller.tell() == 0
    alone.clock.advance(timedelta(minutes=3))
    assert teller.tell() == 1
    assert len(receiver.told) == 1


def test_nobody_is_led_elsewhere(
    alone: Served, officer: httpx2.Client, receiver: Receiver, subscription: dict[str, str]
) -> None:
    assert subscription["id"]
    teller = Teller(alone.house)
    teller.tell()
    receiver.status = 302
    submit(officer, "LED-1")
    teller.tell()
    (one,) = officer.get("/deliveries?limit=1").json()["items"]
    assert (one["state"], one["status"]) == ("waiting", 302)
    receiver.status = 204
    alone.clock.advance(timedelta(hours=1))
    teller.tell()


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://localhost/x",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::ffff:127.0.0.1]/",
        "https://2130706433/",
        "https://user:secret@93.184.216.34/",
        "https://93.184.216.34:22/",
        "ftp://93.184.216.34/",
        "https://",
        "https://no.such.host.invalid/",
        "//93.184.216.34/",
        "https://93.184.216.34/\n",
    ],
)
def test_an_address_inside_is_not_told(url: str) -> None:
    with pytest.raises(Unreachable) as refused:
        Reach().check(url)
    assert refused.value.zh
    assert refused.value.en


def test_a_name_that_changes_its_mind_is_held_to_what_was_judged() -> None:
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])
    reach = Reach(look_up=lambda _host, _port: next(answers))
    target = reach.check("https://hooks.example.com/x?y=1")
    assert (target.url, target.host) == ("https://93.184.216.34:443/x?y=1", "hooks.example.com")
    with pytest.raises(Unreachable):
        reach.check("https://hooks.example.com/x?y=1")
    both = Reach(look_up=lambda _host, _port: ["93.184.216.34", "10.1.1.1"])
    with pytest.raises(Unreachable):
        both.check("https://hooks.example.com/")


def test_the_server_refuses_an_address_inside(served: Served) -> None:
    client = program(served, Role.BANK_OFFICER)
    wanted = {"url": "https://127.0.0.1/x", "events": ["decision.made"]}
    answer = client.post("/webhooks", json=wanted)
    assert (answer.status_code, answer.json()["flaws"][0]["code"]) == (422, "H001")


def test_a_signature_is_of_the_body_and_its_time() -> None:
    one = signature(b"k" * 32, UUID(int=1), 1, b"{}")
    assert one != signature(b"k" * 32, UUID(int=1), 2, b"{}")
    assert one != signature(b"k" * 32, UUID(int=1), 1, b"[]")
