"""Columns of legs: what `shape` does for one instruction, for the permitted rows of a kind.

Limits first, then positions, then money, leg by leg: which legs there are is the same for all rows
of a kind, so that each leg is a column of accounts and amounts. Rows that need more than that (an
account that is lacking, an overlay that judges the payer, an amount no account can hold) are given
back to go by themselves. Nothing is posted here.
"""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Final

import numpy as np
import pyarrow as pa

from qianhai.engines import Whole
from qianhai.instructions.accounts import AccountBook, limit_name, position_asset, quota_asset
from qianhai.instructions.block import ACCOUNT, PARTY
from qianhai.instructions.kinds import Judged
from qianhai.instructions.model import Instruction, Known, Named
from qianhai.instructions.sources import distinct, texts
from qianhai.kernel import CURRENCIES, Outcome
from qianhai.ledger import INT64_MAX, AccountSpec, Asset, account_name
from qianhai.policy import Draw, Policy, Verdict

Numbers = np.ndarray[Any, Any]
NO_CAP: Final = np.iinfo(np.int64).min
_CODES: Final = list(CURRENCIES)


class Specs:
    """The accounts that the rows of a column name, each once, by the place it has here.

    Of one whose balance was only read it is not known what it was opened as.
    """

    def __init__(self) -> None:
        self.named: list[str] = []
        self._specs: list[AccountSpec | None] = []
        self._places: dict[str, int] = {}

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.named)

    def __getitem__(self, at: int) -> AccountSpec:
        """Return what an account is opened as that a leg names."""
        spec = self._specs[at]
        assert spec is not None, "what a leg names can be opened"
        return spec

    def opened(self, at: int) -> AccountSpec | None:
        """Return what an account is opened as; None of one that was only read."""
        return self._specs[at]

    def place(self, spec: AccountSpec) -> int:
        """Return the place of an account that a leg names."""
        at = self.note(spec.name)
        if self._specs[at] is None:
            self._specs[at] = spec
        return at

    def note(self, name: str) -> int:
        """Return the place of an account whose balance was read."""
        at = self._places.setdefault(name, len(self.named))
        if at == len(self.named):
            self.named.append(name)
            self._specs.append(None)
        return at

    def find(self, name: str) -> int | None:
        """Return the place of an account by its name; None where nobody names it."""
        return self._places.get(name)

    def names(self) -> pa.Array:
        """Return the names of all."""
        return pa.array(self.named, pa.string())

    def holders(self) -> pa.Array:
        """Return the holders of all; an empty text of those that were only read."""
        return pa.array([spec.holder if spec else "" for spec in self._specs], pa.string())

    def of_kinds(self, kinds: Container[str]) -> Numbers:
        """Tell which accounts are of some kinds."""
        return np.array([spec is not None and spec.kind in kinds for spec in self._specs], np.bool_)


@dataclass(frozen=True, slots=True)
class LegColumn:
    """One leg of every row of a kind; accounts are places in `Specs`."""

    owner: str
    debit: Numbers
    credit: Numbers
    amount: Numbers
    cap: Numbers
    spills: bool = False


@dataclass(frozen=True, slots=True)
class DrawColumn:
    """What a pool gives every row: accounts are places in `Specs`, the source -1 where none."""

    draw: Draw
    leg: int
    account: Numbers
    source: Numbers


@dataclass(frozen=True, slots=True)
class ReadColumn:
    """The balance every row rests on: the place of its account (-1 for none), and how much."""

    account: Numbers
    balance: Numbers


