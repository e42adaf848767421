"""The plan: its measures at a glance, and each on a page of its own.

The plan is public, so anybody reads it; how often it is used only who sees the books. Must not
count or decide.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from qianhai.identity import Role
from qianhai.instructions import Used, every_authorisation, read_used
from qianhai.kernel import parse_date
from qianhai.policy import Authorisation, Measure, Policy
from qianhai.views import (
    MAP_COLUMNS,
    Sought,
    history_document,
    map_document,
    map_rows,
    measure_page,
    rule_document,
    use_document,
    values_document,
)
from qianhai.web import faults
from qianhai.web.access import Anyone
from qianhai.web.files import rows_file
from qianhai.web.messages import mark
from qianhai.web.navigation import Entry
from qianhai.web.pages.subject import Subject
from qianhai.web.render import page
from qianhai.web.visitor import Visitor

router: Final = APIRouter(prefix="/plan")
subject: Final = Subject(
    router,
    (
        Entry(
            mark("Plan"),
            mark("The 115 measures: what is open, on which conditions, and how much it is used."),
            "/plan",
            None,
            order=110,
        ),
    ),
)
#: The roles whose sight shows instructions; to others the page says nothing of use.
_SEES_BOOKS: Final = frozenset(
    {
        Role.BANK_OFFICER,
        Role.APPROVER,
        Role.POLICY_AUTHOR,
        Role.AUDITOR,
        Role.SUPERVISOR,
        Role.PARTY,
    }
)
_YEAR: Final = timedelta(days=364)


@router.get("")
def plan_map(visitor: Anyone) -> Response:
    """Show the measures by chapter and section, as they stand on the day."""
    query = visitor.request.query_params
    sought = Sought(*(query.get(name, "").strip() for name in ("state", "chapter", "unit", "q")))
    since = since_of(visitor)
    pack = policy_of(visitor).pack
    used = used_of(visitor, since)
    document = map_document(pack, visitor.on, given_of(visitor), used, sought)
    if file := rows_file(visitor, "plan", MAP_COLUMNS, map_rows(pack, document)):
        return file
    return page(visitor, "plan/map.html", map=document, plan=pack.plan, sought=sought, since=since)


@router.get("/{number}")
def measure(visitor: Anyone, number: str) -> Response:
    """Show one measure whole."""
    policy = policy_of(visitor)
    found = _measure(policy, number)
    given, since = given_of(visitor), since_of(visitor)
    standing = policy.standing(visitor.on, authorisations=given)
    used = used_of(visitor, since)
    pack = policy.pack
    facilities = [one for one in pack.facilities.values() if one.measure == found.id]
    compiled = [policy.compiled(one.id, name) for one in facilities for name in one.actions]
    return page(
        visitor,
        "plan/measure.html",
        measure=measure_page(policy, found, standing),
        history=history_document(pack, found, given, visitor.on),
        values=values_document(pack, compiled, found.id, standing),
        rules=[rule_document(policy, one) for one in facilities],
        examples=[one for facility in facilities for one in visitor.house.examples(facility.id)],
        use=None if used is None else use_document(pack, found, used),
        since=since,
        plan=pack.plan,
        related=[pack.measures[one] for one in found.related],
    )


def policy_of(visitor: Visitor) -> Policy:
    """Return the pack at hand."""
    return visitor.house.policy


def given_of(visitor: Visitor) -> Sequence[Authorisation]:
    """Return the instruments on record that give clauses a status; they are public, as the plan."""
    with visitor.house.database.transaction() as conn:
        return every_authorisation(conn, visitor.house.site.institution_id, visitor.at)


def used_of(visitor: Visitor, since: date) -> list[Used] | None:
    """Return what was decided since a day, as far as the visitor sees it; None is not at all."""
    if not _SEES_BOOKS & visitor.roles:
        return None
    with visitor.house.database.reading(visitor.sight) as conn:
        return read_used(conn, visitor.known.institution_id, since, visitor.on)


def since_of(visitor: Visitor) -> date:
    """Return the first day of the period that figures of use are of; a year, unless it is asked.

    Raises:
        Turned: the address names no day.
    """
    text = visitor.request.query_params.get("since")
    if not text:
        return visitor.on - min(_YEAR, visitor.on - date.min)
    try:
        return parse_date(text)
    except ValueError:
        raise faults.bad_day() from None


def _measure(policy: Policy, number: str) -> Measure:
    found = policy.pack.measures.get(int(number) if number.isascii() and number.isdigit() else 0)
    if found is None:
        raise faults.not_found()
    return found
