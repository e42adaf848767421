"""The only SQL of the road: instructions, decisions, packs and the outbox."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from itertools import islice
from typing import Any, Final, NamedTuple
from uuid import UUID

import pyarrow as pa
from psycopg.rows import dict_row
from pyarrow.csv import WriteOptions, write_csv

from qianhai.db import Connection
from qianhai.instructions.model import Drawn
from qianhai.instructions.rows import Rows
from qianhai.journal import Seal, insert_block, insert_sealed

#: By what a version of a record is one.
REPORT_KEY: Final = ("institution_id", "instruction_id", "kind", "version")


def stored_hashes(conn: Connection, institution: str, ids: Sequence[str]) -> dict[str, bytes]:
    """Return the content hash of every id that is on record."""
    rows = conn.execute(
        "select id, content_hash from instructions.instructions"
        " where institution_id = %s and id = any(%s)",
        (institution, list(ids)),
    ).fetchall()
    return {row[0]: bytes(row[1]) for row in rows}


_INSTRUCTIONS = """
select i.id, i.root, i.facility, i.action, d.outcome, i.value_on, i.chain_id, i.parties, i.facts,
       d.draws, d.decided_at
from instructions.instructions i
join instructions.decisions d on d.institution_id = i.institution_id and d.instruction_id = i.id
where i.institution_id = %s and i.id = any(%s)
"""


def read_instructions(
    conn: Connection, institution: str, ids: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Return stored instructions by id, each with its decision's outcome and draws."""
    names = (
        "id",
        "root",
        "facility",
        "action",
        "outcome",
        "value_on",
        "chain_id",
        "parties",
        "facts",
        "draws",
        "decided_at",
    )
    found = {}
    for row in conn.execute(_INSTRUCTIONS, (institution, list(ids))):
        kept = dict(zip(names, row, strict=True))
        for name in ("parties", "draws"):
            kept[name] = json.loads(kept[name])
        found[kept["id"]] = kept
    return found


class StoredDecision(NamedTuple):
    """A decision on record, with the parties of its instruction."""

    instruction_id: str
    explained: str
    answers: str
    pack_hash: str
    ledger_result: str
    ledger_seq: int | None
    parties: str
    draws: str


def read_decisions(
    conn: Connection, institution: str, ids: Sequence[str]
) -> dict[str, StoredDecision]:
    """Return the decisions of instructions, by the id of each."""
    rows = conn.execute(
        "select d.instruction_id, d.explained, d.answers, d.pack_hash, d.ledger_result,"
        " d.ledger_seq, i.parties, d.draws"
        " from instructions.decisions d join instructions.instructions i"
        "  on i.institution_id = d.institution_id and i.id = d.instruction_id"
        " where d.institution_id = %s and d.instruction_id = any(%s)",
        (institution, list(ids)),
    )
    return {row[0]: StoredDecision(*row) for row in rows}


def read_pack(conn: Connection, institution: str, pack_hash: str) -> bytes:
    """Return a stored pack."""
    row = conn.execute(
        "select files from instructions.packs where institution_id = %s and hash = %s",
        (institution, pack_hash),
    ).fetchone()
    assert row, "a pack that decided is on record"
    return bytes(row[0])


class PackLine(NamedTuple):
    """A pack on record."""

    hash: str
    version: str
    first_used_at: datetime


def read_packs(conn: Connection, institution: str) -> list[PackLine]:
    """Return every pack on record, the newest first."""
    rows = conn.execute(
        "select hash, version, first_used_at from instructions.packs where institution_id = %s"
        " order by first_used_at desc, hash",
        (institution,),
    )
    return [PackLine(*row) for row in rows]


def has_pack(conn: Connection, institution: str, pack_hash: str) -> bool:
    """Tell whether a pack is stored already."""
    return (
        conn.execute(
            "select 1 from instructions.packs where institution_id = %s and hash = %s",
            (institution, pack_hash),
        ).fetchone()
        is not None
    )


