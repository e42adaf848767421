"""The plan at a glance: every measure in its section, how it stands on a day, how often it is used.

Holds what the map and its table show. Must not decide, and must not count by itself.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from qianhai.instructions import Used
from qianhai.kernel import Outcome
from qianhai.policy import OPEN, Authorisation, Measure, Pack, statuses_on
from qianhai.views.flaws import Document
from qianhai.views.plan import measure_line

#: What a measure's state can be, the furthest open first; `not_yet` is before the plan's day.
STATES: Final = ("in_force", "pilot", "supported", "proposed", "duty", "not_yet")
#: From how many decisions on a measure counts as used a little, some, much ...
_LEVELS: Final = (1, 10, 100, 1_000, 10_000)
#: The columns of the map as a table.
MAP_COLUMNS: Final = (
    "measure", "chapter", "section", "title_zh", "title_en", "state", "clauses_open", "clauses",
    "clauses_pilot", "clauses_supported", "clauses_proposed", "clauses_duty", "units", "decided",
    "permitted",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sought:
    """What a reader looks for in the map; an empty word is everything."""

    state: str = ""
    chapter: str = ""
    unit: str = ""
    text: str = ""

    def has(self, pack: Pack, measure: Measure, state: str) -> bool:
        """Tell whether a measure is among what is looked for."""
        return (
            self.state in {"", state}
            and self.chapter in {"", str(measure.chapter)}
            and (not self.unit or self.unit in measure.units)
            and all(word in _words(pack, measure) for word in self.text.casefold().split())
        )


def _words(pack: Pack, measure: Measure) -> str:
    """Return all that a measure says, to look for words in."""
    units = {one.slug: one for one in pack.plan.units}
    parts = [measure.title, measure.summary, *measure.clauses, *measure.kinds]
    parts += [*measure.instruments, *(units[slug] for slug in measure.units)]
    texts = (f"{one.zh} {one.en}" for one in parts)
    return f"{measure.id} {' '.join(texts)}".casefold()


def map_document(
    pack: Pack,
    day: date,
    authorisations: Sequence[Authorisation],
    used: Iterable[Used] | None,
    sought: Sought,
) -> Document:
    """Return the measures that are looked for, by chapter and section.

    Without `used` nothing is said of use: the reader may not see the books.
    """
    switches = {name: switch.default for name, switch in pack.switches.items()}
    statuses = statuses_on(pack, day, authorisations, switches)
    counted = None if used is None else _by_measure(pack, used)
    lines = {}
    for measure in pack.measures.values():
        line = _line(measure, statuses, counted)
        if sought.has(pack, measure, str(line["state"])):
            lines[measure.id] = line
    return {
        "on": day.isoformat(),
        "measures": list(lines.values()),
        "of": len(pack.measures),
        "states": dict(Counter(str(line["state"]) for line in lines.values())),
        "decided": sum(_figure(line["decided"]) for line in lines.values()),
        "has_use": counted is not None,
        "chapters": list(_chapters(pack, lines)),
    }


def _chapters(pack: Pack, lines: Mapping[int, Document]) -> Iterator[Document]:
    """Yield the chapters and sections that hold any of the lines."""
    for chapter in pack.plan.chapters:
        sections = []
        for one in pack.plan.sections:
            held = [lines[key] for key in range(one.first, one.last + 1) if key in lines]
            if one.chapter == chapter.id and held:
                sections.append({"id": one.id, "zh": one.zh, "en": one.en, "measures": held})
        if sections:
            yield {"id": chapter.id, "zh": chapter.zh, "en": chapter.en, "sections": sections}


def _line(
    measure: Measure, statuses: Mapping[str, str], counted: Mapping[int, Counter[str]] | None
) -> Document:
    mix = Counter(statuses.get(clause.id, "not_yet") for clause in measure.clauses)
    use = None if counted is None else counted.get(measure.id, Counter())
    decided = None if use is None else use.total()
    return {
        **measure_line(measure),
        "state": state_of(measure, mix),
        "open": sum(mix[status] for status in OPEN),
        "mix": {state: mix[state] for state in STATES if mix[state]},
        "units": list(measure.units),
        "decided": decided,
        "permitted": None if use is None else use[Outcome.PERMITTED.value],
        "level": sum((decided or 0) >= least for least in _LEVELS),
    }


def state_of(measure: Measure, mix: Mapping[str, int]) -> str:
    """Return a measure's one word: the plan's, where a clause stands so; else the furthest."""
    if mix.get(measure.status):
        return measure.status
    return next(state for state in STATES if mix.get(state))


def _by_measure(pack: Pack, used: Iterable[Used]) -> dict[int, Counter[str]]:
    found: dict[int, Counter[str]] = {}
    for one in used:
        facility = pack.facilities.get(one.facility)
        if facility is not None:
            found.setdefault(facility.measure, Counter())[one.outcome] += one.times
    return found


def _figure(value: object) -> int:
    return value if isinstance(value, int) else 0


def map_rows(pack: Pack, document: Document) -> list[dict[str, str | int | None]]:
    """Return the map as rows of a sheet."""
    units = {one.slug: one.zh for one in pack.plan.units}
    rows = []
    for line in document["measures"]:  # type: ignore[attr-defined]
        mix = line["mix"]
        rows.append(
            {
                "measure": line["id"],
                "chapter": line["chapter"],
                "section": line["section"],
                "title_zh": line["zh"],
                "title_en": line["en"],
                "state": line["state"],
                "clauses_open": line["open"],
                "clauses": line["clauses"],
                **{f"clauses_{name}": mix.get(name, 0) for name in STATES[1:5]},
                "units": "、".join(units[slug] for slug in line["units"]),
                "decided": line["decided"],
                "permitted": line["permitted"],
            }
        )
    return rows
