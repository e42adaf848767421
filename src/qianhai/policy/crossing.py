"""Checks what facilities and overlays say of the rest of the pack: every name leads somewhere.

Names of clauses, providers and their arguments, documents, accounts, positions, limits, effects.
The expressions are checked by compiling.py; examples by naming.py.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from qianhai.kernel import CURRENCIES, Flaw, Outcome
from qianhai.policy.compiling import Compiled
from qianhai.policy.facts import leaves_of
from qianhai.policy.model import Action, Condition, Facility, Fact, Limit
from qianhai.policy.movements import ANY_ACCOUNT
from qianhai.policy.naming import Names, example_flaws
from qianhai.policy.pack import Pack
from qianhai.policy.reading import Document, Path
from qianhai.rules import TypedExpr

#: What a provider or an effect may do without; other arguments of the vocabulary are needed.
OPTIONAL_ARGS: Final = frozenset({"pool", "amount", "line"})
#: Arguments of a provider that name the fact it goes by.
_NAMING_ARGS: Final = ("id", "line", "number")
#: Columns of an input that are no fact and no party.
_RESERVED: Final = frozenset({"id", "facility", "action", "of", "value_date", "kind"})
#: Who knows a recorded ground: a paper on file, or a list that carries the party.
_GROUNDS: Final = frozenset({"record_exists", "qualification"})


def cross_flaws(pack: Pack) -> Iterator[Flaw]:
    """Yield every name of a facility or an overlay that leads nowhere."""
    for facility in pack.facilities.values():
        names = Names(pack, pack.sources[f"facility:{facility.id}"])
        yield from _facility(names, facility)
        leaves = leaves_of(facility.facts)
        yield from example_flaws(names, facility, leaves, facility.actions)
    for overlay in pack.overlays.values():
        names = Names(pack, pack.sources[f"overlay:{overlay.id}"])
        yield from names.known("measure", str(overlay.measure), map(str, pack.measures), "measure")
        yield from _facts(names, overlay.facts, None)
        kinds = pack.vocabulary["accounts"]
        yield from names.known("account kind", overlay.on_debit.kind, kinds, "on_debit", "kind")
        if overlay.credit_kind:
            kind = overlay.credit_kind.kind
            yield from names.known("account kind", kind, kinds, "credit_kind", "kind")
        if overlay.clause:
            yield from names.known("clause", overlay.clause, pack.clauses, "clause")
        leaves = leaves_of(overlay.facts)
        yield from _conditions(names, overlay.conditions, leaves, ())
        yield from example_flaws(names, overlay, leaves, ())


def compiled_flaws(pack: Pack, actions: Mapping[tuple[str, str], Compiled]) -> Iterator[Flaw]:
    """Yield what only the checked expressions can tell: what conditions and limits read."""
    for (facility, name), compiled in actions.items():
        document = pack.sources[f"facility:{facility}"].document
        yield from _ground(pack, document, name, compiled)
        yield from _used(document, name, compiled)


def _providers(compiled: Compiled, trees: Iterable[TypedExpr]) -> set[str]:
    leaves = leaves_of(compiled.facts)
    return {leaves[leaf].fact.provider for tree in trees for leaf in tree.facts}


def _ground(pack: Pack, document: Document, name: str, compiled: Compiled) -> Iterator[Flaw]:
    """Yield a flaw for a first action under a supported clause that asks for no ground.

    Such a clause permits nothing by itself: the licence, filing or rule that already exists must
    be on record (SYSTEMS section 2). A later action rests on the one it continues.
    """
    action = compiled.action
    if pack.clauses.get(action.clause) != "supported" or action.of:
        return
    if not _GROUNDS & _providers(compiled, (tree for _, tree in compiled.tests.values())):
        en = (
            f"clause {action.clause} is only supported, and no condition of `{name}` asks for "
            "a recorded ground (record_exists or qualification)."
        )
        zh = (
            f"第{action.clause}款仅为支持，“{name}”没有要求登记在案的依据"
            "（record_exists 或 qualification）。"
        )
        at, expected = ("actions", name, "clause"), "a condition on a recorded ground"
        yield document.flaw("P406", at, action.clause, expected, en, zh)


def _used(document: Document, name: str, compiled: Compiled) -> Iterator[Flaw]:
    """Yield a flaw for each pool whose use is not what the ledger says of it."""
    for number, limit in enumerate(compiled.action.limits):
        for at_pool, pool in enumerate(limit.parts):
            tree = compiled.values.get(f"limit.{limit.id}.{pool.id}.used")
            if tree is not None and "used" not in _providers(compiled, [tree]):
                part: Path = ("pools", at_pool) if limit.pools else ()
                at = ("actions", name, "limits", number, *part, "used")
                en = f"`{pool.used}` is not what the ledger has on the limit (provider used)."
                zh = f"“{pool.used}”不是账本所记的额度使用数（来源 used）。"
                yield document.flaw("P409", at, pool.used, "a fact of provider used", en, zh)


def _facility(names: Names, facility: Facility) -> Iterator[Flaw]:
    yield from names.known(
        "measure", str(facility.measure), map(str, names.pack.measures), "measure"
    )
    for role in facility.parties:
        yield from _reserved(names, role, ("parties", role))
    yield from _facts(names, facility.facts, facility)
    leaves = leaves_of(facility.facts)
    for name, position in facility.positions.items():
        at: Path = ("positions", name)
        keys = ["instruction", *facility.parties, *leaves]
        yield from names.known("fact", position.key, keys, *at, "key")
        yield from _currency(names, position.currency, leaves, (*at, "currency"))
    for name, action in facility.actions.items():
        yield from _action(names, facility, action, ("actions", name))


def _reserved(names: Names, name: str, path: Path) -> Iterator[Flaw]:
    if name in _RESERVED:
        en, zh = (
            f"`{name}` is a column of its own in every input.",
            f"“{name}”是输入文件的专用列名。",
        )
        yield names.document.flaw("P403", path, name, "another name", en, zh)


def _currency(names: Names, currency: str, leaves: Iterable[str], path: Path) -> Iterator[Flaw]:
    yield from names.known("currency", currency, [*CURRENCIES, *leaves], *path)


def _facts(names: Names, facts: Mapping[str, Fact], facility: Facility | None) -> Iterator[Flaw]:
    leaves = leaves_of(facts)
    stated = [name for name, fact in facts.items() if fact.type == "money" and not fact.currency]
    for leaf in (f"{name}.{part}" for name in stated for part in ("amount", "currency")):
        if leaf in facts:
            en, zh = f"the fact `{leaf}` stands twice.", f"事实“{leaf}”重复。"
            yield names.document.flaw("P404", ("facts", leaf), leaf, "one fact", en, zh)
    for name, fact in facts.items():
        path: Path = ("facts", name)
        yield from _reserved(names, name, path)
        yield from _declaration(names, fact, leaves, path)
        yield from _provider(names, fact, leaves, path)
        if facility:
            yield from _arguments(names, fact, facility, path)


def _declaration(names: Names, fact: Fact, leaves: Iterable[str], path: Path) -> Iterator[Flaw]:
    """Yield a flaw where a fact's type needs more words than it has."""
    if fact.type == "money" and fact.currency:
        yield from _currency(names, fact.currency, leaves, (*path, "currency"))
    if fact.type == "rate":
        for side in ("of", "per"):
            yield from _currency(names, getattr(fact, side), leaves, (*path, side))
    needs = {"enum": ("values", fact.values), "list": ("fields", fact.fields)}
    if fact.type in needs and not needs[fact.type][1]:
        field = needs[fact.type][0]
        en, zh = (
            f"a fact of type {fact.type} names its {field}.",
            f"{fact.type} 类型须写明 {field}。",
        )
        yield names.document.flaw("P404", (*path, "type"), fact.type, field, en, zh)
    for name, field_ in fact.fields.items():
        if field_.type == "money":
            stated = [*leaves, *fact.fields]
            yield from _currency(
                names, field_.currency, stated, (*path, "fields", name, "currency")
            )
        if field_.type in {"list", "rate"} or (field_.type == "enum" and not field_.values):
            en = f"an item's field of type {field_.type} cannot be read."
            zh = f"条目字段不能为 {field_.type} 类型，枚举须写明取值。"
            at = (*path, "fields", name, "type")
            yield names.document.flaw("P404", at, field_.type, "a plain type", en, zh)


