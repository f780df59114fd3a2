"""What answers look like where nobody knows what the service sends (mobile-commons-api.md 7, 8.1, 10, 13.2)."""

from typing import Final, assert_never

from anmc_simulators.mobile_commons.records import BY_STOP_WORD, PENDING, Profile, Subscription
from anmc_simulators.mobile_commons.switches import (
    ConstituentId,
    MobileCommonsSwitches,
    ProfileStatusTexts,
    SubscriptionStatusTexts,
)

NOBODY_KNOWS: Final = "Something nobody has seen"
"""A status, or the text of an element or attribute, of a future version."""

_OLD_NAMES: Final = {"last_saved_location": "location", "last_saved_districts": "districts"}


def profile_status(one: Profile, settings: MobileCommonsSwitches) -> str:
    """Return the text of `profile/status`; the older ones for an undeliverable profile tell the reason."""
    match settings.profile_status_texts:
        case ProfileStatusTexts.CURRENT:
            return one.status
        case ProfileStatusTexts.OLDER:
            return _older_status(one)
        case ProfileStatusTexts.UNKNOWN:
            return NOBODY_KNOWS
        case _:
            assert_never(settings.profile_status_texts)


def subscription_status(one: Subscription, settings: MobileCommonsSwitches) -> str:
    """Return the text of `subscription@status`."""
    if settings.subscription_status_texts is SubscriptionStatusTexts.UNKNOWN:
        return NOBODY_KNOWS
    return settings.pending_status if one.status == PENDING else one.status


def constituent_id(stored: str, settings: MobileCommonsSwitches) -> str:
    """Return the text of `integration@constituent_id`; a blank one stays blank."""
    match settings.constituent_id_form:
        case ConstituentId.AS_STORED:
            return stored
        case ConstituentId.PREFIXED:
            return f"action_network:{stored}" if stored else ""
        case ConstituentId.UPPER_CASE:
            return stored.upper()
        case _:
            assert_never(settings.constituent_id_form)


def place_name(name: str, settings: MobileCommonsSwitches) -> str:
    """Return the name of the element that holds the guessed location or the districts."""
    return _OLD_NAMES[name] if settings.old_element_names else name


def _older_status(one: Profile) -> str:
    if one.status == "Undeliverable" and not one.textable:
        return "Hard bounce"
    if one.status == "Undeliverable" and one.opted_out_source == BY_STOP_WORD:
        return BY_STOP_WORD
    return "No Subscriptions" if one.status == "Profiles with no Subscriptions" else one.status
