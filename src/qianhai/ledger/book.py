"""What the writer keeps of the ledger between batches: accounts by row, names, assets, the head.

Holds arrays that grow with the accounts that were named, up to a bound, and are true as long as no
other process has written since `head`. `tail` are the rows of batches that left their accounts for
later, some more than once. Must not know SQL (`store`) or decide anything (`kernel`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from qianhai.ledger import kernel
from qianhai.ledger.batch import ASSET, no_accounts
from qianhai.ledger.digest import AccountState, BatchRow
from qianhai.ledger.model import AccountSpec, Asset

#: A name within its institution.
NameKey: TypeAlias = tuple[str, str]
Numbers: TypeAlias = npt.NDArray[np.int64]

#: So many accounts are kept; the next batch after that starts with none again.
ACCOUNTS_MAX: Final = 2_000_000
_ROWS_MIN: Final = 1024
#: The row of no account: never open.
NOWHERE: Final = 0


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """An account on record, with all it was opened with."""

    id: int
    institution_id: str
    asset_id: int
    spec: AccountSpec
    state: AccountState


class Book:
    """Rows for accounts and assets; a row stands for one account until the book is cleared."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget everything: the next batch reads what it names."""
        self.head: BatchRow | None = None
        self.tail: list[Numbers] = []
        self.next_expiry: datetime | None = None
        self.is_expiry_known = False
        self.accounts = no_accounts(_ROWS_MIN)
        self.ids = np.zeros(_ROWS_MIN, np.int64)
        self.last_seqs = np.zeros(_ROWS_MIN, np.int64)
        self._owners = np.full(_ROWS_MIN, -1, np.int32)
        self._count = 1
        self._row_of_id = np.zeros(_ROWS_MIN, np.int32)
        self._names: dict[str, dict[str, int]] = {}
        self._absent: dict[NameKey, int] = {}
        self._specs: dict[AccountSpec, int] = {}
        self._forms: dict[tuple[str, Asset], int] = {}
        self._form_of_id: dict[int, int] = {}
        self.asset_ids: dict[int, int] = {}
        self._codes: dict[NameKey, int] = {}
        self.assets = np.zeros(0, ASSET)
        self.institutions: list[str] = []
        self._institutions: dict[str, int] = {}

    @property
    def is_full(self) -> bool:
        """Tell whether the book has reached its bound."""
        return self._count > ACCOUNTS_MAX or len(self._codes) > ACCOUNTS_MAX

    @property
    def bytes(self) -> int:
        """Return what the arrays take; names and what accounts were opened with come on top."""
        arrays = (self.accounts, self.ids, self.last_seqs, self._owners, self._row_of_id)
        return sum(array.nbytes for array in arrays)

    def institution(self, name: str) -> int:
        """Return the number that stands for an institution here."""
        number = self._institutions.setdefault(name, len(self.institutions))
        if number == len(self.institutions):
            self.institutions.append(name)
        return number

    # Assets.

    def form(self, institution: str, asset: Asset) -> int:
        """Return the number that stands for an asset with its scale and kind."""
        return self._forms.setdefault((institution, asset), len(self._forms))

    def code(self, institution: str, code: str) -> int:
        """Return the row of an asset code."""
        row = self._codes.setdefault((institution, code), len(self._codes))
        if row == len(self.assets):
            self.assets = np.append(self.assets, np.full(1, kernel.NONE, np.int64).view(ASSET))
        return row

    def unknown_codes(self, keys: Iterable[NameKey]) -> set[NameKey]:
        """Return the asset codes that have to be read: those not on record when last looked at."""
        rows = self._codes
        return {
            key for key in keys if key not in rows or self.assets[rows[key]]["form"] == kernel.NONE
        }

    def add_asset(self, number: int, institution: str, asset: Asset) -> int:
        """Note an asset on record and return its form."""
        form = self.form(institution, asset)
        row = self.code(institution, asset.code)
        self.assets[row] = (form,)
        self._form_of_id[number] = form
        self.asset_ids[form] = number
        return form

    def lacks_asset(self, number: int) -> bool:
        """Tell whether an asset was not read yet."""
        return number not in self._form_of_id

    # Accounts.

    def spec(self, spec: AccountSpec) -> int:
        """Return the number that stands for all an account is opened with."""
        return self._specs.setdefault(spec, len(self._specs))

    def named(self, institution: str) -> dict[str, int]:
        """Return the rows of an institution's open accounts by their names, as far as read."""
        found = self._names.get(institution)
        if found is None:
            found = self._names[institution] = {}
        return found

    def unknown_ids(self, ids: Numbers) -> Numbers:
        """Return the account numbers, each once, that have to be read."""
        fresh = ids[self.rows(ids) == NOWHERE]
        return np.unique(fresh[fresh > 0])

    def rows(self, ids: Numbers) -> Numbers:
        """Return the row of each account number, NOWHERE for one not read."""
        last = len(self._row_of_id)
        inside = (ids > 0) & (ids < last)
        return np.where(inside, self._row_of_id[np.where(inside, ids, 0)], NOWHERE).astype(np.int64)

    def rows_of(self, ids: Numbers, institution: str) -> Numbers:
        """Return the row of each account number that is this institution's, NOWHERE for others."""
        rows = self.rows(ids)
        return np.where(self._owners[rows] == self.institution(institution), rows, NOWHERE)

    def row(self, institution: str, name: str) -> int:
        """Return the row of an account by its name; one that is not open gets a row for now."""
        key = (institution, name)
        row = self.named(institution).get(name)
        if row is None:
            row = self._absent.get(key)
        if row is None:
            row = self._add_row(self.institution(institution))
            self._absent[key] = row
        return row

    def number(self, institution: str, name: str) -> int | None:
        """Return the number of an account by its name; None while it is not open."""
        row = self.named(institution).get(name)
        return None if row is None else int(self.ids[row])

    def add_account(self, account: KnownAccount) -> None:
        """Note an account on record, by name and with all it was opened with."""
        row = int(self.rows(np.array([account.id]))[0])
        if row == NOWHERE:
            row = self._add_row(self.institution(account.institution_id))
            self._number(row, account.id)
            state, spec = account.state, account.spec
            self.accounts[row] = (
                kernel.OPEN if state.closed_by is None else kernel.CLOSED,
                0,
                self._form_of_id[account.asset_id],
                *bounds(spec),
                state.balance,
                state.pending_in,
                state.pending_out,
                kernel.NO_CAP if state.cap_seen is None else state.cap_seen,
                0,
            )
            self.last_seqs[row] = state.last_seq
        self.accounts["spec"][row] = self.spec(account.spec)
        self.named(account.institution_id)[account.spec.name] = row

    def add_rows(
        self, ids: Numbers, owners: Sequence[str], last_seqs: Numbers, columns: dict[str, Any]
    ) -> None:
        """Note accounts on record by number only: their columns as `AccountEntry` names them."""
        first, count = self._count, len(ids)
        self._reserve(first + count)
        self._count += count
        rows = slice(first, first + count)
        for name, column in columns.items():
            self.accounts[name][rows] = column
        forms = self._form_of_id
        self.accounts["asset"][rows] = [forms[number] for number in columns["asset"].tolist()]
        self.accounts["spec"][rows] = kernel.NONE
        self.ids[rows] = ids
        self.last_seqs[rows] = last_seqs
        self._owners[rows] = [self.institution(name) for name in owners]
        self._widen(int(ids.max(initial=0)))
        self._row_of_id[ids] = np.arange(first, first + count)

    def keep_opened(self, institution: str, name: str, number: int) -> None:
        """Give an account that a batch opened its number, and keep its row."""
        row = self._absent.pop((institution, name))
        self.named(institution)[name] = row
        self._number(row, number)

    def drop_absent(self) -> None:
        """Give back the rows of names that were asked for and are still not open."""
        if self._absent and min(self._absent.values()) == self._count - len(self._absent):
            self._count -= len(self._absent)
        for row in self._absent.values():
            self.accounts[row] = no_accounts(1)[0]
        self._absent.clear()

    def forget(self, ids: Numbers) -> None:
        """Forget accounts that another process has changed: they are read when named again."""
        rows = self.rows(ids)
        gone = set(rows[rows != NOWHERE].tolist())
        self._row_of_id[ids[rows != NOWHERE]] = NOWHERE
        for institution, names in self._names.items():
            kept = {name: row for name, row in names.items() if row not in gone}
            self._names[institution] = kept

    def _add_row(self, owner: int) -> int:
        self._reserve(self._count + 1)
        row = self._count
        self._owners[row] = owner
        self._count += 1
        return row

    def _number(self, row: int, number: int) -> None:
        self.ids[row] = number
        self._widen(number)
        self._row_of_id[number] = row

    def _reserve(self, rows: int) -> None:
        have = len(self.ids)
        if rows > have:
            more = max(rows, have * 2) - have
            self.accounts = np.concatenate([self.accounts, no_accounts(more)])
            self.ids = np.concatenate([self.ids, np.zeros(more, np.int64)])
            self.last_seqs = np.concatenate([self.last_seqs, np.zeros(more, np.int64)])
            self._owners = np.concatenate([self._owners, np.full(more, -1, np.int32)])

    def _widen(self, number: int) -> None:
        have = len(self._row_of_id)
        if number >= have:
            more = max(number + 1, have * 2) - have
            self._row_of_id = np.concatenate([self._row_of_id, np.zeros(more, np.int32)])


def bounds(spec: AccountSpec) -> tuple[int, int]:
    """Return floor and ceiling, with the ends of 64 bits where there is none."""
    return (
        kernel.INT64_MIN if spec.floor is None else spec.floor,
        kernel.INT64_MAX if spec.ceiling is None else spec.ceiling,
    )
