"""Progress of long work: a bar on a terminal; elsewhere, and for JSON, silence."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from qianhai.cli.app import App
from qianhai.kernel import Flaw
from qianhai.messages import Row

Tick = Callable[[int], None]


@contextmanager
def progress(app: App, what: str, total: int | None) -> Iterator[Tick]:
    """Show progress on a terminal; elsewhere, and for JSON, stay silent."""
    if app.is_json or not sys.stderr.isatty():
        yield lambda _count: None
        return
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=total)
        yield lambda count: bar.advance(task, count)


def counted(rows: Iterable[Row | Flaw], tick: Tick, every: int = 1_000) -> Iterator[Row | Flaw]:
    """Yield rows, and tell now and then how many went by."""
    count = 0
    for count, row in enumerate(rows, 1):
        yield row
        if count % every == 0:
            tick(every)
    tick(count % every)
