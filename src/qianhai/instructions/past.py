"""Past: decisions on record, listed, shown as they were answered, and judged again as of their day.

A person's texts are opened under that person's key, and whoever opens them is recorded. Must not
book, and must not decide anew under another pack; that is `replay`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from qianhai import registers
from qianhai.db import Connection
from qianhai.instructions import past_store, store
from qianhai.instructions.cover import Cover
from qianhai.instructions.flaws import used_before
from qianhai.instructions.model import Instruction
from qianhai.instructions.past_store import PastLine
from qianhai.instructions.recall import recall
from qianhai.instructions.rejudge import Judge, Recorded, Unjudged
from qianhai.instructions.replay import Instruments, opened
from qianhai.kernel import BadInput, Place
from qianhai.policy import Decision, Policy, open_policy, unbundled


@dataclass(frozen=True, slots=True)
class Search:
    """Which decisions are listed; what is left out leaves that side open."""

    facility: str | None = None
    outcome: str | None = None
    clause: str | None = None
    party: str | None = None
    #: Only the business this party is the subject of.
    subject: str | None = None
    since: date | None = None
    until: date | None = None
    #: The last one of the page before: its instant and id.
    before: tuple[datetime, str] | None = None
    #: Only this instruction.
    number: str | None = None

    @property
    def params(self) -> Mapping[str, object]:
        """Return the choice as parameters of the statement."""
        at, number = self.before or (None, None)
        return {
            "before_at": at,
            "before_id": number,
            **{
                name: getattr(self, name)
                for name in (
                    "facility",
                    "outcome",
                    "clause",
                    "party",
                    "subject",
                    "since",
                    "until",
                    "number",
                )
            },
        }


@dataclass(frozen=True, slots=True)
class Past:
    """A decision on record, opened: what was asked, seen and answered."""

    recorded: Recorded
    decision: Decision
    policy: Policy
    parties: Mapping[str, str]
    accounts: Mapping[str, str]
    ledger_seq: int | None


@dataclass(frozen=True, slots=True)
class Again:
    """A decision judged again by the pack that made it, on the facts it saw."""

    past: Past
    is_equal: bool
    #: What it comes to now; None where the record can no longer be judged, and `why` says why.
    decision: Decision | None
    why: str = ""


class PastDecisions:
    """Looks decisions of one institution up."""

    def __init__(
        self, institution_id: str, cover: Cover, salts: Callable[[int], bytes], live: Policy
    ) -> None:
        self._institution = institution_id
        self._cover = cover
        self._salts = salts
        self._policies = {live.pack.hash: live}

    def lines(self, conn: Connection, search: Search, most: int) -> list[PastLine]:
        """Return decisions, the newest first."""
        return past_store.read_lines(conn, self._institution, search.params, most)

    def is_seen(self, conn: Connection, number: str, subject: str | None = None) -> bool:
        """Tell whether a decision is there for the eyes this connection has.

        With `subject` only one whose business is that party's.
        """
        found = past_store.read_one(conn, self._institution, number)
        return found is not None and subject in {None, store.subject_of(found[0].parties)}

    def is_of_a_person(self, conn: Connection, number: str) -> bool | None:
        """Tell whether a decision speaks of a person; None when it is not on record."""
        found = past_store.read_one(conn, self._institution, number)
        return None if found is None else bool(store.subject_of(found[0].parties))

    def one(
        self, conn: Connection, number: str, *, by: str, at: datetime, purpose: str = ""
    ) -> Past | None:
        """Return a decision opened; where it speaks of a person, who reads it is recorded.

        None when it is not on record or its person's data was erased.
        """
        found = past_store.read_one(conn, self._institution, number)
        if found is None:
            return None
        row, ledger_seq = found
        subject = store.subject_of(row.parties)
        keys = self._cover.keys(conn, [subject])
        if keys:
            registers.record_reading(
                conn,
                self._institution,
                [subject],
                purpose=purpose or f"decision {number}",
                by=by,
                at=at,
                salts=lambda: self._salts(16),
            )
        recorded = opened(self._cover, keys.get(subject), row, Instruments(conn, self._institution))
        if recorded is None:
            return None
        policy = self._policy_of(conn, row.pack_hash)
        named = store.parties_of(row.parties)
        decision = recall(policy, recorded.explained, recorded.answers)
        return Past(recorded, decision, policy, *named, ledger_seq)

    def again(self, past: Past) -> Again:
        """Judge a decision again by its own pack, on the facts it saw, as of its day."""
        judged = Judge(past.policy).judge(past.recorded)
        if isinstance(judged, Unjudged):
            return Again(past, is_equal=False, decision=None, why=judged.why)
        is_equal = past.recorded.is_equal_to(judged.decision)
        return Again(past, is_equal, judged.decision)

    def made(
        self, conn: Connection, *, number: str = "", block: UUID | None = None
    ) -> list[PastLine]:
        """Return what one entry of the journal tells of: a decision, or a block of them."""
        return past_store.read_made(conn, self._institution, number=number, block=block)

    def _policy_of(self, conn: Connection, pack_hash: str) -> Policy:
        if pack_hash not in self._policies:
            kept = store.read_pack(conn, self._institution, pack_hash)
            self._policies[pack_hash] = open_policy(unbundled(kept), is_brief=True)
        return self._policies[pack_hash]


def claim_key(
    conn: Connection, instruction: Instruction, *, sender: str, key: str, at: datetime
) -> None:
    """Tie a sender's key to an instruction and its content: once, for all its retries.

    Raises:
        BadInput: the key was first sent with another id or other content.
    """
    row: dict[str, Any] = {
        "institution_id": instruction.institution_id,
        "sender": sender,
        "key": key,
        "instruction_id": instruction.id,
        "content_hash": instruction.content_hash,
        "first_at": at,
    }
    if past_store.claim_key(conn, row) != (instruction.id, instruction.content_hash):
        raise BadInput([used_before(Place("Idempotency-Key"), key)])
