"""What a regulatory report holds: its fields, where each comes from, and the tables of codes.

Frozen models of `plan/reports/` and `plan/codes/`, and the form of a report that has no file.
Must not fill a form in (instructions/reports.py) or check what it names (report_flaws.py).
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property
from typing import Final, Literal

from pydantic import Field

from qianhai.policy.facts import leaves_of
from qianhai.policy.model import Bilingual, Confidence, Day, Facility, Fact, Id
from qianhai.policy.reading import PackModel

FieldType = Literal["text", "boolean", "integer", "number", "money", "date", "currency", "code"]
#: What stands once in a record, and what stands once for each leg of the ledger.
HeadSource = Literal[
    "id", "business", "facility", "action", "value_on",
    "constant", "party", "fact", "code", "group", "area",
]  # fmt: skip
LineSource = Literal["amount", "held", "currency", "item", "side", "holder", "other", "kind"]
#: Fields that say which business a record is about: no correction changes them.
FIXED: Final = frozenset({"id", "business", "facility", "action", "value_on"})
OF_A_LINE: Final = frozenset(
    {"amount", "held", "currency", "item", "side", "holder", "other", "kind"}
)
Period = Literal["month", "quarter", "year"]
#: The legs a report counts, by what their accounts hold; `none` counts records alone.
Counted = Literal["money", "quota", "none"]


class ReportFact(Fact):
    """What only the sender can say for a report; its leaves are columns of the input.

    `codes` names the table whose pattern a text must have.
    """

    codes: str = ""


class ReportField(Bilingual):
    """One field of a report, and where its value comes from.

    `of` names, in order, what is looked for: facts, parties (by role or by their part in a
    message), account kinds, or for `area` and `group` a field that stands before. `beside` are the
    kinds of accounts that are the bank's own side. `items` replaces `of` for legs whose amount is
    written so. `implied` are codes that follow from the business itself, by `facility.action`.
    `words` say what a leg is called when an account of the kinds is debited, credited, or neither
    or both (`else`). `unknown` are actions whose business does not know it, `unless` those that are
    not asked it, `only` the values of other fields for which alone it is asked. A field that is
    `optional` may be missing, and is then told; one to `omit` is left out where there is none.
    """

    source: HeadSource | LineSource = Field(alias="from")
    type: FieldType = "text"
    of: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    items: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    table: str = ""
    implied: Mapping[str, str] = Field(default_factory=dict)
    words: Mapping[str, str] = Field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    only: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    value: str = ""
    optional: bool = False
    omit: bool = False


class Return(PackModel):
    """The periodic return of a report: its span, and the fields its sums are told by."""

    period: Period
    by: tuple[str, ...] = ()


class ReportForm(PackModel):
    """A regulatory report: whose it is, what rule asks for it, and every field of its record.

    `fields` stand once; `lines` once for each leg it `counts`.
    """

    id: Id
    regulator: Bilingual
    source: str = Field(min_length=1)
    confidence: Confidence
    counts: Counted = "none"
    facts: Mapping[str, ReportFact] = Field(default_factory=dict)
    fields: Mapping[str, ReportField] = Field(min_length=1)
    lines: Mapping[str, ReportField] = Field(default_factory=dict)
    returns: Return
    note: Bilingual | None = None

    @cached_property
    def every(self) -> dict[str, ReportField]:
        """Return all fields, those that stand once first."""
        return {**self.fields, **self.lines}

    def line_of(self, source: str) -> str | None:
        """Return the first field of a line that comes from a source."""
        return next((name for name, one in self.lines.items() if one.source == source), None)

    def period_of(self, day: date) -> str:
        """Return the period of a value date."""
        return period_of(self.returns.period, day)


def period_of(period: Period, day: date) -> str:
    """Return the month, quarter or year a day falls into.

    >>> [period_of(one, date(2023, 6, 30)) for one in ("month", "quarter", "year")]
    ['2023-06', '2023-Q2', '2023']
    """
    if period == "year":
        return f"{day.year:04}"
    if period == "quarter":
        return f"{day.year:04}-Q{(day.month + 2) // 3}"
    return f"{day.year:04}-{day.month:02}"


class Code(Bilingual):
    """One code of a table, the day it holds from, and how sure its name is."""

    code: str
    confidence: Confidence
    first: Day | None = Field(default=None, alias="from")
    until: Day | None = Field(default=None, alias="to")


class CodeTable(PackModel):
    """A dated table of a regulator's codes. A code it lacks may be right all the same.

    `groups` name the codes by how they begin.
    """

    id: Id
    title: Bilingual
    source: str = Field(min_length=1)
    confidence: Confidence
    first: Day = Field(alias="from")
    pattern: str
    form: Bilingual
    groups: Mapping[str, Bilingual] = Field(default_factory=dict)
    codes: tuple[Code, ...] = Field(min_length=1)
    note: Bilingual | None = None

    @cached_property
    def _by_code(self) -> dict[str, list[Code]]:
        found: dict[str, list[Code]] = {}
        for one in self.codes:
            found.setdefault(one.code, []).append(one)
        return found

    @cached_property
    def _form(self) -> re.Pattern[str]:
        return re.compile(self.pattern)

    def fits(self, code: str) -> bool:
        """Tell whether a text has the form of the table's codes."""
        return self._form.fullmatch(code) is not None

    def on(self, code: str, day: date) -> Code | None:
        """Return what a code means on a day, or None where the table does not say."""
        for one in self._by_code.get(code, ()):
            if (one.first or self.first) <= day and (one.until is None or day <= one.until):
                return one
        return None

    def is_sure(self, code: str, day: date) -> bool:
        """Tell whether the table knows a code on a day, and not from an unsure memory."""
        found = self.on(code, day)
        return found is not None and found.confidence != "memory-unsure"

    def group(self, code: str) -> str | None:
        """Return the group a code belongs to, by how it begins; the longest beginning counts."""
        starts = [one for one in self.groups if code.startswith(one)]
        return max(starts, key=len, default=None)


