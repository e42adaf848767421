"""Limits and accounts: what is used and left, what moved it, whose pools, what flowed where.

A party sees its own; whoever works for the institution searches. What an account of a person
shows is recorded. Must not add anything up.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import Annotated, Final

from fastapi import APIRouter
from starlette.responses import Response

from qianhai import ledger, views
from qianhai.db import Connection
from qianhai.identity import Role
from qianhai.instructions import PastLine, headroom_of, read_posted
from qianhai.kernel import SHANGHAI, parse_date
from qianhai.ledger import By, StatementLine
from qianhai.registers import Party, PartyType, Register
from qianhai.web import faults
from qianhai.web.access import allow
from qianhai.web.files import rows_file
from qianhai.web.messages import mark
from qianhai.web.navigation import Entry
from qianhai.web.pages.subject import Subject
from qianhai.web.personal import record_view
from qianhai.web.render import onward, page
from qianhai.web.visitor import Visitor

_BANK: Final = (Role.BANK_OFFICER, Role.APPROVER, Role.SUPERVISOR, Role.AUDITOR)
router: Final = APIRouter(prefix="/limits")
subject: Final = Subject(
    router,
    (
        Entry(
            mark("Limits"),
            mark("What is used and left of each limit, accounts, statements and flows."),
            "/limits",
            frozenset({*_BANK, Role.PARTY}),
            order=400,
        ),
    ),
)
Reader = Annotated[Visitor, allow(*_BANK, Role.PARTY)]
Officer = Annotated[Visitor, allow(*_BANK)]
_PAGE: Final = 50
_FLOWS_SHOWN: Final = 40
#: Of a file of a statement; more is for `qianhai ledger export`.
_FILE_LINES_MAX: Final = 100_000
_DAY: Final = timedelta(days=1)
_OVER: Final = ("party", "account", "asset", "used", "cap", "over")
#: Columns of files that hold numbers.
_FIGURES: Final = frozenset(
    {"used", "cap", "left", "over", "amount", "held", "balance"}
    | {"pending_in", "pending_out", "available"}
)
_STATEMENT: Final = (
    "seq", "posted_at", "value_on", "kind", "counterpart", "amount", "held", "balance",
    "instruction", "facility", "action", "chain_id",
)  # fmt: skip
_ACCOUNTS: Final = (
    "account", "kind", "asset", "balance", "pending_in", "pending_out", "available", "is_closed",
)  # fmt: skip


@router.get("")
def search(visitor: Reader) -> Response:
    """Find a party by its id, or by its name if it is no person."""
    if not _is_bank(visitor):
        return onward(visitor, f"/limits/parties/{visitor.known.party}")
    text = visitor.request.query_params.get("q", "").strip()
    after = visitor.request.query_params.get("after", "")
    with _eyes(visitor) as conn:
        found = _register(visitor, conn).search(text, after, _PAGE + 1)
    parties = found[:_PAGE]
    following = parties[-1].id if len(found) > _PAGE else None
    rows = (
        {"party": one.id, "name": one.name, "name_en": one.name_en, "type": one.type.value}
        for one in parties
    )
    if file := rows_file(visitor, "parties", ("party", "name", "name_en", "type"), rows):
        return file
    return page(visitor, "limits/search.html", text=text, parties=parties, after=following)


@router.get("/over-cap")
def over_cap(visitor: Officer) -> Response:
    """List the limits whose cap fell below their use."""
    after = visitor.request.query_params.get("after", "")
    with _eyes(visitor) as conn:
        found = ledger.limits_used(
            conn, _institution(visitor), is_over=True, after=after, most=_PAGE + 1
        )
    lines = [views.limit_use_document(one) for one in found[:_PAGE]]
    if file := rows_file(visitor, "over-cap", _OVER, views.cells(lines, _OVER, _FIGURES)):
        return file
    following = found[_PAGE - 1].name if len(found) > _PAGE else None
    return page(visitor, "limits/over_cap.html", lines=lines, after=following)


@router.get("/pools")
def pools(visitor: Reader) -> Response:
    """List the limits that draw on several pools, in their order."""
    lines = views.pools_document(visitor.house.policy.pack)
    columns = ("measure", "facility", "action", "limit", "clause", "order", "pool", "holder", "cap")
    if file := rows_file(visitor, "pools", columns, views.cells(lines, columns)):
        return file
    return page(visitor, "limits/pools.html", lines=lines)


@router.get("/parties/{party}")
def of_party(visitor: Reader, party: str) -> Response:
    """Show what a party has used and has left under each limit."""
    with _eyes(visitor) as conn:
        found = _party(visitor, conn, party)
    _record(visitor, found, "limits")
    house = visitor.house
    with _eyes(visitor) as conn:
        rooms = list(
            headroom_of(
                conn,
                house.policy,
                _institution(visitor),
                party,
                visitor.on,
                visitor.at,
                _posted_by(visitor),
            )
        )
        used = ledger.limits_used(conn, _institution(visitor), holder=party)
    document = views.limits_document(party, visitor.on, rooms, house.policy.pack)
    name = f"limits-{party}"
    if file := rows_file(visitor, name, views.LIMIT_COLUMNS, views.limit_rows(document)):
        return file
    drawn = [views.limit_use_document(one) for one in used]
    return page(visitor, "limits/party.html", holder=found, document=document, drawn=drawn)


@router.get("/parties/{party}/accounts")
def accounts_of(visitor: Reader, party: str) -> Response:
    """List the accounts of a party with what they have."""
    with _eyes(visitor) as conn:
        found = _party(visitor, conn, party)
    _record(visitor, found, "accounts")
    institution = _institution(visitor)
    with _eyes(visitor) as conn:
        accounts = ledger.accounts_of(conn, institution, party)
        seq = _seq(visitor, conn)
        lines = [
            views.account_document(
                one,
                None
                if seq is None
                else ledger.balance_as_of(conn, institution, one.spec.name, seq),
            )
            for one in accounts
        ]
    rows = views.cells(lines, _ACCOUNTS, _FIGURES)
    if file := rows_file(visitor, f"accounts-{party}", _ACCOUNTS, rows):
        return file
    return page(
        visitor,
        "limits/accounts.html",
        holder=found,
        lines=lines,
        kinds=visitor.house.policy.pack.vocabulary["accounts"],
    )


@router.get("/account")
def account(visitor: Reader, name: str = "") -> Response:
    """Show one account: what it has, its days as a chart, its statement a page at a time."""
    institution = _institution(visitor)
    with _eyes(visitor) as conn:
        spec = ledger.account_spec(conn, institution, name)
        if spec is None or not _may_see(visitor, spec.holder):
            raise faults.not_found()
        holder = _register(visitor, conn).parties([spec.holder])[spec.holder]
    if holder is not None:
        _record(visitor, holder, f"account {name}")
    is_file = "format" in visitor.request.query_params
    after = _number(visitor.request.query_params.get("after"))
    most = _FILE_LINES_MAX if is_file else _PAGE + 1
    with _eyes(visitor) as conn:
        seq = _seq(visitor, conn)
        found = ledger.statement(conn, institution, name, after, seq, most)
        shown = found if is_file else found[:_PAGE]
        lines = views.draw_documents(spec, shown, *_causes(visitor, conn, shown))
        if file := rows_file(
            visitor, "statement", _STATEMENT, views.cells(lines, _STATEMENT, _FIGURES)
        ):
            return file
        balance = (
            ledger.balances(conn, institution, [name])[name]
            if seq is None
            else ledger.balance_as_of(conn, institution, name, seq)
        )
        days = ledger.value_days(conn, institution, name, seq)
    scale = spec.asset.scale
    return page(
        visitor,
        "limits/account.html",
        spec=spec,
        holder=holder,
        has=views.balance_document(name, spec.asset.code, scale, balance),
        is_limit=spec.kind == "limit",
        days=views.day_documents(days, scale),
        lines=lines,
        after=str(found[_PAGE - 1].seq) if len(found) > _PAGE else None,
        kinds=visitor.house.policy.pack.vocabulary["accounts"],
    )


@router.get("/flows")
def flows(visitor: Officer) -> Response:
    """Show what flowed between kinds of accounts, or between parties, in a period."""
    query = visitor.request.query_params
    by: By = "holder" if query.get("by") == "holder" else "kind"
    last = _day(query.get("until"), visitor.on)
    first = _day(query.get("since"), last.replace(month=1, day=1))
    asset = query.get("asset") or None
    with _eyes(visitor) as conn:
        found = ledger.flows(conn, _institution(visitor), first, last, by=by, asset=asset)
    columns = ("asset", "payer", "payee", "amount", "count")
    if "format" in query:
        lines = views.flow_documents(found, len(found))
        if file := rows_file(visitor, "flows", columns, views.cells(lines, columns, _FIGURES)):
            return file
    return page(
        visitor,
        "limits/flows.html",
        lines=views.flow_documents(found, _FLOWS_SHOWN),
        by=by,
        since=first,
        until=last,
        currency=asset,
        kinds=visitor.house.policy.pack.vocabulary["accounts"],
    )


def _is_bank(visitor: Visitor) -> bool:
    return bool(visitor.roles & set(_BANK))


def _may_see(visitor: Visitor, party: str) -> bool:
    return _is_bank(visitor) or party == visitor.known.party


@contextmanager
def _eyes(visitor: Visitor) -> Iterator[Connection]:
    """Read with the visitor's eyes; a party reads what the page has found to be its own.

    A balance rests on transfers whose other end a party does not see, so row-level security
    shows it no row of the ledger: of a party every question names the party itself.
    """
    database = visitor.house.database
    if _is_bank(visitor):
        with database.reading(visitor.sight) as conn:
            yield conn
    else:
        with database.transaction(rollback=True) as conn:
            yield conn


def _register(visitor: Visitor, conn: Connection) -> Register:
    return Register(conn, _institution(visitor), visitor.on, visitor.at)


def _party(visitor: Visitor, conn: Connection, party: str) -> Party:
    """Return a party that is on the register and that this visitor may see.

    Raises:
        Turned: there is none.
    """
    found = _register(visitor, conn).parties([party])[party]
    if found is None or not _may_see(visitor, party):
        raise faults.not_found()
    return found


def _record(visitor: Visitor, holder: Party, what: str) -> None:
    if holder.type is PartyType.PERSON:
        record_view(visitor, [holder.id], what)


def _institution(visitor: Visitor) -> str:
    return visitor.house.site.institution_id


def _posted_by(visitor: Visitor) -> datetime | None:
    """Return the end of the page's day, None where that is still to come."""
    if visitor.on >= visitor.today:
        return None
    return datetime.combine(visitor.on + _DAY, time(), SHANGHAI) - timedelta(microseconds=1)


def _seq(visitor: Visitor, conn: Connection) -> int | None:
    """Return the last transfer of the page's day, None where all there are count."""
    posted_by = _posted_by(visitor)
    return None if posted_by is None else ledger.seq_at(conn, posted_by)


def _causes(
    visitor: Visitor, conn: Connection, lines: list[StatementLine]
) -> tuple[dict[int, PastLine], dict[str, int]]:
    """Return the decisions that moved an account, and the last transfers they are found by."""
    institution = _institution(visitor)
    lasts = ledger.last_transfers(conn, institution, {one.chain_id for one in lines})
    drawn = read_posted(conn, institution, list(lasts.values()))
    return drawn, {str(chain): last for chain, last in lasts.items()}


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 19 else 0  # noqa: PLR2004


def _day(text: str | None, otherwise: date) -> date:
    if not text:
        return otherwise
    try:
        return parse_date(text)
    except ValueError:
        raise faults.bad_day() from None
