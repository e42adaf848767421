"""The policy: packs on record, changes with their proof, and the candidate in the shadow.

An author proposes, replays and activates; a second person approves, never the author. What a
step allows is decided by the road and held by the database, not here.
"""

from collections.abc import Callable
from datetime import date
from http import HTTPStatus
from itertools import islice
from typing import Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from qianhai import views
from qianhai.instructions import Wanted, changes_of, editions_of, newest_decision, read_pack
from qianhai.kernel import BadInput, Flaw, Place, parse_date
from qianhai.policy import open_policy, unbundled
from qianhai.web import changing, faults, proving
from qianhai.web.archives import ARCHIVE_BYTES_MAX
from qianhai.web.changing import READERS, Approver, Author, Prover, Reader
from qianhai.web.files import rows_file
from qianhai.web.messages import mark
from qianhai.web.navigation import Entry
from qianhai.web.pages.subject import Subject
from qianhai.web.proving import Checked, Replayed, check, replay
from qianhai.web.render import onward, page
from qianhai.web.visitor import Visitor
from qianhai.web.works import Work

router: Final = APIRouter(prefix="/policy")
subject: Final = Subject(
    router,
    (
        Entry(
            mark("Policy"),
            mark("Changes of the rules, what they would turn, what is in shadow."),
            "/policy",
            frozenset(READERS),
            order=500,
        ),
    ),
)
_UNFIT: Final = HTTPStatus.UNPROCESSABLE_ENTITY
_PAGE: Final = 100
_SHADOW_COLUMNS: Final = ("id", "facility", "live", "candidate")
#: The names of a road's steps in a form, by the code that refuses them there.
_FIELD_OF: Final = {"I017": "why"}


@router.get("")
def packs(visitor: Reader) -> Response:
    """List the packs on record, what each decides, and every change."""
    return page(
        visitor,
        "policy/packs.html",
        document=changing.packs_told(visitor),
        changes=changing.changes_told(visitor),
        version=visitor.house.policy.pack.version,
    )


@router.get("/new")
def new_change(visitor: Author) -> Response:
    """Ask for a candidate: an archive, or a folder of the server."""
    return page(visitor, "policy/new.html", flaws=(), folders=_folders(visitor))


@router.post("/new")
def take_candidate(visitor: Author) -> Response:
    """Begin to check a candidate."""
    house = visitor.house
    try:
        files = _candidate(visitor)
    except BadInput as fault:
        return page(
            visitor, "policy/new.html", _UNFIT, flaws=fault.flaws, folders=_folders(visitor)
        )
    is_whole = visitor.field("scope") != "changed"
    work = house.works.start(
        mark("Checking a candidate pack"),
        visitor.known.name,
        lambda work: check(house, work, files, is_whole=is_whole),
    )
    return onward(visitor, f"/policy/checks/{work.id}")


@router.get("/checks/{work_id}")
def checked(visitor: Author, work_id: UUID) -> Response:
    """Show how far a check is, then every flaw or every difference."""
    return _check_page(visitor, _own(visitor, work_id))


@router.post("/checks/{work_id}")
def propose(visitor: Author, work_id: UUID) -> Response:
    """Propose that a candidate without flaws takes the place of the pack that stands."""
    work = _own(visitor, work_id)
    found = work.result
    if not isinstance(found, Checked) or found.pack is None:
        raise faults.not_found()
    try:
        number = proving.propose(visitor.house, found.pack, visitor.field("why"), work.owner)
    except BadInput as fault:
        return _check_page(visitor, work, _UNFIT, _placed(fault))
    return onward(
        visitor, f"/policy/changes/{number}", mark("The change is proposed. Replay it next.")
    )


@router.get("/changes/{number}")
def change(visitor: Reader, number: str) -> Response:
    """Show a change with every step, and what its replay found."""
    return _change_page(visitor, _count(number))


@router.get("/changes/{number}/differences")
def differences(visitor: Reader, number: str) -> Response:
    """Show what the proposed pack says otherwise."""
    count = _count(number)
    lines = changing.differences_told(visitor, count)
    rows = views.cells(lines, views.DIFFERENCE_COLUMNS)
    if file := rows_file(visitor, f"change-{count}", views.DIFFERENCE_COLUMNS, rows):
        return file
    return page(visitor, "policy/differences.html", number=count, lines=lines)


@router.post("/changes/{number}/replay")
def start_replay(visitor: Prover, number: str) -> Response:
    """Begin to judge the past again under the pack of a change."""
    house, count = visitor.house, _count(number)
    with house.database.reading(visitor.sight) as conn:
        changing.change_of(visitor, conn, count)
    try:
        wanted = _wanted(visitor)
    except BadInput as fault:
        return _change_page(visitor, count, _UNFIT, fault.flaws)
    work = house.works.start(
        mark("Replaying a change"),
        visitor.known.name,
        lambda work: replay(house, work, count, wanted),
    )
    return onward(visitor, f"/policy/replays/{work.id}")


