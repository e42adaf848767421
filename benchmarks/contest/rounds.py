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
from functools import partial
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
from benchmarks.contest.sealed import check_sealed, make_sealed_tables

from qianhai.kernel import Environment
from qianhai.ledger import Writer, is_compilable, warm

#: Legs of a batch, as in TigerBeetle's message and in four of them.
LARGE: Final = (8_190, 32_760)
SMALL: Final = (1, 100)
#: What single chains must reach, in times the per-transfer function: one by one, and 16 ahead.
CALLERS_TARGETS: Final = ((1, 4.0), (16, 8.0))
#: So often a load with a target is tried in one round.
_TARGETED_TRIALS: Final = 8
EXTRA_LOADS: Final = ("uniform_random_ids",)
#: What a run is made of; a short one has rounds only.
PARTS: Final = ("rounds", "million", "history")
#: Prints a line at once, whoever reads.
_say: Final = partial(print, flush=True)
#: With fewer there is no past to ask for.
HISTORY_TRANSFERS_MIN: Final = 100_000
_HISTORY_MONTHS: Final = 6
_HISTORY_POINTS: Final = 300
_SINGLES: Final = """\
submit: chains that keep floors, caps and holds, numbered, with balances and a proof, refused too.
function: keeps floors and unique ids; no chain, hold, cap, number, balance on its row or proof.
function_1: the same by one caller, who waits for nobody else's lock.
sealed_function: also numbers without a gap, two balances on a row, SHA-256 through one head row;
  no chain of legs, hold, cap or record of what was refused.""".splitlines()
MAIN_LOADS: Final = ("uniform", "hot", "three_legs", "two_phase", "two_phase_before")


@dataclass(frozen=True)
class Measure:
    """How long a run is: seconds until the rounds end, of a trial of callers, what comes on top."""

    name: str
    seconds: float
    rounds_max: int
    trial_seconds: float
    pgbench_seconds: int
    small_batches: int
    statement_seconds_max: int = 3
    tpcb_scale: int = 10
    large: Sequence[int] = LARGE
    loads: Sequence[str] = MAIN_LOADS
    history_transfers: int = 0
    million_batches: int = 0


