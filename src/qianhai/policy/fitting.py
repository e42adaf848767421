"""Which businesses facts would be permitted under, and which come near it.

Every action that begins a business is decided on the same facts; a fact that an action does not
know is left out for it. Books nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from qianhai.kernel import Flaw, Outcome, Place, nearest
from qianhai.policy.asking import Bearing, Matter, Question, bearing_of
from qianhai.policy.facts import leaves_of, read_facts
from qianhai.policy.model import Decision
from qianhai.policy.policy import Policy
from qianhai.policy.standing import Standing

_SHOWN_MAX: Final = 80


@dataclass(frozen=True, slots=True)
class Fit:
    """How one action stands to the facts.

    `fails` is what does not hold, `needs` the facts that are still to be brought, `used` how many
    of the given leaves the action knows. `unread` are leaves it knows in another form.
    """

    matter: Matter
    decision: Decision
    fails: tuple[Bearing, ...]
    needs: tuple[Question, ...]
    used: int
    unread: tuple[str, ...]

    @property
    def is_permitted(self) -> bool:
        """Tell whether it may be done."""
        return self.decision.outcome is Outcome.PERMITTED


def fits_of(
    policy: Policy,
    given: Sequence[tuple[str, object]],
    standing: Standing,
    place: Callable[[str], Place],
) -> tuple[list[Fit], list[Flaw]]:
    """Return every action that begins a business, what is permitted first, then what is nearest.

    Nearest is what fails the fewest tests, then what lacks the fewest facts, then what uses the
    most of the facts. Flaws: a name that no facility knows, a value that none can read.
    """
    fits: list[Fit] = []
    readable: set[str] = set()
    told: dict[str, Flaw] = {}
    for facility in policy.pack.facilities.values():
        leaves = leaves_of(facility.facts)
        known = [(path, raw) for path, raw in given if path in leaves]
        facts, flaws = read_facts(facility.facts, known, place, leaves=leaves)
        wrong = {flaw.place.column or "": flaw for flaw in flaws}
        facts = {path: value for path, value in facts.items() if path not in wrong}
        told |= wrong
        readable |= {path for path, _ in known} - wrong.keys()
        for name, action in facility.actions.items():
            if not action.of:
                compiled = policy.compiled(facility.id, name)
                matter = Matter(policy, compiled, standing)
                used = len(compiled.named_facts & facts.keys())
                fits.append(_fit(matter, facts, used, tuple(wrong)))
    flaws = [flaw for path, flaw in told.items() if path not in readable]
    flaws += _unknown(policy, given, place)
    fits.sort(key=lambda fit: (not fit.is_permitted, len(fit.fails), len(fit.needs), -fit.used))
    return fits, flaws


def _fit(matter: Matter, facts: dict[str, object], used: int, unread: tuple[str, ...]) -> Fit:
    gaps = matter.gaps(facts)
    fails = tuple(bearing_of(matter, finding) for finding in gaps.failed)
    needs = tuple(matter.questions(gaps, facts))
    return Fit(matter, matter.decide(facts), fails, needs, used, unread)


def _unknown(
    policy: Policy, given: Sequence[tuple[str, object]], place: Callable[[str], Place]
) -> list[Flaw]:
    """Return a flaw for each name that no facility knows, with the nearest one that some knows."""
    names = {path for one in policy.pack.facilities.values() for path in leaves_of(one.facts)}
    flaws = []
    for path, raw in given:
        if path not in names:
            near = nearest(path, sorted(names))
            hint, zh_hint = (
                (f" Nearest name: `{near}`.", f"相近名称：“{near}”。") if near else ("", "")
            )
            en, zh = f"no facility has a fact `{path}`.{hint}", f"没有业务含事实“{path}”。{zh_hint}"
            shown = str(raw)[:_SHOWN_MAX]
            flaws.append(Flaw("F001", place(path), shown, "a fact of some facility", en, zh))
    return flaws
