"""Deliveries: an event for one subscription, from the commit it came with to its end.

Leased before it is sent, so that a sender that dies gives it back: it is delivered at least once.
Must not open a connection to anybody.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from qianhai.db import Connection
from qianhai.identity import Vault
from qianhai.kernel import derived_id, uuid7
from qianhai.webhooks import store
from qianhai.webhooks.send import Sent
from qianhai.webhooks.subscriptions import Event

#: How long after each failed attempt the next one is made; after the last it is dead.
DELAYS: Final = tuple(
    timedelta(seconds=one) for one in (5, 30, 120, 600, 1_800, 7_200, 21_600, 43_200)
)
ATTEMPTS_MAX: Final = len(DELAYS) + 1
_LEASE: Final = timedelta(minutes=2)
_AT_ONCE: Final = 20
_ID_BYTES: Final = 10


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one subscription, and how it stands."""

    id: UUID
    subscription_id: UUID
    event_id: UUID
    event: Event
    url: str
    owner: str
    body: str
    made_at: datetime
    attempts: int
    next_at: datetime
    delivered_at: datetime | None
    dead_at: datetime | None
    status: int | None
    said: str | None


def publish(
    conn: Connection,
    event: Event,
    key: str,
    data: Mapping[str, object],
    *,
    institution_id: str,
    at: datetime,
    salts: Callable[[int], bytes],
    owner: str | None = None,
) -> int:
    """Make a delivery for everybody who wants an event, with the caller's commit; return how many.

    The same key gives the same event id, so that what is published again is not told twice.
    """
    wanting = [
        row
        for row in store.subscriptions(conn, institution_id, owner)
        if event.value in row["events"]
    ]
    if not wanting:
        return 0
    event_id = derived_id("event", institution_id, event.value, key)
    told = {"id": str(event_id), "type": event.value, "timestamp": at.isoformat(), "data": data}
    body = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    store.insert_deliveries(
        conn,
        [
            {
                "id": uuid7(at, salts(_ID_BYTES)),
                "institution_id": institution_id,
                "subscription_id": row["id"],
                "event_id": event_id,
                "event": event.value,
                "body": body,
                "made_at": at,
            }
            for row in wanting
        ],
    )
    return len(wanting)


def due(
    conn: Connection, vault: Vault, institution_id: str, at: datetime
) -> list[tuple[Delivery, bytes | None]]:
    """Take what is due, each with its secret; None where the master key is another one."""
    rows = store.lease(conn, institution_id, at, at + _LEASE, _AT_ONCE)
    return [
        (_delivery(row), vault.open(bytes(row["secret"]), row["subscription_id"].bytes))
        for row in rows
    ]


def settle(conn: Connection, delivery: Delivery, sent: Sent, at: datetime) -> None:
    """Write down what came of an attempt: taken, tried later, or dead."""
    is_last = delivery.attempts >= ATTEMPTS_MAX
    later = None if sent.is_taken or is_last else at + DELAYS[delivery.attempts - 1]
    store.settle(
        conn,
        delivery.id,
        {
            "delivered_at": at if sent.is_taken else None,
            "dead_at": at if is_last and not sent.is_taken else None,
            "next_at": later,
            "status": sent.status,
            "said": sent.said,
        },
    )


def deliveries(
    conn: Connection,
    institution_id: str,
    owner: str,
    *,
    is_dead: bool | None = None,
    before: UUID | None = None,
    most: int = 50,
) -> list[Delivery]:
    """Return an owner's deliveries, the newest first."""
    rows = store.deliveries(conn, institution_id, owner, is_dead=is_dead, before=before, most=most)
    return [_delivery(row) for row in rows]


def again(conn: Connection, institution_id: str, owner: str, number: UUID, at: datetime) -> bool:
    """Try a dead delivery again; False when it is none of this owner's that is dead."""
    return store.revive(conn, institution_id, owner, number, at)


def told_up_to(conn: Connection, institution_id: str, newest: int) -> int:
    """Return how far of the journal was told, held until this transaction ends.

    The first time nothing before is told: whoever subscribes is told of what comes.
    """
    return store.lock_cursor(conn, institution_id, newest)


def note_told(conn: Connection, institution_id: str, seq: int) -> None:
    """Note how far of the journal was told."""
    store.move_cursor(conn, institution_id, seq)


def _delivery(row: Mapping[str, Any]) -> Delivery:
    return Delivery(
        row["id"],
        row["subscription_id"],
        row["event_id"],
        Event(row["event"]),
        row["url"],
        row["owner"],
        row["body"],
        row["made_at"],
        row["attempts"],
        row["next_at"],
        row["delivered_at"],
        row["dead_at"],
        row["status"],
        row["said"],
    )
