"""Parts: the rows of one kind in a column, on their way from the decision to the answer.

What is the same for all of them stands once, what differs stands in columns. One row by itself is
made where something rare happens to it, as one instruction that was prepared alone.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from qianhai.instructions.accounts import limit_name
from qianhai.instructions.block import Block
from qianhai.instructions.columns import (
    NO_CAP,
    DrawColumn,
    LegColumn,
    Legs,
    ReadColumn,
    Specs,
    reads_of,
)
from qianhai.instructions.effects import entries_of
from qianhai.instructions.handover import Handover
from qianhai.instructions.kinds import Judged
from qianhai.instructions.model import Answer, Drawn, Instruction, Known
from qianhai.instructions.sources import texts
from qianhai.kernel import Outcome, Place, format_minor
from qianhai.ledger import Chain, Kind, Leg, PostedChains
from qianhai.policy import Decision, LimitUse, Verdict, read_facts
from qianhai.registers import Entry
from qianhai.rules import Money

Numbers = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a pool in every row, in minor units; it is known in all rows or in none."""

    numbers: Numbers
    is_known: bool

    def text(self, row: int, scale: int) -> str | None:
        """Return it as a decision shows it."""
        return format_minor(int(self.numbers[row]), scale) if self.is_known else None


Columns = TypeVar("Columns", LegColumn, DrawColumn, ReadColumn, Figure)


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one kind: their places in the block, and the figures of each limit's pools.

    `rows` are their places in the group, `reads` the balances they rest on; `areas` is where
    parties are registered, if that is asked. `amounts` are what each limit is asked for; `figures`
    stand in the order of the decision's limits. `seqs` are the last transfers of those that moved
    something, 0 for others, once they are posted.
    """

    block: Block
    judged: Judged
    verdict: Verdict
    specs: Specs
    subjects: pa.Array
    areas: Mapping[str, str]
    known_at: datetime
    rows: Numbers
    places: Numbers
    legs: Sequence[LegColumn]
    draws: Sequence[DrawColumn]
    reads: Sequence[ReadColumn]
    amounts: Mapping[str, Numbers]
    figures: Sequence[Mapping[str, Figure]]
    seqs: Numbers

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self.rows)

    @property
    def decision(self) -> Decision:
        """Return the decision of the kind; its figures are those of the first row ever met."""
        return self.verdict.decision

    @property
    def is_permitted(self) -> bool:
        """Tell whether the rows are permitted, before the ledger is asked."""
        return self.decision.outcome is Outcome.PERMITTED

    def take(self, mask: Numbers) -> "Part":
        """Return some of the rows."""
        return self if mask.all() else self._some(mask, self.subjects.filter(pa.array(mask)))

    def between(self, first: int, end: int) -> "Part":
        """Return the rows from one place of the block up to another."""
        begin, stop = np.searchsorted(self.places, (first, end)).tolist()
        if stop - begin == len(self):
            return self
        return self._some(slice(begin, stop), self.subjects.slice(begin, stop - begin))

    def _some(self, which: Numbers | slice, subjects: pa.Array) -> "Part":
        return replace(
            self,
            subjects=subjects,
            rows=self.rows[which],
            places=self.places[which],
            legs=[_taken(leg, which) for leg in self.legs],
            draws=[_taken(draw, which) for draw in self.draws],
            reads=[_taken(read, which) for read in self.reads],
            amounts={name: numbers[which] for name, numbers in self.amounts.items()},
            figures=[{n: _taken(f, which) for n, f in one.items()} for one in self.figures],
            seqs=self.seqs[which],
        )

    def ids(self) -> list[str]:
        """Return the ids of the instructions."""
        return [self.block.ids[at] for at in self.places.tolist()]

    def decided(self, row: int) -> Decision:
        """Return the decision of one row."""
        uses = tuple(self.use(at, row) for at in range(len(self.decision.limits)))
        return replace(self.decision, limits=uses)

    def use(self, limit: int, row: int) -> LimitUse:
        """Return how a pool, by its place among the decision's, stands in one row."""
        own = self.figures[limit]
        told: dict[str, Any] = {n: one.text(row, self.scale(limit)) for n, one in own.items()}
        return replace(self.decision.limits[limit], **told)

    def scale(self, limit: int) -> int:
        """Return the decimals of a limit's pool, by its place among the decision's."""
        return self.verdict.draws[limit].scale

    def drawn(self, row: int) -> tuple[Drawn, ...]:
        """Return what the pools gave one row."""
        return tuple(self._drawn(one, row) for one in self.draws)

    def _drawn(self, one: DrawColumn, row: int) -> Drawn:
        draw, all_ = one.draw, self.specs
        account, source = all_[int(one.account[row])], int(one.source[row])
        return Drawn(
            draw.limit.id,
            draw.pool.id,
            account.name,
            "" if source < 0 else all_[source].name,
            draw.asset,
            draw.scale,
            account.holder,
        )

    def handover(self, row: int) -> Handover:
        """Return one row as an instruction that was prepared alone."""
        instruction = self.block.instruction(int(self.places[row]))
        known = self._known(instruction, row)
        chain = self._chain(instruction, row)
        owners = tuple(leg.owner for leg in self.legs)
        decision = self.decided(row)
        draws = []
        for at, draw in enumerate(self.verdict.draws):
            cap, amount = self.figures[at]["cap"], self.amounts.get(draw.limit.id)
            changed = replace(
                draw,
                cap=int(cap.numbers[row]) if cap.is_known else None,
                amount=draw.amount if amount is None else int(amount[row]),
            )
            draws.append(changed)
        verdict = replace(self.verdict, decision=decision, draws=tuple(draws))
        return Handover(
            known,
            verdict,
            chain,
            owners,
            self.drawn(row),
            self.take(np.arange(len(self)) == row).entries()[0],
        )

    def _known(self, instruction: Instruction, row: int) -> Known:
        rules = self.judged.business.rules
        told = json.loads(self.judged.provided[int(self.rows[row])].as_py())
        facts, flaws = read_facts({}, told.items(), Place, leaves=rules.leaves)
        assert not flaws, "what a provider said was read before"
        return Known(
            instruction,
            rules.compiled,
            rules.standing,
            None,
            instruction.parties,
            instruction.accounts,
            {**facts, **instruction.facts},
            frozenset(instruction.facts),
            self.known_at,
            self.subjects[row].as_py(),
            areas=self.areas,
        )

    def _chain(self, instruction: Instruction, row: int) -> Chain | None:
        if not self.legs:
            return None
        all_ = self.specs
        sides = [(all_[int(leg.debit[row])], all_[int(leg.credit[row])]) for leg in self.legs]
        return Chain(
            instruction.chain_id,
            instruction.institution_id,
            Kind.POST,
            tuple(
                Leg(
                    debit.name,
                    credit.name,
                    int(leg.amount[row]),
                    None if leg.cap[row] == NO_CAP else int(leg.cap[row]),
                    leg.spills,
                )
                for leg, (debit, credit) in zip(self.legs, sides, strict=True)
            ),
            instruction.value_on,
            opens=tuple({spec.name: spec for side in sides for spec in side}.values()),
        )

    def entries(self) -> list[tuple[Entry, ...]]:
        """Return what the effects of each row put on file."""
        rules = self.judged.business.rules
        effects = rules.compiled.action.effects
        if not self.is_permitted or not effects:
            return [()] * len(self)
        named = {f"effect.{at}.{name}" for at, one in enumerate(effects) for name in one.args}
        columns = {key: self._values(key) for key in sorted(named & rules.values.keys())}
        paths = {
            kind.currency
            for key in columns
            if (kind := rules.values[key].type) and isinstance(kind, Money)
        }
        texts_of = {path: self._texts(path) for path in paths if not path.isupper()}
        found = []
        for row, number in enumerate(self.ids()):
            instruction = Instruction(number, "", "", "", self.judged.group.value_on, {})
            facts: dict[str, object] = {path: one[row] for path, one in texts_of.items()}
            known = Known(instruction, rules.compiled, rules.standing, None, {}, {}, facts)
            values = {key: column[row] for key, column in columns.items()}
            found.append(tuple(entries_of(None, known, replace(self.verdict, values=values))))
        return found

    def _texts(self, path: str) -> list[str]:
        return list(texts(self.judged.table, path).take(pa.array(self.rows)).to_pylist())

    def _values(self, key: str) -> list[Any]:
        """Return what a value came to in each row, as the program of one row gives it."""
        above, below = self.judged.answers.columns(key)
        found = above.take(pa.array(self.rows)).to_pylist()
        if below is None:
            return list(found)
        under = below.take(pa.array(self.rows)).to_pylist()
        return [
            None if one is None or other is None else Fraction(one) / Fraction(other)
            for one, other in zip(found, under, strict=True)
        ]

    def answer(self, row: int) -> Answer:
        """Return the answer of one row that is settled."""
        instruction = self.block.instruction(int(self.places[row]))
        known = self._known(instruction, row)
        draws = self.verdict.draws
        pools = tuple(limit_name(known, draw.limit.id, draw.pool.id) for draw in draws)
        seq = int(self.seqs[row]) or None
        return Answer(instruction, self.decided(row), "posted", seq, pools=pools)

    def settled(self, first: Numbers, posted: PostedChains, seqs: Numbers) -> "Part":
        """Return the rows with what the ledger said and moved; `first` is the first leg of each."""
        figures = [dict(one) for one in self.figures]
        by_name = {(d.limit.id, d.pool.id): at for at, d in enumerate(self.verdict.draws)}
        for one in self.draws:
            at, leg = by_name[one.draw.limit.id, one.draw.pool.id], self.legs[one.leg]
            legs = first + one.leg
            used = posted.used[legs]
            cap = figures[at]["cap"].numbers
            figures[at] |= {
                "used": Figure(used, is_known=True),
                "asked": Figure(
                    (posted.taken if leg.spills else posted.asked)[legs], is_known=True
                ),
                "left": Figure(np.maximum(cap - used, 0), is_known=True),
            }
        moved = [replace(leg, amount=posted.taken[first + n]) for n, leg in enumerate(self.legs)]
        return replace(self, legs=moved, figures=figures, seqs=seqs)


