from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anmc.api.names import InitialSync
from anmc.rules.backoff import Backoff
from anmc.rules.windows import (
    INDEX_LAG,
    NIGHT_SHIFT,
    PUSH_OVERLAP,
    SWEEP_OVERLAP,
    WALK_EVERY,
    has_sweep_rested,
    is_eligible,
    is_refresh_due,
    is_sweep_due,
    may_resume,
    new_opt_outs_since,
    next_pull_watermark,
    next_push_watermark,
    pull_filter_bound,
    pull_lower_bound,
    push_lower_bound,
    reads_everybody,
    sweep_lower_bound,
)

NOON = datetime(2026, 3, 10, 12, 0, 0, tzinfo=UTC)
TWO_DAYS = timedelta(hours=48)

instants = st.datetimes(
    min_value=datetime(2024, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2030, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@pytest.mark.rule("W3")
def test_w3_the_first_push_reads_from_shortly_before_the_activation() -> None:
    assert push_lower_bound(None, NOON) == datetime(2026, 3, 10, 11, 55, tzinfo=UTC)


@pytest.mark.rule("W3")
def test_w3_two_pushes_overlap_by_ten_minutes() -> None:
    watermark = next_push_watermark(NOON)

    assert watermark == datetime(2026, 3, 10, 11, 55, tzinfo=UTC)
    assert push_lower_bound(watermark, NOON) == datetime(2026, 3, 10, 11, 50, tzinfo=UTC)


def test_w5_the_first_pull_reads_the_look_back() -> None:
    assert pull_lower_bound(None, NOON, TWO_DAYS) == datetime(2026, 3, 8, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("watermark", "bound"),
    [
        pytest.param(NOON - timedelta(hours=24), NOON - TWO_DAYS, id="W5-last-night-reads-the-look-back"),
        pytest.param(NOON - timedelta(days=5), NOON - timedelta(days=5), id="W5-missed-nights-are-read-too"),
    ],
)
def test_a_pull_reads_from_the_older_of_watermark_and_look_back(watermark: datetime, bound: datetime) -> None:
    assert pull_lower_bound(watermark, NOON, TWO_DAYS) == bound


def test_w5_the_watermark_of_a_pull_stays_behind_the_index() -> None:
    assert next_pull_watermark(NOON) == datetime(2026, 3, 10, 11, 45, tzinfo=UTC)


def test_w5_the_filter_that_excludes_its_bound_gets_one_second_less() -> None:
    assert pull_filter_bound(NOON) == datetime(2026, 3, 10, 11, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("age", "sweep", "refresh"),
    [
        pytest.param(None, True, True, id="W4-W6-never-yet-or-lost"),
        pytest.param(timedelta(days=6), False, False, id="W4-W6-six-days"),
        pytest.param(timedelta(days=6, hours=22), False, True, id="W6-the-same-night-a-bit-earlier"),
        pytest.param(timedelta(days=7) - timedelta(seconds=1), False, True, id="W4-not-yet-a-week"),
        pytest.param(timedelta(days=7), True, True, id="W4-W6-a-week"),
    ],
)
def test_everybody_is_read_once_a_week(age: timedelta | None, sweep: bool, refresh: bool) -> None:  # noqa: FBT001
    walked_at = None if age is None else NOON - age

    assert is_sweep_due(walked_at, NOON) is sweep
    assert is_refresh_due(walked_at, NOON) is refresh


@pytest.mark.parametrize(
    ("backoff", "is_requested", "expected"),
    [
        pytest.param(None, False, True, id="W4-did-not-fail"),
        pytest.param(Backoff(1, NOON + timedelta(minutes=1)), False, False, id="W4-failed-and-rests"),
        pytest.param(Backoff(1, NOON), False, True, id="W4-failed-and-has-rested"),
        pytest.param(Backoff(9, NOON + timedelta(hours=20)), True, True, id="W4-failed-and-somebody-waits"),
    ],
)
def test_w4_a_sweep_that_failed_rests(backoff: Backoff | None, *, is_requested: bool, expected: bool) -> None:
    assert has_sweep_rested(backoff, NOON, is_requested=is_requested) == expected


def test_w4_the_first_sweep_decides_from_the_activation_on() -> None:
    assert sweep_lower_bound(None, NOON) == NOON


def test_w4_two_sweeps_overlap_by_ten_minutes() -> None:
    assert sweep_lower_bound(NOON - timedelta(days=7), NOON) == datetime(2026, 3, 3, 11, 50, tzinfo=UTC)


@pytest.mark.rule("C10")
@pytest.mark.parametrize(
    ("walked_at", "since"),
    [
        pytest.param(None, NOON - PUSH_OVERLAP, id="nothing-was-swept-yet"),
        pytest.param(NOON - timedelta(days=7), NOON - timedelta(days=7, minutes=10), id="a-week-after-a-sweep"),
        pytest.param(NOON + timedelta(minutes=20), NOON - PUSH_OVERLAP, id="a-long-window-behind-a-sweep"),
    ],
)
def test_c10_opt_outs_are_new_since_the_window_and_the_last_sweep(walked_at: datetime | None, since: datetime) -> None:
    assert new_opt_outs_since(push_lower_bound(None, NOON), walked_at, NOON) == since


@pytest.mark.parametrize(
    ("situation", "everybody"),
    [
        pytest.param({"is_first": True}, False, id="W6-first-pull-of-a-window"),
        pytest.param({"is_first": True, "initial_sync": InitialSync.LINK_ONLY}, True, id="W6-first-pull-for-links"),
        pytest.param({"is_first": True, "initial_sync": InitialSync.FULL}, True, id="W6-first-pull-of-all"),
        pytest.param({"is_first": True, "full": True}, True, id="W6-first-pull-was-asked-to-be-full"),
        pytest.param({"initial_sync": InitialSync.FULL}, False, id="W6-later-pulls-read-windows"),
        pytest.param({"walked_at": NOON - timedelta(days=7)}, True, id="W6-refresh"),
        pytest.param({"walked_at": None}, True, id="W6-refresh-after-the-store-was-lost"),
        pytest.param({"walked_at": NOON - timedelta(days=9), "is_requested": True}, False, id="W6-somebody-waits"),
        pytest.param({"is_requested": True, "full": True}, True, id="W6-full-pull-on-request"),
    ],
)
def test_who_is_read_by_a_pull(situation: dict[str, Any], everybody: bool) -> None:  # noqa: FBT001
    usual = {
        "full": False,
        "is_first": False,
        "initial_sync": InitialSync.WINDOW,
        "is_requested": False,
        "walked_at": NOON - timedelta(days=1),
        "now": NOON,
    }

    assert reads_everybody(**{**usual, **situation}) is everybody


@pytest.mark.parametrize(
    ("modified", "turned_true", "full", "eligible"),
    [
        pytest.param(NOON, False, False, True, id="Q0-modified-at-the-bound"),
        pytest.param(NOON - timedelta(seconds=1), False, False, False, id="Q0-modified-before-it"),
        pytest.param(NOON - timedelta(days=900), True, False, True, id="Q0-old-but-the-wish-turned-true"),
        pytest.param(NOON - timedelta(days=900), False, True, True, id="Q0-old-in-a-requested-full-pull"),
        pytest.param(None, False, False, False, id="Q0-without-a-date"),
    ],
)
def test_who_may_be_created_and_opted_in(
    modified: datetime | None,
    turned_true: bool,  # noqa: FBT001 - a row of the table
    full: bool,  # noqa: FBT001
    eligible: bool,  # noqa: FBT001
) -> None:
    assert is_eligible(modified, NOON, turned_true=turned_true, full=full) is eligible


@pytest.mark.parametrize(
    ("minutes", "resumes"), [pytest.param(59, True, id="W8-resumes"), pytest.param(60, False, id="W8-begins-anew")]
)
def test_an_interrupted_run_goes_on_within_the_hour(minutes: int, resumes: bool) -> None:  # noqa: FBT001
    assert may_resume(NOON - timedelta(minutes=minutes), NOON) is resumes


@pytest.mark.rule("W3")
@given(start=instants, gap=st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400)))
def test_no_instant_lies_between_two_pushes(start: datetime, gap: timedelta) -> None:
    bound = push_lower_bound(next_push_watermark(start), start + gap)

    assert bound <= start - 2 * PUSH_OVERLAP
    assert bound.microsecond == 0


