"""The benchmark of a long day runs, books what it should, and ends with its document."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "route.py"


@pytest.mark.slow
def test_a_day_of_the_benchmark_ends_with_one_json_document() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--instructions", "400"],
        capture_output=True,
        text=True,
        check=True,
    )
    *shown, last = done.stdout.splitlines()
    document = json.loads(last)
    assert document["bench"] == "route"
    rows = {row["name"]: row for row in document["results"]}
    for row in rows.values():
        assert set(row) == {"name", "value", "unit", "ratio", "against"}
        assert row["value"] > 0, row
    assert 0 < rows["road_in_columns"]["ratio"] < 1
    assert {"step_record_and_seal", "step_ledger_and_commit"} <= rows.keys()
    assert any("permitted" in line and "refused" in line for line in shown)
