"""How a record is written as a row of its register, and read back from one.

Holds the columns of each register. Must not hold SQL, keys or dates of knowledge: who may read a
row, and what of it is encrypted, is said where it is stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from qianhai.kernel import Money, format_minor, scale_of
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

#: A row by column, or the part of it a reader asked for.
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """One register: its name, the columns that say what a row is about, and the others."""

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]

    @property
    def said(self) -> tuple[str, ...]:
        """Return the columns that say something, without those that prove or hide it."""
        columns = (name for name in self.columns if name not in _HIDING)
        return (*self.key, *columns, "since", "until", "evidence")


#: What of a person's row is told only with the key.
_HIDING: Final = ("key_id", "personal")
#: Each kind of entry has its register.
TABLES: Final[Mapping[str, Table]] = {
    "party": Table(
        "parties",
        ("party",),
        ("type", "jurisdiction", "area", "name", "name_en", "identifiers", "key_id", "personal"),
    ),
    "attribute": Table("attributes", ("party", "name"), ("value", "currency")),
    "qualification": Table("qualifications", ("party", "name"), ()),
    "ownership": Table("holdings", ("owned", "owner"), ("share",)),
    "account": Table(
        "accounts", ("number",), ("party", "bank", "currency", "kind", "opening_minor")
    ),
    "record": Table("records", ("record", "kind"), ("party", "attributes")),
    "authorisation": Table(
        "authorisations", ("clause", "instrument", "number"), ("status", "issued_by", "through")
    ),
    "consent": Table("consents", ("subject", "purpose", "scope", "granted_at"), ("withdrawn_at",)),
}


def _written(value: Value) -> tuple[str, str | None]:
    if isinstance(value, Money):
        return format_minor(value.minor, scale_of(value.currency)), value.currency
    return value, None


def _read(text: str, currency: str | None) -> Value:
    return text if currency is None else Money.parse(text, currency)


def columns_of(recorded: Recorded) -> dict[str, Any]:
    """Write what a record says, key columns first; its days and evidence stand apart.

    >>> from datetime import date
    >>> columns_of(Holding(owned="c", owner="p", share=Fraction(1, 3), since=date(2023, 1, 1)))
    {'owned': 'c', 'owner': 'p', 'share': '1/3'}
    """
    match recorded:
        case Party():
            return {
                "party": recorded.id,
                "type": recorded.type.value,
                "jurisdiction": recorded.jurisdiction,
                "area": recorded.area and recorded.area.value,
                "name": recorded.name,
                "name_en": recorded.name_en,
                "identifiers": dict(recorded.identifiers),
            }
        case Attribute():
            value, currency = _written(recorded.value)
            key = {"party": recorded.party, "name": recorded.name}
            return key | {"value": value, "currency": currency}
        case Qualification():
            return {"party": recorded.party, "name": recorded.name}
        case Holding():
            return {
                "owned": recorded.owned,
                "owner": recorded.owner,
                "share": str(recorded.share),
            }
        case Account():
            opening = recorded.opening_balance
            return {
                "number": recorded.number,
                "party": recorded.party,
                "bank": recorded.bank,
                "currency": recorded.currency,
                "kind": recorded.kind,
                "opening_minor": None if opening is None else opening.minor,
            }
        case RecordOnFile():
            return {
                "record": recorded.id,
                "kind": recorded.kind,
                "party": recorded.party,
                "attributes": {n: _written(value) for n, value in recorded.attributes.items()},
            }
        case Authorisation():
            return {
                "clause": recorded.clause,
                "instrument": recorded.instrument,
                "number": recorded.number,
                "status": recorded.status,
                "issued_by": recorded.issued_by,
                "through": recorded.through,
            }
        case Consent():
            return {
                "subject": recorded.subject,
                "purpose": recorded.purpose,
                "scope": recorded.scope,
                "granted_at": recorded.granted_at,
                "withdrawn_at": recorded.withdrawn_at,
            }


def _dated(row: Row) -> dict[str, Any]:
    return {"since": row["since"], "until": row["until"], "evidence": row["evidence"]}


def read_party(row: Row) -> Party:
    """Read a party; a person's row has no open name, identifiers or evidence to read."""
    return Party(
        id=row["party"],
        type=PartyType(row["type"]),
        jurisdiction=row["jurisdiction"],
        area=Area(row["area"]) if row["area"] else None,
        name=row["name"] or "",
        name_en=row["name_en"] or "",
        identifiers=row["identifiers"] or {},
        **_dated(row),
    )


def read_value(row: Row) -> Value:
    """Read what an attribute says."""
    return _read(row["value"], row["currency"])


def read_holding(row: Row) -> Holding:
    """Read a direct share."""
    return Holding(
        owned=row["owned"], owner=row["owner"], share=Fraction(row["share"]), **_dated(row)
    )


def read_account(row: Row) -> Account:
    """Read an account."""
    opening, currency = row["opening_minor"], row["currency"]
    return Account(
        number=row["number"],
        party=row["party"],
        bank=row["bank"],
        currency=currency,
        kind=row["kind"],
        opening_balance=None if opening is None else Money(opening, currency),
        **_dated(row),
    )


def read_record(row: Row) -> RecordOnFile:
    """Read a paper on file."""
    return RecordOnFile(
        kind=row["kind"],
        id=row["record"],
        party=row["party"],
        attributes={name: _read(*written) for name, written in row["attributes"].items()},
        **_dated(row),
    )


def read_authorisation(row: Row) -> Authorisation:
    """Read an instrument that changes a clause's status."""
    names = (*TABLES["authorisation"].key, *TABLES["authorisation"].columns)
    return Authorisation(**{name: row[name] for name in names}, **_dated(row))
