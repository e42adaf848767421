"""Other processes that use the same data folder, and what is seen of a server from outside."""

import os
import subprocess
import sys
from pathlib import Path
from time import sleep

from qianhai.db import Database
from qianhai.db.watch import read_postmaster

#: Opens the database, says so, and keeps it open until its input ends or it is killed. It becomes
#: another user only after its imports, for Python itself may lie where that user cannot go.
_KEEPER = """
import os, sys, traceback, encodings.idna
from pathlib import Path
from qianhai.db import open_database
data_dir, url, uid = sys.argv[1:]
if uid:
    os.setgroups([])
    os.setresuid(int(uid), int(uid), int(uid))
with open_database(url=url or None, data_dir=Path(data_dir)) as database:
    with database.transaction() as conn:
        name = conn.execute("select current_user").fetchone()[0]
    print(name, flush=True)
    sys.stdin.read()
"""


def keep_open(
    data_dir: Path, *, url: str = "", user: int | None = None, env: dict[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start a process that opens the database of a folder; its first line says it is open."""
    return subprocess.Popen(
        [sys.executable, "-c", _KEEPER, str(data_dir), url, str(user or "")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **(env or {})},
    )


def first_line(keeper: subprocess.Popen[str]) -> str:
    """Wait until a keeper has the database open."""
    assert keeper.stdout is not None
    return keeper.stdout.readline().strip()


def end(keeper: subprocess.Popen[str]) -> str:
    """Let a keeper close its database and end in order; return what it complained of."""
    complaint = keeper.communicate()[1]
    assert keeper.returncode == 0, complaint
    return complaint


def postmaster_pid(data_dir: Path) -> int:
    """Return the pid of the server of a folder."""
    running = read_postmaster((data_dir / "pg").resolve())
    assert running is not None, "a server runs"
    return running.pid


def state_of(pid: int) -> str | None:
    """Return the state letter of a process (Z for a zombie), None when it is gone."""
    try:
        said = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    return said.rpartition(")")[2].split()[0]


def is_gone(pid: int) -> bool:
    """Tell whether a process ended; one that is ending is waited for. A zombie has ended."""
    for _ in range(200):
        if state_of(pid) in {None, "Z"}:
            return True
        sleep(0.05)
    return False


def note(database: Database, word: str) -> None:
    """Commit one word."""
    with database.transaction() as conn:
        conn.execute("create table if not exists public.words (word text)")
        conn.execute("insert into public.words values (%s)", [word])


def words(database: Database) -> list[str]:
    """Return the words committed so far."""
    with database.transaction() as conn:
        rows = conn.execute("select word from public.words order by word").fetchall()
    return [word for (word,) in rows]
