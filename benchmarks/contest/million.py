"""The writer's memory and speed with a million accounts, in processes of their own."""

import gc
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Final

from benchmarks.contest.ground import Ground, memory_bytes, memory_bytes_most
from benchmarks.contest.loads import INSTITUTION, Loads, instant, open_accounts
from benchmarks.contest.measuring import Row, Series, row_of

from qianhai.db import open_database
from qianhai.ledger import Writer

ACCOUNTS: Final = 1_000_000
SIZE: Final = 8_190
#: The most the process may hold: 1 GiB.
MEMORY_MIB_MAX: Final = 1_024.0
_HOME: Final = "million"
_MIB: Final = 1 << 20


def measure(
    ground: Ground, batches: int, say: Callable[[str], None], accounts: int = ACCOUNTS
) -> list[Row]:
    """Open accounts in one process, post on them in another; return the figures of both."""
    with ground.database(_HOME):
        url, folder = ground.server.conninfo(_HOME), str(ground.folder)
        say(
            f"opening {accounts:,} accounts: each is sealed by a digest of its own, in Python;"
            f" about {accounts / 25_000:.0f} s at 25,000 a second"
        )
        since = perf_counter()
        with _start_apart() as pool:
            opening, opened = pool.submit(_open, url, folder, accounts).result()
        spent = perf_counter() - since
        say(f"{accounts:,} accounts opened in {spent:.0f} s, {accounts / spent:,.0f} a second")
        with _start_apart() as pool:
            series, posting, before, posted = pool.submit(_post, url, folder, batches).result()
    ground.drop(_HOME)
    return [
        row_of(series),
        Row("million_accounts_opened", accounts / spent, "accts/s"),
        Row("million_accounts_opening_writer", opening / _MIB, "MiB"),
        _bounded("million_accounts_opening_process", opened),
        Row("million_accounts_writer", posting / _MIB, "MiB"),
        Row("million_accounts_process_before", before / _MIB, "MiB"),
        _bounded("million_accounts_process", posted),
    ]


def _bounded(name: str, held: int) -> Row:
    return Row(name, held / _MIB, "MiB", target=MEMORY_MIB_MAX, is_most=True)


@contextmanager
def _start_apart() -> Iterator[ProcessPoolExecutor]:
    """Start a process that knows nothing of this one; who stops waiting leaves it to the server.

    Its connection ends with the server, and with that its work.
    """
    pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def _open(url: str, folder: str, accounts: int) -> tuple[int, int]:
    """Open accounts; return what the writer and the process held, this one at its most."""
    gc.disable()  # a million accounts that stay are no garbage
    with open_database(url=url, data_dir=Path(folder)) as database:
        writer = Writer(database)
        open_accounts(writer, accounts)
        return writer.memory_bytes, memory_bytes_most()


def _post(url: str, folder: str, batches: int) -> tuple[Series, int, int, int]:
    with open_database(url=url, data_dir=Path(folder)) as database:
        loads, writer = Loads(database, 21), Writer(database)
        before = memory_bytes()
        series = Series(f"post_{SIZE}_uniform_million_accounts", "legs/s")
        for _ in range(batches):
            legs = loads.uniform(SIZE)
            since = perf_counter()
            posted = writer.post(legs, institution_id=INSTITUTION, at=instant())
            series.add(SIZE, [perf_counter() - since])
            assert posted.is_posted.all(), posted.counts()
        return series, writer.memory_bytes, before, memory_bytes_most()
