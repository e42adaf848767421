"""Thresholds: up to which amount of a currency one person suffices, from a day on.

An institution sets them itself, dated and in the journal. Where none is on record an instruction
waits for a second person: a threshold is never guessed. Must not decide business.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from qianhai import journal
from qianhai.db import Connection
from qianhai.instructions import approval_store as store
from qianhai.instructions.approval_flaws import refused
from qianhai.instructions.approval_store import ThresholdRow
from qianhai.instructions.interpret import declared_leaves
from qianhai.instructions.model import Instruction
from qianhai.journal import Entry
from qianhai.kernel import CURRENCIES, BadInput, business_date, format_minor, to_minor
from qianhai.policy import Policy

_SALT_BYTES: Final = 16
_INT64_MAX: Final = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Waits:
    """Why an instruction waits for a second person.

    `kind` is `continues`, `no_amount`, `no_threshold` or `above`, and `again` where it waits
    already though one person would suffice now. `amount` is what it states, `most` what one
    person may do alone.
    """

    kind: str
    currency: str = ""
    amount: str = ""
    most: str = ""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Every threshold an institution ever set."""

    rows: tuple[ThresholdRow, ...]

    def on(self, day: date) -> dict[str, ThresholdRow]:
        """Return the threshold of each currency that has one on a day."""
        standing: dict[str, ThresholdRow] = {}
        for row in sorted(self.rows, key=lambda one: (one.first_day, one.number)):
            if row.first_day <= day:
                standing[row.currency] = row
        return {code: row for code, row in standing.items() if row.amount_minor is not None}

    def why_waiting(
        self,
        policy: Policy,
        instruction: Instruction,
        day: date,
        inherited: Mapping[str, object] | None = None,
    ) -> Waits | None:
        """Tell why an instruction waits that comes in on a day; None where one person suffices.

        Every amount a sender states counts, whatever it is the amount of, and those `inherited`
        from the business it continues.
        """
        if not instruction.facility:
            return None  # nothing can be posted without a business
        standing, found = self.on(day), None
        facts = {**(inherited or {}), **instruction.facts}
        for currency, amount in amounts_of(policy, instruction.facility, facts):
            row = standing.get(currency)
            if row is None:
                return Waits("no_threshold", currency, _written(currency, amount))
            assert row.amount_minor is not None, "a threshold that stands has an amount"
            most = format_minor(row.amount_minor, CURRENCIES[currency])
            found = Waits("", currency, _written(currency, amount), most)
            if amount > Decimal(most):
                return Waits("above", currency, found.amount, most)
        return None if found else Waits("no_amount")


def amounts_of(
    policy: Policy, facility: str, facts: Mapping[str, object]
) -> Iterator[tuple[str, Decimal]]:
    """Yield every amount among facts with its currency; one that is not told is empty."""
    leaves = declared_leaves(policy, facility)
    for path, value in facts.items():
        leaf = leaves.get(path)
        if leaf is None:
            continue
        if leaf.type == "money" and isinstance(value, Decimal):
            stated = facts.get(leaf.currency, leaf.currency)
            yield (stated if isinstance(stated, str) and stated in CURRENCIES else ""), abs(value)
        elif leaf.type == "list" and isinstance(value, list):
            fields = leaf.fact.fields
            money = [name for name, one in fields.items() if one.type == "money"]
            for row in value:
                for name in money:
                    if isinstance(row.get(name), Decimal):
                        currency = row.get(fields[name].currency, fields[name].currency)
                        yield (currency if currency in CURRENCIES else ""), abs(row[name])


def _written(currency: str, amount: Decimal) -> str:
    if currency not in CURRENCIES:
        return format(amount, "f")
    return format_minor(to_minor(amount, CURRENCIES[currency]), CURRENCIES[currency])


def thresholds_of(conn: Connection, institution_id: str) -> Thresholds:
    """Return the thresholds of an institution."""
    return Thresholds(tuple(store.read_thresholds(conn, institution_id)))


def set_threshold(
    conn: Connection,
    institution_id: str,
    asked: Mapping[str, object],
    *,
    by: str,
    at: datetime,
    salts: Callable[[int], bytes],
) -> None:
    """Set the threshold of a `currency` to an `amount` (None: all waits) from a `first_day` on.

    Raises:
        BadInput: an unknown currency, an amount it cannot have, a day that is over.
    """
    currency, amount, first_day = (asked[name] for name in ("currency", "amount", "first_day"))
    flaws = []
    minor: int | None = None
    if currency not in CURRENCIES:
        flaws.append(refused("I046", str(currency), "currency"))
    elif isinstance(amount, Decimal):
        try:
            minor = to_minor(amount, CURRENCIES[str(currency)])
        except ValueError:
            minor = -1
        if not 0 <= minor <= _INT64_MAX:
            flaws.append(refused("I047", format(amount, "f"), "amount"))
    if not isinstance(first_day, date) or first_day < business_date(at):
        flaws.append(refused("I048", str(first_day or ""), "first_day"))
    if flaws:
        raise BadInput(flaws)
    store.lock_thresholds(conn)
    row = {
        "institution_id": institution_id,
        "number": len(store.read_thresholds(conn, institution_id)) + 1,
        "currency": currency,
        "amount_minor": minor,
        "first_day": first_day,
        "at": at,
        "actor": by,
        "salt": salts(_SALT_BYTES),
    }
    seals = store.write_threshold(conn, row)
    body = {
        "actor": by,
        "currency": currency,
        "amount": None if minor is None else format_minor(minor, CURRENCIES[str(currency)]),
        "first_day": first_day,
    }
    entry = Entry("approval.threshold_set", str(currency), body, tuple(seals), institution_id)
    journal.append(conn, [entry], at=at, salts=lambda: salts(_SALT_BYTES))
