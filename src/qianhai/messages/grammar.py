"""The structure of a message, read from the room's notation (see pain001_parts).

Holds the notation's meaning. Must not hold a message: those are data in the files of versions.
"""

import re
from dataclasses import dataclass, field

from qianhai.messages.datatypes import Datatype, code_list, datatype

_MANY = 1 << 60
_ELEMENT = re.compile(r"([A-Za-z0-9]+)(\?|\*|\+|\{[0-9]+\})?:([A-Za-z0-9]+)")
_BOUNDS = {"": (1, 1), "?": (0, 1), "*": (0, _MANY), "+": (1, _MANY)}


@dataclass(slots=True)
class Part:
    """What may stand inside an element: elements in order, a choice of one, or a text."""

    name: str
    elements: "list[Element]" = field(default_factory=list)
    index: dict[str, int] = field(default_factory=dict)
    is_choice: bool = False
    is_open: bool = False
    datatype: Datatype | None = None
    attribute: Datatype | None = None

    def listed(self) -> str:
        """Name the elements for a person."""
        return ", ".join(element.name for element in self.elements)


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a sequence or choice: its name, how often it stands there, what is inside."""

    name: str
    least: int
    most: int
    part: Part


def grammar(*notations: str) -> Part:
    """Return the part `Document` of a notation.

    A part that the notation does not describe is a datatype; an `Amount` has its currency beside
    it (attribute Ccy); `Envelope` holds one element of any kind.

    >>> grammar("Document = A:Text4 B?:Count").listed()
    'A, B'
    """
    lines = [line.split() for text in notations for line in text.splitlines() if line]
    parts = {line[0]: Part(line[0]) for line in lines}
    assert len(parts) == len(lines), "a part is described once"
    parts["Envelope"] = Part("Envelope", is_open=True)
    for name, sign, *rest in lines:
        part = parts[name]
        if sign == "!":
            part.datatype = code_list(tuple(rest))
            continue
        part.is_choice = sign == "~"
        for text in rest:
            found = _ELEMENT.fullmatch(text)
            assert found, f"{name} describes its elements as Name:Part, not {text}"
            mark = found[2] or ""
            bounds = (0, int(mark[1:-1])) if mark.startswith("{") else _BOUNDS[mark]
            if found[3] not in parts:
                currency = datatype("Currency") if found[3] == "Amount" else None
                text_part = Part(found[3], datatype=datatype(found[3]), attribute=currency)
                parts[found[3]] = text_part
            part.index[found[1]] = len(part.elements)
            part.elements.append(Element(found[1], *bounds, parts[found[3]]))
    return parts["Document"]
