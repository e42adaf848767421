"""Reads the plan as it was published: chapters, sections, measures and their responsible units.

Holds the form of the official text only: no sentence of it and no number of the plan. Reading is
total: whatever the text, the result says what was found, and `compare` names what is amiss.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

_DIGITS: Final = "一二三四五六七八九"
_UNITS_LABEL: Final = "(责任单位"
_UNITS: Final = re.compile(r"\(\s*责任单位")
#: The suffix that says that each unit answers for its own part.
DIVIDED: Final = "按职责分工负责"
#: A units bracket is shorter than this; what stands before it cannot close a measure.
_TAIL_MAX: Final = 400
#: How a paragraph of each kind begins, after widths are folded.
_HEADS: Final = (
    ("chapter", re.compile(rf"([{_DIGITS}十]{{1,3}})、")),
    ("section", re.compile(rf"\(([{_DIGITS}十]{{1,3}})\)")),
    ("measure", re.compile(r"([0-9]{1,3})\.(?![0-9])")),
)


@dataclass(frozen=True, slots=True)
class OfficialSection:
    """A section of the published text; `first` and `last` are 0 when it holds no measure."""

    id: int
    chapter: int
    first: int
    last: int
    line: int


@dataclass(frozen=True, slots=True)
class OfficialMeasure:
    """A measure of the published text; `chapter` and `section` are 0 where no heading came before.

    `text` is whole across page breaks, its widths folded, without number and units bracket.
    `units_zh` are the short names in their order, empty where the bracket is missing; `is_whole`
    is false where nothing closes it, as where a text was cut off.
    """

    id: int
    chapter: int
    section: int
    text: str
    units_zh: tuple[str, ...]
    duties_divided: bool
    is_whole: bool
    line: int


@dataclass(frozen=True, slots=True)
class OfficialText:
    """The published text taken apart; `preamble` is all that stands before the first heading."""

    preamble: str
    chapters: tuple[int, ...]
    sections: tuple[OfficialSection, ...]
    measures: tuple[OfficialMeasure, ...]


@dataclass(slots=True)
class _Block:
    """A heading or measure while it is read: its first line and what page breaks cut off it."""

    kind: str
    number: int
    line: int
    pieces: list[str] = field(default_factory=list)
    tail: str = ""

    def add(self, piece: str) -> None:
        """Take one more line of the same paragraph."""
        self.pieces.append(piece)
        self.tail = (self.tail + squeezed(piece))[-_TAIL_MAX:]

    @property
    def is_closed(self) -> bool:
        """Say whether the paragraph may end here: a measure ends with its units."""
        return self.kind != "measure" or (self.tail.endswith(")") and _UNITS_LABEL in self.tail)


def chinese_number(text: str) -> int:
    """Read a Chinese ordinal from 1 to 99; 0 when it is none.

    >>> chinese_number("二十九"), chinese_number("十"), chinese_number("十十")
    (29, 10, 0)
    """
    tens, ten, ones = text.partition("十")
    if not ten:
        return _DIGITS.find(text) + 1 if len(text) == 1 else 0
    if len(tens) > 1 or len(ones) > 1 or not set(tens + ones) <= set(_DIGITS):
        return 0
    return 10 * (_DIGITS.find(tens) + 1 if tens else 1) + (_DIGITS.find(ones) + 1 if ones else 0)


def squeezed(text: str) -> str:
    """Fold full and half width and drop all white space: how words are looked for in a text.

    >>> squeezed("５００ 万元（含）")
    '500万元(含)'
    """
    return "".join(unicodedata.normalize("NFKC", text).split())


def read_official(text: str) -> OfficialText:
    """Take the published text apart.

    A paragraph that begins like no heading continues the one before it, because a page break
    inside a sentence or a name looks like a new paragraph. Inside a measure whose units bracket
    has not closed, only the next heading in number counts as one.
    """
    preamble: list[str] = []
    chapters: list[int] = []
    sections: list[OfficialSection] = []
    measures: list[OfficialMeasure] = []
    for block in _blocks(text):
        if block.kind == "preamble":
            preamble = block.pieces
        elif block.kind == "chapter":
            chapters.append(block.number)
        elif block.kind == "section":
            chapter = chapters[-1] if chapters else 0
            sections.append(OfficialSection(block.number, chapter, 0, 0, block.line))
        else:
            chapter = chapters[-1] if chapters else 0
            measures.append(_measure(block, chapter, sections[-1].id if sections else 0))
    within: dict[int, list[int]] = {}
    for measure in measures:
        within.setdefault(measure.section, []).append(measure.id)
    return OfficialText(
        "".join(preamble),
        tuple(chapters),
        tuple(_bounded(section, within.get(section.id, [0])) for section in sections),
        tuple(measures),
    )


def _bounded(section: OfficialSection, ids: Sequence[int]) -> OfficialSection:
    return OfficialSection(section.id, section.chapter, ids[0], ids[-1], section.line)


def _blocks(text: str) -> Iterator[_Block]:
    block = _Block("preamble", 0, 1)
    last = {"chapter": 0, "section": 0, "measure": 0}
    for at, raw in enumerate(text.splitlines(), 1):
        line = unicodedata.normalize("NFKC", raw).strip("\ufeff \t")
        if not line:
            continue
        kind, number, rest = _head(line)
        if kind and (block.is_closed or number == last[kind] + 1):
            yield block
            block, last[kind] = _Block(kind, number, at), number
            block.add(rest)
        else:
            block.add(line)
    yield block


def _head(line: str) -> tuple[str, int, str]:
    """Return kind, number and rest of a line that begins like a heading; else no kind."""
    for kind, pattern in _HEADS:
        found = pattern.match(line)
        if found:
            ordinal = found[1]
            number = int(ordinal) if kind == "measure" else chinese_number(ordinal)
            if number:
                return kind, number, line[found.end() :].strip()
    return "", 0, line


def _measure(block: _Block, chapter: int, section: int) -> OfficialMeasure:
    """Part a measure's text from its units: the last bracket that begins with their label."""
    whole = "".join(block.pieces)
    labels = list(_UNITS.finditer(whole))
    text, bracket = (whole, "")
    if labels:
        text, bracket = whole[: labels[-1].start()], whole[labels[-1].end() :]
    listed = squeezed(bracket).removesuffix(")").removeprefix(":")
    is_divided = listed.endswith(DIVIDED)
    names = re.split("[、,;]", listed.removesuffix(DIVIDED)) if listed else ()
    return OfficialMeasure(
        id=block.number,
        chapter=chapter,
        section=section,
        text=text.strip(),
        units_zh=tuple(names),
        duties_divided=is_divided,
        is_whole=block.is_closed,
        line=block.line,
    )
