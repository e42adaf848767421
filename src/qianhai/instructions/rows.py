"""Rows on their way to a table: columns of texts as PostgreSQL reads them.

Rows by the thousand go as Arrow, a few as they are. Knows nothing of what a row says.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

Columns = Mapping[str, Any]
SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one table: each column one text for all of them, or a text for each.

    A column that is not there is null.
    """

    names: Sequence[str]
    columns: Columns
    count: int

    def table(self) -> pa.Table:
        """Return them as a table of Arrow."""
        return pa.table({name: self._array(self.columns.get(name)) for name in self.names})

    def _array(self, cells: Any) -> pa.Array:  # noqa: ANN401 (Arrow has no types)
        if cells is None:
            return pa.nulls(self.count, pa.string())
        if isinstance(cells, str):
            return pa.repeat(pa.scalar(cells, pa.string()), self.count)
        return pa.array(cells, pa.string()) if isinstance(cells, list) else cells

    def each(self) -> list[dict[str, str | None]]:
        """Return them one by one; their columns are lists."""
        cells = (self.columns[name] for name in self.names)
        lists = [[one] * self.count if isinstance(one, str) else one for one in cells]
        return [dict(zip(self.names, row, strict=True)) for row in zip(*lists, strict=True)]


def salts_of(salts: Callable[[int], bytes], count: int) -> list[str]:
    """Return a salt for each of some rows."""
    made = salts(SALT_BYTES * count).hex()
    return [f"\\x{made[at : at + 2 * SALT_BYTES]}" for at in range(0, len(made), 2 * SALT_BYTES)]


def bytea(raw: bytes) -> str:
    r"""Return bytes as PostgreSQL reads them.

    >>> bytea(b"\x01")
    '\\x01'
    """
    return f"\\x{raw.hex()}"
