"""Decisions on record: listed in pages, shown with their trace, judged again as of their day."""

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from qianhai.identity import Role
from qianhai.instructions import Past, Search
from qianhai.views import again_document, past_document, past_line
from qianhai.web import faults
from qianhai.web.access import allow
from qianhai.web.api.naming import PAGE_MAX, SEEING_ALL, cursor, day_in, own_party, position, told
from qianhai.web.api.shapes import Decision, Page
from qianhai.web.api.strict import StrictRoute
from qianhai.web.visitor import Visitor

router: Final = APIRouter(tags=["decisions"], route_class=StrictRoute)
Reader = Annotated[Visitor, allow(*SEEING_ALL, Role.PARTY)]

Name = Annotated[str | None, Query(max_length=200)]
Number = Annotated[str, Path(max_length=64, description="The sender's id of the instruction.")]
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX, description="How many at most.")]
Cursor = Annotated[
    str | None, Query(max_length=500, description="`next` of the page before this one.")
]


class DecisionLine(BaseModel):
    """A decision on record, in a line."""

    id: str
    facility: str
    action: str
    clause: str
    outcome: str
    value_date: str
    decided_at: str
    ledger_result: str
    ledger_seq: int | None
    continues: str | None
    pack: str = Field(description="Hash of the pack that decided.")


class Decisions(Page):
    """Decisions on record, the newest first."""

    items: list[DecisionLine]


class PastDecision(Decision):
    """A decision on record whole: what was asked and seen, and every condition."""

    id: str
    value_date: str
    decided_at: str
    parties: dict[str, str]
    accounts: dict[str, str]
    facts: dict[str, Any]
    ledger_result: str
    ledger_seq: int | None


class Replayed(BaseModel):
    """A decision judged again by its own pack, on the facts it saw, as of its day."""

    id: str
    is_equal: bool
    why: str | None = Field(description="Why it could not be judged again, if so.")
    recorded: Decision
    again: Decision | None


@router.get("/decisions", responses={200: {"model": Decisions}})
def decisions(
    visitor: Reader,
    facility: Name = None,
    outcome: Name = None,
    clause: Name = None,
    party: Name = None,
    since: Annotated[str | None, Query(description="First value date.")] = None,
    until: Annotated[str | None, Query(description="Last value date.")] = None,
    limit: Limit = 50,
    cursor_: Annotated[Cursor, Query(alias="cursor")] = None,
) -> Response:
    """List decisions on record, the newest first; a party sees its own."""
    before = None
    if cursor_:
        at, number = position(cursor_, datetime.fromisoformat, str)
        before = (at, number)
    search = Search(
        facility or None,
        outcome or None,
        clause or None,
        party or None,
        own_party(visitor),
        day_in(since, "since"),
        day_in(until, "until"),
        before,
    )
    house = visitor.house
    with house.database.reading(visitor.sight) as conn:
        found = house.past.lines(conn, search, limit + 1)
    kept = found[:limit]
    more = len(found) > limit
    last = cursor(kept[-1].decided_at.isoformat(), kept[-1].id) if more else None
    return told({"items": [past_line(one) for one in kept], "next": last})


@router.get("/decisions/{number}", responses={200: {"model": PastDecision}})
def decision(visitor: Reader, number: Number) -> Response:
    """Show a decision whole, as it was answered. Reading a person's is recorded."""
    return told(past_document(_past(visitor, number)))


@router.get("/decisions/{number}/replay", responses={200: {"model": Replayed}})
def replay(visitor: Reader, number: Number) -> Response:
    """Judge a decision again by the pack that made it, as of its day."""
    again = visitor.house.past.again(_past(visitor, number))
    return told(again_document(again))


def _past(visitor: Visitor, number: str) -> Past:
    """Return a decision this visitor may see.

    Row-level security says whether it is there for these eyes; then it is opened, which is
    written down.

    Raises:
        Turned: it is not there, not theirs, or was erased.
    """
    house, own = visitor.house, own_party(visitor)
    with house.database.reading(visitor.sight) as conn:
        is_seen = house.past.is_seen(conn, number, subject=own)
    if is_seen:
        with house.database.transaction() as conn:
            found = house.past.one(conn, number, by=visitor.known.name, at=visitor.at)
        if found is not None:
            return found
    raise faults.not_found()
