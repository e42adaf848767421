"""Approvals: what is above a threshold waits for a second person, who decides on it once.

An instruction is submitted with its dry answer. Whoever submitted it never decides on it. An
approval is on record before anything is booked, and what is booked has the instruction's own id:
however often the way is gone, it is posted once. Every step is a row that never changes and an
entry of the journal that seals it.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from qianhai import journal
from qianhai.db import Connection
from qianhai.instructions import approval_store as store
from qianhai.instructions.approval_flaws import refused
from qianhai.instructions.approval_store import StepRow
from qianhai.instructions.cover import Cover
from qianhai.instructions.interpret import declared_facts
from qianhai.instructions.model import Instruction, stored_facts
from qianhai.instructions.preview import Preview
from qianhai.instructions.recall import explained
from qianhai.instructions.thresholds import Waits
from qianhai.journal import Entry
from qianhai.kernel import BadInput, Place, Reason, canonical_text
from qianhai.policy import Policy, read_facts

_SALT_BYTES: Final = 16
_WHY_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Approval:
    """An instruction on its way to a second person, as it was submitted and what came of it.

    `instruction` is None once what it said of a person was erased. `reasons` and `waits` are
    those of the submission.
    """

    id: str
    facility: str
    subject: str
    instruction: Instruction | None
    reasons: tuple[Reason, ...]
    waits: Waits | None
    steps: tuple[StepRow, ...]

    @property
    def submission(self) -> StepRow:
        """Return its first step."""
        return self.steps[0]

    @property
    def verdict(self) -> StepRow | None:
        """Return what a person decided, if anything."""
        return self.steps[1] if len(self.steps) > 1 else None

    @property
    def state(self) -> str:
        """Return how far it came: submitted, approved, rejected or withdrawn."""
        return self.steps[-1].kind


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is submitted: the instruction, its dry answer, and why it waits."""

    preview: Preview
    why: Waits

    @property
    def instruction(self) -> Instruction:
        """Return the instruction."""
        return self.preview.answer.instruction


