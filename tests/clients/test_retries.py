"""When a try is repeated, and after how long: the mechanics by themselves (action-network-api.md 3.3)."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anmc.clients.failures import CallFailed, Cause, Denied, Doubtful, NoTurn, Refused, TryFailed
from anmc.clients.retries import MAX_WAIT, Repeat, read_retry_after

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)

FREELY, UNLESS_RECEIVED = Repeat.FREELY, Repeat.UNLESS_RECEIVED


@pytest.mark.parametrize(
    ("failure", "read", "guarded_write"),
    [
        pytest.param(TryFailed(Cause.RATE_LIMITED, "429", is_unsent=True), True, True, id="429"),
        pytest.param(TryFailed(Cause.NETWORK, "network", is_unsent=True), True, True, id="never-left"),
        pytest.param(TryFailed(Cause.TIMEOUT, "timeout", is_unsent=False), True, False, id="read-timeout"),
        pytest.param(TryFailed(Cause.SERVER_ERROR, "503", is_unsent=False), True, False, id="5xx"),
        pytest.param(TryFailed(Cause.INVALID, "invalid", is_unsent=False), True, False, id="2xx-unreadable"),
        pytest.param(NoTurn(), True, True, id="no-turn"),
        pytest.param(Doubtful("400"), True, False, id="400-that-may-pass"),
        pytest.param(Refused("400"), False, False, id="400"),
        pytest.param(Refused("app_error", error_id=5), False, False, id="refused-with-200"),
        pytest.param(Denied("401", how="401"), False, False, id="credentials"),
    ],
)
def test_what_may_be_repeated(failure: CallFailed, read: bool, guarded_write: bool) -> None:  # noqa: FBT001  # a table
    assert (FREELY.allows(failure), UNLESS_RECEIVED.allows(failure)) == (read, guarded_write)


@settings(deadline=None)
@given(
    header=st.text(max_size=40)
    | st.floats().map(str)
    | st.integers().map(str)
    | st.datetimes().map(lambda time: time.strftime("%a, %d %b %Y %H:%M:%S GMT"))
)
def test_no_header_makes_us_wait_longer_than_a_minute(header: str) -> None:
    seconds = read_retry_after(header, now=NOW)

    assert seconds is None or 0 <= seconds <= MAX_WAIT
