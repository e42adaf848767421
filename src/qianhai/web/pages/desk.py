"""The desk: a day's business as files, or one instruction keyed in, looked at before it is sent.

What is sent goes by four eyes: at once, or to a second person. Must not decide.
"""

import tempfile
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from shutil import copyfileobj
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.responses import HTMLResponse, Response

from qianhai.identity import Role
from qianhai.instructions import count_open, read_runs
from qianhai.kernel import BadInput, Flaw, Place, uuid7
from qianhai.policy import Facility
from qianhai.registers import Register
from qianhai.views import facility_line, keying_document
from qianhai.web import faults
from qianhai.web.access import allow
from qianhai.web.intake import keep, register_only
from qianhai.web.keyed import instruction_of, looked
from qianhai.web.messages import mark
from qianhai.web.navigation import Entry
from qianhai.web.pages.subject import Subject
from qianhai.web.render import onward, page, text_of
from qianhai.web.visitor import Visitor
from qianhai.web.works import Work

router: Final = APIRouter(prefix="/desk")
subject: Final = Subject(
    router,
    (
        Entry(
            mark("Desk"),
            mark("Bring a day's business or key it in; see each decision before it is booked."),
            "/desk",
            frozenset({Role.BANK_OFFICER}),
            order=200,
        ),
    ),
)
Officer = Annotated[Visitor, allow(Role.BANK_OFFICER)]
_UNFIT: Final = HTTPStatus.UNPROCESSABLE_ENTITY
_RECENT: Final = 10
_FOUND_MAX: Final = 20
_ID_BYTES: Final = 10
#: What a form has beside the fields of an instruction.
_NONE: Final = "-none"
_NOT_SAID: Final = frozenset({"form_token", "step", "facility", "action"})


@router.get("")
def desk(visitor: Officer) -> Response:
    """Show both ways to bring business, and what was brought last."""
    return _desk(visitor, ())


def _desk(visitor: Visitor, flaws: tuple[Flaw, ...]) -> Response:
    institution = visitor.house.site.institution_id
    with visitor.house.database.reading(visitor.sight) as conn:
        runs = read_runs(conn, institution, after=None, most=_RECENT)
        waiting = count_open(conn, institution)
    works = visitor.house.works.owned(visitor.known.name)
    status = _UNFIT if flaws else HTTPStatus.OK
    values = {"runs": runs, "waiting": waiting, "works": works, "flaws": flaws}
    return page(visitor, "desk/index.html", status, **values)


@router.post("/files")
def send_files(visitor: Officer) -> Response:
    """Take in files of business, and a register file before them, as a long work."""
    sent = _files(visitor, "files")
    parties = _files(visitor, "parties")
    house = visitor.house
    if not sent and not parties:
        return _desk(visitor, (_no_file(),))
    folder = Path(tempfile.mkdtemp(prefix="qianhai-"))
    _save(sent, folder / "business")
    _save(parties, folder / "parties")
    title = ", ".join(Path(one.filename or "").name for one in (*sent, *parties))

    def act(work: Work) -> object:
        if not sent:
            return register_only(house, work, folder)
        return keep(house, work, folder, title)

    work = house.works.start(mark("Files of business"), visitor.known.name, act)
    return onward(visitor, f"/works/{work.id}")


def _files(visitor: Visitor, name: str) -> list[UploadFile]:
    values = visitor.form.getlist(name) if visitor.form else []
    return [one for one in values if isinstance(one, UploadFile) and one.filename]


def _save(files: list[UploadFile], folder: Path) -> None:
    """Keep uploads under their own names; a name twice gets its number, none leads elsewhere."""
    folder.mkdir()
    for number, one in enumerate(files, 1):
        name = Path((one.filename or "").replace("\\", "/")).name or f"{number}"
        path = folder / name
        if path.exists():
            path = folder / f"{number}-{name}"
        with path.open("wb") as kept:
            copyfileobj(one.file, kept)


def _no_file() -> Flaw:
    return Flaw(
        "W061",
        Place("form", column="files"),
        "",
        "a file",
        "Choose a file of business, or a register file, before sending.",
        "请先选择业务文件或登记簿文件，再提交。",
    )


