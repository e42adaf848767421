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


def pack_ids(root: Path) -> dict[str, str]:
    """Return each word that belongs to one measure, and the file it comes from.

    Facility ids and other measure files' ids, clause ids, measure slugs, and names of facts that
    occur in one file only. A name that is one plain word (`amount`) belongs to everyone, and so
    does whatever the vocabulary names, because Python registers those on purpose.
    """
    found, facts, shared = {}, Counter[str](), set[str]()
    for path, document in _documents(root):
        if "vocabulary" in path.parts:
            shared |= {word for _, names in _mappings(document) for word in map(str, names)}
            shared |= {str(names.get("id")) for _, names in _mappings(document)}
        if "measures" not in path.parts or not isinstance(document, dict):
            continue
        own = [document.get("slug")] + ([] if path.name == "measure.yaml" else [document.get("id")])
        found.update({name: str(path) for name in own if isinstance(name, str) and "_" in name})
        found.update({str(one["id"]): str(path) for one in document.get("clauses") or []})
        names = [name for name in document.get("facts") or {} if "_" in name or "." in name]
        facts.update(names)
        found.update({name: str(path) for name in names})
    return {
        name: path
        for name, path in found.items()
        if name not in shared and facts[name] <= _NAMED_ONCE
    }


def pack_ids_in_source(root: Path) -> list[str]:
    """A measure is data: no line of src knows one by name."""
    ids = pack_ids(root)
    if not ids:
        return []
    longest_first = sorted(map(re.escape, ids), key=len, reverse=True)
    pattern = re.compile(rf"(?<![\w.-])(?:{'|'.join(longest_first)})(?![\w-])")
    return [
        f"{place}: `{match[0]}` belongs to {ids[match[0]]}"
        for place, line in lines(root, "src")
        for match in pattern.finditer(line)
    ]
