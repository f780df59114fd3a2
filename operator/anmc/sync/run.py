"""One run: what was ordered, what it works with, what came of it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from anmc.api.names import Direction, InitialSync, Mode, Reason, RunResult, Trigger
from anmc.errors import TooManyFailures
from anmc.rules.hashing import Hasher
from anmc.rules.outcomes import Outcome
from anmc.rules.policy import Policy
from anmc.rules.send_window import SendWindow
from anmc.rules.windows import may_resume
from anmc.sync.ports import ActionNetwork, Changes, Checkpoint, Memory, MobileCommons, Positions, Service
from anmc.sync.sightings import Sightings
from anmc.sync.tally import Tally


@dataclass(frozen=True, slots=True)
class RunOrder:
    """What a run is to do. Times are of the process's clock, in UTC.

    `known_watermark` is the one of the object's status: the older of it and the store's counts (sync.md 1).
    `full` asks for a pull of the whole list. A push inside a pull `releases_opt_ins` not: they are the pull's.
    """

    id: str
    direction: Direction
    trigger: Trigger
    mode: Mode
    generation: int
    started_at: datetime
    active_since: datetime
    lookback: timedelta
    initial_sync: InitialSync
    max_opt_ins_per_day: int
    max_failure_percent: int
    known_watermark: datetime | None = None
    full: bool = False
    releases_opt_ins: bool = True
    resumed_from: Checkpoint | None = None

    def resume(self, checkpoint: Checkpoint | None) -> "RunOrder":
        """Take up an interrupted run of the same spec, if it is young enough (sync.md W8)."""
        if (
            checkpoint is None
            or checkpoint.generation != self.generation
            or not may_resume(checkpoint.saved_at, self.started_at)
        ):
            return self
        return replace(
            self,
            id=checkpoint.run_id,
            trigger=checkpoint.trigger,
            started_at=checkpoint.started_at,
            resumed_from=checkpoint,
        )


MAX_LONE_FAILURES: Final = 20
"""Failures that never end a run, however small it is (sync.md S3)."""


class Progress(Protocol):
    """Told how a run comes on; decides whether it goes on."""

    async def claim(self) -> None:
        """Make the run known before its first record is handled; again and again does no harm.

        A push that finds nothing never claims, so that an idle tick writes its status once.

        Raises:
            Interrupted: the object is gone, changed, or claimed by somebody else.
        """
        ...

    async def page_done(self, records_read: int) -> None:
        """Note how far the run has come.

        Raises:
            Interrupted: the run has to end here: nothing of this page is lost.
        """
        ...


@dataclass(slots=True)
class RunContext:
    """What a run works with. `floor` counts the calls that the work needs at least (sync.md 9)."""

    order: RunOrder
    policy: Policy
    hasher: Hasher
    send_window: SendWindow
    mobile_commons: MobileCommons
    action_network: ActionNetwork
    memory: Memory
    progress: Progress
    now: Callable[[], datetime]
    tally: Tally = field(default_factory=Tally)
    floor: Counter[Service] = field(default_factory=Counter)

    @property
    def sightings(self) -> Sightings:
        """Makes the store's entries of this run."""
        return Sightings(self.policy, self.hasher, self.order.id)

    @property
    def is_dry(self) -> bool:
        """Whether nothing may be written, neither to a service nor to the store (sync.md W17)."""
        return self.order.mode is Mode.DRY_RUN

    async def remember(self, changes: Changes) -> None:
        """Store changes; a dry run leaves no trace (sync.md I13)."""
        if not self.is_dry:
            await self.memory.remember(changes)

    def check_failures(self) -> None:
        """End the run when too many of its records failed (sync.md S3).

        Raises:
            TooManyFailures: with the numbers; the next run starts afresh.
        """
        failures, read = self.tally.failures, self.tally.records_read
        if failures > MAX_LONE_FAILURES and failures * 100 > read * self.order.max_failure_percent:
            raise TooManyFailures(
                f"{failures} of {read} records failed, more than {self.order.max_failure_percent} %",
                remedy="Read the reasons in the newest SyncReport; the next run starts afresh.",
            )

    def reported(self, outcome: Outcome) -> Outcome:
        """Return an outcome as the report shows it: planned instead of applied in a dry run."""
        if self.is_dry and outcome.reason is Reason.APPLIED:
            return replace(outcome, reason=Reason.PLANNED)
        return outcome

    def checkpoint(self, *, lower_bound: datetime, next_page: int) -> Checkpoint:
        """Say where the run stands, with the counts so far."""
        return Checkpoint(
            run_id=self.order.id,
            trigger=self.order.trigger,
            generation=self.order.generation,
            started_at=self.order.started_at,
            saved_at=self.now(),
            lower_bound=lower_bound,
            next_page=next_page,
            tally=self.tally.to_data(),
        )


@dataclass(frozen=True, slots=True)
class RunEnd:
    """What came of a run. `watermark` is None while the run may not move it (sync.md W8)."""

    result: RunResult
    tally: Tally
    window_from: datetime
    window_to: datetime
    watermark: datetime | None
    opt_ins_deferred: int = 0


def end_of(
    context: RunContext, *, window_from: datetime, window_to: datetime, positions: Positions, opt_ins_deferred: int = 0
) -> RunEnd:
    """Judge a run that came to its end: whole, in part because records failed, or dry."""
    if context.is_dry:
        result = RunResult.DRY_RUN
    elif context.tally.failures:
        result = RunResult.PARTIALLY_SUCCEEDED
    else:
        result = RunResult.SUCCEEDED
    return RunEnd(
        result=result,
        tally=context.tally,
        window_from=window_from,
        window_to=window_to,
        watermark=positions.watermark,
        opt_ins_deferred=opt_ins_deferred,
    )
