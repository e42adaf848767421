"""What may stand at a place of a pack file, and what a word there means; for an author's editor.

Works on text that is being written, so it reads lines, not models. Must not know an editor's
protocol, and never says that something is wrong: `survey` does.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from qianhai.kernel import CURRENCIES, Outcome
from qianhai.policy.model import Parameter
from qianhai.policy.movements import ANY_ACCOUNT
from qianhai.policy.pack import Pack

#: Keys whose value is an expression, and maps of which every value is one.
_EXPRESSIONS: Final = frozenset({"when", "cap", "used", "amount", "hold_until", "asset"})
_EXPRESSION_MAPS: Final = frozenset({"let", "opens", "closes"})
#: Keys whose value, or each value in brackets, names an entry of the pack.
_ENTRIES: Final[Mapping[str, str]] = {
    "clause": "clauses",
    "documents": "documents",
    "document": "documents",
    "reports": "reports",
    "provider": "providers",
    "reason": "reasons",
    "measure": "measures",
    "kind": "accounts",
    "name": "effects",
    "currency": "currencies",
}
#: Keys whose value names a part of the file itself.
_PARTS: Final[Mapping[str, str]] = {
    "party": "parties",
    "parent": "parties",
    "child": "parties",
    "holder": "parties",
    "position": "positions",
    "given": "given",
    "of": "actions",
    "action": "actions",
    "without": "leaves",
    "asks": "leaves",
    "facts": "leaves",
}
_WORD: Final = re.compile(r"[A-Za-z0-9_.]*")
_KEY: Final = re.compile(r"""(?:^|[\s{,])["']?([A-Za-z0-9_.]+)["']?:(?=\s|$)""")


@dataclass(frozen=True, slots=True)
class Name:
    """A name that may stand at a place, what sort of thing it is, and what it means."""

    name: str
    sort: str
    about: str


class Words:
    """The names of a pack, and of the one file in it that is being written."""

    def __init__(self, pack: Pack, data: object) -> None:
        self._pack = pack
        self._own: Mapping[str, object] = data if isinstance(data, Mapping) else {}

    def at(self, lines: Sequence[str], line: int, column: int) -> list[Name]:
        """Return what may stand at a place (both from 0), by the word begun before it."""
        before = lines[line][:column] if line < len(lines) else ""
        begun = re.search(r"[A-Za-z0-9_.]*$", before)
        word = begun.group() if begun else ""
        head = before[: len(before) - len(word)]
        return [one for one in self._candidates(lines, line, head, word) if _fits(one.name, word)]

    def _candidates(self, lines: Sequence[str], line: int, head: str, word: str) -> Iterable[Name]:
        if re.search(r"is_open\(\s*'$", head):
            return self._entries("clauses")
        if re.search(r"switch\(\s*'$", head):
            return self._entries("switches")
        if word.startswith("p."):
            return self._entries("parameters")
        key, above = _keys(lines, line, head)
        if key in _EXPRESSIONS or above & _EXPRESSION_MAPS:
            lets = (Name(*one) for one in self._lets())
            return [*self._leaves(), *lets, *self._entries("parameters"), *self._functions()]
        if key in {"debit", "credit", "account"}:
            kinds = ["account", ANY_ACCOUNT, *self._pack.vocabulary["accounts"]]
            roles = [one.name for one in self._part("parties")]
            return [Name(f"{role}.{kind}", "account", "") for role in roles for kind in kinds]
        if key == "opens" and "examples" in above:
            return self._entries("clauses")
        if key in {"otherwise", "outcome", "closed"}:
            return [Name(one.value, "outcome", "") for one in Outcome]
        if key in _ENTRIES:
            return self._entries(_ENTRIES[key])
        if key in _PARTS:
            part = _PARTS[key]
            return self._leaves() if part == "leaves" else self._part(part)
        return []

    def meaning(self, text: str, column: int, on: date) -> str:
        """Return what the word at a column (from 0) of a line means on a day, as Markdown."""
        word = _word_at(text, column)
        if not word:
            return ""
        bare = word.removeprefix("p.")
        if bare in self._pack.parameters and (word != bare or bare not in self._own):
            return _parameter(self._pack.parameters[bare], on)
        lets = {name: about for name, _, about in self._lets()}
        own = {one.name: one for one in [*self._leaves(), *self._part("parties")]}
        if word in own or word in lets:
            said = own[word].about if word in own else f"let · `{lets[word]}`"
            return f"**{word}** · {said}"
        kinds = ("clauses", *self._pack.vocabulary, "switches", "measures")
        for kind in kinds:
            found = next((one for one in self._entries(kind) if one.name == word), None)
            if found:
                return f"**{word}** · {found.sort} · {found.about}"
        return ""

    def _entries(self, kind: str) -> list[Name]:
        """Return the names of one kind that the pack has."""
        pack = self._pack
        if kind == "clauses":
            return [
                Name(c.id, "clause", f"{c.status} · {c.zh} / {c.en}")
                for measure in pack.measures.values()
                for c in measure.clauses
            ]
        if kind == "parameters":
            found = pack.parameters.values()
            return [Name(f"p.{p.id}", "parameter", f"{p.title.zh} / {p.title.en}") for p in found]
        if kind == "switches":
            readings = pack.switches.items()
            return [
                Name(name, "switch", f"{s.settles.zh} / {s.settles.en} ({s.default})")
                for name, s in readings
            ]
        if kind == "measures":
            numbered = pack.measures.items()
            return [Name(str(n), "measure", f"{m.title.zh} / {m.title.en}") for n, m in numbered]
        if kind == "currencies":
            return [Name(code, "currency", "") for code in CURRENCIES]
        sort = kind.removesuffix("s")
        terms = pack.vocabulary[kind].items()
        return [Name(name, sort, f"{term.zh} / {term.en}") for name, term in terms]

    def _functions(self) -> list[Name]:
        return self._entries("functions")

    def _part(self, part: str) -> list[Name]:
        """Return the names of one part of the file."""
        return [Name(name, part, _said(value)) for name, value in _mapping(self._own, part)]

    def _leaves(self) -> list[Name]:
        """Return the leaves of the file's facts."""
        found: list[Name] = []
        for name, fact in _mapping(self._own, "facts"):
            said = fact if isinstance(fact, Mapping) else {}
            kind, provider = str(said.get("type", "")), str(said.get("provider", "sender"))
            terms = self._pack.vocabulary["providers"]
            by = f"{provider}: {terms[provider].zh}" if provider in terms else provider
            paper = f" · {said['document']}" if "document" in said else ""
            about = f"{kind} · {_said(fact)} · {by}{paper}"
            is_whole = kind != "money" or "currency" in said
            parts = [name] if is_whole else [f"{name}.amount", f"{name}.currency", name]
            found += [Name(part, "fact", about) for part in parts]
        return found

    def _lets(self) -> list[tuple[str, str, str]]:
        actions = (action for _, action in _mapping(self._own, "actions"))
        lets = (let for action in actions for let in _mapping(action, "let"))
        return [(name, "let", str(text)) for name, text in lets]


def _mapping(data: object, part: str) -> list[tuple[str, object]]:
    """Return the entries of a part, or none where it is not there or not written yet."""
    found = data.get(part) if isinstance(data, Mapping) else None
    return list(found.items()) if isinstance(found, Mapping) else []


def _said(value: object) -> str:
    said = value if isinstance(value, Mapping) else {}
    return " / ".join(str(said[language]) for language in ("zh", "en") if language in said)


def _fits(name: str, word: str) -> bool:
    return name.startswith(word) or (len(word) > 1 and word in name)


def _word_at(text: str, column: int) -> str:
    for found in _WORD.finditer(text):
        if found.start() <= column <= found.end() and found.group():
            return found.group().strip(".")
    return ""


def _keys(lines: Sequence[str], line: int, head: str) -> tuple[str, set[str]]:
    """Return the key a place stands behind, and the keys of the blocks around it.

    >>> _keys(["let:", "  a: 1 +", "    b"], 2, "    ")
    ('a', {'let'})
    """
    found = _KEY.findall(head)
    key = found[-1] if found else ""
    above = set(found[:-1])
    depth = len(head) - len(head.lstrip()) if head.strip() else len(head)
    for text in reversed(lines[:line]):
        level = len(text) - len(text.lstrip(" -"))
        keys = _KEY.findall(text)
        if text.strip() and keys and level < depth:
            depth = level
            if key:
                above |= {keys[0]} if text.rstrip().endswith(":") else set(keys[:1])
            else:
                key, above = keys[-1], above | set(keys[:-1])
    return key, above


def _parameter(parameter: Parameter, on: date) -> str:
    """Return what a parameter says on a day, and its series."""
    held = parameter.on(on)
    today = f"{held.value} {parameter.currency or parameter.unit.en}" if held else "unknown 未知"
    series = "\n".join(
        f"- {one.first}{f' – {one.until}' if one.until else ''}: {one.value}"
        for one in parameter.values
    )
    head = f"**p.{parameter.id}** · {parameter.title.zh} / {parameter.title.en}"
    return f"{head}\n\n{on}: **{today}**\n\n{series}\n\n{parameter.source} ({parameter.confidence})"
