"""A user's own account (second factor, codes, tokens, passwords), and users administered."""

import base64
import io
import re
from datetime import timedelta

import httpx2
from openpyxl import load_workbook

from qianhai.identity import Role, User
from qianhai.identity.totp import code_at, step_of
from web.served import PASSWORD, Served, form_token, post

NEW = "nine lanterns over the pier"


def _secret(text: str) -> bytes:
    found = re.search(r"<dd>([A-Z2-7]{32})</dd>", text)
    assert found
    return base64.b32decode(found[1])


def _enrolled(served: Served, user: User) -> tuple[bytes, list[str]]:
    """Set a second factor up as the pages do; return its secret and the recovery codes."""
    client = served.signed_in(user)
    at = "/account/second-factor"
    shown = post(client, at, {"now": PASSWORD}, at=at)
    assert "<svg" in shown.text
    secret = _secret(shown.text)
    code = code_at(secret, step_of(served.clock.at))
    token = {"form_token": form_token(client, at)}
    told = client.post(f"{at}/confirm", data={**token, "code": code})
    return secret, re.findall(r"<li><code>([^<]+)</code>", told.text)


def _half(served: Served, user: User) -> httpx2.Client:
    client = served.client()
    form = {"name": user.name, "password": PASSWORD, "next": "/account"}
    led = post(client, "/sign-in", form, at="/sign-in")
    assert led.headers["location"] == "/sign-in/code?next=%2Faccount"
    return client


def _show(client: httpx2.Client, code: str) -> httpx2.Response:
    form = {"code": code, "next": "/account"}
    return post(client, "/sign-in/code", form, at="/sign-in/code")


def test_a_second_factor_is_asked_for_and_each_code_counts_once(served: Served) -> None:
    user = served.user(Role.APPROVER)
    secret, codes = _enrolled(served, user)
    assert len(set(codes)) == 10
    served.clock.advance(timedelta(seconds=60))
    client = _half(served, user)
    assert client.get("/account").headers["location"] == "/sign-in/code?next=%2Faccount"
    half = client.cookies["session"]
    code = code_at(secret, step_of(served.clock.at))
    assert _show(client, code).headers["location"] == "/account"
    assert client.cookies["session"] != half
    assert client.get("/account").status_code == 200
    again = _half(served, user)
    assert _show(again, code).status_code == 422
    assert _show(again, codes[0].lower().replace("-", " ")).status_code == 303
    assert _show(_half(served, user), codes[0]).status_code == 422
    late = _half(served, user)
    token = form_token(late, "/sign-in/code")
    served.clock.advance(timedelta(minutes=6))
    data = {"form_token": token, "code": codes[1]}
    assert late.post("/sign-in/code", data=data).status_code in {303, 403}
    assert late.get("/account").status_code == 303


def test_a_second_factor_is_set_and_taken_off_with_the_password_alone(served: Served) -> None:
    user = served.user(Role.APPROVER)
    client = served.signed_in(user)
    at = "/account/second-factor"
    assert post(client, at, {"now": "not my password"}, at=at).status_code == 422
    assert post(client, f"{at}/confirm", {"code": "123456"}, at=at).status_code == 303
    _enrolled(served, user)
    assert post(client, f"{at}/remove", {"now": "not my password"}, at=at).status_code == 422
    assert post(client, f"{at}/remove", {"now": PASSWORD}, at=at).status_code == 303
    assert served.signed_in(user).get("/account").status_code == 200


def test_an_administrator_takes_a_lost_second_factor_off(served: Served) -> None:
    user = served.user(Role.APPROVER)
    _enrolled(served, user)
    console = served.signed_in(served.user(Role.ADMINISTRATOR))
    at = f"/administration/users/{user.id}"
    assert post(console, f"{at}/second-factor/remove", {}, at=at).status_code == 303
    assert served.signed_in(user).get("/account").status_code == 200


def test_a_new_password_ends_other_sessions(served: Served) -> None:
    user = served.user(Role.APPROVER)
    one, other = served.signed_in(user), served.signed_in(user)
    at = "/account/password"
    wrong = {"now": "not my password", "password": NEW, "again": NEW}
    assert post(one, at, wrong, at=at).status_code == 422
    named = {"now": PASSWORD, "password": f"{user.name} {user.name}", "again": "x"}
    assert post(one, at, named, at=at).text.count('class="wrong"') == 2
    right = {"now": PASSWORD, "password": NEW, "again": NEW}
    assert post(one, at, right, at=at).status_code == 303
    assert one.get("/account").status_code == 200
    assert other.get("/account").status_code == 303
    third = served.signed_in(user, NEW)
    assert post(third, "/account/sessions/end", {}, at="/account").status_code == 303
    assert one.get("/account").status_code == 303


