"""The book of a run: each record's outcome, stored with what was decided and with how far the run is."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from anmc.api.names import Direction, RunResult
from anmc.errors import TooManyFailures
from anmc.rules.backoff import Backoff
from anmc.rules.consent import MembershipReading, observe_membership
from anmc.rules.dead_letters import Listing, Trace
from anmc.rules.outcomes import Outcome
from anmc.rules.records import NumberHash, PersonId, ProfileId
from anmc.rules.remembered import Attempt, PersonSeen, ProfileSeen, QueuedOptIn, StagedOptOut, Suppression
from anmc.sync.dead_letters import DeadLetters, trace_of_unreadable_profile
from anmc.sync.failures import UNREADABLE
from anmc.sync.ports import Changes, Known, Page, Positions, Walk
from anmc.sync.run import RunContext, RunEnd
from anmc.sync.tally import Detail, InHand, Tally

MAX_LONE_FAILURES: Final = 20
"""Failures that never end a run, however small it is (sync.md S3)."""

RECORDS_PER_COMMIT: Final = 50
"""Records handled between two commits: as many numbers as one bulk look-up takes (mobile-commons-api.md U15).

A run that is stopped in between decides about them again; their writes are known one by one and not repeated.
"""


class RunBook:
    """Keeps the books of one run.

    A record's entry, its place in the queue and its count are stored in one transaction with the checkpoint, so
    that a run that goes on counts nobody twice (sync.md I9, W8, C13). What a write did is not kept back here: it
    is stored as soon as the service has answered.
    """

    def __init__(
        self, context: RunContext, positions: Positions, letters: DeadLetters, *, lower_bound: datetime
    ) -> None:
        self._context = context
        self.letters = letters
        self._positions = positions
        context.lower_bound = lower_bound
        self._lower_bound = lower_bound
        self._next_page = 1
        self._read_until: datetime | None = None
        self._is_complete = True
        self._backoff = positions.sweep_backoff
        self._people: list[PersonSeen] = []
        self._profiles: list[ProfileSeen] = []
        self._suppressions: list[Suppression] = []
        self._attempts: list[Attempt] = []
        self._queued: list[QueuedOptIn] = []
        self._dequeued: list[PersonId] = []
        self._staged: list[StagedOptOut] = []
        self._unstaged: list[NumberHash] = []
        if (checkpoint := context.order.resumed_from) is not None:
            self._next_page, self._read_until = checkpoint.next_page, checkpoint.read_until
            context.tally = Tally.from_data(checkpoint.tally)
            context.creations.made = context.tally.created

    @classmethod
    async def open(cls, context: RunContext, positions: Positions, *, lower_bound: datetime) -> "RunBook":
        """Open the book of a run with the dead letters that there are."""
        letters = DeadLetters(context.order, await context.memory.dead_letters())
        return cls(context, positions, letters, lower_bound=lower_bound)

    def sweep_begins(self) -> None:
        """Take the weekly sweep for failed until its week is noted: the next push does not begin with it (W4)."""
        before = self._positions.sweep_backoff
        self._backoff = Backoff.after(before.failures + 1 if before else 1, self._context.order.started_at)

    def observe(self, reading: MembershipReading, number: NumberHash, known: Known) -> Suppression | None:
        """Refill the ledger from what Mobile Commons shows of a number; return its entry (sync.md C6, C7)."""
        before = known.suppressions.get(number)
        after = observe_membership(
            reading, before, number, attempt=self.attempt(number, known), now=self._context.now()
        )
        if after is not None and after != before:
            self._suppressions.append(after)
        return after

    def attempt(self, number: NumberHash | None, known: Known) -> Attempt | None:
        """Return our newest opt-in call for a number and the target campaign."""
        target = self._context.policy.target
        return known.attempts.get((number, target)) if number is not None and target is not None else None

    def handled(self, suppression: Suppression) -> None:
        """Note that the other side was told of an opt-out (sync.md C10)."""
        self._suppressions.append(replace(suppression, handled_at=suppression.opted_out_at))

    def take_up(
        self,
        record: str,
        before: PersonSeen | ProfileSeen | None,
        *,
        person_id: PersonId | None = None,
        profile_id: ProfileId | None = None,
    ) -> None:
        """Note that a record was read: until it is counted, refused credentials leave it unfinished (sync.md W15)."""
        self._context.tally.take_up(InHand(record, person_id, profile_id, self._counted(before)))

    def count(
        self,
        detail: Detail,
        before: PersonSeen | ProfileSeen | None,
        *,
        trace: Trace | None = None,
        instead_of: Outcome | None = None,
        is_finished: bool = True,
    ) -> None:
        """Count a record's outcome, in place of the one that this run has given it before.

        With a `trace` the outcome is that of the whole record: it enters the dead letters, or leaves them.
        `instead_of` is the earlier outcome where the store cannot know it. A record that is not finished stays in
        hand: a consent write of it is staged.
        """
        detail = self._noted(detail, trace)
        earlier = self._counted(before) if instead_of is None else self._context.reported(instead_of)
        shown = replace(detail, outcome=self._context.reported(detail.outcome))
        self._context.tally.count(shown, instead_of=earlier)
        if not is_finished:
            self._context.tally.take_up(InHand(detail.record, detail.person_id, detail.profile_id, shown.outcome))

    def _counted(self, before: PersonSeen | ProfileSeen | None) -> Outcome | None:
        """Return what this run has counted a record as, None if it has not."""
        is_ours = before is not None and before.run_id == self._context.order.id
        return self._context.reported(before.outcome) if before is not None and is_ours else None

    def _noted(self, detail: Detail, trace: Trace | None) -> Detail:
        if trace is None:
            return detail
        failures = self.letters.note(detail.record, detail.outcome, trace, now=self._context.now())
        return replace(detail, failures=failures, is_retry=self.letters.is_retry(detail.record))

    def count_page(
        self, page: Page[object], *, of: str, listing: Listing = Listing.PROFILES, comes_again: bool = False
    ) -> None:
        """Count what cannot be read of a page of people, profiles or subscribers; note if the walk missed something.

        A record whose id can be read is a dead letter; no position moves past the others (sync.md W13, I11), except
        past what `comes_again` in a week anyway. `listing` is where a push has met the page.
        """
        self._is_complete = self._is_complete and page.is_complete
        is_pull = self._context.order.direction is Direction.PULL
        for record in page.unreadable:
            name = record.id or f"{of}, page {record.page}, record {record.place}"
            person_id = PersonId(record.id) if record.id and is_pull else None
            profile_id = ProfileId(record.id) if record.id and not is_pull else None
            detail = Detail(name, UNREADABLE, person_id, profile_id)
            self.count_unreadable(detail, listing=listing, comes_again=comes_again)

    def count_unreadable(
        self, detail: Detail, *, listing: Listing = Listing.PROFILES, comes_again: bool = False
    ) -> None:
        """Count a record that cannot be parsed, once: pages shift, and a resumed run reads one page again.

        One that `comes_again` in the next weekly walk holds no position (sync.md W13).
        """
        if self._context.tally.shows(detail.record):
            return
        trace = None
        if detail.person_id is not None:
            trace = Trace(Direction.PULL, is_eligible=self.letters.opens_to_all)
        elif detail.profile_id is not None and not comes_again:
            trace = trace_of_unreadable_profile(listing, self._lower_bound, now=self._context.now())
        detail = self._noted(replace(detail, is_lost=trace is None and not comes_again), trace)
        self._context.tally.count_unreadable(detail)

    def enter(
        self,
        *,
        people: Sequence[PersonSeen] = (),
        profiles: Sequence[ProfileSeen] = (),
        suppressions: Sequence[Suppression] = (),
        attempts: Sequence[Attempt] = (),
        queued: Sequence[QueuedOptIn] = (),
        dequeued: Collection[PersonId] = (),
        staged: Sequence[StagedOptOut] = (),
        unstaged: Collection[NumberHash] = (),
    ) -> None:
        """Keep entries for the next commit."""
        self._staged.extend(staged)
        self._unstaged.extend(unstaged)
        self._people.extend(people)
        self._profiles.extend(profiles)
        self._suppressions.extend(suppressions)
        self._attempts.extend(attempts)
        self._queued.extend(queued)
        self._dequeued.extend(dequeued)

    async def commit(self, *, next_page: int | None = None, read_until: datetime | None = None) -> None:
        """Store what was entered with the place where the run stands, then ask whether it goes on.

        `read_until` ends a slice of a full read.

        Raises:
            TooManyFailures: with the numbers; the next run starts afresh (sync.md S3).
            Interrupted: the run has to end here, where nothing is lost.
        """
        context, tally = self._context, self._context.tally
        self._next_page = next_page or self._next_page
        self._read_until = read_until or self._read_until
        checkpoint = context.checkpoint(
            lower_bound=self._lower_bound, next_page=self._next_page, read_until=self._read_until
        )
        failures, read = tally.fresh_failures, tally.records_read
        if failures > MAX_LONE_FAILURES and failures * 100 > read * context.order.max_failure_percent:
            await self._store(replace(self._positions, checkpoint=None, sweep_backoff=self._backoff))
            raise TooManyFailures(
                f"{failures} of {read} records failed, more than {context.order.max_failure_percent} %",
                remedy="Read the reasons in the newest SyncReport; the next run starts afresh.",
            )
        await self._store(replace(self._positions, checkpoint=checkpoint))
        await context.progress.page_done(read)

    async def close(
        self,
        *,
        run_start: datetime,
        watermark: datetime,
        walked_at: datetime | None = None,
        walked: Walk | None = None,
    ) -> RunEnd:
        """End the run; the positions move unless work is undone and in no queue (sync.md I11, W8, W17).

        `walked_at` is the start of the walk over everybody that has come to its end with this run, if one has; `walked`
        is that of a push that saw all profiles. With the position of the week it is counted, or neither: a sweep that
        is made again the same day is no other week's (sync.md M13).

        A run that a safety limit has stopped is a failed one, with a report of what it held back (S1, S2). Its sweep
        does not rest: a push without it would find less, pass its limits, and clear the stop.
        """
        positions = replace(self._positions, checkpoint=None)
        if (stop := self._context.safety_stop) is not None:
            await self._store(positions)
            return RunEnd(
                result=self._context.result if self._context.is_dry else RunResult.FAILED,
                tally=self._context.tally,
                window_from=self._lower_bound,
                window_to=run_start,
                watermark=positions.watermark,
                error=None if self._context.is_dry else stop,
                is_beside_vendor_sync=self._context.is_beside_vendor_sync,
            )
        result = self._context.result
        if result is RunResult.SUCCEEDED and not self._is_complete:
            result = RunResult.PARTIALLY_SUCCEEDED
        positions = replace(positions, sweep_backoff=self._backoff)
        if not self._context.is_dry and not self._context.tally.lost and self._is_complete:
            positions = replace(positions, watermark=watermark)
            if walked_at is not None:
                positions = replace(positions, walked_at=walked_at, sweep_backoff=None)
        else:
            walked = None
        await self._store(positions, walked=walked)
        return RunEnd(
            result=result,
            tally=self._context.tally,
            window_from=self._lower_bound,
            window_to=run_start,
            watermark=positions.watermark,
            is_beside_vendor_sync=self._context.is_beside_vendor_sync,
        )

    async def _store(self, positions: Positions, *, walked: Walk | None = None) -> None:
        letters = self.letters.take_changes()
        changes = Changes(
            people=self._people,
            profiles=self._profiles,
            suppressions=self._suppressions,
            attempts=self._attempts,
            queued=self._queued,
            dequeued=self._dequeued,
            staged=self._staged,
            unstaged=self._unstaged,
            dead_letters=tuple(letters.added),
            revived=letters.revived,
            positions={self._context.order.direction: positions},
            walked=walked,
        )
        await self._context.remember(changes)
        self._people, self._profiles, self._suppressions, self._queued, self._dequeued = [], [], [], [], []
        self._attempts, self._staged, self._unstaged = [], [], []
