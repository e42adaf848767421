"""One instruction costs a counted number of trips to the database, and no more than that."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import IO

from qianhai.instructions import Answer
from qianhai.kernel import Outcome
from route.desk import Desk
from route.umbrella import everyone, give_back, keep

#: Trips of one instruction: what it asks, its facts and accounts, its posting and its records.
TRIPS_MAX = 30


class Trips:
    """How often a server had answered and was ready for the next query."""

    def __init__(self, log: IO[str]) -> None:
        self._log = log

    @property
    def count(self) -> int:
        self._log.flush()
        self._log.seek(0)
        return sum("ReadyForQuery" in line for line in self._log)


@contextmanager
def counted(desk: Desk) -> Iterator[Trips]:
    """Trace every connection there is, as libpq itself writes it down."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
        with ExitStack() as held:
            size = desk.database._pool.get_stats()["pool_size"]
            conns = [held.enter_context(desk.database.transaction()) for _ in range(size)]
            wires = [conn.pgconn for conn in conns]
        for wire in wires:
            wire.trace(log.fileno())
        yield Trips(log)
        for wire in wires:
            wire.untrace()


def test_an_instruction_stays_within_its_budget_of_trips(desk: Desk) -> None:
    desk.register(*everyone())
    keep(desk, "a0", "1.00")
    spent = {}
    acts: dict[str, Callable[[], Answer]] = {
        "post": lambda: keep(desk, "a1", "30.00"),
        "later action": lambda: give_back(desk, "b1", "10.00", "a1"),
        "refused by a limit": lambda: keep(desk, "a2", "45.00"),
        "ordinary": lambda: keep(desk, "a3", is_dry="false"),
        "repeat": lambda: keep(desk, "a1", "30.00"),
    }
    for name, send in acts.items():
        with counted(desk) as trips:
            before = trips.count
            answer = send()
            spent[name] = trips.count - before
        assert answer.decision.outcome is not Outcome.INCOMPLETE
    assert max(spent.values()) <= TRIPS_MAX, spent
    assert spent["repeat"] < spent["ordinary"] < spent["post"], spent
