"""Returns: what the records of a period come to, and the proof that the ledger says the same.

The ledger is asked for what the business that owes a report moved, leg by leg, apart from the
records; the two meet for each instruction, currency and side, to the last minor unit. Whatever does
not meet is listed and never mended. Amounts are counted in units of 10^-8.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, NamedTuple
from uuid import UUID

from qianhai.db import Connection
from qianhai.instructions import report_store
from qianhai.instructions.corrections import Packs, opened
from qianhai.instructions.cover import Cover
from qianhai.instructions.report_store import OwedRow
from qianhai.instructions.reports import Record, side_of, unit_of
from qianhai.instructions.store import subject_of
from qianhai.kernel import CURRENCIES, EXACT, add_months
from qianhai.ledger import Movement, movements
from qianhai.policy import Policy, ReportForm
from qianhai.registers import SubjectKey

_PORTION: Final = 2_000
_DECIMALS: Final = 8
_PERIOD: Final = re.compile("([0-9]{4})(?:-Q([1-4])|-([0-9]{2}))?")
#: So many differences are told; all are counted.
DIFFERENCES_MAX: Final = 1_000


class Sum(NamedTuple):
    """What moved and what was set aside, in units of 10^-8."""

    amount: int = 0
    held: int = 0

    def plus(self, other: "Sum") -> "Sum":
        """Return both together."""
        return Sum(self.amount + other.amount, self.held + other.held)


#: What a sum is of: a currency, and the word of the side its legs are on.
Side = tuple[str, str]


class Difference(NamedTuple):
    """Where record and ledger do not meet.

    `what` is `amount`, `no_record` (owed and not there) or `not_owed` (there and not owed).
    """

    instruction_id: str
    what: str
    currency: str = ""
    side: str = ""
    reported: Sum = Sum()
    booked: Sum = Sum()


@dataclass(slots=True)
class Return:
    """The return of one report and period.

    `rows` are sums by the values of the form's `by`, then the currency: how many lines (or
    records, for a form without lines) and what they come to. `reported` and `booked` are what the
    records and the ledger say by currency and side; `erased` what the ledger says of records that
    nobody can read any more, which no row counts.
    """

    kind: str
    period: str
    form: ReportForm
    records: int = 0
    corrected: int = 0
    incomplete: int = 0
    unproven: int = 0
    unreadable: int = 0
    rows: dict[tuple[str, ...], tuple[int, Sum]] = field(default_factory=dict)
    reported: defaultdict[Side, Sum] = field(default_factory=lambda: defaultdict(Sum))
    erased: defaultdict[Side, Sum] = field(default_factory=lambda: defaultdict(Sum))
    booked: defaultdict[Side, Sum] = field(default_factory=lambda: defaultdict(Sum))
    differences: list[Difference] = field(default_factory=list)
    differing: int = 0

    @property
    def is_proven(self) -> bool:
        """Tell whether every record agrees with the ledger."""
        return self.differing == 0

    def note(self, one: Difference) -> None:
        """Note a difference."""
        self.differing += 1
        if len(self.differences) < DIFFERENCES_MAX:
            self.differences.append(one)


def units(text: str | None) -> int:
    """Return an amount of a record in units of 10^-8; a missing one is nothing.

    >>> units("12.30"), units(None)
    (1230000000, 0)
    """
    return int(EXACT.scaleb(Decimal(text), _DECIMALS)) if text else 0


def amount_of(counted: int, currency: str) -> Decimal:
    """Return units of 10^-8 as an amount, with at least the decimals of its currency.

    >>> amount_of(1230000000, "CNY"), amount_of(1000, "CNY")
    (Decimal('12.30'), Decimal('0.00001000'))
    """
    scale = CURRENCIES.get(currency, _DECIMALS)
    fits = counted % 10 ** (_DECIMALS - scale) == 0
    kept = scale if fits else _DECIMALS
    return EXACT.scaleb(Decimal(counted // 10 ** (_DECIMALS - kept)), -kept)


def days_of(period: str) -> tuple[date, date]:
    """Return the first and last day of a month, quarter or year.

    Raises:
        ValueError: the text is none.

    >>> [str(day) for day in days_of("2023-Q2")], [str(day) for day in days_of("2023-02")]
    (['2023-04-01', '2023-06-30'], ['2023-02-01', '2023-02-28'])
    """
    found = _PERIOD.fullmatch(period)
    if found is None:
        raise ValueError(period)
    year, quarter, month = found.groups()
    months = 3 if quarter else 1 if month else 12
    first = date(int(year), int(quarter) * 3 - 2 if quarter else int(month or 1), 1)
    return first, add_months(first, months) - timedelta(days=1)


class Returns:
    """Makes the returns of one institution, and proves each by the ledger."""

    def __init__(self, home: Policy, institution_id: str, cover: Cover) -> None:
        self._home, self._institution, self._cover = home, institution_id, cover
        self._packs = Packs(home, institution_id)

    def years(self, conn: Connection) -> list[int]:
        """Return the years in which there is business."""
        return report_store.read_years(conn, self._institution)

    def of_year(self, conn: Connection, year: int) -> list[Return]:
        """Return every return of a year that has a record, or owes one."""
        asked = [
            (kind, period)
            for kind in self._home.pack.vocabulary["reports"]
            for period in _periods(self._home.pack.form(kind), year)
        ]
        found = self._make(conn, (date(year, 1, 1), date(year, 12, 31)), asked)
        return [one for one in found if one.records or one.differing]

    def one(self, conn: Connection, kind: str, period: str) -> Return:
        """Return one return."""
        return self._make(conn, days_of(period), [(kind, period)])[0]

    def _make(
        self, conn: Connection, days: tuple[date, date], asked: Sequence[tuple[str, str]]
    ) -> list[Return]:
        made = {(k, p): Return(k, p, self._home.pack.form(k)) for k, p in asked}
        owing = list(self._owing(conn, days, {kind for kind, _ in asked}))
        portions = report_store.read_owed(conn, self._institution, days, owing, asked, _PORTION)
        for rows in portions:
            chains = {row.chain_id for row in rows if row.chain_id is not None}
            moved = movements(conn, self._institution, chains)
            subjects = {subject_of(row.parties) for row in rows if row.parties}
            keys = self._cover.keys(conn, subjects)
            for row in rows:
                self._add(conn, made, row, moved, keys)
        return list(made.values())

    def _owing(
        self, conn: Connection, days: tuple[date, date], kinds: set[str]
    ) -> Iterator[tuple[str, str, str, str]]:
        """Yield pack, facility, action and report of all that owes one of some reports."""
        for pack_hash in report_store.read_packs_of(conn, self._institution, *days):
            pack = self._packs.get(conn, pack_hash).pack
            for facility in pack.facilities.values():
                for name, action in facility.actions.items():
                    for kind in kinds & set(action.reports):
                        yield pack_hash, facility.id, name, kind

    def _add(
        self,
        conn: Connection,
        made: Mapping[tuple[str, str], Return],
        row: OwedRow,
        moved: Mapping[UUID, Sequence[Movement]],
        keys: Mapping[str, SubjectKey],
    ) -> None:
        """Add one record to its return, beside what the ledger moved."""
        period = row.period or self._period(row)
        found = made[row.kind, period]
        if row.chain_id is None or row.pack_hash is None:
            found.note(Difference(row.instruction_id, "not_owed"))
            return
        form = self._packs.get(conn, row.pack_hash).pack.form(row.kind)
        booked = _booked(form, moved.get(row.chain_id, ()))
        for side, amount in booked.items():
            found.booked[side] = found.booked[side].plus(amount)
        if row.version is None or row.fields is None:
            found.note(Difference(row.instruction_id, "no_record"))
            return
        key = keys.get(subject_of(row.parties or "{}"))
        rest = (row.instruction_id, row.version, row.fields)
        record = opened(self._cover, key, row.kind, period, rest)
        found.records += 1
        found.corrected += row.version > 1
        if record is None:
            found.unreadable += 1
            for side, amount in booked.items():
                found.erased[side] = found.erased[side].plus(amount)
            return
        found.incomplete += bool(record.missing)
        found.unproven += bool(record.unproven)
        _count(found, form, record)
        self._compare(found, row.instruction_id, _reported(form, record), booked)

    def _period(self, row: OwedRow) -> str:
        assert row.value_on is not None, "what is owed has a value date"
        return self._home.pack.form(row.kind).period_of(row.value_on)

    def _compare(
        self,
        found: Return,
        instruction: str,
        reported: Mapping[Side, Sum],
        booked: Mapping[Side, Sum],
    ) -> None:
        for side, amount in reported.items():
            found.reported[side] = found.reported[side].plus(amount)
        for side in sorted(reported.keys() | booked.keys()):
            said, did = reported.get(side, Sum()), booked.get(side, Sum())
            if said != did:
                found.note(Difference(instruction, "amount", *side, said, did))


def _periods(form: ReportForm, year: int) -> list[str]:
    """Return the periods of a year, in their order."""
    days = (date(year, month, 1) for month in range(1, 13))
    return list(dict.fromkeys(form.period_of(day) for day in days))


def _booked(form: ReportForm, legs: Sequence[Movement]) -> dict[Side, Sum]:
    """Return what the ledger says of an instruction, by currency and side as its form calls it."""
    found: dict[Side, Sum] = {}
    name = form.line_of("side")
    one = form.lines[name] if name else None
    for leg in legs:
        if leg.asset.kind != form.counts:
            continue
        word = one.words[side_of(leg, one.of)] if one else ""
        factor = 10 ** (_DECIMALS - leg.asset.scale)
        side = unit_of(leg.asset.code), word
        mine = Sum(leg.amount * factor, leg.held * factor if form.line_of("held") else 0)
        found[side] = found.get(side, Sum()).plus(mine)
    return {side: amount for side, amount in found.items() if amount != Sum()}


def _reported(form: ReportForm, record: Record) -> dict[Side, Sum]:
    """Return what a record says, by currency and side."""
    found: dict[Side, Sum] = {}
    amount, held, currency, side = map(form.line_of, ("amount", "held", "currency", "side"))
    for line in record.lines:
        key = line.get(currency or "") or "", line.get(side or "") or ""
        mine = Sum(units(line.get(amount or "")), units(line.get(held or "")))
        found[key] = found.get(key, Sum()).plus(mine)
    return {key: mine for key, mine in found.items() if mine != Sum()}


def _count(found: Return, form: ReportForm, record: Record) -> None:
    """Add a record's lines to the rows of the return; of one without lines the record itself."""
    by = found.form.returns.by
    amount, held, currency = map(form.line_of, ("amount", "held", "currency"))
    for line in record.lines if form.lines else ({},):
        values = {**record.fields, **line}
        key = (*(values.get(name) or "" for name in by), line.get(currency or "") or "")
        count, total = found.rows.get(key, (0, Sum()))
        mine = Sum(units(line.get(amount or "")), units(line.get(held or "")))
        found.rows[key] = count + 1, total.plus(mine)
