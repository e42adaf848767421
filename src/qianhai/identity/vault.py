"""Secrets of the door: made, known again by their digest, or kept encrypted.

Holds arithmetic only. Must not hold a connection, and must not keep what it is handed.
"""

import base64
import hashlib
import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12
SECRET_BYTES = 32


def secret_text(random: bytes) -> str:
    """Write random bytes as a secret that can stand in a cookie, a header or a link.

    >>> secret_text(bytes(3))
    'AAAA'
    """
    return base64.urlsafe_b64encode(random).rstrip(b"=").decode()


def digest_of(secret: str) -> bytes:
    """Return what a secret of full entropy is known again by.

    >>> len(digest_of("AAAA"))
    32
    """
    return hashlib.sha256(secret.encode()).digest()


class Vault:
    """Keys of the door, derived from the master key: one to seal, one for each other purpose."""

    def __init__(self, master: bytes) -> None:
        self._master = master
        self._cipher = AESGCM(self.key("identity: second factors"))

    def key(self, purpose: str) -> bytes:
        """Return the key for one purpose; no key tells anything of another."""
        return hmac.digest(self._master, purpose.encode(), "sha256")

    def seal(self, secret: bytes, owner: bytes, nonce: bytes) -> bytes:
        """Encrypt a secret for the store, bound to its owner."""
        assert len(nonce) == _NONCE_BYTES, "AES-GCM takes a nonce of 96 bits"
        return nonce + self._cipher.encrypt(nonce, secret, owner)

    def open(self, sealed: bytes, owner: bytes) -> bytes | None:
        """Decrypt a secret; None when another key sealed it or it was moved or changed."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], owner)
        except InvalidTag:
            return None
