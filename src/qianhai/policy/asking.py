"""What to ask next: the question whose answer settles the most, while one can change anything.

A look is what `decide` would say, short and often: the outcome, what is open and which facts it
waits for. A question is asked only while its fact is among those. Books nothing, asks nobody.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from qianhai.kernel import Outcome
from qianhai.policy.answering import Answers
from qianhai.policy.binding import bind
from qianhai.policy.compiling import Compiled
from qianhai.policy.deciding import Finding, compare, findings_of
from qianhai.policy.facts import Leaf
from qianhai.policy.limits import draws_of
from qianhai.policy.model import Decision
from qianhai.policy.policy import Policy
from qianhai.policy.standing import Standing
from qianhai.rules import Env, TypedExpr, missing_by

#: Among questions that may settle it alone, a yes or no is soonest answered, a word next.
_SOONER: Final[Mapping[str, int]] = {"boolean": 0, "enum": 1, "currency": 1, "text": 2}
_ORDINARY: Final = 3
_ALONE_NEVER: Final = 4


@dataclass(frozen=True, slots=True)
class Question:
    """A fact to be asked for, with those of its leaves that are not known yet."""

    fact: str
    leaves: tuple[Leaf, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        """Return the leaves' paths."""
        return tuple(leaf.path for leaf in self.leaves)


@dataclass(frozen=True, slots=True)
class Open:
    """A test that is not settled and could change the outcome, and the leaves it waits for."""

    finding: Finding
    lacking: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """What some facts come to: the outcome, what failed, what is open, and the leaves it lacks."""

    outcome: Outcome
    failed: tuple[Finding, ...]
    opens: tuple[Open, ...]
    lacking: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bearing:
    """A condition or limit that a question matters to; `booking` where only the amount lacks."""

    id: str
    clause: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Asked:
    """The question to ask now, and why.

    `bearings` is what it matters to. `ends` are the outcomes that one answer alone gives, with no
    further question; `spares` the facts that some answer makes needless to ask. `left` counts the
    questions that may still come, this one included.
    """

    question: Question
    bearings: tuple[Bearing, ...]
    ends: tuple[Outcome, ...]
    spares: tuple[str, ...]
    left: int


class Matter:
    """One action on one day, to be looked at with ever more facts."""

    def __init__(self, policy: Policy, compiled: Compiled, standing: Standing) -> None:
        self.policy = policy
        self.compiled = compiled
        self.standing = standing
        self.leaves = compiled.leaves
        self.answers = Answers(compiled, standing)
        self._run = bind(compiled, standing).run
        self._lacking: dict[tuple[object, ...], tuple[str, ...]] = {}
        self._reads: dict[int, tuple[str, ...]] = {}

    def decide(self, facts: Mapping[str, object]) -> Decision:
        """Decide on the facts, as `qianhai decide` does."""
        return self.policy.decide(self.compiled, facts, self.standing).decision

    def look(self, facts: Mapping[str, object]) -> Look:
        """Return what the facts come to: the same outcome and lacking facts as decide."""
        answers, values = self._run(facts)
        draws = draws_of(self.compiled, answers, values)
        found = findings_of(self.compiled, self.standing, answers, values, draws)
        outcome, failed, open_ends = compare(found)
        if outcome is not Outcome.INCOMPLETE:
            return Look(outcome, tuple(failed), (), ())
        opens = self._opens(open_ends, facts)
        lacking = dict.fromkeys(name for one in opens for name in one.lacking)
        for finding in failed:
            if finding.otherwise is Outcome.INCOMPLETE:
                lacking |= dict.fromkeys(finding.asks)
        return Look(outcome, tuple(failed), opens, tuple(lacking))

    def gaps(self, facts: Mapping[str, object]) -> Look:
        """Return a look in which every test that is not settled is open, whatever failed beside.

        A refusal stands however those turn out; whoever mends it has to bring their facts too.
        """
        answers, values = self._run(facts)
        draws = draws_of(self.compiled, answers, values)
        found = findings_of(self.compiled, self.standing, answers, values, draws)
        outcome, failed, _ = compare(found)
        opens = self._opens([one for one in found if one.value is None], facts)
        lacking = dict.fromkeys(name for one in opens for name in one.lacking)
        return Look(outcome, tuple(failed), opens, tuple(lacking))

    def _opens(self, findings: Iterable[Finding], facts: Mapping[str, object]) -> tuple[Open, ...]:
        standing = self.standing
        missing = missing_by(
            Env(facts, standing.parameters, standing.switches, standing.open_clauses)
        )
        opens = []
        for finding in findings:
            names = (n for tree in finding.trees for n in self._lacking_of(tree, facts, missing))
            opens.append(Open(finding, tuple(dict.fromkeys(names))))
        return tuple(opens)

    def _lacking_of(
        self,
        tree: TypedExpr,
        facts: Mapping[str, object],
        missing: Callable[[TypedExpr], frozenset[str]],
    ) -> tuple[str, ...]:
        """Return what a tree lacks; looked up where it was asked with the same facts before."""
        reads = self._reads.get(id(tree))
        if reads is None:
            reads = self._reads[id(tree)] = tuple(sorted(tree.facts))
        key = (id(tree), *(_hashable(facts.get(name)) for name in reads))
        found = self._lacking.get(key)
        if found is None:
            found = self._lacking[key] = tuple(sorted(missing(tree)))
        return found

    def questions(
        self, look: Look, facts: Mapping[str, object], skipped: Collection[str] = ()
    ) -> list[Question]:
        """Return what may still be asked, in the order of the tests that wait for it.

        A fact that is answered is not asked again, nor one that nobody can tell. An amount and its
        currency are one question.
        """
        names: dict[str, None] = {}
        for path in look.lacking:
            leaf = self.leaves.get(path)
            if leaf is not None and path not in facts and leaf.name not in skipped:
                names[leaf.name] = None
        return [Question(name, tuple(self._unknown(name, facts))) for name in names]

    def _unknown(self, name: str, facts: Mapping[str, object]) -> Iterator[Leaf]:
        for path in (name, f"{name}.amount", f"{name}.currency"):
            leaf = self.leaves.get(path)
            if leaf is not None and leaf.name == name and path not in facts:
                yield leaf


