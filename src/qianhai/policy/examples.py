"""Runs the examples of the pack where they stand: each must give the decision it expects.

Holds the reading of an example, its comparison, and the worked figures of the regulation. A
failing example names its file and line. Coverage of conditions by examples is in covering.py.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from qianhai.kernel import Flaw, Place
from qianhai.policy.compiling import Compiled
from qianhai.policy.facts import Values, flatten, read_facts
from qianhai.policy.figures import judge_figure
from qianhai.policy.in_force import Authorisation
from qianhai.policy.model import Decision, Example, Facility, Overlay, Verdict
from qianhai.policy.policy import Policy
from qianhai.policy.reading import Document, Path
from qianhai.policy.standing import Standing
from qianhai.policy.texts import is_same, text_of, word_of


@dataclass(frozen=True, slots=True)
class Case:
    """One example with what it is decided on: its action, facts and day."""

    example: Example
    document: Document
    path: Path
    compiled: Compiled
    facts: Values
    standing: Standing
    flaws: tuple[Flaw, ...] = ()

    @property
    def place(self) -> Place:
        """Return where the example stands."""
        return self.document.place(self.path)


def cases_of(policy: Policy, owners: Collection[str] | None = None) -> Iterator[Case]:
    """Yield every example of facilities and overlays, all or some, ready to be decided."""
    pack = policy.pack
    for facility in pack.facilities.values():
        if owners is not None and facility.id not in owners:
            continue
        document = pack.sources[f"facility:{facility.id}"].document
        for number, example in enumerate(facility.examples):
            compiled = policy.compiled(facility.id, example.action)
            path = ("examples", number)
            yield case_of(policy, facility, document, path, example, compiled)
    for overlay in pack.overlays.values():
        if owners is not None and overlay.id not in owners:
            continue
        document = pack.sources[f"overlay:{overlay.id}"].document
        for number, example in enumerate(overlay.examples):
            path = ("examples", number)
            yield case_of(policy, overlay, document, path, example, policy.overlays[overlay.id])


def case_of(
    policy: Policy,
    owner: Facility | Overlay,
    document: Document,
    path: Path,
    example: Example,
    compiled: Compiled,
) -> Case:
    """Return an example that stands at a path, or might, ready to be decided."""
    given = _given(owner, example, path)
    leaves = compiled.leaves

    def place(leaf: str) -> Place:
        at = given[leaf][1] if leaf in given else path
        return document.place(at, key=leaf not in leaves)

    stated = (
        (leaf, None if raw == "null" and leaf in leaves and leaves[leaf].fact.optional else raw)
        for leaf, (raw, _) in given.items()
    )
    facts, flaws = read_facts(compiled.facts, stated, place, leaves=leaves)
    opens = [Authorisation(one, "in_force", example.on, None, "example") for one in example.opens]
    standing = policy.standing(example.on, switches=example.switches, authorisations=opens)
    shown = tuple(document.show(flaw) for flaw in flaws)
    return Case(example, document, path, compiled, facts, standing, shown)


def _given(
    owner: Facility | Overlay, example: Example, path: Path
) -> dict[str, tuple[object, Path]]:
    """Return the example's leaves and where each stands: sets in order, then facts, then without.

    A fact of type money is taken away with both its leaves.
    """
    merged: dict[str, tuple[object, Path]] = {}
    for name in example.given:
        for leaf, raw in flatten(owner.given[name]):
            merged[leaf] = (raw, ("given", name, leaf))
    for leaf, raw in flatten(example.facts):
        merged[leaf] = (raw, (*path, "facts", leaf))
    for name in example.without:
        for leaf in (name, f"{name}.amount", f"{name}.currency"):
            if leaf == name or name not in owner.facts or owner.facts[name].type == "money":
                merged.pop(leaf, None)
    return merged


def decide_case(policy: Policy, case: Case) -> Verdict:
    """Decide an example, limits by the figures it gives."""
    return policy.decide(case.compiled, case.facts, case.standing)


def judge_case(policy: Policy, case: Case) -> list[Flaw]:
    """Return what an example's decision has otherwise than expected; nothing when it is right."""
    if case.flaws:
        return list(case.flaws)
    verdict = decide_case(policy, case)
    found = list(_differences(case.example.expect, verdict))
    if not found:
        return []
    decision, name = verdict.decision, case.example.id
    why = ", ".join(
        [reason.code for reason in decision.reasons]
        + [f"{one.id} {word_of(one.value)}" for one in decision.conditions if one.value is not True]
        + [f"missing {one.fact}" for one in decision.missing]
    )
    en = f"example '{name}': {'; '.join(f'expected {e}, got {g}' for e, g in found)} ({why})"
    zh = f"示例“{name}”：{'；'.join(f'应为 {e}，实为 {g}' for e, g in found)}（{why}）"
    expected, got = found[0]
    return [case.document.flaw("P420", case.path, got, expected, en, zh)]


