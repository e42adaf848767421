"""The only SQL of the road: instructions, decisions, packs and the outbox."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from qianhai.db import Connection
from qianhai.instructions.model import Drawn
from qianhai.journal import Seal, insert_sealed


def stored_hash(conn: Connection, institution: str, instruction: str) -> bytes | None:
    """Return the content hash stored under an id, or None when the id is new."""
    row = conn.execute(
        "select content_hash from instructions.instructions where institution_id = %s and id = %s",
        (institution, instruction),
    ).fetchone()
    return None if row is None else bytes(row[0])


def stored_hashes(conn: Connection, institution: str, ids: Sequence[str]) -> dict[str, bytes]:
    """Return the content hash of every id that is on record."""
    rows = conn.execute(
        "select id, content_hash from instructions.instructions"
        " where institution_id = %s and id = any(%s)",
        (institution, list(ids)),
    ).fetchall()
    return {row[0]: bytes(row[1]) for row in rows}


_ROOT = """
select i.id, i.root, i.facility, i.action, d.outcome, i.value_on, i.chain_id, i.parties, i.facts,
       d.draws, d.decided_at
from instructions.instructions i
join instructions.decisions d on d.institution_id = i.institution_id and d.instruction_id = i.id
where i.institution_id = %s and i.id = %s
"""


def read_instruction(conn: Connection, institution: str, instruction: str) -> dict[str, Any] | None:
    """Return a stored instruction with its decision's outcome and draws, or None."""
    row = conn.execute(_ROOT, (institution, instruction)).fetchone()
    if row is None:
        return None
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
    found = dict(zip(names, row, strict=True))
    for name in ("parties", "draws"):
        found[name] = json.loads(found[name])
    return found


def read_decision(
    conn: Connection, institution: str, instruction: str
) -> tuple[str, str, str, str, int | None, str, str] | None:
    """Return a decision: explanation, answers, pack, the ledger's result and last sequence.

    The parties of its instruction and its draws come last.
    """
    row = conn.execute(
        "select d.explained, d.answers, d.pack_hash, d.ledger_result, d.ledger_seq, i.parties,"
        " d.draws"
        " from instructions.decisions d join instructions.instructions i"
        "  on i.institution_id = d.institution_id and i.id = d.instruction_id"
        " where d.institution_id = %s and d.instruction_id = %s",
        (institution, instruction),
    ).fetchone()
    if row is None:
        return None
    return row[0], row[1], row[2], row[3], row[4], row[5], row[6]


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


def write_instruction(conn: Connection, row: Mapping[str, object]) -> list[Seal]:
    """Store an instruction, and return its seal."""
    return insert_sealed(conn, "instructions.instructions", [row], ("institution_id", "id"))


def write_decision(conn: Connection, row: Mapping[str, object]) -> list[Seal]:
    """Store a decision, and return its seal."""
    return insert_sealed(
        conn, "instructions.decisions", [row], ("institution_id", "instruction_id")
    )


def write_outbox(conn: Connection, rows: Sequence[Mapping[str, object]]) -> list[Seal]:
    """Put messages in the outbox, and return their seals."""
    return insert_sealed(conn, "instructions.outbox", rows, ("institution_id", "id"))


def drawn_text(drawn: Sequence[Drawn]) -> list[dict[str, object]]:
    """Return draws as they are written down."""
    return [asdict(one) for one in drawn]
