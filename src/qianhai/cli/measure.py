"""Prints a measure on one screen: what it allows, to whom, up to what, on which papers.

Holds the layout. What stands there comes from `views.measure_page`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import click

from qianhai.cli.app import App

#: So many limits, values and papers are shown; the rest is counted.
_MOST: Final = 8
Page = Mapping[str, Any]


def print_measure(app: App, page: Page) -> None:
    """Print a measure's page in the language of the terminal."""
    status = {one.slug: one for one in app.policy.pack.plan.statuses}
    click.echo(f"{page['id']} · {_said(app, page)} · {page['on']}")
    click.echo(_said(app, page["summary"]))
    decided = [one for one in page["allows"] if one["kind"] == "facility"]
    _line(app, "准予", "Allows", (_said(app, one) for one in decided or page["allows"][:1]))
    _line(app, "适用", "To whom", (_said(app, one) for one in page["actors"]), ", ")
    _line(app, "责任单位", "Answers", (_said(app, one) for one in page["units"]))
    app.print_table(
        app.say("条款", "Clauses"),
        [
            ("id", ""),
            (app.say("状态", "status"), ""),
            (app.say("当日", "that day"), ""),
            (app.say("内容", "what"), ""),
            (app.say("办理操作", "done by"), ""),
        ],
        [
            [
                one["id"],
                one["status"],
                _state(app, one),
                _said(app, one),
                ", ".join(one["done_by"]),
            ]
            for one in page["clauses"]
        ],
    )
    _line(app, "上限", "Up to", _limits(app, page["limits"]))
    _line(app, "数值", "Values", (_value(app, one) for one in page["parameters"]))
    _line(app, "单证", "Papers", (_said(app, one) for one in page["documents"]))
    _line(app, "报告", "Reports", (_said(app, one) for one in page["reports"]))
    waiting = [one["id"] for one in page["clauses"] if one["status"] == "proposed"]
    if waiting:
        word = status["proposed"]
        _line(app, "尚未开放", "Not open", [f"{', '.join(waiting)}: {app.say(word.zh, word.en)}"])
    commands = [f"qianhai ask {one['id']}" for one in page["facilities"]]
    commands += [f"qianhai facility show {one['id']}" for one in page["facilities"][:1]]
    none = app.say("本条没有逐笔决定的业务", "no instruction is decided under this measure")
    _line(app, "命令", "Commands", commands or [none])


def _said(app: App, words: Page) -> str:
    return app.say(str(words["zh"]), str(words["en"]))


def _line(app: App, zh: str, en: str, parts: Iterable[str], between: str = "; ") -> None:
    """Print a labelled line, or nothing without parts."""
    shown = list(dict.fromkeys(parts))
    if not shown:
        return
    more = len(shown) - _MOST
    rest = app.say(f"另有 {more} 项", f"and {more} more")
    text = between.join(shown[:_MOST] + ([rest] if more > 0 else []))
    click.echo(app.say(f"{zh}：{text}", f"{en}: {text}"))


def _state(app: App, clause: Page) -> str:
    if clause["status"] == "duty":
        return app.say("职责", "a duty")
    return app.say("开放", "open") if clause["is_open"] else app.say("未开放", "closed")


def _limits(app: App, limits: Iterable[Page]) -> Iterable[str]:
    windows = {
        "outstanding": ("余额", "outstanding"), "day": ("每日", "a day"),
        "year": ("每年", "a year"), "lifetime": ("累计", "in all"),
    }  # fmt: skip
    for one in limits:
        window = app.say(*windows[str(one["window"])])
        yield f"{_said(app, one)} ({window}: {' + '.join(one['caps'])})"


def _value(app: App, one: Page) -> str:
    value = one["value"] or app.say("未确认", "not established")
    unit = one["currency"] or _said(app, one["unit"])
    since = f", {app.say('自', 'since')} {one['since']}" if one["since"] else ""
    return f"{_said(app, one)} {value} {unit}{since} ({one['confidence']})"
