"""The SQL of approvals, of the thresholds they follow from, and of the runs that were taken in.

Must not decide who may approve.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from qianhai.db import Connection
from qianhai.journal import Seal, insert_sealed


class ThresholdRow(NamedTuple):
    """Up to which amount of a currency one person suffices, from a day on."""

    number: int
    currency: str
    amount_minor: int | None
    first_day: date
    at: datetime
    actor: str


class StepRow(NamedTuple):
    """One step of an instruction on its way to a second person."""

    instruction_id: str
    step: int
    kind: str
    at: datetime
    actor: str
    facility: str
    subject: str
    content_hash: bytes
    content: str
    outcome: str
    answer: str
    explained: str
    why: str


class RunRow(NamedTuple):
    """A file that was taken in."""

    id: UUID
    title: str
    actor: str
    began_at: datetime
    ended_at: datetime
    summary: str


class RunLine(NamedTuple):
    """One instruction of a run: where it stood and what was done with it then."""

    number: int
    instruction_id: str
    file: str
    line: int | None
    state: str


def read_thresholds(conn: Connection, institution: str) -> list[ThresholdRow]:
    """Return every threshold that was ever set, in their order."""
    rows = conn.execute(
        "select number, currency, amount_minor, first_day, at, actor from instructions.thresholds"
        " where institution_id = %s order by number",
        (institution,),
    )
    return [ThresholdRow(*row) for row in rows]


def write_threshold(conn: Connection, row: Mapping[str, object]) -> list[Seal]:
    """Store a threshold, and return its seal."""
    return insert_sealed(conn, "instructions.thresholds", [row], ("institution_id", "number"))


def write_steps(conn: Connection, rows: Sequence[Mapping[str, object]]) -> list[Seal]:
    """Store steps, and return a seal for each."""
    key = ("institution_id", "instruction_id", "step")
    return insert_sealed(conn, "instructions.approvals", rows, key)


_STEPS: Final = f"select {', '.join(StepRow._fields)} from instructions.approvals"  # noqa: S608 - our own names


def _steps(rows: Sequence[tuple[Any, ...]]) -> list[StepRow]:
    return [StepRow(*row)._replace(content_hash=bytes(row[7])) for row in rows]


def read_steps(conn: Connection, institution: str, ids: Sequence[str]) -> list[StepRow]:
    """Return the steps of some instructions, those of each in their order."""
    query = f"{_STEPS} where institution_id = %s and instruction_id = any(%s) order by 1, 2"
    return _steps(conn.execute(query.encode(), (institution, list(ids))).fetchall())


_STANDING: Final = """
select s.instruction_id from instructions.approvals s
left join instructions.approvals e on e.institution_id = s.institution_id
    and e.instruction_id = s.instruction_id and e.step = 2
left join instructions.decisions d on d.institution_id = s.institution_id
    and d.instruction_id = s.instruction_id
where s.institution_id = %(institution)s and s.step = 1
  and case when %(is_open)s then coalesce(e.kind = 'approved' and d.instruction_id is null, true)
           else e.kind in ('rejected', 'withdrawn') or d.instruction_id is not null end
  and (%(actor)s::text is null or s.actor = %(actor)s)
  and (%(after)s::text is null or (s.at, s.instruction_id) %(turn)s
       (select at, instruction_id from instructions.approvals
        where institution_id = s.institution_id and instruction_id = %(after)s and step = 1))
order by s.at %(order)s, s.instruction_id %(order)s limit %(most)s
"""


def read_standing(
    conn: Connection,
    institution: str,
    *,
    is_open: bool,
    actor: str | None,
    after: str | None,
    most: int,
) -> list[str]:
    """Return the ids of what waits, the oldest first, or of what has ended, the newest first."""
    turn, order = (">", "asc") if is_open else ("<", "desc")
    query = _STANDING.replace("%(turn)s", turn).replace("%(order)s", order)
    named = {
        "institution": institution,
        "is_open": is_open,
        "actor": actor,
        "after": after,
        "most": most,
    }
    return [row[0] for row in conn.execute(query.encode(), named)]


def count_open(conn: Connection, institution: str) -> int:
    """Return how many instructions wait for a second person."""
    row = conn.execute(
        "select count(*) from instructions.approvals s where institution_id = %s and step = 1"
        " and not exists (select from instructions.approvals e where e.step = 2"
        " and e.institution_id = s.institution_id and e.instruction_id = s.instruction_id)",
        (institution,),
    ).fetchone()
    assert row is not None, "a count is one row"
    return int(row[0])


def waiting_hashes(conn: Connection, institution: str, ids: Sequence[str]) -> dict[str, bytes]:
    """Return the content hash of those of some ids that were ever submitted for approval."""
    rows = conn.execute(
        "select instruction_id, content_hash from instructions.approvals"
        " where institution_id = %s and step = 1 and instruction_id = any(%s)",
        (institution, list(ids)),
    )
    return {row[0]: bytes(row[1]) for row in rows}


def lock_approval(conn: Connection, institution: str, instruction_id: str) -> None:
    """Have those who decide on one instruction take turns until this transaction ends."""
    conn.execute(
        "select pg_advisory_xact_lock(hashtextextended('instructions.approvals ' || %s || %s, 0))",
        (institution, instruction_id),
    )


def lock_thresholds(conn: Connection) -> None:
    """Have those who set thresholds take turns until this transaction ends."""
    conn.execute("select pg_advisory_xact_lock(hashtext('instructions.thresholds'))")


def write_run(conn: Connection, row: Mapping[str, object]) -> list[Seal]:
    """Store a run, and return its seal."""
    return insert_sealed(conn, "instructions.runs", [row], ("institution_id", "id"))


def write_run_lines(
    conn: Connection, institution: str, run: UUID, lines: Sequence[RunLine]
) -> None:
    """Store the lines of a run."""
    columns = "institution_id, run, number, instruction_id, file, line, state"
    statement = f"copy instructions.run_lines ({columns}) from stdin"
    with conn.cursor() as cursor, cursor.copy(statement.encode()) as copied:
        for one in lines:
            copied.write_row((institution, run, *one))


def read_runs(conn: Connection, institution: str, *, after: UUID | None, most: int) -> list[RunRow]:
    """Return runs, the newest first, those after one in that order."""
    rows = conn.execute(
        f"select {', '.join(RunRow._fields)} from instructions.runs"  # noqa: S608 - our own names
        " where institution_id = %s and (%s::uuid is null or id < %s) order by id desc limit %s",
        (institution, after, after, most),
    )
    return [RunRow(*row) for row in rows]


def read_run(conn: Connection, institution: str, run: UUID) -> RunRow | None:
    """Return one run."""
    row = conn.execute(
        f"select {', '.join(RunRow._fields)} from instructions.runs"  # noqa: S608 - our own names
        " where institution_id = %s and id = %s",
        (institution, run),
    ).fetchone()
    return RunRow(*row) if row else None


def read_run_lines(
    conn: Connection, institution: str, run: UUID, *, after: int = 0, most: int
) -> list[RunLine]:
    """Return lines of a run in their order, those after a number."""
    rows = conn.execute(
        "select number, instruction_id, file, line, state from instructions.run_lines"
        " where institution_id = %s and run = %s and number > %s order by number limit %s",
        (institution, run, after, most),
    )
    return [RunLine(*row) for row in rows]
