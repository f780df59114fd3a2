"""The profiles that a push comes across, each handled once (sync.md W4, W9)."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from anmc.rules.records import Phone, Profile, ProfileId
from anmc.rules.remembered import ProfileSeen
from anmc.sync.book import RECORDS_PER_COMMIT, RunBook
from anmc.sync.exports import Exporter
from anmc.sync.failures import UNREADABLE
from anmc.sync.ports import Service
from anmc.sync.run import RunContext
from anmc.sync.tally import Detail

NUMBERS_PER_CALL: Final = 50
"""Numbers of one bulk look-up (mobile-commons-api.md U15)."""


class FoundProfiles:
    """Hands profiles to the exporter, but for repeats; `handled` are the ids of all that came."""

    def __init__(self, context: RunContext, book: RunBook, exporter: Exporter) -> None:
        self._context = context
        self._book = book
        self._exporter = exporter
        self.handled: set[ProfileId] = set()

    async def handle(self, profiles: Sequence[Profile], *, lower_bound: datetime) -> None:
        """Handle what is no repeat; an opt-out is new from the bound on (sync.md C10)."""
        if not profiles:
            return
        self._context.look_for_vendor_sync(profiles)
        seen = (await self._context.memory.recall(profiles=[profile.id for profile in profiles])).profiles
        fresh = [profile for profile in profiles if not self._is_repeat(profile, seen.get(profile.id))]
        self.handled.update(profile.id for profile in profiles)
        await self.decide(fresh, lower_bound=lower_bound)

    async def decide(self, profiles: Sequence[Profile], *, lower_bound: datetime) -> None:
        """Handle profiles, repeats or not."""
        self.handled.update(profile.id for profile in profiles)
        for start in range(0, len(profiles), RECORDS_PER_COMMIT):
            await self._context.progress.claim()
            await self._exporter.handle(profiles[start : start + RECORDS_PER_COMMIT], lower_bound=lower_bound)
            await self._book.commit()

    async def look_up(self, wanted: Mapping[Phone, ProfileId], *, lower_bound: datetime) -> list[Detail]:
        """Look numbers up and handle their profiles; return those that cannot be read."""
        if not wanted:
            return []
        self._context.floor[Service.MOBILE_COMMONS] += math.ceil(len(wanted) / NUMBERS_PER_CALL)
        found = await self._context.mobile_commons.find_profiles(wanted)
        await self.handle(found.profiles, lower_bound=lower_bound)
        return [Detail(wanted[phone], UNREADABLE, profile_id=wanted[phone]) for phone in found.unreadable]

    def _is_repeat(self, profile: Profile, seen: ProfileSeen | None) -> bool:
        """The overlap of two windows, or our own write coming back (sync.md W9)."""
        if seen is None or not seen.is_settled:
            return profile.id in self.handled
        return seen.fingerprint == self._context.sightings.profile_fingerprint(profile)
