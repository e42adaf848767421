"""`qianhai run`: a day's business, staged and proven whole, then decided and booked.

Writes `outcomes.csv`, `outcomes.jsonl` and `summary.json`, prints what became of the day. The
same file again books nothing twice and says so.
"""

import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TextIO

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from qianhai import journal, ledger
from qianhai.cli.app import App
from qianhai.cli.decide import outcome_word
from qianhai.db import Connection, Database
from qianhai.instructions import Answer, Road, Staged, Stager
from qianhai.kernel import BadInput, Environment, Flaw
from qianhai.messages import Row, Shape, read
from qianhai.registers import Entries, check_entries
from qianhai.views import OUTCOME_COLUMNS, DayTally, Document, outcome_document, outcome_line

Tick = Callable[[int], None]


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(), metavar="FILE...")
@click.option(
    "--parties",
    default=None,
    type=click.Path(),
    help="Register file to load first. 先载入的登记簿文件。",
)
@click.option(
    "--out",
    default=None,
    type=click.Path(),
    metavar="DIR",
    help="Where outcomes are written. 结果目录。",
)
@click.option("--json", "_json", is_flag=True, help="Print one JSON document. 输出 JSON。")
@click.pass_obj
def run(app: App, files: tuple[str, ...], parties: str | None, out: str | None, _json: bool) -> int:
    """Decide and book a day's business from CSV, XLSX, JSONL or pain.001 files.

    办理一日业务。
    """
    paths = [Path(file) for file in files]
    with app.database() as database, Staged(app.policy, app.site.institution_id) as staged:
        road = app.road(database)
        entries = _prove(app, database, paths, Path(parties) if parties else None, staged)
        if entries:
            app.admission().open_accounts(entries, road.writer, app.site.now())
        tally = DayTally(app.policy.pack)
        with (
            _outputs(app, out) as write,
            _progress(app, app.say("办理", "booking"), staged.count) as tick,
        ):
            for answer in _book(app, road, staged):
                tally.add(answer)
                write(answer)
                tick(1)
        with database.transaction() as conn:
            summary = tally.document(_heads(conn))
    if out:
        _replace(
            Path(out) / "summary.json", json.dumps(summary, ensure_ascii=False, indent=2) + "\n"
        )
    if app.is_json:
        app.print_document(summary)
    else:
        _print_day(app, tally, out)
    return 0


def _prove(
    app: App, database: Database, paths: list[Path], parties: Path | None, staged: Staged
) -> Entries | None:
    """Load the parties and stage all files, in one transaction that any flaw rolls back.

    Raises:
        BadInput: every flaw of every file; nothing is on record or booked.
    """
    flaws: list[Flaw] = []
    entries: Entries | None = None
    at = app.site.now()
    with database.transaction() as conn:
        if parties:
            try:
                entries = check_entries(read(parties, shape=Shape()))
                at = max(at, app.admission().record(conn, entries, at).known_since)
            except BadInput as fault:
                flaws += fault.flaws
        has_register = not flaws
        stager = Stager(app.policy, conn, app.site.institution_id, app.keyring, at, has_register)
        with _progress(app, app.say("核验", "checking"), None) as tick:
            stager.stage(_rows(paths), staged, tick)
        flaws += stager.flaws
        if flaws:
            raise BadInput(flaws)
    return entries


def _rows(paths: list[Path]) -> Iterator[Row | Flaw]:
    for path in paths:
        yield from read(path, shape=Shape())


def _book(app: App, road: Road, staged: Staged) -> Iterable[Answer]:
    road.expire_holds(at=app.site.now())
    for instruction in staged:
        yield road.submit(instruction, at=app.site.now())


def _heads(conn: Connection) -> Document:
    """Return the heads a day ends with: kept apart, they prove later that nothing is gone."""
    return {"journal": journal.head(conn).text(), "ledger": ledger.head(conn).text()}


