"""SQL of decisions looked up one by one, in pages or by transfer, and of the keys of senders."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from qianhai.db import Connection
from qianhai.instructions.store import HistoryRow


class PastLine(NamedTuple):
    """A decision on record as a line of a list."""

    id: str
    facility: str
    action: str
    clause: str
    outcome: str
    value_on: date
    decided_at: datetime
    ledger_result: str
    ledger_seq: int | None
    continues: str | None
    pack_hash: str


_LINES = """
select i.id, i.facility, i.action, d.clause, d.outcome, i.value_on, d.decided_at, d.ledger_result,
       d.ledger_seq, i.continues, d.pack_hash
from instructions.decisions d
join instructions.instructions i on i.institution_id = d.institution_id and i.id = d.instruction_id
where d.institution_id = %(institution)s
  and (%(before_at)s::timestamptz is null
       or (d.decided_at, d.instruction_id) < (%(before_at)s, %(before_id)s::text))
  and (%(subject)s::text is null or i.parties::jsonb ->> 'subject' = %(subject)s)
  and (%(party)s::text is null or exists (
        select from jsonb_each_text(i.parties::jsonb -> 'parties') p where p.value = %(party)s))
  and (%(number)s::text is null or i.id = %(number)s)
  and (%(facility)s::text is null or i.facility = %(facility)s)
  and (%(outcome)s::text is null or d.outcome = %(outcome)s)
  and (%(clause)s::text is null or d.clause = %(clause)s)
  and (%(since)s::date is null or i.value_on >= %(since)s)
  and (%(until)s::date is null or i.value_on <= %(until)s)
order by d.decided_at desc, d.instruction_id desc limit %(most)s
"""


def read_lines(
    conn: Connection, institution: str, wanted: Mapping[str, object], most: int
) -> list[PastLine]:
    """Return decisions, the newest first, so many at most."""
    rows = conn.execute(_LINES, {"institution": institution, "most": most, **wanted})
    return [PastLine(*row) for row in rows]


_ONE = """
select i.id, i.facility, i.action, i.value_on, d.decided_at, d.known_at, d.pack_hash, d.facts,
       d.answers, d.explained, d.ledger_result, i.parties, i.facts, d.ledger_seq
from instructions.decisions d
join instructions.instructions i on i.institution_id = d.institution_id and i.id = d.instruction_id
where d.institution_id = %s and d.instruction_id = %s
"""


def read_one(
    conn: Connection, institution: str, number: str
) -> tuple[HistoryRow, int | None] | None:
    """Return a decision with what it saw, as it rests, and its place in the ledger."""
    row = conn.execute(_ONE, (institution, number)).fetchone()
    return (HistoryRow(*row[:-1]), row[-1]) if row else None


_MADE = """
select i.id, i.facility, i.action, d.clause, d.outcome, i.value_on, d.decided_at, d.ledger_result,
       d.ledger_seq, i.continues, d.pack_hash
from instructions.decisions d
join instructions.instructions i on i.institution_id = d.institution_id and i.id = d.instruction_id
where d.institution_id = %s and {} order by d.instruction_id
"""


def read_made(
    conn: Connection, institution: str, *, number: str = "", block: UUID | None = None
) -> list[PastLine]:
    """Return the decision of one instruction, or those of a block."""
    if block is not None:
        query = _MADE.format("i.block = %s and d.block = i.block")
        return [PastLine(*row) for row in conn.execute(query.encode(), (institution, block))]
    query = _MADE.format("d.instruction_id = %s")
    return [PastLine(*row) for row in conn.execute(query.encode(), (institution, number))]


def read_posted(conn: Connection, institution: str, seqs: Sequence[int]) -> dict[int, PastLine]:
    """Return the decisions whose chains ended with some transfers, by the transfer."""
    query = _MADE.format("d.ledger_seq = any(%s)")
    found = (PastLine(*row) for row in conn.execute(query.encode(), (institution, list(seqs))))
    return {one.ledger_seq: one for one in found if one.ledger_seq is not None}


def claim_key(conn: Connection, row: Mapping[str, Any]) -> tuple[str, bytes]:
    """Keep what a key was first sent with, and return that: its instruction and content."""
    conn.execute(
        "insert into instructions.idempotency_keys"
        " (institution_id, sender, key, instruction_id, content_hash, first_at) values"
        " (%(institution_id)s, %(sender)s, %(key)s, %(instruction_id)s, %(content_hash)s,"
        " %(first_at)s) on conflict do nothing",
        row,
    )
    found = conn.execute(
        "select instruction_id, content_hash from instructions.idempotency_keys"
        " where institution_id = %(institution_id)s and sender = %(sender)s and key = %(key)s",
        row,
    ).fetchone()
    assert found is not None, "the row was inserted, or was there"
    return found[0], bytes(found[1])
