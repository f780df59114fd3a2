"""Windows, send window and cap go by the services' clocks, whatever ours says (sync.md W2)."""

from datetime import timedelta

import pytest

from anmc.api.names import Direction
from anmc.errors import Interrupted
from sync.world import ADA, START, FakeProgress, World

AHEAD = timedelta(hours=1)
EARLY, LATE = {"start": "08:00", "end": "11:30"}, {"start": "11:30", "end": "20:00"}


async def heard(world: World) -> None:
    """Let both services answer once, so that their clocks are known."""
    await world.mobile_commons.sample_profile()
    await world.action_network.list_custom_fields()


@pytest.mark.parametrize(
    ("skew", "hours", "opens"),
    [
        pytest.param(timedelta(), EARLY, True, id="at-eleven"),
        pytest.param(AHEAD, EARLY, False, id="at-noon-there"),
        pytest.param(AHEAD, LATE, True, id="at-noon-there-for-a-window-that-opens-later"),
    ],
)
async def test_the_send_window_opens_by_the_clock_of_the_service_that_texts(
    world: World,
    skew: timedelta,
    hours: dict[str, str],
    opens: bool,  # noqa: FBT001 - a row of the table
) -> None:
    world.skew = skew
    world.specify("consent.sendWindow", {**hours, "zone": "Integration"})
    world.adds_person(ADA, "1")
    await heard(world)

    await world.pull()

    assert world.texted == ([ADA] if opens else [])


async def test_the_look_back_is_counted_from_now_there(world: World) -> None:
    world.skew = -AHEAD
    await heard(world)

    end = await world.pull()

    assert abs(end.window_from - (START - AHEAD - timedelta(hours=48))) <= timedelta(seconds=2)


@pytest.mark.parametrize("skew", [AHEAD, -AHEAD])
async def test_a_run_that_goes_on_began_at_the_service_s_time(world: World, skew: timedelta) -> None:
    world.skew = skew
    world.adds_crowd()
    world.progress = FakeProgress(pages_left=2)
    with pytest.raises(Interrupted):
        await world.pull()
    checkpoint = (await world.positions(Direction.PULL)).checkpoint
    assert checkpoint is not None
    assert abs(checkpoint.saved_at - START) <= timedelta(minutes=1)
    world.progress = FakeProgress()
    world.waits(minutes=30)

    end = await world.pull()

    assert world.last is not None
    assert world.last.order.resumed_from is not None
    assert abs(end.window_to - (START + skew)) <= timedelta(seconds=2)
