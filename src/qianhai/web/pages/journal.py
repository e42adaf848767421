"""The journal: decisions found and read again, entries with what they seal, the chain verified.

Facts of a person stay masked until who asks says what for; that reading is itself an entry. Must
not judge: what a decision comes to again is said by the road.
"""

from datetime import date, datetime, time, timedelta
from http import HTTPStatus
from itertools import islice
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from qianhai import journal, ledger, views
from qianhai.identity import Role
from qianhai.instructions import PastLine, Search
from qianhai.kernel import SHANGHAI, BadInput, Flaw, Outcome, Place, parse_date
from qianhai.web import faults
from qianhai.web.access import allow
from qianhai.web.files import rows_file
from qianhai.web.messages import mark
from qianhai.web.navigation import Entry
from qianhai.web.pages.subject import Subject
from qianhai.web.render import onward, page
from qianhai.web.site import House
from qianhai.web.visitor import Visitor
from qianhai.web.works import Work

router: Final = APIRouter(prefix="/journal")
_ROLES: Final = (Role.AUDITOR, Role.SUPERVISOR)
subject: Final = Subject(
    router,
    (
        Entry(
            mark("Journal"),
            mark("Every decision on record, found, judged again and proven."),
            "/journal",
            frozenset(_ROLES),
            order=600,
        ),
    ),
)
Auditor = Annotated[Visitor, allow(*_ROLES)]
_PAGE: Final = 50
_FILE_LINES_MAX: Final = 50_000
_FLAWS_MAX: Final = 1_000
_PURPOSE_MAX: Final = 200
_DAY: Final = timedelta(days=1)
_UNFIT: Final = HTTPStatus.UNPROCESSABLE_ENTITY


@router.get("")
def decisions(visitor: Auditor) -> Response:
    """Find decisions by party, instruction, clause, business, outcome and value date."""
    query = visitor.request.query_params
    wanted = {name: query.get(name, "").strip() or None for name in _SEARCHED}
    is_file = "format" in query
    search = Search(
        **wanted,
        since=_day(query.get("since")),
        until=_day(query.get("until")),
        before=_cursor(query.get("after")),
    )
    most = _FILE_LINES_MAX if is_file else _PAGE + 1
    with visitor.house.database.reading(visitor.sight) as conn:
        found = visitor.house.past.lines(conn, search, most)
    lines = [views.past_line(one) for one in (found if is_file else found[:_PAGE])]
    rows = views.cells(lines, views.PAST_COLUMNS)
    if file := rows_file(visitor, "decisions", views.PAST_COLUMNS, rows):
        return file
    return page(
        visitor,
        "journal/decisions.html",
        lines=lines,
        wanted=wanted,
        outcomes=list(Outcome),
        facilities=visitor.house.policy.pack.facilities,
        after=_after(found[_PAGE - 1]) if len(found) > _PAGE else None,
    )


_SEARCHED: Final = ("party", "number", "clause", "facility", "outcome")


@router.get("/decisions/{number}")
def decision(visitor: Auditor, number: str) -> Response:
    """Show a decision and judge it again; of a person only that it is there."""
    house = visitor.house
    with house.database.reading(visitor.sight) as conn:
        found = house.past.lines(conn, Search(number=number), 1)
        is_personal = house.past.is_of_a_person(conn, number)
    if not found:
        raise faults.not_found()
    line = views.past_line(found[0])
    if is_personal:
        return page(visitor, "journal/masked.html", line=line, flaws=())
    return _shown(visitor, line, "")


@router.post("/decisions/{number}")
def reveal(visitor: Auditor, number: str) -> Response:
    """Show a decision of a person to who says what for; the reading is on record first."""
    house = visitor.house
    with house.database.reading(visitor.sight) as conn:
        found = house.past.lines(conn, Search(number=number), 1)
    if not found:
        raise faults.not_found()
    line, purpose = views.past_line(found[0]), visitor.field("purpose")
    if not purpose or len(purpose) > _PURPOSE_MAX or not purpose.isprintable():
        return page(visitor, "journal/masked.html", _UNFIT, line=line, flaws=(_no_purpose(),))
    return _shown(visitor, line, purpose)


