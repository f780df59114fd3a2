"""A push tries profiles again that failed in an earlier one: found by when they changed (sync.md W12).

Mobile Commons shows no profile by its id, and the store holds no numbers. But the version that failed is still where
the list showed it, unless it has changed since, and then it comes with the window.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from anmc.api.names import Category, Reason
from anmc.rules.dead_letters import DeadLetter, Listing, Stretch, first_opt_outs, is_missing, join_stretches
from anmc.rules.outcomes import Outcome
from anmc.rules.records import Phone, Profile, ProfileId
from anmc.sync.book import RECORDS_PER_COMMIT, RunBook
from anmc.sync.exports import Exporter
from anmc.sync.failures import RECORD_ERRORS, UNREADABLE, failed
from anmc.sync.ports import LookUp, Page, Service
from anmc.sync.run import RunContext
from anmc.sync.tally import Detail

PROFILES_PER_CALL: Final = 1000
NUMBERS_PER_CALL: Final = 50
"""Profiles of one page, numbers of one bulk look-up (mobile-commons-api.md 4, U15)."""

_DELETED: Final = Outcome(Category.UNABLE_TO_UPDATE, Reason.PROFILE_DELETED)


@dataclass(slots=True)
class _Found:
    """What a walk found of the profiles looked for; `is_complete` if it cannot have missed any."""

    profiles: dict[ProfileId, Profile] = field(default_factory=dict)
    unreadable: set[ProfileId] = field(default_factory=set)
    is_complete: bool = True

    def holds(self, wanted: AbstractSet[str]) -> bool:
        """Say whether nobody is missing."""
        return wanted <= self.profiles.keys() | self.unreadable


class ProfileRetries:
    """The dead letters of one push; opt-outs come before its other opt-outs are made, the rest after them."""

    def __init__(self, context: RunContext, book: RunBook, exporter: Exporter, *, lower_bound: datetime) -> None:
        self._context = context
        self._book = book
        self._exporter = exporter
        self._lower_bound = lower_bound
        self._others: Sequence[DeadLetter] = ()

    async def try_opt_outs(self) -> None:
        """Find the opt-outs, and what may be one, so that they are told with those of the window (sync.md I4, W7).

        With them they count against the safety limit (S1).
        """
        opt_outs, self._others = first_opt_outs(self._book.letters.take_due())
        await self._retry(opt_outs)

    async def try_others(self) -> None:
        """Handle all else that is due."""
        await self._retry(self._others)

    async def _retry(self, letters: Sequence[DeadLetter]) -> None:
        for stretch, wanted in join_stretches(letters):
            await self._context.progress.claim()
            try:
                await self._walk(stretch, wanted)
            except RECORD_ERRORS as error:  # a list that cannot be read fails these, and never the run
                self._fail(wanted, failed(error, Service.MOBILE_COMMONS))
            await self._book.commit()

    async def _walk(self, stretch: Stretch, letters: Sequence[DeadLetter]) -> None:
        wanted = {letter.record_id for letter in letters}
        if stretch.listing is Listing.PROFILES:
            found = await self._find_profiles(stretch, wanted)
        else:
            found = await self._find_subscribers(stretch, wanted)
        profiles = list(found.profiles.values())
        for start in range(0, len(profiles), RECORDS_PER_COMMIT):
            await self._exporter.handle(profiles[start : start + RECORDS_PER_COMMIT], lower_bound=self._lower_bound)
            await self._book.commit()
        self._fail([letter for letter in letters if letter.record_id in found.unreadable], UNREADABLE)
        if found.is_complete:
            for letter in letters:
                if letter.record_id not in found.profiles:
                    self._miss(letter)

    async def _find_profiles(self, stretch: Stretch, wanted: AbstractSet[str]) -> _Found:
        found, read = _Found(), 0
        walk = self._context.mobile_commons.iter_profiles(updated_from=stretch.start, updated_until=stretch.end)
        async with aclosing(walk) as pages:
            async for page in pages:
                read += len(page.records)
                found.profiles |= {profile.id: profile for profile in page.records if profile.id in wanted}
                _note(page, wanted, found)
                if found.holds(wanted):
                    break
        self._count_pages(read)
        return found

    async def _find_subscribers(self, stretch: Stretch, wanted: Collection[str]) -> _Found:
        """Find rows again whose profile or number could not be read, and look their numbers up."""
        policy, found, read = self._context.policy, _Found(), 0
        campaign = policy.scope or policy.target
        if campaign is None:  # nobody watches a campaign any more
            return found
        numbers: dict[Phone, ProfileId] = {}
        walk = self._context.mobile_commons.iter_subscribers(campaign, changed_from=stretch.start)
        async with aclosing(walk) as pages:
            async for page in pages:
                read += len(page.records)
                for row in page.records:
                    phone = self._context.sightings.phone(row.number)
                    if row.profile_id in wanted and isinstance(phone, Phone):
                        numbers[phone] = row.profile_id
                _note(page, wanted, found)
        self._count_pages(read)
        shown = await self._look_up(numbers)
        found.profiles = {profile.id: profile for profile in shown.profiles if profile.id in wanted}
        found.unreadable |= {numbers[phone] for phone in shown.unreadable}
        return found

    async def _look_up(self, numbers: Mapping[Phone, ProfileId]) -> LookUp:
        if not numbers:
            return LookUp()
        self._context.floor[Service.MOBILE_COMMONS] += math.ceil(len(numbers) / NUMBERS_PER_CALL)
        return await self._context.mobile_commons.find_profiles(numbers)

    def _fail(self, letters: Sequence[DeadLetter], outcome: Outcome) -> None:
        for letter in letters:
            if not self._book.letters.is_concluded(letter):
                self._book.count(_detail(letter, outcome), None, trace=letter.trace)

    def _miss(self, letter: DeadLetter) -> None:
        """Take out who was not found twice: changed meanwhile, the profile would have come with a window (M13).

        A deleted profile tells nobody's number, so that an opt-out of it stays, for a person to look at (I4).
        """
        letters, now = self._book.letters, self._context.now()
        if letters.is_concluded(letter):
            return
        if is_missing(letter):
            self._book.count(_detail(letter, _DELETED), None)
        if is_missing(letter) and not letter.trace.is_opt_out:
            letters.remove((letter.trace.direction, letter.record_id))
        else:
            letters.postpone(letter, _DELETED, now=now)

    def _count_pages(self, read: int) -> None:
        self._context.floor[Service.MOBILE_COMMONS] += max(1, math.ceil(read / PROFILES_PER_CALL))


def _note(page: Page[object], wanted: Collection[str], found: _Found) -> None:
    """Note what of a page cannot be read; a record without an id may be any of those looked for."""
    ids = (record.id for record in page.unreadable)
    found.unreadable.update(ProfileId(each) for each in ids if each is not None and each in wanted)
    found.is_complete = found.is_complete and page.is_complete and all(record.id for record in page.unreadable)


def _detail(letter: DeadLetter, outcome: Outcome) -> Detail:
    return Detail(letter.record_id, outcome, profile_id=ProfileId(letter.record_id))