def part_of(
    block: Block,
    legs: Legs,
    subjects: pa.Array,
    areas: Mapping[str, str],
    known_at: datetime,
    places: Numbers,
) -> Part:
    """Return the rows of a kind whose legs are known, as a part of a column."""
    judged, verdict, rows = legs.judged, legs.verdict, legs.rows
    uses = {use.name: use for use in judged.uses}
    figures = []
    for shown in verdict.decision.limits:
        own = {}
        for name, whole in uses[shown.id].figures.items():
            known = whole.known[rows]
            assert known.all() or not known.any(), "the rows of a kind know the same"
            own[name] = Figure(whole.numbers[rows], bool(known.all()))
        figures.append(own)
    return Part(
        block,
        judged,
        verdict,
        legs.specs,
        subjects.take(pa.array(rows)),
        areas,
        known_at,
        rows,
        places,
        legs.legs,
        legs.draws,
        reads_of(legs),
        legs.amounts,
        figures,
        np.zeros(len(rows), np.int64),
    )


def _taken(one: Columns, which: Numbers | slice) -> Columns:
    """Return some rows of whatever has columns."""
    columns: dict[str, Any] = {
        field.name: value[which]
        for field in fields(one)
        if isinstance(value := getattr(one, field.name), np.ndarray)
    }
    return replace(one, **columns)


