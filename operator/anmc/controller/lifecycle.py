"""The life of the process: wait for the Lease, watch, run, drain, leave (kopf.md 5)."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import kopf

from anmc.cluster.connection import KUBE_ERRORS
from anmc.cluster.events import EventRecorder
from anmc.cluster.lease import Elector
from anmc.cluster.secrets import Secrets
from anmc.controller.handlers import WatchContext, wire
from anmc.controller.pruner import CrdMissing, Pruner
from anmc.controller.scheduler import Scheduler
from anmc.observability.health import Health, Role
from anmc.observability.logs import get_logger
from anmc.observability.metrics import Metrics

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

DRAIN: Final = 45.0
"""Seconds that runs in hand have to reach a checkpoint (operations.md 5)."""

FLUSH: Final = 5.0
"""Seconds that queued Events have to be posted at the end."""

EXIT_OK, EXIT_FAILED, EXIT_LEASE_LOST = 0, 1, 3

_log = get_logger()

Task = asyncio.Task[Any]


@dataclass(slots=True)
class Tasks:
    """Every task of ours, live: Kopf must not wait for them when it stops (kopf.md F7)."""

    live: set[Task] = field(default_factory=set)

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> Task:
        """Start a task and keep it until it is done."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self.live.add(task)
        task.add_done_callback(self.live.discard)
        return task


@dataclass(slots=True)
class Operator:
    """The parts of one process, ready to run."""

    namespaces: tuple[str, ...]
    elector: Elector
    scheduler: Scheduler
    pruner: Pruner
    secrets: Secrets
    events: EventRecorder
    metrics: Metrics
    health: Health
    tasks: Tasks

    async def run(self) -> int:
        """Run until told to stop; return the exit code (api.md 8)."""
        stop = asyncio.Event()
        self._catch_signals(stop)
        me = asyncio.current_task()
        if me is not None:
            self.tasks.live.add(me)
        asked, won = self.tasks.spawn(stop.wait()), self.tasks.spawn(self.elector.acquire())
        await asyncio.wait({asked, won}, return_when=asyncio.FIRST_COMPLETED)
        if not won.done():
            won.cancel()
            return EXIT_OK
        won.result()  # a defect of the elector is no Lease
        keep = self.tasks.spawn(self.elector.keep())
        try:
            self.metrics.lease_held(held=True)
            _log.info("lease.acquired")
            code = await self._lead(stop, asked, keep)
        finally:
            keep.cancel()  # before the release, or it would take the Lease again
            await self.elector.release()
            self.metrics.lease_held(held=False)
            _log.info("lease.released")
        return code

    async def _lead(self, stop: asyncio.Event, asked: Task, keep: Task) -> int:
        kopf_stop = asyncio.Event()
        try:
            await self.pruner.sweep(is_first=True)
            watch = self.tasks.spawn(await self._start_kopf(kopf_stop))
        except CrdMissing:
            return _fail("the CRDs of anmc.io are not installed: apply the crds directory first")
        except KUBE_ERRORS as error:
            return _fail(f"integrations cannot be listed ({type(error).__name__}): check rights and API server")
        self._catch_signals(stop)  # again: Kopf took them when it started (kopf.md F6)
        self.health.role = Role.LEADING
        loops = {
            "the scheduler": self.tasks.spawn(self.scheduler.run()),
            "the pruner": self.tasks.spawn(self.pruner.run()),
            "the watch": watch,
            "the event recorder": self.tasks.spawn(self.events.run()),
        }
        await asyncio.wait({asked, keep, *loops.values()}, return_when=asyncio.FIRST_COMPLETED)
        ended = {name: task for name, task in loops.items() if task.done()}
        for name, task in ended.items():
            reason = None if task.cancelled() else task.exception()
            _log.error("operator.stopping", cause=f"{name} ended by itself", exc_info=reason)
            _fail(f"{name} ended by itself ({type(reason).__name__})")
        drained = not keep.done() and await self._drain(keep)
        if keep.done():
            _leave_at_once()
        for name in ("the pruner", "the event recorder"):
            loops[name].cancel()
        kopf_stop.set()
        await asyncio.wait({watch})
        return EXIT_OK if drained and not ended else EXIT_FAILED

    async def _drain(self, keep: Task) -> bool:
        """Let runs reach a checkpoint and events be posted, as long as the Lease holds; False when time ran out."""
        self.health.role = Role.DRAINING
        _log.info("operator.stopping")

        async def drain() -> bool:
            drained = await self.scheduler.drain(DRAIN)
            with suppress(TimeoutError):  # an Event is lost rather than waited for
                async with asyncio.timeout(FLUSH):
                    await self.events.flush()
            return drained

        draining = self.tasks.spawn(drain())
        await asyncio.wait({draining, keep}, return_when=asyncio.FIRST_COMPLETED)
        return draining.done() and draining.result() is True

    async def _start_kopf(self, stop: asyncio.Event) -> Coroutine[Any, Any, None]:
        may_watch = await self.secrets.may_watch(self.namespaces)
        if not may_watch:
            _log.info("secrets.watch_off")
        registry, settings = wire(watch_secrets=may_watch)
        tasks = await kopf.spawn_tasks(
            registry=registry,
            settings=settings,
            memo=WatchContext(self.scheduler.registry, self.metrics.watch_event),
            stop_flag=stop,
            clusterwide=not self.namespaces,
            namespaces=self.namespaces,
        )
        return kopf.run_tasks(tasks, ignored=self.tasks.live)

    def _catch_signals(self, stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, stop.set)


def _fail(sentence: str) -> int:
    sys.stderr.write(f"anmc-operator: {sentence}\n")
    return EXIT_FAILED


def _leave_at_once() -> None:
    """The Lease is gone and somebody else may lead: no clean-up, no last status write."""
    _log.error("lease.lost")
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.write("anmc-operator: the Lease was lost; another process may lead now\n")
    sys.stderr.flush()
    os._exit(EXIT_LEASE_LOST)
