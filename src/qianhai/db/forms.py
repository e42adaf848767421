"""The forms in which lists of texts go to the database, and JSON comes from it.

Registers and accounts are asked about thousands of names at a time, so both are written and read at
once and not piece by piece. Must not know what the texts are.
"""

from json import JSONDecoder
from typing import Any, Final

from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.types.array import ListDumper

_JSON: Final = JSONDecoder()


class TextListDumper(ListDumper):
    """Writes a list of nothing but texts as an array, every one in quotes."""

    def dump(self, obj: list[Any]) -> Buffer | None:
        """Return the array as PostgreSQL reads it; other lists are the driver's to write."""
        if set(map(type, obj)) != {str}:
            return super().dump(obj)
        joined = "\0".join(obj)
        if joined.count("\0") != len(obj) - 1:
            return super().dump(obj)  # no text may hold a NUL, and the driver says so
        quoted = joined.replace("\\", "\\\\").replace('"', '\\"').replace("\0", '","')
        return f'{{"{quoted}"}}'.encode(self._tx.encoding)


class JsonbReader(Loader):
    """Reads what PostgreSQL writes of a `jsonb`: whole, in UTF-8, without space around it."""

    def load(self, data: Buffer) -> object:
        """Return the value."""
        value: object = _JSON.raw_decode(str(data, "utf-8"))[0]
        return value
