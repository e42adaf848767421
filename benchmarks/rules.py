"""How fast the plan's rules decide, one row and a million, beside five engines of rules.

    python benchmarks/rules.py [--quick | --full]

Four facilities with 31 conditions, on the facts of their own examples and on rows at random. Ours
tells each condition, three-valued, on exact decimals; the peers tell four answers and no reason.
Their conditions are written by hand in `benchmarks/engines/texts`, and their facts are made floats,
or text, before the clock starts. Rounds of all follow each other; a ratio is the median of the
rounds' ratios. Peers come with `pip install -e '.[peers]'`; one that is not there is named. The
last line is one JSON document.
"""

import argparse
import gc
import os
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from time import perf_counter
from typing import Any, Final

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.contest.measuring import Row, Series, print_document, print_table, row_of
from benchmarks.engines import cases, hard
from benchmarks.engines.cases import Facility
from benchmarks.engines.peers import Peer, open_peers

from qianhai.policy import Policy

#: One decision, traced, against the fastest peer; a million against their floor and OpenFisca.
ONE_TARGET: Final = 2.0
MILLION_TARGET: Final = 6_000_000.0
OPENFISCA_TARGET: Final = 1 / 1.5
_UNIT: Final = "decisions/s"
#: What a peer may be given, see `Peer.form`.
FORMS: Final = ("values", "text", "own")
NOTES: Final = (
    "ours stands first, against the fastest peer that is given Python values as ours is, that is",
    "given JSON text written before, and whose own form of the facts was made before",
)
_SEED: Final = 20_260_301


@dataclass(frozen=True)
class Measure:
    """How long a run is: rounds of single rows, seconds of each trial, rounds of a million."""

    rounds: int
    seconds: float
    checked: int
    many_rounds: int
    many: int = 1_000_000


QUICK: Final = Measure(9, 0.02, 300, 7)
FULL: Final = Measure(40, 0.05, 3_000, 25)


@dataclass
class Contestant:
    """One that decides single rows: its rows in the form it takes, and what asks it."""

    series: Series
    rows: Sequence[Any]
    ask: Callable[[Any], object]
    peer: Peer | None = None

    def __post_init__(self) -> None:
        """Find how many rows are asked in a trial, by asking once."""
        self.calls = len(self.rows)
        since = perf_counter()
        for row in self.rows:
            self.ask(row)
        self._each = (perf_counter() - since) / len(self.rows)

    def try_for(self, seconds: float) -> None:
        """Ask row after row for about so long, and note how fast."""
        calls, ask = max(3, int(seconds / self._each)), self.ask
        asked = [row for row, _ in zip(cycle(self.rows), range(calls), strict=False)]
        gc.disable()
        since = perf_counter()
        for row in asked:
            ask(row)
        elapsed = perf_counter() - since
        gc.enable()
        self._each = elapsed / calls
        self.series.add(calls * len(cases.FACILITIES), [elapsed])
        self.series.seconds.clear()


def ours(policy: Policy, facilities: list[Facility], rows: Sequence[cases.Row]) -> list[Contestant]:
    """Return our own ways to decide: the conditions, the whole program, the whole decision."""
    rent, place, refund, release = (one.tests.trace for one in facilities)
    programs = [one.whole.run for one in facilities]
    actions = [(one.compiled, one.standing) for one in facilities]

    def traced(row: cases.Row) -> object:
        return rent(row[0]), place(row[1]), refund(row[2]), release(row[3])

    def computed(row: cases.Row) -> object:
        return [run(facts) for run, facts in zip(programs, row, strict=True)]

    def decided(row: cases.Row) -> object:
        return [
            policy.decide(compiled, facts, standing)
            for (compiled, standing), facts in zip(actions, row, strict=True)
        ]

    ways: Sequence[tuple[str, Callable[[Any], object]]] = (
        ("31 conditions traced", traced),
        ("... with limits, legs and figures", computed),
        ("... with reasons: policy.decide", decided),
    )
    return [Contestant(Series(name, _UNIT), rows, ask) for name, ask in ways]


def theirs(peers: Sequence[Peer], rows: Sequence[cases.Row]) -> Iterator[Contestant]:
    """Yield each peer with the same rows."""
    for peer in peers:
        prepared = [peer.prepare(cases.flat(row)) for row in rows]
        yield Contestant(Series(peer.title, _UNIT), prepared, peer.ask, peer)


def fastest(contestants: Sequence[Contestant], form: str) -> Contestant | None:
    """Return the fastest peer that is given facts in a form."""
    asked = [one for one in contestants if one.peer and one.peer.form == form]
    return max(asked, key=lambda one: one.series.rate, default=None)