def _provider(names: Names, fact: Fact, leaves: Iterable[str], path: Path) -> Iterator[Flaw]:
    vocabulary = names.pack.vocabulary
    yield from names.known("provider", fact.provider, vocabulary["providers"], *path, "provider")
    if fact.document:
        known = vocabulary["documents"]
        yield from names.known("document", fact.document, known, *path, "document")
    provider = vocabulary["providers"].get(fact.provider)
    if provider:
        yield from names.arguments(fact.args, provider.args, OPTIONAL_ARGS, (*path, "with"))
        for arg in provider.words.keys() & fact.args.keys():
            words = provider.words[arg]
            yield from names.known("value", fact.args[arg], words, *path, "with", arg)
    for arg in _NAMING_ARGS:
        if arg in fact.args:
            yield from names.known("fact", fact.args[arg], leaves, *path, "with", arg)


def _arguments(names: Names, fact: Fact, facility: Facility, path: Path) -> Iterator[Flaw]:
    """Yield a flaw for each argument that names nothing of its facility."""
    limits = [limit for action in facility.actions.values() for limit in action.limits]
    wanted = fact.args.get("limit", "")
    known: dict[str, tuple[str, Iterable[str]]] = {
        "party": ("party", facility.parties),
        "parent": ("party", facility.parties),
        "child": ("party", facility.parties),
        "limit": ("limit", [limit.id for limit in limits]),
        "pool": ("pool", [p.id for limit in limits if limit.id == wanted for p in limit.parts]),
        "position": ("position", facility.positions),
    }
    for arg, value in fact.args.items():
        if arg in known:
            yield from names.known(known[arg][0], value, known[arg][1], *path, "with", arg)
        elif arg == "account":
            yield from _account(names, facility, value, (*path, "with", arg))


