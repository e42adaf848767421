"""How fast a long day goes the road: decided, limited, posted, sealed, its outcomes written.

    python benchmarks/route.py [--quick | --full | --instructions N] [--year DIR]

The day is the sample day's business of all facilities, by as many copies of its cast as it takes
(`benchmarks/traffic.py`): `--full` is a day of a million instructions. With `--year` as many of the
first instructions of a year that `qianhai simulate` wrote are booked before it in the same run:
every facility, and few rows of a kind. What `qianhai run` does is done here step by step, each
step's share told; the rows the road has written are copied into tables of the same form on the
same server, in one commit, as the limit of the machine. The last line is one JSON document.
"""

import argparse
import json
import os
import secrets
import shutil
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import local
from time import perf_counter, process_time
from typing import Any, Final

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.contest.ground import memory_bytes_most
from benchmarks.road import copy_same, make_peers
from benchmarks.traffic import instructions, register, write_lines, year

from qianhai.db import Database, open_database
from qianhai.instructions import Admission, Road, Staged, Stager
from qianhai.instructions.prepare import Preparer
from qianhai.instructions.prepare_block import BlockPreparer
from qianhai.instructions.record import Recorder
from qianhai.ledger import Writer, warm
from qianhai.main import read_files, search_seldom
from qianhai.messages import Shape, read
from qianhai.policy import Policy, bundled, open_policy
from qianhai.registers import Keyring
from qianhai.views import DayTally, Outcomes

PLAN: Final = Path(__file__).parents[1] / "plan"
PARTIES, DAY = "parties.jsonl", "day.jsonl"
HOUSE: Final = "bench"
#: Instructions of the two lengths of a run, and the share of them that one copy of the cast asks.
QUICK: Final = 8_000
FULL: Final = 1_000_000
COPIES_MAX: Final = 600
CASES: Final = 415
#: Instructions a second: what is aimed at, and the least; and the most memory of the process.
AIM: Final = 40_000
FLOOR: Final = 20_000
MEMORY_MAX: Final = 2 << 30
START: Final = datetime(2025, 6, 30, 1, tzinfo=UTC)


@dataclass
class Shares:
    """The seconds each step took, without those of the steps inside it.

    A column is written by one thread while another prepares the next, so that steps overlap.
    """

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    _of_thread: local = field(default_factory=local)

    def wrap(self, owner: type[object], name: str, step: str) -> None:
        """Have a method note what it takes, under the name of a step."""
        inner: Callable[..., Any] = getattr(owner, name)

        def outer(*args: object, **kwargs: object) -> object:
            with self.of(step):
                return inner(*args, **kwargs)

        setattr(owner, name, outer)

    @contextmanager
    def of(self, step: str) -> Iterator[None]:
        """Note what is done inside under the name of a step."""
        opened: list[list[float]] = self._of_thread.__dict__.setdefault("opened", [])
        inside = [0.0]
        opened.append(inside)
        since = perf_counter()
        try:
            yield
        finally:
            spent = perf_counter() - since
            opened.pop()
            self.seconds[step] += spent - inside[0]
            if opened:
                opened[-1][0] += spent


