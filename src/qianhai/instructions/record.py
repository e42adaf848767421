"""Record: the rows that commit with a result, sealed by one journal entry.

The instruction, its decision, the pack that decided, the messages that have to leave, and the
effects the pack asks for. A stored decision is read back whole: its facts, one character a
condition, its reasons and limits.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from operator import add
from typing import Any, Final, Protocol

import pyarrow as pa

from qianhai import journal, registers
from qianhai.db import Connection
from qianhai.instructions import store
from qianhai.instructions.accounts import limit_name
from qianhai.instructions.cover import Cover
from qianhai.instructions.effects import Filed, carry_out
from qianhai.instructions.flaws import answer_erased, used_before
from qianhai.instructions.model import (
    Answer,
    Drawn,
    Instruction,
    Known,
    Named,
    stored_facts,
)
from qianhai.instructions.part import Part
from qianhai.instructions.recall import explained, letters, recall
from qianhai.instructions.record_columns import PartRows, message, texts_of
from qianhai.instructions.report_columns import part_records
from qianhai.instructions.reports import Record, Reporter
from qianhai.journal import Entry, Seal
from qianhai.kernel import BadInput, canonical_text, derived_id, uuid7
from qianhai.ledger import Chain, ChainResult
from qianhai.policy import Decision, Policy, Verdict, open_policy, unbundled
from qianhai.registers import Keyring, SubjectKey

#: From so many answers on a column is sealed as one block.
BLOCK_MIN: Final = 16


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


class Beside(Protocol):
    """Something judged beside the live pack and never acted on (`shadow`)."""

    def seals(
        self,
        conn: Connection,
        booked: Sequence[Booked],
        keys: Mapping[str, SubjectKey],
        at: datetime,
    ) -> list[list[Seal]]:
        """Write what it says to each answer, and return the seals of its rows."""


class Recorder:
    """Writes and reads what the road leaves behind, for one institution."""

    def __init__(
        self,
        policy: Policy,
        institution_id: str,
        keyring: Keyring,
        salts: Callable[[int], bytes],
        pack_files: bytes,
    ) -> None:
        self._policy = policy
        self._institution = institution_id
        self._keyring = keyring
        self._cover = Cover(institution_id, keyring, salts)
        self._salts = salts
        self._pack_files = pack_files
        self._part_rows = PartRows(institution_id, self._cover, salts)
        self._has_pack = False
        self._policies = {policy.pack.hash: policy}
        self._reporter = Reporter(policy, institution_id)
        self.beside: Beside | None = None

    def salt(self) -> bytes:
        """Return sixteen random bytes."""
        return self._salts(16)

    def file(
        self, conn: Connection, entries: Sequence[registers.Entry], at: datetime
    ) -> Filed | None:
        """Put on file what effects say; return what was, if anything.

        Before `write`: whoever loads a register locks the journal's head last.
        """
        return carry_out(
            conn,
            entries,
            institution_id=self._institution,
            keyring=self._keyring,
            salts=self.salt,
            at=at,
        )

    def write(
        self, conn: Connection, booked: Sequence[Booked], at: datetime, parts: Sequence[Part] = ()
    ) -> list[Answer]:
        """Write everything a column of answers leaves: instructions by themselves, and parts.

        Returns the answers of the former.
        """
        subjects = {one.row.subject for one in booked}
        subjects.update(*(part.subjects.unique().to_pylist() for part in parts))
        keys = self._cover.keys(conn, subjects)
        keyed = [(one, keys.get(one.row.subject)) for one in booked]
        first = self._pack_seal(conn, at)
        rows = store.Written(
            [self._instruction_row(one.row, key, at) for one, key in keyed],
            [self._decision_row(one, key, at) for one, key in keyed],
            [self._messages(one.row, one.decision, at) for one in booked],
            [
                [self._report_row(one.row, key, record, at) for record in records]
                for (one, key), records in zip(
                    keyed, self._reporter.records(conn, booked), strict=True
                )
            ],
        )
        if not parts and len(booked) < BLOCK_MIN:
            seals = store.write_each(conn, rows)
            seals[0].extend(first)
            beside = self._beside(conn, booked, keys, at)
            journal_entries = [
                Entry(
                    "decision", one.row.instruction.id, _body(one), tuple(mine), self._institution
                )
                for one, mine in zip(booked, map(add, seals, beside), strict=True)
            ]
        else:
            block = uuid7(at, self.salt())
            reports = [(part, part_records(self._reporter, part)) for part in parts]
            together = [
                *first,
                *store.write_block(conn, self._tables(rows, parts, keys, at, reports), block),
            ]
            together += chain(*self._beside(conn, booked, keys, at))
            body = _summary(booked, parts)
            journal_entries = [
                Entry("decisions", str(block), body, tuple(together), self._institution)
            ]
        journal.append(conn, journal_entries, at=at, salts=self.salt)
        return [_answer(one) for one in booked]

    def _tables(
        self,
        rows: store.Written,
        parts: Sequence[Part],
        keys: Mapping[str, SubjectKey],
        at: datetime,
        reports: Sequence[tuple[Part, Sequence[tuple[str, str, pa.Array]]]],
    ) -> dict[str, list[pa.Table]]:
        """Return the rows of a block by the table they go to."""
        made = self._part_rows
        sent = [row for each in rows.messages for row in each]
        return {
            "instructions": [
                texts_of(store.INSTRUCTIONS, rows.instructions),
                *(made.instructions(part, keys, at) for part in parts),
            ],
            "decisions": [
                texts_of(store.DECISIONS, rows.decisions),
                *(made.decisions(part, keys, at) for part in parts),
            ],
            "outbox": [
                texts_of(store.OUTBOX, sent),
                *(table for part in parts for table in made.outbox(part, at)),
            ],
            "reports": [
                texts_of(store.REPORTS, [row for each in rows.reports for row in each]),
                *(
                    made.report(part, keys, at, kind, period, texts)
                    for part, records in reports
                    for kind, period, texts in records
                ),
            ],
        }

    def _beside(
        self,
        conn: Connection,
        booked: Sequence[Booked],
        keys: Mapping[str, SubjectKey],
        at: datetime,
    ) -> list[list[Seal]]:
        """Have what is judged beside written, and return the seals of each answer."""
        if self.beside is None:
            return [[] for _ in booked]
        return self.beside.seals(conn, booked, keys, at)

    def _pack_seal(self, conn: Connection, at: datetime) -> list[Seal]:
        pack = self._policy.pack
        self._has_pack = self._has_pack or store.has_pack(conn, self._institution, pack.hash)
        if self._has_pack:
            return []
        return store.write_pack(
            conn, self._institution, pack.hash, pack.version, self._pack_files, at, self.salt()
        )

    def _instruction_row(
        self, row: Known, key: SubjectKey | None, at: datetime
    ) -> Mapping[str, object]:
        instruction = row.instruction
        sent = canonical_text(stored_facts(self._sent(row)) | dict(instruction.said))
        return {
            "institution_id": self._institution,
            "id": instruction.id,
            "content_hash": instruction.content_hash,
            "facility": row.compiled.facility,
            "action": row.compiled.name,
            "continues": instruction.continues or None,
            "root": row.key,
            "value_on": instruction.value_on,
            "received_at": at,
            "chain_id": instruction.chain_id,
            "parties": canonical_text(
                {
                    "parties": dict(row.parties),
                    "accounts": dict(row.accounts),
                    "subject": row.subject,
                }
            ),
            "facts": self._cover.hide(key, sent, instruction.id, "sent"),
            "salt": self.salt(),
        }

    def _sent(self, row: Known) -> dict[str, object]:
        """Return the sender's own facts, those inherited from the continued business included."""
        return {path: row.facts[path] for path in row.sent if path in row.facts}

    def _decision_row(
        self, one: Booked, key: SubjectKey | None, at: datetime
    ) -> Mapping[str, object]:
        row, decision, result = one.row, one.decision, one.result
        number = row.instruction.id
        sent = self._sent(row)
        told = {path: value for path, value in row.facts.items() if path not in sent}
        seen = canonical_text(stored_facts(told))
        return {
            "institution_id": self._institution,
            "instruction_id": number,
            "decided_at": at,
            "known_at": row.known_at or at,
            "outcome": decision.outcome.value,
            "clause": decision.clause,
            "pack_hash": decision.pack_hash,
            "facts": self._cover.hide(key, seen, number, "seen"),
            "answers": letters(decision),
            "explained": self._cover.hide(key, explained(decision), number, "explained"),
            "ledger_result": result.result.value,
            "ledger_seq": result.seq_last,
            "draws": canonical_text(store.drawn_text(one.drawn)),
            "salt": self.salt(),
        }

    def _messages(self, row: Known, decision: Decision, at: datetime) -> list[Mapping[str, object]]:
        """Return what has to leave beside the reports: the alerts of a refusal."""
        payload = canonical_text(message(row.instruction.id, decision)) if decision.alerts else ""
        return [
            {
                "institution_id": self._institution,
                "id": derived_id("outbox", self._institution, row.instruction.id, "alert", name),
                "instruction_id": row.instruction.id,
                "kind": "alert",
                "name": name,
                "payload": payload,
                "created_at": at,
                "salt": self.salt(),
            }
            for name in decision.alerts
        ]

    def _report_row(
        self, row: Known, key: SubjectKey | None, record: Record, at: datetime
    ) -> Mapping[str, object]:
        """Return the first version of a record: it waits to leave itself."""
        number, content = row.instruction.id, canonical_text(record.content)
        return {
            "institution_id": self._institution,
            "instruction_id": number,
            "kind": record.kind,
            "version": 1,
            "period": record.period,
            "fields": self._cover.hide(key, content, number, "report", record.kind, "1"),
            "created_at": at,
            "salt": self.salt(),
        }

    def expired(self, conn: Connection, void: Chain, at: datetime) -> None:
        """Record that a hold's time was over and what it set aside is free again."""
        body = {"hold": str(void.of), "void": str(void.id)}
        entry = Entry("hold.expired", str(void.of), body, (), void.institution_id)
        journal.append(conn, [entry], at=at, salts=self.salt)

    def known(self, conn: Connection, ids: Sequence[str]) -> set[str]:
        """Return those of some ids that are on record."""
        return set(store.stored_hashes(conn, self._institution, ids))

    def stored(self, conn: Connection, instructions: Sequence[Instruction]) -> dict[str, Answer]:
        """Return the answers on record for instructions that were answered before, by their ids.

        Raises:
            BadInput: an id was used before with other content, or its answer was erased.
        """
        hashes = store.stored_hashes(conn, self._institution, [one.id for one in instructions])
        known = [one for one in instructions if one.id in hashes]
        flaws = [
            used_before(one.place, one.id) for one in known if hashes[one.id] != one.content_hash
        ]
        if flaws:
            raise BadInput(flaws)
        answers = self.recalled(conn, known)
        erased = [answer_erased(one.place, one.id) for one in known if one.id not in answers]
        if erased:
            raise BadInput(erased)
        return answers

    def recalled(self, conn: Connection, instructions: Sequence[Instruction]) -> dict[str, Answer]:
        """Return the answers of instructions on record; one that was erased is left out."""
        if not instructions:
            return {}
        found = store.read_decisions(conn, self._institution, [one.id for one in instructions])
        subjects = {number: _subject_of(kept) for number, kept in found.items()}
        keys = self._cover.keys(conn, subjects.values())
        answers = {}
        for one in instructions:
            kept, key = found[one.id], keys.get(subjects[one.id])
            shown = self._cover.show(key, kept.explained, one.id, "explained")
            if shown is not None:
                decision = recall(self.policy_of(conn, kept.pack_hash), shown, kept.answers)
                answers[one.id] = _answer_again(one, decision, kept)
        return answers

    def policy_of(self, conn: Connection, pack_hash: str) -> Policy:
        """Return a pack that decided: the one in use, or the one kept with the decision."""
        if pack_hash not in self._policies:
            kept = store.read_pack(conn, self._institution, pack_hash)
            self._policies[pack_hash] = open_policy(unbundled(kept), is_brief=True)
        return self._policies[pack_hash]

    def instructions(self, conn: Connection, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Return stored instructions with outcome and draws, by id; erased facts are left out."""
        named = sorted(ids)
        if not named:
            return {}
        found = store.read_instructions(conn, self._institution, named)
        keys = self._cover.keys(conn, (kept["parties"]["subject"] for kept in found.values()))
        for number, kept in found.items():
            key = keys.get(kept["parties"]["subject"])
            kept["facts"] = json.loads(self._cover.show(key, kept["facts"], number, "sent") or "{}")
        return found


def _subject_of(kept: store.StoredDecision) -> str:
    return str(json.loads(kept.parties)["subject"])


def _answer_again(
    instruction: Instruction, decision: Decision, kept: store.StoredDecision
) -> Answer:
    """Return the answer of a decision on record, with the accounts it drew on."""
    drawn = {one.use_id: one for one in (Drawn(**kept) for kept in json.loads(kept.draws))}
    pools = tuple(
        Named(one.account, one.asset, one.scale, one.holder) if (one := drawn.get(use.id)) else None
        for use in decision.limits
    )
    result, seq = kept.ledger_result, kept.ledger_seq
    return Answer(instruction, decision, result, seq, is_repeat=True, pools=pools)


def _answer(one: Booked) -> Answer:
    draws = one.verdict.draws
    pools = tuple(limit_name(one.row, draw.limit.id, draw.pool.id) for draw in draws)
    result = one.result
    return Answer(
        one.row.instruction, one.decision, result.result.value, result.seq_last, pools=pools
    )


def _summary(booked: Sequence[Booked], parts: Sequence[Part]) -> Mapping[str, object]:
    """Return what the journal says of a block of answers; each is in its rows, sealed together."""
    decided = [(one.decision, 1) for one in booked] + [(one.decision, len(one)) for one in parts]
    outcomes = Counter[str]()
    for decision, count in decided:
        outcomes[decision.outcome.value] += count
    return {
        "count": sum(outcomes.values()),
        "outcomes": dict(outcomes),
        "packs": sorted({decision.pack_hash for decision, _ in decided}),
    }


def _body(one: Booked) -> Mapping[str, object]:
    """Return what the journal says of an answer, beside the seals of its rows."""
    decision, result = one.decision, one.result
    return {
        "facility": decision.facility,
        "action": decision.action,
        "clause": decision.clause,
        "outcome": decision.outcome.value,
        "on": decision.on,
        "reasons": [reason.code for reason in decision.reasons],
        "pack": decision.pack_hash,
        "chain": str(one.row.instruction.chain_id) if result.seq_last else "",
        "ledger": result.result.value,
    }
