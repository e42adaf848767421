"""Reading a file of business: its kind by content, then its rows and flaws, within limits.

Holds opening, telling kinds apart and the limits on rows and flaws. Must not hold a format: each
has its own file here.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from qianhai.kernel import Flaw, Place
from qianhai.messages.encoding import encoding_of
from qianhai.messages.flaws import flaw_at
from qianhai.messages.model import Row, Shape
from qianhai.messages.read_csv import read_csv
from qianhai.messages.read_jsonl import read_jsonl
from qianhai.messages.read_pain001 import read_pain001
from qianhai.messages.read_xlsx import read_xlsx

_READERS: Final[dict[str, Callable[[BinaryIO, str, Shape], Iterator[Row | Flaw]]]] = {
    "CSV": read_csv,
    "JSONL": read_jsonl,
    "XLSX": read_xlsx,
    "XML": read_pain001,
}
_SUFFIXES: Final = {
    ".csv": "CSV", ".jsonl": "JSONL", ".ndjson": "JSONL", ".xlsx": "XLSX",
    ".xml": "XML",
}  # fmt: skip
_OTHER_SUFFIXES: Final = {
    ".xlsm": "a workbook with macros", ".xltm": "a workbook with macros",
    ".xls": "an old XLS workbook", ".xlsb": "a binary workbook", ".ods": "an ODS workbook",
    ".pdf": "a PDF", ".json": "a JSON document", ".zip": "a ZIP archive", ".gz": "compressed",
}  # fmt: skip
_OTHER_STARTS: Final = ((b"%PDF", "a PDF"), (b"\x1f\x8b", "compressed"), (b"Rar!", "a RAR archive"))


def read(path: Path, *, shape: Shape | None = None) -> Iterator[Row | Flaw]:
    """Yield the rows and flaws of a file in the order in which they stand.

    A file is good only if it gives no flaw: the caller collects them all and books nothing
    otherwise. Whatever the file holds, nothing is raised; a file that cannot be opened is a flaw
    too. Memory is that of one row (and of a workbook's shared texts), whatever the file's length.
    """
    limits = shape or Shape()
    rows = flaws = 0
    for found in _read(path, limits):
        if isinstance(found, Flaw):
            flaws += 1
            yield found
            if flaws >= limits.flaws_max:
                yield flaw_at("M107", Place(path.name), limit=flaws)
                return
            continue
        rows += 1
        if rows > limits.rows_max:
            yield flaw_at("M106", found.place, limit=limits.rows_max)
            return
        yield found
    if not rows and not flaws:
        yield flaw_at("M102", Place(path.name))


def _read(path: Path, shape: Shape) -> Iterator[Row | Flaw]:
    """Open the file and yield what its kind's reader finds."""
    place = Place(path.name)
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            if size > shape.file_bytes_max:
                yield flaw_at("M103", place, size, limit=shape.file_bytes_max)
                return
            kind = _kind(file.peek(4096)[:4096], path.suffix.lower(), place)
            if isinstance(kind, Flaw):
                yield kind
                return
            yield from _READERS[kind](file, path.name, shape)
    except OSError as fault:
        yield flaw_at("M101", place, fault.strerror or type(fault).__name__)


def _kind(head: bytes, suffix: str, place: Place) -> str | Flaw:
    """Tell a file's kind by its content, and hold its name to it.

    Content decides, because a name is what a sender typed; a name that says otherwise is a flaw,
    because then one of the two was not meant.
    """
    for start, shown in _OTHER_STARTS:
        if head.startswith(start):
            return flaw_at("M112", place, shown)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return flaw_at("M301", place)
    if suffix in _OTHER_SUFFIXES:
        return flaw_at("M112", place, _OTHER_SUFFIXES[suffix])
    said = _SUFFIXES.get(suffix, "")
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"PK"):
        found = "XLSX"
    elif text.startswith(b"<"):
        found = "XML"
    elif text.startswith(b"{"):
        found = "JSONL"
    else:
        found = said or "CSV"
    if found == "XML" and (encoding := encoding_of(head)) in {"UTF-16", "UTF-32"}:
        return flaw_at("M527", place, encoding)
    if said and said != found:
        wanted = next(name for name, kind in _SUFFIXES.items() if kind == found)
        return flaw_at("M105", place, suffix, kind=found, suffix=wanted)
    return found