def _plain(zh: str, en: str, **rest: object) -> ReportField:
    return ReportField.model_validate({"zh": zh, "en": en, **rest})


_BUSINESS: Final = {
    "instruction": _plain("指令编号", "instruction", **{"from": "id"}),
    "business": _plain("业务编号", "business", **{"from": "business"}),
    "facility": _plain("业务", "facility", **{"from": "facility"}),
    "action": _plain("操作", "action", **{"from": "action"}),
    "value_date": _plain("起息日", "value date", type="date", **{"from": "value_on"}),
}
_MONEY: Final = {
    "leg.item": _plain("款项", "what is paid", omit=True, **{"from": "item"}),
    "leg.amount": _plain("金额", "amount", type="money", **{"from": "amount"}),
    "leg.held": _plain("预留变动", "change of what is set aside", type="money", **{"from": "held"}),
    "leg.currency": _plain("币种", "currency", type="currency", **{"from": "currency"}),
    "leg.payer": _plain("付方", "who pays", omit=True, **{"from": "holder"}),
    "leg.payee": _plain("收方", "who is paid", omit=True, **{"from": "other"}),
    "leg.from_kind": _plain("付方账户种类", "kind debited", value="debit", **{"from": "kind"}),
    "leg.to_kind": _plain("收方账户种类", "kind credited", value="credit", **{"from": "kind"}),
}
#: The type a field has for a fact of a type; a list has no field.
_FIELD_TYPES: Final[Mapping[str, str]] = {"enum": "text", "rate": "number"}


def general_form(report: str, facilities: Iterable[Facility]) -> ReportForm:
    """Return the form of a report that has none of its own: what its business itself says.

    The parties by their roles, what the sender stated by its facts, each in the words of the
    facilities that owe it, and every leg of money. What one business does not have is left out.
    """
    fields, moves_money = dict(_BUSINESS), False
    for facility in facilities:
        for role, party in facility.parties.items():
            said = {"from": "party", "of": (role,), "omit": True}
            fields.setdefault(role, _plain(party.zh, party.en, **said))
        for path, leaf in leaves_of(facility.facts).items():
            if leaf.fact.provider == "sender" and leaf.type != "list":
                kind = _FIELD_TYPES.get(leaf.type, leaf.type)
                before = fields.get(path)
                is_other = before is not None and before.type != kind
                said = {"from": "fact", "of": (path,), "omit": True}
                said["type"] = "text" if is_other else kind
                if before is None or (before.source == "fact" and is_other):
                    fields[path] = _plain(leaf.fact.zh, leaf.fact.en, **said)
        moves_money |= any(action.legs for action in facility.actions.values())
    return ReportForm(
        id=report,
        regulator=Bilingual(zh="未载明", en="not stated"),
        source="the business itself; no form of its own",
        confidence="design",
        counts="money" if moves_money else "none",
        fields=fields,
        lines=_MONEY if moves_money else {},
        returns=Return(period="month", by=("facility", "action")),
    )
