"""Limits, accounts, balances and statements: what is left, what there is, and what moved."""

from datetime import datetime, time, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from qianhai import ledger
from qianhai.db import Connection
from qianhai.identity import Role
from qianhai.instructions import headroom_of, reconciled, segregated_books
from qianhai.kernel import SHANGHAI
from qianhai.ledger import AccountSpec, Balance
from qianhai.registers import PartyType, Register, record_reading
from qianhai.views import (
    account_document,
    balance_document,
    book_documents,
    flaw_document,
    limits_document,
    reconciliation_document,
    statement_line,
    trial_documents,
)
from qianhai.web import faults
from qianhai.web.access import allow
from qianhai.web.api.batches import WorkDocument, accepted
from qianhai.web.api.decisions import Cursor, Limit
from qianhai.web.api.naming import SEEING_ALL, cursor, day_in, party_of, position, refused, told
from qianhai.web.api.shapes import FlawDocument, Page
from qianhai.web.api.strict import StrictRoute
from qianhai.web.api.uploads import body_of, taken
from qianhai.web.messages import mark
from qianhai.web.visitor import Visitor
from qianhai.web.works import Work

router: Final = APIRouter(tags=["accounts"], route_class=StrictRoute)
Reader = Annotated[Visitor, allow(*SEEING_ALL, Role.PARTY)]
Keeper = Annotated[Visitor, allow(Role.BANK_OFFICER, Role.APPROVER, Role.AUDITOR, Role.SUPERVISOR)]
Party = Annotated[str, Path(max_length=200)]
AccountName = Annotated[str, Path(max_length=500)]
On = Annotated[str | None, Query(description="As of a day; today if left out.")]
_FLAWS_MAX: Final = 1_000
_END: Final = timedelta(days=1) - timedelta(microseconds=1)


class LimitLine(BaseModel):
    """One limit as a party stands to it; `missing` are facts its ceiling still needs."""

    facility: str
    measure: int
    action: str
    role: str
    id: str
    asset: str | None
    cap: str | None
    used: str | None
    left: str | None
    window: str
    zh: str
    en: str
    missing: list[str]


class Limits(BaseModel):
    """What a party has used and has left under each limit on a day."""

    party: str
    on: str
    limits: list[LimitLine]


class BalanceDocument(BaseModel):
    """What an account has."""

    account: str
    asset: str
    balance: str
    pending_in: str | None = None
    pending_out: str | None = None
    available: str | None = None
    used: str | None = None


class AccountLine(BalanceDocument):
    """An account on record."""

    kind: str
    holder: str
    asset_kind: str
    is_closed: bool


class Accounts(BaseModel):
    """The accounts of a party, limits among them."""

    items: list[AccountLine]


class StatementLine(BaseModel):
    """One transfer as one account sees it."""

    seq: int
    posted_at: str
    value_on: str
    kind: str
    counterpart: str
    amount: str
    held: str
    balance: str
    chain_id: str
    transfer_id: str


class Statement(Page):
    """An account's transfers, the oldest first."""

    account: str
    asset: str
    items: list[StatementLine]


class TrialBalance(BaseModel):
    """All accounts of each asset added up: both sides must be the same."""

    is_even: bool
    lines: list[dict[str, Any]]


class BookLine(BaseModel):
    """What a book has of an asset."""

    book: str
    asset: str
    accounts: int
    debit: str
    credit: str
    balance: str
    pending_in: str
    pending_out: str


class Books(BaseModel):
    """The books, each of which balances alone; or every difference."""

    is_even: bool
    lines: list[BookLine]
    differences: list[FlawDocument]


@router.get("/parties/{party}/limits", responses={200: {"model": Limits}})
def limits(visitor: Reader, party: Party, on: On = None) -> Response:
    """Show what a party has used and has left under each limit.

    Computed by the owner's eyes, because a limit is exact only with all it stands on; that this
    visitor may ask of this party is held before.
    """
    party_of(visitor, party)
    house, day = visitor.house, day_in(on, "on") or visitor.on
    institution = house.site.institution_id
    with house.database.transaction() as conn:
        _known(visitor, conn, party)
        rooms = list(headroom_of(conn, house.policy, institution, party, day, visitor.at))
    return told(limits_document(party, day, rooms))


@router.get("/parties/{party}/accounts", responses={200: {"model": Accounts}})
def accounts(visitor: Reader, party: Party) -> Response:
    """List a party's accounts with what they have, limits among them."""
    party_of(visitor, party)
    house = visitor.house
    with house.database.transaction() as conn:
        _known(visitor, conn, party)
        found = ledger.accounts_of(conn, house.site.institution_id, party)
    return told({"items": [account_document(one) for one in found]})


