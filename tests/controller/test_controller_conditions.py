from datetime import timedelta
from typing import Any

import pytest

from anmc.api.conditions import Condition, find_condition
from anmc.api.names import ConditionReason, ConditionStatus, ConditionType, Direction, RunResult
from anmc.api.status import DirectionStatus, IntegrationStatus, PullStatus
from anmc.clients.failures import Cause, Unserved
from anmc.controller import conditions
from anmc.errors import (
    AnmcError,
    AuthenticationFailed,
    DuplicateIntegration,
    FieldMappingInvalid,
    InvalidSpec,
    OriginNotAllowed,
    PermissionDenied,
    RateLimited,
    RunTimedOut,
    SecretKeyMissing,
    SecretNotFound,
    ServiceUnavailable,
    StoreUnavailable,
    TooManyFailures,
)
from support.controlled import NOON, a_run, a_status, shown

LATER = NOON + timedelta(hours=1)

FRESH = conditions.progressing((), generation=1, now=NOON)
VERIFIED = conditions.summary(
    conditions.verified(FRESH, generation=1, now=NOON), IntegrationStatus(), generation=1, now=NOON
)


def after_runs(
    *results: RunResult, direction: Direction = Direction.PUSH, error: AnmcError | None = None, records_read: int = 1
) -> tuple[Condition, ...]:
    """Return the conditions of a verified integration after runs of one direction."""
    current, failures = VERIFIED, 0
    for result in results:
        failures = failures + 1 if result is RunResult.FAILED else 0
        run = a_run(result=result, message=f"run {result}", records_read=records_read)
        success = NOON if result is RunResult.SUCCEEDED else None
        state: dict[str, Any] = {"last_run": run, "consecutive_failures": failures, "last_success_time": success}
        status = a_status(
            push=DirectionStatus(**state) if direction is Direction.PUSH else None,
            pull=PullStatus(**state) if direction is Direction.PULL else None,
            conditions=current,
        )
        current = conditions.run_ended(status, direction, error=error, generation=1, now=LATER)
    return current


def test_a_new_generation_is_in_progress_and_nothing_is_known_of_it() -> None:
    assert shown(FRESH) == {
        "Ready": "Unknown Progressing",
        "CredentialsValid": "Unknown NotVerified",
        "PushSynced": "Unknown Pending",
        "PullSynced": "Unknown Pending",
        "Reconciling": "True Progressing",
    }


def test_a_verified_integration_is_ready_before_anything_ran() -> None:
    assert shown(VERIFIED) == {
        "Ready": "True Active",
        "CredentialsValid": "True Verified",
        "PushSynced": "Unknown Pending",
        "PullSynced": "Unknown Pending",
    }


def test_a_new_generation_forgets_no_run() -> None:
    current = conditions.progressing(after_runs(RunResult.SUCCEEDED), generation=2, now=LATER)

    assert shown(current)["PushSynced"] == "True Succeeded"
    assert shown(current)["Ready"] == "Unknown Progressing"


@pytest.mark.parametrize("direction", list(Direction))
@pytest.mark.parametrize(
    ("result", "records_read", "shows"),
    [
        (RunResult.SUCCEEDED, 3, "True Succeeded"),
        (RunResult.SUCCEEDED, 0, "True NothingToDo"),
        (RunResult.PARTIALLY_SUCCEEDED, 3, "True PartiallySucceeded"),
        (RunResult.DRY_RUN, 3, "True DryRun"),
        (RunResult.DRY_RUN, 0, "True DryRun"),
        (RunResult.INTERRUPTED, 0, "Unknown Interrupted"),
        (RunResult.FAILED, 3, "False Failed"),
    ],
)
def test_the_result_of_a_run_is_shown_for_its_direction(
    direction: Direction, result: RunResult, records_read: int, shows: str
) -> None:
    current = after_runs(result, direction=direction, records_read=records_read)

    assert shown(current)[f"{direction}Synced"] == shows


@pytest.mark.parametrize(
    ("error", "shows"),
    [
        (RateLimited("Too many requests"), "False RateLimited"),
        (ServiceUnavailable("Away"), "False ServiceUnavailable"),
        (Unserved("Away", cause=Cause.SERVER_ERROR, code="503", after=None), "False ServiceUnavailable"),
        (RunTimedOut("Too long"), "False Timeout"),
        (TooManyFailures("21 of 30"), "False TooManyFailures"),
        (StoreUnavailable("Locked"), "False StoreUnavailable"),
        (AuthenticationFailed("Refused"), "False CredentialsInvalid"),
        (AnmcError("A defect"), "False Failed"),
    ],
)
def test_a_failed_run_shows_why(error: AnmcError, shows: str) -> None:
    assert shown(after_runs(RunResult.FAILED, error=error))["PushSynced"] == shows


