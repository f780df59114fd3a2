"""Times as the services spell them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from anmc.clients.times import clock_offset, read_http_date, read_time, started_at, write_time

NOON = datetime(2025, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2025-03-01 12:00:00 UTC",
        "2025-03-01T12:00:00Z",
        "2025-03-01T07:00:00-05:00",
        " 2025-03-01T12:00:00.000Z\n",
        "2025-03-01 12:00:00",
    ],
)
def test_every_known_spelling_reads_as_the_same_instant(text: str) -> None:
    assert read_time(text) == NOON


@pytest.mark.parametrize("text", [None, "", " ", "soon", "2025-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_time_is_none(text: str | None) -> None:
    assert read_time(text) is None


def test_a_time_is_written_in_utc_without_fractions() -> None:
    instant = datetime(2025, 3, 1, 7, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=-5)))

    assert write_time(instant) == "2025-03-01T12:00:00Z"


@pytest.mark.rule("W2")
@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param("Sat, 01 Mar 2025 12:00:00 GMT", NOON - timedelta(seconds=3), id="their-clock"),
        pytest.param(None, NOON + timedelta(hours=1, seconds=-3), id="absent"),
        pytest.param("yesterday", NOON + timedelta(hours=1, seconds=-3), id="garbage"),
        pytest.param("Sat, 01 Mar 99999 12:00:00 GMT", NOON + timedelta(hours=1, seconds=-3), id="impossible-year"),
    ],
)
def test_a_request_began_at_the_services_time_less_its_duration(header: str | None, expected: datetime) -> None:
    began = started_at(read_http_date(header), received_at=NOON + timedelta(hours=1), duration=timedelta(seconds=3))

    assert began == expected


@pytest.mark.rule("W2")
@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        pytest.param("Sat, 01 Mar 2025 12:00:00 GMT", 0, id="the-same"),
        pytest.param("Sat, 01 Mar 2025 11:59:57 GMT", 0, id="the-same-when-it-was-sent"),
        pytest.param("Sat, 01 Mar 2025 11:59:56 GMT", -0.5, id="cut-to-the-second-and-yet-behind"),
        pytest.param("Sat, 01 Mar 2025 12:00:01 GMT", 1, id="ahead"),
        pytest.param("Sat, 01 Mar 2025 11:00:00 GMT", -3596.5, id="an-hour-behind"),
        pytest.param("Sat, 01 Mar 2025 13:00:00 GMT", 3600, id="an-hour-ahead"),
    ],
)
def test_the_offset_of_a_clock_is_the_least_that_explains_its_date(header: str, seconds: float) -> None:
    sent_at = NOON - timedelta(seconds=2.5)

    assert clock_offset(read_http_date(header), sent_at=sent_at, received_at=NOON) == timedelta(seconds=seconds)


@pytest.mark.parametrize("header", [None, "", "soon", "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT"])
def test_a_date_that_is_none_shows_no_offset(header: str | None) -> None:
    assert clock_offset(read_http_date(header), sent_at=NOON, received_at=NOON) is None
