"""A real server on a real database for the tests of the web, with a clock they turn themselves."""

import itertools
import secrets
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final

import httpx2
import uvicorn

from qianhai.db import Database
from qianhai.identity import Role, User, accounts, tokens
from qianhai.main import read_files
from qianhai.policy import Policy, open_policy
from qianhai.web import House, Settings, Site, create_app

ROOT: Final = Path(__file__).parents[2]
PASSWORD: Final = "seven boats on the bay"  # noqa: S105 - of invented people
INSTITUTION: Final = "bank-a"
START: Final = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
_numbers = itertools.count(1)


@dataclass
class Clock:
    """Instants that pass when a test says so; ticks stand still, so that no rate is ever met."""

    at: datetime = START

    def now(self) -> datetime:
        return self.at

    def advance(self, span: timedelta) -> None:
        self.at += span


@dataclass
class Served:
    """A house that answers at an address."""

    house: House
    address: str
    clock: Clock
    people: dict[frozenset[Role], User] = field(default_factory=dict)
    clients: list[httpx2.Client] = field(default_factory=list)

    def user(self, *roles: Role, party: str | None = None, name: str = "") -> User:
        """Make a user of these roles with the password of all test users."""
        owner = party or ("p-1" if Role.PARTY in roles else None)
        name = name or f"user{next(_numbers)}"
        house, at = self.house, self.clock.at
        with house.database.transaction() as conn:
            made = accounts.create(
                conn,
                house.gate,
                name=name,
                title=name.title(),
                roles=roles,
                party=owner,
                by="test",
                at=at,
            )
            accounts.set_password(conn, house.gate, made, PASSWORD, PASSWORD, at)
            return accounts.user(conn, house.gate, made.id)

    def person(self, *roles: Role) -> User:
        """Return the one user of exactly these roles that tests share."""
        key = frozenset(roles)
        if key not in self.people:
            self.people[key] = self.user(*roles)
        return self.people[key]

    def client(self, **headers: str) -> httpx2.Client:
        """Return a browser without scripts, that nobody signed in."""
        client = httpx2.Client(base_url=self.address, headers=headers, timeout=300)
        self.clients.append(client)
        return client

    def signed_in(self, user: User, password: str = PASSWORD) -> httpx2.Client:
        """Return a browser in which a user has signed in."""
        client = self.client()
        answer = post(client, "/sign-in", {"name": user.name, "password": password}, at="/sign-in")
        assert answer.status_code == 303, answer.text
        return client

    def token(self, user: User, days: int = 30) -> str:
        """Return an API token of all the roles of a user."""
        house = self.house
        with house.database.transaction() as conn:
            return tokens.issue(
                conn,
                house.gate,
                user,
                label="test",
                roles=user.roles,
                days=days,
                at=self.clock.at,
            )


def form_token(client: httpx2.Client, at: str = "/") -> str:
    """Return the token that the forms of a page carry."""
    text = client.get(at, follow_redirects=True).text
    return text.partition('name="form_token" value="')[2].partition('"')[0]


def post(
    client: httpx2.Client, address: str, form: Mapping[str, str | list[str]], at: str = "/"
) -> httpx2.Response:
    """Send a form as the page `at` would."""
    return client.post(address, data={"form_token": form_token(client, at), **form})


def site(clock: Clock, settings: Settings | None = None) -> Site:
    """Return the site of a test; its master key is the same for all."""
    return Site(
        data_dir=Path("/nonexistent"),
        database_url=None,
        institution_id=INSTITUTION,
        plan_files=lambda: read_files(ROOT / "plan"),
        master_key=lambda: bytes(range(32)),
        now=clock.now,
        salts=secrets.token_bytes,
        ticks=iter(itertools.count(0, 1000)).__next__,
        sample=ROOT / "examples" / "day",
        settings=settings or Settings(),
    )


@contextmanager
def serving(house: House, clock: Clock) -> Iterator[Served]:
    """Answer at a free port of this machine until the test ends."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(64)
        config = uvicorn.Config(
            create_app(house), log_level="error", server_header=False, access_log=False
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [taken]}, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        try:
            yield Served(house, f"http://127.0.0.1:{taken.getsockname()[1]}", clock)
        finally:
            server.should_exit = True
            thread.join(timeout=30)


def open_house(database: Database, clock: Clock, settings: Settings | None = None) -> House:
    """Return an open house on a database; the pack is read once for all of a worker."""
    house = House(site(clock, settings), database)
    vars(house).update(files=_pack()[0], policy=_pack()[1])
    return house


@cache
def _pack() -> tuple[dict[str, bytes], Policy]:
    files = read_files(ROOT / "plan")
    return files, open_policy(files, is_brief=True)
