"""Coming in and going out, as a browser without scripts does it."""

from datetime import timedelta

import httpx2

from qianhai.identity import Role, accounts
from web.served import PASSWORD, Served, form_token, post


def test_somebody_unknown_is_led_to_the_way_in_and_back(
    served: Served, client: httpx2.Client
) -> None:
    led = client.get("/account?x=1")
    assert (led.status_code, led.headers["location"]) == (303, "/sign-in?next=%2Faccount%3Fx%3D1")
    user = served.user(Role.AUDITOR)
    form = {"name": user.name, "password": PASSWORD, "next": "/account?x=1"}
    let_in = post(client, "/sign-in", form, at="/sign-in")
    assert let_in.headers["location"] == "/account?x=1"
    assert client.get("/account?x=1").status_code == 200


def test_a_cookie_of_a_session_is_out_of_reach_and_changes_at_sign_in(
    served: Served, client: httpx2.Client
) -> None:
    client.get("/sign-in")
    before = client.cookies["browser"]
    user = served.user(Role.AUDITOR)
    let_in = post(client, "/sign-in", {"name": user.name, "password": PASSWORD}, at="/sign-in")
    cookie = next(one for one in let_in.headers.get_list("set-cookie") if "session=" in one)
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert client.cookies["session"] != before


def test_after_five_failures_even_the_right_password_waits(served: Served) -> None:
    user = served.user(Role.AUDITOR)
    client = served.client()
    wrong = {"name": user.name, "password": "not this one, sorry"}
    statuses = [post(client, "/sign-in", wrong, at="/sign-in").status_code for _ in range(5)]
    assert statuses == [422] * 5
    right = {"name": user.name, "password": PASSWORD}
    assert post(client, "/sign-in", right, at="/sign-in").status_code == 429
    served.clock.advance(timedelta(seconds=31))
    assert post(client, "/sign-in", right, at="/sign-in").status_code == 303


def test_an_unknown_name_and_a_wrong_password_are_told_the_same(served: Served) -> None:
    user = served.user(Role.AUDITOR)
    client = served.client()
    answers = [
        post(client, "/sign-in", {"name": name, "password": "wrong password 1"}, at="/sign-in")
        for name in (user.name, "nobody.at.all")
    ]
    notes = [answer.text.partition('role="alert"')[2].partition("</div>")[0] for answer in answers]
    assert notes[0] == notes[1]
    assert notes[0]


def test_a_session_ends_by_rest_and_by_age(served: Served) -> None:
    terms = served.house.gate.terms
    user = served.user(Role.AUDITOR)
    client = served.signed_in(user)
    for _ in range(3):
        served.clock.advance(terms.session_idle - timedelta(minutes=1))
        assert client.get("/account").status_code == 200
    served.clock.advance(terms.session_idle)
    assert client.get("/account").status_code == 303
    client = served.signed_in(user)
    began = served.clock.at
    while served.clock.at - began < terms.session_whole - timedelta(minutes=20):
        served.clock.advance(timedelta(minutes=20))
        client.get("/account")
    served.clock.advance(timedelta(minutes=20))
    assert client.get("/account").status_code == 303


def test_signing_out_ends_the_session_where_it_is_kept(served: Served) -> None:
    client = served.signed_in(served.user(Role.AUDITOR))
    held = client.cookies["session"]
    assert post(client, "/sign-out", {}, at="/account").status_code == 303
    with served.client() as thief:
        thief.cookies.set("session", held)
        assert thief.get("/account").status_code == 303


def test_an_invitation_lets_its_holder_choose_a_password_once(served: Served) -> None:
    house, at = served.house, served.clock.at
    with house.database.transaction() as conn:
        made = accounts.create(
            conn, house.gate, name="li.hua", title="Li Hua", roles=[], by="t", at=at
        )
        secret = accounts.invite(conn, house.gate, made.id, by="t", at=at)
    client = served.client()
    link = f"/invitation/{secret}"
    short = post(client, link, {"password": "short", "again": "shorter"}, at=link)
    assert short.status_code == 422
    assert short.text.count('class="wrong"') == 2
    chosen = {"password": PASSWORD, "again": PASSWORD}
    assert post(client, link, chosen, at=link).status_code == 303
    assert client.get(link).status_code == 410
    assert served.signed_in(made).get("/account").status_code == 200


def test_a_form_from_elsewhere_changes_nothing(served: Served) -> None:
    client = served.signed_in(served.user(Role.AUDITOR))
    assert client.post("/sign-out", data={}).status_code == 403
    assert client.post("/sign-out", data={"form_token": "x"}).status_code == 403
    token = {"form_token": form_token(client)}
    for stranger in (
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ):
        assert client.post("/sign-out", data=token, headers=stranger).status_code == 403
    assert client.get("/account").status_code == 200
    other = served.signed_in(served.user(Role.AUDITOR))
    assert other.post("/sign-out", data=token).status_code == 403


def test_the_way_on_never_leaves_this_server(served: Served) -> None:
    user = served.user(Role.AUDITOR)
    for there in ("//evil.example", "https://evil.example/", "/\\evil.example", "javascript:x"):
        form = {"name": user.name, "password": PASSWORD, "next": there}
        let_in = post(served.client(), "/sign-in", form, at="/sign-in")
        assert let_in.headers["location"] == "/"


def test_what_happens_at_the_door_is_in_the_journal(served: Served) -> None:
    user = served.user(Role.AUDITOR)
    client = served.signed_in(user)
    post(client, "/sign-out", {}, at="/account")
    post(client, "/sign-in", {"name": user.name, "password": "wrong wrong wrong"}, at="/sign-in")
    with served.house.database.transaction() as conn:
        kinds = [
            kind
            for (kind,) in conn.execute(
                "select kind from journal.entries where subject = %s order by seq", [user.name]
            )
        ]
    assert kinds == [
        "identity.user_created",
        "identity.password_set",
        "identity.signed_in",
        "identity.signed_out",
        "identity.refused",
    ]
