"""The composition root: reads the environment, the clock and the pack's files; wires the rooms.

The only module that knows where things are. Must not decide, book or print.
"""

import gc
import os
import secrets
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from qianhai.cli import Site, start
from qianhai.identity import Role
from qianhai.kernel import Environment, arm
from qianhai.web import Provider, Settings, serve_command, tracing_to
from qianhai.web import Site as WebSite

#: Where the pack stands when nothing else is said: beside the sources it was released with.
_PLAN: Final = Path(__file__).resolve().parents[2] / "plan"
#: Where the benchmarks stand.
_BENCHMARKS: Final = Path(__file__).resolve().parents[2] / "benchmarks"
#: A day of invented business, to look around with.
_SAMPLE: Final = Path(__file__).resolve().parents[2] / "examples" / "day"
_KEY_BYTES: Final = 32
#: So many objects more there are before the youngest are searched for garbage, and so many such
#: searches before older ones are.
_SEARCHED_AT: Final = (50_000, 20, 50)


def now() -> datetime:
    """Return the instant, in UTC. The only clock of the system."""
    return datetime.now(UTC)  # noqa: TID251 - main is where the clock is read


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the files of a pack by their path inside it.

    Raises:
        Environment: the folder is not there or cannot be read.
    """
    try:
        found = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.name.startswith(".")
        }
    except OSError as fault:
        raise Environment(
            f"The pack in {folder} cannot be read: {fault}.",
            "Check the folder and who may read it.",
            zh=f"无法读取规则包 {folder}：{fault}。请检查目录及其读取权限。",
        ) from fault
    if not found:
        raise Environment(
            f"There is no pack in {folder}.",
            "Set QIANHAI_PLAN_DIR to the pack's folder.",
            zh=f"目录 {folder} 中没有规则包。请用 QIANHAI_PLAN_DIR 指明规则包目录。",
        )
    return found


def master_key(data_dir: Path, key_file: str | None) -> bytes:
    """Return the master key: from the file that is named, or made once in the data folder.

    Raises:
        Environment: the key file cannot be read, or others may read it.
    """
    path = key_path(data_dir, key_file)
    try:
        if not key_file and not path.exists():
            _make_key(path)
    except OSError as fault:
        raise _unusable(path, fault) from fault
    return read_key(path)


def key_path(data_dir: Path, key_file: str | None) -> Path:
    """Return where the master key lies."""
    return Path(key_file) if key_file else data_dir / "keys" / "master.key"


def read_key(path: Path) -> bytes:
    """Return what a file of a key holds.

    Raises:
        Environment: it cannot be read, or others may read it.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise Environment(
                f"The key file {path} can be read by others.",
                f"Run: chmod 600 {path}",
                zh=f"密钥文件 {path} 可被他人读取。请运行：chmod 600 {path}",
            )
        return path.read_bytes()
    except OSError as fault:
        raise _unusable(path, fault) from fault


def _unusable(path: Path, fault: OSError) -> Environment:
    return Environment(
        f"The key file {path} cannot be used: {fault}.",
        "Name another with QIANHAI_KEY_FILE, or mend the folder.",
        zh=f"密钥文件 {path} 无法使用：{fault}。请用 QIANHAI_KEY_FILE 指明另一文件，或修复其目录。",
    )


def _make_key(path: Path) -> None:
    """Make the key whole beside its place and link it there, so that two processes share one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        draft.unlink()


def stop_at(point: str) -> None:
    """Arm a point of the road at which this process kills itself; for crash tests only.

    Raises:
        Environment: there is no such point.
    """
    try:
        arm(point, lambda: os.kill(os.getpid(), signal.SIGKILL))
    except KeyError:
        raise Environment(
            f"There is no point `{point}`.",
            "Leave QIANHAI_STOP_AT out, or name a point of kernel/points.py.",
            zh=f"没有名为“{point}”的停止点。"
            "请去掉 QIANHAI_STOP_AT，或填写 kernel/points.py 中的名称。",
        ) from None


def site(environ: Mapping[str, str]) -> Site:
    """Return where this installation's parts are, as the environment says."""
    data_dir = Path(environ.get("QIANHAI_DATA_DIR") or ".data").absolute()
    plan_dir = Path(environ.get("QIANHAI_PLAN_DIR") or _PLAN)
    key_file, new_key = environ.get("QIANHAI_KEY_FILE"), environ.get("QIANHAI_NEW_KEY_FILE")
    language = environ.get("QIANHAI_LANG") or environ.get("LC_ALL") or environ.get("LANG") or "en"
    return Site(
        data_dir=data_dir,
        database_url=environ.get("QIANHAI_DATABASE_URL") or None,
        institution_id=environ.get("QIANHAI_INSTITUTION") or "local",
        language="zh" if language.startswith("zh") else "en",
        actor=environ.get("USER") or "cli",
        plan_files=lambda: read_files(plan_dir),
        read_plan=read_files,
        master_key=lambda: master_key(data_dir, key_file),
        now=now,
        salts=secrets.token_bytes,
        benchmarks=_BENCHMARKS,
        read_key=read_key,
        new_key_file=Path(new_key) if new_key else None,
        key_file=key_path(data_dir, key_file),
        is_own_key_file=not key_file,
    )


