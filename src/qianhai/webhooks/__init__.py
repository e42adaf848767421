"""Webhooks: programs that are told by us, at least once, under a signature.

    subscribe -> publish (an event becomes one delivery a subscription, with the caller's commit)
              -> due (leased) -> send (outside any transaction) -> settle: taken, later, or dead

An event has an id; a receiver that has seen it ignores it. Must not know what an event means.
"""

from qianhai.webhooks.deliver import (
    ATTEMPTS_MAX,
    Delivery,
    again,
    deliveries,
    due,
    note_told,
    publish,
    settle,
    told_up_to,
)
from qianhai.webhooks.reach import Reach, Unreachable
from qianhai.webhooks.send import Sent, send, signature
from qianhai.webhooks.subscriptions import (
    EVENTS,
    Event,
    Subscription,
    end,
    has_any,
    reseal,
    subscribe,
    subscriptions,
)

__all__ = [
    "ATTEMPTS_MAX",
    "EVENTS",
    "Delivery",
    "Event",
    "Reach",
    "Sent",
    "Subscription",
    "Unreachable",
    "again",
    "deliveries",
    "due",
    "end",
    "has_any",
    "note_told",
    "publish",
    "reseal",
    "send",
    "settle",
    "signature",
    "subscribe",
    "subscriptions",
    "told_up_to",
]
