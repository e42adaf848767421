"""The changes of the pack as pages and documents both show and move them.

What a step allows is decided by the road and held by the database, not here; long works stand in
`proving`. Must not know how it is shown.
"""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Final

from qianhai import views
from qianhai.db import Connection
from qianhai.identity import Role
from qianhai.instructions import (
    Change,
    Changes,
    Cover,
    PackText,
    ShadowTurns,
    changes_of,
    editions_of,
    newest_decision,
    read_pack,
    read_packs,
    shadow_report,
)
from qianhai.kernel import BadInput
from qianhai.policy import open_policy, pack_differences, unbundled
from qianhai.views import Document
from qianhai.web import faults
from qianhai.web.access import allow
from qianhai.web.archives import files_of
from qianhai.web.site import House
from qianhai.web.visitor import Visitor

#: Who sees the changes; who proposes, who proves and activates, who approves.
READERS: Final = (
    Role.POLICY_AUTHOR,
    Role.APPROVER,
    Role.AUDITOR,
    Role.SUPERVISOR,
    Role.PROGRAMME,
)
Reader = Annotated[Visitor, allow(*READERS)]
Author = Annotated[Visitor, allow(Role.POLICY_AUTHOR)]
Prover = Annotated[Visitor, allow(Role.POLICY_AUTHOR, Role.APPROVER)]
Approver = Annotated[Visitor, allow(Role.APPROVER)]
_Act = Callable[[Changes, Connection], Change]


def archive_files(house: House, raw: bytes) -> dict[str, bytes]:
    """Return the files of a candidate out of an archive.

    Raises:
        BadInput: it is not one to be taken.
    """
    return files_of(raw, {name.split("/")[0] for name in house.files})


def packs_told(visitor: Visitor) -> Document:
    """Return the packs on record, and what each decides as of the visitor's day."""
    house, institution = visitor.house, visitor.house.site.institution_id
    with house.database.reading(visitor.sight) as conn:
        found = read_packs(conn, institution)
        editions = editions_of(conn, institution)
    return views.packs_document(found, editions, house.policy.pack.hash, visitor.on)


def changes_told(visitor: Visitor, *, before: int | None = None) -> list[Document]:
    """Return changes, the newest first; with `before`, those of a smaller number."""
    institution = visitor.house.site.institution_id
    with visitor.house.database.reading(visitor.sight) as conn:
        found = changes_of(conn, institution)
        newest = newest_decision(conn, institution)
    return [
        views.change_document(one, newest)
        for one in reversed(found)
        if before is None or one.number < before
    ]


def change_of(visitor: Visitor, conn: Connection, number: int) -> Change:
    """Return a change by its number.

    Raises:
        Turned: there is none.
    """
    try:
        return _changes(visitor).get(conn, number)
    except BadInput as fault:
        raise faults.not_found(fault.flaws) from None


def change_told(visitor: Visitor, number: int) -> Document:
    """Return a change with its steps, and what its replay found."""
    with visitor.house.database.reading(visitor.sight) as conn:
        found = change_of(visitor, conn, number)
        newest = newest_decision(conn, visitor.house.site.institution_id)
    return views.change_document(found, newest)


def differences_told(visitor: Visitor, number: int) -> list[Document]:
    """Return what the pack of a change says otherwise than the one it would take the place of."""
    with visitor.house.database.reading(visitor.sight) as conn:
        found = change_of(visitor, conn, number)
        sides = [
            unbundled(read_pack(conn, visitor.house.site.institution_id, one))
            for one in (found.base_hash, found.pack_hash)
        ]
    before, after = (open_policy(files).pack for files in sides)
    return views.difference_documents(pack_differences(before, after))


def approve(visitor: Visitor, number: int) -> None:
    """Approve a change that was replayed; never who proposed it."""
    by, at = visitor.known.name, visitor.at
    _step(visitor, number, lambda changes, conn: changes.approve(conn, number, by=by, at=at))


def reject(visitor: Visitor, number: int, why: str) -> None:
    """Turn a change down."""
    by, at = visitor.known.name, visitor.at
    _step(
        visitor, number, lambda changes, conn: changes.reject(conn, number, why=why, by=by, at=at)
    )


def activate(visitor: Visitor, number: int, first_day: date) -> None:
    """Have an approved pack decide from a value date on."""
    by, at = visitor.known.name, visitor.at
    _step(
        visitor,
        number,
        lambda changes, conn: changes.activate(conn, number, first_day=first_day, by=by, at=at),
    )


def revoke(visitor: Visitor, number: int, why: str) -> None:
    """End an activation: what stood before it stands again."""
    by, at = visitor.known.name, visitor.at
    _step(
        visitor, number, lambda changes, conn: changes.revoke(conn, number, why=why, by=by, at=at)
    )


def shadow_told(visitor: Visitor) -> Document:
    """Return what came of the last turn of the shadow, without what was said of anybody.

    Raises:
        BadInput: there was none.
    """
    house, institution = visitor.house, visitor.house.site.institution_id
    cover = Cover(institution, house.keyring, house.site.salts)
    with house.database.transaction() as conn:
        document: dict[str, Any] = views.shadow_document(shadow_report(conn, institution, cover))
    kept = [{k: v for k, v in one.items() if k != "said"} for one in document["differences"]]
    return {**document, "differences": kept}


def start_shadow(visitor: Visitor, number: int) -> str:
    """Have the pack of a change judged beside the live one from now on; return its hash.

    Raises:
        BadInput: another is in the shadow.
    """
    house = visitor.house
    with house.database.transaction() as conn:
        found = change_of(visitor, conn, number)
        files = read_pack(conn, house.site.institution_id, found.pack_hash)
        pack = PackText(open_policy(unbundled(files)), files)
        turn = _turns(house).start(conn, pack, by=visitor.known.name, at=visitor.at)
    house.renew_roads()
    return turn.pack_hash


def stop_shadow(visitor: Visitor) -> str:
    """End the turn of the candidate and return its hash; what it said stays on record.

    Raises:
        BadInput: no candidate is in the shadow.
    """
    house = visitor.house
    with house.database.transaction() as conn:
        turn = _turns(house).stop(conn, by=visitor.known.name, at=visitor.at)
    house.renew_roads()
    return turn.pack_hash


def _changes(visitor: Visitor) -> Changes:
    return Changes(visitor.house.site.institution_id, visitor.house.site.salts)


def _turns(house: House) -> ShadowTurns:
    return ShadowTurns(house.site.institution_id, house.site.salts)


def _step(visitor: Visitor, number: int, act: _Act) -> None:
    """Take a step of a change; what is booked from now on looks at what is active again.

    Raises:
        Turned: there is no such change.
        BadInput: the steps before it do not allow it.
    """
    house = visitor.house
    with house.database.reading(visitor.sight) as conn:
        change_of(visitor, conn, number)
    with house.database.transaction() as conn:
        act(_changes(visitor), conn)
    house.renew_roads()
