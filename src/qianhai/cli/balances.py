"""`qianhai ledger trial-balance`, `statement` and `balance`: what accounts have.

Holds also how a command names an account and a span of days.
"""

from datetime import date, datetime, time, timedelta

import click

from qianhai import ledger as ledger_room
from qianhai.cli.app import App
from qianhai.cli.integrity import ledger
from qianhai.db import Connection
from qianhai.kernel import SHANGHAI, BadInput, BrokenIntegrity, Flaw, Place, parse_date
from qianhai.ledger import AccountSpec, Balance, Span, TrialLine, trial_balance, uneven
from qianhai.views import balance_document, grouped, statement_line, trial_documents

_PAGE_LINES = 100
_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)

as_json = click.option("--json", "_json", is_flag=True, help="Print one JSON document. 输出 JSON。")
since_day = click.option("--since", metavar="DAY", help="First day of posting. 记账起始日。")
until_day = click.option("--until", metavar="DAY", help="Last day of posting. 记账截止日。")


@ledger.command("trial-balance")
@click.option("--by-kind", is_flag=True, help="Each kind of account too. 并按账户类别列示。")
@as_json
@click.pass_obj
def show_trial_balance(app: App, by_kind: bool, _json: bool) -> None:
    """Add up all accounts of each asset: both sides must be the same.

    试算平衡。
    """
    with app.database() as database, database.transaction() as conn:
        lines = trial_balance(conn, app.site.institution_id, by_kind=by_kind)
    flaws = uneven(lines)
    if app.is_json and not flaws:
        app.print_document({"is_even": True, "lines": trial_documents(lines)})
    if not app.is_json:
        _print_trial(app, lines)
    if flaws:
        raise BrokenIntegrity(flaws)


#: What a trial balance tells in amounts.
FIGURES = ("debit", "credit", "balance", "pending_in", "pending_out")


def figure_columns(app: App) -> list[tuple[str, str]]:
    """Return the columns of how many accounts there are, and of their figures."""
    return [
        (app.say("账户数", "accounts"), "right"),
        (app.say("借方", "debit"), "right"),
        (app.say("贷方", "credit"), "right"),
        (app.say("差额", "balance"), "right"),
        (app.say("待入", "pending in"), "right"),
        (app.say("待出", "pending out"), "right"),
    ]


def _print_trial(app: App, lines: list[TrialLine]) -> None:
    app.print_table(
        app.say("试算平衡", "Trial balance"),
        [
            (app.say("资产", "asset"), ""),
            (app.say("类别", "kind"), ""),
            *figure_columns(app),
        ],
        [
            [
                str(one["asset"]),
                app.say("合计", "all") if one["kind"] is None else str(one["kind"]),
                str(one["accounts"]),
                *(grouped(str(one[name])) for name in FIGURES),
            ]
            for one in trial_documents(lines)
        ],
    )
    if not lines:
        click.echo(app.say("账本中还没有账户", "the ledger has no accounts yet"))


@ledger.command("statement")
@click.argument("account")
@since_day
@until_day
@click.option("--page", default=1, show_default=True, type=click.IntRange(1, 1_000_000))
@as_json
@click.pass_obj
def show_statement(
    app: App, account: str, since: str | None, until: str | None, page: int, _json: bool
) -> None:
    """List an account's transfers, oldest first, a hundred a page.

    账户明细。
    """
    institution = app.site.institution_id
    with app.database() as database, database.transaction() as conn:
        spec = account_named(app, conn, account)
        span = span_of(conn, account, since, until, is_chains=False)
        before = (page - 1) * _PAGE_LINES
        most = before + _PAGE_LINES + 1
        found = ledger_room.statement(conn, institution, account, span.since, span.until, most)
    lines = found[before : before + _PAGE_LINES]
    documents = [statement_line(line, spec.asset.scale) for line in lines]
    has_more = len(found) == most
    if app.is_json:
        app.print_document(
            {
                "account": account,
                "asset": spec.asset.code,
                "page": page,
                "has_more": has_more,
                "lines": documents,
            }
        )
        return
    figures = ("amount", "held", "balance")
    app.print_table(
        f"{account} · {spec.asset.code}",
        [
            ("seq", "right"),
            (app.say("记账时间", "posted at"), ""),
            (app.say("起息日", "value date"), ""),
            (app.say("种类", "kind"), ""),
            (app.say("对方账户", "counterpart"), ""),
            (app.say("金额", "amount"), "right"),
            (app.say("冻结", "held"), "right"),
            (app.say("余额", "balance"), "right"),
        ],
        [
            [
                str(line.seq),
                line.posted_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S"),
                line.value_on.isoformat(),
                line.kind.value,
                line.counterpart,
                *(grouped(str(document[name])) for name in figures),
            ]
            for line, document in zip(lines, documents, strict=True)
        ],
    )
    if not lines:
        click.echo(app.say("没有明细", "no transfers"))
    elif has_more:
        click.echo(app.say(f"下一页：--page {page + 1}", f"next page: --page {page + 1}"))


