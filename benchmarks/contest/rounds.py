"""The contest: every contestant in turn, round by round, until the time given is over.

Holds who takes part and how the figures are told. Two ledgers stand on one server: one takes legs
in thousands, whose partitions are indexed when they are closed, the other single chains and small
batches, whose partitions are indexed from the start.
"""

import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from time import perf_counter
from typing import Final, Protocol

from benchmarks.contest import history, million
from benchmarks.contest.callers import Callers
from benchmarks.contest.columns import REPEATED, ColumnPosts, Peer
from benchmarks.contest.ground import Ground, memory_bytes, open_ground
from benchmarks.contest.kernels import Kernels
from benchmarks.contest.loads import Loads, open_accounts
from benchmarks.contest.measuring import (
    Row,
    Series,
    latencies,
    print_document,
    print_table,
    row_of,
)
from benchmarks.contest.peers import CALLERS, HOME, FunctionCalls, SetBased, make_tables
from benchmarks.contest.programs import Pgbench, TpcbCalls, find_pgbench

from qianhai.ledger import Writer, is_compilable, warm

#: Legs of a batch, as in TigerBeetle's message and in four of them.
LARGE: Final = (8_190, 32_760)
SMALL: Final = (1, 100)
#: What single chains must reach, in times the per-transfer function: one by one, and 16 ahead.
CALLERS_TARGETS: Final = ((1, 4.0), (16, 8.0))
EXTRA_LOADS: Final = ("uniform_random_ids",)
MAIN_LOADS: Final = ("uniform", "hot", "three_legs", "two_phase", "two_phase_before")


@dataclass(frozen=True)
class Measure:
    """How long a run is: seconds of rounds, of a trial of callers, and what comes on top."""

    name: str
    rounds_seconds: float
    rounds_min: int
    rounds_max: int
    trial_seconds: float
    pgbench_seconds: int
    small_batches: int
    large: Sequence[int] = LARGE
    loads: Sequence[str] = MAIN_LOADS
    history_transfers: int = 0
    million_batches: int = 0


SHORTEST: Final = Measure("shortest", 0, 1, 1, 0.1, 1, 2, (8_190,), ("uniform", "three_legs"))
QUICK: Final = Measure("quick", 34, 2, 100, 0.5, 1, 8)
FULL: Final = Measure(
    "full", 600, 10, 1_000, 3.0, 4, 40, history_transfers=20_000_000, million_batches=200
)


class Contestant(Protocol):
    """Whoever can be asked for one trial."""

    def trial(self) -> None:
        """Do one trial and note it."""


