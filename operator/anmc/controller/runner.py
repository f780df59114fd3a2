"""One turn of one integration: settle what is wished, verify, run what is due, write what came of it."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from anmc.api.conditions import find_condition
from anmc.api.names import ConditionStatus, ConditionType, Direction, Mode, RunResult
from anmc.api.spec import DataSyncIntegrationSpec
from anmc.api.status import Calls, Effective, IntegrationStatus, People
from anmc.cluster.connection import KUBE_ERRORS
from anmc.cluster.integrations import Integrations
from anmc.cluster.reports import Reports
from anmc.cluster.status import StatusWriter
from anmc.controller import conditions
from anmc.controller.announcements import Announcer
from anmc.controller.clock import Clock
from anmc.controller.due import Due, Plan, plan
from anmc.controller.ending import Ending, report_of, status_after, with_direction
from anmc.controller.failures import as_error
from anmc.controller.progress import RunProgress
from anmc.controller.registry import Entry, Registry, Verification
from anmc.controller.services import OpenServices, Services
from anmc.errors import (
    AnmcError,
    AuthenticationFailed,
    FieldMappingInvalid,
    Interrupted,
    InvalidSpec,
    OriginNotAllowed,
)
from anmc.observability.metrics import Metrics
from anmc.rules.hashing import Hasher
from anmc.rules.policy import Policy
from anmc.rules.send_window import SendWindow
from anmc.store.scope import StoreScope
from anmc.store.store import Store
from anmc.sync.pull import pull
from anmc.sync.push import push
from anmc.sync.run import RunContext, RunOrder
from anmc.sync.verify import verify

IDLE: Final = timedelta(hours=1)
"""How long nobody looks at an integration that has nothing due; a change wakes it at once."""

RECHECK: Final = timedelta(minutes=15)
"""When refused credentials, names or origins are tried again although nothing changed (sync.md W15)."""

REREAD: Final = timedelta(minutes=1)
"""When Secrets are read again while they are refused or missing."""

VERIFY_EVERY: Final = timedelta(hours=24)
"""Age at which a verification is repeated (sync.md W14)."""

LONGEST_RUN: Final = {Direction.PUSH: timedelta(hours=2), Direction.PULL: timedelta(hours=24)}
"""Bounds of a run: far above what the services' limits need for a large account."""

AFTER_CONFLICT: Final = timedelta(seconds=1)
"""Pause before an object that changed under a claim is looked at again."""


@dataclass(frozen=True, slots=True)
class World:
    """Everything a turn works with."""

    clock: Clock
    services: Services
    store: Store
    integrations: Integrations
    writer: StatusWriter
    reports: Reports
    announcer: Announcer
    metrics: Metrics
    slots: asyncio.Semaphore
    is_leading: Callable[[], bool]
    is_draining: Callable[[], bool]

    def may_write(self) -> None:
        """Ask for permission to go on; asked before every request to a service.

        Raises:
            Interrupted: the Lease is not held any more, or the process is shutting down.
        """
        if not self.is_leading():
            raise Interrupted("The Lease is not held any more")
        if self.is_draining():
            raise Interrupted("The operator is shutting down")


