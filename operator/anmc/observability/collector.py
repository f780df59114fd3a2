"""Metrics of single integrations, read at scrape time: an object that is gone leaves no series (operations.md 1)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from anmc.api.names import Category, Direction, Mode, RunResult, SyncType
from anmc.api.status import IntegrationStatus

_NAMES = ["integration_namespace", "integration"]

_ALERTED_RESULTS: Final = (RunResult.SUCCEEDED, RunResult.FAILED)
_ALERTED_CATEGORIES: Final = (Category.PROCESSING_ERROR, Category.VALIDATION_ERROR, Category.UNABLE_TO_UPDATE)
"""Values that alerts look at: their counters exist with 0 from the first sight of an integration."""


@dataclass(frozen=True, slots=True)
class IntegrationView:
    """What the metrics show of one integration: a copy, since the page is rendered in another thread.

    `oldest_dead_letter` is when the record failed that has been a dead letter for the longest; None without one.
    `requests_per_second` and `concurrency` are what the pacers of its credentials allow; None until it used them.
    """

    namespace: str
    name: str
    is_active: bool
    status: IntegrationStatus
    subscribes: bool = False
    sync_type: SyncType = SyncType.CONSERVATIVE
    push_mode: Mode = Mode.APPLY
    pull_mode: Mode = Mode.APPLY
    running: frozenset[Direction] = frozenset()
    running_since: Mapping[Direction, datetime] = field(default_factory=dict)
    stale_after: Mapping[Direction, datetime] = field(default_factory=dict)
    oldest_dead_letter: datetime | None = None
    runs: Mapping[tuple[Direction, RunResult], int] = field(default_factory=dict)
    records: Mapping[tuple[Direction, Category], int] = field(default_factory=dict)
    requests_per_second: float | None = None
    concurrency: float | None = None

    @property
    def labels(self) -> list[str]:
        """Values of the labels that every series of an integration carries."""
        return [self.namespace, self.name]


class IntegrationCollector(Collector):
    """Renders the views that `views` returns at the scrape."""

    def __init__(self, views: Callable[[], Iterable[IntegrationView]]) -> None:
        self._views = views

    @override
    def collect(self) -> Iterator[Metric]:
        """Yield each family with one series set per integration."""
        views = list(self._views())
        yield from _state(views)
        yield from _people(views)
        yield from _directions(views)
        yield from _counters(views)
        yield from _pace(views)

    def describe(self) -> Iterable[Metric]:
        """Say nothing in advance: registering must not ask for integrations."""
        return []


def _state(views: Iterable[IntegrationView]) -> Iterator[Metric]:
    info = GaugeMetricFamily(
        "anmc_integration_info",
        "Settings of an integration",
        labels=[*_NAMES, "sync_type", "push_mode", "pull_mode", "subscribes"],
    )
    active = GaugeMetricFamily("anmc_integration_active", "spec.active", labels=_NAMES)
    since = GaugeMetricFamily(
        "anmc_integration_active_since_timestamp_seconds", "status.activeSinceTime", labels=_NAMES
    )
    conditions = GaugeMetricFamily(
        "anmc_integration_condition", "Conditions as they are now", labels=[*_NAMES, "type", "status", "reason"]
    )
    for view in views:
        subscribes = "true" if view.subscribes else "false"
        info.add_metric([*view.labels, view.sync_type, view.push_mode, view.pull_mode, subscribes], 1)
        active.add_metric(view.labels, float(view.is_active))
        if view.is_active and view.status.active_since_time is not None:
            since.add_metric(view.labels, view.status.active_since_time.timestamp())
        for condition in view.status.conditions:
            conditions.add_metric([*view.labels, condition.type, condition.status, condition.reason], 1)
    yield from (info, active, since, conditions)


def _people(views: Iterable[IntegrationView]) -> Iterator[Metric]:
    families = {
        "linked": GaugeMetricFamily("anmc_linked_people", "Profiles and people known to be the same", labels=_NAMES),
        "suppressed": GaugeMetricFamily("anmc_suppressed_people", "Numbers that no machine may opt in", labels=_NAMES),
        "deferred_opt_ins": GaugeMetricFamily("anmc_deferred_opt_ins", "Opt-ins that wait", labels=_NAMES),
        "dead_letters": GaugeMetricFamily("anmc_dead_letters", "Records that failed after their tries", labels=_NAMES),
    }
    oldest = GaugeMetricFamily(
        "anmc_dead_letters_oldest_timestamp_seconds", "First failure of the oldest dead letter", labels=_NAMES
    )
    for view in views:
        for name, family in families.items():
            family.add_metric(view.labels, getattr(view.status.people, name))
        if view.oldest_dead_letter is not None:
            oldest.add_metric(view.labels, view.oldest_dead_letter.timestamp())
    yield from (*families.values(), oldest)


def _directions(views: Iterable[IntegrationView]) -> Iterator[Metric]:
    labels = [*_NAMES, "direction"]
    started = GaugeMetricFamily("anmc_sync_run_start_timestamp_seconds", "Start of the run in hand", labels=labels)
    success = GaugeMetricFamily("anmc_sync_last_success_timestamp_seconds", "End of the last success", labels=labels)
    next_run = GaugeMetricFamily("anmc_sync_next_run_timestamp_seconds", "When the next run is due", labels=labels)
    watermark = GaugeMetricFamily(
        "anmc_sync_watermark_timestamp_seconds", "Everything before it has been read", labels=labels
    )
    stale = GaugeMetricFamily(
        "anmc_sync_stale_after_timestamp_seconds", "Stale from then on, unless a run succeeds before", labels=labels
    )
    failures = GaugeMetricFamily("anmc_sync_consecutive_failures", "Failed runs in a row", labels=labels)
    for view in views:
        for direction in Direction:
            where, state = [*view.labels, direction.lower()], view.status.of(direction)
            for family, time in (
                (success, state.last_success_time),
                (watermark, state.watermark),
                (next_run, state.next_run_time if view.is_active else None),
                (started, view.running_since.get(direction)),
                (stale, view.stale_after.get(direction)),
            ):
                if time is not None:
                    family.add_metric(where, time.timestamp())
            failures.add_metric(where, state.consecutive_failures)
    yield from (started, success, next_run, watermark, stale, failures)


def _counters(views: Iterable[IntegrationView]) -> Iterator[Metric]:
    runs = CounterMetricFamily("anmc_sync_runs", "Finished runs", labels=[*_NAMES, "direction", "result"])
    records = CounterMetricFamily(
        "anmc_sync_records", "Records by outcome category", labels=[*_NAMES, "direction", "category"]
    )
    for view in views:
        known = dict.fromkeys(((direction, result) for direction in Direction for result in _ALERTED_RESULTS), 0)
        for (direction, result), count in (known | dict(view.runs)).items():
            runs.add_metric([*view.labels, direction.lower(), result], count)
        seen = dict.fromkeys(((direction, category) for direction in Direction for category in _ALERTED_CATEGORIES), 0)
        for (direction, category), count in (seen | dict(view.records)).items():
            records.add_metric([*view.labels, direction.lower(), category], count)
    yield from (runs, records)


def _pace(views: Iterable[IntegrationView]) -> Iterator[Metric]:
    rate = GaugeMetricFamily(
        "anmc_http_allowed_requests_per_second", "Requests that the Action Network key may start now", labels=_NAMES
    )
    concurrency = GaugeMetricFamily(
        "anmc_http_allowed_concurrency", "Requests that the Mobile Commons login may have in flight now", labels=_NAMES
    )
    for view in views:
        for family, allowed in ((rate, view.requests_per_second), (concurrency, view.concurrency)):
            if allowed is not None:
                family.add_metric(view.labels, allowed)
    yield from (rate, concurrency)
