"""Writes what became of a day: `outcomes.csv`, `outcomes.jsonl` and `summary.json`.

All three are written beside their places and put there together once the day is done, so that
nobody reads half a day. Must not decide, book or print.
"""

import csv
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self, TextIO

from qianhai.instructions import Answered
from qianhai.kernel import Environment
from qianhai.messages import Cell, write_xlsx
from qianhai.policy import Pack
from qianhai.views.day_columns import lines_of
from qianhai.views.flaws import Document
from qianhai.views.outcome import OUTCOME_COLUMNS, csv_line, outcome_document, outcome_line

#: The same as a workbook, made when somebody asks for it.
OUTCOMES_SHEET = "outcomes.xlsx"
_FIGURES = frozenset({"measure", "amount", "ledger_seq", "line"})
_FIGURE = re.compile(r"-?\d{1,40}(\.\d{1,40})?")
_NAMES = ("outcomes.csv", "outcomes.jsonl", "summary.json")


class Outcomes:
    """The three files of a day in one folder, or nothing when no folder is named.

    The folder is tried before the day begins, because a day that is booked and cannot be told
    leaves its clerk with nothing.

    Raises:
        Environment: the folder cannot be written to, or its disk is full.
    """

    def __init__(self, pack: Pack, folder: Path | None) -> None:
        self._pack = pack
        self._folder = folder
        self._files: dict[str, TextIO] = {}

    def __enter__(self) -> Self:
        """Open the drafts."""
        if self._folder is None:
            return self
        try:
            with self._writing(self._folder):
                self._folder.mkdir(parents=True, exist_ok=True)
                for name, draft in self._drafts(self._folder):
                    self._files[name] = draft.open("w", encoding="utf-8", newline="")
                self._files["outcomes.csv"].write(csv_line(OUTCOME_COLUMNS))
        except BaseException:
            self._put_away(self._folder)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Put the files in place, or take the drafts away when the day was not done."""
        if self._folder is None:
            return
        try:
            if kind is None:
                with self._writing(self._folder):
                    for file in self._files.values():
                        file.close()
                    for name, draft in self._drafts(self._folder):
                        draft.replace(self._folder / name)
        finally:
            self._put_away(self._folder)

    def write(self, answered: Answered) -> None:
        """Write the answers of a commit, in the order of the input."""
        if self._folder is None:
            return
        lines: list[str] = [""] * len(answered)
        cells: list[str] = [""] * len(answered)
        for part in answered.parts:
            rows = zip(part.places.tolist(), *lines_of(self._pack, part), strict=True)
            for place, line, text in rows:
                cells[place - answered.first], lines[place - answered.first] = line, text
        for place, answer in answered.single.items():
            document = outcome_document(self._pack, answer)
            lines[place - answered.first] = json.dumps(document, ensure_ascii=False) + "\n"
            cells[place - answered.first] = csv_line(outcome_line(self._pack, answer, document))
        with self._writing(self._folder):
            self._files["outcomes.jsonl"].writelines(lines)
            self._files["outcomes.csv"].writelines(cells)

    def sum_up(self, summary: Document) -> None:
        """Write the summary of the day."""
        if self._folder is None:
            return
        with self._writing(self._folder):
            text = json.dumps(summary, ensure_ascii=False, indent=2)
            self._files["summary.json"].write(text + "\n")

    def _drafts(self, folder: Path) -> Iterator[tuple[str, Path]]:
        return ((name, folder / f"{name}.part") for name in _NAMES)

    def _put_away(self, folder: Path) -> None:
        """Close what is open and remove what was not put in place, as far as the disk lets us."""
        for name, draft in self._drafts(folder):
            try:
                if name in self._files:
                    self._files[name].close()
                draft.unlink(missing_ok=True)
            except OSError:
                continue  # the fault that brought us here is being told already

    @contextmanager
    def _writing(self, folder: Path) -> Iterator[None]:
        try:
            yield
        except OSError as fault:
            raise Environment(
                f"The outcomes cannot be written to {folder}: {fault.strerror or fault}.",
                "Name another folder with --out and run the same files again:"
                " nothing is booked twice.",
                zh=f"结果无法写入 {folder}：{fault.strerror or fault}。"
                "请用 --out 指明另一目录，并重新运行相同的文件，不会重复入账。",
            ) from fault


def outcomes_sheet(folder: Path) -> Path:
    """Write the outcomes of a folder as a workbook too, and return where it is.

    Raises:
        BadInput: there are more than a sheet holds.
    """
    path = folder / OUTCOMES_SHEET
    if not path.is_file():
        with (
            TemporaryDirectory(prefix="sheet-", dir=folder) as draft,
            (folder / "outcomes.csv").open(encoding="utf-8", newline="") as file,
        ):
            rows = ({k: _cell(k, v) for k, v in row.items()} for row in csv.DictReader(file))
            write_xlsx(Path(draft) / OUTCOMES_SHEET, OUTCOME_COLUMNS, rows, sheet="outcomes")
            (Path(draft) / OUTCOMES_SHEET).replace(path)
    return path


def _cell(name: str, text: str) -> Cell:
    """Return a cell of the outcomes as what it is; what a spreadsheet would run stays a text."""
    if not text:
        return None
    return Decimal(text) if name in _FIGURES and _FIGURE.fullmatch(text) else text