@router.get("/new")
def choose(visitor: Officer) -> Response:
    """Ask which business is keyed in."""
    lines = [facility_line(one) for one in visitor.house.policy.pack.facilities.values()]
    wanted = visitor.request.query_params.get("q", "").strip().lower()
    if wanted:
        lines = [
            one
            for one in lines
            if wanted in f"{one['measure']} {one['id']} {one['zh']} {one['en']}".lower()
        ]
    lines.sort(key=lambda one: (int(str(one["measure"])), str(one["id"])))
    return page(visitor, "desk/choose.html", lines=lines, wanted=wanted)


@router.get("/new/{facility}/{action}")
def ask(visitor: Officer, facility: str, action: str) -> Response:
    """Show the form of one action, filled in with what the address says."""
    _facility(visitor, facility, action)
    number = uuid7(visitor.at, visitor.house.site.salts(_ID_BYTES)).hex[-12:].upper()
    fields = {"id": f"K-{number}", "value_date": visitor.on.isoformat()}
    fields |= dict(visitor.request.query_params)
    return _form(visitor, facility, action, fields, ())


@router.post("/new/{facility}/{action}")
def look(visitor: Officer, facility: str, action: str) -> Response:
    """Look at what was keyed in, change it, or send it."""
    _facility(visitor, facility, action)
    fields = _fields(visitor)
    if visitor.field("step") == "change":
        return _form(visitor, facility, action, fields, ())
    try:
        said = {"facility": facility, "action": action, **fields}
        instruction = instruction_of(visitor, said)
        if visitor.field("step") == "send":
            name = visitor.known.name
            sent = visitor.house.eyes.submit(instruction, by=name, at=visitor.at)
            if sent.answer is None:
                done = mark("It waits for a second person.")
                return onward(visitor, f"/approvals/of?id={quote(instruction.id)}", done)
            done = mark("It is on record.")
            return onward(visitor, f"/desk/answers?id={quote(instruction.id)}", done)
        preview, why = visitor.house.eyes.preview(instruction, at=visitor.at)
    except BadInput as fault:
        return _form(visitor, facility, action, fields, fault.flaws)
    seen = looked(visitor, preview, why)
    values = {"seen": seen.shown, "legs": seen.legs, "fields": fields}
    return page(visitor, "desk/look.html", **values, facility=facility, action=action)


def _facility(visitor: Visitor, facility: str, action: str) -> Facility:
    found = visitor.house.policy.pack.facilities.get(facility)
    if found is None or action not in found.actions:
        raise faults.not_found()
    return found


def _fields(visitor: Visitor) -> dict[str, str]:
    """Return what was typed, but for what is the form's own."""
    form = visitor.form
    names = list(form) if form else []
    found = {name: visitor.field(name) for name in names if name not in _NOT_SAID}
    for name in [one for one in found if one.endswith(_NONE)]:
        found[name.removesuffix(_NONE)] = found.pop(name)
    return {name: text for name, text in found.items() if text}


def _form(
    visitor: Visitor,
    facility: str,
    action: str,
    fields: Mapping[str, str],
    flaws: tuple[Flaw, ...],
) -> Response:
    document = keying_document(visitor.house.policy, facility, action)
    status = _UNFIT if flaws else HTTPStatus.OK
    return page(visitor, "desk/form.html", status, form=document, fields=fields, flaws=flaws)


@router.get("/parties")
def parties(visitor: Officer) -> Response:
    """Find parties of the register by id or open name, as of the day of the page."""
    values = _found(visitor)
    return page(visitor, "desk/parties.html", **values)


@router.get("/parties/options")
def party_options(visitor: Officer) -> Response:
    """Give the parties that fit what is being typed, for the field it is typed into."""
    return HTMLResponse(text_of(visitor, "desk/options.html", **_found(visitor)))


def _found(visitor: Visitor) -> dict[str, object]:
    asked = visitor.request.query_params
    field = asked.get("of") or "q"
    wanted = asked.get(field, "").strip()
    kinds = [one for one in asked.get("kinds", "").split(",") if one]
    with visitor.house.database.reading(visitor.sight) as conn:
        register = Register(conn, visitor.house.site.institution_id, visitor.on, visitor.at)
        found = register.parties_like(wanted, kinds, _FOUND_MAX) if wanted else []
    return {"found": found, "wanted": wanted, "kinds": ",".join(kinds)}
