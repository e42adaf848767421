"""Spark: a Parquet file decided on a cluster, in ANSI mode, to a folder of Parquet files.

The driver finds the groups of the file; each executor proves facts, Spark runs the rules, and
each executor concludes, with the same code as beside DuckDB. An executor opens the pack once from
the bytes that it is sent. Workers need this package, and a folder that they share with the driver.
"""

import pickle
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import pyarrow as pa

from qianhai.engines.conclude import Rows, answer_schema, conclude
from qianhai.engines.decide import prove_columns
from qianhai.engines.desk import Desk, Group, Name
from qianhai.engines.facts import relation_of, relation_schema
from qianhai.engines.files import facilities_of, opened
from qianhai.engines.flaws import FLAWS_MAX, Flaws, not_ours
from qianhai.engines.forms import Mask
from qianhai.engines.heads import HEAD, groups_of
from qianhai.kernel import BadInput, Environment, Flaw
from qianhai.policy import Authorisation, Leaf, open_policy
from qianhai.rules import WIDE, SqlProgram, to_spark

NAME: Final = "spark"
#: What the driver needs set whatever the cluster's own files say.
SETTINGS: Final = {
    "spark.app.name": "qianhai decide-many",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.decimalOperations.allowPrecisionLoss": "true",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "100000",
    "spark.ui.enabled": "false",
}
_ROW: Final = "_row"
#: Whether the rules' digits were not enough, beside the same of what is missing.
_NARROW: Final = "wide_rules"
_SUMMED: Final = ("facility", "outcome", "engine")
#: How the files of a folder of answers begin.
_PARTS: Final = ("part-", ".part-", "_SUCCESS", "._SUCCESS")
_DESKS: Final[dict[bytes, Desk]] = {}


@dataclass(frozen=True, slots=True)
class Run:
    """What every executor is sent: the pack's bytes, instruments, readings, the file's name."""

    files: Mapping[str, bytes]
    authorisations: tuple[Authorisation, ...]
    switches: Mapping[str, str]
    file: str

    def desk(self) -> Desk:
        """Return the pack opened, once in each process; the last one stays open."""
        key = pickle.dumps((sorted(self.files.items()), self.authorisations, self.switches))
        if key not in _DESKS:
            _DESKS.clear()
            _DESKS[key] = Desk(open_policy(self.files), self.authorisations, self.switches)
        return _DESKS[key]


@dataclass(frozen=True, slots=True)
class _Prepare:
    """Rows as they are in the file -> the relation of the group's program; run by executors."""

    file: str
    leaves: Mapping[str, Leaf]
    program: SqlProgram
    flaws: Any
    names: tuple[str, ...]

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        flaws = Flaws(self.file)
        for batch in batches:
            whole = pa.Table.from_batches([batch]).rename_columns([*self.names, _ROW])
            numbers, table = np.asarray(whole[_ROW]), whole.drop_columns([_ROW])
            places = np.arange(len(table))
            yield from relation_of(
                self.leaves, self.program, table, places, numbers, flaws
            ).to_batches()
        self.flaws.add(flaws.found)


@dataclass(frozen=True, slots=True)
class _Conclude:
    """A relation and what Spark made of it -> answers; run by executors."""

    run: Any
    name: Name
    flaws: Any
    schema: pa.Schema

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        group = self.run.value.desk().group(*self.name)
        program = group.program(to_spark)
        flaws = Flaws(self.run.value.file)
        for batch in batches:
            answers = self._answers(group, program, batch, flaws)
            yield from answers.rename_columns(
                list(map(str, range(answers.num_columns)))
            ).to_batches()
        self.flaws.add(flaws.found)

    def _answers(
        self, group: Group, program: SqlProgram, batch: pa.RecordBatch, flaws: Flaws
    ) -> pa.Table:
        masks = pa.Table.from_batches([batch])
        names = [WIDE if name == _NARROW else name for name in masks.column_names if name != WIDE]
        table = masks.drop_columns([WIDE]).rename_columns(names)
        rows = Rows(group, program, table.select(relation_schema(program).names))

        def missing(places: Mask) -> pa.Table:
            return masks.take(places)

        return conclude(rows, table, missing, NAME, self.schema, flaws)


