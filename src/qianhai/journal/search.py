"""Entries looked up by people: the newest first, in pages; an erased one has no body.

Holds reads only. Must not know what the entries mean.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from qianhai.db import Connection
from qianhai.journal import store
from qianhai.journal.digest import content_digest, entry_digest
from qianhai.journal.model import Seal


@dataclass(frozen=True, slots=True)
class Found:
    """An entry as it is shown; `body` is None once it was erased."""

    seq: int
    kind: str
    subject: str
    at: datetime
    body: dict[str, Any] | None
    chain: bytes


def entries(
    conn: Connection,
    institution_id: str,
    *,
    kind: str | None = None,
    subject: str | None = None,
    actor: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    after: int | None = None,
    most: int = 50,
) -> list[Found]:
    """Return entries of an institution, the newest first; with `after` the oldest first."""
    rows = store.read_entry_page(
        conn,
        institution_id,
        {
            "kind": kind,
            "subject": subject,
            "actor": actor,
            "since": since,
            "until": until,
            "before": before,
            "after": after,
        },
        most,
    )
    return [
        Found(seq, kind_, subject_, at, json.loads(body) if body else None, bytes(chain))
        for seq, kind_, subject_, at, body, chain in rows
    ]


@dataclass(frozen=True, slots=True)
class Opened:
    """An entry with the rows it seals, and whether its digest is what its content gives.

    `digest` goes into the chain; an erased entry keeps it, and `is_whole` still tells.
    """

    found: Found
    seals: tuple[Seal, ...]
    digest: bytes
    is_whole: bool


def entry(conn: Connection, institution_id: str, seq: int) -> Opened | None:
    """Return one entry with what it seals; None when the institution has none of that number."""
    stored = store.read_entry(conn, institution_id, seq)
    if stored is None:
        return None
    seals = store.read_seals_of(conn, seq)
    digest = entry_digest(
        seq=stored.seq,
        institution_id=stored.institution_id,
        schema_version=stored.schema_version,
        kind=stored.kind,
        subject=stored.subject,
        at=stored.at,
        content=stored.content,
        seals=[(one.institution_id, one.schema_version, one.seal) for one in seals],
    )
    is_whole = digest == stored.digest
    if stored.salt is not None and stored.body is not None:
        is_whole &= content_digest(stored.salt, stored.body) == stored.content
    body = json.loads(stored.body) if stored.body else None
    found = Found(seq, stored.kind, stored.subject, stored.at, body, bytes(stored.chain))
    return Opened(found, tuple(one.seal for one in seals), bytes(stored.digest), is_whole)


def kinds(conn: Connection, institution_id: str) -> list[str]:
    """Return the kinds of entries an institution has, in their order."""
    return store.read_kinds(conn, institution_id)
