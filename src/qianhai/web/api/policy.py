"""The policy: packs on record, changes with their proof, and the candidate in the shadow.

An author proposes, replays and activates; a second person approves, never the author. What a
step allows is decided by the road and held by the database, not here.
"""

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from qianhai.instructions import Wanted, proven_why, read_pack
from qianhai.kernel import BadInput, Flaw
from qianhai.policy import open_policy, unbundled
from qianhai.views import turn_document
from qianhai.web import changing, faults
from qianhai.web.api.batches import WorkDocument, accepted, own_work
from qianhai.web.api.decisions import Cursor, Limit
from qianhai.web.api.naming import cursor, day_in, position, refused, told, unknown
from qianhai.web.api.shapes import DayText, Page, Said
from qianhai.web.api.strict import StrictRoute
from qianhai.web.api.uploads import archive_body, taken_archive
from qianhai.web.archives import ARCHIVE_BYTES_MAX
from qianhai.web.changing import Approver, Author, Prover, Reader
from qianhai.web.messages import mark
from qianhai.web.proving import Replayed, check_and_propose, replay
from qianhai.web.visitor import Visitor

router: Final = APIRouter(prefix="/policy", tags=["policy"], route_class=StrictRoute)
ChangeNumber = Annotated[int, Path(ge=1, le=999_999_999, description="The number of a change.")]
Scope = Literal["whole", "changed"]
_SCOPES: Final[tuple[Scope, ...]] = ("whole", "changed")


class PackLine(BaseModel):
    """A pack on record, and the days from which it decides."""

    hash: str
    version: str
    first_used_at: str
    active_from: list[str]
    is_at_hand: bool
    decides_today: bool
    is_in_shadow: bool


class Packs(BaseModel):
    """The packs on record, the one that decides and the one in the shadow, by their hashes."""

    at_hand: str
    deciding: str
    shadow: str | None
    packs: list[PackLine]


class Step(BaseModel):
    """One step a change took: what, when, by whom, and why."""

    step: int
    kind: Literal["proposed", "replayed", "approved", "rejected", "activated", "revoked"]
    at: str
    by: str
    why: str
    from_: str | None = Field(alias="from", description="The first day, of an activation.")


class Change(BaseModel):
    """A change of the pack with every step it took, and what its last replay found."""

    change: int
    state: Literal["proposed", "replayed", "approved", "rejected", "activated", "revoked"]
    pack: str
    base: str
    why: str
    proposed_by: str
    active_from: str | None
    replay: dict[str, Any] | None
    replay_is_stale: bool = Field(description="More was decided since it was replayed.")
    steps: list[Step]


class ChangePage(Page):
    """Changes, the newest first."""

    items: list[Change]


class Difference(BaseModel):
    """One thing a pack says otherwise than another."""

    kind: str
    id: str
    path: str
    file: str
    before: str
    after: str


class Differences(BaseModel):
    """What the pack of a change says otherwise than the one it would take the place of."""

    change: int
    differences: list[Difference]


class WantedReplay(BaseModel):
    """Which decisions are judged again; what is left out leaves a side open."""

    model_config = ConfigDict(extra="forbid")

    since: DayText | None = None
    until: DayText | None = None
    by: Literal["decided", "value"] = "decided"
    facility: str = Field("", max_length=200, examples=[""])


class Flips(Page):
    """What a replay turns, in the order it was decided."""

    items: list[dict[str, Any]]


class Reasoned(BaseModel):
    """Why a step is taken."""

    model_config = ConfigDict(extra="forbid")

    why: str = Field("", max_length=1000, examples=["The ratio is not decided yet."])


class Activation(BaseModel):
    """From which value date a pack decides."""

    model_config = ConfigDict(extra="forbid")

    first_day: DayText


class Candidate(BaseModel):
    """The change whose pack goes into the shadow."""

    model_config = ConfigDict(extra="forbid")

    change: int = Field(ge=1, le=999_999_999)


