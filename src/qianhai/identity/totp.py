"""One-time codes of a second factor (RFC 6238 over RFC 4226), and codes for a lost one.

Holds arithmetic only: time, secret and randomness come in.
"""

import base64
import hmac
from datetime import datetime
from typing import Final
from urllib.parse import quote

STEP_SECONDS: Final = 30
DIGITS: Final = 6
SECRET_BYTES: Final = 20
#: A clock may be one step off either way.
_DRIFT: Final = 1
RECOVERY_CODES: Final = 10
#: No letter or digit that is taken for another when written by hand.
_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
RECOVERY_BYTES: Final = 12


def step_of(at: datetime) -> int:
    """Return the step of time an instant falls into."""
    return int(at.timestamp()) // STEP_SECONDS


def code_at(secret: bytes, step: int, digits: int = DIGITS) -> str:
    """Return the code of a step; the first of RFC 6238's vectors is 59 seconds after the epoch.

    >>> code_at(b"12345678901234567890", 1, 8)
    '94287082'
    """
    mac = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    start = mac[-1] & 0x0F
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**digits:0{digits}d}"


def matching_step(secret: bytes, code: str, at: datetime, after: int | None) -> int | None:
    """Return the step whose code this is, or None; a step up to `after` was used before."""
    now = step_of(at)
    found = None
    for step in range(now - _DRIFT, now + _DRIFT + 1):
        is_it = hmac.compare_digest(code_at(secret, step).encode(), code.encode())
        if is_it and (after is None or step > after):
            found = step
    return found


def secret_base32(secret: bytes) -> str:
    """Write a secret as authenticator programs take it when typed.

    >>> secret_base32(b"12345678901234567890")
    'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
    """
    return base64.b32encode(secret).decode()


def enrolment_uri(secret: bytes, name: str, issuer: str) -> str:
    """Return the address an authenticator program reads from a picture."""
    label = f"{quote(issuer, safe='')}:{quote(name, safe='')}"
    return f"otpauth://totp/{label}?secret={secret_base32(secret)}&issuer={quote(issuer, safe='')}"


def recovery_code(random: bytes) -> str:
    """Return a code for the day the second factor is lost; some 59 bits of chance.

    >>> recovery_code(bytes(range(12)))
    '2345-6789-ABCD'
    """
    letters = "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in random[:RECOVERY_BYTES])
    return "-".join(letters[at : at + 4] for at in range(0, RECOVERY_BYTES, 4))


def plain_code(typed: str) -> str:
    """Return a typed recovery code as it was written.

    >>> plain_code(" 2345 6789abcd")
    '2345-6789-ABCD'
    """
    letters = "".join(letter for letter in typed.upper() if letter.isalnum())
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))
