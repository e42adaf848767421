"""A connection lost around COMMIT is asked for, never guessed."""

import pytest

from qianhai.db import Database
from qianhai.kernel import Environment
from qianhai.ledger import Submission, Writer, balances, head, verify
from races.limit_race import AT, draw
from races.losing_proxy import LosingProxy


def test_a_commit_whose_answer_was_lost_is_found_and_answered(
    wired: Database, proxy: LosingProxy, database: Database
) -> None:
    writer = Writer(wired)
    writer.submit([Submission(draw("first", 100))], at=AT)
    for number in range(5):
        proxy.cut = "after"
        result = writer.submit([Submission(draw(f"{number}", 10))], at=AT)[0]
        assert proxy.cut is None
        assert (result.is_posted, result.first) == (True, True)
    with database.transaction() as conn:
        assert balances(conn, "bank-1", ["limit"])["limit"].used == 150
    with database.transaction() as conn:
        assert list(verify(conn)) == []


def test_a_commit_that_never_arrived_is_told_and_can_be_sent_again(
    wired: Database, proxy: LosingProxy, database: Database
) -> None:
    writer = Writer(wired)
    writer.submit([Submission(draw("first", 100))], at=AT)
    proxy.cut = "before"
    with pytest.raises(Environment, match="nothing was booked") as caught:
        writer.submit([Submission(draw("second", 10))], at=AT)
    assert proxy.cut is None
    assert caught.value.is_retry_safe
    with database.transaction() as conn:
        assert head(conn).batch == 1
    again = writer.submit([Submission(draw("second", 10))], at=AT)[0]
    assert (again.is_posted, again.first) == (True, True)


def test_a_sweep_of_nothing_whose_commit_was_lost_swept_nothing(
    wired: Database, proxy: LosingProxy
) -> None:
    proxy.cut = "before"
    assert Writer(wired).expire(at=AT) == []
    assert proxy.cut is None
