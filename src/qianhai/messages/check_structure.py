"""A message held against its grammar while it streams in.

Holds the check of elements, order, number, choice, attributes and datatypes, and says each flaw
with its path and line. Must not hold what an element means for business: that is read_pain001.
"""

from dataclasses import dataclass, field

from qianhai.kernel import Flaw, Place
from qianhai.messages.datatypes import Datatype
from qianhai.messages.flaws import flaw_at, hidden_in
from qianhai.messages.grammar import Part
from qianhai.messages.model import Row
from qianhai.messages.pain001_fields import VERSIONS, namespace_of, version_of
from qianhai.messages.walk_xml import Refused

_SCHEMA_HINTS = frozenset(
    f"http://www.w3.org/2001/XMLSchema-instance {name}"
    for name in ("schemaLocation", "noNamespaceSchemaLocation")
)
_BLANKS = " \t\r\n"
#: Parts whose elements are collected together; a place (`key`) begins anew at each.
SCOPES = frozenset(("GroupHeader", "Payment", "Transaction"))


@dataclass(slots=True)
class Open:
    """An element that is open: what may stand in it and what already stood there."""

    name: str
    part: Part
    line: int
    key: str
    ordinal: int = 0
    furthest: int = -1
    counts: dict[str, int] = field(default_factory=dict)
    pieces: list[str] = field(default_factory=list)
    has_stray: bool = False


