from datetime import UTC, datetime, timedelta

import pytest

from anmc.rules.records import Profile, ProfileId
from anmc.rules.vendor_sync import is_vendor_sync_active, newest_sync

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def a_profile(synchronized_at: datetime | None) -> Profile:
    return Profile(ProfileId("1"), "12025550123", None, None, None, {}, synchronized_at=synchronized_at)


@pytest.mark.parametrize(
    ("synchronized_at", "lower_bound", "expected"),
    [
        pytest.param(None, NOON - HOUR, False, id="never-written"),
        pytest.param(NOON, NOON - HOUR, True, id="written-since"),
        pytest.param(NOON - HOUR, NOON - HOUR, False, id="written-at-the-bound"),
        pytest.param(NOON - 2 * HOUR, NOON - HOUR, False, id="written-by-a-former-sync"),
        pytest.param(NOON - 47 * HOUR, LONG_AGO, True, id="written-since-yesterday-as-a-full-read-shows"),
        pytest.param(NOON - 48 * HOUR, LONG_AGO, False, id="written-long-ago-as-a-full-read-shows"),
    ],
)
def test_the_vendor_s_sync_is_active_if_it_wrote_in_the_stretch_that_is_read(
    synchronized_at: datetime | None, lower_bound: datetime, *, expected: bool
) -> None:
    is_active = is_vendor_sync_active(
        synchronized_at, lower_bound=lower_bound, started_at=NOON, lookback=timedelta(hours=48)
    )

    assert is_active == expected


def test_the_newest_of_several_profiles_counts() -> None:
    assert newest_sync([a_profile(NOON - HOUR), a_profile(NOON), a_profile(None)]) == NOON
    assert newest_sync([a_profile(None)]) is None
