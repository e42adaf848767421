"""Coming in and going out: by password, a second factor, an invitation; language and theme.

Must not tell a stranger whether a name exists.
"""

from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from fastapi import APIRouter
from starlette.responses import Response

from qianhai.identity import (
    Refusal,
    Refused,
    SignedIn,
    accounts,
    sessions,
    show_second_factor,
    sign_in,
)
from qianhai.kernel import BadInput
from qianhai.web import faults
from qianhai.web.access import BROWSER, SESSION, Anyone, Member
from qianhai.web.answers import safe_next
from qianhai.web.messages import mark
from qianhai.web.pages.subject import Subject
from qianhai.web.render import forget, keep, onward, page
from qianhai.web.visitor import THEMES, Visitor, cookie_of

router: Final = APIRouter()
subject: Final = Subject(router)


@router.get("/sign-in")
def form(visitor: Anyone) -> Response:
    """Show the way in; somebody who is in goes on."""
    if visitor.user:
        return onward(visitor, next_of(visitor))
    return page(visitor, "sign_in/password.html", next=next_of(visitor), refused=None, name="")


@router.post("/sign-in")
def enter(visitor: Anyone) -> Response:
    """Let somebody in by name and password."""
    count_attempt(visitor)
    name, house = visitor.field("name"), visitor.house
    with house.database.transaction() as conn:
        result = sign_in(
            conn,
            house.gate,
            name,
            visitor.secret_field("password"),
            peer=visitor.peer,
            at=visitor.at,
        )
    if isinstance(result, Refused):
        values = {"next": next_of(visitor), "refused": result, "name": name}
        return page(visitor, "sign_in/password.html", _status(result), **values)
    return let_in(visitor, result)


@router.get("/sign-in/code")
def code_form(visitor: Anyone) -> Response:
    """Ask for the second factor."""
    if visitor.user:
        return onward(visitor, next_of(visitor))
    return page(visitor, "sign_in/code.html", next=next_of(visitor), refused=None)


@router.post("/sign-in/code")
def show_code(visitor: Anyone) -> Response:
    """Let somebody in whose password was right, by a code."""
    count_attempt(visitor)
    held = cookie_of(visitor.request, visitor.house, SESSION) or ""
    with visitor.house.database.transaction() as conn:
        result = show_second_factor(
            conn,
            visitor.house.gate,
            held,
            visitor.field("code"),
            peer=visitor.peer,
            at=visitor.at,
        )
    if isinstance(result, Refused):
        if result.why is Refusal.EXPIRED:
            return onward(visitor, "/sign-in", mark("It took too long. Sign in again."))
        values = {"next": next_of(visitor), "refused": result}
        return page(visitor, "sign_in/code.html", _status(result), **values)
    return let_in(visitor, result)


@router.get("/invitation/{secret}")
def invitation(visitor: Anyone, secret: str) -> Response:
    """Show an invited user where to choose a password."""
    with visitor.house.database.transaction() as conn:
        invitee = accounts.invited(conn, visitor.house.gate, secret, visitor.at)
    if invitee is None:
        return page(visitor, "sign_in/invitation_over.html", HTTPStatus.GONE)
    return page(visitor, "sign_in/invitation.html", invitee=invitee, flaws=())


@router.post("/invitation/{secret}")
def accept(visitor: Anyone, secret: str) -> Response:
    """Take the password an invited user chose."""
    count_attempt(visitor)
    gate = visitor.house.gate
    password, again = visitor.secret_field("password"), visitor.secret_field("again")
    with visitor.house.database.transaction() as conn:
        invitee = accounts.invited(conn, gate, secret, visitor.at)
        if invitee is None:
            return page(visitor, "sign_in/invitation_over.html", HTTPStatus.GONE)
        try:
            accounts.accept(conn, gate, invitee, password, again, visitor.at)
        except BadInput as fault:
            values = {"invitee": invitee, "flaws": fault.flaws}
            unfit = HTTPStatus.UNPROCESSABLE_ENTITY
            return page(visitor, "sign_in/invitation.html", unfit, **values)
    return onward(visitor, "/sign-in", mark("Your password is set. Sign in with it."))


@router.post("/sign-out")
def leave(visitor: Member) -> Response:
    """End this session."""
    with visitor.house.database.transaction() as conn:
        sessions.end(conn, visitor.house.gate, visitor.secret, visitor.known, visitor.at)
    response = onward(visitor, "/sign-in", mark("You are signed out."))
    forget(response, visitor, SESSION)
    return response


@router.post("/theme")
def choose_theme(visitor: Anyone) -> Response:
    """Keep whether pages are shown light, dark, or as the system likes it."""
    theme = visitor.field("theme")
    response = onward(visitor, safe_next(visitor.field("next")))
    if theme in THEMES:
        keep(response, visitor, "theme", theme, lasts=True)
    else:
        forget(response, visitor, "theme")
    return response


def let_in(visitor: Visitor, result: SignedIn, there: str | None = None) -> Response:
    """Hand the session's secret to the browser, in the place of whatever it held before."""
    there = there or next_of(visitor)
    if not result.is_whole:
        there = f"/sign-in/code?next={quote(there, safe='')}"
    response = onward(visitor, there)
    keep(response, visitor, SESSION, result.secret)
    forget(response, visitor, BROWSER)
    return response


def next_of(visitor: Visitor) -> str:
    """Return where a visitor goes on to after signing in; never another server, nor back here."""
    asked = visitor.field("next") or visitor.request.query_params.get("next", "/")
    there = safe_next(asked)
    return "/" if there.startswith("/sign-in") else there


def _status(refused: Refused) -> HTTPStatus:
    is_early = refused.why is Refusal.WAIT
    return HTTPStatus.TOO_MANY_REQUESTS if is_early else HTTPStatus.UNPROCESSABLE_ENTITY


def count_attempt(visitor: Visitor) -> None:
    """Take one attempt out of the bucket of the visitor's address.

    Raises:
        Turned: there is none left for now.
    """
    settings = visitor.house.settings
    wait = visitor.house.rates.wait(
        f"sign in {visitor.peer}", burst=settings.sign_in_burst, seconds=settings.sign_in_seconds
    )
    if wait:
        raise faults.too_often(wait)
