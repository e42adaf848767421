"""Entries looked up by people: the newest first, in pages; an erased one has no body.

Holds reads only. Must not know what the entries mean.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from qianhai.db import Connection
from qianhai.journal import store


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
    before: int | None = None,
    after: int | None = None,
    most: int = 50,
) -> list[Found]:
    """Return entries of an institution, the newest first; with `after` the oldest first."""
    rows = store.read_entry_page(
        conn,
        institution_id,
        {"kind": kind, "subject": subject, "actor": actor, "before": before, "after": after},
        most,
    )
    return [
        Found(seq, kind_, subject_, at, json.loads(body) if body else None, bytes(chain))
        for seq, kind_, subject_, at, body, chain in rows
    ]
