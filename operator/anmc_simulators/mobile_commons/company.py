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
    BY_STOP_WORD,
    FROM_API,
    OPTED_OUT,
    STANDARD_FIELDS,
    Campaign,
    Click,
    ColumnValue,
    OptInPath,
    Profile,
    Source,
    Subscription,
    User,
)
from anmc_simulators.mobile_commons.switches import CampaignOptOut, CleanedProfile, MobileCommonsSwitches
from anmc_simulators.switches import Switchboard

WELCOME: Final = "welcome"
CONFIRMATION_REQUEST: Final = "confirmation request"
"""Kinds of text that the use of an opt-in path can send."""

OPT_OUT_NOTICE: Final = "opt-out notice"
"""The kind of text that an opt-out through the API may send."""


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
        self.keywords = itertools.count(400_001)
        self.messages = itertools.count(9_000_000_001)
        self.clicks = itertools.count(600_000_001)
        self.profiles = Counting(700_000_001)
        self.subscriptions = Counting(800_000_001)


class Company:
    """One customer account. Times default to the present; seeds pass earlier ones."""

    def __init__(
        self,
        *,
        key: str,
        name: str,
        clock: Clock,
        journal: Journal,
        numbering: Numbering,
        switches: Switchboard[MobileCommonsSwitches],
    ) -> None:
        self.key = key
        self.name = name
        self.campaigns: dict[str, Campaign] = {}
        self.paths: dict[str, OptInPath] = {}
        self.columns: list[str] = []
        self.profiles = Profiles()
        self._clock = clock
        self._journal = journal
        self._numbering = numbering
        self._switches = switches

    @property
    def settings(self) -> MobileCommonsSwitches:
        """Return how the service behaves at this moment."""
        return self._switches.settings

    def add_campaign(
        self,
        name: str,
        *,
        campaign_id: str | None = None,
        keyword: str = "JOIN",
        active: bool = True,
        description: str = "",
        tags: Iterable[str] = (),
    ) -> Campaign:
        """Create a campaign.

        Raises:
            ValueError: the id is taken or not decimal.
        """
        campaign = Campaign(
            self._numbering.campaigns.take(campaign_id),
            name,
            keyword,
            active,
            keyword_id=str(next(self._numbering.keywords)),
            description=description,
            tags=tuple(tags),
        )
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
        """Set standard fields and custom columns by name, as staff would; a name that is neither is passed over.

        An empty value clears. Any write moves `updated_at`, also one of the same value.
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
        """Make somebody a member who is none, without a text; through a double opt-in path, a pending one.

        Whether `updated_at` stays is a switch (mobile-commons-api.md 5.1).
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
        if self.settings.subscription_moves_updated_at:
            profile.updated_at = max(profile.updated_at, time)
        self.keep(profile)
        return subscription

    def use_path(self, profile: Profile, path: OptInPath, *, user: User) -> bool:
        """Opt somebody in as an API user; False for current and former members, whom that does nothing for (6.8)."""
        campaign = self.campaigns[path.campaign_id]
        if campaign.id in profile.subscriptions or profile.opted_out_at:
            return False
        self.subscribe(profile, campaign, source=user.name, path=path)
        self.send_text_of(path, profile)
        return True

    def send_text_of(self, path: OptInPath, profile: Profile) -> None:
        """Send the text with which a path begins, if it has one."""
        if path.welcome_text:
            kind = CONFIRMATION_REQUEST if path.double_opt_in else WELCOME
            self._text(profile, campaign_id=path.campaign_id, path_id=path.id, kind=kind)

    def rejoin(self, subscription: Subscription, *, at: datetime | None = None) -> Subscription:
        """Bring a former or pending member in by an act of theirs; an active one stays as they are (8.2).

        What that does to the dates is a switch each; returns the membership, which may be a new one.
        """
        profile, settings, time = subscription.profile, self.settings, at or self._clock.now()
        if settings.return_clears_opted_out_at:
            profile.opted_out_at, profile.opted_out_source = None, ""
        if settings.return_moves_updated_at and not subscription.is_active:
            profile.updated_at = time
        self.keep(profile)
        if subscription.is_active:
            return subscription
        if subscription.opted_out_at and settings.return_adds_row:
            return self.subscribe(profile, subscription.campaign, source=subscription.campaign.keyword, at=time)
        if subscription.activated_at is None or settings.return_renews_activated_at:
            subscription.activated_at = time
        if settings.return_clears_opted_out_at:
            subscription.opted_out_at, subscription.opt_out_source = None, ""
        self.keep(profile)
        return subscription

    def leave(self, subscription: Subscription, *, source: str, at: datetime | None = None) -> None:
        """End one membership, unless it has ended; nothing changes on the profile."""
        if subscription.status != OPTED_OUT:
            subscription.opted_out_at = at or self._clock.now()
            subscription.opt_out_source = source
            self.keep(subscription.profile)

    def leave_by_api(self, subscription: Subscription) -> None:
        """End one membership at an API user's request; what that does to the profile is a switch (U5)."""
        if subscription.status == OPTED_OUT:
            return
        profile, effect = subscription.profile, self.settings.campaign_opt_out
        self.leave(subscription, source=FROM_API)
        if effect is not CampaignOptOut.SUBSCRIPTION_ONLY:
            profile.updated_at = self._clock.now()
        if effect is CampaignOptOut.STAMPS_PROFILE:
            profile.opted_out_at, profile.opted_out_source = self._clock.now(), FROM_API
        self.keep(profile)
        self._notify_of_opt_out(profile, campaign_id=subscription.campaign.id)

    def leave_everything(self, profile: Profile, *, source: str, at: datetime | None = None) -> None:
        """End all memberships; somebody already out gets the new time and source on the profile only (8.1)."""
        time = at or self._clock.now()
        for subscription in profile.subscriptions.values():
            self.leave(subscription, source=source, at=time)
        profile.opted_out_at, profile.opted_out_source = time, source
        self.keep(profile)

    def stop(self, profile: Profile) -> None:
        """End all memberships by a STOP word; whether that moves `updated_at` is a switch (U5)."""
        self.leave_everything(profile, source=BY_STOP_WORD)
        if self.settings.stop_moves_updated_at:
            profile.updated_at = self._clock.now()
            self.keep(profile)

    def take_stop_back(self, profile: Profile) -> None:
        """Bring somebody back into all that a STOP word ended (8.2)."""
        for subscription in list(profile.subscriptions.values()):
            if subscription.opt_out_source == BY_STOP_WORD:
                self.rejoin(subscription)
        if self.settings.return_clears_opted_out_at:
            profile.opted_out_at, profile.opted_out_source = None, ""
            self.keep(profile)

    def opt_out_by_api(self, profile: Profile) -> None:
        """End all memberships at an API user's request, which moves `updated_at` (mobile-commons-api.md 5.1)."""
        self.leave_everything(profile, source=FROM_API)
        profile.updated_at = self._clock.now()
        self.keep(profile)
        self._notify_of_opt_out(profile)

    def click(self, profile: Profile, url: str, *, times: int = 1) -> None:
        """Follow a link; whether that moves `updated_at` is a switch (mobile-commons-api.md 5.1)."""
        time = self._clock.now()
        clicks = (Click(str(next(self._numbering.clicks)), time, url) for _ in range(times))
        profile.clicks = (*profile.clicks, *clicks)
        if self.settings.click_moves_updated_at:
            profile.updated_at = time
        self.keep(profile)

    def clean(self, profile: Profile) -> None:
        """Find by profile cleaning that a number is out of service; what that looks like is a switch (U13)."""
        if self.settings.cleaned_profile is CleanedProfile.GONE:
            self.remove(profile)
        else:
            profile.textable = False
            self.keep(profile)

    def remove(self, profile: Profile) -> None:
        """Delete a profile with its memberships, of which no answer shows anything any more (U13)."""
        del self.profiles[profile.phone]
        for campaign in self.campaigns.values():
            campaign.subscriptions.remove_all_of(profile)

    def merge(self, survivor: Profile, removed: Profile) -> None:
        """Delete one of two profiles; the other takes over what it lacks, memberships too."""
        self.remove(removed)
        for campaign_id, subscription in removed.subscriptions.items():
            if campaign_id not in survivor.subscriptions:
                subscription.profile = survivor
                survivor.subscriptions[campaign_id] = subscription
        columns = {name: value.text for name, value in removed.columns.items()}
        lacking = {
            name: text
            for name, text in {**removed.fields, **columns}.items()
            if not survivor.fields.get(name) and name not in survivor.columns
        }
        self.write(survivor, lacking)

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

    def _notify_of_opt_out(self, profile: Profile, *, campaign_id: str = "") -> None:
        if self.settings.opt_out_text:
            self._text(profile, campaign_id=campaign_id, kind=OPT_OUT_NOTICE)

    def _text(self, profile: Profile, *, kind: str, campaign_id: str, path_id: str = "") -> None:
        self._journal.texted(
            Text(
                time=self._clock.now(),
                account=self.key,
                phone=profile.phone,
                campaign_id=campaign_id,
                opt_in_path_id=path_id,
                kind=kind,
            )
        )
