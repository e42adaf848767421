"""The fewest facts that would settle an open decision, for each outcome it may still have.

Searches over the classes of answers (see answering.py), deepening question by question, so that
the first set found is a smallest. Where the search ends before it has tried every smaller set,
the set is told as an upper bound. Asks nobody.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from qianhai.kernel import STRENGTH, Outcome
from qianhai.policy.asking import Look, Matter, Question

_LOOKS_MAX: Final = 600
#: Kinds of which two answers that come to the same now are taken as one.
_ALIKE: Final = frozenset({"money", "number", "rate", "integer", "date", "text", "list"})


@dataclass(frozen=True, slots=True)
class Settling:
    """Facts that, answered this way, settle a decision with one outcome.

    `is_least` says that no smaller set does, over every class of answers; else it is an upper
    bound.
    """

    outcome: Outcome
    facts: tuple[str, ...]
    answers: Mapping[str, object]
    is_least: bool


def settlings(
    matter: Matter,
    facts: Mapping[str, object],
    skipped: Collection[str] = (),
    *,
    looks_max: int = _LOOKS_MAX,
) -> tuple[Settling, ...]:
    """Return for every outcome still to be had the fewest facts that give it, the fewest first."""
    look = matter.look(facts)
    if look.outcome is not Outcome.INCOMPLETE:
        return ()
    goals = {one.finding.otherwise for one in look.opens} | {Outcome.PERMITTED}
    goals |= {finding.otherwise for finding in look.failed}
    found = (
        settling(matter, facts, goal, skipped, looks_max=looks_max)
        for goal in sorted(goals - {Outcome.INCOMPLETE}, key=lambda goal: -STRENGTH[goal])
    )
    return tuple(sorted((one for one in found if one), key=lambda one: len(one.facts)))


def settling(
    matter: Matter,
    facts: Mapping[str, object],
    goal: Outcome,
    skipped: Collection[str] = (),
    *,
    looks_max: int = _LOOKS_MAX,
) -> Settling | None:
    """Return the fewest facts that settle it with an outcome; None where none was found."""
    search = _Search(matter, goal, skipped, looks_max)
    first = search.found(facts, len(matter.leaves))
    if first is None:
        return None
    best, is_least = first, True
    for count in range(len(_questions_of(matter, first)) - 1, 0, -1):
        search.looks = 0
        fewer = search.found(facts, count)
        if fewer is None:
            is_least = search.looks < looks_max
            break
        best = fewer
    return Settling(goal, _questions_of(matter, best), best, is_least)


def _questions_of(matter: Matter, answers: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(matter.leaves[path].name for path in answers))


class _Search:
    """Looks for answers that come to an outcome, at most so many questions deep."""

    def __init__(
        self, matter: Matter, goal: Outcome, skipped: Collection[str], looks_max: int
    ) -> None:
        self.looks = 0
        self._matter = matter
        self._goal = goal
        self._skipped = skipped
        self._looks_max = looks_max

    def found(self, facts: Mapping[str, object], depth: int) -> dict[str, object] | None:
        """Return answers that give the outcome; None where none does, or the search has ended."""
        self.looks += 1
        look = self._matter.look(facts)
        if look.outcome is self._goal:
            return {}
        if depth == 0 or look.outcome is not Outcome.INCOMPLETE or not self._is_open(look):
            return None
        options, least = self._options(look, facts)
        if least > depth:
            return None
        for question in options:
            for answer in self._answers(question, facts):
                if self.looks >= self._looks_max:
                    return None
                rest = self.found({**facts, **answer}, depth - 1)
                if rest is not None:
                    return {**answer, **rest}
        return None

    def _is_open(self, look: Look) -> bool:
        """Tell whether nothing stronger than the outcome has failed."""
        goal = STRENGTH[self._goal]
        return all(STRENGTH[finding.otherwise] <= goal for finding in look.failed)

    def _options(self, look: Look, facts: Mapping[str, object]) -> tuple[list[Question], int]:
        """Return what to try next, and how many questions are needed at least.

        Every open test that is stronger than the outcome has to be settled, and so one of its
        questions has to be asked: the test with the fewest is enough. Tests that share no
        question need one each.
        """
        questions = self._matter.questions(look, facts, self._skipped)
        goal = STRENGTH[self._goal]
        has_ground = self._goal is Outcome.PERMITTED or any(
            finding.otherwise is self._goal for finding in look.failed
        )
        tests = [
            [one for one in questions if not set(one.paths).isdisjoint(each.lacking)]
            for each in look.opens
            if has_ground or STRENGTH[each.finding.otherwise] > goal
        ]
        tests.sort(key=len)
        if not tests:
            return questions, 1
        return tests[0], _disjoint(tests)

    def _answers(
        self, question: Question, facts: Mapping[str, object]
    ) -> Iterator[Mapping[str, object]]:
        """Yield the answers to try, those that leave the fewest facts open first."""
        is_alike = any(leaf.type in _ALIKE for leaf in question.leaves)
        kept: dict[object, tuple[int, Mapping[str, object]]] = {}
        for number, answer in enumerate(self._matter.answers.of(question.leaves, facts)):
            look = self._matter.look({**facts, **answer})
            failed = tuple(finding.reason.data.get("condition") for finding in look.failed)
            effect = (look.outcome, look.lacking, failed) if is_alike else number
            is_near = look.outcome is self._goal
            kept.setdefault(effect, (0 if is_near else 1 + len(look.lacking), answer))
        return (answer for _, answer in sorted(kept.values(), key=lambda pair: pair[0]))


def _disjoint(tests: Sequence[Sequence[Question]]) -> int:
    """Count tests that share no question, the smallest first."""
    taken: set[str] = set()
    count = 0
    for test in tests:
        facts = {question.fact for question in test}
        if taken.isdisjoint(facts):
            taken |= facts
            count += 1
    return count
