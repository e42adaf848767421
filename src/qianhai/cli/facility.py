"""`qianhai facility`: which business there is, and what each asks for."""

import click

from qianhai.cli.app import App
from qianhai.cli.decide import find_action
from qianhai.cli.usage import Commands
from qianhai.views import facility_document, facility_line


@click.group(cls=Commands)
def facility() -> None:
    """Show the businesses that may be done.

    查看可办业务。
    """


@facility.command("list")
@click.option("--json", "_json", is_flag=True, help="Print one JSON document. 输出 JSON。")
@click.pass_obj
def list_facilities(app: App, _json: bool) -> None:
    """List all facilities with their actions.

    列出全部业务。
    """
    models = sorted(
        app.policy.pack.facilities.values(), key=lambda model: (model.measure, model.id)
    )
    if app.is_json:
        app.print_document({"facilities": [facility_line(model) for model in models]})
        return
    app.print_table(
        app.say("可办业务", "Facilities"),
        [
            (app.say("措施", "measure"), "right"),
            ("id", ""),
            (app.say("名称", "title"), ""),
            (app.say("操作", "actions"), ""),
        ],
        [
            [str(m.measure), m.id, app.say(m.title.zh, m.title.en), ", ".join(m.actions)]
            for m in models
        ],
    )


@facility.command("show")
@click.argument("name", metavar="ID")
@click.option("--json", "_json", is_flag=True, help="Print one JSON document. 输出 JSON。")
@click.pass_obj
def show_facility(app: App, name: str, _json: bool) -> None:
    """Show a facility's facts, conditions, limits and actions.

    查看一项业务。
    """
    find_action(app.policy, name, "")
    model = app.policy.pack.facilities[name]
    if app.is_json:
        app.print_document(facility_document(app.policy.pack, model))
        return
    measure = app.say(f"措施 {model.measure}", f"measure {model.measure}")
    click.echo(f"{model.id} · {app.say(model.title.zh, model.title.en)} · {measure}")
    app.print_table(
        app.say("事实", "Facts"),
        [
            ("id", ""),
            (app.say("类型", "type"), ""),
            (app.say("来源", "known by"), ""),
            (app.say("单证", "document"), ""),
            (app.say("含义", "meaning"), ""),
        ],
        [[n, f.type, f.provider, f.document, app.say(f.zh, f.en)] for n, f in model.facts.items()],
    )
    for key, action in model.actions.items():
        app.print_table(
            f"{key} · {app.say(action.zh, action.en)} · {action.clause}",
            [
                (app.say("条件或额度", "condition or limit"), ""),
                (app.say("否则", "otherwise"), ""),
                (app.say("含义", "meaning"), ""),
                (app.say("算式", "expression"), ""),
            ],
            [[c.id, c.otherwise.value, app.say(c.zh, c.en), c.when] for c in action.conditions]
            + [
                [limit.id, limit.otherwise.value, app.say(limit.zh, limit.en), limit.amount]
                for limit in action.limits
            ],
        )
