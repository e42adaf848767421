"""`qianhai register load` and `qianhai limits`: what is on record, and what is left."""

from pathlib import Path

import click

from qianhai.cli.app import App
from qianhai.cli.progress import counted, progress
from qianhai.cli.usage import Commands
from qianhai.instructions import headroom_of
from qianhai.kernel import BadInput, Flaw, Place
from qianhai.ledger import Writer
from qianhai.messages import Shape, read
from qianhai.registers import Register
from qianhai.views import grouped, limits_document


@click.group(cls=Commands)
def register() -> None:
    """Keep the registers of parties.

    维护登记簿。
    """


@register.command("load")
@click.argument("file", type=click.Path(readable=False))
@click.option("--json", "_json", is_flag=True, help="Print one JSON document. 输出 JSON。")
@click.pass_obj
def load(app: App, file: str, _json: bool) -> None:
    """Load parties, accounts, qualifications and papers; the same file again adds nothing.

    载入登记簿。
    """
    admission = app.admission()
    with app.database() as database:
        with (
            database.transaction() as conn,
            progress(app, app.say("登记", "recording"), None) as tick,
        ):
            rows = counted(read(Path(file), shape=Shape()), tick)
            admitted = admission.record(conn, rows, app.site.now())
        writer = Writer(database, app.site.salts)
        opened = admission.open_accounts(admitted, writer, app.site.now())
    summary = admitted.summary
    if app.is_json:
        app.print_document(
            {
                "new": dict(summary.new),
                "unchanged": dict(summary.unchanged),
                "openings_posted": opened,
            }
        )
        return
    kinds = sorted({*summary.new, *summary.unchanged})
    app.print_table(
        app.say("登记簿", "Register"),
        [
            (app.say("类别", "kind"), ""),
            (app.say("新增", "new"), "right"),
            (app.say("不变", "unchanged"), "right"),
        ],
        [
            [kind, str(summary.new.get(kind, 0)), str(summary.unchanged.get(kind, 0))]
            for kind in kinds
        ],
    )


@click.command()
@click.argument("party")
@click.option("--on", "on", default=None, metavar="DATE", help="Day; today if left out. 日期。")
@click.option("--json", "_json", is_flag=True, help="Print one JSON document. 输出 JSON。")
@click.pass_obj
def limits(app: App, party: str, on: str | None, _json: bool) -> None:
    """Show what a party has used and has left under each limit.

    查看主体的各项额度。
    """
    day, at = app.day(on), app.site.now()
    policy = app.policy
    with app.database() as database, database.transaction() as conn:
        if party not in Register(conn, app.site.institution_id, day, at).known_parties([party]):
            raise BadInput(
                [
                    Flaw(
                        "C030",
                        Place("limits"),
                        party,
                        "a party of the register",
                        f"party `{party}` is not on the register on {day};"
                        " load it with `qianhai register load`.",
                        f"{day} 的登记簿中没有主体“{party}”，请先用 qianhai register load 登记。",
                    )
                ]
            )
        rooms = list(headroom_of(conn, policy, app.site.institution_id, party, day, at))
    if app.is_json:
        app.print_document(limits_document(party, day, rooms))
        return
    app.print_table(
        f"{party} · {day}",
        [
            (app.say("业务", "facility"), ""),
            (app.say("额度", "limit"), ""),
            (app.say("上限", "cap"), "right"),
            (app.say("已用", "used"), "right"),
            (app.say("剩余", "left"), "right"),
            (app.say("币种", "asset"), ""),
            (app.say("还需事实", "still needs"), ""),
        ],
        [
            [
                r.facility,
                f"{r.use.id} · {app.say(r.zh, r.en)}",
                grouped(r.use.cap),
                grouped(r.use.used),
                grouped(r.use.left),
                r.use.asset or "?",
                " ".join(r.missing),
            ]
            for r in rooms
        ],
    )
