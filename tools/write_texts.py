"""Write the catalogues of the console's texts: what is new is added, what is gone is dropped.

Messages come from the templates (`_`, `trans`) and from `mark(...)` in Python. Simplified Chinese
is written by people in `console.po`; traditional characters are converted from it. The pack brings
its Chinese and English itself; `pack.po` has it in traditional characters, converted where no
person has set it right. Run by `make texts`; a test holds that nothing is missing.
"""

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import yaml
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from qianhai.web.languages import FOLDER, SIMPLIFIED, TRADITIONAL, traditional

ROOT: Final = Path(__file__).resolve().parents[1]
WEB: Final = ROOT / "src" / "qianhai" / "web"
_KEYWORDS: Final = {"_": None, "gettext": None, "ngettext": (1, 2), "mark": None}
_WIDTH: Final = 0


def messages(web: Path = WEB) -> Iterator[tuple[str, str | tuple[str, str]]]:
    """Yield where each message stands, and the message; with its plural where it has one."""
    for path in sorted([*web.rglob("*.html"), *web.rglob("*.py")]):
        kind = "jinja2" if path.suffix == ".html" else "python"
        options = {"trimmed": "false", "silent": "false"}
        with path.open("rb") as file:
            for _, found, _, _ in extract(kind, file, _KEYWORDS, options=options):
                message = found if isinstance(found, str) else (str(found[0]), str(found[1]))
                if message:
                    yield path.relative_to(web).as_posix(), message


def path_of(language: str, name: str = "console") -> Path:
    """Return where a catalogue of a language stands."""
    return FOLDER / language.replace("-", "_") / "LC_MESSAGES" / f"{name}.po"


def _said_before(path: Path) -> dict[Any, Any]:
    """Return what a catalogue says of each of its messages."""
    if not path.exists():
        return {}
    with path.open("rb") as file:
        return {one.id: one.string for one in read_po(file)}


def pack_texts(plan: Path = ROOT / "plan") -> set[str]:
    """Return every Chinese text of the pack that comes with an English one."""
    found: set[str] = set()

    def walk(part: object) -> None:
        if isinstance(part, dict):
            if isinstance(part.get("zh"), str) and isinstance(part.get("en"), str):
                found.add(part["zh"])
            part = list(part.values())
        for one in part if isinstance(part, list) else ():
            walk(one)

    for path in sorted(plan.rglob("*.yaml")):
        walk(yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader))
    return found


def pack_catalog() -> Catalog:
    """Return the pack's texts in traditional characters, as far as a person set them right."""
    old = _said_before(path_of(TRADITIONAL, "pack"))
    catalog = _empty(TRADITIONAL)
    for text in sorted(pack_texts()):
        catalog.add(text, old.get(text) or traditional(text))
    return catalog


def simplified() -> Catalog:
    """Return the catalogue of simplified Chinese with every message there is now."""
    old = _said_before(path_of(SIMPLIFIED))
    catalog = _empty(SIMPLIFIED)
    for place, message in messages():
        is_plural = isinstance(message, tuple)
        said = old.get(message) or (("",) if is_plural else "")
        catalog.add(message, said, locations=[(place, 0)])
    return catalog


def converted(catalog: Catalog) -> Catalog:
    """Return a catalogue in traditional characters."""
    other = _empty(TRADITIONAL)
    for one in catalog:
        if one.id:
            said = traditional(_said(one.string))
            other.add(one.id, said if isinstance(one.id, str) else (said,), locations=one.locations)
    return other


def written(catalog: Catalog) -> bytes:
    """Return a catalogue as its file: in the order of the places, without a time or a tool."""
    out = BytesIO()
    write_po(out, catalog, width=_WIDTH, omit_header=True, include_lineno=False, sort_by_file=True)
    return _HEAD.encode() + out.getvalue()


_HEAD: Final = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'


def _empty(language: str) -> Catalog:
    return Catalog(locale=language.replace("-", "_"), charset="utf-8", fuzzy=False)


def main() -> int:
    """Write both catalogues; 1 when a message has no Chinese yet."""
    catalog = simplified()
    for language, one in ((SIMPLIFIED, catalog), (TRADITIONAL, converted(catalog))):
        path_of(language).parent.mkdir(parents=True, exist_ok=True)
        path_of(language).write_bytes(written(one))
    path_of(TRADITIONAL, "pack").write_bytes(written(pack_catalog()))
    missing = [one.id for one in catalog if one.id and not _said(one.string)]
    for message in missing:
        print(f"texts: no Chinese yet: {message}")
    return 1 if missing else 0


def _said(string: str | tuple[str, ...] | list[str] | None) -> str:
    return string if isinstance(string, str) else (string or [""])[0]


if __name__ == "__main__":
    sys.exit(main())
