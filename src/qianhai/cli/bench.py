"""`qianhai ledger bench`: how fast the ledger is on this machine, beside its limit and its peers.

The benchmark stands beside the sources and runs as a process of its own, on a database of its own
that is thrown away. Must not measure anything itself, nor touch the user's data.
"""

import json
import subprocess
import sys
from pathlib import Path

import click

from qianhai.cli.app import App
from qianhai.kernel import Environment


@click.command("bench")
@click.option("--quick", is_flag=True, help="Within 50 s (the default). 50 秒以内（默认）。")
@click.option("--full", is_flag=True, help="Half an hour or so. 约半小时。")
@click.option("--json", "_json", is_flag=True, help="Print one JSON document. 输出 JSON。")
@click.pass_obj
def bench(app: App, *, quick: bool, full: bool, _json: bool) -> None:
    """Measure the ledger beside COPY and other ways to post, on a database of its own.

    测量账本速度，并与 COPY 及其他记账方式对比；使用独立的临时数据库。
    """
    if quick and full:
        raise click.UsageError("--quick and --full exclude each other")
    script = app.site.benchmarks / "ledger.py"
    if not script.is_file():
        raise Environment(
            f"The benchmark {script} is not there: it comes with the sources.",
            "Run the command from a checkout of the sources, installed with `make setup`.",
            zh=f"没有基准程序 {script}，它随源代码提供。请在用 make setup 安装的源代码目录中运行。",
        )
    command = [sys.executable, str(script), "--full" if full else "--quick"]
    said = _run(script, command, is_kept=app.is_json)
    if app.is_json:
        app.print_document(json.loads(said.splitlines()[-1]))


def _run(script: Path, command: list[str], *, is_kept: bool) -> str:
    """Run the benchmark; return what it prints where it is kept, or let it be seen at once."""
    done = subprocess.run(  # noqa: S603 - this interpreter and a file of ours, no shell
        command, stdout=subprocess.PIPE if is_kept else None, text=True, check=False
    )
    if done.returncode:
        raise Environment(
            f"The benchmark {script} ended with {done.returncode}; what it said stands above.",
            "Mend what it names and run it again; no data of yours were touched.",
            zh=f"基准程序 {script} 以 {done.returncode} 结束，原因见上。"
            "请排除后重新运行；您的数据未受影响。",
        )
    return done.stdout or ""
