"""`qianhai which`: under which business facts are permitted, and which come near it."""

from collections.abc import Mapping
from typing import cast

import click

from qianhai.cli.app import App
from qianhai.cli.decide import outcome_word
from qianhai.cli.facts import load_given, place_in
from qianhai.kernel import BadInput
from qianhai.policy import fits_of
from qianhai.views import which_document

_Line = Mapping[str, object]


@click.command()
@click.option(
    "--facts", required=True, metavar="FILE|-", help="JSON object of facts. 事实文件（JSON）。"
)
@click.option(
    "--on",
    "on",
    default=None,
    metavar="DATE",
    help="Day to judge as of; today if left out. 判定日期。",
)
@click.option("--json", "_json", is_flag=True, help="Print one JSON document. 输出 JSON。")
@click.pass_obj
def which(app: App, facts: str, on: str | None, _json: bool) -> int:
    """Find every business that facts are permitted under, and the nearest misses.

    查找这些事实可按哪些业务办理，以及差距最小的业务。
    """
    standing = app.policy.standing(app.day(on))
    fits, flaws = fits_of(app.policy, load_given(facts), standing, place_in(facts))
    if flaws:
        raise BadInput(flaws)
    document = which_document(fits)
    if app.is_json:
        app.print_document({"on": standing.on.isoformat(), **document})
        return 0
    permits, misses = (cast("list[_Line]", document[name]) for name in ("permits", "misses"))
    click.echo(app.say(f"准予办理：{len(permits)} 项", f"permitted: {len(permits)}"))
    for one in permits:
        click.echo(f"  {_title(app, one)}")
    click.echo(app.say(f"尚有差距：{len(misses)} 项", f"near misses: {len(misses)}"))
    for one in misses:
        _print_miss(app, one)
    unrelated = len(cast("list[object]", document["unrelated"]))
    click.echo(
        app.say(f"另有 {unrelated} 项业务与这些事实无关。", f"{unrelated} use none of these facts.")
    )
    return 0


def _title(app: App, one: _Line) -> str:
    words = app.say(str(one["zh"]), str(one["en"]))
    return f"{one['facility']} {one['action']} · {words}  [{one['clause']}]"


def _print_miss(app: App, one: _Line) -> None:
    """Print what fails, what it still needs with its paper, and the other way that is open."""
    click.echo(f"  {_title(app, one)} → {outcome_word(app, str(one['outcome']))}")
    for fail in cast("list[_Line]", one["fails"]):
        words = app.say(str(fail["zh"]), str(fail["en"]))
        click.echo(f"    ✗ {words}  [{fail['clause']}]")
    for need in cast("list[_Line]", one["needs"]):
        paper = cast("_Line", need["paper"])
        words = app.say(str(need["zh"]), str(need["en"]))
        click.echo(f"    ? {need['fact']}: {words} ({app.say(str(paper['zh']), str(paper['en']))})")
    for path in cast("list[str]", one["unread"]):
        click.echo(
            app.say(f"    · {path}：此处取值形式不同", f"    · {path}: another form here, left out")
        )
    way = cast("_Line | None", one.get("other_way"))
    if way:
        words = app.say(str(way["zh"]), str(way["en"]))
        click.echo(app.say(f"    其他办法：{words}", f"    another way: {words}"))
