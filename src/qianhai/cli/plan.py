"""`qianhai plan`: the 115 measures, and the proof of the pack."""

from pathlib import Path

import click

from qianhai.cli.app import App
from qianhai.cli.authoring import show_coverage, show_schema
from qianhai.cli.language_server import serve_editor
from qianhai.cli.measure import print_measure
from qianhai.cli.usage import Commands
from qianhai.cli.watch import report_line, watch
from qianhai.kernel import BadInput, BrokenIntegrity, Flaw, Place
from qianhai.policy import check_pack
from qianhai.views import check_document, flaw_document, measure_line, measure_page


@click.group(cls=Commands)
def plan() -> None:
    """Show and prove the plan of 115 measures.

    查看并核对115条措施。
    """


for command in (show_coverage, show_schema, serve_editor):
    plan.add_command(command)


@plan.command("list")
@click.option("--json", "_json", is_flag=True, help="Print one JSON document. 输出 JSON。")
@click.pass_obj
def list_measures(app: App, _json: bool) -> None:
    """List all measures.

    列出全部措施。
    """
    measures = [app.policy.pack.measures[number] for number in sorted(app.policy.pack.measures)]
    if app.is_json:
        app.print_document({"measures": [measure_line(measure) for measure in measures]})
        return
    app.print_table(
        app.say(app.policy.pack.plan.title.zh, app.policy.pack.plan.title.en),
        [
            ("#", "right"),
            (app.say("措施", "measure"), ""),
            (app.say("状态", "status"), ""),
            (app.say("条款", "clauses"), "right"),
        ],
        [
            [str(m.id), app.say(m.title.zh, m.title.en), m.status, str(len(m.clauses))]
            for m in measures
        ],
    )


@plan.command("show")
@click.argument("number", type=int)
@click.option("--on", default=None, metavar="DATE", help="As of a day, else today. 以某日为准。")
@click.option("--json", "_json", is_flag=True, help="Print one JSON document. 输出 JSON。")
@click.pass_obj
def show_measure(app: App, number: int, on: str | None, _json: bool) -> None:
    """Show one measure: what it allows, to whom, up to what, on which papers, who answers.

    查看一条措施：准予何事、适用何人、上限、单证与责任单位。
    """
    measure = app.policy.pack.measures.get(number)
    if measure is None:
        raise BadInput(
            [
                Flaw(
                    "C010",
                    Place("plan show"),
                    str(number),
                    "1 to 115",
                    f"there is no measure {number}; the plan has 1 to 115.",
                    f"没有第 {number} 条措施，方案共115条。",
                )
            ]
        )
    page = measure_page(app.policy, measure, app.policy.standing(app.day(on)))
    if app.is_json:
        app.print_document(page)
    else:
        print_measure(app, page)


@plan.command("check")
@click.argument("source", required=False, type=click.Path(readable=False))
@click.option(
    "--watch", "is_watched", is_flag=True, help="Check again at every save. 每次保存后重新核对。"
)
@click.option("--json", "_json", is_flag=True, help="Print one JSON document. 输出 JSON。")
@click.pass_obj
def check(app: App, source: str | None, is_watched: bool, _json: bool) -> int:
    """Prove the pack, and with SOURCE prove it against the official text.

    核对规则包与官方文本。
    """
    text = _read(source) if source else None
    if is_watched:
        return watch(app, lambda files: check_pack(files, text, source or ""))
    report = check_pack(app.files, text, source or "")
    counts = {
        "measures": report.measures,
        "clauses": report.clauses,
        "sections": report.sections,
        "facilities": report.facilities,
        "examples": report.examples,
        "lacking": report.lacking,
    }
    if app.is_json:
        app.print_document(
            check_document(counts, [flaw_document(flaw) for flaw in report.differences])
        )
        return 3 if report.differences else 0
    click.echo(report_line(app, report))
    if report.differences:
        raise BrokenIntegrity(report.differences)
    return 0


def _read(source: str) -> str:
    try:
        return Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise BadInput(
            [
                Flaw(
                    "C011",
                    Place(source),
                    "",
                    "the official text as UTF-8",
                    f"the text cannot be read: {fault}.",
                    f"官方文本无法读取：{fault}。",
                )
            ]
        ) from None
