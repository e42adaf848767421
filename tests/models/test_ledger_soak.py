"""Random chains by the hundred in one batch: the ledger answers and stands as its small model does.

The state machine beside this file finds short histories; here they are long and the batches large,
so that chains of one batch meet each other's accounts, holds, ids and reversals.
"""

import os
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Final
from uuid import UUID

import pytest

from models.ledger_model import LedgerModel
from qianhai.db import Database
from qianhai.kernel import derived_id
from qianhai.ledger import (
    AccountSpec,
    Asset,
    Chain,
    ChainResult,
    Kind,
    Leg,
    Result,
    Submission,
    Writer,
    balances,
    verify,
)

CNY: Final = Asset("CNY", 2, "currency")
USD: Final = Asset("USD", 2, "currency")
SPECS: Final = (
    AccountSpec("open", CNY, "nostro", "bank"),
    AccountSpec("floor", CNY, "settlement", "a", floor=0),
    AccountSpec("ceiling", CNY, "settlement", "b", floor=-30, ceiling=60),
    AccountSpec("limit", CNY, "limit", "a", floor=0),
    AccountSpec("full", CNY, "settlement", "c"),
    AccountSpec("dollar", USD, "nostro", "bank"),
    AccountSpec("dollar 2", USD, "settlement", "a"),
)
NAMES: Final = [spec.name for spec in SPECS]
LARGEST: Final = 2**63 - 1
#: Chains of one batch, and batches of one institution, whose accounts begin empty.
CHAINS: Final = 200
BATCHES: Final = 6
#: No chain here brings an asset or an account other than it is on record.
RESULTS: Final = set(Result) - {Result.ASSET_SCALE, Result.ASSET_DIFFERS, Result.ACCOUNT_DIFFERS}
AT: Final = datetime(2023, 1, 1, tzinfo=UTC)
ON: Final = date(2023, 1, 1)

_PAIRS: Final = (
    *[("open", name) for name in ("floor", "ceiling", "limit")] * 3,
    ("floor", "open"), ("floor", "ceiling"), ("ceiling", "floor"), ("limit", "open"),
    ("ceiling", "open"), ("dollar", "dollar 2"), ("dollar 2", "dollar"),
)  # fmt: skip
_CAPS: Final = (-5, 0, 20, 40, 80, LARGEST)


class History:
    """What one institution sends, and its model."""

    def __init__(self, random: Random, institution: str, at: datetime) -> None:
        self._random = random
        self.institution = institution
        self.at = at
        self.model = LedgerModel()
        self._sent: list[Chain] = []

    def batch(self, size: int) -> list[Chain]:
        """Return the next chains, after some time."""
        self.at += timedelta(minutes=self._random.randrange(4))
        chains = []
        for _ in range(size):
            chain = self._next()
            self._sent.append(chain)
            chains.append(chain)
        return chains

    def _next(self) -> Chain:
        random, sent = self._random, self._sent
        if sent and random.random() < 0.05:
            return random.choice(sent[-300:])  # again, as it was
        number = derived_id(self.institution, str(len(sent)))
        if sent and random.random() < 0.02:
            number = random.choice(sent[-300:]).id  # a used id, with other content
        if sent and random.random() < 0.35:
            of = random.choice(sent[-60:])
            is_hold = (of.kind is Kind.HOLD) is not (random.random() < 0.05)
            kind = random.choice((Kind.COMMIT, Kind.COMMIT, Kind.VOID)) if is_hold else Kind.REVERSE
            given = self._amounts(of) if kind is Kind.COMMIT else ()
            return Chain(number, self.institution, kind, (), ON, of=of.id, amounts=given)
        return self._own(number)

    def _amounts(self, of: Chain) -> tuple[int, ...]:
        """Return what a commit posts of each leg: all by default, some, or too much."""
        random = self._random
        if random.random() < 0.4:
            return ()
        count = len(of.legs) if random.random() < 0.95 else random.randrange(5)
        least = -1 if random.random() < 0.05 else 0
        return tuple(random.randint(least, random.choice((1, 3, 3, 9, 40))) for _ in range(count))

    def _own(self, number: UUID) -> Chain:
        random = self._random
        is_hold = random.random() < 0.4
        legs = [self._leg() for _ in range(random.choice((1, 1, 2, 2, 3, 4)))]
        if legs[-1].spills:
            last = legs.pop()
            legs.append(Leg(last.debit, last.credit, last.amount, last.cap))
        minutes = random.choice((None, 0, 2, 5, 5)) if is_hold else None
        opens = SPECS if random.random() < 0.97 else tuple(random.sample(SPECS, 2))
        expects: tuple[tuple[str, int], ...] = ()
        if random.random() < 0.02:
            expects = ((random.choice(NAMES), random.randrange(3)),)
        closes: tuple[str, ...] = ()
        if not is_hold and random.random() < 0.004:
            closes = (random.choice(NAMES),)
        return Chain(
            number,
            self.institution,
            Kind.HOLD if is_hold else Kind.POST,
            tuple(legs),
            ON,
            expires_at=None if minutes is None else self.at + timedelta(minutes=minutes),
            expects=expects,
            opens=opens,
            closes=closes,
        )

    def _leg(self) -> Leg:
        random = self._random
        debit, credit = random.choice(_PAIRS)
        if random.random() < 0.02:
            debit, credit = random.choice(NAMES), random.choice(NAMES)
        amount = random.randint(1, 20)
        if random.random() < 0.02:
            amount = random.choice((0, -1, 60, LARGEST, LARGEST - 20))
            if amount > 60:
                debit, credit = random.choice((("open", "full"), ("full", "open")))
        cap = random.choice(_CAPS) if random.random() < 0.3 else None
        return Leg(debit, credit, amount, cap, cap is not None and random.random() < 0.5)


