"""Many callers, one commit: whoever comes first writes for all who wait.

Holds the line of those who ask and the rule by which one of them leads. There is no thread of its
own: while one batch commits, the next gathers. Must not know what is asked for.
"""

from collections import deque
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Final, Generic, TypeVar

from qianhai.kernel import Environment

#: How long a batch waits for those who were in the one before: less than its commit takes.
GATHER_SECONDS: Final = 0.002

Asked = TypeVar("Asked")
Given = TypeVar("Given")


class Ticket(Generic[Asked, Given]):
    """One caller's place in the line; `weight` is what it adds to a batch, `is_alone` if nothing.

    A ticket may be waited for later, so that a caller has several in the line; what nobody waits
    for is written with the next batch somebody waits for.
    """

    def __init__(
        self, line: "Line[Asked, Given]", asked: Asked, weight: int, *, is_alone: bool
    ) -> None:
        self.asked, self.weight, self.is_alone = asked, weight, is_alone
        self.given: Given | None = None
        self.fault: BaseException | None = None
        self.is_done = self.is_waiting = self.is_leading = False
        self.wake = Lock()
        self.wake.acquire()
        self._line = line

    def result(self) -> Given:
        """Wait for what was asked and return it, or raise what went wrong."""
        self._line.wait_for(self)
        if self.fault is not None:
            raise self.fault
        assert self.given is not None, "a ticket that is done was given something"
        return self.given


class Line(Generic[Asked, Given]):
    """The line of one writer. `serve` answers a batch of what was asked, in order, or raises.

    A batch is what stands in front, up to `weight_max`. Those who were just answered come back
    within a moment: it waits for as many, at most `GATHER_SECONDS`, and never for one alone. If
    serving several fails, each is served alone, so that only whoever is at fault hears of it; what
    the environment did is told to all.
    """

    def __init__(
        self, serve: Callable[[Sequence[Asked]], Sequence[Given]], weight_max: int
    ) -> None:
        self._serve, self._weight_max = serve, weight_max
        self._waiting: deque[Ticket[Asked, Given]] = deque()
        self._door = Lock()
        self._is_led = False
        self._last = self._expected = 0
        self._gathered = Lock()
        self._gathered.acquire()

    def __len__(self) -> int:
        """Return how many stand in the line."""
        return len(self._waiting)

    def join(self, asked: Asked, weight: int, *, is_alone: bool = False) -> Ticket[Asked, Given]:
        """Take a place at the end of the line."""
        ticket = Ticket(self, asked, weight, is_alone=is_alone)
        with self._door:
            self._waiting.append(ticket)
            if 0 < self._expected <= len(self._waiting):
                self._expected = 0
                self._gathered.release()
        return ticket

    def wait_for(self, ticket: Ticket[Asked, Given]) -> None:
        """Return when a ticket is done: by another who leads, or by leading until it is."""
        try:
            with self._door:
                if ticket.is_done:
                    return
                ticket.is_waiting = True
                ticket.is_leading = not self._is_led
                self._is_led = True
            if not ticket.is_leading:
                ticket.wake.acquire()  # until it is done, or its turn to lead has come
            while not ticket.is_done:
                self._serve_next()
        except BaseException:
            self._leave(ticket)
            raise
        if ticket.is_leading:
            self._appoint()

    def _leave(self, ticket: Ticket[Asked, Given]) -> None:
        """Take a caller who was interrupted out of the line."""
        with self._door:
            ticket.is_waiting = False
            if ticket in self._waiting:
                self._waiting.remove(ticket)
        if ticket.is_leading:
            self._appoint()

    def _appoint(self) -> None:
        """Have the first who waits lead, or nobody when nobody waits."""
        with self._door:
            for ticket in self._waiting:
                if ticket.is_waiting:
                    ticket.is_leading = True
                    ticket.wake.release()
                    return
            self._is_led = False

    def _gather(self, count: int) -> None:
        """Let the line fill up to a count again, for a moment."""
        with self._door:
            if count <= 1 or len(self._waiting) >= count:
                return
            self._expected = count
        is_full = False
        try:
            is_full = self._gathered.acquire(timeout=GATHER_SECONDS)
        finally:
            with self._door:
                if not is_full and not self._expected:  # it was filled between the two
                    self._gathered.acquire()
                self._expected = 0

    def _serve_next(self) -> None:
        self._gather(self._last)
        batch = self._take()
        self._last = len(batch)
        try:
            self._answer(batch)
        except BaseException:
            with self._door:
                self._waiting.extendleft(ticket for ticket in reversed(batch) if not ticket.is_done)
            raise

    def _answer(self, batch: Sequence[Ticket[Asked, Given]]) -> None:
        try:
            given = self._serve([ticket.asked for ticket in batch])
        except Environment as fault:
            for ticket in batch:
                self._finish(ticket, None, fault)
        except Exception as fault:  # noqa: BLE001 - it is the caller's, and raised to the caller
            if len(batch) == 1:
                self._finish(batch[0], None, fault)
                return
            for ticket in batch:
                self._answer([ticket])
        else:
            for ticket, each in zip(batch, given, strict=True):
                self._finish(ticket, each, None)

    def _take(self) -> list[Ticket[Asked, Given]]:
        batch: list[Ticket[Asked, Given]] = []
        weight = 0
        with self._door:
            while self._waiting:
                ticket = self._waiting[0]
                fits = weight + ticket.weight <= self._weight_max and not ticket.is_alone
                if batch and not fits:
                    break
                batch.append(self._waiting.popleft())
                weight += ticket.weight
                if ticket.is_alone:
                    break
        return batch

    def _finish(
        self, ticket: Ticket[Asked, Given], given: Given | None, fault: Exception | None
    ) -> None:
        ticket.given, ticket.fault = given, fault
        with self._door:
            ticket.is_done = True
            if ticket.is_waiting and not ticket.is_leading:
                ticket.wake.release()
