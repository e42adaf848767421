"""Single chains through `Writer.submit` and `hand_in`, by callers who share its commits."""

from collections import deque
from collections.abc import Callable, Sequence
from time import perf_counter
from uuid import UUID

from benchmarks.contest.loads import (
    ACCOUNTS,
    AMOUNT_MAX,
    INSTITUTION,
    VALUE_ON,
    Loads,
    account_name,
    instant,
)
from benchmarks.contest.measuring import Series
from benchmarks.contest.peers import drive

from qianhai.ledger import Chain, Handed, Kind, Leg, Submission, Writer


class Callers:
    """Threads that hand in chains of one leg, so many outstanding each, and wait for results."""

    def __init__(
        self, writer: Writer, loads: Loads, callers: int, outstanding: int, seconds: float
    ) -> None:
        self._writer, self._loads = writer, loads
        self._callers, self._outstanding, self._seconds = callers, outstanding, seconds
        self.series = Series(f"submit_{callers}_callers_{outstanding}_outstanding", "chains/s")

    def trial(self) -> None:
        """Hand in for so long; what is handed in is made before."""
        rows = int(20_000 * self._seconds / self._callers) + 2 * self._outstanding
        asked = [self._asked(rows) for _ in range(self._callers)]
        call = self._one_by_one if self._outstanding == 1 else self._ahead
        count, spent, elapsed = drive([call(each) for each in asked], self._seconds)
        self.series.add(count, spent, elapsed)

    def _asked(self, rows: int) -> list[Submission]:
        ids = self._loads.ids.rising(rows)
        dice = self._loads.dice
        debits = dice.integers(0, ACCOUNTS, rows)
        credits_ = (debits + dice.integers(1, ACCOUNTS, rows)) % ACCOUNTS
        amounts = dice.integers(1, AMOUNT_MAX, rows)
        return [
            Submission(
                Chain(
                    UUID(bytes=number.tobytes()),
                    INSTITUTION,
                    Kind.POST,
                    (Leg(account_name(debit), account_name(credit), amount),),
                    VALUE_ON,
                )
            )
            for number, debit, credit, amount in zip(
                ids, debits.tolist(), credits_.tolist(), amounts.tolist(), strict=True
            )
        ]

    def _one_by_one(self, asked: Sequence[Submission]) -> Callable[[float, list[float]], None]:
        def call(until: float, spent: list[float]) -> None:
            for submission in asked:
                since = perf_counter()
                if since > until:
                    return
                (result,) = self._writer.submit([submission], at=instant())
                spent.append(perf_counter() - since)
                assert result.is_posted, result

        return call

    def _ahead(self, asked: Sequence[Submission]) -> Callable[[float, list[float]], None]:
        def call(until: float, spent: list[float]) -> None:
            handed: deque[tuple[float, Handed]] = deque()
            for submission in asked:
                now = perf_counter()
                if now > until:
                    break
                handed.append((now, self._writer.hand_in([submission], at=instant())))
                if len(handed) == self._outstanding:
                    take(handed, spent)
            while handed:
                take(handed, spent)

        def take(handed: deque[tuple[float, Handed]], spent: list[float]) -> None:
            since, first = handed.popleft()
            (result,) = first.result()
            spent.append(perf_counter() - since)
            assert result.is_posted, result

        return call