@contextmanager
def _outputs(app: App, out: str | None) -> Iterator[Callable[[Answer], None]]:
    """Open the outcome files, and put them in place once the day is done."""
    if out is None:
        yield lambda _answer: None
        return
    folder = Path(out)
    pack = app.policy.pack
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            lines = stack.enter_context(_beside(folder / "outcomes.jsonl"))
            table = csv.writer(
                stack.enter_context(_beside(folder / "outcomes.csv")), lineterminator="\n"
            )
            table.writerow(OUTCOME_COLUMNS)

            def write(answer: Answer) -> None:
                text = json.dumps(outcome_document(pack, answer), ensure_ascii=False)
                lines.write(text + "\n")
                table.writerow([_plain(cell) for cell in outcome_line(pack, answer)])

            yield write
    except OSError as fault:
        raise Environment(
            f"The outcomes cannot be written to {folder}: {fault}.",
            "Name another folder with --out, and run the same file again: nothing is booked twice.",
        ) from fault


def _plain(cell: str) -> str:
    """Return a cell no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in {"=", "+", "@", "\t", "\r"} else cell


@contextmanager
def _beside(path: Path) -> Iterator[TextIO]:
    """Write a file beside its place, and move it there when it is whole."""
    draft = path.with_name(path.name + ".part")
    with draft.open("w", encoding="utf-8", newline="") as file:
        yield file
    draft.replace(path)


def _replace(path: Path, text: str) -> None:
    with _beside(path) as file:
        file.write(text)


@contextmanager
def _progress(app: App, what: str, total: int | None) -> Iterator[Tick]:
    """Show progress on a terminal; elsewhere, and for JSON, stay silent."""
    if app.is_json or not sys.stderr.isatty():
        yield lambda _count: None
        return
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(what, total=total)
        yield lambda count: progress.advance(task, count)


def _print_day(app: App, tally: DayTally, out: str | None) -> None:
    """Print the day: by measure and outcome, sums by currency, limits, and where it is written."""
    pack = app.policy.pack
    outcomes = ("permitted", "ordinary", "register_first", "referred", "refused", "incomplete")
    by_facility: dict[tuple[int, str], dict[str, int]] = {}
    for (measure, facility, outcome), count in tally.outcomes.items():
        by_facility.setdefault((measure, facility), {})[outcome] = count
    rows = [
        [str(measure or "-"), _title(app, facility)]
        + [str(counts.get(one, "")) for one in outcomes]
        for (measure, facility), counts in sorted(by_facility.items())
    ]
    app.print_table(
        app.say("措施与结果", "Measures and outcomes"),
        [("#", "right"), (app.say("业务", "business"), "")]
        + [(outcome_word(app, one), "right") for one in outcomes],
        rows,
    )
    app.print_table(
        app.say("准予金额合计", "Permitted, by currency"),
        [(app.say("币种", "currency"), ""), (app.say("合计", "total"), "right")],
        [[currency, f"{total:,}"] for currency, total in sorted(tally.permitted.items())],
    )
    uses = [
        [facility, holder, use.id, use.asset or "", use.cap or "", use.used or "", use.left or ""]
        for (facility, holder, _), use in sorted(tally.limits.items())
    ]
    app.print_table(
        app.say("额度", "Limits drawn"),
        [
            (app.say(*w), "")
            for w in (
                ("业务", "facility"),
                ("持有人", "holder"),
                ("额度", "limit"),
                ("币种", "asset"),
            )
        ]
        + [(app.say(*w), "right") for w in (("上限", "cap"), ("已用", "used"), ("剩余", "left"))],
        uses,
    )
    click.echo(
        app.say(
            f"共 {tally.count} 笔，其中 {tally.repeats} 笔此前已办理，未重复记账。",
            f"{tally.count} instructions; {tally.repeats} were answered before "
            "and booked nothing again.",
        )
    )
    if out:
        click.echo(app.say(f"结果已写入 {out}", f"outcomes are in {out}") + f" ({pack.version})")


def _title(app: App, facility: str) -> str:
    model = app.policy.pack.facilities.get(facility)
    return (
        app.say(model.title.zh, model.title.en)
        if model
        else app.say("未说明业务", "no business stated")
    )
