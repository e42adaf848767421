"""Choose the user a server runs as, and run programs and give files as that user.

PostgreSQL refuses to run as root, so root lends its work to somebody who owns nothing else.
It must not know what the programs are.
"""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypedDict

from qianhai.kernel import Environment

#: Users a server may run as when root starts it, in the order of preference.
_UNPRIVILEGED: Final = ("postgres", "nobody")


class _As(TypedDict, total=False):
    """What `subprocess` needs to start a program as another user."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Runner:
    """The user a server runs as; `is_other` when root has to become that user."""

    uid: int
    gid: int
    name: str
    is_other: bool

    def identity(self) -> _As:
        """Return the arguments of `subprocess` that start a program as this user."""
        if not self.is_other:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_run(self, *command: str | Path) -> bool:
        """Tell whether this user can run a command to its good end; tried, not computed."""
        try:
            tried = subprocess.run(  # noqa: S603 (a command of this room, no shell)
                command, capture_output=True, check=False, cwd="/", **self.identity()
            )
        except OSError:
            return False
        return tried.returncode == 0

    def can_enter(self, folder: Path) -> bool:
        """Tell whether this user can pass through a folder and all folders above it."""
        return self.can_run("/bin/sh", "-c", 'cd "$1"', "sh", folder)

    def path_of(self, folder: Path) -> str:
        """Return by which name this user finds a folder it was started in.

        Below a folder it cannot enter (a data folder below /root), that is the kernel's own
        link to the working directory: no folder has to be opened to others.
        """
        if not self.is_other or self.can_enter(folder):
            return str(folder)
        return "/proc/self/cwd"

    def make_folder(self, folder: Path) -> None:
        """Make a folder that only this user (and root) can enter.

        Raises:
            FileExistsError: something of this name is there.
        """
        folder.mkdir(mode=0o700)
        folder.chmod(0o700)
        if self.is_other:
            os.chown(folder, self.uid, self.gid)

    def give(self, folder: Path) -> None:
        """Make everything in a folder this user's own, as after a restored backup."""
        for at, folders, files in os.walk(folder):
            for name in (".", *folders, *files):
                os.chown(Path(at, name), self.uid, self.gid, follow_symlinks=False)


def choose_runner(owner_uid: int | None) -> Runner:
    """Return the user the server runs as: this one, or for root an unprivileged one.

    `owner_uid` is who owns the data that are there already, when any are.

    Raises:
        Environment: this user has no name, the data are somebody else's, or root may not
            become anybody else here.
    """
    me = os.geteuid()
    if me != 0:
        if owner_uid not in {None, me}:
            raise Environment(
                f"The data folder belongs to user {owner_uid}, and this is user {me}.",
                "Start as that user or as root, or choose another data folder.",
                zh=f"数据目录属于用户 {owner_uid}，当前用户是 {me}。"
                "请以该用户或 root 运行，或另选数据目录。",
            )
        return _named(me)
    known = {entry.pw_name: entry.pw_uid for entry in pwd.getpwall()}
    uids = [owner_uid] if owner_uid else []
    uids += [known[name] for name in _UNPRIVILEGED if name in known]
    for uid in uids:
        candidate = _named(uid)
        if candidate.can_run("/bin/sh", "-c", ":"):
            return candidate
    raise Environment(
        "PostgreSQL does not run as root, and root cannot become "
        f"{' or '.join(_UNPRIVILEGED)} here.",
        "Start as an ordinary user, or point QIANHAI_DATABASE_URL to a PostgreSQL.",
        zh=f"PostgreSQL 不以 root 运行，而 root 在此无法转为 {' 或 '.join(_UNPRIVILEGED)}。"
        "请以普通用户运行，或用 QIANHAI_DATABASE_URL 指定一个 PostgreSQL。",
    )


def _named(uid: int) -> Runner:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise Environment(
            f"User {uid} has no name on this machine, and PostgreSQL asks for one.",
            "Add the user to /etc/passwd, or point QIANHAI_DATABASE_URL to a PostgreSQL.",
            zh=f"用户 {uid} 在本机没有名称，而 PostgreSQL 需要名称。"
            "请在 /etc/passwd 中添加该用户，或用 QIANHAI_DATABASE_URL 指定一个 PostgreSQL。",
        ) from None
    return Runner(uid, entry.pw_gid, entry.pw_name, is_other=uid != os.geteuid())
