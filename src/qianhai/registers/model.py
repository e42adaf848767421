"""What is on record about a party, and since when.

Holds the frozen records other rooms receive and hand in. Must not hold SQL, a key, a check of an
input or a rule of the plan: a qualification is a name here, what it permits is said in the pack.

Two times stand beside every record. `since` and `until` say on which days it is true, both days
included, `until` None while no end is known. `known_since` is the instant it was recorded; it is
never changed, a correction is a later row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from typing import Protocol

from qianhai.kernel import Money, Place

#: What a register says about a thing: a text as recorded, or an exact amount with its currency.
Value = str | Money


class PartyType(StrEnum):
    """What a party is in law; only a person has names and identifiers that must be hidden."""

    PERSON = "person"
    ENTERPRISE = "enterprise"
    BANK = "bank"
    FUND = "fund"
    INSTITUTION = "institution"


class Area(StrEnum):
    """Where a party is registered: in the first zone, in the part added later, or elsewhere."""

    ORIGINAL = "original"
    EXPANDED = "expanded"
    OUTSIDE = "outside"


class EntryRow(Protocol):
    """One row of a register file, whoever read it: its place, and its cells by dotted name."""

    @property
    def place(self) -> Place:
        """Where the row stands."""

    @property
    def fields(self) -> Mapping[str, str]:
        """The cells that are not empty, as text."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a register file: its place, and its cells by dotted name."""

    place: Place
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """Something true from a day on, until a last day where one is known, with its evidence."""

    since: date
    until: date | None = None
    evidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Party(Dated):
    """A person or an organisation on record.

    For a person `name`, `name_en` and `identifiers` are empty wherever a register answers: they
    are read through `reveal`, which records who asked and why. `area` None means not recorded.
    """

    id: str
    type: PartyType
    jurisdiction: str
    area: Area | None = None
    name: str = ""
    name_en: str = ""
    identifiers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute(Dated):
    """One named property of a party: its size, its trade class, its net assets."""

    party: str
    name: str
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Qualification(Dated):
    """A standing a party was given: a place on a pilot list, a licence, or an alarm raised."""

    party: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding(Dated):
    """The exact share of one party that another owns directly."""

    owner: str
    owned: str
    share: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(Dated):
    """An account a bank keeps for a party; `kind` is a word of the pack (settlement, nra ...)."""

    number: str
    party: str
    bank: str
    currency: str
    kind: str
    opening_balance: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOnFile(Dated):
    """A paper on file: an invoice, a permit, a scheme, an original payment, a lease.

    `attributes` maps a dotted name to its text; a pair `x.amount`, `x.currency` is one Money `x`;
    rows of a list carry their number (`funds.0.size`).
    """

    kind: str
    id: str
    party: str = ""
    attributes: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorisation(Dated):
    """The recorded instrument that gives a clause another status from a day on.

    `through` is the number of the measure that lets it be given, or `rule`.
    """

    clause: str
    status: str
    instrument: str
    number: str
    issued_by: str
    through: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent(Dated):
    """What a subject allowed to be done with its data; withdrawn from the day it says so on."""

    subject: str
    purpose: str
    scope: str
    granted_at: datetime
    withdrawn_at: datetime | None = None


#: Everything a register file can enter.
Recorded = (
    Party | Attribute | Qualification | Holding | Account | RecordOnFile | Authorisation | Consent
)


@dataclass(frozen=True, slots=True)
class Checked:
    """An entry that passed every check; `is_retracted` says that it was recorded by mistake."""

    place: Place
    kind: str
    recorded: Recorded
    is_retracted: bool = False


@dataclass(frozen=True, slots=True)
class LoadSummary:
    """What a load added: new and unchanged entries by kind, and the instant they are known from.

    `known_since` is the load's own instant, or just after the register's last one when a clock
    stood still or went back: an answer about the past must not change.
    """

    known_since: datetime
    new: Mapping[str, int]
    unchanged: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Revealed:
    """The names and identifiers of a party, shown for a recorded purpose."""

    name: str
    name_en: str
    identifiers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ShareRange:
    """The least and the most a share can be, given what is recorded; known when they are equal."""

    low: Fraction
    high: Fraction

    @property
    def known(self) -> Fraction | None:
        """The share, or None while something unrecorded could change it.

        >>> ShareRange(Fraction(1, 4), Fraction(1, 2)).known is None
        True
        """
        return self.low if self.low == self.high else None
