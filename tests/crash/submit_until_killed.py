"""A process that submits rounds of business, each in a child that is killed where it is told.

    python submit_until_killed.py FOLDER

It reads one line a round: `ROUND POINT NUMBER VICTIM`. A child submits the round, prints each id
once the road has answered it, and when instruction NUMBER, or a later one, reaches POINT, kills the
VICTIM: `self`, or the `server`, after which it sends the same instruction again. POINT `none` lets
the round end. After each round the parent prints `end` and the child's exit status, negative for a
signal.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from crash.business import round_of
from qianhai.db import open_database
from qianhai.kernel import Environment, arm
from qianhai.policy import Policy, open_policy
from route.desk import make_desk, plan_files

_ATTEMPTS = 5


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _blow(folder: Path, victim: str) -> Callable[[], None]:
    """Return what kills the victim, once."""
    left = [1]

    def strike() -> None:
        if not left:
            return
        left.clear()
        if victim == "self":
            os.kill(os.getpid(), signal.SIGKILL)
        pid = (folder / "pg/postmaster.pid").read_text(encoding="utf-8").split()[0]
        os.kill(int(pid), signal.SIGKILL)

    return strike


def _submit(folder: Path, policy: Policy, number: int, point: str, turn: int, victim: str) -> None:
    with open_database(url=None, data_dir=folder) as database:
        desk = make_desk(database, policy)
        for at, instruction in enumerate(round_of(desk, number)):
            if at == turn and point != "none":
                arm(point, _blow(folder, victim))
            for attempt in range(_ATTEMPTS):
                try:
                    desk.road.submit(instruction, at=desk.now())
                except Environment as fault:
                    if not fault.is_retry_safe or attempt == _ATTEMPTS - 1:
                        raise
                else:
                    break
            _say(instruction.id)


def _main(folder: str) -> None:
    policy = open_policy(plan_files())
    for line in sys.stdin:
        number, point, turn, victim = line.split()
        child = os.fork()
        if child == 0:
            _submit(Path(folder), policy, int(number), point, int(turn), victim)
            sys.stdout.flush()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        _say(f"end {os.waitstatus_to_exitcode(status)}")


if __name__ == "__main__":
    _main(*sys.argv[1:])
