"""One run from its order to its end, whatever that is."""

import asyncio
import secrets
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Final

from anmc.api.names import Direction
from anmc.api.status import Calls, People
from anmc.controller.due import Due
from anmc.controller.ending import Ending
from anmc.controller.failures import as_error
from anmc.controller.progress import RunProgress
from anmc.controller.recorder import Recorder
from anmc.controller.registry import Verification
from anmc.controller.safety import is_stopped
from anmc.controller.services import OpenServices
from anmc.controller.turn import Turn
from anmc.controller.world import World
from anmc.errors import Interrupted, StoreUnavailable
from anmc.rules.hashing import Hasher
from anmc.rules.policy import Policy
from anmc.rules.send_window import SendWindow
from anmc.store.scope import StoreScope
from anmc.sync.ports import Memory
from anmc.sync.pull import pull
from anmc.sync.push import push
from anmc.sync.run import RunContext, RunEnd, RunOrder

LONGEST_RUN: Final = {Direction.PUSH: timedelta(hours=2), Direction.PULL: timedelta(hours=24)}
"""Bounds of a run: far above what the services' limits need for a large account."""


@dataclass(frozen=True, slots=True)
class Job:
    """A run that is due, and all that was prepared for it. A push `inside_pull` leaves opt-ins to that pull."""

    turn: Turn
    due: Due
    services: OpenServices
    verification: Verification
    inside_pull: bool = False


_OTHER: Final = {Direction.PUSH: Direction.PULL, Direction.PULL: Direction.PUSH}


class Executor:
    """Runs pushes and pulls, one of an integration at a time; a pull lets due pushes run at its pages."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._recorder = Recorder(world)

    async def run(self, job: Job) -> None:
        """Run to the end and write down what came of it.

        Raises:
            AnmcError: the credentials were refused, after the failed run was written down.
            Interrupted: the run stopped before it was claimed; there is nothing to write down.
        """
        world, entry, direction = self._world, job.turn.entry, job.due.direction
        memory = world.store.memory(_scope(job.turn))
        order = await _resumed(self._order(job), memory)
        progress = self._progress(job, order)
        context = self._context(job, order, memory, progress)
        calls_before, begun = job.services.calls, world.clock.monotonic()
        if not job.inside_pull:
            world.metrics.run_started(direction, delay=(world.now() - job.due.time).total_seconds())
        entry.running.add(direction)
        end, error = None, None
        try:
            end = await _run(context)
            error = end.error
        except Exception as caught:  # noqa: BLE001  # sorted by kind; a defect is logged with its traceback
            error = as_error(caught)
            if isinstance(error, Interrupted) and not progress.is_claimed:
                raise error from None
        finally:
            entry.running.discard(direction)
            entry.running_since.pop(direction, None)
        ending = Ending(
            order=order,
            due=job.due,
            completed_at=world.now(),
            seconds=world.clock.monotonic() - begun,
            calls=_difference(job.services.calls, calls_before),
            tally=context.tally,
            end=end,
            error=error,
        )
        people = await self.count_people(job.turn)
        await self._recorder.record(job.turn, ending, context, people)

    async def count_people(self, turn: Turn) -> People:
        """Read how much the store holds, for status and metrics; if it cannot be read, the last count stands."""
        entry = turn.entry
        try:
            counts = await self._world.store.memory(_scope(turn)).count_people()
        except StoreUnavailable:
            return entry.status.people
        entry.oldest_dead_letter, entry.is_counted = counts.oldest_dead_letter, True
        return People(
            linked=counts.linked,
            suppressed=counts.suppressed,
            deferred_opt_ins=counts.deferred_opt_ins,
            dead_letters=counts.dead_letters,
        )

    def _order(self, job: Job) -> RunOrder:
        turn, due, spec = job.turn, job.due, job.turn.spec
        now = self._world.now().replace(microsecond=0)
        return RunOrder(
            id=f"{due.direction.lower()}-{now.astimezone(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}",
            direction=due.direction,
            trigger=due.trigger,
            mode=spec.push.mode if due.direction is Direction.PUSH else spec.pull.mode,
            generation=turn.seen.generation,
            started_at=now,
            active_since=turn.active_since,
            lookback=spec.pull.lookback,
            initial_sync=spec.initial_sync,
            max_opt_ins_per_day=spec.consent.max_opt_ins_per_day,
            max_failure_percent=spec.safety.max_failure_percent,
            max_opt_out_percent=spec.safety.max_opt_out_percent,
            max_creates=spec.safety.max_creates_per_run,
            overrides_safety=bool(due.override),
            known_watermark=turn.entry.status.of(due.direction).watermark,
            full=due.full,
            releases_opt_ins=not job.inside_pull and not is_stopped(turn.entry.status, _OTHER[due.direction]),
        )

    def _progress(self, job: Job, order: RunOrder) -> RunProgress:
        async def let_push_run() -> None:
            if job.due.direction is not Direction.PULL:
                return
            now = self._world.now()
            due = job.turn.plan(now).push
            if due is not None and due.time <= now:
                await self.run(Job(job.turn, due, job.services, job.verification, inside_pull=True))

        return RunProgress(
            entry=job.turn.entry,
            order=order,
            registry=self._world.registry,
            writer=self._world.writer,
            integrations=self._world.integrations,
            clock=self._world.clock,
            may_write=self._world.may_write,
            between_pages=let_push_run,
        )

    def _context(self, job: Job, order: RunOrder, memory: Memory, progress: RunProgress) -> RunContext:
        spec, found = job.turn.spec, job.verification.found
        return RunContext(
            order=order,
            policy=Policy.of(spec, target=found.target, missing=found.missing),
            hasher=Hasher(self._world.store.hash_key),
            send_window=SendWindow.of(spec),
            mobile_commons=job.services.mobile_commons,
            action_network=job.services.action_network,
            memory=memory,
            progress=progress,
            clock=self._world.now,
        )


async def _run(context: RunContext) -> RunEnd:
    direction = context.order.direction
    if direction is Direction.PULL:
        await context.progress.claim()
    async with asyncio.timeout(LONGEST_RUN[direction].total_seconds()):
        return await (push(context) if direction is Direction.PUSH else pull(context))


async def _resumed(order: RunOrder, memory: Memory) -> RunOrder:
    try:
        positions = await memory.positions(order.direction)
    except StoreUnavailable:
        return order  # the run meets it again at its first step, and fails as a run
    return order.resume(positions.checkpoint)


def _difference(after: Calls, before: Calls) -> Calls:
    return Calls(
        mobile_commons=after.mobile_commons - before.mobile_commons,
        action_network=after.action_network - before.action_network,
    )


def _scope(turn: Turn) -> StoreScope:
    """The ledger belongs to company and campaign, so that it outlives the integration (sync.md 1)."""
    commons = turn.spec.mobile_commons
    return StoreScope(turn.seen.uid, f"{commons.url} {commons.company_key or ''} {commons.campaign_id or 'all'}")
