"""Which clauses are open on a day: the plan's status, and the instruments that change it.

A clause that is only proposed stays closed until an authorisation is recorded, is open while it
holds, and closed again after it ends (plan/SYSTEMS: clause status; measures 106, 107, 109).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import cast, get_args

from qianhai.policy.model import ClauseStatus
from qianhai.policy.pack import Pack

#: What a status lets the engine decide; `duty` opens nothing, `proposed` waits for an instrument.
OPEN: frozenset[ClauseStatus] = frozenset({"in_force", "pilot", "supported"})


@dataclass(frozen=True, slots=True)
class Authorisation:
    """A recorded instrument that gives a clause a status from a day, until a day inclusive."""

    clause: str
    status: ClauseStatus
    first: date
    until: date | None
    instrument: str


def as_status(word: str) -> ClauseStatus:
    """Return a word that is known to be a clause status."""
    assert word in get_args(ClauseStatus), f"{word} is no clause status"
    return cast("ClauseStatus", word)


def stated_statuses(pack: Pack, switches: Mapping[str, str]) -> dict[str, ClauseStatus]:
    """Return each clause's stated status; a reading named `<clause>.status` may choose it."""
    stated: dict[str, ClauseStatus] = {}
    for measure in pack.measures.values():
        for clause in measure.clauses:
            chosen = switches.get(f"{clause.id}.status", clause.status)
            stated[clause.id] = as_status(chosen)
    return stated


def open_clauses(
    pack: Pack,
    day: date,
    authorisations: Iterable[Authorisation] = (),
    switches: Mapping[str, str] | None = None,
) -> frozenset[str]:
    """Return every clause that may be decided under on a day."""
    statuses = statuses_on(pack, day, authorisations, switches)
    return frozenset(clause for clause, status in statuses.items() if status in OPEN)


def statuses_on(
    pack: Pack,
    day: date,
    authorisations: Iterable[Authorisation] = (),
    switches: Mapping[str, str] | None = None,
) -> dict[str, ClauseStatus]:
    """Return the status of every clause that has one on a day.

    None has before the plan's effective date, except by an instrument of its own; the latest
    instrument that holds decides, of two of one day the one named last.
    """
    statuses = stated_statuses(pack, switches or {}) if day >= pack.plan.effective_from else {}
    for given in sorted(authorisations, key=lambda a: (a.first, a.instrument)):
        if given.first <= day and (given.until is None or day <= given.until):
            statuses[given.clause] = given.status
    return statuses
