"""Hostile XML, walked as it streams in: no tree, no entities, no network, bounded in every way.

Holds the walk and its refusals. Must not hold what an element means: that is the visitor's. The
parser is expat, because it says that a DOCTYPE begins before it reads what is inside, and because
it gives the exact line of everything it finds.
"""

import zlib
from collections.abc import Iterator
from typing import IO, Final, Protocol
from xml.parsers import expat
from zipfile import BadZipFile

from qianhai.kernel import Flaw, Place
from qianhai.messages.flaws import flaw_at
from qianhai.messages.model import Row, Shape

_CHUNK_BYTES: Final = 1 << 16
#: What reading a packed part of a damaged file raises.
READ_FAULTS: Final = (BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, OSError)


class Refused(Exception):
    """The rest of the file is not read: the flaw says why."""

    def __init__(self, flaw: Flaw) -> None:
        self.flaw = flaw
        super().__init__(flaw.code)


class Visitor(Protocol):
    """Who is told of each element, in order, and collects rows and flaws in `found`."""

    found: list[Row | Flaw]

    def start(self, name: str, attributes: dict[str, str], line: int) -> None:
        """An element begins; its name is `namespace local`, or `local` outside any namespace."""

    def text(self, data: str) -> None:
        """A piece of text stands in the element that is open."""

    def end(self, line: int) -> None:
        """The element that is open ends."""

    def where(self) -> str:
        """Name the open element, where its path says more than the part's name."""


def walk(
    stream: IO[bytes], visitor: Visitor, place: Place, shape: Shape, depth_max: int
) -> Iterator[Row | Flaw]:
    """Walk a stream of XML and yield what the visitor finds, chunk by chunk.

    Whatever cannot be walked to its end gives one flaw, after all that was found before it.
    """
    guard = _Guard(visitor, place, shape, depth_max)
    try:
        while chunk := stream.read(_CHUNK_BYTES):
            guard.feed(chunk)
            yield from visitor.found
            visitor.found.clear()
        guard.close()
    except Refused as refusal:
        visitor.found.append(refusal.flaw)
    except expat.ExpatError as fault:
        at = Place(place.file, fault.lineno, visitor.where() or place.column)
        shown = f"{expat.ErrorString(fault.code)}, character {fault.offset + 1}"
        visitor.found.append(flaw_at("M502", at, shown))
    except READ_FAULTS as fault:
        visitor.found.append(flaw_at("M302", place, str(fault) or type(fault).__name__))
    yield from visitor.found
    visitor.found.clear()


class _Guard:
    """Stands between the parser and the visitor and refuses what only an attacker sends."""

    def __init__(self, visitor: Visitor, place: Place, shape: Shape, depth_max: int) -> None:
        self._visitor = visitor
        self._place = place
        self._limit = shape.line_bytes_max
        self._depth_max = depth_max
        self._depth = 0
        self._text_size = 0
        self._quiet_bytes = 0
        parser = expat.ParserCreate("UTF-8", " ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._doctype
        parser.XmlDeclHandler = self._declaration
        parser.CommentHandler = self._heard
        parser.ProcessingInstructionHandler = self._heard
        self._parser = parser

    def feed(self, chunk: bytes) -> None:
        """Parse one chunk; one mark longer than the limit would be read again and again."""
        self._quiet_bytes += len(chunk)
        self._parser.Parse(chunk, False)
        if self._quiet_bytes > self._limit + _CHUNK_BYTES:
            self._refuse("one tag or comment", self._limit)

    def close(self) -> None:
        """Say that the stream has ended."""
        self._parser.Parse(b"", True)

    def _refuse(self, what: str, limit: int) -> None:
        raise Refused(flaw_at("M515", self._at(), what, limit=limit))

    def _at(self) -> Place:
        column = self._visitor.where() or self._place.column
        return Place(self._place.file, self._parser.CurrentLineNumber, column)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._quiet_bytes = self._text_size = 0
        self._depth += 1
        if self._depth > self._depth_max:
            self._refuse("elements inside elements", self._depth_max)
        self._visitor.start(name, attributes, self._parser.CurrentLineNumber)

    def _end(self, _name: str) -> None:
        self._quiet_bytes = self._text_size = 0
        self._depth -= 1
        self._visitor.end(self._parser.CurrentLineNumber)

    def _text(self, data: str) -> None:
        self._quiet_bytes = 0
        self._text_size += len(data)
        if self._text_size > self._limit:
            self._refuse("characters in one element", self._limit)
        self._visitor.text(data)

    def _heard(self, *_: object) -> None:
        self._quiet_bytes = 0

    def _doctype(self, name: str, *_: object) -> None:
        raise Refused(flaw_at("M501", self._at(), name))

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding and encoding.lower() not in {"utf-8", "utf8", "us-ascii"}:
            raise Refused(flaw_at("M527", self._at(), encoding))
