"""pain.001: each credit transfer becomes one row, the message's own sums are checked.

Holds what the elements mean as fields, the facts a message carries, its totals and its ids. Must
not hold structure (check_structure) or what a business needs.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from typing import BinaryIO, Final

from qianhai.kernel import CURRENCIES, EXACT, Flaw, Place, business_date, to_minor
from qianhai.messages.check_structure import Open, StructureVisitor
from qianhai.messages.datatypes import decimal_of
from qianhai.messages.flaws import flaw_at, hidden_in
from qianhai.messages.model import Row, Shape
from qianhai.messages.pain001_fields import (
    FACT_NAME,
    FACTS_NAMESPACE,
    FIELDS,
    REMITTANCE,
    VERSIONS,
)
from qianhai.messages.walk_xml import walk

#: Elements inside elements: the deepest of the standard is 17, wrappers add a few.
_DEPTH_MAX: Final = 40
_NOT_PROVIDED: Final = "NOTPROVIDED"
_FACT_LINE = re.compile(r"/fact/([^/]*)/(.*)", re.DOTALL)
_FACTS: Final = f"{FACTS_NAMESPACE} Facts"
_FACT: Final = f"{FACTS_NAMESPACE} Fact"
_AMOUNTS: Final = ("CdtTrfTxInf/Amt/InstdAmt", "CdtTrfTxInf/Amt/EqvtAmt/Amt")
#: A batch's text, and the transaction's own code that stands in its stead.
_OVERRIDES: Final = {
    f"PmtInf/PmtTpInf/{name}/Prtry": f"CdtTrfTxInf/PmtTpInf/{name}/Cd"
    for name in ("LclInstrm", "CtgyPurp")
}
_PLACES: Final = frozenset(
    (
        *(place for places in FIELDS.values() for place in places),
        *_OVERRIDES.values(),
        *(f"{scope}/{name}" for scope in ("GrpHdr", "PmtInf") for name in ("NbOfTxs", "CtrlSum")),
    )
)


def read_pain001(file: BinaryIO, name: str, shape: Shape) -> Iterator[Row | Flaw]:
    """Yield a row for each credit transfer of a file, and all its flaws, in order.

    Totals are known at the end of a batch and of the message, so their flaws follow the rows.
    """
    visitor = _Payments(name, shape)
    has_flaw = False
    for found in walk(file, visitor, Place(name), shape, _DEPTH_MAX):
        has_flaw = has_flaw or isinstance(found, Flaw)
        yield found
    if not visitor.documents and not has_flaw:
        known = ", ".join(VERSIONS)
        yield flaw_at("M503", Place(name), visitor.outermost, versions=known)


class _Total:
    """How many transactions a batch or message holds, and what their amounts add up to."""

    def __init__(self) -> None:
        self.count = 0
        self.total: Decimal | None = Decimal(0)

    def add(self, amount: Decimal | None) -> None:
        """Add one transaction; an amount that cannot be read leaves the sum unknown."""
        self.count += 1
        if amount is None or self.total is None:
            self.total = None
        else:
            self.total = EXACT.add(self.total, amount)


class _Payments(StructureVisitor):
    """Sees the elements of a message and collects the fields of its transactions."""

    def __init__(self, file: str, shape: Shape) -> None:
        super().__init__(file)
        self._shape = shape
        self._texts: dict[str, str] = {}
        self._lines: dict[str, int] = {}
        self._facts: dict[str, str] = {}
        self._remittance: list[str] = []
        self._ids: set[bytes] = set()
        self._flaws_before = 0
        self._message, self._batch = _Total(), _Total()
        self._fact: _FactReader | None = None

    # Facts in the room's own envelope stand in a namespace of their own.

    def start(self, name: str, attributes: dict[str, str], line: int) -> None:
        """Read an element of the facts' envelope, or check one of the message."""
        if self._fact:
            self._fact.start(name, attributes, line)
        else:
            super().start(name, attributes, line)

    def text(self, data: str) -> None:
        """Keep a piece of text."""
        if self._fact:
            self._fact.pieces.append(data)
        else:
            super().text(data)

    def end(self, line: int) -> None:
        """End an element of the envelope or of the message."""
        if self._fact:
            if self._fact.end():
                self._fact = None
        else:
            super().end(line)

    def foreign(self, name: str, line: int) -> bool:
        """Read `Facts`; whatever else an envelope holds is somebody else's and passed over."""
        if name != _FACTS:
            return False
        is_inside = any(item.part.name == "Transaction" for item in self._stack)
        if not is_inside:
            self.report("M524", line, "Facts")
        self._fact = _FactReader(self, line)
        return True

    def take_fact(self, name: str, text: str, line: int) -> None:
        """Take one fact; a fact may not say again what the message says."""
        text = text.strip()
        if not FACT_NAME.fullmatch(name):
            self.report("M522", line, name)
        elif name in self._facts or name in FIELDS or name.startswith("iso."):
            self.report("M523", line, name)
        elif hidden := hidden_in(text):
            self.report("M108", line, hidden)
        elif len(text) > self._shape.cell_chars_max:
            self.report("M109", line, str(len(text)), limit=self._shape.cell_chars_max)
        elif len(self._facts) >= self._shape.columns_max:
            self.report("M110", line, f"> {self._shape.columns_max}", limit=self._shape.columns_max)
        else:
            self._facts[name] = text

    # Elements of the message.

    def opened(self, element: Open) -> None:
        """Begin a message, a batch or a transaction with nothing known of it."""
        kind = element.part.name
        if kind == "Initiation":
            self._message = _Total()
            self._forget("")
        elif kind == "Payment":
            self._batch = _Total()
            self._forget("PmtInf")
        elif kind == "Transaction":
            self._forget("CdtTrfTxInf")
            self._facts, self._remittance = {}, []
            self._flaws_before = self.flaw_count

    def _forget(self, scope: str) -> None:
        for key in [key for key in self._texts if key.startswith(scope)]:
            del self._texts[key]

    def leaf(self, key: str, text: str, element: Open) -> None:
        """Keep a text that a field or a total is made of."""
        if key in _PLACES:
            self._texts[key] = text
            self._lines[key] = element.line
        elif key.startswith("CdtTrfTxInf/RmtInf/Ustrd"):
            self._take_remittance(text, element.line)

    def _take_remittance(self, text: str, line: int) -> None:
        """Keep a line of remittance; in version 03 a line may carry a fact.

        That version has no supplementary data, so the facts travel where both ends read text.
        """
        if self.version != "pain.001.001.03" or not text.startswith("/fact/"):
            self._remittance.append(text)
            return
        found = _FACT_LINE.fullmatch(text)
        if found:
            self.take_fact(found[1], found[2], line)
        else:
            self.report("M522", line, text)

    def closed(self, element: Open) -> None:
        """Give a transaction's row; hold a batch's or the message's totals to what was there."""
        kind = element.part.name
        if kind == "Transaction":
            self._close_transaction(element)
        elif kind == "Payment":
            self._check_totals("PmtInf", self._batch, "")
        elif kind == "Initiation":
            self._check_totals("GrpHdr", self._message, "/GrpHdr")

    def _close_transaction(self, element: Open) -> None:
        amount = self._amount()
        self._batch.add(amount)
        self._message.add(amount)
        fields = {name: text for name, places in FIELDS.items() if (text := self._first(places))}
        fields["id"] = self._own_id(element)
        if "value_date" in fields:
            fields["value_date"] = _day(fields["value_date"])
        for name in ("iso.instructed_amount.amount", "iso.equivalent_amount.amount"):
            if name in fields:
                fields[name] = format(Decimal(fields[name]), "f")
        if self._remittance:
            fields[REMITTANCE] = "\n".join(self._remittance)
        fields |= {name: text for name, text in self._facts.items() if text}
        if self.flaw_count == self._flaws_before:
            self.found.append(Row(Place(self._file, element.line, self.where()), fields))

    def _first(self, places: tuple[str, ...]) -> str:
        """Return the text of the first place that is there and not overridden."""
        texts = self._texts
        for place in places:
            if place in texts and _OVERRIDES.get(place) not in texts:
                return texts[place]
        return ""

    def _own_id(self, element: Open) -> str:
        """Return the id the sender gave, or report that there is none or that it was used."""
        given = [self._texts.get(place, "") for place in FIELDS["id"]]
        own = next((text for text in given if text and text != _NOT_PROVIDED), "")
        if not own:
            self.report("M519", element.line, given[1], under="/PmtId")
            return ""
        mark = blake2b(own.encode(), digest_size=16).digest()
        if mark in self._ids:
            self.report("M518", element.line, own, under="/PmtId")
        self._ids.add(mark)
        return own

    def _amount(self) -> Decimal | None:
        """Return the transaction's amount once its currency is known to take its decimals."""
        key = next((key for key in _AMOUNTS if key in self._texts), "")
        currency = self._texts.get(key + "/@Ccy", "")
        amount = decimal_of(self._texts[key]) if key else None
        if amount is None:
            return None
        line, under = self._lines[key], key.removeprefix("CdtTrfTxInf")
        if currency and currency not in CURRENCIES:
            known = ", ".join(code for code in sorted(CURRENCIES) if len(code) == 3)  # noqa: PLR2004
            self.report("M520", line, currency, under=under + "/@Ccy", known=known)
        elif currency:
            scale = CURRENCIES[currency]
            try:
                to_minor(amount, scale)
            except ValueError:
                shown = self._texts[key]
                self.report("M521", line, shown, under=under, currency=currency, limit=scale)
        return amount

    def _check_totals(self, scope: str, total: _Total, under: str) -> None:
        count, declared = f"{scope}/NbOfTxs", f"{scope}/CtrlSum"
        if count in self._texts and int(self._texts[count]) != total.count:
            self.report(
                "M516", self._lines[count], self._texts[count], under=f"{under}/NbOfTxs",
                element=count, counted=total.count,
            )  # fmt: skip
        said = decimal_of(self._texts.get(declared, ""))
        if said is not None and total.total is not None and said != total.total:
            self.report(
                "M517", self._lines[declared], self._texts[declared], under=f"{under}/CtrlSum",
                element=declared, counted=format(total.total, "f"),
            )  # fmt: skip


