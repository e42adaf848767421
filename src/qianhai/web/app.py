"""Puts the web together: the frame, every subject's pages and documents, the bounds around them.

Must not hold a page. A subject is one file in `pages/` or `api/` and a line in its list.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.staticfiles import StaticFiles

from qianhai.web.answers import Caught, answer_faults
from qianhai.web.api import SUBJECTS as DOCUMENTS
from qianhai.web.headers import Bounded, Guarded
from qianhai.web.observed import Observed
from qianhai.web.pages import SUBJECTS as PAGES
from qianhai.web.render import STATIC
from qianhai.web.site import House
from qianhai.web.telling import Teller
from qianhai.web.visitor import LOOPBACK


def create_app(house: House) -> FastAPI:
    """Return the web of an open house; when it shuts down, the house is closed."""
    app = FastAPI(
        title="qianhai",
        summary="The Qianhai plan as a running system 前海方案办理系统",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=_open_house,
    )
    app.state.house = house
    app.state.places = tuple(place for subject in PAGES for place in subject.places)
    app.state.documents = DOCUMENTS
    for subject in PAGES:
        app.include_router(subject.router, include_in_schema=False)
    for router in DOCUMENTS:
        app.include_router(router, prefix="/api/v1")
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    answer_faults(app)
    # The last one added is the outermost.
    app.add_middleware(Caught)
    app.add_middleware(Bounded, settings=house.settings)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=_hosts(house), www_redirect=False)
    app.add_middleware(Guarded, settings=house.settings)
    app.add_middleware(Observed, house=house)
    return app


@asynccontextmanager
async def _open_house(app: FastAPI) -> AsyncIterator[None]:
    teller = Teller(app.state.house)
    teller.start()
    yield
    await run_in_threadpool(teller.stop)
    await run_in_threadpool(app.state.house.close)


def _hosts(house: House) -> list[str]:
    """Return the names by which this server may be asked."""
    return [*LOOPBACK, *house.settings.trusted_hosts]
