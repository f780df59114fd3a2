"""Records of both services as the rules see them: snapshots without behaviour of their own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NewType

PersonId = NewType("PersonId", str)
"""Id of an Action Network person: a lower-case UUID without the prefix `action_network:`."""

ProfileId = NewType("ProfileId", str)
"""Id of a Mobile Commons profile: a decimal string."""

NumberHash = NewType("NumberHash", bytes)
"""Keyed hash of a number in E.164 (sync.md N9); what the store keeps in its place."""

CUSTOM_COLUMN: Final = "custom."
"""Prefix of a Mobile Commons custom column in `Profile.values` and in field mappings."""

CUSTOM_FIELD: Final = "custom_fields."
"""Prefix of an Action Network custom field in `Person.values` and in field mappings."""


@dataclass(frozen=True, slots=True)
class Phone:
    """A valid, allowed number; compared and hashed as E.164, sent as digits (sync.md N3)."""

    e164: str = field(repr=False)

    @property
    def digits(self) -> str:
        """Country code and number without the plus, the stored form of both services."""
        return self.e164.removeprefix("+")


@dataclass(frozen=True, slots=True)
class Person:
    """One Action Network person as read.

    `values` holds text by API field name (`given_name`, `email_address`, `custom_fields.team`, …). An
    absent key was absent in the answer; `""` and `None` were sent explicitly (sync.md F9).
    """

    id: PersonId
    created_date: datetime | None
    modified_date: datetime | None
    number: str | None = field(repr=False)
    sms_status: str | None
    values: Mapping[str, str | None] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Subscription:
    """Membership of one profile in one campaign; texts and times as Mobile Commons shows them."""

    campaign_id: str
    status: str
    opt_in_path_id: str | None
    activated_at: datetime | None
    opted_out_at: datetime | None


@dataclass(frozen=True, slots=True)
class Profile:
    """One Mobile Commons profile as read.

    `values` holds text by Mobile Commons field name (`first_name`, `email`, `custom.<column>`, …), empty
    elements as `""`. `constituent_ids` are those of the vendor's own integrations, bare and lower-case; when the
    vendor's own sync last wrote the profile is `synchronized_at`.
    """

    id: ProfileId
    number: str = field(repr=False)
    status: str | None
    updated_at: datetime | None
    opted_out_at: datetime | None
    values: Mapping[str, str] = field(repr=False)
    subscriptions: tuple[Subscription, ...] = ()
    constituent_ids: tuple[PersonId, ...] = ()
    synchronized_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SubscriberRow:
    """One row of `campaign_subscribers`: a hint that this number's profile is worth a look (sync.md W4)."""

    profile_id: ProfileId
    number: str = field(repr=False)
    activated_at: datetime | None
    opted_out_at: datetime | None


@dataclass(frozen=True, slots=True)
class Campaign:
    """A Mobile Commons campaign with the ids of its opt-in paths."""

    id: str
    is_active: bool
    opt_in_paths: frozenset[str]
