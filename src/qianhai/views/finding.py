"""Which businesses a person means who says in a few words what they want to do.

Words of Chinese are looked for two characters at a time, words of English by how they begin; a
word that few businesses have counts for more. Must not decide whether anything may be done.
"""

import re
from collections.abc import Iterator, Mapping
from math import log
from typing import Final

from qianhai.policy import Facility, Pack
from qianhai.views.flaws import Document

_CHINESE: Final = re.compile(r"[\u3400-\u9fff]+")
_ENGLISH: Final = re.compile(r"[a-z][a-z-]{1,}|[0-9]+")
_COMMON: Final = frozenset(
    [
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "by",
        "can",
        "do",
        "for",
        "from",
        "how",
        "in",
        "into",
        "is",
        "it",
        "may",
        "me",
        "my",
        "need",
        "of",
        "on",
        "or",
        "our",
        "please",
        "the",
        "this",
        "to",
        "us",
        "want",
        "we",
        "what",
        "which",
        "with",
        "would",
        "you",
        "your",
    ]
)
_COMMON_CHINESE: Final = frozenset(
    ["我想", "想要", "我要", "要办", "办理", "可以", "怎么", "如何", "需要", "请问", "我们", "什么"]
)
_STEM: Final = 6
#: What people say and the plan says otherwise; every business is about Hong Kong, said once.
_MEANT: Final = {
    "compan": "enterp",
    "firm": "enterp",
    "wage": "salary",
    "wages": "salary",
    "kong": "hong",
    "公司": "企业",
}
#: What a word counts for by where it stands: a title says most.
_WEIGHTS: Final = (4, 2, 1)
#: A business whose score is below this share of the best one's is not meant.
_SHARE: Final = 0.25


def terms_of(text: str) -> list[str]:
    """Return what to look for of a text.

    >>> terms_of("我想向境外放款"), terms_of("I want to lend overseas")
    (['想向', '向境', '境外', '外放', '放款'], ['lend', 'overse'])
    """
    found: dict[str, None] = {}
    for run in _CHINESE.findall(text):
        pairs = [run[at : at + 2] for at in range(len(run) - 1)] or [run]
        found |= {_MEANT.get(pair, pair): None for pair in pairs if pair not in _COMMON_CHINESE}
    for word in _ENGLISH.findall(text.casefold()):
        if word not in _COMMON:
            found[_MEANT.get(word[:_STEM], word[:_STEM])] = None
    return list(found)


def businesses(pack: Pack, text: str = "", actor: str = "", chapter: str = "") -> list[Document]:
    """Return the businesses that are meant, the likeliest first; without words in plan order."""
    asked = [
        one
        for one in pack.facilities.values()
        if (not actor or actor in pack.measures[one.measure].actors)
        and chapter in {"", str(pack.measures[one.measure].chapter)}
    ]
    asked.sort(key=lambda one: (one.measure, one.id))
    terms = terms_of(text)
    if not terms:
        return [] if text else [business(pack, one) for one in asked]
    texts = {one.id: tuple(_texts(pack, one)) for one in pack.facilities.values()}
    weights = {term: _rarity(term, texts) for term in terms}
    scored = [(_score(texts[one.id], weights), one) for one in asked]
    best = max((score for score, _ in scored), default=0.0)
    kept = [pair for pair in scored if pair[0] > best * _SHARE]
    kept.sort(key=lambda pair: -pair[0])
    return [business(pack, one) for _, one in kept]


def business(pack: Pack, facility: Facility) -> Document:
    """Return a business as a line to choose from."""
    measure = pack.measures[facility.measure]
    return {
        "id": facility.id,
        "measure": measure.id,
        "chapter": measure.chapter,
        "zh": facility.title.zh,
        "en": facility.title.en,
        "of": {"zh": measure.title.zh, "en": measure.title.en},
    }


def _texts(pack: Pack, facility: Facility) -> Iterator[str]:
    """Yield what a business says of itself, from its title down to its facts."""
    measure = pack.measures[facility.measure]
    yield f"{facility.title.zh} {facility.title.en}".casefold()
    parts = [*facility.actions.values(), measure.title, *measure.instruments]
    yield " ".join(f"{one.zh} {one.en}" for one in parts).casefold()
    more = [measure.summary, *measure.clauses, *facility.parties.values()]
    yield " ".join(f"{one.zh} {one.en}" for one in more).casefold()


def _rarity(term: str, texts: Mapping[str, tuple[str, ...]]) -> float:
    """Return what a term tells: the more, the fewer businesses have it."""
    count = sum(any(_has(part, term) for part in parts) for parts in texts.values())
    return log((1 + len(texts)) / (1 + count)) ** 2 if count else 0.0


def _score(parts: tuple[str, ...], weights: Mapping[str, float]) -> float:
    return sum(rarity * _weight(parts, term) for term, rarity in weights.items())


def _weight(parts: tuple[str, ...], term: str) -> int:
    """Return what a term counts for where it says most."""
    placed = zip(parts, _WEIGHTS, strict=True)
    return max((much for part, much in placed if _has(part, term)), default=0)


def _has(text: str, term: str) -> bool:
    """Tell whether a text has a term; an English one at the beginning of a word."""
    if not term.isascii():
        return term in text
    return f" {term}" in text or text.startswith(term)
