"""The road: one instruction known, gathered, decided, shaped and handed in, with one commit.

A dry run is the same road ended by rollback. Nothing outside the database is touched; what has
to leave waits in the outbox.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Final

from qianhai.db import Connection, Database
from qianhai.instructions import store
from qianhai.instructions.accounts import AccountBook
from qianhai.instructions.conclude import conclude, not_bookable, unfinished
from qianhai.instructions.flaws import used_before
from qianhai.instructions.gather import Gathering, gather
from qianhai.instructions.model import Answer, Drawn, Instruction, Known, Root
from qianhai.instructions.overlay import judge_overlays
from qianhai.instructions.record import Recorder
from qianhai.instructions.shape import (
    Shaped,
    accounts_to_read,
    as_chain,
    shape_limits,
    shape_money,
    shape_positions,
)
from qianhai.kernel import BadInput, Outcome, Place, StaleState, reach
from qianhai.ledger import Chain, ChainResult, Submission, Writer, balances
from qianhai.policy import (
    Authorisation,
    Compiled,
    Policy,
    Verdict,
    as_status,
    leaves_of,
    read_facts,
)
from qianhai.registers import Keyring, PartyType, Register, known_by

_ATTEMPTS_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class Handover:
    """What is handed to the ledger: the verdict, its chain, and what each leg is for."""

    row: Known
    verdict: Verdict
    chain: Chain | None
    owners: tuple[str, ...] = ()
    drawn: tuple[Drawn, ...] = ()


class Road:
    """The way an instruction of one institution takes from its sender to the books."""

    def __init__(
        self,
        database: Database,
        policy: Policy,
        *,
        institution_id: str,
        keyring: Keyring,
        salts: Callable[[int], bytes],
        pack_files: bytes,
    ) -> None:
        self.database = database
        self.policy = policy
        self.institution_id = institution_id
        self.recorder = Recorder(policy, institution_id, keyring, salts, pack_files)
        self.writer = Writer(database, salts, self._expired)
        self._losers = Lock()

    def submit(self, instruction: Instruction, *, at: datetime, dry_run: bool = False) -> Answer:
        """Decide one instruction and, if permitted, post it: all of it or nothing.

        Sent again with the same id and content, the first answer is returned unchanged, because
        senders retry when an answer is lost. What a limit refuses leaves its refused decision.

        Raises:
            BadInput: the id was used before with other content.
            StaleState: other writers moved first, again and again. Safe to retry.
        """
        answer = self._attempt(instruction, at, dry_run=dry_run)
        if answer:
            return answer
        # Those who lost go one after another, so that nobody loses for ever.
        with self._losers:
            for _ in range(_ATTEMPTS_MAX):
                answer = self._attempt(instruction, at, dry_run=dry_run)
                if answer:
                    return answer
        raise StaleState(f"instruction {instruction.id} met other writers {_ATTEMPTS_MAX} times")

    def expire_holds(self, *, at: datetime) -> int:
        """Void the holds whose time is over, each with its entry in the journal; return how many.

        Every batch of the ledger begins with the same; this is for a day without business.
        """
        return len(self.writer.expire(at=at))

    def _expired(self, void: Chain, at: datetime) -> Submission:
        """Add to the void of a hold whose time is over what the journal keeps of it."""

        def record(conn: Connection, _result: ChainResult) -> None:
            self.recorder.expired(conn, void, at)

        return Submission(void, record)

    def _attempt(self, instruction: Instruction, at: datetime, *, dry_run: bool) -> Answer | None:
        """Go the road once; None when another writer moved first what the decision rests on."""
        answers: list[Answer] = []
        try:
            with self.database.transaction() as conn:
                repeated = self._repeated(conn, instruction)
                if repeated:
                    return repeated
                handover = self._prepare(conn, instruction, at)

            def record(conn: Connection, result: ChainResult) -> None:
                answers[:] = [self._record(conn, handover, result, at)]

            self.writer.submit([Submission(handover.chain, record)], at=at, dry_run=dry_run)
        except StaleState:
            return None
        return answers[0] if answers else None

    def _repeated(self, conn: Connection, instruction: Instruction) -> Answer | None:
        """Return the answer given before to the same id and content, or None."""
        known = store.stored_hash(conn, instruction.institution_id, instruction.id)
        if known is None:
            return None
        if known != instruction.content_hash:
            raise BadInput([used_before(instruction.place, instruction.id)])
        return self.recorder.stored(conn, instruction)

    def _record(
        self, conn: Connection, handover: Handover, result: ChainResult, at: datetime
    ) -> Answer:
        """Write the rows that commit with a result; a repeat finds its first answer instead."""
        repeated = self._repeated(conn, handover.row.instruction)
        if repeated:
            return repeated
        verdict = conclude(handover.row, handover.verdict, handover.chain, handover.owners, result)
        posted = result.is_posted and verdict.decision.outcome is Outcome.PERMITTED
        drawn = handover.drawn if posted else ()
        return self.recorder.write(conn, handover.row, verdict, result, drawn, at)

    def _prepare(self, conn: Connection, instruction: Instruction, at: datetime) -> Handover:
        """Know, gather, decide and shape one instruction. Reads only."""
        known_at = known_by(conn, self.institution_id, at)
        register = Register(conn, self.institution_id, instruction.value_on, known_at)
        if not instruction.facility:
            row = self._of_no_facility(instruction)
            row.known_at = known_at
            return Handover(
                row, unfinished(self.policy, row, Outcome.INCOMPLETE, ["facility"]), None
            )
        row, refusal = self._know(conn, register, instruction)
        row.known_at, row.subject = known_at, subject_of(self.policy, register, row)
        if refusal:
            return Handover(row, unfinished(self.policy, row, *refusal), None)
        book = AccountBook(self.policy, register)
        gathering = Gathering(conn, register, self.institution_id, self.policy, book, (row,))
        gather(gathering, row.compiled.named_facts | holders(row))
        reach("road.gathered")
        verdict = self.policy.decide(row.compiled, row.facts, row.standing, ledger_decides=True)
        reach("road.decided")
        if verdict.decision.outcome is not Outcome.PERMITTED:
            return Handover(row, verdict, None)
        try:
            return self._shape(gathering, row, verdict)
        except OverflowError as fault:
            return Handover(row, not_bookable(self.policy, row, str(fault)), None)

    def _shape(self, gathering: Gathering, row: Known, verdict: Verdict) -> Handover:
        shaped = Shaped()
        shape_limits(shaped, self.policy, row, verdict)
        stands = balances(gathering.conn, self.institution_id, accounts_to_read(self.policy, row))
        shape_positions(shaped, self.policy, row, verdict, stands)
        shape_money(shaped, row, verdict, gathering.book)
        if shaped.lacking:
            return Handover(
                row, unfinished(self.policy, row, Outcome.INCOMPLETE, shaped.lacking), None
            )
        verdict = judge_overlays(gathering, row, verdict, shaped)
        if verdict.decision.outcome is not Outcome.PERMITTED:
            return Handover(row, verdict, None)
        chain = as_chain(shaped, row, verdict)
        if chain is None and row.compiled.action.closes:
            return Handover(row, not_bookable(self.policy, row, "0"), None)
        reach("road.shaped")
        return Handover(row, verdict, chain, tuple(shaped.owners), tuple(shaped.drawn))

    def _know(
        self, conn: Connection, register: Register, instruction: Instruction
    ) -> tuple[Known, tuple[Outcome, Sequence[str]] | None]:
        """Find what is in force, who the parties are, and what the instruction continues."""
        standing = self.policy.standing(
            instruction.value_on, authorisations=authorisations_of(register)
        )
        compiled = self.policy.compiled(instruction.facility, instruction.action)
        root = self.root(conn, instruction.continues)
        is_own = root is not None and root.facility == compiled.facility
        inherited = self._inherited(root) if root and is_own else {}
        refusal = refused_continuation(instruction, compiled, root, inherited)
        parties, accounts = instruction.parties, instruction.accounts
        facts = dict(instruction.facts)
        if root and not refusal:
            parties, accounts = {**root.parties, **parties}, {**root.accounts, **accounts}
            facts = {**inherited, **facts}
        else:
            root = None
        sent = frozenset(facts)
        row = Known(instruction, compiled, standing, root, parties, accounts, facts, sent)
        return row, refusal

    def _of_no_facility(self, instruction: Instruction) -> Known:
        """Return what is known of an instruction that does not say what business it is."""
        standing = self.policy.standing(instruction.value_on)
        parties, accounts = instruction.parties, instruction.accounts
        return Known(instruction, self.policy.nothing, standing, None, parties, accounts)

    def root(self, conn: Connection, instruction_id: str) -> Root | None:
        """Return the stored instruction a later action names; None without one."""
        if not instruction_id:
            return None
        stored = self.recorder.instruction(conn, instruction_id)
        if stored is None:
            return None
        drawn = tuple(Drawn(**one) for one in stored.pop("draws"))
        if stored["root"] != instruction_id:
            first = self.recorder.instruction(conn, stored["root"])
            assert first, "the first instruction of a business is on record"
            drawn += tuple(Drawn(**one) for one in first["draws"])
        parties = stored.pop("parties")
        return Root(drawn=drawn, parties=parties["parties"], accounts=parties["accounts"], **stored)

    def _inherited(self, root: Root) -> dict[str, object]:
        """Return the sender's facts of the instruction that is continued."""
        declared = self.policy.pack.facilities[root.facility].facts
        sent = {name: fact for name, fact in declared.items() if fact.provider == "sender"}
        leaves = leaves_of(sent)
        given = [(path, value) for path, value in root.facts.items() if path in leaves]
        values, _ = read_facts(sent, given, Place)
        return values