def _account(names: Names, facility: Facility, name: str, path: Path) -> Iterator[Flaw]:
    role, _, kind = name.partition(".")
    yield from names.known("party", role, facility.parties, *path)
    kinds = ["account", ANY_ACCOUNT, *names.pack.vocabulary["accounts"]]
    yield from names.known("account kind", kind, kinds, *path)


def _action(names: Names, facility: Facility, action: Action, at: Path) -> Iterator[Flaw]:
    clauses, leaves = names.pack.clauses, leaves_of(facility.facts)
    yield from names.known("clause", action.clause, clauses, *at, "clause")
    yield from _conditions(names, action.conditions, leaves, at)
    yield from names.once([ground.id for ground in action.grounds], (*at, "grounds"))
    for number, ground in enumerate(action.grounds):
        if ground.clause:
            yield from names.known("clause", ground.clause, clauses, *at, "grounds", number)
    for name in action.let:
        if name in leaves or f"{name}.amount" in leaves:
            en, zh = f"the let `{name}` hides a fact.", f"let“{name}”遮住了同名事实。"
            yield names.document.flaw("P404", (*at, "let", name), name, "another name", en, zh)
    yield from names.once([limit.id for limit in action.limits], (*at, "limits"))
    for number, limit in enumerate(action.limits):
        yield from _limit(names, facility, limit, (*at, "limits", number))
    yield from _continued(names, facility, action, at)
    yield from _asked_for(names, facility, action, at)