class StructureVisitor:
    """Sees every element of a file and checks each Document in it, whatever wraps it."""

    def __init__(self, file: str) -> None:
        self.found: list[Row | Flaw] = []
        self.version = ""
        self.documents = 0
        self.outermost = ""
        self.flaw_count = 0
        self._file = file
        self._stack: list[Open] = []
        self._namespace = ""
        self._skipped = 0

    # What a reader of a message may add.

    def opened(self, element: Open) -> None:
        """An element with elements inside begins."""

    def leaf(self, key: str, text: str, element: Open) -> None:
        """An element or attribute with a good text has ended."""

    def closed(self, element: Open) -> None:
        """An element with elements inside ends, and holds what it must."""

    def foreign(self, name: str, line: int) -> bool:
        """An element of another namespace begins in an envelope; say whether it is read."""
        del name, line
        return False

    # Places and flaws.

    def where(self, suffix: str = "") -> str:
        """Write the path of the open element, with its number where it may repeat."""
        if not self._stack:
            return ""
        steps = [
            f"{item.name}[{item.ordinal}]" if item.ordinal else item.name for item in self._stack
        ]
        return "/" + "/".join(steps) + suffix

    def report(self, code: str, line: int, value: str, *, under: str = "", **named: object) -> None:
        """Report a flaw at the open element, or at `under` below it."""
        self.flaw_count += 1
        place = Place(self._file, line, self.where(under))
        self.found.append(flaw_at(code, place, value, **named))

    # What the walk tells.

    def start(self, name: str, attributes: dict[str, str], line: int) -> None:
        """Check where an element stands and its attributes."""
        if self._skipped:
            self._skipped += 1
            return
        namespace, _, local = name.rpartition(" ")
        if not self._stack:
            self.outermost = self.outermost or local
            if local == "Document":
                self._open_document(namespace, attributes, line)
            return
        parent = self._stack[-1]
        if parent.part.is_open:
            self._open_foreign(name, parent, line)
            return
        if namespace != self._namespace:
            self.report("M505", line, local)
            self._skipped = 1
            return
        self._open_element(local, attributes, parent, line)

    def _open_document(self, namespace: str, attributes: dict[str, str], line: int) -> None:
        version = version_of(namespace)
        known = ", ".join(VERSIONS)
        if version not in VERSIONS:
            place = Place(self._file, line, "/Document")
            raise Refused(flaw_at("M504", place, version or "of no namespace", versions=known))
        self.version, self._namespace = version, namespace_of(version)
        self.documents += 1
        self._stack.append(Open("Document", VERSIONS[version], line, ""))
        self._check_attributes(self._stack[-1], attributes)

    def _open_foreign(self, name: str, parent: Open, line: int) -> None:
        """See the one element an envelope holds: read by the reader, or passed over whole."""
        parent.furthest += 1
        if parent.furthest:
            self.report("M508", line, name.rpartition(" ")[2], limit=1, parent=parent.name)
        if not self.foreign(name, line):
            self._skipped = 1

    def _open_element(self, name: str, attributes: dict[str, str], parent: Open, line: int) -> None:
        part = parent.part
        at = part.index.get(name)
        if at is None:
            if part.datatype:
                parent.has_stray = True
                self.report("M506", line, name, parent=parent.name, known="text only")
            else:
                rest = part.elements if part.is_choice else part.elements[max(parent.furthest, 0) :]
                known = ", ".join(element.name for element in rest)
                self.report("M506", line, name, parent=parent.name, known=known)
            self._skipped = 1
            return
        element = part.elements[at]
        count = parent.counts[name] = parent.counts.get(name, 0) + 1
        if part.is_choice and len(parent.counts) > 1:
            self.report("M510", line, name, parent=parent.name, known=part.listed())
        elif count == element.most + 1:
            self.report("M508", line, name, parent=parent.name, limit=element.most)
        elif at < parent.furthest and not part.is_choice:
            after = part.elements[parent.furthest].name
            self.report("M507", line, name, after=after)
        parent.furthest = max(parent.furthest, at)
        step = name if count == 1 else f"{name}[{count}]"
        key = name if element.part.name in SCOPES else f"{parent.key}/{step}"
        ordinal = count if element.most > 1 else 0
        opened = Open(name, element.part, line, key, ordinal)
        self._stack.append(opened)
        if attributes or element.part.attribute:
            self._check_attributes(opened, attributes)
        if not element.part.datatype:
            self.opened(opened)

    def _check_attributes(self, opened: Open, attributes: dict[str, str]) -> None:
        currency = opened.part.attribute
        for name, text in attributes.items():
            if currency and name == "Ccy":
                self._check_text(opened, "/@Ccy", text, currency)
            elif name not in _SCHEMA_HINTS:
                self.report("M514", opened.line, name.rpartition(" ")[2], element=opened.name)
        if currency and "Ccy" not in attributes:
            self.report("M513", opened.line, "", element=opened.name, name="Ccy")

    def text(self, data: str) -> None:
        """Keep the text of an element that holds text; elsewhere only blanks may stand."""
        if self._skipped or not self._stack:
            return
        top = self._stack[-1]
        if top.part.datatype:
            top.pieces.append(data)
        elif not top.has_stray and not top.part.is_open and data.strip(_BLANKS):
            top.has_stray = True
            self.report("M511", top.line, data.strip(_BLANKS), parent=top.name)

    def end(self, line: int) -> None:
        """Check what an element held once it ends."""
        del line
        if self._skipped:
            self._skipped -= 1
            return
        if not self._stack:
            return
        top = self._stack[-1]
        if top.part.datatype:
            if not top.has_stray:
                self._check_text(top, "", "".join(top.pieces), top.part.datatype)
        else:
            self._check_complete(top)
            self.closed(top)
        self._stack.pop()

    def _check_text(self, opened: Open, suffix: str, raw: str, datatype: Datatype) -> None:
        text = raw.strip(_BLANKS)
        checked = text if datatype.is_collapsed else raw
        shown = opened.name + suffix
        if hidden := hidden_in(raw):
            self.report("M108", opened.line, hidden, under=suffix)
        elif not text.strip() or not datatype.is_valid(checked):
            self.report(
                "M512", opened.line, raw, under=suffix, element=shown,
                kind=datatype.expected, kind_zh=datatype.expected_zh,
            )  # fmt: skip
        else:
            self.leaf(opened.key + suffix, text.strip(), opened)

    def _check_complete(self, opened: Open) -> None:
        part = opened.part
        if part.is_open:
            if opened.furthest < 0:
                self.report("M509", opened.line, "", parent=opened.name, missing="an element")
        elif part.is_choice:
            if not opened.counts:
                self.report("M526", opened.line, "", parent=opened.name, known=part.listed())
        else:
            for element in part.elements:
                if element.least and element.name not in opened.counts:
                    self.report("M509", opened.line, "", parent=opened.name, missing=element.name)
