"""Metrics of the scheduler: how many integrations it has, what waits, which loops turn (operations.md 1)."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from anmc.api.conditions import find_condition
from anmc.api.names import ConditionType, Direction
from anmc.observability.collector import IntegrationView

_STATES = ("active", "inactive", "stalled")


class SchedulerCollector(Collector):
    """Computes at the scrape what is due and what runs, so that a dead scheduler shows.

    `ages` returns the seconds since the last completed turn of each loop that should be turning.
    """

    def __init__(
        self,
        views: Callable[[], Iterable[IntegrationView]],
        *,
        ages: Callable[[], Mapping[str, float]],
        now: Callable[[], datetime],
    ) -> None:
        self._views = views
        self._ages = ages
        self._now = now

    @override
    def collect(self) -> Iterator[Metric]:
        """Yield the gauges of the process."""
        views, now = list(self._views()), self._now()
        states = Counter(_state(view) for view in views)
        integrations = GaugeMetricFamily("anmc_scheduler_integrations", "Integrations of this shard", labels=["state"])
        for state in _STATES:
            integrations.add_metric([state], states[state])
        running = GaugeMetricFamily("anmc_scheduler_running", "Runs going on", labels=["direction"])
        due = GaugeMetricFamily("anmc_scheduler_due", "Runs due and not started", labels=["direction"])
        for direction in Direction:
            running.add_metric([direction.lower()], sum(direction in view.running for view in views))
            due.add_metric([direction.lower()], sum(direction in _waiting(view, now) for view in views))
        oldest = GaugeMetricFamily(
            "anmc_scheduler_oldest_due_timestamp_seconds", "Due time of the run that waits longest for its start"
        )
        times = [time for view in views if not view.running for time in _waiting(view, now).values()]
        if times:
            oldest.add_metric([], min(times).timestamp())
        beats = GaugeMetricFamily("anmc_loop_heartbeat_timestamp_seconds", "Last completed turn", labels=["loop"])
        for loop, age in self._ages().items():
            beats.add_metric([loop], now.timestamp() - age)
        yield from (integrations, running, due, oldest, beats)

    def describe(self) -> Iterable[Metric]:
        """Say nothing in advance: registering must not ask for integrations."""
        return []


def _state(view: IntegrationView) -> str:
    if not view.is_active:
        return "inactive"
    return "stalled" if _is_stalled(view) else "active"


def _is_stalled(view: IntegrationView) -> bool:
    return find_condition(view.status.conditions, ConditionType.STALLED) is not None


def _waiting(view: IntegrationView, now: datetime) -> dict[Direction, datetime]:
    """Return the due times that have passed; a stalled integration waits for a person, not for us."""
    if not view.is_active or _is_stalled(view):
        return {}
    return {
        direction: time
        for direction in Direction
        if direction not in view.running
        and (time := view.status.of(direction).next_run_time) is not None
        and time <= now
    }
