"""API tokens: told once, known by their digest, never stronger than their owner.

Must not know a request.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from qianhai.db import Connection
from qianhai.identity import store
from qianhai.identity.model import Gate, Role, Token, User, Visit
from qianhai.identity.record import note
from qianhai.identity.vault import SECRET_BYTES, digest_of, secret_text
from qianhai.kernel import BadInput, Flaw, Place, uuid7

#: What a token begins with, so that one in a log or a commit is found.
PREFIX: Final = "qianhai_"
_ID_BYTES: Final = 10
_SIGHT: Final = timedelta(minutes=1)


def issue(
    conn: Connection,
    gate: Gate,
    owner: User,
    *,
    label: str,
    roles: Collection[Role],
    days: int,
    at: datetime,
) -> str:
    """Make a token of some of its owner's roles and return it; it is told this once.

    Raises:
        BadInput: no label, no role of the owner's, or a span out of bounds.
    """
    flaws = []
    if not label.strip():
        flaws.append(
            _flaw("label", "a few words", "Say what the token is for.", "请填写令牌的用途。")
        )
    if not roles or not set(roles) <= owner.roles:
        en = "Choose one or more of your own roles."
        flaws.append(_flaw("roles", "roles of your own", en, "请在本人的角色中选择一项或多项。"))
    if not 1 <= days <= gate.terms.token_days_max:
        limit = gate.terms.token_days_max
        en = f"Let the token last 1 to {limit} days."
        flaws.append(_flaw("days", f"1 to {limit}", en, f"有效期为1至{limit}天，请修改。"))
    if flaws:
        raise BadInput(flaws)
    secret = PREFIX + secret_text(gate.salts(SECRET_BYTES))
    row = {
        "id": uuid7(at, gate.salts(_ID_BYTES)),
        "institution_id": gate.institution_id,
        "user_id": owner.id,
        "digest": digest_of(secret),
        "label": label.strip(),
        "roles": sorted(role.value for role in roles),
        "made_at": at,
        "ends_at": at + timedelta(days=days),
    }
    store.insert_token(conn, row)
    body = {"token": str(row["id"]), "roles": row["roles"], "days": days}
    note(conn, gate, "token_issued", owner.name, body, at)
    return secret


def bearer(conn: Connection, gate: Gate, secret: str, at: datetime) -> Visit | None:
    """Return who comes with a token, with the roles that both the token and its owner have."""
    row = store.token(conn, gate.institution_id, digest_of(secret))
    if row is None or row["closed_at"] or row["revoked_at"] or at >= row["ends_at"]:
        return None
    if row["seen_at"] is None or at - row["seen_at"] >= _SIGHT:
        store.see_token(conn, row["token_id"], at)
    row["roles"] = sorted(set(row["roles"]) & set(row["token_roles"]))
    return Visit(
        store.user_of(row), is_whole=True, way="token", began_at=at, ends_at=row["ends_at"]
    )


def tokens(conn: Connection, owner: User) -> list[Token]:
    """Return the tokens of a user, the newest first."""
    return store.tokens(conn, owner.id)


def revoke(conn: Connection, gate: Gate, owner: User, token_id: UUID, at: datetime) -> bool:
    """Let a token count no more; False when it did not stand."""
    if not store.revoke_tokens(conn, owner.id, token_id, at):
        return False
    note(conn, gate, "token_revoked", owner.name, {"token": str(token_id)}, at)
    return True


def _flaw(field: str, expected: str, en: str, zh: str) -> Flaw:
    return Flaw("I121", Place("form", column=field), "", expected, en, zh)
