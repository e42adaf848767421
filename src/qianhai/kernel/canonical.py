"""One way to write a value as bytes, so that equal content has an equal hash everywhere."""

import hashlib
import json
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Final
from uuid import UUID


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no canonical form")


_ENCODER: Final = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain
)


def canonical_text(value: object) -> str:
    """Write a value as JSON with sorted keys, no spaces and no floats.

    >>> canonical_text({"b": Decimal("1.50"), "a": date(2023, 6, 30)})
    '{"a":"2023-06-30","b":"1.50"}'
    """
    return _ENCODER.encode(value)


def canonical_bytes(value: object) -> bytes:
    """Write a value's canonical text as UTF-8.

    >>> canonical_bytes(["前海"]).decode()
    '["前海"]'
    """
    return canonical_text(value).encode()


def digest_of(value: object) -> bytes:
    """Return the SHA-256 of a value's canonical bytes.

    >>> len(digest_of({}))
    32
    """
    return hashlib.sha256(canonical_bytes(value)).digest()
