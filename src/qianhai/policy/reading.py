"""Reads a pack file: YAML as text with the place of every scalar, held to a model.

Every scalar is text, because `NO`, `0.10` and `2023-02-23` mean what their author wrote. Flaws
are collected, never thrown one by one. Knows nothing of what the fields mean.
"""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from qianhai.kernel import Flaw, Place, nearest
from qianhai.policy.blaming import WANTED, Span, hints, marked, yaml_words

Path = tuple[str | int, ...]
_DEPTH_MAX = 24
_VALUES_MAX = 20_000
_SHOWN_MAX = 80
#: Texts for people; what the others mean cannot be guessed.
_WORDS: Final = frozenset({"zh", "en", "source"})
#: What YAML takes for no text at all.
_CONTROL: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class PackModel(BaseModel):
    """The shape of one kind of pack file: frozen, and nothing that is not named."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


M = TypeVar("M", bound=PackModel)


@dataclass(frozen=True, slots=True)
class Document:
    """A pack file as read: plain texts, lists and mappings, and where each stands.

    `places` maps a path inside the document to where its value stands, `keys` to where its key
    does.
    """

    file: str
    data: object
    places: Mapping[Path, Span] = field(repr=False)
    lines: tuple[str, ...] = field(repr=False)
    keys: Mapping[Path, Span] = field(default_factory=dict, repr=False)

    def place(self, path: Path, *, key: bool = False) -> Place:
        """Return where a path stands, or its nearest parent; `key` asks for that of its key."""
        line, column = self.keys[path][:2] if key and path in self.keys else self.position(path)
        return Place(self.file, line, str(column))

    def position(self, path: Path) -> tuple[int, int]:
        """Return line and column of a path, or of its nearest parent."""
        return self._span(path)[:2]

    def _span(self, path: Path) -> Span:
        if path in self.places:
            return self.places[path]
        while path and path not in self.places:
            path = path[:-1]
        # What should stand inside an entry and does not: its beginning is shown, not all of it.
        return self.places.get(path, Span(1, 1))._replace(length=1)

    def show(self, flaw: Flaw) -> Flaw:
        """Return a flaw that knows its place with the line it stands on and a caret."""
        column = int(flaw.place.column or 1)
        at = (flaw.place.line or 1, column)
        known = (one for one in (*self.places.values(), *self.keys.values()) if one[:2] == at)
        span = max(known, key=lambda one: one.length, default=Span(*at))
        return replace(flaw, excerpt=self._excerpt(span), length=span.length)

    def line(self, number: int) -> str:
        """Return a line of the file, from 1; empty behind its end."""
        return self.lines[number - 1] if number <= len(self.lines) else ""

    def _excerpt(self, span: Span) -> str:
        return marked(self.line(span.line), span)

    def flaw(
        self,
        code: str,
        path: Path,
        value: str,
        expected: str,
        en: str,
        zh: str,
        *,
        key: bool = False,
    ) -> Flaw:
        """Return a flaw at a path, with its line and a caret; `key` puts it under the key."""
        span = self.keys.get(path) if key else None
        span = span or self._span(path)
        place = Place(self.file, span.line, str(span.column))
        said = (value[:_SHOWN_MAX], expected, en, zh, self._excerpt(span))
        return Flaw(code, place, *said, length=span.length)

    def unknown(self, path: Path, en: str, zh: str, name: str, known: Iterable[str]) -> Flaw:
        """Return the flaw of a name that leads nowhere, with the nearest that does.

        `en` and `zh` say what the name should have been.
        """
        if not name:
            en, zh = f"a {en} is to be named here.", f"此处须指明{zh}。"
            return self.flaw("P011", path, "", "a name", en, zh)
        hint, zh_hint = hints(name, known)
        return self.flaw(
            "P401",
            path,
            name,
            f"a known {en}",
            f"unknown {en} `{name}`.{hint}",
            f"未知{zh}“{name}”。{zh_hint}",
            key=bool(path) and path[-1] == name,
        )


def read_document(file: str, raw: bytes) -> tuple[Document | None, list[Flaw]]:
    """Read one YAML file of the pack; the document, and the flaws of its text.

    Without a document the text is no YAML, and nothing more can be said of it.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as fault:
        before = raw[: fault.start].decode("utf-8")
        lines = raw.decode("utf-8", "replace").splitlines()
        bare = Document(file, None, {(): _span_at(before)}, tuple(lines))
        en = f"byte {fault.start} is not UTF-8. Save the file as UTF-8."
        zh = f"第 {fault.start} 字节不是 UTF-8 编码。请将文件存为 UTF-8。"
        return None, [bare.flaw("P001", (), "", "UTF-8 text", en, zh)]
    bare = Document(file, None, {}, tuple(text.splitlines()))
    try:
        if flaw := _too_deep(bare, text):
            return None, [flaw]
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as fault:
        return None, [_no_yaml(bare, text, fault)]
    tree = _Tree(bare)
    data = tree.plain(node, ())
    if tree.is_full:
        return None, tree.flaws
    return Document(file, data, tree.places, bare.lines, tree.keys), tree.flaws


def _span_at(before: str) -> Span:
    """Return where the sign after a text stands."""
    return Span(before.count("\n") + 1, len(before) - before.rfind("\n"))


