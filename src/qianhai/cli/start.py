"""Starts one command: options for all commands, and faults turned into messages and exit codes."""

from collections.abc import Callable, Sequence

import click

from qianhai.cli.app import App, Site, new_console
from qianhai.cli.ask import ask
from qianhai.cli.backup import backup, restore
from qianhai.cli.bench import bench
from qianhai.cli.books import books
from qianhai.cli.decide import decide
from qianhai.cli.decide_many import decide_many
from qianhai.cli.facility import facility
from qianhai.cli.integrity import db, journal
from qianhai.cli.keys import keys
from qianhai.cli.ledger import ledger
from qianhai.cli.plan import plan
from qianhai.cli.policy import policy
from qianhai.cli.register import limits, register
from qianhai.cli.report import report
from qianhai.cli.retention import retention
from qianhai.cli.run import run
from qianhai.cli.simulate import simulate
from qianhai.cli.subject import subject
from qianhai.cli.usage import Commands, flaw_line, misused
from qianhai.cli.which import which
from qianhai.kernel import BadInput, BrokenIntegrity, Environment, StaleState
from qianhai.views import fault_document

_FLAWS_SHOWN_MAX = 200
#: What a shell takes for a command that was interrupted.
INTERRUPTED = 130
#: The faults a person is told; each carries both languages.
_Told = BadInput | BrokenIntegrity | Environment


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="qianhai")
@click.pass_obj
def qianhai(_app: App) -> None:
    """Decide, book and explain cross-border business under the Qianhai plan.

    前海方案跨境业务的逐条判定、记账与说明。
    """


for command in (
    run,
    decide,
    decide_many,
    ask,
    which,
    simulate,
    plan,
    policy,
    facility,
    limits,
    register,
    report,
    ledger,
    journal,
    db,
    backup,
    restore,
    keys,
    subject,
    retention,
):
    qianhai.add_command(command)
ledger.add_command(bench)
ledger.add_command(books)


def start(
    site: Site,
    argv: Sequence[str],
    *,
    before: Callable[[], object] = lambda: None,
    more: Sequence[click.Command] = (),
) -> int:
    """Run one command and return its exit code; `before` is what must be ready first.

    `more` are commands that another door brings.
    """
    for command in more:
        qianhai.add_command(command)
    is_json = "--json" in argv
    app = App(site, is_json=is_json, language=site.language, out=new_console())
    try:
        before()
        result = qianhai.main(list(argv), prog_name="qianhai", standalone_mode=False, obj=app)
    except click.exceptions.NoArgsIsHelpError as fault:
        return _help(fault)
    except click.ClickException as fault:
        return _refuse(app, misused(fault))
    except click.Abort:
        click.echo(
            app.say(
                "已中断；已作答的业务均已完整入账，请再次运行同一文件。",
                "Interrupted; what was answered is booked whole. Run the same files again.",
            ),
            err=True,
        )
        return INTERRUPTED
    except StaleState as fault:
        return _refuse(app, _overtaken(fault))
    except (BadInput, BrokenIntegrity, Environment) as fault:
        return _refuse(app, fault)
    except OSError as fault:
        # Every file of the input was asked for its faults; what is left is the machine's.
        return _refuse(app, _of_the_machine(fault))
    return result if isinstance(result, int) else 0


def _refuse(app: App, fault: _Told) -> int:
    """Tell a fault as one document or in sentences, and return its exit code."""
    if app.is_json:
        app.print_document(fault_document(fault))
    else:
        _print_fault(app, fault)
    return fault.exit_code


def _help(fault: click.exceptions.NoArgsIsHelpError) -> int:
    click.echo(fault.format_message(), err=True)
    return BadInput.exit_code


def _of_the_machine(fault: OSError) -> Environment:
    return Environment(
        f"The machine refused a file or a connection: {fault}.",
        "Mend it and give the command again: nothing is booked twice.",
        zh=f"本机拒绝了文件或连接操作：{fault}。请排除后重新运行，不会重复入账。",
    )


def _overtaken(fault: StaleState) -> Environment:
    return Environment(
        f"Other writers were first again and again: {fault}.",
        "Give the command again: nothing is booked twice.",
        zh=f"其他写入者多次抢先：{fault}。请重新运行，不会重复入账。",
        is_retry_safe=True,
    )


def _print_fault(app: App, fault: _Told) -> None:
    """Print a fault, all its flaws with place and what to do."""
    if isinstance(fault, Environment):
        click.echo(app.say(fault.zh, str(fault)), err=True)
        return
    for flaw in fault.flaws[:_FLAWS_SHOWN_MAX]:
        click.echo(flaw_line(flaw, app.language, app.out), err=True)
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
            app.say(
                f"共 {count} 处错误，未记任何账。",
                f"{count} mistake{'s' * (count > 1)}; nothing was booked.",
            ),
            err=True,
        )
