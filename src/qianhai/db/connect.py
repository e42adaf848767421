"""Open a database and run transactions on it: pool, commit, rollback, faults by their kind.

It must not start servers (that is start) nor read the environment (that is main).
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import psycopg
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool, PoolTimeout

from qianhai.db import store
from qianhai.db.migrate import migrate
from qianhai.db.model import Connection, Sight, UnknownCommit
from qianhai.db.start import Server, start_server
from qianhai.kernel import BrokenIntegrity, Environment, Flaw, Place, StaleState

#: Most connections one process uses at a time; the embedded server takes 120 in all.
POOL_MAX: Final = 64
#: How long a thread waits for a free connection, or for a server that is being restarted.
POOL_WAIT_SECONDS: Final = 60.0
_OLDEST_SERVER: Final = 15_00_00


class Database:
    """A migrated PostgreSQL database, shared by the threads of this process.

    An embedded server that died is started again by the next transaction; a transaction that
    was under way then ends in a fault, never in a half.
    """

    def __init__(self, conninfo: Callable[[], str], server: Server | None = None) -> None:
        self._conninfo = conninfo
        self._server = server
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            conninfo,
            kwargs={"autocommit": True},
            configure=store.settle_session,
            min_size=1,
            max_size=POOL_MAX,
            timeout=POOL_WAIT_SECONDS,
            open=True,
        )

    @property
    def url(self) -> str:
        """Return where this database is, in a form `open_database` takes in another process."""
        return self._conninfo()

    @contextmanager
    def transaction(self, *, rollback: bool = False) -> Iterator[Connection]:
        """Run one transaction: all of it is committed at the end, or nothing.

        With `rollback` it is a dry run: the same road, undone at the end. A `transaction()` of
        the connection inside is a savepoint; a `commit()` inside is refused by the driver.

        Raises:
            UnknownCommit: the connection was lost during COMMIT; ask by id.
            StaleState: another writer moved first (serialisation failure, deadlock). Retry.
            Environment: the database cannot be reached, its disk is full, it is going down.
            BrokenIntegrity: a page of the data folder is not what was written to it.
        """
        conn, begun = self._begin(rollback=rollback)
        is_committing = False
        try:
            with begun:
                yield conn
                assert conn.info.transaction_status is TransactionStatus.INTRANS, (
                    "a statement failed inside this transaction and its fault was swallowed: "
                    "PostgreSQL would roll back and say nothing"
                )
                is_committing = not rollback
        except psycopg.Error as fault:
            if is_committing and conn.closed:
                raise UnknownCommit from fault
            raise _by_kind(fault, is_lost=conn.closed) from fault
        finally:
            self._give_back(conn)

    def prepare_readers(self) -> None:
        """Make ready the role that readings take; once, before the first.

        Raises:
            Environment: this login may not make the role, and nobody made it for it.
        """
        try:
            with self.transaction() as conn:
                store.prepare_readers(conn)
        except psycopg.errors.InsufficientPrivilege as fault:
            raise Environment(
                f"The database does not let this login make its role of readers: "
                f"{_first_line(fault)}.",
                "As its administrator, for the database NAME and the login LOGIN: create role "
                "qianhai_readers_NAME nologin; grant qianhai_readers_NAME to LOGIN;",
                zh=f"数据库不允许当前登录创建只读角色：{_first_line(fault)}。请由数据库管理员执行"
                "（NAME 为数据库名，LOGIN 为登录名）：create role qianhai_readers_NAME nologin; "
                "grant qianhai_readers_NAME to LOGIN;",
            ) from fault

    @contextmanager
    def reading(self, sight: Sight) -> Iterator[Connection]:
        """Run a transaction that only reads, and only what one person may see.

        It takes the database's role of readers, under which every table shows the rows of its
        policies and no other, whatever the query forgets (migration 0011).

        Raises:
            Environment: as `transaction`; also where this user may not take that role.
        """
        with self.transaction() as conn:
            store.settle_sight(conn, sight)
            yield conn

    def _begin(self, *, rollback: bool) -> tuple[Connection, ExitStack]:
        """Borrow a connection and begin on it.

        A backend outlives its killed server for a moment and still answers the pool's question:
        as nothing was asked of it yet, another connection takes its place.
        """
        for is_last in (False, False, False, True):
            conn = self._borrow()
            begun = ExitStack()
            try:
                begun.enter_context(conn.transaction(force_rollback=rollback))
            except psycopg.Error as fault:
                is_lost = conn.closed
                self._give_back(conn)
                if is_last or not is_lost:
                    raise _by_kind(fault, is_lost=is_lost) from fault
            else:
                return conn, begun
        raise AssertionError("the last attempt returns or raises")

    def _give_back(self, conn: Connection) -> None:
        """Return a connection; with one that is lost, those that lie idle are replaced too."""
        is_lost = conn.closed
        self._pool.putconn(conn)
        if is_lost:
            self._pool.drain()

    def _borrow(self) -> Connection:
        try:
            return self._pool.getconn()
        except PoolTimeout as fault:
            raise Environment(
                f"No database connection within {POOL_WAIT_SECONDS:.0f} s: {fault}.",
                "Look at the server's log (pg.log in the data folder), or try again later.",
                zh=f"{POOL_WAIT_SECONDS:.0f} 秒内未取得数据库连接：{fault}。"
                "请查看数据库日志（数据目录中的 pg.log），或稍后再试。",
                is_retry_safe=True,
            ) from fault

    def close(self) -> None:
        """Give back the connections; the last process out stops the embedded server."""
        self._pool.close()
        if self._server is not None:
            self._server.close()

    def __enter__(self) -> Self:
        """Return the open database."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()


