"""`qianhai subject`: find a party by a number, give people a copy of their data, erase it.

Every reading is recorded with who and why. Must not erase what the law has us keep.
"""

import json
import sys
from pathlib import Path

import click

from qianhai import registers
from qianhai.cli.app import App
from qianhai.cli.refuse import refused
from qianhai.cli.retention import given_years, years_option
from qianhai.cli.usage import Commands
from qianhai.instructions import Cover, business_of
from qianhai.kernel import BadInput, Flaw, Place, business_date
from qianhai.registers import IdentifierFlaw
from qianhai.views import Kept, kept_document, kept_of, subject_document, subject_page

_SALT_BYTES = 16
_as_json = click.option(
    "--json", "_json", is_flag=True, help="Print one JSON document. 输出 JSON。"
)


@click.group(cls=Commands)
def subject() -> None:
    """Serve the people whose data is kept here.

    个人信息主体：查找、副本、删除。
    """


@subject.command("find")
@click.argument("kind")
@_as_json
@click.pass_obj
def find(app: App, kind: str, _json: bool) -> None:
    """Find the party that holds a number; the number comes on standard input, by line.

    A number on the command line would stay in the shell's history.

    按证件号码查找主体（号码从标准输入读取）。
    """
    number = sys.stdin.readline().strip()
    written = registers.canonical(kind, number)
    if isinstance(written, IdentifierFlaw):
        raise refused(
            "C089",
            Place("subject find"),
            registers.masked(number),
            "a number of that kind",
            en=f"That is no {kind}; write it as on the paper. The kinds are"
            f" {', '.join(registers.KINDS)}.",
            zh=f"这不是有效的 {kind} 号码，请按证件填写。"
            f"可用的种类：{'、'.join(registers.KINDS)}。",
        )
    site = app.site
    with app.database() as database, database.transaction() as conn:
        found = registers.parties_by_number(conn, app.keyring, site.institution_id, kind, written)
    if app.is_json:
        rows = [{"party": party, "number": shown} for party, shown in found]
        app.print_document({"kind": kind, "found": rows})
    elif not found:
        click.echo(app.say("没有主体持有该号码", "no party holds that number"))
    for party, shown in found if not app.is_json else ():
        click.echo(f"{party}  {kind} {shown}")


@subject.command("export")
@click.argument("party")
@click.option("--purpose", required=True, help="Why; it is recorded. 用途（将被记录）。")
@click.option("--out", required=True, type=click.Path(), help="A new folder. 新目录。")
@_as_json
@click.pass_obj
def export(app: App, party: str, purpose: str, out: str, _json: bool) -> None:
    """Write all that is on record about a party: data.json for programs, data.html for people.

    导出某主体的全部信息。
    """
    site, folder = app.site, Path(out)
    _refuse_blank(purpose, "--purpose")
    if folder.exists():
        raise refused(
            "C090",
            Place("--out"),
            out,
            "a folder that is not there yet",
            en=f"{out} is there already; a copy is never written over. Name a new folder.",
            zh=f"{out} 已存在；不会覆盖，请指定新目录。",
        )
    at = site.now()
    cover = Cover(site.institution_id, app.keyring, site.salts)
    with app.database() as database, database.transaction() as conn:
        found = registers.held(
            conn,
            app.keyring,
            party,
            institution_id=site.institution_id,
            purpose=purpose,
            by=site.actor,
            at=at,
            salts=lambda: site.salts(_SALT_BYTES),
        )
        if not found.is_known:
            raise BadInput([_unknown(party)])
        business = business_of(conn, cover, site.institution_id, party)
        kept = kept_of(conn, site.institution_id, party, business_date(at), {})
    document = subject_document(
        party,
        found,
        business,
        [kept_document(one) for one in kept],
        institution_id=site.institution_id,
        at=at,
    )
    # Written once the record of the reading is committed: nobody reads and leaves no trace.
    folder.mkdir(mode=0o700, parents=True)
    text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    for name, content in (("data.json", text), ("data.html", subject_page(document))):
        path = folder / name
        path.touch(mode=0o600)
        path.write_text(content, encoding="utf-8")
    count = sum(len(part) for part in document.values() if isinstance(part, list))
    if app.is_json:
        app.print_document({"subject": party, "folder": str(folder), "rows": count})
    else:
        click.echo(
            app.say(
                f"已将“{party}”的 {count} 项内容写入 {folder}，查阅已记录",
                f"{count} rows about `{party}` are in {folder}; the reading is on record",
            )
        )


@subject.command("erase")
@click.argument("party")
@click.option("--reason", required=True, help="Why; it is recorded. 原因（将被记录）。")
@years_option
@_as_json
@click.pass_obj
def erase(app: App, party: str, reason: str, years: tuple[str, ...], _json: bool) -> None:
    """Destroy the key of a person, once nothing binds their data any more.

    The rows stay, unreadable, and every chain still verifies.

    删除个人信息（销毁密钥），仅限已无法定保存义务者。
    """
    site = app.site
    _refuse_blank(reason, "--reason")
    given, at = given_years(years), site.now()
    with app.database() as database, database.transaction() as conn:
        kept = kept_of(conn, site.institution_id, party, business_date(at), given)
        if kept:
            raise BadInput([_bound(party, one) for one in kept])
        is_done = registers.erase(
            conn,
            party,
            institution_id=site.institution_id,
            reason=reason,
            by=site.actor,
            at=at,
            salts=lambda: site.salts(_SALT_BYTES),
        )
        if not is_done:
            raise BadInput([_no_key(party)])
    if app.is_json:
        app.print_document({"subject": party, "is_erased": True})
    else:
        click.echo(
            app.say(
                f"“{party}”的密钥已销毁；此前的备份到期前仍含该密钥",
                f"the key of `{party}` is destroyed; backups made before keep it until they end",
            )
        )


def _refuse_blank(text: str, option: str) -> None:
    if not text.strip():
        raise refused(
            "C091",
            Place(option),
            text,
            "a sentence",
            en=f"{option} is empty; say why in a sentence, it is recorded.",
            zh=f"{option} 为空；请写明原因，将被记录。",
        )


def _unknown(party: str) -> Flaw:
    return Flaw(
        "C092",
        Place("subject"),
        party,
        "a party of the register",
        f"Nothing is on record about `{party}`; `qianhai subject find` looks a number up.",
        f"没有关于“{party}”的记录；可用 qianhai subject find 按号码查找。",
    )


def _no_key(party: str) -> Flaw:
    return Flaw(
        "C093",
        Place("subject"),
        party,
        "a person of the register who was not erased",
        f"`{party}` has no key to destroy: not a person on record, or erased before.",
        f"“{party}”没有可销毁的密钥：不是登记在册的个人，或此前已删除。",
    )


def _bound(party: str, kept: Kept) -> Flaw:
    """Say which paper has us keep what, and until when."""
    title = kept.rule.title
    if kept.until is not None:
        en, zh = f"until {kept.until}", f"至 {kept.until}"
    else:
        en, zh = "and no end is known yet", "期限尚未起算或尚未确定"
    return Flaw(
        "C094",
        Place("subject erase", column=kept.rule.id),
        party,
        "data that nothing binds",
        f"{title.en} of `{party}` must be kept {en} ({kept.source}). Erase it when"
        " `qianhai retention` shows it as due.",
        f"“{party}”的{title.zh}须依法保存，{zh}（{kept.source}）。"
        "请在 qianhai retention 显示到期后再删除。",
    )
