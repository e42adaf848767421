"""What the pack says: measures, facilities, parameters and the words they use.

Frozen models of the pack's files, and of a decision. Must not decide, read files or know a
database. The meaning of each field is told for authors in docs/add-a-measure.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from qianhai.kernel import Outcome, Reason, parse_date
from qianhai.policy.reading import PackModel

Basis = Literal["stated", "implied"]
ClauseStatus = Literal["in_force", "pilot", "supported", "proposed", "duty"]
Strength = Literal["implement", "pilot", "support", "study", "strive"]
Confidence = Literal["page", "memory-sure", "memory-unsure", "plan", "design"]
FactType = Literal[
    "boolean", "integer", "number", "money", "rate", "date", "text", "enum", "currency", "list"
]
#: A day as the pack writes it, YYYY-MM-DD and nothing else.
Day = Annotated[date, BeforeValidator(parse_date)]
#: An id of the pack: the last part of a key, so it holds no dot.
Id = Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]
Window = Literal["outstanding", "day", "year", "lifetime"]


class Bilingual(PackModel):
    """One text in Chinese and English."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class NumberInMeasure(Bilingual):
    """A number the plan's text states, and the words it stands in."""

    value: str
    unit: Bilingual
    src: str


class Kind(Bilingual):
    """One of the five kinds of work a measure asks for."""

    kind: Literal["facility", "application", "platform", "monitor", "commitment"]


class MeasureCondition(Bilingual):
    """A condition of a measure in words, stated by the text or implied by us."""

    basis: Basis


class Clause(Bilingual):
    """The unit that is decided: one act of a measure, its status and the text's own verb."""

    id: str
    status: ClauseStatus
    strength: Strength
    verb_zh: str
    action: str = ""


class Measure(PackModel):
    """One of the 115 measures, in our own words."""

    id: int
    slug: str
    chapter: int
    section: int
    module: str
    title: Bilingual
    summary: Bilingual
    units: tuple[str, ...]
    duties_divided: bool
    kinds: tuple[Kind, ...]
    actors: tuple[str, ...]
    instruments: tuple[Bilingual, ...]
    strength: Strength
    status: ClauseStatus
    clauses: tuple[Clause, ...]
    conditions: tuple[MeasureCondition, ...]
    numbers: tuple[NumberInMeasure, ...]
    related: tuple[int, ...]
    systems: tuple[str, ...]
    external_params: tuple[Bilingual, ...] = ()
    notes: Bilingual | None = None

    @property
    def status_mixed(self) -> bool:
        """Tell whether the clauses differ in status, so that no flag of the measure is enough."""
        return len({clause.status for clause in self.clauses}) > 1


class DatedValue(PackModel):
    """A value of the regulation and the days it holds, both inclusive; `null` is not known."""

    first: Day = Field(alias="from")
    until: Day | None = Field(default=None, alias="to")
    value: str
    confidence: Confidence | None = None
    note: Bilingual | None = None

    @property
    def is_known(self) -> bool:
        """Tell whether the value may decide: established, and not from an unsure memory."""
        return self.value != "null" and self.confidence != "memory-unsure"


class Parameter(PackModel):
    """A dated series of one number, money amount or date of the regulation."""

    id: Id
    title: Bilingual
    type: Literal["number", "integer", "money", "date", "text"]
    currency: str = ""
    unit: Bilingual
    measures: tuple[int, ...]
    confidence: Confidence
    source: str = Field(min_length=1)
    values: tuple[DatedValue, ...] = Field(min_length=1)
    note: Bilingual | None = None

    def on(self, day: date) -> DatedValue | None:
        """Return the value that holds on a day, or None when none is known to."""
        holding = [v for v in self.values if v.first <= day and (v.until is None or day <= v.until)]
        latest = max(holding, key=lambda v: v.first, default=None)
        if latest is None or not latest.is_known:
            return None
        return None if latest.confidence is None and self.confidence == "memory-unsure" else latest


class Switch(PackModel):
    """A named reading where the text allows two: its values, ours, and why."""

    values: tuple[str, ...] = Field(min_length=2)
    default: str
    settles: Bilingual
    reason: Bilingual


PartyKind = Literal["person", "enterprise", "bank", "fund", "institution"]


class Role(Bilingual):
    """A party's part in a facility; the input column of the same name names the party."""

    kinds: tuple[PartyKind, ...] = Field(min_length=1)
    iso: str = ""


