from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar, cast

import pytest

from anmc.api.names import Category, Direction, InitialSync, Mode, Reason, RunResult, Trigger
from anmc.api.status import Calls, DirectionStatus, PullStatus
from anmc.controller.due import Due
from anmc.controller.ending import BESIDE_VENDOR_SYNC, Ending, close_left_over, report_of, status_after
from anmc.errors import (
    AnmcError,
    AuthenticationFailed,
    Interrupted,
    PermissionDenied,
    SafetyStop,
    ServiceUnavailable,
    TooManyFailures,
)
from anmc.rules.outcomes import Outcome
from anmc.rules.records import PersonId
from anmc.sync.ports import Service
from anmc.sync.run import RunContext, RunEnd, RunOrder
from anmc.sync.tally import Detail, Tally
from support.controlled import NOON, a_current_run, a_run, a_status

DONE = NOON + timedelta(minutes=3)


def a_tally(**counts: int) -> Tally:
    """Return a tally of so many records per category, by its name in lower case."""
    tally = Tally()
    for name, count in counts.items():
        category = Category[name.upper()]
        for number in range(count):
            tally.count(Detail(f"{name}-{number}", Outcome(category, Reason.APPLIED), PersonId(f"{name}-{number}")))
    return tally


def an_ending(
    *,
    direction: Direction = Direction.PULL,
    result: RunResult = RunResult.SUCCEEDED,
    error: AnmcError | None = None,
    due: Due | None = None,
    tally: Tally | None = None,
    moves_watermark: bool = True,
) -> Ending:
    tally = tally or a_tally(imported=2, no_difference=3)
    order = RunOrder(
        id="run-1",
        direction=direction,
        trigger=Trigger.SCHEDULE,
        mode=Mode.APPLY,
        generation=4,
        started_at=NOON,
        active_since=NOON,
        lookback=timedelta(hours=48),
        initial_sync=InitialSync.WINDOW,
        max_opt_ins_per_day=500,
        max_failure_percent=20,
    )
    end = RunEnd(
        result=result,
        tally=tally,
        window_from=NOON - timedelta(hours=48),
        window_to=NOON,
        watermark=NOON if moves_watermark else None,
    )
    return Ending(
        order=order,
        due=due or Due(NOON, direction, Trigger.SCHEDULE),
        completed_at=DONE,
        seconds=180.0,
        calls=Calls(mobile_commons=1, action_network=2),
        tally=tally,
        end=None if error else end,
        error=error,
    )


BEFORE = a_status(
    push=DirectionStatus(consecutive_failures=2, watermark=NOON - timedelta(days=2), last_handled_request="old"),
    pull=PullStatus(
        consecutive_failures=2,
        watermark=NOON - timedelta(days=2),
        current_run=a_current_run(),
        last_handled_request="old",
        last_handled_full_request="older",
    ),
)


def test_a_success_ends_the_streak_and_moves_the_watermark() -> None:
    pull = status_after(BEFORE, an_ending()).pull

    assert pull.consecutive_failures == 0
    assert pull.last_success_time == DONE
    assert pull.watermark == NOON
    assert pull.current_run is None


def test_the_records_read_are_the_sum_of_the_outcomes() -> None:
    run = status_after(BEFORE, an_ending()).pull.last_run

    assert run is not None
    assert run.records_read == 5
    assert {outcome.category: outcome.count for outcome in run.outcomes} == {
        Category.IMPORTED: 2,
        Category.NO_DIFFERENCE: 3,
    }
    assert run.message == "NoDifference 3, Imported 2"
    assert run.completion_time == DONE


def test_a_run_a_part_of_which_failed_says_what_it_did_and_what_failed() -> None:
    ending = an_ending()
    assert ending.end is not None
    problem = ServiceUnavailable("The list could not be read", remedy="The next push tries again.")

    run = status_after(BEFORE, replace(ending, end=ending.end.with_problem(problem))).pull.last_run

    assert run is not None
    assert run.result is RunResult.PARTIALLY_SUCCEEDED
    assert run.message == "NoDifference 3, Imported 2. The list could not be read. The next push tries again."


def test_a_stopped_run_a_part_of_which_failed_says_both_in_whole_sentences() -> None:
    ending = an_ending()
    assert ending.end is not None
    stop = SafetyStop("It stopped", limit="maxOptOutPercent", value=9, allowed=5)
    problem = ServiceUnavailable("The list could not be read")

    stopped = replace(ending, error=stop, end=ending.end.with_problem(problem))

    assert stopped.message == f"{stop.sentence} The list could not be read"


def test_a_run_that_met_the_vendor_s_own_sync_says_what_to_do() -> None:
    ending = an_ending()
    assert ending.end is not None

    run = status_after(BEFORE, replace(ending, end=replace(ending.end, is_beside_vendor_sync=True))).pull.last_run

    assert run is not None
    assert run.result is RunResult.SUCCEEDED
    assert run.message == f"NoDifference 3, Imported 2. {BESIDE_VENDOR_SYNC}"


def test_a_run_that_a_limit_stopped_names_the_vendor_s_own_sync_too() -> None:
    ending = an_ending()
    assert ending.end is not None
    stop = SafetyStop("60 people would be opted out", limit="maxOptOutPercent", value=60, allowed=20)
    end = replace(ending.end, result=RunResult.FAILED, error=stop, is_beside_vendor_sync=True)

    run = status_after(BEFORE, replace(ending, end=end, error=stop)).pull.last_run

    assert run is not None
    assert run.message.endswith(f". {BESIDE_VENDOR_SYNC}")
    assert ".." not in run.message


