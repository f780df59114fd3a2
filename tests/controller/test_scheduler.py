import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from anmc.controller.registry import Entry
from anmc.controller.scheduler import Scheduler
from support.controlled import FakeClock, a_sighting, settle

Act = Callable[[Entry], Awaitable[None]]


class Stage:
    """A scheduler whose turns are written down; `act` is what a turn does."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.turns: list[str] = []
        self.at_once = 0
        self.most_at_once = 0
        self.act: Act = self.sleep_for(minutes=5)
        self.tasks: set[asyncio.Task[None]] = set()
        self.scheduler = Scheduler(clock=self.clock, take_turn=self._take_turn, spawn=self._spawn)

    def sleep_for(self, **delta: float) -> Act:
        async def act(entry: Entry) -> None:
            entry.due = self.clock.now() + timedelta(**delta)

        return act

    def until(self, event: asyncio.Event) -> Act:
        async def act(entry: Entry) -> None:
            entry.due = self.clock.now() + timedelta(hours=1)
            await event.wait()

        return act

    async def _take_turn(self, entry: Entry) -> None:
        self.turns.append(entry.seen.uid)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self.act(entry)
        finally:
            self.at_once -= 1

    def _spawn(self, coroutine: Any) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(coroutine)
        self.tasks.add(task)
        return task

    async def see(self, **body: Any) -> Entry:
        sighting = a_sighting(**body)
        self.scheduler.registry.observe(sighting)
        entry = self.scheduler.registry.get(sighting.uid)
        await settle()
        assert entry is not None
        return entry

    async def pass_time(self, **delta: float) -> None:
        self.clock.move(**delta)
        await settle()


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    loop = asyncio.get_running_loop().create_task(stage.scheduler.run())
    await settle()
    yield stage
    for task in (loop, *stage.tasks):
        task.cancel()
    await asyncio.gather(loop, *stage.tasks, return_exceptions=True)


async def test_what_is_seen_first_has_its_turn_at_once(stage: Stage) -> None:
    await stage.see()

    assert stage.turns == ["uid-1"]


async def test_the_next_turn_comes_when_it_is_due_and_not_before(stage: Stage) -> None:
    await stage.see()

    await stage.pass_time(minutes=4, seconds=59)
    too_early = list(stage.turns)
    await stage.pass_time(seconds=1)

    assert too_early == ["uid-1"]
    assert stage.turns == ["uid-1", "uid-1"]


@pytest.mark.rule("I13", "W1")
async def test_turns_of_one_integration_never_overlap(stage: Stage) -> None:
    ended = asyncio.Event()
    stage.act = stage.until(ended)
    await stage.see()

    for version in range(11, 15):
        await stage.see(version=str(version), generation=version)
    await stage.pass_time(hours=2)

    assert stage.turns == ["uid-1"]
    assert stage.most_at_once == 1


async def test_changes_during_a_turn_are_one_more_turn_right_after_it(stage: Stage) -> None:
    ended = asyncio.Event()
    stage.act = stage.until(ended)
    await stage.see()
    await stage.see(version="11", generation=2)
    await stage.see(version="12", generation=3)

    stage.act = stage.sleep_for(minutes=5)
    ended.set()
    await settle()

    assert stage.turns == ["uid-1", "uid-1"]


async def test_integrations_have_their_turns_side_by_side(stage: Stage) -> None:
    stage.act = stage.until(asyncio.Event())

    await stage.see(uid="uid-1", name="one")
    await stage.see(uid="uid-2", name="two")

    assert stage.most_at_once == 2


async def test_a_change_brings_the_turn_forward_and_the_old_due_time_is_forgotten(stage: Stage) -> None:
    await stage.see()
    await stage.pass_time(minutes=1)

    await stage.see(version="11", generation=2)  # the next turn is due at six minutes, no longer at five
    await stage.pass_time(minutes=4)
    before = len(stage.turns)
    await stage.pass_time(minutes=1)

    assert before == 2
    assert len(stage.turns) == 3


async def test_a_forgotten_integration_has_no_turn(stage: Stage) -> None:
    await stage.see()

    stage.scheduler.registry.vanished(["uid-1"])
    await stage.pass_time(minutes=5)

    assert stage.turns == ["uid-1"]


async def test_a_turn_that_leaves_a_due_time_in_the_past_does_not_spin(stage: Stage) -> None:
    stage.act = stage.sleep_for(minutes=-1)
    await stage.see()

    for _ in range(10):
        await stage.pass_time(seconds=0.1)

    assert 2 <= len(stage.turns) <= 3


async def test_a_turn_that_fails_does_not_end_the_others(stage: Stage) -> None:
    async def fail(entry: Entry) -> None:
        entry.due = stage.clock.now() + timedelta(minutes=1)
        raise RuntimeError("a defect")

    stage.act = fail
    await stage.see(uid="uid-1", name="one")
    stage.act = stage.sleep_for(minutes=5)
    await stage.see(uid="uid-2", name="two")
    await stage.pass_time(minutes=1)

    assert stage.turns == ["uid-1", "uid-2", "uid-1"]


async def test_the_heartbeat_goes_on_while_nothing_is_due(stage: Stage) -> None:
    for _ in range(3):
        await stage.pass_time(seconds=30)

    assert stage.scheduler.heartbeat == 90


async def test_a_drain_waits_for_the_turns_in_hand_and_starts_no_more(stage: Stage) -> None:
    ended = asyncio.Event()
    stage.act = stage.until(ended)
    entry = await stage.see()

    drain = asyncio.get_running_loop().create_task(stage.scheduler.drain(10))
    await stage.see(uid="uid-2", name="two")
    waits = not drain.done()
    ended.set()

    assert await drain
    assert waits
    assert entry.stop.is_set()
    assert stage.scheduler.is_draining
    assert stage.turns == ["uid-1"]


async def test_a_drain_waits_for_the_turn_of_a_deleted_integration_too(stage: Stage) -> None:
    ended = asyncio.Event()
    stage.act = stage.until(ended)
    await stage.see()
    stage.scheduler.registry.vanished(["uid-1"])

    drain = asyncio.get_running_loop().create_task(stage.scheduler.drain(10))
    await settle()
    waits = not drain.done()
    ended.set()

    assert await drain
    assert waits


async def test_a_drain_gives_up_turns_that_do_not_end(stage: Stage) -> None:
    stage.act = stage.until(asyncio.Event())
    await stage.see()

    drained = await stage.scheduler.drain(0)
    await settle()

    assert not drained
    assert stage.at_once == 0


async def test_a_drain_of_nothing_ends_at_once(stage: Stage) -> None:
    assert await stage.scheduler.drain(0)


async def test_a_year_of_nights_is_a_turn_a_night(stage: Stage) -> None:
    stage.act = stage.sleep_for(days=1)
    await stage.see()

    for _ in range(365):
        await stage.pass_time(days=1)

    assert len(stage.turns) == 366
