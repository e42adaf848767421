"""Fixtures every room's tests share: one embedded server a worker, a fresh database a test."""

import shutil
import tempfile
from collections.abc import Generator, Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from qianhai.db import Database, Server, open_database, start_server
from tracing import untraced

_numbers = count(1)

#: The tests' server is thrown away, so it need not survive a power cut; tests/db uses its own.
_SETTINGS = {"fsync": "off", "full_page_writes": "off", "max_connections": "200"}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Put coverage aside for a test that is marked so, and for the fixtures it makes."""
    if item.get_closest_marker("untraced") is None:
        return (yield)
    with untraced():
        return (yield)


@pytest.fixture(scope="session")
def server_dir() -> Iterator[Path]:
    """A folder for a server, short and open to the user it runs as (pytest's is not)."""
    folder = Path(tempfile.mkdtemp(prefix="qianhai-", dir="/tmp"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def server(server_dir: Path) -> Iterator[Server]:
    """An embedded server of this worker, with a migrated database `template_qianhai`."""
    server = start_server(server_dir, settings=_SETTINGS)
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as admin:
        admin.execute("create database template_qianhai template template0 encoding 'UTF8'")
    open_database(url=server.conninfo("template_qianhai"), data_dir=server_dir).close()
    yield server
    server.close()


@pytest.fixture
def database_url(server: Server) -> Iterator[str]:
    """The URL of a fresh migrated database; other processes may open it too."""
    name = sql.Identifier(f"test_{next(_numbers)}")
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("create database {} template template_qianhai").format(name))
        yield server.conninfo(name.as_string(None).strip('"'))
        admin.execute(sql.SQL("drop database {} with (force)").format(name))


@pytest.fixture
def database(database_url: str, server_dir: Path) -> Iterator[Database]:
    """A fresh migrated database, closed and dropped after the test."""
    with open_database(url=database_url, data_dir=server_dir) as database:
        yield database
