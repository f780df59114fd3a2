"""Whoever runs the vendor's own sync on the same accounts is told by each run that meets it (sync.md 10)."""

import pytest

from sync.world import ADA, BEN, World


@pytest.fixture
async def shared(world: World) -> World:
    """A world in which the vendor's own sync knows Ada, and wrote her profile just now."""
    ada = world.adds_person(ADA, "1")
    world.joins(ADA)
    await world.push()
    world.waits(hours=1)
    world.simulation.switches.turn({"mobile_commons": {"integration_synchronized": True}})
    world.edits_profile(ADA, first_name="Ada")
    world.profile(ADA).constituent_id = ada
    return world


async def test_a_push_says_that_the_vendor_s_own_sync_is_active(shared: World) -> None:
    assert (await shared.push()).is_beside_vendor_sync


async def test_a_pull_says_so_too(shared: World) -> None:
    assert (await shared.pull()).is_beside_vendor_sync


async def test_a_profile_in_which_nothing_else_changed_is_enough(shared: World) -> None:
    await shared.push()
    shared.waits(minutes=30)
    shared.profile(ADA).updated_at = shared.clock.now()

    end = await shared.push()

    assert (end.tally.records_read, end.is_beside_vendor_sync) == (0, True)


async def test_a_dry_run_says_so(shared: World) -> None:
    shared.specify("push.mode", "DryRun")

    assert (await shared.push()).is_beside_vendor_sync


async def test_a_sweep_and_a_refresh_keep_quiet_about_a_former_sync(shared: World) -> None:
    shared.waits(days=30)

    pushed, pulled = await shared.push(), await shared.pull(full=True)

    assert (pushed.is_beside_vendor_sync, pulled.is_beside_vendor_sync) == (False, False)


async def test_accounts_without_the_vendor_s_own_sync_are_not_worth_a_word(world: World) -> None:
    world.adds_person(ADA, "1")
    world.joins(ADA)
    world.joins(BEN)

    pushed, pulled = await world.push(), await world.pull()

    assert (pushed.is_beside_vendor_sync, pulled.is_beside_vendor_sync) == (False, False)
