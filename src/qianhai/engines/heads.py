"""Which rows belong together: the id, facility, action and day of each, read and proven.

Holds the head of a row. Must not read a fact.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any, Final

import numpy as np
import pyarrow as pa

from qianhai.engines.desk import Desk, Group
from qianhai.engines.flaws import (
    FLAWS_MAX,
    Flaws,
    no_column,
    no_day,
    no_name,
    no_such_column,
    no_value,
    wrong_type,
)
from qianhai.engines.forms import Mask, is_readable, is_text
from qianhai.kernel import Flaw, parse_date
from qianhai.policy import Policy, leaves_of

#: The columns that are no facts.
HEAD: Final = ("id", "facility", "action", "on")
#: What follows a fact's name in the column that says that there is none.
ABSENT: Final = ".absent"
_DAY: Final = "on"


def schema_flaws(file: str, schema: pa.Schema) -> list[Flaw]:
    """Return what is wrong with a file's columns whatever stands in them."""
    found = [no_column(file, name) for name in HEAD if name not in schema.names]
    for field in schema:
        is_fit = is_readable(field.type)
        if field.name in HEAD:
            is_day = field.name == _DAY and pa.types.is_date32(field.type)
            is_fit = is_day or is_text(_decoded(field.type)) or pa.types.is_null(field.type)
        elif field.name.endswith(ABSENT):
            is_fit = pa.types.is_boolean(field.type) or pa.types.is_null(field.type)
        if not is_fit:
            found.append(wrong_type(file, field.name, str(field.type)))
    return found


def _decoded(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def column_flaws(
    file: str, schema: pa.Schema, policy: Policy, facilities: Iterable[str]
) -> list[Flaw]:
    """Return the columns that are a fact of no facility of the file.

    While a facility of it is unknown, that is told first, at its row.
    """
    names, models = list(facilities), policy.pack.facilities
    if not models.keys() >= set(names):
        return []
    known = {path for name in names for path in leaves_of(models[name].facts)}
    known |= {f"{path}{ABSENT}" for path in known}
    given = [name for name in schema.names if name not in HEAD]
    return [no_such_column(file, name, known) for name in given if name not in known]


def groups_of(desk: Desk, table: pa.Table, numbers: Mask, flaws: Flaws) -> list[tuple[Group, Mask]]:
    """Return the groups of a table and the rows of each, in their order.

    `numbers` are the numbers of its rows. A row whose head is wrong belongs to no group; what is
    wrong is kept.
    """
    facility, action = (_coded(table[name]) for name in ("facility", "action"))
    day = _days(table[_DAY], numbers, flaws)
    bad = ~np.asarray(day.indices.is_valid())
    for name, empty in (("id", table["id"]), ("facility", facility.indices)):
        none = np.asarray(empty.is_null())
        flaws.add(no_value(flaws, int(numbers[row]), name) for row in _first(none))
        bad |= none
    counts = (len(action.dictionary) + 1, len(day.dictionary) + 1)
    keys = np.asarray(facility.indices.fill_null(0)).astype(np.int64) * counts[0]
    keys = (keys + np.asarray(action.indices.fill_null(len(action.dictionary)))) * counts[1]
    keys += np.asarray(day.indices.fill_null(0))
    keys[bad] = -1
    found: dict[int, tuple[Group, list[Mask]]] = {}
    for key, rows in _runs(keys):
        if key < 0:
            continue
        rest, at_day = divmod(key, counts[1])
        at_facility, at_action = divmod(rest, counts[0])
        names = facility.dictionary[at_facility].as_py(), ""
        if at_action < len(action.dictionary):
            names = names[0], action.dictionary[at_action].as_py()
        try:
            group = desk.group(*names, day.dictionary[at_day].as_py())
        except KeyError:
            at = (int(numbers[row]) for row in rows[:FLAWS_MAX])
            flaws.add(_unknown(desk.policy, flaws, row, names) for row in at)
            continue
        found.setdefault(id(group), (group, []))[1].append(rows)
    return [
        (group, parts[0] if len(parts) == 1 else np.sort(np.concatenate(parts)))
        for group, parts in found.values()
    ]


def _runs(keys: Mask) -> Iterable[tuple[int, Mask]]:
    """Yield each distinct key and its rows, in their order."""
    order = np.argsort(keys, kind="stable")
    ends = np.flatnonzero(np.diff(keys[order])) + 1
    for rows in np.split(order, ends):
        if len(rows):
            yield int(keys[rows[0]]), rows


def _first(mask: Mask) -> list[int]:
    return [int(row) for row in np.flatnonzero(mask)[:FLAWS_MAX]]


def _coded(column: pa.ChunkedArray) -> Any:  # noqa: ANN401 (Arrow has no types)
    array = column.combine_chunks()
    if pa.types.is_null(array.type):
        array = array.cast(pa.string())
    return array if pa.types.is_dictionary(array.type) else array.dictionary_encode()


def _days(column: pa.ChunkedArray, numbers: Mask, flaws: Flaws) -> Any:  # noqa: ANN401
    """Return the day of each row by its number in a list; unknown where it is none."""
    coded = _coded(column)
    none = np.asarray(coded.indices.is_null())
    flaws.add(no_value(flaws, int(numbers[row]), _DAY) for row in _first(none))
    read: list[date | None] = []
    for found in coded.dictionary.cast(pa.string()).to_pylist():
        try:
            read.append(parse_date(found))
        except ValueError:
            read.append(None)
    days = pa.array(read, pa.date32()).take(coded.indices)
    for row in _first(np.asarray(days.is_null()) & ~none):
        flaws.add([no_day(flaws, int(numbers[row]), str(coded[row].as_py()))])
    return days.dictionary_encode()


def _unknown(policy: Policy, flaws: Flaws, row: int, names: tuple[str, str]) -> Flaw:
    facility, action = names
    model = policy.pack.facilities.get(facility)
    if model is None:
        return no_name(flaws, row, "facility", facility, policy.pack.facilities)
    return no_name(flaws, row, "action", action, model.actions)
