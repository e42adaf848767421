"""The loads: which accounts there are, and the legs that are posted on them.

Every load is made before the clock starts. Ids of chains rise with time, as a sender's uuid7 do,
except where a load says otherwise. Must not know how a load is posted.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import count, islice
from typing import Any, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt

from qianhai.db import Connection, Database
from qianhai.ledger import (
    AccountSpec,
    Asset,
    Chain,
    Kind,
    LegColumns,
    Submission,
    Writer,
)

INSTITUTION: Final = "bench"
VALUE_ON: Final = date(2025, 6, 10)
AT: Final = datetime(2025, 6, 10, 1, tzinfo=UTC)
#: As many accounts as TigerBeetle's own benchmark has.
ACCOUNTS: Final = 10_000
#: No account passes it, but every posting is held against it.
FLOOR: Final = -(10**15)
CAP: Final = 10**15
AMOUNT_MAX: Final = 1_000

_VALUE_DAY: Final = (VALUE_ON - date(2000, 1, 1)).days
_OPENED_AT_ONCE: Final = 10_000
_IDS_PER_MILLI: Final = 100
_NOBODY: Final = np.void(bytes(16))
_CNY: Final = Asset("CNY", 2, "currency")
_ROOM: Final = Asset("room.CNY", 2, "quota")

Numbers = npt.NDArray[np.int64]

_instants = count()


def instant() -> datetime:
    """Return the next instant; the benchmark's clock moves by itself."""
    return AT + timedelta(milliseconds=next(_instants))


def account_name(number: int) -> str:
    """Return the name of a money account."""
    return f"account-{number}"


class Ids:
    """Ids of chains: uuid7 that rise, a hundred to the millisecond, or random ones."""

    def __init__(self, dice: np.random.Generator, lane: int) -> None:
        self._dice = dice
        self._millis = 1_750_000_000_000 + lane * 10_000_000_000
        self._made = 0

    def rising(self, rows: int) -> npt.NDArray[Any]:
        """Return ids above all before."""
        numbers = np.arange(self._made, self._made + rows, dtype=np.uint64)
        self._made += rows
        step = np.uint64(_IDS_PER_MILLI)
        words = np.empty((rows, 2), ">u8")
        millis = np.uint64(self._millis) + numbers // step
        words[:, 0] = (millis << np.uint64(16)) | np.uint64(0x7000) | (numbers % step)
        words[:, 1] = self._dice.integers(0, 2**62, rows, dtype=np.uint64) | np.uint64(1 << 63)
        return words.view("V16").ravel()

    def random(self, rows: int) -> npt.NDArray[Any]:
        """Return ids in no order, as uuid4 are."""
        words = self._dice.integers(0, 2**64 - 1, (rows, 2), dtype=np.uint64)
        return words.view("V16").ravel()


def open_accounts(writer: Writer, accounts: int = ACCOUNTS) -> None:
    """Open money accounts, and a limit with its source, through the writer as anybody does."""
    specs, number = _specs(accounts), 0
    while opens := tuple(islice(specs, _OPENED_AT_ONCE)):
        number += 1
        chain = Chain(UUID(int=number), INSTITUTION, Kind.POST, (), VALUE_ON, opens=opens)
        (result,) = writer.submit([Submission(chain)], at=instant())
        assert result.is_posted, result


