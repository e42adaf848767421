"""Schedules of business: the terms that rest on file, and what falls due under them.

An effect files the terms as a record under the id of the business; the lines are computed from
them whenever they are asked for (ADR 0012). A later record of the same kind replaces the terms
from its day on, and a record that ended leaves nothing due.
"""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final

from qianhai.instructions.model import Known
from qianhai.kernel import Money, parse_date, parse_decimal
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


def part_of(row: Known, record: RecordOnFile | None, args: Mapping[str, str]) -> Part:
    """Answer one part of the schedule on file, of a line or as of a day.

    `line` and `on` name the facts that say which; a line that there is not has no parts.
    """
    try:
        terms, currency = _on_file(record)
    except (KeyError, ValueError):
        return False if args["part"] == "stands" and record is None else None
    number = row.facts.get(args["line"]) if "line" in args else None
    line = _line(terms, number)
    if args["part"] == "stands":
        return None if "line" in args and number is None else "line" not in args or line is not None
    if "on" in args:
        day = row.facts.get(args["on"])
        if not isinstance(day, date) or day < terms.first_on:
            return None
        return Money(_PARTS_ON[args["part"]](terms, day), currency)
    if args["part"] == "plan_id":
        return f"{row.key}:{terms.first_on.isoformat()}"
    if args["part"] == "lines":
        return Decimal(len(lines_of(terms)))
    if line is None:
        return None
    if args["part"] == "paid_before":
        return Money(sum(one.payable for one in lines_of(terms)[: line.number - 1]), currency)
    if args["part"] == "due_on":
        return line.due_on.isoformat()
    return Money(_PARTS_OF_LINE[args["part"]](line), currency)


_PARTS_OF_LINE: Final[Mapping[str, Callable[[Line], int]]] = {
    "principal": lambda line: line.principal,
    "interest": lambda line: line.interest,
    "tax": lambda line: line.tax,
}
_PARTS_ON: Final[Mapping[str, Callable[[Terms, date], int]]] = {
    "accrued": accrued,
    "accrued_tax": lambda terms, day: withheld(accrued(terms, day), terms.tax_rate),
    "paid_by": lambda terms, day: sum(
        line.payable for line in lines_of(terms) if line.due_on <= day
    ),
}
#: Every part there is, by the name the pack asks for it by.
SCHEDULE_PARTS: Final = (
    "stands",
    "plan_id",
    "lines",
    "paid_before",
    "due_on",
    *_PARTS_OF_LINE,
    *_PARTS_ON,
)


def _on_file(record: RecordOnFile | None) -> tuple[Terms, str]:
    if record is None:
        raise KeyError("no schedule")
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


def _line(terms: Terms, number: object) -> Line | None:
    if not isinstance(number, int | Decimal):
        return None
    lines = lines_of(terms)
    return lines[int(number) - 1] if 1 <= number <= len(lines) else None
