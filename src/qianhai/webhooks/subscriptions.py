"""Subscriptions: who wants to be told what, where, and the secret that proves it is us.

Must not send anything.
"""

import base64
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from qianhai import journal
from qianhai.db import Connection
from qianhai.identity import Vault
from qianhai.kernel import BadInput, Flaw, Place, uuid7
from qianhai.webhooks import store
from qianhai.webhooks.reach import Reach, Unreachable

_ID_BYTES: Final = 10
_SECRET_BYTES: Final = 32
_NONCE_BYTES: Final = 12
#: How a secret is written, by the Standard Webhooks convention.
_PREFIX: Final = "whsec_"
_URL_MAX: Final = 2000


class Event(StrEnum):
    """What is told."""

    DECISION_MADE = "decision.made"
    WORK_ENDED = "work.ended"


EVENTS: Final = tuple(Event)


@dataclass(frozen=True, slots=True)
class Subscription:
    """A program's wish to be told; the secret is no part of it once it was shown."""

    id: UUID
    owner: str
    url: str
    events: tuple[Event, ...]
    made_at: datetime


def subscribe(
    conn: Connection,
    vault: Vault,
    reach: Reach,
    *,
    institution_id: str,
    owner: str,
    url: str,
    events: Collection[Event],
    at: datetime,
    salts: Callable[[int], bytes],
) -> tuple[Subscription, str]:
    """Keep a subscription and return it with its secret, which is told this once.

    Raises:
        BadInput: an address we do not send to, or no event.
    """
    flaws = []
    if not events:
        en = f"Name one or more events: {', '.join(EVENTS)}."
        flaws.append(_flaw("events", "", en, "请至少填写一类事件。"))
    try:
        reach.check(url[:_URL_MAX])
    except Unreachable as fault:
        flaws.append(_flaw("url", url, fault.en, fault.zh))
    if flaws:
        raise BadInput(flaws)
    number = uuid7(at, salts(_ID_BYTES))
    secret = salts(_SECRET_BYTES)
    wanted = tuple(sorted(set(events)))
    row = {
        "id": number,
        "institution_id": institution_id,
        "owner": owner,
        "url": url,
        "events": [one.value for one in wanted],
        "secret": vault.seal(secret, number.bytes, salts(_NONCE_BYTES)),
        "made_at": at,
    }
    store.insert_subscription(conn, row)
    body = {"owner": owner, "events": row["events"]}
    _note(conn, institution_id, "webhook.subscribed", number, body, at, salts)
    made = Subscription(number, owner, url, wanted, at)
    return made, _PREFIX + base64.b64encode(secret).decode()


def subscriptions(conn: Connection, institution_id: str, owner: str) -> list[Subscription]:
    """Return an owner's subscriptions, the oldest first."""
    return [
        Subscription(
            row["id"], row["owner"], row["url"], tuple(map(Event, row["events"])), row["made_at"]
        )
        for row in store.subscriptions(conn, institution_id, owner)
    ]


def has_any(conn: Connection, institution_id: str) -> bool:
    """Tell whether anybody of an institution wants to be told anything."""
    return bool(store.subscriptions(conn, institution_id))


def end(
    conn: Connection,
    *,
    institution_id: str,
    owner: str,
    number: UUID,
    at: datetime,
    salts: Callable[[int], bytes],
) -> bool:
    """End a subscription; False when it is none of this owner's that stands."""
    if not store.end_subscription(conn, institution_id, owner, number, at):
        return False
    _note(conn, institution_id, "webhook.ended", number, {"owner": owner}, at, salts)
    return True


def _note(
    conn: Connection,
    institution_id: str,
    kind: str,
    number: UUID,
    body: dict[str, object],
    at: datetime,
    salts: Callable[[int], bytes],
) -> None:
    entry = journal.Entry(kind, str(number), body, (), institution_id)
    journal.append(conn, [entry], at=at, salts=lambda: salts(16))


def _flaw(field: str, value: str, en: str, zh: str) -> Flaw:
    return Flaw("H001", Place("webhook", column=field), value, "see the description", en, zh)


def reseal(
    conn: Connection, institution: str, old: Vault, new: Vault, salts: Callable[[int], bytes]
) -> int:
    """Put the secret of every subscription under a new master key; return how many.

    A secret that the key at hand does not open was put under the new one before.
    """
    count = 0
    for number, sealed in store.secrets(conn, institution):
        secret = old.open(sealed, number.bytes)
        if secret is not None:
            fresh = new.seal(secret, number.bytes, salts(_NONCE_BYTES))
            store.put_secret(conn, number, fresh)
            count += 1
    return count
