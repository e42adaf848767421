"""A user's own account: password, second factor, sessions, API tokens.

Whatever weakens or replaces a proof asks for the password first.
"""

from http import HTTPStatus
from typing import Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from qianhai.identity import Role, accounts, is_own_password, second_factor, sessions, tokens
from qianhai.kernel import BadInput, Flaw, Place
from qianhai.web import faults
from qianhai.web.access import Member
from qianhai.web.messages import mark
from qianhai.web.pages.subject import Subject
from qianhai.web.pictures import qr_picture
from qianhai.web.render import onward, page
from qianhai.web.visitor import Visitor

router: Final = APIRouter()
subject: Final = Subject(router)
_ISSUER: Final = "qianhai"
_UNFIT: Final = HTTPStatus.UNPROCESSABLE_ENTITY


@router.get("/account")
def show(visitor: Member) -> Response:
    """Show the account with its tokens."""
    return _account(visitor)


@router.get("/account/password")
def password_form(visitor: Member) -> Response:
    """Ask for the password of now and a new one."""
    return page(visitor, "account/password.html", flaws=())


@router.post("/account/password")
def change_password(visitor: Member) -> Response:
    """Set a new password; other sessions end."""
    gate, user = visitor.house.gate, visitor.known
    password, again = visitor.secret_field("password"), visitor.secret_field("again")
    try:
        with visitor.house.database.transaction() as conn:
            _prove(visitor, is_own_password(conn, gate, user.name, visitor.secret_field("now")))
            accounts.set_password(
                conn, gate, user, password, again, visitor.at, session=visitor.secret
            )
    except BadInput as fault:
        return page(visitor, "account/password.html", _UNFIT, flaws=fault.flaws)
    return onward(visitor, "/account", mark("Your new password is set; other sessions ended."))


@router.get("/account/second-factor")
def second_factor_form(visitor: Member) -> Response:
    """Ask for the password before a second factor is set up or taken off."""
    return page(visitor, "account/second_factor.html", flaws=(), enrolment=None, picture="")


@router.post("/account/second-factor")
def enrol(visitor: Member) -> Response:
    """Make a secret and show it once, to be proven by a code."""
    house, user = visitor.house, visitor.known
    try:
        with house.database.transaction() as conn:
            is_own = is_own_password(conn, house.gate, user.name, visitor.secret_field("now"))
            _prove(visitor, is_own)
            enrolment = second_factor.enrol(conn, house.gate, user, _ISSUER)
    except BadInput as fault:
        values = {"flaws": fault.flaws, "enrolment": None, "picture": ""}
        return page(visitor, "account/second_factor.html", _UNFIT, **values)
    picture = qr_picture(enrolment.uri)
    return page(
        visitor, "account/second_factor.html", flaws=(), enrolment=enrolment, picture=picture
    )


@router.post("/account/second-factor/confirm")
def confirm(visitor: Member) -> Response:
    """Let the second factor count, and show the recovery codes once."""
    house = visitor.house
    with house.database.transaction() as conn:
        codes = second_factor.confirm(
            conn, house.gate, visitor.known, visitor.field("code"), visitor.at
        )
    if codes is None:
        return onward(
            visitor,
            "/account/second-factor",
            mark("The code was not right, so nothing was changed. Start again."),
        )
    return page(visitor, "account/recovery_codes.html", codes=codes)


@router.post("/account/second-factor/remove")
def remove(visitor: Member) -> Response:
    """Take the second factor off."""
    house, user = visitor.house, visitor.known
    try:
        with house.database.transaction() as conn:
            is_own = is_own_password(conn, house.gate, user.name, visitor.secret_field("now"))
            _prove(visitor, is_own)
            second_factor.remove(conn, house.gate, user, by=user.name, at=visitor.at)
    except BadInput as fault:
        values = {"flaws": fault.flaws, "enrolment": None, "picture": ""}
        return page(visitor, "account/second_factor.html", _UNFIT, **values)
    return onward(visitor, "/account", mark("Your second factor is off."))


@router.post("/account/tokens")
def issue_token(visitor: Member) -> Response:
    """Make an API token and show it once."""
    known = set(Role)
    roles = [Role(name) for name in visitor.fields("roles") if name in known]
    days = visitor.field("days")
    try:
        with visitor.house.database.transaction() as conn:
            secret = tokens.issue(
                conn,
                visitor.house.gate,
                visitor.known,
                label=visitor.field("label"),
                roles=roles,
                days=int(days) if days.isascii() and days.isdigit() else 0,
                at=visitor.at,
            )
    except BadInput as fault:
        return _account(visitor, _UNFIT, flaws=fault.flaws)
    return page(visitor, "account/token.html", secret=secret)


@router.post("/account/tokens/{token_id}/revoke")
def revoke_token(visitor: Member, token_id: UUID) -> Response:
    """Let a token count no more."""
    with visitor.house.database.transaction() as conn:
        stood = tokens.revoke(conn, visitor.house.gate, visitor.known, token_id, visitor.at)
    if not stood:
        raise faults.not_found()
    return onward(visitor, "/account", mark("The token counts no more."))


@router.post("/account/sessions/end")
def end_sessions(visitor: Member) -> Response:
    """End every session of this user but the one that asks."""
    with visitor.house.database.transaction() as conn:
        sessions.end_others(conn, visitor.known.id, visitor.secret)
    return onward(visitor, "/account", mark("Your other sessions ended."))


def _account(
    visitor: Visitor, status: HTTPStatus = HTTPStatus.OK, flaws: tuple[Flaw, ...] = ()
) -> Response:
    with visitor.house.database.transaction() as conn:
        held = tokens.tokens(conn, visitor.known)
    return page(visitor, "account/index.html", status, tokens=held, flaws=flaws)


def _prove(visitor: Visitor, is_own: bool) -> None:
    """Ask for the right password.

    Raises:
        BadInput: it was not; or too many were tried.
    """
    wait = visitor.house.rates.wait(f"password {visitor.known.name}", burst=5, seconds=60.0)
    if wait:
        raise faults.too_often(wait)
    if not is_own:
        raise BadInput(
            [
                Flaw(
                    "I104",
                    Place("form", column="now"),
                    "",
                    "your password of now",
                    "That is not your password; type the one you signed in with.",
                    "当前密码不正确，请输入登录时所用密码。",
                )
            ]
        )
