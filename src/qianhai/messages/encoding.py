"""The lines of a text file: strictly UTF-8, each with its number, none longer than allowed.

Holds reading bytes as lines and naming an encoding that is not UTF-8. Must not hold what a line
means. Nothing is decoded by guess: a wrong guess changes names and amounts silently.
"""

import codecs
from collections.abc import Iterator
from typing import BinaryIO, Final

from qianhai.kernel import Flaw, Place
from qianhai.messages.flaws import flaw_at
from qianhai.messages.model import Shape

_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
#: More lines than this for each row that may be read are blank lines sent to hold the reader.
_LINES_A_ROW_MAX: Final = 16


def encoding_of(sample: bytes) -> str:
    """Name the encoding a text seems to be in, for its sender; never used to decode.

    >>> encoding_of("前海,1".encode("gb18030")), encoding_of("a,b".encode("utf-16"))
    ('GB18030', 'UTF-16')
    """
    for mark, name in _MARKS:
        if sample.startswith(mark):
            return name
    if _has_nul_pairs(sample):
        return "UTF-16"
    for name, shown in (("utf-8", "UTF-8, cut off"), ("gb18030", "GB18030")):
        try:
            codecs.getincrementaldecoder(name)().decode(sample)
        except UnicodeDecodeError:
            continue
        return shown
    return "Windows-1252"


def _has_nul_pairs(sample: bytes) -> bool:
    """Say whether every second byte of the first few is NUL, as in unmarked UTF-16."""
    head = sample[:8]
    return len(head) >= 4 and (not any(head[::2]) or not any(head[1::2]))  # noqa: PLR2004


def lines_of(file: BinaryIO, name: str, shape: Shape) -> Iterator[tuple[int, str] | Flaw]:
    """Yield each line's number and text without its line end; a flaw for a line too long.

    Text that is not UTF-8 gives one flaw and ends the file: every later line would be wrong too.
    """
    limit = shape.line_bytes_max
    number = 0
    while raw := file.readline(limit + 1):
        number += 1
        place = Place(name, number)
        if number > _LINES_A_ROW_MAX * shape.rows_max:
            yield flaw_at("M106", place, limit=shape.rows_max)
            return
        if len(raw) > limit and not raw.endswith(b"\n"):
            while (more := file.readline(limit)) and not more.endswith(b"\n"):
                pass
            yield flaw_at("M111", place, limit=limit)
            continue
        if number == 1:
            if (found := encoding_of(raw)) in {"UTF-16", "UTF-32"}:
                yield flaw_at("M104", place, found)
                return
            raw = raw.removeprefix(codecs.BOM_UTF8)
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            yield flaw_at("M104", place, encoding_of(raw))
            return
        yield number, text.removesuffix("\n").removesuffix("\r")
