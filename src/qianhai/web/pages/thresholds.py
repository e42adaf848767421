"""Thresholds: up to which amount one person suffices, set by an administrator from a day on.

Every change is dated and in the journal; nothing that was done before changes.
"""

from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter
from starlette.responses import Response

from qianhai.identity import Role
from qianhai.instructions import Thresholds, set_threshold, thresholds_of
from qianhai.kernel import (
    CURRENCIES,
    BadInput,
    Flaw,
    Place,
    format_minor,
    parse_date,
    parse_decimal,
)
from qianhai.web.access import allow
from qianhai.web.files import rows_file
from qianhai.web.messages import mark
from qianhai.web.navigation import Entry
from qianhai.web.pages.subject import Subject
from qianhai.web.render import onward, page
from qianhai.web.visitor import Visitor

router: Final = APIRouter(prefix="/administration")
subject: Final = Subject(
    router,
    (
        Entry(
            mark("Thresholds"),
            mark("Up to which amount one person books alone."),
            "/administration/thresholds",
            frozenset({Role.ADMINISTRATOR, Role.APPROVER}),
            order=910,
        ),
    ),
)
Looker = Annotated[
    Visitor, allow(Role.ADMINISTRATOR, Role.APPROVER, Role.BANK_OFFICER, Role.AUDITOR)
]
Administrator = Annotated[Visitor, allow(Role.ADMINISTRATOR)]
_COLUMNS: Final = ("currency", "amount", "first_day", "set_by", "set_at")


@router.get("/thresholds")
def thresholds(visitor: Looker) -> Response:
    """Show the thresholds of the day of the page, and every one that was ever set."""
    with visitor.house.database.reading(visitor.sight) as conn:
        found = thresholds_of(conn, visitor.house.site.institution_id)
    rows = (
        {
            "currency": one.currency,
            "amount": _amount(one.currency, one.amount_minor),
            "first_day": one.first_day,
            "set_by": one.actor,
            "set_at": one.at.isoformat(),
        }
        for one in found.rows
    )
    if file := rows_file(visitor, "thresholds", _COLUMNS, rows):
        return file
    return _page(visitor, found, ())


@router.post("/thresholds")
def change(visitor: Administrator) -> Response:
    """Set a threshold from a day on, or let everything of a currency wait again."""
    house = visitor.house
    institution = house.site.institution_id
    try:
        asked = {
            "currency": visitor.field("currency"),
            "amount": _read(visitor.field("amount")),
            "first_day": _day(visitor.field("first_day")),
        }
        with house.database.transaction() as conn:
            by, salts = visitor.known.name, house.site.salts
            set_threshold(conn, institution, asked, by=by, at=visitor.at, salts=salts)
    except BadInput as fault:
        with house.database.reading(visitor.sight) as conn:
            found = thresholds_of(conn, institution)
        return _page(visitor, found, fault.flaws)
    return onward(visitor, "/administration/thresholds", mark("The threshold is set."))


def _page(visitor: Visitor, found: Thresholds, flaws: tuple[Flaw, ...]) -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if flaws else HTTPStatus.OK
    standing = sorted(found.on(visitor.on).values(), key=lambda one: one.currency)
    values = {
        "standing": [(one, _amount(one.currency, one.amount_minor)) for one in standing],
        "every": [(one, _amount(one.currency, one.amount_minor)) for one in reversed(found.rows)],
        "currencies": sorted(CURRENCIES),
        "may_change": Role.ADMINISTRATOR in visitor.roles,
        "flaws": flaws,
    }
    return page(visitor, "thresholds/index.html", status, **values)


def _amount(currency: str, minor: int | None) -> str | None:
    return None if minor is None else format_minor(minor, CURRENCIES[currency])


def _read(text: str) -> Decimal | None:
    """Return an amount; none where the field is empty.

    Raises:
        BadInput: the text is no amount.
    """
    if not text:
        return None
    try:
        return parse_decimal(text)
    except ValueError:
        flaw = Flaw(
            "W062",
            Place("form", column="amount"),
            text,
            "an amount such as 50000.00",
            f"`{text}` is no amount; write digits with one point, such as 50000.00.",
            f"“{text}”不是金额，请填写数字，如 50000.00。",
        )
        raise BadInput([flaw]) from None


def _day(text: str) -> object:
    try:
        return parse_date(text)
    except ValueError:
        return text