class Turn(Said):
    """The pack whose turn in the shadow began or ended."""

    pack: str


class Shadow(BaseModel):
    """What came of a candidate's last turn in the shadow."""

    pack: str
    since: str
    started_by: str
    is_running: bool
    decisions: int
    differ: int
    left_out: int
    outcomes: list[dict[str, Any]]
    differences: list[dict[str, Any]]


@router.get("/packs", responses={200: {"model": Packs}})
def packs(visitor: Reader) -> Response:
    """List the packs on record, and which of them decides when; `on` asks for another day."""
    return told(changing.packs_told(visitor))


@router.get("/changes", responses={200: {"model": ChangePage}})
def changes(
    visitor: Reader,
    limit: Limit = 50,
    cursor_: Annotated[Cursor, Query(alias="cursor")] = None,
) -> Response:
    """List every change of the pack, the newest first."""
    before = position(cursor_, int)[0] if cursor_ else None
    found = changing.changes_told(visitor, before=before)
    last = cursor(found[limit - 1]["change"]) if len(found) > limit else None
    return told({"items": found[:limit], "next": last})


@router.get("/changes/{number}", responses={200: {"model": Change}})
def change(visitor: Reader, number: ChangeNumber) -> Response:
    """Show a change with its steps, and what its replay found."""
    return told(changing.change_told(visitor, number))


@router.get("/changes/{number}/differences", responses={200: {"model": Differences}})
def differences(visitor: Reader, number: ChangeNumber) -> Response:
    """Show what the proposed pack says otherwise: parameters, conditions, clauses."""
    lines = changing.differences_told(visitor, number)
    return told({"change": number, "differences": lines})


@router.post(
    "/changes",
    status_code=202,
    responses={202: {"model": WorkDocument}},
    openapi_extra=archive_body("why", "scope"),
)
async def propose(
    visitor: Author,
    request: Request,
    why: Annotated[str, Query(max_length=1000, description="Why; or a field of the form.")] = "",
    scope: Annotated[
        Scope | None,
        Query(description="The whole pack, or files that take the place of those that stand."),
    ] = None,
) -> Response:
    """Take an archive of a candidate pack (ZIP or TAR) to check, and propose it.

    A form brings it in the field `file`, beside it `why` and `scope`; a body that is the archive
    has both in its address. The result of the work is the change; when the candidate has flaws,
    nothing is proposed and the work tells all of them.
    """
    raw, texts = await taken_archive(request, ARCHIVE_BYTES_MAX)
    house, reason = visitor.house, texts.get("why") or why
    is_whole = _scope(texts.get("scope") or scope or "whole") == "whole"
    files: dict[str, bytes] = {}
    flaws: list[Flaw] = []
    try:
        proven_why(reason)
    except BadInput as fault:
        flaws += fault.flaws
    try:
        files = await run_in_threadpool(changing.archive_files, house, raw)
    except BadInput as fault:
        flaws += fault.flaws
    if flaws:
        raise BadInput(flaws)
    work = house.works.start(
        mark("Checking a candidate pack"),
        visitor.known.name,
        lambda work: check_and_propose(house, work, files, reason, is_whole=is_whole),
    )
    return accepted(visitor, work)


@router.post("/changes/{number}/replay", status_code=202, responses={202: {"model": WorkDocument}})
def replay_change(
    visitor: Prover, number: ChangeNumber, asked: Annotated[WantedReplay, Body()]
) -> Response:
    """Judge the past again under the pack of a change, and bind what is found to the change.

    The result of the work has the first flips; `/policy/replays/{work_id}/flips` has them all.
    """
    house = visitor.house
    days = day_in(asked.since, "since"), day_in(asked.until, "until")
    _known_facility(visitor, number, asked.facility)
    wanted = Wanted(*days, asked.facility, asked.by)
    work = house.works.start(
        mark("Replaying a change"),
        visitor.known.name,
        lambda work: replay(house, work, number, wanted),
    )
    return accepted(visitor, work)


