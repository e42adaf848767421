"""An empty ledger for each test."""

import pytest

from ledger.books import Books
from qianhai.db import Database


@pytest.fixture
def books(database: Database) -> Books:
    """A ledger nothing was posted in."""
    return Books(database)
