"""`qianhai facility`: which business there is, and what each asks for."""

from collections.abc import Sequence

import click

from qianhai.cli.app import App
from qianhai.cli.decide import find_action, outcome_word
from qianhai.cli.usage import Commands
from qianhai.policy import Action, Limit
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
    app.print_table(
        app.say("报告所需的输入列", "Columns its reports ask for"),
        [("id", ""), (app.say("类型", "type"), ""), (app.say("含义", "meaning"), "")],
        [
            [name, fact.type, app.say(fact.zh, fact.en)]
            for name, fact in app.policy.report_facts[name].items()
        ],
    )
    for key, action in model.actions.items():
        print_action(app, key, action)


def print_action(app: App, name: str, action: Action) -> None:
    """Print what an action asks: its conditions and limits, and the papers they rest on."""
    click.echo(f"{name} · {app.say(action.zh, action.en)} · {action.clause}")
    app.print_table(
        "",
        [
            (app.say("条件或额度", "condition or limit"), ""),
            (app.say("否则", "otherwise"), ""),
            (app.say("含义", "meaning"), ""),
            (app.say("算式", "expression"), ""),
        ],
        [
            [c.id, outcome_word(app, c.otherwise.value), app.say(c.zh, c.en), c.when]
            for c in action.conditions
        ]
        + [
            [x.id, outcome_word(app, x.otherwise.value), app.say(x.zh, x.en), _shown(x)]
            for x in action.limits
        ],
    )
    _print_terms(app, app.say("单证", "documents"), "documents", action.documents)
    _print_terms(app, app.say("报告", "reports"), "reports", action.reports)


def _print_terms(app: App, heading: str, kind: str, names: Sequence[str]) -> None:
    """Print the words of a vocabulary's names in one line, or nothing without names."""
    terms = [app.policy.pack.vocabulary[kind][name] for name in names]
    if terms:
        click.echo(f"  {heading}: " + "; ".join(app.say(term.zh, term.en) for term in terms))


def _shown(limit: Limit) -> str:
    """Return what a limit compares; its pools in the order in which they are drawn."""
    return f"{limit.amount} <= {', then '.join(pool.cap for pool in limit.parts)}"
