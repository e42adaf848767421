"""The benchmark of the ledger runs, and its last line is the document every benchmark ends with."""

import json
import re
import signal
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
    singles = [
        row["against"]
        for row in document["results"]
        if row["name"] == "submit_64_callers_16_outstanding"
    ]
    assert {name.removesuffix("_python_callers") for name in singles} == {
        *("function_64", "function_1", "sealed_function_64", "sealed_function_1")
    }
    assert any(line.startswith("sealed_function: ") for line in shown), "it was proven"
    assert any("fsync=on, synchronous_commit=on" in line for line in shown)
    assert any(line.startswith("tpcb_function_64") for line in shown), "TPC-B without pgbench"


@pytest.mark.slow
def test_a_benchmark_that_is_told_to_end_stops_its_server() -> None:
    with subprocess.Popen(
        [sys.executable, str(SCRIPT), "--shortest", "--without-pgbench"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout is not None
        found = re.search(r"in (/tmp/qianhai-\w+):", run.stdout.readline())
        assert found
        server = int((Path(found[1]) / "pg" / "postmaster.pid").read_text().split()[0])
        run.send_signal(signal.SIGTERM)
        assert run.wait(30) == 128 + signal.SIGTERM, run.stderr and run.stderr.read()
    assert not Path(found[1]).exists()
    assert not Path(f"/proc/{server}").exists()


@pytest.mark.slow
def test_one_part_of_the_long_benchmark_runs_alone() -> None:
    asked = ("--full", "--only", "history", "--transfers", "100000")
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *asked], capture_output=True, text=True, check=True
    )
    results = json.loads(done.stdout.splitlines()[-1])["results"]
    assert {row["name"].removesuffix("_history_6_months_p95") for row in results} == {
        *("load_history_6_months", "balance_as_of_hot", "balance_as_of_cold"),
        *("statement_100_hot", "statement_100_cold"),
    }
