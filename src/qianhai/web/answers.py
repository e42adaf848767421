"""What is answered when a request is not answered: a page for people, a document for programs.

A document is a problem of RFC 9457; both carry a reference number, under which a fault of ours
stands in the log. Must not let any detail of a fault out.
"""

import logging
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qianhai.kernel import BadInput, BrokenIntegrity, Environment, Flaw, Place, StaleState
from qianhai.views import flaw_document
from qianhai.web import faults
from qianhai.web.access import API
from qianhai.web.faults import Turned
from qianhai.web.headers import TooLarge
from qianhai.web.render import page
from qianhai.web.site import House
from qianhai.web.visitor import Visitor, language_of, reference_of

_LOG: Final = logging.getLogger("qianhai.web")
PROBLEM: Final = "application/problem+json"
#: The address of what a problem's code means; the document of the API explains each.
PROBLEMS: Final = "/api/v1/problems#"


def answer_faults(app: FastAPI) -> None:
    """Give an app its answer to every fault."""
    app.add_exception_handler(Turned, _turned)
    app.add_exception_handler(HTTPException, _of_a_library)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(BadInput, _bad_input)
    app.add_exception_handler(TooLarge, _too_large)
    for kind in (StaleState, Environment, BrokenIntegrity):
        app.add_exception_handler(kind, _unavailable)


def problem(visitor: Visitor, turned: Turned, *, detail: str = "", **more: object) -> JSONResponse:
    """Return a problem document; `more` are members of its own."""
    document: dict[str, object] = {
        "type": PROBLEMS + turned.code,
        "title": visitor.text(turned.title),
        "status": turned.status.value,
        "detail": detail or visitor.text(turned.advice),
        "instance": f"urn:reference:{visitor.reference}",
        "code": turned.code,
        **more,
    }
    headers = {"Content-Language": visitor.language, **turned.headers}
    return JSONResponse(document, turned.status.value, headers, media_type=PROBLEM)


def told(request: Request, turned: Turned, **more: Any) -> Response:  # noqa: ANN401
    """Return a fault as a page or, below the API, as a problem."""
    if turned.location:
        return RedirectResponse(turned.location, turned.status)
    visitor = _visitor_of(request)
    if request.url.path.startswith(API):
        members = {name: value for name, value in more.items() if name != "flaws_shown"}
        return problem(visitor, turned, **members)
    values = {"turned": turned, "flaws": more.get("flaws_shown", ())}
    response = page(visitor, "faults/turned.html", turned.status, **values)
    response.headers.update(turned.headers)
    return response


async def _turned(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, Turned), "this handler is for turned visitors"
    more = {"flaws": [flaw_document(one) for one in fault.flaws]} if fault.flaws else {}
    return told(request, fault, **more)


async def _of_a_library(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, HTTPException), "this handler is for faults of the frame"
    status = HTTPStatus(fault.status_code)
    turned = faults.OF_STATUS.get(status) or faults.of_this_server()
    headers = {**turned.headers, **(fault.headers or {})}
    return told(request, replace(turned, status=status, headers=headers))


async def _unreadable(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, RequestValidationError), "this handler is for unreadable requests"
    if request.url.path.startswith(API):
        flaws = [
            flaw_document(
                Flaw(
                    "W000",
                    Place("request", column=".".join(map(str, one["loc"]))),
                    "",
                    str(one["msg"]),
                    f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}",
                    f"{'.'.join(map(str, one['loc'][1:]))} 不符合接口文档：{one['msg']}",
                )
            )
            for one in fault.errors()
        ]
        turned = faults.OF_STATUS[HTTPStatus.UNPROCESSABLE_ENTITY]
        return told(request, turned, flaws=flaws)
    # An address of a page that cannot be: an id that is none, a number that is a word.
    return told(request, faults.not_found())


async def _bad_input(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, BadInput), "this handler is for bad input"
    turned = faults.of_input()
    documents = [flaw_document(flaw) for flaw in fault.flaws]
    return told(request, turned, flaws=documents, flaws_shown=fault.flaws)


async def _too_large(request: Request, _: Exception) -> Response:
    response = told(request, faults.too_large())
    response.headers["connection"] = "close"
    return response


async def _unavailable(request: Request, fault: Exception) -> Response:
    visitor = _visitor_of(request)
    _LOG.error("%s: %s", visitor.reference, fault, extra={"request_id": visitor.reference})
    return told(request, faults.unavailable())


class Caught:
    """Answers a fault of ours with its reference, inside the headers of safety."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens in it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def send_noted(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        except Exception as fault:
            request = Request(scope)
            visitor = _visitor_of(request)
            reference = visitor.reference
            _LOG.exception("%s", reference, exc_info=fault, extra={"request_id": reference})
            if has_begun:
                raise
            await _apology(request, visitor.reference)(scope, receive, send)


def _apology(request: Request, reference: str) -> Response:
    """Return the page of a fault of ours; in plain words where pages are what is broken."""
    try:
        return told(request, faults.of_this_server())
    except Exception:  # noqa: BLE001 - whatever broke the page, words are left
        _LOG.exception("%s: the page of faults", reference, extra={"request_id": reference})
        text = f"Something went wrong on our side. 系统出错，请告知管理员编号。 {reference}\n"
        return PlainTextResponse(text, HTTPStatus.INTERNAL_SERVER_ERROR)


def _visitor_of(request: Request) -> Visitor:
    """Return the visitor as far as known when the fault came; where unknown, nobody."""
    known: Visitor | None = getattr(request.state, "visitor", None)
    if known is not None:
        return known
    house: House = request.app.state.house
    at = house.site.now()
    visitor = Visitor(
        house=house,
        request=request,
        at=at,
        secret="",
        is_new_browser=False,
        reference=reference_of(house, request),
        language=language_of(request, house),
        theme=None,
        on=at.date(),
    )
    request.state.visitor = visitor
    return visitor


def safe_next(address: str) -> str:
    """Return an address of this server to go on to; of any other, the start page.

    >>> safe_next("/desk?x=1"), safe_next("//evil.example/"), safe_next("https://evil.example")
    ('/desk?x=1', '/', '/')
    """
    is_own = address.startswith("/") and not address.startswith(("//", "/\\"))
    return quote(address, safe="/?&=%:,.-_~+") if is_own and address.isprintable() else "/"
