"""Who may open what: each route says it here, in its signature, and nowhere else.

    Officer = Annotated[Visitor, allow(Role.BANK_OFFICER, Role.APPROVER)]

    @router.get("/desk")
    def desk(visitor: Officer) -> Response: ...

Before a route runs, its visitor is known, may be there, does not come too often, and any form it
sends came from our own page. Must not know what a page shows.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final
from urllib.parse import quote, urlsplit

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from qianhai.identity import Role, Visit, sessions, tokens
from qianhai.web import faults
from qianhai.web.site import House
from qianhai.web.visitor import (
    THEMES,
    Visitor,
    cookie_of,
    day_of,
    form_token,
    language_of,
    new_secret,
    reference_of,
)

API: Final = "/api/"
SESSION: Final = "session"
BROWSER: Final = "browser"
FORM_TOKEN: Final = "form_token"  # noqa: S105 - the name of a field
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_FORM_TYPES: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
_FIELDS_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class Allowed:
    """The roles that open a route: any of them is enough.

    No roles (an empty set) is whoever is signed in; None is anybody at all.
    """

    roles: frozenset[Role] | None

    async def __call__(self, request: Request) -> Visitor:
        """Return the visitor of a request that may go on.

        Raises:
            Turned: nobody known, not allowed, too often, or a form that is not from here.
        """
        house: House = request.app.state.house
        is_api = request.url.path.startswith(API)
        held = _bearer(request.headers) if is_api else None
        seen = house.bearers.of(held) if held else None
        if seen is not None or (is_api and held is None):
            visitor, half = _visitor_of(house, request, held, seen, is_api=True), False
        else:
            visitor, half = await run_in_threadpool(_visitor, house, request, is_api=is_api)
        request.state.visitor = visitor
        if is_api:
            _count(house, visitor)
        elif request.method not in _SAFE:
            visitor = replace(visitor, form=await _own_form(request, visitor))
            request.state.visitor = visitor
            house.bearers.forget()
        if self.roles is None:
            return visitor
        if visitor.user is None:
            raise faults.not_signed_in(None if is_api else _way_in(request, is_half=half))
        if self.roles and not self.roles & visitor.roles:
            raise faults.not_allowed()
        return visitor


def allow(*roles: Role) -> Any:  # noqa: ANN401 - what FastAPI takes in an annotation
    """Declare the roles that open a route."""
    assert roles, "a route is open to somebody; to everybody it is Anyone"
    return Depends(Allowed(frozenset(roles)))


#: Anybody, known or not: signing in, the health of the server.
Anyone = Annotated[Visitor, Depends(Allowed(None))]
#: Whoever is signed in, whatever they are.
Member = Annotated[Visitor, Depends(Allowed(frozenset()))]


def _visitor(house: House, request: Request, *, is_api: bool) -> tuple[Visitor, bool]:
    """Return the visitor, and whether they still owe their second factor."""
    held = cookie_of(request, house, SESSION) if not is_api else _bearer(request.headers)
    visit = None
    if held:
        with house.database.transaction() as conn:
            find = tokens.bearer if is_api else sessions.visit
            visit = find(conn, house.gate, held, house.site.now())
        if visit and is_api:
            house.bearers.keep(held, visit)
    return _visitor_of(house, request, held, visit, is_api=is_api), _is_half(visit)


def _visitor_of(
    house: House, request: Request, held: str | None, visit: Visit | None, *, is_api: bool
) -> Visitor:
    """Return the visitor of a request whose session or token was looked up."""
    at = house.site.now()
    is_whole = visit is not None and visit.is_whole
    browser = held if visit and held else cookie_of(request, house, BROWSER)
    theme = cookie_of(request, house, "theme")
    return Visitor(
        house=house,
        request=request,
        at=at,
        secret=browser or new_secret(house),
        is_new_browser=browser is None and not is_api,
        reference=reference_of(house, request),
        language=language_of(request, house),
        theme=theme if theme in THEMES else None,
        on=day_of(request, at),
        user=visit.user if visit and is_whole else None,
        way=visit.way if visit else "",
    )


def _is_half(visit: Visit | None) -> bool:
    return visit is not None and not visit.is_whole


def _bearer(headers: Mapping[str, str]) -> str | None:
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() or None if kind.lower() == "bearer" else None


def _way_in(request: Request, *, is_half: bool) -> str:
    """Return where somebody unknown goes, and comes back from to this page."""
    door = "/sign-in/code" if is_half else "/sign-in"
    url = request.url
    page = url.path + (f"?{url.query}" if url.query else "")
    return f"{door}?next={quote(page, safe='')}" if request.method in _SAFE else door


def _count(house: House, visitor: Visitor) -> None:
    """Take one knock of the API out of the visitor's bucket."""
    who = visitor.user.name if visitor.user else visitor.peer
    settings = house.settings
    wait = house.rates.wait(f"api {who}", burst=settings.api_burst, seconds=settings.api_seconds)
    if wait:
        raise faults.too_often(wait)


async def _own_form(request: Request, visitor: Visitor) -> FormData:
    """Return the form of a request, once it is sure that our own page sent it.

    Raises:
        Turned: it came from another place, without its token, or is no form.
    """
    _refuse_strangers(request)
    if not request.headers.get("content-type", "").startswith(_FORM_TYPES):
        raise faults.not_from_here()
    form = request.state.form = await request.form(max_files=20, max_fields=_FIELDS_MAX)
    given = form.get(FORM_TOKEN) or request.headers.get("x-form-token") or ""
    owed = form_token(visitor.house, visitor.secret)
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), owed.encode()):
        raise faults.not_from_here()
    return form


def _refuse_strangers(request: Request) -> None:
    """Refuse a form whose browser says that another site sent it."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise faults.not_from_here()
    origin = request.headers.get("origin")
    if origin and origin != "null" and urlsplit(origin).netloc != request.headers.get("host"):
        raise faults.not_from_here()
