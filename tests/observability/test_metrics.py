from collections.abc import Collection
from itertools import pairwise
from pathlib import Path

import pytest

from anmc.api.names import Category, ConditionReason, ConditionStatus, ConditionType, Direction, Reason, RunResult
from anmc.observability.collector import IntegrationCollector, IntegrationView
from anmc.observability.metrics import Metrics
from anmc.sync.ports import Service
from support.controlled import NOON
from support.metrics_page import a_view, families, label_names, listed, new_metrics, series, with_everything

LIST = Path(__file__).parent / "metrics.txt"

IN_LOWER_CASE = {direction.lower() for direction in Direction}
CLOSED_SETS: dict[str, Collection[str]] = {
    "direction": IN_LOWER_CASE,
    "service": list(Service),
    "result": [*RunResult, "written", "unchanged", "conflict", "failed"],
    "category": list(Category),
    "reason": [*Reason, *ConditionReason, "rate_limited", "server_error", "timeout", "network", "invalid"],
    "type": [*ConditionType, "listed", "added", "modified", "deleted"],
    "status": list(ConditionStatus),
    "kind": ["integration", "secret"],
    "change": ["missed", "vanished"],
    "cause": ["pacing", "refused"],
    "object": ["status", "report", "event"],
    "state": ["active", "inactive", "stalled"],
    "loop": ["scheduler", "prune", "lease"],
    "subscribes": ["true", "false"],
    "sync_type": ["Conservative", "Liberal"],
    "push_mode": ["Apply", "DryRun"],
    "pull_mode": ["Apply", "DryRun"],
    "shard": ["0"],
    "operation": ["list_profiles"],
    "code": ["200"],
    "version": ["0.1.0"],
    "python_version": ["3.11.7"],
    "kopf_version": ["1.45.2"],
    "integration_namespace": ["riverside"],
    "integration": ["river-keepers", "waiting"],
}


def test_every_metric_has_the_name_the_type_and_the_labels_of_the_list() -> None:
    page = [listed(family) for family in families(with_everything())]

    assert sorted(page) == LIST.read_text().splitlines()


def test_every_label_value_comes_from_a_closed_set() -> None:
    for family in families(with_everything()):
        for sample in family.samples:
            for label, value in sample.labels.items():
                if label != "le":
                    assert value in CLOSED_SETS[label], f"{sample.name} {label}={value}"


def test_no_label_is_one_that_scrapers_overwrite() -> None:
    names = {name for family in families(with_everything()) for name in label_names(family)}

    assert not names & {"namespace", "name", "instance", "job", "pod", "container", "service_name"}


def test_no_histogram_carries_an_integration() -> None:
    histograms = [family for family in families(with_everything()) if family.type == "histogram"]

    assert histograms
    assert not any("integration" in label_names(family) for family in histograms)


def test_no_counter_has_a_second_series_for_its_creation() -> None:
    assert b"_created" not in with_everything().render()


def test_the_library_s_own_metrics_of_the_process_are_kept() -> None:
    page = new_metrics().render().decode()

    assert "process_resident_memory_bytes" in page
    assert "python_info" in page


def test_buckets_grow() -> None:
    for family in families(with_everything()):
        bounds = [float(sample.labels["le"]) for sample in family.samples if sample.name.endswith("_bucket")]
        one_series = bounds[: bounds.index(float("inf")) + 1] if bounds else []
        assert all(low < high for low, high in pairwise(one_series))


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("anmc_watch_events_total", 8),
        ("anmc_watch_repairs_total", 2),
        ("anmc_http_retries_total", 10),
        ("anmc_rate_limit_waits_total", 4),
        ("anmc_rate_limit_wait_seconds_total", 4),
        ("anmc_sync_calls_total", 4),
        ("anmc_sync_calls_floor_total", 4),
        ("anmc_kube_writes_total", 8),
        ("anmc_http_in_flight", 2),
    ],
)
def test_small_closed_sets_begin_with_zero(name: str, count: int) -> None:
    values = series(families(new_metrics()), name)

    assert len(values) == count
    assert set(values.values()) == {0.0}


def test_the_lease_is_not_held_until_it_is() -> None:
    metrics = new_metrics()
    before = series(families(metrics), "anmc_lease_held")
    metrics.lease_held(held=True)

    assert before == {("0",): 0.0}
    assert series(families(metrics), "anmc_lease_held") == {("0",): 1.0}


