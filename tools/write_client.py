"""Writes the operations of the Python client of the API from its description.

    make client          write clients/python/qianhai_client/operations.py again

The description is asked of the application itself, on a database of its own. The client stands on
the standard library alone, so that its folder can be copied into any program.
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
TARGET: Final = ROOT / "clients" / "python" / "qianhai_client" / "operations.py"
_LINE_MAX: Final = 100
_JSON: Final = "application/json"
_KINDS: Final = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}

_HEAD: Final = '''"""The operations of the API, version {version}; written by `make client`."""

from collections.abc import Mapping
from typing import Any

from qianhai_client.asking import Asking, quoted


class Operations(Asking):
    """What the server can be asked."""
'''


def client_of(document: Mapping[str, Any]) -> str:
    """Return the text of the client's operations for a description."""
    parts = [_HEAD.format(version=document["info"]["version"])]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            parts.append("\n".join(_method(path, method, operation)))
    return "\n".join(parts).rstrip() + "\n"


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
    yield from _call(f"    def {operation['operationId']}(", signature, ") -> Any:")
    summary = operation["description"].partition("\n\n")[0].replace("\n", " ")
    yield f'        """{summary}"""'
    arguments = [f'"{method.upper()}"', _path(path, in_path), *_arguments(method, content, others)]
    yield from _call("        return self._send(", arguments, ")")
    yield ""


def _call(head: str, arguments: list[str], tail: str) -> Iterator[str]:
    """Yield a call on one line, or an argument a line where it is too long for that."""
    line = head + ", ".join(arguments) + tail
    if len(line) <= _LINE_MAX:
        yield line
        return
    indent = " " * (len(head) - len(head.lstrip()))
    yield head
    yield from (f"{indent}    {one}," for one in arguments)
    yield indent + tail


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
        path = path.replace(f"{{{one['name']}}}", f"{{quoted({_name(one)})}}")
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
    TARGET.write_text(text, encoding="utf-8")
    print(TARGET.relative_to(ROOT))


if __name__ == "__main__":
    main()