@router.get("/replays/{work_id}/flips", responses={200: {"model": Flips}})
def flips(
    visitor: Prover,
    work_id: UUID,
    limit: Limit = 100,
    cursor_: Annotated[Cursor, Query(alias="cursor")] = None,
) -> Response:
    """List every decision that a replay turns, in the order they were decided."""
    after = max(0, min(position(cursor_, int)[0], 2**40)) if cursor_ else 0
    found = own_work(visitor, work_id).result
    if not isinstance(found, Replayed):
        raise faults.not_found()
    lines = found.page(after, limit + 1)
    last = cursor(after + limit) if len(lines) > limit else None
    return told({"items": lines[:limit], "next": last})


@router.post("/changes/{number}/approve", responses={200: {"model": Change}})
def approve(visitor: Approver, number: ChangeNumber) -> Response:
    """Approve a change that was replayed; never who proposed it."""
    changing.approve(visitor, number)
    return told(changing.change_told(visitor, number))


@router.post("/changes/{number}/reject", responses={200: {"model": Change}})
def reject(visitor: Prover, number: ChangeNumber, stated: Annotated[Reasoned, Body()]) -> Response:
    """Turn a change down; who proposed it may do so too."""
    changing.reject(visitor, number, stated.why)
    return told(changing.change_told(visitor, number))


@router.post("/changes/{number}/activate", responses={200: {"model": Change}})
def activate(
    visitor: Prover, number: ChangeNumber, stated: Annotated[Activation, Body()]
) -> Response:
    """Have an approved pack decide what has its value date on a day or later."""
    day = day_in(stated.first_day, "first_day")
    assert day is not None, "the form of the body asks for one"
    changing.activate(visitor, number, day)
    return told(changing.change_told(visitor, number))


@router.post("/changes/{number}/revoke", responses={200: {"model": Change}})
def revoke(visitor: Prover, number: ChangeNumber, stated: Annotated[Reasoned, Body()]) -> Response:
    """End an activation: what stood before it stands again."""
    changing.revoke(visitor, number, stated.why)
    return told(changing.change_told(visitor, number))


@router.get("/shadow", responses={200: {"model": Shadow}})
def shadow(visitor: Reader) -> Response:
    """Show where the candidate in the shadow would have answered otherwise."""
    try:
        return told(changing.shadow_told(visitor))
    except BadInput as fault:
        raise faults.not_found(fault.flaws) from None


@router.post("/shadow", responses={200: {"model": Turn}})
def start_shadow(visitor: Author, stated: Annotated[Candidate, Body()]) -> Response:
    """Have the pack of a change judged beside the live one from now on."""
    return told(turn_document(changing.start_shadow(visitor, stated.change), is_running=True))


@router.delete("/shadow", responses={200: {"model": Turn}})
def stop_shadow(visitor: Author) -> Response:
    """End the turn of the candidate; what it said stays on record."""
    return told(turn_document(changing.stop_shadow(visitor), is_running=False))


def _scope(text: str) -> str:
    if text not in _SCOPES:
        raise refused(
            "W022",
            "scope",
            text,
            "whole or changed",
            en=f"`{text}` is neither `whole` (a pack) nor `changed` (some of its files).",
            zh=f"“{text}”应为 whole（完整规则包）或 changed（仅变更文件）。",
        )
    return text


def _known_facility(visitor: Visitor, number: int, facility: str) -> None:
    """Hold that there is such a change, and that its pack or the one at hand has a facility.

    Raises:
        Turned: there is no such change.
        BadInput: no such facility; the nearest name is told.
    """
    house = visitor.house
    with house.database.reading(visitor.sight) as conn:
        found = changing.change_of(visitor, conn, number)
        if not facility or facility in house.policy.pack.facilities:
            return
        files = unbundled(read_pack(conn, house.site.institution_id, found.pack_hash))
    known = open_policy(files, is_brief=True).pack.facilities
    if facility not in known:
        raise unknown("facility", "业务", facility, {**house.policy.pack.facilities, **known})
