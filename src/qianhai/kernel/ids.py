"""Ids: made from time and randomness that come in, or derived from what they name."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def uuid7(at: datetime, random: bytes) -> UUID:
    """Make a time-ordered id (RFC 9562, version 7) from an instant and ten random bytes.

    >>> from datetime import UTC
    >>> uuid7(datetime(2023, 6, 30, tzinfo=UTC), bytes(10))
    UUID('01890999-7800-7000-8000-000000000000')
    """
    millis = (at - _EPOCH) // timedelta(milliseconds=1)
    tail = int.from_bytes(random[:10], "big") & ((1 << 74) - 1)
    high, low = tail >> 62, tail & ((1 << 62) - 1)
    return UUID(int=(millis << 80) | (7 << 76) | (high << 64) | (2 << 62) | low)


def derived_id(*parts: str) -> UUID:
    """Derive one id from the parts that name a thing, the same on every machine.

    Parts are length-prefixed, so that no two lists of parts run into each other.

    >>> derived_id("a", "bc") == derived_id("ab", "c")
    False
    """
    return UUID(bytes=_as_id(hashlib.sha256(_joined(parts)).digest()))


def derived_ids(
    before: Sequence[str], names: Iterable[str], after: Sequence[str] = ()
) -> list[bytes]:
    """Derive the ids of many things that differ in one part, each as its sixteen bytes.

    >>> derived_ids(["a"], ["b"], ["c"]) == [derived_id("a", "b", "c").bytes]
    True
    """
    begun, end, made = hashlib.sha256(_joined(before)), _joined(after), []
    for raw in map(str.encode, names):
        hashed = begun.copy()
        hashed.update(len(raw).to_bytes(4, "big") + raw + end)
        made.append(_as_id(hashed.digest()))
    return made


def _joined(parts: Sequence[str]) -> bytes:
    return b"".join([len(raw).to_bytes(4, "big") + raw for raw in map(str.encode, parts)])


def _as_id(digest: bytes) -> bytes:
    raw = bytearray(digest[:16])
    raw[6], raw[8] = (raw[6] & 0x0F) | 0x80, (raw[8] & 0x3F) | 0x80
    return bytes(raw)
