"""The second factor of a user: set up, proven once before it counts, taken off again.

Must not let anybody in; that is sign_in.
"""

from dataclasses import dataclass
from datetime import datetime

from qianhai.db import Connection
from qianhai.identity import store
from qianhai.identity.model import Gate, User
from qianhai.identity.record import note
from qianhai.identity.totp import (
    RECOVERY_BYTES,
    RECOVERY_CODES,
    SECRET_BYTES,
    enrolment_uri,
    matching_step,
    recovery_code,
    secret_base32,
)
from qianhai.identity.vault import Vault, digest_of

_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator program has to be told, shown to its owner once."""

    secret: str
    uri: str


def enrol(conn: Connection, gate: Gate, owner: User, issuer: str) -> Enrolment:
    """Make a new secret for a user; it counts when a code of it was shown."""
    secret = gate.salts(SECRET_BYTES)
    sealed = gate.vault.seal(secret, owner.id.bytes, gate.salts(_NONCE_BYTES))
    store.update_user(conn, owner.id, totp_secret=sealed, totp_at=None, totp_step=None)
    return Enrolment(secret_base32(secret), enrolment_uri(secret, owner.name, issuer))


def confirm(
    conn: Connection, gate: Gate, owner: User, code: str, at: datetime
) -> tuple[str, ...] | None:
    """Make a second factor count by its first code; return recovery codes, or None if wrong."""
    row = store.row_by_id(conn, gate.institution_id, owner.id)
    assert row is not None, "the user is there"
    sealed = row["totp_secret"]
    secret = gate.vault.open(sealed, owner.id.bytes) if sealed else None
    step = matching_step(secret, "".join(code.split()), at, None) if secret else None
    if step is None:
        return None
    store.update_user(conn, owner.id, totp_at=at, totp_step=step)
    note(conn, gate, "second_factor_set", owner.name, {}, at)
    return renew_recovery_codes(conn, gate, owner, at)


def renew_recovery_codes(
    conn: Connection, gate: Gate, owner: User, at: datetime
) -> tuple[str, ...]:
    """Make new recovery codes in the place of the old ones; this is the only time they are told."""
    codes = tuple(recovery_code(gate.salts(RECOVERY_BYTES)) for _ in range(RECOVERY_CODES))
    digests = [digest_of(code) for code in codes]
    store.put_recovery_codes(conn, gate.institution_id, owner.id, digests, at)
    note(conn, gate, "recovery_codes_renewed", owner.name, {}, at)
    return codes


def remove(conn: Connection, gate: Gate, owner: User, *, by: str, at: datetime) -> None:
    """Take a user's second factor off, with its recovery codes."""
    store.update_user(conn, owner.id, totp_secret=None, totp_at=None, totp_step=None)
    store.put_recovery_codes(conn, gate.institution_id, owner.id, [], at)
    note(conn, gate, "second_factor_removed", owner.name, {"by": by}, at)


def reseal(conn: Connection, gate: Gate, new: Vault) -> int:
    """Put every secret of a second factor under a new master key; return how many.

    A secret that the key at hand does not open was put under the new one before.
    """
    count = 0
    for user_id, sealed in store.second_factors(conn, gate.institution_id):
        secret = gate.vault.open(sealed, user_id.bytes)
        if secret is not None:
            fresh = new.seal(secret, user_id.bytes, gate.salts(_NONCE_BYTES))
            store.update_user(conn, user_id, totp_secret=fresh)
            count += 1
    return count
