"""People another provider vouches for: the visit there, and who came back.

What a provider says of roles stands: each sign-in sets them anew. Must not speak to the provider.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from qianhai.db import Connection
from qianhai.identity import accounts, sessions, store
from qianhai.identity.model import Gate, Refusal, Refused, Role, SignedIn
from qianhai.identity.record import note
from qianhai.identity.vault import SECRET_BYTES, digest_of, secret_text

_ATTEMPT: Final = timedelta(minutes=10)
_NAME_LENGTH_MAX: Final = 60


@dataclass(frozen=True, slots=True)
class Attempt:
    """A visit to the provider: what it is asked with, and what its answer must carry."""

    state: str
    nonce: str
    verifier: str
    then_to: str


@dataclass(frozen=True, slots=True)
class Vouched:
    """What a provider says of somebody who signed in there."""

    issuer: str
    subject: str
    name: str
    title: str
    roles: frozenset[Role]
    party: str | None


def begin(conn: Connection, gate: Gate, browser: str, then_to: str, at: datetime) -> Attempt:
    """Remember a visit to the provider, tied to the browser that goes there."""
    state, nonce, verifier = (secret_text(gate.salts(SECRET_BYTES)) for _ in range(3))
    row = {
        "state_digest": digest_of(state),
        "institution_id": gate.institution_id,
        "browser_digest": digest_of(browser),
        "nonce": nonce,
        "verifier": verifier,
        "then_to": then_to,
        "ends_at": at + _ATTEMPT,
    }
    store.insert_attempt(conn, row, at)
    return Attempt(state, nonce, verifier, then_to)


def take(conn: Connection, gate: Gate, browser: str, state: str, at: datetime) -> Attempt | None:
    """Return the visit an answer belongs to, once, in time and in the same browser."""
    row = store.take_attempt(conn, gate.institution_id, digest_of(state), digest_of(browser))
    if row is None or at >= row["ends_at"]:
        return None
    return Attempt(state, row["nonce"], row["verifier"], row["then_to"])


def sign_in(
    conn: Connection, gate: Gate, vouched: Vouched, *, peer: str, at: datetime
) -> SignedIn | Refused:
    """Let somebody in whom the provider vouches for, with the roles it gives them."""
    row = store.row_by_subject(conn, gate.institution_id, vouched.issuer, vouched.subject)
    roles = vouched.roles if vouched.party else vouched.roles - {Role.PARTY}
    if not roles:
        subject = row["name"] if row else "unknown"
        note(conn, gate, "refused", subject, {"why": "no_role", "peer": peer}, at)
        return Refused(Refusal.CLOSED)
    if row is None:
        name = _free_name(conn, gate, vouched)
        made = accounts.create(
            conn,
            gate,
            name=name,
            title=vouched.title,
            roles=roles,
            party=vouched.party,
            provider=(vouched.issuer, vouched.subject),
            by="provider",
            at=at,
        )
    else:
        made = store.user_of(row)
        if made.closed_at is not None:
            note(conn, gate, "refused", made.name, {"why": "closed", "peer": peer}, at)
            return Refused(Refusal.CLOSED)
        store.update_user(conn, made.id, title=vouched.title or made.name, party=vouched.party)
        _match_roles(conn, gate, made.name, roles, row, at)
        made = accounts.user(conn, gate, made.id)
    note(conn, gate, "signed_in", made.name, {"way": "provider", "peer": peer}, at)
    return sessions.begin(conn, gate, made, is_whole=True, way="provider", at=at)


def _match_roles(
    conn: Connection,
    gate: Gate,
    name: str,
    roles: Collection[Role],
    row: dict[str, object],
    at: datetime,
) -> None:
    """Set the roles to those the provider gives now, each change an act of its own."""
    user = store.user_of(row)
    for role in sorted(set(roles) - user.roles):
        store.insert_grant(conn, gate.institution_id, user.id, role, "provider", at)
        note(conn, gate, "role_granted", name, {"role": role, "by": "provider"}, at)
    for role in sorted(user.roles - set(roles)):
        store.delete_grant(conn, user.id, role)
        note(conn, gate, "role_withdrawn", name, {"role": role, "by": "provider"}, at)


def _free_name(conn: Connection, gate: Gate, vouched: Vouched) -> str:
    """Return the provider's name for somebody in our form; a taken one gets a mark of its own."""
    plain = "".join(
        letter
        for letter in vouched.name.lower()
        if (letter.isascii() and letter.isalnum()) or letter in "._@-"
    ).strip("._@-")[: _NAME_LENGTH_MAX - 9]
    mark = digest_of(f"{vouched.issuer} {vouched.subject}").hex()[:8]
    if len(plain) < 2:  # noqa: PLR2004 - the shortest name there is
        return f"user-{mark}"
    is_taken = store.row_by_name(conn, gate.institution_id, plain) is not None
    return f"{plain}-{mark}" if is_taken else plain
