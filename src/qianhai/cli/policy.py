"""`qianhai policy`: a change of the pack, from its proposal to its revocation.

Who takes a step is who runs the command, by the name the system knows them by.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from qianhai.cli.app import App
from qianhai.cli.replay import replay
from qianhai.cli.shadow import shadow
from qianhai.cli.usage import Commands
from qianhai.db import Connection
from qianhai.instructions import (
    Change,
    Changes,
    PackText,
    changes_of,
    newest_decision,
    read_pack,
    standing_pack,
)
from qianhai.kernel import business_date
from qianhai.policy import bundled, open_policy, pack_differences, unbundled
from qianhai.views import (
    Document,
    change_document,
    difference_documents,
    grouped,
    is_stale,
)

_SHORT = 12
_SAID_MAX = 60
_as_json = click.option(
    "--json", "_json", is_flag=True, help="Print one JSON document. 输出 JSON。"
)
_why = click.option("--why", default="", metavar="TEXT", help="Why. 理由。")
_number = click.argument("number", type=int, metavar="ID")
_STATES = {
    "proposed": "已提出",
    "replayed": "已回放",
    "approved": "已批准",
    "rejected": "已否决",
    "activated": "已启用",
    "revoked": "已撤销",
}


@click.group(cls=Commands)
def policy() -> None:
    """Change the pack with proof: propose, replay, approve, activate, revoke.

    规则包变更：提出、回放、批准、启用、撤销。
    """


policy.add_command(replay)
policy.add_command(shadow)


@policy.command("propose")
@click.option(
    "--plan",
    "folder",
    required=True,
    type=click.Path(readable=False),
    metavar="DIR",
    help="Folder of the proposed pack. 拟变更规则包目录。",
)
@click.option("--why", required=True, metavar="TEXT", help="Why. 理由。")
@_as_json
@click.pass_obj
def propose(app: App, folder: str, why: str, _json: bool) -> None:
    """Propose that a pack takes the place of the one that stands today.

    提出规则包变更。
    """
    files = app.site.read_plan(Path(folder))
    pack = PackText(open_policy(files, folder=folder), bundled(files))

    def act(changes: Changes, conn: Connection, at: datetime) -> Change:
        home = PackText(app.policy, bundled(app.files))
        base = standing_pack(conn, app.site.institution_id, home, business_date(at))
        return changes.propose(conn, pack, base, why=why, by=app.site.actor, at=at)

    _take(app, act)


@policy.command("list")
@_as_json
@click.pass_obj
def list_changes(app: App, _json: bool) -> None:
    """List all changes of the pack, and what is active.

    列出全部规则包变更。
    """
    with app.database() as database, database.transaction() as conn:
        changes = changes_of(conn, app.site.institution_id)
        newest = newest_decision(conn, app.site.institution_id)
    if app.is_json:
        app.print_document({"changes": [change_document(one, newest) for one in changes]})
        return
    if not changes:
        click.echo(app.say("没有规则包变更。", "There are no changes of the pack."))
    app.print_table(
        app.say("规则包变更", "Changes of the pack"),
        [
            ("id", "right"),
            (app.say("状态", "state"), ""),
            (app.say("起用日", "active from"), ""),
            (app.say("规则包", "pack"), ""),
            (app.say("提出人", "proposed by"), ""),
            (app.say("理由", "why"), ""),
        ],
        [
            [
                str(one.number),
                _state(app, one.state),
                str(one.activation.first_day) if one.activation else "",
                one.pack_hash[:_SHORT],
                one.proposal.actor,
                one.proposal.why,
            ]
            for one in changes
        ],
    )


@policy.command("show")
@_number
@_as_json
@click.pass_obj
def show(app: App, number: int, _json: bool) -> None:
    """Show a change with every step and what its replay found.

    查看一项变更。
    """
    with app.database() as database, database.transaction() as conn:
        change = Changes(app.site.institution_id, app.site.salts).get(conn, number)
        newest = newest_decision(conn, app.site.institution_id)
    _tell(app, change, newest)


@policy.command("diff")
@_number
@_as_json
@click.pass_obj
def diff(app: App, number: int, _json: bool) -> None:
    """Show what the proposed pack says otherwise: parameters, conditions, clauses.

    查看变更内容。
    """
    institution = app.site.institution_id
    with app.database() as database, database.transaction() as conn:
        change = Changes(institution, app.site.salts).get(conn, number)
        hashes = change.base_hash, change.pack_hash
        sides = [unbundled(read_pack(conn, institution, one)) for one in hashes]
    packs = [open_policy(files).pack for files in sides]
    found = pack_differences(*packs)
    if app.is_json:
        app.print_document({"change": number, "differences": difference_documents(found)})
        return
    if not found:
        click.echo(
            app.say(
                "仅示例或说明不同，不影响判定。",
                "Only examples or comments differ: nothing decides.",
            )
        )
    app.print_table(
        app.say("变更内容", "What differs"),
        [
            (app.say("文件", "file"), ""),
            (app.say("条目", "entry"), ""),
            (app.say("路径", "path"), ""),
            (app.say("变更前", "before"), ""),
            (app.say("变更后", "after"), ""),
        ],
        [
            [
                one.file,
                f"{one.kind} {one.id}",
                one.path,
                one.before[:_SAID_MAX],
                one.after[:_SAID_MAX],
            ]
            for one in found
        ],
    )


@policy.command("approve")
@_number
@_as_json
@click.pass_obj
def approve(app: App, number: int, _json: bool) -> None:
    """Approve a change that was replayed; never who proposed it.

    批准变更（提出人除外）。
    """
    _take(app, lambda changes, conn, at: changes.approve(conn, number, by=app.site.actor, at=at))


@policy.command("reject")
@_number
@_why
@_as_json
@click.pass_obj
def reject(app: App, number: int, why: str, _json: bool) -> None:
    """Turn a change down.

    否决变更。
    """
    by = app.site.actor
    _take(app, lambda changes, conn, at: changes.reject(conn, number, why=why, by=by, at=at))


@policy.command("activate")
@_number
@click.option(
    "--from",
    "first_day",
    required=True,
    metavar="DATE",
    help="First value date it decides. 起用的起息日。",
)
@_as_json
@click.pass_obj
def activate(app: App, number: int, first_day: str, _json: bool) -> None:
    """Have an approved pack decide from a value date on.

    启用已批准的变更。
    """
    day, by = app.day(first_day), app.site.actor
    _take(
        app,
        lambda changes, conn, at: changes.activate(conn, number, first_day=day, by=by, at=at),
    )


@policy.command("revoke")
@_number
@_why
@_as_json
@click.pass_obj
def revoke(app: App, number: int, why: str, _json: bool) -> None:
    """End an activation: what stood before it stands again.

    撤销启用。
    """
    by = app.site.actor
    _take(app, lambda changes, conn, at: changes.revoke(conn, number, why=why, by=by, at=at))


def _take(app: App, act: Callable[[Changes, Connection, datetime], Change]) -> None:
    """Take a step of a change in one transaction, and tell what it is then."""
    changes = Changes(app.site.institution_id, app.site.salts)
    with app.database() as database:
        with database.transaction() as conn:
            change = act(changes, conn, app.site.now())
        with database.transaction() as conn:
            newest = newest_decision(conn, app.site.institution_id)
    _tell(app, change, newest)


def _tell(app: App, change: Change, newest: datetime | None) -> None:
    """Print a change: its state first, then its steps and its replay."""
    document = change_document(change, newest)
    if app.is_json:
        app.print_document(document)
        return
    pack, base = change.pack_hash[:_SHORT], change.base_hash[:_SHORT]
    click.echo(
        app.say(
            f"变更 {change.number}：{_state(app, change.state)}；{base} → {pack}",
            f"change {change.number} is {change.state}: {base} → {pack}",
        )
    )
    app.print_table(
        app.say("步骤", "Steps"),
        [
            ("#", "right"),
            (app.say("步骤", "step"), ""),
            (app.say("经办人", "by"), ""),
            (app.say("时间", "at"), ""),
            (app.say("起用日", "from"), ""),
            (app.say("理由", "why"), ""),
        ],
        [
            [
                str(one.step),
                _state(app, one.kind),
                one.actor,
                one.at.isoformat(timespec="seconds"),
                str(one.first_day or ""),
                one.why,
            ]
            for one in change.steps
        ],
    )
    _print_replay(app, document)
    if is_stale(change.replay, newest) and change.state == "replayed":
        click.echo(
            app.say(
                "注意：回放之后又有新的判定，批准前宜再次回放。",
                "Note: more was decided since it was replayed; replay it again before approving.",
            )
        )


def _print_replay(app: App, document: Document) -> None:
    """Print what the last replay found."""
    found: Any = document["replay"]
    if found is None:
        return
    amounts = "; ".join(f"{grouped(total)} {code}" for code, total in found["amounts"].items())
    amounts = amounts or app.say("无金额", "no amounts")
    judged, flipped = grouped(str(found["decisions"])), grouped(str(found["flipped"]))
    digest = found["digest"][:16]
    click.echo(
        app.say(
            f"最近回放：{judged} 笔判定中 {flipped} 笔结果改变（{amounts}）；摘要 {digest}",
            f"last replay: {flipped} of {judged} decisions flip ({amounts}); digest {digest}",
        )
    )


def _state(app: App, state: str) -> str:
    return app.say(_STATES[state], state)
