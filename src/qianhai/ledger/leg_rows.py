"""The rows of a file of transfers as numbers, and what is wrong with each row and each chain.

Holds the meaning of the columns. Must not know how a file is read (`tables`) or what is booked
(`load`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import types

from qianhai.db import Connection
from qianhai.kernel import Place, derived_id, format_minor
from qianhai.ledger import cells, kernel
from qianhai.ledger.batch import Records
from qianhai.ledger.cells import Mask, Numbers
from qianhai.ledger.columns import day_of
from qianhai.ledger.file_flaws import Flaws
from qianhai.ledger.legs import LegColumns
from qianhai.ledger.model import INT64_MAX
from qianhai.ledger.names import NamedAccount, Names, column_of, lacking, named
from qianhai.ledger.past import KINDS
from qianhai.ledger.tables import Block, Form

TRANSFER_FORM: Final = Form(
    needed=("chain_id", "debit", "credit", "amount", "value_on"),
    optional=("kind", "cap", "spills", "of_id", "expires_at", "held", "asset"),
    ignored=("seq", "transfer_id", "leg", "posted_at", "scale"),
)
#: A chain of more rows would not be booked in one transaction.
CHAIN_ROWS_MAX: Final = 32_760
#: One row a leg; `scale` is that of the debited account's asset, for messages.
ROW: Final = np.dtype(
    [("line", "i8"), ("chain_id", "V16"), ("debit", "i8"), ("credit", "i8"), ("amount", "i8"),
     ("held", "i8"), ("has_amount", "?"), ("has_held", "?"), ("value_on", "i4"), ("kind", "i1"),
     ("cap", "i8"), ("spills", "i1"), ("of_id", "V16"), ("expires_at", "i8"), ("scale", "i1"),
     ("is_wrong", "?")]
)  # fmt: skip
_NIL: Final = np.void(bytes(16))
_KIND_NUMBERS: Final = {kind.value: number for number, kind in enumerate(KINDS)}
_KNOWN_KINDS: Final = ", ".join(_KIND_NUMBERS)
_YES: Final = {"true": 1, "false": 0, True: 1, False: 0}


def _is_text(given: pa.DataType) -> bool:
    return bool(types.is_string(given))


def _is_id(given: pa.DataType) -> bool:
    return _is_text(given) or given == pa.binary(16)


def _is_amount(given: pa.DataType) -> bool:
    return _is_text(given) or bool(types.is_decimal(given) or types.is_signed_integer(given))


def _is_day(given: pa.DataType) -> bool:
    return _is_text(given) or bool(types.is_date32(given))


def _is_instant(given: pa.DataType) -> bool:
    return _is_text(given) or (bool(types.is_timestamp(given)) and given.tz is not None)


def _is_yes_or_no(given: pa.DataType) -> bool:
    return _is_text(given) or bool(types.is_boolean(given))


#: The types a column may be stored with, and how a person is told.
_TYPES: Final[dict[str, tuple[Callable[[pa.DataType], bool], str]]] = {
    "chain_id": (_is_id, "a text or fixed_size_binary[16]"),
    "debit": (_is_text, "a text"),
    "credit": (_is_text, "a text"),
    "amount": (_is_amount, "a decimal, a whole number or a text, never a float"),
    "value_on": (_is_day, "a text or date32"),
    "kind": (_is_text, "a text"),
    "cap": (_is_amount, "a decimal, a whole number or a text, never a float"),
    "spills": (_is_yes_or_no, "a bool or a text"),
    "of_id": (_is_id, "a text or fixed_size_binary[16]"),
    "expires_at": (_is_instant, "a text or a timestamp with a zone"),
    "held": (_is_amount, "a decimal, a whole number or a text, never a float"),
    "asset": (_is_text, "a text"),
}


@dataclass
class Reading:
    """One pass over a file: where its rows are, what names mean, and what was found."""

    file: str
    names: Names
    flaws: Flaws
    unknown: set[str] = field(default_factory=set)
    long: set[tuple[int | None, UUID]] = field(default_factory=set)

    def place(self, line: int, column: str) -> Place:
        """Return where a cell stands."""
        return Place(self.file, int(line), column)


def rows_of(block: Block, conn: Connection, reading: Reading) -> Records:
    """Return the rows of a block as numbers; the wrong ones are marked, and told."""
    count = len(block.lines)
    if not _has_types(block, reading):
        rows = np.zeros(count, ROW)
        rows["line"], rows["is_wrong"] = block.lines, True
        return rows
    step = _Block(block, reading, np.zeros(count, ROW), np.zeros(count, bool))
    step.read_ids()
    step.read_words()
    step.read_accounts(conn)
    step.read_amounts()
    return step.rows


def _has_types(block: Block, reading: Reading) -> bool:
    is_good = True
    for name, column in block.columns.items():
        does_fit, known = _TYPES[name]
        if not (does_fit(column.type) or types.is_null(column.type)):
            place = Place(reading.file, None, name)
            reading.flaws.add("L214", place, column.type, name=name, known=known)
            is_good = False
    return is_good


@dataclass
class _Block:
    """A block on its way into rows."""

    block: Block
    reading: Reading
    rows: Records
    has_scale: Mask

    def column(self, name: str) -> pa.Array:
        """Return a column, empty where the file has none."""
        found = self.block.columns.get(name)
        if found is None or types.is_null(found.type):
            return pa.nulls(len(self.rows), pa.string())
        return found

    def tell(self, code: str, name: str, wrong: Mask, **named: object) -> None:
        """Add a flaw for each wrong row, with what its cell holds."""
        places = np.flatnonzero(wrong)
        if not len(places):
            return
        self.rows["is_wrong"] |= wrong
        values = self.column(name)
        for place in places.tolist():
            value = values[place].as_py()
            at = self.reading.place(self.block.lines[place], name)
            self.reading.flaws.add(code, at, "" if value is None else value, name=name, **named)

    def read_ids(self) -> None:
        """Read chain_id and of_id."""
        self.rows["line"] = self.block.lines
        for name in ("chain_id", "of_id"):
            found, wrong = cells.ids(self.column(name))
            self.rows[name] = found
            known = "a uuid such as 01890999-7800-7000-8000-000000000001, not nil"
            zh = " uuid，如 01890999-7800-7000-8000-000000000001，且不得全为零"
            self.tell("L221", name, wrong, known=known, known_zh=zh)
        self.tell("L220", "chain_id", cells.is_null(self.column("chain_id")))

    def read_words(self) -> None:
        """Read kind, value_on, spills and expires_at."""
        kinds, wrong = cells.by_distinct(self.column("kind"), _KIND_NUMBERS.get, kernel.POST)
        self.rows["kind"] = kinds
        self.tell("L221", "kind", wrong, known=_KNOWN_KINDS, known_zh=" " + _KNOWN_KINDS)
        days, wrong = cells.days(self.column("value_on"))
        self.rows["value_on"] = days
        self.tell(
            "L221", "value_on", wrong, known="a day as YYYY-MM-DD", known_zh="日期 YYYY-MM-DD"
        )
        self.tell("L220", "value_on", cells.is_null(self.column("value_on")))
        spills, wrong = cells.by_distinct(self.column("spills"), _YES.get, 0)
        self.rows["spills"] = spills
        self.tell("L221", "spills", wrong, known="true or false", known_zh=" true 或 false")
        instants, wrong = cells.instants(self.column("expires_at"))
        self.rows["expires_at"] = instants
        self.tell(
            "L221",
            "expires_at",
            wrong,
            known="an instant with its zone such as 2023-06-30T16:00:00Z",
            known_zh="含时区的时刻，如 2023-06-30T16:00:00Z",
        )

    def read_accounts(self, conn: Connection) -> None:
        """Find the accounts, each distinct name once; the row's scale is that of the debited."""
        is_given = ~cells.is_null(self.column("amount")) & ~cells.is_null(self.column("held"))
        kinds = self.rows["kind"]
        is_needed = (kinds <= kernel.HOLD) | ((kinds == kernel.COMMIT) & is_given)
        for name in ("debit", "credit"):
            column = self.column(name)
            distinct, accounts, at = named(conn, self.reading.names, column)
            self.tell("L220", name, is_needed & (at < 0))
            self._tell_unknown(name, distinct, lacking(accounts, at), at)
            self.rows[name] = column_of(accounts, 0, at)
            if name == "debit":
                self.rows["scale"] = column_of(accounts, 2, at)
                self.has_scale = (at >= 0) & ~lacking(accounts, at)
                self._check_assets(distinct, accounts, at)

    def _tell_unknown(self, name: str, distinct: pa.Array, wrong: Mask, at: Numbers) -> None:
        """Tell each unknown name once, where it first stands."""
        self.rows["is_wrong"] |= wrong
        codes, firsts = np.unique(at[wrong], return_index=True)
        lines = self.block.lines[wrong]
        for code, first in zip(codes.tolist(), firsts.tolist(), strict=True):
            unknown = distinct[code].as_py()
            if unknown not in self.reading.unknown:
                self.reading.unknown.add(unknown)
                place = self.reading.place(lines[first], name)
                self.reading.flaws.add("L224", place, unknown)

    def _check_assets(
        self, distinct: pa.Array, accounts: list[NamedAccount | None], at: Numbers
    ) -> None:
        """Hold the column `asset`, where the file has one, to what the debited account holds."""
        said = self.column("asset")
        if said.null_count == len(said):
            return
        assets = pa.array([None, *(one and one.asset for one in accounts)], pa.string())
        ours = assets.take(pa.array(at + 1))
        wrong = (~cells.is_null(said)) & ~cells.is_null(ours)
        wrong &= np.array(said.to_pylist(), object) != np.array(ours.to_pylist(), object)
        self.rows["is_wrong"] |= wrong
        for row in np.flatnonzero(wrong).tolist():
            place = self.reading.place(self.block.lines[row], "asset")
            account, expected = distinct[int(at[row])].as_py(), ours[row].as_py()
            self.reading.flaws.add(
                "L225", place, said[row].as_py(), name=account, expected=expected
            )

    def read_amounts(self) -> None:
        """Read amount, held and cap in minor units of the row's asset."""
        scales = self.rows["scale"].astype(np.int64)
        readable = self.has_scale
        for name, empty in (("amount", 0), ("held", 0), ("cap", kernel.NO_CAP)):
            found, wrong = cells.minor_units(self.column(name), scales, empty)
            self.rows[name] = found
            for scale in np.unique(scales[wrong & readable]).tolist():
                self.tell("L222", name, wrong & readable & (scales == scale), limit=scale)
        self.rows["has_amount"] = ~cells.is_null(self.column("amount"))
        self.rows["has_held"] = ~cells.is_null(self.column("held"))


