"""Legs in columns: what callers with thousands of chains hand in, and what they get back.

Holds the form of both, made from numpy arrays or an Arrow table, and refuses what cannot be one.
Must not look at an account or a balance.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self
from uuid import UUID

import numpy as np
import numpy.typing as npt

from qianhai.ledger import kernel
from qianhai.ledger.batch import Records
from qianhai.ledger.columns import day_of
from qianhai.ledger.past import RESULTS, Wanted, WantedLeg

if TYPE_CHECKING:
    import pyarrow as pa

_NO_ID: Final = np.void(bytes(16))
#: The form of each column, and what it holds when it is left out.
_FORMS: Final[Mapping[str, tuple[str, Any]]] = {
    "chain_id": ("V16", None),
    "debit_account_id": ("i8", None),
    "credit_account_id": ("i8", None),
    "amount": ("i8", None),
    "value_on": ("i4", None),
    "kind": ("i1", kernel.POST),
    "cap": ("i8", kernel.NO_CAP),
    "spills": ("i1", 0),
    "of_id": ("V16", _NO_ID),
    "expires_at": ("i8", kernel.INT64_MAX),
}
_ARROW_NULLS: Final = ("cap", "of_id", "expires_at")


@dataclass(frozen=True, slots=True)
class LegColumns:
    """One row a leg; neighbouring rows of one `chain_id` are a chain.

    Ids are 16 bytes, `value_on` days since 2000-01-01 (`columns.day_number`), `kind` the place in
    `Kind`, `cap` the least 64-bit number for none, `expires_at` microseconds since 1970 or the
    greatest for never. `kind`, `value_on`, `of_id` and `expires_at` are one value a chain, that of
    its first row. A commit, void or reverse is one row that names its original in `of_id`, posts
    the whole of it, and whose accounts and amount say nothing. Accounts are named by number and
    must be open (`Writer.submit` opens them).

    Raises:
        ValueError: columns of different lengths, or values that no chain can have: all of them.
    """

    chain_id: Records
    debit_account_id: npt.NDArray[np.int64]
    credit_account_id: npt.NDArray[np.int64]
    amount: npt.NDArray[np.int64]
    value_on: npt.NDArray[np.int32]
    kind: npt.NDArray[np.int8]
    cap: npt.NDArray[np.int64]
    spills: npt.NDArray[np.int8]
    of_id: Records
    expires_at: npt.NDArray[np.int64]

    @classmethod
    def of(cls, **columns: npt.ArrayLike) -> Self:
        """Make legs from arrays by name; a single value stands for the whole column.

        >>> legs = LegColumns.of(chain_id=np.frombuffer(bytes(15) + b"1", "V16"), amount=[5],
        ...     debit_account_id=[1], credit_account_id=[2], value_on=8400)
        >>> len(legs), legs.kind.tolist()
        (1, [0])
        """
        unknown = sorted(set(columns) - set(_FORMS))
        lacking = [
            name for name, (_, empty) in _FORMS.items() if empty is None and name not in columns
        ]
        if unknown or lacking:
            raise ValueError(f"legs have no columns {unknown} and lack {lacking}")
        rows = len(np.asarray(columns["chain_id"]))
        made = {}
        for name, (form, empty) in _FORMS.items():
            given = np.asarray(columns.get(name, empty))
            if given.ndim and len(given) != rows:
                raise ValueError(f"column {name} has {len(given)} rows, chain_id has {rows}")
            if rows and given.dtype.kind not in ("V" if form == "V16" else "iub"):
                raise ValueError(f"column {name} is {given.dtype}, not {np.dtype(form)}")
            column = np.empty(rows, form)
            column[:] = given
            if (column != given).any():
                raise ValueError(f"column {name} has a number that {column.dtype} cannot hold")
            made[name] = column
        legs = cls(**made)
        legs._check()
        return legs

    @classmethod
    def from_arrow(cls, table: "pa.Table | pa.RecordBatch") -> Self:
        """Make legs from an Arrow table with these columns; ids as fixed_size_binary(16).

        `value_on` may be a date32, `expires_at` a timestamp with zone; null is none of it.
        """
        columns = {}
        for name in table.column_names:
            column = table.column(name)
            column = column.combine_chunks() if hasattr(column, "combine_chunks") else column
            columns[name] = _from_arrow(name, column)
        return cls.of(**columns)

    def _check(self) -> None:
        if not len(self):
            return
        rows, firsts = np.arange(len(self)), self.starts
        ends = np.append(firsts[1:], len(self))
        own = self.kind[firsts] <= kernel.HOLD
        is_expiring = self.expires_at[firsts] != kernel.INT64_MAX
        rules: tuple[tuple[str, npt.NDArray[Any], npt.NDArray[np.bool_]], ...] = (
            (
                "kind is none of 0 to 4",
                rows,
                (self.kind < kernel.POST) | (self.kind > kernel.REVERSE),
            ),
            (
                "a leg spills without the cap it spills over",
                rows,
                (self.spills != 0) & (self.cap == kernel.NO_CAP),
            ),
            (
                "the last leg has no next leg to spill into",
                firsts,
                own & (self.spills[ends - 1] != 0),
            ),
            (
                "a commit, void or reverse is one row that names its original in of_id",
                firsts,
                ~own & ((ends - firsts != 1) | (self.of_id[firsts] == _NO_ID)),
            ),
            ("post and hold continue nothing", firsts, own & (self.of_id[firsts] != _NO_ID)),
            ("only a hold expires", firsts, is_expiring & (self.kind[firsts] != kernel.HOLD)),
        )
        said = [
            f"{sentence} (row {places[is_wrong][0]})"
            for sentence, places, is_wrong in rules
            if is_wrong.any()
        ]
        if said:
            raise ValueError("; ".join(said))

    def __len__(self) -> int:
        """Return how many legs there are."""
        return len(self.chain_id)

    @property
    def starts(self) -> npt.NDArray[np.int64]:
        """Return the first row of each chain."""
        if not len(self):
            return np.zeros(0, np.int64)
        ids = np.ascontiguousarray(self.chain_id).view(np.uint64).reshape(-1, 2)
        return np.append(0, np.flatnonzero((ids[1:] != ids[:-1]).any(axis=1)) + 1)

    def rows(self, first: int, end: int) -> "LegColumns":
        """Return some rows, which must be whole chains."""
        return LegColumns(*(getattr(self, field.name)[first:end] for field in fields(self)))

    def wanted(self, first: int, end: int, amounts: tuple[int, ...]) -> Wanted:
        """Return what the chain in these rows asks for; `amounts` are a commit's."""
        kind, expires = int(self.kind[first]), int(self.expires_at[first])
        is_own = kind <= kernel.HOLD
        return Wanted(
            kind,
            None if is_own else UUID(bytes=self.of_id[first].tobytes()),
            day_of(self.value_on[first]),
            None
            if expires == kernel.INT64_MAX
            else datetime.fromtimestamp(expires // 1_000_000, UTC).replace(
                microsecond=expires % 1_000_000
            ),
            tuple(
                WantedLeg(
                    int(self.debit_account_id[row]),
                    int(self.credit_account_id[row]),
                    int(self.amount[row]),
                    None if self.cap[row] == kernel.NO_CAP else int(self.cap[row]),
                    bool(self.spills[row]),
                )
                for row in range(first, end if is_own else first)
            ),
            (),
            amounts if kind == kernel.COMMIT else (),
        )