def test_a_run_that_may_not_move_the_watermark_leaves_it() -> None:
    pull = status_after(BEFORE, an_ending(result=RunResult.PARTIALLY_SUCCEEDED, moves_watermark=False)).pull

    assert pull.watermark == BEFORE.pull.watermark
    assert pull.last_success_time == DONE


def test_a_failure_lengthens_the_streak_and_leaves_the_watermark() -> None:
    error = ServiceUnavailable("Action Network does not answer", remedy="It is tried again.")

    pull = status_after(BEFORE, an_ending(error=error)).pull

    assert pull.consecutive_failures == 3
    assert pull.watermark == BEFORE.pull.watermark
    assert pull.last_success_time is None
    assert pull.last_run is not None
    assert pull.last_run.result is RunResult.FAILED
    assert pull.last_run.message == "Action Network does not answer. It is tried again."


def test_an_interruption_is_neither_a_success_nor_a_failure() -> None:
    pull = status_after(BEFORE, an_ending(error=Interrupted("The operator is shutting down"))).pull

    assert pull.consecutive_failures == 2
    assert pull.watermark == BEFORE.pull.watermark
    assert pull.last_success_time is None
    assert pull.last_run is not None
    assert pull.last_run.result is RunResult.INTERRUPTED


def test_the_other_direction_is_left_alone() -> None:
    assert status_after(BEFORE, an_ending()).push == BEFORE.push
    assert status_after(BEFORE, an_ending(direction=Direction.PUSH)).pull == BEFORE.pull


@pytest.mark.parametrize(
    ("full", "error", "handled"),
    [
        (False, None, ("new", "older")),
        (True, None, ("old", "new")),
        (False, ServiceUnavailable("Away"), ("new", "older")),
        (False, Interrupted("Stopped"), ("old", "older")),
        (True, Interrupted("Stopped"), ("old", "older")),
    ],
)
def test_a_request_is_handled_when_its_run_has_ended(
    full: bool,  # noqa: FBT001  # a row of the table
    error: AnmcError | None,
    handled: tuple[str, str],
) -> None:
    due = Due(NOON, Direction.PULL, Trigger.REQUEST, full=full, token="new")

    pull = status_after(BEFORE, an_ending(due=due, error=error)).pull

    assert (pull.last_handled_request, pull.last_handled_full_request) == handled


def test_a_run_that_read_nothing_says_so() -> None:
    run = status_after(BEFORE, an_ending(tally=Tally())).pull.last_run

    assert run is not None
    assert run.message == "Nothing new"


class WithFloor:
    """As much of a run's context as a report looks at."""

    floor: ClassVar = Counter({Service.MOBILE_COMMONS: 1, Service.ACTION_NETWORK: 1})
    lower_bound: ClassVar = NOON - timedelta(hours=48)


CONTEXT = cast("RunContext", WithFloor())


def test_a_report_tells_what_the_run_did() -> None:
    report = report_of(an_ending(), CONTEXT, integration="river-keepers")

    assert report is not None
    assert (report.records_read, report.changed, report.attention) == (5, 2, 0)
    assert report.generation == 4
    assert report.window.to == NOON
    assert report.calls.action_network == 2
    assert [detail.action_network_id for detail in report.details] == ["imported-0", "imported-1"]


def test_a_push_that_read_nothing_has_no_report_and_a_pull_has_one() -> None:
    push = report_of(an_ending(direction=Direction.PUSH, tally=Tally()), CONTEXT, integration="x")
    pull = report_of(an_ending(tally=Tally()), CONTEXT, integration="x")

    assert push is None
    assert pull is not None


def test_an_interrupted_run_has_no_report() -> None:
    assert report_of(an_ending(error=Interrupted("Stopped")), CONTEXT, integration="x") is None


@pytest.mark.rule("S3")
def test_a_run_in_which_too_many_failed_has_a_report_of_which() -> None:
    ending = an_ending(error=TooManyFailures("9 of 9 records failed"))

    report = report_of(ending, CONTEXT, integration="x")

    assert report is not None
    assert report.result is RunResult.FAILED
    assert report.records_read == 5


@pytest.mark.rule("W15")
@pytest.mark.parametrize("error", [AuthenticationFailed("Refused"), PermissionDenied("Refused")])
def test_a_run_that_was_refused_has_a_report_of_whom_that_cut_off(error: AnmcError) -> None:
    report = report_of(an_ending(error=error, tally=a_tally(validation_error=2)), CONTEXT, integration="x")

    assert report is not None
    assert report.result is RunResult.FAILED
    assert [detail.category for detail in report.details] == [Category.VALIDATION_ERROR] * 2


def test_a_run_that_was_refused_before_it_read_anything_has_no_report() -> None:
    ending = an_ending(error=AuthenticationFailed("Refused"), tally=Tally())

    assert report_of(ending, CONTEXT, integration="x") is None


def test_what_a_dead_process_left_over_is_closed_as_interrupted() -> None:
    closed, directions = close_left_over(BEFORE, now=DONE)

    assert directions == [Direction.PULL]
    assert closed.pull.current_run is None
    assert closed.pull.last_run is not None
    assert closed.pull.last_run.result is RunResult.INTERRUPTED
    assert (closed.pull.last_run.start_time, closed.pull.last_run.completion_time) == (NOON, DONE)
    assert closed.pull.last_run.records_read == 0
    assert closed.push == BEFORE.push


def test_nothing_is_closed_where_nothing_was_left_over() -> None:
    status = a_status(push=DirectionStatus(last_run=a_run()))

    assert close_left_over(status, now=DONE) == (status, [])
