"""`qianhai ledger load`, `export` and `reconcile`: the ledger and files.

The group itself, with `verify`, is in `integrity`; what accounts have is in `balances`.
"""

from pathlib import Path

import click

from qianhai.cli.app import App
from qianhai.cli.balances import (
    account_named,
    as_json,
    misused_option,
    since_day,
    span_of,
    until_day,
)
from qianhai.cli.integrity import ledger
from qianhai.cli.progress import progress
from qianhai.instructions import reconciled
from qianhai.kernel import (
    BrokenIntegrity,
    format_minor,
)
from qianhai.ledger import (
    EXPORTS,
    Load,
    Reconciled,
    Refused,
    Side,
    export_to,
)
from qianhai.messages import neutralised, write_csv
from qianhai.views import (
    RECONCILED_COLUMNS,
    grouped,
    loaded_document,
    reconciled_rows,
    reconciliation_document,
    side_document,
)

__all__ = ["ledger"]

_SHOWN_LINES_MAX = 50
_file = click.Path(readable=False)


@ledger.command("load")
@click.argument("file", type=_file)
@click.option("--accounts", type=_file, help="Accounts to open first. 先开立的账户文件。")
@click.option("--refused", type=_file, help="Where refused chains are listed. 被拒交易链的清单。")
@as_json
@click.pass_obj
def load(app: App, file: str, accounts: str | None, refused: str | None, _json: bool) -> None:
    """Load transfers from CSV or Parquet; the same file again books nothing twice.

    批量载入转账。
    """
    with app.database() as database:
        work = Load(
            database,
            app.road(database).writer,
            app.site.institution_id,
            Path(file),
            now=app.site.now,
            accounts=Path(accounts) if accounts else None,
        )
        with progress(app, app.say("核验", "checking"), None) as tick:
            work.check(tick)
        with progress(app, app.say("入账", "booking"), work.done.rows) as tick:
            found = work.post(tick)
            if refused:
                write_csv(Path(refused), Refused._fields, map(_refused_row, found))
            else:
                for _ in found:
                    pass
    document = loaded_document(work.done)
    if app.is_json:
        app.print_document(document)
        return
    app.print_table(
        app.say(f"{file}：{work.done.rows} 行", f"{file}: {work.done.rows} rows"),
        [(app.say("结果", "result"), ""), (app.say("交易链", "chains"), "right")],
        [[name, str(count)] for name, count in sorted(work.done.results.items())],
    )
    click.echo(
        app.say(
            f"新开账户 {work.done.accounts_opened} 个；{work.done.repeated} 条交易链此前已作答",
            f"{work.done.accounts_opened} accounts opened; {work.done.repeated} chains were"
            " answered before",
        )
    )


def _refused_row(one: Refused) -> dict[str, str | int | None]:
    return {**one._asdict(), "chain_id": str(one.chain_id), "result": one.result.value}


@ledger.command("export")
@click.argument("what", type=click.Choice(sorted(EXPORTS)))
@click.option("--out", required=True, type=_file, help="FILE.parquet or FILE.csv. 输出文件。")
@click.option("--account", metavar="NAME", help="Of one account only. 仅此账户。")
@since_day
@until_day
@as_json
@click.pass_obj
def export(
    app: App,
    what: str,
    out: str,
    account: str | None,
    since: str | None,
    until: str | None,
    _json: bool,
) -> None:
    """Write transfers, balances or chains to a Parquet or CSV file, which `load` reads again.

    导出转账、余额或交易链。
    """
    if what == "balances" and (since or until):
        raise misused_option(
            "C040",
            "--since" if since else "--until",
            (since or until) or "",
            "no days with balances",
            "Balances are those of now; leave the days out, or ask `qianhai ledger balance --at`.",
            "余额为当前余额，请不要填写日期；历史余额请用 qianhai ledger balance --at 查询。",
        )
    count = 0
    with (
        app.database() as database,
        database.transaction() as conn,
        progress(app, app.say("导出", "exporting"), None) as tick,
    ):
        if account is not None:
            account_named(app, conn, account)
        span = span_of(conn, account, since, until, is_chains=what == "chains")
        written = export_to(Path(out), what, conn, app.site.institution_id, span, neutralised)
        for rows in written:
            count += rows
            tick(rows)
    if app.is_json:
        app.print_document({"what": what, "file": out, "rows": count})
    else:
        click.echo(app.say(f"已写出 {count} 行至 {out}", f"{count} rows written to {out}"))


@ledger.command("reconcile")
@click.argument("account")
@click.argument("statement", type=_file, metavar="STATEMENT.csv")
@click.option(
    "--days",
    default=3,
    show_default=True,
    type=click.IntRange(0, 366),
    help="How far value dates may lie apart. 起息日允许相差的天数。",
)
@click.option("--out", type=_file, help="Every line with its match or reason. 逐行结果文件。")
@as_json
@click.pass_obj
def reconcile(
    app: App, account: str, statement: str, days: int, out: str | None, _json: bool
) -> int:
    """Hold an account against an external statement; every line that is left is explained.

    与外部对账单核对。
    """
    with app.database() as database, database.transaction() as conn:
        found = reconciled(conn, app.site.institution_id, account, Path(statement), days=days)
    if out:
        write_csv(Path(out), RECONCILED_COLUMNS, reconciled_rows(found))
    if app.is_json:
        app.print_document(reconciliation_document(account, found))
    else:
        _print_reconciliation(app, account, found)
    return 0 if found.result.is_complete else BrokenIntegrity.exit_code


def _print_reconciliation(app: App, account: str, found: Reconciled) -> None:
    totals, left = found.result.totals, found.result.unmatched
    names = {Side.HERE: app.say("我方", "here"), Side.THERE: app.say("对方", "there")}
    here, there = (side_document(found, side) for side in Side)
    words = (
        ("opening", "期初"), ("matched", "已匹配"), ("timing", "期外匹配"), ("unmatched", "未匹配"),
        ("closing", "期末"),
    )  # fmt: skip
    app.print_table(
        f"{account} · {totals.first} – {totals.last} · {found.asset}",
        [("", ""), *((name, "right") for name in names.values())],
        [[app.say(zh, en), grouped(here[en]), grouped(there[en])] for en, zh in words],
    )
    rows = [row for row in reconciled_rows(found) if not row["match"]]
    app.print_table(
        app.say("未匹配", "Unmatched"),
        [
            (app.say("方", "side"), ""),
            (app.say("行", "line"), "right"),
            (app.say("起息日", "value date"), ""),
            (app.say("金额", "amount"), "right"),
            (app.say("内容", "text"), ""),
            (app.say("原因", "why"), ""),
        ],
        [
            [
                names[Side(row["side"])],
                row["line"],
                row["value_on"],
                grouped(row["amount"]),
                row["text"],
                app.say(row["zh"], row["en"]),
            ]
            for row in rows[:_SHOWN_LINES_MAX]
        ],
    )
    if len(left) > _SHOWN_LINES_MAX:
        more = len(left) - _SHOWN_LINES_MAX
        click.echo(app.say(f"另有 {more} 行，见 --out 或 --json", f"{more} more: --out, --json"))
    off = f"{grouped(format_minor(totals.difference, found.scale))} {found.asset}"
    groups = len(found.result.matches)
    click.echo(
        app.say(
            f"已匹配 {groups} 组；未匹配 {len(left)} 行；差额 {off}",
            f"{groups} matches; {len(left)} lines unmatched; difference {off}",
        )
    )
