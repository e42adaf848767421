"""Four eyes: what one person may book goes down the road, what is above waits for a second one.

The way for every door by which a person sends business: `submit` for one instruction, `take` for
a file that was staged. Must not hold SQL.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final
from uuid import UUID

from qianhai import journal
from qianhai.db import Connection
from qianhai.instructions import approval_store as store
from qianhai.instructions.approval_flaws import refused
from qianhai.instructions.approval_store import RunLine
from qianhai.instructions.approvals import Approval, Approvals, Waiting
from qianhai.instructions.flaws import used_before
from qianhai.instructions.know import inherited_facts, roots_of
from qianhai.instructions.model import Answer, Instruction
from qianhai.instructions.preview import Preview, answer_mark
from qianhai.instructions.roads import Bank, Roads
from qianhai.instructions.segment import Answered
from qianhai.instructions.stage import Staged
from qianhai.instructions.thresholds import Waits, thresholds_of
from qianhai.journal import Entry
from qianhai.kernel import BadInput, business_date, canonical_text

_CHUNK: Final = 2_000
#: So many submissions share a commit.
_SUBMITTED_MAX: Final = 100
_SALT_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of what a person sent: answered at once, or waiting with its preview."""

    answer: Answer | None
    preview: Preview | None = None
    waits: Waits | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of an approval.

    Without an `answer` nothing was booked, because the dry answer is no longer the one the
    approver saw; `preview` is the new one. `is_as_seen` tells whether what was booked says what
    was approved.
    """

    preview: Preview | None
    answer: Answer | None = None
    is_as_seen: bool = True


@dataclass(slots=True)
class Sorted:
    """A staged file by what becomes of it: what goes at once, what waits, all lines in order."""

    direct: Staged
    waiting: Staged
    whys: list[Waits] = field(default_factory=list)
    lines: list[RunLine] = field(default_factory=list)


class FourEyes:
    """Sends what people bring, for one institution."""

    def __init__(self, bank: Bank, roads: Roads) -> None:
        self._bank = bank
        self._roads = roads
        policy = roads.home.policy
        self.approvals = Approvals(bank.institution_id, bank.cover, policy, bank.salts)

    def submit(self, instruction: Instruction, *, by: str, at: datetime) -> Submitted:
        """Book one instruction, or have it wait for a second person.

        Sent again with the same content it is answered as before, or still waits.

        Raises:
            BadInput: the id was used before with other content.
        """
        with self._bank.database.transaction() as conn:
            state, why = self._sort(conn, [instruction], at)[0]
        if state == "repeated" and why is not None:
            return Submitted(None, self._roads.preview(instruction, at=at), why)
        if why is None:
            return Submitted(self._roads.submit(instruction, at=at))
        preview = self._roads.preview(instruction, at=at)
        self._wait([Waiting(preview, why)], by, at)
        return Submitted(None, preview, why)

    def preview(self, instruction: Instruction, *, at: datetime) -> tuple[Preview, Waits | None]:
        """Return what an instruction would come to, and why it would wait, if it would."""
        with self._bank.database.transaction() as conn:
            _, why = self._sort(conn, [instruction], at)[0]
        return self._roads.preview(instruction, at=at), why

    def look(self, found: Approval, *, at: datetime) -> Preview:
        """Return what a waiting instruction would come to now.

        Raises:
            BadInput: what it said of a person was erased.
        """
        if found.instruction is None:
            raise BadInput([refused("I049", found.id)])
        return self._roads.preview(found.instruction, at=at)

    def approve(self, instruction_id: str, seen: str, *, by: str, at: datetime) -> Decided:
        """Approve and book what waits, once; `seen` is the mark of the answer the approver saw.

        It is decided again first. Where that says something else than was seen, nothing is
        written. The approval is on record before anything is booked; broken off between the two,
        the same call goes on where it ended.

        Raises:
            BadInput: it does not wait, or who approves submitted it.
        """
        with self._bank.database.transaction() as conn:
            found = self.approvals.get(conn, instruction_id)
        self.approvals.check(found, by)
        preview = self.look(found, at=at)
        if not preview.answer.is_repeat:
            if preview.mark != seen:
                return Decided(preview)
            with self._bank.database.transaction() as conn:
                self.approvals.approve(conn, instruction_id, preview, by=by, at=at)
        assert found.instruction is not None, "it was looked at"
        answer = self._roads.submit(found.instruction, at=at)
        return Decided(preview, answer, answer_mark(answer.decision) == seen)

    def sort(
        self, staged: Staged, sorted_: Sorted, *, at: datetime, tick: Callable[[int], None]
    ) -> None:
        """Sort a staged file into what goes at once and what waits for a second person."""
        source = iter(staged)
        held: set[str] = set()
        while chunk := list(islice(source, _CHUNK)):
            with self._bank.database.transaction() as conn:
                found = self._sort(conn, chunk, at, held)
            for one, (state, why) in zip(chunk, found, strict=True):
                number = len(sorted_.lines) + 1
                place = one.place
                sorted_.lines.append(RunLine(number, one.id, place.file, place.line, state))
                if why is None:
                    sorted_.direct.add(one, one.content_hash)
                elif state == "waiting":
                    sorted_.waiting.add(one, one.content_hash)
                    sorted_.whys.append(why)
            tick(len(chunk))

    def book(self, sorted_: Sorted, *, now: Callable[[], datetime]) -> Iterator[Answered]:
        """Book what goes at once."""
        self._roads.expire_holds(at=now())
        yield from self._roads.submit_blocks(sorted_.direct, now=now)

    def hold(
        self,
        sorted_: Sorted,
        *,
        by: str,
        now: Callable[[], datetime],
        tick: Callable[[int], None],
    ) -> None:
        """Have what is above a threshold wait, each with its dry answer."""
        pairs = zip(sorted_.waiting, sorted_.whys, strict=True)
        while few := list(islice(pairs, _SUBMITTED_MAX)):
            at = now()
            waiting = [Waiting(self._roads.preview(one, at=at), why) for one, why in few]
            self._wait(waiting, by, at)
            tick(len(few))

    def record_run(
        self, run: UUID, title: str, sorted_: Sorted, summary: object, *, by: str,
        began_at: datetime, at: datetime,
    ) -> None:  # fmt: skip
        """Write down that a file was taken in, with its lines and sums."""
        institution = self._bank.institution_id
        row = {
            "institution_id": institution,
            "id": run,
            "title": title,
            "actor": by,
            "began_at": began_at,
            "ended_at": at,
            "summary": canonical_text(summary),
            "salt": self._bank.salts(_SALT_BYTES),
        }
        with self._bank.database.transaction() as conn:
            seals = store.write_run(conn, row)
            store.write_run_lines(conn, institution, run, sorted_.lines)
            body = {"actor": by, "title": title, "lines": len(sorted_.lines)}
            entry = Entry("business.taken", str(run), body, tuple(seals), institution)
            journal.append(conn, [entry], at=at, salts=lambda: self._bank.salts(_SALT_BYTES))

    def _wait(self, waiting: Sequence[Waiting], by: str, at: datetime) -> None:
        with self._bank.database.transaction() as conn:
            ids = [one.instruction.id for one in waiting]
            known = store.waiting_hashes(conn, self._bank.institution_id, ids)
            fresh = [one for one in waiting if one.instruction.id not in known]
            if fresh:
                self.approvals.submit(conn, fresh, by=by, at=at)

    def _sort(
        self,
        conn: Connection,
        chunk: Sequence[Instruction],
        at: datetime,
        held: set[str] | None = None,
    ) -> list[tuple[str, Waits | None]]:
        """Return of each instruction what becomes of it, and why where it waits.

        `held` are the ids of the same file that wait, and is added to.
        """
        held = set() if held is None else held
        institution, recorder = self._bank.institution_id, self._roads.home.recorder
        policy = self._roads.home.policy
        ids = [one.id for one in chunk]
        continued = [one.continues for one in chunk if one.continues]
        booked = recorder.known(conn, [*ids, *continued])
        submitted = store.waiting_hashes(conn, institution, [*ids, *continued])
        ended = {
            row.instruction_id
            for row in store.read_steps(conn, institution, list(submitted))
            if row.kind in {"rejected", "withdrawn"}
        }
        roots = roots_of(recorder, conn, {one for one in continued if one in booked})
        thresholds = thresholds_of(conn, institution)
        day = business_date(at)
        found: list[tuple[str, Waits | None]] = []
        for one in chunk:
            root = roots.get(one.continues)
            own = root is not None and root.facility == one.facility
            given = inherited_facts(policy, root) if root is not None and own else {}
            why = thresholds.why_waiting(policy, one, day, given)
            is_open = one.continues in submitted and one.continues not in {*booked, *ended}
            if one.continues and (one.continues in held or is_open):
                why = Waits("continues")
            if one.id in booked:
                found.append(("repeated", None))
            elif one.id in submitted:
                if submitted[one.id] != one.content_hash:
                    raise BadInput([used_before(one.place, one.id)])
                found.append(("repeated", why or Waits("again")))
            else:
                found.append(("waiting" if why else "answered", why))
            if found[-1][1] is not None and one.id not in ended:
                held.add(one.id)
        return found
