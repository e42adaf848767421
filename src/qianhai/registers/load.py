"""Records checked entries: what is new, sealed, in one transaction; the same again adds nothing.

Holds the comparison with what is on record and the writing of new rows. Must not hold SQL or
change a row: a correction is a new row beside the old one.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from qianhai import journal
from qianhai.db import Connection
from qianhai.kernel import BadInput, Flaw, Place, derived_id, digest_of
from qianhai.registers import store
from qianhai.registers.check import identifier_held, key_of, over_the_whole, unknown_parties
from qianhai.registers.keys import KEY_BYTES, NONCE_BYTES, Keyring, SubjectKey
from qianhai.registers.model import (
    Checked,
    Entries,
    LoadSummary,
    Party,
    PartyType,
    Recorded,
)
from qianhai.registers.reveal import identifiers_of
from qianhai.registers.rows import TABLES, columns_of, read_holding

_PERSONAL: Final = ("name", "name_en", "identifiers", "evidence")
_Known = Mapping[tuple[tuple[str, ...], date], bytes]


@dataclass(frozen=True, slots=True)
class _Load:
    """What every step of one load needs to know."""

    conn: Connection
    institution_id: str
    known_since: datetime
    salts: Callable[[], bytes]
    keyring: Keyring


def load(
    conn: Connection,
    entries: Entries,
    *,
    institution_id: str,
    at: datetime,
    salts: Callable[[], bytes],
    by: str,
    keyring: Keyring,
) -> LoadSummary:
    """Record entries; the same content again adds nothing.

    An entry with the key and the day of one on record, but other content, supersedes it from now
    on. Loads of one institution wait for each other. `salts` gives sixteen random bytes a call.

    Raises:
        BadInput: a party nobody knows, a number another party holds, or more than the whole owned
            together with what is on record. The transaction must be rolled back.
        Environment: the keyring is not the one this register was made with.
    """
    known_since = store.begin_load(conn, institution_id, at)
    step = _Load(conn, institution_id, known_since, salts, keyring)
    if flaws := [*_unknown(step, entries.checked), *_held_by_others(step, entries.checked)]:
        raise BadInput(flaws)
    keys, new_keys = _subject_keys(step, entries.checked)
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    unchanged: Counter[str] = Counter()
    known = {kind: _known(step, kind, entries.checked) for kind in TABLES}
    for entry in entries.checked:
        content = _content_digest(entry, keys)
        if known[entry.kind].get((key_of(entry.recorded), entry.recorded.since)) == content:
            unchanged[entry.kind] += 1
        else:
            rows[entry.kind].append(_row(step, entry, content, keys))
    new = {kind: len(added) for kind, added in rows.items()}
    if new:
        _write(step, rows, new_keys, by)
        if flaws := _over_the_whole(step, entries.checked):
            raise BadInput(flaws)
    return LoadSummary(known_since, new, dict(unchanged))


def _unknown(step: _Load, checked: Sequence[Checked]) -> list[Flaw]:
    def known(ids: Collection[str]) -> set[str]:
        return store.on_record(step.conn, step.institution_id, ids)

    return list(unknown_parties(checked, known))


def _stated(checked: Sequence[Checked]) -> list[tuple[Checked, str, str]]:
    return [
        (entry, kind, number)
        for entry in checked
        if isinstance(entry.recorded, Party) and not entry.is_retracted
        for kind, number in entry.recorded.identifiers.items()
    ]


def _held_by_others(step: _Load, checked: Sequence[Checked]) -> list[Flaw]:
    stated = _stated(checked)
    if not stated:
        return []
    blinds = [step.keyring.blind(step.institution_id, kind, number) for _, kind, number in stated]
    rows = store.parties_holding(step.conn, step.institution_id, blinds)
    entered = {key_of(entry.recorded)[0] for entry in checked if isinstance(entry.recorded, Party)}
    opened = identifiers_of(step.conn, step.keyring, step.institution_id, rows)
    holders = {
        (kind, number): row["party"]
        for row, identifiers in zip(rows, opened, strict=True)
        if row["party"] not in entered
        for kind, number in identifiers.items()
    }
    return [
        identifier_held(entry, kind, number, holder)
        for entry, kind, number in stated
        if (holder := holders.get((kind, number)))
    ]


def _is_person(recorded: Recorded) -> bool:
    return isinstance(recorded, Party) and recorded.type is PartyType.PERSON


def _subject_keys(
    step: _Load, checked: Sequence[Checked]
) -> tuple[dict[str, SubjectKey], dict[str, SubjectKey]]:
    """Give every person entered here a key, the one on record or a new one; all, and the new."""
    subjects = sorted({key_of(e.recorded)[0] for e in checked if _is_person(e.recorded)})
    wrapped = store.live_keys(step.conn, step.institution_id, subjects)
    kept = {subject: step.keyring.unwrap(*found) for subject, found in wrapped.items()}
    new: dict[str, SubjectKey] = {}
    for subject in subjects:
        if subject not in kept:
            instant = step.known_since.isoformat()
            secret = step.salts() + step.salts()
            assert len(secret) == KEY_BYTES, "a salt has sixteen bytes"
            key_id = derived_id("subject key", step.institution_id, subject, instant)
            new[subject] = SubjectKey(key_id, secret)
    return kept | new, new


def _content_of(entry: Checked) -> dict[str, object]:
    recorded = entry.recorded
    return columns_of(recorded) | {
        "since": recorded.since,
        "until": recorded.until,
        "evidence": recorded.evidence,
        "retracted": entry.is_retracted,
    }


def _content_digest(entry: Checked, keys: Mapping[str, SubjectKey]) -> bytes:
    """Return what tells the same content again; a person's can be tested only with the key."""
    content = [entry.kind, _content_of(entry)]
    if _is_person(entry.recorded):
        return keys[key_of(entry.recorded)[0]].digest(content)
    return digest_of(content)


