"""Stage: a whole file is read and proven before anything is booked.

Rows become instructions, checked against the pack, the register and each other; every flaw of
every file is collected. What passed is spooled to disk, so that a day of a million lines needs
the memory of a few thousand.
"""

import struct
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from typing import IO, Self

from qianhai.db import Connection
from qianhai.instructions import flaws as say
from qianhai.instructions import store
from qianhai.instructions.approval_store import waiting_hashes
from qianhai.instructions.block import ROWS_MAX, Block, BlockBuilder
from qianhai.instructions.interpret import Draft, Interpreter
from qianhai.instructions.model import Instruction
from qianhai.kernel import Flaw, Place
from qianhai.messages import Row
from qianhai.policy import Policy
from qianhai.registers import KINDS, Account, Keyring, Party, Register

_CHUNK = 2000
_NEAR_MAX = 1000
_FLAWS_MAX = 10_000


class Staged:
    """Instructions that were proven and wait to be booked, in their order, on disk."""

    def __init__(self, policy: Policy, institution_id: str) -> None:
        self._policy = policy
        self._institution = institution_id
        self._spool: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._kept = BlockBuilder(policy, institution_id)
        self.count = 0

    def add(self, instruction: Instruction, content: bytes) -> None:
        """Keep one instruction; `content` is the hash of its content."""
        self._kept.add(instruction, content)
        self.count += 1
        if len(self._kept) >= ROWS_MAX:
            self._spool_kept()

    def _spool_kept(self) -> None:
        kept, self._kept = self._kept, BlockBuilder(self._policy, self._institution)
        kept.block().write(self._spool)

    def blocks(self) -> Iterator[Block]:
        """Yield the instructions in their order, some thousands at a time, in columns."""
        if len(self._kept):
            self._spool_kept()
        at = 0
        while True:
            self._spool.seek(at)
            block = Block.read(self._policy, self._institution, self._spool)
            if block is None:
                return
            at = self._spool.tell()
            yield block

    def __iter__(self) -> Iterator[Instruction]:
        """Yield the instructions in their order, one by one."""
        return (block.instruction(at) for block in self.blocks() for at in range(len(block)))

    def close(self) -> None:
        """Remove the spool."""
        self._spool.close()

    def __enter__(self) -> Self:
        """Use the stage as a context."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the spool."""
        self.close()


class Seen:
    """The ids of an input with their content and place, some 150 bytes each.

    A day of a million lines is proven against itself in memory, so that what is kept of a line
    is half its content's digest and where it stood, packed.
    """

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}
        self._files: dict[str, int] = {}

    def first(self, number: str, content: bytes, place: Place) -> Place | None:
        """Keep an id; the place where it stood before with other content, or None."""
        file = self._files.setdefault(place.file, len(self._files))
        packed = content[:16] + struct.pack(">IQ", file, place.line or 0)
        kept = self._kept.setdefault(number, packed)
        if kept[:16] == packed[:16]:
            return None
        before, line = struct.unpack(">IQ", kept[16:])
        return Place(list(self._files)[before], line or None)

    def __contains__(self, number: str) -> bool:
        """Tell whether an id stood in the input so far."""
        return number in self._kept

    def __iter__(self) -> Iterator[str]:
        """Yield the ids in the order of the input."""
        return iter(self._kept)