@ledger.command("balance")
@click.argument("account")
@click.option("--at", metavar="DAY|INSTANT", help="As posted by then. 截至该时刻已记账。")
@click.option("--value-date", metavar="DAY", help="By value date. 按起息日。")
@as_json
@click.pass_obj
def show_balance(
    app: App, account: str, at: str | None, value_date: str | None, _json: bool
) -> None:
    """Show what an account has: now, as it was posted by an instant, or by value date.

    账户余额。
    """
    if at and value_date:
        raise misused_option(
            "C042",
            "--at",
            at,
            "--at or --value-date",
            "--at and --value-date ask for two different balances; give one of them.",
            "--at 与 --value-date 查询的是不同余额，请只填其一。",
        )
    institution = app.site.institution_id
    with app.database() as database, database.transaction() as conn:
        spec = account_named(app, conn, account)
        if value_date:
            day = _day("--value-date", value_date)
            found = Balance(ledger_room.balance_on(conn, institution, account, day))
        elif at:
            seq = ledger_room.seq_at(conn, _instant(at))
            found = ledger_room.balance_as_of(conn, institution, account, seq)
        else:
            found = ledger_room.balances(conn, institution, [account])[account]
    document = balance_document(account, spec.asset.code, spec.asset.scale, found)
    if value_date:
        # What is pending has no value date before it is posted.
        document = {name: document[name] for name in ("account", "asset", "balance")}
    document |= {"at": at, "value_date": value_date}
    if app.is_json:
        app.print_document(document)
        return
    words = (
        ("balance", "余额"), ("pending_in", "待入"), ("pending_out", "待出"),
        ("available", "可用"), ("used", "已用"),
    )  # fmt: skip
    app.print_table(
        f"{account} · {spec.asset.code}",
        [("", ""), ("", "right")],
        [
            [app.say(zh, en.replace("_", " ")), grouped(str(document[en]))]
            for en, zh in words
            if en in document
        ],
    )


# What commands are given.


def account_named(app: App, conn: Connection, name: str) -> AccountSpec:
    """Return the account a command names.

    Raises:
        BadInput: there is none.
    """
    spec = ledger_room.account_spec(conn, app.site.institution_id, name)
    if spec is None:
        raise misused_option(
            "C043",
            "ACCOUNT",
            name,
            "an account of this ledger",
            f"There is no account `{name}`; `qianhai ledger export balances` lists them all.",
            f"没有账户“{name}”；可用 qianhai ledger export balances 列出全部账户。",
        )
    return spec


def span_of(
    conn: Connection,
    account: str | None,
    since: str | None,
    until: str | None,
    *,
    is_chains: bool,
) -> Span:
    """Return the numbers that were posted from one day to another, both of them included."""
    last_at = ledger_room.chain_at if is_chains else ledger_room.seq_at
    first = last_at(conn, _start(_day("--since", since)) - _MICROSECOND) if since else 0
    last = last_at(conn, _end(_day("--until", until))) if until else None
    return Span(account, first, last)


def _start(day: date) -> datetime:
    return datetime.combine(day, time.min, SHANGHAI)


def _end(day: date) -> datetime:
    return _start(day) + _DAY - _MICROSECOND


def _instant(text: str) -> datetime:
    """Return the instant a command names: a day is its end in Shanghai."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or (found.tzinfo is None and len(text) > len("2023-06-30")):
        raise misused_option(
            "C041",
            "--at",
            text,
            "a day as YYYY-MM-DD, or an instant with its zone as 2023-06-30T16:00:00+08:00",
            f"`{text}` is no day and no instant with its zone; write 2023-06-30 or"
            " 2023-06-30T16:00:00+08:00.",
            f"“{text}”不是日期，也不是带时区的时刻；请写成 2023-06-30 或"
            " 2023-06-30T16:00:00+08:00。",
        )
    return _end(_day("--at", text)) if found.tzinfo is None else found


def _day(option: str, text: str) -> date:
    try:
        day = parse_date(text)
        _end(day).astimezone(SHANGHAI)
    except (ValueError, OverflowError):
        raise misused_option(
            "C041",
            option,
            text,
            "a day as YYYY-MM-DD",
            f"`{text}` is no day; write it as YYYY-MM-DD.",
            f"“{text}”不是日期，请写成 YYYY-MM-DD。",
        ) from None
    return day


def misused_option(code: str, option: str, value: str, expected: str, en: str, zh: str) -> BadInput:
    """Return a mistake in what a command was given."""
    return BadInput([Flaw(code, Place(option), value, expected, en, zh)])
