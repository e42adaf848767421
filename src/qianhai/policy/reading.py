"""Reads a pack file: YAML as text with the place of every scalar, held to a model.

Every scalar is text, because `NO`, `0.10` and `2023-02-23` mean what their author wrote. Flaws
are collected, never thrown one by one. Knows nothing of what the fields mean.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from qianhai.kernel import Flaw, Place, nearest

Path = tuple[str | int, ...]
_DEPTH_MAX = 24
_VALUES_MAX = 20_000
_SHOWN_MAX = 80


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
    places: Mapping[Path, tuple[int, int]] = field(repr=False)
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
        before = text[: column - 1].lstrip()
        return f"    {text.strip()}\n    {' ' * _width(before)}^"

    def flaw(self, code: str, path: Path, value: str, expected: str, en: str, zh: str) -> Flaw:
        """Return a flaw at a path, with its line and a caret."""
        return Flaw(
            code, self.place(path), value[:_SHOWN_MAX], expected, en, zh, self.excerpt(path)
        )

    def unknown(self, path: Path, en: str, zh: str, name: str, known: Iterable[str]) -> Flaw:
        """Return the flaw of a name that leads nowhere, with the nearest that does.

        `en` and `zh` say what the name should have been.
        """
        near = nearest(name, known)
        hint, zh_hint = (f" Nearest name: `{near}`.", f"相近名称：“{near}”。") if near else ("", "")
        return self.flaw(
            "P401",
            path,
            name,
            f"a known {en}",
            f"unknown {en} `{name}`.{hint}",
            f"未知{zh}“{name}”。{zh_hint}",
        )


def _width(text: str) -> int:
    """Return the columns a text takes on a terminal, where Chinese signs take two.

    >>> _width("放款 x")
    6
    """
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def read_document(file: str, raw: bytes) -> tuple[Document | None, list[Flaw]]:
    """Read one YAML file of the pack; a document, or the flaws that prevent it."""
    try:
        text = raw.decode("utf-8")
        if flaw := _too_deep(file, text):
            return None, [flaw]
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except UnicodeDecodeError as fault:
        en, zh = f"byte {fault.start} is not UTF-8.", f"第 {fault.start} 字节不是 UTF-8 编码。"
        return None, [Flaw("P001", Place(file, 1, "1"), "", "UTF-8 text", en, zh)]
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        what = getattr(fault, "problem", None) or getattr(fault, "reason", "")
        en, zh = f"the YAML cannot be read: {what}.", f"YAML 无法解析：{what}。"
        return None, [Flaw("P002", Place(file, line, str(column)), "", "YAML", en, zh)]
    tree = _Tree(Document(file, None, {}, tuple(text.splitlines())))
    data = tree.plain(node, ())
    if tree.flaws:
        return None, tree.flaws
    return Document(file, data, tree.places, tree.bare.lines), []


def _too_deep(file: str, text: str) -> Flaw | None:
    """Return a flaw where the nesting passes what a person follows, before anything recurses."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEPTH_MAX:
            mark = event.start_mark
            assert mark is not None, "an event of a text has a place"
            place = Place(file, mark.line + 1, str(mark.column + 1))
            levels = f"at most {_DEPTH_MAX} levels"
            en, zh = "the nesting is too deep.", "嵌套层次过深。"
            return Flaw("P003", place, "", levels, en, zh)
    return None


