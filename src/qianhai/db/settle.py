"""Settle where a cluster lies, who owns it, where its socket is, and who may connect.

    data_dir/pg        the cluster, 0700, owned by the user the server runs as
    data_dir/pg.log    what the server says
    data_dir/pg.lock   held while somebody starts or stops the server
    data_dir/pg.users  held, shared, by every process that uses the server

It must not start the server.
"""

import hashlib
import os
import re
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from qianhai.db.become import Runner, choose_runner
from qianhai.db.locate import choose_installation
from qianhai.db.model import Installation
from qianhai.kernel import Environment

#: The only role and the only database of an embedded cluster.
ROLE: Final = "qianhai"
PORT: Final = 5432

#: Longest path of a unix socket everywhere (Linux 107 bytes, other systems 103).
_SOCKET_BYTES_MAX: Final = 103
#: What a socket folder's path may hold without quoting in PostgreSQL's settings.
_PLAIN: Final = re.compile(r"[A-Za-z0-9_./-]+")


@dataclass(frozen=True, slots=True)
class Site:
    """A settled cluster: its folder, its owner, the programs that fit it."""

    data_dir: Path
    cluster: Path
    runner: Runner
    programs: Installation

    @property
    def log(self) -> Path:
        """Return the file that holds what the server says."""
        return self.data_dir / "pg.log"


def settle(data_dir: Path) -> Site:
    """Return the cluster of a data folder, made when there is none. The caller holds the lock.

    Raises:
        Environment: another user's data, another major version, no programs.
    """
    cluster = (data_dir / "pg").resolve()
    is_there = (cluster / "PG_VERSION").is_file()
    if not is_there and cluster.exists() and any(cluster.iterdir()):
        raise Environment(
            f"{cluster} is there but is not a PostgreSQL data folder (it has no PG_VERSION).",
            "Move it away, or choose another data folder.",
            zh=f"{cluster} 已存在，但不是 PostgreSQL 数据目录（没有 PG_VERSION）。"
            "请移走，或另选数据目录。",
        )
    runner = choose_runner(cluster.stat().st_uid if is_there else None)
    if is_there:
        major = int((cluster / "PG_VERSION").read_text(encoding="ascii"))
        programs = choose_installation(runner, major)
        if runner.is_other and cluster.stat().st_uid != runner.uid:
            runner.give(cluster)
    else:
        programs = choose_installation(runner, None)
        cluster = make_cluster(data_dir, runner, programs)
    _write_access(cluster, runner)
    return Site(data_dir, cluster, runner, programs)