@dataclass(slots=True)
class Legs:
    """The legs of the rows of a kind, and which rows are to go by themselves.

    `amounts` are those of the limits, in minor units, by the limit's id.
    """

    judged: Judged
    verdict: Verdict
    rows: Numbers
    ids: Sequence[str]
    specs: Specs
    alone: Numbers
    legs: list[LegColumn] = field(default_factory=list)
    draws: list[DrawColumn] = field(default_factory=list)
    amounts: dict[str, Numbers] = field(default_factory=dict)

    def add(
        self,
        owner: str,
        debit: Numbers,
        credit: Numbers,
        amount: Numbers,
        cap: Numbers | None = None,
        *,
        spills: bool = False,
    ) -> None:
        """Add a leg."""
        cap = np.full(len(self.rows), NO_CAP) if cap is None else cap
        self.legs.append(LegColumn(owner, debit, credit, amount, cap, spills))

    def same(self, spec: AccountSpec) -> Numbers:
        """Return the column of one account."""
        return np.full(len(self.rows), self.specs.place(spec))

    def each(self, columns: Sequence[pa.Array], of: Callable[..., AccountSpec | None]) -> Numbers:
        """Return the column of accounts that are each said by some texts of its row.

        A row without one goes by itself.
        """
        keys, at = distinct(columns)
        places = np.zeros(len(keys), np.int64)
        for number, said in enumerate(keys):
            spec = of(*said)
            places[number] = -1 if spec is None else self.specs.place(spec)
        column: Numbers = places[np.asarray(at)]
        self.alone |= column < 0
        return np.maximum(column, 0)

    def texts(self, name: str) -> pa.Array:
        """Return the party in a role, or the text of a fact, of every row."""
        return texts(self.judged.table, name).take(pa.array(self.rows))

    def whole(self, found: Whole) -> Numbers:
        """Return numbers as 64 bits; a row whose number is too large goes by itself."""
        numbers = found.numbers[self.rows]
        if numbers.dtype == object:
            large = np.array([abs(one) > INT64_MAX for one in numbers], np.bool_)
            self.alone |= large
            numbers = np.where(large, 0, numbers).astype(np.int64)
        return numbers

    def minor(self, key: str) -> Numbers:
        """Return an exact amount in minor units; what is no whole number of them goes alone."""
        ratio, scales = self.judged.answers.ratio(key), self.judged.scales(key)
        below, above = (self.whole(ratio.minor(scales, up=up)) for up in (False, True))
        self.alone |= (below != above) | ~ratio.known[self.rows]
        return above


def legs_of(
    policy: Policy,
    book: AccountBook,
    judged: Judged,
    verdict: Verdict,
    rows: Numbers,
    ids: Sequence[str],
    specs: Specs,
) -> Legs:
    """Return the legs of the rows of a kind, none unless it is permitted.

    `ids` are those of its instructions.
    """
    legs = Legs(judged, verdict, rows, ids, specs, np.zeros(len(rows), np.bool_))
    if verdict.decision.outcome is not Outcome.PERMITTED:
        return legs
    facility = policy.pack.facilities[judged.business.compiled.facility]
    releasable = {name for action in facility.actions.values() for name in action.release}
    for limit, draws in groupby(verdict.draws, key=lambda draw: draw.limit.id):
        _limit(legs, list(draws), can_return=limit in releasable)
    _positions(legs, policy)
    _money(legs, policy, book)
    return legs


def reads_of(legs: Legs) -> list[ReadColumn]:
    """Return the balances the rows rest on."""
    found = []
    for read in legs.judged.reads:
        places = [-1 if one is None else legs.specs.note(one[0]) for one in read.balances]
        held = [0 if one is None else one[1] for one in read.balances]
        at = read.at[legs.rows]
        found.append(ReadColumn(np.array(places, np.int64)[at], np.array(held, np.int64)[at]))
    return found


def nobody_of(judged: Judged) -> Known:
    """Return a row of a group that names nobody."""
    group, rules = judged.group, judged.business.rules
    nothing = Instruction("", "", group.facility, group.action, group.value_on, {})
    return Known(nothing, rules.compiled, rules.standing, None, {}, {})


def _limit(legs: Legs, draws: Sequence[Draw], *, can_return: bool) -> None:
    """Add the draws of a limit, pool by pool, or what a negative amount gives back."""
    judged, first = legs.judged, draws[0]
    assert first.amount is not None, "a permitted business knows what it draws"
    if first.amount == 0:
        return
    key = f"limit.{first.limit.id}"
    scales = np.full(len(judged.table), first.scale)
    amount = legs.whole(judged.answers.ratio(f"{key}.amount").minor(scales, up=True))
    nobody, legs.amounts[first.limit.id] = nobody_of(judged), amount
    can_return = can_return and first.amount > 0
    for at, draw in enumerate(draws):
        facts: dict[str, object] = {draw.limit.asset: draw.asset}

        def named(holder: str, draw: Draw = draw, facts: dict[str, object] = facts) -> Named | None:
            row = replace(nobody, parties={draw.pool.holder: holder} if holder else {}, facts=facts)
            return limit_name(row, draw.limit.id, draw.pool.id)

        asset = quota_asset(draw.asset, draw.scale)

        def account(holder: str, named: Callable[..., Named | None] = named) -> AccountSpec | None:
            found = named(holder)
            if found is None:
                return None
            kept = quota_asset(found.asset, found.scale)
            return AccountSpec(found.account, kept, "limit", found.holder, 0)

        credit = legs.each([legs.texts(draw.pool.holder)], account)
        source = _source(legs, draw, asset, can_return=can_return)
        if first.amount < 0:
            legs.add(key, credit, source, -amount)
            return
        cap = _use_of(judged, draw).figures["cap"].numbers[legs.rows]
        asked = amount if at == 0 else np.zeros_like(amount)
        legs.draws.append(
            DrawColumn(draw, len(legs.legs), credit, source if can_return else source * 0 - 1)
        )
        spills = at < len(draws) - 1
        most = np.minimum(cap, INT64_MAX).astype(np.int64)
        legs.add(key, source, credit, asked, most, spills=spills)


