"""`qianhai ledger verify`, `qianhai journal verify`, `qianhai db`: proof, and the server."""

import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import click

from qianhai import journal as journal_room
from qianhai import ledger as ledger_room
from qianhai.cli.app import App
from qianhai.cli.usage import Commands
from qianhai.db import stop_server
from qianhai.kernel import BadInput, BrokenIntegrity, Flaw, Place

_FLAWS_MAX = 10_000


@click.group(cls=Commands)
def ledger() -> None:
    """Fill, ask and prove the ledger.

    账本：载入、导出、对账、查询与校验。
    """


@click.group(cls=Commands)
def journal() -> None:
    """Prove the journal.

    校验日志。
    """


@click.group(cls=Commands)
def db() -> None:
    """Look after the embedded database.

    管理内嵌数据库。
    """


_head = click.option(
    "--head",
    default=None,
    metavar="FILE|HEAD",
    help="A kept head, or a summary.json. 留存的链头或 summary.json。",
)
_as_json = click.option(
    "--json", "_json", is_flag=True, help="Print one JSON document. 输出 JSON。"
)


def _kept(given: str | None, room: str) -> str | None:
    """Return the head a command names: a text, or the one in a day's summary."""
    if given is None or not Path(given).is_file():
        return given
    try:
        return str(json.loads(Path(given).read_text(encoding="utf-8"))["heads"][room])
    except (OSError, ValueError, KeyError, TypeError):
        raise BadInput(
            [
                Flaw(
                    "C020",
                    Place(given),
                    "",
                    "a summary.json of `qianhai run`",
                    f"`{given}` is no summary with a head of the {room}.",
                    f"“{given}”不是含有 {room} 链头的汇总文件。",
                )
            ]
        ) from None


@ledger.command("verify")
@_head
@_as_json
@click.pass_obj
def verify_ledger(app: App, head: str | None, _json: bool) -> None:
    """Recompute every digest and balance; with --head prove that no history is gone.

    校验账本。
    """
    text = _kept(head, "ledger")
    try:
        kept = ledger_room.Head.parse(text) if text else None
    except ValueError:
        raise BadInput(
            [
                Flaw(
                    "C021",
                    Place("--head"),
                    str(text),
                    "a head such as ledger-12-3fa0…",
                    f"`{text}` is no head of a ledger.",
                    f"“{text}”不是账本链头。",
                )
            ]
        ) from None
    with app.database() as database:
        with database.transaction() as conn:
            flaws = list(islice(ledger_room.verify(conn, kept), _FLAWS_MAX))
        with database.transaction() as conn:
            now = ledger_room.head(conn).text()
    _tell(app, "ledger", now, flaws)


@journal.command("verify")
@_head
@_as_json
@click.pass_obj
def verify_journal(app: App, head: str | None, _json: bool) -> None:
    """Recompute the chain and every seal; with --head prove that no history is gone.

    校验日志。
    """
    text = _kept(head, "journal")
    kept = journal_room.Head.parse(text) if text else None
    with app.database() as database:
        with database.transaction() as conn:
            flaws = list(islice(journal_room.verify(conn, kept), _FLAWS_MAX))
        with database.transaction() as conn:
            now = journal_room.head(conn).text()
    _tell(app, "journal", now, flaws)


def _tell(app: App, room: str, head: str, flaws: Sequence[Flaw]) -> None:
    """Print a clean bill with the head, or fail with every difference."""
    if flaws:
        raise BrokenIntegrity(flaws)
    if app.is_json:
        app.print_document({"room": room, "head": head, "differences": 0})
    else:
        zh = {"ledger": "账本", "journal": "日志"}[room]
        click.echo(
            app.say(f"{zh}校验无误，链头 {head}", f"the {room} is whole; its head is {head}")
        )


@db.command("stop")
@_as_json
@click.pass_obj
def stop(app: App, _json: bool) -> None:
    """Stop the embedded server of the data folder.

    停止内嵌数据库。
    """
    was_running = stop_server(app.site.data_dir)
    if app.is_json:
        app.print_document({"was_running": was_running})
    else:
        click.echo(
            app.say(
                "已停止" if was_running else "未在运行",
                "stopped" if was_running else "was not running",
            )
        )
