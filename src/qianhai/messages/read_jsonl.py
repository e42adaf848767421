"""JSONL: one JSON object a line, nested objects flattened into dotted field names.

Holds reading and flattening. Must not hold what a field means. No number goes through a float:
whole numbers keep their digits as text, others must be written as texts.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from qianhai.kernel import Flaw, Place
from qianhai.messages.encoding import lines_of
from qianhai.messages.flaws import flaw_at, hidden_in
from qianhai.messages.model import Row, Shape
from qianhai.messages.read_csv import text_flaws

_NAME_CHARS_MAX = 200


@dataclass(frozen=True, slots=True)
class _Inexact:
    """A number that is not whole, or no number at all, as it was written."""

    text: str
    code: str


#: A leaf of an object: its dotted path, and its text or what is wrong with it.
_Leaf = tuple[str, "str | _Inexact | Flaw"]


class _Pairs(list[tuple[str, object]]):
    """The members of an object as they stand, so that a name given twice is seen."""


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_Pairs,
    parse_int=str,
    parse_float=lambda text: _Inexact(text, "M405"),
    parse_constant=lambda text: _Inexact(text, "M406"),
)


def read_jsonl(file: BinaryIO, name: str, shape: Shape) -> Iterator[Row | Flaw]:
    """Yield the rows and flaws of a JSONL file in order."""
    for found in lines_of(file, name, shape):
        if isinstance(found, Flaw):
            yield found
            continue
        line, text = found
        if not text.strip():
            continue
        place = Place(name, line)
        try:
            value = _DECODER.decode(text)
        except json.JSONDecodeError as fault:
            near = text[fault.pos : fault.pos + 40] or "the line ends"
            yield flaw_at("M401", place, near, number=fault.pos + 1)
            continue
        except RecursionError:
            yield flaw_at("M407", place, limit=shape.depth_max)
            continue
        if not isinstance(value, _Pairs):
            yield flaw_at("M402", place, _kind(value))
            continue
        yield from _row(value, place, shape)


def _row(pairs: _Pairs, place: Place, shape: Shape) -> Iterator[Row | Flaw]:
    """Yield the row of an object, or its flaws; nothing for an object without values."""
    fields: dict[str, str] = {}
    flaws: list[Flaw] = []
    for path, value in _flatten(pairs, "", 1, shape):
        at = Place(place.file, place.line, path)
        if isinstance(value, Flaw):
            flaws.append(Flaw(value.code, at, value.value, value.expected, value.en, value.zh))
        elif isinstance(value, _Inexact):
            flaws.append(flaw_at(value.code, at, value.text))
        elif path in fields:
            flaws.append(flaw_at("M403", at, path))
        else:
            text = str(value).strip()
            flaws.extend(text_flaws(text, place, path, shape))
            fields[path] = text
        if len(fields) > shape.columns_max:
            flaws.append(flaw_at("M110", place, f"> {shape.columns_max}", limit=shape.columns_max))
        if len(flaws) > shape.flaws_max or len(fields) > shape.columns_max:
            break
    if flaws:
        yield from flaws
    elif any(fields.values()):
        yield Row(place, {path: text for path, text in fields.items() if text})


def _flatten(value: object, path: str, depth: int, shape: Shape) -> Iterator[_Leaf]:
    """Yield each leaf with its dotted path; null gives nothing, as an empty cell does."""
    if depth > shape.depth_max:
        yield path, flaw_at("M407", Place(""), limit=shape.depth_max)
    elif isinstance(value, _Pairs):
        yield from _flatten_object(value, path, depth, shape)
    elif isinstance(value, list):
        yield from _flatten_list(value, path, depth, shape)
    elif isinstance(value, bool):
        yield path, "true" if value else "false"
    elif isinstance(value, str | _Inexact):
        yield path, value


def _flatten_object(pairs: _Pairs, path: str, depth: int, shape: Shape) -> Iterator[_Leaf]:
    for name, inner in pairs:
        is_name = name.strip() and not hidden_in(name) and len(name.splitlines()) == 1
        if not is_name or len(path) + len(name) > _NAME_CHARS_MAX:
            yield path, flaw_at("M408", Place(""), name)
        else:
            yield from _flatten(inner, f"{path}.{name}" if path else name, depth + 1, shape)


def _flatten_list(items: list[object], path: str, depth: int, shape: Shape) -> Iterator[_Leaf]:
    """Yield the leaves of a list of objects, numbered from 0.

    An empty list is the text `[]`: "has none" is a value, and must not turn into an unknown.
    """
    if not items:
        yield path, "[]"
    for number, item in enumerate(items):
        if isinstance(item, _Pairs):
            yield from _flatten(item, f"{path}.{number}", depth + 1, shape)
        else:
            yield path, flaw_at("M404", Place(""), _kind(item))


def _kind(value: object) -> str:
    """Name a JSON value's kind for a person.

    >>> _kind("12"), _kind([])
    ('a text or number', 'a list')
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, list):
        return "an object" if isinstance(value, _Pairs) else "a list"
    return "a text or number"