# Chains.


def starts_of(rows: Records) -> npt.NDArray[np.int64]:
    """Return the first row of each chain; there is at least one."""
    ids = np.ascontiguousarray(rows["chain_id"]).view(np.uint64).reshape(-1, 2)
    return np.append(0, np.flatnonzero((ids[1:] != ids[:-1]).any(axis=1)) + 1)


def check_chains(rows: Records, reading: Reading) -> None:
    """Add what is wrong with chains whose rows can all be read: what they must have in common."""
    starts = starts_of(rows)
    firsts = np.repeat(starts, np.diff(np.append(starts, len(rows))))
    is_good = ~np.logical_or.reduceat(rows["is_wrong"], starts)[
        np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(rows))))
    ]
    for name in ("kind", "value_on", "of_id", "expires_at"):
        for row in np.flatnonzero(is_good & (rows[name] != rows[name][firsts])).tolist():
            value, expected = (_written(name, rows[at]) for at in (row, firsts[row]))
            place = reading.place(rows["line"][row], name)
            reading.flaws.add("L231", place, value, name=name, expected=expected)
    is_own = rows["kind"] <= kernel.HOLD
    is_last = np.append(firsts[1:] != firsts[:-1], True)
    for code, name, wrong in (
        ("L234", "of_id", is_own & (rows["of_id"] != _NIL)),
        ("L220", "of_id", ~is_own & (rows["of_id"] == _NIL)),
        ("L235", "expires_at", (rows["expires_at"] != INT64_MAX) & (rows["kind"] != kernel.HOLD)),
        ("L236", "spills", is_own & (rows["spills"] != 0)
         & (is_last | (rows["cap"] == kernel.NO_CAP))),
        ("L220", "amount", is_own & ~rows["has_amount"]
         & ~(rows["has_held"] & (rows["kind"] == kernel.HOLD))),
        ("L237", "amount", (rows["kind"] == kernel.COMMIT) & rows["has_amount"]
         & ~rows["has_held"]),
    ):  # fmt: skip
        for row in np.flatnonzero(is_good & wrong).tolist():
            kind = KINDS[rows["kind"][row]].value
            place = reading.place(rows["line"][row], name)
            reading.flaws.add(code, place, _written(name, rows[row]), name=name, kind=kind)


