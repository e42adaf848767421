"""Shadow: a candidate pack judged beside the live one, on the same facts, and never acted on.

What it would have answered is kept in a table of its own, sealed by the entry of the live
decision and in the same transaction; a person's texts rest under that person's key. Whatever
goes wrong with the candidate, the live answer stays as it is.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

import psycopg

from qianhai import journal
from qianhai.db import Connection
from qianhai.instructions import store
from qianhai.instructions.change import PackText, store_pack
from qianhai.instructions.change_flaws import refused_step
from qianhai.instructions.cover import Cover
from qianhai.instructions.editions import editions_of
from qianhai.instructions.model import stored_facts
from qianhai.instructions.recall import explained, letters
from qianhai.instructions.record_rows import Booked
from qianhai.instructions.rejudge import Judge, Recorded, Unjudged
from qianhai.instructions.replay import Instruments
from qianhai.journal import Entry, Seal
from qianhai.kernel import BadInput, canonical_text
from qianhai.policy import Policy
from qianhai.registers import SubjectKey

_SALT_BYTES: Final = 16
_FAULT_MAX: Final = 500
_DIFFERENCES_MAX: Final = 1_000


class Shadowed(NamedTuple):
    """What a candidate came to: an outcome, or `unjudged` or `error` with why."""

    outcome: str
    answers: str
    explained: str


@dataclass(slots=True)
class Shadow:
    """Judges every live decision under one candidate, and keeps what comes of it."""

    policy: Policy
    turn: int
    institution_id: str
    cover: Cover
    salts: Callable[[int], bytes]

    def seals(
        self,
        conn: Connection,
        booked: Sequence[Booked],
        keys: Mapping[str, SubjectKey],
        at: datetime,
    ) -> list[list[Seal]]:
        """Keep what the candidate says to a column of live decisions; return the seals of each.

        A row that cannot be written is left out, and the live column goes on without it.
        """
        try:
            with conn.transaction():
                judge, known = Judge(self.policy), Instruments(conn, self.institution_id)
                rows = [self._row(judge, one, known, keys, at) for one in booked]
                written = store.write_shadow_decisions(conn, rows)
        except psycopg.Error:
            return [[] for _ in booked]
        return [[seal] for seal in written]

    def _row(
        self,
        judge: Judge,
        one: Booked,
        known: Instruments,
        keys: Mapping[str, SubjectKey],
        at: datetime,
    ) -> Mapping[str, object]:
        number = one.row.instruction.id
        try:
            found = shadowed(judge, as_recorded(one, known, at))
        except psycopg.Error:
            raise
        except Exception as fault:  # noqa: BLE001 - whatever it is, the live answer must not fail
            found = Shadowed("error", "", _said(fault))
        key = keys.get(one.row.subject)
        return {
            "institution_id": self.institution_id,
            "instruction_id": number,
            "turn": self.turn,
            "pack_hash": self.policy.pack.hash,
            "decided_at": at,
            "outcome": found.outcome,
            "answers": found.answers,
            "explained": self.cover.hide(key, found.explained, number, "shadow"),
            "salt": self.salts(_SALT_BYTES),
        }


def shadowed(judge: Judge, recorded: Recorded) -> Shadowed:
    """Return what a candidate says to a decision."""
    judged = judge.judge(recorded)
    if isinstance(judged, Unjudged):
        return Shadowed("unjudged", "", canonical_text({"why": judged.why, "name": judged.name}))
    decision = judged.decision
    return Shadowed(decision.outcome.value, letters(decision), explained(decision))


def as_recorded(one: Booked, known: Instruments, at: datetime) -> Recorded:
    """Return a live decision as it is about to be on record."""
    row, instruction = one.row, one.row.instruction
    return Recorded(
        id=instruction.id,
        facility=row.compiled.facility,
        action=row.compiled.name,
        value_on=instruction.value_on,
        decided_at=at,
        pack_hash=one.decision.pack_hash,
        facts=json.loads(canonical_text(stored_facts(row.facts))),
        answers=letters(one.decision),
        explained=explained(one.decision),
        ledger_result=one.result.result.value,
        authorisations=known.on(instruction.value_on, row.known_at or at),
    )


def _said(fault: Exception) -> str:
    text = f"{type(fault).__name__}: {fault}"
    return "".join(one if one.isprintable() else " " for one in text)[:_FAULT_MAX]


class ShadowTurns:
    """Starts and stops the shadow of one institution, and tells what came of it."""

    def __init__(self, institution_id: str, salts: Callable[[int], bytes]) -> None:
        self._institution = institution_id
        self._salts = salts

    def start(self, conn: Connection, pack: PackText, *, by: str, at: datetime) -> store.ShadowTurn:
        """Judge a candidate beside the live pack from now on.

        Raises:
            BadInput: another candidate is in the shadow.
        """
        store.lock_changes(conn)
        standing = editions_of(conn, self._institution).shadow
        if standing:
            raise BadInput([refused_step("I025", standing.pack_hash)])
        seals = store_pack(conn, self._institution, pack, at, self._salts)
        return self._turn(conn, "started", pack.hash, seals, by, at)

    def stop(self, conn: Connection, *, by: str, at: datetime) -> store.ShadowTurn:
        """End the turn of the candidate in the shadow; what it said stays on record.

        Raises:
            BadInput: no candidate is in the shadow.
        """
        store.lock_changes(conn)
        standing = editions_of(conn, self._institution).shadow
        if standing is None:
            raise BadInput([refused_step("I026", "")])
        return self._turn(conn, "stopped", standing.pack_hash, [], by, at)

    def _turn(
        self, conn: Connection, kind: str, pack: str, seals: list[Seal], by: str, at: datetime
    ) -> store.ShadowTurn:
        number = len(store.read_shadow_turns(conn, self._institution)) + 1
        row = {
            "institution_id": self._institution,
            "number": number,
            "kind": kind,
            "at": at,
            "actor": by,
            "pack_hash": pack,
            "salt": self._salts(_SALT_BYTES),
        }
        seals = [*seals, *store.write_shadow_turn(conn, row)]
        body = {"actor": by, "pack": pack}
        entry = Entry(f"shadow.{kind}", f"shadow-{number}", body, tuple(seals), self._institution)
        journal.append(conn, [entry], at=at, salts=lambda: self._salts(_SALT_BYTES))
        return store.ShadowTurn(number, kind, at, by, pack)


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """What came of a candidate's last turn.

    `outcomes` are (facility, live, candidate, count); `differences` the first decisions that
    differ: id, facility, live, candidate, and what the candidate says (None once erased).
    `left_out` counts live decisions of the turn that have none of the candidate's.
    """

    turn: store.ShadowTurn
    is_running: bool
    outcomes: tuple[tuple[str, str, str, int], ...]
    differences: tuple[tuple[str, str, str, str, str | None], ...]
    left_out: int


def shadow_report(conn: Connection, institution_id: str, cover: Cover) -> ShadowReport:
    """Return what came of the last turn of the shadow.

    Raises:
        BadInput: there was none.
    """
    turns = store.read_shadow_turns(conn, institution_id)
    begun = [turn for turn in turns if turn.kind == "started"]
    if not begun:
        raise BadInput([refused_step("I026", "")])
    turn, last = begun[-1], turns[-1]
    until = None if last.kind == "started" else last.at
    rows = store.read_shadow_differences(conn, institution_id, turn.number, _DIFFERENCES_MAX)
    subjects = [store.subject_of(row[5]) for row in rows]
    keys = cover.keys(conn, subjects)
    differences = tuple(
        (number, facility, live, other, cover.show(keys.get(subject), said, number, "shadow"))
        for (number, facility, live, other, said, _), subject in zip(rows, subjects, strict=True)
    )
    outcomes = tuple(store.read_shadow_outcomes(conn, institution_id, turn.number))
    left_out = store.count_left_out(conn, institution_id, turn.at, until)
    return ShadowReport(turn, last.kind == "started", outcomes, differences, left_out)
