"""Writing a pain.001: the reader's table used the other way round.

Holds the writing of rows as transactions. Must not hold structure: elements are put in the order
the grammar gives, and what was written is read back before it is given out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cache
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Final

from qianhai.kernel import EXACT, BadInput, Flaw, Place
from qianhai.messages.datatypes import Datatype, decimal_of
from qianhai.messages.flaws import flaw_at
from qianhai.messages.grammar import Part
from qianhai.messages.model import Shape
from qianhai.messages.pain001_fields import (
    FACT_NAME,
    FACTS_NAMESPACE,
    FIELDS,
    REMITTANCE,
    VERSIONS,
    namespace_of,
)
from qianhai.messages.read_pain001 import read_pain001
from qianhai.messages.write import whole_file

_AMOUNTS: Final = ("iso.instructed_amount.amount", "iso.equivalent_amount.amount")


@dataclass(slots=True)
class _Tree:
    """An element to be written: its text, attributes and elements, each name in its order."""

    text: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    elements: "dict[str, list[_Tree]]" = field(default_factory=dict)
    raw: str = ""

    def put(self, path: str, text: str) -> None:
        """Put a text at a path below this element; `@name` is an attribute."""
        step, _, rest = path.partition("/")
        if step.startswith("@"):
            self.attributes[step[1:]] = text
        elif step:
            self.elements.setdefault(step, [_Tree()])[0].put(rest, text)
        else:
            self.text = text

    def add(self, path: str) -> "_Tree":
        """Add one more element at a path and return it."""
        step, _, rest = path.partition("/")
        if rest:
            return self.elements.setdefault(step, [_Tree()])[0].add(rest)
        self.elements.setdefault(step, []).append(_Tree())
        return self.elements[step][-1]

    def written(self, name: str, part: Part) -> Iterator[str]:
        """Write this element as its part of the grammar orders it."""
        attributes = "".join(f' {key}="{escape(text)}"' for key, text in self.attributes.items())
        yield f"<{name}{attributes}>{escape(self.text)}{self.raw}"
        for element in part.elements:
            for tree in self.elements.get(element.name, ()):
                yield from tree.written(element.name, element.part)
        yield f"</{name}>"


def write_pain001(
    path: Path,
    rows: Sequence[Mapping[str, str]],
    *,
    version: str,
    message_id: str,
    created_at: datetime,
    initiator: str,
) -> None:
    """Write rows as one pain.001, with the fields that reading a pain.001 gives.

    A new payment information begins whenever a field that stands there changes, so rows of one
    debtor and day are best put together. Fields without a prefix `iso.` are facts. What was
    written is read back: a message that would be refused is never given out.

    Raises:
        BadInput: a field has no place in this version, or the message would be refused.
        KeyError: the version is not one of VERSIONS.
    """
    flaws = [
        flaw
        for number, row in enumerate(rows, 1)
        for flaw in _misplaced(row, version, Place(path.name, number))
    ]
    if flaws:
        raise BadInput(flaws)
    head = _Tree()
    head.put("MsgId", message_id)
    head.put("CreDtTm", created_at.isoformat())
    head.put("InitgPty/Nm", initiator)
    _put_totals(head, rows)
    with whole_file(path) as half:
        with half.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(_message(head, rows, version))
        with half.open("rb") as written:
            flaws = [
                found
                for found in read_pain001(written, path.name, Shape())
                if isinstance(found, Flaw)
            ]
        if flaws:
            raise BadInput(flaws)


def _message(head: _Tree, rows: Sequence[Mapping[str, str]], version: str) -> Iterator[str]:
    """Write a message piece by piece; a batch's totals are counted before its transactions."""
    initiation = VERSIONS[version].elements[0].part
    header, payment = (initiation.elements[index].part for index in (0, 1))
    transaction = payment.elements[-1]
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{namespace_of(version)}">\n'
    yield "<CstmrCdtTrfInitn>\n"
    yield from head.written("GrpHdr", header)
    start = 0
    for number, (shared, group) in enumerate(groupby(rows, lambda row: _shared(row, version)), 1):
        size = sum(1 for _ in group)
        batch = rows[start : start + size]
        start += size
        tree = _Tree()
        tree.put("PmtInfId", str(number))
        for place, text in shared:
            tree.put(place, text)
        _put_totals(tree, batch)
        *opening, closing = tree.written("PmtInf", payment)
        yield "\n"
        yield from opening
        for row in batch:
            yield "\n"
            yield from _transaction(row, version).written(transaction.name, transaction.part)
        yield closing
    yield "\n</CstmrCdtTrfInitn>\n</Document>\n"


