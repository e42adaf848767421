"""Writing a pain.001: the reader's table used the other way round.

Holds the writing of rows as transactions. Must not hold structure: elements are put in the order
the grammar gives, and what was written is read back before it is given out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Final

from qianhai.kernel import EXACT, BadInput, Flaw, Place
from qianhai.messages.datatypes import decimal_of
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


#: Texts and their places in a payment information: equal for the rows of one batch.
_Places = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Placed:
    """A row on its way out: what stands in its batch, its transaction, and its amount."""

    shared: _Places
    transaction: _Tree
    amount: Decimal


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
    initiation = VERSIONS[version].elements[0].part
    header, payment = (initiation.elements[index].part for index in (0, 1))
    flaws: list[Flaw] = []
    head = _Tree()
    head.put("MsgId", message_id)
    head.put("CreDtTm", created_at.isoformat())
    head.put("InitgPty/Nm", initiator)
    _put_totals(head, [_amount(row) for row in rows])
    placed = (
        _placed(row, version, Place(path.name, number), flaws) for number, row in enumerate(rows, 1)
    )
    with whole_file(path) as half:
        with half.open("w", encoding="utf-8", newline="\n") as file:
            file.write('<?xml version="1.0" encoding="UTF-8"?>\n')
            file.write(f'<Document xmlns="{namespace_of(version)}">\n<CstmrCdtTrfInitn>\n')
            file.writelines((*head.written("GrpHdr", header), "\n"))
            for number, (_, batch) in enumerate(groupby(placed, lambda row: row.shared), 1):
                tree = _batch(list(batch), number)
                file.writelines((*tree.written("PmtInf", payment), "\n"))
            file.write("</CstmrCdtTrfInitn>\n</Document>\n")
        with half.open("rb") as written:
            found = flaws or [
                flaw for flaw in read_pain001(written, path.name, Shape()) if isinstance(flaw, Flaw)
            ]
        if found:
            raise BadInput(found)


def _batch(rows: list[_Placed], number: int) -> _Tree:
    """Return one payment information with its transactions."""
    tree = _Tree()
    tree.put("PmtInfId", str(number))
    for place, text in rows[0].shared:
        tree.put(place, text)
    _put_totals(tree, [row.amount for row in rows])
    tree.elements["CdtTrfTxInf"] = [row.transaction for row in rows]
    return tree


def _put_totals(tree: _Tree, amounts: Sequence[Decimal]) -> None:
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, amount)
    tree.put("NbOfTxs", str(len(amounts)))
    tree.put("CtrlSum", format(total, "f"))


def _amount(row: Mapping[str, str]) -> Decimal:
    """Return a row's amount; nothing when it is none, which its place will report."""
    text = next((row[name] for name in _AMOUNTS if name in row), "")
    return decimal_of(text) or Decimal(0)


def _placed(row: Mapping[str, str], version: str, place: Place, flaws: list[Flaw]) -> _Placed:
    """Put each field of a row in its place; a field without one adds a flaw."""
    shared = {"PmtMtd": "TRF"}
    transaction = _Tree()
    transaction.put("PmtId/EndToEndId", "NOTPROVIDED")
    facts: dict[str, str] = {}
    for name, text in row.items():
        if name == REMITTANCE:
            for line in text.split("\n"):
                transaction.add("RmtInf/Ustrd").text = line
        elif name in FIELDS:
            scope, _, rest = _place_of(name, text, VERSIONS[version]).partition("/")
            if _is_repeated(name, row) or scope == "GrpHdr":
                continue
            if scope == "PmtInf":
                shared[rest] = text
            elif scope:
                transaction.put(rest, text)
            else:
                flaws.append(_no_place(name, text, version, place))
        elif FACT_NAME.fullmatch(name) and not name.startswith("iso."):
            facts[name] = text
        else:
            flaws.append(_no_place(name, text, version, place))
    if not any(name in row for name in _AMOUNTS):
        flaws.append(_no_place(_AMOUNTS[0], "", version, place))
    _put_facts(transaction, facts, version)
    return _Placed(tuple(sorted(shared.items())), transaction, _amount(row))


def _no_place(name: str, text: str, version: str, place: Place) -> Flaw:
    at = Place(place.file, place.line, name)
    return flaw_at("M525", at, text, name=name, version=version)


def _is_repeated(name: str, row: Mapping[str, str]) -> bool:
    """Say whether a party's id only repeats its LEI or BIC, which are written in their places."""
    party, _, leaf = name.rpartition(".")
    return leaf == "id" and row[name] in {row.get(f"{party}.lei"), row.get(f"{party}.bic")}


def _place_of(name: str, text: str, document: Part) -> str:
    """Return the first place of a field that the version has and that takes the text, or ""."""
    for place in FIELDS[name]:
        part = document.elements[0].part
        path, _, attribute = place.partition("/@")
        for step in _steps(path):
            if step not in part.index:
                break
            part = part.elements[part.index[step]].part
        else:
            datatype = part.attribute if attribute else part.datatype
            if datatype and datatype.is_valid(text):
                return place
    return ""


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
