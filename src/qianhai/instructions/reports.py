"""Reports: the regulatory record a permission owes, filled in as its form says.

Every field comes from where the pack says it comes from: a fact, a party, a leg, a code. A form is
bound to an action once; an instruction is then filled in without asking anybody, but for the legs
of holds, which a whole column asks for at once. What is not known is told as missing and never
guessed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import chain, repeat
from typing import Protocol
from uuid import UUID

from qianhai.db import Connection
from qianhai.instructions.accounts import quota_asset
from qianhai.instructions.model import Known, stored_facts
from qianhai.kernel import format_minor
from qianhai.ledger import AccountSpec, Chain, ChainResult, Kind, Movement, movements
from qianhai.policy import OF_A_LINE, Compiled, Pack, Policy, ReportField, ReportForm, Verdict
from qianhai.registers import Register


class Permitted(Protocol):
    """An instruction as it ends: what the road hands over, and what the ledger made of it."""

    @property
    def row(self) -> Known:
        """Return the instruction and its facts."""

    @property
    def verdict(self) -> Verdict:
        """Return its verdict."""

    @property
    def result(self) -> ChainResult:
        """Return what became of its chain."""

    @property
    def chain(self) -> Chain | None:
        """Return the chain as it was handed in."""

    @property
    def owners(self) -> Sequence[str]:
        """Return what each leg of the chain is for."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record filled in: fields that stand once, and those of each leg.

    `missing` are fields nobody could fill in, `unproven` codes the table does not know for sure, by
    their name, or `lines.N.name` from 1.
    """

    kind: str
    period: str
    fields: Mapping[str, str | None]
    lines: Sequence[Mapping[str, str | None]]
    missing: Sequence[str]
    unproven: Sequence[str]

    @property
    def content(self) -> Mapping[str, object]:
        """Return what is kept of it."""
        return {
            "fields": self.fields,
            "lines": self.lines,
            "missing": self.missing,
            "unproven": self.unproven,
        }


def unit_of(asset: str) -> str:
    """Return the unit an asset is counted in, without what sets a quota apart from money.

    >>> unit_of("quota.USD"), unit_of("CNY")
    ('USD', 'CNY')
    """
    return asset.split(".")[1] if asset.startswith("quota.") else asset


@dataclass(slots=True)
class Case:
    """One instruction while a record of it is filled in; `leg` is the one a line is about.

    `amount` stands for that of the leg in a record that many instructions share.

    A record that is restated has no instruction at hand: all it says is on record.
    """

    known: Known | None
    values: dict[str, str | None] = field(default_factory=dict)
    leg: Movement | None = None
    item: str = ""
    amount: str = ""

    @property
    def row(self) -> Known:
        """Return the instruction."""
        assert self.known is not None, "what an instruction says is filled in from it"
        return self.known

    @property
    def movement(self) -> Movement:
        """Return the leg."""
        assert self.leg is not None, "what is of a leg stands in a line"
        return self.leg


_Fill = Callable[[Case], str | None]
#: The legs of chains that are continued, by the chain.
Held = Mapping[UUID, Sequence[Movement]]


@dataclass(frozen=True, slots=True)
class Bound:
    """A form bound to an action: its fields in order, each with what fills it in."""

    form: ReportForm
    fields: tuple[tuple[str, ReportField, _Fill], ...]
    lines: tuple[tuple[str, ReportField, _Fill], ...]


def _text(value: object) -> str | None:
    """Return a fact as a record holds it; what is absent is not said."""
    if isinstance(value, str):
        return value
    kept = stored_facts({"": value})[""]
    if kept is None or isinstance(kept, str):
        return kept
    return ("true" if kept else "false") if isinstance(kept, bool) else str(kept)


class _Binder:
    """Binds a form to an action that owes it."""

    def __init__(self, pack: Pack, form: ReportForm, facility: str, action: str) -> None:
        self._pack, self._form = pack, form
        self._facility, self._action = facility, action
        self._parties = pack.facilities[facility].parties

    def bind(self) -> Bound:
        """Return the form with what fills in each of its fields."""
        form = self._form
        return Bound(form, tuple(self._each(form.fields)), tuple(self._each(form.lines)))

    def _each(self, fields: Mapping[str, ReportField]) -> Iterator[tuple[str, ReportField, _Fill]]:
        where = f"{self._facility}.{self._action}"
        for name, one in fields.items():
            if where not in one.unless:
                yield name, one, _nobody if where in one.unknown else self._fill(one)

    def _fill(self, one: ReportField) -> _Fill:
        makers: dict[str, Callable[[ReportField], _Fill]] = {
            "party": lambda _: self._party(one.of),
            "fact": lambda _: self._fact(one.of, one.items),
            "code": self._code,
            "area": lambda _: lambda case: case.row.areas.get(case.values.get(one.of[0]) or ""),
            "group": self._group,
            "other": self._other,
        }
        if one.source in makers:
            return makers[one.source](one)
        said = {"facility": self._facility, "action": self._action, "constant": one.value}
        if one.source in said:
            return lambda _: said[one.source]
        return _of_leg(one) if one.source in OF_A_LINE else _of_instruction(one)

    def _party(self, names: Iterable[str]) -> _Fill:
        roles = self._roles(names)
        return lambda case: next(
            (case.row.parties[role] for role in roles if role in case.row.parties), None
        )

    def _roles(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the roles of the facility that are named, or play a named part in a message."""
        return tuple(
            role
            for name in names
            for role, model in self._parties.items()
            if name in {role, model.iso}
        )

    def _fact(self, names: tuple[str, ...], items: Mapping[str, tuple[str, ...]]) -> _Fill:
        def fill(case: Case) -> str | None:
            facts = case.row.facts
            for name in items.get(case.item, names) if items else names:
                value = facts.get(name)
                if value is not None:
                    return _text(value)
            return None

        return fill

    def _code(self, one: ReportField) -> _Fill:
        stated = self._fact(one.of, one.items)
        implied = one.implied.get(f"{self._facility}.{self._action}")
        return lambda case: stated(case) or (None if case.item in one.items else implied)

    def _group(self, one: ReportField) -> _Fill:
        of = one.of[0]
        table = self._pack.codes[self._form.every[of].table]

        def fill(case: Case) -> str | None:
            code = case.values.get(of)
            return table.group(code) if code else None

        return fill

    def _other(self, one: ReportField) -> _Fill:
        kinds, roles = frozenset(one.beside), self._roles(one.of)

        def fill(case: Case) -> str | None:
            leg = case.movement
            is_debit = leg.debit_kind not in kinds
            mine = leg.debit_holder if is_debit else leg.credit_holder
            kind = leg.credit_kind if is_debit else leg.debit_kind
            if kind not in kinds:
                return (leg.credit_holder if is_debit else leg.debit_holder) or None
            named = (case.row.parties.get(role) for role in roles)
            return next((party for party in named if party and party != mine), None)

        return fill


