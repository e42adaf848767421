"""Long works: started by a page, done beside it, looked at until they end.

Held in this process, one at a time: the road takes one writer at its speed anyway. Must not know
what a work does.
"""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Final
from uuid import UUID

from qianhai.kernel import BadInput, Flaw, QianhaiError, uuid7

_LOG: Final = logging.getLogger("qianhai.web")
_ID_BYTES: Final = 10
_KEPT: Final = timedelta(days=1)


@dataclass(slots=True)
class Work:
    """One long work: whose, how far, and what came of it."""

    id: UUID
    title: str
    owner: str
    began_at: datetime
    stage: str = ""
    count: int = 0
    total: int | None = None
    ended_at: datetime | None = None
    result: object = None
    flaws: tuple[Flaw, ...] = ()
    fault: Exception | None = None
    is_stopped: bool = False
    #: What is put away when the work is forgotten, such as the files it left.
    left: ExitStack = field(default_factory=ExitStack)
    #: Where its outcomes are, if it leaves any.
    folder: Path | None = None

    def enter(self, stage: str, total: int | None = None) -> Callable[[int], None]:
        """Begin a stage of the work and return what counts its progress."""
        if self.is_stopped:
            raise StoppedWork
        self.stage, self.count, self.total = stage, 0, total
        return self.tick

    def tick(self, count: int) -> None:
        """Count progress; the place where a work that must end does."""
        if self.is_stopped:
            raise StoppedWork
        self.count += count

    @property
    def is_running(self) -> bool:
        """Tell whether there is more to come."""
        return self.ended_at is None


class StoppedWork(QianhaiError):
    """The server is going down; what was committed stays, and the work can be given again."""


@dataclass(slots=True)
class Works:
    """The long works of this process."""

    now: Callable[[], datetime]
    salts: Callable[[int], bytes]
    #: Told of each work that ended, in the thread that did it.
    ended: Callable[[Work], None] = lambda _work: None
    _works: dict[UUID, Work] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    _pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="work")
    )

    def start(self, title: str, owner: str, act: Callable[[Work], object]) -> Work:
        """Begin a work, when those before it have ended, and return it at once."""
        at = self.now()
        work = Work(uuid7(at, self.salts(_ID_BYTES)), title, owner, at)
        with self._lock:
            for old in [one for one in self._works.values() if one.ended_at]:
                if old.ended_at and at - old.ended_at > _KEPT:
                    del self._works[old.id]
                    old.left.close()
            self._works[work.id] = work
        self._pool.submit(self._run, work, act)
        return work

    def of(self, work_id: UUID) -> Work | None:
        """Return a work by its id, while it is remembered."""
        return self._works.get(work_id)

    def owned(self, owner: str) -> list[Work]:
        """Return the works of one user, the newest first."""
        found = [one for one in self._works.values() if one.owner == owner]
        return sorted(found, key=lambda one: one.id, reverse=True)

    @property
    def counts(self) -> tuple[int, int]:
        """Return how many works run and how many wait for their turn."""
        open_ones = sum(one.is_running for one in list(self._works.values()))
        return min(open_ones, 1), max(open_ones - 1, 0)

    def close(self) -> None:
        """Ask running works to end at their next step, and wait for them."""
        for work in list(self._works.values()):
            work.is_stopped = True
        self._pool.shutdown(wait=True, cancel_futures=True)
        for work in self._works.values():
            work.left.close()

    def _run(self, work: Work, act: Callable[[Work], object]) -> None:
        try:
            work.result = act(work)
        except BadInput as fault:
            work.flaws = fault.flaws
        except Exception as fault:  # noqa: BLE001 - told on the work's page, whatever it is
            work.fault = fault
        finally:
            work.ended_at = self.now()
            try:
                self.ended(work)
            except QianhaiError:
                _LOG.exception("the end of work %s could not be told", work.id)
