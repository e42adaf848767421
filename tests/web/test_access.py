"""Every route says who may open it, and every role meets exactly that."""

from collections import Counter

import pytest

from qianhai.identity import Role
from web.routes import MATRIX, WAYS, Way
from web.served import Served, form_token


@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.method} {way.path}")
def test_a_route_says_once_who_may_open_it(way: Way) -> None:
    assert len(way.declared) == 1, f"{way}: its visitor is declared in its signature, once"


def test_a_way_is_given_once() -> None:
    counted = Counter((way.method, way.path) for way in WAYS)
    assert not [way for way, count in counted.items() if count > 1]


@pytest.mark.parametrize("role", [None, *Role], ids=str)
def test_a_role_opens_its_routes_and_no_other(served: Served, role: Role | None) -> None:
    user = served.person(role) if role else None
    client = served.signed_in(user) if user else served.client()
    bearer = {"Authorization": f"Bearer {served.token(user)}"} if user else {}
    token = form_token(client, "/account" if role else "/sign-in")
    for way in (way for way, whose in MATRIX if whose is role):
        if way.path == "/sign-out":
            continue
        is_api = way.path.startswith("/api/")
        form = {"form_token": token} if way.method == "POST" and not is_api else None
        headers = bearer if is_api else {}
        answer = client.request(way.method, way.address, data=form, headers=headers)
        place = f"{way.method} {way.path} as {role}: {answer.status_code}"
        refused = {403, 401} if is_api or role else {401}
        is_led_away = answer.headers.get("location", "").startswith("/sign-in?")
        is_led_away |= answer.headers.get("location") == "/sign-in" and way.method == "POST"
        is_kept_out = answer.status_code in refused or (role is None and is_led_away)
        assert answer.status_code < 500, f"{place}: {answer.text[:500]}"
        if way.path.startswith("/sign-in"):
            continue
        assert is_kept_out != way.is_open_to(role), place


def test_a_program_is_told_why_as_a_problem(served: Served) -> None:
    client = served.client()
    answer = client.get("/api/v1/me")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "not_signed_in"
    assert problem["status"] == 401
    assert problem["instance"].startswith("urn:reference:")
    assert client.get("/api/v1/none").json()["code"] == "not_found"


def test_a_token_is_no_stronger_than_its_owner_is_now(served: Served) -> None:
    admin, user = served.user(Role.ADMINISTRATOR), served.user(Role.AUDITOR, Role.APPROVER)
    token = {"Authorization": f"Bearer {served.token(user)}"}
    client = served.client()
    assert client.get("/api/v1/me", headers=token).json()["roles"] == ["approver", "auditor"]
    console = served.signed_in(admin)
    form = {"form_token": form_token(console), "roles": ["auditor"]}
    assert console.post(f"/administration/users/{user.id}/roles", data=form).status_code == 303
    assert client.get("/api/v1/me", headers=token).json()["roles"] == ["auditor"]
    console.post(f"/administration/users/{user.id}/close", data=form)
    assert client.get("/api/v1/me", headers=token).status_code == 401


def test_a_session_cookie_opens_no_document(served: Served) -> None:
    client = served.signed_in(served.person(Role.AUDITOR))
    assert client.get("/api/v1/me").status_code == 401


def test_every_answer_carries_the_headers_of_safety(served: Served) -> None:
    client = served.client()
    for address in ("/sign-in", "/nowhere", "/api/v1/me", "/static/css/frame.css", "/healthz"):
        headers = client.get(address).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        is_kept = address.startswith("/static/")
        assert ("immutable" in headers["cache-control"]) == is_kept


def test_a_host_that_is_not_ours_is_not_answered(served: Served) -> None:
    assert served.client().get("/sign-in", headers={"Host": "evil.example"}).status_code == 400


def test_a_body_past_its_bound_is_not_read(served: Served) -> None:
    client = served.client()
    token = form_token(client, "/sign-in")
    large = {"form_token": token, "name": "x" * (2 << 20), "password": "y"}
    assert client.post("/sign-in", data=large).status_code == 413