@given(
    start=instants,
    gap=st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400)),
    lookback=st.timedeltas(min_value=timedelta(hours=1), max_value=timedelta(hours=720)),
)
def test_no_instant_lies_between_two_pulls(start: datetime, gap: timedelta, lookback: timedelta) -> None:
    bound = pull_lower_bound(next_pull_watermark(start), start + gap, lookback)

    assert bound <= start - INDEX_LAG
    assert bound <= start + gap - lookback
    assert bound.microsecond == 0


@given(start=instants, lateness=st.timedeltas(min_value=timedelta(0), max_value=timedelta(minutes=5)))
def test_no_instant_lies_between_two_sweeps(start: datetime, lateness: timedelta) -> None:
    """Whatever the tick that comes first after a week."""
    now = start + WALK_EVERY + lateness

    assert is_sweep_due(start, now)
    assert sweep_lower_bound(start, now) <= start - SWEEP_OVERLAP


@given(start=instants, shift=st.timedeltas(min_value=-NIGHT_SHIFT, max_value=NIGHT_SHIFT))
def test_a_refresh_falls_on_the_seventh_night_whenever_it_begins(start: datetime, shift: timedelta) -> None:
    nights = [night for night in range(1, 8) if is_refresh_due(start, start + timedelta(days=night) + shift)]

    assert nights == [7]
