"""Columns to and from the database without an object for each number.

Holds PostgreSQL's binary form of one-dimensional arrays, for numpy arrays of 64-bit integers and of
ids. `Int8s` and `Uuids` are parameters of any statement; a cursor made here returns `bigint[]` and
`uuid[]` as numpy arrays; null elements are not among what it reads.
"""

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Dumper, Loader
from psycopg.pq import Format

from qianhai.db import Connection

_INT8_OID: Final = 20
_UUID_OID: Final = 2950
_INT8S_OID: Final = 1016
_UUIDS_OID: Final = 2951
_HEAD: Final = struct.Struct(">iiiii")
_INT8: Final = np.dtype([("length", ">i4"), ("value", ">i8")])
_UUID: Final = np.dtype([("length", ">i4"), ("value", "V16")])


@dataclass(frozen=True, slots=True)
class Int8s:
    """A column of 64-bit integers on its way to the database."""

    values: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Uuids:
    """A column of ids, 16 bytes each, on its way to the database."""

    values: npt.NDArray[Any]

    @classmethod
    def of(cls, ids: Sequence[bytes]) -> Self:
        """Make a column of ids."""
        return cls(np.frombuffer(b"".join(ids), "V16"))


def _dump(values: npt.NDArray[Any], form: np.dtype[Any], oid: int) -> bytes:
    elements = np.empty(len(values), form)
    elements["length"] = form["value"].itemsize
    elements["value"] = values
    return _HEAD.pack(1, 0, oid, len(values), 1) + elements.tobytes()


def _load(data: Buffer, form: np.dtype[Any]) -> npt.NDArray[Any]:
    raw = bytes(data)
    if len(raw) <= _HEAD.size:  # an array of nothing has no dimension
        return np.empty(0, form["value"])
    return np.frombuffer(raw, form, offset=_HEAD.size)["value"]


class _Int8sDumper(Dumper):
    format = Format.BINARY
    oid = _INT8S_OID

    def dump(self, obj: Int8s) -> bytes:
        return _dump(obj.values, _INT8, _INT8_OID)


class _UuidsDumper(Dumper):
    format = Format.BINARY
    oid = _UUIDS_OID

    def dump(self, obj: Uuids) -> bytes:
        return _dump(obj.values, _UUID, _UUID_OID)


class _Int8sLoader(Loader):
    format = Format.BINARY

    def load(self, data: Buffer) -> npt.NDArray[np.int64]:
        return _load(data, _INT8).astype(np.int64)


class _UuidsLoader(Loader):
    format = Format.BINARY

    def load(self, data: Buffer) -> npt.NDArray[Any]:
        return _load(data, _UUID)


# What is sent is told by its type, for every connection; what is read, by the cursor.
psycopg.adapters.register_dumper(Int8s, _Int8sDumper)
psycopg.adapters.register_dumper(Uuids, _UuidsDumper)


@contextmanager
def columns_cursor(conn: Connection) -> Iterator[psycopg.Cursor[tuple[Any, ...]]]:
    """Return a cursor that reads in columns."""
    with conn.cursor(binary=True) as cursor:
        cursor.adapters.register_loader(_INT8S_OID, _Int8sLoader)
        cursor.adapters.register_loader(_UUIDS_OID, _UuidsLoader)
        yield cursor
