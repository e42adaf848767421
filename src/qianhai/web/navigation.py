"""The list of places on every page: each subject names its own, for the roles that go there.

Must not know what stands behind an address.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from qianhai.identity import Role


@dataclass(frozen=True, slots=True)
class Entry:
    """One place: its name, what one does there, its address, and whom it is shown to."""

    label: str
    #: One sentence for the start page; like the name a message of the catalogue.
    about: str
    address: str
    #: None is everybody, also who has not signed in.
    roles: frozenset[Role] | None
    #: Smaller stands further left.
    order: int = 100


def shown(places: Sequence[Entry], roles: Collection[Role]) -> list[Entry]:
    """Return the places some roles go to, in their order."""
    found = [entry for entry in places if entry.roles is None or entry.roles & set(roles)]
    return sorted(found, key=lambda entry: entry.order)
