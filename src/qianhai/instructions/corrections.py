"""Records on file: read back with every version, and corrected by a new one.

A correction states some fields anew, says who and why, and is sealed by its own entry of the
journal; what stood before stays. What says which business a record is about cannot be corrected.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from qianhai import journal
from qianhai.db import Connection
from qianhai.instructions import report_flaws as say
from qianhai.instructions import report_store, store
from qianhai.instructions.cover import Cover
from qianhai.instructions.model import stored_facts
from qianhai.instructions.report_store import VersionRow
from qianhai.instructions.reports import Record, restate
from qianhai.instructions.store import subject_of
from qianhai.journal import Entry
from qianhai.kernel import (
    CURRENCIES,
    BadInput,
    Flaw,
    Place,
    canonical_text,
    format_minor,
    parse_decimal,
    scale_of,
    to_minor,
)
from qianhai.policy import (
    FIXED,
    CodeTable,
    Policy,
    ReportFact,
    ReportField,
    ReportForm,
    open_policy,
    read_facts,
    unbundled,
)
from qianhai.registers import SubjectKey

_SALT_BYTES: Final = 16
_PORTION: Final = 2_000
#: What a correction cannot state: which business it is, and what follows from another field.
_KEPT: Final = FIXED | {"group", "constant"}


class Packs:
    """The packs that decided, each opened once."""

    def __init__(self, home: Policy, institution_id: str) -> None:
        self._institution = institution_id
        self._opened = {home.pack.hash: home}

    def get(self, conn: Connection, pack_hash: str) -> Policy:
        """Return the pack at hand, or the one that is kept with what it decided."""
        if pack_hash not in self._opened:
            files = unbundled(store.read_pack(conn, self._institution, pack_hash))
            self._opened[pack_hash] = open_policy(files, is_brief=True)
        return self._opened[pack_hash]


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a record. `record` is None when the person it spoke of was erased.

    `actor` and `reason` are of a correction; the first version has none.
    """

    instruction_id: str
    kind: str
    version: int
    period: str
    facility: str
    action: str
    value_on: date
    created_at: datetime
    actor: str
    reason: str
    form: ReportForm
    record: Record | None


def opened(
    cover: Cover, key: SubjectKey | None, kind: str, period: str, rest: tuple[str, int, str]
) -> Record | None:
    """Return a record as it was filled in; None when its key was destroyed.

    `rest` are the instruction, the version and the fields as they rest.
    """
    number, version, fields = rest
    shown = cover.show(key, fields, number, "report", kind, str(version))
    if shown is None:
        return None
    kept = json.loads(shown)
    told = tuple(kept["missing"]), tuple(kept["unproven"])
    return Record(kind, period, kept["fields"], kept["lines"], *told)


class Records:
    """The regulatory records of one institution, as they are on file."""

    def __init__(
        self, home: Policy, institution_id: str, cover: Cover, salts: Callable[[int], bytes]
    ) -> None:
        self._institution, self._cover, self._salts = institution_id, cover, salts
        self._packs = Packs(home, institution_id)

    def of(self, conn: Connection, instruction: str) -> list[Version]:
        """Return every version of every record of an instruction; none where it owes none."""
        rows = report_store.read_versions(conn, self._institution, instruction)
        return self._shown(conn, rows)

    def latest(self, conn: Connection, kind: str, period: str) -> Iterator[Version]:
        """Yield the latest version of each record of a period, by instruction."""
        for rows in report_store.read_latest(conn, self._institution, kind, period, _PORTION):
            yield from self._shown(conn, rows)

    def _shown(self, conn: Connection, rows: Sequence[VersionRow]) -> list[Version]:
        subjects = [subject_of(row.parties) for row in rows]
        keys = self._cover.keys(conn, subjects)
        return [
            self._version(conn, row, keys.get(subject))
            for row, subject in zip(rows, subjects, strict=True)
        ]

    def _version(self, conn: Connection, row: VersionRow, key: SubjectKey | None) -> Version:
        rest = (row.instruction_id, row.version, row.fields)
        said = (row.instruction_id, "report", row.kind, str(row.version), "reason")
        reason = self._cover.show(key, row.reason, *said) if row.reason else ""
        return Version(
            row.instruction_id,
            row.kind,
            row.version,
            row.period,
            row.facility,
            row.action,
            row.value_on,
            row.created_at,
            row.actor or "",
            reason or "",
            self._packs.get(conn, row.pack_hash).pack.form(row.kind),
            opened(self._cover, key, row.kind, row.period, rest),
        )

    def correct(
        self,
        conn: Connection,
        instruction: str,
        kind: str,
        stated: Mapping[str, str],
        *,
        why: str,
        by: str,
        at: datetime,
    ) -> Version:
        """State fields of a record anew, as its next version, and return it.

        `stated` are texts by field, of a line as `lines.N.field` with N from 1; a record of one
        line needs no number.

        Raises:
            BadInput: there is no such record or field, a value has another form, nothing would
                change, no reason is given, or the record was erased with its person.
        """
        if not why.strip():
            raise BadInput([say.no_reason()])
        report_store.lock_records(conn, self._institution, instruction)
        rows = report_store.read_versions(conn, self._institution, instruction)
        mine = [row for row in rows if row.kind == kind]
        if not mine:
            raise BadInput([say.no_record(instruction, kind, {row.kind for row in rows})])
        row, subject = mine[-1], subject_of(mine[-1].parties)
        key = self._cover.keys(conn, [subject]).get(subject)
        before = self._version(conn, row, key)
        if before.record is None:
            raise BadInput([say.erased(instruction)])
        pack = self._packs.get(conn, row.pack_hash).pack
        found = _Stating(before.record, before.form, pack.codes).state(stated)
        of = (row.facility, row.action)
        after = restate(pack, before.record, of, row.value_on, found)
        if after == before.record:
            raise BadInput([say.nothing_changed(instruction, kind)])
        return self._write(conn, row, key, after, why=why.strip(), by=by, at=at)

    def _write(
        self,
        conn: Connection,
        row: VersionRow,
        key: SubjectKey | None,
        record: Record,
        *,
        why: str,
        by: str,
        at: datetime,
    ) -> Version:
        number, version = row.instruction_id, row.version + 1
        of = (number, "report", row.kind, str(version))
        fields = self._cover.hide(key, canonical_text(record.content), *of)
        reason = self._cover.hide(key, why, *of, "reason")
        seals = report_store.write_version(
            conn,
            {
                "institution_id": self._institution,
                "instruction_id": number,
                "kind": row.kind,
                "version": version,
                "period": row.period,
                "fields": fields,
                "created_at": at,
                "actor": by,
                "reason": reason,
                "salt": self._salts(_SALT_BYTES),
            },
        )
        body = {"kind": row.kind, "version": version, "actor": by}
        entry = Entry("report.corrected", number, body, tuple(seals), self._institution)
        journal.append(conn, [entry], at=at, salts=lambda: self._salts(_SALT_BYTES))
        written = row._replace(
            version=version, fields=fields, created_at=at, actor=by, reason=reason, sent_at=None
        )
        return self._version(conn, written, key)


