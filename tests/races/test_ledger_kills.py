"""A writer killed at any point leaves each batch whole or absent, and the next one goes on."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from qianhai.db import Database
from qianhai.kernel import POINTS
from qianhai.ledger import Submission, Writer, balances, find_chain, verify
from races.limit_race import AT, draw

WRITER_POINTS = [point for point in POINTS if point.startswith("writer.")]


@pytest.mark.parametrize("point", WRITER_POINTS)
def test_a_killed_writer_leaves_nothing_half_done(
    database: Database, database_url: str, point: str
) -> None:
    with database.transaction() as conn:
        conn.execute("create table notes (name text, result text)")
    tests = Path(__file__).parents[1]
    killed = subprocess.run(
        [sys.executable, str(tests / "races" / "post_until_killed.py"), database_url, point],
        env={**os.environ, "PYTHONPATH": str(tests)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert killed.stdout.split() == ["0", "1"]
    # The third batch was not acknowledged: it may only be there once it was committed.
    batches = 3 if point == "writer.committed" else 2
    with database.transaction() as conn:
        for number in range(4):
            for name in (f"good-{number}", f"bad-{number}"):
                stored = find_chain(conn, "bank-1", draw(name, 1).id)
                assert (stored is not None) is (number < batches)
        notes = conn.execute("select result, count(*) from notes group by 1 order by 1").fetchall()
        used = balances(conn, "bank-1", ["limit"])["limit"].used
    assert notes == [("limit_passed", batches), ("posted", batches)]
    assert used == 100 * batches
    with database.transaction() as conn:
        assert list(verify(conn)) == []
    again = Writer(database).submit([Submission(draw("good-2", 100))], at=AT)[0]
    assert (again.is_posted, again.first) == (True, batches == 2)
