"""What a sender asks and what the road answers: instructions, answers, continued business.

Values only. An instruction is what the sender wrote, read and checked; it holds nothing
that a register or the ledger knows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from qianhai.kernel import Place, canonical_text, derived_id, digest_of
from qianhai.policy import Compiled, Decision, Standing, Values
from qianhai.rules import ABSENT


@dataclass(frozen=True, slots=True)
class Instruction:
    """One business a sender asks for.

    `parties` maps each role to a party of the register, `accounts` a role to the account number
    the sender named. `facts` are leaf paths to typed values. `facility` empty: not said, the
    answer will be incomplete, and `said` keeps the sender's columns as they are. `continues` is
    the id of the instruction a later action belongs to.
    """

    id: str
    institution_id: str
    facility: str
    action: str
    value_on: date
    parties: Mapping[str, str]
    accounts: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, object] = field(default_factory=dict)
    continues: str = ""
    said: Mapping[str, str] = field(default_factory=dict)
    place: Place = field(default=Place("-"), compare=False)

    @property
    def content(self) -> Mapping[str, object]:
        """Return what the sender wrote, without where it stood."""
        return {
            "facility": self.facility,
            "action": self.action,
            "value_on": self.value_on,
            "parties": dict(self.parties),
            "accounts": dict(self.accounts),
            "facts": stored_facts(self.facts) | dict(self.said),
            "continues": self.continues,
        }

    @property
    def content_hash(self) -> bytes:
        """Return the hash two sendings of the same content share."""
        return digest_of(self.content)

    @property
    def chain_id(self) -> UUID:
        """Return the id its chain has in the ledger: the same for every retry."""
        return derived_id("chain", self.institution_id, self.id)


def stored_facts(facts: Mapping[str, object]) -> dict[str, object]:
    """Return facts as they are written down: text, true/false, lists; absence as null."""
    return {path: _stored(value) for path, value in sorted(facts.items())}


def _stored(value: object) -> object:
    if value is None or isinstance(value, bool):
        return value
    if value is ABSENT:
        return None
    if isinstance(value, list):
        return [{k: _stored(v) for k, v in item.items()} for item in value]
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    return canonical_text(value).strip('"')


@dataclass(frozen=True, slots=True)
class Drawn:
    """What one pool of a limit gave an instruction: where it stands and what can come back.

    `source` is the account of this instruction's own units, empty when they never come back.
    """

    limit: str
    pool: str
    account: str
    source: str
    asset: str
    scale: int
    holder: str = ""

    @property
    def use_id(self) -> str:
        """Return the id under which a decision shows this pool."""
        return f"{self.limit}.{self.pool}" if self.pool else self.limit


@dataclass(frozen=True, slots=True)
class Named:
    """The ledger account of a limit's pool or of a position."""

    account: str
    asset: str
    scale: int
    holder: str = ""
    is_money: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """What the road answered to one instruction.

    `is_repeat`: this id and content had been answered before, nothing was done again. `pools`
    are the accounts of the decision's limits, one for each, for a first answer.
    """

    instruction: Instruction
    decision: Decision
    ledger_result: str
    ledger_seq: int | None
    is_repeat: bool = False
    pools: tuple[Named | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Root:
    """The instruction a later action continues, as stored: parties, facts and what it drew.

    `root` is the first instruction of the business; what was drawn and opened is kept under it.
    """

    id: str
    root: str
    facility: str
    action: str
    outcome: str
    value_on: date
    chain_id: UUID
    parties: Mapping[str, str]
    accounts: Mapping[str, str]
    facts: Mapping[str, object]
    drawn: tuple[Drawn, ...]
    decided_at: datetime


@dataclass(slots=True)
class Known:
    """One instruction while its facts are gathered; `sent` are the leaves its sender gave.

    `known_at` is the instant the register was asked as of; it is kept with the decision.
    `subject` is the natural person the business is about, under whose key its texts rest.
    `is_own_money`: its legs pay from and to accounts of one holder; known once they are shaped.
    `read` are the posted balances its facts rest on: its chain expects them unchanged. `areas` is
    where its parties are registered, where a report asks for it.
    """

    instruction: Instruction
    compiled: Compiled
    standing: Standing
    root: Root | None
    parties: Mapping[str, str]
    accounts: Mapping[str, str]
    facts: Values = field(default_factory=dict)
    sent: frozenset[str] = frozenset()
    known_at: datetime | None = None
    subject: str = ""
    is_own_money: bool | None = None
    read: dict[str, int] = field(default_factory=dict)
    areas: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Return the id its positions are kept under: that of the business it belongs to."""
        return self.root.root if self.root else self.instruction.id

    def holder(self, name: str) -> str | None:
        """Return the party in a role, or the text of a fact; None while it is not known."""
        if name in self.parties:
            return self.parties[name]
        value = self.facts.get(name)
        return None if value is None else str(value)
