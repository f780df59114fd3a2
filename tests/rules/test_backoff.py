from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anmc.rules.backoff import LONGEST_WAIT, Backoff, wait_after

NOON = datetime(2026, 3, 10, 12, 0, 0, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.mark.parametrize(
    ("failures", "minutes"),
    [(1, 5), (2, 10), (3, 20), (4, 40), (5, 80), (6, 160), (7, 320), (8, 640), (9, 1280), (10, 1440), (99, 1440)],
)
def test_w12_five_minutes_double_to_a_day(failures: int, minutes: int) -> None:
    assert wait_after(failures) == minutes * MINUTE
    assert Backoff.after(failures, NOON) == Backoff(failures, NOON + minutes * MINUTE)


@given(st.integers(min_value=1, max_value=10_000))
def test_nothing_rests_longer_than_a_day_or_shorter_than_before(failures: int) -> None:
    assert wait_after(failures) <= wait_after(failures + 1) <= LONGEST_WAIT


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        pytest.param(4 * MINUTE, False, id="too-early"),
        pytest.param(5 * MINUTE - 15 * SECOND, True, id="a-tick-that-came-a-little-early"),
        pytest.param(5 * MINUTE, True, id="in-time"),
        pytest.param(90 * MINUTE, True, id="late"),
    ],
)
def test_a_rest_ends_when_the_next_try_is_due(after: timedelta, *, expected: bool) -> None:
    assert Backoff.after(1, NOON).is_over(NOON + after) == expected
