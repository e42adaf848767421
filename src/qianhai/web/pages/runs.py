"""Runs: the files that were taken in, each with its sums and outcomes, and one answer on its own.

Must not decide; what it shows is on record.
"""

import json
from collections.abc import Iterator
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from qianhai.db import Connection
from qianhai.identity import Role
from qianhai.instructions import (
    Answer,
    RunLine,
    answers_of,
    read_run,
    read_run_lines,
    read_runs,
)
from qianhai.messages import Cell
from qianhai.views import OUTCOME_COLUMNS, Document, outcome_document, outcome_line, sentence
from qianhai.web import faults
from qianhai.web.access import Member, allow
from qianhai.web.files import rows_file
from qianhai.web.keyed import answered, saw
from qianhai.web.messages import mark
from qianhai.web.navigation import Entry
from qianhai.web.pages.subject import Subject
from qianhai.web.render import page
from qianhai.web.visitor import Visitor

router: Final = APIRouter(prefix="/desk")
subject: Final = Subject(
    router,
    (
        Entry(
            mark("Runs"),
            mark("What became of each file that was sent, line by line."),
            "/desk/runs",
            frozenset({Role.BANK_OFFICER, Role.APPROVER, Role.AUDITOR}),
            order=210,
        ),
    ),
)
Looker = Annotated[Visitor, allow(Role.BANK_OFFICER, Role.APPROVER, Role.AUDITOR)]
_PAGE: Final = 50
_LINES: Final = 100
_CHUNK: Final = 1_000
_FLAWS: Final = ("file", "line", "column", "code", "value", "expected", "zh", "en")


@router.get("/runs")
def runs(visitor: Looker) -> Response:
    """List the files that were taken in, the newest first."""
    after = visitor.request.query_params.get("after")
    try:
        cursor = UUID(after) if after else None
    except ValueError:
        raise faults.not_found() from None
    institution = visitor.house.site.institution_id
    with visitor.house.database.reading(visitor.sight) as conn:
        found = read_runs(conn, institution, after=cursor, most=_PAGE + 1)
    rows = [(one, json.loads(one.summary)) for one in found[:_PAGE]]
    table = (
        {
            "id": str(one.id),
            "title": one.title,
            "actor": one.actor,
            "began_at": one.began_at.isoformat(),
            "ended_at": one.ended_at.isoformat(),
            **{name: told[name] for name in ("lines", "waiting", "repeated")},
            **told["outcomes"],
        }
        for one, told in rows
    )
    columns = ("id", "title", "actor", "began_at", "ended_at", "lines", "waiting", "repeated")
    outcomes = ("permitted", "ordinary", "register_first", "referred", "incomplete", "refused")
    if file := rows_file(visitor, "runs", (*columns, *outcomes), table):
        return file
    more = str(rows[-1][0].id) if len(found) > _PAGE else ""
    return page(visitor, "desk/runs.html", rows=rows, after=more)


@router.get("/runs/{run_id}")
def run(visitor: Looker, run_id: UUID) -> Response:
    """Show one run: its sums, and what became of each line; all of it as a file."""
    institution = visitor.house.site.institution_id
    asked = visitor.request.query_params
    with visitor.house.database.reading(visitor.sight) as conn:
        found = read_run(conn, institution, run_id)
    if found is None:
        raise faults.not_found()
    if asked.get("format") == "jsonl":
        return _jsonl(visitor, run_id)
    if file := rows_file(visitor, "outcomes", ("state", *OUTCOME_COLUMNS), _rows(visitor, run_id)):
        return file
    text = asked.get("after") or "0"
    after = int(text) if text.isdecimal() and len(text) < 10 else 0  # noqa: PLR2004
    with visitor.house.database.reading(visitor.sight) as conn:
        lines = read_run_lines(conn, institution, run_id, after=after, most=_LINES + 1)
    shown = list(_answered(visitor, lines[:_LINES]))
    pack = visitor.house.policy.pack
    told = [(line, one, sentence(pack, one.decision) if one else None) for line, one in shown]
    more = str(lines[_LINES - 1].number) if len(lines) > _LINES else ""
    values = {"run": found, "summary": json.loads(found.summary), "lines": told}
    return page(visitor, "desk/run.html", **values, after=more)


