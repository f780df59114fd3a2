"""What is due: a pure function of spec, status and time (sync.md W10, W11)."""

import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from anmc.api.names import Direction, Mode, RunResult, Trigger
from anmc.api.spec import DataSyncIntegrationSpec
from anmc.api.status import DirectionStatus, IntegrationStatus
from anmc.controller.sighting import Requests
from anmc.rules.schedule import Schedule, next_pull, next_push, retry_delay


@dataclass(frozen=True, slots=True)
class Due:
    """A run and when it is due. `full` asks for the whole list; `token` is the request it answers."""

    time: datetime
    direction: Direction
    trigger: Trigger
    full: bool = False
    token: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The next run of each direction; None while it is not on schedule."""

    push: Due | None
    pull: Due | None

    @property
    def first(self) -> Due | None:
        """The run to start next: what is due now goes push first, then by time."""
        runs = [due for due in (self.push, self.pull) if due is not None]
        return min(runs, key=lambda due: due.time, default=None)


def plan(
    *,
    uid: str,
    spec: DataSyncIntegrationSpec,
    status: IntegrationStatus,
    requests: Requests,
    dry_done: frozenset[Direction],
    active_since: datetime,
    now: datetime,
) -> Plan:
    """Plan the next runs of an active integration.

    `dry_done` are the directions that already ran dry for this generation of the spec (sync.md W17).

    Raises:
        InvalidSpec: the schedule or its zone cannot be used.
    """
    schedule = Schedule.parse(spec.pull.schedule, spec.pull.time_zone)
    return Plan(
        push=_push(uid, spec, status.push, requests, Direction.PUSH in dry_done, active_since, now),
        pull=_pull(spec, status, requests, schedule, Direction.PULL in dry_done, active_since, now),
    )


def _push(  # noqa: PLR0917  # the parts of one pure function, in the order of plan()
    uid: str,
    spec: DataSyncIntegrationSpec,
    status: DirectionStatus,
    requests: Requests,
    dry_done: bool,  # noqa: FBT001
    active_since: datetime,
    now: datetime,
) -> Due | None:
    if requests.push and requests.push != status.last_handled_request:
        return Due(now, Direction.PUSH, Trigger.REQUEST, token=requests.push)
    if spec.push.mode is Mode.DRY_RUN:
        return None if dry_done else Due(now, Direction.PUSH, Trigger.ACTIVATION)
    if _was_interrupted(status):
        return Due(now, Direction.PUSH, Trigger.RETRY)
    last = _last_start(status, active_since)
    trigger = Trigger.ACTIVATION if last is None else Trigger.RETRY if status.consecutive_failures else Trigger.SCHEDULE
    time = next_push(
        last_start=last,
        interval=spec.push.interval,
        active_since=active_since,
        now=now,
        phase=_phase(uid, spec.push.interval),
    )
    return Due(time, Direction.PUSH, trigger)


def _pull(  # noqa: PLR0917  # the parts of one pure function, in the order of plan()
    spec: DataSyncIntegrationSpec,
    status: IntegrationStatus,
    requests: Requests,
    schedule: Schedule,
    dry_done: bool,  # noqa: FBT001
    active_since: datetime,
    now: datetime,
) -> Due | None:
    pull = status.pull
    if requests.full_pull and requests.full_pull != pull.last_handled_full_request:
        return Due(now, Direction.PULL, Trigger.REQUEST, full=True, token=requests.full_pull)
    if requests.pull and requests.pull != pull.last_handled_request:
        return Due(now, Direction.PULL, Trigger.REQUEST, token=requests.pull)
    if spec.pull.mode is Mode.DRY_RUN:
        return None if dry_done else Due(now, Direction.PULL, Trigger.ACTIVATION)
    if _was_interrupted(pull):
        return Due(now, Direction.PULL, Trigger.RETRY)
    coming = next_pull(
        schedule=schedule,
        last_start=_last_start(pull, active_since),
        active_since=active_since,
        now=now,
        starting_deadline=spec.pull.starting_deadline,
    )
    due = Due(coming.time, Direction.PULL, coming.trigger)
    if pull.consecutive_failures and pull.last_run is not None:
        again = pull.last_run.completion_time + retry_delay(pull.consecutive_failures)
        if again < due.time:
            return Due(max(again, now), Direction.PULL, Trigger.RETRY)
    return due


def _was_interrupted(status: DirectionStatus) -> bool:
    """A run that did not end: left over by a dead process, or stopped by a shutdown."""
    return status.current_run is not None or (
        status.last_run is not None and status.last_run.result is RunResult.INTERRUPTED
    )


def _last_start(status: DirectionStatus, active_since: datetime) -> datetime | None:
    """The start of the last run since the activation; an older one says nothing about this one's schedule."""
    if status.last_run is None or status.last_run.start_time < active_since:
        return None
    return status.last_run.start_time


def _phase(uid: str, interval: timedelta) -> timedelta:
    """Spread integrations over the interval, always the same way for one object."""
    return timedelta(seconds=zlib.crc32(uid.encode()) % max(1, int(interval.total_seconds())))
