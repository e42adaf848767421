"""`qianhai decide`: one action judged on facts from a file, nothing booked."""

import json
import sys
from pathlib import Path

import click

from qianhai.cli.app import App
from qianhai.kernel import BadInput, Flaw, Place, nearest
from qianhai.policy import Compiled, Decision, Policy, Values, flatten, read_facts
from qianhai.views import decision_document, reason_texts

_BYTES_MAX = 10_000_000


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
@click.option("--json", "_json", is_flag=True, help="Print one JSON document. 输出 JSON。")
@click.pass_obj
def decide(
    app: App,
    facility: str,
    facts: str,
    action: str,
    on: str | None,
    switches: tuple[str, ...],
    _json: bool,
) -> int:
    """Judge one business on its facts; books nothing. 按事实判定一笔业务，不记账。"""
    day = app.day(on)
    compiled = find_action(app.policy, facility, action)
    values = load_facts(compiled, facts)
    standing = app.policy.standing(day, switches=_switches(app.policy, switches))
    decision = app.policy.decide(compiled, values, standing).decision
    if app.is_json:
        app.print_document(decision_document(app.policy.pack, decision))
    else:
        print_decision(app, decision)
    return 0


def find_action(policy: Policy, facility: str, action: str) -> Compiled:
    """Return the action a command names.

    Raises:
        BadInput: no such facility or action; the nearest name is told.
    """
    try:
        return policy.compiled(facility, action)
    except KeyError:
        model = policy.pack.facilities.get(facility)
        what, found, known = ("action", action, list(model.actions)) if model else ("facility", facility, list(policy.pack.facilities))  # fmt: skip
        raise BadInput([_unknown(what, found, known)]) from None


def _unknown(what: str, found: str, known: list[str]) -> Flaw:
    near = nearest(found, known)
    hint, zh_hint = (f" Nearest name: `{near}`.", f"相近名称：“{near}”。") if near else ("", "")
    return Flaw(
        "C002", Place(what), found, f"one of {', '.join(known)}",
        f"unknown {what} `{found}`.{hint} `qianhai facility list` shows them all.",
        f"未知的{'业务' if what == 'facility' else '操作'}“{found}”。{zh_hint}可用 qianhai facility list 查看。",
    )  # fmt: skip


def _switches(policy: Policy, given: tuple[str, ...]) -> dict[str, str]:
    chosen: dict[str, str] = {}
    flaws: list[Flaw] = []
    for text in given:
        name, _, value = text.partition("=")
        known = policy.pack.switches
        if name not in known:
            flaws.append(_unknown("switch", name, list(known)))
        elif value not in known[name].values:
            flaws.append(
                _unknown("switch value", text, [f"{name}={v}" for v in known[name].values])
            )
        chosen[name] = value
    if flaws:
        raise BadInput(flaws)
    return chosen


def load_facts(compiled: Compiled, source: str) -> Values:
    """Read a JSON object of facts, from a file or standard input.

    Raises:
        BadInput: not JSON, not an object, or facts that are wrong; all flaws at once.
    """
    name = "stdin" if source == "-" else source
    raw = _read(source, name)
    pairs: list[tuple[str, object]] = []
    flaws: list[Flaw] = []

    def unique(items: list[tuple[str, object]]) -> dict[str, object]:
        keys = [key for key, _ in items]
        for key in {key for key in keys if keys.count(key) > 1}:
            flaws.append(Flaw("C005", Place(name, None, key), key, "each name once",
                              f"`{key}` stands twice; keep one.", f"“{key}”出现两次，请保留一个。"))  # fmt: skip
        return dict(items)

    try:
        document = json.loads(raw, object_pairs_hook=unique, parse_constant=lambda text: text)
    except (ValueError, RecursionError) as fault:
        line = fault.lineno if isinstance(fault, json.JSONDecodeError) else None
        raise BadInput([Flaw("C003", Place(name, line), "", "one JSON object",
                             f"the facts are no JSON: {fault}.", f"事实文件不是有效的 JSON：{fault}。")]) from None  # fmt: skip
    if not isinstance(document, dict):
        raise BadInput([Flaw("C004", Place(name), str(document)[:80], "one JSON object",
                             "the facts are one JSON object, such as {\"amount\": {...}}.",
                             "事实应为一个 JSON 对象。")])  # fmt: skip
    pairs += flatten(document)
    values, found = read_facts(compiled.facts, pairs, lambda path: Place(name, None, path))
    if flaws or found:
        raise BadInput([*flaws, *found])
    return values


def _read(source: str, name: str) -> str:
    try:
        raw = sys.stdin.buffer.read(_BYTES_MAX + 1) if source == "-" else Path(source).read_bytes()
    except OSError as fault:
        raise BadInput([Flaw("C006", Place(name), "", "a readable file", f"the file cannot be read: {fault.strerror}.",
                             f"文件无法读取：{fault.strerror}。")]) from None  # fmt: skip
    try:
        if len(raw) > _BYTES_MAX:
            raise ValueError
        return raw.decode("utf-8-sig")
    except ValueError:
        raise BadInput([Flaw("C007", Place(name), "", f"UTF-8, at most {_BYTES_MAX} bytes",
                             "the file is not UTF-8, or too large.", "文件不是 UTF-8 编码或过大。")]) from None  # fmt: skip


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
    for one in decision.missing:
        document = pack.vocabulary["documents"].get(one.document)
        word = app.say(document.zh, document.en) if document else one.document
        click.echo(f"  ? {one.fact}  ← {word}")
    if decision.limits:
        app.print_table(
            app.say("额度", "Limits"),
            [(app.say("额度", "limit"), ""), (app.say("币种", "asset"), "")]
            + [
                (app.say(*w), "right")
                for w in (("上限", "cap"), ("已用", "used"), ("本次", "asked"), ("剩余", "left"))
            ],
            [
                [u.id, u.asset or "?", u.cap or "?", u.used or "?", u.asked or "?", u.left or "?"]
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
        [
            [c.id, {True: "✓", False: "✗", None: "?"}[c.value], c.clause, c.basis]
            for c in decision.conditions
        ],
    )


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
