"""When an opt-in call may be made, as it may send a text to a person (sync.md C14)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number

from anmc.api.names import SendWindowZone
from anmc.api.spec import DataSyncIntegrationSpec
from anmc.rules.records import Phone
from anmc.rules.wall_clock import instant_of, parse_zone

MOST_ZONES: Final = 4
"""Zones that one area code may span. More means that the library knows the country and no more (sync.md C14)."""

DAYS_AHEAD: Final = 2
"""How many days ahead an opening is looked for: one comes every day, and one local day may be over already."""


@dataclass(frozen=True, slots=True)
class SendWindow:
    """The local hours of opt-in calls: minutes of the day, start included, end not (0 and 1440: always)."""

    start_minute: int
    end_minute: int
    whose: SendWindowZone
    integration_zone: ZoneInfo

    @classmethod
    def of(cls, spec: DataSyncIntegrationSpec) -> Self:
        """Take the window out of a spec.

        Raises:
            InvalidSpec: `spec.pull.timeZone` does not exist.
        """
        window = spec.consent.send_window
        return cls(window.start_minute, window.end_minute, window.zone, parse_zone(spec.pull.time_zone))

    def is_open(self, phone: Phone, now: datetime) -> bool:
        """Say whether a call for this number may be made now: in every zone where its owner may be."""
        return all(self._includes(now.astimezone(zone)) for zone in self._zones(phone))

    def next_open(self, phone: Phone, now: datetime) -> datetime:
        """Return `now` if the window is open, else when to look again: its next opening.

        Zones so far apart that their windows never meet have none; then it is the last opening looked at.
        """
        if self.is_open(phone, now):
            return now
        openings = sorted(
            opening for zone in self._zones(phone) for opening in self._openings(now, zone) if opening > now
        )
        return next((opening for opening in openings if self.is_open(phone, opening)), openings[-1])

    def local_day_start(self, now: datetime) -> datetime:
        """Return when the integration's local day began, in UTC: the daily cap counts from then."""
        today = now.astimezone(self.integration_zone).date()
        return instant_of(datetime.combine(today, time()), self.integration_zone)

    def _includes(self, local: datetime) -> bool:
        return self.start_minute <= local.hour * 60 + local.minute < self.end_minute

    def _openings(self, now: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """Yield when the window opens by one clock, today and on the next days."""
        today = now.astimezone(zone).date()
        for days in range(DAYS_AHEAD + 1):
            midnight = datetime.combine(today + timedelta(days=days), time())
            wall = midnight + timedelta(minutes=self.start_minute)
            yield instant_of(wall, zone)
            yield wall.replace(tzinfo=zone, fold=1).astimezone(UTC)  # a clock set back opens it again

    def _zones(self, phone: Phone) -> Iterable[ZoneInfo]:
        known = _zones_of(phone) if self.whose is SendWindowZone.RECIPIENT else []
        return known if 0 < len(known) <= MOST_ZONES else [self.integration_zone]


def _zones_of(phone: Phone) -> list[ZoneInfo]:
    """Return the zones of the number's area code; none if the library or the zone data do not know one."""
    names = time_zones_for_number(phonenumbers.parse(phone.e164, None))
    if UNKNOWN_TIMEZONE in names:
        return []
    try:
        return [ZoneInfo(name) for name in names]
    except ZoneInfoNotFoundError:
        return []
