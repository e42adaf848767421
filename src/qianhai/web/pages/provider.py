"""Coming in by an OpenID Connect provider: the way there, and the way back.

The state ties the answer to the browser that asked; what the provider says is proven before it
counts.
"""

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from qianhai.identity import Refused, provided
from qianhai.kernel import BadInput
from qianhai.web import faults
from qianhai.web.access import Anyone
from qianhai.web.pages.sign_in import count_attempt, let_in, next_of
from qianhai.web.pages.subject import Subject
from qianhai.web.provider import Connect
from qianhai.web.render import keep, page
from qianhai.web.visitor import Visitor

router: Final = APIRouter(prefix="/sign-in/provider")
subject: Final = Subject(router)


@router.get("")
def leave(visitor: Anyone) -> Response:
    """Send a browser to the provider."""
    count_attempt(visitor)
    connect, house = _connect(visitor), visitor.house
    with house.database.transaction() as conn:
        there = next_of(visitor)
        attempt = provided.begin(conn, house.gate, visitor.secret, there, visitor.at)
    response = RedirectResponse(connect.address(attempt, _back(visitor)), HTTPStatus.SEE_OTHER)
    if visitor.is_new_browser:
        keep(response, visitor, "browser", visitor.secret)
    return response


@router.get("/return")
def come_back(visitor: Anyone) -> Response:
    """Let in whom the provider vouches for."""
    count_attempt(visitor)
    connect, house = _connect(visitor), visitor.house
    query = visitor.request.query_params
    with house.database.transaction() as conn:
        state = query.get("state", "")
        attempt = provided.take(conn, house.gate, visitor.secret, state, visitor.at)
    code = query.get("code")
    if attempt is None or not code:
        return page(visitor, "sign_in/not_vouched.html", HTTPStatus.FORBIDDEN)
    vouched = connect.vouched(attempt, code, _back(visitor), visitor.at)
    if vouched is None:
        return page(visitor, "sign_in/not_vouched.html", HTTPStatus.FORBIDDEN)
    try:
        with house.database.transaction() as conn:
            result = provided.sign_in(conn, house.gate, vouched, peer=visitor.peer, at=visitor.at)
    except BadInput:
        return page(visitor, "sign_in/not_vouched.html", HTTPStatus.FORBIDDEN)
    if isinstance(result, Refused):
        return page(visitor, "sign_in/not_vouched.html", HTTPStatus.FORBIDDEN)
    return let_in(visitor, result, attempt.then_to)


def _connect(visitor: Visitor) -> Connect:
    if visitor.house.connect is None:
        raise faults.not_found()
    return visitor.house.connect


def _back(visitor: Visitor) -> str:
    """Return the address the provider sends the browser back to."""
    start = visitor.house.settings.public_url or str(visitor.request.base_url)
    return f"{start.rstrip('/')}/sign-in/provider/return"