class _Flaws:
    """How mistakes found on executors are brought together; a task that is run again adds none."""

    def zero(self, _value: frozenset[Flaw]) -> frozenset[Flaw]:
        """Return no mistakes."""
        return frozenset()

    def addInPlace(  # noqa: N802 (Spark's name)
        self, first: Iterable[Flaw], second: Iterable[Flaw]
    ) -> frozenset[Flaw]:
        """Return the mistakes of both."""
        return frozenset(first) | frozenset(second)


class Spark:
    """A session on a master: `local[2]`, or `spark://host:port` for a standalone cluster."""

    def __init__(
        self, master: str = "local[2]", *, settings: Mapping[str, str] | None = None
    ) -> None:
        """Start, or join the cluster.

        Raises:
            Environment: Spark or Java is not installed, or the master does not answer.
        """
        try:
            from pyspark.sql import SparkSession  # noqa: PLC0415 (an extra; needed here alone)
        except ImportError as fault:
            raise _no_spark(str(fault)) from fault
        builder: Any = SparkSession.builder
        for name, value in {"spark.master": master, **SETTINGS, **(settings or {})}.items():
            builder = builder.config(name, value)
        try:
            self._session: Any = builder.getOrCreate()
        except Exception as fault:  # whatever the gateway or the master raises
            raise _no_spark(str(fault).splitlines()[0]) from fault
        self._session.sparkContext.setLogLevel("ERROR")
        # The same interpreter on every worker: the one that this package is installed for.
        self._session.sparkContext.pythonExec = sys.executable
        self._runs = 0

    def __enter__(self) -> Self:
        """Return the session."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the cluster."""
        self._session.stop()

    def decide_file(
        self,
        files: Mapping[str, bytes],
        path: Path,
        out: Path | None,
        *,
        authorisations: Sequence[Authorisation] = (),
        switches: Mapping[str, str] | None = None,
    ) -> pa.Table:
        """Decide a Parquet file to a folder of Parquet files; rows come in the cluster's order.

        `files` are the pack's bytes; `out` is replaced. Returns facility, outcome, engine and the
        `rows` of each, counted.

        Raises:
            BadInput: the file cannot be read, or rows of it are wrong; nothing is written then.
        """
        if out is not None and not _is_replaceable(out):
            raise BadInput([not_ours(str(out))])
        self._runs += 1
        run = Run(files, tuple(authorisations), dict(switches or {}), path.name)
        desk = run.desk()
        facilities = facilities_of(path)
        with opened(path) as file:
            prove_columns(path.name, file.schema_arrow, desk.policy, facilities)
        schema = answer_schema(desk.policy, facilities)
        flaws = Flaws(path.name)
        found = self._session.sparkContext.accumulator(frozenset(), _Flaws())
        shared = self._session.sparkContext.broadcast(run)
        frame = self._session.read.parquet(str(path))
        frame = frame.withColumn(_ROW, frame["_metadata.row_index"])
        parts = [
            self._part(desk, name, frame.where(condition), _Steps(shared, found, schema))
            for name, condition in self._groups(desk, frame, flaws)
        ]
        draft = None if out is None else out.with_name(f"{out.name}.part")
        try:
            counted = self._written(parts, schema, draft)
            flaws.add(found.value)
            flaws.settle()
            if out is not None and draft is not None:
                shutil.rmtree(out, ignore_errors=True)
                draft.rename(out)
        finally:
            if draft is not None:
                shutil.rmtree(draft, ignore_errors=True)
            shared.destroy()
        return counted

    def _groups(self, desk: Desk, frame: Any, flaws: Flaws) -> list[tuple[Name, Any]]:  # noqa: ANN401
        """Return the groups of a file, and the condition of each one's rows.

        Rows whose head is wrong belong to none; they are read here to say what is wrong.
        """
        from pyspark.sql import functions as f  # noqa: PLC0415 (as above)

        heads = frame.select("facility", "action", "on").distinct().toArrow()
        heads = heads.append_column("id", pa.repeat("", len(heads)))
        conditions: dict[Name, Any] = {}
        known: Any = f.lit(False)
        sound = groups_of(desk, heads, np.arange(len(heads)), Flaws(""))
        for group, places in sound:
            mine: dict[tuple[str, str | None], list[object]] = {}
            for row in heads.take(places).to_pylist():
                mine.setdefault((row["facility"], row["action"]), []).append(row["on"])
            condition: Any = f.lit(False)
            for (facility, action), days in mine.items():
                is_named = (frame.facility == facility) & frame.action.eqNullSafe(action)
                condition |= is_named & frame["on"].isin(days)
            conditions[group.name] = condition
            known |= condition
        if len(heads) > sum(len(places) for _, places in sound):
            wrong = frame.where(~f.coalesce(known, f.lit(False)))
            self._tell(desk, wrong, flaws)
        self._tell(desk, frame.where(frame["id"].isNull()), flaws)
        return list(conditions.items())

    def _tell(self, desk: Desk, frame: Any, flaws: Flaws) -> None:  # noqa: ANN401
        """Say what is wrong with the heads of some rows."""
        table = frame.select(*HEAD, _ROW).limit(FLAWS_MAX).toArrow()
        groups_of(desk, table, np.asarray(table[_ROW]), flaws)

    def _part(self, desk: Desk, name: Name, frame: Any, steps: "_Steps") -> Any:  # noqa: ANN401
        """Return the answers to one group's rows, not yet asked for."""
        from pyspark.sql.pandas.types import from_arrow_schema  # noqa: PLC0415 (as above)

        group = desk.group(*name)
        program = group.program(to_spark)
        relation = relation_schema(program)
        # Spark takes a name with a point for a field of a struct; numbers go both ways.
        names, file = tuple(frame.columns[:-1]), steps.run.value.file
        prepare = _Prepare(file, dict(group.leaves), program, steps.flaws, names)
        numbered = frame.toDF(*map(str, range(len(frame.columns))))
        prepared = numbered.mapInArrow(prepare, from_arrow_schema(relation))
        view = f"qianhai_{self._runs}_{abs(hash(name))}"
        prepared.createOrReplaceTempView(view)
        outputs = [*program.conditions.values()]
        outputs += [one for pair in program.values.values() for one in pair if one is not None]
        kept = [*relation.names, *outputs]
        rules = program.decide(view, relation.names)
        decided = f"(SELECT {', '.join(kept)}, {WIDE} AS {_NARROW} FROM ({rules}))"  # noqa: S608
        asked = self._session.sql(program.missing(decided, [*kept, _NARROW]))
        concluded = _Conclude(steps.run, name, steps.flaws, steps.schema)
        numbered = pa.schema([(str(at), one.type) for at, one in enumerate(steps.schema)])
        answers = asked.mapInArrow(concluded, from_arrow_schema(numbered))
        return answers.toDF(*steps.schema.names)

    def _written(self, parts: Sequence[Any], schema: pa.Schema, draft: Path | None) -> pa.Table:
        """Run all parts at once; write what they answer, and count it."""
        from pyspark.sql.pandas.types import from_arrow_schema  # noqa: PLC0415 (as above)

        # An empty frame is made by Python processes: only a file without rows needs one.
        whole = parts[0] if parts else self._session.createDataFrame([], from_arrow_schema(schema))
        for part in parts[1:]:
            whole = whole.unionAll(part)
        if draft is not None:
            whole.write.mode("overwrite").parquet(str(draft))
            whole = self._session.read.parquet(str(draft))
        counted = whole.groupBy(*_SUMMED).count().withColumnRenamed("count", "rows")
        return counted.orderBy(*_SUMMED).toArrow()


@dataclass(frozen=True, slots=True)
class _Steps:
    """What every step of a run shares."""

    run: Any
    flaws: Any
    schema: pa.Schema


def _is_replaceable(out: Path) -> bool:
    """Tell whether nothing is there, or only what Spark wrote."""
    if not out.exists():
        return True
    return out.is_dir() and all(one.name.startswith(_PARTS) for one in out.iterdir())


def _no_spark(why: str) -> Environment:
    return Environment(
        f"Spark cannot be used here: {why}.",
        "Install qianhai[spark] and Java 17, and check the master's URL.",
        zh=f"此处无法使用 Spark：{why}。请安装 qianhai[spark] 与 Java 17，并检查主节点地址。",
    )
