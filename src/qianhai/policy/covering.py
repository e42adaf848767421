"""What the examples of the pack show of each condition and limit: passed, failed, missing, edge.

A condition nobody has seen fail is not known to work. Holds the count of what is shown; examples
themselves are run by examples.py.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from qianhai.kernel import Flaw
from qianhai.policy.compiling import Compiled
from qianhai.policy.examples import Case, cases_of, decide_case
from qianhai.policy.limits import fits, limit_data
from qianhai.policy.model import Verdict
from qianhai.policy.policy import Policy
from qianhai.policy.reading import Document, Path
from qianhai.rules import Env, Node, TypedExpr, evaluate

_ORDERS: Final = frozenset({"<", "<=", ">", ">="})
_ROWS: Final = "_of"
_SIDES: Final[tuple[tuple[str, str, str], ...]] = (
    ("passed", "that it passes", "成立"),
    ("failed", "that it fails", "不成立"),
    ("missing", "without its facts", "缺少其事实"),
    ("edge", "exactly at its boundary", "恰在界限上"),
)


@dataclass(slots=True)
class Shown:
    """What the examples show of one condition or limit; None where there is nothing to show.

    `edges` tell which of a condition's ordered comparisons were met with both sides equal.
    """

    facility: str
    action: str
    name: str
    document: Document = field(repr=False)
    path: Path = field(repr=False)
    passed: bool = False
    failed: bool = False
    missing: bool | None = False
    edges: dict[int, bool] = field(default_factory=dict)

    @property
    def edge(self) -> bool | None:
        """Tell whether every ordered comparison was met at equality; None where there is none."""
        return all(self.edges.values()) if self.edges else None

    def count(self, value: bool | None) -> None:
        """Count one example in which it came to a value."""
        self.passed |= value is True
        self.failed |= value is False
        if value is None:
            self.missing = True


def coverage(policy: Policy) -> tuple[Shown, ...]:
    """Return what the examples show of every condition and limit of the pack."""
    shown: dict[tuple[int, str], Shown] = {}
    for compiled, document, at in _compiled(policy):
        names = (compiled.facility, compiled.name)
        for number, (condition, tree) in enumerate(compiled.tests.values()):
            path = (*at, "conditions", number)
            one = Shown(*names, condition.id, document, path, missing=False if tree.facts else None)
            one.edges = dict.fromkeys(range(len(list(_comparisons(tree.root)))), False)
            shown[id(compiled), f"test.{condition.id}"] = one
        for number, limit in enumerate(compiled.action.limits):
            path, edges = (*at, "limits", number), {0: False}
            shown[id(compiled), f"limit.{limit.id}"] = Shown(
                *names, limit.id, document, path, edges=edges
            )
    for case in cases_of(policy):
        if not case.flaws:
            _count(case, decide_case(policy, case), shown)
    return tuple(shown.values())


def _compiled(policy: Policy) -> Iterator[tuple[Compiled, Document, Path]]:
    """Yield every action and overlay, with where its conditions stand."""
    sources = policy.pack.sources
    for facility in policy.pack.facilities.values():
        for name in facility.actions:
            document = sources[f"facility:{facility.id}"].document
            yield policy.compiled(facility.id, name), document, ("actions", name)
    for name, compiled in policy.overlays.items():
        yield compiled, sources[f"overlay:{name}"].document, ()


def _count(case: Case, verdict: Verdict, shown: Mapping[tuple[int, str], Shown]) -> None:
    """Count what one example shows."""
    compiled, standing = case.compiled, case.standing
    env = Env(case.facts, standing.parameters, standing.switches, standing.open_clauses)
    for key, (_, tree) in compiled.tests.items():
        one = shown[id(compiled), f"test.{key}"]
        one.count(verdict.guards[f"test.{key}"])
        for number, sides in enumerate(_comparisons(tree.root)):
            values = [evaluate(TypedExpr("", side), env) for side in sides]
            one.edges[number] |= None not in values and values[0] == values[1]
    for limit in compiled.action.limits:
        draws = [draw for draw in verdict.draws if draw.limit.id == limit.id]
        value = fits(limit, draws, verdict.guards, verdict.values, ledger_decides=False)
        one = shown[id(compiled), f"limit.{limit.id}"]
        one.count(value)
        figures = limit_data(draws)
        one.edges[0] |= bool(value) and bool(figures) and figures["asked"] == figures["left"]


def _comparisons(node: Node) -> Iterator[tuple[Node, Node]]:
    """Yield both sides of each ordered comparison of a tree; what is asked of rows is left out."""
    op = getattr(node, "op", "")
    if op in _ORDERS:
        first, second = node.children
        yield first, second
    elif not op.endswith(_ROWS):
        for child in node.children:
            yield from _comparisons(child)


def uncovered(policy: Policy) -> list[Flaw]:
    """Return a flaw for each condition and limit of which the examples do not show every side."""
    flaws: list[Flaw] = []
    for one in coverage(policy):
        lacking = [(en, zh) for side, en, zh in _SIDES if getattr(one, side) is False]
        if lacking:
            en = (
                f"`{one.name}` of {one.facility} has no example {', '.join(e for e, _ in lacking)}."
            )
            zh = f"{one.facility} 的“{one.name}”缺少示例：{'、'.join(z for _, z in lacking)}。"
            expected = "an example for each side"
            flaws.append(one.document.flaw("P422", one.path, one.name, expected, en, zh))
    return flaws
