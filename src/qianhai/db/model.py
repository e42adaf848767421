"""What the room db hands out: the connection's type, its own fault, migrations.

Holds values only. It must not open a connection, start a program or read a file.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import psycopg

from qianhai.kernel import Environment

#: A psycopg 3 connection inside an open transaction, rows as plain tuples.
Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]


class UnknownCommit(Environment):
    """The connection was lost while COMMIT was on its way: done or not, nobody knows yet.

    Never guess. The caller asks the database by the id of what it sent (on a new
    connection) or sends the same content under the same id again: both are safe.
    """

    def __init__(self) -> None:
        super().__init__(
            "The connection to the database was lost during COMMIT; the result is not known.",
            "Ask by the id that was sent, or send the same content under the same id again.",
            zh="提交途中与数据库的连接已中断，结果不明。"
            "请按所发编号查询，或以相同编号重新提交相同内容。",
            is_retry_safe=True,
        )


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered step of the database's form, forward only.

    `sql` is the text of `NNNN_name.sql` with line ends as LF, so that its digest is the same
    whichever way the files were checked out.
    """

    number: int
    name: str
    sql: str

    @property
    def digest(self) -> str:
        """Return the SHA-256 under which the database remembers this text, as hex.

        >>> Migration(1, "first", "select 1").digest[:8]
        '822ae07d'
        """
        return hashlib.sha256(self.sql.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Installation:
    """A set of PostgreSQL programs that was found, with its major version."""

    bin: Path
    major: int


@dataclass(frozen=True, slots=True)
class Sight:
    """Whose eyes a reading has: what row-level security lets through is decided by it."""

    institution_id: str
    actor: str
    roles: frozenset[str]
    party: str | None = None
