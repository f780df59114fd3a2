"""What is due: a pure function of spec, status and time (sync.md W10, W11)."""

import zlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from anmc.api.conditions import find_condition
from anmc.api.names import ConditionReason, Direction, Mode, RunResult, Trigger
from anmc.api.spec import DataSyncIntegrationSpec
from anmc.api.status import DirectionStatus, IntegrationStatus
from anmc.controller.safety import SYNCED, override_for
from anmc.controller.sighting import Requests
from anmc.rules.schedule import Schedule, next_pull, next_push, retry_delay
from anmc.rules.windows import may_resume

LEAST_PUSH_STALENESS: Final = timedelta(minutes=10)
"""Age of the last success at which a push counts as stale, at the shortest intervals (operations.md 2)."""

PULL_STALENESS: Final = timedelta(hours=3)
"""How long after its night a pull counts as stale."""


@dataclass(frozen=True, slots=True)
class Due:
    """A run and when it is due.

    `full` asks for the whole list, `token` is the request it answers, `override` the one that lets it pass its limits.
    """

    time: datetime
    direction: Direction
    trigger: Trigger
    full: bool = False
    token: str = ""
    override: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """The next run of each direction; None while it is not on schedule."""

    push: Due | None
    pull: Due | None

    @property
    def first(self) -> Due | None:
        """The run to start next: the one that is due longest, and of two equals the push.

        A pull lets a push go first at each page (sync.md W1), so pushes that overrun cannot keep it from starting.
        """
        runs = [due for due in (self.push, self.pull) if due is not None]
        return min(runs, key=lambda due: due.time, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What a plan follows from: an active integration as it is wished and as it stands, and the time."""

    uid: str
    generation: int
    spec: DataSyncIntegrationSpec
    status: IntegrationStatus
    requests: Requests
    active_since: datetime
    now: datetime

    def last_start(self, direction: Direction) -> datetime | None:
        """Return the start of the last run since the activation; an older one says nothing about the schedule."""
        last = self.status.of(direction).last_run
        return last.start_time if last is not None and last.start_time >= self.active_since else None

    def was_interrupted(self, direction: Direction) -> bool:
        """Whether the last run was stopped, and is to be taken up at once.

        One from before the activation is, while it may be resumed (sync.md W8): switching off and on again loses
        nothing. Later the schedule decides, as for every activation (sync.md W11).
        """
        last = self.status.of(direction).last_run
        if last is None or last.result is not RunResult.INTERRUPTED:
            return False
        return last.start_time >= self.active_since or may_resume(last.completion_time, self.now)

    def ran_dry(self, direction: Direction) -> bool:
        """Whether this generation of the spec had its dry run (sync.md W17)."""
        synced = find_condition(self.status.conditions, SYNCED[direction])
        return (
            synced is not None
            and synced.reason is ConditionReason.DRY_RUN
            and synced.observed_generation == self.generation
        )


def plan(situation: Situation) -> Plan:
    """Plan the next runs.

    Raises:
        InvalidSpec: the schedule or its zone cannot be used.
    """
    schedule = Schedule.parse(situation.spec.pull.schedule, situation.spec.pull.time_zone)
    push, pull = _push(situation), _pull(situation, schedule)
    return Plan(push=_overriding(situation, push), pull=_overriding(situation, pull))


def stale_after(situation: Situation) -> dict[Direction, datetime]:
    """Return from when on each direction counts as stale, unless a run succeeds before (operations.md 2).

    A direction in DryRun is never stale.

    Raises:
        InvalidSpec: as `plan`.
    """
    spec, status = situation.spec, situation.status
    limits: dict[Direction, datetime] = {}
    if spec.push.mode is not Mode.DRY_RUN:
        limits[Direction.PUSH] = _fresh_since(situation, status.push) + max(
            LEAST_PUSH_STALENESS, 2 * spec.push.interval
        )
    if spec.pull.mode is not Mode.DRY_RUN:
        schedule = Schedule.parse(spec.pull.schedule, spec.pull.time_zone)
        limits[Direction.PULL] = schedule.next_after(_fresh_since(situation, status.pull)) + PULL_STALENESS
    return limits


def _fresh_since(situation: Situation, status: DirectionStatus) -> datetime:
    return max(status.last_success_time or situation.active_since, situation.active_since)


def _push(situation: Situation) -> Due | None:
    spec, status, now = situation.spec.push, situation.status.push, situation.now
    token = situation.requests.push
    if token and token != status.last_handled_request:
        return Due(now, Direction.PUSH, Trigger.REQUEST, token=token)
    is_dry = spec.mode is Mode.DRY_RUN
    if is_dry and situation.ran_dry(Direction.PUSH):
        return None
    if situation.was_interrupted(Direction.PUSH):
        return Due(now, Direction.PUSH, Trigger.RETRY)
    last = situation.last_start(Direction.PUSH)
    failed = last is not None and status.consecutive_failures > 0
    if is_dry and not failed:
        return Due(now, Direction.PUSH, Trigger.ACTIVATION)
    time = next_push(
        last_start=last,
        interval=spec.interval,
        active_since=situation.active_since,
        now=now,
        phase=_phase(situation.uid, spec.interval),
    )
    trigger = Trigger.ACTIVATION if last is None else Trigger.RETRY if failed else Trigger.SCHEDULE
    return Due(time, Direction.PUSH, trigger)


def _pull(situation: Situation, schedule: Schedule) -> Due | None:
    spec, status, now = situation.spec.pull, situation.status.pull, situation.now
    if (requested := _requested_pull(situation)) is not None:
        return requested
    is_dry = spec.mode is Mode.DRY_RUN
    if is_dry and situation.ran_dry(Direction.PULL):
        return None
    if situation.was_interrupted(Direction.PULL):
        return Due(now, Direction.PULL, Trigger.RETRY)
    last = situation.last_start(Direction.PULL)
    retry = None
    if last is not None and status.consecutive_failures and status.last_run is not None:
        again = status.last_run.completion_time + retry_delay(status.consecutive_failures)
        retry = Due(again, Direction.PULL, Trigger.RETRY)
    if is_dry:
        return retry or Due(now, Direction.PULL, Trigger.ACTIVATION)
    coming = next_pull(
        schedule=schedule,
        last_start=last,
        active_since=situation.active_since,
        now=now,
        starting_deadline=spec.starting_deadline,
    )
    if retry is not None and retry.time < coming.time:
        return retry
    return Due(coming.time, Direction.PULL, coming.trigger)


def _requested_pull(situation: Situation) -> Due | None:
    requests, status, now = situation.requests, situation.status.pull, situation.now
    if requests.full_pull and requests.full_pull != status.last_handled_full_request:
        return Due(now, Direction.PULL, Trigger.REQUEST, full=True, token=requests.full_pull)
    if requests.pull and requests.pull != status.last_handled_request:
        return Due(now, Direction.PULL, Trigger.REQUEST, token=requests.pull)
    return None


def _overriding(situation: Situation, due: Due | None) -> Due | None:
    """Let a stopped direction run at once when it may pass its limits (S4)."""
    if due is None:
        return None
    override = override_for(situation.status, due.direction, situation.requests.safety_override)
    if not override:
        return due
    trigger = due.trigger if due.time <= situation.now else Trigger.REQUEST
    return replace(due, time=min(due.time, situation.now), trigger=trigger, override=override)


def _phase(uid: str, interval: timedelta) -> timedelta:
    """Spread integrations over the interval, always the same way for one object."""
    return timedelta(seconds=zlib.crc32(uid.encode()) % max(1, int(interval.total_seconds())))