def _shown(visitor: Visitor, line: dict[str, Any], purpose: str) -> Response:
    """Open a decision, judge it again by its own pack, and show both."""
    house, number = visitor.house, str(line["id"])
    told = f"decision {number}: {purpose}" if purpose else ""
    with house.database.transaction() as conn:
        past = house.past.one(conn, number, by=visitor.known.name, at=visitor.at, purpose=told)
    if past is None:
        return page(visitor, "journal/erased.html", line=line)
    document = views.past_page(past, house.past.again(past))
    return page(
        visitor, "journal/decision.html", line=line, document=document, is_revealed=bool(purpose)
    )


@router.get("/entries")
def entries(visitor: Auditor) -> Response:
    """Find entries by kind, subject, actor and the days they were written."""
    query = visitor.request.query_params
    wanted: dict[str, Any] = {
        name: query.get(name, "").strip() or None for name in ("kind", "subject", "actor")
    }
    since, until = _day(query.get("since")), _day(query.get("until"))
    is_file = "format" in query
    institution = visitor.house.site.institution_id
    with visitor.house.database.reading(visitor.sight) as conn:
        found = journal.entries(
            conn,
            institution,
            **wanted,
            since=_begin(since),
            until=_begin(until + _DAY) if until and until < date.max else None,
            before=_seq(query.get("after")),
            most=_FILE_LINES_MAX if is_file else _PAGE + 1,
        )
        kinds = journal.kinds(conn, institution)
    lines = [views.entry_line(one) for one in (found if is_file else found[:_PAGE])]
    rows = views.cells(lines, views.ENTRY_COLUMNS)
    if file := rows_file(visitor, "entries", views.ENTRY_COLUMNS, rows):
        return file
    after = str(found[_PAGE - 1].seq) if len(found) > _PAGE else None
    return page(
        visitor, "journal/entries.html", lines=lines, wanted=wanted, kinds=kinds, after=after
    )


@router.get("/entries/{seq}")
def entry(visitor: Auditor, seq: str) -> Response:
    """Show one entry with the rows it seals."""
    number = _seq(seq)
    institution = visitor.house.site.institution_id
    with visitor.house.database.reading(visitor.sight) as conn:
        opened = journal.entry(conn, institution, number) if number else None
        if opened is None:
            raise faults.not_found()
        made = _made(visitor.house, conn, opened)
    document = views.opened_document(opened)
    return page(
        visitor,
        "journal/entry.html",
        entry=document,
        made=[views.past_line(one) for one in made[:_PAGE]],
        made_count=len(made),
    )


def _made(house: House, conn: Any, opened: journal.Opened) -> list[PastLine]:  # noqa: ANN401
    """Return the decisions an entry tells of, where it tells of some."""
    found = opened.found
    if found.kind == "decision":
        return house.past.made(conn, number=found.subject)
    if found.kind == "decisions":
        return house.past.made(conn, block=UUID(found.subject))
    return []


@router.get("/verify")
def verify(visitor: Auditor) -> Response:
    """Ask for heads that were noted elsewhere, and show where the chains end now."""
    return _verify_page(visitor)


@router.post("/verify")
def start_verifying(visitor: Auditor) -> Response:
    """Begin to recompute the journal and the ledger from their start."""
    try:
        kept = _heads(visitor.field("journal"), visitor.field("ledger"))
    except BadInput as fault:
        return _verify_page(visitor, _UNFIT, fault.flaws)
    house = visitor.house
    work = house.works.start(
        mark("Verifying the books"), visitor.known.name, lambda work: _verified(house, work, *kept)
    )
    return onward(visitor, f"/journal/verify/{work.id}")


