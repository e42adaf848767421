"""`qianhai simulate`: a year of business that never happened, as files that `qianhai run` reads.

Writes `parties.jsonl`, one file of instructions a month in the order of their days, and what was
planted in `labels.jsonl`, which no other command reads. The same seed writes the same bytes.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Final

import click

from qianhai.cli.app import App
from qianhai.cli.progress import Tick, progress
from qianhai.cli.refuse import refused
from qianhai.kernel import Place
from qianhai.simulation import Line, Year

#: Years whose rules the pack knows from the first day to the last.
_FIRST, _LAST = 2023, 2026
_INSTRUCTIONS_MAX: Final = 5_000_000
_TICK: Final = 1_000
_MONTHS: Final = range(1, 13)


@click.command()
@click.option(
    "--instructions",
    default=10_000,
    show_default=True,
    type=click.IntRange(1, _INSTRUCTIONS_MAX),
    help="How many instructions. 指令笔数。",
)
@click.option(
    "--seed", default=1, show_default=True, help="The same seed, the same year. 随机种子。"
)
@click.option(
    "--year",
    default=2025,
    show_default=True,
    type=click.IntRange(_FIRST, _LAST),
    help="The simulated year. 模拟年度。",
)
@click.option("--out", required=True, type=click.Path(), metavar="DIR", help="Where to. 输出目录。")
@click.option("--json", "_json", is_flag=True, help="Print one JSON document. 输出 JSON。")
@click.pass_obj
def simulate(app: App, instructions: int, seed: int, year: int, out: str, _json: bool) -> None:
    """Make a year of business over all facilities, with planted patterns, to be run.

    生成覆盖全部业务的模拟年度数据，含预设异常及其标注，供 run 办理。
    """
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        counts = _write(app, folder, Year(app.whole_policy, year, instructions, seed))
    except OSError as fault:
        raise refused(
            "C031",
            Place("--out"),
            out,
            "a folder that can be written",
            en=f"the year cannot be written: {fault}.",
            zh=f"无法写入：{fault}。",
        ) from None
    command = f"qianhai run {folder}/{year}-*.jsonl --parties {folder}/parties.jsonl --out OUT"
    if app.is_json:
        app.print_document({**counts, "seed": seed, "year": year, "run": command})
        return
    click.echo(
        app.say(
            f"{counts['instructions']:,} 笔指令，{counts['entries']:,} 条登记，"
            f"{counts['labelled']:,} 笔带标注。",
            f"{counts['instructions']:,} instructions, {counts['entries']:,} register entries,"
            f" {counts['labelled']:,} labelled.",
        )
    )
    click.echo(app.say(f"办理：{command}", f"To book it: {command}"))


def _write(app: App, folder: Path, year: Year) -> dict[str, int]:
    """Write all files of a year; return how much of what there is."""
    counts = {"instructions": 0, "entries": 0, "labelled": 0}
    with ExitStack() as held:
        drafts = Path(held.enter_context(TemporaryDirectory(dir=folder)))
        months = {n: held.enter_context(_open(drafts / f"{n:02d}")) for n in _MONTHS}
        parties = held.enter_context(_open(folder / "parties.jsonl"))
        labels = held.enter_context(_open(folder / "labels.jsonl"))

        def enter(entry: dict[str, str]) -> None:
            parties.write(_text(entry))
            counts["entries"] += 1

        tick = held.enter_context(progress(app, app.say("生成", "making"), year.instructions))
        for line in _ticked(year.lines(enter), tick):
            months[line.on.month].write(f"{line.on.day:02d}{_text(line.cells)}")
            counts["instructions"] += 1
            if line.label:
                kind, _, number = line.label.partition(".")
                label = {"id": line.cells["id"], "label": kind, "group": number}
                labels.write(_text({name: text for name, text in label.items() if text}))
                counts["labelled"] += 1
        for month, draft in months.items():
            draft.flush()
            draft.seek(0)
            # Ids tell nothing, so that those of a day stand in no telling order either.
            ordered = sorted(draft)
            with _open(folder / f"{year.year}-{month:02d}.jsonl") as file:
                file.writelines(text[2:] for text in ordered)
    return counts


def _open(path: Path) -> IO[str]:
    return path.open("w+", encoding="utf-8", newline="\n")


def _text(fields: dict[str, str]) -> str:
    return json.dumps(fields, ensure_ascii=False) + "\n"


def _ticked(lines: Iterator[Line], tick: Tick) -> Iterator[Line]:
    for number, line in enumerate(lines, 1):
        if number % _TICK == 0:
            tick(_TICK)
        yield line
