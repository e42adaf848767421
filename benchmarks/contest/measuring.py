"""What a contestant has shown, and how it stands against another.

Holds series of trials, their figures, the table and the JSON document. Must not know what is
measured.
"""

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

#: From here on a figure is shown without decimals.
_WHOLE_MIN: Final = 1_000
_TITLES: Final = ("", "median", "", "p50 ms", "p99 ms", "ratio", "against", "median", "target", "")
_WIDTHS: Final = (36, 11, 8, 8, 8, 7, 34, 11, 7, 3)


@dataclass
class Series:
    """One contestant: the rate of each of its trials, and the seconds of each single act."""

    name: str
    unit: str
    rates: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def add(self, count: int, seconds: Sequence[float], elapsed: float | None = None) -> None:
        """Note a trial that did `count` things; acts that overlap took `elapsed` together."""
        self.rates.append(count / (sum(seconds) if elapsed is None else elapsed))
        self.seconds += seconds

    def forget(self) -> None:
        """Forget the trials so far: they warmed up."""
        self.rates.clear()
        self.seconds.clear()

    @property
    def rate(self) -> float:
        """Return the median of the trials; 0 where none came to its end."""
        return statistics.median(self.rates) if self.rates else 0.0

    def millis(self, share: float) -> float | None:
        """Return the milliseconds that a share of the acts did not pass; None if unknown.

        >>> Series("a", "legs/s", [1.0], [0.001, 0.002, 0.009]).millis(0.5)
        2.0
        """
        if not self.seconds:
            return None
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


def ratio(ours: Series, peer: Series) -> float:
    """Return the median of how much faster each trial was than its peer's of the same round.

    >>> ratio(Series("a", "", [10.0, 30.0, 20.0]), Series("b", "", [10.0, 10.0, 10.0]))
    2.0
    """
    pairs = list(zip(ours.rates, peer.rates, strict=False))
    return statistics.median(one / other for one, other in pairs) if pairs else 0.0


@dataclass(frozen=True)
class Row:
    """One line of the report: a figure, what it is held against, and the least that is aimed at.

    With `is_most` the target is the greatest value that is allowed, and not a ratio.
    """

    name: str
    value: float
    unit: str
    p50: float | None = None
    p99: float | None = None
    ratio: float | None = None
    against: str = ""
    peer: float | None = None
    target: float | None = None
    is_most: bool = False

    @property
    def is_met(self) -> bool | None:
        """Tell whether the target is met; None without one."""
        if self.target is None:
            return None
        if self.is_most:
            return self.value <= self.target
        return self.ratio is not None and self.ratio >= self.target

    def document(self) -> dict[str, object]:
        """Return the row as the last line of every benchmark gives it."""
        return {
            "name": self.name,
            "value": round(self.value, 3),
            "unit": self.unit,
            "ratio": None if self.ratio is None else round(self.ratio, 3),
            "against": self.against,
        }


def row_of(ours: Series, peer: Series | None = None, target: float | None = None) -> Row:
    """Return a series as a row, held against a peer where it has one."""
    return Row(
        ours.name,
        ours.rate,
        ours.unit,
        ours.millis(0.5),
        ours.millis(0.99),
        None if peer is None else ratio(ours, peer),
        "" if peer is None else peer.name,
        None if peer is None else peer.rate,
        target,
    )


def latencies(ours: Series) -> list[Row]:
    """Return the latencies of a series as rows of their own, for the document."""
    return [
        Row(f"{ours.name}_{name}", millis, "ms")
        for name, share in (("p50", 0.5), ("p99", 0.99))
        if (millis := ours.millis(share)) is not None
    ]


def print_table(title: str, rows: Sequence[Row], notes: Sequence[str] = ()) -> None:
    """Print rows that belong together, under notes that say what stands in them."""
    if not rows:
        return
    print(f"\n{title}")
    for note in notes:
        print(f"  {note}")
    print(_line(_TITLES))
    for row in rows:
        met = {None: "", True: "yes", False: "NO"}[row.is_met]
        sign = "<=" if row.is_most else ">="
        print(
            _line(
                (
                    row.name,
                    _figure(row.value),
                    row.unit,
                    _number(row.p50),
                    _number(row.p99),
                    _number(row.ratio),
                    row.against,
                    "" if row.peer is None else _figure(row.peer),
                    "" if row.target is None else f"{sign}{row.target:g}",
                    met,
                )
            )
        )


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= _WHOLE_MIN else f"{value:.3g}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _line(cells: Sequence[str]) -> str:
    is_text = (0, 2, 6)
    return "  ".join(
        cell.ljust(width) if at in is_text else cell.rjust(width)
        for at, (cell, width) in enumerate(zip(cells, _WIDTHS, strict=True))
    ).rstrip()


def print_document(rows: Sequence[Row], bench: str = "ledger") -> None:
    """Print all rows as one JSON document in one line: the last one of a benchmark."""
    print(json.dumps({"bench": bench, "results": [row.document() for row in rows]}))
