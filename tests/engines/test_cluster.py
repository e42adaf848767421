"""A real standalone cluster, one master and two workers, decides what DuckDB decides."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engines.rows import Draw, Row, differences, table_of
from plan.the_pack import POLICY
from qianhai.engines import DuckDB, Spark, decide_many
from qianhai.kernel import BadInput
from qianhai.policy import Policy

pytestmark = pytest.mark.untraced

WAIT_SECONDS = 90


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _home() -> Path:
    if not os.environ.get("CI"):
        pytest.importorskip("pyspark", reason="Spark comes with the extra: qianhai[spark]")
        if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
            pytest.skip("Spark needs Java 17, and no java is on the path")
    import pyspark  # noqa: PLC0415 (an extra)

    return Path(pyspark.__file__).parent


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a cluster whose two workers have registered; all three are stopped after."""
    home, folder = _home(), tmp_path_factory.mktemp("cluster")
    port, page = _free_port(), _free_port()
    url = f"spark://127.0.0.1:{port}"
    deploy = "org.apache.spark.deploy"
    commands = [[f"{deploy}.master.Master", "--port", str(port), "--webui-port", str(page)]]
    for name in ("one", "two"):
        given = ["--cores", "1", "--memory", "1g", "--webui-port", "0"]
        place = ["--work-dir", str(folder / name)]
        commands.append([f"{deploy}.worker.Worker", *given, *place, url])
    environment = {**os.environ, **_environment(home), "SPARK_DAEMON_MEMORY": "256m"}
    running: list[subprocess.Popen[bytes]] = []
    try:
        for number, command in enumerate(commands):
            with (folder / f"{number}.log").open("wb") as log:
                started = subprocess.Popen(
                    [str(home / "bin" / "spark-class"), *command, "--host", "127.0.0.1"],
                    env=environment,
                    stdout=log,
                    stderr=log,
                )
            running.append(started)
        _await_workers(page, folder)
        yield url
    finally:
        for process in reversed(running):
            process.terminate()
        for process in running:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _environment(home: Path) -> dict[str, str]:
    return {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_NO_DAEMONIZE": "1"}


def _await_workers(page: int, folder: Path) -> None:
    until = time.monotonic() + WAIT_SECONDS
    alive = 0
    while time.monotonic() < until:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{page}/json/") as answer:
            alive = sum(one["state"] == "ALIVE" for one in json.load(answer)["workers"])
            if alive == 2:
                return
        time.sleep(0.2)
    logs = "\n".join(log.read_text()[-2000:] for log in sorted(folder.glob("*.log")))
    pytest.fail(f"{alive} workers after {WAIT_SECONDS} seconds:\n{logs}")


@pytest.fixture(scope="module")
def policy() -> Policy:
    assert POLICY
    return POLICY


def _rows(policy: Policy, count: int) -> list[Row]:
    """Rows of few facilities and of one day, so that a small cluster has few programs to run."""
    facilities = _chosen(policy)
    rows = Draw(policy, Random("cluster")).rows(count * 4, facilities)  # noqa: S311 (draws)
    first = {row.facility: row.on for row in reversed(rows) if row.action is None}
    return [row for row in rows if row.action is None and row.on == first[row.facility]][:count]


def _chosen(policy: Policy) -> list[str]:
    """One facility with a list, one with a rate that divides, one with pools."""
    found = policy.pack.facilities.items()
    lists = [n for n, f in found if any(fact.type == "list" for fact in f.facts.values())]
    pools = [n for n, f in found if any(li.pools for a in f.actions.values() for li in a.limits)]
    rates = [n for n, f in found if any("usd" in a.let for a in f.actions.values())]
    return [lists[0], pools[0], rates[0]]


def _decide(master: str, path: Path, out: Path) -> Any:  # noqa: ANN401 (JSON)
    command = [sys.executable, "-m", "qianhai.main", "decide-many", str(path)]
    command += ["--engine", "spark", "--master", master, "--out", str(out), "--json"]
    environment = {**os.environ, **_environment(_home())}
    done = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=400)
    answer = json.loads(done.stdout) if done.stdout else done.stderr.decode()[-3000:]
    return done.returncode, answer


@pytest.mark.slow
def test_a_cluster_answers_what_duckdb_answers(policy: Policy, master: str, tmp_path: Path) -> None:
    rows = _rows(policy, 600)
    table = table_of(policy, rows, typed=True)
    path, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    pq.write_table(table, path, row_group_size=200)
    code, summary = _decide(master, path, out)
    assert code == 0, summary
    assert summary["rows"] == len(rows)
    assert summary["engines"].keys() == {"spark", "python"}
    found = pq.read_table(out).sort_by("row")
    assert not list(differences(policy, rows, found))
    with DuckDB(threads=1) as engine:
        here = decide_many(policy, table, engine)
    assert _said(found).equals(_said(here))


@pytest.mark.soak
def test_mistakes_found_on_a_cluster_are_told_and_nothing_is_written(
    policy: Policy, master: str, tmp_path: Path
) -> None:
    rows = _rows(policy, 40)
    table = table_of(policy, rows, typed=False)
    path, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    for name, row, text in (("on", 3, "2030-02-30"), ("amount.currency", 5, "CNX")):
        cells = table[name].to_pylist()
        cells[row] = text
        table = table.set_column(table.column_names.index(name), name, pa.array(cells))
    pq.write_table(table, path)
    code, told = _decide(master, path, out)
    assert code == 2
    flaws = {(one["code"], one["line"], one["column"]) for one in told["error"]["flaws"]}
    assert flaws == {("E007", 4, "on"), ("F003", 6, "amount.currency")}
    assert not list(tmp_path.glob("out*"))


def _said(table: pa.Table) -> pa.Table:
    return table.drop_columns(["engine"]).replace_schema_metadata(None).combine_chunks()


def test_a_folder_of_something_else_is_never_replaced(tmp_path: Path) -> None:
    kept = tmp_path / "kept" / "letters.txt"
    kept.parent.mkdir()
    kept.write_text("dear")
    spark = Spark.__new__(Spark)
    with pytest.raises(BadInput) as fault:
        spark.decide_file({}, tmp_path / "in.parquet", kept.parent)
    assert fault.value.flaws[0].code == "E011"
    assert kept.exists()
