"""Puts a new master key in the place of the one in force, and refuses to write under any other.

Holds the order of a rotation: every person's key is wrapped anew, every index of identifiers is
computed anew, the fingerprint of the key in force is changed and the journal says so, in the one
transaction of the caller. Who kills it kills all of it: the old key then opens everything, and the
same call does it again. Must not hold SQL, read a key or keep one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from qianhai import journal
from qianhai.db import Connection
from qianhai.kernel import Environment
from qianhai.registers import key_store, store
from qianhai.registers.keys import NONCE_BYTES, Keyring
from qianhai.registers.reveal import identifiers_of

REKEYED = "registers.rekeyed"


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did: keys wrapped anew, rows of parties indexed anew."""

    keys: int
    rows: int


def guard_key(
    conn: Connection, keyring: Keyring, institution_id: str, by: str, at: datetime
) -> None:
    """Make sure that the key at hand is the one in force; note it where none was noted yet.

    The caller holds the register's lock, under which a rotation runs too.

    Raises:
        Environment: another master key is in force.
    """
    in_force = key_store.key_in_force(conn, institution_id)
    if in_force == keyring.fingerprint:
        return
    if in_force is not None:
        raise _another(in_force, keyring.fingerprint)
    if resting := key_store.some_key(conn, institution_id):
        keyring.unwrap(*resting)
    key_store.put_key_in_force(conn, institution_id, keyring.fingerprint, by, at)


def key_in_force(conn: Connection, institution_id: str) -> str | None:
    """Return the fingerprint of the master key in force; None where none was noted yet."""
    return key_store.key_in_force(conn, institution_id)


def rotate(
    conn: Connection,
    old: Keyring,
    new: Keyring,
    *,
    institution_id: str,
    by: str,
    at: datetime,
    salts: Callable[[], bytes],
) -> Rotated | None:
    """Put everything that rests under one master key under another; None when it already does.

    Loads of the institution wait for the end. Erased persons stay erased.

    Raises:
        Environment: the old key is not the one in force.
    """
    store.begin_load(conn, institution_id, at)
    if key_store.key_in_force(conn, institution_id) == new.fingerprint:
        return None
    guard_key(conn, old, institution_id, by, at)
    keys = 0
    for batch in key_store.wrapped_keys(conn, institution_id):
        wrapped = {
            key_id: new.wrap(old.unwrap(key_id, resting), salts()[:NONCE_BYTES])
            for key_id, resting in batch
        }
        key_store.put_wrapped(conn, wrapped)
        keys += len(wrapped)
    rows = _index_anew(conn, new, institution_id)
    key_store.put_key_in_force(conn, institution_id, new.fingerprint, by, at)
    body = {"from": old.fingerprint, "to": new.fingerprint, "keys": keys, "rows": rows, "by": by}
    entry = journal.Entry(REKEYED, new.fingerprint, body, (), institution_id)
    journal.append(conn, [entry], at=at, salts=salts)
    return Rotated(keys, rows)


def _index_anew(conn: Connection, new: Keyring, institution_id: str) -> int:
    """Compute the index of every party's identifiers under the new key; return how many rows."""
    count = 0
    for rows in key_store.indexed_parties(conn, institution_id):
        opened = identifiers_of(conn, new, institution_id, rows)
        key_store.put_indexes(
            conn,
            {
                row["id"]: [
                    new.blind(institution_id, kind, number)
                    for kind, number in sorted(identifiers.items())
                ]
                for row, identifiers in zip(rows, opened, strict=True)
            },
        )
        count += len(rows)
    return count


def _another(in_force: str, at_hand: str) -> Environment:
    return Environment(
        f"The master key at hand ({at_hand[:8]}…) is not the one in force ({in_force[:8]}…).",
        "Name the file of the key in force with QIANHAI_KEY_FILE; after a rotation that is the new"
        " one.",
        zh=f"当前主密钥（{at_hand[:8]}…）不是生效中的主密钥（{in_force[:8]}…）。"
        "请用 QIANHAI_KEY_FILE 指明生效中的密钥文件；轮换之后即为新密钥。",
    )
