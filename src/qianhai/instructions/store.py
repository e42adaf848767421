"""The only SQL of the road: instructions, decisions, packs and the outbox."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, NamedTuple

from qianhai.db import Connection
from qianhai.instructions.model import Drawn
from qianhai.journal import Seal, insert_sealed


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


def write_instructions(conn: Connection, rows: Sequence[Mapping[str, object]]) -> list[Seal]:
    """Store instructions, and return a seal for each."""
    return insert_sealed(conn, "instructions.instructions", rows, ("institution_id", "id"))


def write_decisions(conn: Connection, rows: Sequence[Mapping[str, object]]) -> list[Seal]:
    """Store decisions, and return a seal for each."""
    key = ("institution_id", "instruction_id")
    return insert_sealed(conn, "instructions.decisions", rows, key)


def write_outbox(conn: Connection, rows: Sequence[Mapping[str, object]]) -> list[Seal]:
    """Put messages in the outbox, and return their seals."""
    return insert_sealed(conn, "instructions.outbox", rows, ("institution_id", "id"))


def drawn_text(drawn: Sequence[Drawn]) -> list[dict[str, object]]:
    """Return draws as they are written down."""
    return [asdict(one) for one in drawn]
