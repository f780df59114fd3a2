from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from anmc.api.names import (
    ConditionReason,
    ConditionStatus,
    ConditionType,
    Direction,
    RunResult,
    Trigger,
)
from anmc.api.status import DirectionStatus, PullStatus
from anmc.controller.due import Due, Plan, Situation, plan, stale_after
from anmc.controller.sighting import Requests
from anmc.errors import InvalidSpec
from support.controlled import NOON, a_condition, a_run, a_spec, a_status

NIGHT = datetime(2026, 3, 11, 6, 0, tzinfo=UTC)  # 02:00 in New York, summer time
LAST_NIGHT = NIGHT - timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
LONG_AGO = NOON - timedelta(days=30)


def a_situation(
    *,
    now: datetime = NOON,
    active_since: datetime = LONG_AGO,
    generation: int = 1,
    requests: Requests = Requests(),  # noqa: B008  # frozen
    spec: dict[str, Any] | None = None,
    **status: Any,
) -> Situation:
    return Situation(
        uid="uid-1",
        generation=generation,
        spec=a_spec(**(spec or {})),
        status=a_status(**status),
        requests=requests,
        active_since=active_since,
        now=now,
    )


def push_of(**situation: Any) -> Due | None:
    return plan(a_situation(**situation)).push


def pull_of(**situation: Any) -> Due | None:
    return plan(a_situation(**situation)).pull


def test_the_first_push_after_the_activation_is_due_at_once() -> None:
    assert push_of(active_since=NOON) == Due(NOON, Direction.PUSH, Trigger.ACTIVATION)


def test_the_first_pull_after_the_activation_is_due_at_the_next_night() -> None:
    assert pull_of(active_since=NOON) == Due(NIGHT, Direction.PULL, Trigger.SCHEDULE)


@pytest.mark.parametrize("interval", ["1m", "5m", "2h", "24h"])
def test_the_next_push_comes_within_one_interval_of_the_last_start(interval: str) -> None:
    due = push_of(push=DirectionStatus(last_run=a_run(start=NOON)), spec={"push__interval": interval})

    assert due is not None
    assert due.trigger is Trigger.SCHEDULE
    assert NOON < due.time <= NOON + a_spec(push__interval=interval).push.interval


def test_integrations_are_spread_over_the_interval() -> None:
    situations = [
        Situation(
            uid=f"uid-{number}",
            generation=1,
            spec=a_spec(),
            status=a_status(push=DirectionStatus(last_run=a_run(start=NOON))),
            requests=Requests(),
            active_since=LONG_AGO,
            now=NOON,
        )
        for number in range(200)
    ]

    times = {due.time for situation in situations if (due := plan(situation).push) is not None}

    assert len(times) > 100


def test_pushes_missed_while_the_process_was_away_are_one_push_now() -> None:
    due = push_of(push=DirectionStatus(last_run=a_run(start=NOON - timedelta(days=3))))

    assert due == Due(NOON, Direction.PUSH, Trigger.SCHEDULE)


def test_a_failed_push_is_tried_again_at_its_next_turn() -> None:
    failed = a_run(start=NOON - MINUTE, result=RunResult.FAILED)

    due = push_of(push=DirectionStatus(last_run=failed, consecutive_failures=3))

    assert due is not None
    assert due.trigger is Trigger.RETRY
    assert NOON < due.time <= NOON + 5 * MINUTE


@pytest.mark.parametrize("mode", ["Apply", "DryRun"])
def test_a_requested_push_is_due_at_once(mode: str) -> None:
    handled = DirectionStatus(last_run=a_run(), last_handled_request="monday")

    due = push_of(push=handled, requests=Requests(push="tuesday"), spec={"push__mode": mode})

    assert due == Due(NOON, Direction.PUSH, Trigger.REQUEST, token="tuesday")


