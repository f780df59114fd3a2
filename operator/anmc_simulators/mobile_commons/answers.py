"""The endpoints of Mobile Commons: parameters in, XML out (mobile-commons-api.md 6)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from anmc_simulators.mobile_commons import rendering
from anmc_simulators.mobile_commons.company import Company
from anmc_simulators.mobile_commons.listing import Window
from anmc_simulators.mobile_commons.phone import normalised
from anmc_simulators.mobile_commons.records import FROM_API, Profile, Source, User
from anmc_simulators.mobile_commons.rendering import Include
from anmc_simulators.mobile_commons.times import parse

MAX_LIMIT: Final = 1000
"""Rows in a page at most; a larger `limit` is clamped without a word (4, U14)."""

PROFILES_LIMIT: Final = 100
SUBSCRIBERS_LIMIT: Final = 1000
"""Rows in a page when no `limit` is sent (4)."""

INVALID_PHONE: Final = 5
"""The error both for a malformed number and for one without a profile (2)."""

UNDOCUMENTED: Final = 99
"""Stands for the ids of errors that are on no record (U1)."""

_NOT_WRITTEN: Final = frozenset({"phone_number", "opt_in_path_id", "company"})
_OFF: Final = frozenset({"false", "0"})
_ON: Final = frozenset({"true", "1"})


class Refused(Exception):
    """An application error of the service."""

    def __init__(self, identity: int, message: str) -> None:
        super().__init__(message)
        self.identity = identity


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was let in; `parameters` are those of query and body, blanks kept and nulls left out."""

    user: User
    company: Company
    parameters: Mapping[str, str]

    def get(self, name: str) -> str:
        """Return a parameter without surrounding blanks; empty when absent."""
        return self.parameters.get(name, "").strip()


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
    return rendering.success(rendering.campaigns(found, include_paths=include_paths))


def list_profiles(call: Call) -> bytes:
    """Answer `profiles`: by window of `updated_at`, by numbers with country code, or both (6.6)."""
    window = _window(call)
    page, limit = _page(call, default=PROFILES_LIMIT)
    if numbers := call.get("phone_number"):
        # The list is not normalised: a number without country code finds nobody.
        wanted = {number.strip(" +") for number in numbers.split(",")}
        holders = filter(None, map(call.company.profiles.get, wanted))
        found = sorted(
            (profile for profile in holders if window.admits(profile.updated_at.timestamp())),
            key=lambda profile: int(profile.id),
        )[(page - 1) * limit : page * limit]
    else:
        found = call.company.profiles.page(window, page=page, limit=limit)
    return rendering.success(rendering.profiles(call.company, found, page=page, include=_include(call)))


def get_profile(call: Call) -> bytes:
    """Answer `profile` (6.7)."""
    return rendering.success(rendering.profile(call.company, _existing(call)))


def list_subscribers(call: Call) -> bytes:
    """Answer `campaign_subscribers`, oldest first; the window is over the newest date of a row (6.5, U4)."""
    campaign = call.company.campaigns.get(call.get("campaign_id"))
    if campaign is None:
        raise Refused(UNDOCUMENTED, "Invalid campaign id")
    window = replace(_window(call), path=call.get("opt_in_path_id"))
    page, limit = _page(call, default=SUBSCRIBERS_LIMIT)
    found = campaign.subscriptions.page(window, page=page, limit=limit)
    return rendering.success(rendering.subscribers(found, page=page))


def update_profile(call: Call) -> bytes:
    """Answer `profile_update`: create or change a profile, then use the opt-in path if one is named (6.8).

    An unknown or closed path is refused before anything is written, so that an answer without success means
    that nothing happened; what the service does is unknown (U1).
    """
    digits = normalised(call.get("phone_number"))
    if digits is None:
        raise Refused(INVALID_PHONE, "Invalid phone number")
    company = call.company
    path_id = call.get("opt_in_path_id")
    path = company.paths.get(path_id)
    if path_id and (path is None or not path.active or not company.campaigns[path.campaign_id].active):
        raise Refused(UNDOCUMENTED, "Invalid opt-in path")
    values = {name: text for name, text in call.parameters.items() if name not in _NOT_WRITTEN}
    profile = company.profiles.get(digits)
    if profile is None:
        source = Source("API", call.user.name, call.user.email)
        profile = company.add_profile(digits, source=source, values=values)
    else:
        company.write(profile, values)
    if path is not None:
        company.use_path(profile, path, user=call.user)
    return rendering.success(rendering.profile(company, profile))


def opt_out(call: Call) -> bytes:
    """Answer `profile_opt_out`: out of one subscription, of one campaign, or of everything (6.9)."""
    profile = _existing(call)
    if subscription_id := call.get("subscription_id"):
        by_id = {subscription.id: subscription for subscription in profile.subscriptions.values()}
        if subscription_id not in by_id:
            raise Refused(UNDOCUMENTED, "Invalid subscription id")
        call.company.leave(by_id[subscription_id], source=FROM_API)
    elif campaign_id := call.get("campaign_id"):
        if campaign_id not in call.company.campaigns:
            raise Refused(UNDOCUMENTED, "Invalid campaign id")
        if subscription := profile.subscriptions.get(campaign_id):
            call.company.leave(subscription, source=FROM_API)
    else:
        call.company.opt_out_by_api(profile)
    return rendering.success(rendering.profile(call.company, profile))


Answer = Callable[[Call], bytes]


def _existing(call: Call) -> Profile:
    profile = call.company.profiles.get(normalised(call.get("phone_number")) or "")
    if profile is None:
        raise Refused(INVALID_PHONE, "Invalid phone number")
    return profile


def _window(call: Call) -> Window:
    earliest, latest = (call.get(name) for name in ("from", "to"))
    try:
        return Window.of(parse(earliest) if earliest else None, parse(latest) if latest else None)
    except ValueError as error:
        raise Refused(UNDOCUMENTED, "Invalid date") from error


def _page(call: Call, *, default: int) -> tuple[int, int]:
    """Return page and limit; what is no positive number counts as not sent."""
    page, limit = (_positive(call.get(name)) for name in ("page", "limit"))
    return page or 1, min(limit or default, MAX_LIMIT)


def _positive(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 9 else 0


def _include(call: Call) -> Include:
    on = {
        name: call.get(f"include_{name}").lower() not in _OFF
        for name in ("custom_columns", "subscriptions", "clicks", "members")
    }
    return Include(**on)