def _hashable(value: object) -> object:
    return str(value) if isinstance(value, list) else value


def next_question(
    matter: Matter, facts: Mapping[str, object], skipped: Collection[str] = ()
) -> Asked | None:
    """Return what to ask now; None when nothing that can still be told would change the answer.

    Every question that is open is tried with every class of answer. First come those that one
    answer settles alone, the soonest answered first; then whatever leaves the fewest questions on
    the average of its answers, so that a fact that only some branch needs comes after what
    chooses the branch. It looks one answer ahead: a good order, not proven the shortest.
    """
    look = matter.look(facts)
    open_now = matter.questions(look, facts, skipped)
    best: tuple[tuple[int, float], _Trial] | None = None
    for question in open_now:
        trial = _tried(matter, question, open_now, facts, skipped)
        sooner = max(_SOONER.get(leaf.type, _ORDINARY) for leaf in question.leaves)
        rank = (sooner if trial.ends else _ALONE_NEVER, trial.left_mean)
        if best is None or rank < best[0]:
            best = rank, trial
    if best is None:
        return None
    trial = best[1]
    bearings = tuple(dict.fromkeys(_bearings(matter, look, trial.question)))
    return Asked(trial.question, bearings, trial.ends, trial.spares, len(open_now))


@dataclass(frozen=True, slots=True)
class _Trial:
    """What the answers to a question would leave to ask."""

    question: Question
    ends: tuple[Outcome, ...]
    spares: tuple[str, ...]
    left_mean: float


def _tried(
    matter: Matter,
    question: Question,
    open_now: Sequence[Question],
    facts: Mapping[str, object],
    skipped: Collection[str],
) -> _Trial:
    """Try every class of answer; two that leave the same questions count as one."""
    others = {one.fact for one in open_now} - {question.fact}
    ends: dict[Outcome, None] = {}
    lefts: set[tuple[Outcome, frozenset[str]]] = set()
    for answer in matter.answers.of(question.leaves, facts):
        then = {**facts, **answer}
        look = matter.look(then)
        left = frozenset(one.fact for one in matter.questions(look, then, skipped))
        lefts.add((look.outcome, left))
        if look.outcome is not Outcome.INCOMPLETE:
            ends[look.outcome] = None
    going = [left for _, left in lefts if left]
    spares = others - frozenset.intersection(*going) if going else frozenset[str]()
    mean = sum(len(left) for _, left in lefts) / len(lefts)
    return _Trial(question, tuple(ends), tuple(sorted(spares)), mean)


def bearing_of(matter: Matter, finding: Finding) -> Bearing:
    """Return the condition, limit or clause that a finding speaks of."""
    data, action = finding.reason.data, matter.compiled.action
    name = data.get("condition") or data.get("limit") or "clause_open"
    clause = finding.reason.clause or action.clause
    return Bearing(name, clause, data.get("zh", action.zh), data.get("en", action.en))


def _bearings(matter: Matter, look: Look, question: Question) -> Iterator[Bearing]:
    """Yield the tests that wait for a question."""
    waiting = [(one.finding, one.lacking) for one in look.opens]
    asking = (one for one in look.failed if one.otherwise is Outcome.INCOMPLETE)
    for finding, lacking in (*waiting, *((one, one.asks) for one in asking)):
        if not set(question.paths).isdisjoint(lacking):
            yield bearing_of(matter, finding)