def test_a_request_that_was_handled_starts_nothing() -> None:
    handled = DirectionStatus(last_run=a_run(), last_handled_request="monday")

    due = push_of(push=handled, requests=Requests(push="monday"))

    assert due is not None
    assert due.trigger is Trigger.SCHEDULE


def test_a_requested_pull_of_the_whole_list_goes_before_a_requested_pull() -> None:
    due = pull_of(requests=Requests(pull="a", full_pull="b"))

    assert due == Due(NOON, Direction.PULL, Trigger.REQUEST, full=True, token="b")


def test_the_requested_pull_follows_once_the_whole_list_was_pulled() -> None:
    due = pull_of(pull=PullStatus(last_handled_full_request="b"), requests=Requests(pull="a", full_pull="b"))

    assert due == Due(NOON, Direction.PULL, Trigger.REQUEST, token="a")


@pytest.mark.parametrize("direction", list(Direction))
def test_an_interrupted_run_is_taken_up_at_once(direction: Direction) -> None:
    interrupted = a_run(start=NOON - 3 * HOUR, end=NOON - 2 * HOUR, result=RunResult.INTERRUPTED)

    planned = plan(a_situation(push=DirectionStatus(last_run=interrupted), pull=PullStatus(last_run=interrupted)))

    due = planned.push if direction is Direction.PUSH else planned.pull
    assert due == Due(NOON, direction, Trigger.RETRY)


@pytest.mark.parametrize(
    ("ended", "time"),
    [(NOON - 59 * MINUTE, NOON), (NOON - HOUR, NIGHT), (NOON - timedelta(days=7), NIGHT)],
)
def test_a_pull_interrupted_before_the_activation_is_taken_up_within_an_hour_only(
    ended: datetime, time: datetime
) -> None:
    interrupted = a_run(start=ended - MINUTE, end=ended, result=RunResult.INTERRUPTED)

    due = pull_of(pull=PullStatus(last_run=interrupted), active_since=NOON - MINUTE)

    assert due is not None
    assert due.time == time


def test_a_failed_pull_is_tried_again_after_a_pause_that_doubles() -> None:
    ended = NOON - MINUTE
    failed = a_run(start=ended - MINUTE, end=ended, result=RunResult.FAILED)

    first = pull_of(pull=PullStatus(last_run=failed, consecutive_failures=1))
    third = pull_of(pull=PullStatus(last_run=failed, consecutive_failures=3))

    assert first == Due(ended + 5 * MINUTE, Direction.PULL, Trigger.RETRY)
    assert third == Due(ended + 20 * MINUTE, Direction.PULL, Trigger.RETRY)


def test_a_pull_that_failed_before_the_activation_waits_for_the_night() -> None:
    failed = a_run(start=NOON - timedelta(days=8), result=RunResult.FAILED)

    due = pull_of(pull=PullStatus(last_run=failed, consecutive_failures=2), active_since=NOON - MINUTE)

    assert due == Due(NIGHT, Direction.PULL, Trigger.SCHEDULE)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (LAST_NIGHT + 2 * MINUTE, Due(LAST_NIGHT, Direction.PULL, Trigger.SCHEDULE)),
        (LAST_NIGHT + 2 * HOUR, Due(LAST_NIGHT, Direction.PULL, Trigger.CATCH_UP)),
        (LAST_NIGHT + 7 * HOUR, Due(NIGHT, Direction.PULL, Trigger.SCHEDULE)),
    ],
)
def test_a_missed_night_is_made_up_while_it_is_not_too_late(now: datetime, due: Due) -> None:
    night_before = a_run(start=LAST_NIGHT - timedelta(days=1))

    assert pull_of(now=now, pull=PullStatus(last_run=night_before)) == due


def dry(type_: ConditionType, *, generation: int) -> dict[str, Any]:
    condition = a_condition(type_, ConditionStatus.TRUE, ConditionReason.DRY_RUN, generation=generation)
    return {"conditions": (condition,), "generation": 2}


