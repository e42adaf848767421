"""Writes the Python client of the API from its description: one method an operation.

    make client          write clients/python/qianhai_client.py again

The description is asked of the application itself, on a database of its own. The client stands on
the standard library alone, so that it can be copied into any program.
"""

import keyword
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from qianhai.db import open_database
from qianhai.main import web_site
from qianhai.web import House, create_app, describe

ROOT: Final = Path(__file__).parents[1]
TARGET: Final = ROOT / "clients" / "python" / "qianhai_client.py"
_JSON: Final = "application/json"
_KINDS: Final = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}

_HEAD: Final = '''"""A client of the qianhai API, version {version}; written by `make client`.

    api = Client("http://127.0.0.1:8000", token)
    api.decide({{"facility": ..., "facts": ...}})["outcome"]
    api.submit(instruction, idempotency_key="A-0001")     # again and again: booked once
    for line in api.pages(api.decisions, outcome="refused"): ...

Stands on the standard library alone. A refusal by the server is `Refused`, with its problem (RFC
9457); a lost answer or a busy server is asked again, but only where asking again is safe.
"""

import json
import random
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_BUSY = frozenset({{429, 503}})
_AGAIN = 4


class Refused(Exception):
    """The server refused: `problem` says why and what to do, `flaws` what of the input."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.problem = problem
        self.flaws = problem.get("flaws") or []
        said = f"{{problem.get('title', '')}} {{problem.get('detail', '')}}"
        super().__init__(f"{{status}} {{said}}".strip())


class Client:
    """One server, asked with one token."""

    def __init__(
        self, address: str, token: str, *, language: str = "en", seconds: float = 60
    ) -> None:
        self._address = address.rstrip("/") + "/api/v1"
        self._headers = {{"Authorization": f"Bearer {{token}}", "Accept-Language": language}}
        self._seconds = seconds

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
        asked = {{k: _text(v) for k, v in (query or {{}}).items() if v is not None}}
        url = self._address + path + (f"?{{urllib.parse.urlencode(asked)}}" if asked else "")
        more = {{k: str(v) for k, v in (headers or {{}}).items() if v is not None}}
        sent = {{**self._headers, **more}}
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
                    told = problem if isinstance(problem, dict) else {{}}
                    raise Refused(fault.code, told) from None
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                if turn == _AGAIN or not is_safe:
                    raise
            time.sleep(random.uniform(0.5, 1) * 0.2 * 2**turn)
        raise AssertionError("the last turn returns or raises")
'''
_TAIL: Final = """

def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _read(kind: str, raw: bytes) -> Any:
    if kind.endswith("json") and raw and "ndjson" not in kind:
        return json.loads(raw)
    return raw


def _quoted(value: Any) -> str:
    return urllib.parse.quote(str(value), safe="")
"""


def client_of(document: Mapping[str, Any]) -> str:
    """Return the text of the client for a description."""
    parts = [_HEAD.format(version=document["info"]["version"])]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            parts.append("\n".join(_method(path, method, operation)))
    return "\n".join(parts).rstrip() + "\n" + _TAIL


def _method(path: str, method: str, operation: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of one operation."""
    parameters = operation.get("parameters", [])
    content = operation.get("requestBody", {}).get("content", {})
    in_path = [one for one in parameters if one["in"] == "path"]
    others = [one for one in parameters if one["in"] != "path"]
    signature = ["self", *(f"{_name(one)}: {_kind(one)}" for one in in_path)]
    if _JSON in content:
        signature.append("document: Mapping[str, Any]")
    elif content:
        signature += ["content: bytes", "kind: str"]
    if others:
        signature += ["*", *(f"{_name(one)}: {_kind(one)} | None = None" for one in others)]
    yield f"    def {operation['operationId']}("
    yield from (f"        {one}," for one in signature)
    yield "    ) -> Any:"
    summary = operation["description"].partition("\n\n")[0].replace("\n", " ")
    yield f'        """{summary}"""'
    yield "        return self._send("
    yield f'            "{method.upper()}",'
    yield f"            {_path(path, in_path)},"
    yield from (f"            {one}," for one in _arguments(method, content, others))
    yield "        )"
    yield ""


def _arguments(
    method: str, content: Mapping[str, Any], others: list[Mapping[str, Any]]
) -> Iterator[str]:
    for place in ("query", "header"):
        named = [one for one in others if one["in"] == place]
        if named:
            pairs = ", ".join(f'"{one["name"]}": {_name(one)}' for one in named)
            yield f"{'headers' if place == 'header' else place}={{{pairs}}}"
    if _JSON in content:
        yield "document=document"
    elif content:
        yield from ("content=content", "kind=kind")
    has_key = any(one["name"].lower() == "idempotency-key" for one in others)
    if method in {"get", "delete"} or has_key:
        yield "is_safe=True"


def _path(path: str, named: list[Mapping[str, Any]]) -> str:
    path = path.removeprefix("/api/v1")
    for one in named:
        path = path.replace(f"{{{one['name']}}}", f"{{_quoted({_name(one)})}}")
    return f'f"{path}"' if named else f'"{path}"'


def _name(parameter: Mapping[str, Any]) -> str:
    name = str(parameter["name"]).lower().replace("-", "_")
    return f"{name}_" if keyword.iskeyword(name) else name


def _kind(parameter: Mapping[str, Any]) -> str:
    schema = parameter["schema"]
    kinds = [one.get("type") for one in schema.get("anyOf", [schema])]
    return next((_KINDS[kind] for kind in kinds if kind in _KINDS), "Any")


def description() -> dict[str, Any]:
    """Return the description of the API as this tree serves it."""
    with TemporaryDirectory(prefix="qianhai-") as folder:
        site = web_site({"QIANHAI_DATA_DIR": folder})
        house = House(site, open_database(url=None, data_dir=site.data_dir))
        try:
            return describe(create_app(house), house)
        finally:
            house.close()


def main() -> None:
    """Write the client again."""
    text = client_of(description())
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(text, encoding="utf-8")
    print(TARGET.relative_to(ROOT))


if __name__ == "__main__":
    main()
