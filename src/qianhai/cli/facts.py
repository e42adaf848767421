"""Reads a JSON object of facts for one action, from a file or standard input."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from qianhai.cli.refuse import refused
from qianhai.kernel import BadInput, Flaw, Place
from qianhai.policy import Compiled, Values, flatten, read_facts

_BYTES_MAX = 10_000_000


def load_facts(compiled: Compiled, source: str) -> Values:
    """Return the facts a file holds, read by the action's declarations.

    Raises:
        BadInput: not JSON, not an object, or facts that are wrong; all flaws at once.
    """
    given, flaws = _given(source)
    values, found = read_facts(compiled.facts, given, place_in(source))
    if flaws or found:
        raise BadInput([*flaws, *found])
    return values


def load_given(source: str) -> list[tuple[str, object]]:
    """Return the leaves a file holds as they are written, for whichever facility.

    Raises:
        BadInput: not JSON, not an object, or a name that stands twice.
    """
    given, flaws = _given(source)
    if flaws:
        raise BadInput(flaws)
    return given


def place_in(source: str) -> Callable[[str], Place]:
    """Return how a leaf's place in a file of facts is told."""
    return lambda path: Place(_name(source), None, path)


def _name(source: str) -> str:
    return "stdin" if source == "-" else source


def _given(source: str) -> tuple[list[tuple[str, object]], list[Flaw]]:
    name = _name(source)
    flaws: list[Flaw] = []
    document = _parse(name, _read(source, name), flaws)
    if not isinstance(document, dict):
        raise refused(
            "C004",
            Place(name),
            str(document)[:80],
            "one JSON object",
            en='the facts are one JSON object, such as {"amount": {...}}.',
            zh="事实应为一个 JSON 对象。",
        )
    return list(flatten(document)), flaws


def _parse(name: str, raw: str, flaws: list[Flaw]) -> object:
    """Parse JSON; a name that stands twice in one object is a flaw."""

    def unique(items: list[tuple[str, object]]) -> dict[str, object]:
        keys = [key for key, _ in items]
        flaws.extend(_twice(name, key) for key in sorted({k for k in keys if keys.count(k) > 1}))
        return dict(items)

    try:
        return json.loads(raw, object_pairs_hook=unique, parse_constant=str)
    except (ValueError, RecursionError) as fault:
        line = fault.lineno if isinstance(fault, json.JSONDecodeError) else None
        raise refused(
            "C003",
            Place(name, line),
            "",
            "one JSON object",
            en=f"the facts are no JSON: {fault}.",
            zh=f"事实文件不是有效的 JSON：{fault}。",
        ) from None


def _twice(name: str, key: str) -> Flaw:
    en, zh = f"`{key}` stands twice; keep one.", f"“{key}”出现两次，请保留一个。"
    return Flaw("C005", Place(name, None, key), key, "each name once", en, zh)


def _read(source: str, name: str) -> str:
    try:
        raw = sys.stdin.buffer.read(_BYTES_MAX + 1) if source == "-" else Path(source).read_bytes()
        if len(raw) <= _BYTES_MAX:
            return raw.decode("utf-8-sig")
        en, zh = f"the file has more than {_BYTES_MAX} bytes.", f"文件超过 {_BYTES_MAX} 字节。"
    except OSError as fault:
        en, zh = f"the file cannot be read: {fault.strerror}.", f"文件无法读取：{fault.strerror}。"
    except UnicodeDecodeError:
        en, zh = "the file is not UTF-8; save it as UTF-8.", "文件不是 UTF-8 编码，请另存为 UTF-8。"
    raise refused("C006", Place(name), "", "a readable UTF-8 file", en=en, zh=zh)