@router.get("/replays/{work_id}")
def replayed(visitor: Prover, work_id: UUID) -> Response:
    """Show how far a replay is, then what flips, why and with which amounts."""
    work = _own(visitor, work_id)
    found = work.result
    if not isinstance(found, Replayed):
        return page(visitor, "policy/replaying.html", work=work)
    rows = (views.flip_line(one) for one in found.lines())
    if file := rows_file(visitor, "flips", views.FLIP_COLUMNS, rows):
        return file
    after = _count(visitor.request.query_params.get("after") or "0")
    flips = found.page(after, _PAGE + 1)
    return page(
        visitor,
        "policy/replayed.html",
        document=found.document,
        causes=_causes(found.document, found.packs),
        flips=flips[:_PAGE],
        left=list(islice(found.lines(flips=False), _PAGE)),
        after=str(after + _PAGE) if len(flips) > _PAGE else None,
    )


@router.post("/changes/{number}/approve")
def approve(visitor: Approver, number: str) -> Response:
    """Approve a change that was replayed; never who proposed it."""
    return _step(
        visitor,
        number,
        lambda count: changing.approve(visitor, count),
        mark("The change is approved. It can be activated from a day."),
    )


@router.post("/changes/{number}/reject")
def reject(visitor: Prover, number: str) -> Response:
    """Turn a change down."""
    return _step(
        visitor,
        number,
        lambda count: changing.reject(visitor, count, visitor.field("why")),
        mark("The change is turned down."),
    )


@router.post("/changes/{number}/activate")
def activate(visitor: Prover, number: str) -> Response:
    """Have an approved pack decide from a value date on."""

    def act(count: int) -> None:
        day = _field_day(visitor, "first_day")
        if day is None:
            raise BadInput([_no_day("first_day", "")])
        changing.activate(visitor, count, day)

    return _step(visitor, number, act, mark("The pack decides from that day on."))


@router.post("/changes/{number}/revoke")
def revoke(visitor: Prover, number: str) -> Response:
    """End an activation: what stood before it stands again."""
    return _step(
        visitor,
        number,
        lambda count: changing.revoke(visitor, count, visitor.field("why")),
        mark("The activation has ended: what stood before stands again."),
    )


@router.get("/shadow")
def shadow(visitor: Reader) -> Response:
    """Show where the candidate in the shadow would have answered otherwise."""
    return _shadow_page(visitor)


@router.post("/shadow/start")
def start_shadow(visitor: Author) -> Response:
    """Have the pack of a change judged beside the live one from now on."""
    try:
        changing.start_shadow(visitor, _count(visitor.field("change")))
    except BadInput as fault:
        return _shadow_page(visitor, _UNFIT, fault.flaws)
    return onward(visitor, "/policy/shadow", mark("The candidate is judged in the shadow."))


@router.post("/shadow/stop")
def stop_shadow(visitor: Author) -> Response:
    """End the turn of the candidate; what it said stays on record."""
    try:
        changing.stop_shadow(visitor)
    except BadInput as fault:
        return _shadow_page(visitor, _UNFIT, fault.flaws)
    return onward(visitor, "/policy/shadow", mark("The candidate is no longer in the shadow."))


def _shadow_page(
    visitor: Visitor, status: HTTPStatus = HTTPStatus.OK, flaws: tuple[Flaw, ...] = ()
) -> Response:
    house, institution = visitor.house, visitor.house.site.institution_id
    with house.database.reading(visitor.sight) as conn:
        changes = changes_of(conn, institution)
        has_any = bool(editions_of(conn, institution).shadow)
    try:
        document: dict[str, Any] | None = changing.shadow_told(visitor)
    except BadInput:
        document = None
    lines: list[dict[str, Any]] = document["differences"] if document else []
    rows = views.cells(lines, _SHADOW_COLUMNS)
    if file := rows_file(visitor, "shadow", _SHADOW_COLUMNS, rows):
        return file
    return page(
        visitor,
        "policy/shadow.html",
        status,
        document=document,
        is_running=has_any,
        changes=[one for one in changes if one.state in {"proposed", "replayed", "approved"}],
        flaws=flaws,
    )


def _check_page(
    visitor: Visitor,
    work: Work,
    status: HTTPStatus = HTTPStatus.OK,
    flaws: tuple[Flaw, ...] = (),
) -> Response:
    found = work.result if isinstance(work.result, Checked) else None
    if found:
        rows = views.cells(found.differences, views.DIFFERENCE_COLUMNS)
        if file := rows_file(visitor, "differences", views.DIFFERENCE_COLUMNS, rows):
            return file
    return page(visitor, "policy/checked.html", status, work=work, found=found, flaws=flaws)


