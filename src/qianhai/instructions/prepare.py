"""Prepare: a column of instructions gathered, decided and shaped, ready to be handed in.

The same steps for one instruction and for a thousand; what differs is how many share a question
to the register and the ledger. Reads only; nothing is posted here.
"""

from collections.abc import Iterator, Sequence
from datetime import date

from qianhai.db import Connection
from qianhai.instructions.conclude import not_bookable, unfinished
from qianhai.instructions.days import Days
from qianhai.instructions.effects import entries_of, shape_accounts
from qianhai.instructions.gather import Gathering, gather, papers_named
from qianhai.instructions.handover import Handover
from qianhai.instructions.know import know
from qianhai.instructions.model import Instruction, Known
from qianhai.instructions.overlay import judge_overlays
from qianhai.instructions.record import Recorder
from qianhai.instructions.reports import note_areas
from qianhai.instructions.schedules import NoSchedule
from qianhai.instructions.shape import (
    Shaped,
    accounts_to_read,
    as_chain,
    shape_limits,
    shape_money,
    shape_positions,
)
from qianhai.kernel import Outcome, reach
from qianhai.ledger import Balance, balances
from qianhai.policy import Compiled, Policy, Verdict


class Preparer:
    """Prepares the instructions of one institution."""

    def __init__(self, policy: Policy, recorder: Recorder, institution_id: str) -> None:
        self._policy, self._recorder, self._institution = policy, recorder, institution_id
        self._wanted: dict[tuple[str, str], frozenset[str]] = {}

    def prepare(
        self, conn: Connection, instructions: Sequence[Instruction], days: Days
    ) -> list[Handover]:
        """Know, gather, decide and shape instructions, each on what is on record now."""
        found: list[Handover | None] = []
        groups: dict[tuple[str, str, date], list[tuple[int, Known]]] = {}
        known = know(self._policy, self._recorder, conn, days, instructions)
        for place, (row, refusal) in enumerate(known):
            if refusal:
                found.append(Handover(row, unfinished(self._policy, row, *refusal), None))
                continue
            found.append(None)
            key = row.compiled.facility, row.compiled.name, row.instruction.value_on
            groups.setdefault(key, []).append((place, row))
        _read_ahead(days, [row for row, refusal in known if not refusal])
        for (_, _, on), members in groups.items():
            day = days[on]
            rows = [row for _, row in members]
            gathering = Gathering(
                conn, day.register, self._institution, self._policy, day.book, rows
            )
            gather(gathering, self.wanted_by(rows[0].compiled))
            reach("road.gathered")
            for (place, _), handover in zip(members, self._decided(gathering), strict=True):
                found[place] = handover
        return [handover for handover in found if handover is not None]

    def wanted_by(self, compiled: Compiled) -> frozenset[str]:
        """Return the facts an action is decided on, and those that say who holds what in what.

        A limit and a position are held by somebody, in a currency; so is what their facts say.
        """
        key = compiled.facility, compiled.name
        if key not in self._wanted:
            leaves, action = compiled.leaves, compiled.action
            positions = self._policy.pack.facilities[compiled.facility].positions
            named = {pool.holder for limit in action.limits for pool in limit.parts}
            for name in (*action.opens, *action.closes):
                named |= {positions[name].key, positions[name].currency}
            wanted = compiled.named_facts | (named & leaves.keys())
            stated = {leaves[path].currency for path in wanted if path in leaves}
            self._wanted[key] = wanted | (stated & leaves.keys())
        return self._wanted[key]

    def _decided(self, at: Gathering) -> Iterator[Handover]:
        """Decide the rows of one action, and shape those that are permitted."""
        verdicts = [
            self._policy.decide(row.compiled, row.facts, row.standing, ledger_decides=True)
            for row in at.rows
        ]
        reach("road.decided")
        permitted = [
            row
            for row, verdict in zip(at.rows, verdicts, strict=True)
            if verdict.decision.outcome is Outcome.PERMITTED
        ]
        at.book.ask(permitted)
        note_areas(at.register, self._policy.pack, permitted)
        asked = {name for row in permitted for name in accounts_to_read(self._policy, row)}
        stands = balances(at.conn, at.institution_id, sorted(asked)) if asked else {}
        for row, verdict in zip(at.rows, verdicts, strict=True):
            if verdict.decision.outcome is not Outcome.PERMITTED:
                yield Handover(row, verdict, None)
                continue
            try:
                yield self._shaped(at, row, verdict, stands)
            except (OverflowError, NoSchedule) as fault:
                yield Handover(row, not_bookable(self._policy, row, str(fault)), None)

    def _shaped(
        self, at: Gathering, row: Known, verdict: Verdict, stands: dict[str, Balance]
    ) -> Handover:
        shaped = Shaped()
        shape_limits(shaped, self._policy, row, verdict)
        shape_positions(shaped, self._policy, row, verdict, stands)
        shape_money(shaped, row, verdict, at.book)
        shape_accounts(shaped, row, verdict, at)
        if shaped.lacking:
            lacking = unfinished(self._policy, row, Outcome.INCOMPLETE, shaped.lacking)
            return Handover(row, lacking, None)
        verdict = judge_overlays(at, row, verdict, shaped)
        if verdict.decision.outcome is not Outcome.PERMITTED:
            return Handover(row, verdict, None)
        chain = as_chain(shaped, row, verdict)
        if chain is None and row.compiled.action.closes:
            return Handover(row, not_bookable(self._policy, row, "0"), None)
        reach("road.shaped")
        owners, drawn = tuple(shaped.owners), tuple(shaped.drawn)
        entries = tuple(entries_of(at.register, row, verdict))
        return Handover(row, verdict, chain, owners, drawn, entries)


def _read_ahead(days: Days, rows: Sequence[Known]) -> None:
    """Ask the register once a day for all that instructions name: parties, accounts and papers."""
    by_day: dict[date, list[Known]] = {}
    for row in rows:
        by_day.setdefault(row.instruction.value_on, []).append(row)
    for on, own in by_day.items():
        parties = {party for row in own for party in row.parties.values()}
        stated = {row.holder(name) or "" for row in own for name in papers_named(row.compiled)}
        days[on].register.read_ahead(parties, {*parties, *stated, *(row.key for row in own)} - {""})
        days[on].book.ask(own)
