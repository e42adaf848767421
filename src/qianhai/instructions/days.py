"""Days: what stands on a day of value, and the register and accounts as they are true then."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

from qianhai.db import Connection
from qianhai.instructions.accounts import AccountBook
from qianhai.policy import Authorisation, Policy, Standing, as_status
from qianhai.registers import Authorisation as OnRecord
from qianhai.registers import Register, known_by

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Day:
    """One day of value: what stands on it, and the register and accounts as they are true then."""

    register: Register
    standing: Standing
    book: AccountBook


class Days:
    """The days of value of a column of instructions, each asked for once.

    `head` is the instant at which the register was last told something, `known_at` the instant
    it is asked as of. `kept` are days that were asked for before and still stand: what was read of
    them is not asked again.
    """

    def __init__(
        self,
        conn: Connection,
        policy: Policy,
        institution_id: str,
        at: datetime,
        kept: dict[date, Day] | None = None,
    ) -> None:
        self._conn, self._policy, self._institution = conn, policy, institution_id
        self.head = known_by(conn, institution_id, _LONG_AGO)
        self.known_at = max(at, self.head)
        self._kept = {} if kept is None else kept
        self._days: dict[date, Day] = {}

    def __getitem__(self, day: date) -> Day:
        """Return a day."""
        found = self._days.get(day)
        if found is None:
            found = self._days[day] = self._begun(day)
        return found

    def _begun(self, day: date) -> Day:
        found = self._kept.get(day)
        if found is None:
            register = Register(self._conn, self._institution, day, self.known_at)
            standing = self._policy.standing(day, authorisations=authorisations_of(register))
            found = self._kept[day] = Day(register, standing, AccountBook(self._policy, register))
        else:
            found.register.renew(self._conn, self.known_at)
        return found


def authorisations_of(register: Register) -> tuple[Authorisation, ...]:
    """Return the instruments on record that change a clause's status."""
    return tuple(_authorisation(one) for one in register.authorisations())


def every_authorisation(
    conn: Connection, institution_id: str, at: datetime
) -> tuple[Authorisation, ...]:
    """Return the instruments of all days, as known at an instant: how clauses came to stand.

    One that is told anew under its number ends the day before, as the register has it.
    """
    found: dict[tuple[str, ...], OnRecord] = {}
    ended: list[OnRecord] = []
    register = Register(conn, institution_id, date.max, at)
    for one in sorted(register.every_authorisation(), key=lambda given: given.since):
        key = (one.clause, one.instrument, one.number)
        if before := found.get(key):
            last = one.since - timedelta(days=1)
            ended.append(replace(before, until=min(last, before.until or last)))
        found[key] = one
    return tuple(_authorisation(one) for one in (*ended, *found.values()))


def _authorisation(one: OnRecord) -> Authorisation:
    return Authorisation(one.clause, as_status(one.status), one.since, one.until, one.number)
