"""What Mobile Commons keeps about a company's people (mobile-commons-api.md 7, 8)."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from anmc_simulators.mobile_commons.memberships import Memberships

ADDRESS_FIELDS: Final = ("street1", "street2", "city", "state", "postal_code", "country")
STANDARD_FIELDS: Final = ("first_name", "last_name", "email", *ADDRESS_FIELDS)
"""What `profile_update` knows by name; any other name is a custom column (6.8)."""

FROM_API: Final = "Opt-out from API"
BY_STOP_WORD: Final = "Texted a STOP word"
"""Opt-out sources on record (8.2, 8.3)."""


ACTIVE: Final = "Active"
OPTED_OUT: Final = "Opted-Out"
PENDING: Final = "Pending"
"""Status texts of a subscription; the last stands for whatever the service says (U11)."""


@dataclass(frozen=True, slots=True)
class User:
    """A login; the first of `companies` (keys) is its own, the others it may name in `company`."""

    login: str
    companies: tuple[str, ...]
    name: str
    email: str
    password: str | None = field(default=None, repr=False)
    tokens: frozenset[str] = field(default=frozenset(), repr=False)


@dataclass(frozen=True, slots=True)
class OptInPath:
    """An entrance to a campaign; one without a welcome text sends nothing."""

    id: str
    campaign_id: str
    name: str
    active: bool
    double_opt_in: bool
    welcome_text: str


@dataclass(slots=True)
class Campaign:
    """A list that people subscribe to."""

    id: str
    name: str
    keyword: str
    active: bool
    keyword_id: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    paths: list[OptInPath] = field(default_factory=list)
    subscriptions: Memberships = field(default_factory=Memberships, repr=False)


@dataclass(frozen=True, slots=True)
class Source:
    """How a profile was first seen, as the `source` element's attributes; the ids are a keyword's and a text's."""

    type: str
    name: str = ""
    email: str = ""
    id: str = ""
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class ColumnValue:
    """What one profile has in a custom column."""

    text: str
    created_at: datetime
    updated_at: datetime


@dataclass(slots=True)
class Subscription:
    """One profile's membership of one campaign, current or former."""

    id: str
    profile: "Profile"
    campaign: Campaign
    opt_in_path_id: str
    opt_in_source: str
    created_at: datetime
    activated_at: datetime | None
    opted_out_at: datetime | None = None
    opt_out_source: str = ""

    @property
    def status(self) -> str:
        """The status text; the one of a pending membership is not on record (U11).

        Somebody who came back may keep the date of the way out (8.2).
        """
        if self.opted_out_at and (self.activated_at is None or self.activated_at <= self.opted_out_at):
            return OPTED_OUT
        return ACTIVE if self.activated_at else PENDING

    @property
    def is_active(self) -> bool:
        """Whether the person is a member now."""
        return self.status == ACTIVE

    @property
    def changed_at(self) -> datetime:
        """When the membership last changed (U4)."""
        return max(filter(None, (self.created_at, self.activated_at, self.opted_out_at)))


@dataclass(frozen=True, slots=True)
class Click:
    """A link in a text that somebody followed."""

    id: str
    created_at: datetime
    url: str


@dataclass(slots=True)
class Profile:
    """One phone number; `constituent_id` is None without an integration record, which the API cannot write."""

    id: str
    phone: str
    source: Source
    created_at: datetime
    updated_at: datetime
    textable: bool
    fields: dict[str, str] = field(default_factory=dict, repr=False)
    columns: dict[str, ColumnValue] = field(default_factory=dict, repr=False)
    subscriptions: dict[str, Subscription] = field(default_factory=dict, repr=False, compare=False)
    """By campaign id: there is never a second one in a campaign, though there may be one before it."""
    opted_out_at: datetime | None = None
    opted_out_source: str = ""
    constituent_id: str | None = None
    clicks: tuple[Click, ...] = ()

    @property
    def is_out(self) -> bool:
        """Whether the person left everything and has not come back to anything."""
        return self.opted_out_at is not None and ACTIVE not in {one.status for one in self.subscriptions.values()}

    @property
    def status(self) -> str:
        """The status text, in which an opt-out and a bad number look the same (8.1)."""
        statuses = {subscription.status for subscription in self.subscriptions.values()}
        if not self.textable:
            return "Undeliverable"
        if ACTIVE in statuses:
            return "Active Subscriber"
        is_out = self.opted_out_at or OPTED_OUT in statuses
        return "Undeliverable" if is_out else "Profiles with no Subscriptions"
