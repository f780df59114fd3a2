"""Invented people as Mobile Commons has them."""

from typing_extensions import override

from anmc_simulators.census import STAY, Cohort
from anmc_simulators.invented import Invented, Membership, place_of_phone
from anmc_simulators.mobile_commons.profiles import SeededProfiles
from anmc_simulators.mobile_commons.records import (
    BY_STOP_WORD,
    Campaign,
    ColumnValue,
    Profile,
    Source,
    Subscription,
)
from anmc_simulators.register import Source as Records


class InventedProfiles(SeededProfiles):
    """The profiles of a cohort in one company; each is subscribed to the campaign, or was.

    The column of that name holds the id of the person whom a profile is linked to.
    """

    def __init__(
        self, cohort: Cohort, campaign: Campaign, *, ids: range, subscription_ids: range, id_column: str
    ) -> None:
        self._cohort = cohort
        self._campaign = campaign
        self._id_column = id_column
        self._source = Source("Keyword", campaign.keyword, id=campaign.keyword_id)
        self._ids = ids
        self._subscription_ids = subscription_ids

    @property
    @override
    def positions(self) -> range:
        return self._ids

    @override
    def at(self, position: int) -> Profile:
        offset = position - self._ids.start
        invented = self._cohort.at(offset)
        joined = self._cohort.joined(invented.days_known)
        profile = Profile(
            id=str(position),
            phone=invented.phone,
            source=self._source,
            created_at=joined,
            updated_at=joined,
            textable=True,  # as every American number is
            fields=_fields(invented),
        )
        if invented.kind.membership is Membership.LINKED:
            profile.columns[self._id_column] = ColumnValue(invented.id, joined, joined)
        subscription = Subscription(
            id=str(self._subscription_ids[offset]),
            profile=profile,
            campaign=self._campaign,
            opt_in_path_id="",
            opt_in_source=self._campaign.keyword,
            created_at=joined,
            activated_at=joined,
        )
        profile.subscriptions[self._campaign.id] = subscription
        if invented.kind.membership is Membership.OPTED_OUT:
            profile.opted_out_at = subscription.opted_out_at = joined + STAY
            profile.opted_out_source = subscription.opt_out_source = BY_STOP_WORD
        return profile

    @override
    def position_of(self, phone: str) -> int | None:
        offset = self._cohort.offset_of(place_of_phone(phone))
        return None if offset is None else self._ids[offset]


class InventedSubscriptions(Records[Subscription]):
    """The subscriptions of the profiles of a cohort."""

    def __init__(self, profiles: InventedProfiles, campaign: Campaign, *, ids: range) -> None:
        self._profiles = profiles
        self._campaign = campaign
        self._ids = ids

    @property
    @override
    def positions(self) -> range:
        return self._ids

    @override
    def at(self, position: int) -> Subscription:
        profile = self._profiles.at(self._profiles.positions[position - self._ids.start])
        return profile.subscriptions[self._campaign.id]


def _fields(invented: Invented) -> dict[str, str]:
    values = {
        "first_name": invented.given_name,
        "last_name": invented.family_name,
        "email": invented.email,
        "postal_code": invented.postal_code,
    }
    return {name: text for name, text in values.items() if text}