class Approvals:
    """Keeps what waits, for one institution; `by` is who takes a step.

    Every step raises BadInput where the steps before it do not allow it, and commits with the
    caller.
    """

    def __init__(
        self, institution_id: str, cover: Cover, policy: Policy, salts: Callable[[int], bytes]
    ) -> None:
        self._institution = institution_id
        self._cover = cover
        self._policy = policy
        self._salts = salts

    def submit(
        self, conn: Connection, waiting: Sequence[Waiting], *, by: str, at: datetime
    ) -> None:
        """Write down that instructions wait for a second person."""
        keys = self._cover.keys(conn, (_subject(one) for one in waiting))
        rows = []
        for one in waiting:
            instruction, key = one.instruction, keys.get(_subject(one))
            told = json.loads(explained(one.preview.decision)) | {"waits": _waits(one.why)}
            said = canonical_text(told)
            content = canonical_text(_content(instruction))
            rows.append(
                {
                    **self._row(instruction.id, 1, "submitted", by, at),
                    "facility": instruction.facility,
                    "subject": _subject(one),
                    "content_hash": instruction.content_hash,
                    "content": self._cover.hide(key, content, instruction.id, "waiting"),
                    "outcome": one.preview.decision.outcome.value,
                    "answer": one.preview.mark,
                    "explained": self._cover.hide(key, said, instruction.id, "dry"),
                }
            )
        self._write(conn, rows, at)

    def get(self, conn: Connection, instruction_id: str) -> Approval:
        """Return one instruction that was submitted.

        Raises:
            BadInput: there is none of this id.
        """
        found = self.named(conn, [instruction_id])
        if not found:
            raise BadInput([refused("I041", instruction_id)])
        return found[0]

    def named(
        self, conn: Connection, ids: Sequence[str], keys_of: Connection | None = None
    ) -> list[Approval]:
        """Return what was submitted under some ids, in their order.

        `keys_of` is a connection that may read persons' keys, where `conn` only reads what one
        person may see.
        """
        steps: dict[str, list[StepRow]] = {}
        for row in store.read_steps(conn, self._institution, ids):
            steps.setdefault(row.instruction_id, []).append(row)
        subjects = {taken[0].subject for taken in steps.values()}
        keys = self._cover.keys(keys_of or conn, subjects)
        found = []
        for number in ids:
            if number not in steps:
                continue
            first = steps[number][0]
            key = keys.get(first.subject)
            content = self._cover.show(key, first.content, number, "waiting")
            said = self._cover.show(key, first.explained, number, "dry")
            told: dict[str, Any] = json.loads(said) if said else {"reasons": [], "waits": None}
            found.append(
                Approval(
                    number,
                    first.facility,
                    first.subject,
                    self._instruction(number, json.loads(content)) if content else None,
                    tuple(Reason(r["code"], r["clause"], r["data"]) for r in told["reasons"]),
                    Waits(**told["waits"]) if told["waits"] else None,
                    tuple(steps[number]),
                )
            )
        return found

    def approve(
        self, conn: Connection, instruction_id: str, preview: Preview, *, by: str, at: datetime
    ) -> None:
        """Approve what waits on the dry answer the approver saw; approved already, it stays so."""
        found = self._decidable(conn, instruction_id, by)
        if found.state == "approved":
            return
        answer = {"outcome": preview.decision.outcome.value, "answer": preview.mark}
        self._step(conn, found, "approved", by, at, **answer)

    def reject(
        self, conn: Connection, instruction_id: str, *, why: str, by: str, at: datetime
    ) -> None:
        """Turn down what waits, and say why."""
        found = self._decidable(conn, instruction_id, by)
        if found.state == "approved":
            raise BadInput([refused("I043", instruction_id)])
        if not 0 < len(why.strip()) <= _WHY_MAX or not why.strip().isprintable():
            raise BadInput([refused("I044", why, "why")])
        self._step(conn, found, "rejected", by, at, why=why.strip())

    def withdraw(self, conn: Connection, instruction_id: str, *, by: str, at: datetime) -> None:
        """Take back what one submitted, as long as nobody decided on it."""
        found = self._locked(conn, instruction_id)
        if not _is_same(found.submission.actor, by):
            raise BadInput([refused("I045", by)])
        if found.state != "submitted":
            raise BadInput([refused("I043", instruction_id)])
        self._step(conn, found, "withdrawn", by, at)

    def check(self, found: Approval, by: str) -> None:
        """Tell whether somebody may decide on what waits.

        Raises:
            BadInput: they submitted it themselves, or it is decided.
        """
        if _is_same(found.submission.actor, by):
            raise BadInput([refused("I042", by)])
        if found.state not in {"submitted", "approved"}:
            raise BadInput([refused("I043", found.id)])

    def _decidable(self, conn: Connection, instruction_id: str, by: str) -> Approval:
        found = self._locked(conn, instruction_id)
        self.check(found, by)
        return found

    def _locked(self, conn: Connection, instruction_id: str) -> Approval:
        store.lock_approval(conn, self._institution, instruction_id)
        return self.get(conn, instruction_id)

    def _step(
        self,
        conn: Connection,
        found: Approval,
        kind: str,
        by: str,
        at: datetime,
        **more: str,
    ) -> None:
        row = {
            **self._row(found.id, len(found.steps) + 1, kind, by, at),
            "facility": found.facility,
            "subject": found.subject,
            "content_hash": found.submission.content_hash,
            "content": "",
            "outcome": "",
            "answer": "",
            "explained": "",
            **more,
        }
        self._write(conn, [row], at)

    def _row(
        self, instruction_id: str, step: int, kind: str, by: str, at: datetime
    ) -> dict[str, object]:
        return {
            "institution_id": self._institution,
            "instruction_id": instruction_id,
            "step": step,
            "kind": kind,
            "at": at,
            "actor": by,
            "why": "",
            "salt": self._salts(_SALT_BYTES),
        }

    def _write(self, conn: Connection, rows: Sequence[Mapping[str, object]], at: datetime) -> None:
        """Write steps, each with its entry in the journal."""
        seals = store.write_steps(conn, rows)
        entries = [
            Entry(
                f"approval.{row['kind']}",
                str(row["instruction_id"]),
                {name: row[name] for name in ("actor", "facility", "outcome", "why")},
                (seal,),
                self._institution,
            )
            for row, seal in zip(rows, seals, strict=True)
        ]
        journal.append(conn, entries, at=at, salts=lambda: self._salts(_SALT_BYTES))

    def _instruction(self, number: str, kept: Mapping[str, Any]) -> Instruction:
        """Return a kept instruction as it was read from its sender.

        Raises:
            BadInput: the pack of today reads its facts otherwise.
        """
        place = Place(kept["file"], kept["line"])
        declared = declared_facts(self._policy, kept["facility"])
        facts, flaws = read_facts(
            declared, kept["facts"].items(), lambda leaf: Place(place.file, place.line, leaf)
        )
        if flaws:
            raise BadInput(flaws)
        return Instruction(
            number,
            self._institution,
            kept["facility"],
            kept["action"],
            date.fromisoformat(kept["value_on"]),
            kept["parties"],
            kept["accounts"],
            facts,
            kept["continues"],
            kept["said"],
            place,
        )


def _subject(one: Waiting) -> str:
    return one.preview.known.subject if one.preview.known else ""


def _is_same(one: str, other: str) -> bool:
    return one.strip().lower() == other.strip().lower()


def _waits(why: Waits) -> dict[str, str]:
    return {"kind": why.kind, "currency": why.currency, "amount": why.amount, "most": why.most}


def _content(instruction: Instruction) -> dict[str, object]:
    """Return an instruction as it is kept while it waits."""
    return {
        "facility": instruction.facility,
        "action": instruction.action,
        "value_on": instruction.value_on,
        "parties": dict(instruction.parties),
        "accounts": dict(instruction.accounts),
        "facts": stored_facts(instruction.facts),
        "said": dict(instruction.said),
        "continues": instruction.continues,
        "file": instruction.place.file,
        "line": instruction.place.line,
    }
