"""The profiles of a company by number and by time."""

from collections.abc import Iterable, Iterator, Mapping, MutableMapping, ValuesView
from typing import Protocol

from typing_extensions import override

from anmc_simulators.mobile_commons.listing import CHANGED, Listing, Order, Window
from anmc_simulators.mobile_commons.records import Profile
from anmc_simulators.register import Source


class SeededProfiles(Source[Profile], Protocol):
    """Profiles that are made whenever somebody asks; positions are ids as numbers."""

    def position_of(self, phone: str) -> int | None:
        """Return where the profile of a phone number is, as it was seeded."""
        ...


class Profiles(MutableMapping[str, Profile]):
    """Profiles by phone number, in the order of their ids.

    Set a profile again after a change: only then windows follow, and only then one that was seeded is kept.
    """

    def __init__(self) -> None:
        self._listing = Listing[Profile](
            number=lambda profile: int(profile.id), dates={CHANGED: lambda profile: profile.updated_at}
        )
        self._numbers: dict[str, int] = {}
        self._seeded: list[SeededProfiles] = []

    @override
    def __getitem__(self, phone: str) -> Profile:
        return self._listing.at(self._number_of(phone))

    @override
    def __setitem__(self, phone: str, profile: Profile) -> None:
        self._numbers[phone] = int(profile.id)
        self._listing.put(profile)

    @override
    def __delitem__(self, phone: str) -> None:
        self._listing.remove(self._number_of(phone))
        self._numbers.pop(phone, None)

    @override
    def __iter__(self) -> Iterator[str]:
        return (profile.phone for profile in self._listing)

    @override
    def __len__(self) -> int:
        return len(self._listing)

    @override
    def values(self) -> ValuesView[Profile]:
        return _Values(self, self._listing)

    def written(self) -> Iterator[str]:
        """Return the phone numbers of the profiles that are not as seeded."""
        return iter(self._numbers)

    def admit(self, profiles: SeededProfiles, ids: Iterable[int], *, by_time: Mapping[float, Iterable[int]]) -> None:
        """Add seeded profiles with these ids, ascending, also by the time of their last change."""
        self._seeded.append(profiles)
        self._listing.admit(profiles, ids, by_date={CHANGED: by_time})

    def page(self, window: Window, *, page: int, limit: int, order: Order = Order.OLDEST_FIRST) -> list[Profile]:
        """Return one page, from 1, of the profiles updated in a window."""
        return self._listing.page(window, page=page, limit=limit, order=order)

    def _number_of(self, phone: str) -> int:
        if phone in self._numbers:
            return self._numbers[phone]
        for profiles in self._seeded:
            number = profiles.position_of(phone)
            if number is not None and self._listing.is_seeded(number):
                return number
        raise KeyError(phone)


class _Values(ValuesView[Profile]):
    """The profiles, each made once and not first for its phone number."""

    def __init__(self, profiles: Profiles, listing: Listing[Profile]) -> None:
        super().__init__(profiles)
        self._listing = listing

    @override
    def __iter__(self) -> Iterator[Profile]:
        return iter(self._listing)