def _continued(names: Names, facility: Facility, action: Action, at: Path) -> Iterator[Flaw]:
    """Yield the names of what an action continues, gives back, opens and closes."""
    for number, of in enumerate(action.of):
        yield from names.known("action", of, facility.actions, *at, "of", number)
    before = [facility.actions[of] for of in action.of if of in facility.actions]
    drawn = [limit.id for one in before for limit in one.limits]
    for name in action.release:
        yield from names.known("limit", name, drawn, *at, "release", name)
    for word, used in (("opens", action.opens), ("closes", action.closes)):
        for name in used:
            yield from names.known("position", name, facility.positions, *at, word, name)


def _asked_for(names: Names, facility: Facility, action: Action, at: Path) -> Iterator[Flaw]:
    """Yield the names of legs, effects, documents and reports."""
    vocabulary = names.pack.vocabulary
    for number, leg in enumerate(action.legs):
        yield from _account(names, facility, leg.debit, (*at, "legs", number, "debit"))
        yield from _account(names, facility, leg.credit, (*at, "legs", number, "credit"))
    for number, effect in enumerate(action.effects):
        path = (*at, "effects", number)
        yield from names.known("effect", effect.name, vocabulary["effects"], *path, "name")
        if effect.name in vocabulary["effects"]:
            wanted = vocabulary["effects"][effect.name].args
            known = [*wanted, *effect.args]
            optional = OPTIONAL_ARGS | (set(known) - set(wanted))
            yield from names.arguments(effect.args, known, optional, (*path, "with"))
    for word, listed in (("documents", action.documents), ("reports", action.reports)):
        for number, name in enumerate(listed):
            yield from names.known(word[:-1], name, vocabulary[word], *at, word, number)


def _conditions(
    names: Names, conditions: Iterable[Condition], leaves: Iterable[str], at: Path
) -> Iterator[Flaw]:
    yield from names.once([condition.id for condition in conditions], (*at, "conditions"))
    for number, condition in enumerate(conditions):
        path = (*at, "conditions", number)
        if condition.clause:
            yield from names.known("clause", condition.clause, names.pack.clauses, *path, "clause")
        if condition.reason:
            known = names.pack.vocabulary["reasons"]
            yield from names.known("reason", condition.reason, known, *path, "reason")
        for place, leaf in enumerate(condition.asks):
            yield from names.known("fact", leaf, leaves, *path, "asks", place)
        yield from _otherwise(names, condition.otherwise, path)


def _otherwise(names: Names, otherwise: Outcome, path: Path) -> Iterator[Flaw]:
    if otherwise is Outcome.PERMITTED:
        en = "a failure cannot permit; say what it gives, or leave the condition out."
        zh = "条件不成立不能得出准予办理；请写明其结果，或删去该条件。"
        at = (*path, "otherwise")
        yield names.document.flaw("P405", at, otherwise, "another outcome", en, zh)


def _limit(names: Names, facility: Facility, limit: Limit, at: Path) -> Iterator[Flaw]:
    leaves = leaves_of(facility.facts)
    yield from _otherwise(names, limit.otherwise, at)
    if limit.clause:
        yield from names.known("clause", limit.clause, names.pack.clauses, *at, "clause")
    yield from names.once([pool.id for pool in limit.pools], (*at, "pools"))
    for number, pool in enumerate(limit.parts):
        path = (*at, "pools", number) if limit.pools else at
        holders = [*facility.parties, *leaves]
        for name in ("holder", "cap", "used"):
            if not getattr(pool, name):
                en = f"the limit `{limit.id}` has no `{name}`; write `{name}: ...` here."
                zh = f"额度“{limit.id}”缺少 {name}；请在此处补写“{name}: ...”。"
                yield names.document.flaw("P011", path, "", f"`{name}`", en, zh)
        if pool.holder:
            yield from names.known("party or fact", pool.holder, holders, *path, "holder")
