"""Tokens that were found good a moment ago, so that a busy program costs one look a second.

Kept by digest, in this process, for a second: a token that is revoked ends within it. Must not
know what a token opens.
"""

import hashlib
from collections.abc import Callable
from threading import Lock
from typing import Final

from qianhai.identity import Visit

_KEPT_MAX: Final = 1_000


class Bearers:
    """Visits by bearer token.

    >>> now = [0.0]
    >>> bearers = Bearers(lambda: now[0], 1.0)
    >>> bearers.of("t") is None
    True
    """

    def __init__(self, ticks: Callable[[], float], seconds: float) -> None:
        self._ticks = ticks
        self._seconds = seconds
        self._lock = Lock()
        self._kept: dict[bytes, tuple[float, Visit]] = {}

    def of(self, token: str) -> Visit | None:
        """Return whom a token stands for, where that was asked a moment ago."""
        kept = self._kept.get(_digest(token))
        if kept is None or self._ticks() >= kept[0]:
            return None
        return kept[1]

    def keep(self, token: str, visit: Visit) -> None:
        """Keep whom a token stands for, for a moment."""
        with self._lock:
            if len(self._kept) >= _KEPT_MAX:
                self._kept.clear()
            self._kept[_digest(token)] = (self._ticks() + self._seconds, visit)

    def forget(self) -> None:
        """Forget all: somebody's roles or tokens may have changed here."""
        with self._lock:
            self._kept.clear()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