def write_pack(
    conn: Connection,
    institution: str,
    pack_hash: str,
    version: str,
    files: bytes,
    at: datetime,
    salt: bytes,
) -> list[Seal]:
    """Store a pack whole, and return its seal."""
    row = {
        "institution_id": institution,
        "hash": pack_hash,
        "version": version,
        "files": files,
        "first_used_at": at,
        "salt": salt,
    }
    return insert_sealed(conn, "instructions.packs", [row], ("institution_id", "hash"))


#: What is a key of each table that answers are written to.
_KEYS: Final = {
    "instructions": ("institution_id", "id"),
    "decisions": ("institution_id", "instruction_id"),
    "outbox": ("institution_id", "id"),
    "reports": REPORT_KEY,
}


def write_each(
    conn: Connection, tables: Mapping[str, Rows], counts: Iterable[tuple[int, int]]
) -> list[list[Seal]]:
    """Store answers, each sealed by itself; return the seals of each.

    `counts` are how many messages and records each answer leaves.
    """
    asked, answered, sent, told = (
        iter(insert_sealed(conn, f"instructions.{name}", tables[name].each(), key))
        for name, key in _KEYS.items()
    )
    return [
        [next(asked), next(answered), *islice(sent, messages), *islice(told, records)]
        for messages, records in counts
    ]


INSTRUCTIONS: Final = (
    "institution_id", "id", "content_hash", "facility", "action", "continues", "root", "value_on",
    "received_at", "chain_id", "parties", "facts", "salt",
)  # fmt: skip
DECISIONS: Final = (
    "institution_id", "instruction_id", "decided_at", "known_at", "outcome", "clause", "pack_hash",
    "facts", "answers", "explained", "ledger_result", "ledger_seq", "draws", "salt",
)  # fmt: skip
OUTBOX: Final = (
    "institution_id", "id", "instruction_id", "kind", "name", "payload", "created_at", "salt",
)  # fmt: skip
REPORTS: Final = (
    "institution_id", "instruction_id", "kind", "version", "period", "fields", "created_at", "salt",
)  # fmt: skip


def write_block(conn: Connection, tables: Mapping[str, Sequence[Rows]], block: UUID) -> list[Seal]:
    """Store answers by the thousand, sealed together: their rows by the table's name."""
    seals: list[Seal] = []
    for name, parts in tables.items():
        # Arrow writes many chunks wrongly.
        rows = pa.concat_tables([part.table() for part in parts]).combine_chunks()
        if not len(rows):
            continue
        together = pa.repeat(pa.scalar(str(block), pa.string()), len(rows))
        rows = rows.append_column("block", together)
        sink = pa.BufferOutputStream()
        write_csv(rows, sink, WriteOptions(include_header=False))
        copied = sink.getvalue().to_pybytes()
        seals += insert_block(conn, f"instructions.{name}", rows.column_names, copied, block)
    return seals


def drawn_text(drawn: Sequence[Drawn]) -> list[dict[str, object]]:
    """Return draws as they are written down."""
    return [asdict(one) for one in drawn]


_HISTORY = """
select i.id, i.facility, i.action, i.value_on, d.decided_at, d.known_at, d.pack_hash, d.facts,
       d.answers, d.explained, d.ledger_result, i.parties, i.facts
from instructions.decisions d
join instructions.instructions i on i.institution_id = d.institution_id and i.id = d.instruction_id
where d.institution_id = %(institution)s
  and (%(decided_from)s::timestamptz is null or d.decided_at >= %(decided_from)s)
  and (%(decided_before)s::timestamptz is null or d.decided_at < %(decided_before)s)
  and (%(value_from)s::date is null or i.value_on >= %(value_from)s)
  and (%(value_until)s::date is null or i.value_on <= %(value_until)s)
  and (%(facility)s::text is null or i.facility = %(facility)s)
order by d.decided_at, d.instruction_id
"""


class HistoryRow(NamedTuple):
    """A decision on record with what it saw, as it rests: a person's texts are sealed.

    `sent` are the facts the sender stated, `facts` those that others knew.
    """

    id: str
    facility: str
    action: str
    value_on: date
    decided_at: datetime
    known_at: datetime
    pack_hash: str
    facts: str
    answers: str
    explained: str
    ledger_result: str
    parties: str
    sent: str


