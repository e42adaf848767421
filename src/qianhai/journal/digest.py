"""What the journal hashes: one definition, used when it writes and when it verifies.

Every field is length-prefixed, so that no two lists of fields run into each other. Pure.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

from qianhai.journal.model import Seal


def content_digest(salt: bytes, body: str) -> bytes:
    """Return the digest of what can be erased; without the salt nothing can be guessed from it.

    >>> content_digest(bytes(16), "{}").hex()[:8]
    '333b13ff'
    """
    return hashlib.sha256(salt + body.encode()).digest()


def entry_digest(
    *,
    seq: int,
    institution_id: str,
    schema_version: int,
    kind: str,
    subject: str,
    at: datetime,
    content: bytes,
    seals: Sequence[tuple[str, int, Seal]],
) -> bytes:
    """Return the digest of everything an entry says that stays for ever.

    `seals` come with the institution and the schema version of their rows, in the order of
    table and key by code point.
    """
    instant = at.astimezone(UTC).isoformat(timespec="microseconds")
    fields = [str(seq), institution_id, str(schema_version), kind, subject, instant]
    raw = [*map(str.encode, fields), content]
    for institution, version, seal in seals:
        raw += [seal.table.encode(), seal.row_key.encode(), seal.digest]
        raw += [institution.encode(), str(version).encode()]
    joined = b"".join(len(one).to_bytes(4, "big") + one for one in raw)
    return hashlib.sha256(joined).digest()


def next_chain(chain: bytes, digest: bytes) -> bytes:
    """Return the hash over the history so far and one more entry.

    >>> next_chain(bytes(32), bytes(32)).hex()[:8]
    'f5a5fd42'
    """
    return hashlib.sha256(chain + digest).digest()
