"""The keys under which a person's names and identifiers rest.

Holds the arithmetic of encryption and of the blind index. Must not hold a connection or keep a
key: the master key is handed in by main, subject keys come wrapped from the store.

    master key (main)  -> wraps one key a subject; -> keys the blind index of identifiers
    subject key        -> seals the personal part of each row; -> keys the digest of its content

Destroying the wrapped subject key leaves rows nobody can read, and digests nobody can test a
guess against.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from qianhai.kernel import Environment, canonical_bytes

KEY_BYTES = 32
NONCE_BYTES = 12
#: What a master key is known by, in a database and in a backup, without telling anything of it.
FINGERPRINT_BYTES = 16


def _derived(key: bytes, purpose: str) -> bytes:
    return hmac.digest(key, purpose.encode(), "sha256")


@dataclass(frozen=True, repr=False)
class SubjectKey:
    """One person's key: everything personal about that person is read with it.

    What it seals with is made once, as a person's business seals many texts.
    """

    id: UUID
    secret: bytes

    @cached_property
    def _cipher(self) -> AESGCM:
        return AESGCM(_derived(self.secret, "seal"))

    def seal(self, content: Mapping[str, object], row: UUID, nonce: bytes) -> bytes:
        """Encrypt the personal part of one row, bound to that row."""
        assert len(nonce) == NONCE_BYTES, "AES-GCM takes a nonce of 96 bits"
        return nonce + self._cipher.encrypt(nonce, canonical_bytes(content), row.bytes)

    def open(self, sealed: bytes, row: UUID) -> bytes:
        """Decrypt the personal part of one row.

        Raises:
            InvalidTag: the row was changed, or moved from another place.
        """
        return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], row.bytes)

    def digest(self, content: object) -> bytes:
        """Return a digest of content that only the holder of this key can test a guess against."""
        return hmac.digest(_derived(self.secret, "content"), canonical_bytes(content), "sha256")


class Keyring:
    """The master key of an installation, in use.

    Raises:
        Environment: the master key is not 32 bytes long.
    """

    def __init__(self, master: bytes) -> None:
        if len(master) != KEY_BYTES:
            raise Environment(
                f"The master key has {len(master)} bytes, but must have {KEY_BYTES}.",
                "Give 32 random bytes, and keep them apart from the database and its backups.",
                zh=f"主密钥为 {len(master)} 字节，应为 {KEY_BYTES} 字节。"
                "请提供 32 个随机字节，并与数据库及其备份分开存放。",
            )
        self._wrap = AESGCM(_derived(master, "wrap subject keys"))
        self._index_key = _derived(master, "index identifiers")
        self.fingerprint = _derived(master, "name this key")[:FINGERPRINT_BYTES].hex()

    def wrap(self, key: SubjectKey, nonce: bytes) -> bytes:
        """Encrypt a subject key for the store."""
        assert len(nonce) == NONCE_BYTES, "AES-GCM takes a nonce of 96 bits"
        return nonce + self._wrap.encrypt(nonce, key.secret, key.id.bytes)

    def unwrap(self, key_id: UUID, wrapped: bytes) -> SubjectKey:
        """Decrypt a subject key.

        Raises:
            Environment: another master key wrapped it, or it was changed.
        """
        try:
            secret = self._wrap.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], key_id.bytes)
        except InvalidTag:
            raise Environment(
                "The master key does not open the keys of this register.",
                "Start with the master key this register was made with.",
                zh="主密钥打不开本登记簿的密钥。请使用建立该登记簿时的主密钥。",
            ) from None
        return SubjectKey(key_id, secret)

    def blind(self, institution_id: str, kind: str, identifier: str) -> bytes:
        """Return what an identifier is looked up by: equal for equal numbers, telling nothing.

        >>> ring = Keyring(bytes(32))
        >>> ring.blind("b", "hkid", "A1234563") == ring.blind("b", "hkid", "A1234563")
        True
        """
        message = canonical_bytes([institution_id, kind, identifier])
        return hmac.digest(self._index_key, message, "sha256")
