"""Look at a server from outside: its lock file, its process, the last words of its log.

A pid alone proves nothing: it may have been given to another program since, or be a zombie
nobody has reaped. It must not start, stop or connect to anything.
"""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

#: How much of the end of a log is read for its last words.
_TAIL_BYTES: Final = 4096

#: Servers this process has started; asked for their end, so that none is left a zombie.
_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What a server says of itself in its lock file `postmaster.pid`."""

    pid: int
    port: int
    socket_dir: Path


def read_postmaster(cluster: Path) -> Postmaster | None:
    """Return the server named in a cluster's lock file; None when there is none, or half of one.

    Lines: pid, data folder, start time, port, socket folder (a full path, or from the cluster).
    """
    try:
        lines = (cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return None
    match lines:
        case [pid, _, _, port, socket_dir, *_] if pid.isdigit() and port.isdigit() and socket_dir:
            return Postmaster(int(pid), int(port), cluster / socket_dir)
        case _:
            return None


def mark(cluster: Path) -> str:
    """Return the setting by which a server on its command line says whose it is.

    >>> mark(Path("/srv/pg"))
    'qianhai.cluster=/srv/pg'
    """
    return f"qianhai.cluster={cluster}"


def adopt(child: subprocess.Popen[bytes]) -> None:
    """Remember a server this process started, to reap it when it ends."""
    _children[child.pid] = child


def is_serving(cluster: Path, pid: int) -> bool:
    """Tell whether this pid is a PostgreSQL server of this very folder, and no zombie.

    Read from the command line, which any user may see; a zombie has none. (The links `exe` and
    `cwd` would say more, but root inside a container may not follow them.)
    """
    for child in list(_children.values()):
        if child.poll() is not None:
            _children.pop(child.pid, None)
    if pid in _children:
        return True
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return words[0].endswith(b"postgres") and os.fsencode(mark(cluster)) in words


def exists(pid: int) -> bool:
    """Tell whether any process has this pid, a zombie included."""
    return Path(f"/proc/{pid}").exists()


def last_words(log: Path, since: int = 0) -> str:
    """Return the end of a server's log written after the byte `since`, for a person to read."""
    try:
        with log.open("rb") as lines:
            end = lines.seek(0, os.SEEK_END)
            lines.seek(max(since, end - _TAIL_BYTES))
            return lines.read().decode(errors="replace").strip()
    except FileNotFoundError:
        return ""
