"""The plan's frame as data: chapters, sections, units, systems and the words of status.

The shape of `plan/plan.yaml` only; measures stand in their own folders.
"""

from pydantic import Field

from qianhai.policy.model import Bilingual, Day, NumberInMeasure
from qianhai.policy.reading import PackModel


class Named(Bilingual):
    """A word of the plan with its texts."""

    slug: str
    group: str = ""
    note: Bilingual | None = None


class ExternalBody(Named):
    """A body the plan names that is not a responsible unit."""

    in_text_of: tuple[int, ...]
    role: Bilingual


class Chapter(Bilingual):
    """One of the plan's six chapters."""

    id: int


class Section(Bilingual):
    """One of the plan's thirty sections: its first and last measure."""

    id: int
    chapter: int
    first: int
    last: int


class DividedDuties(Bilingual):
    """The measures whose units answer each for its own part."""

    measures: tuple[int, ...]


class NumberedText(Bilingual):
    """A circular and what it is to the plan."""

    number: str


class Counts(PackModel):
    """How many of each the plan must hold."""

    chapters: int
    sections: int
    measures: int
    clauses: int


class Plan(PackModel):
    """The frame all measures hang on."""

    id: str
    version: str
    title: Bilingual
    document: NumberedText
    basis: NumberedText
    effective_from: Day
    effective_note: Bilingual
    counts: Counts
    kinds: tuple[Named, ...]
    strengths: tuple[Named, ...]
    statuses: tuple[Named, ...]
    units: tuple[Named, ...]
    duties_divided: DividedDuties
    external_bodies: tuple[ExternalBody, ...]
    systems: tuple[Named, ...]
    modules: tuple[Named, ...]
    chapters: tuple[Chapter, ...]
    sections: tuple[Section, ...]
    preamble_numbers: tuple[NumberInMeasure, ...] = Field(min_length=1)
    # Packs on record from before the actors had words must open as they did.
    actors: tuple[Named, ...] = ()
