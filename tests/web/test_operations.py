"""What the house tells those who run it: health, figures, logs, traces; and how it ends."""

import asyncio
import io
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import httpx2
import psycopg
import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from psycopg import sql
from starlette.types import Message, Receive, Scope, Send

from qianhai.db import Database, Server, open_database
from qianhai.identity import Role
from qianhai.kernel import reach
from qianhai.main import now, read_key, settings
from qianhai.web import House, Settings, traced_by
from qianhai.web.business import load_day
from qianhai.web.logs import log_to
from qianhai.web.observed import Observed
from web.served import Clock, Served, open_house, serving, site

WATCHER = "watcher" + "-shown"
NUMBERS = ["11010519491231002X", "A123456(3)", "H12345678"]


@pytest.fixture
def own(database: Database) -> Iterator[Served]:
    """A server of this test alone."""
    clock = Clock()
    with serving(open_house(database, clock, Settings(metrics_token=WATCHER)), clock) as it:
        yield it
        close_clients(it)


def close_clients(served: Served) -> None:
    """Close the browsers of a server that is no fixture of all tests."""
    while served.clients:
        served.clients.pop().close()


def figures(text: str) -> dict[str, float]:
    """Read figures as Prometheus writes them."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def scrape(served: Served, token: str = WATCHER) -> httpx2.Response:
    return served.client(authorization=f"Bearer {token}").get("/metrics")


def test_figures_tell_requests_decisions_commits_and_works(own: Served) -> None:
    client = own.client()
    assert client.get("/healthz").status_code == 200
    assert client.get("/no/such/page").status_code == 404
    work = own.house.works.start("Sample day", "admin", lambda work: load_day(own.house, work))
    while work.is_running:
        time.sleep(0.1)
    assert not work.fault, work.fault
    assert not work.flaws
    found = figures(scrape(own).text)
    assert found['qianhai_http_requests_total{method="GET",route="/healthz",status="200"}'] == 1
    assert found['qianhai_http_requests_total{method="GET",route="none",status="404"}'] == 1
    assert found['qianhai_http_request_seconds_count{method="GET",route="/healthz"}'] == 1
    booked = {n: v for n, v in found.items() if n.startswith("qianhai_decisions_total")}
    with own.house.database.transaction() as conn:
        rows = conn.execute(
            "select outcome, count(*) from instructions.decisions group by 1"
        ).fetchall()
    expected = {
        f'qianhai_decisions_total{{is_booked="true",outcome="{outcome}"}}': count
        for outcome, count in rows
    }
    assert booked == expected
    assert expected
    assert found["qianhai_ledger_commits_total"] >= 1
    assert found["qianhai_ledger_queue"] == 0
    assert found['qianhai_works{state="running"}'] == 0
    assert 'qianhai_database_connections{state="lent"}' in found


def test_figures_are_for_the_watcher_alone(own: Served, served: Served) -> None:
    assert own.client().get("/metrics").status_code == 404
    assert scrape(own, "another").status_code == 404
    assert scrape(own).status_code == 200
    # Without a token this machine may look, unless everybody comes from it through a proxy.
    assert served.client().get("/metrics").status_code == 200
    house = served.house
    before = house.settings
    try:
        house.settings = replace(before, public_url="https://bank.example")
        assert served.client().get("/metrics").status_code == 404
    finally:
        house.settings = before


def test_the_watchers_token_comes_from_a_file_only_we_may_read(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(f"{WATCHER}\n")
    path.chmod(0o600)
    assert settings({"QIANHAI_METRICS_TOKEN_FILE": str(path)}).metrics_token == WATCHER
    assert settings({}).metrics_token is None


def test_a_server_is_not_ready_while_the_database_is_changed_or_gone(
    server: Server, server_dir: Path
) -> None:
    name = sql.Identifier("fading")
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("create database {} template template_qianhai").format(name))
        url = server.conninfo("fading")
        clock = Clock()
        house = open_house(open_database(url=url, data_dir=server_dir), clock)
        with serving(house, clock) as served:
            client = served.client()
            assert client.get("/readyz").text.startswith("ready ")
            with psycopg.connect(url) as migrating:
                migrating.execute("select pg_advisory_xact_lock(7115264001)")
                assert client.get("/readyz").status_code == 503
            with psycopg.connect(url) as newer:
                newer.execute("insert into schema_migrations values (9999, 'later', 'x')")
                newer.commit()
                assert client.get("/readyz").status_code == 503
                newer.execute("delete from schema_migrations where number = 9999")
            assert client.get("/readyz").status_code == 200
            admin.execute(sql.SQL("drop database {} with (force)").format(name))
            began = time.monotonic()
            assert client.get("/readyz").status_code == 503
            assert time.monotonic() - began < 10
            assert client.get("/healthz").status_code == 200
            served.house.is_ending = True
            assert client.get("/readyz").status_code == 503
            close_clients(served)


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is logged while a test runs."""
    root = logging.getLogger()
    before, level = root.handlers, root.level
    stream = io.StringIO()
    log_to(stream, Clock().now)
    yield stream
    root.handlers, root.level = before, level


