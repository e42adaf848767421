"""A database with one sealed table of an invented room, and three rows recorded."""

import pytest

from journal.sample import ROOM, record
from qianhai.db import Database


@pytest.fixture
def room(database: Database) -> Database:
    """The database with the invented room, and three rows recorded."""
    with database.transaction() as conn:
        conn.execute(ROOM)
        record(conn, range(1, 4))
    return database
