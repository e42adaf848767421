"""Fixtures of the web's tests: one server a worker, browsers with and without scripts."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import httpx2
import psycopg
import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from psycopg import sql

from qianhai.db import Server, open_database
from qianhai.web.business import load_day
from qianhai.web.works import Work
from web.api import one_suffices
from web.served import Clock, Served, open_house, serving

#: The instant after the sample day was booked.
BOOKED_AT: Final = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
#: As root and on a closed network, Chromium needs telling; see docs/web.md.
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def served(server: Server, server_dir: Path, request: pytest.FixtureRequest) -> Iterator[Served]:
    """A server that the tests of a file share; each makes the users it needs."""
    name = f"served_{request.module.__name__}".replace(".", "_")
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as admin:
        made = sql.SQL("create database {} template template_qianhai")
        admin.execute(made.format(sql.Identifier(name)))
    clock = Clock()
    database = open_database(url=server.conninfo(name), data_dir=server_dir)
    with serving(open_house(database, clock), clock) as found:
        yield found


@pytest.fixture(scope="session")
def booked(server: Server, server_dir: Path) -> Iterator[Served]:
    """A server of its own on whose books the sample day is."""
    name = sql.Identifier("booked")
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("create database {} template template_qianhai").format(name))
    clock = Clock(BOOKED_AT)
    database = open_database(url=server.conninfo("booked"), data_dir=server_dir)
    house = open_house(database, clock)
    load_day(house, Work(UUID(int=1), "Sample day", "test", clock.at))
    with serving(house, clock) as found:
        yield found


@pytest.fixture(autouse=True)
def _closed(request: pytest.FixtureRequest) -> Iterator[None]:
    """Close the browsers a test opened."""
    yield
    for name in {"served", "provided", "booked"} & set(request.fixturenames):
        served: Served = request.getfixturevalue(name)
        while served.clients:
            served.clients.pop().close()


@pytest.fixture(scope="module")
def _one_suffices(served: Served) -> Iterator[None]:
    """One person books alone whatever states an amount, for the tests of a file."""
    with one_suffices(served.house, lambda: served.clock.at):
        yield


@pytest.fixture
def client(served: Served) -> httpx2.Client:
    """A browser without scripts, that nobody signed in."""
    return served.client()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no chromium on this machine; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    """A tab of a browser that nobody signed in, in English."""
    context = browser.new_context(base_url=served.address, locale="en-GB")
    yield context.new_page()
    context.close()
