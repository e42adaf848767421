"""Everything the registers hold about one subject, for that subject; and whose time is over.

Every reading is recorded with its purpose, as `reveal` does. Must not hold SQL.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from qianhai.db import Connection
from qianhai.registers import store, subject_store
from qianhai.registers.identifiers import IdentifierFlaw, check
from qianhai.registers.keys import Keyring
from qianhai.registers.reveal import identifiers_of, personal_of, record_reading

_SHOWN: Final = 4


@dataclass(frozen=True, slots=True)
class Held:
    """What is on record about a subject: rows of registers, and who looked at it."""

    registers: Mapping[str, list[dict[str, Any]]]
    accesses: list[dict[str, Any]]

    @property
    def is_known(self) -> bool:
        """Tell whether anything is on record."""
        return any(self.registers.values())


@dataclass(frozen=True, slots=True)
class Relationship:
    """Whether a party ever had an account, and the last day it had one; None while it has."""

    has_begun: bool
    last_on: date | None


def masked(number: str) -> str:
    """Return an identifier as it may be shown: its last four characters.

    >>> masked("A1234563"), masked("123")
    ('····4563', '····')
    """
    return f"····{number[-_SHOWN:]}" if len(number) > _SHOWN else "····"


def held(
    conn: Connection,
    keyring: Keyring,
    subject: str,
    *,
    institution_id: str,
    purpose: str,
    by: str,
    at: datetime,
    salts: Callable[[], bytes],
) -> Held:
    """Read all that is on record about a subject, decrypted, and record that it was done.

    The names and identifiers of a subject that was erased are None.
    """
    assert purpose, "personal data is read for a purpose"
    found = subject_store.rows_naming(conn, institution_id, subject)
    accesses = subject_store.accesses_to(conn, institution_id, subject)
    rows = found["parties"]
    if any(row["personal"] is not None for row in rows):
        record_reading(conn, institution_id, [subject], purpose=purpose, by=by, at=at, salts=salts)
    for row, opened in zip(rows, personal_of(conn, keyring, institution_id, rows), strict=True):
        personal = opened or {}
        plain = {name: personal.get(name) for name in ("name", "name_en", "identifiers")}
        evidence = personal.get("evidence", row["evidence"])
        row.update(plain, evidence=evidence, is_erased=opened is None)
        del row["personal"], row["key_id"]
    return Held(found, accesses)


def canonical(kind: str, text: str) -> str | IdentifierFlaw:
    """Return an identifier as registers write it, or what is wrong with it."""
    return check(kind, text)


def parties_by_number(
    conn: Connection, keyring: Keyring, institution_id: str, kind: str, number: str
) -> list[tuple[str, str]]:
    """Return the parties that have or had an identifier, each with the number masked.

    The number is written as `canonical` returns it, and looked up by its keyed hash. Whoever knows
    it already learns an id; nobody's name is read. Who was erased is not found.
    """
    blind = keyring.blind(institution_id, kind, number)
    rows = store.parties_holding(conn, institution_id, [blind])
    opened = identifiers_of(conn, keyring, institution_id, rows)
    found = {
        row["party"]
        for row, identifiers in zip(rows, opened, strict=True)
        if identifiers.get(kind) == number
    }
    return [(party, masked(number)) for party in sorted(found)]


def ended_persons(conn: Connection, institution_id: str, on: date) -> dict[str, date]:
    """Return the persons who are not erased and whose relationship has ended, with its last day."""
    return subject_store.ended_persons(conn, institution_id, on)


def relationship(conn: Connection, institution_id: str, subject: str) -> Relationship:
    """Return how a party's accounts stand."""
    return Relationship(*subject_store.relationship(conn, institution_id, subject))