def _change_page(
    visitor: Visitor,
    number: int,
    status: HTTPStatus = HTTPStatus.OK,
    flaws: tuple[Flaw, ...] = (),
) -> Response:
    house, institution = visitor.house, visitor.house.site.institution_id
    with house.database.reading(visitor.sight) as conn:
        found = changing.change_of(visitor, conn, number)
        newest = newest_decision(conn, institution)
        files = unbundled(read_pack(conn, institution, found.pack_hash))
    document = views.change_document(found, newest)
    result = document["replay"]
    packs_of = (open_policy(files, is_brief=True).pack, house.policy.pack) if result else ()
    causes = _causes(result, packs_of) if isinstance(result, dict) else []
    columns = ("facility", "kind", "name", "was", "now", "before", "after", "count")
    if file := rows_file(visitor, f"change-{number}", columns, views.cells(causes, columns)):
        return file
    return page(
        visitor,
        "policy/change.html",
        status,
        change=document,
        causes=causes,
        flaws=flaws,
        is_own=found.proposal.actor.strip().lower() == visitor.known.name.strip().lower(),
    )


def _causes(document: dict[str, Any], packs_of: tuple[Any, ...]) -> list[dict[str, Any]]:
    """Return the causes of a replay with their words."""
    return [
        {**one, **views.cause_words(packs_of, one["facility"], one["kind"], one["name"])}
        for one in document["by_cause"]
    ]


def _step(visitor: Visitor, number: str, act: Callable[[int], None], done: str) -> Response:
    """Take a step of a change, or show the change with what keeps it from being taken."""
    count = _count(number)
    try:
        act(count)
    except BadInput as fault:
        return _change_page(visitor, count, _UNFIT, fault.flaws)
    return onward(visitor, f"/policy/changes/{count}", done)


def _candidate(visitor: Visitor) -> dict[str, bytes]:
    """Return the files of a candidate: of a folder of the server, or of an archive.

    Raises:
        BadInput: there is neither, or the archive is not one to be taken.
    """
    folder, sent = visitor.field("folder"), visitor.file("file")
    if folder and folder in visitor.house.settings.packs:
        return visitor.house.settings.packs[folder]()
    if sent is None:
        raise BadInput([_no_candidate()])
    return changing.archive_files(visitor.house, sent.file.read(ARCHIVE_BYTES_MAX + 1))


def _wanted(visitor: Visitor) -> Wanted:
    """Return which decisions a replay is over.

    Raises:
        BadInput: a day is none.
    """
    by: Literal["decided", "value"] = "value" if visitor.field("by") == "value" else "decided"
    facility = visitor.field("facility")
    return Wanted(_field_day(visitor, "since"), _field_day(visitor, "until"), facility, by)


def _field_day(visitor: Visitor, name: str) -> date | None:
    text = visitor.field(name)
    if not text:
        return None
    try:
        return parse_date(text)
    except ValueError:
        raise BadInput([_no_day(name, text)]) from None


def _folders(visitor: Visitor) -> list[str]:
    return sorted(visitor.house.settings.packs)


def _own(visitor: Visitor, work_id: UUID) -> Work:
    work = visitor.house.works.of(work_id)
    if work is None or work.owner != visitor.known.name:
        raise faults.not_found()
    return work


def _count(text: str) -> int:
    """Return the number in an address; one that is none has nothing behind it."""
    if not text.isdecimal() or len(text) > 9:  # noqa: PLR2004 - more is no number of a change
        raise faults.not_found()
    return int(text)


def _no_candidate() -> Flaw:
    return Flaw(
        "W210",
        Place("form", column="file"),
        "",
        "a ZIP or TAR file, or a folder of the server",
        "Choose a ZIP or TAR file with the pack or its changed files.",
        "请选择包含规则包或变更文件的 ZIP 或 TAR 文件。",
    )


def _no_day(name: str, text: str) -> Flaw:
    return Flaw(
        "C001",
        Place("form", column=name),
        text,
        "a day as YYYY-MM-DD",
        f"`{text}` is no day; write it as YYYY-MM-DD.",
        f"“{text}”不是日期，请写成 YYYY-MM-DD。",
    )


def _placed(fault: BadInput) -> tuple[Flaw, ...]:
    """Return the flaws of a step where the form has their field."""
    return tuple(
        Flaw(one.code, Place("form", column=name), one.value, one.expected, one.en, one.zh)
        if (name := _FIELD_OF.get(one.code))
        else one
        for one in fault.flaws
    )
