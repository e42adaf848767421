"""The start: what the visitor's roles do next.

Must not decide what a role may do; each page says that itself.
"""

from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from qianhai.identity import Role
from qianhai.web.access import Member
from qianhai.web.navigation import Entry, shown
from qianhai.web.pages.subject import Subject
from qianhai.web.render import page

router: Final = APIRouter()
subject: Final = Subject(router)


@router.get("/")
def home(visitor: Member) -> Response:
    """Show where to go on from, and the long works of this visitor."""
    places: tuple[Entry, ...] = visitor.request.app.state.places
    return page(
        visitor,
        "home/index.html",
        places=shown(places, visitor.roles),
        works=visitor.house.works.owned(visitor.known.name),
        is_administrator=Role.ADMINISTRATOR in visitor.roles,
    )
