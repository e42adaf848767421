"""How often one may knock: a bucket of tokens for each address, user or token.

Held in this process. Must not know what is asked.
"""

from collections.abc import Callable
from threading import Lock
from typing import Final

#: Buckets kept at a time; beyond it the fullest, which remember nothing, are forgotten first.
_BUCKETS_MAX: Final = 10_000


class Rates:
    """Buckets that fill with time and are emptied by knocks.

    >>> now = [0.0]
    >>> rates = Rates(lambda: now[0])
    >>> [rates.wait("a", burst=2, seconds=5) for _ in range(3)]
    [0.0, 0.0, 5.0]
    >>> now[0] = 5.0
    >>> rates.wait("a", burst=2, seconds=5)
    0.0
    """

    def __init__(self, ticks: Callable[[], float]) -> None:
        self._ticks = ticks
        self._lock = Lock()
        #: Of each bucket, the tick at which it is full again.
        self._full_at: dict[str, float] = {}

    def wait(self, who: str, *, burst: int, seconds: float) -> float:
        """Take one knock out of a bucket; return 0.0, or in how many seconds one is there."""
        with self._lock:
            now = self._ticks()
            full_at = max(self._full_at.get(who, now), now)
            missing = (full_at - now) / seconds
            if missing > burst - 1:
                return (missing - burst + 1) * seconds
            if len(self._full_at) >= _BUCKETS_MAX and who not in self._full_at:
                self._forget(now)
            self._full_at[who] = full_at + seconds
            return 0.0

    def _forget(self, now: float) -> None:
        """Forget the buckets that are full again, or half of them where none is."""
        kept = {who: at for who, at in self._full_at.items() if at > now}
        if len(kept) >= _BUCKETS_MAX:
            emptiest = sorted(kept.items(), key=lambda pair: pair[1])[_BUCKETS_MAX // 2 :]
            kept = dict(emptiest)
        self._full_at = kept