class FactField(Bilingual):
    """A field of the items of a list fact."""

    type: FactType
    currency: str = ""
    values: tuple[str, ...] = ()


class Fact(Bilingual):
    """A named, typed input, the one provider that knows it, and the document that proves it."""

    type: FactType
    provider: str = "sender"
    args: Mapping[str, str] = Field(default_factory=dict, alias="with")
    document: str = ""
    currency: str = ""
    of: str = ""
    per: str = ""
    values: tuple[str, ...] = ()
    fields: Mapping[str, FactField] = Field(default_factory=dict)
    optional: bool = False
    iso: str = ""


class Condition(Bilingual):
    """A named test of facts; `otherwise` is what its failure gives."""

    id: Id
    when: str
    clause: str = ""
    basis: Basis = "stated"
    otherwise: Outcome = Outcome.REFUSED
    reason: str = ""
    alert: bool = False
    asks: tuple[str, ...] = ()


class Ground(Bilingual):
    """What a permission rests on: a clause of the plan, or a rule outside it, when it applies."""

    id: Id
    when: str
    clause: str = ""


class Pool(Bilingual):
    """One of several accounts a limit draws on, in order, each to its own ceiling."""

    id: Id
    holder: str
    cap: str
    used: str
    when: str = "true"


class Limit(Bilingual):
    """A ceiling on what is used; the draw itself is decided by the ledger, under its lock."""

    id: Id
    asset: str
    amount: str
    window: Window = "outstanding"
    holder: str = ""
    cap: str = ""
    used: str = ""
    pools: tuple[Pool, ...] = ()
    when: str = "true"
    clause: str = ""
    basis: Basis = "stated"
    otherwise: Outcome = Outcome.REFUSED
    scale: int | None = Field(default=None, ge=0, le=8)

    @cached_property
    def parts(self) -> tuple[Pool, ...]:
        """Return the limit's pools; a plain limit is one pool without a name of its own."""
        if self.pools:
            return self.pools
        words = {"zh": self.zh, "en": self.en}
        only = Pool.model_construct(
            None, id="", holder=self.holder, cap=self.cap, used=self.used, when="true", **words
        )
        return (only,)


class Position(Bilingual):
    """What an instruction leaves open (a principal, a deposit, a fund's size) under its own key."""

    key: str = "instruction"
    currency: str


class LegTemplate(PackModel):
    """One debit and credit of an action, between accounts named by role and kind."""

    debit: str
    credit: str
    amount: str
    when: str = "true"


class EffectCall(PackModel):
    """A platform function an action asks for, with its arguments as expressions."""

    name: str
    args: Mapping[str, str] = Field(default_factory=dict, alias="with")
    when: str = "true"


class Action(Bilingual):
    """One thing that may be done under a facility."""

    clause: str
    closed: Literal["refused", "ordinary", "register_first", "baseline"] = "refused"
    of: tuple[str, ...] = ()
    let: Mapping[str, str] = Field(default_factory=dict)
    conditions: tuple[Condition, ...] = ()
    grounds: tuple[Ground, ...] = ()
    limits: tuple[Limit, ...] = ()
    release: Mapping[str, Literal["pro_rata", "all"]] = Field(default_factory=dict)
    opens: Mapping[str, str] = Field(default_factory=dict)
    closes: Mapping[str, str] = Field(default_factory=dict)
    legs: tuple[LegTemplate, ...] = ()
    hold_until: str = ""
    settles: Literal["", "commit", "void"] = ""
    documents: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()
    effects: tuple[EffectCall, ...] = ()


class Example(PackModel):
    """A worked case of a facility: facts on a day, and the decision they must give."""

    id: Id
    action: str = ""
    on: Day
    given: tuple[str, ...] = ()
    facts: Mapping[str, object] = Field(default_factory=dict)
    without: tuple[str, ...] = ()
    switches: Mapping[str, str] = Field(default_factory=dict)
    opens: tuple[str, ...] = ()
    expect: Mapping[str, object]
    source: str = ""


