"""One turn of one integration: settle what is wished, verify, run what is due."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from anmc.api.conditions import find_condition
from anmc.api.names import ConditionType, Direction, RunResult
from anmc.api.spec import DataSyncIntegrationSpec
from anmc.api.status import Effective
from anmc.controller import conditions
from anmc.controller.due import Plan
from anmc.controller.ending import close_left_over
from anmc.controller.execution import Executor, Job
from anmc.controller.registry import Entry, Verification
from anmc.controller.safety import settle_override
from anmc.controller.services import OpenServices
from anmc.controller.turn import IDLE, Subject, Turn
from anmc.controller.uniqueness import Uniqueness
from anmc.controller.verification import REREAD, Verifier, find_verification
from anmc.controller.world import World
from anmc.errors import AnmcError, Interrupted, InvalidSpec

AFTER_CONFLICT: Final = timedelta(seconds=1)
"""Pause before an object that changed under a claim is looked at again."""


class Runner:
    """Takes turns; each leaves `entry.due` behind, when the next one is wanted."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._uniqueness = Uniqueness(world.registry)
        self._verifier = Verifier(world, self._uniqueness)
        self._executor = Executor(world)

    async def take_turn(self, entry: Entry) -> None:
        """Do what is due for one integration. Never raises: a defect becomes a log line and a delay."""
        entry.due = self._world.now() + REREAD
        entry.stop.clear()
        subject = Subject(entry, entry.seen, entry.revision)
        try:
            self._close_left_over(entry)
            if not subject.seen.is_active:
                await self._rest(subject)
            elif subject.seen.spec is None:
                await self._verifier.refuse(subject, subject.seen.problem or InvalidSpec("The spec cannot be read"))
            else:
                await self._work(subject, subject.seen.spec)
        except Interrupted:
            entry.due = self._world.now() + AFTER_CONFLICT
        except Exception as error:  # noqa: BLE001  # the one broad catch: a defect must not end the scheduler
            self._world.announcer.crashed(entry, error)

    def _close_left_over(self, entry: Entry) -> None:
        """Close runs that a process before this one did not end."""
        entry.status, closed = close_left_over(entry.status, now=self._world.now())
        for direction in closed:
            entry.runs[direction, RunResult.INTERRUPTED] += 1
            self._world.announcer.run_interrupted(entry, direction, "restart")

    async def _rest(self, subject: Subject) -> None:
        """Freeze an inactive integration; requests are answered, and nothing runs (sync.md W11)."""
        entry, requests, generation = subject.entry, subject.seen.requests, subject.seen.generation
        status = entry.status
        was_active = find_condition(status.conditions, ConditionType.SUSPENDED) is None
        for direction, token, handled in (
            (Direction.PUSH, requests.push, status.push.last_handled_request),
            (Direction.PULL, requests.pull, status.pull.last_handled_request),
            (Direction.PULL, requests.full_pull, status.pull.last_handled_full_request),
        ):
            if token and token != handled:
                self._world.announcer.request_ignored(entry, direction)
        if was_active and status.active_since_time is not None:
            self._world.announcer.deactivated(entry)
        push, pull = status.push, status.pull
        status = replace(
            status,
            observed_generation=generation,
            conditions=conditions.inactive(status.conditions, generation=generation, now=self._world.now()),
            push=replace(push, next_run_time=None, last_handled_request=requests.push or push.last_handled_request),
            pull=replace(
                pull,
                next_run_time=None,
                last_handled_request=requests.pull or pull.last_handled_request,
                last_handled_full_request=requests.full_pull or pull.last_handled_full_request,
            ),
        )
        entry.verification, entry.refusal, entry.stale_after = None, None, {}
        self._uniqueness.release(entry)
        entry.due = self._world.now() + IDLE
        await self._world.write(entry, status)

    async def _work(self, subject: Subject, spec: DataSyncIntegrationSpec) -> None:
        """Verify if needed, then run what is due."""
        entry, turn = subject.entry, await self._begin(subject, spec)
        if not entry.is_counted:
            await self._executor.count_people(turn)
        now = self._world.now()
        try:
            if await self._verifier.is_held_back(turn, now):
                return
            planned, known = turn.plan(now), find_verification(turn, now)
            is_due = planned.first is not None and planned.first.time <= now
            if known is not None and not is_due and self._uniqueness.elder_of(entry) is None:
                await self._wait(turn, planned, now)
                return
            async with (
                self._world.slots,
                self._world.services.open(turn.seen.namespace, spec, self._world.may_write) as services,
            ):
                _check_unchanged(entry)  # the place may have been long in coming
                entry.pace = services.pace
                await self._serve(turn, planned, known, services)
        except Interrupted:
            raise
        except AnmcError as error:
            await self._verifier.refuse(turn.subject, error)

    async def _begin(self, subject: Subject, spec: DataSyncIntegrationSpec) -> Turn:
        """Note a new activation or a new generation of the spec."""
        entry, seen, now = subject.entry, subject.seen, self._world.now()
        status = entry.status
        is_suspended = find_condition(status.conditions, ConditionType.SUSPENDED) is not None
        active_since = status.active_since_time
        if active_since is None or is_suspended:
            active_since = now.replace(microsecond=0)
            self._world.announcer.activated(entry)
        if status.observed_generation != seen.generation or is_suspended or not status.conditions:
            after = conditions.progressing(status.conditions, generation=seen.generation, now=now)
            status = replace(status, conditions=after)
        token = seen.requests.safety_override
        if token and token != status.last_handled_safety_override:
            settled = settle_override(status, token)
            if settled is not status:
                self._world.announcer.override_ignored(entry)
                status = settled
        status = replace(
            status, observed_generation=seen.generation, active_since_time=active_since, effective=Effective.of(spec)
        )
        await self._world.write(entry, status)
        return Turn(subject, spec, active_since)

    async def _serve(self, turn: Turn, planned: Plan, known: Verification | None, services: OpenServices) -> None:
        """Verify and run, with both services open."""
        try:
            if known is not None:
                self._uniqueness.check(turn.entry)
            verification = known or await self._verifier.verify(turn, services)
            now, first = self._world.now(), planned.first
            if first is not None and first.time <= now:
                await self._executor.run(Job(turn, first, services, verification))
            else:
                await self._wait(turn, planned, now)
        except Interrupted:
            raise
        except AnmcError as error:
            await self._verifier.refuse(turn.subject, error, secrets=services.secrets)

    async def _wait(self, turn: Turn, planned: Plan, now: datetime) -> None:
        """Show when the next runs are due, and come back then."""
        await self._world.write(turn.entry, turn.come_back(planned, now))


def _check_unchanged(entry: Entry) -> None:
    if entry.stop.is_set():
        raise Interrupted("The object was changed, deactivated or deleted")
