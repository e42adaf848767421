"""Signing in by a real OpenID Connect provider, and everything an answer of it can lack."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import psycopg
import pytest

from qianhai.db import Server, open_database
from qianhai.identity import Role, accounts
from qianhai.main import now
from qianhai.web import Provider
from web.served import ROOT, Clock, Served, open_house, serving

SCRIPT = Path(__file__).parent / "provider" / "server.mjs"
PEOPLE = {
    "1001": {"name": "Chan Siu Ming", "preferred_username": "chan", "roles": ["desk", "audit"]},
    "1002": {"name": "Nobody Here", "preferred_username": "nobody", "roles": ["canteen"]},
    "1003": {"name": "Lee", "preferred_username": "李", "roles": "client", "party": "p-9"},
    "1004": {"name": "Another Chan", "preferred_username": "Chan", "roles": ["audit"]},
}
ROLES = {"desk": Role.BANK_OFFICER, "audit": Role.AUDITOR, "client": Role.PARTY}


@pytest.fixture(scope="module")
def provided(server: Server, server_dir: Path) -> Iterator[Served]:
    """A server whose people come by a provider that runs beside it, on the machine's own time."""
    node = shutil.which("node")
    if node is None or not (ROOT / "node_modules" / "oidc-provider").exists():
        pytest.skip("no provider on this machine; make assets brings it")
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as admin:
        admin.execute("create database provided template template_qianhai")
    database = open_database(url=server.conninfo("provided"), data_dir=server_dir)
    house = open_house(database, Clock(now()))
    with serving(house, Clock(now())) as found:
        back = f"{found.address}/sign-in/provider/return"
        running = subprocess.Popen(
            [node, str(SCRIPT), back, json.dumps(PEOPLE)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
        )
        assert running.stdout is not None
        issuer = running.stdout.readline().strip()
        found.house.name_provider(
            Provider(issuer, "qianhai", "a secret of the tests", "Harbour ID", roles=ROLES)
        )
        try:
            yield found
        finally:
            running.kill()
            running.wait()
            running.stdout.close()


def _come(served: Served, person: str, there: str = "/account") -> httpx2.Response:
    """Go to the provider as somebody and come back; return where that ends."""
    client = served.client(**{"X-Person": person})
    client.get("/sign-in")
    return client.get(f"/sign-in/provider?next={there}", follow_redirects=True)


def test_the_provider_lets_somebody_in_with_its_roles(provided: Served) -> None:
    assert "Harbour ID" in provided.client().get("/sign-in?lang=en").text
    answer = _come(provided, "1001")
    assert answer.url.path == "/account", answer.text
    assert "Chan Siu Ming" in answer.text
    with provided.house.database.transaction() as conn:
        found = {one.name: one for one in accounts.users(conn, provided.house.gate)}
    assert found["chan"].roles == {Role.BANK_OFFICER, Role.AUDITOR}
    assert not found["chan"].has_password


def test_a_name_that_is_taken_or_has_another_form_gets_a_mark(provided: Served) -> None:
    _come(provided, "1001")
    assert _come(provided, "1004").status_code == 200
    assert _come(provided, "1003").status_code == 200
    with provided.house.database.transaction() as conn:
        names = {one.name for one in accounts.users(conn, provided.house.gate)}
    assert sum(name.startswith("chan-") for name in names) == 1
    assert sum(name.startswith("user-") for name in names) == 1


def test_a_party_comes_with_its_party_alone(provided: Served) -> None:
    _come(provided, "1003")
    with provided.house.database.transaction() as conn:
        parties = {one.party for one in accounts.users(conn, provided.house.gate)}
    assert "p-9" in parties


def test_roles_are_what_the_provider_says_now(provided: Served) -> None:
    _come(provided, "1001")
    narrow = replace(provided.house.connect.provider, roles={"audit": Role.AUDITOR})  # type: ignore[union-attr]
    provided.house.name_provider(narrow)
    try:
        _come(provided, "1001")
    finally:
        provided.house.name_provider(replace(narrow, roles=ROLES))
    with provided.house.database.transaction() as conn:
        roles = {one.name: one.roles for one in accounts.users(conn, provided.house.gate)}
    assert roles["chan"] == {Role.AUDITOR}


def test_somebody_without_a_role_here_is_not_let_in(provided: Served) -> None:
    assert _come(provided, "1002").status_code == 403


def test_an_answer_counts_in_the_browser_that_asked_and_once(provided: Served) -> None:
    client = provided.client(**{"X-Person": "1001"})
    client.get("/sign-in")
    answer = client.get("/sign-in/provider")
    assert parse_qs(urlsplit(answer.headers["location"]).query)["code_challenge_method"] == ["S256"]
    while not answer.headers["location"].startswith(f"{provided.address}/sign-in/provider/return"):
        answer = client.get(answer.url.join(answer.headers["location"]))
    back = answer.headers["location"]
    thief = provided.client()
    thief.get("/sign-in")
    assert thief.get(back).status_code == 403
    assert client.get(back).status_code == 303
    assert provided.client().get(back).status_code == 403
    assert client.get("/sign-in/provider/return?state=x&code=y").status_code == 403


def test_a_provider_that_is_silent_is_told_without_detail(provided: Served) -> None:
    kept = provided.house.connect
    assert kept is not None
    provided.house.name_provider(replace(kept.provider, issuer="http://127.0.0.1:9"))
    try:
        answer = provided.client().get("/sign-in/provider?lang=en")
    finally:
        provided.house.name_provider(kept.provider)
    assert answer.status_code == 503
    assert "127.0.0.1:9" not in answer.text
