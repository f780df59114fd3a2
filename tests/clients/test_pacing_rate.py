"""The rate of an Action Network key, without an event loop (action-network-api.md 3.2)."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anmc.clients.failures import Cause, TryFailed
from anmc.clients.pacing.limits import End, Start
from anmc.clients.pacing.rate import CALLS_PER_SECOND, MAX_IN_FLIGHT, PENALTY, SLOWEST, RateLimit

REFUSED = End(0.1, failure=TryFailed(Cause.RATE_LIMITED, "429", is_unsent=True))
LOST = End(30.0, failure=TryFailed(Cause.NETWORK, "network", is_unsent=False))
UNREACHED = End(5.0, failure=TryFailed(Cause.TIMEOUT, "timeout", is_unsent=True))
TIMED_OUT = End(30.0, failure=TryFailed(Cause.TIMEOUT, "timeout", is_unsent=False))
UNAVAILABLE = End(0.1, failure=TryFailed(Cause.SERVER_ERROR, "503", is_unsent=False))


def refuse(limit: RateLimit, now: float) -> bool:
    """Let a request start and be refused at once."""
    return limit.end(limit.start(now, 1), REFUSED, now, 1)


def test_starts_are_evenly_spaced() -> None:
    limit = RateLimit()
    limit.start(100.0, 1)

    assert limit.opens_at(100.0, 0) == pytest.approx(100.0 + 1 / CALLS_PER_SECOND)


def test_the_first_request_need_not_wait() -> None:
    opens_at = RateLimit().opens_at(0.0, 0)

    assert opens_at is not None
    assert opens_at <= 0.0


def test_the_integrations_ceiling_counts_and_never_lifts_ours() -> None:
    limit = RateLimit()
    limit.ceiling = 1.5
    low = limit.allowed(0.0)
    limit.ceiling = 4.0

    assert (low, limit.allowed(0.0)) == (1.5, CALLS_PER_SECOND)


def test_a_429_halves_the_rate_for_a_minute_and_each_minute_doubles_it_up_to_the_ceiling() -> None:
    limit = RateLimit()
    for second in range(4):
        assert refuse(limit, float(second)) is (second < 3)

    rates = [
        limit.allowed(3 + PENALTY * minutes + seconds) for minutes, seconds in itertools.product(range(5), (0, 59))
    ]

    assert rates == [0.5, 0.5, 1.0, 1.0, 2.0, 2.0, 3.9, 3.9, 3.9, 3.9]


def test_the_halving_starts_from_what_the_ceiling_allowed() -> None:
    limit = RateLimit()
    limit.ceiling = 2.0
    refuse(limit, 0.0)

    assert [limit.allowed(0.0), limit.allowed(PENALTY)] == [1.0, 2.0]


def test_a_ceiling_below_the_floor_stays_in_force() -> None:
    limit = RateLimit()
    limit.ceiling = 0.1
    refuse(limit, 0.0)

    assert limit.allowed(0.0) == 0.1


def test_requests_in_flight_at_the_moment_of_halving_do_not_halve_again() -> None:
    limit = RateLimit()
    in_flight = [limit.start(number * 0.3, number + 1) for number in range(8)]

    halved = [limit.end(start, REFUSED, 3.0, 8) for start in in_flight]

    assert halved == [True, *[False] * 7]
    assert limit.allowed(3.0) == CALLS_PER_SECOND / 2


def test_nor_do_they_start_the_minute_anew() -> None:
    limit = RateLimit()
    first, second = limit.start(0.0, 1), limit.start(0.3, 2)
    limit.end(first, REFUSED, 1.0, 2)
    limit.end(second, REFUSED, 50.0, 1)

    assert limit.allowed(1.0 + PENALTY) == CALLS_PER_SECOND


def test_a_later_429_halves_again_and_starts_the_minute_anew() -> None:
    limit = RateLimit()
    refuse(limit, 0.0)
    refuse(limit, 50.0)

    assert [limit.allowed(50.0), limit.allowed(61.0), limit.allowed(110.0)] == [0.975, 0.975, 1.95]


@pytest.mark.parametrize("end", [LOST, UNREACHED, TIMED_OUT, UNAVAILABLE, End(0.1)])
def test_nothing_but_a_429_halves(end: End) -> None:
    limit = RateLimit()

    assert limit.end(limit.start(0.0, 1), end, 0.0, 1) is False
    assert limit.allowed(0.0) == CALLS_PER_SECOND


@pytest.mark.parametrize(
    ("rate", "latency", "in_flight"),
    [
        pytest.param(3.0, 0.3, 1, id="contract-3/s-at-0.3s"),
        pytest.param(3.0, 1.0, 3, id="contract-3/s-at-1s"),
        pytest.param(3.9, 0.6, 3, id="contract-3.9/s-at-0.6s"),
        pytest.param(3.9, 2.5, MAX_IN_FLIGHT, id="contract-the-cap"),
        pytest.param(3.9, 0.0, 1, id="at-least-one"),
        pytest.param(3.9, None, 4, id="nothing-measured-yet"),
    ],
)
def test_as_many_are_in_flight_as_keep_the_rate(rate: float, latency: float | None, in_flight: int) -> None:
    limit = RateLimit()
    limit.ceiling = rate
    if latency is not None:
        limit.end(limit.start(0.0, 1), End(latency), 1.0, 1)

    room = [number for number in range(12) if limit.opens_at(9.0, number) is not None]

    assert room == list(range(in_flight))


@pytest.mark.parametrize("end", [REFUSED, LOST, UNREACHED, UNAVAILABLE])
def test_what_was_not_worked_on_says_nothing_about_latency(end: End) -> None:
    limit = RateLimit()
    limit.end(limit.start(0.0, 1), End(0.3), 0.0, 1)
    before = limit.allowed_in_flight(1000.0)
    limit.end(limit.start(0.0, 1), end, 0.0, 1)

    assert limit.allowed_in_flight(1000.0) == before


def test_latency_follows_recent_calls() -> None:
    limit = RateLimit()
    for seconds in [*[0.2] * 50, *[2.0] * 30]:
        limit.end(limit.start(0.0, 1), End(seconds), 0.0, 1)

    assert limit.allowed_in_flight(0.0) == MAX_IN_FLIGHT


refusals = st.lists(st.tuples(st.floats(0, 90), st.booleans()), max_size=30)


@settings(deadline=None)
@given(storm=refusals, ceiling=st.floats(0.6, 4.0))
def test_the_rate_stays_between_floor_and_ceiling_and_comes_back_after_a_storm(
    storm: list[tuple[float, bool]], ceiling: float
) -> None:
    limit, now = RateLimit(), 0.0
    limit.ceiling = ceiling
    highest = min(ceiling, CALLS_PER_SECOND)
    for pause, is_refused in storm:
        now += pause
        limit.end(limit.start(now, 1), REFUSED if is_refused else End(0.3), now, 1)
        assert SLOWEST <= limit.allowed(now) <= highest

    assert limit.allowed(now + 3 * PENALTY + 1) == highest


@settings(deadline=None)
@given(storm=refusals)
def test_the_rate_at_most_doubles_in_a_minute(storm: list[tuple[float, bool]]) -> None:
    limit, now = RateLimit(), 0.0
    for pause, is_refused in storm:
        before = limit.allowed(now)
        assert limit.allowed(now + pause) <= before * 2.0 ** (pause // PENALTY + 1)
        now += pause
        limit.end(limit.start(now, 1), REFUSED if is_refused else End(0.3), now, 1)


@settings(deadline=None)
@given(ages=st.lists(st.integers(0, 3), max_size=20))
def test_each_halving_needs_a_request_that_started_after_the_one_before(ages: list[int]) -> None:
    limit, halvings = RateLimit(), 0
    for age in ages:
        start = Start(max(0, halvings - age), 1)
        limit.end(start, REFUSED, 0.0, 1)
        halvings += start.halvings == halvings

    assert limit.start(0.0, 1).halvings == halvings
