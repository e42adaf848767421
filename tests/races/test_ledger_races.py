"""Many writers at once: no limit is passed, no id posts twice, nobody waits for ever."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import TypeVar

from qianhai.db import Database
from qianhai.ledger import Leg, Result, Submission, Writer, balances, head, verify
from races.limit_race import AT, CAP, chain, draw

Answer = TypeVar("Answer")


def at_once(acts: Sequence[Callable[[], Answer]]) -> list[Answer]:
    """Have every act begin at the same moment, each in a thread of its own."""
    gate = threading.Barrier(len(acts))

    def begin(act: Callable[[], Answer]) -> Answer:
        gate.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(begin, acts))


def test_a_limit_is_never_overdrawn_by_sixty_four_writers(database: Database) -> None:
    amounts = [Random(number).randint(1, 2 * CAP // 64) for number in range(64 * 3)]  # noqa: S311

    refused: list[int] = []

    def writer(number: int) -> Callable[[], int]:
        def draw_thrice() -> int:
            posted = 0
            for turn in range(3):
                asked = amounts[number * 3 + turn]
                submission = Submission(draw(f"{number}-{turn}", asked))
                result = Writer(database).submit([submission], at=AT)[0]
                if result.is_posted:
                    posted += asked
                else:
                    assert result.result is Result.LIMIT_PASSED
                    refused.append(asked)
            return posted

        return draw_thrice

    posted = sum(at_once([writer(number) for number in range(64)]))
    with database.transaction() as conn:
        found = balances(conn, "bank-1", ["limit", "right"])
    assert found["limit"].used == found["right"].balance == posted <= CAP
    assert posted + min(refused) > CAP, "a draw was refused that would have fitted"
    with database.transaction() as conn:
        assert list(verify(conn)) == []


def test_two_writers_of_one_id_post_it_once(database: Database) -> None:
    def post() -> bool:
        result = Writer(database).submit([Submission(draw("same", 500))], at=AT)[0]
        assert result.is_posted
        return result.first

    assert sorted(at_once([post] * 16)) == [False] * 15 + [True]
    with database.transaction() as conn:
        assert balances(conn, "bank-1", ["limit"])["limit"].used == 500


def test_writers_in_opposite_order_do_not_wait_for_each_other_for_ever(database: Database) -> None:
    def writer(number: int) -> Callable[[], int]:
        names = ("left", "right") if number % 2 else ("right", "left")

        def post() -> int:
            chains = [chain(f"{number}-{turn}", Leg(*names, 7)) for turn in range(10)]
            results = Writer(database).submit([Submission(each) for each in chains], at=AT)
            return sum(each.is_posted for each in results)

        return post

    assert sum(at_once([writer(number) for number in range(16)])) == 160
    with database.transaction() as conn:
        assert balances(conn, "bank-1", ["left"])["left"].balance == 0
        assert head(conn).batch == 16


def test_a_stale_expectation_lets_one_of_two_writers_win(database: Database) -> None:
    def writer(number: int) -> Callable[[], Result]:
        def post() -> Result:
            once = chain(f"{number}", Leg("left", "right", 5))
            expecting = type(once)(
                once.id,
                once.institution_id,
                once.kind,
                once.legs,
                once.value_on,
                expects=(("right", 0),),
                opens=once.opens,
            )
            return Writer(database).submit([Submission(expecting)], at=AT)[0].result

        return post

    results = at_once([writer(number) for number in range(8)])
    assert sorted(results) == [Result.POSTED] + [Result.STALE] * 7