def check_examples(policy: Policy, cases: Iterable[Case] | None = None) -> list[Flaw]:
    """Run every example and every worked figure of the pack; return each that fails.

    Who has the cases of the pack at hand passes them.
    """
    run = cases_of(policy) if cases is None else cases
    flaws = [flaw for case in run for flaw in judge_case(policy, case)]
    return flaws + [
        flaw for figure in policy.figures.values() for flaw in judge_figure(policy.pack, figure)
    ]


def _differences(expect: Mapping[str, object], verdict: Verdict) -> Iterator[tuple[str, str]]:
    """Yield each pair of what was expected and what came instead."""
    decision = verdict.decision
    outcome = str(expect.get("outcome", decision.outcome))
    if outcome != decision.outcome:
        yield outcome, decision.outcome.value
    clause = decision.reasons[0].clause if decision.reasons else ""
    if str(expect.get("clause", clause)) != clause:
        yield f"clause {expect['clause']}", f"clause {clause}"
    codes = [reason.code for reason in decision.reasons]
    wanted = _texts(expect.get("reasons", ()))
    if not _in_order(wanted, codes):
        yield f"reasons {', '.join(wanted)}", f"reasons {', '.join(codes)}"
    for key, held in (("missing", [m.fact for m in decision.missing]), ("alerts", decision.alerts)):
        names = _texts(expect.get(key, held))
        if set(names) != set(held):
            yield f"{key} {', '.join(names) or 'none'}", f"{key} {', '.join(held) or 'none'}"
    yield from _figures(expect, decision)
    results = {one.id: word_of(one.value) for one in decision.conditions}
    for name, text in flatten(expect.get("conditions", {})):
        if results.get(name, "no such condition") != text:
            yield f"{name} {text}", f"{name} {results.get(name, 'no such condition')}"
    lets = {**verdict.guards, **verdict.values}
    for name, text in flatten(expect.get("values", {})):
        value = text_of(lets.get(f"let.{name}"))
        if not is_same(value, str(text)):
            yield f"{name} {text}", f"{name} {value}"


def _figures(expect: Mapping[str, object], decision: Decision) -> Iterator[tuple[str, str]]:
    """Yield each figure of a limit that is another; `quota.own` is the pool `own` of a limit."""
    uses = {use.id: use for use in decision.limits}
    limits = expect.get("limits", {})
    for name, figures in limits.items() if isinstance(limits, Mapping) else ():
        for what, text in flatten(figures):
            value = getattr(uses.get(name), what, None) or "unknown"
            if not is_same(value, str(text)):
                yield f"{name} {what} {text}", f"{name} {what} {value}"


def _texts(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list | tuple) else [str(value)]


def _in_order(wanted: Iterable[str], found: Iterable[str]) -> bool:
    """Tell whether all that is wanted is found, in its order, with others between.

    >>> _in_order("ac", "abc"), _in_order("ca", "abc")
    (True, False)
    """
    rest = iter(found)
    return all(any(one == other for other in rest) for one in wanted)
