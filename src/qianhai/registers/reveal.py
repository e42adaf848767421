"""Reads and erases what a person must be able to keep to themselves.

Holds the only way to a person's names and identifiers, and the only way to end it. Must not hold
SQL, and must not answer without a purpose: every reading leaves a row that says who and why.
"""

import json
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag

from qianhai import journal
from qianhai.db import Connection
from qianhai.kernel import BrokenIntegrity, Flaw, Place, business_date, derived_id
from qianhai.registers import store
from qianhai.registers.keys import Keyring, SubjectKey
from qianhai.registers.model import PartyType, Revealed


def reveal(
    conn: Connection,
    keyring: Keyring,
    ids: Sequence[str],
    *,
    institution_id: str,
    purpose: str,
    by: str,
    at: datetime,
    salts: Callable[[], bytes],
) -> dict[str, Revealed | None]:
    """Read the names and identifiers parties have now, and record that it was done.

    None for a party that is not on record or was erased. The record of the reading commits with
    the caller's transaction: whoever rolls back must not show what was read.

    Raises:
        BrokenIntegrity: a row was changed where it rests.
        Environment: the keyring is not the one this register was made with.
    """
    assert purpose, "personal data is read for a purpose"
    assert by, "personal data is read by somebody"
    as_of = store.AsOf(institution_id, business_date(at), at)
    rows = store.whole_parties(conn, as_of, ids)
    persons = [row["party"] for row in rows if row["type"] == PartyType.PERSON]
    if persons:
        record_reading(conn, institution_id, persons, purpose=purpose, by=by, at=at, salts=salts)
    opened = personal_of(conn, keyring, institution_id, rows)
    found: dict[str, Revealed | None] = dict.fromkeys(ids)
    for row, personal in zip(rows, opened, strict=True):
        if personal is not None:
            found[row["party"]] = Revealed(
                personal["name"], personal["name_en"], personal["identifiers"]
            )
    return found


def subject_keys(
    conn: Connection, keyring: Keyring, institution_id: str, subjects: Collection[str]
) -> dict[str, SubjectKey]:
    """Return the keys persons' data rests under, for rows of other rooms; those there are."""
    live = store.live_keys(conn, institution_id, subjects)
    return {subject: keyring.unwrap(*found) for subject, found in live.items()}


def record_reading(
    conn: Connection,
    institution_id: str,
    persons: Collection[str],
    *,
    purpose: str,
    by: str,
    at: datetime,
    salts: Callable[[], bytes],
) -> None:
    """Record that somebody read what speaks of persons, if any; it commits with the caller."""
    named = sorted({person for person in persons if person})
    if not named:
        return
    salt = salts()
    access_id = derived_id("access", institution_id, salt.hex(), at.isoformat())
    row = {
        "id": access_id,
        "institution_id": institution_id,
        "subjects": named,
        "purpose": purpose,
        "read_by": by,
        "at": at,
        "salt": salt,
    }
    seals = journal.insert_sealed(conn, "registers.accesses", [row], ["id"])
    entry = journal.Entry(
        "registers.revealed",
        str(access_id),
        {"subjects": named, "purpose": purpose, "by": by},
        tuple(seals),
        institution_id,
    )
    journal.append(conn, [entry], at=at, salts=salts)


def personal_of(
    conn: Connection, keyring: Keyring, institution_id: str, rows: Sequence[dict[str, Any]]
) -> list[dict[str, Any] | None]:
    """Read the names and identifiers in rows of parties; None where the key was destroyed."""
    subjects = [row["party"] for row in rows if row["personal"] is not None]
    keys = store.live_keys(conn, institution_id, subjects) if subjects else {}
    opened: list[dict[str, Any] | None] = []
    for row in rows:
        if row["personal"] is None:
            opened.append(row)
            continue
        key_id, wrapped = keys.get(row["party"], (None, b""))
        if key_id is None or key_id != row["key_id"]:
            opened.append(None)
            continue
        try:
            text = keyring.unwrap(key_id, wrapped).open(row["personal"], row["id"])
        except InvalidTag:
            raise BrokenIntegrity([_changed(row["id"], row["party"])]) from None
        opened.append(json.loads(text))
    return opened


def identifiers_of(
    conn: Connection, keyring: Keyring, institution_id: str, rows: Sequence[dict[str, Any]]
) -> list[dict[str, str]]:
    """Read the identifiers in rows of parties, to compare with; none where they were erased."""
    return [
        personal["identifiers"] if personal else {}
        for personal in personal_of(conn, keyring, institution_id, rows)
    ]


def _changed(row_id: UUID, party: str) -> Flaw:
    return Flaw(
        "R201",
        Place("registers.parties", column="personal"),
        str(row_id),
        "the encrypted part as it was recorded",
        f"The encrypted part of row {row_id} of party `{party}` was changed where it rests."
        " Verify the journal, and restore the row from a backup.",
        f"主体 `{party}` 的登记行 {row_id} 的加密内容已被改动，请核验日志链并从备份恢复该行。",
    )


def erase(
    conn: Connection,
    subject: str,
    *,
    institution_id: str,
    reason: str,
    by: str,
    at: datetime,
    salts: Callable[[], bytes],
) -> bool:
    """Destroy a subject's key: its rows stay, unreadable, and their seals still verify.

    False when there was no key to destroy. Copies in backups, and pages the database has not yet
    cleaned, end with their own retention.
    """
    key_id = store.erase_key(conn, institution_id, subject, at)
    if key_id is None:
        return False
    entry = journal.Entry(
        "registers.erased",
        subject,
        {"key": key_id, "reason": reason, "by": by},
        (),
        institution_id,
    )
    journal.append(conn, [entry], at=at, salts=salts)
    return True
