"""A run that would do too much stops before it (sync.md S1, S2, S4)."""

from typing import Any

import pytest

from anmc.api.names import Direction, Mode, RunResult
from anmc.errors import SafetyStop
from sync.world import World, rows

NEWCOMER = "12025550199"

LINKED = 30
"""Linked people of the crowd: one in five of them is fewer than the limit always allows, all are more."""


@pytest.fixture
async def crowd(world: World) -> list[str]:
    """Members on both sides, linked; returns their numbers."""
    phones = [f"1202555{number:04}" for number in range(100, 100 + LINKED)]
    for phone in phones:
        world.adds_person(phone, "1")
        world.joins(phone)
    await world.pull()
    await world.push()
    world.waits(hours=1)
    world.journal.reset()
    return phones


def untick_all(world: World) -> None:
    for person in world.people():
        world.unticks(person.id)
    world.waits(minutes=20)


def still_in(world: World, phones: list[str]) -> int:
    return sum(world.statuses(phone) == ["Active"] for phone in phones)


class TestWithdrawals:
    @pytest.mark.rule("S1")
    async def test_too_many_stop_the_pull_before_the_first(self, world: World, crowd: list[str]) -> None:
        untick_all(world)
        before = await world.positions(Direction.PULL)

        end = await world.pull()

        assert end.result is RunResult.FAILED
        assert isinstance(end.error, SafetyStop)
        assert f"{LINKED} of {LINKED}" in end.error.message
        assert rows(end) == {("Held", "OptOutLimitReached"): LINKED}
        assert still_in(world, crowd) == LINKED
        assert world.writes == []
        assert await world.suppression(crowd[0]) is None
        assert (await world.positions(Direction.PULL)).watermark == before.watermark

    @pytest.mark.rule("S1")
    async def test_they_stay_staged_and_the_next_run_stops_again(self, world: World, crowd: list[str]) -> None:
        untick_all(world)
        await world.pull()
        world.waits(minutes=5)

        await world.push()
        end = await world.pull()

        assert rows(end) == {("Held", "OptOutLimitReached"): LINKED}
        assert still_in(world, crowd) == LINKED
        assert len(await world.memory.staged_opt_outs()) == LINKED

    async def test_the_override_lets_them_pass(self, world: World, crowd: list[str]) -> None:
        untick_all(world)
        await world.pull()
        world.waits(minutes=5)

        end = await world.pull(overrides_safety=True)

        assert end.error is None
        assert end.result is RunResult.SUCCEEDED
        assert rows(end) == {("OptedOutInMobileCommons", "Applied"): LINKED}
        assert still_in(world, crowd) == 0

    async def test_a_mistake_that_is_undone_clears_the_stop(self, world: World, crowd: list[str]) -> None:
        untick_all(world)
        await world.pull()
        for person in world.people():
            world.ticks(person.id)
        world.waits(minutes=20)

        end = await world.pull()

        assert end.error is None
        assert rows(end) == {("Held", "WithdrawalRevoked"): LINKED}
        assert still_in(world, crowd) == LINKED
        assert await world.memory.staged_opt_outs() == []

    async def test_twenty_never_stop_a_run(self, world: World, crowd: list[str]) -> None:
        for person in world.people()[:20]:
            world.unticks(person.id)
        world.waits(minutes=20)

        end = await world.pull()

        assert end.error is None
        assert still_in(world, crowd) == LINKED - 20

    async def test_a_dry_run_shows_the_stop(self, world: World, crowd: list[str]) -> None:
        untick_all(world)

        end = await world.pull(mode=Mode.DRY_RUN)

        assert (end.result, end.error) == (RunResult.DRY_RUN, None)
        assert rows(end) == {("Held", "OptOutLimitReached"): LINKED}
        assert await world.memory.staged_opt_outs() == []
        assert still_in(world, crowd) == LINKED

    @pytest.mark.rule("S4")
    async def test_nobody_is_opted_in_by_a_run_that_stopped(self, world: World, crowd: list[str]) -> None:
        untick_all(world)
        newcomer = world.adds_person(NEWCOMER, "1")

        end = await world.pull()

        assert world.texted == []
        assert await world.queue() == [newcomer]
        assert rows(end) == {("Held", "OptOutLimitReached"): LINKED, ("Imported", "OptOutLimitReached"): 1}
        assert crowd


class TestOptOuts:
    @pytest.mark.rule("S1")
    @pytest.mark.parametrize("order", [{}, {"mode": Mode.DRY_RUN}], ids=["for-real", "dry"])
    async def test_too_many_stop_the_push_before_the_first(
        self, world: World, crowd: list[str], order: dict[str, Any]
    ) -> None:
        for phone in crowd:
            world.leaves(phone)
        world.waits(minutes=1)

        end = await world.push(**order)

        assert rows(end) == {("Held", "OptOutLimitReached"): LINKED}
        assert world.writes == []
        assert all(world.wish(person.id) == "1" for person in world.people())

    async def test_the_override_lets_them_pass(self, world: World, crowd: list[str]) -> None:
        for phone in crowd:
            world.leaves(phone)
        world.waits(minutes=1)
        stopped = await world.push()
        world.waits(minutes=5)

        end = await world.push(overrides_safety=True)

        assert isinstance(stopped.error, SafetyStop)
        assert rows(end) == {("OptedOutInActionNetwork", "Applied"): LINKED}
        assert all(world.wish(person.id) == "0" for person in world.people())


@pytest.mark.rule("S2")
class TestCreations:
    async def test_a_pull_makes_as_many_profiles_as_it_may(self, world: World) -> None:
        for number in range(100, 105):
            world.adds_person(f"1202555{number:04}", "1")

        first = await world.pull(max_creates=3)
        texted = world.texted
        second = await world.pull(max_creates=3)

        assert isinstance(first.error, SafetyStop)
        assert rows(first)["Held", "CreateLimitReached"] == 2
        assert texted == []
        assert second.error is None
        assert len(world.company.profiles) == 5

    async def test_a_push_makes_as_many_people_as_it_may(self, world: World) -> None:
        for number in range(100, 105):
            phone = f"1202555{number:04}"
            world.joins(phone)
            world.edits_profile(phone, email=f"{phone}@example.org")
        world.waits(minutes=1)

        first = await world.push(max_creates=3)
        second = await world.push(max_creates=3)

        assert rows(first) == {("Exported", "Applied"): 3, ("Held", "CreateLimitReached"): 2}
        assert isinstance(first.error, SafetyStop)
        assert rows(second)["Exported", "Applied"] == 2
        assert len(world.people()) == 5

    async def test_the_override_lets_them_pass(self, world: World) -> None:
        for number in range(100, 105):
            world.adds_person(f"1202555{number:04}", "1")

        end = await world.pull(max_creates=3, overrides_safety=True)

        assert end.error is None
        assert len(world.company.profiles) == 5