@dataclass(slots=True)
class Stager:
    """Proves rows against the pack, the register, the books and each other."""

    policy: Policy
    conn: Connection
    institution_id: str
    keyring: Keyring
    at: datetime
    has_register: bool = True
    flaws: list[Flaw] = field(default_factory=list)
    _seen: Seen = field(default_factory=Seen)
    _unplaced: set[str] = field(default_factory=set)

    def stage(
        self, rows: Iterable[Row | Flaw], staged: Staged, progress: Callable[[int], None]
    ) -> None:
        """Read all rows into the stage; flaws are collected in `flaws`."""
        interpreter = Interpreter(self.policy)
        source = iter(rows)
        while chunk := list(islice(source, _CHUNK)):
            drafts: list[Draft] = []
            for row in chunk:
                if isinstance(row, Flaw):
                    self.flaws.append(row)
                    continue
                draft, found = interpreter.read(row)
                self.flaws += found
                if draft:
                    drafts.append(draft)
                else:
                    self._unplaced.add(row.fields.get("id", ""))
            self._prove(drafts, staged)
            progress(len(chunk))
            if len(self.flaws) > _FLAWS_MAX:
                self.flaws[_FLAWS_MAX:] = [
                    say.too_many(self.flaws[_FLAWS_MAX - 1].place, _FLAWS_MAX)
                ]
                return

    def _prove(self, drafts: list[Draft], staged: Staged) -> None:
        """Prove a chunk: parties and accounts by the register, ids by the books."""
        by_day: dict[date, list[Draft]] = {}
        for draft in drafts:
            by_day.setdefault(draft.value_on, []).append(draft)
        if self.has_register:
            for day, group in by_day.items():
                register = Register(self.conn, self.institution_id, day, self.at)
                self.flaws += Parties(register, self.keyring, group, self.policy).prove()
        ids = [d.id for d in drafts] + [d.continues for d in drafts]
        known = waiting_hashes(self.conn, self.institution_id, ids)
        known |= store.stored_hashes(self.conn, self.institution_id, ids)
        for draft in drafts:
            instruction = draft.instruction(self.institution_id)
            content = instruction.content_hash
            if known.get(draft.id, content) != content:
                self.flaws.append(say.used_before(instruction.place, draft.id))
            first = self._seen.first(draft.id, content, instruction.place)
            if first:
                self.flaws.append(say.twice_in_file(instruction.place, draft.id, first))
            of = draft.continues
            if of and not any(of in seen for seen in (known, self._seen, self._unplaced)):
                self.flaws.append(
                    say.continues_unknown(instruction.place, of, islice(self._seen, _NEAR_MAX))
                )
            if not self.flaws:
                staged.add(instruction, content)


@dataclass(slots=True)
class Parties:
    """Finds the parties and accounts a column of drafts names, in a few round trips."""

    register: Register
    keyring: Keyring
    drafts: list[Draft]
    policy: Policy

    def prove(self) -> list[Flaw]:
        """Resolve what messages name by identifier or account, and return every flaw."""
        self._resolve()
        flaws: list[Flaw] = []
        ids = sorted({party for draft in self.drafts for party in draft.parties.values()})
        parties = self.register.parties(ids)
        numbers = sorted({n for draft in self.drafts for n in draft.accounts.values()})
        accounts = self.register.account_by_number(numbers)
        known = [party for party, found in parties.items() if found]
        for draft in self.drafts:
            for role, party in draft.parties.items():
                flaws += self._party(draft, role, party, parties.get(party), known)
            for role, number in draft.accounts.items():
                flaws += self._account(draft, role, number, accounts.get(number))
        return flaws

    def _party(
        self, draft: Draft, role: str, party: str, found: Party | None, known: list[str]
    ) -> Iterator[Flaw]:
        place = draft.at(role)
        if found is None:
            yield say.unknown_party(place, party, known)
            return
        kinds = self.policy.pack.facilities[draft.facility].parties[role].kinds
        if found.type.value not in kinds:
            yield say.wrong_kind(place, party, found.type.value, kinds)

    def _account(
        self, draft: Draft, role: str, number: str, found: Account | None
    ) -> Iterator[Flaw]:
        place = draft.at(f"{role}.account")
        if found is None:
            yield say.unknown_account(place, number)
        elif draft.parties.get(role, found.party) != found.party:
            yield say.others_account(place, number, draft.parties[role])

    def _resolve(self) -> None:
        """Turn identifiers and account numbers of messages into parties, role by role."""
        named = {n for d in self.drafts for iso in d.iso.values() for n in iso.values()}
        if not named:
            return
        texts = sorted(named)
        by_id = self.register.parties(texts)
        by_account = self.register.account_by_number(texts)
        by_number: dict[str, str | None] = {}
        for kind in KINDS:
            found = self.register.party_by_identifier(self.keyring, kind, texts)
            by_number |= {text: party for text, party in found.items() if party}
        for draft in self.drafts:
            for role, iso in draft.iso.items():
                if role in draft.parties:
                    continue
                account = by_account.get(iso.get("account", ""))
                candidates = [iso.get(key, "") for key in ("id", "bic", "member")]
                found_party = next(
                    (
                        t if by_id.get(t) else by_number[t]
                        for t in candidates
                        if by_id.get(t) or by_number.get(t)
                    ),
                    None,
                )
                party = found_party or (account.party if account else None)
                if party:
                    draft.parties[role] = party
                if account and account.party == party:
                    draft.accounts.setdefault(role, iso["account"])
