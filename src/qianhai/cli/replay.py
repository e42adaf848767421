"""`qianhai policy replay`: decisions on record judged again under a candidate pack.

Flips wait on disk while they are counted, so that a history of any length needs little memory.
"""

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO, Any, Literal, cast

import click

from qianhai.cli.app import App
from qianhai.cli.decide import outcome_word
from qianhai.cli.progress import progress
from qianhai.cli.refuse import refused, unknown_name
from qianhai.db import Database
from qianhai.instructions import Changes, Flip, Replay, Wanted, read_pack
from qianhai.kernel import BadInput, Environment, Place, canonical_text, parse_date
from qianhai.messages import whole_file, write_xlsx
from qianhai.policy import Policy, open_policy, unbundled
from qianhai.views import (
    FLIP_COLUMNS,
    Document,
    cause_words,
    change_result,
    flip_document,
    flip_line,
    grouped,
    left_document,
    replay_document,
    replay_page,
)

_CAUSES_SHOWN_MAX = 40


@dataclass(frozen=True, slots=True)
class Candidate:
    """The pack that is replayed, and the change it belongs to, if any."""

    policy: Policy
    change: int | None = None


@click.command()
@click.option(
    "--plan",
    "folder",
    default=None,
    type=click.Path(readable=False),
    metavar="DIR",
    help="Folder of the candidate pack. 候选规则包目录。",
)
@click.option("--change", type=int, default=None, help="Or the number of a change. 或变更编号。")
@click.option("--since", default=None, metavar="DATE", help="First day. 起始日。")
@click.option("--until", default=None, metavar="DATE", help="Last day. 截止日。")
@click.option(
    "--by",
    type=click.Choice(["decided", "value"]),
    default="decided",
    help="Days of decision, or of value. 按判定日或起息日。",
)
@click.option("--facility", default="", help="Only this business. 仅限该业务。")
@click.option(
    "--html", default=None, type=click.Path(readable=False), help="A page for people. 网页报告。"
)
@click.option(
    "--xlsx", default=None, type=click.Path(readable=False), help="A sheet of flips. 表格报告。"
)
@click.option("--json", "_json", is_flag=True, help="Print one JSON document. 输出 JSON。")
@click.pass_obj
def replay(
    app: App,
    folder: str | None,
    change: int | None,
    since: str | None,
    until: str | None,
    by: str,
    facility: str,
    html: str | None,
    xlsx: str | None,
    _json: bool,
) -> int:
    """Judge recorded decisions again under a changed pack, and name what would flip.

    按变更后的规则包重新判定历史业务。
    """
    if (folder is None) == (change is None):
        raise refused(
            "C050",
            Place("policy replay"),
            "",
            "--plan DIR or --change N",
            en="name the candidate: either --plan DIR or --change N.",
            zh="请指明候选规则包：--plan DIR 或 --change N 之一。",
        )
    days = _day(since, "--since"), _day(until, "--until")
    wanted = Wanted(*days, facility, cast('Literal["decided", "value"]', by))
    with app.database() as database, _spool() as spool:
        candidate = _candidate(app, database, folder, change)
        known = {**app.policy.pack.facilities, **candidate.policy.pack.facilities}
        if facility and facility not in known:
            raise BadInput([unknown_name("facility", "业务", facility, known)])
        document = _judge(app, database, candidate.policy, wanted, spool)
        _write(app, candidate.policy, document, spool, html=html, xlsx=xlsx)
        if candidate.change is not None:
            _bind(app, database, candidate.change, document)
        if app.is_json:
            flips, left = list(_spooled(spool)), list(_spooled(spool, flips=False))
            app.print_document({**document, "flips": flips, "left_out": left})
        else:
            _print(app, candidate.policy, document)
    return 0


def _day(text: str | None, option: str) -> date | None:
    if text is None:
        return None
    try:
        return parse_date(text)
    except ValueError:
        raise refused(
            "C001",
            Place(option),
            text,
            "a day as YYYY-MM-DD",
            en=f"`{text}` is no day; write it as YYYY-MM-DD.",
            zh=f"“{text}”不是日期，请写成 YYYY-MM-DD。",
        ) from None


def _candidate(app: App, database: Database, folder: str | None, change: int | None) -> Candidate:
    """Return the pack of a folder, or the one a change proposes.

    Raises:
        BadInput: there is no such change.
        BrokenIntegrity: the pack is not sound.
        Environment: the folder cannot be read.
    """
    if folder is not None:
        return Candidate(open_policy(app.site.read_plan(Path(folder)), folder=folder))
    assert change is not None, "one of the two is given"
    institution = app.site.institution_id
    with database.transaction() as conn:
        found = Changes(institution, app.site.salts).get(conn, change)
        files = unbundled(read_pack(conn, institution, found.pack_hash))
    return Candidate(open_policy(files), change)


def _judge(
    app: App, database: Database, candidate: Policy, wanted: Wanted, spool: IO[str]
) -> Document:
    """Judge the decisions again, spool the flips, and return what it came to."""
    institution, cover = app.site.institution_id, app.bank(database).cover
    replay = Replay(candidate, institution_id=institution, cover=cover, live=app.policy)
    with (
        progress(app, app.say("回放", "replaying"), None) as tick,
        database.transaction() as conn,
    ):
        for found in replay.run(conn, wanted, tick):
            line = flip_document(found) if isinstance(found, Flip) else left_document(found)
            spool.write(canonical_text([isinstance(found, Flip), line]) + "\n")
    return replay_document(replay.tally, wanted, candidate.pack)


