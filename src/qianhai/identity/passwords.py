"""Passwords: what may be one, and how one rests (Argon2id, RFC 9106).

Holds no connection. Must not keep or print a password.
"""

from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from qianhai.identity.model import Terms
from qianhai.kernel import Flaw, Place

SALT_BYTES: Final = 16
_HASHER: Final = PasswordHasher()
#: Compared with when there is no such user, so that the answer takes the same time.
_NOBODY: Final = _HASHER.hash("nobody", salt=bytes(SALT_BYTES))


def hashed(password: str, salt: bytes) -> str:
    """Return the form a password rests in, with its parameters and its salt."""
    return _HASHER.hash(password, salt=salt)


def is_password(password: str, resting: str | None) -> bool:
    """Tell whether a password is the one at rest; as slow where there is none."""
    try:
        return _HASHER.verify(resting or _NOBODY, password) and resting is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(resting: str) -> bool:
    """Tell whether a resting password was hashed under weaker parameters than today's."""
    return _HASHER.check_needs_rehash(resting)


def password_flaws(password: str, again: str, name: str, terms: Terms) -> list[Flaw]:
    """Return what keeps a text from being this user's password; its value is never repeated."""
    flaws = []
    low, high = terms.password_length_min, terms.password_length_max
    if not low <= len(password) <= high:
        flaws.append(
            _flaw(
                "I101",
                "password",
                f"{low} to {high} characters",
                f"Choose a password of at least {low} characters; a few words do well.",
                f"请设置至少{low}个字符的密码，几个词连用即可。",
            )
        )
    elif name in password.lower() or len(set(password)) <= 3:  # noqa: PLR2004 - aaa, abab, abcabc
        flaws.append(
            _flaw(
                "I102",
                "password",
                "a text others do not guess",
                "Choose another password: this one is guessed from your name or repeats itself.",
                "请另选密码：此密码可由用户名推知或过于重复。",
            )
        )
    if password != again:
        flaws.append(
            _flaw(
                "I103",
                "again",
                "the same text twice",
                "The two passwords differ; type the same one twice.",
                "两次输入的密码不一致，请重新输入。",
            )
        )
    return flaws


def _flaw(code: str, field: str, expected: str, en: str, zh: str) -> Flaw:
    return Flaw(code, Place("form", column=field), "", expected, en, zh)
