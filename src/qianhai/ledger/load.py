"""Bulk load: a file of transfers, proven whole, then posted in columns.

Holds the two passes over the file. What a row means is in `leg_rows`. Nothing is booked when the
first pass finds a flaw; a second pass that was cut off is repeated by the same load, which books
nothing twice.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Final, NamedTuple, Self
from uuid import UUID

import numpy as np

from qianhai.db import Connection, Database
from qianhai.kernel import BadInput, Place, business_date, derived_id
from qianhai.ledger.batch import Records
from qianhai.ledger.file_flaws import Flaws, file_flaw
from qianhai.ledger.leg_rows import (
    CHAIN_ROWS_MAX,
    ROW,
    TRANSFER_FORM,
    Reading,
    check_chains,
    legs_of,
    rows_of,
    starts_of,
)
from qianhai.ledger.legs import LegColumns, PostedColumns
from qianhai.ledger.model import Chain, Kind, Result
from qianhai.ledger.names import Names, plan_accounts, unopened
from qianhai.ledger.past import RESULTS
from qianhai.ledger.tables import read_table
from qianhai.ledger.writer import Submission, Writer

#: The chain ids of a file rest on disk in so many parts while it is checked for one in two places.
_PARTS: Final = 64
_SEEN: Final = np.dtype([("chain_id", "V16"), ("line", "i8")])
_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)
_TOP_BITS: Final = np.uint64(58)


class Refused(NamedTuple):
    """A chain of the file that the ledger did not post."""

    chain_id: UUID
    result: Result
    failed_leg: int | None


@dataclass(slots=True)
class Loaded:
    """What became of a file: its chains by result; `repeated` had been answered before."""

    rows: int = 0
    accounts_opened: int = 0
    chains: int = 0
    repeated: int = 0
    results: Counter[str] = field(default_factory=Counter)


class Load:
    """A file of transfers on its way into an institution's books.

    `now` gives the instant of each batch; `tick` is told of rows as they are done.
    """

    def __init__(
        self,
        database: Database,
        writer: Writer,
        institution: str,
        path: Path,
        *,
        now: Callable[[], datetime],
        accounts: Path | None = None,
    ) -> None:
        self._database = database
        self._writer = writer
        self._institution = institution
        self._path = path
        self._accounts = accounts
        self._now = now
        self._print = ""
        self.done = Loaded()

    def check(self, tick: Callable[[int], None] = lambda _rows: None) -> None:
        """Read the whole file and open the accounts it needs, once nothing is wrong with it.

        Raises:
            BadInput: every flaw of both files, up to a bound; nothing was booked or opened.
        """
        flaws = Flaws()
        self._print = _print_of(self._path)
        with self._database.transaction(rollback=True) as conn, _Seen(flaws) as seen:
            if self._accounts is not None:
                plan_accounts(conn, self._institution, self._accounts, flaws)
            names = Names(self._institution, has_plan=self._accounts is not None)
            reading = Reading(self._path.name, names, flaws)
            for rows in self._chunks(conn, reading):
                seen.add(rows)
                self.done.rows += len(rows)
                tick(len(rows))
            seen.find(self._path.name)
            flaws.end()
            if self._accounts is not None:
                self._open(conn)

    def _open(self, conn: Connection) -> None:
        """Open the planned accounts that are not, by chains whose ids say which they are."""
        for specs in unopened(conn, self._institution):
            at = self._now()
            names = (str((spec.name, spec.asset, spec.kind, spec.holder)) for spec in specs)
            opening = Chain(
                derived_id("ledger.load.accounts", self._institution, *names),
                self._institution,
                Kind.POST,
                (),
                business_date(at),
                opens=specs,
            )
            (result,) = self._writer.submit([Submission(opening)], at=at)
            if not result.is_posted:
                names_shown = f"{specs[0].name} … {specs[-1].name}"
                place = Place(self._accounts.name if self._accounts else "", None, "name")
                expected = f"accounts as they were when checked ({result.result.value})"
                raise BadInput([file_flaw("L242", place, names_shown, expected=expected)])
            self.done.accounts_opened += len(specs)

    def post(self, tick: Callable[[int], None] = lambda _rows: None) -> Iterator[Refused]:
        """Post the file that was checked, and yield what the ledger refused as it is known.

        Raises:
            BadInput: the file is not the one that was checked. What came before stays booked.
            Environment: the database failed; the same load again books the rest.
        """
        flaws = Flaws(most=1)
        names = Names(self._institution, has_plan=False)
        reading = Reading(self._path.name, names, flaws)
        try:
            if _print_of(self._path) != self._print:
                flaws.add("L210", Place(self._path.name), "size or time")
            for rows in self._chunks(None, reading):
                legs = legs_of(rows, self._institution)
                posted = self._writer.post(legs, institution_id=self._institution, at=self._now())
                yield from self._count(legs, posted)
                tick(len(rows))
            flaws.end()
        except BadInput as fault:
            found = fault.flaws[0]
            if found.code == "L210":
                raise
            raise BadInput([file_flaw("L210", found.place, found.value)]) from fault

    def _count(self, legs: LegColumns, posted: PostedColumns) -> Iterator[Refused]:
        done = self.done
        done.chains += len(posted.result)
        done.repeated += int((~posted.is_first).sum())
        done.results.update(posted.counts())
        starts = legs.starts
        for chain in np.flatnonzero(~posted.is_posted).tolist():
            failed = int(posted.failed_leg[chain])
            yield Refused(
                UUID(bytes=legs.chain_id[starts[chain]].tobytes()),
                RESULTS[posted.result[chain]],
                None if failed < 0 else failed,
            )

    def _chunks(self, conn: Connection | None, reading: Reading) -> Iterator[Records]:
        """Yield the file's rows as numbers, cut at the ends of chains that were checked.

        Names are read by `conn`, or without one in a transaction for each block.
        """
        rest = np.zeros(0, ROW)
        for block in read_table(self._path, TRANSFER_FORM, reading.flaws):
            with nullcontext(conn) if conn else self._database.transaction() as reader:
                rows = rows_of(block, reader, reading)
            rows = np.concatenate([rest, rows])
            cut = int(starts_of(rows)[-1])
            rows, rest = rows[:cut], rows[cut:]
            if len(rest) > CHAIN_ROWS_MAX:
                rest = self._too_long(rest, reading)
            if len(rows):
                check_chains(rows, reading)
                self._check_lengths(rows, reading)
                yield rows
        if len(rest):
            check_chains(rest, reading)
            self._check_lengths(rest, reading)
            yield rest

    def _check_lengths(self, rows: Records, reading: Reading) -> None:
        starts = starts_of(rows)
        for first in starts[np.diff(np.append(starts, len(rows))) > CHAIN_ROWS_MAX].tolist():
            self._too_long(rows[first : first + 1], reading)

    def _too_long(self, rest: Records, reading: Reading) -> Records:
        """Tell a chain too long to book, and keep no more of it than says that."""
        chain = UUID(bytes=rest["chain_id"][0].tobytes())
        place = reading.place(rest["line"][0], "chain_id")
        if (place.line, chain) not in reading.long:
            reading.long.add((place.line, chain))
            reading.flaws.add("L233", place, chain, limit=CHAIN_ROWS_MAX)
        return rest[:1]


def _print_of(path: Path) -> str:
    """Return what tells a file that was changed: its size, times and place on the disk."""
    try:
        found = path.stat()
    except OSError as fault:
        return str(fault)
    return f"{found.st_size} {found.st_mtime_ns} {found.st_ino} {found.st_dev}"


class _Seen:
    """The chain ids of a file, kept on disk in parts, to find one that stands in two places."""

    def __init__(self, flaws: Flaws) -> None:
        self._flaws = flaws
        self._files: list[IO[bytes]] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._files = [self._stack.enter_context(TemporaryFile()) for _ in range(_PARTS)]  # noqa: SIM115 - the stack closes them
        return self

    def __exit__(self, *_fault: object) -> None:
        self._stack.close()

    def add(self, rows: Records) -> None:
        """Note where each chain begins."""
        starts = starts_of(rows)
        starts = starts[rows["chain_id"][starts] != np.void(bytes(16))]
        seen = np.empty(len(starts), _SEEN)
        seen["chain_id"], seen["line"] = rows["chain_id"][starts], rows["line"][starts]
        words = np.ascontiguousarray(seen["chain_id"]).view(np.uint64).reshape(-1, 2)
        parts = ((words[:, 0] ^ (words[:, 1] * _SPREAD)) * _SPREAD >> _TOP_BITS).astype(np.int8)
        order = np.argsort(parts, kind="stable")
        bounds = np.searchsorted(parts[order], np.arange(_PARTS + 1))
        for part, file in enumerate(self._files):
            chosen = order[bounds[part] : bounds[part + 1]]
            file.write(seen[chosen].tobytes())

    def find(self, file_name: str) -> None:
        """Add a flaw for each chain that begins a second time, at the line where it does."""
        for file in self._files:
            file.flush()
            file.seek(0, os.SEEK_SET)
            seen = np.frombuffer(file.read(), _SEEN)
            words = np.ascontiguousarray(seen["chain_id"]).view(np.uint64).reshape(-1, 2)
            order = np.lexsort((seen["line"], words[:, 1], words[:, 0]))
            rows, words = seen[order], words[order]
            is_again = np.append(False, (words[1:] == words[:-1]).all(axis=1))[: len(rows)]
            for at in np.flatnonzero(is_again).tolist():
                chain = UUID(bytes=rows["chain_id"][at].tobytes())
                place = Place(file_name, int(rows["line"][at]), "chain_id")
                self._flaws.add("L232", place, chain, line=int(rows["line"][at - 1]))
