"""What a machine that watches is told: requests, decisions, commits, the queue, long works.

Counts and times only: no name, no number, no address. One registry a house.
"""

from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from qianhai.instructions import Roads
from qianhai.kernel import watch
from qianhai.web.works import Works

_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class _Standing(Collector):
    """Figures that are looked up when somebody asks."""

    def __init__(
        self,
        works: Works,
        in_use: Callable[[], tuple[int, int]],
        roads: Callable[[], Roads | None],
    ) -> None:
        self._works, self._in_use, self._roads = works, in_use, roads

    def collect(self) -> Iterator[Metric]:
        """Yield what stands now."""
        running, waiting = self._works.counts
        works = GaugeMetricFamily("qianhai_works", "Long works by their state", labels=["state"])
        works.add_metric(["running"], running)
        works.add_metric(["waiting"], waiting)
        yield works
        lent, wanted = self._in_use()
        pool = GaugeMetricFamily(
            "qianhai_database_connections", "Connections lent, and waited for", labels=["state"]
        )
        pool.add_metric(["lent"], lent)
        pool.add_metric(["waited_for"], wanted)
        yield pool
        roads = self._roads()
        yield GaugeMetricFamily(
            "qianhai_ledger_queue",
            "Callers that wait for their commit",
            value=roads.writer.waiting if roads else 0,
        )
        decisions = CounterMetricFamily(
            "qianhai_decisions", "Decisions by outcome", labels=["outcome", "is_booked"]
        )
        for (outcome, is_booked), count in sorted((roads.outcomes if roads else {}).items()):
            decisions.add_metric([outcome, str(is_booked).lower()], count)
        yield decisions


class Metrics:
    """The figures of one house."""

    def __init__(
        self,
        works: Works,
        in_use: Callable[[], tuple[int, int]],
        roads: Callable[[], Roads | None],
    ) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "qianhai_http_requests",
            "Requests answered",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "qianhai_http_request_seconds",
            "How long answers took",
            ["method", "route"],
            registry=self.registry,
            buckets=_BUCKETS,
        )
        self.in_flight = Gauge(
            "qianhai_http_requests_in_flight", "Requests under way", registry=self.registry
        )
        self.commits = Counter(
            "qianhai_ledger_commits", "Commits of the ledger's writer", registry=self.registry
        )
        self.registry.register(_Standing(works, in_use, roads))
        self._end = watch(self._note)

    def _note(self, point: str) -> None:
        if point == "writer.committed":
            self.commits.inc()

    def text(self) -> bytes:
        """Return all figures in the form of Prometheus."""
        return generate_latest(self.registry)

    def close(self) -> None:
        """Count no more."""
        self._end()