def restate(
    pack: Pack,
    record: Record,
    key: tuple[str, str],
    on: date,
    stated: tuple[Mapping[str, str | None], Sequence[Mapping[str, str | None]]],
) -> Record:
    """Return a record with its fields stated anew: what they ask for or give follows from them.

    `key` is the facility and action that owe it, `on` the value date.
    """
    binder, filling = _Binder(pack, pack.form(record.kind), *key), _Filling(pack, on)
    bound, (fields, lines) = binder.bind(), stated
    case = Case(None)
    filled = filling.fill(case, _restated(bound.fields, fields), "")
    each = []
    for number, line in enumerate(lines, 1):
        case.values = dict(filled)
        each.append(filling.fill(case, _restated(bound.lines, line), f"lines.{number}."))
    return replace(
        record,
        fields=filled,
        lines=each,
        missing=tuple(filling.missing),
        unproven=tuple(filling.unproven),
    )


def _restated(
    bound: Iterable[tuple[str, ReportField, _Fill]], values: Mapping[str, str | None]
) -> Iterator[tuple[str, ReportField, _Fill]]:
    """Yield fields that take the value stated for them; a group still follows from its code."""
    for name, one, fill in bound:
        value = values.get(name)
        yield name, one, fill if one.source == "group" else _stating(value)


def _stating(value: str | None) -> _Fill:
    return lambda _: value


def _nobody(_case: Case) -> None:
    return None


