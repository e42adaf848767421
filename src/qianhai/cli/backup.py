"""`qianhai backup`, `qianhai restore`: the database taken away whole, and proven when it is back.

Must not put the master key into a backup: whoever finds both reads everything.
"""

import os
import shutil
from contextlib import ExitStack
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Final

import click

from qianhai import db, journal, ledger, registers
from qianhai.cli.app import App
from qianhai.cli.manifest import (
    DUMP,
    FORM,
    KEY_NOTE,
    MANIFEST,
    Manifest,
    hash_file,
    read_manifest,
    row_flaws,
)
from qianhai.cli.refuse import refused
from qianhai.kernel import BrokenIntegrity, Environment, Flaw, Place
from qianhai.registers import Keyring

_FLAWS_MAX: Final = 1_000
_as_json = click.option(
    "--json", "_json", is_flag=True, help="Print one JSON document. 输出 JSON。"
)


@click.command()
@click.argument("folder", type=click.Path(readable=False))
@_as_json
@click.pass_obj
def backup(app: App, folder: str, _json: bool) -> None:
    """Write a backup of the database into a new folder; others may go on booking.

    One moment of all rooms, with its hashes, row counts and heads. The master key is not in it.

    备份数据库到新目录（不含主密钥）。
    """
    target = Path(folder)
    if target.exists():
        raise refused(
            "C087",
            Place("backup"),
            folder,
            "a folder that is not there yet",
            en=f"{folder} is there already; a backup is never written over. Name a new folder.",
            zh=f"{folder} 已存在；备份不会被覆盖，请指定新目录。",
        )
    draft = target.with_name(f"{target.name}.{os.getpid()}.part")
    draft.mkdir(mode=0o700, parents=True)
    try:
        manifest = _write_backup(app, draft)
        draft.rename(target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    _tell(app, manifest, target)


def _write_backup(app: App, folder: Path) -> Manifest:
    """Write the dump and what it is held against; both of one snapshot."""
    site = app.site
    at = site.now()

    def look(conn: db.Connection) -> tuple[dict[str, str], str | None]:
        heads = {"journal": journal.head(conn).text(), "ledger": ledger.head(conn).text()}
        return heads, registers.key_in_force(conn, site.institution_id)

    with app.database() as database:
        dumped = db.dump(database, folder / DUMP, look)
    (folder / DUMP).chmod(0o600)
    heads, fingerprint = dumped.seen
    manifest = Manifest(
        form=FORM,
        made_at=at.isoformat(),
        institution=site.institution_id,
        program=version("qianhai"),
        server_version=dumped.server_version,
        migrations=[list(step) for step in dumped.migrations],
        files={DUMP: hash_file(folder / DUMP)},
        heads=heads,
        rows=dumped.rows,
        key_fingerprint=fingerprint,
        key=KEY_NOTE,
    )
    manifest.write(folder / MANIFEST)
    return manifest


@click.command()
@click.argument("folder", type=click.Path(readable=False))
@click.option(
    "--without-key",
    is_flag=True,
    help="Restore though the key is not at hand; persons stay unreadable. 无主密钥时仍恢复。",
)
@_as_json
@click.pass_obj
def restore(app: App, folder: str, without_key: bool, _json: bool) -> None:
    """Bring a backup back into an empty data folder or database, and prove that it is the same.

    将备份恢复到空目录或空数据库，并逐项核验。
    """
    manifest = read_manifest(Path(folder))
    if not without_key:
        _refuse_other_key(app, manifest)
    with ExitStack() as opened:
        conninfo = app.site.database_url
        if conninfo is None:
            server = db.start_server(app.site.data_dir)
            opened.callback(server.close)
            conninfo = server.conninfo()
        steps = [
            (int(number), str(name), str(digest)) for number, name, digest in manifest.migrations
        ]
        rows = db.restore(conninfo, Path(folder) / DUMP, steps)
        flaws = list(row_flaws(manifest, rows))
        with app.database() as database:
            flaws += _history_flaws(database, manifest)
    if flaws:
        raise BrokenIntegrity(flaws)
    _tell(app, manifest, None)


def _refuse_other_key(app: App, manifest: Manifest) -> None:
    """Refuse to restore beside a key that opens nothing of it, before anything is made."""
    wanted = manifest.key_fingerprint
    if wanted is None:
        return
    path = app.site.key_file
    is_there = path is None or path.exists()
    if is_there and Keyring(app.site.master_key()).fingerprint == wanted:
        return
    raise Environment(
        f"The backup belongs to the master key {wanted[:8]}…, which is not at hand.",
        "Name its file with QIANHAI_KEY_FILE, or restore with --without-key and leave names and"
        " identifiers unreadable.",
        zh=f"该备份属于主密钥 {wanted[:8]}…，当前没有此密钥。请用 QIANHAI_KEY_FILE 指明其文件，"
        "或加 --without-key 恢复（姓名与证件号码将无法读取）。",
    )


def _history_flaws(database: db.Database, manifest: Manifest) -> list[Flaw]:
    """Prove both chains of a restored database, up to the heads the backup kept."""
    kept_journal = journal.Head.parse(manifest.heads["journal"])
    kept_ledger = ledger.Head.parse(manifest.heads["ledger"])
    with database.transaction() as conn:
        flaws = list(islice(journal.verify(conn, kept_journal), _FLAWS_MAX))
    with database.transaction() as conn:
        flaws += islice(ledger.verify(conn, kept_ledger), _FLAWS_MAX)
    with database.transaction() as conn:
        now = {"journal": journal.head(conn).text(), "ledger": ledger.head(conn).text()}
    for room, head in now.items():
        if head != manifest.heads[room]:
            flaws.append(
                Flaw(
                    "C088",
                    Place(room),
                    head,
                    manifest.heads[room],
                    f"The head of the {room} is {head}, the backup's is {manifest.heads[room]}."
                    " Do not use the restored database; restore another backup.",
                    f"{room} 的链头为 {head}，备份中为 {manifest.heads[room]}。"
                    "请勿使用该库，改用其他备份恢复。",
                )
            )
    return flaws


def _tell(app: App, manifest: Manifest, target: Path | None) -> None:
    """Print what a backup holds; `target` is where it was written, None when it was restored."""
    count = sum(manifest.rows.values())
    size = manifest.files[DUMP]["bytes"]
    if app.is_json:
        app.print_document(
            {
                "folder": str(target) if target else None,
                "made_at": manifest.made_at,
                "rows": count,
                "bytes": size,
                "heads": manifest.heads,
                "key_fingerprint": manifest.key_fingerprint,
            }
        )
        return
    heads = f"{manifest.heads['journal']}, {manifest.heads['ledger']}"
    if target:
        click.echo(
            app.say(
                f"已备份 {count} 行（{size} 字节）至 {target}，链头 {heads}。{KEY_NOTE['zh']}",
                f"{count} rows ({size} bytes) are in {target}; heads {heads}. {KEY_NOTE['en']}",
            )
        )
    else:
        click.echo(
            app.say(
                f"已恢复 {count} 行，行数、日志与账本均与备份一致，链头 {heads}",
                f"{count} rows are back; rows, journal and ledger are the backup's; heads {heads}",
            )
        )