def test_one_failed_push_leaves_ready_alone() -> None:
    assert shown(after_runs(RunResult.SUCCEEDED, RunResult.FAILED))["Ready"].startswith("True")


def test_two_failed_pushes_in_a_row_are_not_ready() -> None:
    current = shown(after_runs(RunResult.FAILED, RunResult.FAILED))

    assert current["Ready"] == "False PushFailing"
    assert current["Reconciling"] == "True ProgressingWithRetry"


def test_one_failed_pull_is_not_ready() -> None:
    current = shown(after_runs(RunResult.FAILED, direction=Direction.PULL))

    assert current["Ready"] == "False PullFailing"
    assert current["Reconciling"] == "True ProgressingWithRetry"


@pytest.mark.parametrize("direction", list(Direction))
def test_a_success_ends_the_streak(direction: Direction) -> None:
    current = shown(after_runs(RunResult.FAILED, RunResult.FAILED, RunResult.SUCCEEDED, direction=direction))

    assert current["Ready"] == "True Synced"
    assert "Reconciling" not in current


def test_a_healthy_run_is_never_reconciling() -> None:
    assert "Reconciling" not in shown(after_runs(RunResult.SUCCEEDED))


def test_a_failing_message_says_what_happened_and_since_when() -> None:
    status = a_status(
        pull=PullStatus(
            last_run=a_run(result=RunResult.FAILED, message="Action Network is away"),
            consecutive_failures=1,
            last_success_time=NOON,
        )
    )

    ready = find_condition(conditions.summary(VERIFIED, status, generation=1, now=LATER), ConditionType.READY)

    assert ready is not None
    assert ready.message == "Action Network is away; last success 2026-03-10T12:00:00Z"


@pytest.mark.parametrize(
    ("error", "credentials", "reason"),
    [
        (SecretNotFound("s"), "False SecretNotFound", "CredentialsInvalid"),
        (SecretKeyMissing("s"), "False SecretKeyMissing", "CredentialsInvalid"),
        (AuthenticationFailed("s"), "False AuthenticationFailed", "CredentialsInvalid"),
        (PermissionDenied("s"), "False PermissionDenied", "CredentialsInvalid"),
        (OriginNotAllowed("s"), "False OriginNotAllowed", "CredentialsInvalid"),
        (FieldMappingInvalid("s"), "Unknown NotVerified", "FieldMappingInvalid"),
        (InvalidSpec("s"), "Unknown NotVerified", "InvalidSpec"),
        (DuplicateIntegration("s"), "True Verified", "DuplicateIntegration"),
    ],
)
def test_what_a_person_has_to_change_stalls(error: AnmcError, credentials: str, reason: str) -> None:
    current = shown(conditions.refused(FRESH, error, generation=1, now=LATER))

    assert current["CredentialsValid"] == credentials
    assert current["Ready"] == f"False {reason}"
    assert current["Stalled"] == f"True {reason}"
    assert "Reconciling" not in current


def test_the_condition_says_what_failed_and_what_to_do() -> None:
    error = SecretNotFound('Secret "action-network" does not exist', remedy="Create it.")

    current = conditions.refused(FRESH, error, generation=1, now=LATER)

    for type_ in (ConditionType.READY, ConditionType.CREDENTIALS_VALID, ConditionType.STALLED):
        found = find_condition(current, type_)
        assert found is not None
        assert found.message == 'Secret "action-network" does not exist. Create it.'


def test_a_service_that_does_not_answer_stalls_nothing_and_is_tried_again() -> None:
    current = shown(conditions.refused(VERIFIED, ServiceUnavailable("Away"), generation=1, now=LATER))

    assert current["CredentialsValid"] == "Unknown ServiceUnreachable"
    assert current["Ready"] == "Unknown Progressing"
    assert current["Reconciling"] == "True ProgressingWithRetry"
    assert "Stalled" not in current


def test_a_service_that_went_away_after_a_correction_no_longer_blames_the_person() -> None:
    stalled = conditions.refused(FRESH, AuthenticationFailed("Refused"), generation=1, now=NOON)

    current = shown(conditions.refused(stalled, ServiceUnavailable("Away"), generation=1, now=LATER))

    assert "Stalled" not in current
    assert current["Ready"] == "Unknown Progressing"


