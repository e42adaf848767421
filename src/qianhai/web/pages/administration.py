"""Users and what they may be, for administrators of an institution.

Every change is an act of the identity room, which writes it down. An administrator sees no
business here.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from qianhai.db import Connection
from qianhai.identity import Role, User, accounts, second_factor
from qianhai.kernel import BadInput, Flaw
from qianhai.web import faults
from qianhai.web.access import allow
from qianhai.web.files import rows_file
from qianhai.web.messages import mark
from qianhai.web.navigation import Entry
from qianhai.web.pages.subject import Subject
from qianhai.web.render import onward, page
from qianhai.web.visitor import Visitor

router: Final = APIRouter(prefix="/administration")
subject: Final = Subject(
    router,
    (
        Entry(
            mark("Users"),
            mark("Who may do what; invitations."),
            "/administration/users",
            frozenset({Role.ADMINISTRATOR}),
            order=900,
        ),
    ),
)
Administrator = Annotated[Visitor, allow(Role.ADMINISTRATOR)]
_COLUMNS: Final = ("name", "title", "roles", "party", "has_second_factor", "closed_at")
_UNFIT: Final = HTTPStatus.UNPROCESSABLE_ENTITY


@router.get("/users")
def users(visitor: Administrator) -> Response:
    """List the users of the institution."""
    with visitor.house.database.transaction() as conn:
        found = accounts.users(conn, visitor.house.gate)
    rows = (
        {
            "name": one.name,
            "title": one.title,
            "roles": ", ".join(sorted(one.roles)),
            "party": one.party,
            "has_second_factor": one.has_second_factor,
            "closed_at": one.closed_at.isoformat() if one.closed_at else None,
        }
        for one in found
    )
    if file := rows_file(visitor, "users", _COLUMNS, rows):
        return file
    return page(visitor, "administration/users.html", users=found)


@router.get("/users/new")
def new_user(visitor: Administrator) -> Response:
    """Ask for a new user."""
    return page(visitor, "administration/new_user.html", flaws=(), chosen=())


@router.post("/users/new")
def create_user(visitor: Administrator) -> Response:
    """Make a user and show the link that lets them choose a password, once."""
    gate, by = visitor.house.gate, visitor.known.name
    try:
        with visitor.house.database.transaction() as conn:
            made = accounts.create(
                conn,
                gate,
                name=visitor.field("name"),
                title=visitor.field("title"),
                roles=_roles(visitor),
                party=visitor.field("party") or None,
                by=by,
                at=visitor.at,
            )
            secret = accounts.invite(conn, gate, made.id, by=by, at=visitor.at)
    except BadInput as fault:
        values = {"flaws": fault.flaws, "chosen": _roles(visitor)}
        return page(visitor, "administration/new_user.html", _UNFIT, **values)
    return page(visitor, "administration/invited.html", user=made, link=_link(visitor, secret))


@router.get("/users/{user_id}")
def user(visitor: Administrator, user_id: UUID) -> Response:
    """Show one user."""
    with visitor.house.database.transaction() as conn:
        found = _user(visitor, conn, user_id)
    return _page_of(visitor, found)


@router.post("/users/{user_id}/roles")
def set_roles(visitor: Administrator, user_id: UUID) -> Response:
    """Give a user other roles; their sessions end."""

    def act(conn: Connection) -> None:
        gate, roles = visitor.house.gate, _roles(visitor)
        accounts.set_roles(conn, gate, user_id, roles, by=visitor.known, at=visitor.at)

    return _changed(visitor, user_id, act, mark("The roles are as you chose."))


@router.post("/users/{user_id}/close")
def close(visitor: Administrator, user_id: UUID) -> Response:
    """Let a user in no more."""

    def act(conn: Connection) -> None:
        accounts.close(conn, visitor.house.gate, user_id, by=visitor.known, at=visitor.at)

    return _changed(visitor, user_id, act, mark("The account is closed."))


@router.post("/users/{user_id}/reopen")
def reopen(visitor: Administrator, user_id: UUID) -> Response:
    """Let a closed user in again."""

    def act(conn: Connection) -> None:
        accounts.reopen(conn, visitor.house.gate, user_id, by=visitor.known, at=visitor.at)

    return _changed(visitor, user_id, act, mark("The account is open again."))


@router.post("/users/{user_id}/second-factor/remove")
def remove_second_factor(visitor: Administrator, user_id: UUID) -> Response:
    """Take the second factor off a user who lost it."""

    def act(conn: Connection) -> None:
        gate, owner = visitor.house.gate, _user(visitor, conn, user_id)
        second_factor.remove(conn, gate, owner, by=visitor.known.name, at=visitor.at)

    return _changed(visitor, user_id, act, mark("The second factor is off."))


@router.post("/users/{user_id}/invite")
def invite(visitor: Administrator, user_id: UUID) -> Response:
    """Make a new link for a user to choose a password, shown once."""
    with visitor.house.database.transaction() as conn:
        found = _user(visitor, conn, user_id)
        by = visitor.known.name
        secret = accounts.invite(conn, visitor.house.gate, found.id, by=by, at=visitor.at)
    return page(visitor, "administration/invited.html", user=found, link=_link(visitor, secret))


def _changed(
    visitor: Visitor, user_id: UUID, act: Callable[[Connection], None], done: str
) -> Response:
    """Act on a user who is there, and say what was done or what kept it from being done."""
    with visitor.house.database.transaction() as conn:
        found = _user(visitor, conn, user_id)
        try:
            act(conn)
        except BadInput as fault:
            return _page_of(visitor, found, _UNFIT, fault.flaws)
    return onward(visitor, f"/administration/users/{user_id}", done)


def _page_of(
    visitor: Visitor,
    found: User,
    status: HTTPStatus = HTTPStatus.OK,
    flaws: tuple[Flaw, ...] = (),
) -> Response:
    is_self = found.id == visitor.known.id
    values = {"user": found, "flaws": flaws, "is_self": is_self}
    return page(visitor, "administration/user.html", status, **values)


def _user(visitor: Visitor, conn: Connection, user_id: UUID) -> User:
    found = accounts.user_by_id(conn, visitor.house.gate, user_id)
    if found is None:
        raise faults.not_found()
    return found


def _roles(visitor: Visitor) -> tuple[Role, ...]:
    known = set(Role)
    return tuple(Role(name) for name in visitor.fields("roles") if name in known)


def _link(visitor: Visitor, secret: str) -> str:
    start = visitor.house.settings.public_url or str(visitor.request.base_url)
    return f"{start.rstrip('/')}/invitation/{secret}"