class _Tree:
    """Turns YAML nodes into plain values, all scalars as text, noting every place."""

    def __init__(self, bare: Document) -> None:
        self.bare = bare
        self.places: dict[Path, tuple[int, int]] = {}
        self.flaws: list[Flaw] = []

    def _note(
        self, code: str, node: yaml.Node, value: str, expected: str, en: str, zh: str
    ) -> None:
        """Note a flaw where a node starts."""
        at = (node.start_mark.line + 1, node.start_mark.column + 1)
        here = Document(self.bare.file, None, {(): at}, self.bare.lines)
        self.flaws.append(here.flaw(code, (), value, expected, en, zh))

    def plain(self, node: yaml.Node | None, path: Path) -> object:
        """Return the plain value of a node."""
        if node is None:
            return {}
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        quoted = isinstance(node, yaml.ScalarNode) and node.style in {"'", '"'}
        self.places[path] = (line, column + 1 if quoted else column)
        if len(path) > _DEPTH_MAX or len(self.places) > _VALUES_MAX:
            if not self.flaws:
                en = "an alias repeats more than a file may hold; write the values out."
                zh = "别名展开后超过一个文件的容量，请写出原值。"
                self._note("P005", node, "", f"at most {_VALUES_MAX} values", en, zh)
            return ""
        if isinstance(node, yaml.ScalarNode):
            return str(node.value)
        if isinstance(node, yaml.SequenceNode):
            return [self.plain(item, (*path, at)) for at, item in enumerate(node.value)]
        return self._mapping(node, path)

    def _mapping(self, node: yaml.Node, path: Path) -> dict[str, object]:
        result: dict[str, object] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if not isinstance(key_node, yaml.ScalarNode):
                en, zh = "a key is a plain word.", "键应为单个词。"
                self._note("P006", key_node, "", "a word", en, zh)
            elif key in result:
                en, zh = f"`{key}` stands twice; keep one.", f"“{key}”出现两次，请保留一个。"
                self._note("P004", key_node, key, "each key once", en, zh)
            result[key] = self.plain(value_node, (*path, key))
        return result


#: What pydantic asks for, in both languages, by the type of its error; `{}` is its own word.
_WANTED: Final[Mapping[str, tuple[str, str]]] = {
    "string_type": ("a text", "文本"),
    "string_too_short": ("a text that is not empty", "非空文本"),
    "string_pattern_mismatch": (
        "a name of small letters, digits and _ that starts with a letter",
        "以字母开头、由小写字母、数字和下划线组成的名称",
    ),
    "int_parsing": ("a whole number", "整数"),
    "int_type": ("a whole number", "整数"),
    "less_than_equal": ("a smaller number", "较小的数"),
    "greater_than_equal": ("a greater number", "较大的数"),
    "bool_parsing": ("true or false", "true 或 false"),
    "bool_type": ("true or false", "true 或 false"),
    "tuple_type": ("a list", "列表"),
    "mapping_type": ("a mapping", "键值表"),
    "dict_type": ("a mapping", "键值表"),
    "model_type": ("a mapping", "键值表"),
    "too_short": ("at least one more entry", "更多条目"),
    "value_error": ("a day as YYYY-MM-DD", "形如 YYYY-MM-DD 的日期"),
}


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
        errors = fault.errors()
        inner = {error["loc"][:-1] for error in errors}
        # A list whose entry is wrong is reported as too short as well; the entry says it all.
        told = [one for one in errors if one["type"] != "too_short" or one["loc"] not in inner]
        return None, [_model_flaw(model, document, path, error) for error in told]


def _model_flaw(
    model: type[BaseModel], document: Document, base: Path, error: ErrorDetails
) -> Flaw:
    loc = error["loc"]
    path = (*base, *loc)
    name = str(loc[-1]) if loc else document.file
    value = str(error.get("input", ""))
    if error["type"] == "extra_forbidden":
        near = nearest(name, _fields_at(model, loc[:-1]))
        hint, zh = (f" Nearest name: `{near}`.", f"相近名称：“{near}”。") if near else ("", "")
        if not name.replace(".", "_").isidentifier():
            hint = " A text with a comma inside braces stands in quotes."
            zh = "花括号内含逗号的文字须加引号。"
        en, zh = f"unknown field `{name}`.{hint}", f"未知字段“{name}”。{zh}"
        return document.flaw("P010", path, value, "a field of this file kind", en, zh)
    if error["type"] == "missing":
        en, zh = f"field `{name}` is missing.", f"缺少字段“{name}”。"
        return document.flaw("P011", path, "", f"`{name}`", en, zh)
    if words := error.get("ctx", {}).get("expected"):
        wanted = (f"one of {words}", f"{words.replace(' or ', '、').replace(', ', '、')} 之一")
    else:
        wanted = _WANTED.get(error["type"], (error["msg"], error["msg"]))
    en = f"`{name}` is not right: expected {wanted[0]}."
    zh = f"字段“{name}”有误，应为{wanted[1]}。"
    return document.flaw("P012", path, value, wanted[0], en, zh)


def _fields_at(model: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    """Return the field names a model knows at a location."""
    current: type[BaseModel] = model
    for part in loc:
        if isinstance(part, str) and part in current.model_fields:
            current = _model_inside(current.model_fields[part].annotation) or current
    return list(current.model_fields)


def _model_inside(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_inside, get_args(annotation))), None)