def single(
    title: str, contestants: Sequence[Contestant], measure: Measure, *, has_target: bool
) -> list[Row]:
    """Run the rounds of single rows, print them, and return them."""
    for number in range(measure.rounds + 1):
        for one in contestants:
            one.try_for(measure.seconds)
            if not number:
                one.series.forget()
    first = contestants[0].series
    best = {form: fastest(contestants, form) for form in FORMS}
    given = best["values"]
    rows = [
        row_of(first, peer.series, ONE_TARGET if has_target and form != "own" else None)
        for form, peer in best.items()
        if peer
    ]
    for one in contestants[0 if not rows else 1 :]:
        against = first if one.peer else given.series if given else None
        rows.append(row_of(one.series, against))
    print_table(title, rows, NOTES)
    return rows


def many(facilities: list[Facility], measure: Measure, missing: Sequence[str]) -> list[Row]:
    """Run the rounds of a million rows, print them, and return them."""
    from benchmarks.engines import million  # noqa: PLC0415 - needs DuckDB

    columns = million.columns_of(facilities, measure.many, _SEED)
    traced = million.Traced(facilities, columns)
    mine = Series(f"DuckDB, {million.THREADS} threads, 31 columns traced", _UNIT)
    acts: list[tuple[Series, Callable[[], object]]] = [(mine, traced.decide)]
    notes = [f"{measure.many:,} rows of four facilities; OpenFisca tells no condition, in float32"]
    if "openfisca-core" not in missing:
        untraced = million.Untraced(facilities, columns)
        wrong = million.differing(traced, untraced)
        notes.append(f"rows float32 answers otherwise: {wrong}")
        acts.append((Series("OpenFisca, from the same columns", _UNIT), untraced.decide_columns))
        acts.append((Series("OpenFisca, its arrays made before", _UNIT), untraced.decide))
    decisions = measure.many * len(facilities)
    for number in range(measure.many_rounds + 1):
        for series, act in acts:
            since = perf_counter()
            act()
            series.add(decisions, [perf_counter() - since])
            if not number:
                series.forget()
            series.seconds.clear()
    floor = Series("the target", _UNIT, [MILLION_TARGET] * len(mine.rates))
    rows = [row_of(mine, floor, 1.0)]
    for series, _ in acts[1:]:
        rows += [row_of(mine, series, OPENFISCA_TARGET), row_of(series, mine)]
    print_table("A million rows", rows, notes)
    return rows


def say_agreement(facilities: list[Facility], peers: Sequence[Peer], count: int) -> list[Row]:
    """Print on how many rows without an unknown a peer differs, and why that can be."""
    found: list[Row] = []
    if not peers:
        return found
    rows = list(cases.rows(facilities, count, _SEED))
    print(f"\nOf {count} rows at random, every fact known, the peers answer otherwise than ours on")
    for peer in hard.one_of_each(peers):
        wrong = sum(
            tuple(peer.answers(cases.flat(row))) != cases.answers_of(facilities, row)
            for row in rows
        )
        print(f"  {wrong:>5}  {peer.title}")
        found.append(Row(f"differs: {peer.title}", wrong, "rows"))
    print("  (cents in floats: 300,000.03 - 300,000.00 is not 0.03 there)")
    return found


def main() -> None:
    """Read the arguments, measure, print the tables, and last one JSON document."""
    parser = argparse.ArgumentParser(description="Measure the rules beside other engines.")
    parser.add_argument("--quick", action="store_true", help="within 50 s (the default)")
    parser.add_argument("--full", action="store_true", help="some minutes")
    measure = FULL if parser.parse_args().full else QUICK
    policy, facilities = cases.open_facilities()
    peers, missing = open_peers(facilities)
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}")
    print("regorus is not on the Python registry by its own name; a fork of it is asked")
    for name in missing:
        print(f"not installed: {name} (pip install -e '.[peers]')")
    every = say_agreement(facilities, peers, measure.checked)
    every += hard.show(facilities, peers)
    example = [cases.example_row(facilities)]
    random = list(cases.rows(facilities, 64, _SEED))
    for title, rows, has_target in (
        ("One row: the facts of the examples, all permitted", example, True),
        ("One row: at random, most fail early, and a peer stops there", random, False),
    ):
        full = [tuple(one.facts for one in facilities)] if has_target else rows
        own = ours(policy, facilities, rows)[:1] + ours(policy, facilities, full)[1:]
        found = single(title, [*own, *theirs(peers, rows)], measure, has_target=has_target)
        every += found if has_target else [_named(row, "random rows: ") for row in found]
    every += many(facilities, measure, missing)
    print()
    print_document(every, "rules")


def _named(row: Row, before: str) -> Row:
    return Row(before + row.name, row.value, row.unit, ratio=row.ratio, against=row.against)


if __name__ == "__main__":
    main()
