"""Metrics of the process (operations.md 1); those of single integrations come from the collector."""

from collections.abc import Mapping
from itertools import product
from time import time
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from anmc.api.names import Category, Direction, Reason
from anmc.api.status import Calls
from anmc.sync.ports import Service

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST

_REQUEST_SECONDS: Final = (0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30, 60, 120)
_RUN_SECONDS: Final = (0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400)
_DELAY_SECONDS: Final = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600)
_LAG_SECONDS: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """Counters, gauges and histograms of one process, in a registry of their own.

    Implements the port `RequestMeter`.
    """

    def __init__(self, *, version: str, python_version: str, kopf_version: str, shard: int, shards: int) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series per counter, unread
        self.registry = registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=registry)
        self._shard = str(shard)
        build = Gauge(
            "anmc_build_info",
            "Version of the operator and of what it runs on",
            ["version", "python_version", "kopf_version"],
            registry=registry,
        )
        build.labels(version, python_version, kopf_version).set(1)
        Gauge("anmc_start_timestamp_seconds", "Start of the process", registry=registry).set(time())
        Gauge("anmc_shards", "Shards of the installation", registry=registry).set(shards)
        self._lease = Gauge(
            "anmc_lease_held", "1 while this process may write for the shard", ["shard"], registry=registry
        )
        self._lease.labels(self._shard).set(0)
        self._lag = Histogram(
            "anmc_loop_lag_seconds", "Delay of the event loop", buckets=_LAG_SECONDS, registry=registry
        )
        self._watch = Counter("anmc_watch_events", "What the watch delivered", ["kind", "type"], registry=registry)
        self._repairs = Counter(
            "anmc_watch_repairs", "What the own list found and the watch had not told", ["change"], registry=registry
        )
        for change in ("missed", "vanished"):
            self._repairs.labels(change)
        self._delay = Histogram(
            "anmc_schedule_delay_seconds",
            "Start of a run minus its due time",
            ["direction"],
            buckets=_DELAY_SECONDS,
            registry=registry,
        )
        self._run = Histogram(
            "anmc_sync_run_duration_seconds",
            "Duration of runs",
            ["direction"],
            buckets=_RUN_SECONDS,
            registry=registry,
        )
        self._reasons = Counter(
            "anmc_sync_record_reasons",
            "Records by category and reason",
            ["direction", "category", "reason"],
            registry=registry,
        )
        self._calls = Counter("anmc_sync_calls", "Calls that runs made", ["direction", "service"], registry=registry)
        self._floor = Counter(
            "anmc_sync_calls_floor",
            "Calls that the same work needs at least",
            ["direction", "service"],
            registry=registry,
        )
        self._requests = Counter(
            "anmc_http_requests", "Requests sent, retries included", ["service", "operation", "code"], registry=registry
        )
        self._request_seconds = Histogram(
            "anmc_http_request_duration_seconds",
            "Duration of requests",
            ["service", "operation"],
            buckets=_REQUEST_SECONDS,
            registry=registry,
        )
        self._retries = Counter(
            "anmc_http_retries", "Repetitions of requests", ["service", "reason"], registry=registry
        )
        self._in_flight = Gauge("anmc_http_in_flight", "Requests waiting for an answer", ["service"], registry=registry)
        self._waits = Counter(
            "anmc_rate_limit_waits", "Waits before a request", ["service", "cause"], registry=registry
        )
        self._wait_seconds = Counter(
            "anmc_rate_limit_wait_seconds", "Time waited before requests", ["service", "cause"], registry=registry
        )
        self._kube = Counter("anmc_kube_writes", "Writes to the API server", ["object", "result"], registry=registry)
        self._begin_with_zero()

    def _begin_with_zero(self) -> None:
        """Make the series of small closed sets exist from the start, so that a rate shows their first event."""
        for kind, type_ in product(("integration", "secret"), ("listed", "added", "modified", "deleted")):
            self._watch.labels(kind, type_)
        for direction in Direction:
            self._delay.labels(direction.lower())
            self._run.labels(direction.lower())
        for direction, service in product(Direction, Service):
            self._calls.labels(direction.lower(), service)
            self._floor.labels(direction.lower(), service)
        for service in Service:
            self._in_flight.labels(service)
        for service, cause in product(Service, ("pacing", "refused")):
            self._waits.labels(service, cause)
            self._wait_seconds.labels(service, cause)
        for service, reason in product(Service, ("rate_limited", "server_error", "timeout", "network", "invalid")):
            self._retries.labels(service, reason)
        for object_, result in product(("status", "report", "event"), ("written", "failed")):
            self._kube.labels(object_, result)
        for result in ("unchanged", "conflict"):
            self._kube.labels("status", result)

    def render(self) -> bytes:
        """Return the page in Prometheus text format."""
        return generate_latest(self.registry)

    def lease_held(self, *, held: bool) -> None:
        """Show whether this process may write."""
        self._lease.labels(self._shard).set(1 if held else 0)

    def lag(self, seconds: float) -> None:
        """Note how late the loop woke up."""
        self._lag.observe(seconds)

    def watch_event(self, kind: str, type_: str) -> None:
        """Count what the watch delivered."""
        self._watch.labels(kind, type_).inc()

    def watch_repaired(self, missed: int, vanished: int) -> None:
        """Count what the watch had not told."""
        self._repairs.labels("missed").inc(missed)
        self._repairs.labels("vanished").inc(vanished)

    def run_started(self, direction: Direction, *, delay: float) -> None:
        """Note how late a run started."""
        self._delay.labels(direction.lower()).observe(max(0.0, delay))

    def run_ended(
        self,
        direction: Direction,
        *,
        seconds: float,
        calls: Calls,
        floor: Mapping[Service, int],
        counts: Mapping[tuple[Category, Reason], int],
    ) -> None:
        """Add what one run did."""
        name = direction.lower()
        self._run.labels(name).observe(seconds)
        made = {Service.MOBILE_COMMONS: calls.mobile_commons, Service.ACTION_NETWORK: calls.action_network}
        for service in Service:
            self._calls.labels(name, service).inc(made[service])
            self._floor.labels(name, service).inc(floor.get(service, 0))
        for (category, reason), count in counts.items():
            if count > 0:
                self._reasons.labels(name, category, reason).inc(count)

    def kube_write(self, object_: str, result: str) -> None:
        """Count a write to the API server."""
        self._kube.labels(object_, result).inc()

    def sent(self, service: Service, operation: str) -> None:  # noqa: ARG002  # the port names the operation
        """Count a request that goes out now."""
        self._in_flight.labels(service).inc()

    def answered(self, service: Service, operation: str, *, code: str, seconds: float) -> None:
        """Count its end."""
        self._in_flight.labels(service).dec()
        self._requests.labels(service, operation, code).inc()
        self._request_seconds.labels(service, operation).observe(seconds)

    def retried(self, service: Service, reason: str) -> None:
        """Count a repetition."""
        self._retries.labels(service, reason).inc()

    def waited(self, service: Service, cause: str, seconds: float) -> None:
        """Add waiting time."""
        self._waits.labels(service, cause).inc()
        self._wait_seconds.labels(service, cause).inc(seconds)
