"""How a list of texts is written for the database: at once, and not text by text.

Holds the written form of a parameter. Must not know what the texts are.
"""

from typing import Any

from psycopg.abc import Buffer
from psycopg.types.array import ListDumper


class TextListDumper(ListDumper):
    """Writes a list of nothing but texts as an array, every one in quotes.

    Registers and accounts are asked about thousands of names at a time.
    """

    def dump(self, obj: list[Any]) -> Buffer | None:
        """Return the array as PostgreSQL reads it; other lists are the driver's to write."""
        if set(map(type, obj)) != {str}:
            return super().dump(obj)
        joined = "\0".join(obj)
        if joined.count("\0") != len(obj) - 1:
            return super().dump(obj)  # no text may hold a NUL, and the driver says so
        quoted = joined.replace("\\", "\\\\").replace('"', '\\"').replace("\0", '","')
        return f'{{"{quoted}"}}'.encode(self._tx.encoding)
