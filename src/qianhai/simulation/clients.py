"""Clients: a cast that does business of one facility again and again, each time a little otherwise.

Holds how a play becomes lines of an input file: amounts scaled, days moved, papers of its own,
now and then a mistake. Every choice comes from the generator handed in, so a seed gives a year.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from qianhai.policy import Policy, Term, Values
from qianhai.rules import ABSENT
from qianhai.simulation.casting import (
    SINCE,
    Cast,
    Entry,
    Part,
    cast_of,
    currencies_of,
    text_of,
)
from qianhai.simulation.repertoire import Play, Repertoire, keeps, scaled, shifted

#: The bank of those whose business names none.
OWN_BANK: Final = "bank_000"
#: How often a sender makes a mistake, and how often a business is continued.
MISTAKES: Final = 0.06
CONTINUED: Final = 0.6
#: The share of mistakes that are wrong statements; the others are statements left out.
_WRONG: Final = 0.7
#: An account holds so many times what its client moves in its largest business.
_COVER: Final = Decimal(60)
#: An account that the sender names holds an amount of so many digits.
_DIGITS: Final = 9
#: Days between a business and what continues it.
_LATER_DAYS: Final = (1, 100)


def chance(*seeds: object) -> random.Random:
    """Return a generator of its own for what the seeds name: more of one thing moves no other."""
    return random.Random(".".join(map(str, seeds)))  # noqa: S311 - reproducible, and no secret


@dataclass(frozen=True, slots=True)
class Line:
    """One instruction of the year: its day, its cells, and what was planted in it, if anything."""

    on: date
    cells: Entry
    label: str = ""


@dataclass(slots=True)
class Register:
    """The register of the year as it grows: parties once each, accounts, papers."""

    rows: Callable[[Entry], None]
    _parties: set[str] = field(default_factory=set)
    _banks: dict[tuple[object, ...], str] = field(default_factory=dict)
    _accounts: dict[tuple[str, str, str], str] = field(default_factory=dict)
    _papers: set[tuple[str, str]] = field(default_factory=set)

    def bank(self, looks: tuple[object, ...]) -> str:
        """Return the id of the bank that looks so: banks serve many clients."""
        return self._banks.setdefault(looks, f"bank_{len(self._banks) + 1:03d}")

    @property
    def own_bank(self) -> str:
        """Return the bank that keeps the accounts of business no bank takes part in."""
        if OWN_BANK not in self._parties:
            self._parties.add(OWN_BANK)
            self.rows(
                {
                    "kind": "party", "id": OWN_BANK, "type": "bank", "jurisdiction": "CN",
                    "area": "original", "name": "前海模拟银行", "name_en": "Simulated Bank",
                    "since": SINCE,
                }
            )  # fmt: skip
        return OWN_BANK

    def enter(self, cast: Cast, name: Callable[[Part], tuple[str, str]]) -> None:
        """Enter the parties of a cast that are not there yet."""
        new = {part.id for part in cast.parts.values()} - self._parties
        for entry in cast.entries(name):
            if (entry.get("party") or entry.get("owned") or entry["id"]) in new:
                self.rows(entry)
        self._parties |= new

    def file(self, paper: Entry) -> None:
        """Enter a paper that is not there yet."""
        key = paper["record_kind"], paper["id"]
        if key not in self._papers:
            self._papers.add(key)
            self.rows(paper)

    def open(self, party: str, bank: str, kind: str, currency: str, balance: Decimal) -> str:
        """Enter an account that is not there yet; return its number."""
        key = (party, kind, currency)
        if key in self._accounts:
            return self._accounts[key]
        number = self._accounts[key] = f"{755_000_000_000 + len(self._accounts)}"
        self.rows(
            {
                "kind": "account", "number": number, "party": party, "bank": bank,
                "currency": currency, "account_kind": kind, "opening_balance": text_of(balance),
                "since": SINCE,
            }
        )  # fmt: skip
        return number


@dataclass(slots=True)
class Client:
    """One client of a facility, and the world in which its play comes to what it does.

    Its amounts are those of the play times its `size`. `busy` is how many businesses it does in the
    year: what each takes of the client's room is that much smaller. `plays` is all it may do there.
    """

    policy: Policy
    repertoire: Repertoire
    play: Play
    cast: Cast
    size: Decimal
    register: Register
    rng: random.Random
    prefix: str
    busy: int = 1
    count: int = 0
    accounts: dict[str, str] = field(default_factory=dict)
    plays: list[Play] = field(init=False)

    def __post_init__(self) -> None:
        """Find what the client may do in its world: all that asks of the register the same."""
        mine = self.play.on_record
        self.plays = [
            one
            for one in self.repertoire.firsts
            if one is self.play
            or (one.is_sound and self.play.is_sound and mine.items() >= one.on_record.items())
        ]

    def business(self, on: date, *, share: float | None = None, label: str = "") -> Iterator[Line]:
        """Yield the lines of one business that begins on a day, and of what continues it.

        `share` is the part of the client's largest amount; without it one is drawn.
        """
        self.count += 1
        number = f"{self.prefix}{self.count}"
        play = self.play if label or self.count == 1 else self.rng.choice(self.plays)
        facts = self._sized(play, on, share)
        said = {p: v for p, v in facts.items() if play.leaves[p].fact.provider == "sender"}
        mistaken = not label and self.rng.random() < MISTAKES
        if mistaken:
            said, label = self._mistaken(play, said, on), "mistake"
        own = cast_of(play.facility, facts, lambda role, _: self.cast.parts[role].id)
        names = own.names(number, facts)
        for paper in own.papers_of(names):
            self.register.file(paper)
        said |= {key: name for key, name in names.items() if name.startswith(number)}
        yield Line(on, self._cells(number, play, on, said), label)
        if play.is_sound and not mistaken:
            yield from self._continued(number, play, facts, on)

    def _sized(self, play: Play, on: date, share: float | None) -> Values:
        """Return the client's facts on a day, its amounts as large as this business is."""
        if share is None:
            share = min(1.0, self.rng.lognormvariate(0.0, 0.8) / (self.busy + 1))
        leaves, standing = play.leaves, self.policy.standing(on.replace(day=15))
        moved = shifted(leaves, scaled(leaves, play.facts, self.size), on - play.on)
        own = [p for p in moved if leaves[p].fact.provider in {"sender", "record"}]
        for found in (scaled(leaves, moved, Decimal(f"{share:.4f}"), own), moved):
            if keeps(self.policy, play, found, standing):
                return found
        return shifted(leaves, play.facts, on - play.on)

    def _mistaken(self, play: Play, said: Mapping[str, object], on: date) -> dict[str, object]:
        """Return what a mistaken sender states: as another example does, or too little."""
        others = [
            one
            for one in self.repertoire.firsts
            if one.compiled is play.compiled and not one.is_sound
        ]
        found = dict(said)
        if others and self.rng.random() < _WRONG:
            other = self.rng.choice(others)
            found |= shifted(other.leaves, other.said, on - other.on)
        elif found:
            found.pop(self.rng.choice(sorted(found)))
        return found

    def _continued(self, number: str, before: Play, facts: Values, on: date) -> Iterator[Line]:
        """Yield what continues a business, with the facts it adds, as far as the year goes."""
        following = self.repertoire.later.get(before.compiled.name, ())
        if not following or self.rng.random() > CONTINUED:
            return
        play = self.rng.choice(following)
        day = on + timedelta(days=self.rng.randint(*_LATER_DAYS))
        if day.year != on.year:
            return
        found = self._added(play, before, facts, day)
        if not keeps(self.policy, play, found, self.policy.standing(day.replace(day=15))):
            return
        said = {path: found[path] for path in play.said if path not in before.said}
        next_number = f"{number}.{play.compiled.name}"
        yield Line(day, self._cells(next_number, play, day, said) | {"of": number})
        yield from self._continued(next_number, play, found, day)

    def _added(self, play: Play, before: Play, facts: Values, day: date) -> Values:
        """Return the facts of a later action, its amounts in the measure of the business."""
        leaves = play.leaves
        moved = shifted(leaves, play.facts, day - play.on)
        ratio = Decimal(1)
        opened: dict[str, object] = {}
        for path, value in moved.items():
            fact = leaves[path].fact
            if fact.provider == "position" and isinstance(value, Decimal) and value:
                amount = self._opened(before, fact.args["position"], facts, day)
                if amount is not None:
                    ratio, opened[path] = amount / value, amount
        return {**scaled(leaves, moved, ratio), **facts, **opened}

    def _opened(self, play: Play, position: str, facts: Values, day: date) -> Decimal | None:
        key = f"opens.{position}"
        if key not in play.compiled.values:
            return None
        standing = self.policy.standing(day.replace(day=15))
        verdict = self.policy.decide(play.compiled, facts, standing, ledger_decides=True)
        value = verdict.values.get(key)
        return None if value is None else Decimal(text_of(value))

    def _cells(self, number: str, play: Play, on: date, said: Mapping[str, object]) -> Entry:
        cells = {
            "id": number, "facility": play.facility.id, "action": play.compiled.name,
            "value_date": on.isoformat(),
        }  # fmt: skip
        if not play.compiled.action.of:
            cells |= {role: part.id for role, part in self.cast.parts.items()}
            cells |= {f"{role}.account": number for role, number in self.accounts.items()}
        for path, value in said.items():
            if isinstance(value, list):
                for at, item in enumerate(value):
                    for name, one in item.items():
                        if one is not None:
                            cells[f"{path}.{at}.{name}"] = text_of(one)
                if not value:
                    cells[path] = "[]"
            elif value is not None and value is not ABSENT:
                text = text_of(value)
                cells[path] = self.cast.texts.get(text, text)
        return cells

    def open_accounts(self, kinds: Mapping[str, Term]) -> None:
        """Enter the accounts its business needs, with money for it."""
        banks = [part.id for part in self.cast.parts.values() if part.type == "bank"]
        bank = banks[0] if banks else self.register.own_bank
        plays = [
            play
            for first in self.plays
            for play in (first, *self.repertoire.later.get(first.compiled.name, ()))
        ]
        for role, said in self.cast.named.items():
            party, kind = self.cast.parts[role].id, said.get("kind", "settlement")
            balance = Decimal(10) ** _DIGITS
            self.accounts[role] = self.register.open(
                party, bank, kind, said.get("currency", "CNY"), balance
            )
        for play in plays:
            facts = scaled(play.leaves, play.facts, self.size)
            amounts = [v for p, v in facts.items() if play.leaves[p].type == "money"]
            largest = max((v for v in amounts if isinstance(v, Decimal)), default=Decimal(0))
            for name, currency in currencies_of(play.compiled, facts):
                role, _, kind = name.partition(".")
                kind = "settlement" if kind == "account" else kind
                if kind in kinds and kinds[kind].on_demand:
                    continue
                balance = (largest * _COVER).quantize(Decimal(1))
                self.register.open(self.cast.parts[role].id, bank, kind, currency, balance)
