"""`qianhai plan coverage` and `qianhai plan schema`: what an author of the pack is shown.

Holds arguments, tables and files. Must not know what a condition or a model is.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from qianhai.cli.app import App
from qianhai.cli.refuse import refused, unknown_name
from qianhai.kernel import BadInput, Place
from qianhai.policy import (
    SCHEMA_FILES,
    SIDES,
    Facility,
    Overlay,
    Shown,
    reach_of,
)
from qianhai.policy import schemas as schemas_of
from qianhai.views import coverage_document, examples_show, reach_document


@click.command("coverage")
@click.argument("target", metavar="[MEASURE|FACILITY]", required=False)
@click.option("--json", "_json", is_flag=True, help="Print one JSON document. 输出 JSON。")
@click.pass_obj
def show_coverage(app: App, target: str | None, _json: bool) -> int:
    """Show what the examples show of each condition, and propose those that lack.

    查看示例覆盖情况，并给出所缺示例。
    """
    reach = reach_document(reach_of(app.whole_policy)) if target is None else None
    show = examples_show(app.whole_policy, _owners(app, target))
    is_short = show.lacking or (reach and reach["uncovered"])
    if app.is_json:
        document = coverage_document(show)
        app.print_document({**document, "plan": reach} if reach else {**document})
        return 3 if is_short else 0
    _print_table(app, [one for one, _ in show.shown])
    for (name, _), counts in show.facts.items():
        words = ", ".join(f"{who} {count}" for who, count in counts.items())
        click.echo(app.say(f"{name} 的事实：{words}", f"facts of {name}: {words}"))
    click.echo(
        app.say(
            f"{len(show.shown)} 项条件与额度，未展示情形 {show.lacking} 种。",
            f"{len(show.shown)} conditions and limits, {show.lacking} sides not shown.",
        )
    )
    for one, more in show.shown:
        found = {proposal.side: proposal.text for proposal in more}
        for side, en, zh in SIDES:
            if side in one.lacking:
                place = one.document.place(one.path)
                click.echo(
                    app.say(
                        f"\n{place}: {one.facility} 的“{one.name}”缺少示例：{zh}。",
                        f"\n{place}: `{one.name}` of {one.facility} has no example {en}.",
                    )
                )
                none = app.say(
                    "  现有示例只改一项事实得不到；请自行写出。",
                    "  No example there shows it by one fact; write one of your own.",
                )
                click.echo(found.get(side, none))
    if reach is not None:
        _print_reach(app, reach, list(show.facts.values()))
    return 3 if is_short else 0


def _print_reach(app: App, reach: Mapping[str, Any], facts: Sequence[Mapping[str, int]]) -> None:
    """Print how much of the plan is decided, and how many facts the senders assert."""
    known = sum((Counter(one) for one in facts), Counter[str]())
    asserted, total = known["sender"], known.total()
    m, c, p = (reach[name] for name in ("measures", "clauses", "proposed"))
    click.echo(
        app.say(
            f"可办业务的措施 {m['covered']}/{m['of']}；需判定的条款 {c['covered']}/{c['of']}，"
            f"其中拟议条款 {p['covered']}/{p['of']}；"
            f"发起人陈述的事实 {asserted} 项，有据可查的 {total - asserted} 项；"
            f"未覆盖 {len(reach['uncovered'])} 项。",
            f"{m['covered']} of {m['of']} facility measures; {c['covered']} of {c['of']} clauses to"
            f" decide, {p['covered']} of {p['of']} proposed ones among them; {asserted} facts are"
            f" asserted, {total - asserted} known; {len(reach['uncovered'])} uncovered.",
        )
    )
    if reach["uncovered"]:
        click.echo("  " + ", ".join(reach["uncovered"]))


def _owners(app: App, target: str | None) -> list[Facility | Overlay]:
    """Return the facilities and overlays a command names: one, those of a measure, or all.

    Raises:
        BadInput: there is none of that name or number.
    """
    pack = app.policy.pack
    owners: list[Facility | Overlay] = [*pack.facilities.values(), *pack.overlays.values()]
    if target is None:
        return owners
    found = [one for one in owners if target in {one.id, str(one.measure)}]
    if not found:
        known = [*(one.id for one in owners), *sorted({str(one.measure) for one in owners})]
        raise BadInput([unknown_name("facility or measure", "业务或条", target, known)])
    return found


def _print_table(app: App, shown: list[Shown]) -> None:
    marks = {True: "+", False: "MISSING", None: ""}
    app.print_table(
        app.say("示例覆盖", "What the examples show"),
        [
            (app.say("业务", "facility"), ""),
            (app.say("操作", "action"), ""),
            (app.say("条件或额度", "condition or limit"), ""),
            (app.say("成立", "pass"), ""),
            (app.say("不成立", "fail"), ""),
            (app.say("缺事实", "missing"), ""),
            (app.say("临界", "boundary"), ""),
            (app.say("超一单位", "one beyond"), ""),
        ],
        [
            [one.facility, one.action, one.name, *(marks[getattr(one, s)] for s, _, _ in SIDES)]
            for one in shown
        ],
    )


@click.command("schema")
@click.argument("kind", required=False)
@click.option("--out", type=click.Path(), help="Write KIND.schema.json files. 写入该目录。")
@click.option("--json", "_json", is_flag=True, help="The schemas are JSON anyway. 本来即为 JSON。")
@click.pass_obj
def show_schema(app: App, kind: str | None, out: str | None, _json: bool) -> None:
    """Print the JSON Schema of a kind of file, or write those of all, for an editor.

    输出各类文件的 JSON Schema，供编辑器补全与检查。
    """
    made = schemas_of(app.policy.pack)
    if kind is not None and kind not in made:
        kinds = list(SCHEMA_FILES)
        raise refused(
            "C012",
            Place("plan schema"),
            kind,
            f"one of {', '.join(kinds)}",
            en=f"there is no kind of file `{kind}`; the kinds are {', '.join(kinds)}.",
            zh=f"没有“{kind}”类文件；类别有：{'、'.join(kinds)}。",
        )
    chosen = made if kind is None else {kind: made[kind]}
    if out is None:
        app.print_document(chosen if kind is None else made[kind])
        return
    try:
        Path(out).mkdir(parents=True, exist_ok=True)
        for name, schema in chosen.items():
            text = json.dumps(schema, ensure_ascii=False, indent=1)
            (Path(out) / f"{name}.schema.json").write_text(f"{text}\n", encoding="utf-8")
    except OSError as fault:
        raise refused(
            "C013",
            Place("--out"),
            out,
            "a folder that can be written",
            en=f"the schemas cannot be written: {fault}.",
            zh=f"无法写入：{fault}。",
        ) from None
