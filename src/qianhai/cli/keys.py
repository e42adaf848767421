"""`qianhai keys`: make a master key, put a new one in the place of the one in force, tell which.

Must not print a key. Everything under a key changes in one transaction, so that a rotation that
was cut off has changed nothing, and the same command does it again.
"""

import os
from datetime import date
from pathlib import Path
from typing import Final

import click

from qianhai import registers, webhooks
from qianhai.cli.app import App
from qianhai.cli.refuse import refused
from qianhai.cli.usage import Commands
from qianhai.identity import Gate, Vault
from qianhai.identity import second_factor as second_factors
from qianhai.kernel import Environment, Place, business_date
from qianhai.registers import Keyring

_KEY_BYTES: Final = 32
_SALT_BYTES: Final = 16
_as_json = click.option(
    "--json", "_json", is_flag=True, help="Print one JSON document. 输出 JSON。"
)


@click.group(cls=Commands)
def keys() -> None:
    """Look after the master key of personal data.

    管理个人信息主密钥。
    """


@keys.command("make")
@click.argument("file", type=click.Path(readable=False))
@_as_json
@click.pass_obj
def make(app: App, file: str, _json: bool) -> None:
    """Make a new master key in a file nobody else may read; never over one that is there.

    生成新的主密钥文件（仅本人可读），不会覆盖已有文件。
    """
    path = Path(file)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise refused(
            "C082",
            Place("keys"),
            str(path),
            "a file that is not there yet",
            en=f"{path} is there already; a key is never written over. Name another file.",
            zh=f"{path} 已存在；密钥文件不会被覆盖，请另取文件名。",
        ) from None
    secret = app.site.salts(_KEY_BYTES)
    with os.fdopen(handle, "wb") as out:
        out.write(secret)
        out.flush()
        os.fsync(out.fileno())
    _tell(
        app,
        {"file": str(path), "fingerprint": Keyring(secret).fingerprint},
        f"已生成 {path}，请另存一份于安全之处",
        f"{path} is made; keep a copy in a safe place",
    )


@keys.command("show")
@_as_json
@click.pass_obj
def show(app: App, _json: bool) -> int:
    """Tell the fingerprints of the key at hand and of the one in force; exit 4 if they differ.

    查看当前密钥与生效密钥的指纹。
    """
    at_hand = app.keyring.fingerprint
    with app.database() as database, database.transaction() as conn:
        in_force = registers.key_in_force(conn, app.site.institution_id)
    _tell(
        app,
        {"at_hand": at_hand, "in_force": in_force},
        f"当前密钥 {at_hand}，生效密钥 {in_force or '尚未记录'}",
        f"at hand {at_hand}, in force {in_force or 'none noted yet'}",
    )
    return 0 if in_force in {None, at_hand} else Environment.exit_code


@keys.command("rotate")
@click.option(
    "--to",
    default=None,
    metavar="FILE",
    help="The new key, as `keys make` makes it; QIANHAI_NEW_KEY_FILE if left out. 新密钥文件。",
)
@_as_json
@click.pass_obj
def rotate(app: App, to: str | None, _json: bool) -> None:
    """Put everything that rests under the master key under a new one.

    Programs that run with the old key write no more; start them again with the new one. A rotation
    that was cut off changed nothing: give the command again.

    轮换主密钥。
    """
    site = app.site
    path = Path(to) if to else site.new_key_file
    if path is None:
        raise refused(
            "C081",
            Place("keys"),
            "",
            "the file of a new key",
            en="Name the new key with --to or QIANHAI_NEW_KEY_FILE; `qianhai keys make` makes one.",
            zh="请用 --to 或 QIANHAI_NEW_KEY_FILE 指明新密钥；可用 qianhai keys make 生成。",
        )
    secret = site.read_key(path)
    old, new = Keyring(site.master_key()), Keyring(secret)
    at = site.now()
    vault, fresh = Vault(site.master_key()), Vault(secret)
    gate = Gate(site.institution_id, site.salts, vault)
    factors = hooks = 0
    with app.database() as database, database.transaction() as conn:
        done = registers.rotate(
            conn,
            old,
            new,
            institution_id=site.institution_id,
            by=site.actor,
            at=at,
            salts=lambda: site.salts(_SALT_BYTES),
        )
        if done:
            factors = second_factors.reseal(conn, gate, fresh)
            hooks = webhooks.reseal(conn, site.institution_id, vault, fresh, site.salts)
    kept = _take_place(app, secret, business_date(at))
    document = {
        "from": old.fingerprint,
        "to": new.fingerprint,
        "is_new": done is not None,
        "keys": done.keys if done else 0,
        "rows": done.rows if done else 0,
        "second_factors": factors,
        "webhooks": hooks,
        "former_key": str(kept) if kept else None,
    }
    zh, en = _next_step(path, kept, is_new=done is not None)
    _tell(app, document, zh, en)


def _take_place(app: App, secret: bytes, on: date) -> Path | None:
    """Put the new key where the data folder keeps its own; return where the former one is kept.

    Backups made before need the former key, so it stays beside until their retention is over.
    """
    own = app.site.key_file
    if own is None or not app.site.is_own_key_file or app.site.read_key(own) == secret:
        return None
    kept = own.with_name(f"{own.name}.until-{on}")
    draft = own.with_name(f"{own.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    if not kept.exists():
        kept.hardlink_to(own)
    draft.replace(own)
    return kept


def _next_step(path: Path, kept: Path | None, *, is_new: bool) -> tuple[str, str]:
    zh = "主密钥已轮换" if is_new else "该密钥已在使用"
    en = "the master key is changed" if is_new else "that key is already in force"
    if kept:
        return (
            f"{zh}；旧密钥留存于 {kept}，仅用于打开此前的备份",
            f"{en}; the former one is kept in {kept}, for the backups made with it",
        )
    return (
        f"{zh}；请将 QIANHAI_KEY_FILE 设为 {path} 并重新启动各程序，旧密钥仅用于打开此前的备份",
        f"{en}; set QIANHAI_KEY_FILE to {path} and start programs again; the old key opens backups",
    )


def _tell(app: App, document: dict[str, object], zh: str, en: str) -> None:
    if app.is_json:
        app.print_document(document)
    else:
        click.echo(app.say(zh, en))
