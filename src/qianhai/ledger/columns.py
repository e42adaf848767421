"""Chains and transfers as they are stored: columns of numbers, packed to be sealed and sent.

Holds the two forms, and their bytes in PostgreSQL's binary COPY, which the digest of a batch runs
over. Must not know a statement (`store`) or decide anything.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from qianhai.kernel import canonical_bytes
from qianhai.ledger.batch import Records

#: PostgreSQL counts days and microseconds from here.
_ERA_DAY: Final = date(2000, 1, 1)
_ERA: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
#: Milliseconds from 1970, where a uuid7 counts from, to 2000.
_ERA_MILLIS: Final = 946_684_800_000

COPY_HEAD: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_END: Final = b"\xff\xff"


class Field(NamedTuple):
    """A column: its name in memory, its form, and the field that says it is set."""

    name: str
    form: str
    is_set: str = ""


#: The columns of ledger.transfers; `institution` stands for a name.
TRANSFERS: Final = (
    Field("id", "V16"),
    Field("seq", "i8"),
    Field("institution", "i4"),
    Field("chain_id", "V16"),
    Field("leg", "i4"),
    Field("kind", "i2"),
    Field("value_on", "i4"),
    Field("debit_account_id", "i8"),
    Field("credit_account_id", "i8"),
    Field("amount", "i8"),
    Field("held", "i8"),
    Field("cap", "i8", "has_cap"),
    Field("spilled", "i8", "is_spilling"),
    Field("debit_balance", "i8"),
    Field("debit_pending", "i8"),
    Field("credit_balance", "i8"),
    Field("credit_pending", "i8"),
    Field("schema_version", "i2"),
    Field("row_check", "i8"),
)
#: The columns of ledger.chains that are numbers; what a refused one keeps is its `detail`.
CHAINS: Final = (
    Field("seq", "i8"),
    Field("institution", "i4"),
    Field("id", "V16"),
    Field("kind", "i2"),
    Field("value_on", "i4"),
    Field("posted_at", "i8"),
    Field("result", "i2"),
    Field("transfer_first", "i8", "has_transfers"),
    Field("transfer_last", "i8", "has_transfers"),
    Field("of_id", "V16", "has_origin"),
    Field("expires_at", "i8", "is_expiring"),
    Field("schema_version", "i2"),
    Field("row_check", "i8"),
)
#: The digest of a chain's detail, zeros without one: part of its checksum and not a column.
DETAIL_DIGEST: Final = Field("detail", "V32")


def _memory_form(fields: Sequence[Field]) -> np.dtype[Any]:
    flags = dict.fromkeys(field.is_set for field in fields if field.is_set)
    return np.dtype([(field.name, field.form) for field in fields] + [(f, "u1") for f in flags])


TRANSFER_FORM: Final = _memory_form(TRANSFERS)
CHAIN_FORM: Final = _memory_form((*CHAINS, DETAIL_DIGEST))


@dataclass(frozen=True, slots=True)
class Detail:
    """What a chain keeps beside its numbers: closed accounts, or why and on what it was refused.

    `content` is a digest of what was asked, under `salt`; None for a chain that was posted.
    """

    closed: Sequence[int] | None = None
    failed_leg: int | None = None
    asked: Sequence[int] | None = None
    amounts: Sequence[int] | None = None
    available: Sequence[int] | None = None
    used: Sequence[int] | None = None
    salt: bytes | None = None
    content: bytes | None = None

    def digest(self) -> bytes:
        """Return what stands for the detail in the digest of its batch."""
        fields = [getattr(self, name) for name in Detail.__slots__]
        plain = [list(value) if isinstance(value, list | tuple) else value for value in fields]
        return hashlib.sha256(canonical_bytes(plain)).digest()


def day_number(day: date) -> int:
    """Return a day as the database counts it.

    >>> day_number(date(2000, 1, 3))
    2
    """
    return (day - _ERA_DAY).days


def day_of(number: int) -> date:
    """Return the day of a number."""
    return _ERA_DAY + timedelta(days=int(number))


def instant_number(at: datetime) -> int:
    """Return an instant as the database counts it, in microseconds.

    >>> instant_number(datetime(2000, 1, 1, 0, 0, 1, tzinfo=UTC))
    1000000
    """
    return (at - _ERA) // _MICROSECOND


def instant_of(number: int) -> datetime:
    """Return the instant of a number, in UTC."""
    return _ERA + int(number) * _MICROSECOND


def transfer_ids(posted_at: datetime, seqs: npt.NDArray[np.int64]) -> Records:
    """Return the uuid7 (RFC 9562) of each transfer: the instant to the microsecond, and its number.

    >>> transfer_ids(datetime(2023, 6, 30, tzinfo=UTC), np.array([5])).tobytes().hex()
    '01890999780070008000000000000005'
    """
    millis, micros = divmod(instant_number(posted_at) + _ERA_MILLIS * 1000, 1000)
    made = np.empty((len(seqs), 2), ">u8")
    made[:, 0] = (millis << 16) | 0x7000 | micros
    made[:, 1] = seqs.astype(np.uint64) | np.uint64(1 << 63)
    return made.view("V16").ravel()


def posted_at_of(transfer_id: bytes) -> datetime:
    """Return the instant in a transfer's id.

    >>> at = datetime(2023, 6, 30, 1, 2, 3, 456789, tzinfo=UTC)
    >>> posted_at_of(transfer_ids(at, np.array([5]))[0].tobytes()) == at
    True
    """
    high = int.from_bytes(transfer_id[:8], "big")
    micros = (high >> 16) * 1000 + (high & 0xFFF)
    return datetime(1970, 1, 1, tzinfo=UTC) + micros * _MICROSECOND


#: An odd 64-bit number (the golden ratio): each column is weighed by another power of it.
_WEIGHT: Final = 0x9E3779B97F4A7C15


def row_checks(rows: Records, institutions: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return a checksum of every other field of each row: it tells which one was changed.

    No proof, which is the digest of the batch: whoever forges a row can forge this too.
    """
    state = np.zeros(len(rows), np.uint64)
    weight = 1
    for name in rows.dtype.names or ():
        if name == "row_check":
            continue
        for part in _words(rows, name, institutions):
            weight = weight * _WEIGHT % 2**64
            state += part * np.uint64(weight)
    return state.view(np.int64)


