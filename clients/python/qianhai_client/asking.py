"""How the server is asked: one request, again where that is safe, and what a refusal says.

Stands on the standard library alone. A refusal by the server is `Refused`, with its problem (RFC
9457); a lost answer or a busy server is asked again, but only where asking again is safe.
"""

import json
import random
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

_BUSY = frozenset({429, 503})
_AGAIN = 4


class Refused(Exception):
    """The server refused: `problem` says why and what to do, `flaws` what of the input."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.problem = problem
        self.flaws = problem.get("flaws") or []
        said = f"{problem.get('title', '')} {problem.get('detail', '')}"
        super().__init__(f"{status} {said}".strip())


class Asking:
    """One server, asked with one token."""

    def __init__(
        self, address: str, token: str, *, language: str = "en", seconds: float = 60
    ) -> None:
        self._address = address.rstrip("/") + "/api/v1"
        self._headers = {"Authorization": f"Bearer {token}", "Accept-Language": language}
        self._seconds = seconds

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, Any] | None = None,
        document: Any = None,
        content: bytes | None = None,
        kind: str = "application/json",
        is_safe: bool = False,
    ) -> Any:
        """Ask, and return the document of the answer; bytes where it is none."""
        asked = {k: _text(v) for k, v in (query or {}).items() if v is not None}
        url = self._address + path + (f"?{urllib.parse.urlencode(asked)}" if asked else "")
        more = {k: str(v) for k, v in (headers or {}).items() if v is not None}
        sent = {**self._headers, **more}
        body = content
        if document is not None:
            body = json.dumps(document, ensure_ascii=False).encode()
        if body is not None:
            sent["Content-Type"] = kind
        for turn in range(_AGAIN + 1):
            request = urllib.request.Request(url, body, sent, method=method)
            try:
                with urllib.request.urlopen(request, timeout=self._seconds) as answer:
                    return _read(answer.headers.get_content_type(), answer.read())
            except urllib.error.HTTPError as fault:
                with fault:
                    problem = _read(fault.headers.get_content_type(), fault.read())
                is_last = turn == _AGAIN or fault.code not in _BUSY
                if is_last or not (is_safe or fault.code == 429):
                    told = problem if isinstance(problem, dict) else {}
                    raise Refused(fault.code, told) from None
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                if turn == _AGAIN or not is_safe:
                    raise
            time.sleep(random.uniform(0.5, 1) * 0.2 * 2**turn)
        raise AssertionError("the last turn returns or raises")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _read(kind: str, raw: bytes) -> Any:
    if kind.endswith("json") and raw and "ndjson" not in kind:
        return json.loads(raw)
    return raw


def quoted(value: Any) -> str:
    """Return a part of an address."""
    return urllib.parse.quote(str(value), safe="")
