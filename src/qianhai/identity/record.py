"""Writes what happened at the door into the journal.

Must not hold a password, a code, a token or a name somebody typed: a typed name may be a password.
"""

from collections.abc import Mapping
from datetime import datetime

from qianhai import journal
from qianhai.db import Connection
from qianhai.identity.model import Gate

_SALT_BYTES = 16


def note(
    conn: Connection,
    gate: Gate,
    kind: str,
    subject: str,
    body: Mapping[str, object],
    at: datetime,
) -> None:
    """Append one act of the door to the journal; it commits with the caller."""
    entry = journal.Entry(f"identity.{kind}", subject, body, (), gate.institution_id)
    journal.append(conn, [entry], at=at, salts=lambda: gate.salts(_SALT_BYTES))
