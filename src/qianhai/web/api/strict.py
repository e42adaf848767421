"""JSON read strictly: no name twice, no number through a float, no depth that hurts.

A route class for the API's routers, so that every body is read by it. Must not know a document.
"""

import json
from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect
from starlette.responses import Response

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
    return value


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
            try:
                return await answer(StrictRequest(request.scope, request.receive))
            except ClientDisconnect:
                return Response(status_code=499)

        return strictly
