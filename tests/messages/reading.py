"""What the tests of files ask of a reader: the codes of its flaws, its rows, its words."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

from qianhai.kernel import Flaw
from qianhai.messages import Row, Shape, read


def found_in(path: Path, shape: Shape | None = None) -> tuple[list[Row], list[Flaw]]:
    """Return all rows and all flaws of a file."""
    found = list(read(path, shape=shape))
    rows = [item for item in found if isinstance(item, Row)]
    return rows, [item for item in found if isinstance(item, Flaw)]


def flaws_of(path: Path, shape: Shape | None = None) -> list[tuple[str, int | None, str | None]]:
    """Return code, line and column of each flaw."""
    flaws = found_in(path, shape)[1]
    return [(flaw.code, flaw.place.line, flaw.place.column) for flaw in flaws]


def codes_of(path: Path, shape: Shape | None = None) -> list[str]:
    """Return the codes of a file's flaws."""
    return [flaw.code for flaw in found_in(path, shape)[1]]


def fields_of(path: Path) -> list[dict[str, str]]:
    """Return the fields of each row of a file that has no flaw."""
    rows, flaws = found_in(path)
    assert not flaws, "\n".join(map(str, flaws))
    return [dict(row.fields) for row in rows]


def repacked(path: Path, changes: Mapping[str, bytes | None], target: Path) -> Path:
    """Write a workbook anew with some of its parts changed, added, or (None) left out."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        parts = {name: old.read(name) for name in old.namelist()}
        for name, content in {**parts, **changes}.items():
            if content is not None:
                new.writestr(name, content)
    return target
