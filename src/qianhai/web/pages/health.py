"""Whether this process lives, whether it can work, and its figures: asked by machines."""

import hmac
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import PlainTextResponse, Response

from qianhai.kernel import QianhaiError
from qianhai.web import faults
from qianhai.web.access import Anyone
from qianhai.web.pages.subject import Subject
from qianhai.web.visitor import LOOPBACK, Visitor

#: A machine that asks whether this one can work does not wait long for the answer.
_WAIT_SECONDS: Final = 2.0

router: Final = APIRouter()
subject: Final = Subject(router)


@router.get("/healthz")
def healthz(_visitor: Anyone) -> Response:
    """Tell that this process lives."""
    return PlainTextResponse("ok")


@router.get("/readyz")
def readyz(visitor: Anyone) -> Response:
    """Tell whether the database answers and the pack is read."""
    house = visitor.house
    try:
        is_ready = not house.is_ending and house.database.is_ready(_WAIT_SECONDS)
        pack = house.policy.pack.version
    except QianhaiError:
        is_ready = False
    if not is_ready:
        return PlainTextResponse("not ready", HTTPStatus.SERVICE_UNAVAILABLE)
    return PlainTextResponse(f"ready {pack}")


@router.get("/metrics")
def metrics(visitor: Anyone) -> Response:
    """Tell the figures of this process to a machine that watches it."""
    if not _may_watch(visitor):
        raise faults.not_found()
    return Response(visitor.house.metrics.text(), media_type=CONTENT_TYPE_LATEST)


def _may_watch(visitor: Visitor) -> bool:
    """Tell whether a visitor is the watcher: by its token, or on this machine.

    Behind a proxy everybody comes from this machine, so there only the token counts.
    """
    settings = visitor.house.settings
    kind, _, given = visitor.request.headers.get("authorization", "").partition(" ")
    if settings.metrics_token and kind.lower() == "bearer":
        return hmac.compare_digest(given.strip().encode(), settings.metrics_token.encode())
    is_here = visitor.peer in LOOPBACK and settings.public_url is None
    return is_here and settings.metrics_token is None
