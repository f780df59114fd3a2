"""A company of Mobile Commons, with the rules by which its people join, leave, change."""

import itertools
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from anmc_simulators.clock import Clock
from anmc_simulators.journal import Journal, Text
from anmc_simulators.mobile_commons.phone import is_textable
from anmc_simulators.mobile_commons.profiles import Profiles
from anmc_simulators.mobile_commons.records import (
    FROM_API,
    STANDARD_FIELDS,
    Campaign,
    ColumnValue,
    OptInPath,
    Profile,
    Source,
    Subscription,
    User,
)

WELCOME: Final = "welcome"
CONFIRMATION_REQUEST: Final = "confirmation request"
"""Kinds of text that the use of an opt-in path can send."""


class Ids:
    """Decimal ids from a first number on, unique among what they were handed out for."""

    def __init__(self, first: int) -> None:
        self._free = itertools.count(first)
        self._chosen: set[str] = set()

    def take(self, wanted: str | None = None) -> str:
        """Return the wanted id, or the next one.

        Raises:
            ValueError: the wanted id is taken or not decimal.
        """
        if wanted is None:
            wanted = next(number for number in map(str, self._free) if number not in self._chosen)
        elif wanted in self._chosen or not (wanted.isascii() and wanted.isdecimal()):
            raise ValueError(f"{wanted!r} is taken or no decimal id")
        self._chosen.add(wanted)
        return wanted


class Counting:
    """Numbers from a first one on, which nobody chooses."""

    def __init__(self, first: int) -> None:
        self._next = first

    def take(self, numbers: int = 1) -> range:
        """Return the next numbers, which nobody else gets."""
        first = self._next
        self._next += numbers
        return range(first, self._next)


class Numbering:
    """The ids of everything in the service; profiles and subscriptions are only ever counted up."""

    def __init__(self) -> None:
        self.campaigns = Ids(200_001)
        self.paths = Ids(300_001)
        self.profiles = Counting(700_000_001)
        self.subscriptions = Counting(800_000_001)


