"""`qianhai plan check --watch`: checks the pack again whenever one of its files was saved.

Holds the loop and its screen. Must not check anything itself.
"""

import time
from collections.abc import Callable, Mapping

import click

from qianhai.cli.app import App
from qianhai.cli.usage import flaw_line
from qianhai.kernel import Environment
from qianhai.policy import CheckReport

#: How long a save may lie unseen.
_LOOK_SECONDS = 0.3
_FLAWS_SHOWN_MAX = 20


def report_line(app: App, report: CheckReport) -> str:
    """Return how much was checked and what was found, in one line."""
    count = len(report.differences)
    return app.say(
        f"{report.measures} 条措施，{report.clauses} 项条款，{report.sections} 节，"
        f"{report.facilities} 项业务，{report.examples} 个示例，"
        f"未展示情形 {report.lacking} 种，{count} 处差异",
        f"{report.measures} measures, {report.clauses} clauses, {report.sections} sections, "
        f"{report.facilities} facilities, {report.examples} examples, "
        f"{report.lacking} side{'s' * (report.lacking != 1)} not shown, "
        f"{count} difference{'s' * (count != 1)}",
    )


def watch(app: App, check: Callable[[Mapping[str, bytes]], CheckReport]) -> int:
    """Check at once and at every change, until the terminal interrupts it.

    Returns what the last check would have: 3 with a difference, else 0.
    """
    seen: dict[str, bytes] | None = None
    count = 0
    try:
        while True:
            files = _files(app)
            if files is not None and files != seen:
                seen = files
                started = time.perf_counter()
                report = check(files)
                count = len(report.differences)
                _print(app, report, time.perf_counter() - started)
            time.sleep(_LOOK_SECONDS)
    except KeyboardInterrupt:
        click.echo()
        return 3 if count else 0


def _files(app: App) -> dict[str, bytes] | None:
    """Return the pack's files; None while an editor is just putting one in its place."""
    try:
        return app.site.plan_files()
    except Environment:
        return None


def _print(app: App, report: CheckReport, seconds: float) -> None:
    click.clear()
    for flaw in report.differences[:_FLAWS_SHOWN_MAX]:
        click.echo(flaw_line(flaw, app.language, app.out))
    hidden = len(report.differences) - _FLAWS_SHOWN_MAX
    if hidden > 0:
        click.echo(app.say(f"另有 {hidden} 处。", f"and {hidden} more."))
    click.echo(f"{report_line(app, report)} · {seconds:.1f} s")
    click.echo(app.say("保存后重新核对；Ctrl-C 结束。", "Checked at every save; Ctrl-C ends."))