def _known(step: _Load, kind: str, checked: Sequence[Checked]) -> _Known:
    subjects = sorted({key_of(entry.recorded)[0] for entry in checked if entry.kind == kind})
    if not subjects:
        return {}
    return {
        (tuple(_text(row[name]) for name in TABLES[kind].key), row["since"]): row["content"]
        for row in store.latest(step.conn, kind, step.institution_id, subjects)
    }


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _row(
    step: _Load, entry: Checked, content: bytes, keys: Mapping[str, SubjectKey]
) -> dict[str, Any]:
    recorded = entry.recorded
    key = key_of(recorded)
    row_id = derived_id(
        TABLES[entry.kind].name,
        step.institution_id,
        *key,
        recorded.since.isoformat(),
        step.known_since.isoformat(),
    )
    row = _content_of(entry) | {
        "id": row_id,
        "institution_id": step.institution_id,
        "known_since": step.known_since,
        "content": content,
        "salt": step.salts(),
    }
    if isinstance(recorded, Party):
        row |= _hidden(step, recorded, row, row_id, keys.get(recorded.id))
    return row


def _hidden(
    step: _Load, party: Party, row: Mapping[str, Any], row_id: UUID, key: SubjectKey | None
) -> dict[str, Any]:
    """Return the columns of a party that need a key: the blind index, and a person's own part."""
    blinds = [
        f"\\x{step.keyring.blind(step.institution_id, kind, number).hex()}"
        for kind, number in sorted(party.identifiers.items())
    ]
    if key is None or party.type is not PartyType.PERSON:
        return {"blind_index": blinds, "key_id": None, "personal": None}
    personal = {name: row[name] for name in _PERSONAL}
    return {
        "blind_index": blinds,
        "key_id": key.id,
        "personal": key.seal(personal, row_id, step.salts()[:NONCE_BYTES]),
        "name": None,
        "name_en": None,
        "identifiers": None,
        "evidence": "",
    }


def _write(
    step: _Load,
    rows: Mapping[str, Sequence[Mapping[str, Any]]],
    new_keys: Mapping[str, SubjectKey],
    by: str,
) -> None:
    key_rows = [
        {
            "id": key.id,
            "institution_id": step.institution_id,
            "subject": subject,
            "created_at": step.known_since,
            "salt": step.salts(),
            "wrapped": step.keyring.wrap(key, step.salts()[:NONCE_BYTES]),
        }
        for subject, key in new_keys.items()
    ]
    seals = journal.insert_sealed(step.conn, "registers.subject_keys", key_rows, ["id"])
    for kind, added in rows.items():
        table = f"registers.{TABLES[kind].name}"
        seals += journal.insert_sealed(step.conn, table, added, ["id"])
    body = {"by": by, "new": {kind: len(added) for kind, added in rows.items()}}
    entry = journal.Entry(
        "registers.loaded",
        step.known_since.isoformat(),
        body,
        tuple(seals),
        step.institution_id,
    )
    journal.append(step.conn, [entry], at=step.known_since, salts=step.salts)
    store.end_load(step.conn, step.institution_id, step.known_since)


def _over_the_whole(step: _Load, checked: Sequence[Checked]) -> list[Flaw]:
    """Look at the owners of every party a holding was entered for, with those on record."""
    places = {key_of(entry.recorded): entry.place for entry in checked if entry.kind == "ownership"}
    if not places:
        return []
    owned = sorted({owned for owned, _ in places})
    rows = store.current(step.conn, "ownership", step.institution_id, step.known_since, owned)
    holdings = [read_holding(row) for row in rows]
    return list(
        over_the_whole(
            (holding, places.get(key_of(holding), Place("register"))) for holding in holdings
        )
    )
