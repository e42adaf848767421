"""Records what is new in an input, sealed, in one transaction; the same again adds nothing.

Holds the comparison with what is on record and the writing of new rows. Must not hold SQL or
change a row: a correction is a new row beside the old one.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any, Final
from uuid import UUID

from qianhai import journal
from qianhai.db import Connection
from qianhai.kernel import BadInput, Flaw, Place, derived_id, digest_of
from qianhai.registers import store
from qianhai.registers.check import Checker, identifier_held, key_of, over_the_whole
from qianhai.registers.keys import KEY_BYTES, NONCE_BYTES, Keyring, SubjectKey
from qianhai.registers.model import (
    Checked,
    EntryRow,
    Holding,
    LoadSummary,
    Party,
    PartyType,
    Recorded,
)
from qianhai.registers.reveal import identifiers_of
from qianhai.registers.rotate import guard_key
from qianhai.registers.rows import TABLES, columns_of, read_holding

#: So many rows of an input are looked at and written together.
_PORTION_ROWS: Final = 5_000
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
    rows: Iterable[EntryRow | Flaw],
    *,
    institution_id: str,
    at: datetime,
    salts: Callable[[], bytes],
    by: str,
    keyring: Keyring,
    seen: Callable[[Recorded], None] = lambda _recorded: None,
) -> LoadSummary:
    """Check the rows of an input and record them; the same content again adds nothing.

    An entry with the key and the day of one on record, but other content, supersedes it from now
    on. Loads of one institution wait for each other. Rows are recorded some thousands at a time as
    they come, so that a file of a million needs little memory; each that is recorded is told to
    `seen`. `salts` gives sixteen random bytes a call.

    Raises:
        BadInput: with all flaws of the input at once, among them a party nobody knows, a number
            another party holds, or more than the whole owned together with what is on record. The
            transaction must be rolled back.
        Environment: the keyring is not the one this register was made with.
    """
    known_since = store.begin_load(conn, institution_id, at)
    guard_key(conn, keyring, institution_id, by, at)
    step = _Load(conn, institution_id, known_since, salts, keyring)
    checker = Checker(lambda ids: store.on_record(conn, institution_id, ids))
    stated = _Stated()
    new: Counter[str] = Counter()
    unchanged: Counter[str] = Counter()
    source = iter(rows)
    while portion := list(islice(source, _PORTION_ROWS)):
        checked = checker.add(portion)
        stated.add(checked)
        if not checker.flaws:
            _record(step, checked, by, new, unchanged)
            for entry in checked:
                seen(entry.recorded)
    checker.flaws += _held_by_others(step, stated)
    checker.end()
    if new:
        store.end_load(conn, institution_id, known_since)
        if flaws := _over_the_whole(step, stated.holdings):
            raise BadInput(flaws)
    return LoadSummary(known_since, dict(new), dict(unchanged))


class _Stated:
    """What an input states that has to be held against the register as a whole."""

    def __init__(self) -> None:
        self.parties: set[str] = set()
        self.numbers: list[tuple[Place, str, str, str]] = []
        self.holdings: dict[tuple[str, ...], Place] = {}

    def add(self, checked: Sequence[Checked]) -> None:
        for entry in checked:
            recorded = entry.recorded
            if isinstance(recorded, Party):
                self.parties.add(recorded.id)
                if not entry.is_retracted:
                    for kind, number in recorded.identifiers.items():
                        self.numbers.append((entry.place, recorded.id, kind, number))
            elif isinstance(recorded, Holding):
                self.holdings[key_of(recorded)] = entry.place


def _record(
    step: _Load, checked: Sequence[Checked], by: str, new: Counter[str], unchanged: Counter[str]
) -> None:
    """Write the entries that are new, and count both."""
    keys, new_keys = _subject_keys(step, checked)
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    known = {kind: _known(step, kind, checked) for kind in TABLES}
    for entry in checked:
        said = _content_of(entry)
        content = _content_digest(entry, said, keys)
        if known[entry.kind].get((key_of(entry.recorded), entry.recorded.since)) == content:
            unchanged[entry.kind] += 1
        else:
            rows[entry.kind].append(_row(step, entry, said, content, keys))
    new.update({kind: len(added) for kind, added in rows.items()})
    if rows:
        _write(step, rows, new_keys, by)


def _held_by_others(step: _Load, stated: _Stated) -> Iterator[Flaw]:
    """Yield a flaw for every number that a party has on record which the input does not enter."""
    numbers = iter(stated.numbers)
    while some := list(islice(numbers, _PORTION_ROWS)):
        blinds = [
            step.keyring.blind(step.institution_id, kind, number) for _, _, kind, number in some
        ]
        held = store.parties_holding(step.conn, step.institution_id, blinds)
        rows = [row for row in held if row["party"] not in stated.parties]
        opened = identifiers_of(step.conn, step.keyring, step.institution_id, rows)
        holders = {
            (kind, number): row["party"]
            for row, identifiers in zip(rows, opened, strict=True)
            for kind, number in identifiers.items()
        }
        for place, party, kind, number in some:
            if holder := holders.get((kind, number)):
                yield identifier_held(place, party, kind, number, holder)


def _is_person(recorded: Recorded) -> bool:
    return isinstance(recorded, Party) and recorded.type is PartyType.PERSON


def _subject_keys(
    step: _Load, checked: Sequence[Checked]
) -> tuple[dict[str, SubjectKey], dict[str, SubjectKey]]:
    """Give every person entered here a key, the one on record or a new one; all, and the new."""
    subjects = sorted({key_of(e.recorded)[0] for e in checked if _is_person(e.recorded)})
    if not subjects:
        return {}, {}
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


def _content_digest(
    entry: Checked, said: Mapping[str, object], keys: Mapping[str, SubjectKey]
) -> bytes:
    """Return what tells the same content again; a person's can be tested only with the key."""
    content = [entry.kind, said]
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
    step: _Load,
    entry: Checked,
    said: dict[str, object],
    content: bytes,
    keys: Mapping[str, SubjectKey],
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
    row = said | {
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


def _over_the_whole(step: _Load, places: Mapping[tuple[str, ...], Place]) -> list[Flaw]:
    """Look at the owners of every party a holding was entered for, with those on record."""
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
