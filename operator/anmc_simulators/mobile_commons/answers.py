"""The endpoints of Mobile Commons: parameters in, XML out (mobile-commons-api.md 6)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final, assert_never

from anmc_simulators.mobile_commons import rendering
from anmc_simulators.mobile_commons.company import Company
from anmc_simulators.mobile_commons.memberships import Memberships
from anmc_simulators.mobile_commons.phone import is_textable, normalised
from anmc_simulators.mobile_commons.records import ACTIVE, OptInPath, Profile, Source, User
from anmc_simulators.mobile_commons.refusal import INVALID_PHONE, Refused
from anmc_simulators.mobile_commons.rendering import Include
from anmc_simulators.mobile_commons.rows import (
    Page,
    looked_up_profiles,
    page_of_profiles,
    page_of_subscribers,
    read_window,
    subscribers_window,
)
from anmc_simulators.mobile_commons.switches import (
    ForeignNumber,
    MobileCommonsSwitches,
    RepeatedOptIn,
    RepeatedOptOut,
    UnknownCampaign,
    UnknownPath,
)
from anmc_simulators.mobile_commons.values import accepted

PROFILES_LIMIT: Final = 100
"""Rows in a page of `profiles` when no `limit` is sent (4)."""

_NOT_WRITTEN: Final = frozenset({"phone_number", "opt_in_path_id", "company"})
_OFF: Final = frozenset({"false", "0"})
_ON: Final = frozenset({"true", "1"})


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was let in; `parameters` are those of query and body, blanks kept and nulls left out."""

    user: User
    company: Company
    parameters: Mapping[str, str]

    def get(self, name: str) -> str:
        """Return a parameter without surrounding blanks; empty when absent."""
        return self.parameters.get(name, "").strip()

    @property
    def settings(self) -> MobileCommonsSwitches:
        """Return how the service behaves at this moment."""
        return self.company.settings


def list_campaigns(call: Call) -> bytes:
    """Answer `campaigns`; an id that the company does not have lists all (6.1)."""
    found = sorted(
        call.company.campaigns.values(),
        key=lambda campaign: int(campaign.id),
        reverse=call.get("sort") == "desc",
    )
    if (wanted := call.get("campaign_id")) in call.company.campaigns:
        found = [campaign for campaign in found if campaign.id == wanted]
    if (status := call.get("status")) in {"active", "ended"}:
        found = [campaign for campaign in found if campaign.active is (status == "active")]
    include_paths = call.get("include_opt_in_paths").lower() in _ON
    return rendering.success(rendering.campaigns(found, include_paths=include_paths, settings=call.settings))


def list_profiles(call: Call) -> bytes:
    """Answer `profiles`: by window of `updated_at`, by numbers with country code, or both (6.6)."""
    window = read_window(call.get("from"), call.get("to"), settings=call.settings)
    page = _page(call, default=PROFILES_LIMIT)
    if numbers := call.get("phone_number"):
        # The list is not normalised: a number without country code finds nobody. How long it may be is unknown.
        looked_up = islice(numbers.split(","), call.settings.numbers_per_lookup)
        wanted = {number.strip(" +") for number in looked_up}
        holders = (call.company.profiles.get(number) for number in wanted)
        found = page.of(looked_up_profiles(filter(None, holders), window, call.settings))
    else:
        found = page_of_profiles(call.company.profiles, window, page, call.settings)
    return rendering.success(rendering.profiles(call.company, found, page=page.number, include=_include(call)))


def get_profile(call: Call) -> bytes:
    """Answer `profile` (6.7)."""
    profile = _existing(call)
    if profile is None:
        raise Refused(INVALID_PHONE, "Invalid phone number")
    include = Include(
        messages=call.get("include_messages").lower() in _ON,
        donations=call.get("include_donations").lower() in _ON,
    )
    return rendering.success(rendering.profile(call.company, profile, include=include))


def list_subscribers(call: Call) -> bytes:
    """Answer `campaign_subscribers` (6.5, U4, U6)."""
    campaign = call.company.campaigns.get(call.get("campaign_id"))
    if campaign is None and call.settings.unknown_campaign is UnknownCampaign.REFUSED:
        raise Refused(call.settings.campaign_error_id, "Invalid campaign id")
    everybody = campaign.subscriptions if campaign else Memberships()
    window = subscribers_window(
        call.get("from"), call.get("to"), path=call.get("opt_in_path_id"), settings=call.settings
    )
    page = _page(call, default=call.settings.subscribers_default_limit)
    found = page_of_subscribers(everybody, window, page, call.settings)
    count = everybody.active if call.get("include_subscriber_count").lower() in _ON else None
    return rendering.success(rendering.subscribers(found, page=page.number, count=count, settings=call.settings))


