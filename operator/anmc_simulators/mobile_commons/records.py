"""What Mobile Commons keeps about a company's people (mobile-commons-api.md 7, 8)."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from anmc_simulators.mobile_commons.listing import Listing

ADDRESS_FIELDS: Final = ("street1", "street2", "city", "state", "postal_code", "country")
STANDARD_FIELDS: Final = ("first_name", "last_name", "email", *ADDRESS_FIELDS)
"""What `profile_update` knows by name; any other name is a custom column (6.8)."""

FROM_API: Final = "Opt-out from API"
BY_STOP_WORD: Final = "Texted a STOP word"
"""Opt-out sources on record (8.2, 8.3)."""


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


class Memberships(Listing["Subscription"]):
    """The subscriptions of a campaign in the order they were made; windows are over their newest date (U4)."""

    def __init__(self) -> None:
        super().__init__(
            number=lambda row: int(row.id), time=lambda row: row.changed_at, path=lambda row: row.opt_in_path_id
        )


@dataclass(slots=True)
class Campaign:
    """A list that people subscribe to."""

    id: str
    name: str
    keyword: str
    active: bool
    paths: list[OptInPath] = field(default_factory=list)
    subscriptions: Memberships = field(default_factory=Memberships, repr=False)


@dataclass(frozen=True, slots=True)
class Source:
    """How a profile was first seen, as the `source` element's attributes."""

    type: str
    name: str = ""
    email: str = ""


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
        """The status text; the one of a pending membership is not on record (U11)."""
        if self.opted_out_at:
            return "Opted-Out"
        return "Active" if self.activated_at else "Pending"

    @property
    def changed_at(self) -> datetime:
        """When the membership last changed, which is what `from` and `to` go by here (U4)."""
        return max(filter(None, (self.created_at, self.activated_at, self.opted_out_at)))


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
    """By campaign id: there is never a second one in a campaign."""
    opted_out_at: datetime | None = None
    opted_out_source: str = ""
    constituent_id: str | None = None

    @property
    def status(self) -> str:
        """The status text, in which an opt-out and a bad number look the same (8.1)."""
        statuses = {subscription.status for subscription in self.subscriptions.values()}
        if not self.textable or self.opted_out_at:
            return "Undeliverable"
        if "Active" in statuses:
            return "Active Subscriber"
        return "Undeliverable" if "Opted-Out" in statuses else "Profiles with no Subscriptions"