def _no_yaml(bare: Document, text: str, fault: yaml.YAMLError) -> Flaw:
    """Return the flaw of a text that is no YAML, where its reader stopped."""
    mark = getattr(fault, "problem_mark", None)
    if mark is None:
        strange = _CONTROL.search(text)
        span = _span_at(text[: strange.start()]) if strange else Span(1, 1)
        problem, begun = "control character", None
    else:
        span = Span(mark.line + 1, mark.column + 1)
        context = getattr(fault, "context_mark", None)
        begun = context.line + 1 if context and context.line != mark.line else None
        problem = str(getattr(fault, "problem", ""))
        if "tab" not in problem and bare.line(span.line)[: span.column].strip() == "":
            problem = "tab character" if "\t" in bare.line(span.line)[: span.column] else problem
    nearby = bare.line(begun) if begun is not None else ""
    en, zh = yaml_words(problem, nearby + bare.line(span.line), begun)
    here = Document(bare.file, None, {(): span}, bare.lines)
    return here.flaw("P002", (), bare.line(span.line)[span.column - 1 :], "YAML", en, zh)


def _too_deep(bare: Document, text: str) -> Flaw | None:
    """Return a flaw where the nesting passes what a person follows, before anything recurses."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEPTH_MAX:
            mark = event.start_mark
            assert mark is not None, "an event of a text has a place"
            here = replace(bare, places={(): Span(mark.line + 1, mark.column + 1)})
            levels = f"at most {_DEPTH_MAX} levels"
            en = f"the nesting is too deep; a file has {levels}."
            zh = f"嵌套层次过深，最多 {_DEPTH_MAX} 层。"
            return here.flaw("P003", (), "", levels, en, zh)
    return None


class _Tree:
    """Turns YAML nodes into plain values, all scalars as text, noting every place."""

    def __init__(self, bare: Document) -> None:
        self.bare = bare
        self.places: dict[Path, Span] = {}
        self.keys: dict[Path, Span] = {}
        self.flaws: list[Flaw] = []
        self.is_full = False

    def _note(
        self, code: str, node: yaml.Node, value: str, expected: str, en: str, zh: str
    ) -> None:
        """Note a flaw where a node starts."""
        here = replace(self.bare, places={(): self._span(node)})
        self.flaws.append(here.flaw(code, (), value, expected, en, zh))

    def _span(self, node: yaml.Node) -> Span:
        """Return where a node stands; a scalar up to the end of its first line."""
        first, last = node.start_mark, node.end_mark
        line, column, length = first.line + 1, first.column + 1, 1
        if isinstance(node, yaml.ScalarNode):
            quoted = node.style in {"'", '"'}
            column += quoted
            if last.line == first.line:
                length = last.column - first.column - 2 * quoted
            elif node.style not in {"|", ">"}:
                length = len(self.bare.line(line).rstrip()) - column + 1
        return Span(line, column, max(length, 1))

    def plain(self, node: yaml.Node | None, path: Path) -> object:
        """Return the plain value of a node."""
        if node is None:
            return {}
        self.places[path] = self._span(node)
        if len(path) > _DEPTH_MAX or len(self.places) > _VALUES_MAX:
            if not self.is_full:
                self.is_full = True
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
            self.keys[*path, key] = self._span(key_node)
            result[key] = self.plain(value_node, (*path, key))
        return result


def hold_to(model: type[M], document: Document, path: Path = ()) -> tuple[M | None, list[Flaw]]:
    """Hold a document, or the part of it at a path, to its model.

    Returns the model, and every flaw with its place and the nearest name. A part with flaws that
    do not hide what it means is returned too, mended, so that the rest of it can be checked.
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
    flaws = [_model_flaw(model, document, path, error) for error in told]
    mended = deepcopy(part)
    if all(_mend(mended, error) for error in told):
        with suppress(ValidationError):
            return model.model_validate(mended), flaws
    return None, flaws


def _mend(part: object, error: ErrorDetails) -> bool:
    """Take out a field nobody knows, put in a text nobody wrote; tell whether that was enough."""
    *way, last = error["loc"] or ("",)
    for step in way:
        part = part[step]  # type: ignore[index]
    if not isinstance(part, dict):
        return False
    if error["type"] == "extra_forbidden" and str(last).isidentifier():
        del part[last]
    elif error["type"] in {"missing", "string_too_short"} and last in _WORDS:
        part[last] = "?"
    else:
        return False
    return True


def _model_flaw(
    model: type[BaseModel], document: Document, base: Path, error: ErrorDetails
) -> Flaw:
    loc = error["loc"]
    path = (*base, *loc)
    name = str(loc[-1]) if loc else document.file
    value = str(error.get("input", ""))
    if error["type"] == "extra_forbidden":
        hint, zh = hints(name, _fields_at(model, loc[:-1]))
        if not name.replace(".", "_").isidentifier():
            hint = " A text with a comma inside braces stands in quotes."
            zh = "花括号内含逗号的文字须加引号。"
        en, zh = f"unknown field `{name}`.{hint}", f"未知字段“{name}”。{zh}"
        return document.flaw("P010", path, value, "a field of this file kind", en, zh, key=True)
    if error["type"] == "missing":
        en = f"field `{name}` is missing; write `{name}: ...` here."
        zh = f"缺少字段“{name}”；请在此处补写“{name}: ...”。"
        return document.flaw("P011", path, "", f"`{name}`", en, zh)
    hint = zh_hint = ""
    if words := error.get("ctx", {}).get("expected"):
        wanted = (f"one of {words}", f"{words.replace(' or ', '、').replace(', ', '、')} 之一")
        if near := nearest(value, words.replace(" or ", ", ").replace("'", "").split(", ")):
            hint, zh_hint = f" Nearest name: `{near}`.", f"相近名称：“{near}”。"
    else:
        wanted = WANTED.get(error["type"], (error["msg"], error["msg"]))
    en = f"`{name}` is not right: expected {wanted[0]}.{hint}"
    zh = f"字段“{name}”有误，应为{wanted[1]}。{zh_hint}"
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
