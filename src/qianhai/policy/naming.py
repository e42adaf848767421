"""Looks up the names one file of the pack uses, and those its examples use.

Holds look-up and its flaws. Must not know an expression.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from qianhai.kernel import Flaw, Outcome
from qianhai.policy.model import Example, Facility, Overlay
from qianhai.policy.pack import Pack, Source
from qianhai.policy.reading import Document, Path

_CHINESE: Final[Mapping[str, str]] = {
    "account kind": "账户种类",
    "need": "条件",
    "action": "业务操作",
    "argument": "参数",
    "clause": "款",
    "code": "代码",
    "code table": "代码表",
    "condition": "条件",
    "currency": "币种",
    "document": "单据",
    "effect": "效果",
    "expectation": "预期项",
    "fact": "事实",
    "field": "字段",
    "let": "中间值",
    "limit": "额度",
    "measure": "条",
    "outcome": "结论",
    "party": "主体",
    "party or fact": "主体或事实",
    "pool": "额度池",
    "position": "未了结数",
    "provider": "事实来源",
    "reason": "理由代码",
    "report": "报告",
    "set of facts": "事实组",
    "switch": "解释口径",
    "value": "取值",
}

#: The kinds of entries that a name of the kind may lead to.
_HOLDERS: Final[Mapping[str, str]] = {
    "account kind": "accounts",
    "clause": "measure",
    "code table": "codes",
    "document": "documents",
    "effect": "effects",
    "measure": "measure",
    "provider": "providers",
    "reason": "reasons",
    "report": "reports",
    "switch": "switch",
}

#: What an example may expect.
EXPECTED: Final = (
    "outcome", "clause", "reasons", "limits", "missing", "values", "conditions", "alerts",
)  # fmt: skip


class Names:
    """Looks up the names one file uses."""

    def __init__(self, pack: Pack, source: Source) -> None:
        self.pack = pack
        self.document: Document = source.document

    def known(self, what: str, name: str, words: Iterable[str], *path: str | int) -> Iterator[Flaw]:
        """Yield a flaw when a name is not among the words."""
        known = list(words)
        if name not in known and _HOLDERS.get(what) not in self.pack.partial:
            yield self.document.unknown(path, what, _CHINESE[what], name, known)

    def once(self, ids: Sequence[str], path: Path) -> Iterator[Flaw]:
        """Yield a flaw for each id that stands a second time in a list of entries."""
        counted = Counter[str]()
        for number, name in enumerate(ids):
            counted[name] += 1
            if counted[name] > 1:
                en, zh = f"the id `{name}` stands twice here.", f"编号“{name}”在此重复。"
                at = (*path, number, "id")
                yield self.document.flaw("P020", at, name, "an id of its own", en, zh)

    def arguments(
        self,
        given: Mapping[str, str],
        known: Iterable[str],
        optional: Collection[str],
        path: Path,
    ) -> Iterator[Flaw]:
        """Yield a flaw for each argument that is not known, and each that is needed and missing."""
        words = list(known)
        for name in given:
            yield from self.known("argument", name, words, *path, name)
        for name in words:
            if name not in given and name not in optional:
                en = f"the argument `{name}` is missing; write `{name}: ...` here."
                zh = f"缺少参数“{name}”；请在此处补写“{name}: ...”。"
                yield self.document.flaw("P011", path, "", f"`{name}`", en, zh)


def example_flaws(
    names: Names, owner: Facility | Overlay, leaves: Iterable[str], actions: Iterable[str]
) -> Iterator[Flaw]:
    """Yield every name of the owner's examples that leads nowhere."""
    yield from names.once([example.id for example in owner.examples], ("examples",))
    for number, example in enumerate(owner.examples):
        at: Path = ("examples", number)
        if example.action:
            yield from names.known("action", example.action, actions, *at, "action")
        for place, given in enumerate(example.given):
            yield from names.known("set of facts", given, owner.given, *at, "given", place)
        whole = [*leaves, *(leaf.removesuffix(".amount") for leaf in leaves)]
        for place, leaf in enumerate(example.without):
            yield from names.known("fact", leaf, whole, *at, "without", place)
        for place, clause in enumerate(example.opens):
            yield from names.known("clause", clause, names.pack.clauses, *at, "opens", place)
        yield from switch_flaws(names, example.switches, (*at, "switches"))
        yield from _expectations(names, example, at)


def switch_flaws(names: Names, switches: Mapping[str, str], path: Path) -> Iterator[Flaw]:
    """Yield a flaw for each reading that is not there, or not at that value."""
    for name, value in switches.items():
        switch = names.pack.switches.get(name)
        yield from names.known("switch", name, names.pack.switches, *path, name)
        if switch:
            yield from names.known("value", value, switch.values, *path, name)


def _expectations(names: Names, example: Example, at: Path) -> Iterator[Flaw]:
    for name in example.expect:
        yield from names.known("expectation", name, EXPECTED, *at, "expect", name)
    outcome = example.expect.get("outcome")
    if outcome is not None:
        words = [one.value for one in Outcome]
        yield from names.known("outcome", str(outcome), words, *at, "expect", "outcome")
    elif not example.expect:
        en, zh = "the example expects nothing.", "示例没有写明预期。"
        yield names.document.flaw("P011", (*at, "expect"), "", "`outcome`", en, zh)
