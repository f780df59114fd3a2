"""Conditions: a pure function of what is known of an integration (api.md 4.2)."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from anmc.api.conditions import Condition, find_condition, remove_condition, set_condition
from anmc.api.names import ConditionReason, ConditionStatus, ConditionType, Direction, RunResult
from anmc.api.status import DirectionStatus, IntegrationStatus
from anmc.controller.safety import SYNCED, find_stop
from anmc.errors import (
    AnmcError,
    DuplicateIntegration,
    FieldMappingInvalid,
    InvalidSpec,
    OriginNotAllowed,
    PermissionDenied,
    RateLimited,
    RunTimedOut,
    SafetyStop,
    SecretKeyMissing,
    SecretNotFound,
    ServiceUnavailable,
    StoreUnavailable,
    TooManyFailures,
)
from anmc.errors import AuthenticationFailed as Refused

Conditions = tuple[Condition, ...]

CREDENTIAL_PROBLEMS: Final = (SecretNotFound, SecretKeyMissing, Refused, PermissionDenied, OriginNotAllowed)
"""Errors that say the credentials, or where they would be sent, are wrong."""

PUSH_FAILURES_TOLERATED: Final = 1
"""Failed pushes in a row that leave Ready alone: the next one is minutes away (api.md 4.2)."""

_RUN_REASONS: Final[Mapping[type[AnmcError], ConditionReason]] = {
    RateLimited: ConditionReason.RATE_LIMITED,
    ServiceUnavailable: ConditionReason.SERVICE_UNAVAILABLE,
    RunTimedOut: ConditionReason.TIMEOUT,
    TooManyFailures: ConditionReason.TOO_MANY_FAILURES,
    SafetyStop: ConditionReason.SAFETY_STOP,
    StoreUnavailable: ConditionReason.STORE_UNAVAILABLE,
}

_STREAKS: Final = frozenset({ConditionReason.PUSH_FAILING, ConditionReason.PULL_FAILING})


def inactive(conditions: Conditions, *, generation: int, now: datetime) -> Conditions:
    """Say that nothing runs, as wished; what was known of the runs stays frozen."""
    message = "The integration is not active; nothing is synced until spec.active is true"
    for present_while_true in (ConditionType.RECONCILING, ConditionType.STALLED):
        conditions = remove_condition(conditions, present_while_true)
    for type_ in (ConditionType.READY, ConditionType.SUSPENDED):
        conditions = set_condition(
            conditions,
            type_,
            ConditionStatus.TRUE,
            ConditionReason.NOT_ACTIVE,
            message,
            generation=generation,
            now=now,
        )
    return conditions


def progressing(conditions: Conditions, *, generation: int, now: datetime) -> Conditions:
    """Say that a generation of the spec is not verified yet."""
    conditions = remove_condition(conditions, ConditionType.SUSPENDED)
    conditions = remove_condition(conditions, ConditionType.STALLED)
    message = "Checking credentials and field names"
    for type_, status in (
        (ConditionType.READY, ConditionStatus.UNKNOWN),
        (ConditionType.RECONCILING, ConditionStatus.TRUE),
    ):
        conditions = set_condition(
            conditions, type_, status, ConditionReason.PROGRESSING, message, generation=generation, now=now
        )
    for type_, reason in (
        (ConditionType.CREDENTIALS_VALID, ConditionReason.NOT_VERIFIED),
        (ConditionType.PUSH_SYNCED, ConditionReason.PENDING),
        (ConditionType.PULL_SYNCED, ConditionReason.PENDING),
    ):
        if find_condition(conditions, type_) is None:
            conditions = set_condition(
                conditions, type_, ConditionStatus.UNKNOWN, reason, "", generation=generation, now=now
            )
    return conditions


def verified(conditions: Conditions, missing: Collection[str] = (), *, generation: int, now: datetime) -> Conditions:
    """Say that both services take the credentials and know the names, but for `missing`, which are held (F16)."""
    conditions = remove_condition(conditions, ConditionType.STALLED)
    held = f"; held until Action Network lists them again: {', '.join(sorted(missing))}" if missing else ""
    return set_condition(
        conditions,
        ConditionType.CREDENTIALS_VALID,
        ConditionStatus.TRUE,
        ConditionReason.VERIFIED,
        f"Both services accept the credentials{held}",
        generation=generation,
        now=now,
    )


def was_verified(conditions: Conditions, *, generation: int) -> bool:
    """Say whether a generation of the spec is no new one: it was verified, or a run has worked by it (sync.md F16).

    The status tells it, so that it outlasts the process. One sign is not enough: refused credentials and services
    that are away hide the first, and until its run has ended a verified generation has only that one.
    """
    known = {one.type: one for one in conditions if one.observed_generation == generation}
    credentials = known.get(ConditionType.CREDENTIALS_VALID)
    runs = (known.get(type_) for type_ in SYNCED.values())
    return (credentials is not None and credentials.status is ConditionStatus.TRUE) or any(
        run is not None and run.reason is not ConditionReason.PENDING for run in runs
    )


def refused(conditions: Conditions, error: AnmcError, *, generation: int, now: datetime) -> Conditions:
    """Say why nothing can run: credentials, mapping, spec, an older integration, a service that does not answer."""
    if isinstance(error, CREDENTIAL_PROBLEMS):
        conditions = set_condition(
            conditions,
            ConditionType.CREDENTIALS_VALID,
            ConditionStatus.FALSE,
            ConditionReason(error.reason),
            error.sentence,
            generation=generation,
            now=now,
        )
        return _stalled(conditions, ConditionReason.CREDENTIALS_INVALID, error, generation=generation, now=now)
    if isinstance(error, FieldMappingInvalid):
        return _stalled(conditions, ConditionReason.FIELD_MAPPING_INVALID, error, generation=generation, now=now)
    if isinstance(error, DuplicateIntegration):  # known only from both accounts, which have let us in
        conditions = verified(conditions, generation=generation, now=now)
        return _stalled(conditions, ConditionReason.DUPLICATE_INTEGRATION, error, generation=generation, now=now)
    if isinstance(error, InvalidSpec):
        return _stalled(conditions, ConditionReason.INVALID_SPEC, error, generation=generation, now=now)
    return _unreachable(conditions, error, generation=generation, now=now)


def _unreachable(conditions: Conditions, error: AnmcError, *, generation: int, now: datetime) -> Conditions:
    """Say that nothing is known and nothing runs until a service answers; a failing streak stays what it is."""
    conditions = remove_condition(conditions, ConditionType.STALLED)
    conditions = remove_condition(conditions, ConditionType.SUSPENDED)
    ready = find_condition(conditions, ConditionType.READY)
    wanted = [
        (ConditionType.CREDENTIALS_VALID, ConditionStatus.UNKNOWN, ConditionReason.SERVICE_UNREACHABLE),
        (ConditionType.RECONCILING, ConditionStatus.TRUE, ConditionReason.PROGRESSING_WITH_RETRY),
    ]
    if ready is None or ready.reason not in _STREAKS:
        wanted.append((ConditionType.READY, ConditionStatus.UNKNOWN, ConditionReason.PROGRESSING))
    for type_, status, reason in wanted:
        conditions = set_condition(conditions, type_, status, reason, error.sentence, generation=generation, now=now)
    return conditions


def _stalled(
    conditions: Conditions, reason: ConditionReason, error: AnmcError, *, generation: int, now: datetime
) -> Conditions:
    return _show_stalled(conditions, reason, error.sentence, generation=generation, now=now)


def _show_stalled(
    conditions: Conditions, reason: ConditionReason, message: str, *, generation: int, now: datetime
) -> Conditions:
    conditions = remove_condition(conditions, ConditionType.RECONCILING)
    conditions = remove_condition(conditions, ConditionType.SUSPENDED)
    for type_, status in (
        (ConditionType.READY, ConditionStatus.FALSE),
        (ConditionType.STALLED, ConditionStatus.TRUE),
    ):
        conditions = set_condition(conditions, type_, status, reason, message, generation=generation, now=now)
    return conditions


def run_ended(
    status: IntegrationStatus, direction: Direction, *, error: AnmcError | None, generation: int, now: datetime
) -> Conditions:
    """Say how a direction stands after its run, and what that means for the whole."""
    last = status.of(direction).last_run
    if last is None:
        return status.conditions
    state, reason = _run_condition(last.result, records_read=last.records_read, error=error)
    conditions = status.conditions
    if state is ConditionStatus.TRUE or isinstance(error, SafetyStop) or find_stop(conditions, direction) is None:
        # Else the run did not get as far as its limits, and the stop stands (S4).
        conditions = set_condition(
            conditions, SYNCED[direction], state, reason, last.message, generation=generation, now=now
        )
    if isinstance(error, CREDENTIAL_PROBLEMS):
        return refused(conditions, error, generation=generation, now=now)
    return summary(conditions, status, generation=generation, now=now)


def _run_condition(
    result: RunResult, *, records_read: int, error: AnmcError | None
) -> tuple[ConditionStatus, ConditionReason]:
    if result is RunResult.INTERRUPTED:
        return ConditionStatus.UNKNOWN, ConditionReason.INTERRUPTED
    if result is RunResult.FAILED:
        if isinstance(error, CREDENTIAL_PROBLEMS):
            return ConditionStatus.FALSE, ConditionReason.CREDENTIALS_INVALID
        reasons = (reason for kind, reason in _RUN_REASONS.items() if isinstance(error, kind))
        return ConditionStatus.FALSE, next(reasons, ConditionReason.FAILED)
    if result is RunResult.SUCCEEDED and not records_read:
        return ConditionStatus.TRUE, ConditionReason.NOTHING_TO_DO
    return ConditionStatus.TRUE, ConditionReason(result)


def summary(conditions: Conditions, status: IntegrationStatus, *, generation: int, now: datetime) -> Conditions:
    """Set Ready, Reconciling and Stalled: by a safety stop, or by a failing streak of two pushes or one pull."""
    stops = (find_stop(conditions, direction) for direction in Direction)
    if (stop := next((stop for stop in stops if stop is not None), None)) is not None:
        return _show_stalled(conditions, ConditionReason.SAFETY_STOP, stop.message, generation=generation, now=now)
    conditions = remove_condition(conditions, ConditionType.STALLED)
    failing: tuple[ConditionReason, DirectionStatus] | None = None
    if status.pull.consecutive_failures:
        failing = ConditionReason.PULL_FAILING, status.pull
    if status.push.consecutive_failures > PUSH_FAILURES_TOLERATED:
        failing = ConditionReason.PUSH_FAILING, status.push
    if failing is not None:
        reason, direction = failing
        last = direction.last_run
        since = (
            f"; last success {direction.last_success_time:%Y-%m-%dT%H:%M:%SZ}" if direction.last_success_time else ""
        )
        message = (last.message if last else "") + since
        conditions = set_condition(
            conditions, ConditionType.READY, ConditionStatus.FALSE, reason, message, generation=generation, now=now
        )
        return set_condition(
            conditions,
            ConditionType.RECONCILING,
            ConditionStatus.TRUE,
            ConditionReason.PROGRESSING_WITH_RETRY,
            f"Trying again after {direction.consecutive_failures} failures in a row",
            generation=generation,
            now=now,
        )
    has_synced = status.push.last_success_time or status.pull.last_success_time
    reason, message = (
        (ConditionReason.SYNCED, "The last runs succeeded")
        if has_synced
        else (ConditionReason.ACTIVE, "Verified; nothing has run yet")
    )
    conditions = remove_condition(conditions, ConditionType.RECONCILING)
    return set_condition(
        conditions, ConditionType.READY, ConditionStatus.TRUE, reason, message, generation=generation, now=now
    )
