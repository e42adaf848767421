"""Differing: what one pack says otherwise than another, entry by entry, with the file it is in.

Pure. Compares the entries as they are held to their models, so that a comment or the order of
keys is no difference; examples are left out, because they decide nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel

from qianhai.kernel import canonical_text
from qianhai.policy.movements import MOVEMENTS
from qianhai.policy.pack import Pack

#: What proves an entry and decides nothing.
_LEFT_OUT: Final = frozenset({"examples", "given"})
#: What the items of a list are told apart by, where they have it.
_NAMES: Final = ("id", "first", "name", "debit")


@dataclass(frozen=True, slots=True, order=True)
class PackDifference:
    """One leaf of an entry that is otherwise: its file, its path, and both sides.

    A side is empty where the pack has no such leaf; an entry that is new or gone is one
    difference with an empty path.
    """

    kind: str
    id: str
    path: str
    file: str
    before: str
    after: str


def pack_differences(before: Pack, after: Pack) -> list[PackDifference]:
    """Return everything the second pack says otherwise, sorted by kind, entry and path."""
    was, now = dict(_entries(before)), dict(_entries(after))
    found: list[PackDifference] = []
    for key in {**was, **now}:
        kind, name = key
        if key not in was or key not in now:
            file = _file(after if key in now else before, kind, name)
            sides = ("", "added") if key in now else ("removed", "")
            found.append(PackDifference(kind, name, "", file, *sides))
            continue
        first, second = dict(_leaves(was[key])), dict(_leaves(now[key]))
        file = _file(after, kind, name)
        found += [
            PackDifference(kind, name, path, file, first.get(path, ""), second.get(path, ""))
            for path in {**first, **second}
            if first.get(path, "") != second.get(path, "")
        ]
    return sorted(found)


def _entries(pack: Pack) -> Iterator[tuple[tuple[str, str], object]]:
    """Yield every entry of a pack by kind and id, as plain data."""
    kinds: Mapping[str, Mapping[str, BaseModel]] = {
        "parameter": pack.parameters,
        "switch": pack.switches,
        "facility": pack.facilities,
        "overlay": pack.overlays,
        "form": pack.forms,
        "codes": pack.codes,
        "measure": {str(number): one for number, one in pack.measures.items()},
        MOVEMENTS: {MOVEMENTS: pack.movements} if pack.movements else {},
        **pack.vocabulary,
    }
    for kind, entries in kinds.items():
        for name, entry in entries.items():
            dumped = entry.model_dump(mode="json")
            yield (kind, name), {k: v for k, v in dumped.items() if k not in _LEFT_OUT}


def _leaves(tree: object, at: str = "") -> Iterator[tuple[str, str]]:
    """Yield the leaves of an entry by dotted path; items of a list by what names them."""
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from _leaves(value, f"{at}.{key}" if at else str(key))
    elif isinstance(tree, list) and any(isinstance(item, Mapping) for item in tree):
        for place, item in enumerate(tree):
            yield from _leaves(item, f"{at}.{_name(item, place)}")
    else:
        yield at, tree if isinstance(tree, str) else canonical_text(tree)


def _name(item: Mapping[str, object], place: int) -> str:
    named = (item.get(name) for name in _NAMES)
    return next((name for name in named if name and isinstance(name, str)), str(place))


def _file(pack: Pack, kind: str, name: str) -> str:
    return pack.sources[f"{kind}:{name}"].document.file
