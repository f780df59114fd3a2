"""What is unknown about Mobile Commons, as switches; each stands where a careless client is hurt, or as recorded.

Sections and U numbers are those of mobile-commons-api.md.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final

from anmc_simulators.switches import About, Switches

MAX_ERROR_ID: Final = 9_999
"""Far above the ids on record, which run to 18."""

MAX_ROWS: Final = 100_000
"""The largest page that may be asked for: more than a process holds of one campaign in most tests."""


class AuthFailure(StrEnum):
    """How a caller without valid credentials is answered."""

    UNAUTHORIZED = "401"
    FORBIDDEN = "403"
    REDIRECT = "redirect"
    LOGIN_PAGE = "login_page"


class UnknownCompany(StrEnum):
    """What a company key does that the user cannot see."""

    OWN_COMPANY = "own_company"
    REFUSED = "refused"


class UnknownCampaign(StrEnum):
    """What a campaign that there is not does."""

    REFUSED = "refused"
    EMPTY = "empty"


class UnknownPath(StrEnum):
    """What an opt-in path does that is unknown or closed."""

    REFUSED = "refused"
    REFUSED_AFTER_WRITE = "refused_after_write"
    IGNORED = "ignored"


class ForeignNumber(StrEnum):
    """What a number of another country does."""

    STORED = "stored"
    REFUSED = "refused"


class UnknownColumn(StrEnum):
    """What a name does that is neither a field nor a custom column."""

    IGNORED = "ignored"
    CREATED = "created"
    REFUSED = "refused"


class EmptyValue(StrEnum):
    """What the empty string does."""

    CLEARS = "clears"
    IGNORED = "ignored"


class AddressForm(StrEnum):
    """How state, country and ZIP code are kept."""

    AS_WRITTEN = "as_written"
    NORMALISED = "normalised"


class RepeatedOptIn(StrEnum):
    """What an opt-in path does for a current or former member."""

    UNCHANGED = "unchanged"
    REFUSED = "refused"
    TEXTED_AGAIN = "texted_again"


class RepeatedOptOut(StrEnum):
    """What an opt-out of everything does for somebody who is out."""

    RESTAMPED = "restamped"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class CampaignOptOut(StrEnum):
    """What an opt-out of one campaign does to the profile."""

    SUBSCRIPTION_ONLY = "subscription_only"
    MOVES_UPDATED_AT = "moves_updated_at"
    STAMPS_PROFILE = "stamps_profile"


class PendingStatus(StrEnum):
    """The status text of a subscription that waits for a confirmation."""

    PENDING = "Pending"
    UNCONFIRMED = "Unconfirmed"
    ACTIVE = "Active"
    EMPTY = ""


class SubscribersWindow(StrEnum):
    """What `from` and `to` of `campaign_subscribers` go by."""

    ACTIVATED_AND_OPTED_OUT = "activated_and_opted_out"
    ACTIVATED = "activated"
    IGNORED = "ignored"


class Bounds(StrEnum):
    """Whether a row exactly on a bound is inside."""

    INCLUSIVE = "inclusive"
    EXCLUSIVE = "exclusive"


class ProfilesOrder(StrEnum):
    """How `profiles` is sorted."""

    BY_ID = "by_id"
    OLDEST_CHANGE_FIRST = "oldest_change_first"
    NEWEST_CHANGE_FIRST = "newest_change_first"
    SHUFFLED = "shuffled"


class SubscribersOrder(StrEnum):
    """How `campaign_subscribers` is sorted."""

    OLDEST_FIRST = "oldest_first"
    NEWEST_FIRST = "newest_first"
    SHUFFLED = "shuffled"


class Oversize(StrEnum):
    """What a `limit` above the cap does."""

    CLAMPED = "clamped"
    REFUSED = "refused"


class CleanedProfile(StrEnum):
    """What is left of a profile that was cleaned."""

    UNDELIVERABLE = "undeliverable"
    GONE = "gone"


class CountElement(StrEnum):
    """The element that `include_subscriber_count` adds."""

    SUBSCRIBER_COUNT = "subscriber_count"
    COUNT = "count"
    TOTAL = "total"


class IntegrationType(StrEnum):
    """The `type` of the vendor's own Action Network integration."""

    ONE_WORD = "ActionNetwork"
    TWO_WORDS = "Action Network"
    SNAKE_CASE = "action_network"


class ConstituentId(StrEnum):
    """The form of its `constituent_id`."""

    AS_STORED = "as_stored"
    PREFIXED = "prefixed"
    UPPER_CASE = "upper_case"


