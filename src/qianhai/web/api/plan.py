"""The plan: its measures, the businesses that may be done, and how much of it is decided."""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from qianhai.policy import Facility, Overlay
from qianhai.views import (
    facility_document,
    facility_line,
    known_by,
    measure_line,
    measure_page,
)
from qianhai.web import faults
from qianhai.web.access import Anyone, Member
from qianhai.web.api.naming import day_in, find_action, told
from qianhai.web.api.shapes import Said
from qianhai.web.api.strict import StrictRoute

router: Final = APIRouter(tags=["plan"], route_class=StrictRoute)

On = Annotated[
    str | None,
    Query(description="As of a day, YYYY-MM-DD; today if left out."),
]


class MeasureLine(Said):
    """One measure of the plan."""

    id: int
    chapter: int
    section: int | str
    status: str
    status_mixed: bool
    clauses: int
    kinds: list[str]


class Measures(BaseModel):
    """All measures."""

    measures: list[MeasureLine]


class MeasurePage(Said):
    """A measure as it stands on a day."""

    id: int
    on: str
    summary: Said
    units: list[dict[str, Any]]
    actors: list[dict[str, Any]]
    clauses: list[dict[str, Any]]
    limits: list[dict[str, Any]]
    parameters: list[dict[str, Any]]
    documents: list[dict[str, Any]]
    reports: list[dict[str, Any]]
    facilities: list[dict[str, Any]]


class FacilityLine(Said):
    """A business that may be done."""

    id: str
    measure: int
    actions: list[str]


class Facilities(BaseModel):
    """All businesses."""

    facilities: list[FacilityLine]


class FacilityPage(FacilityLine):
    """Everything a sender needs to know of a business."""

    actions: dict[str, Any]  # type: ignore[assignment] # a page tells each whole, a line its name
    parties: dict[str, Any]
    facts: dict[str, Any]
    report_facts: dict[str, Any]
    conditions: list[dict[str, Any]]
    limits: list[dict[str, Any]]
    other_way: Said | None


class Covered(BaseModel):
    """So many of so many."""

    covered: int
    of: int


class Coverage(BaseModel):
    """How much of the plan is decided, and who knows the facts it needs."""

    measures: Covered
    clauses: Covered
    proposed: Covered
    uncovered: list[str]
    known_by: dict[str, int] = Field(description="How many facts each knows.")


class Shown(BaseModel):
    """What the examples show of one condition or limit; null where there is nothing to show."""

    facility: str
    action: str
    id: str
    kind: Literal["limit", "condition"]
    passed: bool | None
    failed: bool | None
    missing: bool | None
    edge: bool | None
    beyond: bool | None
    lacking: list[str]
    proposed: list[dict[str, Any]]


class Reach(BaseModel):
    """How much of the plan is decided."""

    measures: Covered
    clauses: Covered
    proposed: Covered
    uncovered: list[str]


class ExampleCoverage(BaseModel):
    """What the examples of the pack show of each condition and limit."""

    lacking: int
    facts: list[dict[str, Any]] = Field(description="By facility, how many facts each knows.")
    shown: list[Shown]
    plan: Reach


@router.get("/measures", responses={200: {"model": Measures}})
def measures(visitor: Member) -> Response:
    """List the measures of the plan."""
    found = visitor.house.policy.pack.measures
    return told({"measures": [measure_line(found[number]) for number in sorted(found)]})


@router.get("/measures/{number}", responses={200: {"model": MeasurePage}})
def measure(visitor: Member, number: int, on: On = None) -> Response:
    """Show one measure: what it allows, to whom, up to what, on which papers, who answers."""
    policy = visitor.house.policy
    found = policy.pack.measures.get(number)
    if found is None:
        raise faults.not_found()
    return told(measure_page(policy, found, policy.standing(day_in(on, "on") or visitor.on)))


@router.get("/facilities", responses={200: {"model": Facilities}})
def facilities(visitor: Member) -> Response:
    """List the businesses that may be done, with their actions."""
    models = visitor.house.policy.pack.facilities.values()
    ordered = sorted(models, key=lambda one: (one.measure, one.id))
    return told({"facilities": [facility_line(one) for one in ordered]})


@router.get("/facilities/{name}", responses={200: {"model": FacilityPage}})
def facility(visitor: Member, name: str) -> Response:
    """Show a business: its facts, conditions, limits and actions."""
    pack = visitor.house.policy.pack
    if name not in pack.facilities:
        raise faults.not_found()
    find_action(visitor.house.policy, name, "")
    return told(facility_document(pack, pack.facilities[name]))


@router.get("/coverage", responses={200: {"model": Coverage}})
def coverage(visitor: Member) -> Response:
    """Tell how much of the plan is decided."""
    policy = visitor.house.policy
    counted: dict[str, int] = {}
    owners: list[Facility | Overlay] = list(policy.pack.facilities.values())
    owners += policy.pack.overlays.values()
    for owner in owners:
        for who, count in known_by(policy, owner).items():
            counted[who] = counted.get(who, 0) + count
    reach: dict[str, Any] = visitor.house.coverage["plan"]
    return told({**reach, "known_by": dict(sorted(counted.items()))})


@router.get("/plan/coverage", responses={200: {"model": ExampleCoverage}})
def plan_coverage(visitor: Member) -> Response:
    """Tell what the examples show of each condition and limit, and what is decided of the plan."""
    return told(visitor.house.coverage)


@router.get("/ping", responses={200: {"model": dict[str, str]}})
async def ping(_visitor: Anyone) -> Response:
    """Answer with nothing to do: what this server costs by itself."""
    return told({"pong": "pong"})