class _Stating:
    """Reads what a correction states, against the form of its record."""

    def __init__(self, record: Record, form: ReportForm, codes: Mapping[str, CodeTable]) -> None:
        self._form, self._codes = form, codes
        self._fields = dict(record.fields)
        self._lines = [dict(line) for line in record.lines]
        self._flaws: list[Flaw] = []

    def state(
        self, stated: Mapping[str, str]
    ) -> tuple[dict[str, str | None], list[dict[str, str | None]]]:
        """Return the fields and lines with what is stated.

        Raises:
            BadInput: with every flaw of it.
        """
        placed = [(key, text, found) for key, text in stated.items() if (found := self._at(key))]
        # Currencies first: an amount is read in the one that is stated with it.
        placed.sort(key=lambda one: one[2][1].type != "currency")
        for key, text, (values, one, name) in placed:
            values[name] = self._read(key, text, one, values)
        if self._flaws:
            raise BadInput(self._flaws)
        self._forget_areas({(id(values), name) for _, _, (values, _, name) in placed})
        return self._fields, self._lines

    def _forget_areas(self, stated: set[tuple[int, str]]) -> None:
        """Take out the area of a party that is another now, unless it is stated as well."""
        form = self._form
        parts = [(self._fields, form.fields), *((line, form.lines) for line in self._lines)]
        for values, fields in parts:
            for name, one in fields.items():
                is_moved = one.source == "area" and (id(values), one.of[0]) in stated
                if is_moved and (id(values), name) not in stated:
                    values[name] = None

    def _at(self, key: str) -> tuple[dict[str, str | None], ReportField, str] | None:
        """Return where a field stands, what it is and its name; None and a flaw where it cannot."""
        form, (head, _, rest) = self._form, key.partition(".")
        number, _, name = rest.partition(".")
        line = int(number) - 1 if head == "lines" and number.isdecimal() else -1
        if key in form.fields:
            found = self._fields, form.fields[key], key
        elif key in form.lines and len(self._lines) == 1:
            found = self._lines[0], form.lines[key], key
        elif 0 <= line < len(self._lines) and name in form.lines:
            found = self._lines[line], form.lines[name], name
        else:
            numbered = [f"lines.{at}." for at in range(1, len(self._lines) + 1)]
            known = [*form.fields, *(f"{start}{one}" for start in numbered for one in form.lines)]
            self._flaws.append(say.unknown_field(key, known))
            return None
        if found[1].source in _KEPT:
            self._flaws.append(say.kept_field(key))
            return None
        return found

    def _read(
        self, key: str, text: str, one: ReportField, values: Mapping[str, str | None]
    ) -> str | None:
        """Return a value as a record holds it, or note what form it should have."""
        if one.table and not self._codes[one.table].fits(text):
            self._flaws.append(say.wrong_code(Place(key), text, self._codes[one.table]))
            return None
        unit = values.get(self._form.line_of("currency") or "") or ""
        fact = ReportFact(
            type="text" if one.type == "code" else one.type,
            currency=unit if one.type == "money" and unit in CURRENCIES else "CNY",
            provider="record" if one.source == "held" else "sender",
            zh=one.zh,
            en=one.en,
        )
        read, flaws = read_facts({key: fact}, [(key, text)], Place)
        self._flaws += flaws
        if flaws:
            return None
        value = stored_facts(read)[key]
        if isinstance(value, bool):
            return "true" if value else "false"
        return _at_scale(str(value), one, fact.currency)


def _at_scale(text: str, one: ReportField, currency: str) -> str:
    """Write an amount with all decimals of its currency, as records hold it."""
    if one.type != "money":
        return text
    scale = scale_of(currency)
    return format_minor(to_minor(parse_decimal(text), scale), scale)