def joined(parts: Sequence[Part]) -> list[Part]:
    """Return parts that are whole again: those that were one before they were settled in turn.

    >>> joined([])
    []
    """
    groups: dict[tuple[int, int, datetime], list[Part]] = {}
    for part in parts:
        groups.setdefault((id(part.judged), id(part.verdict), part.known_at), []).append(part)
    return [some[0] if len(some) == 1 else _joined(some) for some in groups.values()]


def _joined(some: Sequence[Part]) -> Part:
    first = some[0]
    figures = [
        {name: _put_together([one.figures[at][name] for one in some]) for name in own}
        for at, own in enumerate(first.figures)
    ]
    return replace(
        first,
        subjects=pa.concat_arrays([one.subjects for one in some]),
        rows=np.concatenate([one.rows for one in some]),
        places=np.concatenate([one.places for one in some]),
        legs=[_put_together(each) for each in zip(*(one.legs for one in some), strict=True)],
        draws=[_put_together(each) for each in zip(*(one.draws for one in some), strict=True)],
        reads=[_put_together(each) for each in zip(*(one.reads for one in some), strict=True)],
        amounts={n: np.concatenate([one.amounts[n] for one in some]) for n in first.amounts},
        figures=figures,
        seqs=np.concatenate([one.seqs for one in some]),
    )


def _put_together(some: Sequence[Columns]) -> Columns:
    """Return the rows of several of whatever has columns, one after another."""
    columns: dict[str, Any] = {
        field.name: np.concatenate([getattr(one, field.name) for one in some])
        for field in fields(some[0])
        if isinstance(getattr(some[0], field.name), np.ndarray)
    }
    return replace(some[0], **columns)
