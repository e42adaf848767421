"""Hold the tests to what each room owes: read coverage's JSON report, name every gap.

The rooms that decide and count money owe every line and every branch, because a wrong answer there
is booked; the others owe nine tenths. It must not run tests or change the report.
"""

import json
import os
import sys
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

#: Rooms in which every line and branch is run by a test.
PROVEN: Final = frozenset({"kernel", "rules", "policy", "ledger"})
OWED_ELSEWHERE: Final = 90
#: Becoming another user to run the server is what only root can do, and so only root can test.
OWED_BY_A_USER: Final = {"db": 80}


@dataclass(slots=True)
class Tally:
    """What of one room was run: lines and branches together, and where the gaps are."""

    run: int = 0
    owed: int = 0

    @property
    def percent(self) -> int:
        """Return the share that was run, rounded down so that 100 means all.

        >>> Tally(run=999, owed=1000).percent
        99
        """
        return 100 * self.run // self.owed if self.owed else 100


def room_of(path: str) -> str:
    """Return the room a source file belongs to.

    >>> room_of("src/qianhai/ledger/writer.py"), room_of("src/qianhai/main.py")
    ('ledger', 'main')
    """
    inside = Path(path).as_posix().partition("qianhai/")[2]
    return inside.split("/")[0].removesuffix(".py")


def gaps(path: str, report: Mapping[str, Any]) -> list[str]:
    """Name the lines of one file that never ran, and the branches never taken from those that did.

    >>> gaps("a.py", {"missing_lines": [3, 4], "missing_branches": [[3, 4], [7, -1]]})
    ['a.py:3-4: never run', 'a.py:7: never leaves the function from here']
    """
    idle = report["missing_lines"]
    named: list[tuple[int, int, str]] = []
    for line in idle:
        if named and named[-1][1] == line - 1:
            named[-1] = (named[-1][0], line, "run")
        else:
            named.append((line, line, "run"))
    for start, end in report.get("missing_branches", []):
        if start not in idle:
            way = f"goes on to line {end}" if end > 0 else "leaves the function from here"
            named.append((start, start, way))
    return [
        f"{path}:{first}{'' if first == last else f'-{last}'}: never {what}"
        for first, last, what in sorted(named)
    ]


def owed_by(room: str, *, is_root: bool) -> int:
    """Return the share a room owes, in percent.

    >>> owed_by("ledger", is_root=False), owed_by("db", is_root=True), owed_by("db", is_root=False)
    (100, 90, 80)
    """
    if room in PROVEN:
        return 100
    return OWED_ELSEWHERE if is_root else OWED_BY_A_USER.get(room, OWED_ELSEWHERE)


def judge(report: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return one line a room, and every gap of the rooms that owe more than was run."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    found: dict[str, list[str]] = defaultdict(list)
    for path, one in sorted(report["files"].items()):
        room, summary = room_of(path), one["summary"]
        tallies[room].run += summary["covered_lines"] + summary.get("covered_branches", 0)
        tallies[room].owed += summary["num_statements"] + summary.get("num_branches", 0)
        found[room] += gaps(path, one)
    lines, short = [], []
    for room, tally in sorted(tallies.items()):
        owed = owed_by(room, is_root=os.geteuid() == 0)
        verdict = "" if tally.percent >= owed else f"  {len(found[room])} gaps, named below"
        lines.append(f"{room:14}{tally.percent:4} % run, {owed:3} % owed{verdict}")
        short += found[room] if verdict else []
    return lines, short


def main(arguments: list[str]) -> int:
    """Print the rooms and their gaps; 1 when a room owes more than its tests run."""
    report = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    lines, short = judge(report)
    print(*lines, *short, sep="\n")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
