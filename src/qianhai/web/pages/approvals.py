"""Approvals: what waits for a second person, looked at again, approved once or rejected.

Must not decide who may: the room of instructions and the database hold that.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter
from starlette.responses import Response

from qianhai.db import Connection
from qianhai.identity import Role
from qianhai.instructions import Approval, Preview, read_standing
from qianhai.kernel import BadInput, Flaw
from qianhai.views import reasons_document, waits_texts
from qianhai.web import faults
from qianhai.web.access import allow
from qianhai.web.files import rows_file
from qianhai.web.keyed import looked, saw
from qianhai.web.messages import mark
from qianhai.web.navigation import Entry
from qianhai.web.pages.subject import Subject
from qianhai.web.render import onward, page
from qianhai.web.visitor import Visitor

router: Final = APIRouter(prefix="/approvals")
subject: Final = Subject(
    router,
    (
        Entry(
            mark("Approvals"),
            mark("What waits for a second person."),
            "/approvals",
            frozenset({Role.BANK_OFFICER, Role.APPROVER, Role.AUDITOR}),
            order=220,
        ),
    ),
)
Looker = Annotated[Visitor, allow(Role.BANK_OFFICER, Role.APPROVER, Role.AUDITOR)]
Approver = Annotated[Visitor, allow(Role.APPROVER)]
Officer = Annotated[Visitor, allow(Role.BANK_OFFICER)]
_PAGE: Final = 50
_UNFIT: Final = HTTPStatus.UNPROCESSABLE_ENTITY
_COLUMNS: Final = (
    "id", "facility", "state", "submitted_by", "submitted_at", "outcome", "currency", "amount",
    "decided_by", "decided_at", "why",
)  # fmt: skip


@router.get("")
def waiting(visitor: Looker) -> Response:
    """List what waits, the oldest first."""
    return _list(visitor, is_open=True)


@router.get("/ended")
def ended(visitor: Looker) -> Response:
    """List what was decided on, the newest first."""
    return _list(visitor, is_open=False)


def _list(visitor: Visitor, *, is_open: bool) -> Response:
    house, asked = visitor.house, visitor.request.query_params
    institution = house.site.institution_id
    actor = visitor.known.name if asked.get("whose") == "mine" else None
    after = asked.get("after")
    with house.database.reading(visitor.sight) as conn:
        ids = read_standing(
            conn, institution, is_open=is_open, actor=actor, after=after, most=_PAGE + 1
        )
        with house.database.transaction() as keys:
            found = house.eyes.approvals.named(conn, ids[:_PAGE], keys)
            saw(visitor, keys, [one.subject for one in found], "approvals")
    if file := rows_file(visitor, "approvals", _COLUMNS, map(_row, found)):
        return file
    pack = house.policy.pack
    rows = [(one, pack.facilities.get(one.facility)) for one in found]
    more = ids[_PAGE - 1] if len(ids) > _PAGE else ""
    values = {"rows": rows, "after": more, "is_open": is_open, "waits_texts": waits_texts}
    return page(visitor, "approvals/index.html", **values)


def _row(one: Approval) -> dict[str, str | None]:
    verdict = one.verdict
    return {
        "id": one.id,
        "facility": one.facility,
        "state": one.state,
        "submitted_by": one.submission.actor,
        "submitted_at": one.submission.at.isoformat(),
        "outcome": one.submission.outcome,
        "currency": one.waits.currency if one.waits else None,
        "amount": one.waits.amount if one.waits else None,
        "decided_by": verdict.actor if verdict else None,
        "decided_at": verdict.at.isoformat() if verdict else None,
        "why": verdict.why if verdict else None,
    }


@router.get("/of")
def one(visitor: Looker) -> Response:
    """Show one instruction that was submitted, and what it would come to now."""
    return _one(visitor, visitor.request.query_params.get("id", ""), ())


def _one(
    visitor: Visitor,
    number: str,
    flaws: tuple[Flaw, ...],
    preview: Preview | None = None,
    *,
    has_changed: bool = False,
) -> Response:
    house = visitor.house
    with house.database.reading(visitor.sight) as conn, house.database.transaction() as keys:
        found = house.eyes.approvals.named(conn, [number], keys)
    if not found:
        raise faults.not_found()
    (asked,) = found
    name = visitor.known.name
    is_own = asked.submission.actor.lower() == name.lower()
    is_alive = asked.state in {"submitted", "approved"} and asked.instruction is not None
    if is_alive and preview is None:
        preview = house.eyes.look(asked, at=visitor.at)
    seen = looked(visitor, preview, asked.waits) if preview else None
    pack = house.policy.pack
    values = {
        "asked": asked,
        "facility": pack.facilities.get(asked.facility),
        "then": reasons_document(pack, asked.reasons),
        "waits": waits_texts(asked.waits) if asked.waits else None,
        "seen": seen.shown if seen else None,
        "legs": seen.legs if seen else [],
        "is_own": is_own,
        "is_booked": bool(preview and preview.answer.is_repeat),
        "is_moved": bool(preview and preview.mark != asked.submission.answer),
        "has_changed": has_changed,
        "may_decide": Role.APPROVER in visitor.roles and not is_own,
        "flaws": flaws,
    }
    status = _UNFIT if flaws else HTTPStatus.CONFLICT if has_changed else HTTPStatus.OK
    return page(visitor, "approvals/one.html", status, **values)


@router.post("/approve")
def approve(visitor: Approver) -> Response:
    """Approve what waits on the answer that was seen, and book it once."""
    number, seen = visitor.field("id"), visitor.field("seen")
    try:
        by = visitor.known.name
        decided = visitor.house.eyes.approve(number, seen, by=by, at=visitor.at)
    except BadInput as fault:
        return _one(visitor, number, fault.flaws)
    if decided.answer is None:
        return _one(visitor, number, (), decided.preview, has_changed=True)
    done = mark("It is approved and on record.")
    if not decided.is_as_seen:
        done = mark("It is approved; on the books it came out otherwise than you saw. Look at it.")
    return onward(visitor, f"/desk/answers?id={quote(number)}", done)


@router.post("/reject")
def reject(visitor: Approver) -> Response:
    """Turn down what waits, with a reason."""

    def act(conn: Connection, number: str) -> None:
        by, why = visitor.known.name, visitor.field("why")
        visitor.house.eyes.approvals.reject(conn, number, why=why, by=by, at=visitor.at)

    return _step(visitor, act, mark("It is rejected."))


@router.post("/withdraw")
def withdraw(visitor: Officer) -> Response:
    """Take back what one submitted."""

    def act(conn: Connection, number: str) -> None:
        by = visitor.known.name
        visitor.house.eyes.approvals.withdraw(conn, number, by=by, at=visitor.at)

    return _step(visitor, act, mark("It is withdrawn."))


def _step(visitor: Visitor, act: Callable[[Connection, str], None], done: str) -> Response:
    number = visitor.field("id")
    try:
        with visitor.house.database.transaction() as conn:
            act(conn, number)
    except BadInput as fault:
        return _one(visitor, number, fault.flaws)
    return onward(visitor, f"/approvals/of?id={quote(number)}", done)
