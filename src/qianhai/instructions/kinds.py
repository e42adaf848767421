"""Kinds: a column of one action decided by the rules on DuckDB, one decision for each kind of row.

Rows are of one kind when every test, every guard, what is known and every currency came to the
same. The first row of a kind is decided by `policy.decide`, whose answer is that of all of them,
and each kind proves the engine against it. Limits are left to the ledger, as for one instruction.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
import pyarrow as pa

from qianhai.engines import (
    Answers,
    DuckDB,
    Flaws,
    Use,
    facts_at,
    kinds_lacking,
    kinds_of,
    packed,
    relation_of,
    rooms_of,
)
from qianhai.engines import Group as Rules
from qianhai.instructions.block import ABSENT, Group
from qianhai.instructions.sources import Gathered, Read, texts
from qianhai.kernel import CURRENCIES, Outcome
from qianhai.policy import Compiled, Policy, Standing, Verdict, leaves_of
from qianhai.rules import WIDE, Money, SqlProgram, to_duckdb

Numbers = np.ndarray[Any, Any]
#: Kinds that are remembered of one action; beyond them it begins again.
_KINDS_MAX: Final = 100_000
_LETTERS: Final = {0: False, 1: True, 2: None}
_CODES: Final = {code: number for number, code in enumerate(CURRENCIES, 1)}
_SCALES: Final = np.array([-1, *CURRENCIES.values()], np.int64)


@dataclass(frozen=True, slots=True)
class Business:
    """An action and what stands on a day, ready for columns, and the kinds of rows met so far.

    `currencies` are where the currency of each amount it moves is: a code, or a role or fact.
    """

    rules: Rules
    program: SqlProgram
    currencies: Mapping[str, str]
    kinds: dict[bytes, Verdict] = field(default_factory=dict)

    @property
    def compiled(self) -> Compiled:
        """Return the action."""
        return self.rules.compiled


@dataclass(frozen=True, slots=True)
class Judged:
    """What was decided of a group: its kinds, each with its rows, and rows to go by themselves.

    `table` has the facts, those of providers filled in, `provided` the latter as JSON; `scales`
    and `codes` tell of each amount of the action which currency each row has it in.
    """

    business: Business
    group: Group
    table: pa.Table
    provided: pa.Array
    reads: Sequence[Read]
    relation: pa.Table
    answers: Answers
    uses: Sequence[Use]
    codes: Mapping[str, Numbers]
    kinds: Sequence[tuple[Verdict, Numbers]]
    alone: Numbers

    def facts(self, row: int) -> dict[str, object]:
        """Return the facts one row was decided on."""
        return facts_at(self.business.rules, self.business.program, self.relation, row)

    def scales(self, key: str) -> Numbers:
        """Return the decimals of the currency each row has an amount in; -1 where not known."""
        found: Numbers = _SCALES[self.codes[key]]
        return found


class Judge:
    """Decides columns under one pack."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._made: dict[tuple[object, ...], Business] = {}

    @cached_property
    def _engine(self) -> DuckDB:
        return DuckDB(threads=1)

    def judge(
        self,
        compiled: Compiled,
        standing: Standing,
        group: Group,
        gathered: Gathered,
    ) -> Judged:
        """Decide the rows of a group on its facts, as far as columns can hold them."""
        business, table = self._business(compiled, standing), gathered.table
        count = len(table)
        flaws = Flaws("column")
        places = np.arange(count)
        facts = _facts_of(business, table)
        program, leaves = business.program, business.rules.leaves
        relation = relation_of(leaves, program, facts, places, places, flaws)
        assert not flaws.found, "what is in a block was read before"
        told = self._engine.decide(business.program, relation)
        answers = Answers(business.rules, business.program, told)
        alone = np.asarray(relation["odd"].is_valid()) | np.asarray(told[WIDE].combine_chunks())
        _, uses = rooms_of(answers)
        codes = {key: _codes(table, stated) for key, stated in business.currencies.items()}
        kinds = _Kinds(self._policy, business, answers, relation, uses, codes)
        missing = self._engine.missing
        found = list(
            kinds.told(alone, lambda rows: missing(business.program, relation.take(pa.array(rows))))
        )
        provided, reads = gathered.provided, gathered.reads
        return Judged(
            business, group, table, provided, reads, relation, answers, uses, codes, found, alone
        )

    def _business(self, compiled: Compiled, standing: Standing) -> Business:
        """Return an action ready for columns on a day; equal days share its program."""
        key = compiled.facility, compiled.name, *standing.ids
        made = self._made.get(key)
        if made is None:
            conditions = {f"test.{name}": tree for name, (_, tree) in compiled.tests.items()}
            conditions |= {k: t for k, t in compiled.guards.items() if not k.startswith("let.")}
            values = {k: t for k, t in compiled.values.items() if not k.startswith("let.")}
            rules = Rules(
                self._policy, compiled, standing, conditions, values, leaves_of(compiled.facts)
            )
            made = Business(rules, rules.program(to_duckdb), _currencies(self._policy, compiled))
        elif made.rules.standing is not standing:
            made = replace(made, rules=replace(made.rules, standing=standing), kinds={})
        self._made[key] = made
        return made


