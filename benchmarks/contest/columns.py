"""Legs in columns against the limit: COPY of the very rows they became, durable, in one commit.

A trial posts batches, takes the rows the ledger wrote out of it again in the binary form of COPY,
and sends these bytes into tables of the same form, and into bare ones. Taking out and packing stand
before the clock. Must not know other peers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from time import perf_counter
from typing import Final

from benchmarks.contest.loads import INSTITUTION, LOADS, Loads, instant
from benchmarks.contest.measuring import Row, Series, row_of
from psycopg import sql

from qianhai.db import Connection, Database
from qianhai.ledger import Writer

#: The least ratio to COPY that is asked of a load at a batch size.
TARGETS: Final = {("uniform", 8_190): 0.55, ("three_legs", 8_190): 0.45}
#: The batch size with targets, of which bare copies are shown too.
REPEATED: Final = 8_190
#: Rows can lie in pages that were there, free, before they were written.
_FREE_PAGES_MAX: Final = 4_096

_LIKE: Final = sql.SQL("create table if not exists {} (like {} {})")


@dataclass(frozen=True)
class Written:
    """The rows of one batch: each table's name, and the bytes that COPY them into it."""

    parts: Sequence[tuple[str, bytes]]


class Peer:
    """Takes copies of a ledger's rows, into tables with all its constraints and indexes or none."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: set[str] = set()
        with database.transaction() as conn:
            conn.execute("create schema if not exists copy_same")
            conn.execute("create schema if not exists copy_bare")

    def stand(self) -> tuple[int, int]:
        """Return the last batch, and how many pages the chains fill."""
        with self._database.transaction() as conn:
            row = conn.execute(
                "select number, pg_relation_size('ledger.chains') / 8192 from ledger.heads"
            ).fetchone()
        assert row, "a ledger has a head"
        return row

    def take_out(self, since: tuple[int, int]) -> list[Written]:
        """Return what each batch after a stand has written into chains and transfers."""
        number, pages = since
        with self._database.transaction() as conn:
            ends = conn.execute(
                "select chain_last, transfer_last from ledger.batches where number >= %s"
                " order by number",
                (number,),
            ).fetchall()
            return [
                Written(
                    [
                        self._chains(conn, pages, before[0], after[0]),
                        *self._transfers(conn, before[1], after[1]),
                    ]
                )
                for before, after in pairwise(ends)
            ]

    def _chains(self, conn: Connection, pages: int, first: int, last: int) -> tuple[str, bytes]:
        query = sql.SQL(
            "copy (select * from ledger.chains where ctid >= {}::tid and seq > {} and seq <= {})"
            " to stdout (format binary)"
        ).format(
            sql.Literal(f"({max(0, pages - _FREE_PAGES_MAX)},0)"),
            sql.Literal(first),
            sql.Literal(last),
        )
        return self._taken(conn, "chains", query, last - first)

    def _transfers(self, conn: Connection, first: int, last: int) -> list[tuple[str, bytes]]:
        leaves = conn.execute(
            "select c.relname, count(*) from ledger.transfers t"
            " join pg_class c on c.oid = t.tableoid where seq > %s and seq <= %s"
            " group by 1 order by 1",
            (first, last),
        ).fetchall()
        return [
            self._taken(
                conn,
                leaf,
                sql.SQL(
                    "copy (select * from {} where seq > {} and seq <= {} order by seq)"
                    " to stdout (format binary)"
                ).format(sql.Identifier("ledger", leaf), sql.Literal(first), sql.Literal(last)),
                count,
            )
            for leaf, count in leaves
        ]

    def _taken(
        self, conn: Connection, table: str, query: sql.Composed, rows: int
    ) -> tuple[str, bytes]:
        if table not in self._known:
            for schema, what in (("copy_same", "including all"), ("copy_bare", "")):
                conn.execute(
                    _LIKE.format(
                        sql.Identifier(schema, table),
                        sql.Identifier("ledger", table),
                        sql.SQL(what),
                    )
                )
            self._known.add(table)
        with conn.cursor() as cursor:
            with cursor.copy(query) as copy:
                data = b"".join(copy)
            assert cursor.rowcount == rows, "every row of the batch is taken, and no other"
        return table, data

    def copy(self, schema: str, written: Written) -> float:
        """Send the rows of one batch into tables, in one commit; return its seconds."""
        commands = [
            (
                sql.SQL("copy {} from stdin (format binary)").format(sql.Identifier(schema, table)),
                data,
            )
            for table, data in written.parts
        ]
        since = perf_counter()
        with self._database.transaction() as conn:
            for command, data in commands:
                with conn.cursor() as cursor, cursor.copy(command) as copy:
                    copy.write(data)
        return perf_counter() - since


class ColumnPosts:
    """`Writer.post` of one load at one batch size, and COPY of what it wrote."""

    def __init__(
        self, writer: Writer, peer: Peer, loads: Loads, name: str, size: int, batches: int
    ) -> None:
        self._writer, self._peer, self._loads = writer, peer, loads
        self._load, self._size, self._batches = name, size, batches
        self.target = TARGETS.get((name, size))
        #: The first batch reads accounts, or has no holds to go on from.
        self.is_first_apart = name in {"uniform", "two_phase_before"} or self.target is not None
        self._held: list[tuple[Written, int]] = []
        self.is_repeated = self.target is not None
        self.post = Series(f"post_{size}_{name}", "legs/s")
        self.copy = Series(f"copy_{size}_{name}", "legs/s")
        self.bare = Series(f"copy_bare_{size}_{name}", "legs/s")

    def trial(self) -> None:
        """Post so many batches and copy what batches of this kind have written.

        What a load leaves to the disk falls on whoever comes next. So where there is a target, the
        rows of the trial before are copied, in turn before and after the post.
        """
        if self.is_repeated and self._held and len(self.post.rates) % 2:
            due, self._held = self._held, []
            self._copy(due)
            self._held = self._post()
            return
        written = self._post()
        due, self._held = (self._held or written, written) if self.is_repeated else (written, [])
        if due is not self._held:
            self._copy(due)

    def _post(self) -> list[tuple[Written, int]]:
        """Post so many batches; return what each has written, and its legs."""
        made = [LOADS[self._load](self._loads, self._size) for _ in range(self._batches)]
        before = self._peer.stand()
        spent = []
        for legs in made:
            at = instant()
            since = perf_counter()
            posted = self._writer.post(legs, institution_id=INSTITUTION, at=at)
            spent.append(perf_counter() - since)
            assert posted.is_posted.all(), posted.counts()
        written = self._peer.take_out(before)
        assert len(written) == self._batches, "each post is a batch of its own"
        self.post.add(sum(map(len, made)), spent)
        return list(zip(written, map(len, made), strict=True))

    def _copy(self, due: Sequence[tuple[Written, int]]) -> None:
        legs = sum(each for _, each in due)
        self.copy.add(legs, [self._peer.copy("copy_same", one) for one, _ in due])
        if self._size == REPEATED:
            self.bare.add(legs, [self._peer.copy("copy_bare", one) for one, _ in due])

    def forget(self) -> None:
        """Forget the trials so far: they warmed up."""
        for series in (self.post, self.copy, self.bare):
            series.forget()

    def rows(self) -> list[Row]:
        """Return what was measured."""
        limits = [self.copy, self.bare] if self._size == REPEATED else [self.copy]
        return [row_of(self.post, self.copy, self.target), *map(row_of, limits)]
