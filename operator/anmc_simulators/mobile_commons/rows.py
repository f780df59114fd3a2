"""Which rows of a list a request gets: by window, in order, one page (mobile-commons-api.md 4, 5)."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final, TypeVar, assert_never

from anmc_simulators.mobile_commons.records import Profile, Subscription
from anmc_simulators.mobile_commons.refusal import Refused
from anmc_simulators.mobile_commons.switches import (
    Bounds,
    MobileCommonsSwitches,
    Oversize,
    ProfilesOrder,
    SubscribersOrder,
    SubscribersWindow,
)
from anmc_simulators.mobile_commons.times import parse

Row = TypeVar("Row")

_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
_LATEST: Final = datetime.max.replace(tzinfo=UTC)
_DICE: Final = random.Random(1)


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time with both ends; None is an open end."""

    earliest: datetime | None
    latest: datetime | None

    @classmethod
    def read(cls, earliest: str, latest: str, settings: MobileCommonsSwitches) -> "Window":
        """Return the window of two parameters, of which a blank one is an open end.

        Raises:
            Refused: one is no time.
        """
        offset = timedelta(hours=settings.naive_time_offset_hours)
        try:
            ends = [parse(text, naive_offset=offset) if text else None for text in (earliest, latest)]
        except ValueError as error:
            raise Refused(settings.other_error_id, "Invalid date") from error
        return cls(*ends)

    @property
    def is_open(self) -> bool:
        """Tell whether all of time is inside."""
        return self.earliest is None and self.latest is None

    def has(self, time: datetime, bounds: Bounds = Bounds.INCLUSIVE) -> bool:
        """Tell whether a time is inside."""
        if bounds is Bounds.EXCLUSIVE and time in {self.earliest, self.latest}:
            return False
        return (self.earliest or _EARLIEST) <= time <= (self.latest or _LATEST)


def changed_profiles(found: Iterable[Profile], window: Window, settings: MobileCommonsSwitches) -> Iterable[Profile]:
    """Return the profiles whose `updated_at` is in a window, both bounds inside, in the service's order."""
    if not window.is_open:
        found = (profile for profile in found if window.has(profile.updated_at))
    match settings.profiles_order:
        case ProfilesOrder.BY_ID:
            return found
        case ProfilesOrder.OLDEST_CHANGE_FIRST:
            return sorted(found, key=lambda profile: profile.updated_at)
        case ProfilesOrder.NEWEST_CHANGE_FIRST:
            return sorted(found, key=lambda profile: profile.updated_at, reverse=True)
        case ProfilesOrder.SHUFFLED:
            return _shuffled(found)
        case _:
            assert_never(settings.profiles_order)


def changed_subscriptions(
    found: Iterable[Subscription], window: Window, settings: MobileCommonsSwitches
) -> Iterable[Subscription]:
    """Return the rows of a window, in the service's order; which of their dates is meant is unknown (U4)."""
    date = _DATES[settings.subscribers_window]
    if not window.is_open and date is not None:
        dated = ((row, date(row)) for row in found)
        found = (row for row, time in dated if time is not None and window.has(time, settings.subscribers_bounds))
    match settings.subscribers_order:
        case SubscribersOrder.OLDEST_FIRST:
            return found
        case SubscribersOrder.NEWEST_FIRST:
            return reversed(list(found))
        case SubscribersOrder.SHUFFLED:
            return _shuffled(found)
        case _:
            assert_never(settings.subscribers_order)


_DATES: Final[dict[SubscribersWindow, Callable[[Subscription], datetime | None] | None]] = {
    SubscribersWindow.ACTIVATED_AND_OPTED_OUT: lambda row: row.changed_at,
    SubscribersWindow.ACTIVATED: lambda row: row.activated_at,
    SubscribersWindow.IGNORED: None,
}


@dataclass(frozen=True, slots=True)
class Page:
    """A page by its number, from 1, and the most rows that it has."""

    number: int
    limit: int

    @classmethod
    def read(cls, number: str, limit: str, *, default: int, settings: MobileCommonsSwitches) -> "Page":
        """Return the page of two parameters; what is no positive number counts as not sent.

        Raises:
            Refused: the limit is above the cap, and the settings make that an error.
        """
        wanted = _positive(limit) or default
        if wanted > settings.page_cap and settings.limit_over_cap is Oversize.REFUSED:
            raise Refused(settings.other_error_id, "Invalid limit")
        return cls(_positive(number) or 1, min(wanted, settings.page_cap))

    def of(self, rows: Iterable[Row]) -> Iterable[Row]:
        """Return the rows of this page."""
        return islice(rows, (self.number - 1) * self.limit, self.number * self.limit)


def _positive(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 9 else 0


def _shuffled(rows: Iterable[Row]) -> list[Row]:
    everything = list(rows)
    return _DICE.sample(everything, len(everything))