def test_a_token_is_told_once_and_can_be_revoked(served: Served) -> None:
    user = served.user(Role.APPROVER, Role.AUDITOR)
    client = served.signed_in(user)
    lacking = {"label": "", "days": "x"}
    assert post(client, "/account/tokens", lacking, at="/account").text.count('class="wrong"') == 3
    form: dict[str, str | list[str]] = {"label": "=desk", "roles": ["auditor"], "days": "7"}
    told = post(client, "/account/tokens", form, at="/account")
    found = re.search(r"qianhai_[\w-]{43}", told.text)
    assert found
    bearer = {"Authorization": f"Bearer {found[0]}"}
    assert served.client().get("/api/v1/me", headers=bearer).json()["roles"] == ["auditor"]
    page = client.get("/account").text
    assert found[0] not in page
    address = re.search(r"/account/tokens/[0-9a-f-]+/revoke", page)
    assert address
    assert post(client, address[0], {}, at="/account").status_code == 303
    assert post(client, address[0], {}, at="/account").status_code == 404
    assert served.client().get("/api/v1/me", headers=bearer).status_code == 401


def test_a_token_ends_by_itself(served: Served) -> None:
    user = served.user(Role.AUDITOR)
    bearer = {"Authorization": f"Bearer {served.token(user, days=1)}"}
    assert served.client().get("/api/v1/me", headers=bearer).status_code == 200
    served.clock.advance(timedelta(days=1))
    assert served.client().get("/api/v1/me", headers=bearer).status_code == 401


def test_nobody_changes_their_own_roles_or_closes_themselves(served: Served) -> None:
    admin = served.user(Role.ADMINISTRATOR)
    console = served.signed_in(admin)
    own = f"/administration/users/{admin.id}"
    form = {"roles": ["administrator", "auditor"]}
    assert post(console, f"{own}/roles", form, at="/account").status_code == 422
    assert post(console, f"{own}/close", {}, at="/account").status_code == 422
    assert post(console, f"{own}/reopen", {}, at="/account").status_code == 303


def test_a_closed_account_lets_nobody_in_until_it_is_open_again(served: Served) -> None:
    user = served.user(Role.AUDITOR)
    client = served.signed_in(user)
    console = served.signed_in(served.user(Role.ADMINISTRATOR))
    at = f"/administration/users/{user.id}"
    assert post(console, f"{at}/close", {}, at=at).status_code == 303
    assert client.get("/account").status_code == 303
    form = {"name": user.name, "password": PASSWORD}
    assert post(served.client(), "/sign-in", form, at="/sign-in").status_code == 422
    assert post(console, f"{at}/reopen", {}, at=at).status_code == 303
    assert served.signed_in(user).get("/account").status_code == 200


def test_users_are_made_with_a_link_and_a_party_with_its_party(served: Served) -> None:
    console = served.signed_in(served.user(Role.ADMINISTRATOR))
    at = "/administration/users/new"
    without: dict[str, str | list[str]] = {"name": "client-1", "roles": ["party"]}
    assert post(console, at, without, at=at).text.count('class="wrong"') == 1
    form = {**without, "party": "p-7", "title": "<b>Client</b>"}
    assert "/invitation/" in post(console, at, form, at=at).text
    assert post(console, at, form, at=at).status_code == 422
    listed = console.get("/administration/users")
    assert "&lt;b&gt;Client&lt;/b&gt;" in listed.text
    user = served.user(Role.AUDITOR)
    own = f"/administration/users/{user.id}"
    assert "/invitation/" in post(console, f"{own}/invite", {}, at=own).text
    assert post(console, f"{own}/roles", {"roles": ["party"]}, at=own).status_code == 422


def test_a_table_is_taken_away_as_a_file(served: Served) -> None:
    served.user(Role.AUDITOR, name="export.me")
    console = served.signed_in(served.user(Role.ADMINISTRATOR))
    text = console.get("/administration/users?format=csv")
    assert text.headers["content-type"].startswith("text/csv")
    assert "export.me" in text.text
    book = load_workbook(io.BytesIO(console.get("/administration/users?format=xlsx").content))
    assert book.active is not None
    assert "export.me" in {row[0].value for row in book.active.iter_rows()}
    assert console.get("/administration/users?format=exe").status_code == 404
