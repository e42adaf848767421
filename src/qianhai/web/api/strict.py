"""JSON read strictly: no name twice, no number through a float, no depth that hurts.

A route class for the API's routers, so that every body is read by it. Must not know a document.
"""

import json
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from qianhai.web.faults import OF_STATUS

_DEPTH_MAX: Final = 32
_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def loads(raw: bytes) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return what a JSON text says; a number with a point keeps its digits as text.

    Raises:
        json.JSONDecodeError: no JSON, a name that stands twice, or nested too deep.
    """
    try:
        text = raw.decode("utf-8-sig")
        value = json.loads(
            text, object_pairs_hook=_unique, parse_float=_kept, parse_constant=_refused
        )
    except json.JSONDecodeError:
        raise
    except (ValueError, RecursionError) as fault:
        raise json.JSONDecodeError(str(fault) or "nested too deep", "", 0) from None
    _bounded(value, _DEPTH_MAX)
    if "\\u" in text:
        _storable(value)
    return value


def _storable(value: object) -> None:
    """Hold that every text can be stored: no half of a character, no zero."""
    if isinstance(value, dict):
        for name, one in value.items():
            _storable(name)
            _storable(one)
    elif isinstance(value, list):
        for one in value:
            _storable(one)
    elif isinstance(value, str) and ("\0" in value or not value.isascii()):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise json.JSONDecodeError("a text has half a character", "", 0) from None
        if "\0" in value:
            raise json.JSONDecodeError("a text has a zero character", "", 0)


def _unique(items: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(items)
    if len(found) != len(items):
        keys = [key for key, _ in items]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise json.JSONDecodeError(f"`{twice}` stands twice; keep one", "", 0)
    return found


def _kept(text: str) -> str:
    return text


def _refused(text: str) -> Any:  # noqa: ANN401 - it never returns
    raise json.JSONDecodeError(f"{text} is no number; leave it out or write a text", "", 0)


def _bounded(value: object, depth: int) -> None:
    if depth == 0:
        raise json.JSONDecodeError("nested too deep", "", 0)
    if isinstance(value, dict):
        for one in value.values():
            _bounded(one, depth - 1)
    elif isinstance(value, list):
        for one in value:
            _bounded(one, depth - 1)


class StrictRequest(Request):
    """A request whose JSON is read strictly."""

    async def json(self) -> Any:  # noqa: ANN401 - whatever JSON holds
        """Return the body's document."""
        return loads(await self.body())


class StrictRoute(APIRoute):
    """A route whose bodies are read strictly."""

    def get_route_handler(self) -> _Handler:
        """Return what answers a request of this route."""
        answer = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            strict = StrictRequest(request.scope, request.receive)
            query = request.scope.get("query_string", b"")
            if "\0" in unquote(query.decode("latin-1")) or "\0" in request.url.path:
                raise OF_STATUS[HTTPStatus.BAD_REQUEST]
            try:
                if request.headers.get("content-type", "").startswith("application/json"):
                    await (
                        strict.body()
                    )  # past its bound it is refused here, before it is read as JSON
                return await answer(strict)
            except ClientDisconnect:
                return Response(status_code=499)

        return strictly
