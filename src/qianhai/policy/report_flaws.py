"""Checks what reports say: every field can be filled in for every action that owes the report.

Every fact, party, kind of account, field and code that a form names is there, and a field that some
business cannot fill in is declared optional. Must not fill a form in.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from qianhai.kernel import Flaw
from qianhai.policy.compiling import Compiled
from qianhai.policy.facts import Leaf, leaves_of
from qianhai.policy.naming import Names
from qianhai.policy.pack import Pack
from qianhai.policy.reading import Document, Path
from qianhai.policy.reporting import OF_A_LINE, CodeTable, ReportField, ReportForm

#: Kinds of accounts the platform opens beside those of the pack: a limit and where its units are.
_OF_LIMITS: Final = ("limit", "drawn", "granted")
#: What a leg is called by, whichever of its accounts is of the kinds.
_SIDES: Final = ("debited", "credited", "else")
#: The type a field of a source has; of other sources it is what the pack says.
_TYPES: Final = {
    "amount": "money",
    "held": "money",
    "value_on": "date",
    "code": "code",
    "currency": "currency",
}
#: The type a field has for a fact of a type.
_OF_FACT: Final = {"enum": "text", "rate": "number"}
_RESERVED: Final = frozenset({"id", "facility", "action", "of", "value_date", "kind"})

Actions = Mapping[tuple[str, str], Compiled]


def report_flaws(pack: Pack, actions: Actions) -> Iterator[Flaw]:
    """Yield every point on which a form or a table of codes does not fit the rest of the pack."""
    for name, table in pack.codes.items():
        yield from _table(pack.sources[f"codes:{name}"].document, table)
    for name, form in pack.forms.items():
        check = _Form(pack, form)
        yield from check.shape()
        yield from check.facts()
        for key, compiled in actions.items():
            if name in compiled.action.reports:
                yield from check.filled(key, compiled)


def _table(document: Document, table: CodeTable) -> Iterator[Flaw]:
    try:
        re.compile(table.pattern)
    except re.error as fault:
        en, zh = f"`{table.pattern}` is no pattern: {fault}.", f"“{table.pattern}”不是有效的格式。"
        yield document.flaw("P416", ("pattern",), table.pattern, "a regular expression", en, zh)
        return
    seen: dict[str, int] = {}
    for number, one in enumerate(table.codes):
        at: Path = ("codes", number, "code")
        if not table.fits(one.code):
            en = f"`{one.code}` has not the form of the table, {table.form.en}."
            zh = f"“{one.code}”不符合该表的格式（{table.form.zh}）。"
            yield document.flaw("P416", at, one.code, table.form.en, en, zh)
        before = table.codes[seen[one.code]] if one.code in seen else None
        if before is not None and (
            before.until is None or (one.first or table.first) <= before.until
        ):
            en, zh = f"the code `{one.code}` stands twice for a day.", f"代码“{one.code}”重复。"
            yield document.flaw("P416", at, one.code, "each code once", en, zh)
        seen[one.code] = number


def _lacks(one: ReportField) -> bool:
    """Tell whether a field does not say what its source needs."""
    lacks = {
        "constant": not one.value,
        "party": not one.of,
        "fact": not one.of,
        "code": not (one.of or one.implied) or not one.table,
        "area": len(one.of) != 1,
        "group": len(one.of) != 1,
        "side": not one.of or tuple(one.words) != _SIDES,
        "kind": one.value not in {"debit", "credit"},
    }
    return lacks.get(one.source, False)


class _Form:
    """One form, held to the pack."""

    def __init__(self, pack: Pack, form: ReportForm) -> None:
        self._pack, self._form = pack, form
        source = pack.sources[f"form:{form.id}"]
        self._names, self._document = Names(pack, source), source.document
        self._actions = [f"{f.id}.{a}" for f in pack.facilities.values() for a in f.actions]

    def _wrong(self, path: Path, value: str, expected: str, en: str, zh: str) -> Flaw:
        return self._document.flaw("P414", path, value, expected, en, zh)

    def shape(self) -> Iterator[Flaw]:
        """Yield what is wrong with the form whatever action owes it."""
        form, names = self._form, self._names
        yield from names.known("report", form.id, self._pack.vocabulary["reports"], "id")
        before: list[str] = []
        for part, fields in (("fields", form.fields), ("lines", form.lines)):
            for name, one in fields.items():
                path: Path = (part, name)
                if name in before:
                    en, zh = f"the field `{name}` stands twice.", f"字段“{name}”重复。"
                    yield self._wrong(path, name, "a name of its own", en, zh)
                if part == "fields" and one.source in OF_A_LINE:
                    en = f"`{one.source}` is of a leg; the field belongs under `lines`."
                    zh = f"“{one.source}”取自分录，该字段应写在 lines 下。"
                    yield self._wrong((*path, "from"), one.source, "a source of the record", en, zh)
                yield from self._field(one, path, before)
                before.append(name)
        for number, name in enumerate(form.returns.by):
            yield from names.known("field", name, before, "returns", "by", number)
        is_counted = form.counts != "none"
        if is_counted != bool(form.lines) or (
            is_counted and not (form.line_of("amount") and form.line_of("currency"))
        ):
            en = (
                "a form that counts legs has lines with an amount and a currency; others have none."
            )
            zh = "按分录统计的格式须有 lines，且含金额与币种；否则不得有 lines。"
            yield self._wrong(("counts",), form.counts, "lines that go with it", en, zh)

    def _field(self, one: ReportField, path: Path, before: list[str]) -> Iterator[Flaw]:
        """Yield what a field names that is not there, and what it lacks."""
        names = self._names
        if _TYPES.get(one.source, one.type) != one.type:
            en = f"`{one.source}` gives {_TYPES[one.source]}; write type: {_TYPES[one.source]}."
            zh = f"“{one.source}”的类型为 {_TYPES[one.source]}。"
            yield self._wrong((*path, "type"), one.type, _TYPES[one.source], en, zh)
        if _lacks(one):
            en = f"a field from `{one.source}` needs more; docs/reports.md says what."
            zh = f"来源为“{one.source}”的字段缺少必要内容，见 docs/reports.md。"
            yield self._wrong((*path, "from"), one.source, "what its source needs", en, zh)
        kinds = [*self._pack.vocabulary["accounts"], *_OF_LIMITS]
        for number, kind in enumerate(one.beside):
            yield from names.known("account kind", kind, kinds, *path, "beside", number)
        listed = {
            "side": ("account kind", kinds),
            "area": ("field", before),
            "group": ("field", before),
        }
        if one.source in listed:
            what, known = listed[one.source]
            for number, name in enumerate(one.of):
                yield from names.known(what, name, known, *path, "of", number)
        for name in one.only:
            yield from names.known("field", name, before, *path, "only", name)
        for word in ("unknown", "unless"):
            for number, name in enumerate(getattr(one, word)):
                yield from names.known("action", name, self._actions, *path, word, number)
        yield from self._coded(one, path)

    def _coded(self, one: ReportField, path: Path) -> Iterator[Flaw]:
        """Yield what is wrong with a field that is a code, or that a code gives."""
        if one.table or one.source == "code":
            yield from self._names.known("code table", one.table, self._pack.codes, *path, "table")
        named = self._form.every.get(one.of[0], one) if one.of else one
        if one.source == "group" and named.source != "code":
            en, zh = "a group is that of a code.", "大类须取自代码字段。"
            yield self._wrong((*path, "of"), ", ".join(one.of), "a field from code", en, zh)
        table = self._pack.codes.get(one.table)
        for action, code in one.implied.items():
            at: Path = (*path, "implied", action)
            yield from self._names.known("action", action, self._actions, *at)
            sure = [c for c in table.codes if c.code == code] if table else []
            if table and (not sure or any(c.confidence == "memory-unsure" for c in sure)):
                en = f"the table does not know `{code}` for sure; who is unsure asks the sender."
                zh = f"代码表不能确定“{code}”；不确定的代码须由发起人填报。"
                yield self._wrong(at, code, "a code the table is sure of", en, zh)

    def facts(self) -> Iterator[Flaw]:
        """Yield what is wrong with the facts only a sender can say."""
        pack, names, form = self._pack, self._names, self._form
        owing = [
            f
            for f in pack.facilities.values()
            if any(form.id in a.reports for a in f.actions.values())
        ]
        for name, fact in form.facts.items():
            path: Path = ("facts", name)
            if fact.document:
                known = pack.vocabulary["documents"]
                yield from names.known("document", fact.document, known, *path, "document")
            if fact.codes:
                yield from names.known("code table", fact.codes, pack.codes, *path, "codes")
            if fact.provider != "sender" or fact.type in {"list", "rate"}:
                en = "what a report asks is one plain value that the sender says."
                zh = "报告所需事实应为发起人填报的单一值。"
                yield self._wrong(path, fact.type, "a plain fact of the sender", en, zh)
            taken = [f.id for f in owing if _is_taken(f.facts, f.parties, name)]
            if name in _RESERVED or taken:
                where = taken[0] if taken else "every input"
                en = f"`{name}` is a column of {where} already."
                zh = f"“{name}”已是 {where} 的列名。"
                yield self._wrong(path, name, "another name", en, zh)
            others = [o for o in pack.forms.values() if name in o.facts and o.facts[name] != fact]
            if others:
                en = f"the report `{others[0].id}` declares `{name}` otherwise."
                zh = f"报告“{others[0].id}”对“{name}”的声明不同。"
                yield self._wrong(path, name, "one declaration", en, zh)

    def filled(self, key: tuple[str, str], compiled: Compiled) -> Iterator[Flaw]:
        """Yield each field that an action which owes the report cannot fill in."""
        form, facility = self._form, self._pack.facilities[key[0]]
        leaves = {**leaves_of(compiled.facts), **leaves_of(form.facts)}
        read = self._read_by(key, compiled)
        roles = {*facility.parties, *(role.iso for role in facility.parties.values())}
        for part, fields in (("fields", form.fields), ("lines", form.lines)):
            for name, one in fields.items():
                where = f"{key[0]}.{key[1]}"
                candidates = [n for group in (one.of, *one.items.values()) for n in group]
                if one.source in {"fact", "code"}:
                    yield from self._types(one, (part, name), candidates, leaves)
                    found = [n for n in candidates if n in read] or where in one.implied
                elif one.source in {"party", "other"} and one.of:
                    found = [n for n in one.of if n in roles]
                else:
                    continue
                if not found and not one.optional:
                    en = f"`{where}` owes this report and has nothing to fill `{name}` in with."
                    zh = f"“{where}”须报送该报告，但没有可填入“{name}”的内容。"
                    said = ", ".join(candidates)
                    at = (part, name, "of")
                    expected = "one it has, or optional: true"
                    yield self._document.flaw("P413", at, said, expected, en, zh)

    def _read_by(self, key: tuple[str, str], compiled: Compiled) -> set[str]:
        """Return the leaves a permitted action knows: those it reads, and what it inherits."""
        facility, action = self._pack.facilities[key[0]], compiled.action
        read = set(compiled.named_facts)
        read |= {pool.holder for limit in action.limits for pool in limit.parts}
        if action.of:
            sent = {n: f for n, f in facility.facts.items() if f.provider == "sender"}
            read |= set(leaves_of(sent))
        leaves = leaves_of(compiled.facts)
        asked = [leaves[name].fact.args for name in read if name in leaves]
        return read | {args["id"] for args in asked if "id" in args}

    def _types(
        self, one: ReportField, path: Path, names: Iterable[str], leaves: Mapping[str, Leaf]
    ) -> Iterator[Flaw]:
        """Yield a flaw where a fact's type is not that of the field."""
        wanted = "text" if one.type == "code" else one.type
        for name in names:
            leaf = leaves.get(name)
            if leaf is not None and _OF_FACT.get(leaf.type, leaf.type) != wanted:
                en = f"the fact `{name}` is of type {leaf.type}."
                zh = f"事实“{name}”的类型为 {leaf.type}。"
                yield self._wrong((*path, "type"), one.type, leaf.type, en, zh)


def _is_taken(facts: Mapping[str, object], parties: Iterable[str], name: str) -> bool:
    return name in facts or name in parties
