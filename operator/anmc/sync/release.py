"""The queue of opt-ins: which of them are due and within the cap, each person read anew (sync.md C14, C15)."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from anmc.api.names import Category, Reason
from anmc.errors import PersonGone
from anmc.rules.match import column_person_id
from anmc.rules.outcomes import Outcome
from anmc.rules.records import Person, PersonId, Phone
from anmc.rules.remembered import QueuedOptIn
from anmc.sync.book import RunBook
from anmc.sync.failures import RECORD_ERRORS, UNREADABLE, failed
from anmc.sync.identity import break_link
from anmc.sync.opt_ins import Candidate, OptInCaller
from anmc.sync.ports import Known, Priority, Service
from anmc.sync.run import RunContext
from anmc.sync.staging import calls_left

BATCH: Final = 50
"""Queued opt-ins checked together: the numbers of one bulk look-up (sync.md 9)."""

_GONE: Final = Outcome(Category.PROCESSING_ERROR, Reason.PERSON_GONE)  # Q16
_PHONE_CHANGED: Final = Outcome(Category.HELD, Reason.PHONE_CHANGED)


async def release_opt_ins(
    context: RunContext, book: RunBook, *, staged: Mapping[PersonId, Person] | None = None
) -> None:
    """Make the opt-in calls that are due, as far as the daily cap goes; the rest stays queued.

    `staged` are people whom this run has read; the others are read by id first.
    """
    await _Release(context, book, staged or {}).run()


async def hold_opt_ins(context: RunContext, book: RunBook, staged: Mapping[PersonId, Person]) -> None:
    """Say of those whom this run would have opted in that a safety stop keeps them in the queue (sync.md S4)."""
    if context.is_dry or not staged:
        return
    caller = OptInCaller(context, book)
    known = await context.memory.recall(people=staged)
    for person_id in staged:
        caller.leave(person_id, known.people.get(person_id), Reason.OPT_OUT_LIMIT_REACHED)
    await book.commit()


class _Release:
    def __init__(self, context: RunContext, book: RunBook, staged: Mapping[PersonId, Person]) -> None:
        self._context = context
        self._book = book
        self._staged = staged
        self._caller = OptInCaller(context, book)
        self._examined: set[PersonId] = set()

    async def run(self) -> None:
        budget = await calls_left(self._context)
        while batch := await self._next_batch(budget - self._caller.calls):
            await self._context.progress.claim()
            self._examined.update(entry.person_id for entry in batch)
            await self._release(batch)
            await self._book.commit()
        await self._wait_for_tomorrow()

    async def _next_batch(self, calls_left: int) -> list[QueuedOptIn]:
        """Return the oldest decisions that are due and not examined yet, no more than may be called."""
        size = min(BATCH, calls_left)
        if size <= 0:
            return []
        limit = len(self._caller.kept) + size
        queue = await self._context.memory.queued_opt_ins(due=self._context.now(), limit=limit)
        return [entry for entry in queue if entry.person_id not in self._examined][:size]

    async def _wait_for_tomorrow(self) -> None:
        """Say of those whom this run would have come to that others were before them in the queue."""
        waiting = [person_id for person_id in self._staged if person_id not in self._examined]
        known = await self._context.memory.recall(people=waiting)
        for person_id in waiting:
            self._caller.leave(person_id, known.people.get(person_id), Reason.DAILY_CAP_REACHED)
        if waiting:
            await self._book.commit()

    async def _release(self, batch: Sequence[QueuedOptIn]) -> None:
        known = await self._context.memory.recall(
            people=[entry.person_id for entry in batch], numbers=[entry.number_hash for entry in batch]
        )
        for entry in batch:
            self._book.take_up(entry.person_id, known.people.get(entry.person_id), person_id=entry.person_id)
        async with asyncio.TaskGroup() as group:
            reads = [group.create_task(self._read(entry, known)) for entry in batch]
        candidates = [candidate for read in reads if (candidate := read.result()) is not None]
        if not candidates:
            return
        found = await self._context.mobile_commons.find_profiles(
            [candidate.phone for candidate in candidates], priority=Priority.OPT_IN
        )
        by_number = {self._context.sightings.number_hash(profile.number): profile for profile in found.profiles}
        named = (column_person_id(profile, self._context.policy) for profile in found.profiles)
        linked = await self._context.memory.recall(
            people=[each for each in named if each is not None], profiles=[profile.id for profile in found.profiles]
        )
        async with asyncio.TaskGroup() as group:
            for candidate in candidates:
                if candidate.phone in found.unreadable:  # nothing is known of its consent
                    self._caller.keep(candidate.entry, candidate.seen, UNREADABLE)
                    continue
                profile = by_number.get(candidate.entry.number_hash)
                group.create_task(self._caller.check_and_call(candidate, profile, linked))

    async def _read(self, entry: QueuedOptIn, known: Known) -> Candidate | None:
        """Return the person as they are now, None if nothing can be done for them in this run."""
        person, seen = self._staged.get(entry.person_id), known.people.get(entry.person_id)
        try:
            if person is None:
                self._context.floor[Service.ACTION_NETWORK] += 1
                person = await self._context.action_network.get_person(entry.person_id, priority=Priority.OPT_IN)
        except PersonGone:  # Q16
            await break_link(self._context, known.link_of_person.get(entry.person_id))
            self._caller.drop(entry, seen, _GONE)
            return None
        except RECORD_ERRORS as error:
            self._caller.keep(entry, seen, failed(error, Service.ACTION_NETWORK))
            return None
        phone = self._context.sightings.phone(person.number)
        if not isinstance(phone, Phone) or self._context.hasher.number(phone) != entry.number_hash:
            self._caller.drop(entry, seen, _PHONE_CHANGED)
            return None
        return Candidate(entry, person, phone, known)
