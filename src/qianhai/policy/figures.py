"""Worked figures of the regulation: named expressions over stated facts, and what they come to.

They prove parameters and formulas that no facility decides by itself, with the pack's own values.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from qianhai.kernel import Flaw, Place
from qianhai.policy.compiling import Compiler
from qianhai.policy.facts import Values, read_facts
from qianhai.policy.model import Fact, Worked
from qianhai.policy.naming import Names, switch_flaws
from qianhai.policy.pack import Pack, Source
from qianhai.policy.standing import standing_on
from qianhai.policy.texts import is_same, text_of
from qianhai.rules import Env, TypedExpr, evaluate


@dataclass(frozen=True, slots=True)
class Figure:
    """A worked figure whose facts and expressions are checked."""

    worked: Worked
    source: Source
    facts: Values
    lets: Mapping[str, TypedExpr]

    @property
    def place(self) -> Place:
        """Return where the figure stands."""
        return self.source.document.place(self.source.path)


def read_figures(pack: Pack) -> tuple[dict[str, Figure], list[Flaw]]:
    """Read the facts and check the expressions of every worked figure."""
    figures: dict[str, Figure] = {}
    flaws: list[Flaw] = []
    for name, worked in pack.worked.items():
        source = pack.sources[f"worked:{name}"]
        names = Names(pack, source)
        flaws += switch_flaws(names, worked.switches, source.at("switches"))
        for let in worked.expect:
            flaws += names.known("let", let, worked.let, *source.at("expect", let))
        declared = {leaf: _declared(worked, leaf) for leaf in worked.facts}
        facts, found = read_facts(
            declared,
            [(leaf, fact.value) for leaf, fact in worked.facts.items()],
            partial(_place, source),
        )
        compiler = Compiler(pack, source, declared)
        compiler.check_lets(worked.let, source.at("let"))
        flaws += [*map(source.document.show, found), *compiler.flaws]
        figures[name] = Figure(worked, source, facts, compiler.lets)
    return figures, flaws


def _place(source: Source, leaf: str) -> Place:
    return source.document.place(source.at("facts", leaf, "value"))


def _declared(worked: Worked, leaf: str) -> Fact:
    """Return a figure's fact as a facility would declare it."""
    stated = worked.facts[leaf]
    return Fact(
        type=stated.type,
        currency=stated.currency,
        values=stated.values,
        of=stated.of,
        per=stated.per,
        zh=worked.source,
        en=worked.source,
    )


def judge_figure(pack: Pack, figure: Figure) -> list[Flaw]:
    """Return what a worked figure comes to where it is another than expected."""
    worked, source = figure.worked, figure.source
    standing = standing_on(pack, worked.on, switches=worked.switches)
    env = Env(figure.facts, standing.parameters, standing.switches, standing.open_clauses)
    flaws: list[Flaw] = []
    for name, expected in worked.expect.items():
        got = text_of(evaluate(figure.lets[name], env))
        if not is_same(got, expected):
            en = f"figure '{worked.id}': expected {name} {expected}, got {got}"
            zh = f"算例“{worked.id}”：{name} 应为 {expected}，实为 {got}"
            at = source.at("expect", name)
            flaws.append(source.document.flaw("P421", at, got, expected, en, zh))
    return flaws
