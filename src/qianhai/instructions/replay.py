"""Replay: every decision on record judged again under a candidate pack, and what would flip.

Reads only, in one pass, a portion in memory at a time. Each decision is first judged under the
pack that made it and must come out word for word as recorded; only then is the candidate's answer
worth anything. Must not book, and does not play through what a flip would leave for later ones.
"""

import hashlib
import json
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final, Literal, NamedTuple

from qianhai.db import Connection
from qianhai.instructions import store
from qianhai.instructions.causes import Cause, Side, causes_of
from qianhai.instructions.cover import Cover
from qianhai.instructions.days import authorisations_of
from qianhai.instructions.flaws import record_differs
from qianhai.instructions.rejudge import Judge, Judged, Recorded, Unjudged
from qianhai.kernel import EXACT, SHANGHAI, BrokenIntegrity, Flaw, canonical_bytes
from qianhai.policy import Authorisation, Compiled, Decision, Policy, open_policy, unbundled
from qianhai.registers import Register, SubjectKey, instants_of

_PORTION: Final = 2_000
_FLAWS_MAX: Final = 100
#: Causes whose values before and after are the same for all decisions of a day.
_OF_THE_PACK: Final = frozenset({"parameter", "reading", "clause"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which decisions are judged again; None and an empty text leave a side open.

    Days are those of the decision in Shanghai, or the value dates of the instructions.
    """

    since: date | None = None
    until: date | None = None
    facility: str = ""
    by: Literal["decided", "value"] = "decided"

    @property
    def params(self) -> Mapping[str, object]:
        """Return the choice as parameters of the statement."""
        is_value = self.by == "value"
        return {
            "decided_from": None if is_value else _begin_of(self.since),
            "decided_before": None if is_value else _begin_of(self.until, days=1),
            "value_from": self.since if is_value else None,
            "value_until": self.until if is_value else None,
            "facility": self.facility or None,
        }


def _begin_of(day: date | None, days: int = 0) -> datetime | None:
    if day is None:
        return None
    return datetime.combine(day + timedelta(days=days), time(), SHANGHAI).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Flip:
    """A decision whose outcome would have been another.

    `amount` is what the instruction is about, in `currency`; both empty where it has none.
    `is_tried` is False for a business that would be permitted and that the ledger never tried.
    """

    id: str
    facility: str
    action: str
    measure: int
    clause: str
    value_on: date
    decided_at: datetime
    before: str
    after: str
    amount: str
    currency: str
    reasons_before: tuple[str, ...]
    reasons_after: tuple[str, ...]
    causes: tuple[Cause, ...]
    is_tried: bool


@dataclass(frozen=True, slots=True)
class Left:
    """A decision that could not be judged under the candidate, and why."""

    id: str
    facility: str
    why: str
    name: str


@dataclass(slots=True)
class Sum:
    """How many flips there are of one kind, and the sums of their amounts by currency."""

    count: int = 0
    amounts: dict[str, Decimal] = field(default_factory=dict)

    def add(self, flip: Flip) -> None:
        """Count one flip."""
        self.count += 1
        if flip.amount:
            total = self.amounts.get(flip.currency, Decimal(0))
            self.amounts[flip.currency] = EXACT.add(total, Decimal(flip.amount))


class CauseKey(NamedTuple):
    """What flips are counted under: a cause in a facility, and from which outcome to which.

    `was` and `now` are what the packs hold, where that is the same for all decisions of a day.
    """

    facility: str
    kind: str
    name: str
    was: str
    now: str
    before: str
    after: str


@dataclass(slots=True)
class Tally:
    """Counts and sums of a replay while it runs; `digest` is over every flip in its order.

    `changed` counts the decisions whose outcome stays and whose reasons, conditions or ceilings
    do not. `by_cause` counts a flip under each of its causes, so its lines overlap.
    """

    count: int = 0
    equal: int = 0
    changed: int = 0
    untried: int = 0
    erased: int = 0
    newest: datetime | None = None
    flips: Sum = field(default_factory=Sum)
    by_direction: dict[tuple[int, str, str, str], Sum] = field(default_factory=dict)
    by_cause: dict[CauseKey, Sum] = field(default_factory=dict)
    left: dict[tuple[str, str], int] = field(default_factory=dict)
    broken: list[Flaw] = field(default_factory=list)
    _chain: bytes = bytes(32)

    @property
    def digest(self) -> str:
        """Return the hash over all flips and what could not be judged, and how much was read."""
        read = [self.count, self.equal, self.changed, self.erased, self.newest]
        return hashlib.sha256(self._chain + canonical_bytes(read)).hexdigest()

    def add(self, flip: Flip) -> None:
        """Count one flip under its direction and its causes."""
        self.flips.add(flip)
        self.untried += not flip.is_tried
        direction = flip.measure, flip.facility, flip.before, flip.after
        self.by_direction.setdefault(direction, Sum()).add(flip)
        named: dict[tuple[str, str, str, str], None] = {}
        for one in flip.causes:
            values = (one.before, one.after) if one.kind in _OF_THE_PACK else ("", "")
            named[one.kind, one.name, *values] = None
        for cause in named:
            key = CauseKey(flip.facility, *cause, flip.before, flip.after)
            self.by_cause.setdefault(key, Sum()).add(flip)
        self._chain_on([flip.id, flip.before, flip.after, flip.amount, flip.currency])

    def leave(self, left: Left) -> None:
        """Count one that could not be judged."""
        self.left[left.why, left.name] = self.left.get((left.why, left.name), 0) + 1
        self._chain_on([left.id, left.why, left.name])

    def _chain_on(self, line: list[str]) -> None:
        self._chain = hashlib.sha256(self._chain + canonical_bytes(line)).digest()


class Replay:
    """One pass over an institution's decisions under a candidate pack."""

    def __init__(
        self, candidate: Policy, *, institution_id: str, cover: Cover, live: Policy | None = None
    ) -> None:
        self.tally = Tally()
        self._candidate = Judge(candidate)
        self._institution = institution_id
        self._cover = cover
        self._judges = {policy.pack.hash: Judge(policy) for policy in (live,) if policy}
        self._amounts: dict[tuple[str, str, str], tuple[tuple[str, str], ...]] = {}

    def run(
        self, conn: Connection, wanted: Wanted, tick: Callable[[int], None] = lambda _count: None
    ) -> Iterator[Flip | Left]:
        """Yield what flips and what cannot be judged, in the order it was decided.

        Raises:
            BrokenIntegrity: a decision judged under its own pack differs from its record; told
                after the last one, with the first of them.
        """
        known = Instruments(conn, self._institution)
        rows = store.read_history(conn, self._institution, wanted.params, _PORTION)
        for portion in rows:
            for recorded in self._opened(conn, portion, known):
                found = self._judge(conn, recorded)
                if found is not None:
                    yield found
            tick(len(portion))
        if self.tally.broken:
            raise BrokenIntegrity(self.tally.broken)

    def _opened(
        self, conn: Connection, portion: list[store.HistoryRow], known: "Instruments"
    ) -> Iterator[Recorded]:
        """Yield the decisions of a portion as they were written; erased ones are only counted."""
        subjects = [store.subject_of(row.parties) for row in portion]
        keys = self._cover.keys(conn, subjects)
        for row, subject in zip(portion, subjects, strict=True):
            self.tally.count += 1
            self.tally.newest = max(self.tally.newest or row.decided_at, row.decided_at)
            recorded = opened(self._cover, keys.get(subject), row, known)
            if recorded is None:
                self.tally.erased += 1
                continue
            yield recorded

    def _judge(self, conn: Connection, recorded: Recorded) -> Flip | Left | None:
        original = self._judge_of(conn, recorded.pack_hash)
        before = original.judge(recorded)
        if isinstance(before, Unjudged) or not recorded.is_equal_to(before.decision):
            if len(self.tally.broken) < _FLAWS_MAX:
                self.tally.broken.append(record_differs(recorded.id, recorded.pack_hash))
            return None
        after = self._candidate.judge(recorded)
        if isinstance(after, Unjudged):
            left = Left(recorded.id, recorded.facility, after.why, after.name)
            self.tally.leave(left)
            return left
        if before.decision.outcome is after.decision.outcome:
            is_equal = _content(before.decision) == _content(after.decision)
            self.tally.equal += is_equal
            self.tally.changed += not is_equal
            return None
        flip = self._flip(recorded, original, before, after)
        self.tally.add(flip)
        return flip

    def _judge_of(self, conn: Connection, pack_hash: str) -> Judge:
        if pack_hash not in self._judges:
            kept = store.read_pack(conn, self._institution, pack_hash)
            self._judges[pack_hash] = Judge(open_policy(unbundled(kept), is_brief=True))
        return self._judges[pack_hash]

    def _flip(self, recorded: Recorded, original: Judge, before: Judged, after: Judged) -> Flip:
        first, second = before.decision, after.decision
        amount, currency = self._amount(recorded, original.policy, before.compiled)
        return Flip(
            id=recorded.id,
            facility=recorded.facility,
            action=recorded.action,
            measure=first.measure,
            clause=first.clause,
            value_on=recorded.value_on,
            decided_at=recorded.decided_at,
            before=first.outcome.value,
            after=second.outcome.value,
            amount=amount,
            currency=currency,
            reasons_before=tuple(one.code for one in first.reasons),
            reasons_after=tuple(one.code for one in second.reasons),
            causes=causes_of(Side(original.policy, before), Side(self._candidate.policy, after)),
            is_tried=after.is_tried,
        )

    def _amount(
        self, recorded: Recorded, policy: Policy, compiled: Compiled | None
    ) -> tuple[str, str]:
        """Return the amount an instruction is about, as its sender wrote it, and its currency."""
        if compiled is None:
            return "", ""
        key = policy.pack.hash, compiled.facility, compiled.name
        if key not in self._amounts:
            self._amounts[key] = tuple(amount_facts(policy, compiled))
        for path, currency in self._amounts[key]:
            amount = recorded.facts.get(path)
            if isinstance(amount, str):
                return amount, str(recorded.facts.get(currency, currency))
        return "", ""


def _content(decision: Decision) -> tuple[object, ...]:
    """Return what a decision says, without which pack says it."""
    return decision.reasons, decision.conditions, decision.missing, decision.limits


def opened(
    cover: Cover, key: SubjectKey | None, row: store.HistoryRow, known: "Instruments"
) -> Recorded | None:
    """Return a stored decision as it was written; None when its person's key was destroyed."""
    sent = cover.show(key, row.sent, row.id, "sent")
    seen = cover.show(key, row.facts, row.id, "seen")
    text = cover.show(key, row.explained, row.id, "explained")
    if sent is None or seen is None or text is None:
        return None
    return Recorded(
        id=row.id,
        facility=row.facility,
        action=row.action,
        value_on=row.value_on,
        decided_at=row.decided_at,
        pack_hash=row.pack_hash,
        facts=json.loads(sent) | json.loads(seen),
        answers=row.answers,
        explained=text,
        ledger_result=row.ledger_result,
        authorisations=known.on(row.value_on, row.known_at),
    )


def amount_facts(policy: Policy, compiled: Compiled) -> Iterator[tuple[str, str]]:
    """Yield the amounts a sender states, the instructed one first, each with its currency.

    A currency is a code or the path of the fact that states it. Of a later action, what the
    business began with is none of its own amounts.
    """
    facts = compiled.facts
    agreed = frozenset[str]().union(
        *(policy.compiled(compiled.facility, name).named_facts for name in compiled.action.of)
    )
    for name in sorted(facts, key=lambda one: facts[one].iso != "instructed_amount"):
        fact = facts[name]
        if fact.type != "money" or fact.provider != "sender":
            continue
        path = name if fact.currency else f"{name}.amount"
        if path not in agreed:
            yield path, fact.currency or f"{name}.currency"


class Instruments:
    """The instruments that change a clause's status, as they were known at any instant."""

    def __init__(self, conn: Connection, institution_id: str) -> None:
        self._conn, self._institution = conn, institution_id
        self._instants = instants_of(conn, institution_id, "authorisation")
        self._known: dict[tuple[date, int], tuple[Authorisation, ...]] = {}

    def on(self, day: date, known_at: datetime) -> tuple[Authorisation, ...]:
        """Return the instruments of a day as known at an instant; each pair is asked once."""
        told = bisect_right(self._instants, known_at)
        if not told:
            return ()
        key = day, told
        if key not in self._known:
            register = Register(self._conn, self._institution, day, known_at)
            self._known[key] = authorisations_of(register)
        return self._known[key]