@router.get("/accounts/{name}/balance", responses={200: {"model": BalanceDocument}})
def balance(
    visitor: Reader,
    name: AccountName,
    at: Annotated[str | None, Query(description="As posted by the end of a day.")] = None,
    value_date: Annotated[str | None, Query(description="By value date.")] = None,
) -> Response:
    """Show what an account has: now, as it was posted by a day, or by value date."""
    if at and value_date:
        raise refused(
            "W030",
            "at",
            at,
            "at or value_date",
            en="`at` and `value_date` ask for two different balances; give one of them.",
            zh="at 与 value_date 查询的是不同余额，请只填其一。",
        )
    house = visitor.house
    institution = house.site.institution_id
    by_value, posted_by = day_in(value_date, "value_date"), day_in(at, "at")
    with house.database.transaction() as conn:
        spec = _account(visitor, conn, name)
        if by_value:
            found = Balance(ledger.balance_on(conn, institution, name, by_value))
        elif posted_by:
            end = datetime.combine(posted_by, time.min, SHANGHAI) + _END
            found = ledger.balance_as_of(conn, institution, name, ledger.seq_at(conn, end))
        else:
            found = ledger.balances(conn, institution, [name])[name]
    document = balance_document(name, spec.asset.code, spec.asset.scale, found)
    if by_value:
        document = {key: document[key] for key in ("account", "asset", "balance")}
    return told(document)


@router.get("/accounts/{name}/statement", responses={200: {"model": Statement}})
def statement(
    visitor: Reader,
    name: AccountName,
    limit: Limit = 100,
    cursor_: Annotated[Cursor, Query(alias="cursor")] = None,
) -> Response:
    """List an account's transfers, the oldest first."""
    since = position(cursor_, int)[0] if cursor_ else 0
    house = visitor.house
    with house.database.transaction() as conn:
        spec = _account(visitor, conn, name)
        found = ledger.statement(
            conn, house.site.institution_id, name, min(since, 2**62), None, limit + 1
        )
    kept = found[:limit]
    return told(
        {
            "account": name,
            "asset": spec.asset.code,
            "items": [statement_line(one, spec.asset.scale) for one in kept],
            "next": cursor(kept[-1].seq) if len(found) > limit else None,
        }
    )


@router.post(
    "/accounts/{name}/reconciliation",
    status_code=202,
    responses={202: {"model": WorkDocument}},
    openapi_extra=body_of("file"),
)
async def reconcile(
    visitor: Keeper,
    request: Request,
    name: AccountName,
    days: Annotated[int, Query(ge=0, le=366, description="How far days may lie apart.")] = 3,
) -> Response:
    """Hold an account against an external statement; every line that is left is explained.

    The result of the work says what both have in common, and what each has alone.
    """
    sent = await taken(request, "file")
    house = visitor.house

    def act(work: Work) -> object:
        work.enter(mark("checking"))
        with house.database.transaction() as conn:
            institution = house.site.institution_id
            found = reconciled(conn, institution, name, sent.files["file"], days=days)
        return reconciliation_document(name, found)

    work = house.works.start(mark("Reconciling an account"), visitor.known.name, act)
    work.left = sent.held
    return accepted(visitor, work)


@router.get("/trial-balance", responses={200: {"model": TrialBalance}})
def trial_balance(visitor: Keeper) -> Response:
    """Add up all accounts of each asset."""
    house = visitor.house
    with house.database.transaction() as conn:
        lines = ledger.trial_balance(conn, house.site.institution_id, by_kind=True)
    return told({"is_even": not ledger.uneven(lines), "lines": trial_documents(lines)})


@router.get("/books", responses={200: {"model": Books}})
def books(visitor: Keeper) -> Response:
    """Prove that each book (onshore, offshore, free trade, client money) balances alone."""
    house = visitor.house
    with house.database.transaction() as conn:
        found = segregated_books(conn, house.policy, house.site.institution_id)
    flaws = [flaw_document(one) for one in found.flaws[:_FLAWS_MAX]]
    return told({"is_even": not flaws, "lines": book_documents(found.lines), "differences": flaws})


def _known(visitor: Visitor, conn: Connection, party: str) -> None:
    """Hold that a party is on record; that somebody looks at a person's figures is recorded.

    Raises:
        Turned: it is not.
    """
    house = visitor.house
    institution = house.site.institution_id
    register = Register(conn, institution, visitor.today, visitor.at)
    found = register.parties([party]).get(party)
    if found is None:
        raise faults.not_found()
    if found.type is PartyType.PERSON:
        record_reading(
            conn,
            institution,
            [party],
            purpose="limits and accounts",
            by=visitor.known.name,
            at=visitor.at,
            salts=lambda: house.site.salts(16),
        )


def _account(visitor: Visitor, conn: Connection, name: str) -> AccountSpec:
    """Return an account this visitor may look at.

    Raises:
        Turned: there is none, or it is another's.
    """
    spec = ledger.account_spec(conn, visitor.house.site.institution_id, name)
    if spec is None:
        raise faults.not_found()
    party_of(visitor, spec.holder)
    return spec
