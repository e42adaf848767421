"""A client of the qianhai API, version 1.

    api = Client("http://127.0.0.1:8000", token)
    api.decide({"facility": ..., "facts": ...})["outcome"]
    api.submit(instruction, idempotency_key="A-0001")     # again and again: booked once
    for line in api.pages(api.decisions, outcome="refused"): ...

`operations` has a method for each operation, written by `make client`; `asking` is how they ask.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from qianhai_client.asking import Refused
from qianhai_client.operations import Operations

__all__ = ["Client", "Refused"]


class Client(Operations):
    """One server, asked with one token."""

    def pages(self, lists: Callable[..., Any], **asked: Any) -> Iterator[Any]:
        """Yield every item of a list, page after page."""
        cursor = None
        while True:
            page = lists(**asked, cursor=cursor)
            yield from page["items"]
            cursor = page["next"]
            if cursor is None:
                return

    def ended(self, work: Mapping[str, Any], *, every: float = 0.5) -> Any:
        """Return a work once it ended."""
        while work["ended_at"] is None:
            time.sleep(every)
            work = self.work(work["id"])
        return work
