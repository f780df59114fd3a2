"""From what a clock on the wall shows to instants in UTC, through the gaps and repeats of summer time."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from anmc.errors import InvalidSpec


def parse_zone(name: str) -> ZoneInfo:
    """Read `spec.pull.timeZone`.

    Raises:
        InvalidSpec: there is no such zone.
    """
    try:
        return ZoneInfo(name)
    # A name that is a folder, or no possible file name, fails in ways of its own.
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidSpec(
            f'spec.pull.timeZone: "{name}" is no time zone',
            remedy='Give an IANA zone name, such as "America/New_York".',
        ) from error


def instant_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return when the clock shows this naive time; rule W10.

    A time that comes twice is its first; one that the clock skips is the first instant after the gap.
    """
    shown = wall
    while not _is_shown(instant := shown.replace(tzinfo=zone, fold=0).astimezone(UTC), shown, zone):
        shown += timedelta(minutes=1)
    return instant


def _is_shown(instant: datetime, wall: datetime, zone: ZoneInfo) -> bool:
    return instant.astimezone(zone).replace(tzinfo=None, fold=0) == wall
