"""Whether this process lives, and whether it can work: asked by machines, told in a word."""

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter
from starlette.responses import PlainTextResponse, Response

from qianhai.kernel import QianhaiError
from qianhai.web.access import Anyone
from qianhai.web.pages.subject import Subject

router: Final = APIRouter()
subject: Final = Subject(router)


@router.get("/healthz")
def healthz(_visitor: Anyone) -> Response:
    """Tell that this process lives."""
    return PlainTextResponse("ok")


@router.get("/readyz")
def readyz(visitor: Anyone) -> Response:
    """Tell whether the database answers and the pack is read."""
    try:
        with visitor.house.database.transaction(rollback=True):
            pack = visitor.house.policy.pack.version
    except QianhaiError:
        return PlainTextResponse("not ready", HTTPStatus.SERVICE_UNAVAILABLE)
    return PlainTextResponse(f"ready {pack}")