@router.get("/verify/{work_id}")
def verified(visitor: Auditor, work_id: UUID) -> Response:
    """Show how far a verification is, and what it found."""
    work = visitor.house.works.of(work_id)
    if work is None or work.owner != visitor.known.name:
        raise faults.not_found()
    return page(visitor, "journal/verified.html", work=work, result=work.result)


def _verify_page(
    visitor: Visitor, status: HTTPStatus = HTTPStatus.OK, flaws: tuple[Flaw, ...] = ()
) -> Response:
    with visitor.house.database.reading(visitor.sight) as conn:
        heads = journal.head(conn).text(), ledger.head(conn).text()
    return page(visitor, "journal/verify.html", status, heads=heads, flaws=flaws)


def _verified(
    house: House, work: Work, kept: journal.Head | None, kept_ledger: ledger.Head | None
) -> dict[str, Any]:
    """Recompute both chains; each is read as it stands at one moment."""
    with house.database.transaction() as conn:
        now = journal.head(conn)
        work.enter(mark("recomputing the journal"))
        flaws = list(islice(journal.verify(conn, kept), _FLAWS_MAX))
    with house.database.transaction() as conn:
        work.enter(mark("recomputing the ledger"))
        flaws += islice(ledger.verify(conn, kept_ledger), _FLAWS_MAX)
        ledger_now = ledger.head(conn)
    return {
        "flaws": flaws,
        "journal": now.text(),
        "ledger": ledger_now.text(),
        "kept": [one.text() for one in (kept, kept_ledger) if one],
    }


def _heads(journal_text: str, ledger_text: str) -> tuple[journal.Head | None, ledger.Head | None]:
    """Read the heads somebody noted; none where a field is empty.

    Raises:
        BadInput: a text is no head.
    """
    flaws: list[Flaw] = []
    kept, kept_ledger = None, None
    try:
        kept = journal.Head.parse(journal_text) if journal_text else None
    except BadInput as fault:
        first = fault.flaws[0]
        place = Place("form", column="journal")
        flaws.append(Flaw(first.code, place, first.value, first.expected, first.en, first.zh))
    try:
        kept_ledger = ledger.Head.parse(ledger_text) if ledger_text else None
    except ValueError:
        flaws.append(
            Flaw(
                "C021",
                Place("form", column="ledger"),
                ledger_text,
                "a head such as ledger-12-3fa0…",
                f"`{ledger_text}` is no head of a ledger. Copy it from the summary of the day.",
                f"“{ledger_text}”不是账本链头，请从当日汇总中原样复制。",
            )
        )
    if flaws:
        raise BadInput(flaws)
    return kept, kept_ledger


def _no_purpose() -> Flaw:
    return Flaw(
        "W211",
        Place("form", column="purpose"),
        "",
        f"1 to {_PURPOSE_MAX} printable characters",
        "Say what you read a person's data for; it is kept with your name.",
        "请说明查阅个人数据的用途；用途将与您的姓名一并记录。",
    )


def _after(line: PastLine) -> str:
    return f"{line.decided_at.isoformat()}~{line.id}"


def _cursor(text: str | None) -> tuple[datetime, str] | None:
    """Return the place a page goes on from; a text that is none is a page that is not there."""
    if not text:
        return None
    at, _, number = text.partition("~")
    try:
        found = datetime.fromisoformat(at)
    except ValueError:
        raise faults.not_found() from None
    if found.tzinfo is None or not number:
        raise faults.not_found()
    return found, number


def _seq(text: str | None) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or len(text) > 18:  # noqa: PLR2004 - more is no number of an entry
        raise faults.not_found()
    return int(text)


def _day(text: str | None) -> date | None:
    if not text:
        return None
    try:
        return parse_date(text)
    except ValueError:
        raise faults.bad_day() from None


def _begin(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), SHANGHAI)
