"""The log: one JSON object a line, with the number of its request and nothing personal.

What a fault says may quote a row, so of a fault that is not ours only its kind and its place are
written. Whatever looks like a number of a person is masked, whoever wrote it.
"""

import json
import logging
import re
import sys
import traceback
from collections.abc import Callable
from datetime import datetime
from typing import Final, TextIO

from qianhai.kernel import QianhaiError

#: Identity numbers of residents, Hong Kong cards, travel permits: as they could get into a text.
_NUMBERS: Final = re.compile(
    r"\b\d{17}[0-9Xx]\b|\b[A-Za-z]{1,2}\d{6}(?:\([0-9Aa]\)|[0-9Aa]\b)|\b[HMhm]\d{8}(?:\d{2})?\b"
)
#: What a line may carry beside its message.
_FIELDS: Final = ("request_id", "method", "route", "status", "seconds", "trace_id")


def masked(text: str) -> str:
    """Return a text without the numbers of persons.

    >>> masked("card A123456(3) of 11010519491231002X")
    'card ···· of ····'
    """
    return _NUMBERS.sub("····", text)


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__()
        self._now = now

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        line: dict[str, object] = {
            "at": self._now().isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": masked(record.getMessage()),
        }
        line.update(
            {name: getattr(record, name) for name in _FIELDS if getattr(record, name, None)}
        )
        fault = record.exc_info[1] if record.exc_info else None
        if fault is not None:
            line |= _of_fault(fault)
        return json.dumps(line, ensure_ascii=False, default=str)


def _of_fault(fault: BaseException) -> dict[str, object]:
    """Return what may be told of a fault: its kind, its place, and its words if they are ours."""
    frames = traceback.extract_tb(fault.__traceback__)
    told: dict[str, object] = {
        "fault": f"{type(fault).__module__}.{type(fault).__name__}",
        "where": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
    if isinstance(fault, QianhaiError):
        told["said"] = masked(str(fault))
    if fault.__cause__ is not None:
        told["cause"] = _of_fault(fault.__cause__)
    return told


def log_to(stream: TextIO, now: Callable[[], datetime]) -> logging.Handler:
    """Send the log of this process to a stream, in JSON lines."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines(now))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    # What the driver and the client say of every request is not for a log of business.
    for name in ("httpx2", "psycopg.pool", "uvicorn.error"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return handler


def log_here(now: Callable[[], datetime]) -> None:
    """Send the log to the standard error, where systemd and containers read it."""
    log_to(sys.stderr, now)
