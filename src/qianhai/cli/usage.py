"""Tells a mistake in the words of a command, in both languages, and shows help in both.

Must not know what a command does.
"""

from collections.abc import Sequence

import click
from rich.cells import cell_len, set_cell_size
from rich.console import Console

from qianhai.kernel import BadInput, Flaw, Place

_CUT = "… "
_BEFORE = 8


class Commands(click.Group):
    """A group of commands whose list says in both languages what each does."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each command with its sentence in English and in Chinese."""
        rows = []
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            assert command is not None, "a listed command is there"
            lines = [part.strip().replace("\n", " ") for part in (command.help or "").split("\n\n")]
            rows.append((name, " ".join(lines)))
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def fitted(excerpt: str, console: Console) -> str:
    """Return a line with its caret so that both fit a terminal; a file is given it whole.

    A line that a terminal wraps would leave the caret under another word.
    """
    line, caret = excerpt.split("\n")
    width = console.width - 1
    if not console.is_terminal or max(cell_len(line), cell_len(caret)) <= width:
        return excerpt
    at = caret.index("^")
    start = 0
    if len(caret) > width:
        kept, skipped = line, 0
        while skipped < min(at - _BEFORE, len(caret) - width + len(_CUT)):
            skipped += cell_len(kept[0])
            kept = kept[1:]
        line, caret, start = _CUT + kept, caret[skipped:], len(_CUT)
    line = set_cell_size(line, min(width, cell_len(line))).rstrip()
    return f"{line}\n{' ' * start}{caret[: width - start]}"


def flaw_line(flaw: Flaw, language: str, console: Console) -> str:
    """Return a flaw as a terminal shows it: its place, what to do, the line with a caret."""
    text = flaw.zh if language == "zh" else flaw.en
    excerpt = f"\n{fitted(flaw.excerpt, console)}" if flaw.excerpt else ""
    return f"{flaw.place}: {flaw.code} {text}{excerpt}"


def misused(fault: click.ClickException) -> BadInput:
    """Return a mistake of usage as the one shape every error has."""
    context = fault.ctx if isinstance(fault, click.UsageError) else None
    path = context.command_path if context else "qianhai"
    value, zh = _found(fault)
    en = " ".join(fault.format_message().split())
    en = en if en.endswith((".", "?", "!")) else f"{en}."
    return BadInput(
        [
            Flaw(
                "C007",
                Place(path),
                value,
                f"what `{path} --help` shows",
                f"{en} `{path} --help` shows how it is used.",
                f"{zh}。用法见 {path} --help。",
            )
        ]
    )


def _found(fault: click.ClickException) -> tuple[str, str]:
    """Return the word that was found, and what is wrong with it in Chinese."""
    match fault:
        case click.NoSuchOption():
            return fault.option_name, f"没有选项“{fault.option_name}”{_near(fault.possibilities)}"
        case click.NoSuchCommand():
            return fault.command_name, f"没有命令“{fault.command_name}”{_near(fault.possibilities)}"
        case click.MissingParameter():
            name = fault.param.get_error_hint(fault.ctx) if fault.param and fault.ctx else ""
            return "", f"缺少 {name}"
        case click.BadParameter():
            name = fault.param.get_error_hint(fault.ctx) if fault.param and fault.ctx else ""
            return "", f"{name} 的值无效"
        case click.BadOptionUsage():
            return fault.option_name, f"选项 {fault.option_name} 缺少值"
        case _:
            return "", f"命令用法有误（{fault.format_message()}）"


def _near(names: Sequence[str] | None) -> str:
    return f"（相近：{'、'.join(names)}）" if names else ""