def _from_arrow(name: str, column: "pa.Array") -> npt.NDArray[Any]:
    """Return one Arrow column as an array of the form legs have."""
    import pyarrow as pa  # noqa: PLC0415 - only callers that have a table need it
    import pyarrow.compute as pc  # noqa: PLC0415

    if name not in _FORMS:
        raise ValueError(f"legs have no column {name}; they have {', '.join(_FORMS)}")
    form, empty = _FORMS[name]
    if column.null_count and name not in _ARROW_NULLS:
        raise ValueError(f"column {name} has {column.null_count} empty rows")
    if form == "V16":
        if column.type != pa.binary(16):
            raise ValueError(f"column {name} is {column.type}, not fixed_size_binary[16]")
        filled = column.fill_null(bytes(16)) if column.null_count else column
        return np.frombuffer(filled.buffers()[1], "V16")[
            filled.offset : filled.offset + len(filled)
        ]
    if pa.types.is_date32(column.type):
        column = pc.subtract(column.cast(pa.int32()), pa.scalar(10957, pa.int32()))
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", column.type.tz)).cast(pa.int64())
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    if not pa.types.is_integer(column.type):
        raise ValueError(f"column {name} is {column.type}; whole numbers are needed")
    numbers = column.fill_null(empty) if column.null_count else column
    return np.asarray(numbers.to_numpy())


@dataclass(frozen=True, slots=True)
class PostedColumns:
    """What became of each chain, in order: its place in `Result`, and where it stands.

    `failed_leg` is -1 and `transfer_first` 0 where there is none. `is_first` is false where the id
    had been answered before, with the same content.
    """

    result: npt.NDArray[np.int8]
    failed_leg: npt.NDArray[np.int32]
    transfer_first: npt.NDArray[np.int64]
    is_first: npt.NDArray[np.bool_]

    @classmethod
    def empty(cls, chains: int) -> Self:
        """Return room for the results of so many chains."""
        return cls(
            np.full(chains, kernel.POSTED, np.int8),
            np.full(chains, kernel.NONE, np.int32),
            np.zeros(chains, np.int64),
            np.ones(chains, np.bool_),
        )

    def put(self, first: int, other: "PostedColumns") -> None:
        """Set the results of some chains, from the first of them on."""
        for field in fields(self):
            column = getattr(other, field.name)
            getattr(self, field.name)[first : first + len(column)] = column

    @property
    def is_posted(self) -> npt.NDArray[np.bool_]:
        """Tell which chains are in the books."""
        return np.equal(self.result, kernel.POSTED)

    def counts(self) -> dict[str, int]:
        """Return how many chains had each result.

        >>> PostedColumns.empty(2).counts()
        {'posted': 2}
        """
        numbers, counts = np.unique(self.result, return_counts=True)
        return {
            RESULTS[number].value: count
            for number, count in zip(numbers.tolist(), counts.tolist(), strict=True)
        }
