"""What the benchmarks book: a long day made of the sample day, or the first of a simulated year.

A long day has the sample day's cast as many times as asked, each with its own business. Banks are
shared. Everybody and everything else that the sample day names gets a number of its own
in each copy of the cast, so that limits are drawn by many holders and every action occurs.
"""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Final

from qianhai.messages import Row, Shape, read

EXAMPLES: Final = Path(__file__).parents[1] / "examples" / "day"
_FILES: Final = ("day.csv", "day.jsonl", "day.xlsx")
#: In the register, what names something; in an instruction, anything that was named there.
_NAMING: Final = ("id", "number", "party", "owner", "owned", "account", "record", "subject")
#: What only one party of a register may hold.
_UNIQUE: Final = ("identifiers",)
#: What a simulated year calls a client.
_CLIENT: Final = re.compile(r"C\d{12}")


def register(copies: int) -> Iterator[dict[str, object]]:
    """Yield the entries of the sample register, once for the banks and once a copy for others."""
    entries = _entries()
    banks = _banks(entries)
    for copy in range(copies):
        for entry in entries:
            own = entry.get("id") if entry["kind"] == "party" else entry.get("party")
            if own in banks and copy:
                continue
            yield _renamed(entry, banks, copy)


def instructions(copies: int, rounds: int) -> Iterator[dict[str, str]]:
    """Yield the day's instructions: each case by every copy of the cast, then the next case.

    Business that is continued comes first, then what continues it, as in a real day some
    thousands of lines later.
    """
    entries = _entries()
    banks = _banks(entries)
    named = {str(entry[name]) for entry in entries for name in _NAMING if name in entry} - banks
    cases = _cases()
    ids = {case["id"] for case in cases}
    for round_ in range(rounds):
        for case in cases:
            for copy in range(copies):
                yield {
                    name: f"{text}.{copy}.{round_}"
                    if text in ids
                    else f"{text}.{copy}"
                    if text in named
                    else text
                    for name, text in case.items()
                }


def year(folder: Path, count: int) -> tuple[list[str], Iterator[str]]:
    """Return the first lines of a year of `qianhai simulate`, and the register lines they need."""
    files = sorted(folder.glob("[0-9]*.jsonl"))
    lines = list(islice((line for file in files for line in file.open(encoding="utf-8")), count))
    clients = {one for line in lines for one in _CLIENT.findall(line)}

    def entries() -> Iterator[str]:
        with (folder / "parties.jsonl").open(encoding="utf-8") as file:
            for line in file:
                named = _CLIENT.findall(line)
                if not named or not clients.isdisjoint(named):
                    yield line

    return lines, entries()


def _cases() -> list[dict[str, str]]:
    rows = (row for name in _FILES for row in read(EXAMPLES / name, shape=Shape()))
    cases = {row.fields["id"]: dict(row.fields) for row in rows if isinstance(row, Row)}
    depth: dict[str, int] = {}
    for number, case in cases.items():  # what is continued stands before what continues it
        case.pop("kind", None)
        depth[number] = 1 + depth[case["of"]] if case.get("of") in depth else 0
    return sorted(cases.values(), key=lambda case: depth[case["id"]])


def write_lines(path: Path, rows: Iterator[Mapping[str, object]]) -> int:
    """Write rows as JSON lines; return how many."""
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    return count


def _entries() -> list[dict[str, object]]:
    text = (EXAMPLES / "parties.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def _banks(entries: list[dict[str, object]]) -> set[str]:
    return {str(one["id"]) for one in entries if one["kind"] == "party" and one["type"] == "bank"}


def _renamed(entry: Mapping[str, object], banks: set[str], copy: int) -> dict[str, object]:
    return {
        name: f"{value}.{copy}" if name in _NAMING and value not in banks else value
        for name, value in entry.items()
        if name not in _UNIQUE
    }
