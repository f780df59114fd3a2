"""The concurrency of a Mobile Commons login, without an event loop (mobile-commons-api.md 9.2)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anmc.clients.failures import Cause, TryFailed
from anmc.clients.pacing.concurrency import FIRST_IN_FLIGHT, MAX_IN_FLIGHT, ConcurrencyLimit
from anmc.clients.pacing.limits import End, Start
from anmc.clients.pacing.load import LoadedLatency

ANSWERED = End(0.3)
LIMITED = End(0.1, failure=TryFailed(Cause.RATE_LIMITED, "429", is_unsent=True))
UNAVAILABLE = End(0.1, failure=TryFailed(Cause.SERVER_ERROR, "503", is_unsent=False))
BROKEN = End(0.1, failure=TryFailed(Cause.SERVER_ERROR, "500", is_unsent=False))
LOST = End(0.1, failure=TryFailed(Cause.NETWORK, "network", is_unsent=False))

UPDATE = "update_profile"


class Traffic:
    """Calls that fill the limit at any time, as far as they are wanted, and end in the order of their start."""

    def __init__(self, *, ceiling: int = MAX_IN_FLIGHT, wanted: int = 1000) -> None:
        self.limit = ConcurrencyLimit()
        self.limit.ceiling = ceiling
        self._wanted = wanted
        self._in_flight: list[Start] = []
        self._fill()

    @property
    def allowed(self) -> int:
        return int(self.limit.allowed(0.0))

    def round_trip(self, *ends: End) -> int:
        """End what is in flight now, as given and then by answers; return how often the limit was halved."""
        halvings = 0
        for number in range(len(self._in_flight)):
            end = ends[number] if number < len(ends) else ANSWERED
            halvings += self.limit.end(self._in_flight[0], end, 0.0, len(self._in_flight))
            self._in_flight.pop(0)
            self._fill()
        return halvings

    def all_ending(self, end: End) -> int:
        """End all that is in flight now in one way."""
        return self.round_trip(*[end] * len(self._in_flight))

    def grow_to(self, number: int) -> "Traffic":
        while self.allowed < number:
            self.limit.ceiling = number
            self.round_trip()
        self.limit.ceiling = MAX_IN_FLIGHT
        self._fill()
        return self

    def _fill(self) -> None:
        while len(self._in_flight) < self._wanted and self.limit.opens_at(0.0, len(self._in_flight)) is not None:
            self._in_flight.append(self.limit.start(0.0, len(self._in_flight) + 1))


def test_it_begins_with_twenty_five_and_doubles_each_round_trip_up_to_the_hard_maximum() -> None:
    traffic, seen = Traffic(), []
    for _ in range(6):
        seen.append(traffic.allowed)
        traffic.round_trip()

    assert seen == [25, 50, MAX_IN_FLIGHT, MAX_IN_FLIGHT, MAX_IN_FLIGHT, MAX_IN_FLIGHT]


@pytest.mark.parametrize("end", [LIMITED, UNAVAILABLE])
def test_after_the_first_sign_of_overload_each_round_trip_adds_one(end: End) -> None:
    traffic, seen = Traffic().grow_to(32), []
    traffic.round_trip(end)
    for _ in range(4):
        seen.append(traffic.allowed)
        traffic.round_trip()

    assert seen == [16, 17, 18, 19]


@pytest.mark.parametrize("end", [LIMITED, UNAVAILABLE])
def test_all_refusals_of_one_round_trip_halve_once(end: End) -> None:
    traffic = Traffic().grow_to(64)

    assert (traffic.all_ending(end), traffic.allowed) == (1, 32)


def test_the_next_round_trip_halves_again_down_to_one() -> None:
    traffic, seen = Traffic().grow_to(32), []
    for _ in range(6):
        traffic.all_ending(LIMITED)
        seen.append(traffic.allowed)

    assert seen == [16, 8, 4, 2, 1, 1]


@pytest.mark.parametrize("end", [BROKEN, LOST])
def test_other_failures_neither_halve_nor_prove_that_more_would_go(end: End) -> None:
    traffic = Traffic()

    assert (traffic.all_ending(end), traffic.allowed) == (0, FIRST_IN_FLIGHT)


def test_answers_to_requests_from_before_a_halving_do_not_count_for_the_new_limit() -> None:
    traffic = Traffic().grow_to(80)
    traffic.round_trip(LIMITED)

    assert (traffic.allowed, traffic.limit._answers) == (40, 0)


def test_a_limit_that_is_not_in_use_does_not_grow() -> None:
    traffic = Traffic(wanted=FIRST_IN_FLIGHT - 1)
    for _ in range(20):
        traffic.round_trip()

    assert traffic.allowed == FIRST_IN_FLIGHT


@pytest.mark.parametrize(("ceiling", "most"), [(1, 1), (5, 5), (50, 50), (500, MAX_IN_FLIGHT)])
def test_the_integrations_ceiling_counts_and_never_lifts_ours(ceiling: int, most: int) -> None:
    traffic = Traffic(ceiling=ceiling)
    for _ in range(10):
        traffic.round_trip()

    assert traffic.allowed == most


def test_the_halving_starts_from_what_the_ceiling_allowed() -> None:
    traffic = Traffic().grow_to(64)
    traffic.limit.ceiling = 20
    traffic.round_trip(LIMITED)

    assert traffic.allowed == 10


class TestRiseOfLatency:
    def test_twice_as_long_among_many_halves_once_per_round_trip(self) -> None:
        traffic = Traffic()
        traffic.all_ending(End(0.4, UPDATE))
        halvings = [traffic.all_ending(End(1.0, UPDATE)) for _ in range(4)]

        assert halvings == [0, 1, 0, 1]
        assert traffic.allowed == FIRST_IN_FLIGHT

    def test_it_never_goes_below_where_the_limit_began(self) -> None:
        traffic = Traffic()
        traffic.all_ending(End(0.4, UPDATE))
        for _ in range(30):
            traffic.all_ending(End(60.0, UPDATE))
            assert traffic.allowed >= FIRST_IN_FLIGHT

    def test_it_ends_the_doubling(self) -> None:
        traffic = Traffic()
        for seconds in (0.4, 1.0, 1.0):
            traffic.all_ending(End(seconds, UPDATE))
        before = traffic.allowed
        traffic.round_trip()

        assert traffic.allowed == before + 1

    @pytest.mark.parametrize(
        ("among_few", "among_many"),
        [
            pytest.param(0.4, 0.7, id="less-than-twice"),
            pytest.param(0.01, 0.2, id="a-blink"),
            pytest.param(20.0, 30.0, id="slow-as-ever"),
        ],
    )
    def test_what_is_no_rise(self, among_few: float, among_many: float) -> None:
        traffic = Traffic()
        traffic.all_ending(End(among_few, UPDATE))

        assert [traffic.all_ending(End(among_many, UPDATE)) for _ in range(8)] == [0] * 8

    def test_a_few_slow_answers_are_no_rise(self) -> None:
        latency = LoadedLatency(few=8)
        for _ in range(8):
            latency.rose(UPDATE, 0.4, 8)

        assert not any(latency.rose(UPDATE, 3.0 if number % 16 == 0 else 0.4, 40) for number in range(200))

    def test_too_few_calls_to_compare_with_are_no_rise(self) -> None:
        latency = LoadedLatency(few=8)
        for _ in range(7):
            latency.rose(UPDATE, 0.4, 8)

        assert not any(latency.rose(UPDATE, 9.0, 40) for _ in range(100))

    def test_a_service_that_is_slow_for_few_as_well_is_not_slow_because_of_us(self) -> None:
        latency = LoadedLatency(few=8)
        for seconds in [*[0.4] * 100, *[4.0] * 100]:
            latency.rose(UPDATE, seconds, 8)

        assert not any(latency.rose(UPDATE, 5.0, 40) for _ in range(100))

    def test_each_kind_is_compared_with_itself(self) -> None:
        latency = LoadedLatency(few=8)
        for _ in range(20):
            latency.rose("get_profile", 0.2, 8)
            latency.rose(UPDATE, 2.0, 8)

        assert not any(latency.rose(UPDATE, 2.0, 40) or latency.rose("get_profile", 0.2, 40) for _ in range(50))

    def test_lists_whose_duration_is_that_of_their_content_say_nothing(self) -> None:
        traffic = Traffic()
        traffic.all_ending(End(0.1))

        assert [traffic.all_ending(End(100.0)) for _ in range(8)] == [0] * 8

    def test_requests_that_time_out_are_slow(self) -> None:
        timed_out = End(120.0, UPDATE, TryFailed(Cause.TIMEOUT, "timeout", is_unsent=False))
        traffic = Traffic()
        traffic.all_ending(End(0.4, UPDATE))

        assert [traffic.all_ending(timed_out) for _ in range(2)] == [0, 1]


ends = st.sampled_from([ANSWERED, LIMITED, UNAVAILABLE, BROKEN, LOST, End(0.2, UPDATE), End(9.0, UPDATE)])
storms = st.lists(st.lists(ends, max_size=60), max_size=10)


@settings(deadline=None)
@given(storm=storms, ceiling=st.integers(1, 100))
def test_whatever_happens_the_limit_stays_within_bounds_and_halves_at_most_once_per_round_trip(
    storm: list[list[End]], ceiling: int
) -> None:
    traffic = Traffic(ceiling=ceiling)
    for round_trip in storm:
        assert traffic.round_trip(*round_trip) <= 1
        assert 1 <= traffic.allowed <= min(ceiling, MAX_IN_FLIGHT)


@settings(deadline=None)
@given(storm=storms, ceiling=st.integers(1, 50))
def test_after_a_storm_the_ceiling_comes_back(storm: list[list[End]], ceiling: int) -> None:
    traffic = Traffic(ceiling=ceiling)
    for round_trip in storm:
        traffic.round_trip(*round_trip)
    for _ in range(ceiling):
        traffic.round_trip()

    assert traffic.allowed == ceiling