def test_a_request_is_in_flight_from_its_start_to_its_end() -> None:
    metrics = new_metrics()
    metrics.sent(Service.ACTION_NETWORK, "list_people")
    during = series(families(metrics), "anmc_http_in_flight")
    metrics.answered(Service.ACTION_NETWORK, "list_people", code="429", seconds=0.5)

    assert during["action_network",] == 1
    assert series(families(metrics), "anmc_http_in_flight")["action_network",] == 0
    assert series(families(metrics), "anmc_http_requests_total") == {("429", "list_people", "action_network"): 1}


def test_a_run_that_started_early_by_a_clock_step_was_not_late() -> None:
    metrics = new_metrics()

    metrics.run_started(Direction.PUSH, delay=-5)

    assert series(families(metrics), "anmc_schedule_delay_seconds_sum")["push",] == 0


def page_of(*views: IntegrationView) -> Metrics:
    metrics = new_metrics()
    metrics.registry.register(IntegrationCollector(lambda: views))
    return metrics


def of_integrations(metrics: Metrics) -> set[str]:
    return {
        sample.labels["integration"]
        for family in families(metrics)
        for sample in family.samples
        if "integration" in sample.labels
    }


def test_an_integration_that_is_gone_leaves_no_series() -> None:
    views = [a_view("one"), a_view("two")]
    metrics = new_metrics()
    metrics.registry.register(IntegrationCollector(lambda: views))
    before = of_integrations(metrics)

    views.pop()

    assert before == {"one", "two"}
    assert of_integrations(metrics) == {"one"}


def test_counters_that_alerts_look_at_exist_from_the_first_sight() -> None:
    fresh = IntegrationView("riverside", "fresh", is_active=True, status=a_view().status)
    page = families(page_of(fresh))

    runs, records = series(page, "anmc_sync_runs_total"), series(page, "anmc_sync_records_total")
    assert set(runs.values()) == {0.0}
    assert {(direction, result) for direction, _, _, result in runs} == {
        (direction, result) for direction in IN_LOWER_CASE for result in ("Succeeded", "Failed")
    }
    assert {category for category, *_ in records} == {"ProcessingError", "ValidationError", "UnableToUpdate"}


def test_the_status_of_an_integration_is_shown_as_it_is() -> None:
    page = families(page_of(a_view(is_running=True)))
    one = ("river-keepers", "riverside")

    assert series(page, "anmc_integration_active") == {one: 1}
    assert series(page, "anmc_linked_people") == {one: 4}
    assert series(page, "anmc_suppressed_people") == {one: 3}
    assert series(page, "anmc_deferred_opt_ins") == {one: 2}
    assert series(page, "anmc_dead_letters") == {one: 1}
    assert series(page, "anmc_dead_letters_oldest_timestamp_seconds") == {one: NOON.timestamp()}
    assert series(page, "anmc_integration_condition") == {(*one, "Synced", "True", "Ready"): 1}
    assert set(series(page, "anmc_sync_run_start_timestamp_seconds")) == {("pull", *one)}
    assert series(page, "anmc_sync_runs_total")["push", *one, "Succeeded"] == 5
    assert series(page, "anmc_sync_records_total")["Imported", "push", *one] == 7


def test_what_the_credentials_of_an_integration_allow_is_shown_once_it_has_used_them() -> None:
    fresh = IntegrationView("riverside", "fresh", is_active=True, status=a_view().status)
    page = families(page_of(a_view(), fresh))
    one = ("river-keepers", "riverside")

    assert series(page, "anmc_http_allowed_requests_per_second") == {one: 1.95}
    assert series(page, "anmc_http_allowed_concurrency") == {one: 16}


def test_an_inactive_integration_has_no_next_run_and_no_time_of_activation() -> None:
    page = families(page_of(a_view(is_active=False)))

    assert series(page, "anmc_integration_active") == {("river-keepers", "riverside"): 0}
    assert series(page, "anmc_sync_next_run_timestamp_seconds") == {}
    assert series(page, "anmc_integration_active_since_timestamp_seconds") == {}


def test_a_time_that_never_came_is_absent() -> None:
    never = IntegrationView("riverside", "fresh", is_active=True, status=type(a_view().status)())
    page = families(page_of(never))

    for name in ("last_success", "next_run", "watermark", "stale_after", "run_start"):
        assert series(page, f"anmc_sync_{name}_timestamp_seconds") == {}
    assert set(series(page, "anmc_sync_consecutive_failures").values()) == {0.0}
