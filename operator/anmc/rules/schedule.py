"""When a direction runs next: the nightly pull by cron and zone, the push by its interval (sync.md W10, W11).

Instants are aware UTC. Which run is due follows from the start of the last one alone, so a process that
was away, or one that starts anew, comes to the same answer.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from anmc.api.names import Trigger
from anmc.errors import InvalidSpec
from anmc.rules.wall_clock import instant_of, parse_zone

ON_TIME: Final = timedelta(minutes=5)
"""How late a night may start and still count as on schedule: a push may be in hand, the scheduler ticks."""

RETRY_BASE: Final = timedelta(minutes=5)
"""Wait after the first failed pull: long enough for a short outage, short enough to be done by morning."""

RETRY_MAXIMUM: Final = timedelta(hours=1)
"""Longest wait between tries of a failing pull; an outage that ends is noticed within the hour."""

_CRON_FIELDS: Final = 5
"""Minute, hour, day of month, month, day of week. A sixth one, seconds, would make `pull` run all day."""

_PROBE: Final = datetime(2000, 1, 1)  # noqa: DTZ001 - local time of no zone
"""From when on a new schedule is asked for its first time; any date does, a leap day is at most 8 years off."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Where the grid of the pushes begins, before each integration's phase is added."""

_CRON_REMEDY: Final = 'Give five cron fields, such as "0 2 * * *" for every night at 02:00.'


@dataclass(frozen=True, slots=True)
class Schedule:
    """A cron text in a time zone."""

    text: str
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str, zone: str) -> Self:
        """Read `spec.pull.schedule` and `spec.pull.timeZone`.

        Raises:
            InvalidSpec: the text is no cron, its time never comes, or the zone does not exist; the message
                names the field.
        """
        _check_cron(text)
        return cls(text, parse_zone(zone))

    def next_after(self, instant: datetime) -> datetime:
        """Return the first scheduled instant that is later than `instant`; rule W10."""
        return next(self._after(instant))

    def _after(self, instant: datetime) -> Iterator[datetime]:
        """Yield the scheduled instants later than `instant`, each once.

        cronsim walks wall-clock times without a zone. Left to itself it would follow the zone for some texts
        (`*` in the hour) and not for others, and come back to an hour that the clock repeats.
        """
        last = instant
        local = instant.astimezone(self.zone).replace(tzinfo=None)
        for wall in CronSim(self.text, local):
            coming = instant_of(wall, self.zone)
            if coming > last:
                yield coming
                last = coming


@dataclass(frozen=True, slots=True)
class PullDue:
    """The pull to run next. A `time` that has passed is due now; it is the night that the run stands for."""

    time: datetime
    trigger: Trigger


def next_pull(
    *,
    schedule: Schedule,
    last_start: datetime | None,
    active_since: datetime,
    now: datetime,
    starting_deadline: timedelta,
) -> PullDue:
    """Return the next pull on schedule; rules W10 and W11.

    Of the nights since the last start only the latest one counts, and only while it is at most
    `starting_deadline` late. `last_start` None means that none ran since the activation.
    """
    handled_until = active_since if last_start is None else max(last_start, active_since)
    too_late = now - starting_deadline
    # One second earlier, as a night exactly as late as the deadline still runs.
    missed: datetime | None = None
    for night in schedule._after(max(handled_until, too_late - timedelta(seconds=1))):  # noqa: SLF001 - same module
        if night > now:
            break
        if night >= too_late:
            missed = night
    if missed is None:
        return PullDue(schedule.next_after(max(handled_until, now)), Trigger.SCHEDULE)
    return PullDue(missed, Trigger.SCHEDULE if now - missed <= ON_TIME else Trigger.CATCH_UP)


def next_push(
    *,
    last_start: datetime | None,
    interval: timedelta,
    active_since: datetime,
    now: datetime,
    phase: timedelta,
) -> datetime:
    """Return when the next push is due: at once if none ran since the activation, otherwise on its grid.

    The grid has one point per `interval`, moved by `phase`, so that integrations do not all start together.
    The answer is at most `interval` after the last start; any number of missed points is one run, now.
    """
    if last_start is None or last_start < active_since:
        return now
    latest = last_start + interval
    return max(latest - (latest - _EPOCH - phase) % interval, now)


def retry_delay(consecutive_failures: int, base: timedelta = RETRY_BASE) -> timedelta:
    """Return the wait after the last of so many failed runs: `base`, doubling, an hour at most."""
    doublings = min(max(consecutive_failures - 1, 0), 16)
    return min(base * (1 << doublings), RETRY_MAXIMUM)


def _check_cron(text: str) -> None:
    if len(text.split()) != _CRON_FIELDS:
        raise InvalidSpec(f'spec.pull.schedule: "{text}" has not the five fields of a cron text', remedy=_CRON_REMEDY)
    try:
        first = next(CronSim(text, _PROBE), None)
    except CronSimError as error:
        raise InvalidSpec(f'spec.pull.schedule: "{text}" is no cron text ({error})', remedy=_CRON_REMEDY) from error
    if first is None:
        raise InvalidSpec(f'spec.pull.schedule: the time "{text}" never comes', remedy=_CRON_REMEDY)
