"""What is unknown about Action Network, as switches; each stands where a careless client is hurt, or as documented.

Sections are those of action-network-api.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Final

from anmc_simulators.action_network.person import Field
from anmc_simulators.switches import About, Switches

DAY: Final = 86_400
"""The longest lag and delay, in seconds: beyond the look-back of any incremental read."""


class Order(StrEnum):
    """How `/people` is sorted."""

    INSERTION = "insertion"
    SHUFFLED = "shuffled"
    BY_MODIFIED_DATE = "by_modified_date"


class BadFilter(StrEnum):
    """What an unsupported filter meets with."""

    HTML_500 = "html_500"
    JSON_400 = "json_400"
    IGNORED = "ignored"


class EmailCase(StrEnum):
    """How addresses are kept and found."""

    LOWER_CASE = "lower_case"
    ANY_CASE = "any_case"
    AS_WRITTEN = "as_written"


class PhoneFilter(StrEnum):
    """Which spellings of a number a filter understands."""

    STORED_FORM = "stored_form"
    ANY_FORM = "any_form"
    OTHERS_REFUSED = "others_refused"


class Oversize(StrEnum):
    """What a `per_page` above the maximum does."""

    CLAMPED = "clamped"
    REFUSED = "refused"


class KeyRefusal(StrEnum):
    """The status of a bad key."""

    FORBIDDEN = "403"
    UNAUTHORIZED = "401"
    BAD_REQUEST = "400"


class KeylessPost(StrEnum):
    """What a POST without any key meets with."""

    REFUSED = "refused"
    BLIND = "blind"


class BadInputAnswer(StrEnum):
    """How a body that makes no sense is answered."""

    JSON_400 = "json_400"
    JSON_500 = "json_500"
    HTML_500 = "html_500"
    EMPTY_500 = "empty_500"


class NoPhone(StrEnum):
    """What a person without a number shows."""

    ENTRY_WITHOUT_NUMBER = "entry_without_number"
    EMPTY_LIST = "empty_list"
    ABSENT = "absent"
    NULL_NUMBER = "null_number"
    EMPTY_NUMBER = "empty_number"


class NoEmail(StrEnum):
    """What a person without an address shows."""

    EMPTY_LIST = "empty_list"
    ABSENT = "absent"
    ENTRY_WITHOUT_ADDRESS = "entry_without_address"


class Identifiers(StrEnum):
    """What `identifiers` lists."""

    OWN_FIRST = "own_first"
    OWN_LAST = "own_last"
    EMPTY = "empty"


class BadPhone(StrEnum):
    """What an impossible number does."""

    DROPPED = "dropped"
    REFUSED = "refused"
    FAILING = "failing"


class BadStatus(StrEnum):
    """What a status that cannot be written does."""

    REFUSED = "refused"
    IGNORED = "ignored"


class Survivor(StrEnum):
    """Whose UUID outlives a merge."""

    EMAIL_RECORD = "email_record"
    PHONE_RECORD = "phone_record"


class MergedId(StrEnum):
    """What the other UUID leads to after a merge."""

    GONE = "gone"
    SURVIVOR = "survivor"


class NewEmail(StrEnum):
    """What a new address does that comes with the number of a record without one."""

    GAINED = "gained"
    MERGED_INTO_NEW = "merged_into_new"
    PHONE_TAKEN = "phone_taken"


class EmailConflict(StrEnum):
    """What is left of a PUT whose address somebody else has."""

    REST_APPLIED = "rest_applied"
    NOTHING_APPLIED = "nothing_applied"


class Handling(StrEnum):
    """Whether something doubtful works."""

    ACCEPTED = "accepted"
    FAILING = "failing"


class UnknownField(StrEnum):
    """What a custom field does that the group does not have."""

    DROPPED = "dropped"
    STORED = "stored"
    FAILING = "failing"


class BlankField(StrEnum):
    """What the empty string does to a custom field."""

    STORED = "stored"
    REMOVED = "removed"


class DeleteStatus(StrEnum):
    """The status of an attempt to delete a person."""

    METHOD_NOT_ALLOWED = "405"
    BAD_REQUEST = "400"
    FORBIDDEN = "403"
    NOT_FOUND = "404"
    INTERNAL = "500"


def _trailing(of: str) -> About:
    return About("5, 15", f"Seconds by which filters trail a write of {of}.", most=DAY)


@dataclass(frozen=True, slots=True)
class ActionNetworkSwitches(Switches):
    """The switches of Action Network."""

    bad_key_status: Annotated[
        KeyRefusal,
        About("2, 14", "The status of a wrong, revoked or missing key; its text repeats the key all the same."),
    ] = KeyRefusal.FORBIDDEN
    keyless_post: Annotated[
        KeylessPost,
        About(
            "2.2",
            "Whether `POST /people` without a key is refused or answered 200 with an empty body; nothing is stored.",
        ),
    ] = KeylessPost.REFUSED
    json_type_required: Annotated[
        bool,
        About("1", "Whether POST and PUT without `Content-Type: application/json` are bad input."),
    ] = True
    bad_input: Annotated[
        BadInputAnswer,
        About(
            "2", "How a body is answered that is no JSON or has a member of the wrong type or no valid e-mail address."
        ),
    ] = BadInputAnswer.JSON_400
    delete_status: Annotated[
        DeleteStatus,
        About("11, 14", "The status of `DELETE /people/{id}`, which deletes nobody."),
    ] = DeleteStatus.METHOD_NOT_ALLOWED

    order: Annotated[
        Order,
        About(
            "4.1, 15",
            "The order of `/people`: of insertion, anew at random for each request, or by ascending `modified_date`.",
        ),
    ] = Order.INSERTION
    per_page_over_25: Annotated[
        Oversize,
        About("1, 4.1", "Whether a `per_page` above 25 is taken for 25 or answered 400."),
    ] = Oversize.CLAMPED
    totals_when_filtered: Annotated[
        bool,
        About("4.1", "Whether a filtered `/people` shows `total_pages` and `total_records`, as one old sample does."),
    ] = False

    unsupported_filter: Annotated[
        BadFilter,
        About("2, 15", "What a filter beyond the documented grammar meets with; ignored, everybody is listed."),
    ] = BadFilter.HTML_500
    filter_conjunction: Annotated[
        bool,
        About("4.3, 5", "Whether `A and B` is supported in a filter."),
    ] = True
    bare_date_offset_hours: Annotated[
        float,
        About("5, 14", "The zone of a bare date in a filter, in hours east of UTC.", least=-12, most=14),
    ] = 0.0
    email_case: Annotated[
        EmailCase,
        About(
            "5, 14",
            "Whether addresses are kept in lower case and found by that, found by any spelling, or kept and found as "
            "written; two spellings are one address in any case.",
        ),
    ] = EmailCase.LOWER_CASE
    phone_filter: Annotated[
        PhoneFilter,
        About(
            "5, 14",
            "Whether a filter with `+1312…` or ten digits finds nobody, finds the holder, or is an unsupported filter.",
        ),
    ] = PhoneFilter.STORED_FORM
    lag_identifier: Annotated[float, _trailing("`identifiers`")] = 0.0
    lag_created_date: Annotated[float, _trailing("`created_date`")] = 5.0
    lag_modified_date: Annotated[float, _trailing("`modified_date`")] = 5.0
    lag_family_name: Annotated[float, _trailing("`family_name`")] = 2.0
    lag_given_name: Annotated[float, _trailing("`given_name`")] = 2.0
    lag_email_address: Annotated[float, _trailing("the e-mail address")] = 2.0
    lag_phone_number: Annotated[float, _trailing("the number")] = 0.0
    lag_region: Annotated[float, _trailing("the region")] = 2.0
    lag_postal_code: Annotated[float, _trailing("the postal code")] = 2.0

    no_phone: Annotated[
        NoPhone,
        About("6, 14", "The form of `phone_numbers` for a person without a number."),
    ] = NoPhone.ENTRY_WITHOUT_NUMBER
    no_email: Annotated[
        NoEmail,
        About("6, 14", "The form of `email_addresses` for a person without an address."),
    ] = NoEmail.EMPTY_LIST
    identifiers: Annotated[
        Identifiers,
        About("6", "Where Action Network's own identifier stands in `identifiers`, or that nothing is listed at all."),
    ] = Identifiers.OWN_FIRST

    moves_on_status_change: Annotated[
        bool,
        About("6.3, 15", "Whether `modified_date` moves when nothing but a subscription status changes."),
    ] = False
    invalid_phone: Annotated[
        BadPhone,
        About(
            "6.1, 14", "Whether a number that cannot exist is dropped without a word, answered 400, or answered 500."
        ),
    ] = BadPhone.DROPPED
    invalid_status: Annotated[
        BadStatus,
        About("8.2, 15", "Whether a status other than the two that can be written is answered 400 or ignored."),
    ] = BadStatus.REFUSED
    merge_survivor: Annotated[
        Survivor,
        About(
            "8.1, 15",
            "Whose UUID outlives a merge: of the record with the address, or of the one with nothing but the number.",
        ),
    ] = Survivor.EMAIL_RECORD
    merged_id: Annotated[
        MergedId,
        About("11, 14", "Whether the other UUID answers 404 after a merge or leads to the survivor."),
    ] = MergedId.GONE
    new_email_for_phone_only: Annotated[
        NewEmail,
        About(
            "8.1, 15",
            "What a new address does that is posted with the number of a record without one: that record gains it, "
            "is merged into a new one, or loses its number to a new one.",
        ),
    ] = NewEmail.GAINED
    email_conflict: Annotated[
        EmailConflict,
        About(
            "9",
            "Whether a PUT whose address somebody else has is applied but for the address, or not at all; "
            "it is a 200 either way.",
        ),
    ] = EmailConflict.REST_APPLIED
    custom_fields_only_put: Annotated[
        Handling,
        About("9, 15", "Whether a PUT of nothing but `custom_fields` works or is answered 500."),
    ] = Handling.ACCEPTED
    null_clears: Annotated[
        bool,
        About(
            "9, 9.1",
            "Whether `null` clears a name or a part of the address instead of leaving U+2400 there, or the old region.",
        ),
    ] = False
    unknown_custom_field: Annotated[
        UnknownField,
        About("10.1, 15", "Whether a custom field that the group does not have is dropped, created, or answered 500."),
    ] = UnknownField.DROPPED
    non_string_custom_value: Annotated[
        Handling,
        About("10.1, 15", "Whether a custom value that is no string is stored as its text or answered 500."),
    ] = Handling.ACCEPTED
    empty_custom_value: Annotated[
        BlankField,
        About("9.1", "Whether the empty string stays in a custom field as it is, or removes it."),
    ] = BlankField.STORED
    geocoding: Annotated[
        bool,
        About(
            "6",
            "Whether a written address gains the missing one of city and postal code, in the few places known here.",
        ),
    ] = True
    first_city_lost: Annotated[
        bool,
        About("9", "Whether the city is lost when a person without an address gets one."),
    ] = False
    background_delay_seconds: Annotated[
        float,
        About(
            "7, 15", "Seconds until a `background_request=true` is applied, with the next request after them.", most=DAY
        ),
    ] = 30.0


def lags(settings: ActionNetworkSwitches) -> Mapping[Field, timedelta]:
    """Return by how much filters trail writes of each field."""
    return {field: timedelta(seconds=getattr(settings, f"lag_{field}")) for field in Field}
