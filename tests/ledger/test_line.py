"""Callers who share a batch: each gets its own answer, and nobody waits for one who is gone."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import cast

import pytest

from qianhai.kernel import Environment
from qianhai.ledger.queue import Line, Ticket

#: Long enough that only a deadlock reaches it.
DEADLINE = 60


class BrokenOff(BaseException):
    """What a signal raises in a thread, at whatever it does just then."""


class Serving:
    """Answers numbers with their doubles and keeps every batch; `before` runs ahead of each."""

    def __init__(self, before: Callable[[Sequence[int]], None] = lambda _batch: None) -> None:
        self.before = before
        self.batches: list[list[int]] = []

    def __call__(self, batch: Sequence[int]) -> list[int]:
        self.batches.append(list(batch))
        self.before(batch)
        return [2 * number for number in batch]


class WaitBrokenOff:
    """The lock a caller waits on, interrupted: at once, or when it is let go."""

    def __init__(self, *, at_once: bool) -> None:
        self._is_free = threading.Event()
        if at_once:
            self._is_free.set()

    def acquire(self) -> None:
        assert self._is_free.wait(DEADLINE)
        raise BrokenOff

    def release(self) -> None:
        self._is_free.set()


def in_thread(act: Callable[[], int]) -> Future[int]:
    """Begin an act in a thread of its own."""
    pool = ThreadPoolExecutor(1)
    begun = pool.submit(act)
    pool.shutdown(wait=False)
    return begun


def until_waiting(ticket: Ticket[int, int]) -> None:
    """Return once somebody waits for a ticket."""
    turn = threading.Event()
    for _ in range(DEADLINE * 1000):
        if ticket.is_waiting:
            return
        turn.wait(0.001)
    raise AssertionError("nobody came to wait")


def test_what_many_callers_ask_at_once_is_answered_to_each() -> None:
    serving = Serving()
    line = Line(serving, 7)
    gate = threading.Barrier(32)

    def ask(number: int) -> Callable[[], list[int]]:
        def act() -> list[int]:
            gate.wait()
            return [line.join(100 * number + turn, 1).result() for turn in range(20)]

        return act

    with ThreadPoolExecutor(32) as pool:
        asking = [pool.submit(ask(number)) for number in range(32)]
        answers = [each.result(DEADLINE) for each in asking]
    assert answers == [[2 * (100 * number + turn) for turn in range(20)] for number in range(32)]
    asked = [number for batch in serving.batches for number in batch]
    assert len(asked) == len(set(asked)) == 640
    assert max(map(len, serving.batches)) <= 7
    for number in range(32):  # each caller's in its order
        mine = [one for one in asked if one // 100 == number]
        assert mine == sorted(mine)


def test_what_comes_in_while_one_batch_is_served_is_the_next() -> None:
    later: list[Ticket[int, int]] = []

    def gather(batch: Sequence[int]) -> None:
        if list(batch) == [0]:
            later.extend(line.join(number, 1) for number in range(1, 6))

    serving = Serving(gather)
    line = Line(serving, 100)
    assert line.join(0, 1).result() == 0
    assert later[3].result() == 8
    assert serving.batches == [[0], [1, 2, 3, 4, 5]]
    assert [ticket.result() for ticket in later] == [2, 4, 6, 8, 10]
    assert len(serving.batches) == 2


def test_a_batch_takes_no_more_than_it_may_weigh_but_one_that_weighs_more_alone() -> None:
    serving = Serving()
    line = Line(serving, 6)
    tickets = [line.join(number, number) for number in (3, 3, 1, 9, 5)]
    assert tickets[-1].result() == 10
    assert serving.batches == [[3, 3], [1], [9], [5]]


def test_one_who_wants_to_be_alone_shares_with_nobody_and_keeps_its_place() -> None:
    serving = Serving()
    line = Line(serving, 100)
    tickets = [line.join(number, 1, is_alone=number == 2) for number in range(5)]
    assert tickets[4].result() == 8
    assert serving.batches == [[0, 1], [2], [3, 4]]


def test_what_fails_in_a_shared_batch_fails_for_its_caller_only() -> None:
    def refuse(batch: Sequence[int]) -> None:
        if 13 in batch:
            raise ValueError("thirteen")

    serving = Serving(refuse)
    line = Line(serving, 100)
    tickets = [line.join(number, 1) for number in (1, 13, 2)]
    assert tickets[0].result() == 2
    with pytest.raises(ValueError, match="thirteen"):
        tickets[1].result()
    assert tickets[2].result() == 4
    assert serving.batches == [[1, 13, 2], [1], [13], [2]]
    with pytest.raises(ValueError, match="thirteen"):
        line.join(13, 1).result()
    assert line.join(3, 1).result() == 6


def test_what_the_environment_did_is_told_to_all_and_not_tried_again() -> None:
    def fall(_batch: Sequence[int]) -> None:
        raise Environment("The database is gone.", "Start it.", zh="数据库不可用。请启动。")

    serving = Serving(fall)
    line = Line(serving, 100)
    tickets = [line.join(number, 1) for number in range(3)]
    for ticket in tickets:
        with pytest.raises(Environment, match="gone"):
            ticket.result()
    assert serving.batches == [[0, 1, 2]]
    serving.before = lambda _batch: None
    assert line.join(3, 1).result() == 6


def test_who_waited_leads_when_the_leader_has_its_answer_and_passes_over_who_is_not_there() -> None:
    asking: list[Future[int]] = []

    def wait_behind(batch: Sequence[int]) -> None:
        if list(batch) == [0]:
            asking.append(in_thread(tickets[2].result))
            until_waiting(tickets[2])

    serving = Serving(wait_behind)
    line = Line(serving, 1)
    tickets = [line.join(number, 1) for number in range(4)]
    assert tickets[0].result() == 0
    assert asking[0].result(DEADLINE) == 4
    assert serving.batches == [[0], [1], [2]]  # nobody waits for 3
    assert tickets[3].result() == 6
    assert tickets[1].result() == 2


def test_a_leader_who_is_interrupted_leaves_the_others_to_one_of_them() -> None:
    asking: list[Future[int]] = []

    def interrupt(_batch: Sequence[int]) -> None:
        if not asking:
            asking.append(in_thread(tickets[1].result))
            until_waiting(tickets[1])
            raise BrokenOff

    serving = Serving(interrupt)
    line = Line(serving, 100)
    tickets = [line.join(number, 1) for number in range(3)]
    with pytest.raises(BrokenOff):
        tickets[0].result()
    assert asking[0].result(DEADLINE) == 2
    assert serving.batches == [[0, 1, 2], [1, 2]]  # who was interrupted is out of the line
    assert tickets[2].result() == 4
    assert line.join(5, 1).result() == 10


def test_a_leader_interrupted_while_it_serves_one_by_one_keeps_what_was_answered() -> None:
    def interrupt(batch: Sequence[int]) -> None:
        if len(batch) > 1:
            raise ValueError("one of them")
        if list(batch) == [1]:
            raise BrokenOff

    serving = Serving(interrupt)
    line = Line(serving, 100)
    tickets = [line.join(number, 1) for number in range(3)]
    with pytest.raises(BrokenOff):
        tickets[1].result()
    assert tickets[0].result() == 0
    assert tickets[2].result() == 4
    assert serving.batches == [[0, 1, 2], [0], [1], [2]]


def test_one_interrupted_while_waiting_is_out_of_the_line() -> None:
    asking: list[Future[int]] = []

    def wait_behind(batch: Sequence[int]) -> None:
        if list(batch) == [0]:
            asking.append(in_thread(tickets[1].result))
            with pytest.raises(BrokenOff):
                asking[0].result(DEADLINE)

    serving = Serving(wait_behind)
    line = Line(serving, 1)
    tickets = [line.join(number, 1) for number in range(3)]
    tickets[1].wake = cast("threading.Lock", WaitBrokenOff(at_once=True))
    assert tickets[0].result() == 0
    assert tickets[2].result() == 4
    assert serving.batches == [[0], [2]]


def test_one_interrupted_while_its_batch_is_served_may_ask_for_the_answer_again() -> None:
    def wait_behind(_batch: Sequence[int]) -> None:
        with pytest.raises(BrokenOff):
            in_thread(tickets[1].result).result(DEADLINE)

    serving = Serving(wait_behind)
    line = Line(serving, 100)
    tickets = [line.join(number, 1) for number in range(2)]
    tickets[1].wake = cast("threading.Lock", WaitBrokenOff(at_once=True))
    assert tickets[0].result() == 0
    assert tickets[1].result() == 2
    assert serving.batches == [[0, 1]]


def test_one_interrupted_as_its_turn_to_lead_comes_hands_it_on() -> None:
    asking: list[Future[int]] = []

    def wait_behind(batch: Sequence[int]) -> None:
        if list(batch) == [0]:
            for ticket in tickets[1:]:
                asking.append(in_thread(ticket.result))
                until_waiting(ticket)

    serving = Serving(wait_behind)
    line = Line(serving, 1)
    tickets = [line.join(number, 1) for number in range(3)]
    tickets[1].wake = cast("threading.Lock", WaitBrokenOff(at_once=False))
    assert tickets[0].result() == 0
    with pytest.raises(BrokenOff):
        asking[0].result(DEADLINE)
    assert asking[1].result(DEADLINE) == 4
    assert serving.batches == [[0], [2]]
