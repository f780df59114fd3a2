"""The subscriptions of a campaign."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from anmc_simulators.mobile_commons.listing import CHANGED, Listing
from anmc_simulators.register import Source

if TYPE_CHECKING:
    from anmc_simulators.mobile_commons.records import Profile, Subscription

ACTIVATED: Final = "activated"
"""The second date of a subscription, which a pending one lacks."""


class Memberships(Listing["Subscription"]):
    """Subscriptions in the order they were made, with windows over their newest date or over the activation (U4)."""

    def __init__(self) -> None:
        super().__init__(
            number=lambda row: int(row.id),
            dates={CHANGED: lambda row: row.changed_at, ACTIVATED: lambda row: row.activated_at},
            path=lambda row: row.opt_in_path_id,
        )
        self.active = 0
        """How many are members now."""
        self._is_member: dict[int, bool] = {}
        """Of those that were put, whether they are members."""
        self._of_profile: defaultdict[str, set[int]] = defaultdict(set)

    @override
    def put(self, record: "Subscription") -> None:
        number = int(record.id)
        self.active += record.is_active - self._is_active(number)
        super().put(record)
        self._is_member[number] = record.is_active
        self._of_profile[record.profile.id].add(number)

    @override
    def remove(self, number: int) -> None:
        self.active -= self._is_active(number)
        super().remove(number)
        self._is_member.pop(number, None)

    def remove_all_of(self, profile: "Profile") -> None:
        """Take out what a profile has or had in the campaign."""
        own = {int(row.id) for row in profile.subscriptions.values() if row.campaign.subscriptions is self}
        for number in own | self._of_profile.pop(profile.id, set()):
            self.remove(number)

    @override
    def admit(
        self,
        source: Source["Subscription"],
        numbers: Iterable[int],
        *,
        by_date: Mapping[str, Mapping[float, Iterable[int]]],
        active: int = 0,
    ) -> None:
        """Add seeded subscriptions, so many of them active; the other arguments are those of `Listing.admit`."""
        super().admit(source, numbers, by_date=by_date)
        self.active += active

    def _is_active(self, number: int) -> bool:
        if number in self._is_member:
            return self._is_member[number]
        return self.is_seeded(number) and self.at(number).is_active
