"""`qianhai report`: regulatory records shown and corrected, returns made and proven."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import click

from qianhai.cli.app import App
from qianhai.cli.refuse import refused
from qianhai.cli.usage import Commands
from qianhai.db import Database
from qianhai.instructions import Records, Return, Returns, days_of
from qianhai.kernel import BrokenIntegrity, Place, nearest
from qianhai.messages import Cell, write_csv, write_xlsx
from qianhai.views import (
    form_document,
    grouped,
    record_columns,
    record_rows,
    return_columns,
    return_document,
    return_rows,
    version_document,
)

_SHOWN_MAX: Final = 40
_as_json = click.option(
    "--json", "_json", is_flag=True, help="Print one JSON document. 输出 JSON。"
)
_period = click.option(
    "--period", required=True, metavar="PERIOD", help="2025-06, 2025-Q2 or 2025. 报告期。"
)
_WRITERS = {".csv": write_csv, ".xlsx": write_xlsx}


@click.group(cls=Commands)
def report() -> None:
    """Regulatory records of what was permitted, their corrections, and periodic returns.

    逐笔监管报告、更正与定期报表。
    """


def _records(app: App, database: Database) -> Records:
    site = app.site
    return Records(app.policy, site.institution_id, app.bank(database).cover, site.salts)


def _returns(app: App, database: Database) -> Returns:
    return Returns(app.policy, app.site.institution_id, app.bank(database).cover)


@report.command("list")
@_as_json
@click.pass_obj
def show_forms(app: App, _json: bool) -> None:
    """Show every report of the pack: whose it is, under which rule, and its period.

    列出全部报告。
    """
    pack = app.policy.pack
    found: list[Mapping[str, Any]] = [
        form_document(pack, name) for name in sorted(pack.vocabulary["reports"])
    ]
    if app.is_json:
        app.print_document(found)
        return
    app.print_table(
        app.say("监管报告", "Regulatory reports"),
        [
            (app.say("报告", "report"), ""),
            (app.say("内容", "what"), ""),
            (app.say("报送对象", "regulator"), ""),
            (app.say("报表期", "period"), ""),
            (app.say("依据（确信度）", "rule (confidence)"), ""),
        ],
        [
            [
                one["report"],
                one[app.language],
                one["regulator"][app.language],
                one["period"],
                f"{one['source']} ({one['confidence']})",
            ]
            for one in found
        ],
    )


@report.command("show")
@click.argument("instruction")
@_as_json
@click.pass_obj
def show(app: App, instruction: str, _json: bool) -> None:
    """Show every record of an instruction, with all its versions.

    查看一笔指令的全部报告及版本。
    """
    with app.database() as database, database.transaction() as conn:
        found = _records(app, database).of(conn, instruction)
    if not found:
        raise refused(
            "C064",
            Place("report"),
            instruction,
            "an instruction that owes a report",
            en=f"instruction `{instruction}` has no record: it was not permitted, or owes none.",
            zh=f"指令“{instruction}”没有监管报告：未获准办理，或无须报告。",
        )
    documents = [version_document(app.policy.pack, one) for one in found]
    if app.is_json:
        app.print_document(documents)
        return
    for one in documents:
        _print_version(app, one)


def _print_version(app: App, one: Mapping[str, Any]) -> None:
    """Print a version as a table of its fields, then what is missing or not proven."""
    term = app.policy.pack.vocabulary["reports"].get(one["report"])
    words = app.say(term.zh, term.en) if term else one["report"]
    what = app.say(
        f"{words}（{one['report']}）第 {one['version']} 版，{one['created_at']}",
        f"{words} ({one['report']}), version {one['version']} of {one['created_at']}",
    )
    if one["by"]:
        what += app.say(f"；更正人 {one['by']}：{one['why']}", f"; by {one['by']}: {one['why']}")
    rows = [_field_row(app, field, "") for field in one["fields"]]
    for number, line in enumerate(one["lines"], 1):
        rows += [_field_row(app, field, f"lines.{number}.") for field in line]
    headings = [
        (app.say("字段", "field"), ""),
        (app.say("名称", "name"), ""),
        (app.say("值", "value"), ""),
    ]
    app.print_table(what, headings, rows)
    if one["erased"]:
        click.echo(app.say("该个人的数据已删除。", "it was erased with the person it spoke of."))
    if one["missing"]:
        listed = ", ".join(one["missing"])
        click.echo(app.say(f"待补：{listed}", f"missing: {listed}"))
    if one["unproven"]:
        listed = ", ".join(one["unproven"])
        click.echo(app.say(f"代码表未能证实：{listed}", f"not proven by its table: {listed}"))


def _field_row(app: App, field: Mapping[str, Any], prefix: str) -> list[str]:
    means = field.get("means")
    said = f"{field['value']} · {means[app.language]}" if means else field["value"] or "-"
    return [f"{prefix}{field['field']}", field[app.language], said]


@report.command("correct")
@click.argument("instruction")
@click.argument("kind", metavar="REPORT")
@click.option(
    "--set", "stated", multiple=True, required=True, metavar="FIELD=VALUE", help="更正的字段。"
)
@click.option("--why", required=True, help="The reason, kept with the version. 更正理由。")
@_as_json
@click.pass_obj
def correct(
    app: App, instruction: str, kind: str, stated: Sequence[str], why: str, _json: bool
) -> None:
    """State fields of a record anew, as its next version; the old one stays.

    更正一份报告：新版本，旧版本保留。
    """
    site = app.site
    with app.database() as database, database.transaction() as conn:
        version = _records(app, database).correct(
            conn, instruction, kind, _pairs(stated), why=why, by=site.actor, at=site.now()
        )
    document = version_document(app.policy.pack, version)
    if app.is_json:
        app.print_document(document)
    else:
        _print_version(app, document)


def _pairs(stated: Iterable[str]) -> dict[str, str]:
    """Return fields with what is stated of them.

    Raises:
        BadInput: one has no `=`, no value, or stands twice.
    """
    found: dict[str, str] = {}
    for text in stated:
        name, sign, value = text.partition("=")
        if not (name and sign and value) or name in found:
            raise refused(
                "C060",
                Place("--set"),
                text,
                "FIELD=VALUE, each field once",
                en=f"`{text}` states nothing; write FIELD=VALUE, each field once.",
                zh=f"“{text}”无法识别，请写成 字段=值，每个字段一次。",
            )
        found[name] = value
    return found


@report.command("return")
@click.argument("kind", metavar="REPORT")
@_period
@click.option("--out", default=None, metavar="FILE", help="FILE.csv or FILE.xlsx. 输出文件。")
@_as_json
@click.pass_obj
def make_return(app: App, kind: str, period: str, out: str | None, _json: bool) -> int:
    """Sum the latest records of a period, and prove them by the ledger; exit code 3 if they differ.

    定期报表，并与账本逐分核对。
    """
    _known(app, kind, period)
    writer = _writer(out)
    with app.database() as database, database.transaction() as conn:
        made = _returns(app, database).one(conn, kind, period)
    if out:
        writer(Path(out), return_columns(made), return_rows(made))
    if app.is_json:
        app.print_document(return_document(made))
    else:
        _print_return(app, made)
    return 0 if made.is_proven else BrokenIntegrity.exit_code


@report.command("export")
@click.argument("kind", metavar="REPORT")
@_period
@click.option("--out", required=True, metavar="FILE", help="FILE.csv or FILE.xlsx. 输出文件。")
@_as_json
@click.pass_obj
def export(app: App, kind: str, period: str, out: str, _json: bool) -> None:
    """Write the latest record of each business of a period, one row a line.

    导出报告期内每笔报告的最新版本。
    """
    form = _known(app, kind, period)
    count = 0

    def rows(found: Iterable[Any]) -> Iterable[Mapping[str, Cell]]:
        nonlocal count
        for version in found:
            count += 1
            yield from record_rows(version)

    writer = _writer(out)
    with app.database() as database, database.transaction() as conn:
        found = _records(app, database).latest(conn, kind, period)
        writer(Path(out), record_columns(form), rows(found))
    if app.is_json:
        app.print_document({"report": kind, "period": period, "records": count, "file": out})
    else:
        number = grouped(str(count))
        click.echo(app.say(f"{number} 份报告已写入 {out}。", f"{number} records are in {out}."))


@report.command("verify")
@click.option(
    "--year", type=click.IntRange(1, 9998), default=None, help="One year; else every year. 仅该年。"
)
@_as_json
@click.pass_obj
def verify(app: App, year: int | None, _json: bool) -> int:
    """Prove every return of every period by the ledger; exit code 3 if one differs.

    全部报表与账本核对。
    """
    made: list[Return] = []
    with app.database() as database, database.transaction() as conn:
        returns = _returns(app, database)
        for each in [year] if year is not None else returns.years(conn):
            made += returns.of_year(conn, each)
    if app.is_json:
        kept = ({**return_document(one), "rows": None} for one in made)
        app.print_document([{k: v for k, v in one.items() if v is not None} for one in kept])
    else:
        _print_proofs(app, made)
    return 0 if all(one.is_proven for one in made) else BrokenIntegrity.exit_code


def _known(app: App, kind: str, period: str) -> Any:  # noqa: ANN401 - the form, read where it is used
    """Return the form of a report whose period is written as it should be.

    Raises:
        BadInput: no such report, or no such period of it.
    """
    pack = app.policy.pack
    if kind not in pack.vocabulary["reports"]:
        near = nearest(kind, pack.vocabulary["reports"])
        hint, zh = (f" Nearest name: `{near}`.", f"相近名称：“{near}”。") if near else ("", "")
        raise refused(
            "C061",
            Place("report"),
            kind,
            "a report of the pack",
            en=f"unknown report `{kind}`.{hint} `qianhai report list` shows them.",
            zh=f"未知报告“{kind}”。{zh}可用 qianhai report list 查看。",
        )
    form = pack.form(kind)
    try:
        fits = form.period_of(days_of(period)[0]) == period
    except ValueError:
        fits = False
    if not fits:
        example = {"month": "2025-06", "quarter": "2025-Q2", "year": "2025"}[form.returns.period]
        raise refused(
            "C062",
            Place("--period"),
            period,
            f"a {form.returns.period}, such as {example}",
            en=f"`{period}` is no {form.returns.period}; write it as {example}.",
            zh=f"“{period}”不是该报表的报告期，请写成 {example} 的形式。",
        )
    return form


def _writer(out: str | None) -> Any:  # noqa: ANN401 - one of two writers of the same use
    """Return what writes a file of the kind its name says.

    Raises:
        BadInput: the name ends otherwise.
    """
    suffix = Path(out).suffix.lower() if out else ".csv"
    if suffix not in _WRITERS:
        raise refused(
            "C063",
            Place("--out"),
            out or "",
            "FILE.csv or FILE.xlsx",
            en=f"`{out}` ends neither in .csv nor in .xlsx.",
            zh=f"“{out}”的扩展名应为 .csv 或 .xlsx。",
        )
    return _WRITERS[suffix]


def _print_return(app: App, made: Return) -> None:
    """Print the rows of a return, then its proof."""
    columns = return_columns(made)[2:]
    numbers = {"count", "amount", "held"}
    app.print_table(
        f"{made.kind} {made.period}",
        [(name, "right" if name in numbers else "") for name in columns],
        [
            [_shown(row.get(name), is_number=name in numbers) for name in columns]
            for row in return_rows(made)
        ],
    )
    figures = [
        (made.records, "份报告", "records"),
        (made.corrected, "份经更正", "corrected"),
        (made.incomplete, "份待补", "with a field missing"),
        (made.unproven, "份代码未证实", "with a code its table cannot prove"),
        (made.unreadable, "份已删除", "erased"),
    ]
    told = [(n, zh, en) for n, zh, en in figures if n or zh == "份报告"]
    click.echo(
        app.say(
            "，".join(f"{n} {zh}" for n, zh, _ in told) + "。",
            ", ".join(f"{n} {en}" for n, _, en in told) + ".",
        )
    )
    _print_proofs(app, [made])


def _shown(value: Cell, *, is_number: bool) -> str:
    if value is None:
        return ""
    text = format(value, "f") if isinstance(value, Decimal) else str(value)
    return grouped(text) if is_number else text


def _print_proofs(app: App, made: Sequence[Return]) -> None:
    """Print what records and ledger say side by side, then every difference."""
    documents: list[Mapping[str, Any]] = [return_document(one) for one in made]
    app.print_table(
        app.say("与账本核对", "Proof by the ledger"),
        [
            (app.say("报告", "report"), ""),
            (app.say("报告期", "period"), ""),
            (app.say("方向", "side"), ""),
            (app.say("币种", "currency"), ""),
            (app.say("报告合计", "reported"), "right"),
            (app.say("账本合计", "ledger"), "right"),
        ],
        [
            [
                one["report"],
                one["period"],
                line["side"],
                line["currency"],
                grouped(line["reported"]),
                grouped(line["ledger"]),
            ]
            for one in documents
            for line in one["proof"]
        ],
    )
    lines = [(one["report"], line) for one in documents for line in one["differences"]]
    app.print_table(
        app.say("不一致", "Differences"),
        [
            (app.say("报告", "report"), ""),
            (app.say("指令", "instruction"), ""),
            (app.say("情况", "what"), ""),
            (app.say("报告", "reported"), "right"),
            (app.say("账本", "ledger"), "right"),
        ],
        [
            [name, line["instruction"], line[app.language], *_two(line)]
            for name, line in lines[:_SHOWN_MAX]
        ],
    )
    count = sum(one["differing"] for one in documents)
    number = grouped(str(count))
    records = grouped(str(sum(one["records"] for one in documents)))
    click.echo(
        app.say(f"共 {number} 处不一致。", f"{number} differences.")
        if count
        else app.say(
            f"{records} 份报告均与账本一致，分毫不差。",
            f"all {records} records agree with the ledger to the cent.",
        )
    )


def _two(line: Mapping[str, Any]) -> list[str]:
    if line["what"] != "amount":
        return ["", ""]
    unit = line["currency"]
    return [f"{grouped(line['reported'])} {unit}", f"{grouped(line['ledger'])} {unit}"]
