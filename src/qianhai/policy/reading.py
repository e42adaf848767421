"""Reads a pack file: YAML as text with the place of every scalar, held to a model.

Every scalar is text, because `NO`, `0.10` and `2023-02-23` mean what their author wrote. Flaws
are collected, never thrown one by one. Knows nothing of what the fields mean.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from qianhai.kernel import Flaw, Place, nearest

Path = tuple[str | int, ...]
_DEPTH_MAX = 24


class PackModel(BaseModel):
    """The shape of one kind of pack file: frozen, and nothing that is not named."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


M = TypeVar("M", bound=PackModel)


@dataclass(frozen=True, slots=True)
class Document:
    """A pack file as read: plain texts, lists and mappings, and where each stands.

    `places` maps a path inside the document to (line, column), both from 1.
    """

    file: str
    data: object
    places: Mapping[Path, tuple[int, int]]
    lines: tuple[str, ...] = field(repr=False)

    def place(self, path: Path) -> Place:
        """Return where a path stands, or its nearest parent that has a place."""
        line, column = self.position(path)
        return Place(self.file, line, str(column))

    def position(self, path: Path) -> tuple[int, int]:
        """Return line and column of a path, or of its nearest parent."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, (1, 1))

    def excerpt(self, path: Path) -> str:
        """Return the line a path stands on, with a caret under it."""
        line, column = self.position(path)
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        return f"    {text.rstrip()}\n    {' ' * (column - 1)}^"


def read_document(file: str, raw: bytes) -> tuple[Document | None, list[Flaw]]:
    """Read one YAML file of the pack; a document, or the flaws that prevent it."""
    try:
        text = raw.decode("utf-8")
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except UnicodeDecodeError as fault:
        return None, [_flaw(file, 1, 1, "P001", "", "UTF-8 text", f"byte {fault.start} is not UTF-8.",
                            f"第 {fault.start} 字节不是 UTF-8 编码。")]  # fmt: skip
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        return None, [_flaw(file, line, column, "P002", "", "YAML", f"the YAML cannot be read: {fault.problem}.",
                            f"YAML 无法解析：{fault.problem}。")]  # fmt: skip
    places: dict[Path, tuple[int, int]] = {}
    flaws: list[Flaw] = []
    data = _plain(file, node, (), places, flaws)
    if flaws:
        return None, flaws
    return Document(file, data, places, tuple(text.splitlines())), []


def _plain(
    file: str,
    node: yaml.Node | None,
    path: Path,
    places: dict[Path, tuple[int, int]],
    flaws: list[Flaw],
) -> object:
    """Turn a YAML node into plain values, all scalars as text, noting every place."""
    if node is None:
        return {}
    line, column = node.start_mark.line + 1, node.start_mark.column + 1
    quoted = isinstance(node, yaml.ScalarNode) and node.style in {"'", '"'}
    places[path] = (line, column + 1 if quoted else column)
    if len(path) > _DEPTH_MAX:
        flaws.append(_flaw(file, line, column, "P003", "", f"at most {_DEPTH_MAX} levels",
                           "the nesting is too deep.", "嵌套层次过深。"))  # fmt: skip
        return ""
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    if isinstance(node, yaml.SequenceNode):
        return [
            _plain(file, item, (*path, at), places, flaws) for at, item in enumerate(node.value)
        ]
    result: dict[str, object] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        if key in result:
            mark = key_node.start_mark
            flaws.append(_flaw(file, mark.line + 1, mark.column + 1, "P004", key, "each key once",
                               f"`{key}` stands twice; keep one.", f"“{key}” 出现两次，请保留一个。"))  # fmt: skip
        result[key] = _plain(file, value_node, (*path, key), places, flaws)
    return result


def _flaw(file: str, line: int, column: int, code: str, value: str, expected: str, en: str, zh: str) -> Flaw:  # fmt: skip
    return Flaw(code, Place(file, line, str(column)), value, expected, en, zh)


def hold_to(model: type[M], document: Document, path: Path = ()) -> tuple[M | None, list[Flaw]]:
    """Hold a document, or the part of it at a path, to its model.

    Returns the model, or every flaw with its place and the nearest name.
    """
    part = document.data
    for step in path:
        part = part[step]  # type: ignore[index]
    try:
        return model.model_validate(part), []
    except ValidationError as fault:
        return None, [_model_flaw(model, document, path, error) for error in fault.errors()]


def _model_flaw(
    model: type[BaseModel], document: Document, base: Path, error: ErrorDetails
) -> Flaw:
    loc = error["loc"]
    path = (*base, *loc)
    name = str(loc[-1]) if loc else "."
    kind, message = error["type"], error["msg"]
    value = str(error.get("input", ""))[:80]
    if kind == "extra_forbidden":
        near = nearest(name, _fields_at(model, loc[:-1]))
        hint = f" Nearest name: `{near}`." if near else ""
        zh_hint = f"相近名称：“{near}”。" if near else ""
        en, zh = f"unknown field `{name}`.{hint}", f"未知字段“{name}”。{zh_hint}"
        code, expected = "P010", "a field of this file kind"
    elif kind == "missing":
        en, zh = f"field `{name}` is missing.", f"缺少字段“{name}”。"
        code, expected = "P011", f"`{name}`"
    else:
        en, zh = f"`{name}` is not right: {message}.", f"字段“{name}”有误：{message}。"
        code, expected = "P012", message
    return Flaw(code, document.place(path), value, expected, en, zh, document.excerpt(path))


def _fields_at(model: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    """Return the field names a model knows at a location."""
    current: type[BaseModel] | None = model
    for part in loc:
        if current is None or not isinstance(part, str) or part not in current.model_fields:
            continue
        current = _model_inside(current.model_fields[part].annotation)
    return list(current.model_fields) if current else []


def _model_inside(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in get_args(annotation):
        found = _model_inside(inner)
        if found:
            return found
    return None
