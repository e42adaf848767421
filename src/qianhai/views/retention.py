"""What must be kept and until when, what is due, and what is on record about one subject.

The times are data (`retention.yaml`), dated, with source and confidence: one that is unsure is used
only where somebody who answers for it gives it. Must not erase anything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from qianhai.db import Connection
from qianhai.instructions import last_business
from qianhai.kernel import add_months
from qianhai.registers import ended_persons, relationship
from qianhai.views.flaws import Document

_FILE = Path(__file__).with_name("retention.yaml")
_UNSURE = "memory-unsure"
#: How a rule speaks of people, of business: the two that bind a person's data.
IDENTITY = "identity"
TRANSACTIONS = "transactions"


class Two(BaseModel):
    """A text in both languages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Span(BaseModel):
    """One time of keeping, from a day on; without months nobody knows it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: date = Field(alias="from")
    months: int | None = Field(gt=0)
    confidence: Literal["page", "memory-sure", "memory-unsure"]
    source: str = Field(min_length=1)


class Rule(BaseModel):
    """What is kept, from when its time runs, and how long by which paper."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    title: Two
    holds: Two
    begins: Two
    is_personal: bool
    values: tuple[Span, ...] = Field(min_length=1)

    def on(self, day: date, given: Mapping[str, int]) -> Span | None:
        """Return the time that holds on a day, given or sure; None where it must be given."""
        holding = [one for one in self.values if one.first <= day]
        latest = max(holding, key=lambda one: one.first, default=None)
        if latest is None:
            return None
        if self.id in given:
            months = 12 * given[self.id]
            return latest.model_copy(update={"months": months, "source": "--years"})
        return None if latest.confidence == _UNSURE or latest.months is None else latest


@dataclass(frozen=True, slots=True)
class Kept:
    """Why something of a subject must stay, and until when; None while no end is known."""

    rule: Rule
    source: str
    until: date | None


@cache
def rules() -> tuple[Rule, ...]:
    """Return the rules of retention, as the file says."""
    return tuple(Rule(**one) for one in yaml.safe_load(_FILE.read_text(encoding="utf-8")))


def kept_of(
    conn: Connection, institution_id: str, subject: str, on: date, given: Mapping[str, int]
) -> list[Kept]:
    """Return what of a subject must still be kept on a day; nothing when all may be erased.

    Whoever never had an account and never did business has no relationship, so nothing binds.
    """
    last = last_business(conn, institution_id, [subject]).get(subject)
    ties = relationship(conn, institution_id, subject)
    ended = None if ties.has_begun and ties.last_on is None else (ties.last_on or last)
    has_relationship = ties.has_begun or last is not None
    ends = {IDENTITY: (has_relationship, ended), TRANSACTIONS: (last is not None, last)}
    found = []
    for rule in rules():
        binds, since = ends.get(rule.id, (False, None))
        if not binds:
            continue
        span = rule.on(on, given)
        if since is None or span is None or span.months is None:
            found.append(Kept(rule, span.source if span else rule.values[-1].source, None))
        elif (until := add_months(since, span.months)) >= on:
            found.append(Kept(rule, span.source, until))
    return found


def due_subjects(
    conn: Connection, institution_id: str, on: date, given: Mapping[str, int]
) -> list[tuple[str, date]]:
    """Return the persons whose relationship has ended and of whom nothing binds any more."""
    ended = ended_persons(conn, institution_id, on)
    return [
        (subject, day)
        for subject, day in ended.items()
        if not kept_of(conn, institution_id, subject, on, given)
    ]


def retention_document(
    on: date, given: Mapping[str, int], due: Sequence[tuple[str, date]]
) -> Document:
    """Return the rules as they hold on a day, and whose data may be erased."""
    return {
        "on": on.isoformat(),
        "rules": [_rule_document(rule, on, given) for rule in rules()],
        "due": [{"subject": subject, "last_on": day.isoformat()} for subject, day in due],
    }


def _rule_document(rule: Rule, on: date, given: Mapping[str, int]) -> Document:
    span = rule.on(on, given)
    latest = [one for one in rule.values if one.first <= on]
    shown = span or (latest[-1] if latest else rule.values[0])
    return {
        "id": rule.id,
        "title": rule.title.model_dump(),
        "holds": rule.holds.model_dump(),
        "begins": rule.begins.model_dump(),
        "months": span.months if span else None,
        "source": shown.source,
        "confidence": shown.confidence,
        "is_given": rule.id in given,
        "must_be_given": span is None,
    }


def kept_document(kept: Kept) -> Document:
    """Return why something must stay, as a document."""
    return {
        "id": kept.rule.id,
        "title": kept.rule.title.model_dump(),
        "holds": kept.rule.holds.model_dump(),
        "source": kept.source,
        "until": kept.until.isoformat() if kept.until else None,
    }
