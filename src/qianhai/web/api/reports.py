"""Regulatory reports: their forms, the records of an instruction, and the returns of a period."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from qianhai.identity import Role
from qianhai.instructions import Records, Returns, days_of
from qianhai.views import form_document, return_document, version_document
from qianhai.web import faults
from qianhai.web.access import Member, allow
from qianhai.web.api.decisions import Number
from qianhai.web.api.naming import refused, told
from qianhai.web.api.shapes import Said
from qianhai.web.api.strict import StrictRoute
from qianhai.web.visitor import Visitor

router: Final = APIRouter(tags=["reports"], route_class=StrictRoute)
Reader = Annotated[Visitor, allow(Role.BANK_OFFICER, Role.APPROVER, Role.AUDITOR, Role.SUPERVISOR)]
Officer = Annotated[Visitor, allow(Role.BANK_OFFICER)]


class Form(Said):
    """What one report is: whose, under which rule, when, and every field."""

    report: str
    regulator: Said
    source: str
    confidence: str
    counts: Any
    period: str
    by: list[str]
    inputs: dict[str, Any]
    fields: dict[str, Any]
    lines: dict[str, Any]


class Forms(BaseModel):
    """The reports of the pack."""

    items: list[Form]


class Version(BaseModel):
    """One version of a record."""

    instruction: str
    report: str
    version: int
    period: str
    facility: str
    action: str
    value_date: str
    created_at: str
    by: str | None
    why: str | None
    erased: bool
    fields: list[dict[str, Any]]
    lines: list[list[dict[str, Any]]]
    missing: list[str]
    unproven: list[str]


class Versions(BaseModel):
    """Every record of an instruction, with all its versions."""

    items: list[Version]


class Correction(BaseModel):
    """Fields stated anew, and why."""

    model_config = ConfigDict(extra="forbid")

    fields: dict[str, str] = Field(min_length=1)
    why: str = Field(min_length=1, max_length=2000)


class ReturnProof(BaseModel):
    """How the latest records of a period add up, and the proof that the ledger says the same."""

    report: str
    period: str
    records: int
    corrected: int
    incomplete: int
    unproven: int
    erased: int
    proof: list[dict[str, Any]]
    agrees: bool
    differing: int
    differences: list[dict[str, Any]]


class ReturnDocument(ReturnProof):
    """The latest records of a period summed, and the proof that the ledger says the same."""

    rows: list[dict[str, Any]]


class Proofs(BaseModel):
    """Every return of a year that has a record or owes one, and whether all agree."""

    agrees: bool
    items: list[ReturnProof]


@router.get("/reports", responses={200: {"model": Forms}})
def forms(visitor: Member) -> Response:
    """List every report of the pack: whose it is, under which rule, and its period."""
    pack = visitor.house.policy.pack
    names = sorted(pack.vocabulary["reports"])
    return told({"items": [form_document(pack, name) for name in names]})


@router.get("/instructions/{number}/reports", responses={200: {"model": Versions}})
def records(visitor: Reader, number: Number) -> Response:
    """Show every record of an instruction, with all its versions."""
    house = visitor.house
    if not _is_there(visitor, number):
        raise faults.not_found()
    with house.database.transaction() as conn:
        house.past.one(conn, number, by=visitor.known.name, at=visitor.at)
        found = _records(visitor).of(conn, number)
    pack = house.policy.pack
    return told({"items": [version_document(pack, one) for one in found]})


@router.post("/instructions/{number}/reports/{report}", responses={200: {"model": Version}})
def correct(
    visitor: Officer,
    number: Number,
    report: Annotated[str, Path(max_length=200)],
    stated: Annotated[Correction, Body()],
) -> Response:
    """State fields of a record anew, as its next version; the old one stays."""
    house = visitor.house
    if not _is_there(visitor, number):
        raise faults.not_found()
    with house.database.transaction() as conn:
        made = _records(visitor).correct(
            conn,
            number,
            report,
            stated.fields,
            why=stated.why,
            by=visitor.known.name,
            at=visitor.at,
        )
    return told(version_document(house.policy.pack, made))


@router.get("/returns", responses={200: {"model": Proofs}})
def returns(
    visitor: Reader,
    year: Annotated[int, Query(ge=1, le=9998, description="The year of the periods.")],
) -> Response:
    """Prove every return of a year by the ledger; those of other periods are not looked at."""
    house = visitor.house
    with house.database.transaction() as conn:
        made = Returns(house.policy, house.site.institution_id, house.bank.cover)
        found = made.of_year(conn, year)
    items = [return_document(one) for one in found]
    kept = [{name: value for name, value in one.items() if name != "rows"} for one in items]
    return told({"agrees": all(one.is_proven for one in found), "items": kept})


@router.get("/returns/{report}", responses={200: {"model": ReturnDocument}})
def return_of(
    visitor: Reader,
    report: Annotated[str, Path(max_length=200)],
    period: Annotated[str, Query(max_length=20, description="2025-06, 2025-Q2 or 2025")],
) -> Response:
    """Sum the latest records of a period, and prove them by the ledger."""
    house = visitor.house
    pack = house.policy.pack
    if report not in pack.vocabulary["reports"]:
        raise faults.not_found()
    form = pack.form(report)
    try:
        fits = form.period_of(days_of(period)[0]) == period
    except ValueError:
        fits = False
    if not fits:
        example = {"month": "2025-06", "quarter": "2025-Q2", "year": "2025"}[form.returns.period]
        raise refused(
            "W040",
            "period",
            period,
            f"a {form.returns.period}, such as {example}",
            en=f"`{period}` is no {form.returns.period}; write it as {example}.",
            zh=f"“{period}”不是该报表的报告期，请写成 {example} 的形式。",
        )
    with house.database.transaction() as conn:
        returns = Returns(house.policy, house.site.institution_id, house.bank.cover)
        made = returns.one(conn, report, period)
    return told(return_document(made))


def _records(visitor: Visitor) -> Records:
    house = visitor.house
    site = house.site
    return Records(house.policy, site.institution_id, house.bank.cover, site.salts)


def _is_there(visitor: Visitor, number: str) -> bool:
    house = visitor.house
    with house.database.reading(visitor.sight) as conn:
        return house.past.is_seen(conn, number)