class Trial:
    """Two writers that take turns on one database, and what they have answered so far."""

    def __init__(self, database: Database, seed: int) -> None:
        self._database = database
        self.seed = seed
        self._random = Random(seed)  # noqa: S311
        self._swept: list[Chain] = []
        self._writers = [Writer(database, on_expiry=self._note) for _ in range(2)]
        self._institutions = 0
        self.said = Counter[Result]()
        self.swept = 0

    def _note(self, void: Chain, _at: datetime) -> Submission:
        self._swept.append(void)
        return Submission(void)

    def run(self, at: datetime) -> datetime:
        """Have one institution send its batches; return when it has ended."""
        self._institutions += 1
        history = History(self._random, f"soak-{self.seed}-{self._institutions}", at)
        for number in range(BATCHES):
            told = f"seed {self.seed}, {history.institution}, batch {number}"
            chains = history.batch(CHAINS)
            results = self._submit(chains, history.at)
            self._compare_sweep(history, told)
            self._compare(history, chains, results, told)
            self._compare_balances(history, told)
        history.at += timedelta(minutes=10)
        assert all(each.is_posted for each in self._writers[0].expire(at=history.at))
        self._compare_sweep(history, "the last sweep")
        self._compare_balances(history, "the last sweep")
        return history.at

    def _submit(self, chains: Sequence[Chain], at: datetime) -> list[ChainResult]:
        """Hand a batch in by one of the writers, sometimes for several callers at once."""
        writer = self._random.choice(self._writers)
        size = self._random.choice((len(chains), len(chains), 40))
        handed = [
            writer.hand_in([Submission(chain) for chain in chains[first : first + size]], at=at)
            for first in range(0, len(chains), size)
        ]
        return [result for each in handed for result in each.result()]

    def _compare_sweep(self, history: History, told: str) -> None:
        """Every batch begins by voiding what is overdue, and nothing else."""
        swept = {void.id for void in self._swept}  # a batch that is tried again asks again
        self._swept.clear()
        expected = history.model.sweep(history.institution, history.at)
        self.swept += len(swept)
        assert swept == {void.id for void in expected}, told

    def _compare(
        self, history: History, chains: Sequence[Chain], results: Sequence[ChainResult], told: str
    ) -> None:
        stale = set()
        for place, (chain, result) in enumerate(zip(chains, results, strict=True)):
            expected: tuple[Result, tuple[int, ...], bool] = (Result.STALE, (), True)
            if chain.id not in stale:  # the first of an id decides for its batch
                expected = history.model.post(chain, history.at)
            if expected[0] is Result.STALE:
                stale.add(chain.id)
            kept = result.amounts if result.is_posted else ()
            found = (result.result, kept, result.first)
            assert found == expected, f"{told}, {place}: {found} is not {expected} for {chain}"
            self.said[result.result] += 1

    def _compare_balances(self, history: History, told: str) -> None:
        with self._database.transaction() as conn:
            found = balances(conn, history.institution, NAMES)
        stands = {name: [b.balance, b.pending_in, b.pending_out] for name, b in found.items()}
        assert stands == history.model.accounts, told
        for asset in (CNY, USD):
            of_asset = [stands[spec.name] for spec in SPECS if spec.asset is asset]
            assert sum(balance for balance, _, _ in of_asset) == 0, told
            assert sum(ins - outs for _, ins, outs in of_asset) == 0, told


def test_long_histories_in_large_batches_stand_as_the_model_does(database: Database) -> None:
    trial = Trial(database, 1)
    at = AT
    while trial.said.total() < 3_000:
        at = trial.run(at)
    with database.transaction() as conn:
        assert list(verify(conn)) == []


@pytest.mark.soak
@pytest.mark.parametrize("seed", [None])  # a number that was printed plays its run again
@pytest.mark.parametrize("operations", [1_000_000])
def test_a_million_operations_stand_as_the_model_does(
    database: Database, operations: int, seed: int | None, capsys: pytest.CaptureFixture[str]
) -> None:
    trial = Trial(database, int.from_bytes(os.urandom(4)) if seed is None else seed)
    at, began_at, told = AT, time.monotonic(), 0
    while (count := trial.said.total() + trial.swept) < operations:
        at = trial.run(at)
        if count // 50_000 > told:
            told = count // 50_000
            seconds = time.monotonic() - began_at
            line = f"model: seed {trial.seed}, {count:,} operations, {seconds:.0f} s"
            with capsys.disabled():
                print(line, flush=True)  # noqa: T201
    assert set(trial.said) == RESULTS, "a result was never given: the chains are too tame"
    with database.transaction() as conn:
        assert list(verify(conn)) == []
