"""The lines of an external statement, and ours to hold against them.

Holds what the columns `reference`, `amount`, `value_on` and `text` mean, and the reading of our
side. How lines are matched is in `reconcile`, how a file is read is its caller's.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from qianhai.db import Connection
from qianhai.kernel import Place, parse_date, parse_decimal, to_minor
from qianhai.ledger import queries, read
from qianhai.ledger.file_flaws import Flaws
from qianhai.ledger.reconcile import Line, Reconciliation, Side, reconcile

#: Returns another name a reference may be known by: the chain of an instruction of that id.
AlsoNamed = Callable[[str], str]
_SHOWN_CHARS_MAX: Final = 80


class Reconciled(NamedTuple):
    """An account held against a statement, and the asset both are in."""

    asset: str
    scale: int
    result: Reconciliation


def reconcile_account(
    conn: Connection,
    institution: str,
    account: str,
    rows: Iterable[tuple[Place, Mapping[str, str]]],
    *,
    near_days: int,
    also_named: AlsoNamed,
) -> Reconciled:
    """Hold an account against the rows of a statement, named by their columns.

    Raises:
        BadInput: there is no such account, or a row's amount or day cannot be read: all of them.
    """
    flaws = Flaws()
    found = queries.accounts_named(conn, institution, [account])
    if not found:
        flaws.add("L402", Place("reconcile", None, "ACCOUNT"), account)
        flaws.end()
    asset = found[0].spec.asset
    there = list(_lines(rows, asset.scale, also_named, flaws))
    flaws.end()
    first = min(line.value_on for line in there)
    last = max(line.value_on for line in there)
    span = timedelta(days=near_days)
    here = [
        Line(
            Side.HERE,
            seq,
            amount,
            value_on,
            frozenset({str(chain), str(number)}),
            counterpart,
        )
        for seq, number, chain, amount, value_on, counterpart in queries.amounts_valued(
            conn, found[0].id, _shifted(first, -span), _shifted(last, span)
        )
    ]
    opening = read.balance_on(conn, institution, account, _shifted(first, -timedelta(days=1)))
    result = reconcile(here, there, near_days=near_days, opening=opening)
    return Reconciled(asset.code, asset.scale, result)


def _shifted(day: date, by: timedelta) -> date:
    """Return a day some days away, or the end of the calendar before that."""
    try:
        return day + by
    except OverflowError:
        return date.min if by < timedelta() else date.max


def _lines(
    rows: Iterable[tuple[Place, Mapping[str, str]]],
    scale: int,
    also_named: AlsoNamed,
    flaws: Flaws,
) -> Iterator[Line]:
    """Yield the lines of a statement that can be read; credits of the account are positive."""
    name = 0
    for place, fields in rows:
        name = max(name + 1, place.line or 0)  # a workbook's sheets begin again
        amount = _amount(place, fields.get("amount"), scale, flaws)
        value_on = _value_on(place, fields.get("value_on"), flaws)
        if amount is None or value_on is None:
            continue
        reference = fields.get("reference", "")
        names = frozenset({_plain(reference), also_named(reference)}) if reference else frozenset()
        shown = " · ".join(filter(None, (reference, fields.get("text", ""))))[:_SHOWN_CHARS_MAX]
        yield Line(Side.THERE, name, amount, value_on, names, shown)


def _plain(reference: str) -> str:
    """Return a reference as ours are written: an id in small letters."""
    try:
        return str(UUID(reference))
    except ValueError:
        return reference


def _amount(place: Place, text: str | None, scale: int, flaws: Flaws) -> int | None:
    at = Place(place.file, place.line, "amount")
    if text is None:
        flaws.add("L401", at, name="amount")
        return None
    try:
        return to_minor(parse_decimal(text), scale)
    except ValueError:
        flaws.add("L222", at, text, name="amount", limit=scale)
        return None


def _value_on(place: Place, text: str | None, flaws: Flaws) -> date | None:
    at = Place(place.file, place.line, "value_on")
    if text is None:
        flaws.add("L401", at, name="value_on")
        return None
    try:
        return parse_date(text)
    except ValueError:
        known = "a day as YYYY-MM-DD"
        flaws.add("L221", at, text, name="value_on", known=known, known_zh="日期 YYYY-MM-DD")
        return None
