"""The facts of a group's rows: proven column by column, and laid out as its program reads them.

A row that columns cannot hold (a suspect, or an amount of more digits than its column has) is
odd: what it states is kept beside it as text, and it is decided by itself. Decides nothing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qianhai.engines.desk import Group
from qianhai.engines.flaws import Flaws, both, never_absent
from qianhai.engines.forms import Array, Mask, fitted, held, mask_of, overfine, raw_of
from qianhai.engines.heads import ABSENT as SUFFIX
from qianhai.engines.heads import HEAD
from qianhai.kernel import Place
from qianhai.policy import Leaf, read_facts
from qianhai.rules import ABSENT, Column, Date, Integer, List, SqlProgram
from qianhai.rules import Bool as BoolType

#: The columns every relation has besides its program's: place, id, day, and what an odd row says.
KEPT: Final = ("row", "id", "day", "odd")


@dataclass(frozen=True, slots=True)
class Read:
    """The facts of some rows by leaf path: values, where absence is recorded, and suspects."""

    values: Mapping[str, Array]
    absent: Mapping[str, Mask]
    suspects: Mask


def read_table(leaves: Mapping[str, Leaf], table: pa.Table, places: Mask) -> Read:
    """Read the columns of some rows of a table by a facility's declarations."""
    suspects = np.zeros(len(places), np.bool_)
    values: dict[str, Array] = {}
    absent: dict[str, Mask] = {}
    rows = table.take(places)
    for name, stated in zip(rows.column_names, rows.itercolumns(), strict=True):
        leaf = leaves.get(name.removesuffix(SUFFIX))
        if name in HEAD or (leaf is None and stated.null_count == len(stated)):
            continue
        column = stated.combine_chunks()
        if leaf is None:
            suspects |= _stated(name, column)
            continue
        if not name.endswith(SUFFIX):
            read = _listed if leaf.type == "list" else held
            values[name], wrong = read(leaf, column)
            suspects |= wrong
        else:
            absent[leaf.path] = mask_of(column.cast(pa.bool_()))
    for path, array in values.items():
        if leaves[path].type == "money":
            suspects |= overfine(array, _currency_of(leaves[path], values))
    for path, mask in absent.items():
        is_wrong = mask & np.asarray(values[path].is_valid()) if path in values else mask & False
        suspects |= is_wrong if leaves[path].fact.optional else mask
    return Read(values, absent, suspects)


def _stated(name: str, column: Array) -> Mask:
    """Return the rows that state a fact; of what may be absent, those that say that it is."""
    return mask_of(column) if name.endswith(SUFFIX) else np.asarray(column.is_valid())


def _currency_of(leaf: Leaf, values: Mapping[str, Array]) -> Array | str:
    return values.get(leaf.currency, leaf.currency)


def _listed(leaf: Leaf, array: Array) -> tuple[Array, Mask]:
    """Read a column of lists: each field of all rows at once."""
    count = len(array)
    if pa.types.is_null(array.type):
        return pa.nulls(count, pa.list_(pa.struct([]))), np.zeros(count, np.bool_)
    if not (pa.types.is_list(array.type) or pa.types.is_large_list(array.type)):
        return pa.nulls(count, pa.list_(pa.struct([]))), np.asarray(array.is_valid())
    inner, parents = array.flatten(), np.asarray(pc.list_parent_indices(array))
    wrong = np.asarray(inner.is_null())
    fields: dict[str, Array] = {}
    for at in range(inner.type.num_fields):
        name, child = inner.type.field(at).name, pc.struct_field(inner, at)
        field = leaf.fact.fields.get(name)
        if field is None:
            wrong = wrong | np.asarray(child.is_valid())
            continue
        part = Leaf(name, leaf.name, leaf.fact, field.type, field.currency, field.values)
        fields[name], found = held(part, child)
        wrong = wrong | found
    for name, child in fields.items():
        if leaf.fact.fields[name].type == "money":
            currency = leaf.fact.fields[name].currency
            wrong = wrong | overfine(child, fields.get(currency, currency))
    suspects = np.zeros(count, np.bool_)
    suspects[parents[wrong]] = True
    lengths = np.asarray(pc.fill_null(pc.list_value_length(array), 0))
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
    rows = pa.StructArray.from_arrays(list(fields.values()), list(fields)) if fields else inner
    return pa.ListArray.from_arrays(offsets, rows, mask=array.is_null()), suspects


