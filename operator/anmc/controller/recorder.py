"""Writes down how a run ended: report, status, events, metrics."""

import asyncio
from dataclasses import replace

from anmc.api.names import Direction, RunResult
from anmc.api.status import People
from anmc.cluster.connection import KUBE_ERRORS
from anmc.controller import conditions
from anmc.controller.ending import Ending, report_of, status_after
from anmc.controller.registry import Entry
from anmc.controller.safety import is_stopped, settle_override
from anmc.controller.turn import Turn
from anmc.controller.world import World
from anmc.errors import Interrupted, SafetyStop
from anmc.sync.run import RunContext


class Recorder:
    """Makes the end of a run known everywhere."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def record(self, turn: Turn, ending: Ending, context: RunContext, people: People) -> None:
        """Write down a run, and set when the next one is due.

        Raises:
            AnmcError: the one that ended the run, if it says that the credentials are refused.
        """
        entry, direction = turn.entry, ending.order.direction
        before = entry.status
        ending = replace(ending, report_name=await self._report(turn, ending, context))
        status = replace(status_after(before, ending), people=people)
        entry.status = replace(
            status,
            conditions=conditions.run_ended(
                status,
                direction,
                error=ending.error,
                generation=ending.order.generation,
                now=ending.completed_at,
            ),
        )
        if ending.due.override and ending.end is not None:
            entry.status = settle_override(entry.status, ending.due.override)
            self._world.announcer.safety_overridden(entry, direction)
        now = self._world.now()
        status = turn.come_back(turn.plan(now), now)
        self._count(entry, ending, context)
        self._announce(
            entry,
            ending,
            failures=before.of(direction).consecutive_failures,
            was_stopped=is_stopped(before, direction),
        )
        if people.deferred_opt_ins > before.people.deferred_opt_ins:
            self._world.announcer.opt_ins_deferred(entry, people.deferred_opt_ins)
        if people.dead_letters > before.people.dead_letters:
            added = people.dead_letters - before.people.dead_letters
            self._world.announcer.dead_letters_added(entry, added, ending.tally.failure_reasons)
        await asyncio.shield(self._world.write(entry, status))
        if isinstance(ending.error, conditions.CREDENTIAL_PROBLEMS):
            raise ending.error

    def _count(self, entry: Entry, ending: Ending, context: RunContext) -> None:
        """Add to the metrics; the records of an interrupted run are counted by the one that resumes it."""
        direction, tally = ending.order.direction, ending.tally
        is_counted = ending.result is not RunResult.INTERRUPTED
        entry.runs[direction, ending.result] += 1
        if is_counted:
            for category, count in tally.by_category.items():
                entry.records[direction, category] += count
        self._world.metrics.run_ended(
            direction,
            seconds=ending.seconds,
            calls=ending.calls,
            floor=context.floor,
            counts=tally.counts if is_counted else {},
        )

    def _announce(self, entry: Entry, ending: Ending, *, failures: int, was_stopped: bool) -> None:
        """Tell people; `failures` is the length of the streak that this run found."""
        announcer, direction = self._world.announcer, ending.order.direction
        if isinstance(ending.error, Interrupted):
            announcer.run_interrupted(entry, direction, ending.error.message)
        elif isinstance(ending.error, SafetyStop):
            announcer.safety_stopped(entry, direction, ending.error, is_first=not was_stopped)
        elif ending.error is not None:
            announcer.run_failed(entry, direction, ending.error, is_first=failures == 0)
        elif ending.end is not None:
            if failures:
                announcer.run_recovered(entry, direction, failures=failures)
            announcer.run_finished(entry, direction, ending.order.id, ending.end, seconds=ending.seconds)

    async def _report(self, turn: Turn, ending: Ending, context: RunContext) -> str | None:
        """Create the run's report and remove the oldest; a report that cannot be written fails no run."""
        seen, keep = turn.seen, turn.spec.reports
        report = report_of(ending, context, integration=seen.name)
        if report is None:
            return None
        reports, metrics = self._world.reports, self._world.metrics
        try:
            await reports.create(report, namespace=seen.namespace, owner_uid=seen.uid)
        except KUBE_ERRORS:
            metrics.kube_write("report", "failed")
            return None
        metrics.kube_write("report", "written")
        try:
            await reports.prune(
                namespace=seen.namespace,
                integration=seen.name,
                direction=report.direction,
                keep=keep.keep_pulls if report.direction is Direction.PULL else keep.keep_pushes,
            )
        except KUBE_ERRORS:
            metrics.kube_write("report", "failed")  # the next run removes them
        return report.name