def make_cluster(
    data_dir: Path, runner: Runner, programs: Installation, *, role: str = ROLE
) -> Path:
    """Make an empty cluster and return where it lies.

    It is made beside its place and moved there in one step, so that half a cluster is never
    taken for one; what a killed process left half made is cleared away first.

    Raises:
        Environment: it cannot be made, the disk is full for example.
    """
    half = data_dir.resolve() / "pg.half"
    if half.exists():
        shutil.rmtree(half)
    runner.make_folder(half)
    made = subprocess.run(  # noqa: S603 (a program found by locate, no shell)
        [
            programs.bin / "initdb",
            *("--pgdata", runner.path_of(half), "--username", role),
            *("--encoding", "UTF8", "--locale", "C", "--data-checksums"),
            *("--auth-local", "peer", "--auth-host", "reject", "--no-instructions"),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=half,
        env={"PATH": os.defpath, "LC_ALL": "C"},
        **runner.identity(),
    )
    if made.returncode != 0:
        shutil.rmtree(half)
        said = made.stderr.strip()
        en, zh = way_out(said)
        raise Environment(
            f"A new PostgreSQL data folder could not be made in {data_dir}: {said}",
            en,
            zh=f"无法在 {data_dir} 中新建 PostgreSQL 数据目录：{said}\n{zh}",
        )
    return half.rename(half.with_name("pg"))


def _write_access(cluster: Path, runner: Runner) -> None:
    """Write who may connect: over the socket only, the server's own user and root, by peer.

    The kernel vouches for the user on the other side of a unix socket: there is no password to
    keep, to leak or to lose, and nobody is trusted unseen.
    """
    names = dict.fromkeys(["root", runner.name])
    _write(cluster / "pg_hba.conf", f"local all {ROLE} peer map={ROLE}\n", runner)
    mapped = "".join(f'{ROLE} "{name}" {ROLE}\n' for name in names)
    _write(cluster / "pg_ident.conf", mapped, runner)


def _write(path: Path, text: str, runner: Runner) -> None:
    """Write a file of the cluster whole or not at all, unless it says so already."""
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    half = path.with_suffix(".half")
    half.write_text(text, encoding="utf-8")
    half.chmod(0o600)
    if runner.is_other:
        os.chown(half, runner.uid, runner.gid)
    half.replace(path)


def socket_folder(site: Site) -> Path:
    """Return a private folder for the server's socket: the cluster, or one with a short name.

    The short one is made here, when the cluster's path is too long or unusual for a socket.

    Raises:
        Environment: the short name is taken by something that is not this user's alone.
    """
    name = f"{site.cluster}/.s.PGSQL.{PORT}"
    if len(os.fsencode(name)) <= _SOCKET_BYTES_MAX and _PLAIN.fullmatch(name):
        return site.cluster
    hashed = hashlib.sha256(os.fsencode(site.cluster)).hexdigest()[:16]
    home = Path(f"/run/user/{site.runner.uid}")
    place = home if site.runner.can_enter(home) else Path("/tmp")  # noqa: S108 (made private below)
    folder = place / f"qianhai-{site.runner.uid}-{hashed}"
    if not folder.is_dir():
        site.runner.make_folder(folder)
    found = folder.lstat()
    if found.st_uid != site.runner.uid or not stat.S_ISDIR(found.st_mode) or found.st_mode & 0o077:
        raise Environment(
            f"{folder}, where the server's socket should be, is not a private folder of user "
            f"{site.runner.name}.",
            "Remove it, or choose a data folder with a shorter path.",
            zh=f"数据库套接字所在的 {folder} 不是用户 {site.runner.name} 的私有目录。"
            "请将其删除，或另选路径较短的数据目录。",
        )
    return folder


#: What PostgreSQL or the kernel says, and what to do about it in English and Chinese.
_WAYS_OUT: Final = (
    (
        "No space left",
        "Free space on that disk, or choose a data folder on another one.",
        "请在该磁盘上腾出空间，或在其他磁盘上另选数据目录。",
    ),
    (
        "Disk quota",
        "Free space within the quota, or choose a data folder elsewhere.",
        "请在配额内腾出空间，或另选数据目录。",
    ),
    (
        "Read-only file system",
        "Choose a data folder on a disk that can be written to.",
        "请在可写的磁盘上另选数据目录。",
    ),
    (
        "Permission denied",
        "Give the server's user access, or choose another data folder.",
        "请给数据库的运行用户相应权限，或另选数据目录。",
    ),
    (
        "Cannot allocate memory",
        "Free memory; the server needs about 400 MB.",
        "请释放内存；数据库约需 400 MB。",
    ),
    (
        "Input/output error",
        "Check the disk; keep a copy of the data folder before repairs.",
        "请检查磁盘；修复之前先保留数据目录的副本。",
    ),
    (
        "",
        "See pg.log in the data folder, or point QIANHAI_DATABASE_URL to a PostgreSQL.",
        "请查看数据目录中的 pg.log，或用 QIANHAI_DATABASE_URL 指定一个 PostgreSQL。",
    ),
)


def way_out(said: str) -> tuple[str, str]:
    """Return what to do about what PostgreSQL said, in English and in Chinese.

    >>> way_out("could not write: Input/output error")[1]
    '请检查磁盘；修复之前先保留数据目录的副本。'
    """
    return next((en, zh) for sign, en, zh in _WAYS_OUT if sign in said)