def _of_instruction(one: ReportField) -> _Fill:
    """Return what fills in a field that says which business it is."""
    fills: dict[str, _Fill] = {
        "id": lambda case: case.row.instruction.id,
        "business": lambda case: case.row.key,
        "value_on": lambda case: case.row.instruction.value_on.isoformat(),
    }
    return fills[one.source]


def _of_leg(one: ReportField) -> _Fill:
    """Return what fills in a field that the leg itself says."""
    kinds = frozenset(one.of)

    def side(case: Case) -> str | None:
        return one.words[side_of(case.movement, kinds)]

    def holder(case: Case) -> str | None:
        leg = case.movement
        return (leg.credit_holder if leg.debit_kind in one.beside else leg.debit_holder) or None

    def kind(case: Case) -> str | None:
        return case.movement.debit_kind if one.value == "debit" else case.movement.credit_kind

    fills: dict[str, _Fill] = {
        "item": lambda case: case.item or None,
        "amount": lambda case: (
            case.amount or format_minor(case.movement.amount, case.movement.asset.scale)
        ),
        "held": lambda case: format_minor(case.movement.held, case.movement.asset.scale),
        "currency": lambda case: unit_of(case.movement.asset.code),
        "side": side,
        "holder": holder,
        "kind": kind,
    }
    return fills[one.source]


def side_of(leg: Movement, kinds: Iterable[str]) -> str:
    """Tell whether an account of some kinds is debited by a leg, credited, or neither or both."""
    is_debited, is_credited = leg.debit_kind in kinds, leg.credit_kind in kinds
    if is_debited == is_credited:
        return "else"
    return "debited" if is_debited else "credited"


class Reporter:
    """Fills in the records the instructions of one institution owe under one pack."""

    def __init__(self, policy: Policy, institution_id: str) -> None:
        self._policy, self._institution = policy, institution_id
        self._bound: dict[tuple[str, str], tuple[Bound, ...]] = {}
        moves = policy.pack.movements
        self._links = (
            frozenset(book.link for book in moves.books.values()) if moves else frozenset()
        )

    def records(self, conn: Connection, booked: Sequence[Permitted]) -> list[list[Record]]:
        """Return what each instruction owes, in the order of its decision."""
        owing = [one for one in booked if one.verdict.decision.reports]
        if not owing:
            return [[] for _ in booked]
        held = self._held(conn, owing)
        return [self._all(one, held) if one.verdict.decision.reports else [] for one in booked]

    def _all(self, one: Permitted, held: Held) -> list[Record]:
        """Return every record of one instruction."""
        forms = self.forms(one.row.compiled)
        legs = list(_legs(one, held, self._links)) if any(bound.lines for bound in forms) else []
        return [self.fill(bound, one.row, legs) for bound in forms]

    def forms(self, compiled: Compiled) -> tuple[Bound, ...]:
        """Return the forms an action owes, bound to it."""
        key = compiled.facility, compiled.name
        if key not in self._bound:
            pack = self._policy.pack
            forms = (pack.form(name) for name in compiled.action.reports)
            self._bound[key] = tuple(_Binder(pack, form, *key).bind() for form in forms)
        return self._bound[key]

    def _held(self, conn: Connection, owing: Sequence[Permitted]) -> Held:
        """Return the legs of the holds that instructions settle: their own chains have none."""
        roots = {
            one.row.root.chain_id
            for one in owing
            if one.row.root is not None
            and one.row.compiled.action.settles
            and any(bound.lines for bound in self.forms(one.row.compiled))
        }
        return movements(conn, self._institution, sorted(roots)) if roots else {}

    def fill(
        self,
        bound: Bound,
        row: Known,
        legs: Iterable[tuple[Movement, str]],
        amounts: Iterable[str] = (),
    ) -> Record:
        """Return a record filled in; `amounts` are texts for those of the legs, where given."""
        on = row.instruction.value_on
        case = Case(row)
        filling = _Filling(self._policy.pack, on)
        fields = filling.fill(case, bound.fields, "")
        lines: list[Mapping[str, str | None]] = []
        if bound.lines:
            for (leg, item), text in zip(legs, chain(amounts, repeat("")), strict=False):
                if leg.asset.kind == bound.form.counts:
                    case.leg, case.item, case.values = leg, item, dict(fields)
                    case.amount = text
                    lines.append(filling.fill(case, bound.lines, f"lines.{len(lines) + 1}."))
        period = bound.form.period_of(on)
        return Record(
            bound.form.id, period, fields, lines, tuple(filling.missing), tuple(filling.unproven)
        )


