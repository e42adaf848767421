"""Sends one event: signed, without following anybody elsewhere, reading little of the answer.

Headers are those of Standard Webhooks: `webhook-id`, `webhook-timestamp` and `webhook-signature`,
which is `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body` under the secret's bytes.
"""

import base64
import hmac
import ssl
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import httpx2

from qianhai.webhooks.reach import Reach, Unreachable

_SECONDS: Final = 10.0
_SAID_MAX: Final = 200
_OK: Final = range(200, 300)


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of an attempt: the receiver's status, or none where there was no answer."""

    status: int | None
    said: str

    @property
    def is_taken(self) -> bool:
        """Tell whether the receiver took it."""
        return self.status is not None and self.status in _OK


def signature(secret: bytes, event_id: UUID, timestamp: int, body: bytes) -> str:
    """Return the signature a receiver computes again.

    >>> signature(b"k" * 32, UUID(int=1), 1, b"{}")
    'v1,/ju+LK0Ne2u0ANXDD6XPK4Z5g/9xcCcreg+E1+6wJU4='
    """
    signed = f"{event_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()


def send(
    url: str, secret: bytes, event_id: UUID, body: bytes, *, at: datetime, reach: Reach
) -> Sent:
    """Send an event once; whatever happens is told, nothing is raised."""
    timestamp = int(at.timestamp())
    try:
        target = reach.check(url)
    except Unreachable as fault:
        return Sent(None, fault.en)
    headers = {
        "content-type": "application/json",
        "host": target.host if target.port in {80, 443} else f"{target.host}:{target.port}",
        "user-agent": "qianhai-webhooks/1",
        "webhook-id": str(event_id),
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, event_id, timestamp, body),
    }
    try:
        with (
            httpx2.Client(timeout=_SECONDS, follow_redirects=False, trust_env=False) as client,
            client.stream(
                "POST",
                target.url,
                content=body,
                headers=headers,
                extensions={"sni_hostname": target.host},
            ) as answer,
        ):
            return Sent(answer.status_code, f"HTTP {answer.status_code}")
    except (httpx2.HTTPError, ssl.SSLError, OSError) as fault:
        return Sent(None, f"{type(fault).__name__}: {fault}"[:_SAID_MAX])
