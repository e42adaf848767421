"""Long works of a visitor: how far they are; and the sample, which is one.

Must not know what a work does.
"""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from qianhai.identity import Role
from qianhai.web import faults
from qianhai.web.access import Member, allow
from qianhai.web.business import load_day, load_year
from qianhai.web.messages import mark
from qianhai.web.pages.subject import Subject
from qianhai.web.render import onward, page, text_of
from qianhai.web.visitor import Visitor
from qianhai.web.works import Work

router: Final = APIRouter()
subject: Final = Subject(router)
Administrator = Annotated[Visitor, allow(Role.ADMINISTRATOR)]


@router.get("/works/{work_id}")
def show(visitor: Member, work_id: UUID) -> Response:
    """Show a long work of this visitor's."""
    return page(visitor, "works/work.html", work=_own(visitor, work_id))


@router.get("/works/{work_id}/progress")
def progress(visitor: Member, work_id: UUID) -> Response:
    """Give the part of the page that says how far a work is."""
    return HTMLResponse(text_of(visitor, "works/progress.html", work=_own(visitor, work_id)))


@router.post("/sample/day")
def sample_day(visitor: Administrator) -> Response:
    """Begin to load the sample day."""
    house = visitor.house
    work = house.works.start(
        mark("Sample day"), visitor.known.name, lambda work: load_day(house, work)
    )
    return onward(visitor, f"/works/{work.id}")


@router.post("/sample/year")
def sample_year(visitor: Administrator) -> Response:
    """Begin to make and load a sample year."""
    house = visitor.house
    work = house.works.start(
        mark("Sample year"), visitor.known.name, lambda work: load_year(house, work)
    )
    return onward(visitor, f"/works/{work.id}")


def _own(visitor: Visitor, work_id: UUID) -> Work:
    work = visitor.house.works.of(work_id)
    if work is None or work.owner != visitor.known.name:
        raise faults.not_found()
    return work