def _written(name: str, row: np.void) -> str:
    """Write a row's value as its file would."""
    value = row[name]
    if name == "kind":
        return str(KINDS[value])
    if name == "value_on":
        return day_of(value).isoformat()
    if name == "of_id":
        return "" if value == _NIL else str(UUID(bytes=value.tobytes()))
    if name == "expires_at":
        if value == INT64_MAX:
            return ""
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(value))).isoformat()
    if name == "spills":
        return "true" if value else "false"
    return format_minor(int(value), int(row["scale"])) if row["has_amount"] else ""


# What is posted.


def legs_of(rows: Records, institution: str) -> LegColumns:
    """Return rows without flaws as the legs they ask for.

    A hold sets aside what `held` says, or else the amount. A commit, void or reverse is one row. A
    commit that posted less than was held becomes a void of the hold and a post of the amounts,
    because a chain in columns commits the whole of a hold.
    """
    rows = rows.copy()
    is_hold = rows["kind"] == kernel.HOLD
    held = is_hold & rows["has_held"]
    rows["amount"][held] = rows["held"][held]
    starts = starts_of(rows)
    is_first = np.zeros(len(rows), bool)
    is_first[starts] = True
    is_own = rows["kind"] <= kernel.HOLD
    has_both = rows["has_amount"] & rows["has_held"]
    is_partial = has_both & (rows["kind"] == kernel.COMMIT) & (rows["amount"] != -rows["held"])
    if is_partial.any():
        is_partial = np.logical_or.reduceat(is_partial, starts)[np.cumsum(is_first) - 1]
        rows = _apart(rows, is_partial, is_first, institution)
    else:
        rows = rows[is_own | is_first]
    later = rows["kind"] > kernel.HOLD
    rows["cap"][later], rows["spills"][later] = kernel.NO_CAP, 0
    return LegColumns.of(
        debit_account_id=rows["debit"],
        credit_account_id=rows["credit"],
        **{
            name: rows[name]
            for name in ("chain_id", "amount", "value_on", "kind", "cap", "spills", "of_id",
                         "expires_at")
        },
    )  # fmt: skip


