"""Checks a whole pack: its files, its examples, what they show, and the published text.

Holds the one entry that `qianhai plan check` calls. Finds every difference; decides nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from qianhai.kernel import Flaw
from qianhai.policy.compare import (
    MeasureOutline,
    OutlineCounts,
    PlanOutline,
    SectionOutline,
    compare,
)
from qianhai.policy.covering import coverage, idle_facts, not_shown
from qianhai.policy.examples import cases_of, check_examples
from qianhai.policy.model import Measure
from qianhai.policy.official import read_official
from qianhai.policy.pack import Pack
from qianhai.policy.policy import Policy, Survey, survey


@dataclass(frozen=True, slots=True)
class CheckReport:
    """How much of a pack was checked, and every difference found; none means it is sound.

    `examples` counts those of facilities and overlays, and the worked figures; `lacking` the sides
    of conditions and limits that no example shows (`qianhai plan coverage` names them).
    """

    measures: int
    clauses: int
    sections: int
    facilities: int
    examples: int
    differences: tuple[Flaw, ...]
    lacking: int = 0


def check_pack(
    pack: Policy | Mapping[str, bytes],
    source_text: str | None = None,
    source_file: str = "official text",
    *,
    folder: str = "plan",
) -> CheckReport:
    """Check a pack, given as its files or opened already, and hold it to the published text.

    Without `source_text` the pack is held to itself alone. The examples of a file with flaws are
    not run, and none where a flaw stands in what all of them rest on.
    """
    found = Survey(pack.pack, pack, ()) if isinstance(pack, Policy) else survey(pack, folder=folder)
    read, flaws, examples, lacking = found.pack, list(found.flaws), 0, 0
    if found.policy is not None:
        cases = tuple(cases_of(found.policy))
        examples = len(cases) + len(found.policy.figures)
        shown = coverage(found.policy, cases)
        lacking = sum(len(one.lacking) for one in shown)
        flaws += [*check_examples(found.policy, cases), *not_shown(shown)]
        flaws += idle_facts(found.policy)
    if read is None:
        return CheckReport(0, 0, 0, 0, 0, tuple(flaws))
    if source_text is not None:
        differences = compare(outline_of(read), read_official(source_text))
        flaws += [difference.as_flaw(source_file) for difference in differences]
    return CheckReport(
        measures=len(read.measures),
        clauses=len(read.clauses),
        sections=len(read.plan.sections),
        facilities=len(read.facilities),
        examples=examples,
        differences=tuple(flaws),
        lacking=lacking,
    )


def outline_of(pack: Pack) -> PlanOutline:
    """Return what the pack says of the plan, as far as the published text can prove it."""
    plan, counts = pack.plan, pack.plan.counts
    names = {unit.slug: unit.zh for unit in plan.units}
    return PlanOutline(
        counts=OutlineCounts(counts.chapters, counts.sections, counts.measures, counts.clauses),
        chapters=tuple(chapter.id for chapter in plan.chapters),
        sections=tuple(
            SectionOutline(one.id, one.chapter, one.first, one.last) for one in plan.sections
        ),
        measures=tuple(_outline(measure, names) for measure in pack.measures.values()),
        preamble_srcs=tuple(number.src for number in plan.preamble_numbers),
    )


def _outline(measure: Measure, names: Mapping[str, str]) -> MeasureOutline:
    return MeasureOutline(
        id=measure.id,
        chapter=measure.chapter,
        section=measure.section,
        units_zh=tuple(names.get(unit, unit) for unit in measure.units),
        duties_divided=measure.duties_divided,
        number_srcs=tuple(number.src for number in measure.numbers),
        clause_verbs=tuple((clause.id, clause.verb_zh) for clause in measure.clauses),
    )
