"""A process that posts one draw after another and is killed at a named point of its third batch.

    python post_until_killed.py URL POINT

It prints the number of each batch once the writer has answered. Each batch carries two chains, the
second of which fails, and a note beside each.
"""

import os
import signal
import sys
from pathlib import Path

from qianhai.db import Connection, open_database
from qianhai.kernel import arm
from qianhai.ledger import ChainResult, Submission, Writer
from races.limit_race import AT, CAP, draw


def _submission(name: str, amount: int) -> Submission:
    def record(conn: Connection, result: ChainResult) -> None:
        conn.execute("insert into notes values (%s, %s)", (name, result.result.value))

    return Submission(draw(name, amount), record)


def _main(url: str, point: str) -> None:
    with open_database(url=url, data_dir=Path("unused")) as database:
        writer = Writer(database)
        for number in range(10):
            if number == 2:
                arm(point, lambda: os.kill(os.getpid(), signal.SIGKILL))
            writer.submit(
                [_submission(f"good-{number}", 100), _submission(f"bad-{number}", CAP)], at=AT
            )
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    _main(*sys.argv[1:])
