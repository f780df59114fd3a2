"""One run: what was ordered, what it works with, what came of it."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from anmc.api.names import Direction, InitialSync, Mode, Reason, RunResult, Trigger
from anmc.errors import AnmcError, SafetyStop
from anmc.rules.hashing import Hasher
from anmc.rules.outcomes import Outcome
from anmc.rules.policy import Policy
from anmc.rules.records import Profile
from anmc.rules.safety import Creations
from anmc.rules.send_window import SendWindow
from anmc.rules.vendor_sync import is_vendor_sync_active, newest_sync
from anmc.rules.windows import may_resume
from anmc.sync.ports import ActionNetwork, Changes, Checkpoint, Memory, MobileCommons, Service
from anmc.sync.sightings import Sightings
from anmc.sync.tally import Tally

EVERYBODY: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Lower bound of a full read: before either service existed."""


@dataclass(frozen=True, slots=True)
class RunOrder:
    """What a run is to do. Times are of the process's clock, in UTC.

    `known_watermark` is the one of the object's status: the older of it and the store's counts (sync.md 1).
    `full` asks for a pull of the whole list. A push inside a pull `releases_opt_ins` not: they are the pull's; nor does
    any run while the other direction is stopped (S4). `overrides_safety` lets this run pass its limits.
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
    max_opt_out_percent: int = 100
    max_creates: int | None = None
    overrides_safety: bool = False
    known_watermark: datetime | None = None
    full: bool = False
    releases_opt_ins: bool = True
    resumed_from: Checkpoint | None = None

    def resume(self, checkpoint: Checkpoint | None) -> "RunOrder":
        """Take up an interrupted run of the same spec, if it is young enough (sync.md W8).

        A full pull takes up a full pull only: any other has passed over people whom it opts in.
        """
        if (
            checkpoint is None
            or checkpoint.generation != self.generation
            or not may_resume(checkpoint.saved_at, self.started_at)
            or (self.full and not checkpoint.full)
        ):
            return self
        return replace(
            self,
            id=checkpoint.run_id,
            trigger=checkpoint.trigger,
            started_at=checkpoint.started_at,
            resumed_from=checkpoint,
        )


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
    """What a run works with.

    `clock` is the process's, for what only we read. `floor` counts the calls that the work needs at least (sync.md 9).
    """

    order: RunOrder
    policy: Policy
    hasher: Hasher
    send_window: SendWindow
    mobile_commons: MobileCommons
    action_network: ActionNetwork
    memory: Memory
    progress: Progress
    clock: Callable[[], datetime]
    tally: Tally = field(default_factory=Tally)
    floor: Counter[Service] = field(default_factory=Counter)
    lower_bound: datetime | None = None
    """From when on the run reads, once that is fixed."""
    creations: Creations = field(init=False)
    opt_out_stop: SafetyStop | None = None
    """Set by a run that would opt out too many (S1)."""
    vendor_synced_at: datetime | None = None
    """When the vendor's own sync last wrote a profile that this run has read (sync.md 10)."""

    def __post_init__(self) -> None:
        order = self.order
        self.creations = Creations(None if order.overrides_safety else order.max_creates)

    @property
    def safety_stop(self) -> SafetyStop | None:
        """What stops the run from being a success: too many opt-outs, or too many creations (S1, S2)."""
        allowed, refused = self.order.max_creates, self.creations.refused
        if self.opt_out_stop is not None or allowed is None or not refused:
            return self.opt_out_stop
        return SafetyStop(
            f"{refused} records were not made: a run makes at most {allowed}",
            limit="maxCreatesPerRun",
            value=allowed + refused,
            allowed=allowed,
        )

    @property
    def releases_opt_ins(self) -> bool:
        """Whether this run makes opt-in calls: none while a safety stop stands (S4)."""
        return self.order.releases_opt_ins and self.safety_stop is None and not self.is_dry

    def look_for_vendor_sync(self, profiles: Iterable[Profile]) -> None:
        """Note what profiles, as read, show of the vendor's own sync."""
        times = (self.vendor_synced_at, newest_sync(profiles))
        self.vendor_synced_at = max((time for time in times if time is not None), default=None)

    @property
    def is_beside_vendor_sync(self) -> bool:
        """Whether the vendor's own sync writes to these accounts too."""
        order = self.order
        return is_vendor_sync_active(
            self.vendor_synced_at,
            lower_bound=self.lower_bound or order.started_at,
            started_at=order.started_at,
            lookback=order.lookback,
        )

    def now(self, service: Service = Service.MOBILE_COMMONS) -> datetime:
        """Return the time of a service, as far as its last answer tells it (sync.md W2).

        That of Mobile Commons decides about send window and cap, and dates what a run stores about its members.
        """
        return self.clock() + self._offset(service)

    @property
    def now_there(self) -> datetime:
        """The time of the service that this run reads."""
        return self.now(self._service_read)

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

    @property
    def result(self) -> RunResult:
        """Judge a run that came to its end: whole, in part because records failed, or dry."""
        if self.is_dry:
            return RunResult.DRY_RUN
        return RunResult.PARTIALLY_SUCCEEDED if self.tally.failures else RunResult.SUCCEEDED

    def position(self, stored: datetime | None) -> datetime | None:
        """Return where the last complete run ended: the older of what store and status say (sync.md 1).

        A store that has lost it may have lost more: then at least the look-back is read again.
        """
        known = self.order.known_watermark
        if stored is None and known is not None:
            return min(known, self.now_there - self.order.lookback)
        return min((mark for mark in (stored, known) if mark is not None), default=None)

    def run_start(self, first_read_at: datetime | None) -> datetime:
        """Return from when on this run has missed nothing; `first_read_at` in service time (sync.md W2).

        A run that goes on does not read its first pages again: what changed there since it began is left to the
        next one.
        """
        if first_read_at is None:
            return self.now_there
        if self.order.resumed_from is None:
            return first_read_at
        return min(first_read_at, self.order.started_at + self._offset(self._service_read))

    def reported(self, outcome: Outcome) -> Outcome:
        """Return an outcome as the report shows it: planned instead of applied in a dry run."""
        if self.is_dry and outcome.reason is Reason.APPLIED:
            return replace(outcome, reason=Reason.PLANNED)
        return outcome

    def checkpoint(self, *, lower_bound: datetime, next_page: int, read_until: datetime | None) -> Checkpoint:
        """Say where the run stands, with the counts so far."""
        return Checkpoint(
            run_id=self.order.id,
            trigger=self.order.trigger,
            generation=self.order.generation,
            started_at=self.order.started_at,
            saved_at=self.clock(),
            lower_bound=lower_bound,
            next_page=next_page,
            tally=self.tally.to_data(),
            full=self.order.full,
            read_until=read_until,
        )

    @property
    def _service_read(self) -> Service:
        is_push = self.order.direction is Direction.PUSH
        return Service.MOBILE_COMMONS if is_push else Service.ACTION_NETWORK

    def _offset(self, service: Service) -> timedelta:
        client = self.mobile_commons if service is Service.MOBILE_COMMONS else self.action_network
        return client.clock_offset


@dataclass(frozen=True, slots=True)
class RunEnd:
    """What came of a run. `watermark` is where the next one begins: unmoved, or None, if this one may not move it.

    `error` is the safety stop of a run that was stopped, and has a report nevertheless. `problem` is what kept a part
    of the run from its end that a later one makes up for. `is_beside_vendor_sync`: it met another writer (sync.md 10).
    """

    result: RunResult
    tally: Tally
    window_from: datetime
    window_to: datetime
    watermark: datetime | None
    error: AnmcError | None = None
    problem: AnmcError | None = None
    is_beside_vendor_sync: bool = False

    def with_problem(self, problem: AnmcError) -> "RunEnd":
        """Return the same end of a run a part of which failed."""
        result = RunResult.PARTIALLY_SUCCEEDED if self.result is RunResult.SUCCEEDED else self.result
        return replace(self, result=result, problem=problem)
