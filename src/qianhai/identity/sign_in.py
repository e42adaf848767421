"""Signing in: by password, then by a second factor where there is one; slower after each failure.

Whoever fails is told nothing of which part was wrong. Must not know a page or a cookie.
"""

from datetime import datetime
from typing import Any

from qianhai.db import Connection
from qianhai.identity import sessions, store
from qianhai.identity.model import Gate, Refusal, Refused, SignedIn
from qianhai.identity.passwords import SALT_BYTES, hashed, is_outdated, is_password
from qianhai.identity.record import note
from qianhai.identity.totp import matching_step, plain_code
from qianhai.identity.vault import digest_of


def sign_in(
    conn: Connection, gate: Gate, name: str, password: str, *, peer: str, at: datetime
) -> SignedIn | Refused:
    """Let somebody in by name and password; half, when the second factor is still owed.

    Attempts on one name wait for each other, so that many at once are counted like many in turn.
    """
    row = store.row_by_name(conn, gate.institution_id, name.strip().lower())
    if row is None:
        is_password(password, None)
        return _refuse(conn, gate, None, Refusal.UNKNOWN, peer, at)
    if waits := _waiting(gate, row, at):
        note(conn, gate, "refused", row["name"], {"why": "wait", "peer": peer}, at)
        return waits
    if not is_password(password[: gate.terms.password_length_max], row["password_hash"]):
        return _refuse(conn, gate, row, Refusal.WRONG, peer, at)
    if row["closed_at"] is not None:
        return _refuse(conn, gate, row, Refusal.CLOSED, peer, at)
    if is_outdated(row["password_hash"]):
        again = hashed(password, gate.salts(SALT_BYTES))
        store.update_user(conn, row["id"], password_hash=again)
    user = store.user_of(row)
    if user.has_second_factor:
        return sessions.begin(conn, gate, user, is_whole=False, way="password", at=at)
    return _let_in(conn, gate, row, "password", peer, at)


def second_factor(
    conn: Connection, gate: Gate, secret: str, code: str, *, peer: str, at: datetime
) -> SignedIn | Refused:
    """Make a half session whole by a one-time code or a recovery code, under a new secret."""
    half = sessions.visit(conn, gate, secret, at)
    if half is None or half.is_whole:
        return Refused(Refusal.EXPIRED)
    row = store.row_by_id(conn, gate.institution_id, half.user.id)
    assert row is not None, "a session is somebody's"
    if waits := _waiting(gate, row, at):
        note(conn, gate, "refused", row["name"], {"why": "wait", "peer": peer}, at)
        return waits
    sealed = gate.vault.open(row["totp_secret"], row["id"].bytes)
    typed = "".join(code.split())
    step = matching_step(sealed, typed, at, row["totp_step"]) if sealed else None
    if step is not None:
        store.update_user(conn, row["id"], totp_step=step)
    elif store.use_recovery_code(conn, row["id"], digest_of(plain_code(typed))):
        note(conn, gate, "recovery_code_used", row["name"], {"peer": peer}, at)
    else:
        return _refuse(conn, gate, row, Refusal.WRONG, peer, at)
    store.delete_session(conn, digest_of(secret))
    return _let_in(conn, gate, row, "second_factor", peer, at)


def is_own_password(conn: Connection, gate: Gate, name: str, password: str) -> bool:
    """Tell whether a password is that user's, before something that matters is changed."""
    row = store.row_by_name(conn, gate.institution_id, name)
    return row is not None and is_password(password, row["password_hash"])


def _let_in(
    conn: Connection, gate: Gate, row: dict[str, Any], way: str, peer: str, at: datetime
) -> SignedIn:
    store.update_user(conn, row["id"], failures=0, failed_at=None)
    note(conn, gate, "signed_in", row["name"], {"way": way, "peer": peer}, at)
    return sessions.begin(conn, gate, store.user_of(row), is_whole=True, way=way, at=at)


def _waiting(gate: Gate, row: dict[str, Any], at: datetime) -> Refused | None:
    """Return the wait that earlier failures cost, while it lasts."""
    if row["failed_at"] is None:
        return None
    until = row["failed_at"] + gate.terms.wait(row["failures"])
    return Refused(Refusal.WAIT, until) if at < until else None


def _refuse(
    conn: Connection,
    gate: Gate,
    row: dict[str, Any] | None,
    why: Refusal,
    peer: str,
    at: datetime,
) -> Refused:
    """Count a failure, write it down, and say from when trying again has a point."""
    until = None
    if row is not None:
        failures = row["failures"] + 1
        store.update_user(conn, row["id"], failures=failures, failed_at=at)
        wait = gate.terms.wait(failures)
        until = at + wait if wait else None
    subject = "unknown" if row is None else row["name"]
    note(conn, gate, "refused", subject, {"why": why.value, "peer": peer}, at)
    return Refused(why, until)
