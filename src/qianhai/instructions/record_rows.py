"""Rows of answers that went by themselves: what each leaves, a column at a time.

Every row is of another business, so each text is written for itself. Holds no SQL.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from qianhai import registers
from qianhai.instructions.cover import Cover
from qianhai.instructions.model import Drawn, Known, stored_facts
from qianhai.instructions.recall import explained, letters
from qianhai.instructions.record_columns import message
from qianhai.instructions.reports import Record
from qianhai.instructions.rows import Columns, Rows, bytea, salts_of
from qianhai.instructions.store import DECISIONS, INSTRUCTIONS, OUTBOX, REPORTS, drawn_text
from qianhai.kernel import canonical_text, derived_id, derived_ids
from qianhai.ledger import Chain, ChainResult
from qianhai.policy import Decision, Verdict
from qianhai.registers import SubjectKey

Keys = Mapping[str, SubjectKey]


@dataclass(frozen=True, slots=True)
class Booked:
    """An instruction with its final verdict and what became of its chain.

    `drawn`, `entries` (what its effects put on file), the chain and what its legs are for are
    empty unless it is permitted.
    """

    row: Known
    verdict: Verdict
    result: ChainResult
    drawn: Sequence[Drawn] = ()
    entries: Sequence[registers.Entry] = ()
    chain: Chain | None = None
    owners: Sequence[str] = ()

    @property
    def decision(self) -> Decision:
        """Return the decision it ends with."""
        return self.verdict.decision


class SingleRows:
    """Makes the rows that some answers leave, in the order of the answers."""

    def __init__(
        self,
        institution_id: str,
        cover: Cover,
        salts: Callable[[int], bytes],
        booked: Sequence[Booked],
        keys: Keys,
        at: datetime,
    ) -> None:
        self._institution, self._cover, self._salts = institution_id, cover, salts
        self._booked, self._keys, self._at = booked, keys, at.isoformat()
        self._ids = [one.row.instruction.id for one in booked]
        self._subjects = [one.row.subject for one in booked]
        split = [_told_by(one.row) for one in booked]
        self._sent = [canonical_text(sent) for sent, _ in split]
        self._seen = [canonical_text(seen) for _, seen in split]

    def instructions(self) -> Rows:
        """Return the rows of instructions."""
        rows = [one.row for one in self._booked]
        sent = [row.instruction for row in rows]
        chains = derived_ids(["chain", self._institution], self._ids)
        columns = {
            "id": self._ids,
            "content_hash": [bytea(one.content_hash) for one in sent],
            "facility": [row.compiled.facility for row in rows],
            "action": [row.compiled.name for row in rows],
            "continues": [one.continues or None for one in sent],
            "root": [row.key for row in rows],
            "value_on": [one.value_on.isoformat() for one in sent],
            "received_at": self._at,
            "chain_id": [one.hex() for one in chains],
            "parties": [_parties(row) for row in rows],
            "facts": self._hidden(self._sent, "sent"),
        }
        return self._rows(INSTRUCTIONS, len(rows), columns)

    def decisions(self) -> Rows:
        """Return the rows of decisions."""
        booked = self._booked
        decisions = [one.decision for one in booked]
        known = [one.row.known_at for one in booked]
        seqs = [one.result.seq_last for one in booked]
        columns = {
            "instruction_id": self._ids,
            "decided_at": self._at,
            "known_at": [one.isoformat() if one else self._at for one in known],
            "outcome": [one.outcome.value for one in decisions],
            "clause": [one.clause for one in decisions],
            "pack_hash": [one.pack_hash for one in decisions],
            "facts": self._hidden(self._seen, "seen"),
            "answers": [letters(one) for one in decisions],
            "explained": self._hidden([explained(one) for one in decisions], "explained"),
            "ledger_result": [one.result.result.value for one in booked],
            "ledger_seq": [None if seq is None else str(seq) for seq in seqs],
            "draws": [canonical_text(drawn_text(one.drawn)) for one in booked],
        }
        return self._rows(DECISIONS, len(booked), columns)

    def outbox(self) -> Rows:
        """Return the rows of what has to leave beside the reports: the alerts of a refusal."""
        told = [
            (number, one.decision, name)
            for number, one in zip(self._ids, self._booked, strict=True)
            for name in one.decision.alerts
        ]
        columns = {
            "id": [
                str(derived_id("outbox", self._institution, number, "alert", name))
                for number, _, name in told
            ],
            "instruction_id": [number for number, _, _ in told],
            "kind": "alert",
            "name": [name for _, _, name in told],
            "payload": [canonical_text(message(number, one)) for number, one, _ in told],
            "created_at": self._at,
        }
        return self._rows(OUTBOX, len(told), columns)

    def reports(self, records: Sequence[Sequence[Record]]) -> Rows:
        """Return the first versions of the records of each answer: they wait to leave."""
        owed = [
            (number, self._keys.get(subject), record)
            for number, subject, each in zip(self._ids, self._subjects, records, strict=True)
            for record in each
        ]
        hide = self._cover.hide
        columns = {
            "instruction_id": [number for number, _, _ in owed],
            "kind": [record.kind for _, _, record in owed],
            "version": "1",
            "period": [record.period for _, _, record in owed],
            "fields": [
                hide(key, canonical_text(record.content), number, "report", record.kind, "1")
                for number, key, record in owed
            ],
            "created_at": self._at,
        }
        return self._rows(REPORTS, len(owed), columns)

    def _hidden(self, texts: Sequence[str], what: str) -> list[str]:
        return self._cover.hide_all(self._keys, self._subjects, self._ids, texts, what)

    def _rows(self, names: Sequence[str], count: int, columns: Columns) -> Rows:
        own = {"institution_id": self._institution, "salt": salts_of(self._salts, count)}
        return Rows(names, {**columns, **own}, count)


def _told_by(row: Known) -> tuple[dict[str, object], dict[str, object]]:
    """Return what the sender said, inherited facts included, and what others told."""
    sent: dict[str, object] = {}
    seen: dict[str, object] = {}
    for path, value in stored_facts(row.facts).items():
        (sent if path in row.sent else seen)[path] = value
    return sent | dict(row.instruction.said), seen


def _parties(row: Known) -> str:
    told = {"parties": dict(row.parties), "accounts": dict(row.accounts), "subject": row.subject}
    return canonical_text(told)
