"""Traces: a span for each request, one for each stage of the road and for the commit.

Off unless a collector is named; then the SDK (the extra `traces`) sends them. Spans carry routes,
statuses and the number of the request: nothing of what was asked. The stages are the named points
of `kernel.points`: a span lasts from the point before, in the same request, to this one. A commit
that several share is told in the trace of who led it.
"""

import time
from collections.abc import Callable
from contextvars import ContextVar
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from opentelemetry import trace

from qianhai.kernel import Environment, watch

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor

_NAME: Final = "qianhai"
_since: ContextVar[int | None] = ContextVar("since", default=None)


class Tracing:
    """Makes the spans of one process; without a provider they cost nothing and go nowhere."""

    def __init__(self, provider: trace.TracerProvider | None = None) -> None:
        self._provider = provider
        self.tracer = (
            provider.get_tracer(_NAME) if provider else trace.NoOpTracerProvider().get_tracer(_NAME)
        )
        self._end: Callable[[], None] = watch(self._stage) if provider else _nothing

    def begin(self) -> None:
        """Say that a request begins: its first stage lasts from here."""
        if self._provider:
            _since.set(time.time_ns())

    def _stage(self, point: str) -> None:
        """Make the span of a stage that has just ended, where a request is traced."""
        since = _since.get()
        if since is None:
            return
        until = time.time_ns()
        self.tracer.start_span(point, start_time=since).end(until)
        _since.set(until)

    def close(self) -> None:
        """Send what is left, and make no more."""
        self._end()
        shutdown = getattr(self._provider, "shutdown", None)
        if shutdown:
            shutdown()


def _nothing() -> None:
    """End what never began."""


def tracing_to(endpoint: str | None) -> Tracing:
    """Return the tracing of a process: to a collector, or none.

    Raises:
        Environment: a collector is named, but the SDK is not installed.
    """
    if not endpoint:
        return Tracing()
    if find_spec("opentelemetry.sdk") is None or find_spec("opentelemetry.exporter") is None:
        raise Environment(
            "Traces are asked for (QIANHAI_OTLP_ENDPOINT), but their SDK is not installed.",
            "Run: pip install 'qianhai[traces]', or leave the setting out.",
            zh="已设置 QIANHAI_OTLP_ENDPOINT，但未安装追踪组件。"
            "请运行 pip install 'qianhai[traces]'，或去掉该设置。",
        )
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - optional
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - optional

    return traced_by(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))


def traced_by(processor: "SpanProcessor") -> Tracing:
    """Return a tracing whose spans go to a processor of the SDK."""
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - optional
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - optional

    provider = TracerProvider(resource=Resource.create({"service.name": _NAME}))
    provider.add_span_processor(processor)
    return Tracing(provider)