SHORTEST: Final = Measure("shortest", 60, 1, 0.1, 1, 2, 3, 1, (8_190,), ("uniform", "three_legs"))
QUICK: Final = Measure("quick", 38, 100, 0.4, 1, 5)
FULL: Final = Measure(
    "full", 900, 1_000, 3.0, 4, 40, 60, history_transfers=20_000_000, million_batches=200
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
        self._out: list[Contestant] = []
        self._took: dict[int, float] = {}
        self.many = self._posts(ground, "ledger_of_columns", 1, measure.large)
        self.few = self._posts(ground, "ledger_of_callers", 2, SMALL)
        ledger = self._ledgers["ledger_of_callers"]
        self.callers = [
            Callers(*ledger, CALLERS, ahead, measure.trial_seconds) for ahead, _ in CALLERS_TARGETS
        ]
        self._stack.enter_context(ground.database(HOME))
        make_tables(ground)
        make_sealed_tables(ground)
        self.set_based = SetBased(ground, REPEATED, 1)
        self.functions: list[FunctionCalls | Pgbench] = [
            FunctionCalls(ground, CALLERS, measure.trial_seconds),
            FunctionCalls(ground, 1, measure.trial_seconds / 2),
        ]
        self.sealed = [
            FunctionCalls(ground, CALLERS, measure.trial_seconds, "sealed_function"),
            FunctionCalls(ground, 1, measure.trial_seconds / 2, "sealed_function"),
        ]
        program = find_pgbench() if has_pgbench else None
        self.tpcb: Pgbench | TpcbCalls
        if program is not None:
            self.functions.append(Pgbench.transfers(ground, program, measure.pgbench_seconds))
            self.tpcb = Pgbench.tpcb(ground, program, measure.pgbench_seconds, measure.tpcb_scale)
        else:
            self.tpcb = TpcbCalls(ground, measure.trial_seconds, measure.tpcb_scale)
        self.program = program
        self.kernels = Kernels(REPEATED)
        for peer in (self.set_based, *self.functions, *self.sealed, self.tpcb):
            self._stack.callback(peer.close)

    def _posts(
        self, ground: Ground, name: str, lane: int, sizes: Sequence[int]
    ) -> list[ColumnPosts]:
        database = self._stack.enter_context(
            ground.database(name, self._measure.statement_seconds_max)
        )
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
        """Yield everybody in the order of one round; a load with a target comes between the others.

        A median of a few trials scatters more than what separates it from its target.
        """
        often = [each for each in self.many if each.is_repeated]
        rest: list[Contestant] = [each for each in self.many if not each.is_repeated]
        rest += [*self.few, self.kernels]
        slow: list[Contestant] = [*self.callers, *self.functions, *self.sealed, self.tpcb]
        for part in range(_TARGETED_TRIALS):
            yield from often
            if part % 3 == 0:
                yield self.set_based
            yield from slow[part::_TARGETED_TRIALS]
            yield from rest[part::_TARGETED_TRIALS]

    def run(self, until: float) -> int:
        """Warm up, then go round until a time; return the number of whole rounds."""
        for each in (*self.few, *self.many):
            if each.is_first_apart:
                self._try(each)
                each.forget()
        singles = (*self.callers, *self.functions, *self.sealed, self.tpcb)
        for warmed in (self.set_based, *singles):
            if not isinstance(warmed, Pgbench):  # whose connections are new each time
                self._try(warmed)
                warmed.series.forget()
        for rounds in range(self._measure.rounds_max):
            for contestant in self.contestants():
                since = perf_counter()
                if since + self._took.get(id(contestant), 0.0) > until:
                    return rounds
                self._try(contestant)
                self._took[id(contestant)] = perf_counter() - since
        return self._measure.rounds_max

    def _try(self, contestant: Contestant) -> None:
        """Have one trial done; who fails, or takes too long, is out and has reached nothing."""
        if contestant in self._out:
            return
        try:
            contestant.trial()
        except Environment as fault:
            name = contestant.post.name if isinstance(contestant, ColumnPosts) else contestant
            print(f"OUT: {name}: {fault}")
            self._out.append(contestant)

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
    bare = [row for row in limits if row.name.startswith("copy_bare_")]
    print_table("For comparison: COPY of the same rows into bare tables, without any index", bare)
    post = next(each.post for each in contest.many if each.is_repeated)
    sets = [row_of(post, contest.set_based.series)]
    print_table("Set-based SQL: one statement a batch on plain tables", sets)
    singles = single_rows(contest)
    plain = [row_of(each.series) for each in (*contest.functions, *contest.sealed, contest.tpcb)]
    title = "Single chains: Writer.submit against a function for each transfer"
    print_table(title, singles + plain, _SINGLES)
    kernels = contest.kernels.rows()
    print_table("The kernel alone", kernels)
    waits = [row for each in contest.callers for row in latencies(each.series)]
    return [*ours, *limits, *sets, row_of(contest.set_based.series), *singles, *waits,
            *plain, *kernels]  # fmt: skip


def single_rows(contest: Contest) -> list[Row]:
    """Return single chains against each peer: the fastest first, with targets for all but one.

    The 64 callers of Python have none where pgbench drives the same function faster.
    """
    fastest, (many, one) = contest.fastest_function(), contest.functions[:2]
    peers = [(fastest, True), (many.series, False), (one.series, True)]
    peers += [(each.series, True) for each in contest.sealed]
    return [
        row_of(each.series, peer, target if is_aimed else None)
        for at, (peer, is_aimed) in enumerate(peers)
        if at == 0 or peer is not fastest
        for each, (_, target) in zip(contest.callers, CALLERS_TARGETS, strict=True)
    ]


def head(ground: Ground) -> None:
    """Print what the figures stand on."""
    _say(f"PostgreSQL of its own in {ground.folder}: {ground.settings()}")
    few, half, most = ground.commit_millis()
    print(f"one commit of one row: p10 {few:.2f}, p50 {half:.2f}, p90 {most:.2f} ms")
    kernel = "compiled" if is_compilable() else "interpreted, numba is not installed"
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} processors, load {load};"
        f" kernel {kernel}"
    )


def run(measure: Measure, *, has_pgbench: bool = True, parts: Sequence[str] = PARTS) -> None:
    """Run the parts of a measure and print their tables, and last one JSON document."""
    started = perf_counter()
    rows: list[Row] = []
    warm()
    with open_ground() as ground:
        head(ground)
        if "rounds" in parts:
            rows += go_round(ground, measure, started, has_pgbench=has_pgbench)
        if "million" in parts and measure.million_batches:
            found = million.measure(ground, measure.million_batches, _say)
            print_table("A million accounts; of processes the most they held", found)
            rows += found
        if "history" in parts and (transfers := measure.history_transfers):
            found = history.measure(ground, transfers, _HISTORY_MONTHS, _HISTORY_POINTS, _say)
            print_table(f"A history of {transfers:,} transfers", found)
            rows += found
    print(f"\nended after {perf_counter() - started:.0f} s")
    print_document(rows)


def go_round(ground: Ground, measure: Measure, started: float, *, has_pgbench: bool) -> list[Row]:
    """Hold the contest until its time is over and print its tables."""
    contest = Contest(ground, measure, has_pgbench=has_pgbench)
    try:
        if contest.program is None:
            _say("pgbench was not found: TPC-B is one function of its five statements, by threads")
        else:
            _say(f"pgbench: {contest.program}")
        rounds = contest.run(started + measure.seconds)
        _say(f"{measure.name}: {rounds} whole rounds, {perf_counter() - started:.0f} s so far")
        sealed = check_sealed(ground)
        _say(f"sealed_function: {sealed:,} transfers without a gap, linked, balances come to 0")
        return [*report(contest), Row("process_memory", memory_bytes() / (1 << 20), "MiB")]
    finally:
        contest.close()