class Company:
    """One customer account. Times default to the present; seeds pass earlier ones."""

    def __init__(self, *, key: str, name: str, clock: Clock, journal: Journal, numbering: Numbering) -> None:
        self.key = key
        self.name = name
        self.campaigns: dict[str, Campaign] = {}
        self.paths: dict[str, OptInPath] = {}
        self.columns: list[str] = []
        self.profiles = Profiles()
        self._clock = clock
        self._journal = journal
        self._numbering = numbering

    def add_campaign(
        self, name: str, *, campaign_id: str | None = None, keyword: str = "JOIN", active: bool = True
    ) -> Campaign:
        """Create a campaign.

        Raises:
            ValueError: the id is taken or not decimal.
        """
        campaign = Campaign(self._numbering.campaigns.take(campaign_id), name, keyword, active)
        self.campaigns[campaign.id] = campaign
        return campaign

    def add_path(
        self,
        campaign: Campaign,
        name: str,
        *,
        path_id: str | None = None,
        active: bool = True,
        double_opt_in: bool = False,
        welcome_text: str = "Welcome!",
    ) -> OptInPath:
        """Create an entrance to a campaign.

        Raises:
            ValueError: the id is taken or not decimal.
        """
        identity = self._numbering.paths.take(path_id)
        path = OptInPath(identity, campaign.id, name, active, double_opt_in, welcome_text)
        campaign.paths.append(path)
        self.paths[path.id] = path
        return path

    def add_columns(self, names: Iterable[str]) -> None:
        """Create the custom columns that are missing."""
        self.columns.extend(name for name in dict.fromkeys(names) if name not in self.columns)

    def add_profile(
        self, phone: str, *, source: Source, values: Mapping[str, str] | None = None, at: datetime | None = None
    ) -> Profile:
        """Create the profile of a normalised number that has none; `values` as for `write`.

        Raises:
            ValueError: the number has a profile.
        """
        if phone in self.profiles:
            raise ValueError("the number has a profile")
        time = at or self._clock.now()
        number = self._numbering.profiles.take().start
        profile = Profile(str(number), phone, source, time, time, is_textable(phone))
        self.write(profile, values or {}, at=time)
        return profile

    def write(self, profile: Profile, values: Mapping[str, str], *, at: datetime | None = None) -> None:
        """Set standard fields and custom columns by name; a name that is neither is ignored without a word (U9, U18).

        An empty value clears (U10): a client that sends blanks by mistake shall see what it may lose.
        Any write moves `updated_at`, also one of the same value.
        """
        time = at or self._clock.now()
        for name, text in values.items():
            if name in STANDARD_FIELDS:
                profile.fields[name] = text
            elif name not in self.columns:
                continue
            elif text:
                before = profile.columns.get(name)
                profile.columns[name] = ColumnValue(text, before.created_at if before else time, time)
            else:
                profile.columns.pop(name, None)
            profile.updated_at = time
        self.keep(profile)

    def unknown_names(self, names: Iterable[str]) -> set[str]:
        """Return which names are neither a standard field nor a custom column."""
        return set(names) - set(STANDARD_FIELDS) - set(self.columns)

    def subscribe(
        self,
        profile: Profile,
        campaign: Campaign,
        *,
        source: str,
        path: OptInPath | None = None,
        at: datetime | None = None,
    ) -> Subscription:
        """Make somebody a member who never was one, without a text; through a double opt-in path, a pending one.

        `updated_at` stays (mobile-commons-api.md 5.1).
        """
        time = at or self._clock.now()
        subscription = Subscription(
            id=str(self._numbering.subscriptions.take().start),
            profile=profile,
            campaign=campaign,
            opt_in_path_id=path.id if path else "",
            opt_in_source=source,
            created_at=time,
            activated_at=None if path and path.double_opt_in else time,
        )
        profile.subscriptions[campaign.id] = subscription
        self.keep(profile)
        return subscription

    def use_path(self, profile: Profile, path: OptInPath, *, user: User) -> None:
        """Opt somebody in as an API user, which works once per campaign and never for who is out (6.8)."""
        campaign = self.campaigns[path.campaign_id]
        if campaign.id in profile.subscriptions or profile.opted_out_at:
            return
        self.subscribe(profile, campaign, source=user.name, path=path)
        if path.welcome_text:
            self._journal.texted(
                Text(
                    time=self._clock.now(),
                    account=self.key,
                    phone=profile.phone,
                    campaign_id=campaign.id,
                    opt_in_path_id=path.id,
                    kind=CONFIRMATION_REQUEST if path.double_opt_in else WELCOME,
                )
            )

    def rejoin(self, subscription: Subscription, *, at: datetime | None = None) -> None:
        """Bring a former or pending member in by an act of theirs; an active one stays as they are (8.2)."""
        profile = subscription.profile
        if subscription.status != "Active":
            subscription.activated_at = at or self._clock.now()
            subscription.opted_out_at, subscription.opt_out_source = None, ""
        profile.opted_out_at, profile.opted_out_source = None, ""
        self.keep(profile)

    def leave(self, subscription: Subscription, *, source: str, at: datetime | None = None) -> None:
        """End one membership, unless it has ended; nothing changes on the profile (U5)."""
        if subscription.opted_out_at is None:
            subscription.opted_out_at = at or self._clock.now()
            subscription.opt_out_source = source
            self.keep(subscription.profile)

    def leave_everything(self, profile: Profile, *, source: str, at: datetime | None = None) -> None:
        """End all memberships; somebody already out gets the new time and source on the profile only (8.1)."""
        time = at or self._clock.now()
        for subscription in profile.subscriptions.values():
            self.leave(subscription, source=source, at=time)
        profile.opted_out_at, profile.opted_out_source = time, source
        self.keep(profile)

    def opt_out_by_api(self, profile: Profile) -> None:
        """End all memberships at an API user's request, which moves `updated_at` (mobile-commons-api.md 5.1)."""
        self.leave_everything(profile, source=FROM_API)
        profile.updated_at = self._clock.now()
        self.keep(profile)

    def reserve(self, profiles: int) -> tuple[range, range]:
        """Return ids for so many profiles and as many subscriptions, which nobody else gets."""
        return self._numbering.profiles.take(profiles), self._numbering.subscriptions.take(profiles)

    def keep(self, profile: Profile) -> None:
        """Store a profile with its subscriptions after a change; without this, lists and windows know nothing of it.

        A seeded profile is made anew at each look until it is kept.
        """
        self.profiles[profile.phone] = profile
        for subscription in profile.subscriptions.values():
            subscription.campaign.subscriptions.put(subscription)
