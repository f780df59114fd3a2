from datetime import UTC, datetime, timedelta, timezone

import pytest

from anmc.api.times import format_time


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (datetime(2026, 2, 3, 10, 25, tzinfo=UTC), "2026-02-03T10:25:00Z"),
        pytest.param(
            datetime(2026, 2, 3, 10, 25, 0, 999_999, tzinfo=UTC), "2026-02-03T10:25:00Z", id="cut-not-rounded"
        ),
        pytest.param(
            datetime(2026, 2, 3, 1, 25, tzinfo=timezone(timedelta(hours=-5))), "2026-02-03T06:25:00Z", id="in-utc"
        ),
    ],
)
def test_a_time_is_rfc_3339_in_utc_with_whole_seconds(time: datetime, text: str) -> None:
    assert format_time(time) == text