@router.get("/answers")
def answer(visitor: Looker) -> Response:
    """Show one answer that is on record, whole."""
    number = visitor.request.query_params.get("id", "")
    seen = answered(visitor, number)
    if seen is None:
        raise faults.not_found()
    return page(visitor, "desk/answer.html", seen=seen.shown, legs=seen.legs)


@router.get("/flaws/{work_id}")
def flaws(visitor: Member, work_id: UUID) -> Response:
    """Show every flaw of files that were not taken in: where, what, expected, what to do."""
    work = visitor.house.works.of(work_id)
    if work is None or work.owner != visitor.known.name:
        raise faults.not_found()
    rows: Iterator[dict[str, Cell]] = (
        {
            "file": one.place.file,
            "line": one.place.line,
            "column": one.place.column,
            "code": one.code,
            "value": one.value[:200],
            "expected": one.expected,
            "zh": one.zh,
            "en": one.en,
        }
        for one in work.flaws
    )
    if file := rows_file(visitor, "flaws", _FLAWS, rows):
        return file
    return page(visitor, "desk/flaws.html", work=work)


def _portions(visitor: Visitor, run_id: UUID) -> Iterator[list[RunLine]]:
    """Yield all lines of a run, some at a time."""
    institution, last = visitor.house.site.institution_id, 0
    while True:
        with visitor.house.database.reading(visitor.sight) as conn:
            lines = read_run_lines(conn, institution, run_id, after=last, most=_CHUNK)
        if not lines:
            return
        yield lines
        last = lines[-1].number


def _answered(visitor: Visitor, lines: list[RunLine]) -> Iterator[tuple[RunLine, Answer | None]]:
    """Yield lines with their answers; none where it waits, was rejected, or was erased."""
    with visitor.house.database.transaction() as conn:
        found = _answers(visitor, conn, [one.instruction_id for one in lines])
    for line in lines:
        yield line, found.get(line.instruction_id)


def _answers(visitor: Visitor, conn: Connection, ids: list[str]) -> dict[str, Answer]:
    """Return answers on record, and write down whose business was seen."""
    house = visitor.house
    recorder, policy = house.roads.home.recorder, house.policy
    found, subjects = answers_of(conn, recorder, policy, house.site.institution_id, ids)
    if subjects:
        saw(visitor, conn, sorted(subjects), "outcomes")
    return found


def _rows(visitor: Visitor, run_id: UUID) -> Iterator[dict[str, Cell]]:
    pack = visitor.house.policy.pack
    for lines in _portions(visitor, run_id):
        for line, found in _answered(visitor, lines):
            cells: dict[str, Cell] = {"id": line.instruction_id}
            if found:
                told = outcome_line(pack, found, outcome_document(pack, found))
                cells = dict(zip(OUTCOME_COLUMNS, told, strict=True))
            state = line.state if found or line.state != "answered" else "erased"
            state = "answered" if found and line.state == "waiting" else state
            yield cells | {"state": state, "file": line.file, "line": line.line}


def _jsonl(visitor: Visitor, run_id: UUID) -> Response:
    """Return the outcomes of a run as JSON lines."""
    pack, texts = visitor.house.policy.pack, []
    for lines in _portions(visitor, run_id):
        for line, found in _answered(visitor, lines):
            told: Document = {"id": line.instruction_id, "state": line.state}
            if found:
                told |= outcome_document(pack, found)
            told |= {"file": line.file, "line": line.line}
            texts.append(json.dumps(told, ensure_ascii=False))
    headers = {
        "Content-Disposition": f'attachment; filename="outcomes-{visitor.on.isoformat()}.jsonl"'
    }
    content = "".join(text + "\n" for text in texts)
    return Response(content, media_type="application/jsonl", headers=headers)
