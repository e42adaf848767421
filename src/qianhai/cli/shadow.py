"""`qianhai policy shadow`: a candidate judged beside the live pack, and never acted on."""

from pathlib import Path

import click

from qianhai.cli.app import App
from qianhai.cli.decide import outcome_word
from qianhai.cli.usage import Commands
from qianhai.instructions import PackText, ShadowTurns, shadow_report
from qianhai.policy import bundled, open_policy
from qianhai.views import grouped, shadow_document, turn_document

_SHOWN_MAX = 20
_SHORT = 12
_as_json = click.option(
    "--json", "_json", is_flag=True, help="Print one JSON document. 输出 JSON。"
)
_BESIDE = {"unjudged": ("无法判定", "not judged"), "error": ("出错", "error")}


@click.group(cls=Commands)
def shadow() -> None:
    """Judge a candidate beside the live pack; its answers are kept and never acted on.

    候选规则包并行试判。
    """


@shadow.command("start")
@click.option(
    "--plan",
    "folder",
    required=True,
    type=click.Path(readable=False),
    metavar="DIR",
    help="Folder of the candidate pack. 候选规则包目录。",
)
@_as_json
@click.pass_obj
def start(app: App, folder: str, _json: bool) -> None:
    """Judge a candidate from the next command on that books business.

    开始试判。
    """
    files = app.site.read_plan(Path(folder))
    pack = PackText(open_policy(files, folder=folder), bundled(files))
    turns = ShadowTurns(app.site.institution_id, app.site.salts)
    with app.database() as database, database.transaction() as conn:
        turns.start(conn, pack, by=app.site.actor, at=app.site.now())
    _tell(app, pack.hash, is_running=True)


@shadow.command("stop")
@_as_json
@click.pass_obj
def stop(app: App, _json: bool) -> None:
    """End the turn of the candidate; what it said stays on record.

    停止试判。
    """
    turns = ShadowTurns(app.site.institution_id, app.site.salts)
    with app.database() as database, database.transaction() as conn:
        turn = turns.stop(conn, by=app.site.actor, at=app.site.now())
    _tell(app, turn.pack_hash, is_running=False)


def _tell(app: App, pack: str, *, is_running: bool) -> None:
    document = turn_document(pack, is_running=is_running)
    zh, en = document["zh"], document["en"]
    if app.is_json:
        app.print_document(document)
    else:
        click.echo(
            app.say(f"候选规则包 {pack[:_SHORT]} {zh}。", f"candidate {pack[:_SHORT]} {en}.")
        )


@shadow.command("report")
@_as_json
@click.pass_obj
def report(app: App, _json: bool) -> None:
    """Show where the candidate would have answered otherwise than the live pack.

    查看试判结果。
    """
    with app.database() as database, database.transaction() as conn:
        cover = app.bank(database).cover
        found = shadow_report(conn, app.site.institution_id, cover)
    if app.is_json:
        app.print_document(shadow_document(found))
        return
    judged = grouped(str(sum(one[3] for one in found.outcomes)))
    differ = grouped(str(sum(one[3] for one in found.outcomes if one[1] != one[2])))
    short = found.turn.pack_hash[:_SHORT]
    click.echo(
        app.say(
            f"候选规则包 {short} 试判 {judged} 笔，{differ} 笔结果不同。",
            f"candidate {short} judged {judged} decisions; {differ} differ.",
        )
    )
    if found.left_out:
        count = grouped(str(found.left_out))
        click.echo(
            app.say(
                f"另有 {count} 笔未试判（办理命令在试判开始前启动，或候选结果未能写入）。",
                f"{count} more have no answer of it: they were booked by a command that began"
                " earlier, or it could not be written.",
            )
        )
    app.print_table(
        app.say("结果对照", "Outcomes side by side"),
        [
            (app.say("业务", "facility"), ""),
            (app.say("现行", "live"), ""),
            (app.say("候选", "candidate"), ""),
            (app.say("笔数", "count"), "right"),
        ],
        [
            [facility, outcome_word(app, live), _word(app, candidate), grouped(str(count))]
            for facility, live, candidate, count in found.outcomes
        ],
    )
    app.print_table(
        app.say("结果不同的业务", "Decisions that differ"),
        [
            (app.say("编号", "id"), ""),
            (app.say("业务", "facility"), ""),
            (app.say("现行", "live"), ""),
            (app.say("候选", "candidate"), ""),
        ],
        [
            [number, facility, outcome_word(app, live), _word(app, candidate)]
            for number, facility, live, candidate, _ in found.differences[:_SHOWN_MAX]
        ],
    )


def _word(app: App, outcome: str) -> str:
    return app.say(*_BESIDE[outcome]) if outcome in _BESIDE else outcome_word(app, outcome)
