"""Whatever a run dies of, and wherever: nobody is texted twice, nobody missed, nobody counted twice (sync.md W8)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from anmc.api.names import Direction
from anmc.errors import AuthenticationFailed, Interrupted
from anmc.sync.run import RunEnd
from sync.world import ADA, BEN, CAI, DEE, FakeProgress, Killed, World, rows

EVE = "12025550199"

OTHER = {Direction.PULL: Direction.PUSH, Direction.PUSH: Direction.PULL}

READ = {Direction.PULL: 3, Direction.PUSH: 2}
"""Records that a run of each direction reads in the populated world."""

NewWorld = Callable[[], World]


async def populated(new_world: NewWorld) -> World:
    """Two to be opted in, one of them matched; one exported; one to be opted out, who holds a box; one to fill."""
    world = new_world()
    world.adds_person(ADA, "1", given_name="Ada")
    world.adds_profile(BEN, first_name="Ben", days_ago=9)
    world.adds_person(BEN, "1", family_name="Bell")
    world.joins(CAI)
    world.edits_profile(CAI, email="cai@example.org")
    world.joins(DEE)
    world.leaves(DEE)
    world.adds_person(DEE, "1")
    return world


async def run(world: World, direction: Direction) -> RunEnd:
    return await (world.push() if direction is Direction.PUSH else world.pull())


async def until_death(run: Awaitable[object]) -> bool:
    """Run; say whether it was killed on the way."""
    died = False
    try:
        await run
    except* (Killed, Interrupted, AuthenticationFailed):
        died = True
    return died


def state(world: World) -> dict[str, object]:
    """Everything that matters of both services.

    Not the country: Action Network makes one up for whom a push creates. If the push dies of it, the next one finds
    somebody with a country, fills it into the profile as with any first link, and the two agree as well.
    """
    named: dict[str | None, str] = {person.id: person.phone for person in world.people()}
    people = {
        person.phone: (person.given_name, person.family_name, dict(person.custom_fields)) for person in world.people()
    }
    profiles = {
        phone: ({**profile.fields, "country": ""}, world.statuses(phone), named.get(world.column(phone)))
        for phone, profile in world.company.profiles.items()
    }
    return {"people": people, "profiles": profiles, "texts": world.texted}


async def stop_before(world: World, number: int, direction: Direction) -> bool:
    """Run as far as the gate lets it: it closes at a request, as at a shutdown."""
    left = number - 1

    def gate() -> None:
        nonlocal left
        if left <= 0:
            raise Interrupted("The test closes the gate")
        left -= 1

    world.gate = gate
    died = await until_death(run(world, direction))
    world.gate = lambda: None
    return died


async def kill_after(world: World, number: int, direction: Direction) -> bool:
    """Run until the process dies of a request that the service has handled."""
    world.wire.dies_after = number
    died = await until_death(run(world, direction))
    world.wire.dies_after = None
    return died


@pytest.mark.parametrize("direction", list(Direction))
@pytest.mark.parametrize("end_at", [stop_before, kill_after])
async def test_a_run_may_end_at_any_request(
    new_world: NewWorld, direction: Direction, end_at: Callable[[World, int, Direction], Awaitable[bool]]
) -> None:
    whole = await populated(new_world)
    await run(whole, direction)
    requests = whole.wire.requests
    await run(whole, OTHER[direction])
    assert whole.texted == [ADA, BEN]
    assert sorted((person.phone, whole.wish(person.id)) for person in whole.people()) == [
        (ADA, "1"),
        (BEN, "1"),
        (CAI, "1"),
        (DEE, "0"),
    ]

    for number in range(1, requests + 1):
        world = await populated(new_world)
        assert await end_at(world, number, direction)
        world.waits(minutes=1)

        end = await run(world, direction)
        await run(world, OTHER[direction])

        assert state(world) == state(whole), number
        assert min(end.tally.counts.values()) >= 0, number
        assert end.tally.records_read == READ[direction], number


@pytest.mark.rule("W15", "I9")
@pytest.mark.parametrize("direction", list(Direction))
async def test_a_run_may_be_refused_at_any_request(new_world: NewWorld, direction: Direction) -> None:
    """What it has read until then has one outcome each, and the next run makes up for all of it."""
    whole = await populated(new_world)
    await run(whole, direction)
    requests = whole.wire.requests
    await run(whole, OTHER[direction])

    for number in range(1, requests + 1):
        world = await populated(new_world)
        world.wire.refuses_from = number
        assert await until_death(run(world, direction))
        world.wire.refuses_from = None
        world.opens_services()
        world.waits(minutes=1)
        assert world.last is not None
        refused = world.last.tally.counts
        assert (await world.positions(direction)).checkpoint is None, number

        await run(world, direction)
        await run(world, OTHER[direction])

        assert refused.total() in {0, READ[direction]}, number
        assert min(refused.values(), default=0) >= 0, number
        assert state(world) == state(whole), number


ALL_OF_THE_CROWD = {("Subscribed", "Applied"): 6, ("NoImport", "NotOptedIn"): 45}


@pytest.mark.parametrize("pages", [1, 2, 3, 4])
async def test_a_pull_that_was_stopped_after_a_page_goes_on_there(world: World, pages: int) -> None:
    phones = world.adds_crowd()
    world.progress = FakeProgress(pages_left=pages)
    with pytest.raises(Interrupted):
        await world.pull()
    first = (await world.positions(Direction.PULL)).checkpoint
    world.progress = FakeProgress()
    world.journal.calls.clear()

    end = await world.pull()

    assert first is not None
    assert world.last is not None
    assert world.last.order.id == first.run_id
    assert rows(end) == ALL_OF_THE_CROWD
    assert world.texted == phones
    assert world.journal.calls["action-network", "list_people"] == 4 - max(0, min(pages, 3) - 1)
    assert (await world.positions(Direction.PULL)).checkpoint is None


async def test_a_pull_that_was_stopped_again_and_again_counts_everybody_once(world: World) -> None:
    phones = world.adds_crowd()
    for _ in range(6):
        world.progress = FakeProgress(pages_left=1)
        await until_death(world.pull())
    world.progress = FakeProgress()

    end = await world.pull()

    assert rows(end) == ALL_OF_THE_CROWD
    assert world.texted == phones


async def test_a_record_that_failed_before_the_stop_is_tried_again_and_counted_once(world: World) -> None:
    world.adds_person(ADA, "1")
    world.faults.set("mobile-commons", "update_profile", status=503)
    world.progress = FakeProgress(pages_left=1)
    await until_death(world.pull())
    world.faults.clear()
    world.progress = FakeProgress()

    end = await world.pull()

    assert rows(end) == {("Subscribed", "Applied"): 1}


async def test_an_interruption_of_an_hour_ago_is_no_more_than_a_memory(world: World) -> None:
    world.adds_crowd()
    world.progress = FakeProgress(pages_left=2)
    await until_death(world.pull())
    world.progress = FakeProgress()
    world.waits(hours=1)

    end = await world.pull()

    assert world.last is not None
    assert world.last.order.resumed_from is None
    assert end.tally.records_read == 51


async def test_what_changed_on_a_page_that_a_resumed_pull_does_not_read_again_is_left_to_the_next(world: World) -> None:
    world.adds_crowd()
    first = next(person for person in world.people() if person.phone == "12025550100")
    world.progress = FakeProgress(pages_left=3)
    await until_death(world.pull(lookback=timedelta(hours=1)))
    world.progress = FakeProgress()
    world.waits(minutes=5)
    world.edits_person(first.id, given_name="Ada")
    world.waits(minutes=50)
    await world.pull(lookback=timedelta(hours=1))
    world.waits(hours=20)

    await world.pull(lookback=timedelta(hours=1))

    assert world.profile("12025550100").fields["first_name"] == "Ada"


async def test_a_requested_full_pull_does_not_go_on_with_a_window(world: World) -> None:
    world.adds_crowd()
    world.adds_person(EVE, "1", days_ago=300)
    world.progress = FakeProgress(pages_left=1)
    await until_death(world.pull())
    world.progress = FakeProgress()

    await world.pull(full=True)

    assert EVE in world.texted


async def test_a_push_that_was_stopped_between_two_opt_outs_tells_of_both(world: World) -> None:
    people = [world.adds_person(phone, "1") for phone in (ADA, BEN)]
    for phone in (ADA, BEN):
        world.joins(phone)
        world.leaves(phone)
    world.progress = FakeProgress(pages_left=4)  # the window, both lists of the sweep, the first opt-out
    await until_death(world.push())
    assert sorted(filter(None, map(world.wish, people))) == ["0", "1"]
    world.progress = FakeProgress()

    end = await world.push()

    assert [world.wish(person) for person in people] == ["0", "0"]
    assert rows(end) == {("OptedOutInActionNetwork", "Applied"): 2}
    assert len(world.calls("update_person")) == 2


async def test_a_push_inside_a_pull_is_counted_by_itself(world: World) -> None:
    """While a pull reads, one person of its first page is edited and another joins by text."""
    edited, joined, *others = world.adds_crowd()
    done = asyncio.Event()

    async def push_once() -> None:
        if done.is_set():
            return
        done.set()
        pull_progress, world.progress = world.progress, FakeProgress()
        world.edits_profile(edited, last_name="Byron")
        world.joins(joined)
        await world.push(releases_opt_ins=False)
        world.progress = pull_progress

    world.progress.between_pages = push_once

    end = await world.pull()

    assert end.tally.records_read == 51
    assert min(end.tally.counts.values()) >= 0
    assert world.texted == [edited, *others]


async def test_a_resumed_run_of_another_spec_begins_anew(world: World) -> None:
    world.adds_crowd()
    world.progress = FakeProgress(pages_left=1)
    await until_death(world.pull())
    world.progress = FakeProgress()

    await world.pull(generation=2)

    assert world.last is not None
    assert world.last.order.resumed_from is None