def _put_totals(tree: _Tree, rows: Sequence[Mapping[str, str]]) -> None:
    total = Decimal(0)
    for row in rows:
        amount = decimal_of(next(row[name] for name in _AMOUNTS if name in row))
        assert amount is not None, "an amount without a place was refused"
        total = EXACT.add(total, amount)
    tree.put("NbOfTxs", str(len(rows)))
    tree.put("CtrlSum", format(total, "f"))


def _shared(row: Mapping[str, str], version: str) -> tuple[tuple[str, str], ...]:
    """Return what of a row stands in its payment information: equal for the rows of a batch."""
    shared = {"PmtMtd": "TRF"} | dict(_placed(row, version, "PmtInf"))
    return tuple(sorted(shared.items()))


def _transaction(row: Mapping[str, str], version: str) -> _Tree:
    """Return a row's own part of the message."""
    tree = _Tree()
    tree.put("PmtId/EndToEndId", "NOTPROVIDED")
    for place, text in _placed(row, version, "CdtTrfTxInf"):
        tree.put(place, text)
    for line in row[REMITTANCE].split("\n") if REMITTANCE in row else ():
        tree.add("RmtInf/Ustrd").text = line
    facts = {name: text for name, text in row.items() if _is_fact(name)}
    _put_facts(tree, facts, version)
    return tree


def _placed(row: Mapping[str, str], version: str, scope: str) -> Iterator[tuple[str, str]]:
    """Yield the places below a scope, and their texts, that a row's fields take."""
    for name, text in row.items():
        if name in FIELDS and not _is_repeated(name, row):
            found, _, rest = _place_of(name, text, version).partition("/")
            if found == scope:
                yield rest, text


def _is_fact(name: str) -> bool:
    return (
        name not in FIELDS and not name.startswith("iso.") and FACT_NAME.fullmatch(name) is not None
    )


def _misplaced(row: Mapping[str, str], version: str, place: Place) -> Iterator[Flaw]:
    """Yield a flaw for each field that has no place in this version."""
    for name, text in row.items():
        is_placed = name in FIELDS and _place_of(name, text, version)
        if not is_placed and name != REMITTANCE and not _is_fact(name):
            yield _no_place(name, text, version, place)
    if not any(name in row for name in _AMOUNTS):
        yield _no_place(_AMOUNTS[0], "", version, place)


def _no_place(name: str, text: str, version: str, place: Place) -> Flaw:
    at = Place(place.file, place.line, name)
    return flaw_at("M525", at, text, name=name, version=version)


def _is_repeated(name: str, row: Mapping[str, str]) -> bool:
    """Say whether a party's id only repeats its LEI or BIC, which are written in their places."""
    party, _, leaf = name.rpartition(".")
    return leaf == "id" and row[name] in {row.get(f"{party}.lei"), row.get(f"{party}.bic")}


def _place_of(name: str, text: str, version: str) -> str:
    """Return the first place of a field that the version has and that takes the text, or ""."""
    for place, datatype in _places(name, version):
        if datatype.is_valid(text):
            return place
    return ""


@cache
def _places(name: str, version: str) -> tuple[tuple[str, Datatype], ...]:
    """Return a field's places in a version, each with the datatype of its text."""
    found = []
    for place in FIELDS[name]:
        part = VERSIONS[version].elements[0].part
        path, _, attribute = place.partition("/@")
        for step in _steps(path):
            if step not in part.index:
                break
            part = part.elements[part.index[step]].part
        else:
            datatype = part.attribute if attribute else part.datatype
            if datatype:
                found.append((place, datatype))
    return tuple(found)


def _steps(place: str) -> list[str]:
    """Return a place's steps from the initiation down.

    >>> _steps("CdtTrfTxInf/Purp/Cd")
    ['PmtInf', 'CdtTrfTxInf', 'Purp', 'Cd']
    """
    steps = place.split("/")
    return ["PmtInf", *steps] if steps[0] == "CdtTrfTxInf" else steps


def _put_facts(transaction: _Tree, facts: Mapping[str, str], version: str) -> None:
    """Put facts where this version carries them (docs/files.md)."""
    if not facts:
        return
    if version == "pain.001.001.03":
        for name, text in facts.items():
            transaction.add("RmtInf/Ustrd").text = f"/fact/{name}/{text}"
        return
    inner = "".join(f'<Fact name="{name}">{escape(text)}</Fact>' for name, text in facts.items())
    envelope = transaction.add("SplmtryData").add("Envlp")
    envelope.raw = f'<Facts xmlns="{FACTS_NAMESPACE}">{inner}</Facts>'