def holders(row: Known) -> frozenset[str]:
    """Return the facts that name who holds a limit or a position."""
    named = {pool.holder for limit in row.compiled.action.limits for pool in limit.parts}
    return frozenset(named & set(leaves_of(row.compiled.facts)))


def subject_of(policy: Policy, register: Register, row: Known) -> str:
    """Return the natural person among the parties, if any; only roles a person may have ask."""
    roles = policy.pack.facilities[row.compiled.facility].parties
    named = [
        row.parties[role]
        for role, model in roles.items()
        if role in row.parties and PartyType.PERSON.value in model.kinds
    ]
    people = register.parties(named) if named else {}
    found = (one for one, party in people.items() if party and party.type is PartyType.PERSON)
    return next(found, "")


def authorisations_of(register: Register) -> tuple[Authorisation, ...]:
    """Return the instruments on record that change a clause's status."""
    return tuple(
        Authorisation(one.clause, as_status(one.status), one.since, one.until, one.number)
        for one in register.authorisations()
    )


def refused_continuation(
    instruction: Instruction,
    compiled: Compiled,
    root: Root | None,
    inherited: Mapping[str, object],
) -> tuple[Outcome, Sequence[str]] | None:
    """Tell why an instruction cannot continue what it names; None when it can, or names nothing.

    What was agreed stands: a later action may add facts, and may repeat one, never change it.
    """
    action = compiled.action
    if not action.of and not instruction.continues:
        return None
    if root is None:
        return Outcome.REFUSED, ["unknown"]
    if root.facility != compiled.facility or root.action not in action.of:
        return Outcome.REFUSED, ["other_action"]
    if root.outcome != Outcome.PERMITTED.value:
        return Outcome.REFUSED, ["not_permitted"]
    own = instruction.parties
    if any(root.parties.get(role, party) != party for role, party in own.items()):
        return Outcome.REFUSED, ["other_parties"]
    if any(inherited.get(path, value) != value for path, value in instruction.facts.items()):
        return Outcome.REFUSED, ["other_facts"]
    if instruction.value_on < root.value_on:
        return Outcome.REFUSED, ["earlier_day"]
    return None
