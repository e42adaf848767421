"""The journal: its entries in pages, and the proof that journal and ledger are whole."""

from itertools import islice
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from qianhai import journal, ledger
from qianhai.identity import Role
from qianhai.views import entry_document, flaw_document
from qianhai.web.access import allow
from qianhai.web.api.decisions import Cursor, Limit, Name
from qianhai.web.api.naming import cursor, position, refused, told
from qianhai.web.api.shapes import FlawDocument, Page
from qianhai.web.api.strict import StrictRoute
from qianhai.web.visitor import Visitor

router: Final = APIRouter(tags=["journal"], route_class=StrictRoute)
Auditor = Annotated[Visitor, allow(Role.AUDITOR)]
_FLAWS_MAX: Final = 1_000


class Entry(BaseModel):
    """An entry of the journal; `body` is null once erased."""

    seq: int
    kind: str
    subject: str
    at: str
    body: dict[str, Any] | None
    chain: str = Field(description="The hash over everything up to it.")


class Entries(Page):
    """Entries, the newest first."""

    items: list[Entry]


class Verified(BaseModel):
    """What a check found: nothing, and the head; or every difference."""

    room: Literal["journal", "ledger"]
    head: str
    is_whole: bool
    differences: list[FlawDocument]


@router.get("/journal/entries", responses={200: {"model": Entries}})
def entries(
    visitor: Auditor,
    kind: Name = None,
    subject: Name = None,
    actor: Annotated[Name, Query(description="Who did it.")] = None,
    limit: Limit = 50,
    cursor_: Annotated[Cursor, Query(alias="cursor")] = None,
) -> Response:
    """List entries of the journal, the newest first."""
    before = min(position(cursor_, int)[0], 2**62) if cursor_ else None
    house = visitor.house
    with house.database.reading(visitor.sight) as conn:
        found = journal.entries(
            conn,
            house.site.institution_id,
            kind=kind or None,
            subject=subject or None,
            actor=actor or None,
            before=before,
            most=limit + 1,
        )
    kept = found[:limit]
    last = cursor(kept[-1].seq) if len(found) > limit else None
    return told({"items": [entry_document(one) for one in kept], "next": last})


@router.get("/{room}/verify", responses={200: {"model": Verified}})
def verify(
    visitor: Auditor,
    room: Literal["journal", "ledger"],
    head: Annotated[str | None, Query(max_length=200, description="A head that was kept.")] = None,
) -> Response:
    """Recompute every digest and the chain; with `head` prove that no history is gone."""
    with visitor.house.database.transaction() as conn:
        if room == "journal":
            kept = journal.Head.parse(head) if head else None
            flaws = list(islice(journal.verify(conn, kept), _FLAWS_MAX))
            now = journal.head(conn).text()
        else:
            flaws = list(islice(ledger.verify(conn, _ledger_head(head)), _FLAWS_MAX))
            now = ledger.head(conn).text()
    differences = [flaw_document(one) for one in flaws]
    return told({"room": room, "head": now, "is_whole": not flaws, "differences": differences})


def _ledger_head(text: str | None) -> ledger.Head | None:
    try:
        return ledger.Head.parse(text) if text else None
    except ValueError:
        raise refused(
            "W041",
            "head",
            str(text),
            "a head such as the summary of a day tells",
            en=f"`{text}` is no head of a ledger.",
            zh=f"“{text}”不是账本链头。",
        ) from None
