"""Sessions: begun at sign-in, known by a digest, ended by rest, by age or by their owner.

Must not decide who signs in.
"""

from datetime import datetime
from uuid import UUID

from qianhai.db import Connection
from qianhai.identity import store
from qianhai.identity.model import Gate, SignedIn, User, Visit
from qianhai.identity.record import note
from qianhai.identity.vault import SECRET_BYTES, digest_of, secret_text


def begin(
    conn: Connection, gate: Gate, user: User, *, is_whole: bool, way: str, at: datetime
) -> SignedIn:
    """Begin a session under a new secret; the browser's earlier one, if any, is not taken over."""
    secret = secret_text(gate.salts(SECRET_BYTES))
    ends_at = at + (gate.terms.session_whole if is_whole else gate.terms.session_half)
    row = {
        "digest": digest_of(secret),
        "institution_id": gate.institution_id,
        "user_id": user.id,
        "stage": "whole" if is_whole else "half",
        "way": way,
        "began_at": at,
        "ends_at": ends_at,
    }
    store.insert_session(conn, row)
    return SignedIn(secret, user, is_whole, ends_at)


def visit(conn: Connection, gate: Gate, secret: str, at: datetime) -> Visit | None:
    """Return whose session this secret is, if it still stands, and write down that it was used."""
    digest = digest_of(secret)
    row = store.session(conn, gate.institution_id, digest)
    if row is None or row["closed_at"] is not None or at >= row["ends_at"]:
        return None
    is_whole = row["stage"] == "whole"
    if is_whole and at - row["seen_at"] >= gate.terms.session_idle:
        return None
    if at - row["seen_at"] >= gate.terms.sight:
        store.see_session(conn, digest, at)
    return Visit(store.user_of(row), is_whole, row["way"], row["began_at"], row["ends_at"])


def end(conn: Connection, gate: Gate, secret: str, user: User, at: datetime) -> None:
    """End one session, as its owner asks."""
    if store.delete_session(conn, digest_of(secret)):
        note(conn, gate, "signed_out", user.name, {}, at)


def end_others(conn: Connection, user_id: UUID, secret: str | None = None) -> int:
    """End the sessions of a user, but for the one that asks; return how many."""
    return store.delete_sessions(conn, user_id, digest_of(secret) if secret else None)