def subject_of(parties: str) -> str:
    """Return the person a stored instruction is about; an empty text for anyone else."""
    return str(json.loads(parties)["subject"])


def parties_of(parties: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return the parties and the accounts of a stored instruction, by role."""
    kept = json.loads(parties)
    return dict(kept["parties"]), dict(kept["accounts"])


def read_history(
    conn: Connection, institution: str, wanted: Mapping[str, object], portion: int
) -> Iterator[list[HistoryRow]]:
    """Yield decisions in the order they were made, a portion in memory at a time."""
    with conn.cursor("decision_history", binary=True) as cursor:
        cursor.execute(_HISTORY, {"institution": institution, **wanted})
        while rows := cursor.fetchmany(portion):
            yield [HistoryRow(*row) for row in rows]


def newest_decision(conn: Connection, institution: str) -> datetime | None:
    """Return the instant of the last decision on record."""
    row = conn.execute(
        "select max(decided_at) from instructions.decisions where institution_id = %s",
        (institution,),
    ).fetchone()
    return row[0] if row else None


class ChangeRow(NamedTuple):
    """One step of a change of the pack."""

    change: int
    step: int
    kind: str
    at: datetime
    actor: str
    pack_hash: str
    base_hash: str
    why: str
    first_day: date | None
    result: str | None


def read_changes(conn: Connection, institution: str) -> list[ChangeRow]:
    """Return every step of every change of the pack, in their order."""
    rows = conn.execute(
        f"select {', '.join(ChangeRow._fields)} from instructions.pack_changes"  # noqa: S608 - our own names
        " where institution_id = %s order by change, step",
        (institution,),
    )
    return [ChangeRow(*row) for row in rows]


def write_change(conn: Connection, row: Mapping[str, object]) -> list[Seal]:
    """Store a step of a change, and return its seal."""
    key = ("institution_id", "change", "step")
    return insert_sealed(conn, "instructions.pack_changes", [row], key)


class ShadowTurn(NamedTuple):
    """When a candidate began or ended to be judged beside the live pack."""

    number: int
    kind: str
    at: datetime
    actor: str
    pack_hash: str


def read_shadow_turns(conn: Connection, institution: str) -> list[ShadowTurn]:
    """Return every turn of the shadow, in their order."""
    rows = conn.execute(
        "select number, kind, at, actor, pack_hash from instructions.shadow_turns"
        " where institution_id = %s order by number",
        (institution,),
    )
    return [ShadowTurn(*row) for row in rows]


def write_shadow_turn(conn: Connection, row: Mapping[str, object]) -> list[Seal]:
    """Store a turn of the shadow, and return its seal."""
    return insert_sealed(conn, "instructions.shadow_turns", [row], ("institution_id", "number"))


def write_shadow_decisions(conn: Connection, rows: Sequence[Mapping[str, object]]) -> list[Seal]:
    """Store what the candidate would have answered, and return a seal for each."""
    key = ("institution_id", "instruction_id")
    return insert_sealed(conn, "instructions.shadow_decisions", rows, key)


def read_shadow_outcomes(
    conn: Connection, institution: str, turn: int
) -> list[tuple[str, str, str, int]]:
    """Return how often each live outcome met each outcome of the candidate, by facility."""
    return conn.execute(
        "select i.facility, d.outcome, s.outcome, count(*) from instructions.shadow_decisions s"
        " join instructions.decisions d on d.institution_id = s.institution_id"
        "  and d.instruction_id = s.instruction_id"
        " join instructions.instructions i on i.institution_id = s.institution_id"
        "  and i.id = s.instruction_id"
        " where s.institution_id = %s and s.turn = %s group by 1, 2, 3 order by 1, 2, 3",
        (institution, turn),
    ).fetchall()


def read_shadow_differences(
    conn: Connection, institution: str, turn: int, most: int
) -> list[tuple[str, str, str, str, str, str]]:
    """Return the first decisions the candidate would have answered otherwise.

    Id, facility, live outcome, the candidate's, what it says (sealed for a person), the parties.
    """
    return conn.execute(
        "select i.id, i.facility, d.outcome, s.outcome, s.explained, i.parties"
        " from instructions.shadow_decisions s"
        " join instructions.decisions d on d.institution_id = s.institution_id"
        "  and d.instruction_id = s.instruction_id"
        " join instructions.instructions i on i.institution_id = s.institution_id"
        "  and i.id = s.instruction_id"
        " where s.institution_id = %s and s.turn = %s and s.outcome <> d.outcome"
        " order by s.decided_at, i.id limit %s",
        (institution, turn, most),
    ).fetchall()


def lock_changes(conn: Connection) -> None:
    """Have those who change the pack, or its shadow, take turns until this transaction ends."""
    conn.execute("select pg_advisory_xact_lock(hashtext('instructions.pack_changes'))")


def count_left_out(
    conn: Connection, institution: str, since: datetime, until: datetime | None
) -> int:
    """Return how many live decisions of a time have none of the candidate's beside them."""
    row = conn.execute(
        "select count(*) from instructions.decisions d left join instructions.shadow_decisions s"
        " on s.institution_id = d.institution_id and s.instruction_id = d.instruction_id"
        " where d.institution_id = %s and d.decided_at > %s"
        " and (%s::timestamptz is null or d.decided_at <= %s) and s.instruction_id is null",
        (institution, since, until, until),
    ).fetchone()
    assert row is not None, "a count is one row"
    return int(row[0])


class Used(NamedTuple):
    """How many instructions of an action were decided with an outcome in a month."""

    facility: str
    action: str
    outcome: str
    month: date
    times: int


_USED = """
select i.facility, i.action, d.outcome, date_trunc('month', i.value_on)::date, count(*)
from instructions.instructions i
join instructions.decisions d on d.institution_id = i.institution_id and d.instruction_id = i.id
where i.institution_id = %s and i.value_on between %s and %s
group by 1, 2, 3, 4 order by 4, 1, 2, 3
"""


def read_used(conn: Connection, institution: str, first: date, last: date) -> list[Used]:
    """Return how often each action was decided on days of value, both inclusive, by month."""
    return [Used(*row) for row in conn.execute(_USED, (institution, first, last))]


def read_business_of(conn: Connection, institution: str, subject: str) -> list[dict[str, Any]]:
    """Return the instructions whose subject a party is, each with its decision, oldest first."""
    query = (
        "select i.id, i.facility, i.action, i.value_on, i.received_at, i.facts as sent,"
        " d.outcome, d.clause, d.facts as seen, d.explained"
        " from instructions.instructions i left join instructions.decisions d"
        " on d.institution_id = i.institution_id and d.instruction_id = i.id"
        " where i.institution_id = %s and i.parties::jsonb ->> 'subject' = %s"
        " order by i.received_at, i.id"
    )
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, [institution, subject]).fetchall()


def read_reports_of(conn: Connection, institution: str, subject: str) -> list[dict[str, Any]]:
    """Return the reports on a party's business, every version."""
    query = (
        "select r.instruction_id, r.kind, r.version, r.period, r.fields, r.created_at, r.sent_at"
        " from instructions.reports r join instructions.instructions i"
        " on i.institution_id = r.institution_id and i.id = r.instruction_id"
        " where i.institution_id = %s and i.parties::jsonb ->> 'subject' = %s"
        " order by r.instruction_id, r.kind, r.version"
    )
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, [institution, subject]).fetchall()


def last_business(conn: Connection, institution: str, subjects: Collection[str]) -> dict[str, date]:
    """Return the last value date of each party's business."""
    rows = conn.execute(
        "select parties::jsonb ->> 'subject', max(value_on) from instructions.instructions"
        " where institution_id = %s and parties::jsonb ->> 'subject' = any(%s) group by 1",
        [institution, list(subjects)],
    )
    return dict(rows.fetchall())
