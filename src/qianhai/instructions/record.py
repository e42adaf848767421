"""Record: the rows that commit with a result, sealed by one journal entry.

The instruction, its decision, the pack that decided, the messages that have to leave, and the
effects the pack asks for. A stored decision is read back whole: its facts, one character a
condition, its reasons and limits.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain
from operator import add
from typing import Any, Final, Protocol

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
    Named,
)
from qianhai.instructions.part import Part
from qianhai.instructions.recall import recall
from qianhai.instructions.record_columns import PartRows
from qianhai.instructions.record_rows import Booked, SingleRows
from qianhai.instructions.report_columns import part_records
from qianhai.instructions.reports import Reporter
from qianhai.instructions.rows import Rows
from qianhai.journal import Entry, Seal
from qianhai.kernel import BadInput, uuid7
from qianhai.ledger import Chain
from qianhai.policy import Decision, Policy, open_policy, unbundled
from qianhai.registers import Keyring, SubjectKey

#: From so many answers on a column is sealed as one block.
BLOCK_MIN: Final = 16


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
        first = self._pack_seal(conn, at)
        single = SingleRows(self._institution, self._cover, self._salts, booked, keys, at)
        records = self._reporter.records(conn, booked)
        written = {
            "instructions": single.instructions(),
            "decisions": single.decisions(),
            "outbox": single.outbox(),
            "reports": single.reports(records),
        }
        if not parts and len(booked) < BLOCK_MIN:
            messages = [len(one.decision.alerts) for one in booked]
            counts = zip(messages, map(len, records), strict=True)
            seals = store.write_each(conn, written, counts)
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
            tables = {name: [rows] for name, rows in written.items()}
            if parts:
                self._add_parts(tables, parts, keys, at)
            together = [*first, *store.write_block(conn, tables, block)]
            together += chain(*self._beside(conn, booked, keys, at))
            body = _summary(booked, parts)
            journal_entries = [
                Entry("decisions", str(block), body, tuple(together), self._institution)
            ]
        journal.append(conn, journal_entries, at=at, salts=self.salt)
        return [_answer(one) for one in booked]

    def _add_parts(
        self,
        tables: Mapping[str, list[Rows]],
        parts: Sequence[Part],
        keys: Mapping[str, SubjectKey],
        at: datetime,
    ) -> None:
        """Add the rows of parts to those of a block, by the table they go to."""
        made = PartRows(self._institution, self._cover, self._salts, parts, keys, at)
        tables["instructions"].append(made.instructions())
        tables["decisions"].append(made.decisions())
        tables["outbox"].extend(made.outbox())
        tables["reports"].append(
            made.reports([part_records(self._reporter, part) for part in parts])
        )

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