def _use_of(judged: Judged, draw: Draw) -> Any:  # noqa: ANN401
    name = f"{draw.limit.id}.{draw.pool.id}" if draw.pool.id else draw.limit.id
    return next(use for use in judged.uses if use.name == name)


def _source(legs: Legs, draw: Draw, asset: Asset, *, can_return: bool) -> Numbers:
    """Return the accounts a draw comes from: its row's own, where its units may come back."""
    if not can_return:
        return legs.same(AccountSpec(f"granted:{asset.code}", asset, "granted", ""))
    what = f"{legs.judged.business.compiled.measure}.{draw.limit.id}.{draw.pool.id}"
    prefix = account_name("drawn", what)
    return np.array(
        [
            legs.specs.place(
                AccountSpec(f"{prefix}:{account_name(one)}", asset, "drawn", one, None, 0)
            )
            for one in legs.ids
        ],
        np.int64,
    )


def _positions(legs: Legs, policy: Policy) -> None:
    """Add what is opened."""
    compiled = legs.judged.business.compiled
    models = policy.pack.facilities[compiled.facility].positions
    for name in compiled.action.opens:
        key, model = f"opens.{name}", models[name]
        code = int(legs.judged.codes[key][legs.rows[0]])
        if not code:
            legs.alone[:] = True
            return
        currency = _CODES[code - 1]
        asset, what = position_asset(currency), f"{compiled.measure}.{name}"

        def opened(
            holder: str, what: str = what, currency: str = currency, asset: Asset = asset
        ) -> AccountSpec | None:
            account = account_name("position", what, holder, currency)
            return AccountSpec(account, asset, "position", holder, 0) if holder else None

        of_itself = model.key == "instruction"
        keys = pa.array(legs.ids) if of_itself else legs.texts(model.key)
        account = legs.each([keys], opened)
        contra = legs.same(AccountSpec(f"contra:{asset.code}", asset, "contra", ""))
        amount = legs.minor(key)
        if amount[0] != 0:
            legs.add(f"position.{name}", contra, account, amount)


def _money(legs: Legs, policy: Policy, book: AccountBook) -> None:
    """Add the money legs whose condition holds.

    Who pays from a tagged account goes alone, and so does money that passes between two books.
    """
    judged = legs.judged
    compiled, nobody = judged.business.compiled, nobody_of(judged)
    tagged = {
        policy.pack.overlays[name].on_debit.kind
        for name, overlay in policy.overlays.items()
        if overlay.measure != compiled.measure
    }
    for at, leg in enumerate(compiled.action.legs):
        key = f"leg.{at}"
        if not legs.verdict.guards[f"{key}.when"]:
            continue
        code = int(judged.codes[f"{key}.amount"][legs.rows[0]])
        currency = _CODES[code - 1] if code else ""
        sides = []
        for name in (leg.debit, leg.credit):
            role = name.partition(".")[0]
            columns = [
                texts(judged.table, f"{before}{role}", "").take(pa.array(legs.rows))
                for before in (PARTY, ACCOUNT)
            ]
            book.ask_for(columns[0].unique().to_pylist())

            def found(
                party: str,
                number: str,
                role: str = role,
                name: str = name,
                currency: str = currency,
            ) -> AccountSpec | None:
                row = replace(
                    nobody,
                    parties={role: party} if party else {},
                    accounts={role: number} if number else {},
                )
                return book.find(row, name, currency)

            sides.append(legs.each(columns, found))
        amount = legs.minor(f"{key}.amount")
        if amount[0] == 0:
            continue
        legs.alone |= legs.specs.of_kinds(tagged)[sides[0]]
        for kinds in book.books_apart():
            inside = legs.specs.of_kinds(kinds)
            legs.alone |= inside[sides[0]] != inside[sides[1]]
        legs.add(f"account.{leg.debit}", sides[0], sides[1], amount)
