"""Names every point on which the pack and the published plan do not agree.

Holds what the published text can prove of the pack, and the comparison. Does not know how the
pack is stored, and holds no number of the plan: both sides come in. Nothing here raises.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from qianhai.kernel import Flaw, Place
from qianhai.policy.official import (
    DIVIDED,
    OfficialMeasure,
    OfficialSection,
    OfficialText,
    squeezed,
)


@dataclass(frozen=True, slots=True)
class SectionOutline:
    """What the pack says of a section."""

    id: int
    chapter: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class MeasureOutline:
    """What the pack says of a measure, as far as the published text can prove it.

    `clause_verbs` are pairs of clause id and verb.
    """

    id: int
    chapter: int
    section: int
    units_zh: tuple[str, ...]
    duties_divided: bool
    number_srcs: tuple[str, ...] = ()
    clause_verbs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class OutlineCounts:
    """How many of each the pack says the plan has."""

    chapters: int
    sections: int
    measures: int
    clauses: int


@dataclass(frozen=True, slots=True)
class PlanOutline:
    """What the pack says of the plan, as far as the published text can prove it."""

    counts: OutlineCounts
    chapters: tuple[int, ...]
    sections: tuple[SectionOutline, ...]
    measures: tuple[MeasureOutline, ...]
    preamble_srcs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """One point on which pack and published text do not agree; an empty side has nothing there."""

    code: str
    subject_en: str
    subject_zh: str
    pack: str
    official: str
    line: int | None = None

    @property
    def en(self) -> str:
        """Name both sides in English."""
        sides = [f"`{side}`" if side else "nothing" for side in (self.pack, self.official)]
        return f"{self.subject_en}: the pack has {sides[0]}, the official text has {sides[1]}."

    @property
    def zh(self) -> str:
        """Name both sides in Chinese."""
        sides = [f"“{side}”" if side else "空缺" for side in (self.pack, self.official)]
        return f"{self.subject_zh}：方案包为{sides[0]}，官方文本为{sides[1]}。"

    def as_flaw(self, file: str) -> Flaw:
        """Return the difference as a flaw of the pack, at its place in the official text."""
        return Flaw(
            code=f"official.{self.code}",
            place=Place(file, self.line),
            value=self.pack,
            expected=self.official,
            en=f"{self.en} Read the official text again and correct the side that is wrong.",
            zh=f"{self.zh}请重读官方文本，更正有误的一方。",
        )


def compare(pack: PlanOutline, official: OfficialText) -> list[Difference]:
    """Name every point on which pack and published text differ; none means the pack is proved.

    Words are looked for without white space and with widths folded, because the text mixes both.
    """
    return [
        *_count_differences(pack, official),
        *_heading_differences(pack, official),
        *_measure_differences(pack, official),
        *(
            Difference("preamble_number", "Preamble, number", "序言数字", lost, "")
            for lost in _lost(pack.preamble_srcs, squeezed(official.preamble))
        ),
    ]


def _count_differences(pack: PlanOutline, official: OfficialText) -> Iterator[Difference]:
    """Hold what the pack states to the text, and what its files hold to what it states."""
    clauses = sum(len(measure.clause_verbs) for measure in pack.measures)
    for name, name_zh, stated, held, found in (
        ("chapters", "章", pack.counts.chapters, len(pack.chapters), len(official.chapters)),
        ("sections", "节", pack.counts.sections, len(pack.sections), len(official.sections)),
        ("measures", "条", pack.counts.measures, len(pack.measures), len(official.measures)),
        ("clauses", "款", pack.counts.clauses, clauses, None),
    ):
        en, zh = f"Number of {name}", f"{name_zh}数"
        if found is not None and stated != found:
            yield Difference("count", en, zh, str(stated), str(found))
        if held != stated:
            yield Difference("count", f"{en} in the files", f"文件中的{zh}", str(held), str(stated))


def _heading_differences(pack: PlanOutline, official: OfficialText) -> Iterator[Difference]:
    chapters = [" ".join(map(str, side)) for side in (pack.chapters, official.chapters)]
    if chapters[0] != chapters[1]:
        yield Difference("chapters", "Chapters", "各章", chapters[0], chapters[1])
    yield from _repeated("section", "Section {}", "第{}节", [item.id for item in official.sections])
    ours = {section.id: _extent(section) for section in pack.sections}
    theirs = {section.id: _extent(section) for section in official.sections}
    lines = {section.id: section.line for section in official.sections}
    for number in sorted(ours.keys() | theirs.keys()):
        mine, published = ours.get(number, ""), theirs.get(number, "")
        if mine != published:
            en, zh = f"Section {number}, chapter and measures", f"第{number}节所属章及各条"
            yield Difference("section", en, zh, mine, published, lines.get(number))


def _extent(section: SectionOutline | OfficialSection) -> str:
    return f"{section.chapter}: {section.first}-{section.last}"


def _measure_differences(pack: PlanOutline, official: OfficialText) -> Iterator[Difference]:
    numbers = [measure.id for measure in official.measures]
    yield from _repeated("measure", "Measure {}", "第{}条", numbers)
    for before, after in pairwise(official.measures):
        if after.id < before.id:
            sides = f"{after.id}, {before.id}", f"{before.id}, {after.id}"
            yield Difference("measure_order", "Order of measures", "各条次序", *sides, after.line)
    ours = {measure.id: measure for measure in pack.measures}
    theirs = {measure.id: measure for measure in official.measures}
    for number in sorted(ours.keys() | theirs.keys()):
        mine, published = ours.get(number), theirs.get(number)
        if mine and published:
            yield from _feature_differences(mine, published)
            yield from _word_differences(mine, published)
        else:
            en, zh = f"Measure {number}", f"第{number}条"
            pack_side, side = (str(number) if here else "" for here in (mine, published))
            line = published.line if published else None
            yield Difference("measure", en, zh, pack_side, side, line)


def _feature_differences(mine: MeasureOutline, published: OfficialMeasure) -> Iterator[Difference]:
    our_units, their_units = ("、".join(map(squeezed, m.units_zh)) for m in (mine, published))
    our_suffix, their_suffix = (DIVIDED if m.duties_divided else "" for m in (mine, published))
    for code, en, zh, ours, theirs in (
        ("measure_chapter", "chapter", "所属章", str(mine.chapter), str(published.chapter)),
        ("measure_section", "section", "所属节", str(mine.section), str(published.section)),
        ("units", "responsible units", "责任单位", our_units, their_units),
        ("duties_divided", "division of duties", "职责分工", our_suffix, their_suffix),
        ("measure_end", "closing bracket", "结尾括号", ")", ")" if published.is_whole else ""),
    ):
        if ours != theirs:
            subject, subject_zh = f"Measure {mine.id}, {en}", f"第{mine.id}条{zh}"
            yield Difference(code, subject, subject_zh, ours, theirs, published.line)


def _word_differences(mine: MeasureOutline, published: OfficialMeasure) -> Iterator[Difference]:
    text, line = squeezed(published.text), published.line
    for number in _lost(mine.number_srcs, text):
        en, zh = f"Measure {mine.id}, number", f"第{mine.id}条数字"
        yield Difference("number_src", en, zh, number, "", line)
    for clause, verb in mine.clause_verbs:
        for lost in _lost((verb,), text):
            en, zh = f"Clause {clause}, verb", f"{clause}款动词"
            yield Difference("clause_verb", en, zh, lost, "", line)


def _lost(words: Iterable[str], text: str) -> Iterator[str]:
    """Return the words that do not stand in a squeezed text; an empty word stands nowhere."""
    return (word for word in words if not squeezed(word) or squeezed(word) not in text)


def _repeated(code: str, en: str, zh: str, numbers: Iterable[int]) -> Iterator[Difference]:
    for number, times in Counter(numbers).items():
        if times > 1:
            yield Difference(code, en.format(number), zh.format(number), "1×", f"{times}×")