class ProfileStatusTexts(StrEnum):
    """Which texts `profile/status` has."""

    CURRENT = "current"
    OLDER = "older"
    UNKNOWN = "unknown"


class SubscriptionStatusTexts(StrEnum):
    """Which texts `subscription@status` has."""

    CURRENT = "current"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class MobileCommonsSwitches(Switches):
    """The switches of Mobile Commons."""

    auth_failure: Annotated[
        AuthFailure,
        About(
            "1, 2, U2",
            "The answer to wrong or missing credentials: a status, a redirect to a log-in page, or that "
            "page with a 200.",
        ),
    ] = AuthFailure.UNAUTHORIZED
    unknown_company: Annotated[
        UnknownCompany,
        About("U21", "Whether a `company` that the user cannot see leads to the user's own or is an error."),
    ] = UnknownCompany.OWN_COMPANY

    phone_error_id: Annotated[
        int,
        About(
            "2, U1",
            "The error id of a malformed or unknown number on `profile_update` and `profile_opt_out`; on "
            "`profile` it is 5 on record.",
            least=1,
            most=MAX_ERROR_ID,
        ),
    ] = 5
    path_error_id: Annotated[
        int, About("U1", "The error id of an unknown or closed opt-in path.", least=1, most=MAX_ERROR_ID)
    ] = 99
    campaign_error_id: Annotated[
        int, About("U1", "The error id of an unknown campaign.", least=1, most=MAX_ERROR_ID)
    ] = 99
    other_error_id: Annotated[
        int, About("U1", "The error id of everything else that is refused.", least=1, most=MAX_ERROR_ID)
    ] = 99
    unknown_campaign: Annotated[
        UnknownCampaign,
        About("U1", "Whether an unknown campaign on `campaign_subscribers` is an error or an empty page."),
    ] = UnknownCampaign.REFUSED
    unknown_path: Annotated[
        UnknownPath,
        About(
            "U1",
            "Whether an unknown or closed opt-in path is an error before anything is written, an error after "
            "the fields are written, or ignored.",
        ),
    ] = UnknownPath.REFUSED

    foreign_number: Annotated[
        ForeignNumber,
        About("9.1", "Whether a number of another country is stored as undeliverable or is a malformed one."),
    ] = ForeignNumber.STORED
    unknown_column: Annotated[
        UnknownColumn,
        About(
            "6.8, U9, U18",
            "Whether a name that is no custom column is ignored, created as one, or an error "
            "before anything is written.",
        ),
    ] = UnknownColumn.IGNORED
    empty_value: Annotated[
        EmptyValue,
        About("6.8, U10", "Whether the empty string clears a field or column, or leaves it as it is."),
    ] = EmptyValue.CLEARS
    longest_value: Annotated[
        int,
        About("U16", "Characters of a written value that are kept; the rest is cut off.", least=1, most=100_000),
    ] = 100_000
    keeps_emoji: Annotated[
        bool, About("U16", "Whether characters beyond the Basic Multilingual Plane, such as emoji, are kept.")
    ] = True
    address_form: Annotated[
        AddressForm,
        About("U17", "Whether state, country and ZIP code are kept as written or brought into one form."),
    ] = AddressForm.AS_WRITTEN

    repeated_opt_in: Annotated[
        RepeatedOptIn,
        About(
            "6.8, U12",
            "Whether an opt-in path changes nothing for a current or former member, is an error after "
            "the fields are written, or texts a current member once more, as before 2018.",
        ),
    ] = RepeatedOptIn.UNCHANGED
    pending_status: Annotated[
        PendingStatus, About("U11", "The status text of a subscription that waits for a confirmation.")
    ] = PendingStatus.PENDING
    repeated_opt_out: Annotated[
        RepeatedOptOut,
        About(
            "6.9, 8.1",
            "Whether an opt-out of everything restamps the profile of somebody who is out, changes "
            "nothing, or is an error.",
        ),
    ] = RepeatedOptOut.RESTAMPED
    campaign_opt_out: Annotated[
        CampaignOptOut,
        About(
            "6.9, U5",
            "Whether an opt-out of one campaign or subscription ends that alone, moves the profile's "
            "`updated_at` too, or stamps its `opted_out_at` as well.",
        ),
    ] = CampaignOptOut.SUBSCRIPTION_ONLY
    opt_out_text: Annotated[bool, About("6.9", "Whether an opt-out through the API sends a text.")] = False
    subscription_moves_updated_at: Annotated[
        bool, About("5.1, U5", "Whether a new subscription moves the profile's `updated_at`.")
    ] = False
    click_moves_updated_at: Annotated[bool, About("5.1, 13.1", "Whether a click moves the profile's `updated_at`.")] = (
        False
    )
    stop_moves_updated_at: Annotated[bool, About("5.1, U5", "Whether STOP moves the profile's `updated_at`.")] = False
    return_moves_updated_at: Annotated[
        bool, About("5.1, U5", "Whether a confirmation, OOPS or a keyword after STOP moves the profile's `updated_at`.")
    ] = False
    return_renews_activated_at: Annotated[
        bool, About("8.2", "Whether coming back by OOPS or keyword renews `activated_at`.")
    ] = True
    return_clears_opted_out_at: Annotated[
        bool, About("8.2", "Whether coming back clears `opted_out_at`, of the subscription and of the profile.")
    ] = True
    return_adds_row: Annotated[
        bool, About("8.2", "Whether coming back makes a second subscription and leaves the first as it is.")
    ] = False

    subscribers_window: Annotated[
        SubscribersWindow,
        About(
            "5, U4",
            "Whether `from` and `to` of `campaign_subscribers` go by the newest date of a row, by its "
            "`activated_at`, or are ignored.",
        ),
    ] = SubscribersWindow.ACTIVATED_AND_OPTED_OUT
    subscribers_bounds: Annotated[
        Bounds,
        About("5", "Whether a row of `campaign_subscribers` exactly on a bound is inside; one of `profiles` is."),
    ] = Bounds.INCLUSIVE
    naive_time_offset_hours: Annotated[
        float,
        About("5, U20", "The zone of a time without one, in hours east of UTC.", least=-12, most=14),
    ] = 0.0
    profiles_order: Annotated[
        ProfilesOrder, About("U6", "The order of `profiles`; shuffled is anew at random for each request.")
    ] = ProfilesOrder.BY_ID
    subscribers_order: Annotated[SubscribersOrder, About("U6", "The order of `campaign_subscribers`.")] = (
        SubscribersOrder.OLDEST_FIRST
    )
    page_cap: Annotated[int, About("4, U14", "The largest `limit` that a page has.", least=1, most=MAX_ROWS)] = 1_000
    limit_over_cap: Annotated[
        Oversize, About("4, U14", "Whether a larger `limit` is taken for the cap or is an error.")
    ] = Oversize.CLAMPED
    subscribers_default_limit: Annotated[
        int,
        About("4", "Rows of a page of `campaign_subscribers` without a `limit`.", least=1, most=MAX_ROWS),
    ] = 1_000
    numbers_per_lookup: Annotated[
        int,
        About(
            "U15", "Numbers that `profiles?phone_number=` looks up; those behind are not found.", least=1, most=MAX_ROWS
        ),
    ] = 50
    subscriber_count_element: Annotated[
        CountElement, About("6.5", "The name of the element that `include_subscriber_count` adds.")
    ] = CountElement.SUBSCRIBER_COUNT
    cleaned_profile: Annotated[
        CleanedProfile, About("U13", "Whether a profile that is cleaned becomes undeliverable or is gone.")
    ] = CleanedProfile.UNDELIVERABLE

    integration_type: Annotated[
        IntegrationType, About("10, U7", "The `type` of the integration with Action Network.")
    ] = IntegrationType.ONE_WORD
    constituent_id_form: Annotated[
        ConstituentId,
        About(
            "10, U7",
            "Whether its `constituent_id` is the bare UUID, has the prefix `action_network:`, or is in capitals.",
        ),
    ] = ConstituentId.AS_STORED
    integration_synchronized: Annotated[
        bool, About("10", "Whether the integration's `synchronized_at` shows that the vendor's own sync is live.")
    ] = False
    other_integration: Annotated[
        bool, About("7, 10", "Whether profiles have an integration record of another system too, without an id.")
    ] = False
    old_element_names: Annotated[
        bool,
        About("7, 13.2", "Whether `last_saved_location` and `last_saved_districts` go by their old names."),
    ] = False
    profile_status_texts: Annotated[
        ProfileStatusTexts,
        About(
            "8.1, 13.2",
            "Whether the status of a profile has the current texts, the older spellings, or one that nobody knows.",
        ),
    ] = ProfileStatusTexts.CURRENT
    subscription_status_texts: Annotated[
        SubscriptionStatusTexts,
        About("13.2", "Whether the status of a subscription has the texts on record or one that nobody knows."),
    ] = SubscriptionStatusTexts.CURRENT
    unknown_element: Annotated[
        bool, About("3.1, 13.2", "Whether profiles, subscriber rows and campaigns have an element that nobody knows.")
    ] = False
    unknown_attribute: Annotated[
        bool, About("3.1, 13.2", "Whether profiles, subscriber rows and campaigns have an attribute that nobody knows.")
    ] = False
