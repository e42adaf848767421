"""`qianhai run`: a day's business, staged and proven whole, then decided and booked.

Writes `outcomes.csv`, `outcomes.jsonl` and `summary.json`, prints what became of the day. The
same file again books nothing twice and says so.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import click

from qianhai import journal, ledger
from qianhai.cli.app import App
from qianhai.cli.day import print_day
from qianhai.cli.progress import counted, progress
from qianhai.db import Connection, Database
from qianhai.instructions import Admitted, Answered, Roads, Staged, Stager
from qianhai.kernel import BadInput, Flaw
from qianhai.messages import Row, Shape, read
from qianhai.policy import Policy
from qianhai.views import DayTally, Document, Outcomes


@click.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(readable=False), metavar="FILE..."
)
@click.option(
    "--parties",
    default=None,
    type=click.Path(readable=False),
    help="Register file to load first. 先载入的登记簿文件。",
)
@click.option(
    "--out",
    default=None,
    type=click.Path(readable=False),
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
    policy = app.policy  # a broken pack is told before anything is opened
    with ExitStack() as held:
        database = held.enter_context(app.database())
        road = app.roads(database)
        policy = road.policy_on(app.day(None))
        outcomes = held.enter_context(Outcomes(policy.pack, Path(out) if out else None))
        staged = held.enter_context(Staged(policy, app.site.institution_id))
        staging = Staging(road, policy, staged)
        admitted = _prove(app, database, paths, Path(parties) if parties else None, staging)
        if admitted:
            app.admission().open_accounts(admitted, road.writer, app.site.now())
        tally = DayTally(policy.pack)
        with progress(app, app.say("办理", "booking"), staged.count) as tick:
            for answered in _book(app, road, staged):
                tally.add_all(answered)
                outcomes.write(answered)
                tick(len(answered))
        with database.transaction() as conn:
            accounts = [pool.account for pool in tally.accounts.values()]
            tally.settle(ledger.used(conn, app.site.institution_id, accounts))
            summary = tally.document(_heads(conn))
        outcomes.sum_up(summary)
    if app.is_json:
        app.print_document(summary)
    else:
        print_day(app, tally, out)
    return 0


@dataclass(frozen=True, slots=True)
class Staging:
    """Where proven business waits, the pack of today it is read by, and the roads it will go."""

    roads: Roads
    policy: Policy
    staged: Staged


def _prove(
    app: App, database: Database, paths: list[Path], parties: Path | None, staging: Staging
) -> Admitted | None:
    """Load the parties and stage all files, in one transaction that any flaw rolls back.

    Raises:
        BadInput: every flaw of every file; nothing is on record or booked.
    """
    flaws: list[Flaw] = []
    admitted: Admitted | None = None
    at = app.site.now()
    with database.transaction() as conn:
        if parties:
            try:
                with progress(app, app.say("登记", "recording"), None) as tick:
                    rows = counted(read(parties, shape=Shape()), tick)
                    admitted = app.admission().record(conn, rows, at)
                at = max(at, admitted.summary.known_since)
            except BadInput as fault:
                flaws += fault.flaws
        has_register = not flaws
        institution = app.site.institution_id
        stager = Stager(staging.policy, conn, institution, app.keyring, at, has_register)
        with progress(app, app.say("核验", "checking"), None) as tick:
            stager.stage(_rows(paths), staging.staged, tick)
        flaws += stager.flaws or staging.roads.flaws_of(staging.staged)
        if flaws:
            raise BadInput(flaws)
    return admitted


def _rows(paths: list[Path]) -> Iterator[Row | Flaw]:
    for path in paths:
        yield from read(path, shape=Shape())


def _book(app: App, road: Roads, staged: Staged) -> Iterable[Answered]:
    road.expire_holds(at=app.site.now())
    return road.submit_blocks(staged, now=app.site.now)


def _heads(conn: Connection) -> Document:
    """Return the heads a day ends with: kept apart, they prove later that nothing is gone."""
    return {"journal": journal.head(conn).text(), "ledger": ledger.head(conn).text()}
