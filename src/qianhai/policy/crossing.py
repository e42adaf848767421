"""Checks what pack files say of each other: every name used is a name somewhere.

Names of clauses, providers, documents, accounts, positions, effects, units; each measure in its
section; each example of an action that exists. The expressions are checked by compiling.py.
"""

from collections.abc import Iterable, Iterator

from qianhai.kernel import Flaw, nearest
from qianhai.policy.facts import leaves_of
from qianhai.policy.model import Action, Fact, Facility, Measure
from qianhai.policy.pack import Pack
from qianhai.policy.reading import Document, Path


def cross_flaws(pack: Pack) -> list[Flaw]:
    """Return every name of the pack that leads nowhere."""
    flaws: list[Flaw] = []
    for facility in pack.facilities.values():
        flaws += _Names(pack, pack.sources[f"facility:{facility.id}"]).of_facility(facility)
    for overlay in pack.overlays.values():
        names = _Names(pack, pack.sources[f"overlay:{overlay.id}"])
        flaws += names.of_facts(overlay.facts, ())
        flaws += names.known(
            "account kind", overlay.on_debit.kind, pack.vocabulary["accounts"], ("on_debit", "kind")
        )
    flaws += _counts(pack)
    return flaws


class _Names:
    """Looks up the names one file uses."""

    def __init__(self, pack: Pack, document: Document) -> None:
        self.pack = pack
        self.document = document

    def known(self, what: str, name: str, words: Iterable[str], path: Path) -> Iterator[Flaw]:
        """Yield a flaw when a name is not among the words."""
        known = list(words)
        if name in known:
            return
        near = nearest(name, known)
        hint, zh = (f" Nearest name: `{near}`.", f"相近名称：“{near}”。") if near else ("", "")
        yield Flaw(
            "P204",
            self.document.place(path),
            name,
            f"a known {what}",
            f"unknown {what} `{name}`.{hint}",
            f"未知名称“{name}”（{what}）。{zh}",
            self.document.excerpt(path),
        )

    def of_facility(self, facility: Facility) -> Iterator[Flaw]:
        yield from self.known(
            "measure", str(facility.measure), map(str, self.pack.measures), ("measure",)
        )
        yield from self.of_facts(facility.facts, facility.parties)
        for name, action in facility.actions.items():
            yield from self.of_action(facility, action, ("actions", name))
        for number, example in enumerate(facility.examples):
            if example.action:
                yield from self.known(
                    "action", example.action, facility.actions, ("examples", number, "action")
                )
            for given in example.given:
                yield from self.known(
                    "set of facts", given, facility.given, ("examples", number, "given")
                )

    def of_facts(self, facts: dict[str, Fact] | object, roles: Iterable[str]) -> Iterator[Flaw]:
        assert isinstance(facts, dict)
        vocabulary = self.pack.vocabulary
        leaves = leaves_of(facts)
        for name, fact in facts.items():
            path: Path = ("facts", name)
            yield from self.known(
                "provider", fact.provider, vocabulary["providers"], (*path, "provider")
            )
            if fact.document:
                yield from self.known(
                    "document", fact.document, vocabulary["documents"], (*path, "document")
                )
            wanted = vocabulary["providers"].get(fact.provider)
            for arg in fact.args:
                if wanted:
                    yield from self.known("argument", arg, wanted.args, (*path, "with", arg))
            for arg in ("party", "parent", "child"):
                if arg in fact.args and roles:
                    yield from self.known("party", fact.args[arg], roles, (*path, "with", arg))
            if fact.provider in {"record", "record_exists"} and fact.args.get("id") not in leaves:
                yield from self.known(
                    "fact", fact.args.get("id", ""), leaves, (*path, "with", "id")
                )

    def of_action(self, facility: Facility, action: Action, at: Path) -> Iterator[Flaw]:
        pack = self.pack
        clauses = [c.id for m in pack.measures.values() for c in m.clauses]
        yield from self.known("clause", action.clause, clauses, (*at, "clause"))
        for number, condition in enumerate(action.conditions):
            if condition.clause:
                yield from self.known(
                    "clause", condition.clause, clauses, (*at, "conditions", number, "clause")
                )
            if condition.reason:
                yield from self.known(
                    "reason",
                    condition.reason,
                    pack.vocabulary["reasons"],
                    (*at, "conditions", number, "reason"),
                )
        for of in action.of:
            yield from self.known("action", of, facility.actions, (*at, "of"))
        for word, used in (("opens", action.opens), ("closes", action.closes)):
            for name in used:
                yield from self.known("position", name, facility.positions, (*at, word, name))
        for number, leg in enumerate(action.legs):
            for side in ("debit", "credit"):
                yield from self.of_account(
                    facility, getattr(leg, side), (*at, "legs", number, side)
                )
        for number, effect in enumerate(action.effects):
            yield from self.known(
                "effect", effect.name, pack.vocabulary["effects"], (*at, "effects", number, "name")
            )
        for word in ("documents", "reports"):
            for number, name in enumerate(getattr(action, word)):
                yield from self.known(word[:-1], name, pack.vocabulary[word], (*at, word, number))
        leaves = leaves_of(facility.facts)
        for number, limit in enumerate(action.limits):
            for at_pool, pool in enumerate(limit.parts):
                path = (
                    *at,
                    "limits",
                    number,
                    *(("pools", at_pool) if limit.pools else ()),
                    "holder",
                )
                yield from self.known(
                    "party or fact", pool.holder, [*facility.parties, *leaves], path
                )

    def of_account(self, facility: Facility, name: str, path: Path) -> Iterator[Flaw]:
        role, _, kind = name.partition(".")
        yield from self.known("party", role, facility.parties, path)
        yield from self.known(
            "account kind", kind, ["account", *self.pack.vocabulary["accounts"]], path
        )


def _counts(pack: Pack) -> Iterator[Flaw]:
    """Yield a flaw for each part of the frame that the measures do not fill."""
    units = {unit.slug for unit in pack.plan.units}
    sections = {section.id: section for section in pack.plan.sections}
    for measure in pack.measures.values():
        yield from _measure(pack, measure, units, sections.keys())


def _measure(
    pack: Pack, measure: Measure, units: set[str], sections: Iterable[int]
) -> Iterator[Flaw]:
    where = pack.sources.get(f"measure:{measure.id}")
    assert where is not None, "a measure was read from a file"
    names = _Names(pack, where)
    for number, unit in enumerate(measure.units):
        yield from names.known("unit", unit, units, ("units", number))
    yield from names.known("section", str(measure.section), map(str, sections), ("section",))
    for number, related in enumerate(measure.related):
        yield from names.known(
            "measure", str(related), map(str, pack.measures), ("related", number)
        )
    for number, system in enumerate(measure.systems):
        yield from names.known(
            "system", system, [s.slug for s in pack.plan.systems], ("systems", number)
        )