def web_site(environ: Mapping[str, str]) -> WebSite:
    """Return where the web's parts are, as the environment says."""
    terminal = site(environ)
    return WebSite(
        data_dir=terminal.data_dir,
        database_url=terminal.database_url,
        institution_id=terminal.institution_id,
        plan_files=terminal.plan_files,
        master_key=terminal.master_key,
        now=now,
        salts=secrets.token_bytes,
        ticks=time.monotonic,
        sample=_SAMPLE,
        settings=settings(environ),
        tracing=lambda: tracing_to(environ.get("QIANHAI_OTLP_ENDPOINT") or None),
    )


def settings(environ: Mapping[str, str]) -> Settings:
    """Return how the doors stand, as the environment says."""
    public_url = environ.get("QIANHAI_PUBLIC_URL") or None
    hosts = _words(environ, "QIANHAI_TRUSTED_HOSTS")
    if public_url and (name := urlsplit(public_url).hostname):
        hosts.append(name)
    folders = dict(pair.partition("=")[::2] for pair in _words(environ, "QIANHAI_PACK_FOLDERS"))
    return Settings(
        public_url=public_url,
        trusted_hosts=tuple(hosts),
        is_webhook_private=environ.get("QIANHAI_WEBHOOKS_PRIVATE") == "yes",
        provider=provider(environ),
        metrics_token=metrics_token(environ.get("QIANHAI_METRICS_TOKEN_FILE")),
        packs={name: partial(read_files, Path(path)) for name, path in folders.items() if path},
    )


def _words(environ: Mapping[str, str], name: str) -> list[str]:
    """Return the words of a variable that holds several."""
    return (environ.get(name) or "").split()


def metrics_token(path: str | None) -> str | None:
    """Return what whoever watches must show, from its file.

    Raises:
        Environment: the file cannot be read, or is empty.
    """
    if not path:
        return None
    token = read_key(Path(path)).decode("ascii", "replace").strip()
    if not token:
        raise Environment(
            f"The file {path} of the metrics token is empty.",
            "Write a long random text into it, such as `openssl rand -hex 32` gives.",
            zh=f"指标令牌文件 {path} 为空。请写入足够长的随机文本。",
        )
    return token


def provider(environ: Mapping[str, str]) -> Provider | None:
    """Return the OpenID Connect provider the environment names, if it names one.

    Raises:
        Environment: its client or a role of its mapping is missing or unknown.
    """
    issuer = environ.get("QIANHAI_OIDC_ISSUER")
    if not issuer:
        return None
    path = environ.get("QIANHAI_OIDC_CLIENT_SECRET_FILE")
    try:
        secret = Path(path).read_text(encoding="utf-8").strip() if path else ""
        pairs = (environ.get("QIANHAI_OIDC_ROLES") or "").split()
        roles = {name: Role(role) for name, _, role in (pair.rpartition("=") for pair in pairs)}
    except (OSError, ValueError) as fault:
        raise Environment(
            f"The OpenID Connect provider cannot be set up: {fault}.",
            "Set QIANHAI_OIDC_CLIENT_SECRET_FILE to a file that can be read, and QIANHAI_OIDC_ROLES"
            " to pairs such as desk-staff=bank_officer, with spaces between them.",
            zh=f"无法设置身份提供方：{fault}。请将 QIANHAI_OIDC_CLIENT_SECRET_FILE 设为可读的文件，"
            "并将 QIANHAI_OIDC_ROLES 写成以空格分隔的“提供方角色=本系统角色”。",
        ) from fault
    return Provider(
        issuer=issuer,
        client_id=environ.get("QIANHAI_OIDC_CLIENT_ID") or "qianhai",
        client_secret=secret or environ.get("QIANHAI_OIDC_CLIENT_SECRET") or "",
        title=environ.get("QIANHAI_OIDC_TITLE") or urlsplit(issuer).hostname or issuer,
        role_claim=environ.get("QIANHAI_OIDC_ROLE_CLAIM") or "roles",
        roles=roles,
        party_claim=environ.get("QIANHAI_OIDC_PARTY_CLAIM") or "party",
    )


def search_seldom() -> None:
    """Have garbage searched for seldom: nearly all of ours goes when the last to name it goes.

    The pack and the rows of a block stay, and as they are many, searching them again and again took
    a tenth of a long day.
    """
    gc.set_threshold(*_SEARCHED_AT)


def run(argv: Sequence[str] | None = None) -> None:
    """Run one command of `qianhai`, and end with its exit code."""
    search_seldom()
    environ = os.environ
    point = environ.get("QIANHAI_STOP_AT")
    arming = partial(stop_at, point) if point else lambda: None
    more = (serve_command(lambda: web_site(environ)),)
    given = list(sys.argv[1:] if argv is None else argv)
    sys.exit(start(site(environ), given, before=arming, more=more))


if __name__ == "__main__":
    run()
