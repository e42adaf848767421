"""Ids: made from time and randomness that come in, or derived from what they name."""

import hashlib
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
    joined = b"".join(len(raw).to_bytes(4, "big") + raw for raw in map(str.encode, parts))
    raw = bytearray(hashlib.sha256(joined).digest()[:16])
    raw[6], raw[8] = (raw[6] & 0x0F) | 0x80, (raw[8] & 0x3F) | 0x80
    return UUID(bytes=bytes(raw))