def _bind(app: App, database: Database, change: int, document: Document) -> None:
    """Keep what the replay found with the change it was made for."""
    site = app.site
    with database.transaction() as conn:
        Changes(site.institution_id, site.salts).replayed(
            conn, change, change_result(document), by=site.actor, at=site.now()
        )


@contextmanager
def _spool() -> Iterator[IO[str]]:
    with tempfile.TemporaryFile("w+", encoding="utf-8") as file:
        yield file


def _spooled(spool: IO[str], *, flips: bool = True) -> Iterator[dict[str, Any]]:
    """Yield the flips in their order, or what could not be judged."""
    spool.seek(0)
    for text in spool:
        is_flip, line = json.loads(text)
        if is_flip is flips:
            yield line


def _write(
    app: App,
    candidate: Policy,
    document: Document,
    spool: IO[str],
    *,
    html: str | None,
    xlsx: str | None,
) -> None:
    """Write the page and the sheet, each whole or not at all.

    Raises:
        Environment: one of them cannot be written.
    """
    try:
        if xlsx:
            lines = (flip_line(one) for one in _spooled(spool))
            write_xlsx(Path(xlsx), FLIP_COLUMNS, lines, sheet="flips")
        if html:
            packs = candidate.pack, app.policy.pack
            _write_text(Path(html), replay_page(document, _spooled(spool), packs))
    except OSError as fault:
        raise Environment(
            f"The report cannot be written: {fault}.",
            "Name another file and replay again: nothing was changed.",
            zh=f"报告无法写入：{fault}。请换一个文件名后重新回放，未作任何更改。",
        ) from fault


def _write_text(path: Path, parts: Iterable[str]) -> None:
    with whole_file(path) as part, part.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(parts)


def _print(app: App, candidate: Policy, document: Mapping[str, Any]) -> None:
    """Print what a replay came to: the count first, then by cause and by direction."""
    judged, flipped = grouped(str(document["decisions"])), grouped(str(document["flipped"]))
    click.echo(
        app.say(
            f"重读 {judged} 笔判定，均与记录一致；候选规则包下 {flipped} 笔结果改变。",
            f"{judged} decisions read again, all as recorded; {flipped} flip under the candidate.",
        )
    )
    count = {"zh": "笔数", "en": "count"}
    words = [(app.say(count["zh"], count["en"]), "right"), (app.say("金额", "amounts"), "right")]
    packs = candidate.pack, app.policy.pack
    app.print_table(
        app.say("按原因（各行可重叠）", "By cause (lines overlap)"),
        [
            (app.say("业务", "facility"), ""),
            (app.say("原因", "cause"), ""),
            (app.say("数值", "value"), ""),
            (app.say("结果", "outcome"), ""),
            *words,
        ],
        [
            [
                one["facility"],
                _cause(app, packs, one),
                f"{one['was']} → {one['now']}" if one["was"] or one["now"] else "",
                _direction(app, one),
                *_figures(one),
            ]
            for one in document["by_cause"][:_CAUSES_SHOWN_MAX]
        ],
    )
    app.print_table(
        app.say("按业务与结果", "By facility and outcome"),
        [
            ("#", "right"),
            (app.say("业务", "facility"), ""),
            (app.say("结果", "outcome"), ""),
            *words,
        ],
        [
            [str(one["measure"]), one["facility"], _direction(app, one), *_figures(one)]
            for one in document["by_direction"]
        ],
    )
    app.print_table(
        app.say("无法判定", "Not judged"),
        [(app.say("原因", "why"), ""), (app.say("编号", "id"), ""), words[0]],
        [[one["why"], one["name"], grouped(str(one["count"]))] for one in document["not_judged"]],
    )
    _print_notes(app, document)


def _print_notes(app: App, document: Mapping[str, Any]) -> None:
    """Print what a reader must know of the figures."""
    if document["changed"]:
        more = grouped(str(document["changed"]))
        click.echo(
            app.say(
                f"另有 {more} 笔结果不变，但理由、条件或额度不同。",
                f"{more} more keep their outcome, with other reasons, conditions or ceilings.",
            )
        )
    if document["untried"]:
        count = grouped(str(document["untried"]))
        click.echo(
            app.say(
                f"其中 {count} 笔按新规则准予，但未经账本试记。",
                f"{count} of the flips would be permitted and were never tried by the ledger.",
            )
        )
    if document["erased"]:
        count = grouped(str(document["erased"]))
        click.echo(
            app.say(
                f"{count} 笔所涉个人数据已删除，无法重读。",
                f"{count} could not be read: their person's data was erased.",
            )
        )
    note = document["note"]
    click.echo(app.say(note["zh"], note["en"]))


def _cause(app: App, packs: tuple[Any, ...], one: Mapping[str, Any]) -> str:
    words = cause_words(packs, one["facility"], one["kind"], one["name"])
    return f"{app.say(words['zh'], words['en'])} [{one['name']}]"


def _direction(app: App, one: Mapping[str, Any]) -> str:
    return " → ".join(outcome_word(app, one[side]) for side in ("before", "after"))


def _figures(one: Mapping[str, Any]) -> list[str]:
    amounts = one["amounts"].items()
    return [
        grouped(str(one["count"])),
        "\n".join(f"{grouped(amount)} {currency}" for currency, amount in amounts),
    ]
