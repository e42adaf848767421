"""Starts one command: options for all commands, and faults turned into messages and exit codes."""

import json
import sys
from collections.abc import Sequence

import click

from qianhai.cli.app import App, Site, new_console
from qianhai.cli.decide import decide
from qianhai.cli.facility import facility
from qianhai.cli.integrity import db, journal, ledger
from qianhai.cli.plan import plan
from qianhai.cli.register import limits, register
from qianhai.cli.run import run
from qianhai.kernel import BadInput, BrokenIntegrity, Flaw, QianhaiError
from qianhai.views import fault_document

_FLAWS_SHOWN_MAX = 200


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="qianhai")
@click.pass_obj
def qianhai(_app: App) -> None:
    """Decide, book and explain cross-border business under the Qianhai plan.

    前海方案跨境业务的逐条判定、记账与说明。
    """


for command in (run, decide, plan, facility, limits, register, ledger, journal, db):
    qianhai.add_command(command)


def start(site: Site, argv: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    is_json = "--json" in argv
    app = App(site, is_json=is_json, language=site.language, out=new_console())
    try:
        result = qianhai.main(list(argv), prog_name="qianhai", standalone_mode=False, obj=app)
    except click.ClickException as fault:
        return _usage(fault, is_json=is_json)
    except click.Abort:
        return 2
    except QianhaiError as fault:
        if is_json:
            app.print_document(fault_document(fault))
        else:
            _print_fault(app, fault)
        return fault.exit_code
    return result if isinstance(result, int) else 0


def _usage(fault: click.ClickException, *, is_json: bool) -> int:
    """Tell a mistake of usage, and return its exit code."""
    if is_json:
        error = {"kind": "usage", "exit_code": 2, "message": fault.format_message(), "flaws": []}
        click.echo(json.dumps({"error": error}, ensure_ascii=False, indent=2))
    else:
        fault.show(file=sys.stderr)
    return 2


def _print_fault(app: App, fault: QianhaiError) -> None:
    """Print a fault, all its flaws with place and what to do."""
    if not isinstance(fault, BadInput | BrokenIntegrity):
        click.echo(str(fault), err=True)
        return
    for flaw in fault.flaws[:_FLAWS_SHOWN_MAX]:
        click.echo(_line(app, flaw), err=True)
    hidden = len(fault.flaws) - _FLAWS_SHOWN_MAX
    if hidden > 0:
        click.echo(
            app.say(
                f"另有 {hidden} 处，用 --json 查看全部。", f"and {hidden} more; --json shows all."
            ),
            err=True,
        )
    count = len(fault.flaws)
    if isinstance(fault, BadInput):
        click.echo(
            app.say(f"共 {count} 处错误，未记任何账。", f"{count} mistakes; nothing was booked."),
            err=True,
        )


def _line(app: App, flaw: Flaw) -> str:
    text = flaw.zh if app.language == "zh" else flaw.en
    excerpt = f"\n{flaw.excerpt}" if flaw.excerpt else ""
    return f"{flaw.place}: {flaw.code} {text}{excerpt}"
