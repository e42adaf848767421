"""`qianhai decide`: one action judged on facts from a file, nothing booked."""

import click

from qianhai.cli.app import App
from qianhai.cli.facts import load_facts
from qianhai.cli.refuse import unknown_name
from qianhai.cli.what_if import print_what_if
from qianhai.kernel import BadInput, Flaw
from qianhai.policy import Compiled, Decision, Matter, Policy, what_if
from qianhai.views import decision_document, grouped, other_way, reason_texts, what_if_document


@click.command()
@click.argument("facility")
@click.option(
    "--facts", required=True, metavar="FILE|-", help="JSON object of facts. 事实文件（JSON）。"
)
@click.option(
    "--action", default="", help="Action of the facility; its first one if left out. 操作。"
)
@click.option(
    "--on",
    "on",
    default=None,
    metavar="DATE",
    help="Day to judge as of; today if left out. 判定日期。",
)
@click.option(
    "--switch",
    "switches",
    multiple=True,
    metavar="NAME=VALUE",
    help="Another reading. 另一种读法。",
)
@click.option(
    "--what-if",
    "is_what_if",
    is_flag=True,
    help="Tell too what alone would permit it: amount, day, fact. 并说明改变何项即可准予。",
)
@click.option("--json", "_json", is_flag=True, help="Print one JSON document. 输出 JSON。")
@click.pass_obj
def decide(
    app: App,
    facility: str,
    facts: str,
    action: str,
    on: str | None,
    switches: tuple[str, ...],
    is_what_if: bool,
    _json: bool,
) -> int:
    """Judge one business on its facts; books nothing.

    按事实判定一笔业务，不记账。
    """
    day = app.day(on)
    compiled = find_action(app.policy, facility, action)
    values = load_facts(compiled, facts)
    standing = app.policy.standing(day, switches=read_switches(app.policy, switches))
    decision = app.policy.decide(compiled, values, standing).decision
    matter = Matter(app.policy, compiled, standing)
    found = what_if_document(matter, what_if(matter, values)) if is_what_if else None
    if app.is_json:
        document = decision_document(app.policy.pack, decision)
        app.print_document(document | ({"what_if": found} if found else {}))
        return 0
    print_decision(app, decision)
    if found:
        print_what_if(app, found)
    return 0


def find_action(policy: Policy, facility: str, action: str) -> Compiled:
    """Return the action a command names.

    Raises:
        BadInput: no such facility or action; the nearest name is told.
    """
    model = policy.pack.facilities.get(facility)
    if model is None:
        raise BadInput([unknown_name("facility", "业务", facility, policy.pack.facilities)])
    if action and action not in model.actions:
        raise BadInput([unknown_name("action", "操作", action, model.actions)])
    return policy.compiled(facility, action)


def read_switches(policy: Policy, given: tuple[str, ...]) -> dict[str, str]:
    """Return the readings a command chooses.

    Raises:
        BadInput: no such reading, or not that value of it.
    """
    chosen: dict[str, str] = {}
    flaws: list[Flaw] = []
    for text in given:
        name, _, value = text.partition("=")
        switch = policy.pack.switches.get(name)
        if switch is None:
            flaws.append(unknown_name("switch", "读法开关", name, policy.pack.switches))
        elif value not in switch.values:
            known = [f"{name}={value}" for value in switch.values]
            flaws.append(unknown_name("switch value", "读法取值", text, known))
        chosen[name] = value
    if flaws:
        raise BadInput(flaws)
    return chosen


def print_decision(app: App, decision: Decision) -> None:
    """Print a decision: one sentence first, then reasons, conditions and limits."""
    pack = app.policy.pack
    facility = pack.facilities[decision.facility]
    title = app.say(facility.title.zh, facility.title.en)
    click.echo(
        f"{title} · {decision.clause} · {decision.on} → {outcome_word(app, decision.outcome.value)}"
    )
    for reason in decision.reasons:
        text = reason_texts(pack, reason)
        click.echo(f"  {reason.code}  {app.say(text['zh'], text['en'])}  [{reason.clause}]")
    way = other_way(pack, decision)
    if way:
        click.echo(app.say(f"  其他办法：{way['zh']}", f"  another way: {way['en']}"))
    app.print_table(
        app.say("额度", "Limits"),
        [
            (app.say("额度", "limit"), ""),
            (app.say("上限", "cap"), "right"),
            (app.say("已用", "used"), "right"),
            (app.say("本次", "asked"), "right"),
            (app.say("剩余", "left"), "right"),
            (app.say("币种", "asset"), ""),
        ],
        [
            [
                u.id,
                *(grouped(figure) for figure in (u.cap, u.used, u.asked, u.left)),
                u.asset or "?",
            ]
            for u in decision.limits
        ],
    )
    app.print_table(
        app.say("条件", "Conditions"),
        [
            (app.say("条件", "condition"), ""),
            (app.say("结果", "value"), ""),
            (app.say("条款", "clause"), ""),
            (app.say("依据", "basis"), ""),
        ],
        [[c.id, _MARKS[c.value], c.clause, app.say(*_BASES[c.basis])] for c in decision.conditions],
    )


_MARKS = {True: "✓", False: "✗", None: "?"}
_BASES = {"stated": ("明文", "stated"), "implied": ("推定", "implied")}
_OUTCOMES = {
    "refused": ("不予办理", "refused"),
    "referred": ("转人工决定", "referred to a person"),
    "register_first": ("须先登记", "register first"),
    "ordinary": ("按一般规定办理", "ordinary papers"),
    "permitted": ("准予办理", "permitted"),
    "incomplete": ("尚缺事实", "incomplete"),
}


def outcome_word(app: App, outcome: str) -> str:
    """Return an outcome's word in the terminal's language."""
    return app.say(*_OUTCOMES[outcome])
