"""The rows a batch of chains is tried on: whole numbers that name each other by row number.

Holds their forms, as records of 64-bit integers that stand side by side in arrays and one by one in
lists. Must not hold what a number means outside the batch (`encode`, `book`) or decide anything
(`kernel`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

#: An array of records.
Records: TypeAlias = npt.NDArray[Any]


@dataclass(slots=True)
class AssetEntry:
    """An asset code: which form of it (scale and kind) is on record, or NONE."""

    form: int


@dataclass(slots=True)
class AccountEntry:
    """An account, open or not. `spec` stands for all it was opened with.

    `is_changed` is set where a chain changed a row and never taken back: it may only say too much.
    """

    state: int
    spec: int
    asset: int
    floor: int
    ceiling: int
    balance: int
    pending_in: int
    pending_out: int
    cap: int
    is_changed: int


@dataclass(slots=True)
class OpenEntry:
    """An account a chain opens where it is not: `form` and `code` are its asset's."""

    account: int
    spec: int
    code: int
    form: int
    scale_is_known: int
    floor: int
    ceiling: int
    has_opened: int
    has_registered: int


@dataclass(slots=True)
class ExpectEntry:
    """A balance a chain relies on."""

    account: int
    balance: int


@dataclass(slots=True)
class LegEntry:
    """A leg. Given: the first six; `source` is the leg that a later chain continues.

    Found: what was asked with the spill, posted, held (negative when released), and what the two
    accounts had before: posted balance and pending (out of the debited, into the credited), and
    the credited one's cap.
    """

    debit: int
    credit: int
    amount: int
    cap: int
    spills: int
    source: int
    asked: int
    posted: int
    held: int
    debit_balance: int
    debit_pending: int
    credit_balance: int
    credit_pending: int
    cap_before: int


@dataclass(slots=True)
class ChainEntry:
    """A chain; ranges of rows are first and end. Found: verdict, continued, tried, failed_leg.

    Rows whose verdict is not UNDECIDED are on record already and only stand to be continued.
    `is_sweep` marks the void of a hold whose time is over; `continued` says FREE, CONTINUED, SWEPT.
    """

    kind: int
    origin: int
    expires: int
    has_fitting_amounts: int
    leg_first: int
    leg_end: int
    open_first: int
    open_end: int
    expect_first: int
    expect_end: int
    close_first: int
    close_end: int
    is_sweep: int
    verdict: int
    continued: int
    tried: int
    failed_leg: int


class Batch(NamedTuple):
    """All rows of one batch; `closes` holds account rows."""

    assets: Sequence[AssetEntry]
    accounts: Sequence[AccountEntry]
    opens: Sequence[OpenEntry]
    expects: Sequence[ExpectEntry]
    closes: Sequence[int]
    legs: Sequence[LegEntry]
    chains: Sequence[ChainEntry]


class Arrays(NamedTuple):
    """A batch whose rows stand in arrays; accounts may be more than the batch names."""

    assets: Records
    accounts: Records
    opens: Records
    expects: Records
    closes: npt.NDArray[np.int64]
    legs: Records
    chains: Records


def _form(entry: type) -> np.dtype[Any]:
    return np.dtype([(field.name, np.int64) for field in fields(entry)])


ASSET: Final = _form(AssetEntry)
ACCOUNT: Final = _form(AccountEntry)
OPEN: Final = _form(OpenEntry)
EXPECT: Final = _form(ExpectEntry)
LEG: Final = _form(LegEntry)
CHAIN: Final = _form(ChainEntry)


def no_accounts(rows: int) -> Records:
    """Return rows of accounts that are not open, without bounds."""
    made = np.zeros(rows, ACCOUNT)
    made["spec"] = made["asset"] = -1
    made["floor"] = made["cap"] = np.iinfo(np.int64).min
    made["ceiling"] = np.iinfo(np.int64).max
    return made


def empty_arrays() -> Arrays:
    """Return a batch of nothing."""
    forms = (ASSET, ACCOUNT, OPEN, EXPECT, np.dtype(np.int64), LEG, CHAIN)
    return Arrays._make(np.zeros(0, form) for form in forms)