class Contest:
    """Everybody who takes part, on one server."""

    def __init__(self, ground: Ground, measure: Measure, *, has_pgbench: bool = True) -> None:
        self._measure = measure
        self._stack = ExitStack()
        self._ledgers: dict[str, tuple[Writer, Loads]] = {}
        self.many = self._posts(ground, "ledger_of_columns", 1, measure.large)
        self.few = self._posts(ground, "ledger_of_callers", 2, SMALL)
        ledger = self._ledgers["ledger_of_callers"]
        self.callers = [
            Callers(*ledger, CALLERS, ahead, measure.trial_seconds) for ahead, _ in CALLERS_TARGETS
        ]
        self._stack.enter_context(ground.database(HOME))
        make_tables(ground)
        self.set_based = SetBased(ground, REPEATED, 1)
        self.functions: list[FunctionCalls | Pgbench] = [
            FunctionCalls(ground, CALLERS, measure.trial_seconds),
            FunctionCalls(ground, 1, measure.trial_seconds / 2),
        ]
        program = find_pgbench() if has_pgbench else None
        self.tpcb: Pgbench | TpcbCalls
        if program is not None:
            self.functions.append(Pgbench.transfers(ground, program, measure.pgbench_seconds))
            self.tpcb = Pgbench.tpcb(ground, program, measure.pgbench_seconds)
        else:
            self.tpcb = TpcbCalls(ground, measure.trial_seconds)
        self.program = program
        self.kernels = Kernels(REPEATED)
        for peer in (self.set_based, *self.functions, self.tpcb):
            self._stack.callback(peer.close)

    def _posts(
        self, ground: Ground, name: str, lane: int, sizes: Sequence[int]
    ) -> list[ColumnPosts]:
        database = self._stack.enter_context(ground.database(name))
        writer = Writer(database)
        open_accounts(writer)
        loads = Loads(database, lane)
        self._ledgers[name] = (writer, loads)
        peer, batches = Peer(database), self._measure.small_batches if sizes == SMALL else 1
        return [
            ColumnPosts(writer, peer, loads, load, size, batches)
            for size in sizes
            for load in (*self._measure.loads, *(EXTRA_LOADS if size == REPEATED else ()))
        ]

    def contestants(self) -> Iterator[Contestant]:
        """Yield everybody in the order of one round; what is repeated comes three times."""
        often = [each for each in self.many if each.is_repeated]
        rest = [each for each in self.many if not each.is_repeated]
        slow: list[Contestant] = [*self.callers, *self.functions, self.tpcb]
        third = -(-len(slow) // 3)
        for part in range(3):
            yield from often
            yield self.set_based
            yield self.kernels
            yield from slow[part * third : (part + 1) * third]
            yield from rest[part::3]
            yield from self.few[part::3]

    def run(self) -> int:
        """Warm up, then go round until the time is over; return the number of rounds."""
        for each in (*self.few, *self.many):
            each.trial()
            each.forget()
        since, rounds, longest = perf_counter(), 0, 0.0
        while rounds < self._measure.rounds_max:
            spent = perf_counter() - since
            is_over = spent + longest > self._measure.rounds_seconds
            if rounds >= self._measure.rounds_min and is_over:
                break
            for contestant in self.contestants():
                contestant.trial()
            longest = max(longest, perf_counter() - since - spent)
            rounds += 1
        return rounds

    def fastest_function(self) -> Series:
        """Return the per-transfer function as it was driven fastest."""
        return max((each.series for each in self.functions), key=lambda series: series.rate)

    def close(self) -> None:
        """Let go of every connection."""
        self._stack.close()


def report(contest: Contest) -> list[Row]:
    """Print the tables of the rounds and return all rows for the document."""
    posts = [row for each in (*contest.many, *contest.few) for row in each.rows()]
    ours = [row for row in posts if row.name.startswith("post_")]
    print_table("Legs in columns: Writer.post against COPY of the same rows", ours)
    limits = [row for row in posts if not row.name.startswith("post_")]
    print_table("The limit: COPY into tables of the same form, and into bare ones", limits)
    post = next(each.post for each in contest.many if each.is_repeated)
    sets = [row_of(post, contest.set_based.series), row_of(contest.set_based.series)]
    print_table("Set-based SQL: one statement a batch on plain tables", sets)
    peer = contest.fastest_function()
    singles = [
        row_of(each.series, peer, target)
        for each, (_, target) in zip(contest.callers, CALLERS_TARGETS, strict=True)
    ]
    python = contest.functions[0].series
    if python is not peer:
        singles += [row_of(each.series, python) for each in contest.callers]
    plain = [row_of(each.series) for each in contest.functions]
    plain.append(row_of(contest.tpcb.series))
    title = "Single chains: Writer.submit against a function for each transfer, driven its fastest"
    print_table(title, singles + plain)
    kernels = contest.kernels.rows()
    print_table("The kernel alone", kernels)
    waits = [row for each in contest.callers for row in latencies(each.series)]
    return [*ours, *limits, *sets[:1], row_of(contest.set_based.series), *singles, *waits,
            *plain, *kernels]  # fmt: skip


def head(ground: Ground, contest: Contest) -> None:
    """Print what the figures stand on."""
    print(f"PostgreSQL of its own in {ground.folder}: {ground.settings()}")
    few, half, most = ground.commit_millis()
    print(f"one commit of one row: p10 {few:.2f}, p50 {half:.2f}, p90 {most:.2f} ms")
    kernel = "compiled" if is_compilable() else "interpreted, numba is not installed"
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} processors, load {load};"
        f" kernel {kernel}"
    )
    if contest.program is None:
        print("pgbench was not found: TPC-B is one function of its five statements, by threads")
    else:
        print(f"pgbench: {contest.program}")


def run(measure: Measure, *, has_pgbench: bool = True) -> None:
    """Run the contest and print its tables, and last one JSON document."""
    started = perf_counter()
    warm()
    with open_ground() as ground:
        contest = Contest(ground, measure, has_pgbench=has_pgbench)
        try:
            head(ground, contest)
            rounds = contest.run()
            print(f"{measure.name}: {rounds} rounds, {perf_counter() - started:.0f} s so far")
            rows = report(contest)
            rows.append(Row("process_memory", memory_bytes() / (1 << 20), "MiB"))
        finally:
            contest.close()
        rows += more(ground, measure)
    print(f"\nended after {perf_counter() - started:.0f} s")
    print_document(rows)


def more(ground: Ground, measure: Measure) -> list[Row]:
    """Measure what only a long run has time for."""
    rows: list[Row] = []
    if measure.million_batches:
        found = million.measure(ground, measure.million_batches, print)
        print_table("A million accounts", found)
        rows += found
    if measure.history_transfers:
        for months in (6, 1):
            found = history.measure(ground, measure.history_transfers, months, 300, print)
            print_table(f"A history of {measure.history_transfers:,} transfers", found)
            rows += found
    return rows