def _apart(rows: Records, is_partial: Mask, is_first: Mask, institution: str) -> Records:
    """Return rows with each commit of less than was held as a void and a post."""
    parts: list[Records] = []
    done = 0
    for first in np.flatnonzero(is_partial & is_first).tolist():
        end = first + 1
        while end < len(rows) and not is_first[end]:
            end += 1
        parts.append(_kept(rows[done:first], is_first[done:first]))
        void = rows[first : first + 1].copy()
        commit = UUID(bytes=void["chain_id"][0].tobytes())
        void["chain_id"] = np.void(void_id(institution, commit).bytes)
        void["kind"] = kernel.VOID
        post = rows[first:end].copy()
        post = post[post["amount"] != 0]
        post["kind"], post["of_id"], post["cap"] = kernel.POST, _NIL, kernel.NO_CAP
        post["spills"] = 0
        parts += [void, post]
        done = end
    return np.concatenate([*parts, _kept(rows[done:], is_first[done:])])


def _kept(rows: Records, is_first: Mask) -> Records:
    return rows[(rows["kind"] <= kernel.HOLD) | is_first]


def void_id(institution: str, commit: UUID) -> UUID:
    """Return the id of the void that stands for the part of a hold a loaded commit left."""
    return derived_id("ledger.load.void", institution, str(commit))
