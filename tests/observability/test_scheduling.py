from dataclasses import replace
from datetime import timedelta

from prometheus_client import Metric

from anmc.api.names import ConditionReason, ConditionStatus, ConditionType, Direction
from anmc.api.status import DirectionStatus, PullStatus
from anmc.observability.collector import IntegrationView
from anmc.observability.scheduling import SchedulerCollector
from support.controlled import NOON, a_condition, a_status
from support.metrics_page import a_view, series

OVERDUE = NOON - timedelta(minutes=7)
LATE = NOON - timedelta(minutes=1)
SOON = NOON + timedelta(minutes=1)


def page_of(*views: IntegrationView, **ages: float) -> list[Metric]:
    return list(SchedulerCollector(lambda: views, ages=lambda: ages, now=lambda: NOON).collect())


def one(
    *, push: object = None, pull: object = None, is_active: bool = True, running: Direction | None = None
) -> IntegrationView:
    """Return an integration by when its directions are due."""
    status = a_status(push=DirectionStatus(next_run_time=push), pull=PullStatus(next_run_time=pull))  # type: ignore[arg-type]
    return IntegrationView(
        "riverside",
        "river-keepers",
        is_active=is_active,
        status=status,
        running=frozenset({running} if running else ()),
    )


def stalled(view: IntegrationView) -> IntegrationView:
    condition = a_condition(ConditionType.STALLED, ConditionStatus.TRUE, ConditionReason.INVALID_SPEC)
    return replace(view, status=replace(view.status, conditions=(condition,)))


def test_integrations_are_counted_by_their_state() -> None:
    page = page_of(a_view("a"), a_view("b"), a_view("c", is_active=False), stalled(a_view("d")))

    assert series(page, "anmc_scheduler_integrations") == {("active",): 2, ("inactive",): 1, ("stalled",): 1}


def test_a_standby_shows_zeros_and_no_oldest_run() -> None:
    page = page_of()

    assert set(series(page, "anmc_scheduler_integrations").values()) == {0}
    assert set(series(page, "anmc_scheduler_due").values()) == {0}
    assert series(page, "anmc_scheduler_oldest_due_timestamp_seconds") == {}


def test_what_is_due_and_has_not_started_waits() -> None:
    page = page_of(one(push=LATE, pull=SOON), one(push=OVERDUE, pull=LATE))

    assert series(page, "anmc_scheduler_due") == {("push",): 2, ("pull",): 1}
    assert series(page, "anmc_scheduler_oldest_due_timestamp_seconds") == {(): OVERDUE.timestamp()}


def test_what_runs_does_not_wait() -> None:
    page = page_of(one(push=OVERDUE, running=Direction.PUSH), one(push=LATE))

    assert series(page, "anmc_scheduler_running") == {("push",): 1, ("pull",): 0}
    assert series(page, "anmc_scheduler_due") == {("push",): 1, ("pull",): 0}
    assert series(page, "anmc_scheduler_oldest_due_timestamp_seconds") == {(): LATE.timestamp()}


def test_a_run_that_waits_for_another_of_its_integration_is_not_the_oldest() -> None:
    page = page_of(one(push=OVERDUE, running=Direction.PULL))

    assert series(page, "anmc_scheduler_due") == {("push",): 1, ("pull",): 0}
    assert series(page, "anmc_scheduler_oldest_due_timestamp_seconds") == {}


def test_what_waits_for_a_person_is_not_due() -> None:
    page = page_of(stalled(one(push=OVERDUE)), one(push=OVERDUE, is_active=False))

    assert set(series(page, "anmc_scheduler_due").values()) == {0}


def test_a_heartbeat_is_the_time_of_the_last_turn() -> None:
    page = page_of(scheduler=3.0, lease=0.5)

    assert series(page, "anmc_loop_heartbeat_timestamp_seconds") == {
        ("scheduler",): NOON.timestamp() - 3,
        ("lease",): NOON.timestamp() - 0.5,
    }
