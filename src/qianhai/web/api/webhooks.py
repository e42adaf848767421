"""Webhooks: who is told what, what was delivered, and what could not be."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from qianhai import webhooks
from qianhai.identity import Role
from qianhai.web import faults
from qianhai.web.access import allow
from qianhai.web.api.decisions import Cursor, Limit
from qianhai.web.api.naming import cursor, position, told
from qianhai.web.api.shapes import Page
from qianhai.web.api.strict import StrictRoute
from qianhai.web.visitor import Visitor
from qianhai.webhooks import Delivery, Event, Subscription

router: Final = APIRouter(tags=["webhooks"], route_class=StrictRoute)
Officer = Annotated[Visitor, allow(Role.BANK_OFFICER)]


class SubscriptionIn(BaseModel):
    """Where to tell, and what."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(max_length=2000, examples=["https://hooks.example.com/qianhai"])
    events: list[Event] = Field(min_length=1, max_length=10, examples=[["decision.made"]])


class SubscriptionDocument(BaseModel):
    """A subscription."""

    id: UUID
    url: str
    events: list[Event]
    made_at: str


class SubscriptionMade(SubscriptionDocument):
    """A new subscription with its secret, which is shown this once."""

    secret: str = Field(examples=["whsec_…"])


class Subscriptions(BaseModel):
    """One's own subscriptions."""

    items: list[SubscriptionDocument]


class DeliveryDocument(BaseModel):
    """One event for one subscription."""

    id: UUID
    subscription: UUID
    event_id: UUID
    event: Event
    url: str
    state: str = Field(description="waiting, delivered or dead")
    attempts: int
    made_at: str
    next_at: str | None
    delivered_at: str | None
    dead_at: str | None
    status: int | None
    said: str | None
    body: str


class Deliveries(Page):
    """Deliveries, the newest first."""

    items: list[DeliveryDocument]


@router.post("/webhooks", status_code=201, responses={201: {"model": SubscriptionMade}})
def subscribe(visitor: Officer, wanted: Annotated[SubscriptionIn, Body()]) -> Response:
    """Ask to be told. Each event is signed: see `webhook-signature` in the description."""
    house = visitor.house
    with house.database.transaction() as conn:
        made, secret = webhooks.subscribe(
            conn,
            house.vault,
            house.reach,
            institution_id=house.site.institution_id,
            owner=visitor.known.name,
            url=wanted.url,
            events=wanted.events,
            at=visitor.at,
            salts=house.site.salts,
        )
    return told({**_subscription(made), "secret": secret}, 201)


@router.get("/webhooks", responses={200: {"model": Subscriptions}})
def subscriptions(visitor: Officer) -> Response:
    """List one's own subscriptions."""
    house = visitor.house
    with house.database.transaction() as conn:
        found = webhooks.subscriptions(conn, house.site.institution_id, visitor.known.name)
    return told({"items": [_subscription(one) for one in found]})


@router.delete("/webhooks/{number}", status_code=204, response_class=Response)
def unsubscribe(visitor: Officer, number: UUID) -> Response:
    """End a subscription; what still waits for it is not sent."""
    house = visitor.house
    with house.database.transaction() as conn:
        is_ended = webhooks.end(
            conn,
            institution_id=house.site.institution_id,
            owner=visitor.known.name,
            number=number,
            at=visitor.at,
            salts=house.site.salts,
        )
    if not is_ended:
        raise faults.not_found()
    return Response(status_code=204)


@router.get("/deliveries", responses={200: {"model": Deliveries}})
def deliveries(
    visitor: Officer,
    is_dead: Annotated[bool | None, Query(description="Only the dead ones, or the others.")] = None,
    limit: Limit = 50,
    cursor_: Annotated[Cursor, Query(alias="cursor")] = None,
) -> Response:
    """List what was or will be delivered, the newest first; with `is_dead` the dead letters."""
    before = position(cursor_, UUID)[0] if cursor_ else None
    house = visitor.house
    with house.database.transaction() as conn:
        found = webhooks.deliveries(
            conn,
            house.site.institution_id,
            visitor.known.name,
            is_dead=is_dead,
            before=before,
            most=limit + 1,
        )
    kept = found[:limit]
    last = cursor(str(kept[-1].id)) if len(found) > limit else None
    return told({"items": [_delivery(one) for one in kept], "next": last})


@router.post("/deliveries/{number}/again", status_code=202, response_class=Response)
def again(visitor: Officer, number: UUID) -> Response:
    """Try a dead letter again."""
    house = visitor.house
    with house.database.transaction() as conn:
        is_back = webhooks.again(
            conn, house.site.institution_id, visitor.known.name, number, visitor.at
        )
    if not is_back:
        raise faults.not_found()
    return Response(status_code=202)


def _subscription(one: Subscription) -> dict[str, object]:
    return {
        "id": str(one.id),
        "url": one.url,
        "events": [event.value for event in one.events],
        "made_at": one.made_at.isoformat(),
    }


def _delivery(one: Delivery) -> dict[str, object]:
    is_over = one.delivered_at or one.dead_at
    state = "delivered" if one.delivered_at else "dead" if one.dead_at else "waiting"
    return {
        "id": str(one.id),
        "subscription": str(one.subscription_id),
        "event_id": str(one.event_id),
        "event": one.event.value,
        "url": one.url,
        "state": state,
        "attempts": one.attempts,
        "made_at": one.made_at.isoformat(),
        "next_at": None if is_over else one.next_at.isoformat(),
        "delivered_at": one.delivered_at.isoformat() if one.delivered_at else None,
        "dead_at": one.dead_at.isoformat() if one.dead_at else None,
        "status": one.status,
        "said": one.said,
        "body": one.body,
    }