def open_database(*, url: str | None, data_dir: Path) -> Database:
    """Open the given database, or the embedded one of a data folder, at this program's form.

    A url wins. Without one the embedded server is started, or joined when another process has
    started it, and pending migrations are applied.

    Raises:
        Environment: it cannot be started or reached, is too old, or newer than this program.
    """
    if url is not None:
        _prepare(url)
        return Database(lambda: url)
    server = start_server(data_dir)
    try:
        _prepare(server.conninfo())
        return Database(server.conninfo, server)
    except BaseException:
        server.close()
        raise


def _prepare(conninfo: str) -> None:
    """Check that a database is one this program can use, and migrate it."""
    try:
        with psycopg.connect(conninfo, autocommit=True) as conn:
            if conn.info.server_version < _OLDEST_SERVER:
                raise Environment(
                    f"The database server is version {conn.info.server_version // 10000}; "
                    "15 or newer is needed.",
                    "Upgrade it, or leave QIANHAI_DATABASE_URL out to use the embedded server.",
                    zh=f"数据库版本为 {conn.info.server_version // 10000}，需要 15 或更高版本。"
                    "请升级，或去掉 QIANHAI_DATABASE_URL 以使用内嵌数据库。",
                )
            encoding = conn.info.parameter_status("server_encoding")
            if encoding != "UTF8":
                raise Environment(
                    f"The database is encoded in {encoding}; names here are Chinese and English.",
                    "Create it with: create database NAME template template0 encoding 'UTF8'.",
                    zh=f"数据库编码为 {encoding}，无法存放中文名称。请这样新建数据库："
                    "create database NAME template template0 encoding 'UTF8'",
                )
            store.settle_session(conn)
            migrate(conn)
    except (psycopg.OperationalError, psycopg.ProgrammingError) as fault:
        if fault.sqlstate and isinstance(fault, psycopg.ProgrammingError):
            raise  # a wrong statement of ours; without a state it is the URL that says nothing
        raise Environment(
            f"The database cannot be reached: {_first_line(fault)}.",
            "Check QIANHAI_DATABASE_URL and that the server runs.",
            zh=f"无法连接数据库：{_first_line(fault)}。"
            "请检查 QIANHAI_DATABASE_URL 以及数据库是否在运行。",
            is_retry_safe=True,
        ) from fault


def _by_kind(fault: psycopg.Error, *, is_lost: bool) -> Exception:
    """Return the fault as one of ours where it has a meaning of its own, else as it is.

    A violated constraint or a wrong statement is a bug: nobody translates or catches it.
    """
    state = fault.sqlstate or ""
    said = _first_line(fault)
    if state in {"40001", "40P01"}:
        return StaleState(said)
    if state in {"XX001", "XX002"}:
        return BrokenIntegrity(
            [
                Flaw(
                    code="D001",
                    place=Place("database"),
                    value=said,
                    expected="pages as they were written",
                    en=f"A page of the database is damaged: {said}. Stop writing, keep a copy "
                    "of the data folder, and restore the last backup.",
                    zh=f"数据库页面已损坏：{said}。请停止写入，保留数据目录副本，并恢复最近的备份。",
                )
            ]
        )
    if state in {"53100", "58030"}:
        return Environment(
            f"The database's disk refuses: {said}.",
            "Free space on the disk of the data folder, or move the folder, and send it again; "
            "nothing of this transaction was kept.",
            zh=f"数据库所在磁盘拒绝写入：{said}。请在数据目录所在磁盘上腾出空间或迁移该目录，"
            "然后重新提交；本次事务未留下任何内容。",
            is_retry_safe=True,
        )
    if is_lost or state[:2] in {"08", "53", "57", "58"}:
        return Environment(
            f"The database broke off: {said}.",
            "Nothing of this transaction was kept; try again.",
            zh=f"数据库中断：{said}。本次事务未留下任何内容，请重试。",
            is_retry_safe=True,
        )
    return fault


def _first_line(fault: Exception) -> str:
    return str(fault).strip().partition("\n")[0].rstrip(".")
