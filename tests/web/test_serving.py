"""The server as an operator starts and ends it; long work; health."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import httpx2
import pytest

from qianhai.identity import Role
from qianhai.kernel import BadInput, Environment, Flaw, Place
from qianhai.main import provider, settings, web_site
from qianhai.web.rates import Rates
from qianhai.web.works import Work
from web.served import Served, post


def _ended(client: httpx2.Client, address: str) -> str:
    """Look at a long work until it ends, and return its page."""
    for _ in range(600):
        text = client.get(address).text
        if "<progress" not in text:
            return text
        time.sleep(0.1)
    raise AssertionError("the work does not end")


def test_the_sample_day_is_loaded_from_the_start_page(served: Served) -> None:
    client = served.signed_in(served.user(Role.ADMINISTRATOR))
    begun = post(client, "/sample/day", {}, at="/")
    text = _ended(client, begun.headers["location"])
    assert "badge-good" in text
    assert "badge-good" in client.get("/").text
    assert client.get(begun.headers["location"] + "/progress").text.count("<h1") == 0
    other = served.signed_in(served.user(Role.ADMINISTRATOR))
    assert other.get(begun.headers["location"]).status_code == 404


def test_a_work_tells_its_flaws_and_its_faults(served: Served) -> None:
    user = served.user(Role.AUDITOR)
    client = served.signed_in(user)
    works = served.house.works

    def flawed(_work: Work) -> None:
        raise BadInput([Flaw("X1", Place("a.csv", 3), "v", "e", "Mend <this>.", "请改正。")])

    def broken(_work: Work) -> None:
        raise ValueError

    for act, said in ((flawed, "a.csv:3"), (broken, "badge-bad")):
        work = works.start("Sample day", user.name, act)
        assert said in _ended(client, f"/works/{work.id}")


def test_health_and_readiness_are_words(client: httpx2.Client) -> None:
    assert client.get("/healthz").text == "ok"
    assert client.get("/readyz").text.startswith("ready ")


def test_a_fault_of_ours_has_a_reference_and_no_detail(
    served: Served, client: httpx2.Client, caplog: pytest.LogCaptureFixture
) -> None:
    places = served.house.catalogues
    served.house.catalogues = None  # type: ignore[assignment]
    try:
        answer = client.get("/sign-in")
    finally:
        served.house.catalogues = places
    assert answer.status_code == 500
    assert "Traceback" not in answer.text
    assert answer.headers["content-security-policy"]
    reference = re.search(r"[A-Z2-7]{8}", answer.text)
    assert reference
    assert reference[0] in caplog.text


def test_a_database_that_is_away_is_told_as_such(served: Served, client: httpx2.Client) -> None:
    gate = served.house.gate

    def away(_count: int) -> bytes:
        raise Environment("Away.", "Wait.", zh="数据库不可用，请稍候。")

    user = served.user(Role.AUDITOR)
    token = client.get("/sign-in").text.partition('name="form_token" value="')[2]
    form = {"form_token": token.partition('"')[0], "name": user.name, "password": "x" * 12}
    object.__setattr__(gate, "salts", away)
    try:
        answer = client.post("/sign-in", data=form)
    finally:
        object.__setattr__(gate, "salts", served.house.site.salts)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"


def test_a_bucket_forgets_who_waits_no_longer() -> None:
    now = [0.0]
    rates = Rates(lambda: now[0])
    for number in range(10_001):
        assert rates.wait(str(number), burst=1, seconds=10) == 0.0
    assert rates.wait("10000", burst=1, seconds=10) == 10.0
    now[0] = 10.0
    assert rates.wait("10000", burst=1, seconds=10) == 0.0


def test_the_environment_names_a_provider_and_hosts(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3\n", encoding="utf-8")
    environ = {
        "QIANHAI_OIDC_ISSUER": "https://id.example",
        "QIANHAI_OIDC_CLIENT_SECRET_FILE": str(secret),
        "QIANHAI_OIDC_ROLES": "desk staff=bank_officer".replace(" ", "-"),
        "QIANHAI_PUBLIC_URL": "https://desk.example",
        "QIANHAI_TRUSTED_HOSTS": "a.example b.example",
    }
    found = settings(environ)
    assert found.trusted_hosts == ("a.example", "b.example", "desk.example")
    assert found.is_https
    assert found.provider is not None
    assert found.provider.client_secret == secret.read_text(encoding="utf-8").strip()
    assert found.provider.roles == {"desk-staff": Role.BANK_OFFICER}
    assert provider({}) is None
    with pytest.raises(Environment, match="desk-staff=bank_officer"):
        provider({**environ, "QIANHAI_OIDC_ROLES": "a=king"})
    assert web_site({}).settings.provider is None


def test_others_are_not_served_without_https(tmp_path: Path) -> None:
    done = _serve(tmp_path, "--host", "192.0.2.1").communicate(timeout=60)
    assert "QIANHAI_PUBLIC_URL" in done[1]


@pytest.mark.slow
def test_the_server_tells_the_first_way_in_once_and_ends_gracefully(tmp_path: Path) -> None:
    links = []
    for ending in (signal.SIGTERM, signal.SIGINT):
        server = _serve(tmp_path, "--port", "0")
        assert server.stdout is not None
        told = ""
        while "Ctrl+C" not in told:
            line = server.stdout.readline()
            assert line, server.communicate()
            told += line
        links += re.findall(r"/invitation/\S+", told)
        time.sleep(0.5)
        server.send_signal(ending)
        _, complaints = server.communicate(timeout=60)
        assert "Traceback" not in complaints
        assert not (tmp_path / "data" / "pg" / "postmaster.pid").exists()
    assert len(links) == 1


def _serve(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    settings = {"QIANHAI_DATA_DIR": str(folder / "data"), "QIANHAI_LANG": "en"}
    return subprocess.Popen(
        [sys.executable, "-m", "qianhai.main", "serve", *arguments],
        env={**os.environ, **settings, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_work_of_nobody_is_not_here(served: Served) -> None:
    client = served.signed_in(served.person(Role.AUDITOR))
    assert client.get(f"/works/{UUID(int=1)}").status_code == 404