def _words(
    rows: Records, name: str, institutions: Sequence[str]
) -> Sequence[npt.NDArray[np.uint64]]:
    """Return a field of all rows as columns of 64-bit words."""
    column = rows[name]
    if name == "institution":
        digests = [hashlib.sha256(one.encode()).digest()[:8] for one in institutions]
        return [np.frombuffer(b"".join(digests), np.uint64)[column]]
    if column.dtype.kind == "V":
        width = column.dtype.itemsize // 8
        return list(np.ascontiguousarray(column).view(np.uint64).reshape(-1, width).T)
    return [column.astype(np.int64).view(np.uint64)]


def seal_chains(packed: bytes, details: bytes) -> bytes:
    """Return the digest of packed chains, and of the details' digests of some, in order."""
    state = hashlib.sha256(packed)
    state.update(details)
    return state.digest()


def seal_transfers(packed: bytes) -> bytes:
    """Return the digest of packed transfers."""
    return hashlib.sha256(packed).digest()


def pack(rows: Records, fields: Sequence[Field], institutions: Sequence[str]) -> bytes:
    """Return rows in binary COPY form, without head and end: what is sent is what is sealed.

    Rows of another institution, or in which other fields are set, have another length: each such
    group is packed by one form, in the order of their names and flags.
    """
    return b"".join(
        _pack_group(group, fields, set_flags, institution)
        for group, set_flags, institution in _groups(rows, fields, institutions)
    )


def _groups(
    rows: Records, fields: Sequence[Field], institutions: Sequence[str]
) -> Iterator[tuple[Records, frozenset[str], bytes]]:
    flags = list(dict.fromkeys(field.is_set for field in fields if field.is_set))
    mask = (1 << len(flags)) - 1
    keys = rows["institution"].astype(np.int64) << len(flags)
    for bit, flag in enumerate(flags):
        keys |= rows[flag].astype(np.int64) << bit
    if (keys == keys[:1]).all():
        groups = [(key, rows) for key in keys[:1].tolist()]
    else:
        groups = [(key, rows[keys == key]) for key in np.unique(keys).tolist()]
        groups.sort(key=lambda group: (institutions[group[0] >> len(flags)], group[0] & mask))
    for key, group in groups:
        is_set = frozenset(flag for bit, flag in enumerate(flags) if key >> bit & 1)
        yield group, is_set, institutions[key >> len(flags)].encode()


@lru_cache(maxsize=256)
def _wire_form(
    fields: tuple[Field, ...], is_set: frozenset[str], name_bytes: int
) -> tuple[np.dtype[Any], Mapping[str, int]]:
    """Return the form of one row on the wire, and each column's length in bytes (-1: null)."""
    form: list[tuple[str, str]] = [("count", ">i2")]
    lengths = {}
    for field in fields:
        wire = f"V{name_bytes}" if field.name == "institution" else field.form.replace("i", ">i")
        length = np.dtype(wire).itemsize
        form.append((f"{field.name} length", ">i4"))
        if field.is_set and field.is_set not in is_set:
            length = -1
        elif length:
            form.append((field.name, wire))
        lengths[field.name] = length
    return np.dtype(form), lengths


def _pack_group(
    rows: Records, fields: Sequence[Field], is_set: frozenset[str], institution: bytes
) -> bytes:
    form, lengths = _wire_form(tuple(fields), is_set, len(institution))
    wire = np.empty(len(rows), form)
    wire["count"] = len(fields)
    for field in fields:
        length = lengths[field.name]
        wire[f"{field.name} length"] = length
        if field.name == "institution":
            if institution:
                wire[field.name] = np.void(institution)
        elif length >= 0:
            wire[field.name] = rows[field.name]
    return wire.tobytes()
