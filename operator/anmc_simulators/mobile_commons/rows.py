"""Which rows of a list a request gets: by window, in order, one page (mobile-commons-api.md 4, 5)."""

import math
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from typing import Final, TypeVar, assert_never

from anmc_simulators.mobile_commons.listing import CHANGED, Order, Window
from anmc_simulators.mobile_commons.memberships import ACTIVATED, Memberships
from anmc_simulators.mobile_commons.profiles import Profiles
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

_DICE: Final = random.Random(1)

_PROFILES_ORDER: Final[Mapping[ProfilesOrder, Order]] = {
    ProfilesOrder.BY_ID: Order.OLDEST_FIRST,
    ProfilesOrder.OLDEST_CHANGE_FIRST: Order.OLDEST_CHANGE_FIRST,
    ProfilesOrder.NEWEST_CHANGE_FIRST: Order.NEWEST_CHANGE_FIRST,
    ProfilesOrder.SHUFFLED: Order.SHUFFLED,
}
_SUBSCRIBERS_ORDER: Final[Mapping[SubscribersOrder, Order]] = {
    SubscribersOrder.OLDEST_FIRST: Order.OLDEST_FIRST,
    SubscribersOrder.NEWEST_FIRST: Order.NEWEST_FIRST,
    SubscribersOrder.SHUFFLED: Order.SHUFFLED,
}


def read_window(earliest: str, latest: str, *, settings: MobileCommonsSwitches) -> Window:
    """Return the window of two parameters, both bounds inside; a blank one is an open end.

    Raises:
        Refused: one is no time.
    """
    offset = timedelta(hours=settings.naive_time_offset_hours)
    try:
        return Window(
            earliest=parse(earliest, naive_offset=offset).timestamp() if earliest else -math.inf,
            latest=parse(latest, naive_offset=offset).timestamp() if latest else math.inf,
        )
    except ValueError as error:
        raise Refused(settings.other_error_id, "Invalid date") from error


def subscribers_window(earliest: str, latest: str, *, path: str, settings: MobileCommonsSwitches) -> Window:
    """Return the window of a campaign's rows; which of their dates is meant, and with which bounds, is unknown (U4).

    Raises:
        Refused: a bound is no time.
    """
    window = replace(read_window(earliest, latest, settings=settings), path=path)
    if settings.subscribers_bounds is Bounds.EXCLUSIVE:
        window = replace(
            window,
            earliest=math.nextafter(window.earliest, math.inf) if earliest else -math.inf,
            latest=math.nextafter(window.latest, -math.inf) if latest else math.inf,
        )
    match settings.subscribers_window:
        case SubscribersWindow.ACTIVATED_AND_OPTED_OUT:
            return replace(window, date=CHANGED)
        case SubscribersWindow.ACTIVATED:
            return replace(window, date=ACTIVATED)
        case SubscribersWindow.IGNORED:
            return Window(path=path)
        case _:
            assert_never(settings.subscribers_window)


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


def page_of_profiles(
    profiles: Profiles, window: Window, page: Page, settings: MobileCommonsSwitches
) -> Iterable[Profile]:
    """Return the profiles of a page whose `updated_at` is in a window, in the service's order."""
    order = _PROFILES_ORDER[settings.profiles_order]
    return profiles.page(window, page=page.number, limit=page.limit, order=order)


def looked_up_profiles(found: Iterable[Profile], window: Window, settings: MobileCommonsSwitches) -> Iterable[Profile]:
    """Return those of some profiles whose `updated_at` is in a window, in the service's order."""
    inside = sorted(
        (profile for profile in found if window.admits(profile.updated_at.timestamp())),
        key=lambda profile: int(profile.id),
    )
    by_change = sorted(inside, key=lambda profile: profile.updated_at)
    match settings.profiles_order:
        case ProfilesOrder.BY_ID:
            return inside
        case ProfilesOrder.OLDEST_CHANGE_FIRST:
            return by_change
        case ProfilesOrder.NEWEST_CHANGE_FIRST:
            return by_change[::-1]
        case ProfilesOrder.SHUFFLED:
            return _DICE.sample(inside, len(inside))
        case _:
            assert_never(settings.profiles_order)


def page_of_subscribers(
    memberships: Memberships, window: Window, page: Page, settings: MobileCommonsSwitches
) -> Iterable[Subscription]:
    """Return the rows of a page that are in a window, in the service's order."""
    order = _SUBSCRIBERS_ORDER[settings.subscribers_order]
    return memberships.page(window, page=page.number, limit=page.limit, order=order)


def _positive(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 9 else 0
