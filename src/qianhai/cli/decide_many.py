"""`qianhai decide-many`: a Parquet file of instructions judged by the million, nothing booked."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import click
import pyarrow as pa

from qianhai.cli.app import App
from qianhai.cli.decide import outcome_word
from qianhai.cli.progress import progress
from qianhai.engines import Desk, DuckDB, Engine, Python, Spark, decide_file, row_count
from qianhai.views import Document, grouped

#: Rows of one facility that came to one outcome, by one engine.
Tally = Counter[tuple[str, str, str]]
_THREADS = 2


@click.command("decide-many")
@click.argument("file", type=click.Path(readable=False), metavar="FILE.parquet")
@click.option(
    "--engine",
    "name",
    type=click.Choice(["duckdb", "spark", "python"]),
    default="duckdb",
    help="What runs the rules; duckdb if left out. 计算引擎。",
)
@click.option(
    "--master",
    default="local[2]",
    metavar="URL",
    help="Spark's master, such as spark://host:7077. Spark 主节点地址。",
)
@click.option(
    "--out",
    default=None,
    type=click.Path(readable=False),
    metavar="FILE.parquet",
    help="Where the answers are written; Spark writes a folder. 结果文件（Spark 为目录）。",
)
@click.option("--json", "_json", is_flag=True, help="Print one JSON document. 输出 JSON。")
@click.pass_obj
def decide_many(app: App, file: str, name: str, master: str, out: str | None, _json: bool) -> int:
    """Judge every row of a Parquet file on its facts; books nothing.

    按事实批量判定 Parquet 文件中的业务，不记账。
    """
    path, target = Path(file), Path(out) if out else None
    begun = app.site.now()
    if name == "spark":
        tally = _on_spark(app, path, target, master)
    else:
        tally = _here(app, path, target, name)
    seconds = (app.site.now() - begun).total_seconds()
    document = _document(tally, seconds)
    if app.is_json:
        app.print_document(document)
    else:
        _print(app, tally, document, out)
    return 0


def _here(app: App, path: Path, out: Path | None, name: str) -> Tally:
    """Decide in this process, batch by batch."""
    tally: Tally = Counter()
    with (
        DuckDB(_THREADS) as duckdb,
        progress(app, app.say("判定", "deciding"), row_count(path)) as tick,
    ):
        engine: Engine = Python() if name == "python" else duckdb
        decide_file(Desk(app.policy), path, engine, out, _teller(tally, tick))
    return tally


def _teller(tally: Tally, tick: Callable[[int], None]) -> Callable[[pa.Table], None]:
    def tell(table: pa.Table) -> None:
        counted = table.group_by(["facility", "outcome", "engine"]).aggregate([([], "count_all")])
        for row in counted.to_pylist():
            tally[row["facility"], row["outcome"], row["engine"]] += row["count_all"]
        tick(table.num_rows)

    return tell


def _on_spark(app: App, path: Path, out: Path | None, master: str) -> Tally:
    """Decide on a cluster, which tells when all is done."""
    row_count(path)
    with Spark(master) as spark, progress(app, app.say("判定", "deciding"), None):
        counted = spark.decide_file(app.files, path.absolute(), out.absolute() if out else None)
    return Counter(
        {
            (row["facility"], row["outcome"], row["engine"]): row["rows"]
            for row in counted.to_pylist()
        }
    )


def _document(tally: Tally, seconds: float) -> Document:
    rows = sum(tally.values())
    facilities: dict[str, dict[str, int]] = {}
    engines: Counter[str] = Counter()
    for (facility, outcome, engine), count in sorted(tally.items()):
        told = facilities.setdefault(facility, {})
        told[outcome] = told.get(outcome, 0) + count
        engines[engine] += count
    return {
        "rows": rows,
        "facilities": facilities,
        "engines": dict(engines),
        "seconds": f"{seconds:.2f}",
        "rows_per_second": int(rows / seconds) if seconds else None,
    }


def _print(app: App, tally: Tally, document: Document, out: str | None) -> None:
    """Print how many rows were judged and how fast, then facility by facility."""
    rows, speed = grouped(str(document["rows"])), grouped(str(document["rows_per_second"]))
    click.echo(
        app.say(
            f"已判定 {rows} 笔，用时 {document['seconds']} 秒（每秒 {speed} 笔），未记账。",
            f"{rows} rows judged in {document['seconds']} s ({speed} a second); nothing booked.",
        )
    )
    counts: Counter[tuple[str, str]] = Counter()
    for (facility, outcome, _), count in tally.items():
        counts[facility, outcome] += count
    titles = {name: model.title for name, model in app.policy.pack.facilities.items()}
    app.print_table(
        app.say("结果", "Outcomes"),
        [
            (app.say("业务", "facility"), ""),
            (app.say("结果", "outcome"), ""),
            (app.say("笔数", "rows"), "right"),
        ],
        [
            [
                app.say(titles[facility].zh, titles[facility].en),
                outcome_word(app, outcome),
                grouped(str(count)),
            ]
            for (facility, outcome), count in sorted(counts.items())
        ],
    )
    if out:
        click.echo(app.say(f"结果已写入 {out}。", f"answers written to {out}."))
