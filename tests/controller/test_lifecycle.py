import asyncio
import os
import signal
from typing import Any, cast

import aiohttp
import pytest
from kubernetes.aio.client.exceptions import ApiException

from anmc.cluster.events import EventRecorder
from anmc.cluster.lease import Elector
from anmc.cluster.secrets import Secrets
from anmc.controller.lifecycle import Operator, Tasks
from anmc.controller.pruner import CrdMissing, Pruner
from anmc.controller.scheduler import Scheduler
from anmc.observability.health import Health, Role
from support.controlled import FakeClock, a_sighting, settle
from support.metrics_page import new_metrics


class FakeElector:
    """A Lease in the hands of the test."""

    def __init__(self) -> None:
        self.won = asyncio.Event()
        self.lost = asyncio.Event()
        self.released = 0

    async def acquire(self) -> None:
        await self.won.wait()

    async def keep(self) -> None:
        await self.lost.wait()

    async def release(self) -> None:
        self.released += 1


class FakePruner:
    def __init__(self) -> None:
        self.error: Exception | None = None

    async def sweep(self, *, is_first: bool = False) -> None:
        assert is_first
        if self.error is not None:
            raise self.error

    async def run(self) -> None:
        await asyncio.Event().wait()


class FakeEvents:
    """An event recorder; `flushed` says when its queue is empty."""

    def __init__(self) -> None:
        self.flushed = asyncio.Event()
        self.flushed.set()
        self.error: Exception | None = None

    async def run(self) -> None:
        if self.error is not None:
            raise self.error
        await asyncio.Event().wait()

    async def flush(self) -> None:
        await self.flushed.wait()


class ProcessEnded(BaseException):
    """Stands for the end of the process, which would end the tests too."""


class Stage:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.elector = FakeElector()
        self.pruner = FakePruner()
        self.events = FakeEvents()
        self.turn_ends = asyncio.Event()
        self.tasks = Tasks()
        self.watch_ends = asyncio.Event()
        self.kopf_stop: asyncio.Event | None = None
        self.exit_codes: list[int] = []
        clock = FakeClock()
        self.scheduler = Scheduler(clock=clock, take_turn=self._take_turn, spawn=self.tasks.spawn)
        self.health = Health(shard=0, lease_age=lambda: 0.0)
        self.operator = Operator(
            namespaces=(),
            elector=cast("Elector", self.elector),
            scheduler=self.scheduler,
            pruner=cast("Pruner", self.pruner),
            secrets=cast("Secrets", None),
            events=cast("EventRecorder", self.events),
            metrics=new_metrics(),
            health=self.health,
            tasks=self.tasks,
        )
        monkeypatch.setattr(Operator, "_start_kopf", self._start_kopf)
        monkeypatch.setattr("anmc.controller.lifecycle.os._exit", self._exit)
        monkeypatch.setattr("anmc.controller.lifecycle.logging.shutdown", lambda: None)

    async def _take_turn(self, _: object) -> None:
        await self.turn_ends.wait()

    async def _start_kopf(self, stop: asyncio.Event) -> Any:
        self.kopf_stop = stop

        async def watch() -> None:
            stopped = asyncio.ensure_future(stop.wait())
            died = asyncio.ensure_future(self.watch_ends.wait())
            await asyncio.wait({stopped, died}, return_when=asyncio.FIRST_COMPLETED)
            for task in (stopped, died):
                task.cancel()
            if self.watch_ends.is_set():
                raise RuntimeError("the watch died")

        return watch()

    def _exit(self, code: int) -> None:
        self.exit_codes.append(code)
        raise ProcessEnded

    @property
    def role(self) -> Role:
        return self.health.role

    async def start(self) -> "asyncio.Task[int]":
        running = asyncio.get_running_loop().create_task(self.operator.run())
        await settle()
        return running

    async def lead(self) -> "asyncio.Task[int]":
        self.elector.won.set()
        return await self.start()


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


def ask_to_stop() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


async def test_a_standby_that_is_asked_to_stop_ends_without_a_lease(stage: Stage) -> None:
    running = await stage.start()
    assert stage.role is Role.STANDBY

    ask_to_stop()

    assert await running == 0
    assert stage.elector.released == 0


async def test_a_leader_that_is_asked_to_stop_drains_releases_and_ends_well(stage: Stage) -> None:
    running = await stage.lead()
    before = stage.role

    ask_to_stop()

    assert await running == 0
    assert stage.scheduler.is_draining
    assert (before, stage.role) == (Role.LEADING, Role.DRAINING)
    assert stage.elector.released == 1
    assert stage.kopf_stop is not None
    assert stage.kopf_stop.is_set()


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (CrdMissing(), "CRDs"),
        (ApiException(status=403), "rights"),
        (aiohttp.ClientError(), "API server"),
    ],
)
async def test_integrations_that_cannot_be_listed_are_one_line_and_exit_code_1(
    stage: Stage, error: Exception, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.pruner.error = error

    running = await stage.lead()

    assert await running == 1
    line = capsys.readouterr().err
    assert line.startswith("anmc-operator: ")
    assert line.count("\n") == 1
    assert says in line
    assert stage.elector.released == 1


async def test_a_watch_that_dies_is_named_and_ends_the_process_in_order(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    running = await stage.lead()

    stage.watch_ends.set()

    assert await running == 1
    assert capsys.readouterr().err == "anmc-operator: the watch ended by itself (RuntimeError)\n"
    assert stage.elector.released == 1
    assert stage.scheduler.is_draining


async def test_an_event_recorder_that_dies_is_no_silent_loss(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.events.error = ValueError("a defect")

    running = await stage.lead()

    assert await running == 1
    assert "the event recorder ended by itself (ValueError)" in capsys.readouterr().err


async def test_a_lost_lease_ends_the_process_at_once(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    running = await stage.lead()

    stage.elector.lost.set()
    with pytest.raises(ProcessEnded):
        await running

    assert stage.exit_codes == [3]
    assert "Lease" in capsys.readouterr().err
    assert not stage.scheduler.is_draining


async def test_a_lease_lost_during_the_drain_ends_the_process_at_once(stage: Stage) -> None:
    running = await stage.lead()
    stage.scheduler.registry.observe(a_sighting())
    await settle()
    ask_to_stop()
    await settle()
    waits = not running.done()

    stage.elector.lost.set()
    with pytest.raises(ProcessEnded):
        await running

    assert waits
    assert stage.exit_codes == [3]
    stage.turn_ends.set()


async def test_events_that_cannot_be_posted_do_not_hold_up_the_end(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anmc.controller.lifecycle.FLUSH", 0.0)
    stage.events.flushed.clear()
    running = await stage.lead()

    ask_to_stop()

    assert await running == 0


async def test_a_defect_of_the_elector_is_not_taken_for_a_lease(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail() -> None:
        raise ValueError("a defect")

    monkeypatch.setattr(stage.elector, "acquire", fail)

    with pytest.raises(ValueError, match="a defect"):
        await (await stage.start())

    assert stage.role is Role.STANDBY
