from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anmc.api.names import Trigger
from anmc.errors import InvalidSpec
from anmc.rules.schedule import PullDue, Schedule, next_pull, next_push, retry_delay

NEW_YORK = "America/New_York"
NIGHTLY = Schedule.parse("0 2 * * *", "UTC")
DEADLINE = timedelta(hours=6)

ZONES_WITH_SUMMER_TIME = [
    NEW_YORK,
    "Europe/Berlin",
    "Australia/Lord_Howe",  # half an hour
    "America/Santiago",  # at midnight
    "Africa/Cairo",  # at midnight, on a Friday
    "America/Havana",  # midnight comes twice
]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "zone", "after", "expected"),
    [
        pytest.param("0 2 * * *", NEW_YORK, "2026-01-15 12:00", "2026-01-16 07:00", id="W10-winter"),
        pytest.param("0 2 * * *", NEW_YORK, "2026-07-15 12:00", "2026-07-16 06:00", id="W10-summer"),
        pytest.param("0 2 * * *", NEW_YORK, "2026-03-08 06:59", "2026-03-08 07:00", id="W10-skipped-hour"),
        pytest.param("30 2 * * *", NEW_YORK, "2026-03-08 06:59", "2026-03-08 07:00", id="W10-skipped-half-hour"),
        pytest.param("30 2 * * *", NEW_YORK, "2026-03-08 07:00", "2026-03-09 06:30", id="W10-skipped-time-once"),
        pytest.param("30 1 * * *", NEW_YORK, "2026-11-01 04:00", "2026-11-01 05:30", id="W10-repeated-at-first"),
        pytest.param("30 1 * * *", NEW_YORK, "2026-11-01 05:30", "2026-11-02 06:30", id="W10-repeated-not-twice"),
        pytest.param("30 1 * * *", NEW_YORK, "2026-11-01 06:10", "2026-11-02 06:30", id="W10-from-second-pass"),
        pytest.param("30 * * * *", NEW_YORK, "2026-11-01 05:30", "2026-11-01 07:30", id="W10-hourly-repeat-once"),
        pytest.param("30 * * * *", NEW_YORK, "2026-03-08 06:30", "2026-03-08 07:00", id="W10-hourly-in-gap"),
        pytest.param("0 12 * * *", "Pacific/Apia", "2011-12-30 00:00", "2011-12-30 10:00", id="W10-skipped-day"),
        pytest.param("0 2 29 2 *", "UTC", "2026-01-01 00:00", "2028-02-29 02:00", id="W10-leap-day"),
        pytest.param("0 2 * * *", "UTC", "2026-01-01 02:00", "2026-01-02 02:00", id="W10-strictly-later"),
    ],
)
def test_the_next_night_comes(cron: str, zone: str, after: str, expected: str) -> None:
    assert Schedule.parse(cron, zone).next_after(utc(after)) == utc(expected)


@pytest.mark.parametrize(
    "cron",
    [
        "",
        "every night",
        "@daily",
        "60 2 * * *",
        "0 2 * *",
        "0 0 2 * * *",
        "0 2 31 2 *",
        "0 2 31 4,6 *",
        "0 2 * 13 *",
    ],
)
def test_a_schedule_that_cannot_be_used_names_its_field(cron: str) -> None:
    with pytest.raises(InvalidSpec, match=r"spec\.pull\.schedule") as caught:
        Schedule.parse(cron, NEW_YORK)

    assert "five cron fields" in caught.value.remedy


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "America", "../etc/passwd", "a\0b", "/etc/localtime"])
def test_a_zone_that_does_not_exist_names_its_field(zone: str) -> None:
    with pytest.raises(InvalidSpec, match=r"spec\.pull\.timeZone"):
        Schedule.parse("0 2 * * *", zone)


@settings(max_examples=30)  # each is a whole year
@given(
    zone=st.sampled_from(ZONES_WITH_SUMMER_TIME),
    year=st.integers(min_value=2008, max_value=2036),
    hour=st.integers(min_value=0, max_value=23),
    minute=st.integers(min_value=0, max_value=59),
)
def test_no_night_is_skipped_or_doubled(zone: str, year: int, hour: int, minute: int) -> None:
    schedule = Schedule.parse(f"{minute} {hour} * * *", zone)
    last_day = date(year, 12, 31)

    nights = [schedule.next_after(datetime(year, 1, 1, tzinfo=ZoneInfo(zone)) - timedelta(seconds=1))]
    while nights[-1].astimezone(ZoneInfo(zone)).date() < last_day:
        nights.append(schedule.next_after(nights[-1]))

    days = [night.astimezone(ZoneInfo(zone)).date() for night in nights]
    assert days == [date(year, 1, 1) + timedelta(days=n) for n in range(len(days))]
    assert all(timedelta(hours=22) <= later - earlier <= timedelta(hours=26) for earlier, later in pairwise(nights))


