"""Bring a database to the form this program was written for: numbered steps, forward only.

Each step runs in its own transaction and is remembered with its SHA-256. This file decides
what may run; the SQL of the bookkeeping is in store, that of the steps in `migrations/`.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from qianhai.db import store
from qianhai.db.model import Connection, Migration
from qianhai.kernel import Environment

#: Where the rooms bring their migrations, `NNNN_name.sql`.
FOLDER: Final = Path(__file__).parent / "migrations"

_NAMED: Final = re.compile(r"([0-9]{4})_([a-z][a-z0-9_]*)\.sql")


def migrations(folder: Path = FOLDER) -> tuple[Migration, ...]:
    """Return the migrations of a folder in their order; two of one number are a bug."""
    found: dict[int, Migration] = {}
    for path in sorted(folder.glob("*.sql")):
        named = _NAMED.fullmatch(path.name)
        assert named, f"{path.name}: a migration is named NNNN_name.sql"
        number = int(named[1])
        assert number not in found, f"{path.name}: number {named[1]} is given twice"
        found[number] = Migration(number, named[2], path.read_text(encoding="utf-8"))
    return tuple(found.values())


def migrate(conn: Connection, steps: Sequence[Migration] | None = None) -> int:
    """Apply the steps this database has not seen, one transaction each; return how many.

    `conn` is in autocommit mode and outside a transaction. Programs that start together take
    turns under an advisory lock, and whoever comes second finds nothing left to do.

    Raises:
        Environment: the database is newer than this program, or a step it has was changed.
    """
    steps = migrations() if steps is None else steps
    assert conn.autocommit, "each migration commits by itself"
    count = 0
    while _pending(conn, steps):  # looked at once without the lock: the usual start is free
        with conn.transaction():
            store.lock_migrations(conn)
            pending = _pending(conn, steps)
            if pending:
                store.apply_migration(conn, pending[0])
                count += 1
    return count


def _pending(conn: Connection, steps: Sequence[Migration]) -> Sequence[Migration]:
    """Return the steps still to run, after checking that those already run are these ones."""
    applied = store.read_applied(conn)
    known = {step.number: step for step in steps}
    for number, name, digest in applied:
        if number not in known:
            raise Environment(
                f"The database has migration {number:04d}_{name}, which this program does not "
                f"know (it knows up to {max(known, default=0):04d}).",
                "Start the newer program that made it, or point this one to another database.",
                zh=f"数据库已执行迁移 {number:04d}_{name}，本程序不认识"
                f"（只认识到 {max(known, default=0):04d}）。"
                "请使用执行该迁移的较新程序，或改用其他数据库。",
            )
        if known[number].digest != digest:
            raise Environment(
                f"Migration {number:04d}_{name} was changed after this database applied it "
                f"(applied {digest[:12]}, found {known[number].digest[:12]}).",
                "Restore the file as it was released and put the change into a new migration.",
                zh=f"迁移 {number:04d}_{name} 在数据库执行之后被改动（执行时 {digest[:12]}，"
                f"现为 {known[number].digest[:12]}）。请恢复发布时的文件，把改动写成新的迁移。",
            )
    last = applied[-1][0] if applied else 0
    done = {number for number, _, _ in applied}
    pending = [step for step in steps if step.number not in done]
    if pending and pending[0].number < last:
        raise Environment(
            f"Migration {pending[0].number:04d}_{pending[0].name} is new, but the database "
            f"already has {last:04d}; migrations only go forward.",
            f"Give it a number above {last:04d}.",
            zh=f"迁移 {pending[0].number:04d}_{pending[0].name} 是新的，但数据库已到 {last:04d}；"
            f"迁移只能向前。请使用大于 {last:04d} 的编号。",
        )
    return pending
