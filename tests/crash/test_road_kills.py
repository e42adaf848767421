"""Thirty kills at every named point of the road: what was answered is there, nothing is half."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import IO

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from crash import business
from qianhai.db import Database, open_database, stop_server
from qianhai.kernel import POINTS
from route.desk import plan_files

pytestmark = pytest.mark.untraced

TESTS = Path(__file__).parents[1]
LETTERS = "".join(business.OUTCOMES)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder of its own, on a durable server that the server's user can enter."""
    folder = Path(tempfile.mkdtemp(prefix="qianhai-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    stop_server(folder)
    shutil.rmtree(folder)


@dataclass
class Sender:
    """The process that sends rounds of business until its child is killed."""

    asked: IO[str]
    said: IO[str]

    def send(self, number: int, point: str, turn: int, victim: str) -> tuple[list[str], int]:
        """Send a round; return the ids that were answered, and how the child ended."""
        self.asked.write(f"{number} {point} {turn} {victim}\n")
        self.asked.flush()
        answered: list[str] = []
        for line in self.said:
            word, _, status = line.strip().partition(" ")
            if word == "end":
                return answered, int(status)
            answered.append(word)
        raise AssertionError("the sender itself ended")


@pytest.fixture
def sender(folder: Path) -> Iterator[Sender]:
    with subprocess.Popen(
        [sys.executable, str(TESTS / "crash" / "submit_until_killed.py"), str(folder)],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as started:
        assert started.stdin
        assert started.stdout
        yield Sender(started.stdin, started.stdout)
        started.stdin.close()
        assert started.wait() == 0


def kills() -> Iterator[tuple[str, int, str]]:
    """Yield thirty kills: every point thrice, at ever other instructions, and the server's death.

    A hold, a refusal and a later action must each be met at points of the writer and of the road.
    """
    turns = iter([0, 3, 1, 4, 2, 7, 5, 8, 9, 6, 0, 11, 10, 1, 3, 4, 2, 8, 5, 7, 9, 0, 1, 4] * 2)
    for _, point in product(range(3), POINTS):
        yield point, next(turns), "self"
    for point in ("road.gathered", *(p for p in POINTS if p.startswith("writer."))):
        yield point, next(turns), "server"


@pytest.mark.slow
def test_thirty_kills_leave_every_answer_and_nothing_half(folder: Path, sender: Sender) -> None:
    planned = list(kills())
    assert len(planned) == 30
    with open_database(url=None, data_dir=folder) as database:
        business.enter(business.open_desk(database))
        done: dict[str, str] = {}
        for number, (point, turn, victim) in enumerate(planned):
            _strike(database, sender, number, point, turn, victim)
            done |= {f"{letter}{number}": out for letter, out in business.OUTCOMES.items()}
            assert business.outcomes(database) == done
        assert business.halves(database) == []
        stood = business.positions(database)
        with _calm(folder) as calm:
            desk = business.open_desk(calm)
            business.enter(desk)
            for number in range(len(planned)):
                for instruction in business.round_of(desk, number):
                    desk.road.submit(instruction, at=desk.now())
            assert business.outcomes(calm) == done
            assert business.positions(calm) == stood


def _strike(
    database: Database, sender: Sender, number: int, point: str, turn: int, victim: str
) -> None:
    """Kill once in a round, look at what is there, and send the round again to its end."""
    what = f"round {number}: {victim} killed at {point} of instruction {turn}"
    answered, status = sender.send(number, point, turn, victim)
    dying = _dying(point, turn) if victim == "self" else None
    if dying is None:
        assert (status, len(answered)) == (0, len(LETTERS)), what
        whole = LETTERS
    else:
        assert status == -signal.SIGKILL, what
        assert answered == [f"{letter}{number}" for letter in LETTERS[:dying]], what
        # What was committed is there though its answer was lost; what was not has left no trace.
        whole = LETTERS[: dying + (point == "writer.committed")]
    there = {one for one in business.outcomes(database) if one[1:] == f"{number}"}
    assert there == {f"{letter}{number}" for letter in whole}, what
    assert business.halves(database) == [], what
    again, status = sender.send(number, "none", 0, "self")
    assert (status, len(again)) == (0, len(LETTERS)), what


def _dying(point: str, turn: int) -> int | None:
    """Return the first instruction from a turn on that comes by a point, if any does."""
    skipping = {
        "road.gathered": "g",
        "road.decided": "g",
        "road.shaped": "fgkl",
    }.get(point, "")
    return next((at for at in range(turn, len(LETTERS)) if LETTERS[at] not in skipping), None)


def _calm(folder: Path) -> Database:
    """Return a fresh database of the same server, for the same business without any kill."""
    with open_database(url=None, data_dir=folder) as database:
        url = database.url
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("create database calm template template0 encoding 'UTF8' locale 'C'")
    return open_database(url=make_conninfo(url, dbname="calm"), data_dir=folder)


@pytest.mark.slow
def test_a_killed_command_is_run_again_to_the_end_and_books_nothing_twice(folder: Path) -> None:
    plan = folder / "plan"
    for name, raw in plan_files().items():
        (plan / name).parent.mkdir(parents=True, exist_ok=True)
        (plan / name).write_bytes(raw)
    parties, day = business.write_files(folder, 1)
    command = [sys.executable, "-m", "qianhai.main", "run", str(day), "--parties", str(parties)]
    environ = {name: text for name, text in os.environ.items() if not name.startswith("QIANHAI_")}
    environ |= {"QIANHAI_DATA_DIR": str(folder), "QIANHAI_PLAN_DIR": str(plan)}

    def run(stop_at: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, "--json"],
            env=environ | {"QIANHAI_STOP_AT": stop_at},
            capture_output=True,
            text=True,
            check=False,
        )

    for point in ("writer.recorded", "road.shaped"):
        assert run(point).returncode == -signal.SIGKILL, point
    first, again = run(), run()
    assert first.returncode == again.returncode == 0, first.stdout + again.stdout
    for done, repeated in ((first, 0), (again, 3)):
        summary = json.loads(done.stdout)
        assert (summary["instructions"], summary["repeated"]) == (3, repeated)
        assert summary["outcomes"]["permitted"] == 2
    heads = [json.loads(done.stdout)["heads"]["journal"] for done in (first, again)]
    assert heads[0] == heads[1]
    with open_database(url=None, data_dir=folder) as database:
        assert business.halves(database) == []
        assert business.positions(database)["account:bank-1:6200001"] == (9999300, 0, 0)
