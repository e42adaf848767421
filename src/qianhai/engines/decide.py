"""Tables decided: groups formed, facts proven, an engine asked, answers in the order of rows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np
import pyarrow as pa

from qianhai.engines.conclude import PYTHON, Rows, answer_schema, conclude, conclude_alone
from qianhai.engines.desk import Desk, Emit
from qianhai.engines.facts import relation_of
from qianhai.engines.flaws import Flaws
from qianhai.engines.forms import Mask
from qianhai.engines.heads import column_flaws, groups_of, schema_flaws
from qianhai.policy import Authorisation, Policy
from qianhai.rules import SqlProgram, to_duckdb


class Engine(Protocol):
    """Whatever runs the two SELECTs of a program over a relation, row for row."""

    @property
    def name(self) -> str:
        """Return how it is named in an answer."""

    @property
    def emit(self) -> Emit:
        """Return what writes its programs."""

    def decide(self, program: SqlProgram, relation: pa.Table) -> pa.Table:
        """Return the program's answers."""

    def missing(self, program: SqlProgram, relation: pa.Table) -> pa.Table:
        """Return the program's masks of what is missing."""


class Python:
    """No engine: every row is decided by itself."""

    name = PYTHON
    emit = staticmethod(to_duckdb)

    def decide(self, _program: SqlProgram, relation: pa.Table) -> pa.Table:
        """Answer nothing."""
        return relation

    missing = decide


def decide_batch(
    desk: Desk, table: pa.Table, engine: Engine, numbers: Mask, schema: pa.Schema, flaws: Flaws
) -> pa.Table:
    """Return the answers to a table in its order; `numbers` are the numbers of its rows.

    Once there is a flaw, what follows is proven but not decided.
    """
    found: list[pa.Table] = []
    for group, places in groups_of(desk, table, numbers, flaws):
        program = group.program(engine.emit)
        relation = relation_of(group.leaves, program, table, places, numbers, flaws)
        if not flaws.found:
            found.append(decide_group(Rows(group, program, relation), engine, schema, flaws))
    if flaws.found or not found:
        return schema.empty_table()
    whole = pa.concat_tables(found).combine_chunks()
    return whole.take(np.argsort(np.asarray(whole["row"]), kind="stable"))


def decide_group(rows: Rows, engine: Engine, schema: pa.Schema, flaws: Flaws) -> pa.Table:
    """Return the answers to the rows of one group."""
    if engine.name == PYTHON:
        return conclude_alone(rows, schema, flaws)
    table = engine.decide(rows.program, rows.relation)

    def missing(places: Mask) -> pa.Table:
        return engine.missing(rows.program, rows.relation.take(places))

    return conclude(rows, table, missing, engine.name, schema, flaws)


def prove_columns(file: str, schema: pa.Schema, policy: Policy, facilities: Iterable[str]) -> None:
    """Go on only if the columns of a file can be read.

    Raises:
        BadInput: every column that is missing, unknown or of a wrong type.
    """
    flaws = Flaws(file)
    flaws.add([*schema_flaws(file, schema), *column_flaws(file, schema, policy, facilities)])
    flaws.settle()


def decide_many(
    policy: Policy,
    table: pa.Table,
    engine: Engine,
    *,
    authorisations: Sequence[Authorisation] = (),
    switches: Mapping[str, str] | None = None,
    name: str = "table",
) -> pa.Table:
    """Decide every row of a table, in the order of the rows; see the room for its columns.

    Raises:
        BadInput: every mistake of the table, up to a thousand; `name` is what they call it.
        KeyError: a switch is not in the pack, or not at that value.
    """
    flaws = Flaws(name)
    flaws.add(schema_flaws(name, table.schema))
    flaws.settle()
    facilities = [one for one in table["facility"].unique().to_pylist() if one is not None]
    prove_columns(name, table.schema, policy, facilities)
    schema = answer_schema(policy, facilities)
    desk, numbers = Desk(policy, authorisations, switches), np.arange(len(table))
    found = decide_batch(desk, table, engine, numbers, schema, flaws)
    flaws.settle()
    return found