def write_day(folder: Path, wanted: int) -> int:
    """Write a day of about so many instructions and its register; return how many."""
    copies = min(COPIES_MAX, max(1, wanted // CASES))
    rounds = max(1, round(wanted / (copies * CASES)))
    entries = write_lines(folder / PARTIES, register(copies))
    lines = write_lines(folder / DAY, instructions(copies, rounds))
    print(f"{lines:,} instructions of {copies} casts ({entries:,} register entries)", flush=True)
    return lines


def write_year(folder: Path, wanted: int, simulated: Path) -> int:
    """Write the first so many instructions of a simulated year and their register."""
    lines, entries = year(simulated, wanted)
    (folder / DAY).write_text("".join(lines), encoding="utf-8")
    with (folder / PARTIES).open("w", encoding="utf-8") as file:
        file.writelines(entries)
    print(f"{len(lines):,} instructions of {simulated}", flush=True)
    return len(lines)


def run(folder: Path, lines: int, shares: Shares) -> Mapping[str, float]:
    """Stage and book what was written; return its figures."""
    files = read_files(PLAN)
    policy, keyring = open_policy(files), Keyring(bytes(32))
    parties, day = folder / PARTIES, folder / DAY
    with open_database(url=None, data_dir=folder) as database, Staged(policy, HOUSE) as staged:
        road = Road(
            database,
            policy,
            institution_id=HOUSE,
            keyring=keyring,
            salts=secrets.token_bytes,
            pack_files=bundled(files),
        )
        with shares.of("register"):
            admit(database, policy, keyring, parties, road)
        with database.transaction() as conn:
            tables = make_peers(conn)
            row = conn.execute("select txid_current()").fetchone()
            assert row, "a transaction has its number"
            stager = Stager(policy, conn, HOUSE, keyring, START)
            with shares.of("stage"):
                stager.stage(read(day, shape=Shape()), staged, lambda _count: None)
            assert stager.flaws == [], stager.flaws[:3]
        since, spent = perf_counter(), processor_seconds(database)
        book(road, staged, policy, folder / "out", shares, lines)
        booked = perf_counter() - since
        own, servers = (
            after - before for before, after in zip(spent, processor_seconds(database), strict=True)
        )
        memory = memory_bytes_most()  # what is copied next is held whole, by the benchmark
        copied = copy_same(database, tables, row[0])
    return {
        "lines": lines,
        "booked": booked,
        "copied": copied,
        "memory": memory,
        "processor": own,
        "server": servers,
    }


def processor_seconds(database: Database) -> tuple[float, float]:
    """Return the processor seconds spent so far by this process and by the server's processes."""
    with database.transaction() as conn:
        row = conn.execute("select pg_backend_pid()").fetchone()
    assert row, "a connection has its process"
    server = _parent(row[0])
    each = [_seconds(path) for path in Path("/proc").glob("[0-9]*/stat")]
    return process_time(), sum(spent for parent, spent in each if parent == server)


def _parent(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def _seconds(path: Path) -> tuple[int, float]:
    """Return the parent of a process and the processor seconds it spent."""
    try:
        fields = path.read_text().rpartition(")")[2].split()
    except OSError:  # it has ended
        return 0, 0.0
    return int(fields[1]), (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def admit(database: Database, policy: Policy, keyring: Keyring, parties: Path, road: Road) -> None:
    """Load the cast and open its accounts."""
    admission = Admission(policy, HOUSE, keyring, secrets.token_bytes, "bench")
    with database.transaction() as conn:
        admitted = admission.record(conn, read(parties, shape=Shape()), START)
    admission.open_accounts(admitted, road.writer, START)


def book(road: Road, staged: Staged, policy: Policy, out: Path, shares: Shares, lines: int) -> None:
    """Book what was staged and write every outcome."""
    search_seldom()
    tally, done = DayTally(policy.pack), 0
    moments = (START + timedelta(milliseconds=number) for number in range(10 * lines))
    with Outcomes(policy.pack, out) as outcomes, shares.of("read back and hand over"):
        for answered in road.submit_blocks(staged, now=lambda: next(moments)):
            with shares.of("outcomes"):
                tally.add_all(answered)
                outcomes.write(answered)
            before, done = done, done + len(answered)
            if done // 100_000 > before // 100_000:
                print(f"  {done:,} of {lines:,}", flush=True)
        outcomes.sum_up(tally.document({}))
    counts = Counter[str]()
    for (_, _, outcome), count in tally.outcomes.items():
        counts[outcome] += count
    print("  " + ", ".join(f"{count:,} {outcome}" for outcome, count in counts.most_common()))


def results(figures: Mapping[str, float], shares: Shares) -> list[dict[str, object]]:
    """Return the figures as the document tells them."""
    lines = figures["lines"]
    rate, copy = lines / figures["booked"], lines / figures["copied"]
    against = "COPY of the same rows, one commit"
    rows: list[dict[str, object]] = [
        {"name": "road_in_columns", "value": round(rate), "unit": "instructions/s",
         "ratio": round(rate / copy, 3), "against": against},
        {"name": "copy_same_rows", "value": round(copy), "unit": "instructions/s",
         "ratio": 1.0, "against": against},
        {"name": "process_memory_most", "value": int(figures["memory"]) >> 20, "unit": "MiB",
         "ratio": None, "against": ""},
    ]  # fmt: skip
    rows += [
        {"name": f"{name}_time", "value": round(figures[name] / lines * 1e6, 1),
         "unit": "us/instruction", "ratio": None, "against": ""}
        for name in ("processor", "server")
    ]  # fmt: skip
    for step, seconds in sorted(shares.seconds.items(), key=lambda each: -each[1]):
        name = f"step_{step.replace(' ', '_')}"
        rows.append({"name": name, "value": round(seconds / lines * 1e6, 1),
                     "unit": "us/instruction", "ratio": None, "against": ""})  # fmt: skip
    return rows


def measured(write: Callable[[Path], int]) -> tuple[Mapping[str, float], Shares]:
    """Return the figures of what is written into a folder of its own, and each step's share."""
    shares = Shares()
    folder = Path(tempfile.mkdtemp(prefix="qianhai-", dir="/tmp"))
    folder.chmod(0o711)
    with ExitStack() as held:
        held.callback(shutil.rmtree, folder)
        for owner, name, step in (
            (BlockPreparer, "prepare", "prepare by columns"),
            (BlockPreparer, "prepare_late", "prepare what rests on balances"),
            (Preparer, "prepare", "prepare one by one"),
            (Recorder, "file", "file what effects say"),
            (Recorder, "write", "record and seal"),
            (Writer, "post_named", "ledger and commit"),
            (Writer, "submit", "ledger and commit"),
        ):
            held.callback(setattr, owner, name, getattr(owner, name))
            shares.wrap(owner, name, step)
        return run(folder, write(folder), shares), shares


def main() -> None:
    """Measure, print a table, and last one JSON document."""
    parser = argparse.ArgumentParser(description="Measure a long day on the road.")
    parser.add_argument("--quick", action="store_true", help="some seconds (the default)")
    parser.add_argument("--full", action="store_true", help="a million instructions")
    parser.add_argument("--instructions", type=int, help="about so many")
    parser.add_argument("--year", type=Path, metavar="DIR", help="a simulated year, first")
    given = parser.parse_args()
    wanted = given.instructions or (FULL if given.full else QUICK)
    warm()
    lines: list[dict[str, object]] = []
    of_year = 0.0
    if given.year:
        figures, shares = measured(lambda folder: write_year(folder, wanted, given.year))
        of_year = figures["lines"] / figures["booked"]
        lines += [{**one, "name": f"year_{one['name']}"} for one in results(figures, shares)]
    figures, shares = measured(lambda folder: write_day(folder, wanted))
    lines += results(figures, shares)
    rate, memory = figures["lines"] / figures["booked"], figures["memory"]
    if given.year:
        lines.append({"name": "year_beside_day", "value": round(of_year), "unit": "instructions/s",
                      "ratio": round(of_year / rate, 3), "against": "the day"})  # fmt: skip
    for line in lines:
        print(f"{line['name']:44} {line['value']:>10,} {line['unit']}")
    print(f"at least {FLOOR:,} instructions/s: {'yes' if rate >= FLOOR else 'NO'}; aim {AIM:,}")
    print(f"process under {MEMORY_MAX >> 30} GiB: {'yes' if memory < MEMORY_MAX else 'NO'}")
    print(json.dumps({"bench": "route", "results": lines}))


if __name__ == "__main__":
    main()
