from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anmc.api.names import SendWindowZone
from anmc.api.spec import DataSyncIntegrationSpec
from anmc.errors import InvalidSpec
from anmc.rules.records import Phone
from anmc.rules.send_window import SendWindow

NEW_YORKER = Phone("+12125550123")
CALIFORNIAN = Phone("+14155550123")
IN_TWO_ZONES = Phone("+12085550123")  # Idaho: Mountain and Pacific
ANYWHERE = Phone("+16005550123")  # a Canadian non-geographic code: the library knows the country only


def a_window(
    start: str = "09:00",
    end: str = "20:00",
    zone: SendWindowZone = SendWindowZone.RECIPIENT,
    integration: str = "America/New_York",
) -> SendWindow:
    spec: Mapping[str, Any] = {
        "mobileCommons": {"credentialsSecretRef": {"name": "mobile-commons"}},
        "actionNetwork": {"credentialsSecretRef": {"name": "action-network"}, "optInField": "sms_opt_in"},
        "pull": {"timeZone": integration},
        "consent": {"sendWindow": {"start": start, "end": end, "zone": zone.value}},
    }
    return SendWindow.of(DataSyncIntegrationSpec.from_dict(spec))


def in_new_york(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("America/New_York")).astimezone(UTC)


@pytest.mark.parametrize(
    ("phone", "local_time", "is_open"),
    [
        pytest.param(NEW_YORKER, "08:59:59", False, id="C14-before-the-start"),
        pytest.param(NEW_YORKER, "09:00:00", True, id="C14-start-included"),
        pytest.param(NEW_YORKER, "19:59:59", True, id="C14-last-second"),
        pytest.param(NEW_YORKER, "20:00:00", False, id="C14-end-not-included"),
        pytest.param(CALIFORNIAN, "11:59:59", False, id="C14-still-too-early-in-the-west"),
        pytest.param(CALIFORNIAN, "12:00:00", True, id="C14-nine-in-the-west"),
        pytest.param(CALIFORNIAN, "22:30:00", True, id="C14-half-past-seven-in-the-west"),
        pytest.param(IN_TWO_ZONES, "11:30:00", False, id="C14-open-in-one-of-two-zones"),
        pytest.param(IN_TWO_ZONES, "12:00:00", True, id="C14-open-in-both-zones"),
        pytest.param(IN_TWO_ZONES, "22:00:00", False, id="C14-closed-in-one-of-two-zones"),
        pytest.param(ANYWHERE, "09:00:00", True, id="C14-integration-zone-where-none-is-known"),
        pytest.param(ANYWHERE, "20:00:00", False, id="C14-integration-zone-closed"),
    ],
)
def test_a_text_waits_for_the_recipients_day(phone: Phone, local_time: str, is_open: bool) -> None:  # noqa: FBT001
    assert a_window().is_open(phone, in_new_york(f"2026-05-10T{local_time}")) is is_open


def test_the_integrations_clock_counts_for_everybody_if_so_wished() -> None:
    window = a_window(zone=SendWindowZone.INTEGRATION)

    assert window.is_open(CALIFORNIAN, in_new_york("2026-05-10T09:00"))
    assert not window.is_open(CALIFORNIAN, in_new_york("2026-05-10T20:00"))


@given(st.datetimes(min_value=datetime(2025, 1, 1), max_value=datetime(2027, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_midnight_to_midnight_is_always(now: datetime) -> None:
    assert a_window("00:00", "24:00").is_open(IN_TWO_ZONES, now)


@pytest.mark.parametrize(
    ("phone", "now", "opens"),
    [
        pytest.param(NEW_YORKER, "2026-05-10T12:00", "2026-05-10T12:00", id="open-now"),
        pytest.param(NEW_YORKER, "2026-05-10T02:00", "2026-05-10T09:00", id="later-today"),
        pytest.param(NEW_YORKER, "2026-05-10T21:00", "2026-05-11T09:00", id="tomorrow"),
        pytest.param(CALIFORNIAN, "2026-05-10T09:00", "2026-05-10T12:00", id="when-the-west-wakes-up"),
        pytest.param(IN_TWO_ZONES, "2026-05-10T11:00", "2026-05-10T12:00", id="when-both-zones-are-open"),
        pytest.param(NEW_YORKER, "2026-03-07T21:00", "2026-03-08T09:00", id="over-the-change-to-summer-time"),
    ],
)
def test_a_closed_window_tells_when_it_opens(phone: Phone, now: str, opens: str) -> None:
    assert a_window().next_open(phone, in_new_york(now)) == in_new_york(opens)


@given(
    now=st.datetimes(min_value=datetime(2025, 1, 1), max_value=datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    phone=st.sampled_from([NEW_YORKER, CALIFORNIAN, IN_TWO_ZONES, ANYWHERE]),
)
def test_the_next_opening_is_open_and_at_most_a_day_away(now: datetime, phone: Phone) -> None:
    window = a_window()

    opens = window.next_open(phone, now)

    assert window.is_open(phone, opens)
    assert now <= opens <= now + timedelta(hours=25)


def test_zones_whose_windows_never_meet_have_no_opening_and_still_an_answer() -> None:
    window = a_window("09:00", "09:30")

    again = window.next_open(IN_TWO_ZONES, in_new_york("2026-05-10T11:00"))

    assert again > in_new_york("2026-05-11T09:00")


@pytest.mark.parametrize(
    ("zone", "now", "start"),
    [
        pytest.param("America/New_York", "2026-05-11T03:59", "2026-05-10T04:00", id="C14-evening-in-new-york"),
        pytest.param("America/New_York", "2026-05-11T04:00", "2026-05-11T04:00", id="C14-midnight"),
        pytest.param("America/Santiago", "2026-09-06T12:00", "2026-09-06T04:00", id="C14-skipped-midnight"),
        pytest.param("America/Havana", "2026-11-01T12:00", "2026-11-01T04:00", id="C14-midnight-twice"),
    ],
)
def test_the_daily_cap_counts_from_local_midnight(zone: str, now: str, start: str) -> None:
    day_start = a_window(integration=zone).local_day_start(datetime.fromisoformat(now).replace(tzinfo=UTC))

    assert day_start == datetime.fromisoformat(start).replace(tzinfo=UTC)


def test_a_zone_that_does_not_exist_is_named() -> None:
    with pytest.raises(InvalidSpec, match=r"spec\.pull\.timeZone"):
        a_window(integration="Mars/Olympus")
