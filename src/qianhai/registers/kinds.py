"""The kinds of register entries: the columns each has, and how a row becomes a record.

Holds one reader a kind. Must not compare rows with each other or with the register (check.py and
load.py do), and must not decide what a recorded word permits.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from qianhai.kernel import CURRENCIES, business_date
from qianhai.registers.cells import Cells
from qianhai.registers.countries import COUNTRIES
from qianhai.registers.identifiers import KINDS, IdentifierFlaw, permit_region
from qianhai.registers.identifiers import check as check_identifier
from qianhai.registers.model import (
    Account,
    Area,
    Attribute,
    Authorisation,
    Consent,
    Holding,
    Party,
    PartyType,
    Qualification,
    Recorded,
    RecordOnFile,
    Value,
)

#: Attributes whose values are a closed list wherever they are used.
ATTRIBUTE_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "size": ("micro", "small", "medium", "large"),
    "trade_class": ("A", "B", "C"),
}
#: Attributes that are amounts, and so must come with a currency.
ATTRIBUTE_AMOUNTS: Final = ("equity", "net_assets")
#: What a clause can be made by an instrument; see the glossary.
CLAUSE_STATUSES: Final = ("in_force", "pilot", "supported", "proposed", "duty")
_EVERY = ("kind", "evidence", "retracted")
_DATED = ("since", "until")
#: Stand in for a time that could not be read; the flaw beside it keeps the row from being used.
_NO_DAY = date.min
_NO_INSTANT = datetime.min.replace(tzinfo=UTC)


def _span(cells: Cells) -> tuple[date, date | None]:
    since, until = cells.day("since"), cells.day("until", is_required=False)
    if since and until and until < since:
        cells.object_to(
            "R107",
            "until",
            f"{since} or later",
            f"`until` {until} is before `since` {since}. Both days are included.",
            f"`until`（{until}）早于 `since`（{since}），首尾两日均计入。",
        )
    return since or _NO_DAY, until


def _identifiers(cells: Cells, party_type: PartyType | None, jurisdiction: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for kind, text in cells.under("identifiers").items():
        column = f"identifiers.{kind}"
        checked = check_identifier(kind, text)
        if isinstance(checked, IdentifierFlaw):
            cells.object_to("R105", column, checked.expected, checked.en, checked.zh)
            continue
        found[kind] = checked
        if KINDS[kind].is_of_person and party_type not in {None, PartyType.PERSON}:
            cells.object_to(
                "R114",
                column,
                "an identifier of an organisation",
                f"A {KINDS[kind].en} belongs to a person, but this party is of type"
                f" `{party_type}`. Correct the type, or take the number out.",
                f"{KINDS[kind].zh}属于自然人，而该主体类型为 `{party_type}`，"
                "请更正类型或删除号码。",
            )
    region = permit_region(found["resident_id"]) if "resident_id" in found else None
    if "travel_permit" in found:
        region = region or {"H": "HK", "M": "MO"}[found["travel_permit"][0]]
    if region and jurisdiction and jurisdiction != region:
        cells.object_to(
            "R105",
            "jurisdiction",
            region,
            f"The number says the holder is a resident of {region}, but `jurisdiction` is"
            f" `{jurisdiction}`. One of the two is wrong.",
            f"证件号码表明持有人为 {region} 居民，而 `jurisdiction` 为 `{jurisdiction}`，"
            "其一有误。",
        )
    return found


def _party(cells: Cells) -> Recorded:
    since, until = _span(cells)
    party_type = cells.member("type", PartyType)
    jurisdiction = cells.word("jurisdiction", COUNTRIES)
    return Party(
        id=cells.text("id"),
        type=party_type or PartyType.INSTITUTION,
        jurisdiction=jurisdiction,
        area=cells.member("area", Area, is_required=False),
        name=cells.text("name"),
        name_en=cells.text("name_en", is_required=False),
        identifiers=_identifiers(cells, party_type, jurisdiction),
        since=since,
        until=until,
        evidence=cells.text("evidence", is_required=False),
    )


def _attribute_value(cells: Cells, name: str) -> Value:
    if name in ATTRIBUTE_AMOUNTS or cells.under("value"):
        if "value" in cells.fields:
            cells.object_to(
                "R112",
                "value",
                "`value.amount` and `value.currency`",
                f"`{name}` is an amount. Write it as `value.amount` and `value.currency`,"
                " and leave `value` empty.",
                f"`{name}` 是金额，请填写 `value.amount` 和 `value.currency`，`value` 留空。",
            )
            return ""
        amount, currency = cells.text("value.amount"), cells.text("value.currency")
        money = cells.money(amount, currency, "value.amount") if amount and currency else None
        return money or ""
    if name in ATTRIBUTE_WORDS:
        return cells.word("value", ATTRIBUTE_WORDS[name])
    if name.endswith("_on"):
        cells.day("value")
    elif name.startswith(("is_", "has_")):
        cells.word("value", ("true", "false"))
    else:
        return cells.text("value")
    return cells.fields.get("value", "").strip()


def _attribute(cells: Cells) -> Recorded:
    since, until = _span(cells)
    name = cells.text("name")
    return Attribute(
        party=cells.text("party"),
        name=name,
        value=_attribute_value(cells, name),
        since=since,
        until=until,
        evidence=cells.text("evidence", is_required=False),
    )


def _qualification(cells: Cells) -> Recorded:
    since, until = _span(cells)
    return Qualification(
        party=cells.text("party"),
        name=cells.text("name"),
        since=since,
        until=until,
        evidence=cells.text("evidence", is_required=False),
    )


def _ownership(cells: Cells) -> Recorded:
    since, until = _span(cells)
    return Holding(
        owner=cells.text("owner"),
        owned=cells.text("owned"),
        share=cells.share("share"),
        since=since,
        until=until,
        evidence=cells.text("evidence", is_required=False),
    )


def _account(cells: Cells) -> Recorded:
    since, until = _span(cells)
    currency = cells.word("currency", CURRENCIES)
    opening = cells.text("opening_balance", is_required=False)
    is_readable = bool(opening) and currency in CURRENCIES
    return Account(
        number=cells.text("number"),
        party=cells.text("party"),
        bank=cells.text("bank"),
        currency=currency,
        kind=cells.text("account_kind"),
        opening_balance=cells.money(opening, currency, "opening_balance") if is_readable else None,
        since=since,
        until=until,
        evidence=cells.text("evidence", is_required=False),
    )


def _record(cells: Cells) -> Recorded:
    since, until = _span(cells)
    return RecordOnFile(
        kind=cells.text("record_kind"),
        id=cells.text("id"),
        party=cells.text("party", is_required=False),
        attributes=cells.values("attributes"),
        since=since,
        until=until,
        evidence=cells.text("evidence", is_required=False),
    )


def _authorisation(cells: Cells) -> Recorded:
    since, until = _span(cells)
    through = cells.text("through")
    if through and through != "rule" and not (through.isascii() and through.isdigit()):
        cells.object_to(
            "R104",
            "through",
            "the number of a measure, or rule",
            f"`through` is `{through}`. Write the number of the measure that lets the instrument"
            " be given, or `rule`.",
            f"`through` 的值 `{through}` 无效，请写所依据措施的条号，或写 `rule`。",
        )
    return Authorisation(
        clause=cells.text("clause"),
        status=cells.word("status", CLAUSE_STATUSES),
        instrument=cells.text("instrument"),
        number=cells.text("number"),
        issued_by=cells.text("issued_by"),
        through=through,
        since=since,
        until=until,
        evidence=cells.text("evidence", is_required=False),
    )


def _consent(cells: Cells) -> Recorded:
    granted_at = cells.instant("granted_at")
    withdrawn_at = cells.instant("withdrawn_at", is_required=False)
    if granted_at and withdrawn_at and withdrawn_at < granted_at:
        cells.object_to(
            "R107",
            "withdrawn_at",
            "not before `granted_at`",
            "`withdrawn_at` is before `granted_at`. Correct one of them.",
            "`withdrawn_at` 早于 `granted_at`，请更正其一。",
        )
    return Consent(
        subject=cells.text("subject"),
        purpose=cells.text("purpose"),
        scope=cells.text("scope"),
        granted_at=granted_at or _NO_INSTANT,
        withdrawn_at=withdrawn_at,
        since=business_date(granted_at) if granted_at else _NO_DAY,
        evidence=cells.text("evidence", is_required=False),
    )


@dataclass(frozen=True, slots=True)
class EntryKind:
    """The columns one kind of entry has, and how a row of it is read."""

    read: Callable[[Cells], Recorded]
    columns: tuple[str, ...]
    open_prefixes: tuple[str, ...] = ()


#: Every kind of entry, by the word in the column `kind`.
ENTRY_KINDS: Final[Mapping[str, EntryKind]] = {
    "party": EntryKind(
        _party,
        (*_EVERY, *_DATED, "id", "type", "jurisdiction", "area", "name", "name_en"),
        ("identifiers",),
    ),
    "attribute": EntryKind(
        _attribute,
        (*_EVERY, *_DATED, "party", "name", "value", "value.amount", "value.currency"),
    ),
    "qualification": EntryKind(_qualification, (*_EVERY, *_DATED, "party", "name")),
    "ownership": EntryKind(_ownership, (*_EVERY, *_DATED, "owner", "owned", "share")),
    "account": EntryKind(
        _account,
        (*_EVERY, *_DATED, "number", "party", "bank", "currency", "account_kind",
         "opening_balance"),
    ),
    "record": EntryKind(
        _record, (*_EVERY, *_DATED, "record_kind", "id", "party"), ("attributes",)
    ),
    "authorisation": EntryKind(
        _authorisation,
        (*_EVERY, *_DATED, "clause", "status", "instrument", "number", "issued_by", "through"),
    ),
    "consent": EntryKind(
        _consent, (*_EVERY, "subject", "purpose", "scope", "granted_at", "withdrawn_at")
    ),
}  # fmt: skip
