"""`qianhai retention`: what is kept how long by which paper, and whose data may be erased."""

from collections.abc import Callable, Sequence
from typing import Any

import click

from qianhai.cli.app import App
from qianhai.cli.refuse import refused
from qianhai.kernel import Place
from qianhai.views import due_subjects, retention_document, rules

_YEARS_MAX = 100

#: Gives the years a rule whose source is unsure waits for.
years_option: Callable[[Any], Any] = click.option(
    "--years",
    multiple=True,
    metavar="NAME=N",
    help="Years for a rule whose source is unsure. 为来源未定的期限指定年数。",
)


def given_years(given: Sequence[str]) -> dict[str, int]:
    """Return the years somebody gives for rules.

    Raises:
        BadInput: no such rule, or no number of years.
    """
    known = [rule.id for rule in rules()]
    found = {}
    for text in given:
        name, _, years = text.partition("=")
        if name not in known or not years.isdecimal() or not 0 < int(years) <= _YEARS_MAX:
            raise refused(
                "C095",
                Place("--years"),
                text,
                "NAME=N, such as consents=3",
                en=f"`{text}` gives no years; write NAME=N with one of {', '.join(known)}.",
                zh=f"“{text}”不是年数；请写成 名称=年数，名称为 {'、'.join(known)} 之一。",
            )
        found[name] = int(years)
    return found


@click.command()
@click.option("--on", "on", default=None, metavar="DATE", help="Day; today if left out. 日期。")
@years_option
@click.option("--json", "_json", is_flag=True, help="Print one JSON document. 输出 JSON。")
@click.pass_obj
def retention(app: App, on: str | None, years: tuple[str, ...], _json: bool) -> None:
    """Show what must be kept how long, and whose data nothing binds any more.

    查看保存期限及到期可删除的个人信息。
    """
    day, given = app.day(on), given_years(years)
    with app.database() as database, database.transaction() as conn:
        due = due_subjects(conn, app.site.institution_id, day, given)
    document = retention_document(day, given, due)
    if app.is_json:
        app.print_document(document)
        return
    app.print_table(
        app.say(f"保存期限 · {day}", f"Retention on {day}"),
        [
            (app.say("名称", "name"), ""),
            (app.say("内容", "what"), ""),
            (app.say("起算", "from"), ""),
            (app.say("月数", "months"), "right"),
            (app.say("依据", "source"), ""),
        ],
        [
            [
                rule.id,
                app.say(rule.holds.zh, rule.holds.en),
                app.say(rule.begins.zh, rule.begins.en),
                str(span.months) if span else app.say("须指定", "give --years"),
                span.source if span else rule.values[-1].source,
            ]
            for rule in rules()
            for span in [rule.on(day, given)]
        ],
    )
    app.print_table(
        app.say("到期可删除", "Due: may be erased"),
        [(app.say("主体", "subject"), ""), (app.say("关系结束", "ended"), "")],
        [[subject, ended.isoformat()] for subject, ended in due],
    )
    if not due:
        click.echo(app.say("没有到期的个人信息", "nobody's data is due"))