def logged(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_request_is_logged_under_its_number_and_without_its_address(
    served: Served, lines: io.StringIO
) -> None:
    client = served.signed_in(served.person(Role.AUDITOR))
    answer = client.get(f"/no-such/{NUMBERS[0]}?q={NUMBERS[1]}")
    assert answer.status_code == 404
    client.get(f"/invitation/{NUMBERS[2]}-secret")
    found = [line for line in logged(lines) if line["logger"] == "qianhai.web.requests"]
    last = next(line for line in found if line["status"] == 404)
    assert str(last["request_id"]) in answer.text
    assert (last["method"], last["route"]) == ("GET", "none")
    assert any(line["route"] == "/invitation/{secret}" for line in found)
    assert all(number not in lines.getvalue() for number in [*NUMBERS, "-secret"])


def test_no_number_of_a_person_is_ever_in_a_log(database: Database, lines: io.StringIO) -> None:
    log = logging.getLogger("anywhere")
    log.warning("seen %s and %s", *NUMBERS[:2])
    with database.transaction(rollback=True) as conn:
        conn.execute("create table kept (number text unique)")
        conn.execute("insert into kept values (%s)", [NUMBERS[0]])
        with pytest.raises(psycopg.Error) as caught, conn.transaction():
            conn.execute("insert into kept values (%s)", [NUMBERS[0]])
        assert NUMBERS[0] in str(caught.value)
        log.error("a fault", exc_info=caught.value)
    assert all(number not in lines.getvalue() for number in NUMBERS)
    first, second = logged(lines)
    assert first["message"] == "seen ···· and ····"
    assert second["fault"] == "psycopg.errors.UniqueViolation"
    assert any("test_operations.py" in str(place) for place in [second["where"]])


def test_a_trace_has_the_request_and_each_stage_of_the_road(database: Database) -> None:
    clock, kept = Clock(), InMemorySpanExporter()
    tracing = traced_by(SimpleSpanProcessor(kept))
    house = House(replace(site(clock), tracing=lambda: tracing), database)
    scope = {"type": "http", "method": "GET", "path": "/road/a-secret", "headers": []}

    async def road(scope: Scope, _receive: Receive, send: Send) -> None:
        scope["route"] = SimpleNamespace(path_format="/road/{secret}")
        for point in ("road.gathered", "road.decided", "writer.committed"):
            reach(point)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(_message: Message) -> None:
        return

    with ThreadPoolExecutor(1) as apart:  # the browser's own loop may be running in this thread
        apart.submit(lambda: asyncio.run(Observed(road, house)(scope, receive, send))).result()
    reach("road.gathered")  # outside a request: in no trace
    house.metrics.close()
    spans = {span.name: span for span in kept.get_finished_spans()}
    request = spans["GET /road/{secret}"]
    stages = [spans[name] for name in ("road.gathered", "road.decided", "writer.committed")]
    assert request.context
    for span in stages:
        assert span.parent
        assert span.parent.span_id == request.context.span_id
    assert all(one.end_time == after.start_time for one, after in pairwise(stages))
    assert request.attributes
    assert request.attributes["http.route"] == "/road/{secret}"
    assert not any("a-secret" in str(value) for value in request.attributes.values())
    assert len(kept.get_finished_spans()) == 4


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.mark.slow
def test_a_server_told_to_end_under_load_answers_what_it_took(
    database_url: str, tmp_path: Path
) -> None:
    port = free_port()
    environ = {
        **os.environ,
        "QIANHAI_DATABASE_URL": database_url,
        "QIANHAI_DATA_DIR": str(tmp_path),
    }
    command = [sys.executable, "-m", "qianhai.main", "serve", "--port", str(port), "--sample"]
    address = f"http://127.0.0.1:{port}"
    running = started(command, environ, tmp_path / "log", address)
    cut, answered = [], []

    def knock() -> None:
        """Open a connection a time: what was accepted must be answered, later none is taken."""
        while True:
            try:
                answer = httpx2.get(f"{address}/sign-in", timeout=60)
            except httpx2.ConnectError:
                return
            except httpx2.TransportError as fault:
                cut.append(fault)
                return
            answered.append(answer.status_code)

    callers = [threading.Thread(target=knock) for _ in range(8)]
    for caller in callers:
        caller.start()
    while len(answered) < 20:
        time.sleep(0.05)
    running.send_signal(signal.SIGTERM)
    assert running.wait(timeout=90) in {0, -signal.SIGTERM}
    for caller in callers:
        caller.join(timeout=60)
    assert set(answered) == {200}
    assert not cut, cut
    book_the_rest(database_url, tmp_path)
    text = (tmp_path / "log").read_text()
    assert "Traceback" not in text, text
    assert all(json.loads(line) for line in text.splitlines())


def counts(database: Database) -> tuple[int, int]:
    """Count instructions and decisions: each has one, whenever one looks."""
    with database.transaction() as conn:
        found = conn.execute(
            "select (select count(*) from instructions.instructions),"
            " (select count(*) from instructions.decisions)"
        ).fetchone()
        assert found
        return found[0], found[1]


def started(
    command: list[str], environ: dict[str, str], log: Path, address: str
) -> subprocess.Popen[bytes]:
    """Start a server and wait until it is ready."""
    with log.open("w") as file:
        running = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=file)
    deadline = time.monotonic() + 120
    while True:
        try:
            if httpx2.get(f"{address}/readyz", timeout=30).status_code == 200:
                return running
        except httpx2.TransportError:
            assert time.monotonic() < deadline
            assert running.poll() is None, log.read_text()
        time.sleep(0.2)


def book_the_rest(url: str, folder: Path) -> None:
    """A work that was ended has booked whole instructions; the same day again books the rest."""
    key = folder / "keys" / "master.key"
    own = replace(site(Clock()), institution_id="local", master_key=lambda: read_key(key), now=now)
    with open_database(url=url, data_dir=folder) as database:
        house = House(own, database)
        before = counts(database)
        assert before[0] == before[1]
        again = house.works.start("Sample day", "admin", lambda work: load_day(house, work))
        while again.is_running:
            time.sleep(0.1)
        assert not again.fault, again.fault
        assert not again.flaws, again.flaws
        after = counts(database)
        assert after[0] == after[1] >= before[0]
        house.works.close()
        house.metrics.close()
