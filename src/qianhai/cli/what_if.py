"""Prints what alone would permit a business, below a decision."""

from collections.abc import Mapping
from typing import cast

import click

from qianhai.cli.app import App
from qianhai.views import grouped

_Line = Mapping[str, object]


def print_what_if(app: App, found: _Line) -> None:
    """Print the amounts, days, dates and words that permit, each on its own."""
    if found["is_permitted"]:
        click.echo(app.say("其余不变时，以下均可准予：", "Permitted as well, the rest as it is:"))
    else:
        click.echo(app.say("假如仅改变一项，即可准予：", "What alone would permit it:"))
    lines = [_span(app, one) for one in (*_rows(found, "amounts"), *_rows(found, "dates"))]
    lines += [_days(app, one) for one in _rows(found, "days")]
    lines += [_turn(app, one) for one in _rows(found, "turns")]
    for line in lines or [
        app.say("没有：须同时改变多项。", "nothing: more than one has to change.")
    ]:
        click.echo(f"  {line}")
    sole = cast("_Line | None", found["sole"])
    if sole:
        words = app.say(str(sole["zh"]), str(sole["en"]))
        said = app.say("仅此一项不成立", "the only test that does not hold")
        click.echo(f"  {said}: {words}  [{sole['clause']}]")


def _rows(found: _Line, name: str) -> list[_Line]:
    return cast("list[_Line]", found[name])


def _span(app: App, one: _Line) -> str:
    words = f"{one['fact']} ({app.say(str(one['zh']), str(one['en']))})"
    if "currency" in one:
        least, most = (grouped(str(one[end])) for end in ("least", "most"))
        reach = app.say(f"{least} 至 {most}", f"{least} to {most}") + f" {one['currency']}"
    else:
        first, last = one["first"] or "…", one["last"] or "…"
        reach = app.say(f"{first} 至 {last}", f"{first} to {last}")
    if "currency" in one and not one["is_bounded"]:
        reach += app.say("，以上未见上限", ", no end found above")
    if not one["is_steady"]:
        reach += app.say("，其间并非全部准予", ", not everything between")
    return f"{words}: {reach}"


def _days(app: App, one: _Line) -> str:
    first, until = one["from"] or "…", one["to"] or "…"
    return app.say(f"判定日期：{first} 至 {until}", f"day judged: {first} to {until}")


def _turn(app: App, one: _Line) -> str:
    words = f"{one['fact']} ({app.say(str(one['zh']), str(one['en']))})"
    to = " / ".join(map(_word, cast("list[object]", one["permitted"])))
    return f"{words}: {_word(one['found'])} → {to}"


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