class Runner:
    """Takes turns; each leaves `entry.due` behind, when the next one is wanted."""

    def __init__(self, world: World, registry: Registry) -> None:
        self._world = world
        self._registry = registry

    async def take_turn(self, entry: Entry) -> None:
        """Do what is due for one integration. Never raises: a defect becomes a log line and a delay."""
        entry.due = self._now() + REREAD
        entry.stop.clear()
        try:
            if not entry.seen.is_active:
                await self._rest(entry)
            elif entry.seen.spec is None:
                await self._refuse(entry, entry.seen.problem or InvalidSpec("The spec cannot be read"))
            else:
                await self._work(entry, entry.seen.spec)
        except Interrupted:
            entry.due = self._now() + AFTER_CONFLICT
        except AnmcError as error:
            await self._refuse(entry, error)
        except Exception as error:  # noqa: BLE001  # the one broad catch: a defect must not end the scheduler
            self._world.announcer.crashed(entry, error)

    def _now(self) -> datetime:
        return self._world.clock.now()

    async def _rest(self, entry: Entry) -> None:
        """Freeze an inactive integration; requests are answered, and nothing runs (sync.md W11)."""
        status, requests = entry.status, entry.seen.requests
        was_active = find_condition(status.conditions, ConditionType.SUSPENDED) is None
        for direction, token, handled in (
            (Direction.PUSH, requests.push, status.push.last_handled_request),
            (Direction.PULL, requests.pull, status.pull.last_handled_request),
            (Direction.PULL, requests.full_pull, status.pull.last_handled_full_request),
        ):
            if token and token != handled:
                self._world.announcer.request_ignored(entry, direction)
        status = replace(
            status,
            observed_generation=entry.seen.generation,
            conditions=conditions.inactive(status.conditions, generation=entry.seen.generation, now=self._now()),
            push=replace(
                status.push,
                next_run_time=None,
                last_handled_request=requests.push or status.push.last_handled_request,
            ),
            pull=replace(
                status.pull,
                next_run_time=None,
                last_handled_request=requests.pull or status.pull.last_handled_request,
                last_handled_full_request=requests.full_pull or status.pull.last_handled_full_request,
            ),
        )
        if was_active and status.active_since_time is not None:
            self._world.announcer.deactivated(entry)
        entry.verification = None
        entry.due = self._now() + IDLE
        await self._write(entry, status)

    async def _work(self, entry: Entry, spec: DataSyncIntegrationSpec) -> None:
        """Verify if needed, then run what is due."""
        active_since = await self._activate(entry, spec)
        now = self._now()
        if (
            entry.blocked_until is not None
            and now < entry.blocked_until
            and not await self._secrets_changed(entry, spec)
        ):
            entry.due = min(entry.blocked_until, now + REREAD)
            return
        planned = self._plan(entry, spec, active_since, now)
        first, verification = planned.first, entry.verification
        is_verified = verification is not None and now - verification.at < VERIFY_EVERY
        if is_verified and (first is None or first.time > now):
            await self._wait(entry, planned)
            return
        async with (
            self._world.slots,
            self._world.services.open(entry.seen.namespace, spec, self._world.may_write) as services,
        ):
            if not is_verified or verification is None:
                verification = await self._verify(entry, spec, services)
            if first is not None and first.time <= now:
                await self._run(entry, spec, first, services, verification, active_since)
            else:
                await self._wait(entry, planned)

    async def _activate(self, entry: Entry, spec: DataSyncIntegrationSpec) -> datetime:
        """Note a new activation or a new generation of the spec; return since when the integration is active."""
        status, generation, now = entry.status, entry.seen.generation, self._now()
        suspended = find_condition(status.conditions, ConditionType.SUSPENDED) is not None
        active_since = status.active_since_time
        if active_since is None or suspended:
            active_since = now.replace(microsecond=0)
            self._world.announcer.activated(entry)
        if entry.verification is None and (
            status.observed_generation != generation or suspended or not status.conditions
        ):
            status = replace(
                status, conditions=conditions.progressing(status.conditions, generation=generation, now=now)
            )
        status = replace(
            status, observed_generation=generation, active_since_time=active_since, effective=Effective.of(spec)
        )
        await self._write(entry, status)
        return active_since

    async def _secrets_changed(self, entry: Entry, spec: DataSyncIntegrationSpec) -> bool:
        """Whether refused Secrets hold something new; a spec without a refused Secret just waits."""
        if entry.refused_secrets is None:
            return False
        return await self._world.services.fingerprint(entry.seen.namespace, spec) != entry.refused_secrets

    def _plan(self, entry: Entry, spec: DataSyncIntegrationSpec, active_since: datetime, now: datetime) -> Plan:
        dry_done = {
            direction for direction, generation in entry.dry_generations.items() if generation == entry.seen.generation
        }
        return plan(
            uid=entry.seen.uid,
            spec=spec,
            status=entry.status,
            requests=entry.seen.requests,
            dry_done=frozenset(dry_done),
            active_since=active_since,
            now=now,
        )

    async def _wait(self, entry: Entry, planned: Plan) -> None:
        """Show when the next runs are due, and come back then."""
        first = planned.first
        entry.due = first.time if first is not None else self._now() + IDLE
        await self._write(entry, _with_next_runs(entry.status, planned))

    async def _verify(self, entry: Entry, spec: DataSyncIntegrationSpec, services: OpenServices) -> Verification:
        found = await verify(spec, services.mobile_commons, services.action_network)
        generation, now = entry.seen.generation, self._now()
        before = find_condition(entry.status.conditions, ConditionType.CREDENTIALS_VALID)
        entry.verification = Verification(generation, found, now)
        entry.blocked_until, entry.refused_secrets = None, None
        status = replace(
            entry.status, conditions=conditions.verified(entry.status.conditions, generation=generation, now=now)
        )
        status = replace(
            status, conditions=conditions.summary(status.conditions, status, generation=generation, now=now)
        )
        await self._write(entry, status)
        if before is None or before.status is not ConditionStatus.TRUE:
            self._world.announcer.verified(entry)
        return entry.verification

    async def _refuse(self, entry: Entry, error: AnmcError) -> None:
        """Say why nothing can run, and when it is tried again."""
        now = self._now()
        before = entry.status.conditions
        after = conditions.refused(before, error, generation=entry.seen.generation, now=now)
        needs_a_person = isinstance(error, (AuthenticationFailed, FieldMappingInvalid, InvalidSpec, OriginNotAllowed))
        entry.verification = None
        entry.blocked_until = now + (RECHECK if needs_a_person else REREAD)
        entry.refused_secrets = None
        if isinstance(error, AuthenticationFailed) and entry.seen.spec is not None:
            entry.refused_secrets = await self._world.services.fingerprint(entry.seen.namespace, entry.seen.spec)
        entry.due = min(entry.blocked_until, now + REREAD)
        changed = {(one.type, one.reason) for one in after} != {(one.type, one.reason) for one in before}
        if changed:
            self._world.announcer.refused(entry, error)
        await self._write(entry, replace(entry.status, observed_generation=entry.seen.generation, conditions=after))

    async def _run(
        self,
        entry: Entry,
        spec: DataSyncIntegrationSpec,
        due: Due,
        services: OpenServices,
        verification: Verification,
        active_since: datetime,
        *,
        inside_pull: bool = False,
    ) -> None:
        """Run one push or pull to its end, whatever that is, and write it down."""
        world = self._world
        memory = world.store.memory(_scope(entry, spec))
        order = self._order(entry, spec, due, active_since, releases_opt_ins=not inside_pull)
        order = order.resume((await memory.positions(due.direction)).checkpoint)

        async def let_push_run() -> None:
            now = self._now()
            planned = self._plan(entry, spec, active_since, now)
            if planned.push is not None and planned.push.time <= now:
                await self._run(entry, spec, planned.push, services, verification, active_since, inside_pull=True)

        async def nothing() -> None:
            return

        progress = RunProgress(
            entry=entry,
            order=order,
            registry=self._registry,
            writer=world.writer,
            integrations=world.integrations,
            clock=world.clock,
            may_write=world.may_write,
            between_pages=let_push_run if due.direction is Direction.PULL else nothing,
        )
        context = RunContext(
            order=order,
            policy=Policy.of(spec, target=verification.found.target),
            hasher=Hasher(world.store.hash_key),
            send_window=SendWindow.of(spec),
            mobile_commons=services.mobile_commons,
            action_network=services.action_network,
            memory=memory,
            progress=progress,
            now=self._now,
        )
        calls_before = Calls(mobile_commons=services.mobile_commons.calls, action_network=services.action_network.calls)
        if not inside_pull:
            world.metrics.run_started(due.direction, delay=(self._now() - due.time).total_seconds())
        end, error, begun = None, None, world.clock.monotonic()
        try:
            if due.direction is Direction.PULL:
                await progress.claim()
            async with asyncio.timeout(LONGEST_RUN[due.direction].total_seconds()):
                end = await (push(context) if due.direction is Direction.PUSH else pull(context))
        except Exception as caught:  # noqa: BLE001  # sorted by kind; a defect is logged with its traceback
            error = as_error(caught)
            if isinstance(error, Interrupted) and not progress.is_claimed:
                raise error from None
        finally:
            entry.running_since.pop(due.direction, None)
        ending = Ending(
            order=order,
            due=due,
            completed_at=self._now(),
            seconds=world.clock.monotonic() - begun,
            calls=Calls(
                mobile_commons=services.mobile_commons.calls - calls_before.mobile_commons,
                action_network=services.action_network.calls - calls_before.action_network,
            ),
            tally=context.tally,
            end=end,
            error=error,
        )
        counts = await memory.count_people()
        people = People(
            linked=counts.linked,
            suppressed=counts.suppressed,
            deferred_opt_ins=counts.deferred_opt_ins,
            dead_letters=counts.dead_letters,
        )
        await self._finish(entry, spec, ending, context, people, active_since)

    def _order(
        self,
        entry: Entry,
        spec: DataSyncIntegrationSpec,
        due: Due,
        active_since: datetime,
        *,
        releases_opt_ins: bool,
    ) -> RunOrder:
        now = self._now().replace(microsecond=0)
        return RunOrder(
            id=f"{due.direction.lower()}-{now.astimezone(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}",
            direction=due.direction,
            trigger=due.trigger,
            mode=spec.push.mode if due.direction is Direction.PUSH else spec.pull.mode,
            generation=entry.seen.generation,
            started_at=now,
            active_since=active_since,
            lookback=spec.pull.lookback,
            initial_sync=spec.initial_sync,
            max_opt_ins_per_day=spec.consent.max_opt_ins_per_day,
            max_failure_percent=spec.safety.max_failure_percent,
            known_watermark=entry.status.of(due.direction).watermark,
            full=due.full,
            releases_opt_ins=releases_opt_ins,
        )

    async def _finish(
        self,
        entry: Entry,
        spec: DataSyncIntegrationSpec,
        ending: Ending,
        context: RunContext,
        people: People,
        active_since: datetime,
    ) -> None:
        """Write report, status, events and metrics of a run."""
        world, direction = self._world, ending.order.direction
        failures_before = entry.status.of(direction).consecutive_failures
        deferred_before = entry.status.people.deferred_opt_ins
        ending = replace(ending, report_name=await self._report(entry, spec, ending, context))
        status = replace(status_after(entry.status, ending), people=people)
        status = replace(
            status,
            conditions=conditions.run_ended(
                status,
                direction,
                error=ending.error,
                generation=ending.order.generation,
                now=ending.completed_at,
            ),
        )
        if ending.order.mode is Mode.DRY_RUN and ending.result is RunResult.DRY_RUN:
            entry.dry_generations[direction] = ending.order.generation
        entry.status = status
        planned = self._plan(entry, spec, active_since, self._now())
        seconds = ending.seconds
        entry.runs[direction, ending.result] += 1
        for category, count in ending.tally.by_category.items():
            entry.records[direction, category] += count
        world.metrics.run_ended(
            direction, seconds=seconds, calls=ending.calls, floor=context.floor, counts=ending.tally.counts
        )
        if isinstance(ending.error, Interrupted):
            world.announcer.run_interrupted(entry, direction, ending.error.message)
        elif ending.error is not None:
            world.announcer.run_failed(entry, direction, ending.error, is_first=failures_before == 0)
        else:
            if failures_before:
                world.announcer.run_recovered(entry, direction, failures=failures_before)
            if ending.end is not None:
                world.announcer.run_finished(entry, direction, ending.order.id, ending.end, seconds=seconds)
            if people.deferred_opt_ins > deferred_before:
                world.announcer.opt_ins_deferred(entry, people.deferred_opt_ins)
        entry.due = planned.first.time if planned.first is not None else self._now() + IDLE
        await asyncio.shield(self._write(entry, _with_next_runs(status, planned)))
        if isinstance(ending.error, conditions.CREDENTIAL_PROBLEMS):
            raise ending.error

    async def _report(
        self, entry: Entry, spec: DataSyncIntegrationSpec, ending: Ending, context: RunContext
    ) -> str | None:
        """Create the run's report and remove the oldest; a report that cannot be written fails no run."""
        report = report_of(ending, context, integration=entry.seen.name)
        if report is None:
            return None
        keep = spec.reports.keep_pulls if report.direction is Direction.PULL else spec.reports.keep_pushes
        try:
            await self._world.reports.create(report, namespace=entry.seen.namespace, owner_uid=entry.seen.uid)
            await self._world.reports.prune(
                namespace=entry.seen.namespace, integration=entry.seen.name, direction=report.direction, keep=keep
            )
        except KUBE_ERRORS:
            self._world.metrics.kube_write("report", "failed")
            return None
        self._world.metrics.kube_write("report", "written")
        return report.name

    async def _write(self, entry: Entry, status: IntegrationStatus) -> None:
        entry.status = status
        await self._world.writer.write(entry.target, status)


def _with_next_runs(status: IntegrationStatus, planned: Plan) -> IntegrationStatus:
    for direction, due in ((Direction.PUSH, planned.push), (Direction.PULL, planned.pull)):
        time = due.time.replace(microsecond=0) if due is not None else None
        status = with_direction(status, replace(status.of(direction), next_run_time=time))
    return status


def _scope(entry: Entry, spec: DataSyncIntegrationSpec) -> StoreScope:
    """The ledger belongs to company and campaign, so that it outlives the integration (sync.md 1)."""
    commons = spec.mobile_commons
    return StoreScope(entry.seen.uid, f"{commons.url} {commons.company_key or ''} {commons.campaign_id or 'all'}")
