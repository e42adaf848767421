"""The only SQL of webhooks: subscriptions, deliveries, and how far was told."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from qianhai.db import Connection


def insert_subscription(conn: Connection, row: Mapping[str, Any]) -> None:
    """Keep a subscription."""
    conn.execute(
        "insert into webhooks.subscriptions"
        " (id, institution_id, owner, url, events, secret, made_at) values"
        " (%(id)s, %(institution_id)s, %(owner)s, %(url)s, %(events)s, %(secret)s, %(made_at)s)",
        row,
    )


def subscriptions(
    conn: Connection, institution: str, owner: str | None = None
) -> list[dict[str, Any]]:
    """Return the subscriptions that stand, of one owner or of all."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            "select id, owner, url, events, secret, made_at from webhooks.subscriptions"
            " where institution_id = %s and ended_at is null and (%s::text is null or owner = %s)"
            " order by made_at, id",
            (institution, owner, owner),
        ).fetchall()


def secrets(conn: Connection, institution: str) -> list[tuple[UUID, bytes]]:
    """Return the sealed secret of every subscription, ended ones too, locked until the commit."""
    rows = conn.execute(
        "select id, secret from webhooks.subscriptions where institution_id = %s"
        " order by id for update",
        (institution,),
    )
    return [(number, bytes(secret)) for number, secret in rows]


def put_secret(conn: Connection, number: UUID, secret: bytes) -> None:
    """Put another sealed secret in the place of a subscription's."""
    conn.execute("update webhooks.subscriptions set secret = %s where id = %s", (secret, number))


def end_subscription(
    conn: Connection, institution: str, owner: str, number: UUID, at: datetime
) -> bool:
    """End a subscription and what still waits for it; False when there is none."""
    ended = conn.execute(
        "update webhooks.subscriptions set ended_at = %s where institution_id = %s and owner = %s"
        " and id = %s and ended_at is null",
        (at, institution, owner, number),
    ).rowcount
    if ended:
        conn.execute(
            "update webhooks.deliveries set dead_at = %s, said = 'the subscription ended'"
            " where subscription_id = %s and delivered_at is null and dead_at is null",
            (at, number),
        )
    return bool(ended)


def insert_deliveries(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep deliveries; one that was made before stays as it is."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "insert into webhooks.deliveries"
            " (id, institution_id, subscription_id, event_id, event, body, made_at, next_at) values"
            " (%(id)s, %(institution_id)s, %(subscription_id)s, %(event_id)s, %(event)s, %(body)s,"
            " %(made_at)s, %(made_at)s) on conflict do nothing",
            rows,
        )


def lease(
    conn: Connection, institution: str, at: datetime, until: datetime, most: int
) -> list[dict[str, Any]]:
    """Take deliveries that are due, so that nobody else does until the lease ends."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            """
            update webhooks.deliveries d set next_at = %(until)s, attempts = d.attempts + 1
            from webhooks.subscriptions s
            where s.id = d.subscription_id and d.id in (
                select id from webhooks.deliveries
                where institution_id = %(institution)s and next_at <= %(at)s
                  and delivered_at is null and dead_at is null
                order by next_at, id limit %(most)s for update skip locked)
            returning d.id, d.subscription_id, d.event_id, d.event, d.body, d.made_at, d.attempts,
                      d.next_at, d.delivered_at, d.dead_at, d.status, d.said,
                      s.url, s.secret, s.owner
            """,
            {"institution": institution, "at": at, "until": until, "most": most},
        ).fetchall()


def settle(conn: Connection, number: UUID, changes: Mapping[str, Any]) -> None:
    """Write down what came of an attempt."""
    conn.execute(
        "update webhooks.deliveries set delivered_at = %(delivered_at)s, dead_at = %(dead_at)s,"
        " next_at = coalesce(%(next_at)s, next_at), status = %(status)s, said = %(said)s"
        " where id = %(id)s and delivered_at is null and dead_at is null",
        {"id": number, **changes},
    )


def deliveries(
    conn: Connection,
    institution: str,
    owner: str,
    *,
    is_dead: bool | None,
    before: UUID | None,
    most: int,
) -> list[dict[str, Any]]:
    """Return an owner's deliveries, the newest first; the dead ones, the others, or all."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            """
            select d.id, d.subscription_id, d.event_id, d.event, d.body, d.made_at, d.attempts,
                   d.next_at, d.delivered_at, d.dead_at, d.status, d.said, s.url, s.owner
            from webhooks.deliveries d join webhooks.subscriptions s on s.id = d.subscription_id
            where d.institution_id = %(institution)s and s.owner = %(owner)s
              and (%(is_dead)s::boolean is null or (d.dead_at is not null) = %(is_dead)s)
              and (%(before)s::uuid is null or d.id < %(before)s)
            order by d.id desc limit %(most)s
            """,
            {
                "institution": institution,
                "owner": owner,
                "is_dead": is_dead,
                "before": before,
                "most": most,
            },
        ).fetchall()


def revive(conn: Connection, institution: str, owner: str, number: UUID, at: datetime) -> bool:
    """Let a dead delivery be tried again from the first attempt; False where it is not dead."""
    return bool(
        conn.execute(
            "update webhooks.deliveries d set dead_at = null, attempts = 0, next_at = %s"
            " from webhooks.subscriptions s where s.id = d.subscription_id and s.ended_at is null"
            " and d.institution_id = %s and s.owner = %s and d.id = %s and d.dead_at is not null",
            (at, institution, owner, number),
        ).rowcount
    )


def lock_cursor(conn: Connection, institution: str, first: int) -> int:
    """Return how far was told, locked until this transaction ends; `first` where nothing was."""
    conn.execute(
        "insert into webhooks.cursors (institution_id, seq) values (%s, %s) on conflict do nothing",
        (institution, first),
    )
    row = conn.execute(
        "select seq from webhooks.cursors where institution_id = %s for update", (institution,)
    ).fetchone()
    assert row is not None, "the row was inserted, or was there"
    return int(row[0])


def move_cursor(conn: Connection, institution: str, seq: int) -> None:
    """Write down how far was told."""
    conn.execute(
        "update webhooks.cursors set seq = %s where institution_id = %s", (seq, institution)
    )
