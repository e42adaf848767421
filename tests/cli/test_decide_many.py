"""`qianhai decide-many`: a file judged in one command, counted by facility and outcome."""

from collections import Counter
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cli.terminal import Terminal
from engines.rows import Draw, decided, table_of
from plan.the_pack import POLICY


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    assert POLICY
    path = tmp_path_factory.mktemp("rows") / "day.parquet"
    rows = Draw(POLICY, Random("command")).rows(30)  # noqa: S311 (a test's draws)
    pq.write_table(table_of(POLICY, rows, typed=True), path)
    return path


@pytest.mark.parametrize("engine", ["duckdb", "python"])
def test_a_file_is_judged_and_counted(
    qianhai: Terminal, file: Path, tmp_path: Path, engine: str
) -> None:
    assert POLICY
    out = tmp_path / "answers.parquet"
    done = qianhai("decide-many", str(file), "--engine", engine, "--out", str(out), "--json")
    assert done.code == 0, done.err
    rows = Draw(POLICY, Random("command")).rows(30)  # noqa: S311 (as above)
    told = Counter((row.facility, decided(POLICY, row).outcome.value) for row in rows)
    facilities = done.document.part("facilities")
    found = {(f, outcome): n for f in facilities for outcome, n in facilities.part(f).items()}
    assert found == told
    assert done.document["rows"] == 30
    assert pq.read_table(out).num_rows == 30


def test_the_sentences_are_in_both_languages(qianhai: Terminal, file: Path) -> None:
    done = qianhai("decide-many", str(file))
    assert "30 rows judged in" in done.out
    chinese = qianhai("decide-many", str(file), language="zh")
    assert "已判定 30 笔" in chinese.out


def test_a_file_with_mistakes_is_bad_input(qianhai: Terminal, tmp_path: Path) -> None:
    path = tmp_path / "wrong.parquet"
    pq.write_table(pa.table({"id": ["1"], "facility": ["none"], "action": [""], "on": ["x"]}), path)
    done = qianhai("decide-many", str(path), "--json")
    assert done.code == 2
    codes = {flaw["code"] for flaw in done.document.part("error").rows("flaws")}
    assert codes == {"E007"}
