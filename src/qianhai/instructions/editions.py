"""Editions: which pack decides which day, and which candidate is judged beside it.

An activated pack decides what has its value date on the activation's day or later, until a later
activation's; of two of one day the one recorded last. Without one the pack at hand decides.
Values and one look at the books; must not decide or book.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from qianhai.db import Connection
from qianhai.instructions import store
from qianhai.instructions.change import Change, PackText, changes_of
from qianhai.policy import open_policy, unbundled


@dataclass(frozen=True, slots=True)
class Editions:
    """What stands: activations, the last that decides first, and the candidate in the shadow."""

    active: tuple[tuple[date, str], ...] = ()
    shadow: store.ShadowTurn | None = None

    def pack_on(self, day: date) -> str:
        """Return the hash of the pack that decides a value date; empty for the pack at hand.

        >>> two = Editions(((date(2025, 7, 1), "b"), (date(2025, 1, 1), "a")))
        >>> [two.pack_on(date(2025, month, 1)) for month in (6, 8)], two.pack_on(date(2024, 1, 1))
        (['a', 'b'], '')
        """
        return next((pack for first, pack in self.active if first <= day), "")


def editions_of(conn: Connection, institution_id: str) -> Editions:
    """Return what stands now."""
    turns = store.read_shadow_turns(conn, institution_id)
    shadow = turns[-1] if turns and turns[-1].kind == "started" else None
    return Editions(_active(changes_of(conn, institution_id)), shadow)


def _active(changes: Sequence[Change]) -> tuple[tuple[date, str], ...]:
    found = [(one, change.number) for change in changes if (one := change.activation)]
    found.sort(key=lambda pair: (pair[0].first_day or date.min, pair[0].at, pair[1]), reverse=True)
    return tuple((one.first_day, one.pack_hash) for one, _ in found if one.first_day)


def standing_pack(conn: Connection, institution_id: str, home: PackText, day: date) -> PackText:
    """Return the pack that decides a value date: the active one, else the one at hand."""
    active = editions_of(conn, institution_id).pack_on(day)
    if not active or active == home.hash:
        return home
    files = store.read_pack(conn, institution_id, active)
    return PackText(open_policy(unbundled(files)), files)
