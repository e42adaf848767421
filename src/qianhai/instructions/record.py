"""Record: the rows that commit with a result, sealed by one journal entry.

The instruction, its decision, the pack that decided, the messages that have to leave, and the
effects the pack asks for. A stored decision is read back whole: its facts, one character a
condition, its reasons and limits.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from qianhai import journal
from qianhai.db import Connection
from qianhai.instructions import store
from qianhai.instructions.accounts import limit_name
from qianhai.instructions.cover import Cover
from qianhai.instructions.effects import carry_out
from qianhai.instructions.flaws import answer_erased
from qianhai.instructions.model import (
    Answer,
    Drawn,
    Instruction,
    Known,
    Named,
    stored_facts,
)
from qianhai.instructions.recall import explained, letters, recall
from qianhai.journal import Entry, Seal
from qianhai.kernel import BadInput, Outcome, canonical_text, derived_id
from qianhai.ledger import Chain, ChainResult
from qianhai.policy import Decision, Policy, Verdict, open_policy, unbundled
from qianhai.registers import Keyring, SubjectKey


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

    def salt(self) -> bytes:
        """Return sixteen random bytes."""
        return self._salts(16)

    def write(
        self,
        conn: Connection,
        row: Known,
        verdict: Verdict,
        result: ChainResult,
        drawn: Sequence[Drawn],
        at: datetime,
    ) -> Answer:
        """Write everything one answer leaves, and return the answer."""
        decision = verdict.decision
        instruction = row.instruction
        # The journal's head is locked last: whoever loads a register takes the locks in this order.
        if decision.outcome is Outcome.PERMITTED:
            carry_out(
                conn,
                row,
                verdict,
                institution_id=self._institution,
                keyring=self._keyring,
                salts=self.salt,
                at=at,
            )
        key = self._cover.key(conn, row.subject)
        seals = self._pack_seal(conn, at)
        seals += store.write_instruction(conn, self._instruction_row(row, key, at))
        written = self._decision_row(row, key, decision, result, drawn, at)
        seals += store.write_decision(conn, written)
        seals += store.write_outbox(conn, self._messages(row, key, decision, at))
        body = {
            "facility": decision.facility,
            "action": decision.action,
            "clause": decision.clause,
            "outcome": decision.outcome.value,
            "on": decision.on,
            "reasons": [reason.code for reason in decision.reasons],
            "pack": decision.pack_hash,
            "chain": str(instruction.chain_id) if result.seq_last else "",
            "ledger": result.result.value,
        }
        entry = Entry("decision", instruction.id, body, tuple(seals), self._institution)
        journal.append(conn, [entry], at=at, salts=self.salt)
        pools = tuple(limit_name(row, draw.limit.id, draw.pool.id) for draw in verdict.draws)
        return Answer(instruction, decision, result.result.value, result.seq_last, pools=pools)

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
        self,
        row: Known,
        key: SubjectKey | None,
        decision: Decision,
        result: ChainResult,
        drawn: Sequence[Drawn],
        at: datetime,
    ) -> Mapping[str, object]:
        number = row.instruction.id
        seen = canonical_text(stored_facts(row.facts))
        return {
            "institution_id": self._institution,
            "instruction_id": row.instruction.id,
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
            "draws": canonical_text(store.drawn_text(drawn)),
            "salt": self.salt(),
        }

    def _messages(
        self, row: Known, key: SubjectKey | None, decision: Decision, at: datetime
    ) -> list[Mapping[str, object]]:
        """Return what has to leave: the reports a permission owes, the alerts of a refusal."""
        wanted = [("report", name) for name in decision.reports]
        wanted += [("alert", name) for name in decision.alerts]
        payload = canonical_text(
            {
                "instruction": row.instruction.id,
                "facility": decision.facility,
                "action": decision.action,
                "clause": decision.clause,
                "value_on": decision.on,
                "parties": dict(row.parties),
                "facts": stored_facts(row.facts),
            }
        )
        return [
            {
                "institution_id": self._institution,
                "id": derived_id("outbox", self._institution, row.instruction.id, kind, name),
                "instruction_id": row.instruction.id,
                "kind": kind,
                "name": name,
                "payload": self._cover.hide(key, payload, row.instruction.id, kind, name),
                "created_at": at,
                "salt": self.salt(),
            }
            for kind, name in wanted
        ]

    def expired(self, conn: Connection, void: Chain, at: datetime) -> None:
        """Record that a hold's time was over and what it set aside is free again."""
        body = {"hold": str(void.of), "void": str(void.id)}
        entry = Entry("hold.expired", str(void.of), body, (), void.institution_id)
        journal.append(conn, [entry], at=at, salts=self.salt)

    def stored(self, conn: Connection, instruction: Instruction) -> Answer:
        """Return the answer on record for an instruction."""
        found = store.read_decision(conn, self._institution, instruction.id)
        assert found, "an instruction on record has its decision"
        text, answers, pack_hash, result, seq, parties, draws = found
        key = self._cover.key(conn, json.loads(parties)["subject"])
        shown = self._cover.show(key, text, instruction.id, "explained")
        if shown is None:
            raise BadInput([answer_erased(instruction.place, instruction.id)])
        decision = recall(self._policy_of(conn, pack_hash), shown, answers)
        drawn = {one.use_id: one for one in (Drawn(**kept) for kept in json.loads(draws))}
        pools = tuple(
            Named(one.account, one.asset, one.scale, one.holder)
            if (one := drawn.get(use.id))
            else None
            for use in decision.limits
        )
        return Answer(instruction, decision, result, seq, is_repeat=True, pools=pools)

    def _policy_of(self, conn: Connection, pack_hash: str) -> Policy:
        """Return the pack that decided: the one in use, or the one kept with the decision."""
        if pack_hash not in self._policies:
            kept = store.read_pack(conn, self._institution, pack_hash)
            self._policies[pack_hash] = open_policy(unbundled(kept))
        return self._policies[pack_hash]

    def instruction(self, conn: Connection, number: str) -> dict[str, Any] | None:
        """Return a stored instruction with its outcome and draws; erased facts are left out."""
        stored = store.read_instruction(conn, self._institution, number)
        if stored is not None:
            key = self._cover.key(conn, stored["parties"]["subject"])
            shown = self._cover.show(key, stored["facts"], number, "sent")
            stored["facts"] = json.loads(shown or "{}")
        return stored