@pytest.mark.parametrize(
    ("last_start", "now", "expected"),
    [
        pytest.param(
            None,
            "2026-05-10 12:00",
            PullDue(utc("2026-05-11 02:00"), Trigger.SCHEDULE),
            id="W11-first-pull-waits-for-the-night",
        ),
        pytest.param(
            "2026-05-10 02:00",
            "2026-05-10 12:00",
            PullDue(utc("2026-05-11 02:00"), Trigger.SCHEDULE),
            id="W10-next-night",
        ),
        pytest.param(
            "2026-05-10 02:00",
            "2026-05-11 02:00",
            PullDue(utc("2026-05-11 02:00"), Trigger.SCHEDULE),
            id="W10-on-the-minute",
        ),
        pytest.param(
            "2026-05-10 02:00",
            "2026-05-11 02:04",
            PullDue(utc("2026-05-11 02:00"), Trigger.SCHEDULE),
            id="W10-behind-a-push",
        ),
        pytest.param(
            "2026-05-10 02:00",
            "2026-05-11 08:00",
            PullDue(utc("2026-05-11 02:00"), Trigger.CATCH_UP),
            id="W10-as-late-as-the-deadline",
        ),
        pytest.param(
            "2026-05-10 02:00",
            "2026-05-11 08:01",
            PullDue(utc("2026-05-12 02:00"), Trigger.SCHEDULE),
            id="W10-later-than-the-deadline",
        ),
        pytest.param(
            "2026-05-10 02:00",
            "2026-05-15 03:00",
            PullDue(utc("2026-05-15 02:00"), Trigger.CATCH_UP),
            id="W10-five-missed-nights-are-one-run",
        ),
        pytest.param(
            "2026-05-11 02:30",
            "2026-05-11 03:00",
            PullDue(utc("2026-05-12 02:00"), Trigger.SCHEDULE),
            id="W10-caught-up-once",
        ),
    ],
)
def test_the_next_pull_is_due(last_start: str | None, now: str, expected: PullDue) -> None:
    due = next_pull(
        schedule=NIGHTLY,
        last_start=None if last_start is None else utc(last_start),
        active_since=utc("2026-05-09 12:00"),
        now=utc(now),
        starting_deadline=DEADLINE,
    )

    assert due == expected


def test_w11_a_night_before_the_activation_is_not_made_up_for() -> None:
    due = next_pull(
        schedule=NIGHTLY,
        last_start=utc("2026-05-01 02:00"),
        active_since=utc("2026-05-10 03:00"),
        now=utc("2026-05-10 03:01"),
        starting_deadline=DEADLINE,
    )

    assert due == PullDue(utc("2026-05-11 02:00"), Trigger.SCHEDULE)


@settings(max_examples=30)  # each is some months
@given(
    zone=st.sampled_from(ZONES_WITH_SUMMER_TIME),
    ticks=st.lists(st.integers(min_value=1, max_value=40 * 60), min_size=50, max_size=200),
)
def test_each_night_is_pulled_at_most_once_and_never_too_late(zone: str, ticks: list[int]) -> None:
    schedule = Schedule.parse("30 1 * * *", zone)
    active_since = now = utc("2026-03-01 00:00")
    last_start: datetime | None = None
    handled: list[datetime] = []

    for minutes in ticks:
        now += timedelta(minutes=minutes)
        due = next_pull(
            schedule=schedule,
            last_start=last_start,
            active_since=active_since,
            now=now,
            starting_deadline=DEADLINE,
        )
        handled += [due.time] if due.time <= now else []
        last_start = now if due.time <= now else last_start
        assert due.time >= now - DEADLINE

    assert handled == sorted(set(handled))


PUSH_EVERY = timedelta(minutes=5)


@pytest.mark.parametrize(
    ("last_start", "phase", "expected"),
    [
        pytest.param(None, 0, "2026-05-10 12:00:00", id="W11-at-once-after-activation"),
        pytest.param("2026-05-09 10:00:00", 0, "2026-05-10 12:00:00", id="W11-at-once-when-active-again"),
        pytest.param("2026-05-10 11:55:00", 0, "2026-05-10 12:00:00", id="interval-has-passed"),
        pytest.param("2026-05-10 11:00:00", 0, "2026-05-10 12:00:00", id="missed-ticks-are-one-run-now"),
        pytest.param("2026-05-10 11:59:00", 0, "2026-05-10 12:00:00", id="on-the-grid"),
        pytest.param("2026-05-10 12:00:00", 0, "2026-05-10 12:05:00", id="a-whole-interval-on-the-grid"),
        pytest.param("2026-05-10 12:00:00", 70, "2026-05-10 12:01:10", id="its-own-phase"),
    ],
)
def test_the_next_push_is_due(last_start: str | None, phase: int, expected: str) -> None:
    due = next_push(
        last_start=None if last_start is None else utc(last_start),
        interval=PUSH_EVERY,
        active_since=utc("2026-05-10 10:00"),
        now=utc("2026-05-10 12:00"),
        phase=timedelta(seconds=phase),
    )

    assert due == utc(expected)


@given(
    started_ago=st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=2)),
    interval=st.timedeltas(min_value=timedelta(minutes=1), max_value=timedelta(hours=24)),
    phase=st.timedeltas(min_value=timedelta(0), max_value=timedelta(hours=24)),
)
def test_a_push_is_never_more_than_one_interval_away(
    started_ago: timedelta, interval: timedelta, phase: timedelta
) -> None:
    now = utc("2026-05-10 12:00")
    last_start = now - started_ago

    due = next_push(
        last_start=last_start, interval=interval, active_since=utc("2026-01-01 00:00"), now=now, phase=phase
    )

    assert last_start < due or due == now
    assert now <= due <= max(now, last_start + interval)


def test_a_failing_pull_is_tried_again_ever_more_slowly_up_to_an_hour() -> None:
    minutes = [retry_delay(failures) / timedelta(minutes=1) for failures in (1, 2, 3, 4, 5, 500)]

    assert minutes == [5, 10, 20, 40, 60, 60]
