"""Folders for servers of a test's own, stopped and removed afterwards."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from qianhai.db import stop_server


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder that the server's user can enter (pytest's own folder is private)."""
    folder = Path(tempfile.mkdtemp(prefix="qianhai-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    for lock in folder.rglob("pg.lock"):
        stop_server(lock.parent)
    shutil.rmtree(folder)
