"""`qianhai ledger bench` runs the benchmark beside the sources, and says so when there is none."""

from dataclasses import replace
from pathlib import Path

from cli.terminal import Terminal

SCRIPT = """
import sys
print("shown at once", sys.argv[1:])
print('{"bench": "ledger", "results": []}')
"""


def at(qianhai: Terminal, folder: Path, text: str | None) -> Terminal:
    if text is not None:
        (folder / "ledger.py").write_text(text, encoding="utf-8")
    return replace(qianhai, site=replace(qianhai.site, benchmarks=folder))


def test_the_document_of_the_benchmark_is_the_command_s(qianhai: Terminal, tmp_path: Path) -> None:
    done = at(qianhai, tmp_path, SCRIPT)("ledger", "bench", "--json")
    assert done.code == 0, done.err
    assert done.document == {"bench": "ledger", "results": []}


def test_without_the_sources_the_command_says_what_is_missing(
    qianhai: Terminal, tmp_path: Path
) -> None:
    done = at(qianhai, tmp_path, None)("ledger", "bench")
    assert done.code == 4
    assert "it comes with the sources" in done.err
    chinese = at(qianhai, tmp_path, None)("ledger", "bench", language="zh")
    assert "它随源代码提供" in chinese.err


def test_a_benchmark_that_fails_is_a_fault_of_the_machine(
    qianhai: Terminal, tmp_path: Path
) -> None:
    done = at(qianhai, tmp_path, "raise SystemExit(3)")("ledger", "bench", "--full")
    assert done.code == 4
    assert "ended with 3" in done.err


def test_quick_and_full_exclude_each_other(qianhai: Terminal) -> None:
    done = qianhai("ledger", "bench", "--quick", "--full")
    assert done.code == 2
