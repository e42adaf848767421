"""The web's speed: pages in a browser's order of magnitude, and dry decisions beside nothing.

    python benchmarks/web.py [--quick]

One server process on an embedded database with the sample day; 32 connections ask it. The limit a
decision is held against is the same server's empty endpoint (`/api/v1/ping`), asked with the same
token in the same run, turn about. Prints ratios; a ratio below its target ends with exit code 1.
"""

import argparse
import asyncio
import json
import multiprocessing
import secrets
import socket
import statistics
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final
from uuid import UUID

import httpx2
import uvicorn

from qianhai.db import open_database, stop_server
from qianhai.identity import Role, accounts, tokens
from qianhai.main import web_site
from qianhai.web import House, create_app
from qianhai.web.business import load_day
from qianhai.web.works import Work

CONNECTIONS: Final = 32
RATIO_MIN: Final = 0.35
PAGE_P95_MAX: Final = 0.100
#: The console's pages, the sample day on its books.
PAGES: Final = (
    "/", "/plan", "/plan/67", "/navigator", "/navigator?q=lend+overseas",
    "/navigator/business/overseas_lending", "/desk", "/desk/runs", "/desk/new",
    "/desk/new/overseas_lending/lend", "/desk/answers?id=M67-001", "/approvals",
    "/administration/thresholds", "/limits", "/limits/parties/yantian_logistics",
    "/limits/parties/yantian_logistics/accounts", "/limits/pools", "/limits/over-cap",
    "/limits/flows", "/policy", "/policy/shadow", "/journal", "/journal/decisions/M67-001",
    "/journal/entries", "/administration/users", "/account", "/sign-in",
)  # fmt: skip


def serve(folder: str, port: int, password: str, ready: Connection) -> None:
    """Serve one house, the sample day on its books, until the process is ended."""
    site = web_site({"QIANHAI_DATA_DIR": folder})
    house = House(site, open_database(url=None, data_dir=site.data_dir))
    at = site.now()
    house.open()
    load_day(house, Work(UUID(int=1), "Sample day", "bench", at))
    roles = tuple(role for role in Role if role is not Role.PARTY)
    with house.database.transaction() as conn:
        user = accounts.create(
            conn, house.gate, name="bench", title="Bench", roles=roles, party=None, by="x", at=at
        )
        accounts.set_password(conn, house.gate, user, password, password, at)
        token = tokens.issue(conn, house.gate, user, label="x", roles=roles, days=1, at=at)
    app = create_app(house)
    object.__setattr__(house.settings, "api_burst", 1_000_000)
    ready.send(token)
    uvicorn.run(app, port=port, log_level="error", access_log=False, server_header=False)


async def load(address: str, request: bytes, seconds: float) -> list[float]:
    """Send the same request over 32 connections for so long; return what each answer took.

    Bytes on streams: a client library would take more of the machine than the server it asks.
    """
    took: list[float] = []
    host, port = address.removeprefix("http://").split(":")

    async def ask() -> None:
        reader, writer = await asyncio.open_connection(host, int(port))
        while time.monotonic() < end:
            begun = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length))
            took.append(time.perf_counter() - begun)
            assert head.startswith(b"HTTP/1.1 200"), head
        writer.close()

    end = time.monotonic() + seconds
    await asyncio.gather(*(ask() for _ in range(CONNECTIONS)))
    return took


def request_of(path: str, token: str, body: object | None) -> bytes:
    """Return a request as it goes over the wire."""
    content = b"" if body is None else json.dumps(body).encode()
    kind = "GET" if body is None else "POST"
    head = (
        f"{kind} /api/v1{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def pages(address: str, password: str, rounds: int) -> dict[str, float]:
    """Return the 95th percentile of each page, for somebody signed in."""
    found = {}
    with httpx2.Client(base_url=address, timeout=30) as client:
        form = client.get("/sign-in").text.partition('name="form_token" value="')[2]
        given = {"form_token": form.partition('"')[0], "name": "bench", "password": password}
        assert client.post("/sign-in", data=given).status_code == 303  # noqa: PLR2004
        for path in PAGES:
            took = []
            for _ in range(rounds):
                begun = time.perf_counter()
                answer = client.get(path)
                took.append(time.perf_counter() - begun)
                assert answer.status_code in {200, 303}, f"{path}: {answer.status_code}"
            found[path] = percentile(took, 95)
    return found


def percentile(took: list[float], share: int) -> float:
    """Return the time under which so many of a hundred stay."""
    return statistics.quantiles(took, n=100)[share - 1]


def measure(address: str, token: str, seconds: float, turns: int) -> float:
    """Ask both endpoints turn about, print both, and return the ratio."""
    document = httpx2.get(f"{address}/api/v1/openapi.json", timeout=120).json()
    operation = document["paths"]["/api/v1/decide"]["post"]
    asked = operation["requestBody"]["content"]["application/json"]["example"]
    ping, decide = request_of("/ping", token, None), request_of("/decide", token, asked)
    empty: list[float] = []
    decided: list[float] = []
    ratios = []
    asyncio.run(load(address, decide, 0.5))
    for _ in range(turns):
        nothing = asyncio.run(load(address, ping, seconds))
        some = asyncio.run(load(address, decide, seconds))
        empty += nothing
        decided += some
        ratios.append(len(some) / len(nothing))
    for name, took in (("empty endpoint", empty), ("dry decision", decided)):
        rate = len(took) / (seconds * turns)
        half, last = (1000 * percentile(took, share) for share in (50, 99))
        print(f"{name:15} {rate:8.0f}/s   p50 {half:6.1f} ms   p99 {last:6.1f} ms")
    return statistics.median(ratios)


def main() -> int:
    """Run it all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    is_quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory(prefix="qianhai-") as folder:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
        here, there = multiprocessing.Pipe()
        password = secrets.token_urlsafe(24)
        server = multiprocessing.get_context("spawn").Process(
            target=serve, args=(folder, port, password, there)
        )
        server.start()
        try:
            token = here.recv()
            address = f"http://127.0.0.1:{port}"
            wait_for(address)
            worst = pages(address, password, 40 if is_quick else 200)
            for path, took in worst.items():
                print(f"page {path:44} p95 {1000 * took:6.1f} ms (at most 100)")
            ratio = measure(address, token, 1.0 if is_quick else 5.0, 3)
        finally:
            server.terminate()
            server.join()
            stop_server(Path(folder))
    print(f"dry decision / empty endpoint: {ratio:.2f} (at least {RATIO_MIN})")
    return int(ratio < RATIO_MIN or max(worst.values()) > PAGE_P95_MAX)


def wait_for(address: str) -> None:
    """Wait until the server answers."""
    for _ in range(600):
        try:
            if httpx2.get(f"{address}/readyz").status_code == 200:  # noqa: PLR2004
                return
        except httpx2.TransportError:
            time.sleep(0.05)
    raise SystemExit("the server does not start")


if __name__ == "__main__":
    sys.exit(main())