@pytest.mark.parametrize(
    ("direction", "type_"),
    [(Direction.PUSH, ConditionType.PUSH_SYNCED), (Direction.PULL, ConditionType.PULL_SYNCED)],
)
def test_a_dry_run_is_made_at_once_and_once_for_each_generation_of_the_spec(
    direction: Direction, type_: ConditionType
) -> None:
    spec = {"push__mode": "DryRun", "pull__mode": "DryRun"}

    before = plan(a_situation(spec=spec, **dry(type_, generation=1)))
    after = plan(a_situation(spec=spec, **dry(type_, generation=2)))

    wanted = Due(NOON, direction, Trigger.ACTIVATION)
    assert (before.push if direction is Direction.PUSH else before.pull) == wanted
    assert (after.push if direction is Direction.PUSH else after.pull) is None


def test_a_dry_run_that_failed_is_tried_again_after_a_pause() -> None:
    failed = a_run(start=NOON, end=NOON, result=RunResult.FAILED)
    spec = {"push__mode": "DryRun", "pull__mode": "DryRun"}

    planned = plan(
        a_situation(
            spec=spec,
            push=DirectionStatus(last_run=failed, consecutive_failures=1),
            pull=PullStatus(last_run=failed, consecutive_failures=1),
        )
    )

    assert planned.push is not None
    assert planned.push.time > NOON
    assert planned.pull == Due(NOON + 5 * MINUTE, Direction.PULL, Trigger.RETRY)


@pytest.mark.parametrize(
    ("field", "value"), [("pull__schedule", "at night"), ("pull__schedule", "0 0 30 2 *"), ("pull__timeZone", "Mars")]
)
def test_a_schedule_that_cannot_be_used_is_refused(field: str, value: str) -> None:
    with pytest.raises(InvalidSpec, match=r"spec\.pull"):
        plan(a_situation(spec={field: value}))


def test_what_is_due_longest_goes_first() -> None:
    push, pull = Due(NOON, Direction.PUSH, Trigger.SCHEDULE), Due(NOON - MINUTE, Direction.PULL, Trigger.CATCH_UP)

    assert Plan(push, pull).first is pull


def test_of_two_runs_due_together_the_push_goes_first() -> None:
    push, pull = Due(NOON, Direction.PUSH, Trigger.SCHEDULE), Due(NOON, Direction.PULL, Trigger.REQUEST)

    assert Plan(push, pull).first is push


def test_nothing_goes_first_when_both_directions_ran_dry() -> None:
    assert Plan(None, None).first is None


@pytest.mark.parametrize(
    ("interval", "active_since", "last_success", "stale"),
    [
        ("1m", LONG_AGO, NOON, NOON + 10 * MINUTE),
        ("1h", LONG_AGO, NOON, NOON + 2 * HOUR),
        ("1m", NOON, None, NOON + 10 * MINUTE),
        ("1m", NOON, NOON - HOUR, NOON + 10 * MINUTE),
    ],
)
def test_a_push_is_stale_two_intervals_and_ten_minutes_at_least_after_success_or_activation(
    interval: str, active_since: datetime, last_success: datetime | None, stale: datetime
) -> None:
    push = DirectionStatus(last_success_time=last_success)

    limits = stale_after(a_situation(spec={"push__interval": interval}, push=push, active_since=active_since))

    assert limits[Direction.PUSH] == stale


def test_a_pull_is_stale_three_hours_after_the_night_that_follows_its_last_success() -> None:
    limits = stale_after(a_situation(pull=PullStatus(last_success_time=LAST_NIGHT + 20 * MINUTE)))

    assert limits[Direction.PULL] == NIGHT + 3 * HOUR


def test_a_direction_in_dry_run_is_never_stale() -> None:
    assert stale_after(a_situation(spec={"push__mode": "DryRun", "pull__mode": "DryRun"})) == {}
