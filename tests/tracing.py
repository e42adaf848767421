"""Coverage put aside where it takes most of the time and tells nothing.

A test of the whole pack shows what the plan says, three times slower when traced; what a room owes
in coverage it has from tests on small packs. A process that is killed never says what it ran.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from coverage import Coverage

#: By these a process that a test starts is told to count too.
_TOLD = ("COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START")


@contextmanager
def untraced() -> Iterator[None]:
    """Count no line that runs meanwhile, here or in a process that is started."""
    told = {name: os.environ.pop(name) for name in _TOLD if name in os.environ}
    stopped = []
    while running := Coverage.current():
        running.stop()
        stopped.append(running)
    try:
        yield
    finally:
        for one in reversed(stopped):
            one.start()
        os.environ.update(told)
