"""House rules of the pack: two languages everywhere, and none of its ids in src.

The ids are read from `plan/`, so a new measure is watched from its first day. Whether the pack is
sound is the business of `qianhai plan check`.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from tidy.tree import files, lines

_NAMED_ONCE: Final = 1
#: Vocabularies that name what Python registers or speaks of, and those that only the pack knows.
_OF_THE_CODE: Final = frozenset({"providers", "functions", "effects", "terms"})
_OF_THE_PACK: Final = frozenset({"accounts", "documents", "reports", "switches"})
#: A name that could not be any program's plain word.
_DISTINCT: Final = re.compile(r"[_.0-9]")


def _documents(root: Path) -> Iterator[tuple[Path, Any]]:
    for path in files(root, "plan", suffix=".yaml"):
        text = path.read_text(encoding="utf-8")
        try:
            document = yaml.load(text, Loader=yaml.CSafeLoader)
        except yaml.YAMLError:
            document = None
        yield path.relative_to(root), document


def _mappings(value: object, at: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        yield at or "the top", value
        for key, inner in value.items():
            yield from _mappings(inner, f"{at}.{key}" if at else str(key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _mappings(inner, f"{at}[{number}]")


def labels_in_one_language(root: Path) -> list[str]:
    """Whoever reads Chinese and whoever reads English are told the same."""
    found = []
    for path, document in _documents(root):
        found += [f"{path}: cannot be read; see qianhai plan check"] if document is None else []
        found += [
            f"{path}: {at} has `{'en' if label.get('en') else 'zh'}` alone"
            for at, label in _mappings(document)
            if bool(label.get("en")) != bool(label.get("zh"))
        ]
    return found


def _names_in(path: Path, document: Any) -> Iterator[tuple[str, bool]]:  # noqa: ANN401 (YAML)
    """Yield each name one file of the pack gives; True where other files may give it as well."""
    if path.parent.name == "parameters":
        yield from ((str(one["id"]), False) for one in document)
    elif path.parent.name == "vocabulary" and path.stem in _OF_THE_PACK:
        yield from ((str(name), False) for name in document)
    elif "measures" in path.parts:
        own = [document.get("slug"), document.get("id") if path.name != "measure.yaml" else None]
        yield from ((str(name), False) for name in own if name)
        yield from ((str(one["id"]), False) for one in document.get("clauses") or [])
        yield from ((str(name), True) for name in document.get("facts") or {})


def pack_ids(root: Path) -> dict[str, str]:
    """Return each word that belongs to the pack, and the file it comes from.

    Ids of measures, clauses, facilities and parameters, the pack's own vocabulary, and names of
    facts that one file gives alone. A plain word (`amount`) belongs to everyone, and so do what
    Python registers (providers, functions, effects) and the project's own terms.
    """
    found, times, registered = {}, Counter[str](), set[str]()
    for path, document in _documents(root):
        if path.parent.name == "vocabulary" and path.stem in _OF_THE_CODE:
            registered |= set(map(str, document or {}))
        for name, is_shared in _names_in(path, document) if document else ():
            if _DISTINCT.search(name):
                found[name] = str(path)
                times[name] += is_shared
    return {
        name: path
        for name, path in found.items()
        if name not in registered and times[name] <= _NAMED_ONCE
    }


def pack_ids_in_source(root: Path) -> list[str]:
    """A measure is data: no line of src knows one by name."""
    # The catalogue of the pack's own texts is derived from the pack, and no code.
    ids = pack_ids(root)
    if not ids:
        return []
    longest_first = sorted(map(re.escape, ids), key=len, reverse=True)
    pattern = re.compile(rf"(?<![\w.-])(?:{'|'.join(longest_first)})(?![\w-])")
    return [
        f"{place}: `{match[0]}` belongs to {ids[match[0]]}"
        for place, line in lines(root, "src")
        if "/pack.po:" not in str(place)
        for match in pattern.finditer(line)
    ]
