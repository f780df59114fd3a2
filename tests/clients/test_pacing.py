"""Even starts under a virtual clock, whatever the callers do (performance.md 2)."""

import asyncio
import itertools
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anmc.clients.clock import SystemClock
from anmc.clients.pacing import CALLS_PER_SECOND, MOBILE_COMMONS_IN_FLIGHT, Pacer, Pacers

ROUNDING = 1e-9


class DriftingClock:
    """A virtual clock whose waits end late by given amounts."""

    def __init__(self, lateness: list[float]) -> None:
        self.seconds = 1000.0
        self._lateness = iter(lateness)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds + next(self._lateness, 0.0)
        await asyncio.sleep(0)


def start_times(clock: DriftingClock, pauses: list[float], ceilings: list[float]) -> list[tuple[float, float]]:
    """Return start and ceiling of requests asked for after each pause, several of them at once after none."""
    pacer = Pacer(clock)
    starts: list[tuple[float, float]] = []

    async def ask(ceiling: float) -> None:
        await pacer.wait(calls_per_second=ceiling)
        starts.append((clock.monotonic(), ceiling))

    async def play() -> None:
        async with asyncio.TaskGroup() as tasks:
            for number, pause in enumerate(pauses):
                if pause:
                    await asyncio.sleep(0)
                    clock.seconds += pause
                tasks.create_task(ask(ceilings[number % len(ceilings)]))

    asyncio.run(play())
    return starts


seconds = st.floats(min_value=0, max_value=2, allow_nan=False)
ceilings = st.floats(min_value=0.5, max_value=4.0, exclude_max=True)


@given(pauses=st.lists(st.just(0.0) | seconds, max_size=40), lateness=st.lists(st.floats(0, 0.5), max_size=40))
def test_no_second_ever_holds_more_starts_than_the_limit(pauses: list[float], lateness: list[float]) -> None:
    starts = [start for start, _ in start_times(DriftingClock(lateness), pauses, [CALLS_PER_SECOND])]

    for begin in starts:
        assert sum(begin <= start < begin + 1 for start in starts) <= 4


@given(
    pauses=st.lists(st.just(0.0) | seconds, max_size=30),
    lateness=st.lists(st.floats(0, 0.5), max_size=30),
    rates=st.lists(ceilings, min_size=1, max_size=3),
)
def test_every_caller_stays_below_its_own_ceiling(
    pauses: list[float], lateness: list[float], rates: list[float]
) -> None:
    starts = start_times(DriftingClock(lateness), pauses, rates)

    for (start, ceiling), (following, _) in itertools.pairwise(starts):
        assert following - start >= 1 / ceiling - ROUNDING


def test_a_queue_is_served_evenly_and_in_the_order_of_asking() -> None:
    starts = [start for start, _ in start_times(DriftingClock([]), [0.0] * 5, [2.0])]

    assert starts == [1000.0, 1000.5, 1001.0, 1001.5, 1002.0]


def test_idle_time_earns_no_burst() -> None:
    starts = [start for start, _ in start_times(DriftingClock([]), [0.0, 60.0, 0.0, 0.0], [2.0])]

    assert starts == [1000.0, 1060.0, 1060.5, 1061.0]


def test_every_request_asked_for_starts() -> None:
    assert len(start_times(DriftingClock([]), [0.0] * 200, [0.5, 3.9])) == 200


def test_integrations_with_one_key_share_its_pace() -> None:
    clock = DriftingClock([])
    pacers = Pacers(clock)
    ours = pacers.paced("https://actionnetwork.org", "key", calls_per_second=2)
    theirs = pacers.paced("https://actionnetwork.org", "key", calls_per_second=2)
    other = pacers.paced("https://actionnetwork.org", "other key", calls_per_second=2)

    async def start() -> list[float]:
        times = []
        for admission in (ours, theirs, other):
            async with admission.slot():
                times.append(clock.monotonic())
        return times

    assert asyncio.run(start()) == [1000.0, 1000.5, 1000.5]


def test_pacers_keep_no_credential() -> None:
    pacers = Pacers(SystemClock())
    pacers.paced("https://actionnetwork.org", "canary", calls_per_second=1)
    pacers.concurrent("https://secure.mcommons.com", "canary", at_most=1)

    assert "canary" not in repr(vars(pacers))


@pytest.mark.parametrize(
    ("at_most", "peak"),
    [pytest.param(3, 3, id="own-ceiling"), pytest.param(50, MOBILE_COMMONS_IN_FLIGHT, id="shared-limit")],
)
async def test_requests_at_a_time_are_limited(at_most: int, peak: int) -> None:
    pacers = Pacers(SystemClock())
    admissions = [pacers.concurrent("https://secure.mcommons.com", "login", at_most=at_most)]
    inside = peak_inside = 0

    async def work(number: int) -> None:
        nonlocal inside, peak_inside
        async with admissions[number % len(admissions)].slot():
            inside += 1
            peak_inside = max(peak_inside, inside)
            await asyncio.sleep(0)
            inside -= 1

    async with asyncio.TaskGroup() as tasks:
        for number in range(40):
            tasks.create_task(work(number))

    assert peak_inside == peak


async def test_clients_of_one_login_share_its_places() -> None:
    pacers = Pacers(SystemClock())
    first = pacers.concurrent("https://secure.mcommons.com", "login", at_most=50)
    second = pacers.concurrent("https://secure.mcommons.com", "login", at_most=50)
    release = asyncio.Event()
    inside = 0

    async def hold(number: int) -> None:
        nonlocal inside
        async with (first, second)[number % 2].slot():
            inside += 1
            await release.wait()

    async with asyncio.TaskGroup() as tasks:
        for number in range(20):
            tasks.create_task(hold(number))
        for _ in range(50):
            await asyncio.sleep(0)
        held = inside
        release.set()

    assert held == MOBILE_COMMONS_IN_FLIGHT
    assert inside == 20
