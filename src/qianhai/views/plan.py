"""The plan as documents: a line and a page of each measure, and what a check found."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from qianhai.policy import (
    SIDES,
    Facility,
    Measure,
    Overlay,
    Policy,
    Proposal,
    Reach,
    Shown,
    coverage,
    proposals,
)
from qianhai.views.flaws import Document


def measure_line(measure: Measure) -> Document:
    """Return a measure as one line of a list."""
    return {
        "id": measure.id,
        "chapter": measure.chapter,
        "section": measure.section,
        "zh": measure.title.zh,
        "en": measure.title.en,
        "status": measure.status,
        "status_mixed": measure.status_mixed,
        "clauses": len(measure.clauses),
        "kinds": [kind.kind for kind in measure.kinds],
    }


def known_by(policy: Policy, owner: Facility | Overlay) -> dict[str, int]:
    """Count who knows the facts of a facility: the sender says some, the rest is on record."""
    providers = policy.pack.vocabulary["providers"]
    counted = Counter(providers[fact.provider].known_by for fact in owner.facts.values())
    return dict(sorted(counted.items()))


def reach_document(reach: Reach) -> Document:
    """Return how many measures and clauses are decided, of how many, and which are not."""
    proposed = [one for one in reach.clauses if one.closed is not None]
    return {
        "measures": _of(reach.measures.values()),
        "clauses": _of(one.is_whole for one in reach.clauses),
        "proposed": _of(one.is_whole for one in proposed),
        "uncovered": list(reach.lacking),
    }


def _of(whole: Iterable[bool]) -> Document:
    each = list(whole)
    return {"covered": sum(each), "of": len(each)}


def shown_document(shown: Shown, proposed: Sequence[Proposal]) -> Document:
    """Return what the examples show of a condition or limit, and examples for what they do not.

    A side is true, false, or null where there is nothing to show.
    """
    return {
        "facility": shown.facility,
        "action": shown.action,
        "id": shown.name,
        "kind": "limit" if "limits" in shown.path else "condition",
        **{side: getattr(shown, side) for side, _, _ in SIDES},
        "lacking": list(shown.lacking),
        "proposed": [
            {
                "side": one.side,
                "text": one.text,
                "example": one.example.model_dump(mode="json", exclude_defaults=True),
            }
            for one in proposed
        ],
    }


@dataclass(frozen=True, slots=True)
class ExamplesShow:
    """What examples show: who knows the facts of each owner, and every condition and limit."""

    facts: Mapping[tuple[str, bool], Mapping[str, int]]
    shown: Sequence[tuple[Shown, Sequence[Proposal]]]

    @property
    def lacking(self) -> int:
        """How many sides are not shown."""
        return sum(len(one.lacking) for one, _ in self.shown)


def examples_show(policy: Policy, owners: Sequence[Facility | Overlay]) -> ExamplesShow:
    """Return what the examples show of each condition of facilities and overlays, and propose.

    The pack is one with its examples.
    """
    facts = {(one.id, isinstance(one, Facility)): known_by(policy, one) for one in owners}
    counts = coverage(policy, owners={one.id for one in owners})
    shown = [one for one in counts if (one.facility, bool(one.action)) in facts]
    return ExamplesShow(facts, [(one, proposals(policy, one)) for one in shown])


def coverage_document(found: ExamplesShow) -> Document:
    """Return what examples show as a document."""
    return {
        "lacking": found.lacking,
        "facts": [{"facility": name, **counts} for (name, _), counts in found.facts.items()],
        "shown": [shown_document(one, proposed) for one, proposed in found.shown],
    }


def check_document(counts: dict[str, int], differences: list[Document]) -> Document:
    """Return what `plan check` found."""
    return {**counts, "differences": len(differences), "found": differences}
