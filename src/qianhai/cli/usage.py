"""Tells a mistake in the words of a command, in both languages, and shows help in both.

Must not know what a command does.
"""

from collections.abc import Sequence

import click

from qianhai.kernel import BadInput, Flaw, Place


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
