"""The writer's memory and speed with a million accounts, in a process of its own."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import Final

from benchmarks.contest.ground import Ground, memory_bytes
from benchmarks.contest.loads import INSTITUTION, Loads, instant, open_accounts
from benchmarks.contest.measuring import Row, Series, row_of

from qianhai.db import open_database
from qianhai.ledger import Writer

ACCOUNTS: Final = 1_000_000
SIZE: Final = 8_190
#: The most the process may hold: 1 GiB.
MEMORY_MIB_MAX: Final = 1_024.0
_HOME: Final = "million"


def measure(ground: Ground, batches: int, say: Callable[[str], None]) -> list[Row]:
    """Open a million accounts in one process, post on them in another; return its figures."""
    with ground.database(_HOME):
        url = ground.server.conninfo(_HOME)
        spawn = multiprocessing.get_context("spawn")
        since = perf_counter()
        with ProcessPoolExecutor(1, mp_context=spawn) as pool:
            pool.submit(_open, url, str(ground.folder)).result()
        say(f"a million accounts opened in {perf_counter() - since:.0f} s")
        with ProcessPoolExecutor(1, mp_context=spawn) as pool:
            series, book, before, after = pool.submit(
                _post, url, str(ground.folder), batches
            ).result()
    mib = 1 << 20
    return [
        row_of(series),
        Row("million_accounts_book", book / mib, "MiB"),
        Row("million_accounts_process_before", before / mib, "MiB"),
        Row("million_accounts_process", after / mib, "MiB", target=MEMORY_MIB_MAX, is_most=True),
    ]


def _open(url: str, folder: str) -> None:
    with open_database(url=url, data_dir=Path(folder)) as database:
        open_accounts(Writer(database), ACCOUNTS)


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
        book = writer._session.book.bytes  # noqa: SLF001 - what is kept is what is measured
        return series, book, before, memory_bytes()