class Facility(PackModel):
    """A business that may be done: who, which facts, and its actions."""

    id: Id
    measure: int
    title: Bilingual
    parties: Mapping[str, Role]
    facts: Mapping[str, Fact]
    positions: Mapping[str, Position] = Field(default_factory=dict)
    other_way: Bilingual | None = None
    actions: Mapping[str, Action] = Field(min_length=1)
    given: Mapping[str, Mapping[str, object]] = Field(default_factory=dict)
    examples: tuple[Example, ...] = ()

    @cached_property
    def sums(self) -> tuple[str, ...]:
        """Return the facts that are money, those that a message instructs first."""
        named = [name for name, fact in self.facts.items() if fact.type == "money"]
        return tuple(sorted(named, key=lambda name: self.facts[name].iso != "instructed_amount"))


class OnDebit(PackModel):
    """The accounts an overlay stands on."""

    kind: str


class CreditKind(PackModel):
    """The account kind the credited side takes when the condition holds, so a tag travels."""

    when: str
    kind: str


class Overlay(PackModel):
    """Standing conditions on an account kind, applied to every facility that debits it."""

    id: Id
    measure: int
    title: Bilingual
    on_debit: OnDebit
    clause: str = ""
    facts: Mapping[str, Fact]
    conditions: tuple[Condition, ...] = Field(min_length=1)
    credit_kind: CreditKind | None = None
    given: Mapping[str, Mapping[str, object]] = Field(default_factory=dict)
    examples: tuple[Example, ...] = ()


class WorkedFact(PackModel):
    """A fact of a worked figure, with its type and its value as a text."""

    type: FactType
    value: str
    currency: str = ""
    values: tuple[str, ...] = ()
    of: str = ""
    per: str = ""


class Worked(PackModel):
    """A worked figure of the regulation: facts, named expressions, and what they come to."""

    id: Id
    source: str = Field(min_length=1)
    on: Day
    facts: Mapping[str, WorkedFact] = Field(default_factory=dict)
    let: Mapping[str, str] = Field(min_length=1)
    expect: Mapping[str, str] = Field(min_length=1)
    switches: Mapping[str, str] = Field(default_factory=dict)


class Term(Bilingual):
    """An entry of a vocabulary: its words, and for a provider who it is that knows.

    `words` are those an argument may be, where it is one of a closed list. An effect that
    `is_whole` is not carried out, and so nothing is booked, before all its arguments are known. A
    kind of account stands in a `book`; one that is guarded is reached by a leg that names it, and
    one of many currencies has a balance in each under one number.
    """

    args: tuple[str, ...] = ()
    words: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    known_by: Literal["", "sender", "register", "ledger", "calendar", "continued"] = ""
    order: int = 0
    outcome: Outcome | None = None
    floor: str = ""
    on_demand: bool = False
    is_whole: bool = False
    book: str = ""
    is_guarded: bool = Field(default=False, alias="guarded")
    is_multi_currency: bool = Field(default=False, alias="multi_currency")


@dataclass(frozen=True, slots=True)
class LimitUse:
    """How one pool of a limit stands before an instruction, in the asset's decimals.

    None is unknown. `left` is max(0, cap - used).
    """

    id: str
    asset: str | None
    cap: str | None
    used: str | None
    asked: str | None
    left: str | None


@dataclass(frozen=True, slots=True)
class ConditionResult:
    """What one named condition came to."""

    id: str
    value: bool | None
    clause: str
    basis: str


@dataclass(frozen=True, slots=True)
class MissingFact:
    """A fact that could still change the answer, and the document it comes from."""

    fact: str
    document: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to one instruction, complete: facts seen, conditions, limits and reasons."""

    facility: str
    action: str
    measure: int
    clause: str
    on: date
    outcome: Outcome
    reasons: tuple[Reason, ...]
    conditions: tuple[ConditionResult, ...]
    missing: tuple[MissingFact, ...]
    limits: tuple[LimitUse, ...]
    documents: tuple[str, ...]
    reports: tuple[str, ...]
    alerts: tuple[str, ...]
    pack_version: str
    pack_hash: str


@dataclass(frozen=True, slots=True)
class Draw:
    """What one pool of a limit is asked for, in minor units of its asset.

    None is unknown. A negative amount gives back. `used` is what the facts say; the ledger has
    its own.
    """

    limit: Limit
    pool: Pool
    asset: str
    scale: int
    cap: int | None
    used: int | None
    amount: int | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision with what shaping its legs needs: draws, guards and values by key."""

    decision: Decision
    draws: tuple[Draw, ...]
    guards: Mapping[str, bool | None]
    values: Mapping[str, object]