def update_profile(call: Call) -> bytes:
    """Answer `profile_update`: create or change a profile, then use the opt-in path if one is named (6.8).

    Whether an unknown or closed path is refused before anything is written is unknown (U1).
    """
    company, settings = call.company, call.settings
    digits = normalised(call.get("phone_number"))
    if digits is None or (settings.foreign_number is ForeignNumber.REFUSED and not is_textable(digits)):
        raise Refused(settings.phone_error_id, "Invalid phone number")
    path = _open_path(call)
    is_wrong = path is None and call.get("opt_in_path_id") != ""
    if is_wrong and settings.unknown_path is UnknownPath.REFUSED:
        raise Refused(settings.path_error_id, "Invalid opt-in path")
    values = accepted(company, {name: text for name, text in call.parameters.items() if name not in _NOT_WRITTEN})
    profile = company.profiles.get(digits)
    if profile is None:
        source = Source("API", call.user.name, call.user.email)
        profile = company.add_profile(digits, source=source, values=values)
    else:
        company.write(profile, values)
    if is_wrong and settings.unknown_path is UnknownPath.REFUSED_AFTER_WRITE:
        raise Refused(settings.path_error_id, "Invalid opt-in path")
    if path is not None and not company.use_path(profile, path, user=call.user):
        _use_path_again(call, profile, path)
    return rendering.success(rendering.profile(company, profile))


def opt_out(call: Call) -> bytes:
    """Answer `profile_opt_out`: out of one subscription, of one campaign, or of everything (6.9)."""
    company, settings = call.company, call.settings
    profile = _existing(call)
    if profile is None:
        raise Refused(settings.phone_error_id, "Invalid phone number")
    if subscription_id := call.get("subscription_id"):
        by_id = {subscription.id: subscription for subscription in profile.subscriptions.values()}
        if subscription_id not in by_id:
            raise Refused(settings.other_error_id, "Invalid subscription id")
        company.leave_by_api(by_id[subscription_id])
    elif campaign_id := call.get("campaign_id"):
        if campaign_id not in company.campaigns:
            raise Refused(settings.campaign_error_id, "Invalid campaign id")
        if subscription := profile.subscriptions.get(campaign_id):
            company.leave_by_api(subscription)
    elif not profile.is_out or settings.repeated_opt_out is RepeatedOptOut.RESTAMPED:
        company.opt_out_by_api(profile)
    elif settings.repeated_opt_out is RepeatedOptOut.REFUSED:
        raise Refused(settings.other_error_id, "Profile is opted out")
    return rendering.success(rendering.profile(company, profile))


Answer = Callable[[Call], bytes]


def _existing(call: Call) -> Profile | None:
    return call.company.profiles.get(normalised(call.get("phone_number")) or "")


def _open_path(call: Call) -> OptInPath | None:
    path = call.company.paths.get(call.get("opt_in_path_id"))
    is_open = path is not None and path.active and call.company.campaigns[path.campaign_id].active
    return path if is_open else None


def _use_path_again(call: Call, profile: Profile, path: OptInPath) -> None:
    """Do what the service may do where a path subscribes nobody any more (U12)."""
    match call.settings.repeated_opt_in:
        case RepeatedOptIn.UNCHANGED:
            return
        case RepeatedOptIn.REFUSED:
            raise Refused(call.settings.other_error_id, "Profile cannot be opted in again")
        case RepeatedOptIn.TEXTED_AGAIN:
            subscription = profile.subscriptions.get(path.campaign_id)
            if subscription is not None and subscription.status == ACTIVE:
                call.company.send_text_of(path, profile)
        case _:
            assert_never(call.settings.repeated_opt_in)


def _page(call: Call, *, default: int) -> Page:
    return Page.read(call.get("page"), call.get("limit"), default=default, settings=call.settings)


def _include(call: Call) -> Include:
    on = {
        name: call.get(f"include_{name}").lower() not in _OFF
        for name in ("custom_columns", "subscriptions", "clicks", "members")
    }
    return Include(**on)
