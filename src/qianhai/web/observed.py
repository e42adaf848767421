"""Every request counted, timed, logged and traced, under one number; the outermost layer.

Routes are named by their pattern, never by the address: an address may hold a secret or a party.
"""

import logging
import time
from typing import Final

from opentelemetry import context, trace
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qianhai.web.site import House
from qianhai.web.visitor import new_reference

_LOG: Final = logging.getLogger("qianhai.web.requests")
_FAULT: Final = 500
#: Asked every few seconds by machines: counted, not logged.
_QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics", "/static"})
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Observed:
    """Watches every request from outside."""

    def __init__(self, app: ASGIApp, house: House) -> None:
        self._app, self._house = app, house

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request and tell how it went."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        house = self._house
        reference = new_reference(house)
        scope.setdefault("state", {})["reference"] = reference
        began, status = time.perf_counter(), _FAULT

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        span = house.tracing.tracer.start_span("request", kind=trace.SpanKind.SERVER)
        token = context.attach(trace.set_span_in_context(span))
        house.tracing.begin()
        house.metrics.in_flight.inc()
        try:
            await self._app(scope, receive, send_noted)
        finally:
            seconds = time.perf_counter() - began
            house.metrics.in_flight.dec()
            context.detach(token)
            self._tell(scope, reference, status, seconds, span)

    def _tell(
        self, scope: Scope, reference: str, status: int, seconds: float, span: trace.Span
    ) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        route = _route(scope)
        metrics = self._house.metrics
        metrics.requests.labels(method, route, str(status)).inc()
        metrics.seconds.labels(method, route).observe(seconds)
        span.update_name(f"{method} {route}")
        span.set_attributes(
            {
                "http.request.method": method,
                "http.route": route,
                "http.response.status_code": status,
                "qianhai.request_id": reference,
            }
        )
        span.end()
        if route not in _QUIET:
            known = span.get_span_context()
            fields = {
                "request_id": reference,
                "method": method,
                "route": route,
                "status": status,
                "seconds": round(seconds, 4),
                "trace_id": trace.format_trace_id(known.trace_id) if known.is_valid else None,
            }
            _LOG.info("answered", extra=fields)


def _route(scope: Scope) -> str:
    """Return the pattern of the route that answered; of none there is one name for all."""
    if scope["path"].startswith("/static/"):
        return "/static"
    pattern = getattr(scope.get("route"), "path_format", None)
    return pattern if isinstance(pattern, str) else "none"
