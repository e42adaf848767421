"""Schedules of business: the terms that rest on file, and what falls due under them.

An effect files the terms as a record under the id of the business; the lines are computed from
them whenever they are asked for (ADR 0012). A later record of the same kind replaces the terms
from its day on, and a record that ended leaves nothing due.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final

from qianhai.instructions.model import Known
from qianhai.kernel import Money, days_between, parse_date, parse_decimal
from qianhai.platforms import (
    DayCount,
    Line,
    Method,
    Terms,
    Timing,
    accrued,
    lines_of,
    withheld,
)
from qianhai.registers import RecordOnFile

#: What is asked of a schedule: a value, or None for unknown.
Part = bool | str | Decimal | Money | None


class NoSchedule(ValueError):
    """The terms of an instruction make no schedule; its text is the principal."""


def check_terms(args: Mapping[str, str]) -> None:
    """Prove that the texts that go on file make a schedule.

    Raises:
        NoSchedule: they do not.
    """
    try:
        told: dict[str, str | Money] = dict(args)
        for name in ("principal", "residual"):
            if f"{name}.amount" in args:
                told[name] = Money.parse(args[f"{name}.amount"], args[f"{name}.currency"])
        _terms(told)
    except (KeyError, ValueError) as flaw:
        raise NoSchedule(args.get("principal.amount", "")) from flaw


@dataclass(frozen=True, slots=True)
class _Asked:
    """A schedule that is asked about: whose it is, its terms, and the day of the instruction."""

    key: str
    terms: Terms
    currency: str
    on: date

    @property
    def lines(self) -> tuple[Line, ...]:
        return lines_of(self.terms)

    def money(self, minor: int) -> Money:
        return Money(minor, self.currency)

    def line(self, number: object) -> Line | None:
        if isinstance(number, int | Decimal) and 1 <= number <= len(self.lines):
            return self.lines[int(number) - 1]
        return None


def part_of(row: Known, record: RecordOnFile | None, args: Mapping[str, str]) -> Part:
    """Answer one part of the schedule on file: of a line, or as of the instruction's day.

    `line` names the fact that says which; a line that there is not has no parts.
    """
    part, has_line = args["part"], "line" in args
    if record is None:
        return False if part == "stands" else None
    try:
        asked = _Asked(row.key, *_on_file(record), row.instruction.value_on)
    except (KeyError, ValueError):
        return None
    number = row.facts.get(args["line"]) if has_line else None
    line = asked.line(number)
    if part == "stands":
        return None if has_line and number is None else not has_line or line is not None
    if part in _OF_SCHEDULE:
        return None if asked.on < asked.terms.first_on else _OF_SCHEDULE[part](asked)
    return None if line is None else _OF_LINE[part](asked, line)


#: What is asked of a schedule as of the instruction's day.
_OF_SCHEDULE: Final[Mapping[str, Callable[[_Asked], Part]]] = {
    "plan_id": lambda at: f"{at.key}:{at.terms.first_on.isoformat()}",
    "lines": lambda at: Decimal(len(at.lines)),
    "accrued": lambda at: at.money(accrued(at.terms, at.on)),
    "accrued_tax": lambda at: at.money(withheld(accrued(at.terms, at.on), at.terms.tax_rate)),
    "paid_by": lambda at: at.money(sum(o.payable for o in at.lines if o.due_on <= at.on)),
}
#: What is asked of one of its lines.
_OF_LINE: Final[Mapping[str, Callable[[_Asked, Line], Part]]] = {
    "paid_before": lambda at, one: at.money(sum(o.payable for o in at.lines[: one.number - 1])),
    "due_on": lambda _, one: one.due_on.isoformat(),
    "overdue_days": lambda at, one: Decimal(max(0, days_between(one.due_on, at.on))),
    "principal": lambda at, one: at.money(one.principal),
    "interest": lambda at, one: at.money(one.interest),
    "tax": lambda at, one: at.money(one.tax),
}
#: Every part there is, by the name the pack asks for it by.
SCHEDULE_PARTS: Final = frozenset({"stands", *_OF_SCHEDULE, *_OF_LINE})


def _on_file(record: RecordOnFile) -> tuple[Terms, str]:
    principal = record.attributes["principal"]
    if not isinstance(principal, Money):
        raise ValueError("principal")  # noqa: TRY004 (what is on file is data, no bug)
    return _terms(record.attributes), principal.currency


def _terms(told: Mapping[str, str | Money]) -> Terms:
    """Read the terms from the attributes of a record.

    Raises:
        KeyError: an attribute is missing.
        ValueError: one is of another form, or no schedule can be made of them.
    """
    words = {name: value for name, value in told.items() if isinstance(value, str)}
    amounts = {name: value for name, value in told.items() if isinstance(value, Money)}
    principal, residual = amounts["principal"], amounts.get("residual")
    if residual and residual.currency != principal.currency:
        raise ValueError(residual.currency)
    return Terms(
        Method(words["method"]),
        principal.minor,
        Fraction(parse_decimal(words["rate"])),
        parse_date(words["first_on"]),
        int(words["months"]),
        int(words["number"]),
        DayCount(words["day_count"]),
        residual.minor if residual else 0,
        Timing(words.get("timing", Timing.ARREARS)),
        Fraction(parse_decimal(words.get("tax_rate", "0"))),
    )
