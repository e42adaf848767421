"""The three languages of the pages: which one a visitor reads, and every text in it.

The console's own words are written in English and looked up in catalogues (`locale/`). What the
pack and the rooms say comes in Chinese and English as a pair. Traditional characters are converted
with the words of Hong Kong, so that nothing is translated by hand twice; a catalogue holds those of
the pack, in which a person may set one right.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from babel.messages.pofile import read_po
from opencc import OpenCC

SIMPLIFIED: Final = "zh-Hans"
TRADITIONAL: Final = "zh-Hant"
ENGLISH: Final = "en"
#: Each language by its tag, with its name in itself.
LANGUAGES: Final = {SIMPLIFIED: "简体中文", TRADITIONAL: "繁體中文", ENGLISH: "English"}
FOLDER: Final = Path(__file__).parent / "locale"
_TRADITIONAL_AREAS: Final = ("hant", "hk", "tw", "mo")


def traditional(text: str) -> str:
    """Return a Chinese text in traditional characters, as Hong Kong writes them.

    >>> traditional("资本项目")
    '資本項目'
    """
    return _converted(text)


@lru_cache(maxsize=1)
def _converter() -> OpenCC:
    return OpenCC("s2hk")


@lru_cache(maxsize=20_000)
def _converted(text: str) -> str:
    return str(_converter().convert(text))


def simplified(text: str) -> str:
    """Return a Chinese text in simplified characters, as the pack is written.

    >>> simplified("資本項目")
    '资本项目'
    """
    return str(_simplifier().convert(text))


@lru_cache(maxsize=1)
def _simplifier() -> OpenCC:
    return OpenCC("t2s")


def matched(tag: str) -> str | None:
    """Return the language of ours that a language tag asks for.

    >>> matched("zh-HK"), matched("zh-CN"), matched("en-GB"), matched("pt")
    ('zh-Hant', 'zh-Hans', 'en', None)
    """
    parts = tag.strip().lower().replace("_", "-").split("-")
    if parts[0] == "zh":
        is_traditional = any(part in _TRADITIONAL_AREAS for part in parts[1:])
        return TRADITIONAL if is_traditional and "hans" not in parts else SIMPLIFIED
    return ENGLISH if parts[0] == "en" else None


def chosen(asked: str | None, kept: str | None, accepted: str) -> str:
    """Return the language of a page: asked in its address, kept from before, or the browser's.

    >>> chosen(None, None, "fr, en;q=0.5, zh-HK;q=0.8"), chosen("en", "zh-Hans", "")
    ('zh-Hant', 'en')
    """
    for tag in (asked, kept):
        if tag and (found := matched(tag)):
            return found
    for tag in _by_weight(accepted):
        if found := matched(tag):
            return found
    return SIMPLIFIED


def _by_weight(accepted: str) -> list[str]:
    weighed = []
    for part in accepted.split(",")[:20]:
        tag, _, rest = part.partition(";")
        text = rest.strip().removeprefix("q=") or "1"
        weight = text if text.replace(".", "", 1).isdigit() else "0"
        weighed.append((-float(weight), tag))
    return [tag for _, tag in sorted(weighed, key=lambda pair: pair[0])]


class Catalogues:
    """The console's own words in every language, read once."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._texts: dict[str, Mapping[str, str]] = {
            tag: _read(folder / tag.replace("-", "_") / "LC_MESSAGES" / "console.po")
            for tag in (SIMPLIFIED, TRADITIONAL)
        }
        _pack_texts()  # with the others, so that no visitor waits for it

    def text(self, language: str, message: str) -> str:
        """Return a message in a language; as it stands where the catalogue has it not."""
        if language == ENGLISH:
            return message
        return self._texts[language].get(message) or message

    def plural(self, language: str, one: str, many: str, count: int) -> str:
        """Return the form of a message for a count; Chinese has one form."""
        if language == ENGLISH:
            return one if count == 1 else many
        return self._texts[language].get(one) or (one if count == 1 else many)

    def has(self, language: str, message: str) -> bool:
        """Tell whether a message is in the catalogue of a language; English has every one."""
        return language == ENGLISH or message in self._texts[language]


def pair_text(language: str, zh: str, en: str) -> str:
    """Return the text of a pair in a language."""
    if language == ENGLISH:
        return en
    if language != TRADITIONAL:
        return zh
    return _pack_texts().get(zh) or traditional(zh)


@lru_cache(maxsize=1)
def _pack_texts() -> dict[str, str]:
    """Return the pack's texts in traditional characters; what is not in it yet is converted."""
    return _read(FOLDER / TRADITIONAL.replace("-", "_") / "LC_MESSAGES" / "pack.po")


def _read(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    with path.open("rb") as file:
        catalogue = read_po(file)
    found: dict[str, str] = {}
    for message in catalogue:
        key = message.id[0] if isinstance(message.id, tuple) else str(message.id)
        said = message.string[0] if isinstance(message.string, tuple) else str(message.string)
        if key and said and not message.fuzzy:
            found[key] = said
    return found