def _specs(accounts: int) -> Iterator[AccountSpec]:
    """Yield what is opened, one after another, so that a million need not stand in memory."""
    yield AccountSpec("source", _ROOM, "limit_source", "authority")
    for number in range(ACCOUNTS // 10):
        yield AccountSpec(f"limit-{number}", _ROOM, "limit", f"party-{number}")
    yield AccountSpec("fees", _CNY, "settlement", "bank", floor=FLOOR)
    for number in range(accounts):
        yield AccountSpec(account_name(number), _CNY, "settlement", f"party-{number}", floor=FLOOR)


class Loads:
    """Makes legs for the accounts of one ledger; every ledger has a lane of ids of its own."""

    def __init__(self, database: Database, lane: int) -> None:
        self.dice = np.random.default_rng(lane)
        self.ids = Ids(self.dice, lane)
        with database.transaction() as conn:
            self.money = _load_ids(conn, "settlement", "account-")
            self.limits = _load_ids(conn, "limit", "limit-")
            (self.source,) = _load_ids(conn, "limit_source", "source")
            (self.fees,) = _load_ids(conn, "settlement", "fees")
        self._holds: dict[int, npt.NDArray[Any]] = {}

    def pairs(self, rows: int) -> tuple[Numbers, Numbers]:
        """Return two different accounts for each row, all equally likely."""
        many = len(self.money)
        debits = self.dice.integers(0, many, rows)
        credits_ = (debits + self.dice.integers(1, many, rows)) % many
        return self.money[debits], self.money[credits_]

    def uniform(self, rows: int) -> LegColumns:
        """Return chains of one leg between any two accounts."""
        return self._single(rows, self.ids.rising(rows))

    def uniform_random_ids(self, rows: int) -> LegColumns:
        """Return the same under ids that fall anywhere in the index."""
        return self._single(rows, self.ids.random(rows))

    def hot(self, rows: int) -> LegColumns:
        """Return chains of one leg that all credit one account."""
        debits, _ = self.pairs(rows)
        debits[debits == self.money[0]] = self.money[1]
        return self._legs(rows, self.ids.rising(rows), debits, self.money[0])

    def three_legs(self, rows: int) -> LegColumns:
        """Return chains of money, the draw on a capped limit, and a fee."""
        chains = max(1, rows // 3)
        payers, payees = self.pairs(chains)
        limits = self.dice.choice(self.limits, chains)
        debits, credits_ = np.empty((chains, 3), np.int64), np.empty((chains, 3), np.int64)
        debits[:, 0], credits_[:, 0] = payers, payees
        debits[:, 1], credits_[:, 1] = self.source, limits
        debits[:, 2], credits_[:, 2] = payers, self.fees
        caps = np.full((chains, 3), np.iinfo(np.int64).min)
        caps[:, 1] = CAP
        return LegColumns.of(
            chain_id=np.repeat(self.ids.rising(chains), 3),
            debit_account_id=debits.ravel(),
            credit_account_id=credits_.ravel(),
            amount=self._amounts(chains * 3),
            value_on=_VALUE_DAY,
            cap=caps.ravel(),
        )

    def two_phase(self, rows: int) -> LegColumns:
        """Return holds in the first half of a batch, and in the second the commit of each."""
        holds = max(1, rows // 2)
        ids = self.ids.rising(2 * holds)
        return self._held(ids, holds, ids[:holds])

    def two_phase_before(self, rows: int) -> LegColumns:
        """Return holds, and the commits of the holds of the batch before, as a day has them."""
        holds = max(1, rows // 2)
        before = self._holds.get(rows)
        ids = self.ids.rising(holds if before is None else 2 * holds)
        self._holds[rows] = ids[:holds]
        return self._held(ids, holds, ids[:0] if before is None else before)

    def _held(self, ids: npt.NDArray[Any], holds: int, committed: npt.NDArray[Any]) -> LegColumns:
        rows = len(ids)
        debits, credits_ = self.pairs(rows)
        kind, of_id = np.ones(rows, np.int8), np.full(rows, _NOBODY)
        kind[holds:] = list(Kind).index(Kind.COMMIT)
        of_id[holds:] = committed
        return LegColumns.of(
            chain_id=ids,
            debit_account_id=debits,
            credit_account_id=credits_,
            amount=self._amounts(rows),
            value_on=_VALUE_DAY,
            kind=kind,
            of_id=of_id,
        )

    def _single(self, rows: int, ids: npt.NDArray[Any]) -> LegColumns:
        return self._legs(rows, ids, *self.pairs(rows))

    def _legs(
        self, rows: int, ids: npt.NDArray[Any], debits: Numbers, credits_: Numbers | int
    ) -> LegColumns:
        return LegColumns.of(
            chain_id=ids,
            debit_account_id=debits,
            credit_account_id=credits_,
            amount=self._amounts(rows),
            value_on=_VALUE_DAY,
        )

    def _amounts(self, rows: int) -> Numbers:
        return self.dice.integers(1, AMOUNT_MAX, rows)


def _load_ids(conn: Connection, kind: str, prefix: str) -> Numbers:
    rows = conn.execute(
        "select id from ledger.accounts where kind = %s and starts_with(name, %s) order by id",
        (kind, prefix),
    )
    return np.fromiter((number for (number,) in rows), np.int64)


#: Every load by its name.
LOADS: Final[Mapping[str, Callable[[Loads, int], LegColumns]]] = {
    "uniform": Loads.uniform,
    "hot": Loads.hot,
    "three_legs": Loads.three_legs,
    "two_phase": Loads.two_phase,
    "two_phase_before": Loads.two_phase_before,
    "uniform_random_ids": Loads.uniform_random_ids,
}
