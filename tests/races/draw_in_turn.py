"""A process that draws on a limit another process draws on too, each with a writer of its own.

    python draw_in_turn.py URL NAME COUNT

It says `ready`, waits for a line, and draws: COUNT times and until it has seen what the other drew.
It prints a line a draw: NAME, sequence number (0 when refused), what was used before, and taken.
"""

import sys
from pathlib import Path

from qianhai.db import open_database
from qianhai.ledger import Submission, Writer
from races.limit_race import AT, draw


def _main(url: str, name: str, count: str) -> None:
    with open_database(url=url, data_dir=Path("unused")) as database:
        writer = Writer(database)
        print("ready", flush=True)  # noqa: T201
        sys.stdin.readline()
        own, number, has_seen_other = 0, 0, False
        while number < int(count) or not has_seen_other:
            result = writer.submit([Submission(draw(f"{name}-{number}", 7))], at=AT)[0]
            (_, used), taken = result.before[-1], result.amounts[-1]
            print(name, result.seq_last or 0, used, taken, flush=True)  # noqa: T201
            own += taken
            number += 1
            has_seen_other |= used + taken > own


if __name__ == "__main__":
    _main(*sys.argv[1:])