def relation_of(
    leaves: Mapping[str, Leaf],
    program: SqlProgram,
    table: pa.Table,
    places: Mask,
    numbers: Mask,
    flaws: Flaws,
) -> pa.Table:
    """Return the relation of a program over its places in a table of a facility's leaves.

    `numbers` are the numbers of all rows of the table. What is wrong in a row is kept in
    `flaws`, as `read_facts` says it.
    """
    count = len(places)
    read = read_table(leaves, table, places)
    misfits = np.zeros(count, np.bool_)
    columns: dict[str, Array] = {}
    for one in program.columns:
        array = read.values.get(one.path)
        none = pa.nulls(count, arrow_type(one))
        columns[one.name], unfit = (none, None) if array is None else _cells(one, array)
        misfits |= False if unfit is None else unfit
        if one.absent:
            is_absent = read.absent.get(one.path, np.zeros(count, np.bool_))
            columns[one.absent] = pa.array(is_absent)
    odd: list[str | None] = [None] * count
    alone = np.flatnonzero(read.suspects | misfits)
    stated = table.take(places[alone]).to_pylist() if len(alone) else []
    for at, cells in zip(alone, stated, strict=True):
        if not flaws.is_full:
            odd[at] = _odd(leaves, cells, int(numbers[places[at]]), flaws)
    kept = {
        "row": pa.array(numbers[places], pa.int64()),
        "id": table["id"].combine_chunks().take(places).cast(pa.string()),
        "day": _day(table["on"].combine_chunks().take(places)),
        "odd": pa.array(odd, pa.string()),
    }
    return pa.table(kept | columns)


def relation_schema(program: SqlProgram) -> pa.Schema:
    """Return the columns of a group's relation."""
    fields = [pa.field("row", pa.int64()), pa.field("id", pa.string())]
    fields += [pa.field("day", pa.date32()), pa.field("odd", pa.string())]
    for one in program.columns:
        fields.append(pa.field(one.name, arrow_type(one)))
        fields += [pa.field(one.absent, pa.bool_())] if one.absent else []
    return pa.schema(fields)


def _day(column: Array) -> Array:
    text = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
    return text.cast(pa.date32())


def _odd(leaves: Mapping[str, Leaf], cells: Mapping[str, object], row: int, flaws: Flaws) -> str:
    """Return what a row states as text, after every mistake of it is kept."""
    given: list[tuple[str, object]] = []
    for name, cell in cells.items():
        path = name.removesuffix(SUFFIX)
        if name in HEAD or cell is None or (path != name and cell is False):
            continue
        if path == name or path not in leaves:
            given.append((name, raw_of(cell)))
        elif not leaves[path].fact.optional:
            flaws.add([never_absent(flaws, row, path)])
        elif cells.get(path) is not None:
            flaws.add([both(flaws, row, path)])
        else:
            given.append((path, None))
    _, found = read_facts({}, given, lambda path: flaws.place(row, path), leaves=leaves)
    flaws.add(found)
    return json.dumps(given, ensure_ascii=False)


def arrow_type(column: Column) -> pa.DataType:
    """Return the Arrow type of a program's column."""
    match column.kind:
        case List():
            return pa.list_(pa.struct([pa.field(f.name, arrow_type(f)) for f in column.fields]))
        case BoolType():
            return pa.bool_()
        case Integer():
            return pa.int32()
        case Date():
            return pa.date32()
    return pa.decimal128(*column.digits) if column.digits else pa.string()


_INT: Final = (-(2**31), 2**31 - 1)


def _cells(column: Column, array: Array) -> tuple[Array, Mask | None]:
    """Return values as a program's column holds them, and which rows it cannot hold."""
    if column.digits:
        return fitted(array, *column.digits)
    if isinstance(column.kind, Integer):
        outside = mask_of(pc.or_(pc.less(array, _INT[0]), pc.greater(array, _INT[1])))
        kept = pc.if_else(pa.array(outside), pa.scalar(None, array.type), array)
        return kept.cast(pa.int32()), outside
    if not isinstance(column.kind, List):
        return array, None
    inner, parents = array.flatten(), np.asarray(pc.list_parent_indices(array))
    misfits = np.zeros(len(array), np.bool_)
    children: list[Array] = []
    for one in column.fields:
        at = inner.type.get_field_index(one.path)
        child = pc.struct_field(inner, at) if at >= 0 else pa.nulls(len(inner), arrow_type(one))
        cells, unfit = _cells(one, child) if at >= 0 else (child, None)
        children.append(cells)
        if unfit is not None:
            misfits[parents[unfit]] = True
    rows = pa.StructArray.from_arrays(children, [one.name for one in column.fields])
    lengths = np.asarray(pc.fill_null(pc.list_value_length(array), 0))
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
    return pa.ListArray.from_arrays(offsets, rows, mask=array.is_null()), misfits


def facts_at(group: Group, program: SqlProgram, relation: pa.Table, at: int) -> dict[str, object]:
    """Return the facts of one row of a relation as a decision reads them."""
    odd = relation["odd"][at].as_py()
    if odd is not None:
        given = [(path, raw) for path, raw in json.loads(odd)]
        return read_facts({}, given, _nowhere, leaves=group.leaves)[0]
    return _values(program.columns, {name: relation[name][at].as_py() for name in _names(program)})


def _nowhere(path: str) -> Place:
    return Place("", None, path)


def _names(program: SqlProgram) -> list[str]:
    names = [one.name for one in program.columns]
    return names + [one.absent for one in program.columns if one.absent]


def _values(columns: Sequence[Column], cells: Mapping[str, Any]) -> dict[str, object]:
    found: dict[str, object] = {}
    for one in columns:
        cell = cells[one.name]
        if one.absent and cells[one.absent]:
            found[one.path] = ABSENT
        elif isinstance(cell, list):
            found[one.path] = [_values(one.fields, row) for row in cell]
        elif cell is not None:
            found[one.path] = cell
    return found