class _FactReader:
    """Sees `Facts` and the `Fact` elements in it, and nothing else."""

    def __init__(self, payments: _Payments, line: int) -> None:
        self.pieces: list[str] = []
        self._payments, self._depth = payments, 1
        self._name, self._line = "", line

    def start(self, name: str, attributes: dict[str, str], line: int) -> None:
        """A fact begins: `<Fact name="...">`, only texts inside."""
        self._depth += 1
        self.pieces.clear()
        if self._depth > 2 or name != _FACT or set(attributes) != {"name"}:  # noqa: PLR2004
            self._payments.report(
                "M506", line, name.rpartition(" ")[2], parent="Facts", known='Fact name="..."'
            )
            self._name = ""
            return
        self._name, self._line = attributes["name"], line

    def end(self) -> bool:
        """A fact ends, or the envelope: then say so."""
        self._depth -= 1
        if self._depth and self._name:
            self._payments.take_fact(self._name, "".join(self.pieces), self._line)
        self._name = ""
        self.pieces.clear()
        return not self._depth


def _day(text: str) -> str:
    """Return the day of a date or of an instant, in Shanghai when it names its zone.

    >>> _day("2023-06-29T20:00:00Z"), _day("2023-06-30"), _day("2023-06-30T23:00:00")
    ('2023-06-30', '2023-06-30', '2023-06-30')
    """
    if "T" in text:
        at = datetime.fromisoformat(text)
        if at.tzinfo:
            return business_date(at).isoformat()
    return text[:10]
