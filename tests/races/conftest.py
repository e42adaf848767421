"""A database at the end of a wire that a test can cut."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from qianhai.db import Database, open_database
from races.losing_proxy import LosingProxy


@pytest.fixture
def proxy(database_url: str) -> Iterator[LosingProxy]:
    """A wire to the test's database that can be cut."""
    with LosingProxy(database_url) as proxy:
        yield proxy


@pytest.fixture
def wired(database_url: str, proxy: LosingProxy) -> Iterator[Database]:
    """The test's database at the end of that wire."""
    url = make_conninfo(database_url, host="127.0.0.1", port=proxy.port, sslmode="disable")
    with open_database(url=url, data_dir=Path("unused")) as database:
        yield database
