"""Pacers in virtual time, whatever callers and services do (performance.md 2, decision 0005)."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from anmc.clients.failures import Cause, NoTurn, TryFailed
from anmc.clients.pacing.concurrency import FIRST_IN_FLIGHT, MAX_IN_FLIGHT
from anmc.clients.pacing.limits import End
from anmc.clients.pacing.pacer import Admission
from anmc.clients.pacing.pacers import KEPT, Pacers
from anmc.clients.pacing.rate import CALLS_PER_SECOND, PENALTY
from anmc.clients.pacing.rate import MAX_IN_FLIGHT as MOST_WITH_ONE_KEY
from anmc.clients.pacing.streak import FAILURES
from anmc.sync.ports import Priority, Service
from support.virtual_time import VirtualClock, run_in_virtual_time

ROUNDING = 1e-6
PATIENCE = 1e6

ACTION_NETWORK, MOBILE_COMMONS = "https://actionnetwork.org", "https://secure.mcommons.com"


class LateClock(VirtualClock):
    """A clock whose waits end late by given amounts, as on a busy machine."""

    def __init__(self, lateness: Sequence[float]) -> None:
        self._lateness = iter(lateness)

    @override
    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds + next(self._lateness, 0.0))


def limited(retry_after: float | None = None) -> TryFailed:
    return TryFailed(Cause.RATE_LIMITED, "429", is_unsent=True, retry_after=retry_after)


def unavailable(retry_after: float | None = None) -> TryFailed:
    return TryFailed(Cause.SERVER_ERROR, "503", is_unsent=False, retry_after=retry_after)


@dataclass(frozen=True)
class Ask:
    """A request: how long after the one before it is asked for, how it goes, when its caller gives up waiting."""

    pause: float = 0.0
    latency: float = 0.3
    client: int = 0
    priority: Priority = Priority.DATA
    failure: TryFailed | None = None
    gives_up_after: float | None = None


@dataclass
class Played:
    """What became of requests: their number, by the time of their start; how many were in flight at the peak."""

    starts: list[tuple[float, int]] = field(default_factory=list)
    gave_up: set[int] = field(default_factory=set)
    in_flight: int = 0
    peak: int = 0

    @property
    def times(self) -> list[float]:
        return [time for time, _ in self.starts]

    @property
    def order(self) -> list[int]:
        return [number for _, number in self.starts]


async def play(asks: Sequence[Ask], admissions: Sequence[Admission], clock: VirtualClock) -> Played:
    played = Played()

    async def request(number: int, ask: Ask, at: float) -> None:
        await asyncio.sleep(at)
        admission = admissions[ask.client % len(admissions)]
        async with admission.slot(ask.priority, patience=PATIENCE) as slot:
            played.starts.append((clock.monotonic(), number))
            played.in_flight += 1
            played.peak = max(played.peak, played.in_flight)
            try:
                await asyncio.sleep(ask.latency)
                slot.end = End(ask.latency, failure=ask.failure)
            finally:
                played.in_flight -= 1

    async def request_or_give_up(number: int, ask: Ask, at: float) -> None:
        try:
            async with asyncio.timeout(None if ask.gives_up_after is None else at + ask.gives_up_after):
                await request(number, ask, at)
        except TimeoutError:
            played.gave_up.add(number)

    async with asyncio.TaskGroup() as tasks:
        for number, (ask, at) in enumerate(zip(asks, accumulate(ask.pause for ask in asks), strict=True)):
            tasks.create_task(request_or_give_up(number, ask, at))
    return played


def with_one_key(asks: Sequence[Ask], *, ceilings: Sequence[float] = (3.9,), lateness: Sequence[float] = ()) -> Played:
    async def story(_: VirtualClock) -> Played:
        clock = LateClock(lateness)
        pacers = Pacers(clock)
        admissions = [pacers.paced(ACTION_NETWORK, "key", calls_per_second=ceiling) for ceiling in ceilings]
        return await play(asks, admissions, clock)

    return run_in_virtual_time(story)


def with_one_login(asks: Sequence[Ask], *, ceilings: Sequence[int] = (80,)) -> Played:
    async def story(clock: VirtualClock) -> Played:
        pacers = Pacers(clock)
        admissions = [pacers.concurrent(MOBILE_COMMONS, "login", at_most=ceiling) for ceiling in ceilings]
        return await play(asks, admissions, clock)

    return run_in_virtual_time(story)


def in_a_story(tell: Callable[[Pacers, VirtualClock], Awaitable[None]]) -> None:
    async def story(clock: VirtualClock) -> None:
        await tell(Pacers(clock), clock)

    run_in_virtual_time(story)


asks = st.builds(
    Ask,
    pause=st.just(0.0) | st.floats(0, 2),
    latency=st.floats(0, 5),
    client=st.integers(0, 2),
    priority=st.sampled_from(Priority),
    failure=st.sampled_from([None, None, None, limited(), limited(3.0), unavailable(), unavailable(2.0)]),
    gives_up_after=st.none() | st.none() | st.floats(0, 3),
)
crowds = st.lists(asks, max_size=40)
ceilings = st.lists(st.floats(0.5, 4.0), min_size=1, max_size=3)

in_virtual_time = settings(max_examples=40, deadline=None)


class TestActionNetwork:
    @in_virtual_time
    @given(crowd=crowds, ceilings=ceilings, lateness=st.lists(st.floats(0, 0.5), max_size=40))
    def test_no_second_ever_holds_more_starts_than_the_limit(
        self, crowd: list[Ask], ceilings: list[float], lateness: list[float]
    ) -> None:
        times = with_one_key(crowd, ceilings=ceilings, lateness=lateness).times

        assert all(sum(begin <= time < begin + 1 for time in times) <= 4 for begin in times)
        lowest = min(ceilings)
        assert all(following - time >= 1 / lowest - ROUNDING for time, following in pairwise(times))

    @in_virtual_time
    @given(crowd=crowds)
    def test_no_more_are_in_flight_than_eight(self, crowd: list[Ask]) -> None:
        assert with_one_key(crowd).peak <= MOST_WITH_ONE_KEY

    @in_virtual_time
    @given(crowd=crowds, ceilings=ceilings)
    def test_everybody_starts_once_who_does_not_give_up(self, crowd: list[Ask], ceilings: list[float]) -> None:
        played = with_one_key(crowd, ceilings=ceilings)

        assert max(Counter(played.order).values(), default=1) == 1
        assert set(played.order) | played.gave_up == set(range(len(crowd)))
        assert played.in_flight == 0

    def test_a_queue_is_served_evenly_and_in_the_order_of_asking(self) -> None:
        played = with_one_key([Ask()] * 5, ceilings=[2.0])

        assert played.times == pytest.approx([0.0, 0.5, 1.0, 1.5, 2.0])
        assert played.order == [0, 1, 2, 3, 4]

    def test_idle_time_earns_no_burst(self) -> None:
        played = with_one_key([Ask(), Ask(pause=60.0), Ask(), Ask()], ceilings=[2.0])

        assert played.times == pytest.approx([0.0, 60.0, 60.5, 61.0])

    def test_a_slow_service_has_as_many_in_flight_as_keep_the_rate(self) -> None:
        played = with_one_key([Ask(latency=1.5)] * 200)

        assert played.peak == 6
        assert 200 / (played.times[-1] - played.times[0]) == pytest.approx(CALLS_PER_SECOND, rel=0.02)

    def test_opt_outs_go_first_and_full_reads_last(self) -> None:
        crowd = [Ask(priority=priority) for priority in (Priority.FULL_READ, *reversed(Priority), *reversed(Priority))]

        order = with_one_key(crowd).order[1:]  # the very first had nobody to give way to

        assert [crowd[number].priority for number in order] == sorted(ask.priority for ask in crowd[1:])

    @pytest.mark.parametrize("failure", [limited(30.0), unavailable(30.0)])
    def test_who_is_asked_to_wait_holds_the_whole_credential_back(self, failure: TryFailed) -> None:
        played = with_one_key([Ask(failure=failure), Ask(pause=1.0, client=1), Ask(client=1)], ceilings=[3.9, 3.9])

        assert played.times[1] == pytest.approx(30.3)
        assert played.times[2] > played.times[1]

    def test_a_shorter_wait_asked_for_later_does_not_end_a_longer_one(self) -> None:
        played = with_one_key([Ask(failure=limited(30.0)), Ask(latency=1.0, failure=limited(1.0)), Ask(pause=2.0)])

        assert played.times[2] == pytest.approx(30.3)

    def test_a_client_that_asks_one_by_one_is_not_held_up_by_a_crowd(self) -> None:
        crowd = [Ask(client=0)] * 100 + [Ask(pause=0.1, client=1), Ask(client=1), Ask(client=1)]

        order = with_one_key(crowd, ceilings=[3.9, 3.9]).order

        assert max(order.index(number) for number in (100, 101, 102)) <= 7


class StormyKey:
    """A service that refuses what comes faster than it allows, and a caller that asks again."""

    def __init__(self, clock: VirtualClock, key: Admission, allows: Callable[[float], float]) -> None:
        self._clock = clock
        self._key = key
        self._allows = allows
        self._free_at = 0.0
        self.answered: list[float] = []
        self.refused = 0

    async def call(self) -> None:
        while not await self._try():
            await self._clock.sleep(1.0)

    async def _try(self) -> bool:
        async with self._key.slot(Priority.DATA, patience=PATIENCE) as slot:
            now = self._clock.monotonic()
            is_refused = now < self._free_at - ROUNDING
            if is_refused:
                self.refused += 1
            else:
                self._free_at = now + 1 / self._allows(now)
                self.answered.append(now)
            await asyncio.sleep(0.2)
            slot.end = End(0.2, failure=limited() if is_refused else None)
        return not is_refused


def test_a_storm_costs_little_more_than_its_own_floor_and_the_rate_comes_back() -> None:
    """The service allows 1/s for five minutes (performance.md 2)."""
    storm = 300.0

    async def story(clock: VirtualClock) -> StormyKey:
        key = Pacers(clock).paced(ACTION_NETWORK, "key", calls_per_second=3.9)
        service = StormyKey(clock, key, lambda now: 1.001 if now < storm else 4.0)

        async def caller() -> None:
            for _ in range(300):
                await service.call()

        async with asyncio.TaskGroup() as tasks:
            for _ in range(4):
                tasks.create_task(caller())
        return service

    service = run_in_virtual_time(story)

    in_storm = sum(time < storm for time in service.answered)
    later = [time for time in service.answered if time > storm + 4 * PENALTY]
    assert len(service.answered) == 1200
    assert in_storm >= storm / 1.2
    assert service.refused < 0.1 * in_storm
    assert len(later) / (later[-1] - later[0]) == pytest.approx(CALLS_PER_SECOND, rel=0.02)


class TestMobileCommons:
    @in_virtual_time
    @given(crowd=crowds, ceilings=st.lists(st.integers(1, 80), min_size=1, max_size=3))
    def test_no_more_are_in_flight_than_the_lowest_ceiling(self, crowd: list[Ask], ceilings: list[int]) -> None:
        assert with_one_login(crowd, ceilings=ceilings).peak <= min(ceilings)

    @in_virtual_time
    @given(crowd=crowds)
    def test_everybody_starts_once_who_does_not_give_up(self, crowd: list[Ask]) -> None:
        played = with_one_login(crowd)

        assert max(Counter(played.order).values(), default=1) == 1
        assert set(played.order) | played.gave_up == set(range(len(crowd)))

    @pytest.mark.parametrize(("ceiling", "peak"), [(3, 3), (50, 50), (80, MAX_IN_FLIGHT), (500, MAX_IN_FLIGHT)])
    def test_the_concurrency_grows_up_to_the_ceiling(self, ceiling: int, peak: int) -> None:
        assert with_one_login([Ask()] * 800, ceilings=[ceiling]).peak == peak

    def test_the_first_round_trip_has_twenty_five_in_flight_whoever_asks(self) -> None:
        played = with_one_login([Ask(client=number) for number in range(30)], ceilings=[50, 50])

        assert sum(time == 0.0 for time in played.times) == FIRST_IN_FLIGHT

    def test_clients_of_one_login_share_its_places_evenly(self) -> None:
        crowd = [Ask(client=0)] * 60 + [Ask(client=1)] * 60

        order = with_one_login(crowd, ceilings=[8, 8]).order

        served = Counter(crowd[number].client for number in order[8:68])
        assert abs(served[0] - served[1]) <= 1

    @pytest.mark.parametrize("moment", ["just-before-its-turn", "between-getting-and-taking-it"])
    def test_the_turn_of_somebody_who_is_cancelled_goes_to_the_next(self, moment: str) -> None:
        async def story(pacers: Pacers, clock: VirtualClock) -> None:
            login = pacers.concurrent(MOBILE_COMMONS, "login", at_most=1)
            started = []

            async def request(name: str) -> None:
                async with login.slot(Priority.DATA, patience=PATIENCE):
                    started.append((name, clock.monotonic()))
                    await asyncio.sleep(1.0)
                    if name == "first" and moment == "just-before-its-turn":
                        second.cancel()
                if name == "first":
                    second.cancel()

            first, second, third = (asyncio.create_task(request(name)) for name in ("first", "second", "third"))
            await asyncio.wait([first, second, third])

            assert second.cancelled()
            assert first.exception() is third.exception() is None
            assert started == [("first", 0.0), ("third", 1.0)]

        in_a_story(story)

    def test_an_opt_out_takes_the_next_place_that_is_free(self) -> None:
        crowd = [Ask()] * 50 + [Ask(pause=0.1, priority=Priority.OPT_OUT)]

        assert with_one_login(crowd).order[FIRST_IN_FLIGHT] == 50

    def test_who_is_asked_to_wait_holds_the_whole_credential_back(self) -> None:
        played = with_one_login([Ask(failure=unavailable(20.0)), *[Ask(pause=1.0)] * 3])

        assert played.times[1:] == pytest.approx([20.3] * 3)


class Notes:
    """Keeps what pacers say about services."""

    def __init__(self) -> None:
        self.lines: list[tuple[object, ...]] = []

    def halved(self, service: Service, allowed: float) -> None:
        self.lines.append(("halved", service, allowed))

    def degraded(self, service: Service, *, code: str) -> None:
        self.lines.append(("degraded", service, code))

    def recovered(self, service: Service, *, failures: int, seconds: float) -> None:
        self.lines.append(("recovered", service, failures, round(seconds, 3)))


def noted(crowd: Sequence[Ask]) -> list[tuple[object, ...]]:
    async def story(clock: VirtualClock) -> list[tuple[object, ...]]:
        notes = Notes()
        await play(crowd, [Pacers(clock, notes).paced(ACTION_NETWORK, "key", calls_per_second=1)], clock)
        return notes.lines

    return run_in_virtual_time(story)


class TestServiceLog:
    def test_a_streak_of_failures_is_told_once_and_so_is_its_end(self) -> None:
        assert noted([*[Ask(failure=unavailable())] * (FAILURES + 3), Ask(), Ask()]) == [
            ("degraded", Service.ACTION_NETWORK, "503"),
            ("recovered", Service.ACTION_NETWORK, FAILURES + 3, FAILURES + 3.0),
        ]

    def test_a_hiccup_is_not_told(self) -> None:
        assert noted(([*[Ask(failure=unavailable())] * (FAILURES - 1), Ask()]) * 3) == []

    def test_each_halving_is_told_with_the_rate_that_is_left(self) -> None:
        assert noted([Ask(failure=limited()), Ask(pause=5.0, failure=limited()), Ask(pause=5.0)]) == [
            ("halved", Service.ACTION_NETWORK, 0.5),
        ]


class TestPacers:
    def test_integrations_with_one_key_share_its_pace_and_others_do_not(self) -> None:
        async def story(pacers: Pacers, clock: VirtualClock) -> None:
            times = []
            for origin, key in (
                (ACTION_NETWORK, "key"),
                (ACTION_NETWORK, "key"),
                (ACTION_NETWORK, "other key"),
                ("https://other.example.org", "key"),
            ):
                async with pacers.paced(origin, key, calls_per_second=2).slot(Priority.DATA, patience=PATIENCE):
                    times.append(clock.monotonic())
            assert times == [0.0, 0.5, 0.5, 0.5]

        in_a_story(story)

    def test_a_pace_outlives_the_client_that_earned_it(self) -> None:
        async def story(pacers: Pacers, clock: VirtualClock) -> None:
            client = pacers.paced(ACTION_NETWORK, "key", calls_per_second=3.9)
            await play([Ask(failure=limited())], [client], clock)
            client.close()

            assert pacers.paced(ACTION_NETWORK, "key", calls_per_second=3.9).allowed() == CALLS_PER_SECOND / 2

        in_a_story(story)

    def test_the_lowest_ceiling_of_those_who_use_a_credential_counts_as_long_as_they_do(self) -> None:
        async def story(pacers: Pacers, _: VirtualClock) -> None:
            high = pacers.paced(ACTION_NETWORK, "key", calls_per_second=3.0)
            low = pacers.paced(ACTION_NETWORK, "key", calls_per_second=1.0)
            together = (high.allowed(), low.allowed())
            low.close()
            alone = high.allowed()
            high.close()

            assert (together, alone, high.allowed()) == ((1.0, 1.0), 3.0, 3.0)

        in_a_story(story)

    def test_waiting_calls_go_on_faster_at_once_when_a_low_ceiling_goes(self) -> None:
        async def story(pacers: Pacers, clock: VirtualClock) -> None:
            high = pacers.paced(ACTION_NETWORK, "key", calls_per_second=2.0)
            low = pacers.paced(ACTION_NETWORK, "key", calls_per_second=0.01)
            asyncio.get_running_loop().call_later(10.0, low.close)

            assert (await play([Ask(), Ask(), Ask()], [high], clock)).times == pytest.approx([0.0, 10.0, 10.5])

        in_a_story(story)

    def test_rotated_credentials_do_not_pile_up(self) -> None:
        async def story(pacers: Pacers, clock: VirtualClock) -> None:
            kept = pacers.concurrent(MOBILE_COMMONS, "kept open", at_most=1)
            for number in range(100):
                pacers.paced(ACTION_NETWORK, f"key {number}", calls_per_second=1).close()
                await clock.sleep(KEPT / 10)
                assert len(pacers) <= 22
            await clock.sleep(2 * KEPT)
            pacers.paced(ACTION_NETWORK, "last", calls_per_second=1)

            assert len(pacers) == 2
            assert kept.allowed() == 1

        in_a_story(story)

    def test_a_client_that_is_open_for_long_keeps_its_pacer(self) -> None:
        async def story(pacers: Pacers, clock: VirtualClock) -> None:
            first = pacers.paced(ACTION_NETWORK, "key", calls_per_second=1)
            await clock.sleep(10 * KEPT)
            second = pacers.paced(ACTION_NETWORK, "key", calls_per_second=1)

            assert (await play([Ask(), Ask(client=1)], [first, second], clock)).times == pytest.approx(
                [10 * KEPT, 10 * KEPT + 1]
            )

        in_a_story(story)

    def test_who_waits_longer_than_its_patience_is_sent_away_and_the_others_stay(self) -> None:
        async def story(pacers: Pacers, clock: VirtualClock) -> None:
            key = pacers.paced(ACTION_NETWORK, "key", calls_per_second=0.1)

            async def impatient() -> float:
                try:
                    async with key.slot(Priority.OPT_OUT, patience=4.0):
                        return -1.0
                except NoTurn:
                    return clock.monotonic()

            async with asyncio.TaskGroup() as tasks:
                patient = tasks.create_task(play([Ask(), Ask()], [key], clock))
                await asyncio.sleep(1.0)
                sent_away = tasks.create_task(impatient())

            assert sent_away.result() == 5.0
            assert patient.result().times == pytest.approx([0.0, 10.0])

        in_a_story(story)

    def test_nothing_is_left_of_those_who_gave_up(self) -> None:
        async def story(pacers: Pacers, clock: VirtualClock) -> None:
            key = pacers.paced(ACTION_NETWORK, "key", calls_per_second=0.001)
            played = await play([Ask(), Ask(gives_up_after=1.0), Ask(gives_up_after=2.0)], [key], clock)
            await asyncio.sleep(0)

            assert played.gave_up == {1, 2}
            assert asyncio.all_tasks() == {asyncio.current_task()}
            (pacer,) = pacers._pacers.values()
            assert len(pacer._line) == 0

        in_a_story(story)

    def test_they_keep_no_credential(self) -> None:
        async def story(pacers: Pacers, _: VirtualClock) -> None:
            pacers.paced(ACTION_NETWORK, "canary", calls_per_second=1)
            pacers.concurrent(MOBILE_COMMONS, "canary", at_most=1)

            assert "canary" not in repr(vars(pacers))

        in_a_story(story)
