"""Files of business and of registers: taken at once, worked on beside, looked at until they end."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import FileResponse, Response

from qianhai.identity import Role
from qianhai.views import OUTCOMES_SHEET, flaw_document, outcomes_sheet
from qianhai.web import faults
from qianhai.web.access import Member, allow
from qianhai.web.api.naming import told
from qianhai.web.api.shapes import FlawDocument
from qianhai.web.api.strict import StrictRoute
from qianhai.web.api.uploads import XLSX, body_of, taken
from qianhai.web.business import book, load_register
from qianhai.web.messages import mark
from qianhai.web.proving import Replayed
from qianhai.web.visitor import Visitor
from qianhai.web.works import Work

router: Final = APIRouter(tags=["batches"], route_class=StrictRoute)
Officer = Annotated[Visitor, allow(Role.BANK_OFFICER)]

_FLAWS_TOLD_MAX: Final = 1_000
_FLIPS_TOLD_MAX: Final = 100
_MEDIA: Final = {
    "csv": ("outcomes.csv", "text/csv; charset=utf-8"),
    "jsonl": ("outcomes.jsonl", "application/x-ndjson"),
    "xlsx": (OUTCOMES_SHEET, XLSX),
}


class WorkDocument(BaseModel):
    """A long work: how far it is, and what came of it."""

    id: UUID
    title: str
    state: Literal["waiting", "running", "ended", "refused", "failed"]
    stage: str
    count: int
    total: int | None
    began_at: str
    ended_at: str | None
    result: dict[str, Any] | None = Field(description="The summary, once it ended.")
    flaws: list[FlawDocument] = Field(description="Why it was refused; nothing was booked.")
    outcomes: list[str] = Field(description="Where the outcomes are, once it ended.")


class WorksPage(BaseModel):
    """The works of whoever asks, the newest first."""

    items: list[WorkDocument]


@router.post(
    "/batches",
    status_code=202,
    responses={202: {"model": WorkDocument}},
    openapi_extra=body_of("file", "parties"),
)
async def upload(visitor: Officer, request: Request) -> Response:
    """Take a file of business (CSV, XLSX, JSONL, pain.001) to decide and book.

    A form may bring a register file in the field `parties`, which is put on record first. All of
    it is proven before any is booked; the same file again books nothing twice. What is above a
    threshold waits for a second person: `waiting` of the result counts it.
    """
    sent = await taken(request, "file", "parties")
    house = visitor.house

    def act(work: Work) -> object:
        work.folder = sent.folder / "out"
        files, parties = [sent.files["file"]], sent.files.get("parties")
        return book(house, work, files, parties, work.folder, is_alone=False)

    work = house.works.start(mark("Batch of business"), visitor.known.name, act)
    work.left = sent.held
    return accepted(visitor, work)


@router.post(
    "/register",
    status_code=202,
    responses={202: {"model": WorkDocument}},
    openapi_extra=body_of("file"),
)
async def register(visitor: Officer, request: Request) -> Response:
    """Take a register file: parties, accounts, qualifications and papers to put on record."""
    sent = await taken(request, "file")
    house = visitor.house
    work = house.works.start(
        mark("Register"),
        visitor.known.name,
        lambda work: load_register(house, work, sent.files["file"]),
    )
    work.left = sent.held
    return accepted(visitor, work)


@router.get("/works", responses={200: {"model": WorksPage}})
def works(visitor: Member) -> Response:
    """List one's own works, the newest first; they are remembered for a day."""
    found = visitor.house.works.owned(visitor.known.name)
    return told({"items": [work_document(visitor, one) for one in found]})


@router.get("/works/{work_id}", responses={200: {"model": WorkDocument}})
def work(visitor: Member, work_id: UUID) -> Response:
    """Tell how far a work is; while it runs, ask again after `Retry-After` seconds."""
    found = own_work(visitor, work_id)
    headers = {"Retry-After": "1"} if found.is_running else {}
    return told(work_document(visitor, found), headers=headers)


@router.get(
    "/works/{work_id}/outcomes",
    response_class=FileResponse,
    responses={
        200: {
            "content": {
                "text/csv": {"schema": {"type": "string"}},
                "application/x-ndjson": {"schema": {"type": "string"}},
                XLSX: {"schema": {"type": "string", "format": "binary"}},
            }
        }
    },
)
def outcomes(
    visitor: Member,
    work_id: UUID,
    kind: Annotated[Literal["csv", "jsonl", "xlsx"], Query(alias="format")] = "csv",
) -> Response:
    """Download what became of each instruction of a batch, one a line."""
    found = own_work(visitor, work_id)
    if found.is_running or found.folder is None or not (found.folder / "outcomes.csv").is_file():
        raise faults.not_found()
    name, media = _MEDIA[kind]
    path = outcomes_sheet(found.folder) if kind == "xlsx" else found.folder / name
    return FileResponse(path, media_type=media, filename=name)


def work_document(visitor: Visitor, work: Work) -> dict[str, object]:
    """Return a work as it stands."""
    flaws: Sequence[dict[str, object]] = [flaw_document(one) for one in work.flaws]
    has_outcomes = not work.is_running and work.folder is not None and not work.flaws
    address = f"/api/v1/works/{work.id}/outcomes?format="
    return {
        "id": str(work.id),
        "title": visitor.text(work.title),
        "state": _state(work),
        "stage": visitor.text(work.stage) if work.stage else "",
        "count": work.count,
        "total": work.total,
        "began_at": work.began_at.isoformat(),
        "ended_at": work.ended_at.isoformat() if work.ended_at else None,
        "result": _result(work),
        "flaws": flaws[:_FLAWS_TOLD_MAX],
        "outcomes": [address + kind for kind in _MEDIA] if has_outcomes else [],
    }


def _result(work: Work) -> object:
    """Return what a work came to, where it is a document; of a replay the first flips."""
    if isinstance(work.result, Replayed):
        return work.result.told(_FLIPS_TOLD_MAX)
    return work.result if isinstance(work.result, dict) else None


def _state(work: Work) -> str:
    if work.is_running:
        return "running" if work.stage else "waiting"
    if work.flaws:
        return "refused"
    return "failed" if work.fault else "ended"


def accepted(visitor: Visitor, work: Work) -> Response:
    """Answer that a work is begun, and where to look at it."""
    headers = {"Location": f"/api/v1/works/{work.id}", "Retry-After": "1"}
    return told(work_document(visitor, work), 202, headers)


def own_work(visitor: Visitor, work_id: UUID) -> Work:
    """Return a work of this visitor's own.

    Raises:
        Turned: there is none, or it is another's.
    """
    found = visitor.house.works.of(work_id)
    if found is None or found.owner != visitor.known.name:
        raise faults.not_found()
    return found
