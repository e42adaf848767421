"""What columns say of many answers is what is said of each of them by itself."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from qianhai.db import Database
from qianhai.instructions import Answered, Staged, Stager, prepare_block
from qianhai.messages import Row, Shape, neutralised, read
from qianhai.policy import Policy
from qianhai.views import DayTally, lines_of, outcome_document, outcome_line
from route.test_submit_many import Bank, plan, rows

__all__ = ["plan", "rows"]


@pytest.fixture
def answered(
    database: Database, plan: Policy, rows: Sequence[Row], monkeypatch: pytest.MonkeyPatch
) -> list[Answered]:
    """The sample day, all of it that can going by columns."""
    for least in ("ROWS_MIN", "LATE_MIN"):
        monkeypatch.setattr(prepare_block, least, 1)
    bank = Bank(database, plan, "columns")
    with database.transaction() as conn, Staged(plan, "columns") as staged:
        stager = Stager(plan, conn, "columns", bank.keyring, bank.now())
        stager.stage(rows, staged, lambda _count: None)
        assert stager.flaws == []
        found = list(bank.road.submit_blocks(staged, now=bank.now))
    assert sum(len(part) for one in found for part in one.parts) > 100
    return found


def test_the_lines_of_parts_are_those_of_their_answers(
    plan: Policy, answered: list[Answered]
) -> None:
    for part in (part for one in answered for part in one.parts):
        lines = zip(*lines_of(plan.pack, part), strict=True)
        for row, (line, text) in enumerate(lines):
            answer = part.answer(row)
            document = outcome_document(plan.pack, answer)
            cells = [neutralised(cell) for cell in outcome_line(plan.pack, answer, document)]
            assert next(csv.reader(io.StringIO(line))) == cells
            assert json.loads(text) == document


def test_the_tally_of_parts_is_that_of_their_answers(
    plan: Policy, answered: list[Answered]
) -> None:
    together, alone = DayTally(plan.pack), DayTally(plan.pack)
    for one in answered:
        together.add_all(one)
        single = dict(zip(range(one.first, one.end), one, strict=True))
        alone.add_all(Answered(one.first, one.end, (), single))
    assert together.document({}) == alone.document({})
    assert together.accounts == alone.accounts
    assert [one.instruction.id for one in together.waiting] == [
        one.instruction.id for one in alone.waiting
    ]


def test_an_id_that_is_no_plain_text_is_written_as_one(
    database: Database,
    plan: Policy,
    rows: Sequence[Row],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(prepare_block, "ROWS_MIN", 1)
    bank = Bank(database, plan, "odd")
    odd = ["=1+1", 'say "so", then', "back\\slash", "plain", "-5", "@x", "前海，一"]
    path = tmp_path / "day.jsonl"
    numbers = [*odd, *(f"n{number}" for number in range(20))]
    path.write_text(
        "".join(json.dumps({**rows[0].fields, "id": one}) + "\n" for one in numbers), "utf-8"
    )
    some = [row for row in read(path, shape=Shape()) if isinstance(row, Row)]
    found = list(bank.road.submit_blocks(bank.read(some), now=bank.now))
    parts = [part for one in found for part in one.parts]
    assert parts
    for part in parts:
        lines, texts = lines_of(plan.pack, part)
        read_back = [next(csv.reader(io.StringIO(one)))[0] for one in lines]
        assert read_back == [neutralised(one) for one in part.ids()]
        assert [json.loads(one)["id"] for one in texts] == part.ids()