def test_a_failing_streak_stays_shown_while_a_service_cannot_be_verified() -> None:
    failing = after_runs(RunResult.FAILED, direction=Direction.PULL)

    current = shown(conditions.refused(failing, ServiceUnavailable("Away"), generation=1, now=LATER))

    assert current["Ready"] == "False PullFailing"


def test_credentials_refused_by_a_run_stall_as_those_of_a_verification() -> None:
    current = shown(after_runs(RunResult.FAILED, error=AuthenticationFailed("Refused")))

    assert current["CredentialsValid"] == "False AuthenticationFailed"
    assert current["Stalled"] == "True CredentialsInvalid"


def test_a_correction_ends_the_stall() -> None:
    stalled = conditions.refused(FRESH, AuthenticationFailed("Refused"), generation=1, now=NOON)

    current = conditions.verified(stalled, generation=1, now=LATER)
    current = conditions.summary(current, IntegrationStatus(), generation=1, now=LATER)

    assert shown(current)["Ready"] == "True Active"
    assert "Stalled" not in shown(current)


REFUSED = AuthenticationFailed("Refused")
AWAY = ServiceUnavailable("Away")


@pytest.mark.rule("F16")
@pytest.mark.parametrize(
    ("current", "generation", "expected"),
    [
        pytest.param((), 1, False, id="never-seen"),
        pytest.param(FRESH, 1, False, id="not-verified-yet"),
        pytest.param(conditions.refused(FRESH, REFUSED, generation=1, now=NOON), 1, False, id="refused-at-once"),
        pytest.param(VERIFIED, 1, True, id="verified"),
        pytest.param(VERIFIED, 2, False, id="edited-since"),
        pytest.param(conditions.progressing(VERIFIED, generation=2, now=NOON), 2, False, id="edited-and-seen"),
        pytest.param(
            conditions.refused(after_runs(RunResult.SUCCEEDED), AWAY, generation=1, now=NOON), 1, True, id="away-since"
        ),
        pytest.param(after_runs(RunResult.FAILED, error=REFUSED), 1, True, id="refused-since"),
        pytest.param(after_runs(RunResult.INTERRUPTED), 1, True, id="stopped-in-its-first-run"),
    ],
)
def test_a_generation_of_the_spec_is_known_by_the_status(
    current: tuple[Condition, ...], generation: int, *, expected: bool
) -> None:
    assert conditions.was_verified(current, generation=generation) is expected


def test_an_inactive_integration_is_ready_as_wished_and_keeps_what_is_known_of_its_runs() -> None:
    failing = after_runs(RunResult.FAILED, direction=Direction.PULL)

    current = shown(conditions.inactive(failing, generation=2, now=LATER))

    assert current["Ready"] == "True NotActive"
    assert current["Suspended"] == "True NotActive"
    assert current["PullSynced"] == "False Failed"
    assert "Reconciling" not in current


def test_a_stalled_integration_that_is_switched_off_is_no_longer_stalled() -> None:
    stalled = conditions.refused(FRESH, InvalidSpec("Wrong"), generation=1, now=NOON)

    current = shown(conditions.inactive(stalled, generation=2, now=LATER))

    assert "Stalled" not in current
    assert current["Ready"] == "True NotActive"


def test_activation_ends_the_suspension() -> None:
    suspended = conditions.inactive((), generation=1, now=NOON)

    current = shown(conditions.progressing(suspended, generation=2, now=LATER))

    assert "Suspended" not in current
    assert current["Ready"] == "Unknown Progressing"


def test_the_transition_time_moves_only_when_the_status_flips() -> None:
    synced = after_runs(RunResult.SUCCEEDED)
    before, after = find_condition(VERIFIED, ConditionType.READY), find_condition(synced, ConditionType.READY)

    assert before is not None
    assert after is not None
    assert (before.reason, after.reason) == (ConditionReason.ACTIVE, ConditionReason.SYNCED)
    assert after.status is ConditionStatus.TRUE
    assert after.last_transition_time == before.last_transition_time == NOON


def test_a_direction_that_never_ran_says_nothing() -> None:
    status = a_status(conditions=VERIFIED)

    assert conditions.run_ended(status, Direction.PULL, error=None, generation=1, now=LATER) == VERIFIED
