"""A page of metrics with everything on it, taken apart."""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from anmc.api.names import (
    Category,
    ConditionReason,
    ConditionStatus,
    ConditionType,
    Direction,
    Reason,
    RunResult,
)
from anmc.api.status import Calls, DirectionStatus, IntegrationStatus, People, PullStatus
from anmc.observability.collector import IntegrationCollector, IntegrationView
from anmc.observability.metrics import Metrics
from anmc.observability.scheduling import SchedulerCollector
from anmc.sync.ports import Service
from support.controlled import NOON, a_condition

LABELS_OF_PARTS: Final = {"le", "quantile"}
"""Labels that belong to the type of a metric."""


def new_metrics() -> Metrics:
    return Metrics(version="0.1.0", python_version="3.11.7", kopf_version="1.45.2", shard=0, shards=1)


def a_view(name: str = "river-keepers", *, is_active: bool = True, is_running: bool = False) -> IntegrationView:
    """Return an integration of which everything is known."""
    state = DirectionStatus(watermark=NOON, next_run_time=NOON - timedelta(minutes=1), last_success_time=NOON)
    pull = PullStatus(watermark=NOON, next_run_time=NOON + timedelta(hours=9), last_success_time=NOON)
    return IntegrationView(
        namespace="riverside",
        name=name,
        is_active=is_active,
        status=IntegrationStatus(
            active_since_time=NOON,
            conditions=(a_condition(ConditionType.READY, ConditionStatus.TRUE, ConditionReason.SYNCED),),
            push=state,
            pull=pull,
            people=People(linked=4, suppressed=3, deferred_opt_ins=2, dead_letters=1),
        ),
        subscribes=True,
        oldest_dead_letter=NOON,
        running=frozenset({Direction.PULL}) if is_running else frozenset(),
        running_since={Direction.PULL: NOON} if is_running else {},
        stale_after={Direction.PUSH: NOON, Direction.PULL: NOON},
        runs=Counter({(Direction.PUSH, RunResult.SUCCEEDED): 5, (Direction.PULL, RunResult.INTERRUPTED): 1}),
        records=Counter({(Direction.PUSH, Category.IMPORTED): 7}),
        requests_per_second=1.95,
        concurrency=16.0,
    )


def with_everything() -> Metrics:
    """Return metrics in which each family has a series."""
    metrics = new_metrics()
    views = [a_view(is_running=True), a_view("waiting")]
    metrics.registry.register(IntegrationCollector(lambda: views))
    metrics.registry.register(
        SchedulerCollector(
            lambda: views, ages=lambda: {"scheduler": 1.0, "prune": 60.0, "lease": 2.0}, now=lambda: NOON
        )
    )
    metrics.lease_held(held=True)
    metrics.lag(0.02)
    metrics.run_started(Direction.PUSH, delay=0.3)
    metrics.run_ended(
        Direction.PUSH,
        seconds=3,
        calls=Calls(mobile_commons=1, action_network=2),
        floor={Service.MOBILE_COMMONS: 1},
        counts=Counter({(Category.IMPORTED, Reason.APPLIED): 2}),
    )
    metrics.sent(Service.MOBILE_COMMONS, "list_profiles")
    metrics.answered(Service.MOBILE_COMMONS, "list_profiles", code="200", seconds=0.2)
    return metrics


def families(metrics: Metrics) -> list[Metric]:
    """Read the page as a scraper does; our own families only."""
    page = metrics.render().decode()
    return [family for family in text_string_to_metric_families(page) if family.name.startswith("anmc_")]


def listed(family: Metric) -> str:
    """Return a family as a line of the list: name, type, labels."""
    name = f"{family.name}_total" if family.type == "counter" else family.name
    return " ".join([name, family.type, *label_names(family)])


def label_names(family: Metric) -> list[str]:
    return sorted({name for sample in family.samples for name in sample.labels} - LABELS_OF_PARTS)


def series(page: Iterable[Metric], name: str) -> dict[tuple[str, ...], float]:
    """Return the values of one sample name by its label values, in the order of their names."""
    return {
        tuple(sample.labels[label] for label in sorted(sample.labels)): sample.value
        for family in page
        for sample in family.samples
        if sample.name == name
    }