def _currencies(policy: Policy, compiled: Compiled) -> dict[str, str]:
    """Return where the currency of every amount of an action is stated."""
    positions = policy.pack.facilities[compiled.facility].positions
    found = {f"limit.{limit.id}.amount": limit.asset for limit in compiled.action.limits}
    found |= {f"opens.{name}": positions[name].currency for name in compiled.action.opens}
    for number in range(len(compiled.action.legs)):
        kind = compiled.values[f"leg.{number}.amount"].type
        assert isinstance(kind, Money), "a leg moves money"
        found[f"leg.{number}.amount"] = kind.currency
    return found


def _facts_of(business: Business, table: pa.Table) -> pa.Table:
    """Return the columns of a table that are facts of the action's facility."""
    leaves = business.rules.leaves
    kept = [name for name in table.column_names if name.removesuffix(ABSENT) in leaves]
    days = pa.repeat(pa.scalar(business.rules.standing.on, pa.date32()), len(table))
    empty = pa.repeat(pa.scalar("", pa.string()), len(table))
    return table.select(kept).append_column("id", empty).append_column("on", days)


def _codes(table: pa.Table, stated: str) -> Numbers:
    """Return a number for the currency of each row; 0 where there is none."""
    if stated in _CODES:
        return np.full(len(table), _CODES[stated], np.uint8)
    coded = texts(table, stated).dictionary_encode()
    known = [_CODES.get(code, 0) for code in coded.dictionary.to_pylist()]
    found: Numbers = np.array([*known, 0], np.uint8)[np.asarray(coded.indices)]
    return found


class _Kinds:
    """The kinds of rows of a group, and what is decided of each."""

    def __init__(
        self,
        policy: Policy,
        business: Business,
        answers: Answers,
        relation: pa.Table,
        uses: Sequence[Use],
        codes: Mapping[str, Numbers],
    ) -> None:
        self._policy, self._business, self._relation, self._uses = policy, business, relation, uses
        rules = business.rules
        self._tests = [answers.test(f"test.{name}") for name in business.compiled.tests]
        marks = [(answers.test(key), 2) for key in rules.conditions]
        marks += [(answers.known(key).astype(np.uint8), 1) for key in rules.values]
        for key, own in codes.items():
            above = answers.ratio(key).above.numbers
            sign = np.asarray(above > 0, np.uint8) + 2 * np.asarray(above < 0, np.uint8)
            marks += [(sign, 2), (own, 8)]
        self._words = packed(marks, answers.count)

    def told(self, alone: Numbers, missing: Any) -> Iterator[tuple[Verdict, Numbers]]:  # noqa: ANN401
        """Yield what is decided of each kind and its rows; rows found wide are marked alone."""
        open_rows: list[Numbers] = []
        for key, rows in kinds_of(self._words, np.flatnonzero(~alone)):
            verdict = self._first(b"k" + key, int(rows[0]))
            decision = verdict.decision
            if decision.missing or decision.outcome is Outcome.INCOMPLETE:
                open_rows.append(rows)
            else:
                yield verdict, rows
        if not open_rows:
            return
        rows = np.sort(np.concatenate(open_rows))
        lacking = kinds_lacking(self._business.program, self._words, rows, missing(rows))
        alone[lacking.wide] = True
        for key, at in lacking.kinds:
            yield self._first(b"m" + key, int(at[0])), at

    def _first(self, key: bytes, row: int) -> Verdict:
        """Return what is decided of a kind; its first row is decided, and proves the engine."""
        kinds, rules = self._business.kinds, self._business.rules
        if key not in kinds:
            if len(kinds) >= _KINDS_MAX:
                kinds.clear()
            facts = facts_at(rules, self._business.program, self._relation, row)
            verdict = self._policy.decide(
                rules.compiled, facts, rules.standing, ledger_decides=True
            )
            told = [one.value for one in verdict.decision.conditions[1:]]
            assert told == [_LETTERS[int(one[row])] for one in self._tests], (
                "an engine answers as the rules do"
            )
            drawn = {use.name for use in self._uses if use.drawn[row]}
            assert drawn == {use.id for use in verdict.decision.limits}, (
                "an engine draws as the rules do"
            )
            kinds[key] = verdict
        return kinds[key]
