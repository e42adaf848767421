"""The benchmark of the ledger runs, and its last line is the document every benchmark ends with."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "ledger.py"


@pytest.mark.slow
def test_the_shortest_benchmark_ends_with_one_json_document() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--shortest", "--without-pgbench"],
        capture_output=True,
        text=True,
        check=True,
    )
    *shown, last = done.stdout.splitlines()
    document = json.loads(last)
    assert document["bench"] == "ledger"
    results = {row["name"]: row for row in document["results"]}
    for row in results.values():
        assert set(row) == {"name", "value", "unit", "ratio", "against"}
        assert row["value"] > 0, row
    assert results["post_8190_uniform"]["unit"] == "legs/s"
    assert results["copy_8190_uniform"]["ratio"] is None
    against = [row["against"] for row in document["results"] if row["name"] == "post_8190_uniform"]
    assert against == ["copy_8190_uniform", "set_based_sql_8190"]
    assert any("fsync=on, synchronous_commit=on" in line for line in shown)
    assert any(line.startswith("tpcb_function_64") for line in shown), "TPC-B without pgbench"