class _Filling:
    """The fields of one record as they are filled in, and what is wrong with them."""

    def __init__(self, pack: Pack, on: date) -> None:
        self._pack, self._on = pack, on
        self.missing: list[str] = []
        self.unproven: list[str] = []

    def fill(
        self, case: Case, fields: Iterable[tuple[str, ReportField, _Fill]], prefix: str
    ) -> dict[str, str | None]:
        """Return some fields filled in, each by what stands before it."""
        found: dict[str, str | None] = {}
        for name, one, fill in fields:
            if one.only and any(case.values.get(k) not in v for k, v in one.only.items()):
                continue
            value = fill(case)
            if value is None and one.omit:
                continue
            case.values[name] = found[name] = value
            if value is None:
                is_derived = one.source in {"group", "area"} and case.values.get(one.of[0]) is None
                if not is_derived:
                    self.missing.append(f"{prefix}{name}")
            elif one.table and not self._pack.codes[one.table].is_sure(value, self._on):
                self.unproven.append(f"{prefix}{name}")
        return found


def asks_areas(pack: Pack, compiled: Compiled) -> bool:
    """Tell whether a report that an action owes says where a party is registered."""
    forms = (pack.form(name) for name in compiled.action.reports)
    return any(one.source == "area" for form in forms for one in form.every.values())


def note_areas(register: Register, pack: Pack, rows: Sequence[Known]) -> None:
    """Note where the parties of instructions are registered, when a report of theirs asks for it.

    The rows are of one action and day. A party that is not on the register is left out.
    """
    if not rows or not asks_areas(pack, rows[0].compiled):
        return
    parties = register.parties(sorted({party for row in rows for party in row.parties.values()}))
    for row in rows:
        known = {party: parties[party] for party in row.parties.values()}
        row.areas = {party: found.jurisdiction for party, found in known.items() if found}


def _legs(one: Permitted, held: Held, links: frozenset[str]) -> Iterator[tuple[Movement, str]]:
    """Yield each leg that moved something, and what the pack calls what it moves.

    `links` are the kinds of account through which two books meet: what leaves one of them is what
    came to the other, in a leg of its own.
    """
    chain = one.chain
    if chain is None or not one.result.is_posted:
        return
    if not chain.legs:  # it settles what was held, or only opens or closes an account
        for set_aside in held.get(chain.of, ()) if chain.of else ():
            posted = set_aside.held if chain.kind is Kind.COMMIT else 0
            yield replace(set_aside, amount=posted, held=-set_aside.held), ""
        return
    items, item = iter(_items(one)), ""
    specs = {spec.name: spec for spec in (*_given_back(one.row), *chain.opens)}
    is_hold = chain.kind is Kind.HOLD
    for at, (leg, amount) in enumerate(zip(chain.legs, one.result.amounts, strict=True)):
        what, _, name = one.owners[at].partition(".")
        debit, credit = specs[leg.debit], specs[leg.credit]
        if debit.kind not in links:
            item = next(items) if what == "account" else name
        if amount:
            yield (
                Movement(
                    debit.asset,
                    0 if is_hold else amount,
                    amount if is_hold else 0,
                    debit.kind,
                    debit.holder,
                    credit.kind,
                    credit.holder,
                ),
                item,
            )


def _given_back(row: Known) -> Iterator[AccountSpec]:
    """Yield the accounts a later action gives units of a limit back between: none opens them."""
    for drawn in row.root.drawn if row.root else ():
        asset = quota_asset(drawn.asset, drawn.scale)
        yield AccountSpec(drawn.account, asset, "limit", drawn.holder)
        if drawn.source:
            yield AccountSpec(drawn.source, asset, "drawn", "")


def _items(one: Permitted) -> Iterator[str]:
    """Yield the amount of each leg that moves money, as the pack writes it."""
    for at, leg in enumerate(one.row.compiled.action.legs):
        if one.verdict.guards[f"leg.{at}.when"] and one.verdict.values[f"leg.{at}.amount"]:
            yield leg.amount
